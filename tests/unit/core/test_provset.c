/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provset.h"

#include "table_rig.h"

#include <stdlib.h>

#include "../test_seed.h"
#include "base/err.h"
#include "core/provread.h"

struct rig {
	struct blocks blocks;
	struct provset set;
	struct rng rng;
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	blocks_init(&r->blocks, 0);
	r->set.earliest = EXPIRY_NONE;
	*state = r;
	return 0;
}

/* The set's invariants, and that the memory is its own and nothing else. */
static void check(struct rig *r)
{
	struct census census = {0};

	provset_check(&r->blocks, &r->set, &census);
	blocks_check(&r->blocks, &census);
}

static int teardown(void **state)
{
	struct rig *r = *state;

	check(r);
	provset_free(&r->blocks, &r->set);
	check(r);
	blocks_fini(&r->blocks);
	assert_int_equal(budget_used(&r->blocks.budget), 0);
	free(r);
	return 0;
}

static struct element provider_of(uint32_t i, bool v6, uint32_t expiry)
{
	return (struct element){.ip = rig_ip(i, v6), .port = 1, .expiry = expiry, .version = 40};
}

static int add(struct rig *r, uint32_t i, bool v6, uint32_t expiry)
{
	struct element p = provider_of(i, v6, expiry);

	return provset_add(&r->blocks, &r->set, &p);
}

static bool has(const struct rig *r, uint32_t i, bool v6)
{
	struct ip ip = rig_ip(i, v6);
	struct provpos at;

	return provset_find(&r->blocks, &r->set, &ip, 1, &at);
}

static enum reaped take(struct reaper *reaper, struct element *p)
{
	assert_true(p->expiry <= reaper->now);
	return REAPED_GONE;
}

static bool reap(struct rig *r, uint32_t now)
{
	struct reaper reaper = {.now = now, .take = take};

	return provset_reap(&r->blocks, &r->set, &reaper);
}

/* From an independent implementation in another language. */
static void the_provider_hash_is_public(void **state)
{
	struct ip v4 = {{[10] = 0xff, 0xff, 192, 0, 2, 7}};
	struct ip v6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 7}};

	(void)state;
	assert_int_equal(provider_hash(&v4, 8470), 1777380492);
	assert_int_equal(provider_hash(&v6, 8470), 734024610);
}

static void it_grows_and_shrinks_through_all_forms(void **state)
{
	struct rig *r = *state;
	enum { N = 6000 };

	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(add(r, i, i % 3 == 0, 1 + i), 0);
		if (i < 200 || i % 500 == 0)
			check(r);
	}
	assert_int_equal(provset_count(&r->blocks, &r->set), N);
	for (uint32_t now = 1; now <= N; now += now > N - 200 ? 1 : 37) {
		assert_true(reap(r, now));
		assert_int_equal(provset_count(&r->blocks, &r->set), N - now);
		assert_int_equal(has(r, now, now % 3 == 0), now < N);
		assert_false(has(r, now - 1, (now - 1) % 3 == 0));
		check(r);
	}
	reap(r, N);
	assert_int_equal(r->set.half[0] | r->set.half[1], 0);
	for (int i = 0; i < BLOCK_SIZES; i++)
		assert_int_equal(r->blocks.pool[i].used, 0);
}

/* A large half pays 18 bytes for a provider, and what buckets that are 70 % full waste. */
static void many_cost_little(void **state)
{
	struct rig *r = *state;
	enum { N = 50000 };

	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(add(r, i, false, 1 + i), 0);
	uint32_t buckets = r->blocks.pool[3].used;
	printf("%.1f bytes for each of %d IPv4 providers\n", buckets * 512.0 / N, N);
	assert_true(buckets * 512 < 28 * N);
	/* Who is left of them pays twice that at most: buckets unite before they are half empty. */
	reap(r, N - 5000);
	check(r);
	buckets = r->blocks.pool[3].used;
	printf("%.1f bytes for each of the 5000 left\n", buckets * 512.0 / 5000);
	assert_true(buckets * 512 < 42 * 5000);
}

/* Providers chosen so that their hashes begin with the same 16 bits, against the public key: they
 * have their own buckets, and nobody else pays for it. */
static void who_aims_at_one_place_is_like_anybody(void **state)
{
	struct rig *r = *state;
	uint32_t found = 0;

	for (uint32_t i = 0; found < 60; i++) {
		struct ip ip = rig_ip(i, true);
		if (provider_hash(&ip, 1) >> 15 != 0x1234)
			continue;
		found++;
		assert_int_equal(add(r, i, true, 10), 0);
		check(r);
	}
	assert_true(r->blocks.pool[3].used <= 8);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(add(r, 0x70000000 + i, true, 10), 0);
}

