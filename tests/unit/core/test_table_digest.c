/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints, digests, and dropping a partition whose digest is known. */
#include "table_rig.h"

#include <time.h>

#include "../test_seed.h"

#define NOW   (EPOCH + 1000)
#define SOON  (NOW + 10000)
#define LATE  (NOW + 1000000)
#define GRAVE 100000

/* From an independent implementation in another language. */
static void prints_are_public(void **state)
{
	static const uint8_t hash[] = {0xde, 0xad, 0xbe, 0xef};
	struct ip v4 = {{[10] = 0xff, 0xff, 192, 0, 2, 7}};
	struct ip v6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 7}};
	struct table_key key = rig_key(hash, sizeof(hash));
	uint64_t version = UINT64_C(1) << 40;
	uint64_t a = table_print(&key, &v4, 8470, version);
	uint64_t b = table_print(&key, &v6, 1, version_withdrawal(version));

	(void)state;
	assert_true(a == UINT64_C(0x31cb8643f29a5b77));
	assert_true(b == UINT64_C(0x9fff0e3252bf4373));
	assert_true(table_print(&key, &v4, 8470, version_shortened(version)) == a);
	struct table_digest both = {.sum = a + b, .count = 2}, none = {0};
	assert_true(table_digest_of(both) == UINT64_C(0xe1205309551021e));
	assert_true(table_digest_of(none) == 0);
}

/* The low bits choose a part of a partition: of prints that are as alike as can be, too. */
static void the_low_bits_of_prints_are_even(void **state)
{
	enum { PRINTS = 65536, PARTS = 64 };
	uint32_t by_hash[PARTS] = {0}, by_provider[PARTS] = {0}, by_version[PARTS] = {0};
	uint8_t hash[64];

	(void)state;
	for (uint32_t i = 0; i < PRINTS; i++) {
		struct ip one = rig_ip(1, false), other = rig_ip(i, false);
		memset(hash, 0, sizeof(hash));
		struct table_key key = rig_key(hash, 20);
		by_provider[table_print(&key, &other, 8470, 40) % PARTS]++;
		by_version[table_print(&key, &one, 8470, 4 * i) % PARTS]++;
		store_be64(hash, i);
		key = rig_key(hash, 20);
		by_hash[table_print(&key, &one, 8470, 40) % PARTS]++;
	}
	for (uint32_t i = 0; i < PARTS; i++) {
		assert_in_range(by_hash[i], PRINTS / PARTS - 200, PRINTS / PARTS + 200);
		assert_in_range(by_provider[i], PRINTS / PARTS - 200, PRINTS / PARTS + 200);
		assert_in_range(by_version[i], PRINTS / PARTS - 200, PRINTS / PARTS + 200);
	}
}

#define HASHES 12

static const size_t lengths[] = {20, 32, 64}; /* in each kind of shelf */
static uint8_t hash[HASHES][64];              /* in partition 0 */

static struct table_key key_of(uint32_t i)
{
	return rig_key(hash[i], lengths[i % COUNT(lengths)]);
}

static int make_hashes(void **state)
{
	uint64_t next = 0;

	(void)state;
	for (uint32_t i = 0; i < HASHES; i++)
		rig_hash_in_0(&next, lengths[i % COUNT(lengths)], hash[i]);
	return 0;
}

static int put_at(struct table *t, uint32_t hash_number, uint32_t provider, uint64_t version,
	uint64_t expiry_ms, uint64_t now_ms)
{
	struct table_key key = key_of(hash_number);
	struct record r = rig_record(provider, provider & 1, version, expiry_ms);

	return table_merge(t, &key, &r, true, now_ms);
}

static int put(struct table *t, uint32_t hash_number, uint32_t provider, uint64_t version,
	uint64_t expiry_ms)
{
	return put_at(t, hash_number, provider, version, expiry_ms, NOW);
}

