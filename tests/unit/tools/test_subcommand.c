/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/subcommand.h"

struct globals {
	const char *server;
	bool help;
};

struct get_args {
	uint32_t first;
	uint32_t second;
};

static const struct opt globals[] = {
	{"server", 'S', OPT_TEXT, "S", "a server", offsetof(struct globals, server), 0, 0, NULL},
	{"help", 'h', OPT_FLAG, NULL, "help", offsetof(struct globals, help), 0, 0, NULL},
	{0},
};

static const struct opt common[] = {
	{"first", 0, OPT_NUMBER, "N", "the first", offsetof(struct get_args, first), 0, 9, NULL},
	{0},
};

static const struct opt own[] = {
	{"second", 0, OPT_NUMBER, "N", "the second", offsetof(struct get_args, second), 0, 9, NULL},
	{0},
};

static const struct get_args defaults = {.first = 1, .second = 2};

static const struct subcommand get = {
	.name = "get",
	.operands = "HASH...",
	.summary = "who has it",
	.notes = "A note.",
	.options = {common, own},
	.args_size = sizeof(struct get_args),
	.defaults = &defaults,
};
static const struct subcommand ping = {.name = "ping", .operands = "", .summary = "is it there"};
static const struct subcommand *const commands[] = {&get, &ping, NULL};
static const struct program program = {
	.name = "prog",
	.summary = "Does things.",
	.options = globals,
	.commands = commands,
	.footer = "The end.",
};

#define ARGV_MAX 16

static char words[512];
static char *argv[ARGV_MAX + 1];

static int parse(const char *line, struct globals *g, struct invocation *v, struct fault *f)
{
	char *save = NULL;
	int argc = 0;

	memset(g, 0, sizeof(*g));
	memset(f, 0, sizeof(*f));
	snprintf(words, sizeof(words), "prog %s", line);
	for (char *w = strtok_r(words, " ", &save); w && argc < ARGV_MAX;
		w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	return subcommand_parse(&program, g, argc, argv, v, f);
}

static void options_stand_anywhere(void **state)
{
	struct invocation v;
	struct globals g;
	struct fault f;
	const struct get_args *args;

	(void)state;
	assert_int_equal(parse("-S a get x --second 7 y --server b z", &g, &v, &f), 0);
	assert_ptr_equal(v.command, &get);
	assert_string_equal(g.server, "b");
	args = v.args;
	assert_int_equal(args->first, 1);
	assert_int_equal(args->second, 7);
	assert_int_equal(v.argc, 3);
	assert_string_equal(v.argv[0], "x");
	assert_string_equal(v.argv[2], "z");
	invocation_free(&v);
}

static void a_command_may_have_no_options(void **state)
{
	struct invocation v;
	struct globals g;
	struct fault f;

	(void)state;
	assert_int_equal(parse("ping --help", &g, &v, &f), 0);
	assert_ptr_equal(v.command, &ping);
	assert_null(v.args);
	assert_true(g.help);
	invocation_free(&v);
	assert_int_equal(parse("-h", &g, &v, &f), 0);
	assert_null(v.command);
	invocation_free(&v);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *line, *message, *hint;
	} cases[] = {
		{"gte", "'gte' is not a command", "did you mean 'get'?"},
		{"announce", "'announce' is not a command", "prog --help lists them"},
		{"ping --second 3", "'--second' is not an option", "--help lists them"},
		{"get --frist 3", "'--frist' is not an option", "did you mean --first?"},
		{"--frist get", "'--frist' is not an option", "--help lists them"},
	};
	struct invocation v;
	struct globals g;
	struct fault f;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(parse(cases[i].line, &g, &v, &f), EXIT_USAGE);
		assert_string_equal(f.message, cases[i].message);
		assert_string_equal(f.hint, cases[i].hint);
		invocation_free(&v);
	}
}

/* The program's options count, wherever the fault is. */
static void options_count_despite_a_fault(void **state)
{
	struct invocation v;
	struct globals g;
	struct fault f;

	(void)state;
	parse("gte x -S a", &g, &v, &f);
	assert_string_equal(g.server, "a");
	invocation_free(&v);
	parse("get --bogus -S b", &g, &v, &f);
	assert_string_equal(g.server, "b");
	invocation_free(&v);
}

static void assert_help(const struct subcommand *command, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	subcommand_help(&program, command, file);
	fclose(file);
	assert_string_equal(text, expected);
	free(text);
}

static void help_is_made_of_the_table(void **state)
{
	(void)state;
	assert_help(NULL, "Usage: prog [OPTION]... COMMAND [OPTION]... [OPERAND]...\n"
			  "Does things.\n\n"
			  "  get        who has it\n"
			  "  ping       is it there\n\n"
			  "  -S, --server S              a server\n"
			  "  -h, --help                  help\n"
			  "The end.\n");
	assert_help(&get, "Usage: prog get [OPTION]... HASH...\n"
			  "who has it\n\n"
			  "      --first N               the first\n"
			  "      --second N              the second\n\n"
			  "A note.\n\n"
			  "Options of prog itself are taken too; prog --help lists them.\n");
	assert_help(&ping, "Usage: prog ping\n"
			   "is it there\n\n"
			   "Options of prog itself are taken too; prog --help lists them.\n");
}

/* Fifteen commands or more are shown in two columns, by their brief words. */
static void many_commands_stand_side_by_side(void **state)
{
	static const struct subcommand brief = {
		.name = "brief", .operands = "", .summary = "long", .brief = "short"};
	static const struct subcommand *all[16] = {
		&get, &ping, &ping, &ping, &ping, &ping, &ping, &get, &brief, &get};
	static const struct opt none[] = {{0}};
	struct program many = {
		.name = "prog", .summary = "Does things.", .options = none, .commands = all};
	char *text = NULL;
	size_t size;

	(void)state;
	for (size_t i = 10; i < 15; i++)
		all[i] = &ping;
	FILE *file = open_memstream(&text, &size);
	subcommand_help(&many, NULL, file);
	fclose(file);
	assert_non_null(
		strstr(text, "\n\n  get        who has it                 "
			     "brief      short\n"
			     "  ping       is it there                get        who has it\n"
			     "  ping       is it there                ping       is it there\n"));
	assert_non_null(strstr(text, "\n  get        who has it\n\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(a_command_may_have_no_options),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(options_count_despite_a_fault),
		cmocka_unit_test(help_is_made_of_the_table),
		cmocka_unit_test(many_commands_stand_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
