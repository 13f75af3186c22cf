/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/common/subcommand.h"

#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/suggest.h"

#define COMMANDS_MAX 40

static const struct subcommand *find(const struct program *p, const char *name)
{
	for (size_t i = 0; p->commands[i]; i++)
		if (strcmp(p->commands[i]->name, name) == 0)
			return p->commands[i];
	return NULL;
}

static int unknown_command(const struct program *p, const char *name, struct fault *f)
{
	const char *names[COMMANDS_MAX], *near;
	size_t n = 0;

	if (f->status != 0)
		return f->status;
	for (; p->commands[n] && n < COMMANDS_MAX; n++)
		names[n] = p->commands[n]->name;
	near = suggest_nearest(name, names, n);
	fault_set(f, EXIT_USAGE, "usage", NULL, "'%s' is not a command", name);
	if (near)
		fault_hint(f, "did you mean '%s'?", near);
	else
		fault_hint(f, "%s --help lists them", p->name);
	return f->status;
}

int subcommand_parse(const struct program *p, void *options_target, int argc, char **argv,
	struct invocation *out, struct fault *f)
{
	struct opt_set sets[1 + SUBCOMMAND_TABLES] = {{p->options, options_target}};
	int first = opts_parse(sets, 1, true, argc, argv, f);

	*out = (struct invocation){0};
	if (first >= argc)
		return f->status;
	out->command = find(p, argv[first]);
	if (!out->command)
		unknown_command(p, argv[first], f);
	if (out->command && out->command->args_size > 0) {
		out->args = calloc(1, out->command->args_size);
		if (!out->args)
			return fault_set(f, EXIT_FAILED, "memory", NULL, "no memory");
		if (out->command->defaults)
			memcpy(out->args, out->command->defaults, out->command->args_size);
		for (size_t i = 0; i < SUBCOMMAND_TABLES; i++)
			sets[1 + i] = (struct opt_set){out->command->options[i], out->args};
	}
	argc -= first;
	argv += first;
	first = opts_parse(sets, 1 + SUBCOMMAND_TABLES, false, argc, argv, f);
	out->argc = argc - first;
	out->argv = argv + first;
	return f->status;
}

void invocation_free(struct invocation *v)
{
	free(v->args);
	*v = (struct invocation){0};
}

/* So many commands fit a screen one below the other; more stand in two columns. */
#define COLUMN_MAX   14
#define COLUMN_WIDTH 38

/* The width of the commands' names. */
static int name_width(const struct program *p)
{
	size_t width = 10;

	for (size_t i = 0; p->commands[i]; i++)
		if (strlen(p->commands[i]->name) > width)
			width = strlen(p->commands[i]->name);
	return (int)width;
}

static size_t count_commands(const struct program *p)
{
	size_t n = 0;

	while (p->commands[n])
		n++;
	return n;
}

/* "  name   what it is"; gives how many columns that are. */
static int print_command(const struct subcommand *c, int width, FILE *file)
{
	return fprintf(file, "  %-*s %s", width, c->name, c->brief ? c->brief : c->summary);
}

static void print_commands(const struct program *p, FILE *file)
{
	size_t count = count_commands(p), rows = count <= COLUMN_MAX ? count : (count + 1) / 2;
	int width = name_width(p);

	for (size_t i = 0; i < rows; i++) {
		int used = print_command(p->commands[i], width, file);
		if (i + rows < count) {
			fprintf(file, "%*s", used < COLUMN_WIDTH ? COLUMN_WIDTH - used : 0, "");
			print_command(p->commands[i + rows], width, file);
		}
		fputc('\n', file);
	}
}

static void program_help(const struct program *p, FILE *file)
{
	fprintf(file, "Usage: %s [OPTION]... COMMAND [OPTION]... [OPERAND]...\n%s\n\n", p->name,
		p->summary);
	print_commands(p, file);
	fputc('\n', file);
	opts_help(p->options, file);
	if (p->footer)
		fprintf(file, "%s\n", p->footer);
}

void subcommand_help(const struct program *p, const struct subcommand *command, FILE *file)
{
	if (!command) {
		program_help(p, file);
		return;
	}
	fprintf(file, "Usage: %s %s%s%s%s\n%s\n", p->name, command->name,
		command->args_size > 0 ? " [OPTION]..." : "", command->operands[0] ? " " : "",
		command->operands, command->summary);
	if (command->args_size > 0)
		fputc('\n', file);
	for (size_t i = 0; i < SUBCOMMAND_TABLES; i++)
		opts_help(command->options[i], file);
	if (command->notes)
		fprintf(file, "\n%s\n", command->notes);
	fprintf(file, "\nOptions of %s itself are taken too; %s --help lists them.\n", p->name,
		p->name);
}
