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

/* Gives back what an entry has beside itself; adds what was in it to *items and *tombstones. */
static void free_entry(struct table *t, const uint8_t *e, uint64_t *items, uint64_t *tombstones)
{
	uint32_t n = 1, live;

	if (entry_is_set(e)) {
		struct provset set = entry_set(e);
		n = provset_count(&t->stock.blocks, &set);
		live = set.live[FAMILY_V4] + set.live[FAMILY_V6];
		provset_free(&t->stock.blocks, &set);
	} else {
		live = !version_is_withdrawal(entry_provider(e).version);
	}
	*items += n;
	*tombstones += n - live;
}

void table_free_shelf(struct table *t, struct shelf *s)
{
	uint64_t items = 0, tombstones = 0;

	for (uint32_t pos = 0; pos < s->entries; pos++)
		free_entry(t, shelf_entry(&t->stock, s, pos), &items, &tombstones);
	budget_give(&t->items, items);
	atomic_fetch_sub_explicit(&t->tombstones, tombstones, memory_order_relaxed);
	atomic_fetch_sub_explicit(&t->hashes, s->entries, memory_order_relaxed);
	shelf_fini(&t->stock, s);
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++)
		for (uint32_t type = 0; type < SHELF_TYPES; type++)
			table_free_shelf(t, &t->partitions[i].shelves[type]);
	blocks_fini(&t->stock.blocks);
	free(t);
}

static uint32_t grave_ticks(uint64_t ms)
{
	uint64_t ticks = ms / TICK_MS + (ms % TICK_MS != 0);

	return ticks < EXPIRY_NONE ? (uint32_t)ticks : EXPIRY_NONE - 1;
}

void table_set_limits(struct table *t, const struct table_limits *limits)
{
	atomic_store(&t->items.max, limits->max_records);
	atomic_store(&t->stock.blocks.budget.max, limits->max_memory);
	atomic_store(&t->max_providers, limits->max_providers_per_hash);
	atomic_store(&t->grave, grave_ticks(limits->grave_ms));
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

/* What there is of this provider at now_ms, alive or a tombstone. */
static bool find_element(struct table *t, const struct table_key *key, const struct ip *ip,
	uint16_t port, uint64_t now_ms, struct element *out)
{
	struct shelf_key k = shelf_key_of(&t->stock, key->hash);
	struct partition *part = &t->partitions[key->partition];

	spin_lock(&part->lock);
	const uint8_t *e = find_entry(t, key->partition, &k);
	bool found = e && find_provider(t, e, ip, port, out);
	spin_unlock(&part->lock);
	return found && element_becomes(t, out, tick_now(t, now_ms));
}

bool table_find(struct table *t, const struct table_key *key, const struct ip *ip, uint16_t port,
	uint64_t now_ms, struct record *out)
{
	struct element p;

	if (!find_element(t, key, ip, port, now_ms, &p) || version_is_withdrawal(p.version))
		return false;
	*out = (struct record){
		.ip = p.ip,
		.port = p.port,
		.version = p.version,
		.expiry_ms = tick_ms(t, p.expiry),
	};
	return true;
}

uint64_t table_version(struct table *t, const struct table_key *key, const struct ip *ip,
	uint16_t port, uint64_t now_ms)
{
	struct element p;

	return find_element(t, key, ip, port, now_ms, &p) ? p.version : 0;
}

uint32_t table_cursor_of(const struct ip *ip, uint16_t port)
{
	return provread_cursor(family_of(ip), provider_hash(ip, port));
}

/* Opens key's providers for reading; false when there are none. Called with the lock. */
static bool open_entry(const struct table *t, uint32_t partition, const struct shelf_key *k,
	uint32_t now, struct provread *r)
{
	const uint8_t *e = find_entry(t, partition, k);

	if (!e)
		return false;
	if (MUTANT(3))
		now = 0;
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
