/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/err.h"
#include "daemon/conf_text.h"

#include "own_folder.h"

/* Reads main.conf; its text and its faults must be these. */
static void expect(const char *text, const char *faults)
{
	struct conf_text t = {0};
	struct faults f = {0};
	char got[4096];

	conf_text_read(&t, folder_path(&folder, "main.conf"), &f);
	folder_faults(&folder, &f, got, sizeof(got));
	assert_string_equal(got, faults);
	assert_string_equal(t.text, text);
	assert_int_equal(t.len, strlen(text));
	conf_text_fini(&t);
	faults_fini(&f);
}

static void big_numbers_are_marked(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"a = 2147483647;\n", "a = 2147483647;\n"},
		{"a = 2147483648;\n", "a = 2147483648L;\n"},
		{"a = 2147483648;", "a = 2147483648L;\n"},
		{"a=99999999999999999999999", "a=99999999999999999999999L\n"},
		{"a = -1;", "a = -1L;\n"},
		{"a = -99999999999;", "a = -99999999999L;\n"},
		{"a = 2147483648L;", "a = 2147483648L;\n"},
		{"a = 0x7fffffff;", "a = 0x7fffffff;\n"},
		{"a = 0xFFFFFFFF;", "a = 0xFFFFFFFFL;\n"},
		{"a = ( 3000000000, 1 );", "a = ( 3000000000L, 1 );\n"},
		{"a = 3000000000.5;", "a = 3000000000.5;\n"},
		{"a = 3000000000e2;", "a = 3000000000e2;\n"},
		{"a3000000000 = 1;", "a3000000000 = 1;\n"},
		{"a-3000000000 = 1;", "a-3000000000 = 1;\n"},
		{"a = \"3000000000\";", "a = \"3000000000\";\n"},
		{"a = \"\\\"3000000000\";", "a = \"\\\"3000000000\";\n"},
		{"a = \"\\\\\" + 3000000000", "a = \"\\\\\" + 3000000000L\n"},
		{"# 3000000000", "# 3000000000\n"},
		{"// 3000000000", "// 3000000000\n"},
		{"/* \" 3000000000\n3000000000 */ 3000000000",
			"/* \" 3000000000\n3000000000 */ 3000000000L\n"},
		{"\"/*\" 3000000000", "\"/*\" 3000000000L\n"},
		{"\"#\" 3000000000", "\"#\" 3000000000L\n"},
		{"\n\n", "\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		folder_write(&folder, "main.conf", cases[i].in, 0600);
		expect(cases[i].out, "");
	}
}

