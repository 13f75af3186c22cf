/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rng: a seeded generator for choices that need to be fair, not secret.
 *
 * xoshiro256** by Blackman and Vigna (prng.di.unimi.it, public domain), seeded through splitmix64.
 * The same seed gives the same numbers on every machine. Anything that an outsider must not guess
 * (keys, cookies' secrets, a client's transaction ids) comes from outside as bytes instead.
 */
#ifndef DHT_BASE_RNG_H
#define DHT_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);

/* Uniform in [0, bound), without modulo bias (Lemire, "Fast Random Integer Generation in an
 * Interval"). bound must not be 0. */
uint32_t rng_below(struct rng *r, uint32_t bound);

/* The last step of splitmix64 (Steele, Lea, Flood, 2014; Vigna's constants): one to one, and every
 * bit of the result hangs on every bit of z. */
static inline uint64_t rng_mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

#endif
