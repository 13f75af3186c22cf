/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/opts.h"

static const char *const colours[] = {"red", "green", NULL};

struct values {
	bool flag;
	const char *text;
	struct opt_texts texts;
	uint32_t number, ms, seconds;
	int choice;
};

static const struct opt rows[] = {
	{"flag", 'F', OPT_FLAG, NULL, "a flag", offsetof(struct values, flag), 0, 0, NULL},
	{"text", 't', OPT_TEXT, "T", "a text", offsetof(struct values, text), 0, 0, NULL},
	{"texts", 0, OPT_TEXTS, "T", "texts", offsetof(struct values, texts), 0, 0, NULL},
	{"number", 'n', OPT_NUMBER, "N", "a number", offsetof(struct values, number), 2, 9, NULL},
	{"wait", 0, OPT_MS, "T", "a time", offsetof(struct values, ms), 10, 60000, NULL},
	{"ttl", 0, OPT_SECONDS, "T", "a time", offsetof(struct values, seconds), 1, 86400, NULL},
	{"colour", 'c', OPT_CHOICE, "C", "a colour", offsetof(struct values, choice), 0, 0,
		colours},
	{0},
};

#define ARGV_MAX 16

/* The index of the first operand, in the words of line. */
static int parse(const char *line, bool stop, struct values *v, struct fault *f)
{
	const struct opt_set set = {rows, v};
	static char copy[512];
	char *argv[ARGV_MAX + 1] = {(char *)"test"}, *save = NULL;
	int argc = 1;

	memset(v, 0, sizeof(*v));
	memset(f, 0, sizeof(*f));
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w && argc < ARGV_MAX;
		w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return opts_parse(&set, 1, stop, argc, argv, f);
}

static void every_kind_is_read(void **state)
{
	struct values v;
	struct fault f;

	(void)state;
	assert_int_equal(parse("a -F --text=x --texts 1 --texts 2 b -n5 --wait 500ms --ttl 2m "
			       "-c green c",
				 false, &v, &f),
		14);
	assert_int_equal(f.status, 0);
	assert_true(v.flag);
	assert_string_equal(v.text, "x");
	assert_int_equal(v.texts.count, 2);
	assert_string_equal(v.texts.items[1], "2");
	assert_int_equal(v.number, 5);
	assert_int_equal(v.ms, 500);
	assert_int_equal(v.seconds, 120);
	assert_int_equal(v.choice, 2);
}

static void operands_stay(void **state)
{
	struct values v;
	struct fault f;

	(void)state;
	assert_int_equal(parse("-F get -n 5", true, &v, &f), 2);
	assert_int_equal(v.number, 0);
	assert_int_equal(parse("-F -- -n 5", false, &v, &f), 3);
	assert_int_equal(f.status, 0);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *line, *message, *hint;
	} cases[] = {
		{"--texxt", "'--texxt' is not an option", "did you mean --text?"},
		{"--bogus=1", "'--bogus' is not an option", "--help lists them"},
		{"-x", "'-x' is not an option", "--help lists them"},
		{"--flag=1", "--flag takes no value", ""},
		{"--number", "--number needs a value (N)", ""},
		{"-n", "--number needs a value (N)", ""},
		{"-n 1", "'1' is out of range for --number", "2 to 9"},
		{"-n x", "'x' is not a value for --number", "a number"},
		{"--wait 9ms", "'9ms' is out of range for --wait", "10 to 60000 ms"},
		{"--wait 9x", "'9x' is not a value for --wait",
			"a time such as 500ms, 30s, 10m or 2h"},
		{"--ttl 1500ms", "'1500ms' is not a value for --ttl", "whole seconds"},
		{"--ttl 0", "'0' is out of range for --ttl", "1 to 86400 s"},
		{"--colour blue", "'blue' is not a value for --colour", "one of red, green"},
		{"--text=", "'' is not a value for --text", "not an empty one"},
	};
	struct values v;
	struct fault f;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		parse(cases[i].line, false, &v, &f);
		assert_int_equal(f.status, EXIT_USAGE);
		assert_string_equal(f.message, cases[i].message);
		assert_string_equal(f.hint, cases[i].hint);
	}
}

/* The first fault is told, and what comes behind it is read. */
static void reading_goes_on_after_a_fault(void **state)
{
	struct values v;
	struct fault f;

	(void)state;
	parse("--bogus -n x --colour red", false, &v, &f);
	assert_string_equal(f.message, "'--bogus' is not an option");
	assert_int_equal(v.choice, 1);
}

static void texts_have_a_limit(void **state)
{
	struct opt_texts *texts = calloc(1, sizeof(*texts));
	const struct opt *o = opts_find(rows, "texts");
	struct opt row = *o;
	struct fault f = {0};

	(void)state;
	row.offset = 0;
	for (int i = 0; i < OPTS_TEXTS_MAX; i++)
		assert_int_equal(opts_assign(&row, "--texts", "x", texts, &f), 0);
	assert_int_equal(opts_assign(&row, "--texts", "x", texts, &f), EXIT_USAGE);
	assert_int_equal(texts->count, OPTS_TEXTS_MAX);
	assert_null(opts_find(rows, "nothing"));
	free(texts);
}

static void help_is_a_line_each(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	opts_help(rows + 5, file);
	fclose(file);
	assert_string_equal(text, "      --ttl T                 a time\n"
				  "  -c, --colour C              a colour\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(operands_stay),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(reading_goes_on_after_a_fault),
		cmocka_unit_test(texts_have_a_limit),
		cmocka_unit_test(help_is_a_line_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
