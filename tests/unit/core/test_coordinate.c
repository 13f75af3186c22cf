/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes that clients ask for, in a cluster of five with three owners and a quorum of two. */
#include <stdio.h>
#include <string.h>

#include "net_rig.h"
#include "rig.h"

#define ASKED 4 /* a node that owns nothing */

#define HASH_1   "04 deadbeef"
#define ANNOUNCE "12 0024" TXID "0000003c 0000" IP_7 "01" HASH_1
#define DONE(st) "14 000e" TXID "0000003c 01" st
#define WITHDRAW "13 0020" TXID "0000" IP_7 "01" HASH_1
#define GONE(st) "14 000e" TXID "00000000 01" st
#define PUT      "01 0014" IP_7 "deadbeef"

/* Owners that have 192.0.2.7. */
static unsigned owners_with_it(struct net *net)
{
	unsigned n = 0;

	for (unsigned i = 0; i < net->count; i++)
		n += net_has(net, i, NET_HASH, 7);
	return n;
}

static void cut_off(struct net *net, unsigned node, bool cut)
{
	for (unsigned i = 0; i < net->count; i++)
		net->cut[i][node] = net->cut[node][i] = cut;
}

static void an_announce_comes_to_all_owners(void **state)
{
	struct net *net = *state;

	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
	net_run(net, 10);
	assert_int_equal(owners_with_it(net), 3);
	assert_false(net_has(net, ASKED, NET_HASH, 7));
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_STORES_SENT), 3);
	assert_int_equal(net_stat(net, 0, STATS_CLUSTER_STORES_TAKEN), 1);
	assert_int_equal(net_stat(net, 0, STATS_CLUSTER_STORES_SENT), 0);
	assert_int_equal(net_stat(net, ASKED, STATS_REQUEST_ANNOUNCE), 1);
	assert_int_equal(net_stat(net, ASKED, STATS_ANSWER_DONE), 1);
}

static void waits_for_others(struct net *net, uint8_t quorum)
{
	net->quorum = quorum;
	net_parts(net, 0, PART_PARTIAL);
	net->fresh[0] = true;
	net_publish(net);
	net_send(net, 0, NET_CLIENT, ANNOUNCE);
	net_run(net, 500);
	assert_int_equal(net->answer_count, 0);
	net->fresh[0] = false;
	net_publish(net);
	net_run_until(net, 1);
	net_expect(net, DONE("00"));
	net_run(net, 10);
	assert_true(net_has(net, 1, NET_HASH, 7));
	/* But not for ever. */
	net->fresh[0] = true;
	net_publish(net);
	net_send(net, 0, NET_CLIENT,
		"12 0024"
		"8899aabbccddeeff"
		"0000003c 0000" IP_7 "01" HASH_1);
	net_run(net, OP_WRITE_MS - 100);
	assert_int_equal(net->answer_count, 0);
	net_run(net, 200);
	net_expect(net, "14 000e"
			"8899aabbccddeeff"
			"0000003c 01 01");
}

static void who_has_met_nobody_yet_waits(void **state)
{
	waits_for_others(*state, 2);
}

/* One copy would be enough, but not where nobody looks for it. */
static void with_a_quorum_of_one_as_well(void **state)
{
	waits_for_others(*state, 1);
}

static void an_owner_stores_it_itself(void **state)
{
	struct net *net = *state;

	net_send(net, 1, NET_CLIENT, ANNOUNCE);
	assert_true(net_has(net, 1, NET_HASH, 7));
	assert_int_equal(net->answer_count, 0);
	net_run_until(net, 1);
	net_expect(net, DONE("00"));
	net_run(net, 10);
	assert_int_equal(owners_with_it(net), 3);
	assert_int_equal(net_stat(net, 1, STATS_CLUSTER_STORES_SENT), 2);
}

static void nobody_is_answered_before_the_quorum(void **state)
{
	struct net *net = *state;

	cut_off(net, 1, true);
	cut_off(net, 2, true);
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 2900);
	assert_int_equal(net->answer_count, 0);
	assert_int_equal(owners_with_it(net), 1);
	net_run(net, 200);
	net_expect(net, DONE("04"));
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_QUORUM_MISSES), 1);
}

