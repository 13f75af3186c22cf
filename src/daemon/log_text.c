/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/log_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static bool is_control(unsigned char c)
{
	return c < ' ' || c == 0x7f;
}

void log_text_clean(char *text)
{
	bool is_utf8 = utf8_valid((const uint8_t *)text, strlen(text));

	for (char *c = text; *c; c++) {
		if (is_control((unsigned char)*c))
			*c = ' ';
		else if (!is_utf8 && (unsigned char)*c >= 0x80)
			*c = '?';
	}
}

/* Whether a character goes on with this byte. */
static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t log_text_copy(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size);

	if (len == size)
		len--;
	/* from[len] is there: at worst it is the NUL. */
	while (len > 0 && is_inside(from[len]))
		len--;
	memcpy(to, from, len);
	to[len] = '\0';
	return len;
}
