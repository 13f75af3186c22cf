/* SPDX-License-Identifier: BSD-2-Clause */
/* rates: what happened between two answers of GetStats, as a line for people. */
#ifndef DHT_TOOLS_DHTCTL_RATES_H
#define DHT_TOOLS_DHTCTL_RATES_H

#include <jansson.h>
#include <stdint.h>

#define RATES_LINE_MAX 128

/* The head of the lines. */
extern const char rates_head[];

/* Rates are per second, over this time; of a counter that went back (another daemon's) 0. Records
 * and memory are those of after. */
void rates_line(const json_t *before, const json_t *after, uint64_t elapsed_ms,
	char out[static RATES_LINE_MAX]);

#endif