static void a_quorum_is_enough_and_the_rest_goes_on(void **state)
{
	struct net *net = *state;

	cut_off(net, 2, true);
	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
	assert_int_equal(owners_with_it(net), 2);
	net_run(net, 800);
	cut_off(net, 2, false);
	net_run(net, 3000);
	assert_int_equal(owners_with_it(net), 3);
	assert_true(net_stat(net, ASKED, STATS_CLUSTER_RETRIES) >= 2);
}

static void a_lost_answer_is_asked_for_again(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		net->cut[i][ASKED] = true;
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 100);
	assert_int_equal(owners_with_it(net), 3);
	assert_int_equal(net->answer_count, 0);
	for (unsigned i = 0; i < 3; i++)
		net->cut[i][ASKED] = false;
	net_run(net, 400);
	net_expect(net, DONE("00"));
}

/* Each owner is sent the same at most OP_TRIES times, and then left alone. */
static void nobody_is_sent_to_for_ever(void **state)
{
	struct net *net = *state;

	cut_off(net, 2, true);
	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
	net_run(net, 20000);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_STORES_SENT), 2 + OP_TRIES);
	assert_int_equal(coordinator_ops(net->nodes[ASKED].lane->coordinator), 0);
}

/* Who ends does not leave without a word who waits for a change; and says 'nobody' to no one. */
static void a_server_that_ends_says_how_it_stands(void **state)
{
	struct net *net = *state;
	struct node *x = &net->nodes[ASKED];

	cut_off(net, 1, true);
	cut_off(net, 2, true);
	assert_false(lane_is_waited_for(x->lane));
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_send(net, ASKED, NET_CLIENT, "00 0002 aabb");
	net_run(net, 300);
	assert_int_equal(net->answer_count, 0);
	assert_true(lane_is_waited_for(x->lane));
	struct now now = net_now(net, ASKED);
	lane_finish(x->lane, &now);
	net_run(net, 0);
	net_expect(net, DONE("04"));
	net_run(net, 1500);
	assert_int_equal(net->answer_count, 1); /* the GET's, in its time */
	assert_false(lane_is_waited_for(x->lane));
	net->answer_count = 0;
}

static void fewer_alive_than_the_quorum(void **state)
{
	struct net *net = *state;
	static const uint8_t owners[] = {0};

	net->state[1] = net->state[2] = net->state[3] = PEER_DEAD;
	net_own(net, owners, 1);
	net_publish(net);
	net_ask(net, ASKED, ANNOUNCE, DONE("01"));
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_QUORUM_MISSES), 1);
}

/* Owners that are dead and stand in the row still: nobody waits for them. */
static void dead_owners_are_not_waited_for(void **state)
{
	struct net *net = *state;

	net->state[1] = net->state[2] = PEER_DEAD;
	net_publish(net);
	net_ask(net, ASKED, ANNOUNCE, DONE("01"));
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_STORES_SENT), 1);
}

static void a_cluster_smaller_than_the_quorum(void **state)
{
	struct net *net = net_new(2, 2, 3);

	(void)state;
	net_ask(net, 0, ANNOUNCE, DONE("00"));
	net_free(net);
}

static void set_limit(struct net *net, unsigned node, uint64_t max_records)
{
	struct policy *p = &net->nodes[node].policy;

	p->limits.max_records = max_records;
	server_set_policy(net->nodes[node].server, p);
}

static void a_full_owner_does_not_count(void **state)
{
	struct net *net = *state;

	net_put(net, 0, "aa", 1, 1 << 20, 60000);
	set_limit(net, 0, 1);
	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
	assert_int_equal(owners_with_it(net), 2);
	assert_false(net_has(net, 0, NET_HASH, 7));
}

static void a_full_cluster_says_so_at_once(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 2; i++) {
		net_put(net, i, "aa", 1, 1 << 20, 60000);
		set_limit(net, i, 1);
	}
	net_send(net, 0, NET_CLIENT, ANNOUNCE);
	net_run(net, 100);
	net_expect(net, DONE("03"));
	/* What was not stored may be tried again, and is not another request. */
	set_limit(net, 0, 0);
	set_limit(net, 1, 0);
	net_send(net, 0, NET_CLIENT, ANNOUNCE);
	net_run(net, 100);
	assert_int_equal(net->answer_count, 1);
	net->answer_count = 0;
}

