/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hex.h"

#include "base/err.h"

/* 0 to 15, or -1. */
static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, size_t text_len, uint8_t *out, size_t size)
{
	if (text_len % 2)
		return DHT_EMALFORMED;
	if (text_len / 2 > size)
		return DHT_ESPACE;
	for (size_t i = 0; i < text_len / 2; i++) {
		int hi = nibble(text[2 * i]), lo = nibble(text[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return DHT_EMALFORMED;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return (int)(text_len / 2);
}

void hex_encode(const uint8_t *bytes, size_t len, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	*text = '\0';
}
