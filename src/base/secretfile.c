/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/secretfile.h"

#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/utf8.h"

#define BLANKS " \t\r\n"

bool secretfile_mode_ok(mode_t mode)
{
	return (mode & (S_IROTH | S_IWOTH | S_IWGRP)) == 0;
}

/* The next word before end, stepped over; empty when there is none. */
static struct span next_word(const char **at, const char *end)
{
	while (*at < end && strchr(BLANKS, **at))
		++*at;
	const char *word = *at;
	while (*at < end && !strchr(BLANKS, **at))
		++*at;
	return (struct span){.p = (const uint8_t *)word, .len = (size_t)(*at - word)};
}

const char *secretfile_key(const char *line, struct named_key *out)
{
	const char *end = line + strcspn(line, "#");
	struct span name = next_word(&line, end), digits = next_word(&line, end);

	*out = (struct named_key){0};
	if (name.len == 0)
		return NULL;
	if (digits.len == 0)
		return "must be a name and 64 hexadecimal digits";
	if (next_word(&line, end).len != 0)
		return "has more than a name and a key";
	if (name.len > NAMED_KEY_NAME_MAX)
		return "the name is longer than 64 bytes";
	if (!utf8_valid(name.p, name.len))
		return "the name is not UTF-8";
	if (digits.len != 2 * NAMED_KEY_LEN || hex_decode((const char *)digits.p, digits.len,
						       out->key, sizeof(out->key)) != NAMED_KEY_LEN)
		return "the key must be 64 hexadecimal digits";
	out->name_len = (uint8_t)name.len;
	memcpy(out->name, name.p, name.len);
	return NULL;
}
