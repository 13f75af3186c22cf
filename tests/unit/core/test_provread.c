/* SPDX-License-Identifier: BSD-2-Clause */
/* Many providers of one hash: are samples fair, are pages whole. */
#include "table_rig.h"

#include <math.h>
#include <stdlib.h>

#include "../test_seed.h"

#define NOW  (EPOCH + 1000)
#define SOON (NOW + 1000)
#define LATE (NOW + 1000000)

struct crowd {
	struct table *table;
	struct table_key key;
	struct rng rng;
	uint8_t hash[64];
};

static int setup(void **state)
{
	struct crowd *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->table = rig_table(0, 0, 0);
	rig_hash(1, 20, c->hash);
	c->key = rig_key(c->hash, 20);
	rng_init(&c->rng, test_seed());
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct crowd *c = *state;

	table_check(c->table);
	table_free(c->table);
	free(c);
	return 0;
}

static void add(struct crowd *c, uint32_t i, bool v6, uint64_t version, uint64_t expiry_ms)
{
	struct record r = rig_record(i, v6, version, expiry_ms);

	assert_true(table_merge(c->table, &c->key, &r, true, NOW) > 0);
}

/* How often each of n is in many samples of max; asserts that this is as even as chance is. The
 * statistic is chi-square scaled for draws without repetition, and about normal for so many
 * degrees of freedom; beyond five sigmas is one seed in three million. */
static void assert_fair(struct crowd *c, uint32_t n, size_t max, int samples, uint64_t now_ms)
{
	uint32_t *hits = calloc(n, sizeof(*hits)), total;
	struct record *out = calloc(max, sizeof(*out));
	double expected = (double)samples * (double)max / n, sum = 0;

	assert_true(hits && out);
	for (int i = 0; i < samples; i++) {
		assert_int_equal(
			table_sample(c->table, &c->key, &c->rng, max, out, &total, now_ms), max);
		assert_int_equal(total, n);
		for (size_t j = 0; j < max; j++)
			hits[rig_ip_number(&out[j].ip)]++;
	}
	for (uint32_t i = 0; i < n; i++)
		sum += (hits[i] - expected) * (hits[i] - expected) / expected;
	sum /= 1 - (double)max / n;
	double sigmas = (sum - (n - 1)) / sqrt(2.0 * (n - 1));
	printf("%u providers, %zu in a sample: %+.2f sigmas\n", n, max, sigmas);
	assert_true(fabs(sigmas) < 5);
	free(hits);
	free(out);
}

static void a_sample_of_50000_is_fair(void **state)
{
	struct crowd *c = *state;

	for (uint32_t i = 0; i < 50000; i++)
		add(c, i, false, 10, LATE);
	assert_fair(c, 50000, 76, 20000, NOW);
}

static void a_sample_of_both_families_is_fair(void **state)
{
	struct crowd *c = *state;

	for (uint32_t i = 0; i < 3000; i++)
		add(c, i, i < 500, 10, LATE);
	assert_fair(c, 3000, 76, 20000, NOW);
}

/* Two thirds of the slots have expired or withdrawn providers, who are not counted. */
static void a_sample_among_the_dead_is_fair(void **state)
{
	struct crowd *c = *state;

	for (uint32_t i = 0; i < 9000; i++) {
		if (i % 3 == 0)
			add(c, i / 3, i % 2, 10, LATE);
		else
			add(c, 100000 + i, i % 2, i % 3 == 1 ? 11 : 10, i % 3 == 1 ? LATE : SOON);
	}
	assert_fair(c, 3000, 76, 10000, SOON + 100);
}

/* So few are alive that the darts give up. */
static void a_sample_of_the_last_few_is_fair(void **state)
{
	struct crowd *c = *state;

	for (uint32_t i = 0; i < 400; i++)
		add(c, i, i % 2, 10, LATE);
	for (uint32_t i = 0; i < 40000; i++)
		add(c, 100000 + i, i % 2, 11, LATE);
	assert_fair(c, 400, 76, 5000, NOW);
}

static void a_sample_of_nearly_all_is_fair(void **state)
{
	struct crowd *c = *state;

	for (uint32_t i = 0; i < 100; i++)
		add(c, i, i % 4 == 0, 10, LATE);
	assert_fair(c, 100, 76, 20000, NOW);
	assert_fair(c, 100, 99, 20000, NOW);
	assert_fair(c, 100, 1, 100000, NOW);
}

