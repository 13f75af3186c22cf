/* SPDX-License-Identifier: BSD-2-Clause */
/* Records that took the place of a copy with a longer life: marked, and not forgotten at their end.
 */
#include "table_one.h"

#define GRAVE_MS 300000

static int setup_graves(void **state)
{
	struct table_limits limits = {.grave_ms = GRAVE_MS};

	setup(state);
	table_set_limits(*state, &limits);
	return 0;
}

static int merge_at(
	struct table *t, uint32_t i, uint64_t version, uint64_t expiry_ms, uint64_t now_ms)
{
	struct table_key key = rig_key(hash, 32);
	struct record r = rig_record(i, false, version, expiry_ms);

	return table_merge(t, &key, &r, true, now_ms);
}

static uint64_t version_of(struct table *t, uint32_t i)
{
	struct record r;

	return find(t, i, NOW, &r) ? r.version : 0;
}

static void who_replaces_a_longer_life_is_marked(void **state)
{
	struct table *t = *state;

	merge(t, 1, V1, LATE, false);
	merge(t, 1, V2, LATE, false);
	assert_int_equal(version_of(t, 1), V2);
	merge(t, 1, V3, SOON, false);
	assert_int_equal(version_of(t, 1), S3);

	merge(t, 2, W1, LATE, true);
	merge(t, 2, V2, SOON, false);
	assert_int_equal(version_of(t, 2), S2);
	merge(t, 3, W1, SOON, true);
	merge(t, 3, V2, LATE, false);
	assert_int_equal(version_of(t, 3), V2);
}

/* What was shortened may have had a life longer than any that is seen here. */
static void the_mark_is_handed_on(void **state)
{
	struct table *t = *state;

	merge(t, 1, S1, SOON, false);
	assert_int_equal(version_of(t, 1), S1);
	assert_int_equal(merge(t, 1, V2, LATE, false), TABLE_REFRESHED);
	assert_int_equal(version_of(t, 1), S2);
}

static void the_mark_comes_with_the_same_version_too(void **state)
{
	struct table *t = *state;

	merge(t, 1, V2, SOON, false);
	assert_int_equal(merge(t, 1, S2, SOON, false), TABLE_UNCHANGED);
	assert_int_equal(version_of(t, 1), S2);
	assert_int_equal(merge(t, 1, V2, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, V2, SOON - 1000, false), TABLE_REFRESHED);
	assert_int_equal(version_of(t, 1), S2);
	merge(t, 2, V2, SOON, false);
	assert_int_equal(merge(t, 2, S2, NOW, false), TABLE_UNCHANGED);
	assert_int_equal(version_of(t, 2), V2);
}

static void the_mark_says_nothing_about_what_is_newer(void **state)
{
	struct table *t = *state;

	merge(t, 1, V2, SOON, false);
	assert_int_equal(merge(t, 1, S1, SOON - 1000, false), TABLE_UNCHANGED);
	assert_int_equal(version_of(t, 1), S2);
	assert_int_equal(merge(t, 1, W2, 0, false), TABLE_WITHDRAWN);
	assert_int_equal(merge(t, 1, S2, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, V3, LATE, false), TABLE_APPEARED);
}