static void a_put_comes_to_all_owners(void **state)
{
	struct net *net = *state;

	net->cut[ASKED][1] = true;
	net_send(net, ASKED, NET_CLIENT, PUT);
	net_run(net, 100);
	assert_int_equal(owners_with_it(net), 2);
	net->cut[ASKED][1] = false;
	net_run(net, 3000);
	assert_int_equal(owners_with_it(net), 3);
	assert_int_equal(net->answer_count, 0);
	assert_int_equal(net_stat(net, ASKED, STATS_REQUEST_PUT), 1);
}

static void a_withdrawal_comes_to_all_owners(void **state)
{
	struct net *net = *state;

	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
	net_run(net, 10);
	net_ask(net, ASKED, "13 0020 8011223344556677 0000" IP_7 "01" HASH_1,
		"14 000e 8011223344556677 00000000 01 00");
	net_run(net, 10);
	assert_int_equal(owners_with_it(net), 0);
	assert_int_equal(net_stat(net, 0, STATS_RECORDS_WITHDRAWN), 1);
}

/* An owner that never heard of it buries it, so that no older copy comes to life there. */
static void a_withdrawal_buries(void **state)
{
	struct net *net = *state;

	net_ask(net, 0, WITHDRAW, GONE("00"));
	net_run(net, 10);
	for (unsigned i = 0; i < 3; i++) {
		struct table_usage u = server_table_usage(net->nodes[i].server);
		assert_int_equal(u.tombstones, 1);
		net_put(net, i, NET_HASH, 7, 1 << 20, 60000);
	}
	assert_int_equal(owners_with_it(net), 0);
}

static void a_lifetime_is_never_longer_elsewhere(void **state)
{
	struct net *net = *state;

	net->delay_us[ASKED][1] = 3000;
	net->cut[ASKED][2] = true;
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	uint64_t end_us = net->now_us + 60000000;
	net_run(net, 1000);
	net->cut[ASKED][2] = false;
	net_run(net, 3000);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t left_ms = (end_us - net->now_us) / 1000;
		assert_in_range(net_life_ms(net, i, NET_HASH, 7), left_ms - 200, left_ms + 100);
	}
	net->answer_count = 0;
}

static void a_repeat_is_the_same_request(void **state)
{
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 100);
	net_expect(net, DONE("00"));
	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_STORES_SENT), 3);
	assert_int_equal(net_stat(net, ASKED, STATS_REPEATS), 2);
	/* Another client's is another one. */
	net_send(net, ASKED, "10.0.0.2:1000", ANNOUNCE);
	net_run(net, 100);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_STORES_SENT), 6);
	net->answer_count = 0;
}

/* Not stored in time, but stored when it is asked for again: the same op says so. */
static void a_repeat_of_what_came_too_late(void **state)
{
	struct net *net = *state;

	cut_off(net, 1, true);
	cut_off(net, 2, true);
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 2600);
	net->cut[ASKED][1] = net->cut[1][ASKED] = false;
	net->delay_us[ASKED][1] = 600000;
	net_run(net, 500);
	net_expect(net, DONE("04"));
	net_run(net, 3000);
	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
}

/* A version of long after our own clock stands at an owner: it was stamped by a clock that is
 * ahead, and what was withdrawn now must be gone all the same. */
static void a_clock_ahead_is_passed(void **state)
{
	struct net *net = *state;
	struct now now = net_now(net, ASKED);
	uint64_t ahead = version_at(now.wall_ms + 3600000);

	for (unsigned i = 0; i < 3; i++)
		net_put(net, i, NET_HASH, 7, ahead, 600000);
	net_ask(net, ASKED, WITHDRAW, GONE("00"));
	net_run(net, 100);
	assert_int_equal(owners_with_it(net), 0);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_RESTAMPED), 1);
}

static void our_own_clock_behind_is_seen(void **state)
{
	struct net *net = *state;
	struct now now = net_now(net, 0);
	uint64_t ahead = version_at(now.wall_ms + 3600000);

	net_put(net, 0, NET_HASH, 7, ahead, 600000);
	net_ask(net, 0, WITHDRAW, GONE("00"));
	net_run(net, 100);
	assert_false(net_has(net, 0, NET_HASH, 7));
	assert_int_equal(net_stat(net, 0, STATS_CLUSTER_RESTAMPED), 1);
}