/* All of one hash have to be in one bucket. A set does not look whether who comes is there already,
 * so the same one again stands for another of the same hash. */
static void no_more_of_one_hash_than_a_bucket_holds(void **state)
{
	struct rig *r = *state;
	enum { ROOM = 16 };

	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(add(r, i, true, 20), 0);
	for (uint32_t i = 0; i < ROOM; i++)
		assert_int_equal(add(r, 1000, true, 10), 0);
	assert_int_equal(add(r, 1000, true, 10), DHT_EFULL);
	for (uint32_t i = 100; i < 1000; i++)
		assert_int_equal(add(r, i, true, 20), 0);
	assert_int_equal(add(r, 1000, true, 10), DHT_EFULL);
	assert_true(reap(r, 10));
	check(r);
	assert_int_equal(provset_count(&r->blocks, &r->set), 1000);
	assert_int_equal(add(r, 1000, true, 10), 0);
}

struct hashed {
	uint32_t hash, i;
};

static int by_hash(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* n providers as those orders give them in which others send what they have: by their hashes, up
 * or down; or by groups of a page, which are in order but not in themselves. */
static struct hashed *in_order(uint32_t n, bool v6, bool down, uint32_t page)
{
	struct hashed *all = calloc(n, sizeof(*all));

	assert_non_null(all);
	for (uint32_t i = 0; i < n; i++) {
		struct ip ip = rig_ip(i, v6);
		all[i] = (struct hashed){provider_hash(&ip, 1), i};
	}
	qsort(all, n, sizeof(*all), by_hash);
	for (uint32_t from = 0; from < n; from += page)
		for (uint32_t a = from, b = from + page - 1; a < b && b < n; a++, b--) {
			struct hashed kept = all[a];
			all[a] = all[b];
			all[b] = kept;
		}
	for (uint32_t a = 0, b = n - 1; down && a < b; a++, b--) {
		struct hashed kept = all[a];
		all[a] = all[b];
		all[b] = kept;
	}
	return all;
}

static void fill_in_order(struct rig *r, bool v6, bool down, uint32_t page)
{
	enum { N = 50000 };
	struct hashed *all = in_order(N, v6, down, page);
	uint32_t refused = 0;

	for (uint32_t i = 0; i < N; i++)
		refused += add(r, all[i].i, v6, 10) != 0;
	printf("%s by hash, %s, in groups of %u: %u of %d refused, %.1f bytes each\n",
		v6 ? "IPv6" : "IPv4", down ? "down" : "up", (unsigned)page, (unsigned)refused, N,
		r->blocks.pool[3].used * 512.0 / N);
	check(r);
	assert_int_equal(refused, 0);
	for (uint32_t i = 0; i < N; i++)
		assert_true(has(r, i, v6));
	assert_true(r->blocks.pool[3].used * 512 < (v6 ? 46 : 28) * N);
	assert_true(reap(r, 10));
	free(all);
}

static void any_order_of_hashes_will_do(void **state)
{
	struct rig *r = *state;

	for (int v6 = 0; v6 < 2; v6++)
		for (int down = 0; down < 2; down++)
			for (uint32_t page = 1; page <= 64; page *= 8)
				fill_in_order(r, v6, down, page);
}

/* Memory may end at any moment; then nobody has come and nobody has gone. */
static void a_refusal_changes_nothing(void **state)
{
	struct rig *r = *state;
	uint32_t refusals = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		r->blocks.budget.max = 1;
		int err = add(r, i, i % 2, 10);
		r->blocks.budget.max = 0;
		if (!err)
			continue;
		refusals++;
		assert_int_equal(err, DHT_EFULL);
		assert_int_equal(provset_count(&r->blocks, &r->set), i);
		assert_false(has(r, i, i % 2));
		check(r);
		assert_int_equal(add(r, i, i % 2, 10), 0);
	}
	assert_true(refusals > 10);
	for (uint32_t i = 0; i < 3000; i++)
		assert_true(has(r, i, i % 2));
}

/* The count of who is alive, which is remembered, against counting. */
static void who_is_alive_is_counted_right_at_any_time(void **state)
{
	struct rig *r = *state;
	enum { N = 900 };
	struct element all[N];

	rng_init(&r->rng, test_seed());
	for (uint32_t i = 0; i < N; i++) {
		all[i] = provider_of(i, i % 4 == 0, 50 + rng_below(&r->rng, 1000));
		assert_int_equal(provset_add(&r->blocks, &r->set, &all[i]), 0);
	}
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t now = round / 20 + rng_below(&r->rng, 3), i = rng_below(&r->rng, N);
		struct provpos at;
		assert_true(provset_find(&r->blocks, &r->set, &all[i].ip, 1, &at));
		all[i].expiry = now + rng_below(&r->rng, 300);
		all[i].version = 40 + rng_below(&r->rng, 2);
		provset_update(&r->blocks, &r->set, &at, &all[i]);
		uint32_t alive[2] = {0};
		for (uint32_t k = 0; k < N && round % 7 == 0; k++)
			alive[family_of(&all[k].ip)] += all[k].expiry > now &&
			                                !version_is_withdrawal(all[k].version);
		for (enum family f = 0; f < FAMILIES && round % 7 == 0; f++)
			assert_int_equal(provset_alive(&r->blocks, &r->set, f, now), alive[f]);
	}
}

