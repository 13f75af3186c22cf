/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admin: what a command of dhtctl finds when it starts: the options, a connection to the daemon
 * that opens itself when it is first used, and the console.
 *
 * A command asks, shows the answer through a writer, and gives an exit status; what went wrong is
 * in the console's fault, which main prints. Fields of an answer that are missing or of another
 * type than org.dht.Control says read as empty or zero: daemons of other versions have other
 * fields, and nothing of what they say may harm this program.
 */
#ifndef DHT_TOOLS_DHTCTL_ADMIN_H
#define DHT_TOOLS_DHTCTL_ADMIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/common/console.h"
#include "tools/common/subcommand.h"
#include "tools/dhtctl/varlink_call.h"

#define ADMIN_SOCKET "/run/dht/control"
#define CONTROL      "org.dht.Control."

/* The program's own options. */
struct flags {
	const char *socket; /* NULL: ADMIN_SOCKET */
	int output;         /* of admin_outputs, from 1; 0: the first */
	bool help;
	bool version;
};

/* "table", "json", NULL. */
extern const char *const admin_outputs[];

struct admin {
	struct flags flags;
	struct console console;
	struct varlink varlink;
};

/* After the options were read into flags, also when there was a fault. */
void admin_init(struct admin *a);

/* From now on an interrupt ends what is waited for, and not the program (interrupt.h). */
void admin_catch_interrupt(struct admin *a);

/* Prints the fault and closes what is open; gives the program's exit status. */
int admin_end(struct admin *a, int status);

/* Calls a method, CONTROL "GetStatus": its parameters, new, or NULL with the fault set. Takes
 * parameters. */
json_t *admin_ask(struct admin *a, const char *method, json_t *parameters);

/* Waits for the interrupt or the deadline (clock.h): whether it was the interrupt. */
bool admin_pause(const struct admin *a, uint64_t end_ms);

/* The fault is that somebody interrupted a call: forgets it and gives true. */
bool admin_interrupted(struct admin *a);

/* After a call with a log level failed, which the command line has as name: says which levels there
 * are, if it was for that. Gives the fault's status. */
int admin_level_fault(struct admin *a, const char *name, const char *level);

/* The same after a call with the address of a server. */
int admin_address_fault(struct admin *a, const char *address);

/* ---- Answers ---- */

/* "" for what is no text; a view. */
const char *reply_text(const json_t *object, const char *key);

/* 0 for what is no whole number, or a negative one. */
uint64_t reply_number(const json_t *object, const char *key);

#define REPLY_PLACE_MAX 64

/* The address of that key with the member "port": "[2001:db8::7]:8000"; what is no address stays as
 * it is. */
void reply_place(const json_t *object, const char *key, char out[static REPLY_PLACE_MAX]);

/* Every member as it is, into the object that is open in w. */
void reply_show(struct writer *w, const json_t *object);

#endif
