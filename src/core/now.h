/* SPDX-License-Identifier: BSD-2-Clause */
/* now: the time as the core gets it, with each call. The core has no clock of its own. */
#ifndef DHT_CORE_NOW_H
#define DHT_CORE_NOW_H

#include <stdint.h>

struct now {
	uint64_t mono_us; /* never goes back, counts the machine's sleep too; for lifetimes */
	uint64_t wall_ms; /* since 1970, may step; only versions, cookies and AUTH look at it */
};

static inline uint64_t now_mono_ms(const struct now *n)
{
	return n->mono_us / 1000;
}

#endif
