/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recent: what was carried out lately, so that it is not carried out twice.
 *
 * A set of keyed fingerprints of (source, transaction id, …) with their time, in memory of a fixed
 * size: rows of 8 slots of 8 bytes (40 bits of fingerprint, 24 of time in 1/16 s). When a row is
 * full the oldest is forgotten; so it remembers its window's time or the last RECENT_SLOTS or so
 * changes, whichever is less. A false 'seen' happens once in 2^37 questions. Asking takes no lock,
 * adding one of many: of two workers that add the same at once, one is told that it was there.
 */
#ifndef DHT_CORE_RECENT_H
#define DHT_CORE_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECENT_SLOTS         (1u << 18)
#define RECENT_WINDOW_MAX_MS (24 * 3600 * 1000)

struct recent;

/* Remembers for window_ms, up to RECENT_WINDOW_MAX_MS. NULL when there is no memory. */
struct recent *recent_new(const uint8_t secret[static 16], uint32_t window_ms);
void recent_free(struct recent *r);

/* A fingerprint of some bytes under the set's secret. */
uint64_t recent_print(const struct recent *r, const void *data, size_t len);

bool recent_has(const struct recent *r, uint64_t print, uint64_t mono_ms);

/* False when it was there already. */
bool recent_add(struct recent *r, uint64_t print, uint64_t mono_ms);

#endif
