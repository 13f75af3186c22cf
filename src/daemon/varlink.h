/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * varlink: the messages of the control socket (varlink.org, UAPI.20), without the socket.
 *
 * A message is one JSON object and a NUL byte. This module turns the bytes of one message into a
 * call, and an answer into bytes; it is as strict as systemd's implementation: no unknown keys, no
 * duplicate keys, the right types; parameters may be absent, null or {}.
 */
#ifndef DHT_DAEMON_VARLINK_H
#define DHT_DAEMON_VARLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define VARLINK_NAME_MAX 256 /* of a method with its interface, and a NUL */

struct varlink_call {
	char interface[VARLINK_NAME_MAX];
	char method[VARLINK_NAME_MAX]; /* without the interface */
	json_t *parameters;            /* an object, never NULL; owned */
	bool more, oneway;
};

/* Reads one message, without its NUL. 0, or DHT_EINVAL for what is no call: the connection cannot
 * go on then; or DHT_ENOMEM. On 0 call is to be freed. */
int varlink_parse(struct varlink_call *call, const char *bytes, size_t len);
void varlink_call_fini(struct varlink_call *call);

/* A message with its NUL, from malloc, its length with the NUL in *len; NULL without memory. All
 * take parameters, which may be NULL for none. */
char *varlink_reply(json_t *parameters, bool continues, size_t *len);
char *varlink_error(const char *name, json_t *parameters, size_t *len);

#endif
