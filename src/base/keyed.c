/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/keyed.h"

#include <sodium.h>

#include "base/bytes.h"

_Static_assert(KEYED_KEY_LEN == crypto_shorthash_KEYBYTES, "SipHash's key");
_Static_assert(crypto_shorthash_siphashx24_BYTES == 16, "SipHash-128's tag");

uint64_t keyed_hash64(const uint8_t key[static KEYED_KEY_LEN], const void *data, size_t len)
{
	uint8_t out[crypto_shorthash_BYTES];

	crypto_shorthash(out, data, len, key);
	return load_be64(out); /* the same number on every machine */
}

void keyed_tag(const uint8_t key[static KEYED_KEY_LEN], const void *data, size_t len,
	uint8_t out[static 16])
{
	crypto_shorthash_siphashx24(out, data, len, key);
}
