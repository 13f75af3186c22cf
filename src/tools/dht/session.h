/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: what a command finds when it starts, and what it leaves to main.
 *
 * The settings are merged from the files, the environment and the command line before the command
 * runs. A command connects, does its work, shows the answer through a writer, and gives an exit
 * status; what went wrong it leaves in the console's fault, which main prints.
 */
#ifndef DHT_TOOLS_DHT_SESSION_H
#define DHT_TOOLS_DHT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "client/dht.h"
#include "tools/common/console.h"
#include "tools/common/subcommand.h"
#include "tools/common/terminal.h"
#include "tools/dht/profile.h"

#define HASH_TEXT_MAX (2 * DHT_HASH_MAX + 1)

/* The program's own options. */
struct flags {
	struct settings settings;
	const char *profile;
	bool base;
	bool help;
	bool version;
};

struct session {
	struct flags flags;
	struct settings settings; /* merged; views of flags and profile */
	struct profile profile;
	struct console console; /* what went wrong is in its fault */
	struct dht *dht;        /* NULL until connect_open() */
	bool first_only;        /* of several servers no other is asked */
};

/* Merges the settings and settles the output. 0, or the fault's status. */
int session_prepare(struct session *s);

/* Prints the fault and frees all; gives the program's exit status. */
int session_end(struct session *s, int status);

/* The last line for a person at a terminal, when a server was asked: which, round trip, tries. */
void session_trip(const struct session *s);

/* Shows a long call's progress until progress_end(). */
void session_progress(struct session *s, struct progress *p, const char *label);

/* Fields of a result, shown as columns "hash", and "provider" and "ttl". */
void show_hash(struct writer *w, const struct dht_hash *hash);
void show_provider(struct writer *w, const char *key, const struct dht_provider *p);

#endif
