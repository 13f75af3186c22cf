/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf_syntax.h"

#include "own_folder.h"

/* The fault of main.conf, without the folder, and the line from which on nothing counts. */
static void expect(const char *text, const char *want, unsigned end)
{
	struct conf_text t = {0};
	struct faults f = {0};
	char got[1024];
	config_t parsed;

	folder_write(&folder, "main.conf", text, 0600);
	assert_int_equal(conf_text_read(&t, folder_path(&folder, "main.conf"), &f), 0);
	config_init(&parsed);
	assert_false(config_read_string(&parsed, t.text));
	unsigned line = conf_syntax_fault(&t, &parsed, &f);
	folder_faults(&folder, &f, got, sizeof(got));
	assert_string_equal(got, want);
	assert_int_equal(line, end);
	config_destroy(&parsed);
	conf_text_fini(&t);
	faults_fini(&f);
}

static void names_that_are_there_twice(void **state)
{
	(void)state;
	expect("records: {\n ttl = \"1m\";\n ttl = \"2m\"; };",
		"@/main.conf:3: records.ttl: is set twice in this file (first on line 2)\n", 3);
	expect("a = 1; b = 2; a = 3; c = 1;",
		"@/main.conf:1: a: is set twice in this file (first on line 1)\n", 1);
	expect("records: { };\nlog: { };\nrecords: { };",
		"@/main.conf:3: records: the group is there twice in this file (first on line 1): "
		"put both into one\n",
		3);
	expect("listen: { ports: { a = 1;\n a = 2; }; };",
		"@/main.conf:2: listen.ports.a: is set twice in this file (first on line 1)\n", 2);
	expect("a = ( { b = 1;\n b = 2; } );", "@/main.conf:2: duplicate setting name\n", 2);
	folder_write(&folder, "more.conf", "a = 1;\n", 0600);
	expect("@include \"more.conf\"\na = 2;\n",
		"@/main.conf:2: a: is set twice (first at @/more.conf:1)\n", 2);
}

#define VALUE "a value is true or false, a number, or text in \"quotes\"\n"

static void what_other_programs_files_look_like(void **state)
{
	(void)state;
	expect("[records]\nttl = 1;",
		"@/main.conf:1: syntax error near '[': a group is written records: { … };\n", 1);
	expect("[ \"x\" ]",
		"@/main.conf:1: syntax error near '[': a group is written NAME: { … };\n", 1);
	expect("# x\nrecords.ttl = \"5m\";",
		"@/main.conf:2: syntax error near 'records.ttl': a group is written records: { "
		"ttl = …; };\n",
		2);
	expect("listen {\n};",
		"@/main.conf:1: syntax error near '{': a group is written listen: { … };\n", 1);
	expect("a = 1; /* x\n */ b = yes;", "@/main.conf:2: syntax error near 'yes': " VALUE, 2);
	expect("a = 192.0.2.7;", "@/main.conf:1: syntax error near '192.0.2.7': " VALUE, 1);
	expect("a = 10.0.0.0/8;", "@/main.conf:1: syntax error near '10.0.0.0/8': " VALUE, 1);
	expect("a = 'x';",
		"@/main.conf:1: syntax error near ''x'': text stands in \"double "
		"quotes\"\n",
		1);
	expect("max 5;",
		"@/main.conf:1: syntax error near '5': a setting is written NAME = VALUE; "
		"and text stands in \"quotes\"\n",
		1);
	expect("5 = 5;",
		"@/main.conf:1: syntax error near '5': a setting is written NAME = VALUE;\n", 1);
}

static void letters_outside_of_ascii(void **state)
{
	(void)state;
	expect("a = \xe2\x80\x9cx\xe2\x80\x9d;",
		"@/main.conf:1: syntax error: these are no plain quotes: write \"\n", 1);
	expect("\xef\xbb\xbf"
	       "a = 1;",
		"@/main.conf:1: syntax error: the file has a byte order mark: save it as UTF-8 "
		"without one\n",
		1);
	expect("a =\xc2\xa0"
	       "1;",
		"@/main.conf:1: syntax error: outside of quotes and comments there is only ASCII\n",
		1);
	expect("a \xff = 1;",
		"@/main.conf:1: syntax error: outside of quotes and comments there is only ASCII\n",
		1);
}

static void marks_that_are_missing_or_too_many(void **state)
{
	(void)state;
	expect("a = ;", "@/main.conf:1: syntax error near ';': the value is missing\n", 1);
	expect("a = 1;;", "@/main.conf:1: syntax error near ';': there is one too many\n", 1);
	expect("a: { b = 1; };\n}; c = 1;",
		"@/main.conf:2: syntax error near '}': it closes nothing that is open\n", 2);
	expect("a = ( 1\n 2 );",
		"@/main.conf:2: syntax error near '2': a comma, or a ')', is missing\n", 2);
	expect("a = ( 1, ( 2 ), { b = 1; }, 3\n;",
		"@/main.conf:2: syntax error near ';': a comma, or a ')', is missing\n", 2);
	expect("a = [ 1 ); ",
		"@/main.conf:1: syntax error near ')': a comma, or a ']', is missing\n", 1);
	expect("a = 1;\nb: {\n c = 1;\n\n",
		"@/main.conf:4: syntax error at the end of the file: a '}' is missing, for the '{' "
		"of line 2\n",
		2);
	expect("a = ( 1",
		"@/main.conf:1: syntax error at the end of the file: a ')' is missing, "
		"for the '(' of line 1\n",
		1);
	expect("a = 1;\na2",
		"@/main.conf:2: syntax error at the end of the file: a setting is written NAME = "
		"VALUE; and text stands in \"quotes\"\n",
		3);
}

static void libconfigs_other_words_are_told(void **state)
{
	(void)state;
	expect("a = [ 1,\n \"x\" ];", "@/main.conf:2: mismatched element type in array\n", 2);
}

static void secrets_are_not_repeated(void **state)
{
	(void)state;
	expect("password = sesame;", "@/main.conf:1: syntax error: " VALUE, 1);
	expect("password sesame;",
		"@/main.conf:1: syntax error: a setting is written NAME = VALUE; and text stands "
		"in \"quotes\"\n",
		1);
	expect("cluster: { }; password sesame;",
		"@/main.conf:1: syntax error: a setting is written NAME = VALUE; and text stands "
		"in \"quotes\"\n",
		1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_that_are_there_twice),
		TEST(what_other_programs_files_look_like),
		TEST(letters_outside_of_ascii),
		TEST(marks_that_are_missing_or_too_many),
		TEST(libconfigs_other_words_are_told),
		TEST(secrets_are_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
