/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chaos: when what goes wrong, and when it stops.
 *
 *     start ─▶ faults ─▶ heal ─▶ audit ─▶ faults ─▶ heal ─▶ audit … ─▶ clients go ─▶ is it quiet?
 * ─▶ over
 *
 * Faults of each class come at times of their own, exponentially distributed around what the plan
 * says. Cuts are of one server, of two halves, of one pair or of all from all, in both directions
 * or one, and may overlap.
 */
#ifndef DHT_TESTS_SIM_CHAOS_H
#define DHT_TESTS_SIM_CHAOS_H

#include "sim.h"

struct chaos *chaos_new(struct sim *s);
void chaos_free(struct chaos *c);

/* Starts the servers and everything else. */
void chaos_start(struct sim *s);

/* The audit has found nothing. */
void chaos_audited(struct sim *s);

#endif
