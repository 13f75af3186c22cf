/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * late: how long other servers took to answer this lane of late, and so whom to ask first and when
 * to ask somebody else.
 *
 * A smoothed time for each slot of the view (view.h), from questions that were answered at their
 * first try. Who let a question go unanswered for longer than it usually takes stands behind the
 * others for LATE_SLOW_US: then it is tried again, for nobody is asked only once in his life.
 */
#ifndef DHT_CORE_LATE_H
#define DHT_CORE_LATE_H

#include <stdint.h>

#include "core/view.h"

#define LATE_PATIENCE_MIN_US 20000
#define LATE_PATIENCE_MAX_US 200000
#define LATE_SLOW_US         2000000

struct late_peer {
	struct addr id;
	uint32_t usual_us; /* 0: not known */
	uint64_t slow_until_us;
};

struct late {
	struct late_peer peers[RING_SLOTS];
};

/* Starts as all zero. A member took so long to answer. */
void late_answered(struct late *l, uint16_t slot, const struct addr *id, uint64_t took_us);

/* It has not answered in time. */
void late_missed(struct late *l, uint16_t slot, const struct addr *id, uint64_t now_us);

/* How long an answer is waited for before somebody else is asked. */
uint64_t late_patience_us(const struct late *l, uint16_t slot, const struct addr *id);

/* The lower the better to ask. Members that are about as quick as each other are told apart by
 * salt alone, so that their load is alike; a suspect is the last. */
uint32_t late_rank(
	const struct late *l, const struct view *v, uint16_t slot, uint32_t salt, uint64_t now_us);

#endif