/* As many with the very same hash as can be found in a moment: some pairs. */
static void equal_hashes_are_not_torn_apart_by_pages(void **state)
{
	struct rig *r = *state;
	struct provread read;
	struct record out[4];
	uint32_t cursor = 0, given = 0, last = 0;
	enum { N = 150000 };

	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(add(r, i, false, 10), 0);
	provread_set(&read, &r->blocks, &r->set, 1, 0);
	do {
		size_t n = provread_page(&read, cursor, 4, out, &cursor);
		uint32_t first = provider_hash(&out[0].ip, 1);
		assert_true(n > 0 && (first > last || given == 0));
		last = provider_hash(&out[n - 1].ip, 1);
		assert_true(cursor == 0 || cursor > last);
		given += (uint32_t)n;
	} while (cursor);
	assert_int_equal(given, N);
}

static void tidying_moves_all_forms(void **state)
{
	struct rig *r = *state;
	struct provset others[4000];

	for (uint32_t i = 0; i < 4000; i++) {
		others[i] = (struct provset){.earliest = EXPIRY_NONE};
		for (uint32_t k = 0; k < 2 + i % 40; k++) {
			struct element p = provider_of(k, false, 10);
			assert_int_equal(provset_add(&r->blocks, &others[i], &p), 0);
		}
		if (i % 100 == 0)
			for (uint32_t k = 0; k < 10; k++)
				assert_int_equal(add(r, i + k, i % 200 == 0, 10), 0);
	}
	for (uint32_t i = 0; i < 4000; i++)
		provset_free(&r->blocks, &others[i]);
	assert_true(blocks_wasteful(&r->blocks));
	provset_tidy(&r->blocks, &r->set);
	assert_false(blocks_wasteful(&r->blocks));
	check(r);
	for (uint32_t i = 0; i < 4000; i += 100)
		for (uint32_t k = 0; k < 10; k++)
			assert_true(has(r, i + k, i % 200 == 0));
}

/* Behind the set's back: a reader that finds somebody alive then has looked at a bucket that it
 * could have passed over. */
static void overwrite_versions(struct rig *r, uint32_t n, uint64_t version)
{
	for (uint32_t i = 0; i < n; i++) {
		struct ip ip = rig_ip(i, i % 2);
		struct provpos at;

		assert_true(provset_find(&r->blocks, &r->set, &ip, 1, &at));
		put_u64(at.element + element_key_size(at.family) + 4, version);
	}
}

/* Anyone may fill a hash with tombstones, and ask for it a hundred times in one datagram. */
static void readers_pass_over_tombstones(void **state)
{
	enum { MANY = 4000 };
	struct rig *r = *state;
	struct record out[8];
	struct provread read;
	struct provpos at;
	uint32_t next;

	for (uint32_t i = 0; i < MANY; i++) {
		struct element p = provider_of(i, i % 2, 1000);
		assert_int_equal(provset_add(&r->blocks, &r->set, &p), 0);
		assert_true(provset_find(&r->blocks, &r->set, &p.ip, 1, &at));
		p.version = 41;
		provset_update(&r->blocks, &r->set, &at, &p);
	}
	check(r);
	overwrite_versions(r, MANY, 40);
	provread_set(&read, &r->blocks, &r->set, 1, 0);
	assert_int_equal(provread_page(&read, 0, 8, out, &next), 0);
	assert_int_equal(next, 0);
	overwrite_versions(r, MANY, 41);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_provider_hash_is_public),
		TEST(it_grows_and_shrinks_through_all_forms),
		TEST(many_cost_little),
		TEST(who_aims_at_one_place_is_like_anybody),
		TEST(no_more_of_one_hash_than_a_bucket_holds),
		TEST(any_order_of_hashes_will_do),
		TEST(a_refusal_changes_nothing),
		TEST(who_is_alive_is_counted_right_at_any_time),
		TEST(equal_hashes_are_not_torn_apart_by_pages),
		TEST(tidying_moves_all_forms),
		TEST(readers_pass_over_tombstones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
