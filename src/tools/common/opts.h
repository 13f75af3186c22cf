/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts: options as a table, over getopt_long().
 *
 * A row says an option's name, kind, range, place in a struct and line of help; the parser, the
 * messages and --help all come from it, and a profile's settings are rows of the same kind. The
 * target struct is zeroed before, and zero means 'not given', so that later layers can be laid
 * over earlier ones.
 */
#ifndef DHT_TOOLS_OPTS_H
#define DHT_TOOLS_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/common/fault.h"

#define OPTS_MAX       40 /* rows of all tables together */
#define OPTS_TEXTS_MAX 256

enum opt_kind {
	OPT_FLAG,    /* bool */
	OPT_TEXT,    /* const char *, borrowed from argv */
	OPT_TEXTS,   /* struct opt_texts */
	OPT_NUMBER,  /* uint32_t */
	OPT_MS,      /* uint32_t: a time in milliseconds */
	OPT_SECONDS, /* uint32_t: a time in whole seconds */
	OPT_CHOICE,  /* int: 1 for the first of choices */
};

struct opt_texts {
	const char *items[OPTS_TEXTS_MAX];
	size_t count;
};

struct opt {
	const char *name; /* NULL ends a table */
	char letter;      /* 0: none */
	enum opt_kind kind;
	const char *value; /* what --help calls it: "T"; NULL for a flag */
	const char *help;
	size_t offset;
	uint32_t min, max; /* of numbers and times, in the target's unit */
	const char *const *choices;
};

struct opt_set {
	const struct opt *options; /* NULL: none */
	void *target;
};

/* Reads argv[1] and on; gives the index of the first operand (those in between were moved behind
 * the options, unless stop_at_operand). A fault does not stop it, so that what is said later, such
 * as the output format, is known when the fault is told. */
int opts_parse(const struct opt_set *sets, size_t set_count, bool stop_at_operand, int argc,
	char **argv, struct fault *f);

/* One value into its place; name is what the message calls the option. 0, or the fault's status
 * (EXIT_USAGE). */
int opts_assign(
	const struct opt *o, const char *name, const char *value, void *target, struct fault *f);

/* The row with this name, or NULL. */
const struct opt *opts_find(const struct opt *options, const char *name);

/* Sets the fault's hint to the nearest name of the tables, when one is near. */
void opts_hint(const struct opt_set *sets, size_t set_count, const char *prefix, const char *word,
	struct fault *f);

/* A line for each row. */
void opts_help(const struct opt *options, FILE *file);

#endif
