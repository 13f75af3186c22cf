/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parts: what this server has of each partition. Written by the cluster's thread (repair.h), read
 * by all lanes without a lock.
 *
 *     none ──▶ partial ──▶ complete
 *       ▲         │            │
 *       └─────────┴────────────┘  all owners have it
 *
 * Who owns the partition is another question (view.h): an owner that is not complete is catching
 * up; who owns it no more, but has something of it, keeps that until all owners have it. Only a
 * complete owner's word that nobody has a hash counts.
 */
#ifndef DHT_CORE_PARTS_H
#define DHT_CORE_PARTS_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/table.h"
#include "wire/peer.h"

_Static_assert(TABLE_PARTITIONS == PEER_PARTITIONS, "what is sent has other partitions");

enum part_state {
	PART_NONE,     /* claims nothing */
	PART_PARTIAL,  /* may have some of it */
	PART_COMPLETE, /* has all that there is, or was when it owned it */
};

struct parts {
	_Atomic(uint8_t) state[TABLE_PARTITIONS];
};

static inline enum part_state parts_get(const struct parts *p, uint32_t partition)
{
	return (enum part_state)atomic_load_explicit(&p->state[partition], memory_order_acquire);
}

static inline void parts_set(struct parts *p, uint32_t partition, enum part_state state)
{
	atomic_store_explicit(&p->state[partition], (uint8_t)state, memory_order_release);
}

#endif
