/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring_cost: what a candidate costs for a partition; part of ring, and of its tests.
 *
 *     seed = SipHash-2-4(a public key, IP ‖ PORT)                     once for a candidate
 *     turn = a permutation of the partitions that the seed chooses, at this partition
 *     h    = turn × 2^50 + (splitmix64's finaliser(seed ^ partition × an odd number) >> 14)
 *     log  = -log2(h / 2^64), in 2^-48ths
 *     cost = log / weight, rounded down
 *
 * The turns are there to spread the load: each candidate has each height of h in one partition, so
 * that it is one of the best about as often as any other. With 64 candidates and 3 replicas the
 * loads' deviation is 2 % of their mean, where independent numbers would have 3.5 %, and the
 * fullest has 1.05 times the mean and next to never 1.1. Between two candidates turns are as if
 * independent. To find one costs four rounds of add, multiply and shift modulo 2^14, each of which
 * can be undone.
 *
 * The logarithm is interpolated between 257 points. It is at most 2.8e-6 too high and never too
 * low (but for 2e-10, the points' rounding), and where it is next to 0, which is where owners are
 * found among many, 0.1 % too high at most. Candidates of one weight don't notice, for it still
 * grows as h falls; between two weights, that is how far their shares can be off.
 *
 * Integers only, and every shift and product is below 2^64 for weights up to 255, so that every
 * machine, compiler and optimisation comes to the same.
 */
#ifndef DHT_CORE_RING_COST_H
#define DHT_CORE_RING_COST_H

#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "core/table.h"

#define RING_LOG2_STEPS 256
#define RING_COST_BITS  48                               /* behind the point */
#define RING_COST_MAX   (UINT64_C(64) << RING_COST_BITS) /* of h = 0 and weight 1 */

_Static_assert(TABLE_PARTITIONS == 1 << 14, "a turn has 14 bits");

/* log2(1 + i/256) in 2^-31sts, rounded to the nearest. */
extern const uint32_t ring_log2[RING_LOG2_STEPS + 1];

uint64_t ring_seed(const struct addr *id);

/* 0 to TABLE_PARTITIONS - 1; another one for each partition. */
static inline uint32_t ring_turn(uint64_t seed, uint32_t partition)
{
	const uint32_t mask = TABLE_PARTITIONS - 1;
	uint32_t x = partition;

	for (uint32_t key = 0; key < 64; key += 16) {
		x = (x + (uint32_t)(seed >> key)) & mask;
		x = x * 0x2c1b & mask;
		x ^= x >> 7;
	}
	return x;
}

static inline uint64_t ring_hash(uint64_t seed, uint32_t partition)
{
	uint64_t low = rng_mix(seed ^ partition * UINT64_C(0x9e3779b97f4a7c15)) >> 14;

	return (uint64_t)ring_turn(seed, partition) << 50 | low;
}

/* -log2(h / 2^64), with the lowest bit of h taken for set. From 1 to RING_COST_MAX, and never more
 * for a higher h. */
static inline uint64_t ring_log(uint64_t h)
{
	unsigned zeros = (unsigned)__builtin_clzll(h | 1);
	uint64_t m = (h | 1) << zeros;                   /* 1.xxx: the highest bit is set */
	uint64_t i = m >> 55 & 255;                      /* the next 8: between which points */
	uint64_t way = m >> 15 & UINT64_C(0xffffffffff); /* the next 40: how far along */
	uint64_t step = ring_log2[i + 1] - ring_log2[i]; /* below 2^24 */
	uint64_t log2_m = ((uint64_t)ring_log2[i] << 17) + (step * way >> 23);

	return ((uint64_t)(zeros + 1) << RING_COST_BITS) - log2_m;
}

#endif