/* So it is with a PUT, which nobody waits for. */
static void a_put_passes_a_clock_ahead(void **state)
{
	struct net *net = *state;
	struct now now = net_now(net, ASKED);
	uint64_t ahead = version_withdrawal(version_at(now.wall_ms + 3600000));

	for (unsigned i = 0; i < 3; i++)
		net_put(net, i, NET_HASH, 7, ahead, 600000);
	net_send(net, ASKED, NET_CLIENT, PUT);
	net_run(net, 100);
	assert_int_equal(owners_with_it(net), 3);
}

/* What stands in the way is passed as long as nobody was told, however little it is ahead. */
static void what_stands_in_the_way_is_passed(void **state)
{
	struct net *net = *state;
	struct now now = net_now(net, ASKED);
	uint64_t newer = version_withdrawal(version_at(now.wall_ms + 10));

	for (unsigned i = 0; i < 3; i++)
		net_put(net, i, NET_HASH, 7, newer, 600000);
	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
	net_run(net, 100);
	assert_int_equal(owners_with_it(net), 3);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_RESTAMPED), 1);
}

/* Later it is of a later request, which has won where it was heard of first. */
static void a_later_one_wins(void **state)
{
	struct net *net = *state;

	cut_off(net, 2, true);
	net_ask(net, ASKED, ANNOUNCE, DONE("00"));
	struct now now = net_now(net, ASKED);
	net_put(net, 2, NET_HASH, 7, version_withdrawal(version_at(now.wall_ms + 10)), 600000);
	cut_off(net, 2, false);
	net_run(net, 3000);
	assert_int_equal(owners_with_it(net), 2);
	assert_int_equal(net_stat(net, 2, STATS_CLUSTER_STORES_TAKEN), 1);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_RESTAMPED), 0);
	assert_int_equal(coordinator_ops(net->nodes[ASKED].lane->coordinator), 0);
}

static void a_clock_a_day_ahead_is_refused(void **state)
{
	struct net *net = *state;

	net->nodes[ASKED].wall_ms = INT64_C(25) * 3600 * 1000;
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 3500);
	net_expect(net, DONE("04"));
	assert_int_equal(owners_with_it(net), 0);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_RESTAMPED), 0);
}

/* Who does not own it by its own view keeps it, but is not one of the quorum. */
static void who_does_not_own_it_does_not_count(void **state)
{
	struct net *net = *state;
	struct view *mine = net->nodes[ASKED].view;
	static const uint8_t others[] = {2, 3, 4};

	net_own(net, others, 3);
	net->epoch++;
	/* The owners have another view than the one who is asked. */
	net->nodes[ASKED].view = NULL;
	net_publish(net);
	view_free(net->nodes[ASKED].view);
	net->nodes[ASKED].view = mine;
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 2900);
	assert_int_equal(net->answer_count, 0);
	assert_true(net_has(net, 0, NET_HASH, 7) && net_has(net, 1, NET_HASH, 7));
	net_run(net, 200);
	net_expect(net, DONE("04"));
}

static void new_owners_get_it_too(void **state)
{
	struct net *net = *state;
	static const uint8_t others[] = {0, 3, 4};

	cut_off(net, 1, true);
	cut_off(net, 2, true);
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 500);
	assert_int_equal(net->answer_count, 0);
	net_own(net, others, 3);
	net_publish(net);
	net_run(net, 100);
	/* Which is now an owner itself. */
	net_expect(net, DONE("00"));
	assert_true(net_has(net, 0, NET_HASH, 7));
	assert_true(net_has(net, 3, NET_HASH, 7));
	assert_true(net_has(net, 4, NET_HASH, 7));
}

/* What former owners have is not what counts. */
static void acks_of_former_owners_do_not_count(void **state)
{
	struct net *net = *state;
	static const uint8_t others[] = {1, 2, 3};

	cut_off(net, 1, true);
	cut_off(net, 2, true);
	cut_off(net, 3, true);
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 300);
	assert_true(net_has(net, 0, NET_HASH, 7));
	net_own(net, others, 3);
	net_publish(net);
	net_run(net, 500);
	cut_off(net, 1, false);
	net_run(net, 2000);
	assert_true(net_has(net, 1, NET_HASH, 7));
	assert_int_equal(net->answer_count, 0);
	net_run(net, 300);
	net_expect(net, DONE("04"));
}

