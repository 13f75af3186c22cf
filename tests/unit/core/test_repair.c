/* SPDX-License-Identifier: BSD-2-Clause */
#include "repair_rig.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS 3000
#define LONG_MS (40 * INTERVAL_MS)

/* Records first to first + n - 1, acknowledged. */
static void store_some(struct rig *r, uint32_t by, uint32_t first, uint32_t n)
{
	for (uint32_t k = first; k < first + n; k++)
		assert_true(rig_store(r, by, k, k, rig_version(r), HOUR_MS));
}

static uint64_t mail_dropped(struct rig *r)
{
	uint64_t n[STATS_COUNT], sum = 0;

	for (uint32_t i = 0; i < NODES; i++) {
		if (!r->node[i].server)
			continue;
		server_stats(r->node[i].server, n);
		sum += n[STATS_CLUSTER_MAIL_DROPPED];
	}
	return sum;
}

static void a_cluster_forms(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_true(r->node[i].settled);
		assert_true(rig_progress(r, i).owned > 0);
		assert_int_equal(rig_progress(r, i).pulled_bytes, 0);
	}
	rig_free(r);
}

static void alone(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_found(r, 0);
	assert_false(repair_caught_up(r->node[0].repair));
	assert_int_equal(repair_deadline(r->node[0].repair), NEVER);
	rig_tell(r, 0);
	assert_true(repair_caught_up(r->node[0].repair));
	assert_int_equal(rig_progress(r, 0).owned, TABLE_PARTITIONS);
	assert_int_equal(rig_progress(r, 0).last_round_us, 0);
	rig_run(r, 2 * INTERVAL_MS);
	assert_true(rig_progress(r, 0).last_round_us > 0);
	assert_int_equal(r->sent, 0);
	rig_free(r);
}

/* Not settled, and nobody there: it has to be told, or an interval has to pass. */
static void alone_and_new(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_start(r, 0);
	rig_tell(r, 0);
	assert_int_equal(rig_progress(r, 0).partial, TABLE_PARTITIONS);
	rig_run(r, INTERVAL_MS / 2);
	assert_false(repair_caught_up(r->node[0].repair));
	repair_settle(r->node[0].repair);
	assert_true(repair_caught_up(r->node[0].repair));
	rig_free(r);
	r = rig_new(3, 2, 1);
	rig_start(r, 0);
	rig_tell(r, 0);
	assert_true(rig_until(r, all_complete, 3 * INTERVAL_MS));
	assert_true(r->now.mono_us >= 5000000 + INTERVAL_MS * 1000);
	rig_free(r);
}

/* A sixth server comes to five that have records. DHT_REPAIR_RECORDS=100000 measures it. */
static void a_join_with_data(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());
	const char *text = getenv("DHT_REPAIR_RECORDS");
	uint32_t n = text ? (uint32_t)strtoul(text, NULL, 10) : RECORDS, moved = 0;

	(void)state;
	rig_cluster(r, 5);
	store_some(r, 0, 0, n);
	rig_run(r, 100);
	uint64_t start_us = r->now.mono_us, bytes = r->sent_bytes;
	memset(r->sent_of, 0, sizeof(r->sent_of));
	rig_start(r, 5);
	rig_tell(r, 500);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_missing(r, 0, n), 0);
	for (uint32_t k = 0; k < n; k++)
		moved += rig_has(r, 5, k, k);
	assert_int_equal(rig_count(r, 5), moved);
	/* Each comes once, and from nobody who would not have had to send it. */
	assert_int_equal(rig_progress(r, 5).pulled_records, moved);
	assert_true(rig_progress(r, 5).pulled_bytes < moved * 40 + 4 * n + TABLE_PARTITIONS * 28);
	assert_int_equal(mail_dropped(r), 0);
	printf("%" PRIu32 " records, %" PRIu32 " moved: %" PRIu64 " bytes in %" PRIu64
	       " ms, of which",
		n, moved, r->sent_bytes - bytes, (r->now.mono_us - start_us) / 1000);
	for (unsigned type = PEER_COMPARE; type < PEER_TYPE_END; type++)
		printf(" %s %" PRIu64, peer_type_name((uint8_t)type), r->sent_of[type]);
	printf("\n");
	rig_free(r);
}

