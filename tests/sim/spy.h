/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spy: who has one key, for whoever looks for a fault: a line each second in which that changes,
 * and what becomes of requests that change it.
 *
 *     0:C [1 0 3|2] 2a40003@302.7   server 0 has all of the partition (C; P: not yet, -: nothing;
 *                                   u: is not settled), takes these for the owners and the next,
 *                                   and has this version until then (W: withdrawn)
 */
#ifndef DHT_TESTS_SIM_SPY_H
#define DHT_TESTS_SIM_SPY_H

#include "sim.h"

struct ask;
struct node;

/* Changes nothing, the trace neither. */
void spy(struct sim *s);

/* A request for it comes to a server (status < 0), or is answered. */
void spy_change(struct sim *s, const struct node *n, const struct ask *r, uint32_t i, int status);

#endif
