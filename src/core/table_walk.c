/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/table_walk.h"

#include <assert.h>

struct ranked {
	uint64_t rank;
	struct element p;
};

static void visit(struct table_walk *w, const struct element *p)
{
	w->given = true;
	w->room--;
	w->visit(w, p);
}

static uint64_t rank_of(const struct element *p)
{
	return provider_hash64(&p->ip, p->port) >> (64 - WALK_RANK_BITS);
}

/* Those of a bucket who are still to come, in the order of their ranks. */
static uint32_t rank_bucket(
	const struct table_walk *w, const uint8_t *bucket, struct ranked out[static BUCKET_MAX])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < bucket_count(bucket); i++) {
		struct ranked new = {
			.p = element_get(bucket_element(bucket, w->at.family, i), w->at.family)};
		if (!element_becomes(w->table, &new.p, w->now))
			continue;
		new.rank = rank_of(&new.p);
		if (new.rank < w->at.rank)
			continue;
		uint32_t at = n++;
		for (; at > 0 && new.rank < out[at - 1].rank; at--)
			out[at] = out[at - 1];
		out[at] = new;
	}
	return n;
}

/* Visits a part of a bucket, those of one rank together. False when some did not fit. */
static bool walk_ranked(struct table_walk *w, const uint8_t *bucket)
{
	struct ranked ranked[BUCKET_MAX];
	uint32_t n = rank_bucket(w, bucket, ranked);

	for (uint32_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && ranked[j].rank == ranked[i].rank;)
			j++;
		if (j - i > w->room && w->given) {
			w->at.rank = ranked[i].rank;
			return false;
		}
		for (uint32_t k = i; k < j && w->room > 0; k++)
			visit(w, &ranked[k].p);
	}
	return true;
}

static void walk_whole(struct table_walk *w, const uint8_t *bucket)
{
	for (uint32_t i = 0; i < bucket_count(bucket); i++) {
		struct element p = element_get(
			bucket_element(bucket, w->at.family, i), w->at.family);
		if (element_becomes(w->table, &p, w->now))
			visit(w, &p);
	}
}

/* What is still to come of a bucket. False when the piece ends inside. */
static bool walk_bucket(struct table_walk *w, const uint8_t *bucket, uint64_t first_rank)
{
	if (bucket_earliest(bucket) > w->until)
		return true;
	w->places += bucket_count(bucket);
	if (w->at.rank > first_rank || bucket_count(bucket) > w->room)
		return walk_ranked(w, bucket);
	walk_whole(w, bucket);
	return true;
}

/* False when the piece ends inside. */
static bool walk_half(struct table_walk *w, const struct half *h)
{
	const uint32_t shift = WALK_RANK_BITS - PROVIDER_HASH_BITS;

	while (h->buckets && w->at.rank >> WALK_RANK_BITS == 0) {
		uint32_t place = half_place(h, (uint32_t)(w->at.rank >> shift));
		if (w->places++ >= w->places_max)
			return false;
		if (!walk_bucket(w, half_bucket(&w->table->stock.blocks, h, place),
			    (uint64_t)half_from(h, place) << shift))
			return false;
		w->at.rank = (uint64_t)half_from(h, place + 1) << shift;
	}
	return true;
}

static bool walk_entry(struct table_walk *w, const uint8_t *e)
{
	struct blocks *b = &w->table->stock.blocks;

	w->entry = e;
	if (entry_expiry(e) > w->until) {
		w->places++;
		return true;
	}
	if (!entry_is_set(e)) {
		struct element p = entry_provider(e);
		w->places++;
		if (!element_becomes(w->table, &p, w->now))
			return true;
		if (w->room == 0)
			return false;
		visit(w, &p);
		return true;
	}
	struct provset set = entry_set(e);
	for (; w->at.family < FAMILIES; w->at.family++, w->at.rank = 0) {
		struct half h = provset_half(b, &set, w->at.family);
		if (!walk_half(w, &h))
			return false;
	}
	return true;
}

static bool walk_shelf(struct table_walk *w, const struct shelf *s)
{
	const struct shelf_type *type = &shelf_types[s->type];

	if (s->earliest > w->until || s->entries == 0)
		return true;
	const struct chunk *chunks = shelf_chunks(s);
	if (w->at.left > s->entries)
		w->at = (struct walk_at){.type = w->at.type, .left = s->entries};
	while (w->at.left > 0) {
		uint32_t next = w->at.left - 1, chunk = shelf_chunk_of(type, next);
		if (chunks[chunk].earliest > w->until)
			next = chunk * type->per_chunk;
		else if (w->places >= w->places_max ||
			 !walk_entry(w, shelf_entry(&w->table->stock, s, next)))
			return false;
		w->at = (struct walk_at){.type = w->at.type, .left = next};
	}
	return true;
}

/* False when it came to the end. */
static bool walk_on(struct table_walk *w, uint32_t places_max)
{
	const struct partition *part = &w->table->partitions[w->partition];

	w->places = 0;
	w->places_max = places_max;
	w->given = false;
	w->changes = part->changes;
	w->stored = (struct table_digest){.sum = part->sum, .count = part->count};
	while (w->at.type < SHELF_TYPES && walk_shelf(w, &part->shelves[w->at.type]))
		w->at = (struct walk_at){.type = w->at.type + 1, .left = WALK_ALL};
	return w->at.type < SHELF_TYPES;
}

bool table_walk_piece(struct table_walk *w)
{
	struct partition *part = &w->table->partitions[w->partition];

	spin_lock(&part->lock);
	bool more = walk_on(w, WALK_PLACES);
	spin_unlock(&part->lock);
	return more;
}

void table_walk_whole(struct table_walk *w)
{
	bool more = walk_on(w, UINT32_MAX);

	assert(!more);
}
