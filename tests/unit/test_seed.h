/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_seed: where a randomised test starts.
 *
 * Every run takes another seed and prints it; DHT_TEST_SEED (decimal, or hexadecimal behind 0x)
 * makes a run the same as an earlier one.
 */
#ifndef DHT_TESTS_TEST_SEED_H
#define DHT_TESTS_TEST_SEED_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t test_seed(void)
{
	const char *text = getenv("DHT_TEST_SEED");
	struct timespec now;
	uint64_t seed;

	if (text) {
		seed = strtoull(text, NULL, 0);
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		seed = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	}
	printf("DHT_TEST_SEED=0x%" PRIx64 "\n", seed);
	fflush(stdout);
	return seed;
}

#endif
