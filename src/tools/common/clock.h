/* SPDX-License-Identifier: BSD-2-Clause */
/* clock: times and deadlines, in milliseconds of a clock that nobody sets. */
#ifndef DHT_TOOLS_CLOCK_H
#define DHT_TOOLS_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER UINT64_MAX

static inline uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What is left until end, as poll() takes it: 0 when it has passed, -1 for CLOCK_NEVER. */
static inline int clock_left_ms(uint64_t end_ms)
{
	uint64_t now = clock_ms();

	if (end_ms == CLOCK_NEVER)
		return -1;
	if (end_ms <= now)
		return 0;
	return end_ms - now > INT_MAX ? INT_MAX : (int)(end_ms - now);
}

#endif
