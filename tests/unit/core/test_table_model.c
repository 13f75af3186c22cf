/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table against a model that is too simple to be wrong: an array with a cell for every pair of
 * a hash and a provider. Some hashes have a few providers, one has thousands.
 */
#include "table_rig.h"

#include <stdlib.h>

#include "../test_seed.h"

#define HASHES     64 /* the i-th is i + 1 bytes long */
#define PROVIDERS  2400
#define CROWDED    3 /* the hash that everybody has */
#define OPERATIONS 400000
#define GRAVE_MS   20000

/* What the model knows of a provider; version 0: nothing. */
struct cell {
	uint64_t version;
	uint64_t expiry_ms;
};

struct model {
	struct table *table;
	struct rng rng;
	uint64_t now_ms;
	uint64_t version; /* the newest so far, without flags */
	uint8_t hash[HASHES][64];
	struct cell cell[HASHES][PROVIDERS];
};

static uint64_t round_up(uint64_t ms)
{
	return EPOCH + (ms - EPOCH + 99) / 100 * 100;
}

/* The time as the table sees it: to 100 ms. */
static uint64_t round_down(uint64_t ms)
{
	return EPOCH + (ms - EPOCH) / 100 * 100;
}

static bool has_ended(const struct model *m, const struct cell *c)
{
	return c->expiry_ms <= round_down(m->now_ms);
}

/* What a cell is by now, swept or not: a shortened record leaves a tombstone. */
static struct cell now_is(const struct model *m, const struct cell *c)
{
	struct cell is = *c;

	if (version_is_shortened(c->version) && has_ended(m, c))
		is = (struct cell){version_order(c->version) | 1, c->expiry_ms + GRAVE_MS};
	return has_ended(m, &is) ? (struct cell){0} : is;
}

static bool is_alive(const struct model *m, const struct cell *c)
{
	struct cell is = now_is(m, c);

	return is.version && !version_is_withdrawal(is.version);
}

/* Every other provider is an IPv6 one. */
static struct record record_of(uint32_t provider, uint64_t version, uint64_t expiry_ms)
{
	return rig_record(provider, provider & 1, version, expiry_ms);
}

static uint32_t pick_hash(struct model *m)
{
	return rng_below(&m->rng, 3) ? CROWDED : rng_below(&m->rng, HASHES);
}

static uint32_t pick_provider(struct model *m, uint32_t hash)
{
	return rng_below(&m->rng, hash == CROWDED ? PROVIDERS : 2 + hash % 60);
}

static uint32_t count_alive(const struct model *m, uint32_t hash)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < PROVIDERS; i++)
		n += is_alive(m, &m->cell[hash][i]);
	return n;
}

static bool is_shortened(const struct cell *c)
{
	return version_is_shortened(c->version);
}

/* When the last of what a cell stands for can have come back. */
static uint64_t last_return(const struct model *m, const struct cell *c)
{
	uint64_t last = round_down(m->now_ms) + GRAVE_MS;

	return is_shortened(c) && last > c->expiry_ms ? last : c->expiry_ms;
}

/* New is of a higher version than the cell, which is alive or a tombstone. */
static int merge_newer(const struct model *m, struct cell *c, struct cell new, bool over)
{
	struct cell old = now_is(m, c);
	bool was_alive = is_alive(m, c);

	if (version_is_withdrawal(new.version)) {
		uint64_t last = last_return(m, &old);
		*c = (struct cell){new.version, new.expiry_ms > last ? new.expiry_ms : last};
		return was_alive ? TABLE_WITHDRAWN : TABLE_BURIED;
	}
	if (over)
		return TABLE_UNCHANGED;
	if (is_shortened(&old) || old.expiry_ms > new.expiry_ms)
		new.version |= 2;
	*c = new;
	return was_alive ? TABLE_REFRESHED : TABLE_APPEARED;
}

