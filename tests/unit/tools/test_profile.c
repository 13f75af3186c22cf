/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/exitcode.h"
#include "scratch.h"
#include "tools/common/writer.h"
#include "tools/dht/profile.h"

/* The files' contents, NULL for one that is not there. */
static int load(
	const char *system, const char *user, const char *name, struct profile *p, struct fault *f)
{
	const char *paths[] = {scratch_path("etc.ini"), scratch_path("user.ini")};

	*f = (struct fault){0};
	unlink(paths[0]);
	unlink(paths[1]);
	if (system)
		scratch_write("etc.ini", system, 0644);
	if (user)
		scratch_write("user.ini", user, 0644);
	return profile_load(p, paths, 2, name, f);
}

static void no_file_is_no_setting(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_int_equal(load(NULL, NULL, NULL, &p, &f), 0);
	assert_null(p.defaults.server);
	assert_int_equal(p.defaults.output, OUTPUT_AUTO);
	assert_int_equal(load(NULL, NULL, "default", &p, &f), 0);
	assert_int_equal(load("", "# nothing\n", NULL, &p, &f), 0);
	profile_free(&p);
}

static void every_setting_is_read(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_int_equal(load("\xef\xbb\xbf[default]\nserver = 192.0.2.1,[2001:db8::7]:8470 ; two\n"
			      "timeout=2s\n\ttries: 4\n  output = json\nkey = /k\n",
				 NULL, NULL, &p, &f),
		0);
	assert_string_equal(p.defaults.server, "192.0.2.1,[2001:db8::7]:8470");
	assert_int_equal(p.defaults.timeout_ms, 2000);
	assert_int_equal(p.defaults.tries, 4);
	assert_int_equal(p.defaults.output, OUTPUT_JSON);
	assert_string_equal(p.defaults.key_file, "/k");
	profile_free(&p);
}

static void retries_are_one_less_than_tries(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_int_equal(load("[default]\nretries = 0\n", NULL, NULL, &p, &f), 0);
	assert_int_equal(p.defaults.tries, 1);
	assert_int_equal(load("[default]\nretries = 99\n", NULL, NULL, &p, &f), 0);
	assert_int_equal(p.defaults.tries, 100);
	profile_free(&p);
}

static void the_users_file_wins(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_int_equal(
		load("[profile lab]\nserver = a\ntries = 2\n[default]\nserver = b\n",
			"[profile other]\nserver = x\n[profile  lab]\nserver = c\n", "lab", &p, &f),
		0);
	assert_string_equal(p.defaults.server, "b");
	assert_string_equal(p.named.server, "c");
	assert_int_equal(p.named.tries, 2);
	profile_free(&p);
}

static void an_empty_profile_is_one(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_int_equal(load(NULL, "[profile lab]\n", "lab", &p, &f), 0);
	profile_free(&p);
}

static void a_missing_profile_names_the_files(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_int_equal(load(NULL, "[profile lab]\n", "la", &p, &f), EXIT_BAD_CONFIG);
	assert_non_null(strstr(f.message, "'la'"));
	assert_non_null(strstr(f.message, scratch_path("etc.ini")));
	assert_non_null(strstr(f.message, scratch_path("user.ini")));
	assert_string_equal(f.hint, "add [profile la] to one of them");
	profile_free(&p);
}

static void keys_are_beside_the_file(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	setenv("HOME", "/somewhere", 1);
	assert_int_equal(
		load("[default]\nkey = k/lab.key\n[profile a]\nkey = ~/a.key\n", NULL, "a", &p, &f),
		0);
	assert_string_equal(p.defaults.key_file, scratch_path("k/lab.key"));
	assert_string_equal(p.named.key_file, "/somewhere/a.key");
	profile_free(&p);
}

