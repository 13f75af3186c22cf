/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_impl: what the table's own files share: table.c (life, keys, reading), table_merge.c,
 * table_sweep.c and table_check.c.
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
 */
#ifndef DHT_CORE_TABLE_IMPL_H
#define DHT_CORE_TABLE_IMPL_H

#include "base/budget.h"
#include "base/spin.h"
#include "core/provread.h"
#include "core/shelf.h"
#include "core/table.h"

struct partition {
	struct spin lock;
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
	_Atomic(uint32_t) step; /* that share[] is for */
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

/* Something in this partition may end at tick. Called with its lock. */
void table_note_expiry(struct table *t, uint32_t partition, uint32_t tick);

#endif