static uint64_t digest_at(struct table *t, uint64_t now_ms)
{
	return table_digest_of(table_digest(t, 0, now_ms));
}

static struct table *table_with_graves(void)
{
	struct table_limits limits = {.grave_ms = GRAVE};
	struct table *t = rig_table(0, 0, 0);

	table_set_limits(t, &limits);
	return t;
}

/* A mix of everything: lone ones and sets, small and large, tombstones. */
static void fill(struct table *t, uint32_t crowd)
{
	for (uint32_t i = 0; i < HASHES; i++)
		for (uint32_t j = 0; j < (i % 5 == 3 ? crowd : i); j++)
			assert_true(put(t, i, j, 40 + (j % 3 == 0), LATE) > 0);
}

static void done(struct table *t)
{
	table_check(t);
	table_free(t);
}

/* What a digest has to be, from what a scan gives. */
static struct table_digest sum_of_scan(struct table *t, uint64_t now_ms)
{
	struct table_digest want = {0};
	struct table_item out[100];
	uint64_t cursor = 0;

	do {
		size_t n = table_scan(t, 0, &cursor, out, COUNT(out), now_ms);
		for (size_t i = 0; i < n; i++) {
			const struct record *r = &out[i].record;
			struct table_key key = rig_key(out[i].hash, out[i].hash_len);
			if (r->expiry_ms <= now_ms + TABLE_DIGEST_MARGIN_MS)
				continue;
			want.sum += table_print(&key, &r->ip, r->port, r->version);
			want.count++;
		}
	} while (cursor);
	return want;
}

static void it_is_the_sum_of_the_prints(void **state)
{
	struct table *t = table_with_graves();
	struct table_digest none = table_digest(t, 0, NOW);

	(void)state;
	assert_true(none.sum == 0 && none.count == 0);
	fill(t, 2000);
	struct table_digest want = sum_of_scan(t, NOW), got = table_digest(t, 0, NOW);
	assert_true(got.sum == want.sum && got.count == want.count);
	assert_int_equal(want.count, table_usage(t).records + table_usage(t).tombstones);
	struct table_digest other = table_digest(t, 1, NOW);
	assert_true(other.sum == 0 && other.count == 0);
	done(t);
}

/* At any time, whether or not all that ended was swept, all lives long or short. */
static void it_is_that_sum_at_any_time(void **state)
{
	struct table *t = table_with_graves();
	struct table_expired out[7];
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < 60000; i++) {
		uint64_t now_ms = NOW + 2 * i, life = rng_below(&rng, i % 3 ? 9000 : 40000);
		uint64_t version = 4 * (i / 10 + rng_below(&rng, 20)) + rng_below(&rng, 4);
		put_at(t, rng_below(&rng, HASHES), rng_below(&rng, i % 2 ? 20 : 2000), version,
			now_ms + life, now_ms);
		if (rng_below(&rng, 100) == 0)
			table_sweep(t, 0, 1, out, COUNT(out), now_ms);
		if (i % 50 == 0) {
			struct table_digest want = sum_of_scan(t, now_ms);
			struct table_digest got = table_digest(t, 0, now_ms);
			assert_true(got.sum == want.sum && got.count == want.count);
		}
		if (i % 5000 == 0)
			table_check(t);
		if (i % 20000 == 19999)
			assert_true(table_drop(t, 0, digest_at(t, now_ms), now_ms));
	}
	done(t);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* It costs what ends soon, not what there is: reading all takes hundreds of times as long. */
