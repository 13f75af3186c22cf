/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define DAY_MS (86400 * 1000)

struct unit {
	const char *name;
	uint64_t factor;
};

/* Smallest first: formatting takes the last that divides. */
static const struct unit durations[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", DAY_MS}};
static const struct unit sizes[] = {
	{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", UINT64_C(1) << 40}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The digits at the start of text; *rest is what follows them. */
static int digits_parse(const char *text, uint64_t *out, const char **rest)
{
	uint64_t v = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return DHT_ERANGE;
	*out = v;
	*rest = p;
	return p == text ? DHT_EMALFORMED : 0;
}

static int scaled_parse(const char *text, const struct unit *units, size_t n, uint64_t *out)
{
	const char *rest;
	uint64_t v;
	int err = digits_parse(text, &v, &rest);

	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rest, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(v, units[i].factor, &v))
			return DHT_ERANGE;
		*out = v;
		return 0;
	}
	if (v == 0 && *rest == '\0') {
		*out = 0;
		return 0;
	}
	return DHT_EUNITS;
}

static void scaled_format(uint64_t v, const struct unit *units, size_t n, char *text)
{
	const struct unit *best = &units[0];

	for (size_t i = 1; i < n; i++)
		if (v != 0 && v % units[i].factor == 0)
			best = &units[i];
	if (v == 0)
		snprintf(text, UNITS_TEXT_MAX, "0");
	else
		snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "%s", v / best->factor, best->name);
}

int duration_parse(const char *text, uint64_t *out_ms)
{
	return scaled_parse(text, durations, COUNT(durations), out_ms);
}

void duration_format(uint64_t ms, char text[static UNITS_TEXT_MAX])
{
	/* Below a week in hours, as most people write it. */
	scaled_format(ms, durations, COUNT(durations) - (ms < UINT64_C(7) * DAY_MS), text);
}

int size_parse(const char *text, uint64_t *out_bytes)
{
	return scaled_parse(text, sizes, COUNT(sizes), out_bytes);
}

void size_format(uint64_t bytes, char text[static UNITS_TEXT_MAX])
{
	scaled_format(bytes, sizes, COUNT(sizes), text);
}