static void a_large_sample_is_fair(void **state)
{
	struct crowd *c = *state;

	for (uint32_t i = 0; i < 5000; i++)
		add(c, i, i % 4 == 0, 10, LATE);
	assert_fair(c, 5000, 1000, 2000, NOW);
}

/* Pairs and their order: 30 ordered pairs of 6 come alike often. */
static void every_pair_in_every_order_comes_alike_often(void **state)
{
	enum { ROUNDS = 60000 };
	struct crowd *c = *state;
	int seen[6][6] = {0};
	uint32_t total;
	double sum = 0, expected = ROUNDS / 30.0;

	for (uint32_t i = 0; i < 6; i++)
		add(c, i, i % 2, 10, LATE);
	for (int i = 0; i < ROUNDS; i++) {
		struct record out[2];
		assert_int_equal(table_sample(c->table, &c->key, &c->rng, 2, out, &total, NOW), 2);
		seen[rig_ip_number(&out[0].ip)][rig_ip_number(&out[1].ip)]++;
	}
	for (int i = 0; i < 6; i++) {
		assert_int_equal(seen[i][i], 0);
		for (int j = 0; j < 6; j++)
			if (i != j)
				sum += (seen[i][j] - expected) * (seen[i][j] - expected) / expected;
	}
	assert_true(sum < 29 + 5 * sqrt(2 * 29.0));
}

static void all_are_given_when_there_is_room_for_all(void **state)
{
	struct crowd *c = *state;
	struct record out[60];
	uint32_t total, first[50] = {0};

	for (uint32_t i = 0; i < 50; i++)
		add(c, i, i % 2, 10, LATE);
	for (int round = 0; round < 2000; round++) {
		uint64_t seen = 0;
		assert_int_equal(
			table_sample(c->table, &c->key, &c->rng, 60, out, &total, NOW), 50);
		first[rig_ip_number(&out[0].ip)]++;
		for (int i = 0; i < 50; i++)
			seen |= UINT64_C(1) << rig_ip_number(&out[i].ip);
		assert_int_equal(seen, (UINT64_C(1) << 50) - 1);
	}
	for (int i = 0; i < 50; i++)
		assert_in_range(first[i], 5, 100);
	assert_int_equal(table_sample(c->table, &c->key, &c->rng, 0, out, &total, NOW), 0);
	assert_int_equal(total, 50);
}

#define STEADY 50000

/* Between two pages many come and go, enough that buckets split and unite. */
static void others_come_and_go(struct crowd *c, uint64_t *now_ms)
{
	for (int i = 0; i < 300; i++) {
		uint32_t n = STEADY + rng_below(&c->rng, 60000);
		struct record r = rig_record(n, n % 3 == 0, 2 * *now_ms + rng_below(&c->rng, 2),
			*now_ms + 100 + rng_below(&c->rng, 20000));
		table_merge(c->table, &c->key, &r, false, *now_ms);
	}
	*now_ms += 50;
	rig_sweep(c->table, *now_ms);
}

static void who_stays_is_seen_once_whoever_comes_and_goes(void **state)
{
	struct crowd *c = *state;
	uint8_t *seen = calloc(STEADY, 1);
	uint64_t now_ms = NOW;
	uint32_t cursor = 0, total, pages = 0;

	assert_non_null(seen);
	for (uint32_t i = 0; i < STEADY; i++)
		add(c, i, i % 3 == 0, 10, LATE);
	for (int i = 0; i < 200; i++)
		others_come_and_go(c, &now_ms);
	do {
		struct record out[60];
		size_t n = table_page(
			c->table, &c->key, cursor, COUNT(out), out, &cursor, &total, now_ms);
		assert_true(n >= 50 || cursor == 0);
		for (size_t i = 0; i < n; i++)
			if (rig_ip_number(&out[i].ip) < STEADY)
				seen[rig_ip_number(&out[i].ip)]++;
		others_come_and_go(c, &now_ms);
		pages++;
	} while (cursor);
	for (uint32_t i = 0; i < STEADY; i++)
		assert_int_equal(seen[i], 1);
	printf("%u pages, %u alive at the end\n", pages, total);
	free(seen);
}

