/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/limit.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/keyed.h"

#define SLOTS    65536u
#define ROW      4u
#define TAG_BITS 14
#define DUE_BITS (64 - TAG_BITS)
#define DUE_MASK ((UINT64_C(1) << DUE_BITS) - 1)

/* Due times count in quarters of a microsecond: exact for a million requests a second, and 50 bits
 * of them last for 8 years of uptime. */
#define UNITS_PER_US 4u
#define UNITS_PER_S  (1000000u * UNITS_PER_US)

/* A slot is TAG (14 bits) ‖ the time at which its source will have paid (50 bits). */
struct limit {
	uint8_t secret[16];
	_Atomic(uint64_t) slots[SLOTS];
};

struct limit *limit_new(const uint8_t secret[static 16])
{
	struct limit *l = calloc(1, sizeof(*l));

	if (l)
		memcpy(l->secret, secret, sizeof(l->secret));
	return l;
}

void limit_free(struct limit *l)
{
	free(l);
}

/* An IPv6 host has a /64 to choose addresses from. */
static uint64_t source_print(const struct limit *l, const struct ip *ip)
{
	return keyed_hash64(l->secret, ip->b, ip_is_v4(ip) ? sizeof(ip->b) : 8);
}

static uint64_t tag_of(uint64_t slot)
{
	return slot >> DUE_BITS;
}

/* The source's own slot, or the one in its row that has paid for the longest. */
static _Atomic(uint64_t) *find_slot(_Atomic(uint64_t) *row, uint64_t tag, uint64_t *value)
{
	_Atomic(uint64_t) *best = row;

	*value = atomic_load_explicit(row, memory_order_relaxed);
	for (size_t i = 1; i < ROW && tag_of(*value) != tag; i++) {
		uint64_t v = atomic_load_explicit(&row[i], memory_order_relaxed);
		if (tag_of(v) != tag && (v & DUE_MASK) >= (*value & DUE_MASK))
			continue;
		*value = v;
		best = &row[i];
	}
	return best;
}

bool limit_allow(struct limit *l, const struct ip *ip, uint32_t rate_per_s, uint64_t mono_us)
{
	assert(rate_per_s != 0);
	uint64_t print = source_print(l, ip);
	uint64_t tag = print >> DUE_BITS;
	_Atomic(uint64_t) *row = &l->slots[print % (SLOTS / ROW) * ROW];
	uint64_t now = mono_us * UNITS_PER_US & DUE_MASK;
	uint64_t cost = 1 + (UNITS_PER_S - 1) / rate_per_s;
	uint64_t old = 0;

	/* Another worker may take the slot meanwhile; who loses three times was lucky. */
	for (int try = 0; try < 3; try++) {
		_Atomic(uint64_t) *slot = find_slot(row, tag, &old);
		uint64_t due = tag_of(old) == tag ? old & DUE_MASK : 0;
		if (due < now)
			due = now;
		if (due - now >= UNITS_PER_S)
			return false;
		uint64_t next = tag << DUE_BITS | ((due + cost) & DUE_MASK);
		if (atomic_compare_exchange_strong_explicit(
			    slot, &old, next, memory_order_relaxed, memory_order_relaxed))
			return true;
	}
	return true;
}
