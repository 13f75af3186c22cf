/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/table_walk.h"

#include <assert.h>

/*
 * A cursor goes to another server and comes back, so it has all there is to say, and any number
 * will do:
 *
 *     | 1 | type of shelf | entries left | family | rank |
 *       1         2              16          1       44       0: the start, and the end
 */
#define CURSOR_SET (UINT64_C(1) << 63)

_Static_assert(1 + 2 + 16 + 1 + WALK_RANK_BITS == 64, "a cursor has a place for everything");
_Static_assert(SHELF_TYPES < 4 && SHELF_MAX < WALK_ALL && FAMILIES == 2, "and enough of it");

static uint64_t bits(uint64_t value, uint32_t from, uint32_t count)
{
	return value >> from & ((UINT64_C(1) << count) - 1);
}

static struct walk_at at_of(uint64_t cursor)
{
	if (!(cursor & CURSOR_SET))
		return (struct walk_at){.left = WALK_ALL};
	return (struct walk_at){
		.type = (uint32_t)bits(cursor, 61, 2),
		.left = (uint32_t)bits(cursor, 45, 16),
		.family = (enum family)bits(cursor, 44, 1),
		.rank = bits(cursor, 0, WALK_RANK_BITS),
	};
}

static uint64_t cursor_of(const struct walk_at *at)
{
	return CURSOR_SET | (uint64_t)at->type << 61 | (uint64_t)at->left << 45 |
	       (uint64_t)at->family << 44 | at->rank;
}

struct scan {
	struct table_walk walk;
	struct table_item *out;
	size_t n;
};

static void give(struct table_walk *walk, const struct element *p)
{
	struct scan *s = (struct scan *)(void *)walk;
	struct table_item *item = &s->out[s->n++];

	item->hash_len = (uint8_t)entry_key_len(walk->entry);
	memcpy(item->hash, entry_key(walk->entry), item->hash_len);
	item->record = (struct record){
		.ip = p->ip,
		.port = p->port,
		.version = p->version,
		.expiry_ms = tick_ms(walk->table, p->expiry),
	};
}

size_t table_scan(struct table *t, uint32_t partition, uint64_t *cursor, struct table_item *out,
	size_t max, uint64_t now_ms)
{
	struct scan s = {
		.walk = {.table = t,
			.partition = partition,
			.now = tick_now(t, now_ms),
			.until = EXPIRY_NONE,
			.at = at_of(*cursor),
			.room = max,
			.visit = give},
		.out = out,
	};

	assert(partition < TABLE_PARTITIONS && max >= 1);
	*cursor = table_walk_piece(&s.walk) ? cursor_of(&s.walk.at) : 0;
	return s.n;
}
