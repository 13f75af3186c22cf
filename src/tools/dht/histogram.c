/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dht/histogram.h"

#include <stddef.h>

#define SUB_COUNT (UINT64_C(1) << HISTOGRAM_SUB_BITS)
#define LARGEST   ((UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1)

/* By how much a value's bits above its leading seven are cut off. */
static unsigned shift_of(uint64_t value)
{
	return value < SUB_COUNT ? 0 : 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
}

static size_t bucket(uint64_t value)
{
	unsigned shift = shift_of(value);

	return (size_t)(shift * SUB_COUNT + (value >> shift));
}

/* The largest value in a bucket. */
static uint64_t edge(size_t index)
{
	uint64_t shift = index < 2 * SUB_COUNT ? 0 : index / SUB_COUNT - 1;

	return ((index - shift * SUB_COUNT + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	if (value > LARGEST)
		value = LARGEST;
	h->counts[bucket(value)]++;
	h->total++;
	if (value > h->max)
		h->max = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->counts[i] += from->counts[i];
	into->total += from->total;
	if (from->max > into->max)
		into->max = from->max;
}

uint64_t histogram_percentile(const struct histogram *h, uint32_t part)
{
	uint64_t wanted = (h->total * part + 9999) / 10000, seen = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS && h->total > 0; i++) {
		seen += h->counts[i];
		if (seen >= wanted && seen > 0)
			return edge(i) < h->max ? edge(i) : h->max;
	}
	return h->max;
}
