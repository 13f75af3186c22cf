/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/exitcode.h"
#include "scratch.h"
#include "tools/dht/input.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void assert_hash(const struct input *in, size_t i, const char *expected)
{
	char text[2 * DHT_HASH_MAX + 1];

	assert_true(i < in->count);
	dht_hash_format(&in->hashes[i], text);
	assert_string_equal(text, expected);
}

/* What collecting from these lines alone gives. */
static int collect_lines(const char *lines, struct input *in, struct fault *f)
{
	const struct input_args args = {.from_stdin = true};
	FILE *file = fmemopen((void *)lines, strlen(lines), "r");
	int status;

	*f = (struct fault){0};
	status = input_collect(in, &args, 0, NULL, file, f);
	fclose(file);
	return status;
}

static void all_sources_come_together(void **state)
{
	static char lines[] = "03  name of a file\n";
	char *operands[] = {(char *)"01", (char *)"sha256:" ABC};
	struct input_args args = {.from_stdin = true};
	FILE *file = fmemopen(lines, strlen(lines), "r");
	struct fault f = {0};
	struct input in;

	(void)state;
	args.files.items[args.files.count++] = scratch_write("abc", "abc", 0600);
	mkdir(scratch_path("dir"), 0700);
	scratch_write("dir/one", "abc", 0600);
	args.dirs.items[args.dirs.count++] = scratch_path("dir");
	assert_int_equal(input_collect(&in, &args, 2, operands, file, &f), 0);
	assert_int_equal(in.count, 5);
	assert_hash(&in, 0, "01");
	assert_hash(&in, 1, ABC);
	assert_hash(&in, 2, ABC);
	assert_hash(&in, 3, ABC);
	assert_hash(&in, 4, "03");
	assert_int_equal(input_status(&in, EXIT_DONE), EXIT_DONE);
	input_free(&in);
	fclose(file);
}

static void no_source_is_a_usage_fault(void **state)
{
	const struct input_args args = {0};
	struct fault f = {0};
	struct input in;

	(void)state;
	assert_int_equal(input_collect(&in, &args, 0, NULL, stdin, &f), EXIT_USAGE);
	input_free(&in);
}

static void what_is_no_hash_is_named(void **state)
{
	const struct input_args args = {0};
	char *operands[] = {(char *)"00", (char *)"xyz"};
	struct fault f = {0};
	struct input in;

	(void)state;
	assert_int_equal(input_collect(&in, &args, 2, operands, stdin, &f), EXIT_USAGE);
	assert_string_equal(f.message, "'xyz' is not a hash");
	input_free(&in);
	assert_int_equal(collect_lines("00\n\nxyz\n", &in, &f), EXIT_USAGE);
	assert_string_equal(f.message, "standard input, line 3: 'xyz' is not a hash");
	input_free(&in);
}

static void lines_are_read(void **state)
{
	struct fault f;
	struct input in;

	(void)state;
	assert_int_equal(
		collect_lines("# made by hand\n\n 01\t\r\n\\02  a\\nname\n03", &in, &f), 0);
	assert_int_equal(in.count, 3);
	assert_hash(&in, 0, "01");
	assert_hash(&in, 1, "02");
	assert_hash(&in, 2, "03");
	input_free(&in);
	assert_int_equal(collect_lines("\n", &in, &f), 0);
	assert_int_equal(in.count, 0);
	input_free(&in);
}

static void a_long_line_is_not_cut(void **state)
{
	char lines[INPUT_LINE_MAX + 16];
	struct fault f;
	struct input in;

	(void)state;
	snprintf(lines, sizeof(lines), "00%*s11\n", INPUT_LINE_MAX, "");
	assert_int_equal(collect_lines(lines, &in, &f), EXIT_USAGE);
	assert_string_equal(f.message, "standard input, line 1 is too long");
	input_free(&in);
}

static void many_lines_are_read(void **state)
{
	char *lines = NULL;
	size_t size;
	FILE *file = open_memstream(&lines, &size);
	struct fault f;
	struct input in;

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		fprintf(file, "%08x\n", i);
	fclose(file);
	assert_int_equal(collect_lines(lines, &in, &f), 0);
	assert_int_equal(in.count, 10000);
	assert_hash(&in, 9999, "0000270f");
	input_free(&in);
	free(lines);
}

static void unreadable_files_make_it_partial(void **state)
{
	struct input_args args = {0};
	struct fault f = {0};
	struct input in;

	(void)state;
	args.files.items[args.files.count++] = scratch_path("missing");
	assert_int_equal(input_collect(&in, &args, 0, NULL, stdin, &f), EXIT_FAILED);
	assert_non_null(strstr(f.message, "/missing cannot be read: "));
	input_free(&in);
	f = (struct fault){0};
	args.files.items[args.files.count++] = scratch_path("missing");
	assert_int_equal(input_collect(&in, &args, 0, NULL, stdin, &f), EXIT_FAILED);
	assert_string_equal(f.message, "no file could be read");
	input_free(&in);
	f = (struct fault){0};
	args.files.items[args.files.count++] = scratch_write("abc", "abc", 0600);
	assert_int_equal(input_collect(&in, &args, 0, NULL, stdin, &f), 0);
	assert_int_equal(in.count, 1);
	assert_int_equal(in.unreadable, 2);
	assert_int_equal(input_status(&in, EXIT_DONE), EXIT_PARTIAL);
	assert_int_equal(input_status(&in, EXIT_NOT_FOUND), EXIT_NOT_FOUND);
	input_free(&in);
}

static void an_empty_source_is_named(void **state)
{
	const struct input_args lines = {.from_stdin = true},
				folder = {.dirs = {.items = {"d"}, .count = 1}},
				folders = {.dirs = {.items = {"d", "e"}, .count = 2}};
	const struct input none = {0}, some = {.count = 1};
	struct fault f = {0};

	(void)state;
	assert_int_equal(input_some(&some, &lines, &f), 0);
	assert_int_equal(input_some(&none, &lines, &f), EXIT_NOT_FOUND);
	assert_string_equal(f.message, "there is no hash on standard input");
	f = (struct fault){0};
	assert_int_equal(input_some(&none, &folder, &f), EXIT_NOT_FOUND);
	assert_string_equal(f.message, "there is no file in d");
	f = (struct fault){0};
	assert_int_equal(input_some(&none, &folders, &f), EXIT_NOT_FOUND);
	assert_string_equal(f.message, "there is no file in any of the 2 folders");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sources_come_together),
		cmocka_unit_test(no_source_is_a_usage_fault),
		cmocka_unit_test(what_is_no_hash_is_named),
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(a_long_line_is_not_cut),
		cmocka_unit_test(many_lines_are_read),
		cmocka_unit_test(unreadable_files_make_it_partial),
		cmocka_unit_test(an_empty_source_is_named),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
