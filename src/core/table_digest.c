/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/table_walk.h"

#include <assert.h>

/* Any odd number without a pattern. */
#define SPREAD UINT64_C(0x9e3779b97f4a7c15)

uint64_t table_print_root(uint64_t h, const struct ip *ip, uint16_t port)
{
	return rng_mix(h + provider_hash64(ip, port) * SPREAD);
}

uint64_t table_print_at(uint64_t root, uint64_t version)
{
	return rng_mix(root + version_order(version));
}

uint64_t table_print(
	const struct table_key *key, const struct ip *ip, uint16_t port, uint64_t version)
{
	return table_print_at(table_print_root(key->h, ip, port), version);
}

uint64_t table_digest_of(struct table_digest d)
{
	return rng_mix((MUTANT(13) ? 0 : d.sum) + d.count * SPREAD);
}

bool table_is_empty(const struct table *t, uint32_t partition)
{
	assert(partition < TABLE_PARTITIONS);
	return atomic_load(&t->earliest[partition]) == EXPIRY_NONE;
}

/* A walk over what is stored, each as it stands there. */
struct summing {
	struct table_walk walk;
	struct table_digest digest;
	uint32_t now;         /* tick */
	const uint8_t *entry; /* whose h this is */
	uint64_t h;
};

static uint64_t root_of(struct summing *s, const struct element *p)
{
	const uint8_t *e = s->walk.entry;

	if (e != s->entry) {
		s->entry = e;
		s->h = table_key_of((struct span){.p = entry_key(e), .len = entry_key_len(e)}).h;
	}
	return table_print_root(s->h, &p->ip, p->port);
}

static void add(struct table_walk *walk, const struct element *p)
{
	struct summing *s = (struct summing *)(void *)walk;

	s->digest.sum += table_print_at(root_of(s, p), p->version);
	s->digest.count++;
}

struct table_digest table_count_stored(struct table *t, uint32_t partition)
{
	struct summing s = {
		.walk = {.table = t,
			.partition = partition,
			.until = EXPIRY_NONE,
			.at = {.left = WALK_ALL},
			.room = SIZE_MAX,
			.visit = add},
	};

	table_walk_whole(&s.walk);
	return s.digest;
}

/* From its first digest on a partition's sum is kept; who is asked for none pays for none. */
static void keep_sum(struct table *t, uint32_t partition)
{
	struct partition *part = &t->partitions[partition];

	spin_lock(&part->lock);
	if (!part->summed) {
		struct table_digest stored = table_count_stored(t, partition);
		part->sum = stored.sum;
		part->count = stored.count;
		part->summed = true;
	}
	spin_unlock(&part->lock);
}

/* Takes off who is not there any more or not for long, or makes of him what he has become. */
static void correct(struct table_walk *walk, const struct element *p)
{
	struct summing *s = (struct summing *)(void *)walk;
	struct element is = *p;

	if (p->expiry > walk->until)
		return;
	uint64_t root = root_of(s, p);
	s->digest.sum -= table_print_at(root, p->version);
	s->digest.count--;
	if (!element_becomes(walk->table, &is, s->now) || is.expiry <= walk->until)
		return;
	s->digest.sum += table_print_at(root, is.version);
	s->digest.count++;
}

/* False when somebody changed the partition meanwhile, else *changes counts up to the digest. */
static bool sum_partition(struct table *t, uint32_t partition, uint64_t now_ms,
	struct table_digest *out, uint32_t *changes)
{
	struct summing s = {
		.walk = {.table = t,
			.partition = partition,
			.until = tick_now(t, now_ms + TABLE_DIGEST_MARGIN_MS),
			.at = {.left = WALK_ALL},
			.visit = correct},
		.now = tick_now(t, now_ms),
	};
	bool more, first = true, same = true;

	keep_sum(t, partition);
	do {
		s.walk.room = SIZE_MAX;
		s.entry = NULL;
		more = table_walk_piece(&s.walk);
		same = first || (same && s.walk.changes == *changes);
		*changes = s.walk.changes;
		if (first)
			*out = s.walk.stored;
		first = false;
	} while (more);
	out->sum += s.digest.sum;
	out->count += s.digest.count;
	return same;
}

struct table_digest table_digest(struct table *t, uint32_t partition, uint64_t now_ms)
{
	struct table_digest d = {0};
	uint32_t changes;

	if (!table_is_empty(t, partition))
		sum_partition(t, partition, now_ms, &d, &changes);
	return d;
}

bool table_drop(struct table *t, uint32_t partition, uint64_t digest, uint64_t now_ms)
{
	struct partition *part = &t->partitions[partition];
	struct shelf taken[SHELF_TYPES];
	struct table_digest d;
	uint32_t changes;

	assert(partition < TABLE_PARTITIONS);
	if (!sum_partition(t, partition, now_ms, &d, &changes) || table_digest_of(d) != digest)
		return false;
	spin_lock(&part->lock);
	bool same = part->changes == changes;
	for (uint32_t type = 0; same && type < SHELF_TYPES; type++)
		shelf_take(&taken[type], &part->shelves[type]);
	if (same) {
		part->changes++;
		part->sum = 0;
		part->count = 0;
		atomic_store(&t->earliest[partition], EXPIRY_NONE);
	}
	spin_unlock(&part->lock);
	/* What was taken is nobody else's any more. */
	for (uint32_t type = 0; same && type < SHELF_TYPES; type++)
		table_free_shelf(t, &taken[type]);
	return same;
}
