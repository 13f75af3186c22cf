/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

/* The Unicode Standard, table 3-7: the lead byte decides the length and what the second byte may
 * be, which is where overlong forms, surrogates and too large numbers are kept out. */
struct lead {
	uint8_t min, max;
	uint8_t len;
	uint8_t second_min, second_max;
};

static const struct lead leads[] = {
	{0x00, 0x7f, 1, 0, 0},
	{0xc2, 0xdf, 2, 0x80, 0xbf},
	{0xe0, 0xe0, 3, 0xa0, 0xbf},
	{0xe1, 0xec, 3, 0x80, 0xbf},
	{0xed, 0xed, 3, 0x80, 0x9f},
	{0xee, 0xef, 3, 0x80, 0xbf},
	{0xf0, 0xf0, 4, 0x90, 0xbf},
	{0xf1, 0xf3, 4, 0x80, 0xbf},
	{0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct lead *lead_of(uint8_t byte)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (byte >= leads[i].min && byte <= leads[i].max)
			return &leads[i];
	return NULL;
}

/* The length of the character at the start of bytes, 0 when there is no valid one. */
static size_t character_len(const uint8_t *bytes, size_t len)
{
	const struct lead *lead = lead_of(bytes[0]);

	if (!lead || lead->len > len)
		return 0;
	if (lead->len > 1 && (bytes[1] < lead->second_min || bytes[1] > lead->second_max))
		return 0;
	for (size_t i = 2; i < lead->len; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return lead->len;
}

bool utf8_valid(const uint8_t *bytes, size_t len)
{
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		n = character_len(bytes + at, len - at);
		if (n == 0)
			return false;
	}
	return true;
}