static void several_join_at_once(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 3);
	store_some(r, 1, 0, RECORDS);
	for (uint32_t i = 3; i < 8; i++)
		rig_start(r, i);
	rig_tell(r, 1000);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_missing(r, 0, RECORDS), 0);
	rig_free(r);
}

static bool first_emptied(struct rig *r)
{
	return repair_emptied(r->node[0].repair);
}

static void leave(struct rig *r, uint32_t replicas, uint32_t quorum)
{
	(void)replicas;
	(void)quorum;
	store_some(r, 2, 0, RECORDS);
	assert_false(repair_emptied(r->node[0].repair));
	r->node[0].leaving = true;
	assert_false(repair_emptied(r->node[0].repair));
	rig_tell(r, 500);
	assert_true(rig_until(r, first_emptied, LONG_MS));
	assert_int_equal(rig_progress(r, 0).owned, 0);
	assert_int_equal(rig_count(r, 0), 0);
	rig_stop(r, 0, true);
	assert_int_equal(rig_lost(r, 0, RECORDS), 0);
	rig_tell(r, 0);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_missing(r, 0, RECORDS), 0);
}

static void one_leaves(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 4);
	leave(r, 3, 2);
	rig_free(r);
}

/* Fewer servers than replicas: who leaves hands over to all who are left. */
static void one_of_two_leaves(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 3);
	leave(r, 3, 2);
	rig_free(r);
}

static void one_replica(void **state)
{
	struct rig *r = rig_new(1, 1, test_seed());

	(void)state;
	rig_cluster(r, 3);
	store_some(r, 0, 0, RECORDS);
	rig_start(r, 3);
	rig_tell(r, 300);
	assert_true(rig_until(r, all_quiet, LONG_MS));
	assert_int_equal(rig_missing(r, 0, RECORDS), 0);
	assert_true(rig_count(r, 3) > 0);
	assert_int_equal(
		rig_count(r, 0) + rig_count(r, 1) + rig_count(r, 2) + rig_count(r, 3), RECORDS);
	rig_free(r);
	r = rig_new(1, 1, 2);
	rig_cluster(r, 3);
	leave(r, 1, 1);
	rig_free(r);
}

/* The last one has nobody to hand over to: it keeps all, for ever. */
static void the_last_leaves(void **state)
{
	struct rig *r = rig_new(2, 1, test_seed());

	(void)state;
	rig_cluster(r, 1);
	store_some(r, 0, 0, 100);
	r->node[0].leaving = true;
	rig_tell(r, 0);
	rig_run(r, 5 * INTERVAL_MS);
	assert_false(repair_emptied(r->node[0].repair));
	assert_int_equal(rig_lost(r, 0, 100), 0);
	/* Until it stays after all. */
	r->node[0].leaving = false;
	rig_tell(r, 0);
	assert_true(rig_until(r, all_quiet, 5 * INTERVAL_MS));
	assert_int_equal(rig_missing(r, 0, 100), 0);
	rig_free(r);
}

static void a_dead_one_is_made_up_for(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 5);
	store_some(r, 0, 0, RECORDS);
	rig_stop(r, 3, false);
	rig_tell(r, 500);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_missing(r, 0, RECORDS), 0);
	/* It comes back with nothing. */
	rig_start(r, 3);
	rig_tell(r, 500);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_missing(r, 0, RECORDS), 0);
	rig_free(r);
}

