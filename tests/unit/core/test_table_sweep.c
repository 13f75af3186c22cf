/* SPDX-License-Identifier: BSD-2-Clause */
#include "table_one.h"

static void a_sweep_tells_who_ended(void **state)
{
	struct table *t = *state;
	struct table_expired out[8];
	uint64_t end = SOON + 1000;

	merge(t, 1, V1, SOON, false);
	merge(t, 2, V1, SOON, false);
	merge(t, 3, V1, LATE, false);
	merge(t, 4, V1, SOON, false);
	merge(t, 4, W2, 0, false);
	assert_int_equal(table_sweep(t, 0, 1, out, 8, SOON - 1), 0);
	assert_in_range(table_deadline(t, 0, 1), SOON, SOON + 600);
	assert_int_equal(table_sweep(t, 0, 1, out, 1, end), 1);
	assert_true(table_deadline(t, 0, 1) <= end);
	assert_int_equal(table_sweep(t, 0, 1, out + 1, 7, end), 1);
	assert_true(table_deadline(t, 0, 1) > end);
	assert_int_equal(rig_ip_number(&out[0].record.ip) + rig_ip_number(&out[1].record.ip), 3);
	assert_int_equal(out[0].hash_len, 32);
	assert_memory_equal(out[0].hash, hash, 32);
	assert_int_equal(out[0].partition, rig_key(hash, 32).partition);
	assert_int_equal(out[0].record.version, V1);
	assert_int_equal(table_usage(t).records, 1);
	assert_int_equal(table_usage(t).tombstones, 0);
	assert_int_equal(table_sweep(t, 0, 1, NULL, 0, LATE + 1000), 0);
	assert_int_equal(table_usage(t).hashes, 0);
	assert_int_equal(table_deadline(t, 0, 1), UINT64_MAX);
}

/* 2 of 3 lanes' shares, and then of another number of lanes. */
static void each_lane_sweeps_its_share(void **state)
{
	struct table *t = *state;
	uint64_t end = SOON + 1000;

	for (uint32_t i = 0; i < 300; i++) {
		rig_hash(i, 32, hash);
		merge(t, i, V1, SOON, false);
	}
	/* The first sweep for this number of lanes is due at once. */
	for (uint32_t lane = 0; lane < 3; lane++) {
		assert_true(table_deadline(t, lane, 3) <= NOW);
		table_sweep(t, lane, 3, NULL, 0, NOW);
	}
	for (uint32_t lane = 0; lane < 3; lane++)
		assert_in_range(table_deadline(t, lane, 3), SOON, SOON + 600);
	for (uint32_t lane = 0; lane < 2; lane++) {
		while (table_deadline(t, lane, 3) <= end)
			table_sweep(t, lane, 3, NULL, 0, end);
		assert_int_equal(table_deadline(t, lane, 3), UINT64_MAX);
	}
	assert_in_range(table_usage(t).records, 50, 150);
	for (uint32_t lane = 0; lane < 5; lane++)
		while (table_deadline(t, lane, 5) <= end)
			table_sweep(t, lane, 5, NULL, 0, end);
	assert_int_equal(table_usage(t).records, 0);
}

static void a_new_earlier_end_moves_the_deadline(void **state)
{
	struct table *t = *state;

	assert_int_equal(table_deadline(t, 0, 1), UINT64_MAX);
	merge(t, 1, V1, LATE, false);
	assert_in_range(table_deadline(t, 0, 1), LATE, LATE + 600);
	table_sweep(t, 0, 1, NULL, 0, NOW);
	assert_in_range(table_deadline(t, 0, 1), LATE, LATE + 600);
	merge(t, 2, V1, SOON, false);
	assert_in_range(table_deadline(t, 0, 1), SOON, SOON + 600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sweep_tells_who_ended),
		TEST(each_lane_sweeps_its_share),
		TEST(a_new_earlier_end_moves_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
