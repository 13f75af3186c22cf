/* SPDX-License-Identifier: BSD-2-Clause */
/* chance: draws that are whole numbers, so that they come out alike on every machine. */
#ifndef DHT_TESTS_SIM_CHANCE_H
#define DHT_TESTS_SIM_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

#define CHANCE_SURE 1000000u

/* True in so many of a million. */
static inline bool chance(struct rng *rng, uint32_t millionths)
{
	return rng_below(rng, CHANCE_SURE) < millionths;
}

static inline uint64_t chance_between(struct rng *rng, uint64_t least, uint64_t most)
{
	return least + rng_u64(rng) % (most - least + 1);
}

/* Exponentially distributed around mean (below 2^40). */
uint64_t chance_wait(struct rng *rng, uint64_t mean);

#endif
