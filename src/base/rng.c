/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/rng.h"

#include <assert.h>

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

void rng_init(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		r->s[i] = rng_mix(seed);
	}
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint32_t rng_below(struct rng *r, uint32_t bound)
{
	assert(bound != 0);
	uint64_t m = (rng_u64(r) >> 32) * bound;

	if ((uint32_t)m < bound) {
		uint32_t threshold = -bound % bound;
		while ((uint32_t)m < threshold)
			m = (rng_u64(r) >> 32) * bound;
	}
	return (uint32_t)(m >> 32);
}
