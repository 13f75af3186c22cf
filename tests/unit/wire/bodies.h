/* SPDX-License-Identifier: BSD-2-Clause */
/* bodies: what the tests of single messages share, from a struct to its bytes and back. */
#ifndef DHT_TESTS_WIRE_BODIES_H
#define DHT_TESTS_WIRE_BODIES_H

#include <stdlib.h>

#include "wire/msg.h"

#include "examples.h"

static uint8_t raw[1024];

static const uint8_t txid[MSG_TXID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t deadbeef[] = {0xde, 0xad, 0xbe, 0xef};
static const struct ip ip4 = {{[10] = 0xff, 0xff, 192, 0, 2, 7}};
static const struct ip ip6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 9}};

#define HASH  ((struct span){deadbeef, sizeof(deadbeef)})
#define EMPTY ((struct span){0})

/* The hex text, decoded; the message views raw. */
static inline struct msg decode(const char *hex, enum msg_plane plane)
{
	size_t len = from_hex(hex, raw, sizeof(raw));
	bool has_txid;
	struct msg m;

	assert_int_equal(msg_decode(raw, len, plane, &m, &has_txid), MSG_GOOD);
	assert_int_equal(m.type, raw[0]);
	assert_int_equal(has_txid, m.type >= 16);
	if (has_txid)
		assert_memory_equal(m.txid, txid, sizeof(txid));
	return m;
}

/* The message gives exactly the bytes of the hex text, and needs room for all of them. */
static inline void assert_encodes(struct msg m, const char *hex)
{
	uint8_t want[1024], got[1024];
	size_t len = from_hex(hex, want, sizeof(want));

	memcpy(m.txid, txid, sizeof(txid));
	assert_int_equal(msg_encode(&m, got, sizeof(got)), len);
	assert_memory_equal(got, want, len);
	for (size_t size = 0; size < len; size++) {
		uint8_t *room = malloc(size ? size : 1);
		assert_int_equal(msg_encode(&m, room, size), DHT_ESPACE);
		free(room);
	}
}

static inline void assert_refused(struct msg m)
{
	uint8_t to[1024];

	assert_int_equal(msg_encode(&m, to, sizeof(to)), DHT_EINVAL);
}

static inline void assert_span(struct span got, const void *want, size_t len)
{
	assert_int_equal(got.len, len);
	if (len)
		assert_memory_equal(got.p, want, len);
}

static inline void assert_ip(const struct ip *got, const struct ip *want)
{
	assert_memory_equal(got->b, want->b, sizeof(want->b));
}

#endif