/* The fault is FILE:LINE: and the message. */
static void assert_bad(const char *content, int line, const char *message, const char *hint)
{
	char expected[PATH_MAX + 256];
	struct profile p;
	struct fault f;

	assert_int_equal(
		load("[default]\nserver = fine\n", content, NULL, &p, &f), EXIT_BAD_CONFIG);
	snprintf(expected, sizeof(expected), "%s:%d: %s", scratch_path("user.ini"), line, message);
	assert_string_equal(f.message, expected);
	assert_string_equal(f.hint, hint);
	profile_free(&p);
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	assert_bad(
		"[default]\n\nservr = a\n", 3, "'servr' is not a setting", "did you mean server?");
	assert_bad("[default]\nbogus = a\n", 2, "'bogus' is not a setting",
		"dht-client.ini(5) lists the settings");
	assert_bad("[profile x]\nbogus = a\n", 2, "'bogus' is not a setting",
		"dht-client.ini(5) lists the settings");
	assert_bad("[profil x]\n", 1, "'profil x' is not a section", "[default] or [profile NAME]");
	assert_bad("[profile ]\n", 1, "'profile ' is not a section", "[default] or [profile NAME]");
	assert_bad("[DEFAULT]\n", 1, "'DEFAULT' is not a section", "[default] or [profile NAME]");
	assert_bad("server = a\n", 1, "'server' stands before the first section",
		"put it below [default] or [profile NAME]");
	assert_bad("[default]\ntries = 0\n", 2, "'0' is out of range for tries", "1 to 100");
	assert_bad("[default]\ntimeout = soon\n", 2, "'soon' is not a value for timeout",
		"a time such as 500ms, 30s, 10m or 2h");
	assert_bad("[default]\noutput = xml\n", 2, "'xml' is not a value for output",
		"one of table, plain, json");
	assert_bad("[default]\nserver =\n", 2, "'' is not a value for server", "not an empty one");
	assert_bad("[default]\nserver a\n", 2, "this line is no setting",
		"[default] or [profile NAME], and NAME = VALUE below it");
	assert_bad("[default\nserver = a\n", 1, "this section has no ]",
		"[default] or [profile NAME]");
}

#define SERVERS "HOST, HOST:PORT or [IPV6]:PORT, with commas between several"

static void servers_are_looked_at(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_bad("[default]\nserver = 1.2.3.4:99999\n", 2, "'1.2.3.4:99999' is not a server",
		SERVERS);
	assert_bad("[default]\nserver = a, b:0\n", 2, "'b:0' is not a server", SERVERS);
	assert_bad("[default]\nserver = a b\n", 2, "'a b' is not a server", SERVERS);
	assert_bad("[default]\nserver = a,\n", 2, "'' is not a server", SERVERS);
	assert_bad("[default]\nserver = [::1]x\n", 2, "'[::1]x' is not a server", SERVERS);
	assert_bad("[default]\nserver = [::1\n", 2, "'[::1' is not a server", SERVERS);
	assert_bad("[default]\nserver = :8470\n", 2, "':8470' is not a server", SERVERS);
	assert_bad("[default]\nserver = a:\n", 2, "'a:' is not a server", SERVERS);
	assert_int_equal(
		load("[default]\nserver = a , b:1,\t::1,[::1] ,[::1]:65535\n", NULL, NULL, &p, &f),
		0);
	profile_free(&p);
}

static void what_is_set_twice_is_told(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_bad("[default]\nserver = a\nserver = b\n", 3, "'server' is set twice (line 2)",
		"put both on one line, with a comma");
	assert_bad("[profile x]\ntries = 1\n\ntries = 2\n", 4, "'tries' is set twice (line 2)",
		"take one of them out");
	assert_int_equal(load("[default]\nserver = a\n[profile x]\nserver = b\n",
				 "[default]\nserver = c\n", "x", &p, &f),
		0);
	profile_free(&p);
}

static void the_first_fault_is_told(void **state)
{
	(void)state;
	assert_bad("[default]\nbogus = a\nnothing\n[x]\n", 2, "'bogus' is not a setting",
		"dht-client.ini(5) lists the settings");
}

