/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text: making text safe and pleasant to show.
 *
 * What comes from the network, from file names or from a command line may hold anything: escape
 * sequences for a terminal, line ends, bytes that are not UTF-8. It passes through here on its
 * way out.
 */
#ifndef DHT_TOOLS_TEXT_H
#define DHT_TOOLS_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_DURATION_MAX 32

/* Puts a '?' in place of line ends and, when for_terminal, of every other control character. */
void text_clean(char *s, bool for_terminal);

/* How many columns UTF-8 text takes, one for each character. */
size_t text_width(const char *s);

/* A JSON string, for the caller to hand on; what is not UTF-8 gets a '?' for each byte. NULL
 * without memory. */
json_t *text_json(const char *s);

/* The two largest units: "2d 3h", "29m 58s", "12s". */
void text_duration(uint64_t seconds, char out[static TEXT_DURATION_MAX]);

/* "31 us", "1.25 ms", "2.50 s". */
void text_micros(uint64_t us, char out[static TEXT_DURATION_MAX]);

/* "512 B", "1.5 KiB", "12.0 GiB". */
void text_bytes(uint64_t bytes, char out[static TEXT_DURATION_MAX]);

/* A duration as base/units.h has it, or digits alone, which are seconds. false for anything else,
 * and for what does not fit. */
bool text_parse_ms(const char *text, uint64_t *out_ms);

/* Decimal digits only, at most max. */
bool text_parse_number(const char *text, uint64_t max, uint64_t *out);

#endif
