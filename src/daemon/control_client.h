/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_client: one connection of the control socket: bytes in, calls, bytes out.
 *
 *     recv ─▶ in ─▶ varlink_parse ─▶ control_service ─▶ out ─▶ send
 *                                          └─▶ stream ─┘
 *
 * It knows its socket, but no event loop: its owner calls control_client_step() and is told what to
 * wait for. A step is small, so that the owner can share its time among many.
 *
 * Answers come in the order of the calls, because one thing is done at a time: what is to be sent
 * goes before all, then a stream until it ends, then the next call. So a client that does not read
 * is not read from either, and out holds one message at most.
 */
#ifndef DHT_DAEMON_CONTROL_CLIENT_H
#define DHT_DAEMON_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/control.h"
#include "daemon/control_service.h"

/* What a client's next step waits for. */
enum client_next {
	CLIENT_AGAIN,  /* nothing */
	CLIENT_READS,  /* something to read */
	CLIENT_WRITES, /* room to write */
	CLIENT_WAKES,  /* control_wake(), or that the peer hangs up */
	CLIENT_GONE,   /* there is none: the peer has closed */
	CLIENT_CUT,    /* there is none: it broke a rule, or there is no memory */
};

struct control_client {
	struct control_peer peer;
	int fd;

	char *in;
	size_t in_at, in_len, in_size; /* what is between in_at and in_len is not used yet */
	size_t in_seen;                /* up to here there is no NUL */
	bool in_ended;                 /* the peer sends no more */

	char *out; /* NULL: nothing to send */
	size_t out_at, out_len;

	struct control_stream stream; /* next NULL: none */
	bool single;                  /* its first item is the last */
	bool hung_up;                 /* the owner has seen that the peer is gone */
	uint64_t active_ms;           /* of its last progress */
};

/* Takes fd, a connected, non-blocking stream socket. */
void control_client_init(
	struct control_client *cl, int fd, const struct control_peer *peer, uint64_t now_ms);

/* Sends what the socket still takes, and closes it. */
void control_client_fini(struct control_client *cl);

enum client_next control_client_step(
	struct control_client *cl, struct control_service *s, uint64_t now_ms);

/* When a client that waits has waited too long; UINT64_MAX: never. */
uint64_t control_client_deadline_ms(const struct control_client *cl);

/* Whether it has nothing under way: no part of a call, no answer to take, no stream. */
bool control_client_idle(const struct control_client *cl);

#endif
