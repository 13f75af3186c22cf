/* SPDX-License-Identifier: BSD-2-Clause */
/* hash: 1 to 64 opaque bytes, the key of everything. A value of its own, or a view (struct span)
 * into a datagram where copying would be waste. */
#ifndef DHT_WIRE_HASH_H
#define DHT_WIRE_HASH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

#define HASH_MAX 64

struct hash {
	uint8_t len; /* 1 to HASH_MAX */
	uint8_t b[HASH_MAX];
};

/* Copies a view whose length is already known to be 1 to HASH_MAX. */
static inline struct hash hash_of(struct span s)
{
	struct hash h = {.len = (uint8_t)s.len};
	memcpy(h.b, s.p, s.len);
	return h;
}

static inline struct span hash_span(const struct hash *h)
{
	return (struct span){.p = h->b, .len = h->len};
}

static inline bool hash_len_ok(size_t len)
{
	return len >= 1 && len <= HASH_MAX;
}

#endif
