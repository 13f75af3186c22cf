/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe: requests that the daemon sends to itself, to see that each worker still answers.
 *
 *     main thread ── GET of a fresh random hash ──▶ worker's own client socket ─▶ epoll ─▶ table ─┐
 *          ▲                                                                                      │
 *          └──────────────────── HAVE, and a note of which worker it was ◀────────────────────────┘
 *
 * The kernel deals datagrams among the workers' sockets by a hash of both addresses that nobody can
 * compute from outside. So several sockets of ephemeral ports are tried, each worker notes in the
 * board which of these ports came to it, and one port is kept for each worker. When that one is not
 * answered others are tried as well: the group of sockets may have changed.
 *
 * A HAVE does not say which hash it is about. But what is queued when a round begins is thrown
 * away, so whatever comes in a round was also sent in it.
 *
 * A probe comes from this server's own address and from a port that only this process has: the
 * board knows these ports, and such a datagram passes clients.allow and clients.rate (struct
 * flow's `own`), so that no policy can make a working daemon look dead. Probes are counted as
 * events.probes and nowhere else.
 *
 * What the system refuses to send (the address has gone, a firewall) is not the worker's fault:
 * nothing can be told about it then, and only the beats are looked at. The same holds for a worker
 * that has no socket at the address. And what the system takes but does not carry (the loopback
 * interface is down, a firewall drops what comes in from it) is not either: one more socket sends
 * to itself, and while not even that arrives, no answer is missed.
 */
#ifndef DHT_DAEMON_PROBE_H
#define DHT_DAEMON_PROBE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/server.h"

/* What workers and probes share: which ports are ours, and which worker a port came to. Workers
 * only read ports; each writes notes of what came to it. */
struct probe_board {
	struct ip self;
	_Atomic(uint64_t) ports[65536 / 64];
	_Atomic(uint16_t) came_to[65536];      /* worker + 1; 0: not known */
	_Atomic(bool) never[SERVER_LANES_MAX]; /* workers that no probe can come to */
};

/* Gives a board for the address that all workers listen on, or NULL without memory. A wildcard
 * listener 0 cannot be: listen.address is one host. */
struct probe_board *probe_board_new(const struct ip *self);
void probe_board_free(struct probe_board *b);

/* For workers: whether this is a probe. Two loads and a compare for what is not. */
static inline bool probe_is_own(const struct probe_board *b, const struct addr *from)
{
	uint64_t word = atomic_load_explicit(&b->ports[from->port / 64], memory_order_relaxed);

	return (word >> (from->port % 64) & 1) && ip_equal(&from->ip, &b->self);
}

/* For workers: this worker got a probe. */
static inline void probe_note(struct probe_board *b, const struct addr *from, uint32_t worker)
{
	atomic_store_explicit(
		&b->came_to[from->port], (uint16_t)(worker + 1), memory_order_relaxed);
}

/* For workers, before they run: this one has no socket at the address. */
static inline void probe_never(struct probe_board *b, uint32_t worker)
{
	atomic_store_explicit(&b->never[worker], true, memory_order_relaxed);
}

struct probes;

/* Probes for `workers` workers that listen at `to`; borrows the board. NULL with errno. Opens
 * nothing yet. */
struct probes *probes_new(struct probe_board *board, const struct addr *to, size_t workers);
void probes_free(struct probes *p);

/* Begins a round: no worker has answered in it. Sends to each worker whose port is known, and tries
 * new ports for the others, a bounded number. */
void probes_begin(struct probes *p);

/* Takes what answers came, then sends again to who has not answered yet, and tries more ports. */
void probes_go_on(struct probes *p);

enum probe_state {
	PROBE_WAITING,
	PROBE_ANSWERED,
	PROBE_CANNOT, /* the system would not send or does not carry, or there is no socket to send
	               * to */
};

enum probe_state probes_state(const struct probes *p, size_t worker);

#endif
