/* SPDX-License-Identifier: BSD-2-Clause */
/* connect: from settings to an open handle, and from libdht's errors to words and exit statuses. */
#ifndef DHT_TOOLS_DHT_CONNECT_H
#define DHT_TOOLS_DHT_CONNECT_H

#include "base/secretfile.h"
#include "tools/dht/session.h"

#define CONNECT_DEFAULT_SERVER "127.0.0.1"
#define CONNECT_SERVER_TEXT    (DHT_ADDRESS_TEXT + 256)
#define CONNECT_FULL           "records.max_records, max_memory, max_providers_per_hash"

/* The options that dht_open() gets from the settings. key is the caller's, for as long as the
 * options are used; it stays empty when none is set. 0, or the fault's status. */
int connect_options(struct session *s, struct named_key *key, struct dht_options *out);

/* Fills s->dht. 0, or the fault's status. */
int connect_open(struct session *s);

/* For a command that stays: where one server was named, it is asked for the others of its cluster,
 * so that they are there when it is gone. */
void connect_learn(struct session *s);

/* Puts a libdht error into the fault; gives its exit status. */
int connect_fault(struct session *s, int error);

/* The fault of servers that said nothing at all for so long; gives its exit status. */
int connect_silence(struct session *s, uint32_t wait_ms);

/* The server that was asked last, or all that could have been, for people. */
void connect_server(const struct session *s, char out[static CONNECT_SERVER_TEXT]);

/* The exit status of a libdht error. */
int connect_status(int error);

/* {"code", "message", "hint"} of a libdht error into an open object, as its field "error". */
void connect_show_error(struct session *s, struct writer *w, int error);

#endif
