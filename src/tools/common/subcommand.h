/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subcommand: a program as a table of what it can do.
 *
 *     program [OPTIONS] COMMAND [OPTIONS] [OPERANDS]
 *
 * Each command is one file with one struct subcommand; main has the table. Parsing, --help for the
 * program and for each command, and the hint after a misspelt command are done here, once. The
 * program's own options are taken before the command and after it.
 */
#ifndef DHT_TOOLS_SUBCOMMAND_H
#define DHT_TOOLS_SUBCOMMAND_H

#include <stddef.h>
#include <stdio.h>

#include "tools/common/fault.h"
#include "tools/common/opts.h"

#define SUBCOMMAND_TABLES 3

struct subcommand {
	const char *name;
	const char *operands; /* "HASH...", or "" */
	const char *summary;  /* one line of the command's --help */
	const char *brief;    /* … of the program's, in few words; NULL: the summary */
	const char *notes;    /* more lines for the command's --help, or NULL */
	/* Tables that point into the same struct; tables for several commands point into its first
	 * members. */
	const struct opt *options[SUBCOMMAND_TABLES];
	size_t args_size;     /* of that struct; 0: no options */
	const void *defaults; /* what it is before the options are read; NULL: zeros */

	/* argv are the operands only; args is the struct that the options filled. Gives the
	 * exit status. */
	int (*run)(void *context, void *args, int argc, char **argv);
};

struct program {
	const char *name;
	const char *summary;
	const struct opt *options;
	const struct subcommand *const *commands; /* ends with NULL */
	const char *footer;                       /* last lines of --help, or NULL */
};

/* A command line, parsed. */
struct invocation {
	const struct subcommand *command; /* NULL: none was given, or a fault was set */
	void *args;                       /* invocation_free() frees it */
	int argc;
	char **argv; /* views of main's */
};

/* options_target is the program's own options' struct. 0, or the fault's status; with a fault the
 * options were read nevertheless. */
int subcommand_parse(const struct program *p, void *options_target, int argc, char **argv,
	struct invocation *out, struct fault *f);

void invocation_free(struct invocation *v);

/* The help of one command, or of the program when command is NULL. */
void subcommand_help(const struct program *p, const struct subcommand *command, FILE *file);

#endif
