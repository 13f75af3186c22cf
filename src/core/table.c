/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/table_impl.h"

#include <assert.h>
#include <stdlib.h>

#include "base/keyed.h"

#define PARTITION_BITS 14
#define PREFETCH_BATCH 32 /* more would push each other out of the nearest cache */

_Static_assert(TABLE_PARTITIONS == 1 << PARTITION_BITS, "a partition is the top bits of h");

/* Public and the same everywhere: servers must agree on what partition a hash is in. */
static const uint8_t partition_key[KEYED_KEY_LEN] = "dht partition 1";

static void init_secret(struct stock *st, const uint8_t secret[static 16])
{
	for (uint8_t i = 0; i < sizeof(st->secret) / sizeof(st->secret[0]); i++)
		st->secret[i] = keyed_hash64(secret, &i, sizeof(i));
}

struct table *table_new(
	const struct table_limits *limits, const uint8_t secret[static 16], uint64_t now_ms)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->epoch_ms = now_ms;
	blocks_init(&t->stock.blocks, limits->max_memory);
	init_secret(&t->stock, secret);
	table_set_limits(t, limits);
	atomic_init(&t->step, 1);
	for (uint32_t i = 0; i < TABLE_LANES_MAX; i++)
		atomic_init(&t->share[i].due, EXPIRY_NONE);
	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++) {
		atomic_init(&t->earliest[i], EXPIRY_NONE);
		for (uint8_t type = 0; type < SHELF_TYPES; type++)
			shelf_init(&t->partitions[i].shelves[type], type);
	}
	return t;
}

static void free_shelf(struct table *t, struct shelf *s)
{
	for (uint32_t pos = 0; pos < s->entries; pos++) {
		const uint8_t *e = shelf_entry(&t->stock, s, pos);
		if (entry_is_set(e)) {
			struct provset set = entry_set(e);
			provset_free(&t->stock.blocks, &set);
		}
	}
	shelf_fini(&t->stock, s);
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++)
		for (uint32_t type = 0; type < SHELF_TYPES; type++)
			free_shelf(t, &t->partitions[i].shelves[type]);
	blocks_fini(&t->stock.blocks);
	free(t);
}

void table_set_limits(struct table *t, const struct table_limits *limits)
{
	atomic_store(&t->items.max, limits->max_records);
	atomic_store(&t->stock.blocks.budget.max, limits->max_memory);
	atomic_store(&t->max_providers, limits->max_providers_per_hash);
}

struct table_key table_key_of(struct span hash)
{
	struct table_key key = {.hash = hash};

	assert(hash.len >= 1 && hash.len <= 64);
	key.h = keyed_hash64(partition_key, hash.p, hash.len);
	key.partition = (uint32_t)(key.h >> (64 - PARTITION_BITS));
	return key;
}

/* A key on the way to its entry. */
struct seeker {
	uint64_t hash;
	struct partition *part;
	struct shelf *shelf;
};

static void prefetch_batch(struct table *t, const struct table_key *keys, size_t n)
{
	struct seeker seekers[PREFETCH_BATCH];

	for (size_t i = 0; i < n; i++) {
		struct shelf_key k = shelf_key_of(&t->stock, keys[i].hash);
		struct partition *part = &t->partitions[keys[i].partition];
		seekers[i] = (struct seeker){k.hash, part, &part->shelves[k.type]};
		__builtin_prefetch(&part->lock, 1);
		__builtin_prefetch(seekers[i].shelf);
	}
	for (size_t i = 0; i < n; i++)
		shelf_prefetch_slot(seekers[i].shelf, seekers[i].hash);
	for (size_t i = 0; i < n; i++) {
		spin_lock(&seekers[i].part->lock);
		shelf_prefetch_chunk(seekers[i].shelf, seekers[i].hash);
		spin_unlock(&seekers[i].part->lock);
	}
	for (size_t i = 0; i < n; i++) {
		spin_lock(&seekers[i].part->lock);
		shelf_prefetch_entry(&t->stock, seekers[i].shelf, seekers[i].hash);
		spin_unlock(&seekers[i].part->lock);
	}
}