/* What table_merge() has to say, and does it to the model. */
static int merge_cell(const struct model *m, struct cell *c, const struct record *r, bool bury)
{
	bool over = r->expiry_ms <= m->now_ms, withdrawal = version_is_withdrawal(r->version);
	struct cell old = now_is(m, c);
	struct cell new = {
		withdrawal ? version_order(r->version) : r->version, round_up(r->expiry_ms)};

	if (!old.version) {
		if (over || (withdrawal && !bury))
			return TABLE_UNCHANGED;
		*c = new;
		return withdrawal ? TABLE_BURIED : TABLE_APPEARED;
	}
	if (version_order(new.version) > version_order(old.version))
		return merge_newer(m, c, new, over);
	if (over)
		return TABLE_UNCHANGED;
	if (version_is_withdrawal(old.version)) {
		uint64_t last = last_return(m, &new);
		if (last <= old.expiry_ms)
			return TABLE_UNCHANGED;
		*c = (struct cell){old.version, last};
		return withdrawal ? TABLE_BURIED : TABLE_UNCHANGED;
	}
	bool same = version_order(new.version) == version_order(old.version);
	if (is_shortened(&new) || (!same && new.expiry_ms > old.expiry_ms))
		c->version |= 2;
	if (!same || new.expiry_ms >= old.expiry_ms)
		return TABLE_UNCHANGED;
	c->expiry_ms = new.expiry_ms;
	return TABLE_REFRESHED;
}

/* A version that is new, or the provider's own, or another old one. */
static uint64_t pick_version(struct model *m, const struct cell *c)
{
	uint32_t kind = rng_below(&m->rng, 10);
	uint64_t version = m->version += 4;

	if (kind < 2 && c->version)
		return rng_below(&m->rng, 8) ? c->version : c->version ^ 2;
	if (kind < 4)
		version -= 4 * (uint64_t)rng_below(&m->rng, (uint32_t)(version / 4));
	if (rng_below(&m->rng, 16) == 0)
		version |= 2;
	return rng_below(&m->rng, 4) ? version : version | 1;
}

static void op_merge(struct model *m)
{
	uint32_t hash = pick_hash(m), provider = pick_provider(m, hash);
	struct cell *c = &m->cell[hash][provider];
	struct table_key key = rig_key(m->hash[hash], hash + 1);
	bool bury = rng_below(&m->rng, 2);
	struct record r = record_of(provider, pick_version(m, c),
		m->now_ms - 500 + rng_below(&m->rng, hash == CROWDED ? 60000 : 10000));

	int want = merge_cell(m, c, &r, bury);
	assert_int_equal(table_merge(m->table, &key, &r, bury, m->now_ms), want);
}

/* A record that the table gave is the model's. */
static void check_record(const struct model *m, uint32_t hash, const struct record *r, bool *seen)
{
	uint32_t provider = rig_ip_number(&r->ip);

	assert_true(provider < PROVIDERS);
	const struct cell *c = &m->cell[hash][provider];
	assert_true(is_alive(m, c));
	assert_int_equal(r->version, c->version);
	assert_int_equal(r->expiry_ms, c->expiry_ms);
	assert_int_equal(ip_is_v4(&r->ip), !(provider & 1));
	assert_false(seen[provider]);
	seen[provider] = true;
}

static void op_find(struct model *m)
{
	uint32_t hash = pick_hash(m), provider = pick_provider(m, hash);
	struct table_key key = rig_key(m->hash[hash], hash + 1);
	struct record want = record_of(provider, 0, 0), got;
	bool seen[PROVIDERS] = {0};
	bool found = table_find(m->table, &key, &want.ip, want.port, m->now_ms, &got);

	assert_int_equal(found, is_alive(m, &m->cell[hash][provider]));
	if (found)
		check_record(m, hash, &got, seen);
}

static void op_sample(struct model *m)
{
	static struct record out[PROVIDERS];
	uint32_t hash = pick_hash(m), alive = count_alive(m, hash), total;
	struct table_key key = rig_key(m->hash[hash], hash + 1);
	bool seen[PROVIDERS] = {0};
	size_t max = rng_below(&m->rng, 50) ? 1 + rng_below(&m->rng, 130)
	                                    : rng_below(&m->rng, PROVIDERS);
	size_t n = table_sample(m->table, &key, &m->rng, max, out, &total, m->now_ms);

	assert_int_equal(total, alive);
	assert_int_equal(n, alive < max ? alive : max);
	for (size_t i = 0; i < n; i++)
		check_record(m, hash, &out[i], seen);
}