static void it_is_not_made_anew_each_time(void **state)
{
	enum { ROUNDS = 20 };
	struct table *t = table_with_graves();
	struct table_digest want, got = {0};

	(void)state;
	fill(t, 20000);
	put(t, 1, 500, 40, SOON);
	double start = seconds();
	for (int i = 0; i < ROUNDS; i++)
		want = sum_of_scan(t, SOON - 1000);
	double scanned = seconds();
	for (int i = 0; i < ROUNDS; i++)
		got = table_digest(t, 0, SOON - 1000);
	double summed = seconds();
	assert_true(got.sum == want.sum && got.count == want.count);
	printf("%.1f us, and %.1f us to read all\n", (summed - scanned) * 1e6 / ROUNDS,
		(scanned - start) * 1e6 / ROUNDS);
	assert_true(summed - scanned < (scanned - start) / 10);
	done(t);
}

static void what_ends_in_a_moment_is_left_out(void **state)
{
	struct table *t = table_with_graves();
	uint64_t before = SOON - TABLE_DIGEST_MARGIN_MS - 100, after = before + 200;

	(void)state;
	put(t, 0, 1, 40, LATE);
	uint64_t one = digest_at(t, NOW);
	put(t, 1, 2, 40, SOON);
	put(t, 1, 3, 41, SOON);
	uint64_t all = digest_at(t, NOW);
	assert_true(one != all && one != 0);
	assert_true(digest_at(t, before) == all);
	assert_true(digest_at(t, after) == one);
	rig_sweep(t, SOON + 1000);
	assert_true(digest_at(t, SOON + 1000) == one);
	done(t);
}

/* A shortened record's tombstone is in from its first moment, swept or not. */
static void a_grave_is_in_it_with_and_without_a_sweep(void **state)
{
	struct table *t = table_with_graves(), *plain = table_with_graves();

	(void)state;
	put(t, 0, 1, 42, SOON);
	put(plain, 0, 1, 40, SOON);
	assert_true(digest_at(t, NOW) == digest_at(plain, NOW));
	assert_true(digest_at(t, SOON - 100) == 0);
	put(plain, 0, 1, 41, LATE);
	uint64_t buried = digest_at(plain, NOW);
	assert_true(digest_at(t, SOON) == buried);
	rig_sweep(t, SOON + 1000);
	assert_true(digest_at(t, SOON + 1000) == buried);
	done(t);
	done(plain);
}

static void emptiness_costs_no_lock(void **state)
{
	struct table *t = table_with_graves();

	(void)state;
	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++)
		assert_true(table_is_empty(t, i));
	put(t, 0, 1, 40, SOON);
	assert_false(table_is_empty(t, 0));
	assert_true(table_is_empty(t, 1));
	put(t, 0, 1, 41, 0);
	assert_false(table_is_empty(t, 0));
	rig_sweep(t, SOON + 1000);
	assert_true(table_is_empty(t, 0));
	done(t);
}

#define CHANGES 1500

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

/* Whatever their order, however often each, whatever the table's own secret. */
static void the_same_changes_give_the_same_digest(void **state)
{
	struct change changes[CHANGES];
	struct table *a = table_with_graves();
	uint64_t digest = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < CHANGES; i++) {
		uint64_t version = 4 * (1 + rng_below(&rng, 20)) + rng_below(&rng, 4);
		changes[i] = (struct change){rng_below(&rng, HASHES), rng_below(&rng, 60), version,
			version & 1 ? LATE : SOON + rng_below(&rng, 100000)};
	}
	for (int round = 0; round < 30; round++) {
		uint8_t secret[16] = {(uint8_t)round};
		struct table_limits limits = {.grave_ms = GRAVE};
		struct table *b = table_new(&limits, secret, EPOCH - rng_below(&rng, 1000));
		assert_non_null(b);
		shuffle(&rng, changes, CHANGES);
		for (uint32_t i = 0; i < CHANGES; i++) {
			do {
				const struct change *c =
					&changes[rng_below(&rng, 3) ? i : rng_below(&rng, i + 1)];
				put(b, c->hash, c->provider, c->version, c->expiry_ms);
			} while (rng_below(&rng, 3) == 0);
			put(b, changes[i].hash, changes[i].provider, changes[i].version,
				changes[i].expiry_ms);
		}
		if (round == 0)
			digest = digest_at(b, NOW);
		assert_true(digest_at(b, NOW) == digest && digest != 0);
		done(b);
	}
	/* And one change more makes another. */
	for (uint32_t i = 0; i < CHANGES; i++)
		put(a, changes[i].hash, changes[i].provider, changes[i].version,
			changes[i].expiry_ms);
	assert_true(digest_at(a, NOW) == digest);
	put(a, 0, 1, 400, LATE);
	assert_true(digest_at(a, NOW) != digest);
	done(a);
}