/* What owners lack is found by the steady round. */
static void the_steady_round(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 3);
	for (uint32_t k = 0; k < 300; k++)
		assert_true(rig_put(r, k % 3, k, k, rig_version(r), HOUR_MS) >= 0);
	assert_int_equal(rig_missing(r, 0, 300), 300);
	rig_run(r, INTERVAL_MS + 200);
	assert_int_equal(rig_missing(r, 0, 300), 0);
	/* What is alike is compared, and no more. */
	uint64_t pulled = r->sent_of[PEER_PULL], compared = r->sent_of[PEER_COMPARE];
	rig_run(r, 2 * INTERVAL_MS);
	assert_int_equal(r->sent_of[PEER_PULL], pulled);
	assert_in_range(
		r->sent_of[PEER_COMPARE] - compared, 2 * 3 * 2 * 290 * 11, 2 * 3 * 2 * 310 * 18);
	rig_free(r);
}

/* A record at a server that does not own it is brought home. */
static void a_stray(void **state)
{
	struct rig *r = rig_new(2, 2, test_seed());
	uint32_t k = 0;

	(void)state;
	rig_cluster(r, 4);
	while (rig_owns(r, 0, k))
		k++;
	assert_true(rig_put(r, 0, k, k, rig_version(r), HOUR_MS) >= 0);
	rig_run(r, 2 * INTERVAL_MS);
	assert_true(all_alike(r));
	assert_int_equal(rig_missing(r, k, 1), 0);
	assert_false(rig_has(r, 0, k, k));
	assert_int_equal(rig_progress(r, 0).dropped_partitions, 1);
	rig_free(r);
}

/* Everything was restarted: nobody is complete, so what everybody has must do. */
static void nobody_is_complete(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		rig_start(r, i);
	for (uint32_t k = 0; k < 300; k++)
		assert_true(rig_put(r, k % 4, k, k, rig_version(r), HOUR_MS) >= 0);
	rig_tell(r, 300);
	rig_run(r, INTERVAL_MS / 2);
	assert_int_equal(rig_progress(r, 0).partial, rig_progress(r, 0).owned);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_missing(r, 0, 300), 0);
	rig_free(r);
}

/* Of three owners two are new: the one that is complete is not enough, the two that have given the
 * partition up count as well. */
static void who_gave_up_is_an_authority(void **state)
{
	struct rig *r = rig_new(3, 3, test_seed());

	(void)state;
	rig_cluster(r, 3);
	store_some(r, 0, 0, RECORDS);
	for (uint32_t i = 3; i < 9; i++)
		rig_start(r, i);
	rig_tell(r, 0);
	/* Soon, not when an interval has passed. */
	assert_true(rig_until(r, all_complete, INTERVAL_MS - 300));
	assert_int_equal(rig_missing(r, 0, RECORDS), 0);
	rig_free(r);
}

/* Another interval holds at once, even when a step of the old one would be long in coming. */
static void configure(void **state)
{
	struct rig *r = rig_new(2, 1, test_seed());
	struct repair_conf conf = {.interval_us = 100000};

	(void)state;
	r->conf.interval_us = 24 * HOUR_MS * 1000;
	rig_cluster(r, 2);
	rig_run(r, 1000);
	rig_put(r, 0, 1, 1, rig_version(r), HOUR_MS);
	rig_run(r, 60000);
	assert_false(rig_has(r, 1, 1, 1) && rig_owns(r, 1, 1));
	repair_configure(r->node[0].repair, &conf);
	rig_run(r, 130);
	assert_true(rig_has(r, 1, 1, 1));
	assert_true(r->sent < 1000);
	rig_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cluster_forms),
		cmocka_unit_test(alone),
		cmocka_unit_test(alone_and_new),
		cmocka_unit_test(a_join_with_data),
		cmocka_unit_test(several_join_at_once),
		cmocka_unit_test(one_leaves),
		cmocka_unit_test(one_of_two_leaves),
		cmocka_unit_test(one_replica),
		cmocka_unit_test(the_last_leaves),
		cmocka_unit_test(a_dead_one_is_made_up_for),
		cmocka_unit_test(the_steady_round),
		cmocka_unit_test(a_stray),
		cmocka_unit_test(nobody_is_complete),
		cmocka_unit_test(who_gave_up_is_an_authority),
		cmocka_unit_test(configure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
