/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_impl: what the table's own files share: table.c (life, keys, reading), table_merge.c,
 * table_sweep.c, table_scan.c and table_digest.c (both on table_walk.c), and table_check.c.
 *
 * Locks: a partition's, then a pool's. Time: ticks of 100 ms since the table was made. A record's
 * expiry is rounded up to a tick; it is alive while its expiry is above the tick that it is now.
 *
 * earliest[] has, for each partition, a lower bound of the expiries in it; written under the
 * partition's lock, read without. A share is what one lane sweeps: the partitions first,
 * first + step, …; due is when it next has to, so that table_deadline() need not look at them:
 *
 *     merge: lower earliest[p], then lower due          sweep: due = never, then read earliest[],
 *                                                              then lower due to what was found
 *
 * All in one total order (seq_cst), so whichever comes second sees the other.
 *
 * A partition's sum is that of the prints of all that stands in it, swept or not, changed with each
 * change from the first digest on: a server without others is never asked for one. A digest is
 * about what is there at a moment, so it takes off what has ended or is about to, which chunks and
 * buckets find by their bounds: it costs what these are, not what all are.
 */
#ifndef DHT_CORE_TABLE_IMPL_H
#define DHT_CORE_TABLE_IMPL_H

#include "base/budget.h"
#include "base/mutant.h"
#include "base/spin.h"
#include "core/provread.h"
#include "core/shelf.h"
#include "core/table.h"

struct partition {
	struct spin lock;
	uint32_t changes; /* counts all that was written, so that who reads in pieces sees it */
	uint64_t sum;     /* of the prints of all that is stored, and how many these are */
	uint32_t count;
	bool summed; /* both are kept */
	struct shelf shelves[SHELF_TYPES];
};

struct share {
	_Atomic(uint32_t) due;    /* tick */
	_Atomic(uint32_t) cursor; /* the partition at which the pass goes on */
	_Atomic(uint32_t) tidied; /* the partition at which tidying goes on */
};

struct table {
	struct stock stock;
	uint64_t epoch_ms;   /* of tick 0 */
	struct budget items; /* records and tombstones */
	_Atomic(uint64_t) tombstones, hashes;
	_Atomic(uint32_t) max_providers;
	_Atomic(uint32_t) grave; /* ticks */
	_Atomic(uint32_t) step;  /* that share[] is for */
	struct share share[TABLE_LANES_MAX];
	_Atomic(uint32_t) earliest[TABLE_PARTITIONS];
	struct partition partitions[TABLE_PARTITIONS];
};

/* The tick that has begun. */
static inline uint32_t tick_now(const struct table *t, uint64_t ms)
{
	uint64_t tick = ms > t->epoch_ms ? (ms - t->epoch_ms) / TICK_MS : 0;

	return tick < EXPIRY_NONE ? (uint32_t)tick : EXPIRY_NONE - 1;
}

/* The tick that begins at ms or after it. */
static inline uint32_t tick_of_expiry(const struct table *t, uint64_t ms)
{
	uint64_t left = ms > t->epoch_ms ? ms - t->epoch_ms : 0;
	uint64_t tick = left / TICK_MS + (left % TICK_MS != 0);

	return tick < EXPIRY_NONE ? (uint32_t)tick : EXPIRY_NONE - 1;
}

static inline uint64_t tick_ms(const struct table *t, uint32_t tick)
{
	return t->epoch_ms + (uint64_t)tick * TICK_MS;
}

/* A tombstone that lasts from a tick on for as long as copies of unknown age may come back. */
static inline uint32_t tick_after_grave(const struct table *t, uint32_t tick)
{
	uint32_t grave = atomic_load_explicit(&t->grave, memory_order_relaxed);

	return grave < EXPIRY_NONE - tick ? tick + grave : EXPIRY_NONE - 1;
}

/* Makes of p what it is at tick now, whether or not it was swept: itself, the tombstone that a
 * shortened record leaves at its end, or nothing (false). */
static inline bool element_becomes(const struct table *t, struct element *p, uint32_t now)
{
	if (p->expiry > now)
		return true;
	if (!version_is_shortened(p->version))
		return false;
	p->version = version_tombstone(p->version);
	p->expiry = tick_after_grave(t, p->expiry);
	return p->expiry > now;
}

/* What all versions' prints of one provider of a hash are made from. */
uint64_t table_print_root(uint64_t h, const struct ip *ip, uint16_t port);
uint64_t table_print_at(uint64_t root, uint64_t version);

/* Somebody of this root comes to a partition, goes, or has another version. With its lock. */
static inline void table_count_in(struct partition *part, uint64_t root, uint64_t version)
{
	part->sum += table_print_at(root, version);
	part->count++;
}

static inline void table_count_out(struct partition *part, uint64_t root, uint64_t version)
{
	part->sum -= table_print_at(root, version);
	part->count--;
}

/* What the sum and the count have to be. With the lock. */
struct table_digest table_count_stored(struct table *t, uint32_t partition);

/* Something in this partition may end at tick. Called with its lock. */
void table_note_expiry(struct table *t, uint32_t partition, uint32_t tick);

/* Gives back all that a shelf has, which nobody else may see, and takes it off the counts. */
void table_free_shelf(struct table *t, struct shelf *s);

#endif