static void only_what_is_known_is_dropped(void **state)
{
	struct table *t = table_with_graves();
	uint8_t elsewhere[64] = {7};
	struct table_key key = rig_key(elsewhere, 20);
	struct record other = rig_record(5, false, 40, LATE);
	uint64_t fixed = table_usage(t).memory;

	(void)state;
	assert_int_not_equal(key.partition, 0);
	table_merge(t, &key, &other, false, NOW);
	for (int round = 0; round < 3; round++) {
		fill(t, round == 1 ? 5000 : 30);
		struct table_usage u = table_usage(t);
		uint64_t digest = digest_at(t, NOW);
		assert_false(table_drop(t, 0, digest + 1, NOW));
		assert_false(table_drop(t, 0, 0, NOW));
		assert_false(table_drop(t, 1, digest, NOW));
		assert_true(digest_at(t, NOW) == digest);
		assert_int_equal(table_usage(t).records, u.records);
		put(t, 0, 1000, 40, LATE);
		assert_false(table_drop(t, 0, digest, NOW));
		assert_int_equal(table_usage(t).records, u.records + 1);
		table_check(t);
		assert_true(table_drop(t, 0, digest_at(t, NOW), NOW));
		table_check(t);
		assert_true(table_is_empty(t, 0));
		assert_int_equal(digest_at(t, NOW), 0);
		assert_int_equal(table_usage(t).records, 1);
		assert_int_equal(table_usage(t).tombstones, 0);
		assert_int_equal(table_usage(t).hashes, 1);
		assert_true(table_usage(t).memory - fixed <= MEMORY_KEPT + 4096);
	}
	assert_true(table_drop(t, 0, 0, NOW));
	assert_true(table_find(t, &key, &other.ip, 8470, NOW, &other));
	rig_sweep(t, LATE + 1000);
	assert_int_equal(table_usage(t).hashes, 0);
	done(t);
}

/* What ends in a moment goes as well; what time takes out of the digest makes it another. */
static void time_passes_for_a_drop_too(void **state)
{
	struct table *t = table_with_graves();

	(void)state;
	put(t, 0, 1, 40, LATE);
	put(t, 0, 2, 40, SOON);
	uint64_t digest = digest_at(t, NOW);
	assert_false(table_drop(t, 0, digest, SOON - 1000));
	assert_true(table_drop(t, 0, digest_at(t, SOON - 1000), SOON - 1000));
	assert_int_equal(table_usage(t).records, 0);
	assert_int_equal(put_at(t, 0, 2, 40, LATE, SOON - 1000), TABLE_APPEARED);
	assert_int_equal(rig_sweep(t, LATE + 1000), 1);
	done(t);
}

#define TEST(name) cmocka_unit_test_setup(name, make_hashes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_are_public),
		cmocka_unit_test(the_low_bits_of_prints_are_even),
		TEST(it_is_the_sum_of_the_prints),
		TEST(it_is_that_sum_at_any_time),
		TEST(it_is_not_made_anew_each_time),
		TEST(what_ends_in_a_moment_is_left_out),
		TEST(a_grave_is_in_it_with_and_without_a_sweep),
		TEST(emptiness_costs_no_lock),
		TEST(the_same_changes_give_the_same_digest),
		TEST(only_what_is_known_is_dropped),
		TEST(time_passes_for_a_drop_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
