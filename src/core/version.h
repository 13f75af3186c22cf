/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * version: what says which of two copies of a record is the newer.
 *
 * A hybrid logical clock (Kulkarni et al., 2014) in one number:
 *
 *     63           16 15        1  0
 *     | wall ms (48) | count (15) | W |
 *
 * It follows the wall clock, never goes back when that does, and is above every version that was
 * shown to it. W says that the record was withdrawn; being the lowest bit it makes a withdrawal
 * win against an announcement of the very same stamp, on every server alike.
 *
 * One clock serves all workers of a server (an atomic, touched once for each change).
 */
#ifndef DHT_CORE_VERSION_H
#define DHT_CORE_VERSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct version_clock {
	_Atomic(uint64_t) last;
};

/* A stamp above every earlier one, with W clear. */
uint64_t version_next(struct version_clock *c, uint64_t wall_ms);

/* Another server's version: later stamps will be above it. */
void version_observe(struct version_clock *c, uint64_t version);

static inline bool version_is_withdrawal(uint64_t version)
{
	return version & 1;
}

static inline uint64_t version_withdrawal(uint64_t stamp)
{
	return stamp | 1;
}

static inline uint64_t version_wall_ms(uint64_t version)
{
	return version >> 16;
}

#endif