/* Whichever of the two comes first. */
static void an_older_copy_with_a_longer_life_marks_too(void **state)
{
	struct table *t = *state;

	merge(t, 1, V2, SOON, false);
	assert_int_equal(merge(t, 1, V1, SOON, false), TABLE_UNCHANGED);
	assert_int_equal(version_of(t, 1), V2);
	assert_int_equal(merge(t, 1, V1, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(version_of(t, 1), S2);
	merge(t, 2, V2, SOON, false);
	assert_int_equal(merge(t, 2, W1, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(version_of(t, 2), S2);
}

/* Alone in its entry, in a set, in a large one, and an IPv6 provider. */
static void at_its_end_it_is_told_of_and_leaves_a_tombstone(void **state)
{
	struct table *t = *state;
	struct table_key key = rig_key(hash, 32);
	uint64_t told = 0;

	for (uint32_t n = 1; n <= 200; n += n < 5 ? 1 : 65) {
		rig_hash(n, 32, hash);
		key = rig_key(hash, 32);
		for (uint32_t i = 0; i < n; i++) {
			struct record r = rig_record(i, n % 2 == 0 && i % 3 == 0, S2, SOON);
			assert_int_equal(table_merge(t, &key, &r, false, NOW), TABLE_APPEARED);
		}
		told += n;
	}
	assert_int_equal(rig_sweep(t, SOON + 1000), told);
	assert_int_equal(table_usage(t).records, 0);
	assert_int_equal(table_usage(t).tombstones, told);
	table_check(t);
	for (uint32_t i = 0; i < 5; i++) {
		struct record stale = rig_record(i, i % 3 == 0, V1, LATE);
		int change = table_merge(t, &key, &stale, false, SOON + 1000);
		assert_int_equal(change, TABLE_UNCHANGED);
	}
	assert_int_equal(rig_sweep(t, SOON + GRAVE_MS - 100), 0);
	assert_int_equal(table_usage(t).tombstones, told);
	assert_int_equal(rig_sweep(t, SOON + GRAVE_MS + 1000), 0);
	assert_int_equal(table_usage(t).hashes, 0);
}

/* Between the end and the sweep it is not there for readers, and a tombstone for who comes. */
static void the_end_needs_no_sweep(void **state)
{
	struct table *t = *state;
	struct record r;

	for (uint32_t i = 1; i <= 6; i++)
		merge(t, i, S2, SOON, false);
	assert_true(find(t, 1, SOON - 1, &r));
	assert_false(find(t, 1, SOON, &r));
	assert_int_equal(merge_at(t, 1, V1, LATE, SOON), TABLE_UNCHANGED);
	assert_int_equal(merge_at(t, 2, V2, LATE, SOON), TABLE_UNCHANGED);
	assert_int_equal(merge_at(t, 3, V3, LATE, SOON), TABLE_APPEARED);
	assert_int_equal(merge_at(t, 4, W3, LATE, SOON), TABLE_BURIED);
	assert_int_equal(merge_at(t, 5, W1, LATE, SOON), TABLE_UNCHANGED);
	for (uint32_t i = 1; i <= 6; i++)
		assert_int_equal(find(t, i, SOON, &r), i == 3);
	table_check(t);
	assert_int_equal(rig_sweep(t, SOON + 1000), 4); /* 3 and 4 were replaced before that */
	assert_int_equal(table_usage(t).tombstones, 5);
}

/* One that is swept late leaves no tombstone that nobody needs any more. */
static void a_tombstone_that_would_be_over_is_not_made(void **state)
{
	struct table *t = *state;

	merge(t, 1, S2, SOON, false);
	assert_int_equal(merge_at(t, 1, V1, SOON + 10 * GRAVE_MS, SOON + GRAVE_MS), TABLE_APPEARED);
	merge(t, 2, S2, SOON, false);
	assert_int_equal(rig_sweep(t, SOON + GRAVE_MS), 1);
	assert_int_equal(table_usage(t).tombstones, 0);
}

/* The tombstone of what was shortened has to outlive what that took the place of. */
static void a_withdrawal_of_it_lasts_as_long(void **state)
{
	struct table *t = *state;

	merge(t, 1, V1, LATE, false);
	merge(t, 1, V2, SOON, false);
	assert_int_equal(merge(t, 1, W2, SOON, false), TABLE_WITHDRAWN);
	merge(t, 2, W2, SOON, true);
	assert_int_equal(merge(t, 2, S1, SOON, false), TABLE_UNCHANGED);
	rig_sweep(t, NOW + GRAVE_MS - 100);
	assert_int_equal(table_usage(t).tombstones, 2);
	rig_sweep(t, NOW + GRAVE_MS + 1000);
	assert_int_equal(table_usage(t).tombstones, 0);
}

static void without_graves_it_just_goes(void **state)
{
	struct table_limits limits = {0};
	struct table *t = *state;

	table_set_limits(t, &limits);
	merge(t, 1, S2, SOON, false);
	assert_int_equal(merge_at(t, 1, V1, LATE, SOON), TABLE_APPEARED);
	merge(t, 2, S2, SOON, false);
	assert_int_equal(rig_sweep(t, SOON + 1000), 1);
	assert_int_equal(table_usage(t).tombstones, 0);
}

/* Why all this: two servers, one of which misses the short announcement. */
static void the_older_copy_does_not_come_back(void **state)
{
	struct table *t = *state;
	struct record r;

	merge(t, 1, V1, LATE, false);
	merge(t, 1, V2, SOON, false);
	rig_sweep(t, SOON + 1000);
	assert_int_equal(merge_at(t, 1, V1, LATE, SOON + 1000), TABLE_UNCHANGED);
	assert_false(find(t, 1, SOON + 1000, &r));
	rig_sweep(t, LATE + 1000);
	assert_int_equal(merge_at(t, 1, V3, LATE + 5000, LATE + 1000), TABLE_APPEARED);
}

/* It ended while no table had it. */
static void what_is_read_back_leaves_its_tombstone(void **state)
{
	struct table *t = *state;
	struct record whole = rig_record(1, false, V2, SOON), cut = rig_record(1, false, S2, SOON);

	assert_false(table_remains(t, &whole, 1000, NOW));
	assert_true(table_remains(t, &cut, 1000, NOW));
	assert_int_equal(cut.version, W2);
	assert_int_equal(cut.expiry_ms, NOW + GRAVE_MS - 1000);
	merge_at(t, 1, cut.version, cut.expiry_ms, NOW);
	assert_int_equal(merge(t, 1, V1, LATE, false), TABLE_UNCHANGED);
	cut.version = S2;
	assert_false(table_remains(t, &cut, GRAVE_MS, NOW));
	cut.version = W2;
	assert_false(table_remains(t, &cut, 1000, NOW));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_graves, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_replaces_a_longer_life_is_marked),
		TEST(the_mark_is_handed_on),
		TEST(the_mark_comes_with_the_same_version_too),
		TEST(the_mark_says_nothing_about_what_is_newer),
		TEST(an_older_copy_with_a_longer_life_marks_too),
		TEST(at_its_end_it_is_told_of_and_leaves_a_tombstone),
		TEST(the_end_needs_no_sweep),
		TEST(a_tombstone_that_would_be_over_is_not_made),
		TEST(a_withdrawal_of_it_lasts_as_long),
		TEST(without_graves_it_just_goes),
		TEST(the_older_copy_does_not_come_back),
		TEST(what_is_read_back_leaves_its_tombstone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
