/* SPDX-License-Identifier: BSD-2-Clause */
/* clock: the one place that reads clocks. All calls are answered without entering the kernel. */
#ifndef DHT_DAEMON_CLOCK_H
#define DHT_DAEMON_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "core/now.h"

static inline struct now clock_now(void)
{
	struct timespec mono, wall;

	/* Boot time goes on while the machine sleeps: what expired meanwhile has expired. */
	clock_gettime(CLOCK_BOOTTIME, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct now){
		.mono_us = (uint64_t)mono.tv_sec * 1000000 + (uint64_t)mono.tv_nsec / 1000,
		.wall_ms = (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000,
	};
}

/* CLOCK_MONOTONIC, which stands while the machine sleeps: for waits and the watchdog. */
static inline uint64_t clock_monotonic_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

#endif
