/* SPDX-License-Identifier: BSD-2-Clause */
/* What an owner answers to STORE. */
#include <string.h>

#include "net_rig.h"
#include "peer_ask.h"
#include "rig.h"

#define OWNER      0
#define OTHER_NODE 3 /* owns nothing */

static const uint8_t one_hash[] = {4, 0xde, 0xad, 0xbe, 0xef};

static int setup(void **state)
{
	*state = net_new(4, 3, 2);
	return 0;
}

static int teardown(void **state)
{
	net_free(*state);
	return 0;
}

static uint64_t stamp_at(struct net *net, int64_t ahead_ms)
{
	struct now now = net_now(net, OWNER);

	return version_at((uint64_t)((int64_t)now.wall_ms + ahead_ms));
}

static struct peer_stored store(struct net *net, unsigned node, uint64_t version, uint64_t life_ms)
{
	struct peer_msg m = {
		.type = PEER_STORE,
		.store =
			{
				.id = 77,
				.version = version,
				.life_ms = life_ms,
				.ip = rig_ip("192.0.2.7"),
				.hashes = {.count = 1, .items = {.p = one_hash, .len = 5}},
			},
	};

	assert_int_equal(peer_ask(net, node, &m), 1);
	assert_int_equal(peer_answer(0)->type, PEER_STORED);
	assert_int_equal(peer_answer(0)->stored.id, 77);
	assert_int_equal(peer_answer(0)->stored.statuses.len, 1);
	return peer_answer(0)->stored;
}

static void kept(void **state)
{
	struct net *net = *state;
	uint64_t v = stamp_at(net, 0);

	struct peer_stored s = store(net, OWNER, v, 60000);
	assert_int_equal(s.statuses.p[0], PEER_STORE_KEPT);
	assert_int_equal(s.newer, 0);
	assert_in_range(net_life_ms(net, OWNER, NET_HASH, 7), 59900, 60100);
	/* Once more is the same, and never longer. */
	net_run(net, 5000);
	s = store(net, OWNER, v, 60000);
	assert_int_equal(s.statuses.p[0], PEER_STORE_KEPT);
	assert_in_range(net_life_ms(net, OWNER, NET_HASH, 7), 54900, 55100);
	assert_int_equal(net_stat(net, OWNER, STATS_RECORDS_NEW), 1);
	assert_int_equal(net_stat(net, OWNER, STATS_CLUSTER_STORES_TAKEN), 2);
}

static void newer_stands_in_its_way(void **state)
{
	struct net *net = *state;
	uint64_t v = stamp_at(net, 0);

	store(net, OWNER, version_withdrawal(v), 60000);
	struct peer_stored s = store(net, OWNER, v, 60000);
	assert_int_equal(s.statuses.p[0], PEER_STORE_NEWER);
	assert_int_equal(s.newer, version_withdrawal(v));
	assert_false(net_has(net, OWNER, NET_HASH, 7));
	s = store(net, OWNER, v + 4, 60000);
	assert_int_equal(s.statuses.p[0], PEER_STORE_KEPT);
	assert_true(net_has(net, OWNER, NET_HASH, 7));
}

static void what_comes_after_is_above(void **state)
{
	struct net *net = *state;
	uint64_t v = stamp_at(net, 3600000);

	store(net, OWNER, version_shortened(v), 60000);
	assert_true(version_next(&net->nodes[OWNER].server->clock, 1000) > v);
}

static void too_far_in_the_future(void **state)
{
	struct net *net = *state;
	uint64_t day_ms = 24 * 3600 * 1000, v = stamp_at(net, (int64_t)day_ms + 1);

	assert_int_equal(store(net, OWNER, v, 60000).statuses.p[0], PEER_STORE_REFUSED);
	assert_true(version_next(&net->nodes[OWNER].server->clock, 1000) < v);
	v = stamp_at(net, (int64_t)day_ms);
	assert_int_equal(store(net, OWNER, v, 60000).statuses.p[0], PEER_STORE_KEPT);
}

