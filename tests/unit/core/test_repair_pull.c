/* SPDX-License-Identifier: BSD-2-Clause */
/* How repair pulls. */
#include "repair_rig.h"

#define LONG_MS (40 * INTERVAL_MS)
#define MANY    6000
#define HUGE    20000

static struct table_key key_of(uint32_t i, uint8_t hash[static 20])
{
	rig_hash(i, hash);
	return table_key_of((struct span){hash, 20});
}

/* A set of many providers moves, in the order that the source has it in: once, and all of it. */
static void a_large_partition(void **state)
{
	struct rig *r = rig_new(2, 1, test_seed());

	(void)state;
	rig_cluster(r, 1);
	for (uint32_t k = 0; k < HUGE; k++)
		assert_true(rig_put(r, 0, 1, k, rig_version(r), HOUR_MS) >= 0);
	rig_start(r, 1);
	rig_tell(r, 0);
	/* At once: not a few with each pass. */
	assert_true(rig_until(r, all_alike, INTERVAL_MS / 2));
	assert_int_equal(rig_count(r, 1), HUGE);
	assert_in_range(rig_progress(r, 1).pulled_records, HUGE, HUGE + HUGE / 100);
	assert_int_equal(rig_progress(r, 1).refused_records, 0);
	rig_free(r);
}

/* Both have thousands alike and a few not: both send the prints of theirs, and hardly anything
 * comes that was there. */
static void a_few_differ(void **state)
{
	struct rig *r = rig_new(2, 1, test_seed());

	(void)state;
	rig_cluster(r, 2);
	for (uint32_t k = 0; k < MANY; k++)
		rig_store(r, 0, 1, k, rig_version(r), HOUR_MS);
	for (uint32_t k = 0; k < 6; k++)
		rig_put(r, k % 2, 1, MANY + k, rig_version(r), HOUR_MS);
	uint64_t pulled = rig_progress(r, 0).pulled_records + rig_progress(r, 1).pulled_records;
	uint64_t prints = r->sent_of[PEER_PULL];
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_count(r, 1), MANY + 6);
	pulled = rig_progress(r, 0).pulled_records + rig_progress(r, 1).pulled_records - pulled;
	assert_in_range(pulled, 6, 6 + 2 * MANY / 100);
	assert_in_range(r->sent_of[PEER_PULL] - prints, MANY * 8 * 9 / 10, 3 * MANY * 8);
	rig_free(r);
}

/* Who can't take all is not complete, says of nothing that it has it, and gets all when it can. */
static void a_full_receiver(void **state)
{
	struct rig *r = rig_new(1, 1, test_seed());
	struct table_limits none = {0};

	(void)state;
	rig_cluster(r, 1);
	for (uint32_t k = 0; k < 2000; k++)
		rig_put(r, 0, k, k, rig_version(r), HOUR_MS);
	r->limits.max_records = 300;
	rig_start(r, 1);
	rig_tell(r, 0);
	rig_run(r, 10 * INTERVAL_MS);
	assert_int_equal(rig_count(r, 1), 300);
	assert_false(r->node[1].settled);
	assert_true(rig_progress(r, 1).partial > 100);
	assert_true(rig_progress(r, 1).refused_records > 0);
	assert_int_equal(rig_lost(r, 0, 2000), 0);
	/* What it has refused is tried again, but not all the time. */
	uint64_t pulled = rig_progress(r, 1).pulled_records;
	rig_run(r, 10 * INTERVAL_MS);
	assert_true(rig_progress(r, 1).pulled_records - pulled < 2000 * 50);
	assert_int_equal(rig_lost(r, 0, 2000), 0);
	table_set_limits(server_table(r->node[1].server), &none);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_missing(r, 0, 2000), 0);
	assert_int_equal(rig_count(r, 0) + rig_count(r, 1), 2000);
	rig_free(r);
}

static bool some_pulled(struct rig *r)
{
	return rig_progress(r, 2).pulled_records >= 2000;
}

/* The one that it pulls from goes away in the middle: another one has it all too. */
static void a_source_dies(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 2);
	for (uint32_t k = 0; k < MANY; k++) {
		uint64_t version = rig_version(r);
		rig_put(r, 0, 1, k, version, HOUR_MS);
		rig_put(r, 1, 1, k, version, HOUR_MS);
	}
	rig_start(r, 2);
	rig_tell(r, 0);
	assert_true(rig_until(r, some_pulled, INTERVAL_MS));
	rig_stop(r, 0, false);
	rig_run(r, 100);
	rig_tell(r, 0);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_count(r, 2), MANY);
	rig_free(r);
}

