/* SPDX-License-Identifier: BSD-2-Clause */
#include "table_one.h"

static void the_higher_version_wins(void **state)
{
	struct table *t = *state;
	struct record r;

	assert_int_equal(merge(t, 1, V2, SOON, false), TABLE_APPEARED);
	assert_int_equal(merge(t, 1, V1, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, V3, LATE, false), TABLE_REFRESHED);
	assert_true(find(t, 1, SOON + 1000, &r));
	assert_int_equal(version_order(r.version), V3);
	assert_int_equal(merge(t, 1, V3 + 4, SOON, false), TABLE_REFRESHED);
	assert_false(find(t, 1, SOON + 1000, &r));
}

static void the_same_version_only_shortens(void **state)
{
	struct table *t = *state;
	struct record r;

	assert_int_equal(merge(t, 1, V1, SOON, false), TABLE_APPEARED);
	assert_int_equal(merge(t, 1, V1, SOON, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, V1, LATE, false), TABLE_UNCHANGED);
	assert_false(find(t, 1, SOON + 100, &r));
	assert_int_equal(merge(t, 1, V1, SOON - 1000, false), TABLE_REFRESHED);
	assert_false(find(t, 1, SOON - 900, &r));
}

static void what_is_over_is_nothing(void **state)
{
	struct table *t = *state;
	struct record r;

	assert_int_equal(merge(t, 1, V1, NOW, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, V1, 0, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, W1, NOW, true), TABLE_UNCHANGED);
	assert_int_equal(table_usage(t).records + table_usage(t).tombstones, 0);
	assert_int_equal(merge(t, 1, V1, SOON, false), TABLE_APPEARED);
	assert_int_equal(merge(t, 1, V2, NOW, false), TABLE_UNCHANGED);
	assert_true(find(t, 1, NOW, &r));
	assert_int_equal(r.version, V1);
}

static void a_withdrawal_hides_and_holds(void **state)
{
	struct table *t = *state;
	struct record r;

	assert_int_equal(merge(t, 1, V2, LATE, false), TABLE_APPEARED);
	assert_int_equal(merge(t, 1, W1, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, W2, 0, false), TABLE_WITHDRAWN);
	assert_false(find(t, 1, NOW, &r));
	assert_int_equal(merge(t, 1, V1, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, V2, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, W2, 0, false), TABLE_UNCHANGED);
	assert_false(find(t, 1, NOW, &r));
	assert_int_equal(table_usage(t).tombstones, 1);
	assert_int_equal(table_usage(t).records, 0);
	assert_int_equal(merge(t, 1, V3, SOON, false), TABLE_APPEARED);
	assert_true(find(t, 1, NOW, &r));
	assert_int_equal(table_usage(t).tombstones, 0);
}

static void the_unknown_is_buried_only_on_demand(void **state)
{
	struct table *t = *state;

	assert_int_equal(merge(t, 1, W2, LATE, false), TABLE_UNCHANGED);
	assert_int_equal(table_usage(t).hashes, 0);
	assert_int_equal(merge(t, 1, W2, LATE, true), TABLE_BURIED);
	assert_int_equal(merge(t, 1, W2, LATE, true), TABLE_UNCHANGED);
	assert_int_equal(merge(t, 1, W3, SOON, true), TABLE_BURIED);
	assert_int_equal(merge(t, 1, V3, LATE, true), TABLE_UNCHANGED);
	assert_int_equal(table_usage(t).tombstones, 1);
}

/* Of an unknown hash, beside others, of either family, in the place of one that has ended; and the
 * copy that it is for comes after it. */
static void a_burial_takes_place_wherever_it_comes(void **state)
{
	struct table *t = *state;
	struct table_key key = rig_key(hash, 32);

	for (uint32_t i = 0; i < 100; i++) {
		struct record grave = rig_record(i, i % 2, W2, SOON);
		struct record ended = rig_record(i, i % 2, V3, NOW - 1000);
		struct record stale = rig_record(i, i % 2, V2, LATE);
		if (i % 3 == 0)
			table_merge(t, &key, &ended, false, NOW - 2000);
		assert_int_equal(table_merge(t, &key, &grave, true, NOW), TABLE_BURIED);
		assert_int_equal(table_merge(t, &key, &stale, true, NOW), TABLE_UNCHANGED);
		assert_false(table_find(t, &key, &grave.ip, grave.port, NOW, &stale));
		if (i < 3)
			table_check(t);
	}
	assert_int_equal(table_usage(t).tombstones, 100);
	assert_int_equal(table_usage(t).records, 0);
	rig_sweep(t, LATE - 1000);
	assert_int_equal(table_usage(t).tombstones, 100);
	rig_sweep(t, LATE + 1000);
	assert_int_equal(table_usage(t).hashes, 0);
}

/* The classic failure: a tombstone that goes before the last copy of what it buried. */
static void a_tombstone_outlives_every_copy_it_has_met(void **state)
{
	struct table *t = *state;
	struct table_key key = rig_key(hash, 32);
	struct record stale = rig_record(1, false, V1, LATE);

	assert_int_equal(merge(t, 1, W2, SOON, true), TABLE_BURIED);
	assert_int_equal(table_merge(t, &key, &stale, false, NOW), TABLE_UNCHANGED);
	rig_sweep(t, SOON + 2000);
	assert_int_equal(table_usage(t).tombstones, 1);
	assert_int_equal(table_merge(t, &key, &stale, false, SOON + 2000), TABLE_UNCHANGED);
	rig_sweep(t, LATE + 2000);
	assert_int_equal(table_usage(t).tombstones, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_higher_version_wins),
		TEST(the_same_version_only_shortens),
		TEST(what_is_over_is_nothing),
		TEST(a_withdrawal_hides_and_holds),
		TEST(the_unknown_is_buried_only_on_demand),
		TEST(a_burial_takes_place_wherever_it_comes),
		TEST(a_tombstone_outlives_every_copy_it_has_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
