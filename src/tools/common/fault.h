/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault: what went wrong, as a value.
 *
 * Functions that meet an error put it into words here, where they know the most about it, and
 * return its exit status; only main prints it, as one line
 *
 *     dht: 127.0.0.1:8470 cannot be reached: is dhtd running there?
 *          ^ message                         ^ hint
 *
 * on standard error, or with JSON output as {"error": {"code", "message", "hint"}} on standard
 * output. The first fault stays; later ones change nothing.
 */
#ifndef DHT_TOOLS_FAULT_H
#define DHT_TOOLS_FAULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct fault {
	int status;       /* exit status; 0: nothing went wrong */
	const char *code; /* one word for programs, "unreachable"; static */
	char message[600];
	char hint[300]; /* the cure; may be empty */
};

/* Gives the status back. hint may be NULL; what needs a format gets it with fault_hint(). */
int fault_set(struct fault *f, int status, const char *code, const char *hint, const char *format,
	...) __attribute__((format(printf, 5, 6)));

/* Replaces the hint. */
void fault_hint(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* {"code", "message", "hint"}, new, or NULL without memory. */
json_t *fault_json(const struct fault *f);

/* One line on err, or with json an object on out. */
void fault_print(const struct fault *f, const char *program, bool json, FILE *out, FILE *err);

#endif
