/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load: one connection that keeps a server busy, for dht bench.
 *
 * A closed loop: depth requests are always under way, and each that ends starts the next, until the
 * time is over. Each load has its own handle, thread and histograms and shares nothing.
 */
#ifndef DHT_TOOLS_DHT_LOAD_H
#define DHT_TOOLS_DHT_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rng.h"
#include "client/dht.h"
#include "tools/dht/histogram.h"

enum load_operation {
	LOAD_GET,
	LOAD_PUT,
	LOAD_OPERATIONS,
};

struct load_plan {
	const struct dht_hash *hashes;
	uint32_t hash_count;
	uint32_t get_percent;
	uint32_t depth;
	uint32_t duration_ms;
	uint32_t ttl_s; /* of the puts */
};

struct load {
	const struct load_plan *plan;
	struct dht *dht; /* the caller's; closed in the end */
	struct rng rng;
	uint64_t end_ns;
	size_t in_flight;

	/* Results. */
	struct histogram latency_ns[LOAD_OPERATIONS];
	uint64_t errors;
	int first_error; /* enum dht_error */
	uint64_t run_ns;
};

/* arg is a struct load, which has its plan, dht and a seeded rng and zeros otherwise; a thread's
 * function. Requests that have no end 2 s after the time are given up and count as errors. */
void *load_run(void *arg);

#endif
