/* SPDX-License-Identifier: BSD-2-Clause */
/* announce: what put and drop have in common: whose hashes, and what became of each. */
#ifndef DHT_TOOLS_DHT_ANNOUNCE_H
#define DHT_TOOLS_DHT_ANNOUNCE_H

#include "tools/dht/input.h"
#include "tools/dht/session.h"

struct announce_args {
	struct input_args input;
	const char *ip;
	uint32_t port;
	uint32_t ttl_s; /* put's */
	bool keep;      /* put's */
};

/* Those of struct announce_args that both commands have, beside input_options. */
extern const struct opt announce_options[];

/* The work under way. */
struct announce {
	struct input input;
	uint8_t *statuses; /* enum dht_status of each hash */
	uint8_t ip[16];
	struct dht_put_options options; /* ip is a view of the above, or NULL */
	uint32_t granted_ttl_s;
	int error; /* what libdht returned */
};

/* Collects the hashes and opens the connection. 0, or the fault's status; a is for announce_fini()
 * in both cases. */
int announce_init(struct announce *a, struct session *s, const struct announce_args *args, int argc,
	char **argv);

/* Shows a row for each hash (at a terminal: no more than a screen of those that went well), where
 * done is the word for DHT_STORED, and, with_ttl, the lifetime. Gives the exit status; the
 * fault when nothing was answered at all. */
int announce_show(struct announce *a, struct session *s, const char *done, bool with_ttl);

/* The exit status of what became of all the hashes: 6 when all are stored, but not all on a quorum.
 */
int announce_status(const uint8_t *statuses, size_t count);

void announce_fini(struct announce *a);

#endif
