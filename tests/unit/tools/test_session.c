/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/exitcode.h"
#include "render.h"
#include "scratch.h"
#include "tools/dht/session.h"

/* The server that is asked, with these in the environment and on the command line. */
static void assert_server(const char *env_server, const char *env_profile, const char *profile,
	const char *server, const char *expected)
{
	struct session s = {.flags = {.profile = profile, .settings.server = server}};

	setenv("DHT_SERVER", env_server, 1);
	setenv("DHT_PROFILE", env_profile, 1);
	assert_int_equal(session_prepare(&s), 0);
	assert_string_equal(s.settings.server, expected);
	profile_free(&s.profile);
}

static int make_home(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	setenv("XDG_CONFIG_HOME", scratch, 1);
	mkdir(scratch_path("dht"), 0700);
	scratch_write("dht/client.ini",
		"[default]\nserver = by-default\noutput = json\n"
		"[profile a]\nserver = of-a\n[profile b]\nserver = of-b\n[profile none]\n",
		0600);
	return 0;
}

/* [default], DHT_SERVER, the named profile, the command line. */
static void layers_are_in_order(void **state)
{
	(void)state;
	assert_server("", "", NULL, NULL, "by-default");
	assert_server("env", "", NULL, NULL, "env");
	assert_server("env", "none", NULL, NULL, "env");
	assert_server("", "a", NULL, NULL, "of-a");
	assert_server("env", "a", NULL, NULL, "of-a");
	assert_server("env", "a", "b", NULL, "of-b");
	assert_server("env", "a", "default", NULL, "env");
	assert_server("env", "a", "b", "flag", "flag");
}

static void the_output_is_settled(void **state)
{
	struct session s = {.flags.settings.output = OUTPUT_TABLE};

	(void)state;
	unsetenv("DHT_SERVER");
	unsetenv("DHT_PROFILE");
	assert_int_equal(session_prepare(&s), 0);
	assert_int_equal(s.settings.output, OUTPUT_TABLE);
	assert_false(console_json(&s.console));
	profile_free(&s.profile);
	s = (struct session){0};
	assert_int_equal(session_prepare(&s), 0);
	assert_true(console_json(&s.console));
	profile_free(&s.profile);
}

static void a_missing_profile_is_a_fault(void **state)
{
	struct session s = {.flags.profile = "missing"};

	(void)state;
	assert_int_equal(session_prepare(&s), EXIT_BAD_CONFIG);
	profile_free(&s.profile);
}

static void walk_provider(struct writer *w)
{
	const struct dht_hash hash = {.len = 2, .bytes = {0xab, 0xcd}};
	struct dht_provider provider = {.port = 8000, .ttl_s = 61};
	static const struct column columns[] = {
		{.key = "hash"}, {.key = "provider"}, {.key = "ttl"}};

	dht_ip_parse("192.0.2.7", provider.ip);
	writer_rows(w, columns, 3);
	writer_open(w, NULL);
	show_hash(w, &hash);
	show_provider(w, "provider", &provider);
	writer_close(w);
}

static void providers_are_shown(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_PLAIN, WRITER_STREAM, walk_provider, "abcd 192.0.2.7:8000 1m 1s\n");
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, walk_provider,
		"{\"hash\":\"abcd\",\"provider\":{\"ip\":\"192.0.2.7\",\"port\":8000,"
		"\"ttlSeconds\":61}}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_in_order),
		cmocka_unit_test(the_output_is_settled),
		cmocka_unit_test(a_missing_profile_is_a_fault),
		cmocka_unit_test(providers_are_shown),
	};

	return cmocka_run_group_tests(tests, make_home, scratch_remove);
}
