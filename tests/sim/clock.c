/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"

#define MILLION UINT64_C(1000000)

/* No run lasts so long, and products with a million still fit. */
#define CLOCK_MAX_US (UINT64_C(1) << 43)

static uint64_t speed(const struct clock *c)
{
	return (uint64_t)((int64_t)MILLION + c->drift_ppm);
}

static uint64_t gone_us(const struct clock *c, uint64_t sim_us)
{
	return sim_us * speed(c) / MILLION;
}

uint64_t clock_mono_us(const struct clock *c, uint64_t sim_us)
{
	return c->epoch_us + gone_us(c, sim_us);
}

struct now clock_now(const struct clock *c, uint64_t sim_us)
{
	uint64_t gone = gone_us(c, sim_us);
	int64_t wall_ms = (int64_t)(CLOCK_WALL_MS + gone / 1000) + c->offset_ms;

	if (sim_us >= c->step_at_us)
		wall_ms += c->step_ms;
	return (struct now){.mono_us = c->epoch_us + gone, .wall_ms = (uint64_t)wall_ms};
}

uint64_t clock_sim_us(const struct clock *c, uint64_t mono_us)
{
	if (mono_us <= c->epoch_us)
		return 0;
	if (mono_us - c->epoch_us > CLOCK_MAX_US)
		return UINT64_MAX;
	return ((mono_us - c->epoch_us) * MILLION + speed(c) - 1) / speed(c);
}