void table_prefetch(struct table *t, const struct table_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i += PREFETCH_BATCH)
		prefetch_batch(t, keys + i, n - i < PREFETCH_BATCH ? n - i : PREFETCH_BATCH);
}

/* The entry of key, or NULL. Called with the partition's lock. */
static const uint8_t *find_entry(
	const struct table *t, uint32_t partition, const struct shelf_key *k)
{
	const struct shelf *s = &t->partitions[partition].shelves[k->type];
	uint32_t pos = shelf_find(&t->stock, s, k);

	return pos == SHELF_NONE ? NULL : shelf_entry(&t->stock, s, pos);
}

/* The provider in an entry, alive or not. */
static bool find_provider(const struct table *t, const uint8_t *e, const struct ip *ip,
	uint16_t port, struct element *out)
{
	struct provpos pos;

	if (!entry_is_set(e)) {
		*out = entry_provider(e);
		return out->port == port && ip_equal(&out->ip, ip);
	}
	struct provset set = entry_set(e);
	if (!provset_find(&t->stock.blocks, &set, ip, port, &pos))
		return false;
	*out = element_get(pos.element, pos.family);
	return true;
}

bool table_find(struct table *t, const struct table_key *key, const struct ip *ip, uint16_t port,
	uint64_t now_ms, struct record *out)
{
	struct shelf_key k = shelf_key_of(&t->stock, key->hash);
	struct partition *part = &t->partitions[key->partition];
	struct element p;

	spin_lock(&part->lock);
	const uint8_t *e = find_entry(t, key->partition, &k);
	bool found = e && find_provider(t, e, ip, port, &p);
	spin_unlock(&part->lock);

	if (!found || p.expiry <= tick_now(t, now_ms) || version_is_withdrawal(p.version))
		return false;
	*out = (struct record){
		.ip = p.ip,
		.port = p.port,
		.version = p.version,
		.expiry_ms = tick_ms(t, p.expiry),
	};
	return true;
}

/* Opens key's providers for reading; false when there are none. Called with the lock. */
static bool open_entry(const struct table *t, uint32_t partition, const struct shelf_key *k,
	uint32_t now, struct provread *r)
{
	const uint8_t *e = find_entry(t, partition, k);

	if (!e)
		return false;
	if (entry_is_set(e)) {
		struct provset set = entry_set(e);
		provread_set(r, &t->stock.blocks, &set, now, t->epoch_ms);
	} else {
		struct element p = entry_provider(e);
		provread_lone(r, &p, now, t->epoch_ms);
	}
	return true;
}

size_t table_sample(struct table *t, const struct table_key *key, struct rng *rng, size_t max,
	struct record *out, uint32_t *total, uint64_t now_ms)
{
	struct shelf_key k = shelf_key_of(&t->stock, key->hash);
	struct partition *part = &t->partitions[key->partition];
	struct provread r;
	size_t n = 0;

	*total = 0;
	spin_lock(&part->lock);
	if (open_entry(t, key->partition, &k, tick_now(t, now_ms), &r)) {
		*total = provread_total(&r);
		n = provread_sample(&r, rng, max, out);
	}
	spin_unlock(&part->lock);
	return n;
}

size_t table_page(struct table *t, const struct table_key *key, uint32_t cursor, size_t max,
	struct record *out, uint32_t *next, uint32_t *total, uint64_t now_ms)
{
	struct shelf_key k = shelf_key_of(&t->stock, key->hash);
	struct partition *part = &t->partitions[key->partition];
	struct provread r;
	size_t n = 0;

	*total = 0;
	*next = 0;
	spin_lock(&part->lock);
	if (open_entry(t, key->partition, &k, tick_now(t, now_ms), &r)) {
		*total = provread_total(&r);
		n = provread_page(&r, cursor, max, out, next);
	}
	spin_unlock(&part->lock);
	return n;
}

struct table_usage table_usage(const struct table *t)
{
	uint64_t items = budget_used(&t->items), tombstones = atomic_load(&t->tombstones);

	return (struct table_usage){
		/* The two are not read at one moment. */
		.records = items > tombstones ? items - tombstones : 0,
		.tombstones = tombstones,
		.hashes = atomic_load(&t->hashes),
		.memory = sizeof(*t) + budget_used(&t->stock.blocks.budget),
	};
}
