/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring_rig: candidates by number, and the row that a partition must have, from the definition:
 * everybody sorted, for each partition anew.
 */
#ifndef DHT_TESTS_RING_RIG_H
#define DHT_TESTS_RING_RIG_H

#include <stdlib.h>
#include <string.h>

#include "core/ring.h"

#include "../unit.h"

/* 10.x.y.z:8471 */
static inline struct addr ring_rig_id(uint32_t number)
{
	uint8_t v4[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return (struct addr){.ip = ip_from_v4(v4), .port = 8471};
}

static inline struct ring_member ring_rig_member(uint32_t number)
{
	return (struct ring_member){.id = ring_rig_id(number), .weight = 1};
}

static inline void ring_rig_put(struct ring *r, uint16_t slot, uint32_t number)
{
	struct ring_member m = ring_rig_member(number);

	ring_set(r, slot, &m);
}

static inline void ring_rig_remove(struct ring *r, uint16_t slot)
{
	assert_true(ring_set(r, slot, &(struct ring_member){0}));
}

/* Candidates 0 to n - 1 in the slots of their numbers. */
static inline struct ring *ring_rig_of(uint8_t replicas, uint16_t n)
{
	struct ring *r = ring_new(replicas);

	assert_non_null(r);
	for (uint16_t i = 0; i < n; i++)
		ring_rig_put(r, i, i);
	ring_settle(r);
	return r;
}

static inline size_t ring_rig_size(const struct ring *r)
{
	return sizeof(uint16_t) * TABLE_PARTITIONS * ring_row_len(r);
}

static inline bool ring_rig_has(const uint16_t *slots, uint32_t n, uint16_t slot)
{
	for (uint32_t i = 0; i < n; i++)
		if (slots[i] == slot)
			return true;
	return false;
}

struct ring_rig_place {
	uint64_t cost;
	struct addr id;
	uint16_t slot;
	uint32_t turn; /* better ones of its zone that don't leave */
	bool owner;
};

static inline int ring_rig_order(const void *a, const void *b)
{
	const struct ring_rig_place *x = a, *y = b;
	int order = memcmp(x->id.ip.b, y->id.ip.b, 16);

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return order ? order : (int)x->id.port - (int)y->id.port;
}

static inline void ring_rig_turns(
	const struct ring_member *m, struct ring_rig_place *places, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < i; j++) {
			const struct ring_member *mine = &m[places[i].slot];
			const struct ring_member *other = &m[places[j].slot];
			places[i].turn += mine->zone && mine->zone == other->zone &&
			                  !other->leaving;
		}
}

/* The row of a partition by the definition, from the candidates in m[0 … slots). */
static inline void ring_rig_row(const struct ring_member *m, uint32_t slots, uint32_t replicas,
	uint32_t partition, uint16_t out[static RING_ROW_MAX])
{
	static struct ring_rig_place places[RING_SLOTS];
	uint32_t n = 0, owners = 0, others = 0;

	for (uint32_t i = 0; i < slots; i++)
		if (m[i].weight)
			places[n++] = (struct ring_rig_place){
				.cost = ring_cost(&m[i].id, m[i].weight, partition),
				.id = m[i].id,
				.slot = (uint16_t)i,
			};
	qsort(places, n, sizeof(places[0]), ring_rig_order);
	ring_rig_turns(m, places, n);
	for (uint32_t i = 0; i < RING_ROW_MAX; i++)
		out[i] = RING_NONE;
	for (uint32_t turn = 0; turn < n; turn++)
		for (uint32_t i = 0; i < n && owners < replicas; i++)
			if (places[i].turn == turn && !m[places[i].slot].leaving) {
				places[i].owner = true;
				out[owners++] = places[i].slot;
			}
	for (uint32_t i = 0; i < n && others < RING_NEXT; i++)
		if (!places[i].owner)
			out[replicas + others++] = places[i].slot;
}

static inline void ring_rig_check(const struct ring *r, const struct ring_member *m, uint32_t slots,
	uint32_t replicas, uint32_t partition)
{
	uint16_t row[RING_ROW_MAX];

	ring_rig_row(m, slots, replicas, partition, row);
	assert_memory_equal(ring_row(r, partition), row, ring_row_len(r) * sizeof(row[0]));
}

#endif