/* It has started anew, and still has all: but who knows. */
static void a_source_restarts(void **state)
{
	struct rig *r = rig_new(1, 1, test_seed());

	(void)state;
	rig_cluster(r, 1);
	for (uint32_t k = 0; k < MANY; k++)
		rig_put(r, 0, 1, k, rig_version(r), HOUR_MS);
	rig_start(r, 2);
	r->node[0].leaving = true;
	rig_tell(r, 0);
	assert_true(rig_until(r, some_pulled, INTERVAL_MS));
	assert_int_equal(rig_progress(r, 2).given_up, 0);
	r->node[0].start += 100;
	rig_run(r, 100);
	assert_int_equal(rig_progress(r, 2).given_up, 1);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_count(r, 2), MANY);
	rig_free(r);
}

/* More than can be pulled at once: repair_rig.c looks at the pace. */
static void the_pace(void **state)
{
	struct rig *r = rig_new(1, 1, test_seed());
	const uint32_t each = 4000, hashes = 20;

	(void)state;
	rig_cluster(r, 1);
	for (uint32_t k = 0; k < hashes * each; k++)
		rig_put(r, 0, k / each, k, rig_version(r), HOUR_MS);
	rig_run(r, INTERVAL_MS);
	r->travel_us = 200;
	rig_start(r, 1);
	r->node[0].leaving = true;
	rig_tell(r, 0);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_count(r, 1), hashes * each);
	assert_true(rig_progress(r, 1).pulled_bytes > 2 * REPAIR_BYTES_S / 16);
	rig_free(r);
}

/* Nobody says that it is dead, but it answers no more: after some tries another one is asked. */
static void a_source_is_silent(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 2);
	for (uint32_t k = 0; k < MANY; k++) {
		uint64_t version = rig_version(r);
		rig_put(r, 0, 1, k, version, HOUR_MS);
		rig_put(r, 1, 1, k, version, HOUR_MS);
	}
	rig_start(r, 2);
	rig_tell(r, 0);
	assert_true(rig_until(r, some_pulled, INTERVAL_MS));
	r->node[0].side = 1;
	rig_run(r, 30000);
	assert_int_equal(rig_count(r, 2), MANY);
	assert_true(rig_progress(r, 2).partial > 0); /* for one is not enough */
	r->node[0].side = 0;
	assert_true(rig_until(r, all_alike, LONG_MS));
	rig_free(r);
}

/* What is stamped far in the future is taken from nobody, and so nobody lets go of it. */
static void from_the_future(void **state)
{
	struct rig *r = rig_new(1, 1, test_seed());
	uint8_t hash[20];
	uint32_t k = 0;

	(void)state;
	rig_cluster(r, 2);
	while (rig_owns(r, 0, k))
		k++;
	struct table_key key = key_of(k, hash);
	struct record x = rig_record(
		k, version_at(r->now.wall_ms + 25 * HOUR_MS), now_mono_ms(&r->now) + HOUR_MS);
	assert_int_equal(
		lane_store(r->node[0].lane, &key, &x, now_mono_ms(&r->now)), TABLE_APPEARED);
	rig_run(r, 5 * INTERVAL_MS);
	assert_true(rig_has(r, 0, k, k));
	assert_false(rig_has(r, 1, k, k));
	assert_true(rig_progress(r, 1).refused_records > 0);
	/* When it is near enough, it is taken. */
	r->now.wall_ms += 2 * HOUR_MS;
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_true(rig_has(r, 1, k, k));
	assert_false(rig_has(r, 0, k, k));
	rig_free(r);
}

/* Handed on ten times, a record does not live longer, nor much shorter. */
static void handing_on_keeps_lifetimes(void **state)
{
	struct rig *r = rig_new(1, 1, test_seed());
	struct record found;
	uint8_t hash[20];

	(void)state;
	rig_cluster(r, 1);
	struct table_key key = key_of(1, hash);
	uint64_t end_ms = now_mono_ms(&r->now) + HOUR_MS;
	rig_put(r, 0, 1, 1, rig_version(r), HOUR_MS);
	for (uint32_t i = 1; i < 11; i++) {
		rig_start(r, i);
		r->node[i - 1].leaving = true;
		rig_tell(r, 0);
		assert_true(rig_until(r, all_alike, LONG_MS));
		assert_int_equal(rig_count(r, i - 1), 0);
		rig_stop(r, i - 1, true);
	}
	struct record x = rig_record(1, 0, 0);
	assert_true(table_find(server_table(r->node[10].server), &key, &x.ip, x.port,
		now_mono_ms(&r->now), &found));
	assert_in_range(found.expiry_ms, end_ms - 10 * 210, end_ms + 100);
	rig_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_large_partition),
		cmocka_unit_test(a_few_differ),
		cmocka_unit_test(a_full_receiver),
		cmocka_unit_test(a_source_dies),
		cmocka_unit_test(a_source_restarts),
		cmocka_unit_test(a_source_is_silent),
		cmocka_unit_test(the_pace),
		cmocka_unit_test(from_the_future),
		cmocka_unit_test(handing_on_keeps_lifetimes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
