/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clusterkey.h"

#include <string.h>

#include <sodium.h>

#include "base/hex.h"

#define BLANKS " \t\r\n"

uint8_t clusterkey_id(const uint8_t key[static CLUSTERKEY_LEN])
{
	uint8_t hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof(hash), key, CLUSTERKEY_LEN, NULL, 0);
	return hash[0];
}

const char *clusterkey_line(const char *line, uint8_t key[static CLUSTERKEY_LEN], bool *found)
{
	line += strspn(line, BLANKS);
	size_t len = strcspn(line, BLANKS "#");
	const char *behind = line + len + strspn(line + len, BLANKS);

	*found = false;
	if (len == 0)
		return NULL;
	if (*behind != '\0' && *behind != '#')
		return "more than a key in a line";
	if (hex_decode(line, len, key, CLUSTERKEY_LEN) != CLUSTERKEY_LEN)
		return "a key is 64 hexadecimal digits (dhtctl keygen makes one)";
	*found = true;
	return NULL;
}
