/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net: the wires between all that send.
 *
 *     net_send() ─▶ cut? lost? ─▶ twice? harmed? ─▶ waits its delay, or a clog's end ─▶
 * fleet_receive() │                                                              crowd_receive()
 *                        └─▶ some are recorded, and come again much later
 *
 * Between servers a link has each direction for itself: its own loss (a part of the seed's), cuts
 * (counted, so that they may overlap) and clogs. Between clients and servers there is loss, delay
 * and repetition. Once all is healed there is nothing but a delay of a fraction of a millisecond.
 *
 * Packets come from a pool; what is beyond SIM_EVENTS is lost and counted.
 */
#ifndef DHT_TESTS_SIM_NET_H
#define DHT_TESTS_SIM_NET_H

#include "base/addr.h"

#include "sim.h"

#define NET_PACKET_MAX 1280
#define NET_BASIC      4 /* peers that know base messages only, at most */
#define NET_ENDS       (PLAN_SERVERS_MAX + NET_BASIC) /* of links in a run of a seed */

/* What copies of one datagram share. */
struct twin {
	struct twin *next; /* of those not in use */
	uint32_t copies;
	uint64_t taken_by; /* the start of the server that it had an effect on; 0: none yet */
};

struct packet {
	struct event event;
	struct packet *next; /* in a list of its owner's */
	struct addr from, to;
	struct twin *twin; /* NULL: there is one copy */
	uint64_t queued_us;
	uint32_t request; /* of a client, by its number; 0: none */
	bool harmed;      /* its bytes are not those that were sent */
	bool strange;     /* nor is its sender */
	uint16_t len;
	uint8_t bytes[NET_PACKET_MAX];
};

struct net *net_new(struct sim *s);
void net_free(struct net *n);

/* Takes a datagram's bytes; request as in struct packet. */
void net_send(struct sim *s, const struct addr *from, const struct addr *to, const uint8_t *bytes,
	size_t len, uint32_t request);

/* Whoever received a packet gives it back. */
void net_release(struct sim *s, struct packet *p);

/* One cut more (1) or less (-1) from one end to the other: the index of a server, or
 * plan.most and that of a basic peer. */
void net_cut(struct sim *s, uint32_t from, uint32_t to, int change);

/* What is sent from one end to the other before until_us arrives behind it. */
void net_clog(struct sim *s, uint32_t from, uint32_t to, uint64_t until_us);

/* Each datagram between servers has the same chance to be lost, in millionths, when the plan has
 * FAULT_LOSS. */
void net_lose(struct sim *s, uint32_t loss);

/* Forgets cuts, clogs and recordings. */
void net_heal(struct sim *s);

#endif
