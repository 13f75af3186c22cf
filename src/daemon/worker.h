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
 *
 * In a cluster it has two sockets more: the peer port, where other servers ask, and one of its own,
 * where it asks them and their answers come back to it.
 *
 * Each time around is a beat of its sign of life; between two of them it lets go of all that it
 * has of the server's (the policy, the view of the cluster). Datagrams that are the daemon's own
 * probes are noted in the board: for all others that costs a load and a compare.
 */
#ifndef DHT_DAEMON_WORKER_H
#define DHT_DAEMON_WORKER_H

#include <stddef.h>

#include "core/server.h"
#include "daemon/beat.h"
#include "daemon/parcels.h"
#include "daemon/probe.h"
#include "daemon/udp.h"
#include "daemon/warden.h"

struct worker;

/* What a worker is made of; all borrowed until it is joined. */
struct worker_parts {
	uint32_t index; /* its number: the thread's name is "worker-INDEX" */
	struct lane *lane;
	struct warden *warden;
	struct probe_board *board; /* NULL: no probes will come */
	struct udp_socket *in;     /* listeners of them; any may be missing (fd -1) */
	struct udp_socket *out;    /* where answers to what came in on the same index leave */
	size_t listeners;
	/* The peer plane; NULL: there is none. */
	struct udp_socket *peer;           /* the peer port */
	const struct udp_socket *peer_out; /* where its answers leave */
	struct udp_socket *ask;            /* this worker's own */
	struct parcels *parcels;
	size_t datagram_max;
};

/* Starts a thread that leaves signals to the main thread, but for those that tell of a fault
 * (thread.h). NULL with errno. */
struct worker *worker_start(const struct worker_parts *parts);

/* From now on it answers what is queued already and what waits for other servers, for
 * WORKER_DRAIN_MS at most, tells whose change is still under way what is known of it, and ends. */
void worker_ask_stop(struct worker *w);

/* Waits for its end, and frees it. NULL is nothing. */
void worker_join(struct worker *w);

#define WORKER_DRAIN_MS 500

/* Its sign of life. */
const struct beat *worker_beat(const struct worker *w);

#endif
