/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/recent.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/keyed.h"
#include "base/spin.h"

#define ROW         8u
#define ROWS        (RECENT_SLOTS / ROW)
#define LOCKS       64u
#define TIME_BITS   24
#define TIME_MASK   ((1u << TIME_BITS) - 1)
#define TICKS_PER_S 16u

/* Workers' clocks differ by a batch of datagrams: this far in the future counts as now. */
#define MAX_AHEAD (10 * TICKS_PER_S)

/* A slot is fingerprint (40 bits) ‖ time (24 bits); 0 is empty. */
struct recent {
	uint8_t secret[16];
	uint32_t window; /* ticks */
	struct spin locks[LOCKS];
	void *memory;
	_Atomic(uint64_t) (*rows)[ROW]; /* in memory, each in one cache line */
};

_Static_assert(ROW * sizeof(uint64_t) == 64, "a row is a cache line");

struct recent *recent_new(const uint8_t secret[static 16], uint32_t window_ms)
{
	struct recent *r = calloc(1, sizeof(*r));

	assert(window_ms <= RECENT_WINDOW_MAX_MS);
	if (!r)
		return NULL;
	/* Not aligned_alloc(): zeroing it would touch all of it, and most is never used. */
	r->memory = calloc(1, sizeof(*r->rows) * (ROWS + 1));
	if (!r->memory) {
		free(r);
		return NULL;
	}
	uintptr_t start = (uintptr_t)r->memory;
	r->rows = (void *)((start + 63) & ~(uintptr_t)63);
	memcpy(r->secret, secret, sizeof(r->secret));
	r->window = window_ms / 1000 * TICKS_PER_S;
	return r;
}

void recent_free(struct recent *r)
{
	if (r)
		free(r->memory);
	free(r);
}

uint64_t recent_print(const struct recent *r, const void *data, size_t len)
{
	return keyed_hash64(r->secret, data, len);
}

static uint32_t ticks_of(uint64_t mono_ms)
{
	return (uint32_t)(mono_ms * TICKS_PER_S / 1000) & TIME_MASK;
}

static uint32_t age_of(uint64_t slot, uint32_t now)
{
	uint32_t age = (now - (uint32_t)slot) & TIME_MASK;

	return age > TIME_MASK - MAX_AHEAD ? 0 : age;
}

/* 40 bits that the row's number does not use, never 0. */
static uint64_t mark_of(uint64_t print)
{
	uint64_t mark = print >> TIME_BITS;

	return mark ? mark : 1;
}

static _Atomic(uint64_t) *row_of(const struct recent *r, uint64_t print)
{
	return r->rows[print % ROWS];
}

bool recent_has(const struct recent *r, uint64_t print, uint64_t mono_ms)
{
	_Atomic(uint64_t) *row = row_of(r, print);
	uint32_t now = ticks_of(mono_ms);

	for (size_t i = 0; i < ROW; i++) {
		uint64_t slot = atomic_load_explicit(&row[i], memory_order_relaxed);
		if (slot >> TIME_BITS == mark_of(print))
			return age_of(slot, now) <= r->window;
	}
	return false;
}

/* Its own slot, an empty one, or the oldest. */
static _Atomic(uint64_t) *slot_for(const struct recent *r, uint64_t print, uint32_t now)
{
	_Atomic(uint64_t) *row = row_of(r, print), *oldest = row;
	uint32_t oldest_age = 0;

	for (size_t i = 0; i < ROW; i++) {
		uint64_t slot = atomic_load_explicit(&row[i], memory_order_relaxed);
		if (slot == 0 || slot >> TIME_BITS == mark_of(print))
			return &row[i];
		if (age_of(slot, now) >= oldest_age) {
			oldest = &row[i];
			oldest_age = age_of(slot, now);
		}
	}
	return oldest;
}

bool recent_add(struct recent *r, uint64_t print, uint64_t mono_ms)
{
	struct spin *lock = &r->locks[print % ROWS % LOCKS];
	uint32_t now = ticks_of(mono_ms);

	spin_lock(lock);
	bool there = recent_has(r, print, mono_ms);
	if (!there)
		atomic_store_explicit(slot_for(r, print, now), mark_of(print) << TIME_BITS | now,
			memory_order_relaxed);
	spin_unlock(lock);
	return !there;
}
