/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: one run and what came of it, runs in processes of their own, and the smallest that fails.
 *
 * Each run has a process: a core that aborts, or that a sanitizer ends, is an outcome too.
 */
#ifndef DHT_TESTS_SIM_RUN_H
#define DHT_TESTS_SIM_RUN_H

#include "sim.h"

struct outcome {
	struct plan_options options;
	uint64_t trace, sim_us, spent_us;
	uint64_t tally[TALLY_COUNT];
	struct sim_failure failure;
};

/* Runs in this process; trace: each line of what happens goes to standard output. */
void run_here(const struct plan_options *options, bool trace, struct outcome *out);

/* Runs in a process of its own. */
void run_apart(const struct plan_options *options, struct outcome *out);

/* Runs the seeds first to last, at most jobs at a time; tells of each as it ends. When done gives
 * false, no more are begun. */
void run_many(const struct plan_options *options, uint64_t first, uint64_t last, unsigned jobs,
	bool (*done)(void *to, const struct outcome *out), void *to);

/* Makes a failing run smaller as long as it fails: fewer classes of faults, fewer servers, an
 * earlier end. */
void run_shrink(struct outcome *failing);

#endif
