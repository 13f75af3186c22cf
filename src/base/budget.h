/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget: how many bytes something may take, shared by all that take them.
 *
 * An amount is taken before the memory is asked for and given back after it was freed, so that
 * used never exceeds max, whichever threads take at once.
 */
#ifndef DHT_BASE_BUDGET_H
#define DHT_BASE_BUDGET_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct budget {
	_Atomic(uint64_t) used;
	_Atomic(uint64_t) max; /* 0: no limit. May be lowered under used: then nothing is given */
};

/* False, and nothing taken, when that would pass the limit. */
static inline bool budget_take(struct budget *b, uint64_t amount)
{
	uint64_t max = atomic_load_explicit(&b->max, memory_order_relaxed);
	uint64_t was = atomic_load_explicit(&b->used, memory_order_relaxed);

	do {
		if (max && was + amount > max)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&b->used, &was, was + amount, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static inline void budget_give(struct budget *b, uint64_t amount)
{
	uint64_t was = atomic_fetch_sub_explicit(&b->used, amount, memory_order_relaxed);
	assert(was >= amount);
}

static inline uint64_t budget_used(const struct budget *b)
{
	return atomic_load_explicit(&b->used, memory_order_relaxed);
}

#endif
