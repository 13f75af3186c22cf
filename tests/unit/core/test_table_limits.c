/* SPDX-License-Identifier: BSD-2-Clause */
/* What the table refuses, what it never does, and that its memory comes back. */
#include "table_rig.h"

#include <stdlib.h>

#include "../test_seed.h"
#include "base/err.h"

#define NOW  (EPOCH + 1000)
#define SOON (NOW + 10000)
#define LATE (NOW + 1000000)

static struct table_key key_of(uint32_t hash_number, uint8_t hash[static 64])
{
	static const size_t lengths[] = {20, 32, 64, 7};
	size_t len = lengths[hash_number % COUNT(lengths)];

	rig_hash(hash_number, len, hash);
	return rig_key(hash, len);
}

static bool has(struct table *t, uint32_t hash_number, uint32_t provider)
{
	uint8_t hash[64];
	struct table_key key = key_of(hash_number, hash);
	struct record r = rig_record(provider, provider & 1, 0, 0);

	return table_find(t, &key, &r.ip, r.port, NOW, &r);
}

static int put(struct table *t, uint32_t hash_number, uint32_t provider, uint64_t version,
	uint64_t expiry_ms)
{
	uint8_t hash[64];
	struct table_key key = key_of(hash_number, hash);
	struct record r = rig_record(provider, provider & 1, version, expiry_ms);
	return table_merge(t, &key, &r, true, NOW);
}

static void done(struct table *t)
{
	table_check(t);
	table_free(t);
}

static void new_records_stop_at_their_limit(void **state)
{
	struct table *t = rig_table(100, 0, 0);

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(put(t, i / 3, i, 40, SOON), TABLE_APPEARED);
	assert_int_equal(put(t, 0, 200, 40, SOON), DHT_EFULL);
	assert_int_equal(put(t, 100, 200, 40, SOON), DHT_EFULL);
	assert_int_equal(put(t, 100, 200, 41, SOON), DHT_EFULL);
	table_check(t);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(put(t, i / 3, i, 80, SOON), TABLE_REFRESHED);
		if (i % 2)
			assert_int_equal(put(t, i / 3, i, 81, SOON), TABLE_WITHDRAWN);
	}
	assert_int_equal(put(t, 100, 200, 40, SOON), DHT_EFULL);
	assert_int_equal(table_usage(t).records, 50);
	assert_int_equal(table_usage(t).tombstones, 50);
	rig_sweep(t, SOON + 1000);
	assert_int_equal(put(t, 100, 200, 40, LATE), TABLE_APPEARED);
	done(t);
}

static void limits_can_move(void **state)
{
	struct table_limits limits = {.max_records = 5};
	struct table *t = rig_table(10, 0, 0);

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(put(t, i, i, 40, SOON), TABLE_APPEARED);
	table_set_limits(t, &limits);
	assert_int_equal(table_usage(t).records, 10);
	assert_int_equal(put(t, 3, 3, 80, SOON), TABLE_REFRESHED);
	assert_int_equal(put(t, 30, 3, 80, SOON), DHT_EFULL);
	limits.max_records = 11;
	table_set_limits(t, &limits);
	assert_int_equal(put(t, 30, 3, 80, SOON), TABLE_APPEARED);
	assert_int_equal(put(t, 31, 3, 80, SOON), DHT_EFULL);
	done(t);
}

static void providers_of_a_hash_stop_at_their_limit(void **state)
{
	struct table *t = rig_table(0, 0, 500);

	(void)state;
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(put(t, 1, i, 40, SOON), TABLE_APPEARED);
	assert_int_equal(put(t, 1, 500, 40, SOON), DHT_EFULL);
	assert_int_equal(put(t, 1, 7, 41, SOON), TABLE_WITHDRAWN);
	assert_int_equal(put(t, 1, 500, 40, SOON), DHT_EFULL);
	assert_int_equal(put(t, 2, 500, 40, SOON), TABLE_APPEARED);
	assert_int_equal(put(t, 1, 8, 80, SOON), TABLE_REFRESHED);
	done(t);
}

/* Fills what there is with a mix of everything; gives how many records went in. */
static uint32_t fill(struct table *t, uint64_t max_memory, uint64_t fixed)
{
	uint32_t n = 0, refused = 0;

	for (uint32_t i = 0; refused < 1000; i++) {
		int change = put(t, i / 5 % 3 ? i : i / 1000, i, 40, SOON);
		assert_true(change == TABLE_APPEARED || change == DHT_EFULL);
		n += change == TABLE_APPEARED;
		refused += change == DHT_EFULL;
		assert_true(table_usage(t).memory - fixed <= max_memory);
	}
	return n;
}

static void memory_stops_at_its_limit_and_all_stays_changeable(void **state)
{
	enum { LIMIT = 16 << 20 };
	struct table *t = rig_table(0, LIMIT, 0);
	uint64_t fixed = table_usage(t).memory;
	uint32_t n = fill(t, LIMIT, fixed), changed = 0;

	(void)state;
	table_check(t);
	assert_true(table_usage(t).memory - fixed > LIMIT / 10 * 9);
	assert_int_equal(table_usage(t).records, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t hash = i / 5 % 3 ? i : i / 1000;
		bool there = has(t, hash, i);
		int change = put(t, hash, i, 80, SOON);
		assert_true(there ? change == TABLE_REFRESHED
				  : change == TABLE_APPEARED || change == DHT_EFULL);
		changed += there;
	}
	for (uint32_t i = 0; i < n; i++)
		put(t, i / 5 % 3 ? i : i / 1000, i, 81, SOON);
	assert_true(changed > n / 10 * 9);
	assert_true(table_usage(t).tombstones >= changed);
	table_check(t);

	rig_sweep(t, SOON + 1000);
	assert_int_equal(table_usage(t).hashes, 0);
	assert_true(table_usage(t).memory - fixed <= MEMORY_KEPT);
	fill(t, LIMIT, fixed);
	done(t);
}

