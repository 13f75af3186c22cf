/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/version.h"

#define FLAGS     UINT64_C(3) /* S and W */
#define STAMP_MAX (UINT64_MAX - FLAGS)
#define WALL_BITS 48

/* Above every version seen so far, with S and W clear. At the end of all numbers it stays there:
 * who feeds it such versions was to refuse them. */
static uint64_t stamp_after(uint64_t last, uint64_t wall_ms)
{
	uint64_t wall = wall_ms < UINT64_C(1) << WALL_BITS ? wall_ms << 16 : STAMP_MAX;

	if (wall > last)
		return wall;
	return last < STAMP_MAX ? (last | FLAGS) + 1 : STAMP_MAX;
}

uint64_t version_next(struct version_clock *c, uint64_t wall_ms)
{
	uint64_t last = atomic_load_explicit(&c->last, memory_order_relaxed), next;

	do {
		next = stamp_after(last, wall_ms);
	} while (!atomic_compare_exchange_weak_explicit(
		&c->last, &last, next, memory_order_relaxed, memory_order_relaxed));
	return next;
}

void version_observe(struct version_clock *c, uint64_t version)
{
	uint64_t last = atomic_load_explicit(&c->last, memory_order_relaxed);
	uint64_t order = version_order(version);

	while (last < order && !atomic_compare_exchange_weak_explicit(&c->last, &last, order,
				       memory_order_relaxed, memory_order_relaxed))
		;
}