static void op_page(struct model *m)
{
	struct record out[80];
	uint32_t hash = pick_hash(m), cursor = 0, total, alive = count_alive(m, hash);
	struct table_key key = rig_key(m->hash[hash], hash + 1);
	size_t max = 2 + rng_below(&m->rng, COUNT(out) - 1), given = 0, n;
	bool seen[PROVIDERS] = {0};

	do {
		n = table_page(m->table, &key, cursor, max, out, &cursor, &total, m->now_ms);
		assert_int_equal(total, alive);
		assert_true(n > 0 || cursor == 0);
		for (size_t i = 0; i < n; i++)
			check_record(m, hash, &out[i], seen);
		given += n;
	} while (cursor);
	assert_int_equal(given, alive);
}

/* Each record that ended is told of once, also when it leaves a tombstone. Only sometimes goes on
 * until nothing is left to do. */
static void op_sweep(struct model *m)
{
	struct table_expired out[40];
	size_t max = 1 + rng_below(&m->rng, COUNT(out));

	while (table_deadline(m->table, 0, 1) <= m->now_ms && rng_below(&m->rng, 20)) {
		size_t n = table_sweep(m->table, 0, 1, out, max, m->now_ms);
		for (size_t i = 0; i < n; i++) {
			uint32_t hash = out[i].hash_len - 1u;
			struct cell *c = &m->cell[hash][rig_ip_number(&out[i].record.ip)];
			assert_memory_equal(out[i].hash, m->hash[hash], out[i].hash_len);
			assert_int_equal(out[i].record.version, c->version);
			assert_int_equal(out[i].record.expiry_ms, c->expiry_ms);
			assert_true(has_ended(m, c));
			*c = now_is(m, c);
		}
	}
}

static void op_time(struct model *m)
{
	m->now_ms += rng_below(&m->rng, rng_below(&m->rng, 20) ? 300 : 5000);
}

/* Who has ended must have been told of, but for tombstones, which go untold. */
static void forget_tombstones(struct model *m)
{
	for (uint32_t i = 0; i < HASHES; i++) {
		for (uint32_t j = 0; j < PROVIDERS; j++) {
			struct cell *c = &m->cell[i][j];
			if (!c->version || !has_ended(m, c))
				continue;
			assert_true(version_is_withdrawal(c->version));
			*c = (struct cell){0};
		}
	}
}

static void compare_usage(struct model *m)
{
	uint64_t records = 0, tombstones = 0;
	struct table_usage usage = table_usage(m->table);

	table_check(m->table);
	for (uint32_t i = 0; i < HASHES; i++) {
		for (uint32_t j = 0; j < PROVIDERS; j++) {
			const struct cell *c = &m->cell[i][j];
			records += c->version && !version_is_withdrawal(c->version);
			tombstones += version_is_withdrawal(c->version);
		}
	}
	assert_int_equal(usage.records, records);
	assert_int_equal(usage.tombstones, tombstones);
}

/* To the end of this pass and to the start of the next, one of which comes every 400 ms. Then all
 * that ended is gone: table and model agree to the record. */
static void op_settle(struct model *m)
{
	while (table_deadline(m->table, 0, 1) <= m->now_ms)
		op_sweep(m);
	m->now_ms = EPOCH + ((m->now_ms - EPOCH) / 400 + 1) * 400;
	while (table_deadline(m->table, 0, 1) <= m->now_ms)
		op_sweep(m);
	forget_tombstones(m);
	compare_usage(m);
}

static const struct {
	void (*run)(struct model *m);
	uint32_t weight; /* of 1000 */
} operations[] = {{op_merge, 880}, {op_find, 50}, {op_sample, 25}, {op_page, 4}, {op_sweep, 10},
	{op_time, 31}};

static void the_table_does_what_the_model_does(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	struct table_limits limits = {.grave_ms = GRAVE_MS};

	(void)state;
	assert_non_null(m);
	m->table = rig_table(0, 0, 0);
	table_set_limits(m->table, &limits);
	m->now_ms = EPOCH + 10000;
	rng_init(&m->rng, test_seed());
	for (uint32_t i = 0; i < HASHES; i++)
		rig_hash(i, i + 1, m->hash[i]);
	for (uint32_t i = 0; i < OPERATIONS; i++) {
		uint32_t dice = rng_below(&m->rng, 1000), op = 0;
		while (dice >= operations[op].weight)
			dice -= operations[op++].weight;
		operations[op].run(m);
		if (i % 5000 == 0)
			op_settle(m);
	}
	m->now_ms += 100000;
	op_settle(m);
	assert_int_equal(table_usage(m->table).hashes, 0);
	table_free(m->table);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_does_what_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
