/* SPDX-License-Identifier: BSD-2-Clause */
#include "table_one.h"

/* From an independent implementation in another language. */
static void a_partition_is_a_public_function_of_the_hash(void **state)
{
	static const struct {
		const char *hash;
		uint32_t partition;
	} cases[] = {{"a", 12756}, {"hash", 3196}, {"0123456789abcdefghij", 4538}};
	uint32_t seen = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const uint8_t *p = (const uint8_t *)cases[i].hash;
		struct table_key key = rig_key(p, strlen(cases[i].hash));
		assert_int_equal(key.partition, cases[i].partition);
		assert_int_equal(key.h >> 50, key.partition);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		rig_hash(i, 20, hash);
		seen |= rig_key(hash, 20).partition;
	}
	assert_int_equal(seen, TABLE_PARTITIONS - 1);
}

static void what_was_put_is_found_until_it_ends(void **state)
{
	struct table *t = *state;
	struct record r;

	assert_false(find(t, 1, NOW, &r));
	assert_int_equal(merge(t, 1, V1, SOON, false), TABLE_APPEARED);
	assert_true(find(t, 1, NOW, &r));
	assert_int_equal(r.version, V1);
	assert_int_equal(r.port, 8470);
	assert_in_range(r.expiry_ms, SOON, SOON + 99);
	assert_true(find(t, 1, SOON - 1, &r));
	assert_false(find(t, 1, SOON + 99, &r));
	assert_false(find(t, 2, NOW, &r));
}

static void a_provider_is_an_address_and_a_port(void **state)
{
	struct table *t = *state;
	struct table_key key = rig_key(hash, 32);
	struct record r = rig_record(1, false, V1, SOON);

	for (int i = 0; i < 3; i++) {
		r.port = (uint16_t)(1000 + i);
		assert_int_equal(table_merge(t, &key, &r, false, NOW), TABLE_APPEARED);
	}
	assert_int_equal(table_usage(t).records, 3);
	assert_int_equal(table_usage(t).hashes, 1);
	assert_true(table_find(t, &key, &r.ip, 1001, NOW, &r));
	assert_false(table_find(t, &key, &r.ip, 1003, NOW, &r));
}

static void a_read_looks_at_the_clock_before_any_sweep(void **state)
{
	struct table *t = *state;
	struct table_key key = rig_key(hash, 32);
	struct record out[8];
	uint32_t total, next;
	struct rng rng;

	rng_init(&rng, 1);
	merge(t, 1, V1, SOON, false);
	merge(t, 2, V1, LATE, false);
	merge(t, 3, V1, SOON, false);
	assert_int_equal(table_sample(t, &key, &rng, 8, out, &total, NOW), 3);
	assert_int_equal(total, 3);
	assert_int_equal(table_sample(t, &key, &rng, 8, out, &total, SOON + 100), 1);
	assert_int_equal(total, 1);
	assert_int_equal(rig_ip_number(&out[0].ip), 2);
	assert_int_equal(table_page(t, &key, 0, 8, out, &next, &total, SOON + 100), 1);
	assert_int_equal(total, 1);
	assert_int_equal(next, 0);
	assert_int_equal(table_usage(t).records, 3);
	/* What has ended is not there, whatever its version was. */
	struct record again = rig_record(1, false, V1 - 4, LATE);
	assert_int_equal(table_merge(t, &key, &again, false, SOON + 100), TABLE_APPEARED);
	assert_int_equal(table_usage(t).records, 3);
}

static void one_ipv6_provider_and_hashes_of_every_length(void **state)
{
	struct table *t = *state;
	struct record r = rig_record(7, true, V1, SOON);

	for (size_t len = 1; len <= 64; len++) {
		struct table_key key = rig_key(hash, len);
		assert_int_equal(table_merge(t, &key, &r, false, NOW), TABLE_APPEARED);
		struct record v4 = rig_record(7, false, V1, SOON);
		assert_int_equal(table_merge(t, &key, &v4, false, NOW), TABLE_APPEARED);
	}
	assert_int_equal(table_usage(t).hashes, 64);
	assert_int_equal(table_usage(t).records, 128);
	for (size_t len = 1; len <= 64; len++) {
		struct table_key key = rig_key(hash, len);
		struct record got;
		assert_true(table_find(t, &key, &r.ip, r.port, NOW, &got));
		assert_true(ip_equal(&got.ip, &r.ip));
	}
	assert_int_equal(rig_sweep(t, SOON + 1000), 128);
	table_check(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_partition_is_a_public_function_of_the_hash),
		TEST(what_was_put_is_found_until_it_ends),
		TEST(a_provider_is_an_address_and_a_port),
		TEST(a_read_looks_at_the_clock_before_any_sweep),
		TEST(one_ipv6_provider_and_hashes_of_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
