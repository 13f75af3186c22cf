/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control: a Varlink service on sd-event, in the main thread.
 *
 *     accept ─▶ client: bytes in ─▶ varlink_parse ─▶ method table ─▶ answer ─▶ bytes out
 *
 * It knows sockets, limits and who may do what; what the methods do is their table's business
 * (admin.h). org.varlink.service (GetInfo, GetInterfaceDescription) is its own.
 *
 * No client can delay the daemon, or the other clients for long:
 *  - CONTROL_CLIENTS_MAX connections; when they are all taken, one that has been idle for a second
 *    makes place, the longest idle first; when there is none the newcomer is closed.
 *  - A message is at most CONTROL_MESSAGE_MAX bytes, what waits to be read by a client at most
 *    CONTROL_OUT_MAX; calls of a client that has not read its answers wait in its socket.
 *  - A client that has sent a part of a message, or that does not read its answers, is cut off
 *    after CONTROL_STALL_MS without progress; one that says nothing, after CONTROL_SILENCE_MS. A
 *    stream's client may be silent.
 *  - Control work gets CONTROL_SHARE_MS of every CONTROL_WINDOW_MS; when that is used up all
 *    clients wait for the next window, so that ten thousand connects cost the datagrams little.
 *  - An answer that comes later is a stream of one item, to a call without `more`, and has
 *    CONTROL_LATE_MS to come.
 *  - A stream is pulled: the next item is made only when the last has been taken, so that a
 *    stream costs no memory for a client that does not read. A stream is never idle, so there is
 *    a limit of their own: one more than CONTROL_STREAMS_MAX takes the place of the one that has
 *    been silent longest, so that streams never take all places.
 */
#ifndef DHT_DAEMON_CONTROL_H
#define DHT_DAEMON_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "daemon/control_socket.h"

#define CONTROL_CLIENTS_MAX 64
#define CONTROL_STREAMS_MAX 48
#define CONTROL_MESSAGE_MAX 65536
#define CONTROL_OUT_MAX     (1u << 20)
#define CONTROL_STALL_MS    5000
#define CONTROL_SILENCE_MS  30000
#define CONTROL_LATE_MS     10000
#define CONTROL_WINDOW_MS   100
#define CONTROL_SHARE_MS    10

enum control_access {
	CONTROL_READ,   /* who can open the socket */
	CONTROL_CHANGE, /* control_peer's may_change */
};

/* What a method is called with. Parameters are borrowed for the call, an object. */
struct control_call {
	const json_t *parameters;
	const struct control_peer *peer;
	bool more; /* the caller takes a stream */
};

/* A stream that a method begins, or an answer that it has later. next gives an item (the parameters
 * of a reply, new), or NULL when there is nothing now: it is asked again after control_wake(). It
 * sets *last with the item behind which there are no more; a call without `more` gets the first
 * item, and no more. done frees state. */
struct control_stream {
	json_t *(*next)(void *state, bool *last);
	void (*done)(void *state);
	void *state;
};

/* What a method gives back; all zero is a reply without parameters. */
struct control_answer {
	json_t *parameters; /* of the reply or the error; new; NULL: none */
	const char *error; /* "org.dht.Control.Name" or "org.varlink.service.Name"; NULL: a reply */
	struct control_stream stream; /* with next: the answer is a stream, or comes later */
	bool no_memory;               /* the connection is closed */
};

struct control_method {
	const char *name; /* "GetStatus" */
	enum control_access access;
	bool needs_more; /* without `more` the answer is ExpectedMore */
	struct control_answer (*run)(void *owner, const struct control_call *call);
};

struct control_interface {
	const char *name;        /* "org.dht.Control" */
	const char *description; /* its IDL */
	const struct control_method *methods;
	size_t method_count;
};

/* An org.varlink.service.InvalidParameter about this one. */
struct control_answer control_invalid(const char *parameter);

struct control;

/* Serves the interface on the socket, which is borrowed; owner is what methods are called with.
 * NULL with errno. */
struct control *control_new(sd_event *event, const struct control_socket *socket,
	const struct control_interface *interface, void *owner);

/* Closes all clients. NULL is nothing. */
void control_free(struct control *c);

/* Streams may have something: their next will be called from the event loop. */
void control_wake(struct control *c);

/* From the start. */
struct control_counts {
	uint64_t accepted; /* connections */
	uint64_t refused;  /* connections that could not be kept: no place, no memory */
	uint64_t cut_off;  /* connections that broke a rule, or made place for another */
	uint64_t calls;
	uint64_t denied; /* calls that need a permission which the caller has not */
};
struct control_counts control_counts(const struct control *c);

#endif
