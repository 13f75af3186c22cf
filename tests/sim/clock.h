/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: one machine's clocks, as functions of the simulated time.
 *
 * The monotonic clock starts anywhere and drifts; the wall clock drifts with it, is off, and may
 * step once. Whole numbers only, so that every machine comes to the same.
 */
#ifndef DHT_TESTS_SIM_CLOCK_H
#define DHT_TESTS_SIM_CLOCK_H

#include <stdint.h>

#include "core/now.h"

#define CLOCK_WALL_MS UINT64_C(1750000000000) /* the true wall clock at time 0 */

struct clock {
	uint64_t epoch_us; /* monotonic, at time 0 */
	int32_t drift_ppm; /* faster than the true time */
	int64_t offset_ms; /* of the wall clock */
	int64_t step_ms;   /* added to it from step_at_us on */
	uint64_t step_at_us;
};

uint64_t clock_mono_us(const struct clock *c, uint64_t sim_us);
struct now clock_now(const struct clock *c, uint64_t sim_us);

/* The first simulated time at which the monotonic clock shows mono_us or more; UINT64_MAX:
 * never. */
uint64_t clock_sim_us(const struct clock *c, uint64_t mono_us);

#endif
