/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outbox: what is to be sent, built in place in memory that the caller owns.
 *
 *     struct writer w = build_start(outbox_room(o), o->datagram_max, MSG_HAVE, NULL);
 *     …
 *     outbox_push(o, &flow, build_finish(&w));
 *
 * Whoever calls the core makes sure that there is room for as many datagrams as one call may make
 * (LANE_OUT_MAX); the core asserts that, it never has to drop.
 */
#ifndef DHT_CORE_OUTBOX_H
#define DHT_CORE_OUTBOX_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow.h"

struct outgoing {
	struct flow flow;
	size_t len;
};

struct outbox {
	struct outgoing *items; /* capacity of them */
	uint8_t *bytes;         /* capacity × datagram_max */
	size_t capacity;
	size_t count;
	size_t datagram_max;
};

/* The bytes of item i. */
static inline uint8_t *outbox_bytes(const struct outbox *o, size_t i)
{
	return o->bytes + i * o->datagram_max;
}

/* Where the next datagram is to be built: datagram_max bytes. */
static inline uint8_t *outbox_room(const struct outbox *o)
{
	assert(o->count < o->capacity);
	return outbox_bytes(o, o->count);
}

/* Takes what was built in outbox_room(). */
static inline void outbox_push(struct outbox *o, const struct flow *flow, size_t len)
{
	assert(o->count < o->capacity && len <= o->datagram_max);
	o->items[o->count++] = (struct outgoing){.flow = *flow, .len = len};
}

#endif
