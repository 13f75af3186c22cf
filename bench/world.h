/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world: a simulated cluster that is driven from outside, and what can be seen of all its servers
 * at once.
 *
 * The servers are as the defaults of dhtd.conf have them, alike in weight and without zones, on a
 * network that delays each datagram by 0.05 to 0.55 ms and loses none unless told to.
 */
#ifndef DHT_BENCH_WORLD_H
#define DHT_BENCH_WORLD_H

#include "../tests/sim/fleet.h"
#include "../tests/sim/sim.h"
#include "meter.h"

#define WORLD_HASH_LEN 20
#define WORLD_HASHES   16 /* in one announcement */

struct world {
	struct sim *s;
	struct rng rng;
	struct event second;
	struct meter meter;
	uint32_t next_txid;
};

/* Owners of all partitions, by the numbers of the servers. */
struct world_owners {
	uint32_t replicas;
	uint16_t *rows; /* TABLE_PARTITIONS × replicas; RING_NONE: nobody */
};

/* A cluster of this many servers, none of which has started. Aborts when there is no memory. */
void world_init(struct world *w, uint64_t seed, uint32_t servers);
void world_fini(struct world *w);

/* Starts all, one a while after the other. */
void world_start(struct world *w);

/* Lets time pass. */
void world_wait(struct world *w, uint64_t us);

/* Lets time pass until the servers agree and have nothing to do; false when that took longer. */
bool world_rest(struct world *w, uint64_t most_us);

static inline struct node *world_node(const struct world *w, uint32_t i)
{
	return &w->s->fleet->nodes[i];
}

/* Of the table of who owns what as the first server that is up has it; and whether all others have
 * the same. */
struct world_owners world_owners(const struct world *w);
bool world_same_owners(const struct world *w, const struct world_owners *o);
void world_owners_free(struct world_owners *o);

/* (partition, server) that are in `after` and not in `before`. */
uint64_t world_moved(const struct world_owners *before, const struct world_owners *after);

/* The sum of a counter of all servers that are up. */
uint64_t world_sum(const struct world *w, enum stats_id id);

/* Records that were pulled by all servers that are up since they started. */
uint64_t world_pulled(const struct world *w);

/* Announces WORLD_HASHES hashes, from the n-th on, to a server; asks it for one. */
void world_announce(struct world *w, uint32_t server, uint64_t n);
void world_lookup(struct world *w, uint32_t server, uint64_t n);

#endif
