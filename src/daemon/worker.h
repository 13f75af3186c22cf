/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker: a thread that answers datagrams.
 *
 *     ┌▶ tick when due ─▶ epoll ─▶ each ready socket: receive a batch ─▶ lane_input ─▶ send ─┐
 *     └──────────────────────────────────────────────────────────────────────────────────────┘
 *
 * Each worker has its own lane, its own sockets at every address and its own buffers, all made
 * before it runs: nothing is allocated while it answers, and it waits for nobody. The clock is
 * read once for each batch. As long as full batches come in a socket is read again without asking
 * epoll, up to a limit, so that neither the other sockets nor the tick are forgotten.
 */
#ifndef DHT_DAEMON_WORKER_H
#define DHT_DAEMON_WORKER_H

#include <stddef.h>

#include "core/server.h"
#include "daemon/udp.h"
#include "daemon/warden.h"

struct worker;

/* What a worker is made of; all borrowed until it is joined. */
struct worker_parts {
	struct lane *lane;
	struct warden *warden;
	struct udp_socket *in;  /* listeners of them */
	struct udp_socket *out; /* where answers to what came in on the same index leave */
	size_t listeners;
	size_t datagram_max;
};

/* Starts a thread with all signals blocked. NULL with errno. */
struct worker *worker_start(const struct worker_parts *parts);

/* From now on it answers what is queued already, for WORKER_DRAIN_MS at most, and ends. */
void worker_ask_stop(struct worker *w);

/* Waits for its end, and frees it. NULL is nothing. */
void worker_join(struct worker *w);

#define WORKER_DRAIN_MS 500

#endif
