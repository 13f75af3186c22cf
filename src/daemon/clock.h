/* SPDX-License-Identifier: BSD-2-Clause */
/* clock: the one place that reads clocks. All calls but clock_worked_us() are answered without
 * entering the kernel. */
#ifndef DHT_DAEMON_CLOCK_H
#define DHT_DAEMON_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "core/now.h"

static inline uint64_t clock_read_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static inline struct now clock_now(void)
{
	/* Boot time goes on while the machine sleeps: what expired meanwhile has expired. */
	return (struct now){
		.mono_us = clock_read_us(CLOCK_BOOTTIME),
		.wall_ms = clock_read_us(CLOCK_REALTIME) / 1000,
	};
}

/* CLOCK_MONOTONIC, which stands while the machine sleeps: for waits and the watchdog. */
static inline uint64_t clock_monotonic_us(void)
{
	return clock_read_us(CLOCK_MONOTONIC);
}

/* The time of day, which may be set: for people. */
static inline uint64_t clock_wall_us(void)
{
	return clock_read_us(CLOCK_REALTIME);
}

/* What the calling thread has worked. */
static inline uint64_t clock_worked_us(void)
{
	return clock_read_us(CLOCK_THREAD_CPUTIME_ID);
}

#endif
