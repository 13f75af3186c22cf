/* SPDX-License-Identifier: BSD-2-Clause */
/* peer_walk: the list inside an internal message, walked to its end and written anew item by item.
 * For unit tests and the fuzz target. */
#ifndef DHT_TESTS_WIRE_PEER_WALK_H
#define DHT_TESTS_WIRE_PEER_WALK_H

#include <assert.h>

#include "wire/list.h"
#include "wire/peer.h"

static inline struct span walk_entries(struct span list, struct writer *w)
{
	struct peer_entry entry;

	for (struct span rest = list; peer_entry_next(&rest, &entry);)
		peer_write_entry(w, &entry);
	return list;
}

static inline struct span walk_records(struct span list, struct writer *w)
{
	struct peer_record record;

	for (struct span rest = list; peer_record_next(&rest, &record);)
		peer_write_record(w, &record);
	return list;
}

static inline struct span walk_items(struct span list, struct writer *w)
{
	struct peer_item item;

	for (struct span rest = list; peer_item_next(&rest, &item);)
		peer_write_item(w, &item);
	return list;
}

static inline struct span walk_compare(struct span list, struct writer *w)
{
	struct peer_compare_item item;

	for (struct span rest = list; peer_compare_next(&rest, &item);)
		peer_write_compare(w, &item);
	return list;
}

static inline struct span walk_compared(struct span list, struct writer *w)
{
	struct peer_compared_item item;

	for (struct span rest = list; peer_compared_next(&rest, &item);)
		peer_write_compared(w, &item);
	return list;
}

static inline struct span walk_confirm(struct span list, struct writer *w)
{
	struct peer_confirm_item item;

	for (struct span rest = list; peer_confirm_next(&rest, &item);)
		peer_write_confirm(w, &item);
	return list;
}

static inline struct span walk_hash_list(const struct hash_list *list, struct writer *w)
{
	struct span hash;
	unsigned n = 0;

	for (struct span rest = list->items; hash_list_next(&rest, &hash); n++)
		write_hash_item(w, hash);
	assert(n == list->count && n != 0);
	return list->items;
}

/* Writes the items of m's list, if it has one, to w; gives the list, which has the same bytes. */
static inline struct span peer_walk(const struct peer_msg *m, struct writer *w)
{
	switch ((enum peer_type)m->type) {
	case PEER_GOSSIP: return walk_entries(m->gossip.entries, w);
	case PEER_ROSTER: return walk_entries(m->roster.entries, w);
	case PEER_STORE: return walk_hash_list(&m->store.hashes, w);
	case PEER_FETCH: return walk_hash_list(&m->fetch.hashes, w);
	case PEER_FETCHED: return walk_records(m->fetched.records, w);
	case PEER_SUBSCRIBE: return walk_hash_list(&m->subscribe.hashes, w);
	case PEER_COMPARE: return walk_compare(m->compare.items, w);
	case PEER_COMPARED: return walk_compared(m->compared.items, w);
	case PEER_PULLED: return walk_items(m->pulled.items, w);
	case PEER_CONFIRM: return walk_confirm(m->confirm.items, w);
	default: return (struct span){0};
	}
}

#endif