/* Two servers that came to the same providers by different ways page them alike. */
static void pages_are_alike_on_every_server(void **state)
{
	static const uint8_t another_secret[16] = "another server's";
	struct table_limits limits = {0};
	struct crowd *c = *state, other = *c;
	struct record a[60], b[60];
	uint32_t cursor = 0, next_a, next_b, total;

	other.table = table_new(&limits, another_secret, EPOCH);
	for (uint32_t i = 0; i < 2000; i++) {
		add(c, i, i % 2, 10, LATE);
		add(&other, 1999 - i, (1999 - i) % 2, 10, LATE);
	}
	do {
		size_t n = table_page(c->table, &c->key, cursor, 60, a, &next_a, &total, NOW);
		assert_int_equal(
			table_page(other.table, &c->key, cursor, 60, b, &next_b, &total, NOW), n);
		for (size_t i = 0; i < n; i++)
			assert_true(ip_equal(&a[i].ip, &b[i].ip));
		assert_int_equal(next_a, next_b);
		cursor = next_a;
	} while (cursor);
	table_free(other.table);
}

/* Somebody among tombstones is found, by pages of a bounded cost each. */
static void tombstones_are_paged_through(void **state)
{
	struct crowd *c = *state;
	struct record out[60];
	uint32_t cursor = 0, total, pages = 0, found = 0;

	for (uint32_t i = 0; i < 60000; i++)
		add(c, i, false, 10, LATE);
	for (uint32_t i = 0; i < 60000; i++)
		if (i % 20000 != 7)
			add(c, i, false, 11, LATE);
	do {
		size_t n = table_page(c->table, &c->key, cursor, 60, out, &cursor, &total, NOW);
		assert_int_equal(total, 3);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(rig_ip_number(&out[i].ip) % 20000, 7);
		found += (uint32_t)n;
		pages++;
	} while (cursor);
	assert_int_equal(found, 3);
	assert_in_range(pages, 2, 20);
	/* Nobody at all: known without a look. */
	for (uint32_t i = 7; i < 60000; i += 20000)
		add(c, i, false, 11, LATE);
	assert_int_equal(table_page(c->table, &c->key, 0, 60, out, &cursor, &total, NOW), 0);
	assert_int_equal(cursor, 0);
}

static void a_lone_provider_is_paged_like_a_set(void **state)
{
	struct crowd *c = *state;
	struct record out[2];
	uint32_t next, total;

	add(c, 1, false, 10, LATE);
	assert_int_equal(table_page(c->table, &c->key, 0, 2, out, &next, &total, NOW), 1);
	assert_int_equal(next, 0);
	assert_int_equal(table_page(c->table, &c->key, 0x7fffffff, 2, out, &next, &total, NOW), 0);
	assert_int_equal(table_page(c->table, &c->key, 0x80000000, 2, out, &next, &total, NOW), 0);
	assert_int_equal(next, 0);
	assert_int_equal(total, 1);
}

/* Whatever a stranger sends as a cursor. */
static void any_cursor_is_harmless(void **state)
{
	struct crowd *c = *state;
	struct record out[60];
	uint32_t next, total;

	for (uint32_t i = 0; i < 3000; i++)
		add(c, i, i % 2, 10, LATE);
	for (int i = 0; i < 10000; i++) {
		uint32_t cursor = (uint32_t)rng_u64(&c->rng);
		table_page(c->table, &c->key, cursor, 1 + rng_below(&c->rng, 60), out, &next,
			&total, NOW);
		assert_true(next == 0 || next > cursor);
	}
	assert_int_equal(table_page(c->table, &c->key, UINT32_MAX, 60, out, &next, &total, NOW), 0);
	assert_int_equal(next, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sample_of_50000_is_fair),
		TEST(a_sample_of_both_families_is_fair),
		TEST(a_sample_among_the_dead_is_fair),
		TEST(a_sample_of_the_last_few_is_fair),
		TEST(a_sample_of_nearly_all_is_fair),
		TEST(a_large_sample_is_fair),
		TEST(every_pair_in_every_order_comes_alike_often),
		TEST(all_are_given_when_there_is_room_for_all),
		TEST(who_stays_is_seen_once_whoever_comes_and_goes),
		TEST(pages_are_alike_on_every_server),
		TEST(tombstones_are_paged_through),
		TEST(a_lone_provider_is_paged_like_a_set),
		TEST(any_cursor_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
