/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * units: durations and sizes as people write them.
 *
 * A duration is digits and a unit: "500ms", "30s", "30m", "24h", "7d". A size is bytes in digits
 * with an optional K, M, G or T (powers of 1024; "64M" = 67108864). No sign, no fraction, no
 * space. A duration without a unit is refused (DHT_EUNITS), "0" alone is taken: nobody should
 * have to guess whether "30" was seconds.
 */
#ifndef DHT_BASE_UNITS_H
#define DHT_BASE_UNITS_H

#include <stdint.h>

#define UNITS_TEXT_MAX 24

/* DHT_EMALFORMED, DHT_EUNITS, or DHT_ERANGE when it does not fit 64 bits of milliseconds. */
int duration_parse(const char *text, uint64_t *out_ms);

/* The shortest exact form: 90000 is "90s", 1800000 is "30m". */
void duration_format(uint64_t ms, char text[static UNITS_TEXT_MAX]);

int size_parse(const char *text, uint64_t *out_bytes);
void size_format(uint64_t bytes, char text[static UNITS_TEXT_MAX]);

#endif
