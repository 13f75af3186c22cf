/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit: so many requests a second for each source, in memory of a fixed size.
 *
 * The generic cell rate algorithm (ITU-T I.371): a source has one number, the time at which it
 * will have paid for all that it sent; a request is allowed while that is less than a second ahead
 * (so a burst of one second's worth is free). A source is an IPv4 address or an IPv6 /64.
 *
 * 65536 slots of 8 bytes in rows of 4, found by a keyed hash; when a row is full, the source that
 * has paid for the longest is forgotten, which can only forgive. Two sources that share a slot (one
 * in 16384 for sources of the same row) share a rate. Slots are atomics: workers share the table
 * without a lock.
 */
#ifndef DHT_CORE_LIMIT_H
#define DHT_CORE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct limit;

/* NULL when there is no memory. secret: 16 random bytes. */
struct limit *limit_new(const uint8_t secret[static 16]);
void limit_free(struct limit *l);

/* Counts one request of ip's; false when it is over rate_per_s (at least 1). */
bool limit_allow(struct limit *l, const struct ip *ip, uint32_t rate_per_s, uint64_t mono_us);

#endif
