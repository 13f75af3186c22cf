/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyed: SipHash-2-4 (Aumasson and Bernstein, 2012), from libsodium.
 *
 * For tables whose keys strangers choose, and for short tags: without the 16-byte key nobody can
 * make inputs collide.
 */
#ifndef DHT_BASE_KEYED_H
#define DHT_BASE_KEYED_H

#include <stddef.h>
#include <stdint.h>

#define KEYED_KEY_LEN 16

uint64_t keyed_hash64(const uint8_t key[static KEYED_KEY_LEN], const void *data, size_t len);

/* 16 bytes, for a tag that a stranger must not be able to guess. */
void keyed_tag(const uint8_t key[static KEYED_KEY_LEN], const void *data, size_t len,
	uint8_t out[static 16]);

#endif
