/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * histogram: how often each latency was seen, in a fixed amount of memory.
 *
 * Buckets are 64 to each power of two, so that a percentile is off by less than 1.6 % (the layout
 * of HdrHistogram). Values above 2^40 ns, 18 minutes, count as that.
 */
#ifndef DHT_TOOLS_DHT_HISTOGRAM_H
#define DHT_TOOLS_DHT_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_MAX_BITS 40
#define HISTOGRAM_BUCKETS  ((HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 2) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t total;
	uint64_t max;
};

void histogram_add(struct histogram *h, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The value that part of 10000 are not above (9990: the 99.9th percentile); 0 when it is empty. */
uint64_t histogram_percentile(const struct histogram *h, uint32_t part);

#endif
