/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* The bytes of the character at s: 1 for what is not UTF-8. */
static size_t character_length(const unsigned char *s)
{
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 1;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* Whether this character of n bytes is one: U+0000 to U+001F, and U+007F to U+009F, also as the one
 * byte that names in another encoding have and some terminals obey. */
static bool is_control(const unsigned char *s, size_t n)
{
	if (n == 1)
		return s[0] < 0x20 || (s[0] >= 0x7f && s[0] < 0xa0);
	return s[0] == 0xc2 && s[1] < 0xa0;
}

void text_clean(char *s, bool for_terminal)
{
	while (*s) {
		size_t n = character_length((const unsigned char *)s);
		bool bad = is_control((const unsigned char *)s, n);
		if (bad && (for_terminal || *s == '\n' || *s == '\r'))
			memset(s, '?', n);
		s += n;
	}
}

size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

json_t *text_json(const char *s)
{
	json_t *value = json_string(s);
	char *ascii;

	if (value)
		return value;
	ascii = strdup(s);
	if (!ascii)
		return NULL;
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	value = json_string(ascii);
	free(ascii);
	return value;
}

void text_duration(uint64_t seconds, char out[static TEXT_DURATION_MAX])
{
	static const struct {
		uint64_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;
	int n;

	while (units[i].seconds > 1 && seconds < units[i].seconds)
		i++;
	n = snprintf(out, TEXT_DURATION_MAX, "%" PRIu64 "%c", seconds / units[i].seconds,
		units[i].letter);
	seconds %= units[i].seconds;
	if (units[i].seconds > 1 && seconds >= units[i + 1].seconds)
		snprintf(out + n, (size_t)(TEXT_DURATION_MAX - n), " %" PRIu64 "%c",
			seconds / units[i + 1].seconds, units[i + 1].letter);
}

void text_micros(uint64_t us, char out[static TEXT_DURATION_MAX])
{
	if (us < 1000)
		snprintf(out, TEXT_DURATION_MAX, "%" PRIu64 " us", us);
	else if (us < 1000 * 1000)
		snprintf(out, TEXT_DURATION_MAX, "%.2f ms", (double)us / 1e3);
	else
		snprintf(out, TEXT_DURATION_MAX, "%.2f s", (double)us / 1e6);
}

void text_bytes(uint64_t bytes, char out[static TEXT_DURATION_MAX])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double v = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(out, TEXT_DURATION_MAX, "%" PRIu64 " B", bytes);
		return;
	}
	for (; v >= 1024 && i < 3; i++)
		v /= 1024;
	snprintf(out, TEXT_DURATION_MAX, "%.1f %s", v, units[i]);
}

bool text_parse_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*text - '0'), &v) || v > max)
			return false;
	}
	*out = v;
	return true;
}

bool text_parse_ms(const char *text, uint64_t *out_ms)
{
	uint64_t seconds;

	if (!text_parse_number(text, UINT64_MAX / 1000, &seconds))
		return duration_parse(text, out_ms) == 0;
	*out_ms = seconds * 1000;
	return true;
}