static void of_nobody(void **state)
{
	struct net *net = *state;
	struct peer_msg m = {
		.type = PEER_STORE,
		.store =
			{
				.version = stamp_at(net, 0),
				.life_ms = 1000,
				.ip = rig_ip("224.0.0.1"),
				.hashes = {.count = 1, .items = {.p = one_hash, .len = 5}},
			},
	};

	assert_int_equal(peer_ask(net, OWNER, &m), 1);
	assert_int_equal(peer_answer(0)->stored.statuses.p[0], PEER_STORE_REFUSED);
	assert_int_equal(server_table_usage(net->nodes[OWNER].server).records, 0);
}

static void kept_by_who_does_not_own_it(void **state)
{
	struct net *net = *state;
	struct peer_stored s = store(net, OTHER_NODE, stamp_at(net, 0), 60000);

	assert_int_equal(s.statuses.p[0], PEER_STORE_NOT_OWNER);
	assert_true(net_has(net, OTHER_NODE, NET_HASH, 7));
}

static void full(void **state)
{
	struct net *net = *state;
	struct policy *p = &net->nodes[OWNER].policy;

	net_put(net, OWNER, "aa", 1, 4, 60000);
	p->limits.max_records = 1;
	server_set_policy(net->nodes[OWNER].server, p);
	struct peer_stored s = store(net, OWNER, stamp_at(net, 0), 60000);
	assert_int_equal(s.statuses.p[0], PEER_STORE_FULL);
	assert_int_equal(net_stat(net, OWNER, STATS_RECORDS_REFUSED), 1);
}

static void over_already(void **state)
{
	struct net *net = *state;
	struct peer_stored s = store(net, OWNER, stamp_at(net, 0), 0);

	assert_int_equal(s.statuses.p[0], PEER_STORE_REFUSED);
	assert_false(net_has(net, OWNER, NET_HASH, 7));
	/* A withdrawal that is over withdraws even so. */
	store(net, OWNER, stamp_at(net, 1), 60000);
	assert_true(net_has(net, OWNER, NET_HASH, 7));
	s = store(net, OWNER, version_withdrawal(stamp_at(net, 2)), 0);
	assert_int_equal(s.statuses.p[0], PEER_STORE_KEPT);
	assert_false(net_has(net, OWNER, NET_HASH, 7));
}

static void a_life_without_end_is_cut(void **state)
{
	struct net *net = *state;

	store(net, OWNER, stamp_at(net, 0), UINT64_MAX);
	assert_true(net_has(net, OWNER, NET_HASH, 7));
}

static void each_hash_has_its_status(void **state)
{
	struct net *net = *state;
	static const uint8_t three[] = {1, 0xaa, 1, 0xbb, 1, 0xcc};
	uint64_t v = stamp_at(net, 0);
	struct peer_msg m = {
		.type = PEER_STORE,
		.store =
			{
				.version = v,
				.life_ms = 60000,
				.ip = rig_ip("192.0.2.7"),
				.hashes = {.count = 3, .items = {.p = three, .len = 6}},
			},
	};

	net_put(net, OWNER, "aa", 7, v + 4, 60000);
	net_put(net, OWNER, "cc", 7, v + 8, 60000);
	assert_int_equal(peer_ask(net, OWNER, &m), 1);
	struct peer_stored s = peer_answer(0)->stored;
	assert_int_equal(s.statuses.len, 3);
	assert_int_equal(s.statuses.p[0], PEER_STORE_NEWER);
	assert_int_equal(s.statuses.p[1], PEER_STORE_KEPT);
	assert_int_equal(s.statuses.p[2], PEER_STORE_NEWER);
	assert_int_equal(s.newer, v + 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kept),
		TEST(newer_stands_in_its_way),
		TEST(what_comes_after_is_above),
		TEST(too_far_in_the_future),
		TEST(of_nobody),
		TEST(kept_by_who_does_not_own_it),
		TEST(full),
		TEST(over_already),
		TEST(a_life_without_end_is_cut),
		TEST(each_hash_has_its_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