static void memory_comes_back(void **state)
{
	struct table *t = rig_table(0, 0, 0);
	uint64_t fixed = table_usage(t).memory;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 300000; i++)
			put(t, i % 3 ? i : i / 20000, i, 40, SOON + i / 300);
		rig_sweep(t, SOON + 2000);
		assert_int_equal(table_usage(t).records, 0);
		assert_true(table_usage(t).memory - fixed <= MEMORY_KEPT);
	}
	assert_int_equal(table_deadline(t, 0, 1), UINT64_MAX);
	done(t);
}

/* One in ten stays, all over the place: what they are in is brought together, in half a minute. */
static void memory_comes_back_around_those_who_stay(void **state)
{
	struct table *t = rig_table(0, 0, 0);
	uint64_t fixed = table_usage(t).memory;

	(void)state;
	for (uint32_t i = 0; i < 400000; i++)
		put(t, i % 3 ? i : i / 20000, i, 40, i % 10 ? SOON : LATE);
	uint64_t full = table_usage(t).memory - fixed;
	for (uint64_t ms = 1000; ms <= 31000; ms += 100)
		rig_sweep(t, SOON + ms);
	assert_int_equal(table_usage(t).records, 40000);
	printf("%u KiB, then %u KiB\n", (unsigned)(full >> 10),
		(unsigned)((table_usage(t).memory - fixed) >> 10));
	assert_true(table_usage(t).memory - fixed < full / 4);
	assert_true(table_deadline(t, 0, 1) > SOON + 100000);
	for (uint32_t i = 0; i < 400000; i += 10)
		assert_int_equal(put(t, i % 3 ? i : i / 20000, i, 40, LATE), TABLE_UNCHANGED);
	done(t);
}

static void a_sweep_does_a_bounded_amount_of_work(void **state)
{
	struct table *t = rig_table(0, 0, 0);
	uint64_t before = 20000;
	int calls = 0;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		put(t, i < 10000 ? 1 : i, i, 40, SOON);
	while (table_deadline(t, 0, 1) <= SOON + 1000) {
		table_sweep(t, 0, 1, NULL, 0, SOON + 1000);
		uint64_t left = table_usage(t).records;
		assert_true(left < before && before - left <= 1000);
		before = left;
		calls++;
	}
	assert_int_equal(before, 0);
	assert_true(calls > 20);
	done(t);
}

#define CHANGES 600

struct change {
	uint32_t hash, provider;
	uint64_t version, expiry_ms;
};

static void shuffle(struct rng *rng, struct change *c, uint32_t n)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = rng_below(rng, i);
		struct change kept = c[j];
		c[j] = c[i - 1];
		c[i - 1] = kept;
	}
}

static void assert_alike(struct table *a, struct table *b)
{
	struct table_usage ua = table_usage(a), ub = table_usage(b);

	assert_int_equal(ua.records, ub.records);
	assert_int_equal(ua.tombstones, ub.tombstones);
	assert_int_equal(ua.hashes, ub.hashes);
	for (uint32_t i = 0; i < 4 * 40; i++) {
		uint8_t hash[64];
		struct record ra = {0}, rb = {0};
		struct ip ip = rig_ip(i % 40, i & 1);
		rig_hash(i / 40, 32, hash);
		struct table_key key = rig_key(hash, 32);
		bool found = table_find(a, &key, &ip, 8470, NOW, &ra);
		assert_int_equal(table_find(b, &key, &ip, 8470, NOW, &rb), found);
		assert_int_equal(version_order(ra.version), version_order(rb.version));
		assert_int_equal(ra.expiry_ms, rb.expiry_ms);
	}
}

static void apply(struct table *t, const struct change *c)
{
	uint8_t hash[64];

	rig_hash(c->hash, 32, hash);
	struct table_key key = rig_key(hash, 32);
	struct record r = rig_record(c->provider, c->provider & 1, c->version, c->expiry_ms);
	assert_true(table_merge(t, &key, &r, true, NOW) >= 0);
}

/* Whatever their order, however often each. Withdrawals last as long as any record could, as
 * those that travel do. */
static void the_same_changes_give_the_same_table(void **state)
{
	struct change changes[CHANGES];
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < CHANGES; i++) {
		uint64_t version = 4 * (1 + rng_below(&rng, 20)) + rng_below(&rng, 2);
		changes[i] = (struct change){rng_below(&rng, 4), rng_below(&rng, 40), version,
			version & 1 ? LATE : SOON + rng_below(&rng, 100000)};
	}
	struct table *a = rig_table(0, 0, 0);
	for (uint32_t i = 0; i < CHANGES; i++)
		apply(a, &changes[i]);
	for (int round = 0; round < 50; round++) {
		struct table *b = rig_table(0, 0, 0);
		shuffle(&rng, changes, CHANGES);
		for (uint32_t i = 0; i < CHANGES; i++) {
			apply(b, &changes[i]);
			while (rng_below(&rng, 3) == 0)
				apply(b, &changes[rng_below(&rng, i + 1)]);
		}
		assert_alike(a, b);
		done(b);
	}
	done(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_records_stop_at_their_limit),
		cmocka_unit_test(limits_can_move),
		cmocka_unit_test(providers_of_a_hash_stop_at_their_limit),
		cmocka_unit_test(memory_stops_at_its_limit_and_all_stays_changeable),
		cmocka_unit_test(memory_comes_back),
		cmocka_unit_test(memory_comes_back_around_those_who_stay),
		cmocka_unit_test(a_sweep_does_a_bounded_amount_of_work),
		cmocka_unit_test(the_same_changes_give_the_same_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