/* "[default]\nserver = aaa…\n" with a last line of so many characters. */
static void fill(char *out, size_t size, size_t length)
{
	int rest = (int)(length - strlen("server = "));

	snprintf(out, size, "[default]\nserver = %0*d\n", rest, 0);
}

static void a_long_line_is_not_cut(void **state)
{
	struct profile p;
	struct fault f;
	char text[1024];

	(void)state;
	fill(text, sizeof(text), 198);
	assert_int_equal(load(text, NULL, NULL, &p, &f), 0);
	assert_int_equal(strlen(p.defaults.server), 198 - strlen("server = "));
	profile_free(&p);
	fill(text, sizeof(text), 199);
	assert_bad(text, 2, "this line is too long", "at most 198 characters");
	fill(text, sizeof(text), 800);
	assert_bad(text, 2, "this line is too long", "at most 198 characters");
}

static void a_long_section_is_not_cut(void **state)
{
	struct profile p;
	struct fault f;

	(void)state;
	assert_int_equal(load("[profile 1234567890123456789012345678901234567890x]\n", NULL,
				 "1234567890123456789012345678901234567890x", &p, &f),
		0);
	profile_free(&p);
	assert_int_equal(
		load("[profile 1234567890123456789012345678901234567890xy]\n", NULL, NULL, &p, &f),
		EXIT_BAD_CONFIG);
	profile_free(&p);
}

static void a_file_that_cannot_be_read_is_a_fault(void **state)
{
	const char *paths[] = {scratch_path("folder")};
	struct fault f = {0};
	struct profile p;

	(void)state;
	assert_int_equal(mkdir(paths[0], 0700), 0);
	assert_int_equal(profile_load(&p, paths, 1, NULL, &f), EXIT_BAD_CONFIG);
	assert_non_null(strstr(f.message, "cannot be read"));
	profile_free(&p);
}

static void the_users_file_follows_xdg(void **state)
{
	char path[PATH_MAX];

	(void)state;
	setenv("HOME", "/base", 1);
	setenv("XDG_CONFIG_HOME", "/xdg", 1);
	profile_user_file(path);
	assert_string_equal(path, "/xdg/dht/client.ini");
	setenv("XDG_CONFIG_HOME", "relative", 1);
	profile_user_file(path);
	assert_string_equal(path, "/base/.config/dht/client.ini");
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", "relative", 1);
	profile_user_file(path);
	assert_string_equal(path, "");
	unsetenv("HOME");
	profile_user_file(path);
	assert_string_equal(path, "");
}

static void layers_are_merged(void **state)
{
	struct settings base = {.server = "a", .tries = 1, .output = OUTPUT_JSON};
	const struct settings over = {.server = "b", .timeout_ms = 7, .key_file = "k"};

	(void)state;
	settings_merge(&base, &over);
	assert_string_equal(base.server, "b");
	assert_string_equal(base.key_file, "k");
	assert_int_equal(base.timeout_ms, 7);
	assert_int_equal(base.tries, 1);
	assert_int_equal(base.output, OUTPUT_JSON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_is_no_setting),
		cmocka_unit_test(every_setting_is_read),
		cmocka_unit_test(retries_are_one_less_than_tries),
		cmocka_unit_test(the_users_file_wins),
		cmocka_unit_test(an_empty_profile_is_one),
		cmocka_unit_test(a_missing_profile_names_the_files),
		cmocka_unit_test(keys_are_beside_the_file),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(servers_are_looked_at),
		cmocka_unit_test(what_is_set_twice_is_told),
		cmocka_unit_test(the_first_fault_is_told),
		cmocka_unit_test(a_long_line_is_not_cut),
		cmocka_unit_test(a_long_section_is_not_cut),
		cmocka_unit_test(a_file_that_cannot_be_read_is_a_fault),
		cmocka_unit_test(the_users_file_follows_xdg),
		cmocka_unit_test(layers_are_merged),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
