/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/version.h"

#include "base/rng.h"

#define FLAGS      UINT64_C(3) /* S and W */
#define FIRST_BITS 16          /* of the count: where a millisecond's stamps begin */
#define STEP_BITS  8
#define LEAP_BITS  14
#define STAMP_MAX  (UINT64_MAX - FLAGS)
#define WALL_BITS  (64 - VERSION_WALL_SHIFT)

void version_clock_init(struct version_clock *c, uint64_t salt)
{
	atomic_init(&c->last, 0);
	c->salt = salt;
}

/* Above every version seen so far, with S and W clear. At the end of all numbers it stays there:
 * who feeds it such versions was to refuse them. */
static uint64_t stamp_after(const struct version_clock *c, uint64_t last, uint64_t wall_ms)
{
	uint64_t wall = wall_ms < UINT64_C(1) << WALL_BITS ? version_at(wall_ms) : STAMP_MAX;
	uint64_t drawn = rng_mix(c->salt + (wall > last ? wall : last));

	if (wall == STAMP_MAX)
		return STAMP_MAX;
	if (wall > last)
		return wall + (drawn >> (64 - FIRST_BITS)) * (FLAGS + 1);
	uint64_t step = ((drawn >> (64 - STEP_BITS)) + 1) * (FLAGS + 1);
	last &= ~FLAGS;
	return last < STAMP_MAX - step ? last + step : STAMP_MAX;
}

uint64_t version_next(struct version_clock *c, uint64_t wall_ms)
{
	uint64_t last = atomic_load_explicit(&c->last, memory_order_relaxed), next;

	do {
		next = stamp_after(c, last, wall_ms);
	} while (!atomic_compare_exchange_weak_explicit(
		&c->last, &last, next, memory_order_relaxed, memory_order_relaxed));
	return next;
}

/* Others begin behind this one as well, each somewhere else. */
static uint64_t leap_from(const struct version_clock *c, uint64_t order)
{
	uint64_t leap = (rng_mix(c->salt ^ order) >> (64 - LEAP_BITS)) * (FLAGS + 1);

	return order < STAMP_MAX - leap ? order + leap : order;
}

void version_observe(struct version_clock *c, uint64_t version)
{
	uint64_t last = atomic_load_explicit(&c->last, memory_order_relaxed);
	uint64_t order = version_order(version);

	while (last < order &&
		!atomic_compare_exchange_weak_explicit(&c->last, &last, leap_from(c, order),
			memory_order_relaxed, memory_order_relaxed))
		;
}
