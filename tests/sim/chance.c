/* SPDX-License-Identifier: BSD-2-Clause */
#include "chance.h"

#define LN2_16 45426 /* ln 2 × 2^16 */

/*
 * -ln(u) for u in (0, 1], in 2^-16ths: u is 2^-k × (1 + f) / 2, and log2(1 + f) is f + 0.344 f (1 -
 * f) but for 1 %, which nothing here can tell from an exponential distribution.
 */
static uint64_t minus_ln(uint64_t u)
{
	unsigned k = (unsigned)__builtin_clzll(u | 1);
	uint64_t f = ((u | 1) << k) >> 47 & 0xffff;
	uint64_t log2 = f + (22544 * (f * (65536 - f) >> 16) >> 16);

	return (((uint64_t)(k + 1) << 16) - log2) * LN2_16 >> 16;
}

uint64_t chance_wait(struct rng *rng, uint64_t mean)
{
	return mean * minus_ln(rng_u64(rng)) >> 16;
}