/* Who owned it no more for a while may have let go of it. */
static void an_owner_that_is_one_again_is_asked_again(void **state)
{
	struct net *net = *state;
	static const uint8_t without[] = {2, 3, 4}, with[] = {0, 1, 2};
	struct table_key key = table_key_of((struct span){(const uint8_t *)"\xde\xad\xbe\xef", 4});

	for (unsigned i = 1; i < 5; i++)
		cut_off(net, i, true);
	/* One is the coordinator itself. */
	net_send(net, 0, NET_CLIENT, ANNOUNCE);
	net_run(net, 100);
	cut_off(net, 1, false);
	net->delay_us[0][1] = 0;
	net_own(net, without, 3);
	net_publish(net);
	net_run(net, 50);
	for (unsigned i = 0; i < 2; i++) {
		struct now now = net_now(net, i);
		struct table *t = server_table(net->nodes[i].server);
		uint64_t digest = table_digest_of(
			table_digest(t, key.partition, now_mono_ms(&now)));
		assert_true(table_drop(t, key.partition, digest, now_mono_ms(&now)));
	}
	net_own(net, with, 3);
	net_publish(net);
	net_run_until(net, 1);
	net_expect(net, DONE("00"));
	assert_true(net_has(net, 0, NET_HASH, 7));
	assert_true(net_has(net, 1, NET_HASH, 7));
}

static void an_owner_that_dies_is_not_waited_for(void **state)
{
	struct net *net = *state;

	cut_off(net, 1, true);
	cut_off(net, 2, true);
	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	net_run(net, 1000);
	net->state[1] = net->state[2] = PEER_DEAD;
	net_publish(net);
	net_run(net, 10);
	net_expect(net, DONE("01"));
}

/* 100 hashes of 64 bytes are in many legs, each of one datagram. */
static void many_hashes(void **state)
{
	struct net *net = *state;
	char hex[64 * 1024];
	int n = snprintf(hex, sizeof(hex), "12 0469" TXID "0000003c 0000" IP_7 "11");

	for (unsigned i = 0; i < 17; i++)
		n += snprintf(hex + n, sizeof(hex) - (size_t)n, "40%0128x", i);
	snprintf(hex + 3, 5, "%04x", 8 + 4 + 2 + 16 + 1 + 17 * 65);
	hex[7] = '0';
	net_send(net, ASKED, NET_CLIENT, hex);
	net_run_until(net, 1);
	struct msg m = net_answer(net, 0);
	assert_int_equal(m.type, MSG_DONE);
	assert_int_equal(m.done.statuses.len, 17);
	for (unsigned i = 0; i < 17; i++)
		assert_int_equal(m.done.statuses.p[i], STATUS_STORED);
	net_run(net, 100);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(server_table_usage(net->nodes[i].server).records, 17);
	net->answer_count = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_met_nobody_yet_waits),
		TEST(with_a_quorum_of_one_as_well),
		TEST(an_announce_comes_to_all_owners),
		TEST(an_owner_stores_it_itself),
		TEST(nobody_is_answered_before_the_quorum),
		TEST(a_quorum_is_enough_and_the_rest_goes_on),
		TEST(a_lost_answer_is_asked_for_again),
		TEST(nobody_is_sent_to_for_ever),
		TEST(a_server_that_ends_says_how_it_stands),
		TEST(fewer_alive_than_the_quorum),
		TEST(dead_owners_are_not_waited_for),
		TEST(a_cluster_smaller_than_the_quorum),
		TEST(a_full_owner_does_not_count),
		TEST(a_full_cluster_says_so_at_once),
		TEST(a_put_comes_to_all_owners),
		TEST(a_withdrawal_comes_to_all_owners),
		TEST(a_withdrawal_buries),
		TEST(a_lifetime_is_never_longer_elsewhere),
		TEST(a_repeat_is_the_same_request),
		TEST(a_repeat_of_what_came_too_late),
		TEST(a_clock_ahead_is_passed),
		TEST(our_own_clock_behind_is_seen),
		TEST(a_put_passes_a_clock_ahead),
		TEST(what_stands_in_the_way_is_passed),
		TEST(a_later_one_wins),
		TEST(a_clock_a_day_ahead_is_refused),
		TEST(who_does_not_own_it_does_not_count),
		TEST(new_owners_get_it_too),
		TEST(acks_of_former_owners_do_not_count),
		TEST(an_owner_that_is_one_again_is_asked_again),
		TEST(an_owner_that_dies_is_not_waited_for),
		TEST(many_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