/* One forgotten quote must not turn everything behind it around. */
static void what_is_not_closed_is_told(void **state)
{
	static const struct {
		const char *in, *out, *faults;
	} cases[] = {
		{"a = \"x;\nb = \"y\";", "a = \"x;\"\nb = \"y\";\n",
			"@/main.conf:1: a string goes on over the end of the line: a quote is "
			"missing\n"},
		{"a = \"x\\", "a = \"x\\\\\"\n",
			"@/main.conf:1: a string goes on over the end of the line: a quote is "
			"missing\n"},
		{"a = \"x\\\\", "a = \"x\\\\\"\n",
			"@/main.conf:1: a string goes on over the end of the line: a quote is "
			"missing\n"},
		{"\"\n3000000000\n\"\n", "\"\"\n3000000000L\n\"\"\n",
			"@/main.conf:1: a string goes on over the end of the line: a quote is "
			"missing\n"
			"@/main.conf:3: a string goes on over the end of the line: a quote is "
			"missing\n"},
		{"/* x\n*/ /*\na = 1;\n", "/* x\n*/ /*\na = 1;\n",
			"@/main.conf:2: a comment that begins here has no end\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		folder_write(&folder, "main.conf", cases[i].in, 0600);
		expect(cases[i].out, cases[i].faults);
	}
}

static void lines_with_an_open_string_are_known(void **state)
{
	struct conf_text t = {0};
	struct faults f = {0};

	(void)state;
	folder_write(&folder, "main.conf", "a = \"x;\nb = \"y\";\n/* z", 0600);
	assert_int_equal(conf_text_read(&t, folder_path(&folder, "main.conf"), &f), 0);
	assert_true(conf_text_is_open(&t, 1));
	assert_false(conf_text_is_open(&t, 2));
	assert_int_equal(t.open_count, 2);
	conf_text_fini(&t);
	faults_fini(&f);
}

static void includes_are_put_in_place(void **state)
{
	char text[600];

	(void)state;
	assert_int_equal(mkdir(folder_path(&folder, "sub"), 0700), 0);
	folder_write(&folder, "sub/one.conf", "one = 1;\n  @include\t\"two.conf\"  # yes\n", 0600);
	folder_write(&folder, "sub/two.conf", "two = 2;", 0600);
	folder_write(&folder, "main.conf", "a = 1;\n@include \"sub/one.conf\"\nb = 2;\n", 0600);
	expect("a = 1;\none = 1;\ntwo = 2;\nb = 2;\n", "");
	snprintf(text, sizeof(text), "@include \"%s\"\n", folder_path(&folder, "sub/two.conf"));
	folder_write(&folder, "main.conf", text, 0600);
	expect("two = 2;\n", "");
	folder_write(&folder, "main.conf", "/*\n@include \"none\"\n*/\n", 0600);
	expect("/*\n@include \"none\"\n*/\n", "");
}

static void bad_includes_are_left_out(void **state)
{
	static const struct {
		const char *in, *out, *faults;
	} cases[] = {
		{"@include \"none.conf\"\na = 1;", "a = 1;\n",
			"@/main.conf:1: cannot include @/none.conf: No such file or directory\n"},
		{"\n@include none.conf\na = 1;", "\na = 1;\n",
			"@/main.conf:2: must be @include \"FILE\"\n"},
		{"@include \"none.conf", "", "@/main.conf:1: must be @include \"FILE\"\n"},
		{"@include \"\"", "", "@/main.conf:1: must be @include \"FILE\"\n"},
		{"@include", "", "@/main.conf:1: must be @include \"FILE\"\n"},
		{"@include \"a\" b = 1;", "", "@/main.conf:1: must be @include \"FILE\"\n"},
		{"@include \"main.conf\"", "",
			"@/main.conf:1: cannot include @/main.conf: more than 64 files, or 8 "
			"deep\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		folder_write(&folder, "main.conf", cases[i].in, 0600);
		expect(cases[i].out, cases[i].faults);
	}
}

static void lines_know_their_files(void **state)
{
	struct conf_text t = {0};
	struct faults f = {0};

	(void)state;
	folder_write(&folder, "one.conf", "\none = 1;\n", 0640);
	folder_write(&folder, "main.conf", "a = 1;\n@include \"one.conf\"\nb = 2;\n", 0604);
	const char *file = folder_path(&folder, "main.conf");
	const char *one = folder_path(&folder, "one.conf");
	assert_int_equal(conf_text_read(&t, file, &f), 0);
	static const struct {
		unsigned n, line;
		bool in_main;
	} cases[] = {{0, 1, true}, {1, 1, true}, {2, 1, false}, {3, 2, false}, {4, 3, true},
		{5, 3, true}, {99, 3, true}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct place at = conf_text_place(&t, cases[i].n);
		assert_int_equal(at.line, cases[i].line);
		assert_string_equal(at.file, cases[i].in_main ? file : one);
		assert_int_equal(conf_text_file(&t, cases[i].n)->mode & 0777,
			cases[i].in_main ? 0604 : 0640);
	}
	conf_text_fini(&t);
}

static void what_is_no_text_is_refused(void **state)
{
	struct conf_text t = {0};
	struct faults f = {0};
	char *big = malloc(CONF_TEXT_MAX + 10);

	(void)state;
	folder_write_bytes(&folder, "main.conf", "a = 1;\nb\0 = 2;\n", 15, 0600);
	expect("a = 1;\n", "@/main.conf:2: has a NUL byte\n");
	assert_non_null(big);
	memset(big, 'x', CONF_TEXT_MAX + 10);
	folder_write_bytes(&folder, "main.conf", big, CONF_TEXT_MAX + 10, 0600);
	free(big);
	assert_int_equal(conf_text_read(&t, folder_path(&folder, "main.conf"), &f), DHT_EFULL);
	assert_int_equal(f.count, 1);
	assert_non_null(strstr(f.v[0].text, "main.conf:1: limit reached"));
	conf_text_fini(&t);
	faults_fini(&f);
}

/* Reading a FIFO or a device could wait for ever, or never end. */
static void only_files_are_read(void **state)
{
	struct conf_text t = {0};
	struct faults f = {0};

	(void)state;
	assert_int_equal(mkfifo(folder_path(&folder, "main.conf"), 0600), 0);
	expect("", "@/main.conf: is not a regular file\n");
	assert_true(conf_text_read(&t, "/dev/zero", &f) < 0);
	assert_string_equal(f.v[0].text, "/dev/zero: is not a regular file");
	faults_fini(&f);
	conf_text_fini(&t);
	assert_int_equal(conf_text_read(&t, "/dev/null", &f), 0);
	assert_int_equal(t.len, 0);
	conf_text_fini(&t);
}

/* A file that includes two that include two more … is cut off. */
static void includes_without_end_are_cut_off(void **state)
{
	struct conf_text t = {0};
	struct faults f = {0};

	(void)state;
	folder_write(
		&folder, "main.conf", "@include \"main.conf\"\n@include \"main.conf\"\n", 0600);
	assert_int_equal(conf_text_read(&t, folder_path(&folder, "main.conf"), &f), 0);
	assert_int_equal(t.file_count, CONF_FILES_MAX);
	assert_true(faults_count(&f) > 0);
	conf_text_fini(&t);
	faults_fini(&f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(big_numbers_are_marked),
		TEST(what_is_not_closed_is_told),
		TEST(lines_with_an_open_string_are_known),
		TEST(includes_are_put_in_place),
		TEST(bad_includes_are_left_out),
		TEST(lines_know_their_files),
		TEST(what_is_no_text_is_refused),
		TEST(only_files_are_read),
		TEST(includes_without_end_are_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
