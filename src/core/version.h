/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * version: what says which of two copies of a record is the newer.
 *
 * A hybrid logical clock (Kulkarni et al., 2014) in one number:
 *
 *     63           20 19        2  1   0
 *     | wall ms (44) | count (18) | S | W |
 *
 * It follows the wall clock (until the year 2527), never goes back when that does, and is above
 * every version that was shown to it. Two servers that change one record at the same moment must
 * not come to the same stamp, for then each would take the other's change for its own: in each
 * millisecond the count begins somewhere in its first quarter and goes on by up to 256, both as
 * each server draws for itself. Behind another server's version, where all whose clocks are behind
 * find themselves together, it first leaps by up to a sixteenth of the count. That leaves more
 * than 1500 stamps for a millisecond, on average, before the next one is borrowed. W says that the
 * record was withdrawn; being the lowest bit it makes a withdrawal win against an announcement of
 * the very same stamp, on every server alike.
 *
 * S says 'shortened': the record took the place of a copy that would have lived longer, so that
 * copies like it elsewhere may outlive it. It is knowledge about a version, not a part of it, and
 * never takes part in comparing: whoever compares uses version_order().
 *
 * One clock serves all workers of a server (an atomic, touched once for each change).
 */
#ifndef DHT_CORE_VERSION_H
#define DHT_CORE_VERSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define VERSION_WALL_SHIFT 20

struct version_clock {
	_Atomic(uint64_t) last;
	uint64_t salt; /* its server's own: what the steps are drawn from */
};

void version_clock_init(struct version_clock *c, uint64_t salt);

/* A stamp above every earlier one, with S and W clear. */
uint64_t version_next(struct version_clock *c, uint64_t wall_ms);

/* Another server's version: later stamps will be above it. */
void version_observe(struct version_clock *c, uint64_t version);

/* What comes before what: the version without S. */
static inline uint64_t version_order(uint64_t version)
{
	return version & ~UINT64_C(2);
}

static inline bool version_is_withdrawal(uint64_t version)
{
	return version & 1;
}

static inline uint64_t version_withdrawal(uint64_t stamp)
{
	return stamp | 1;
}

/* Of the tombstone that a record of this version leaves. */
static inline uint64_t version_tombstone(uint64_t version)
{
	return version_withdrawal(version_order(version));
}

static inline bool version_is_shortened(uint64_t version)
{
	return version & 2;
}

static inline uint64_t version_shortened(uint64_t version)
{
	return version | 2;
}

/* The least version of this moment. */
static inline uint64_t version_at(uint64_t wall_ms)
{
	return wall_ms << VERSION_WALL_SHIFT;
}

static inline uint64_t version_wall_ms(uint64_t version)
{
	return version >> VERSION_WALL_SHIFT;
}

#endif
