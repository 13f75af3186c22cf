/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * varlink_call: asking a Varlink service on a Unix socket (varlink.org, UAPI.20).
 *
 *     struct varlink v;
 *     varlink_init(&v, "/run/dht/control");
 *     reply = varlink_call(&v, "org.dht.Control.GetStatus", NULL, &fault);
 *     …
 *     varlink_close(&v);
 *
 * A message is one JSON object and a NUL byte. Replies are read as strictly as systemd's own
 * implementation reads them: no unknown keys, none twice, the right types. Nothing waits for ever:
 * connecting, sending and each reply have a deadline together; only the replies of a stream may
 * take as long as they like. A reply has at most VARLINK_REPLY_MAX bytes.
 *
 * Every failure becomes a fault that tells the absent service from the silent one, and both from
 * one that says no.
 */
#ifndef DHT_TOOLS_DHTCTL_VARLINK_CALL_H
#define DHT_TOOLS_DHTCTL_VARLINK_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/fault.h"

#define VARLINK_REPLY_MAX (16u << 20)
#define VARLINK_WAIT_MS   10000

struct varlink {
	const char *path;
	int fd;             /* -1: not connected */
	int interrupt_fd;   /* when it is readable all waiting ends; -1: none */
	uint32_t wait_ms;   /* the deadline of a call */
	uint64_t end_ms;    /* of the call under way; UINT64_MAX: none */
	bool streaming;     /* replies of the stream under way are to come */
	const char *method; /* of the call under way; borrowed */

	/* What was received and not yet taken: in[0..len); the first `scanned` have no NUL. */
	char *in;
	size_t len, size, scanned;
};

/* Borrows path. Nothing is opened yet. */
void varlink_init(struct varlink *v, const char *path);

/* Connects; nothing when it is connected. 0, or the fault's status. */
int varlink_open(struct varlink *v, struct fault *f);

/* Calls a method, "interface.Method", and gives its reply's parameters: an object, new. NULL with
 * the fault set. Takes parameters, which may be NULL for none. It connects when that was not done;
 * after any fault it is not connected, but for an error that the service answered. */
json_t *varlink_call(struct varlink *v, const char *method, json_t *parameters, struct fault *f);

/* The same for a method that answers a stream: varlink_next() gives its items. Borrows method
 * until the stream ends. */
int varlink_start(struct varlink *v, const char *method, json_t *parameters, struct fault *f);

/* The next item, as varlink_call() gives it. NULL without a fault when the stream has ended, or
 * when interrupt_fd has become readable. */
json_t *varlink_next(struct varlink *v, struct fault *f);

/* Waits until the service closes the connection, up to wait_ms. false when it did not, or when it
 * was interrupted. */
bool varlink_wait_closed(struct varlink *v);

/* Forgets the connection; the next call makes another. */
void varlink_close(struct varlink *v);

#endif
