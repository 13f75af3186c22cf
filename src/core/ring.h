/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring: who owns which partition.
 *
 * Weighted rendezvous hashing (Thaler and Ravishankar, 1998; weights as in Schindelhauer and
 * Schomaker, 2005): each candidate gets a score for each partition,
 *
 *     cost = -log2( hash(id, partition) / 2^64 ) / weight          the lowest cost is the best
 *
 * computed in integers (ring_cost.h), so that every machine comes to the same; the order of the
 * ids' bytes decides between equal costs. A partition's *owners* are the best `replicas`
 * candidates, each in another zone as long as there are zones left, then the second of each zone,
 * and so on (a candidate without a zone is in one of its own). Behind them stand the best of all
 * others, by cost alone. A candidate that *leaves* owns nothing, but counts among those others, for
 * it still has what it had:
 *
 *     row of a partition:  owner, owner, owner │ next best, next best     slots; RING_NONE: nobody
 *
 * Without zones, the next best are who was an owner before the last one came, and who will be when
 * one goes. With zones that may be somebody who does not stand in the row.
 *
 * What always holds: the rows are a function of the set of candidates and of nothing else, neither
 * of the order in which they came nor of their slots; when one comes or goes, only rows change that
 * it enters or stood in. So a change costs a look at each row, and a whole computation only for
 * the rows that it stood in: ring.c says why that is enough.
 *
 * No I/O, no allocation but ring_new(). Not safe for several threads: the membership has one and
 * publishes copies (view.h).
 */
#ifndef DHT_CORE_RING_H
#define DHT_CORE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/table.h"

#define RING_SLOTS    1024 /* candidates at most */
#define RING_REPLICAS 16   /* at most */
#define RING_NEXT     2    /* next best behind the owners */
#define RING_ROW_MAX  (RING_REPLICAS + RING_NEXT)
#define RING_NONE     UINT16_MAX

struct ring;

struct ring_member {
	struct addr id;
	uint64_t zone;  /* hash of its zone's name; 0: none */
	uint8_t weight; /* 1 to 100; 0: not a candidate */
	bool leaving;
};

/* replicas: 1 to RING_REPLICAS. NULL when there is no memory. */
struct ring *ring_new(uint8_t replicas);
void ring_free(struct ring *r);

/* Puts a candidate into a slot, changes the one that is there, or with weight 0 takes it out. Gives
 * whether anything may have changed. Rows are computed by ring_settle(); no two slots may have
 * the same id by then. */
bool ring_set(struct ring *r, uint16_t slot, const struct ring_member *m);

/* Computes what has changed since the last call; gives the number of rows that are different now.
 */
uint32_t ring_settle(struct ring *r);

/* Slots of a row: replicas owners and then RING_NEXT others, ring_row_len() in all. */
const uint16_t *ring_row(const struct ring *r, uint32_t partition);
uint32_t ring_row_len(const struct ring *r);

/* All rows one after the other: TABLE_PARTITIONS × ring_row_len(). */
const uint16_t *ring_rows(const struct ring *r);

/* The cost of one candidate for one partition, for tests and `explain`: lower is better. In
 * 2^-48ths; UINT64_MAX with weight 0. */
uint64_t ring_cost(const struct addr *id, uint8_t weight, uint32_t partition);

/* A zone's name as ring_member.zone has it: 0 for the empty name, and for no other. */
uint64_t ring_zone(const char *name, size_t len);

#endif
