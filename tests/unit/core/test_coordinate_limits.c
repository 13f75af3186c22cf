/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests in a cluster when there are too many of them, and on a bad network. */
#include <stdio.h>
#include <string.h>

#include "wire/list.h"

#include "../test_seed.h"
#include "net_rig.h"
#include "rig.h"

#define ASKED 4 /* a node that owns nothing */

static void cut_off(struct net *net, unsigned node, bool cut)
{
	for (unsigned i = 0; i < net->count; i++)
		net->cut[i][node] = net->cut[node][i] = cut;
}

static void get_at(struct net *net, unsigned node, unsigned i)
{
	char hex[32];

	snprintf(hex, sizeof(hex), "00 0004 %08x", i);
	net_send(net, node, NET_CLIENT, hex);
}

static void get(struct net *net, unsigned i)
{
	get_at(net, ASKED, i);
}

static void put(struct net *net, unsigned node, unsigned i)
{
	char hex[128];

	snprintf(hex, sizeof(hex), "01 0014" IP_7 "%08x", i);
	net_send(net, node, NET_CLIENT, hex);
}

static void announce(struct net *net, unsigned node, unsigned i)
{
	char hex[128];

	snprintf(hex, sizeof(hex), "12 0024 %016x 0000003c 0000" IP_7 "01 04 %08x", i, i);
	net_send(net, node, NET_CLIENT, hex);
}

static void when_all_ops_are_taken(void **state)
{
	struct net *net = *state;

	cut_off(net, ASKED, true);
	for (unsigned i = 0; i < OPS_MAX; i++)
		get(net, i);
	assert_int_equal(net->answer_count, 0);
	/* Who could ask nobody does not say that nobody has it; who can be told is told. */
	get(net, OPS_MAX);
	assert_int_equal(net->answer_count, 0);
	assert_int_equal(net_stat(net, ASKED, STATS_DROP_BUSY), 1);
	net_send(net, ASKED, NET_CLIENT, "10 0014" TXID "0000 00000000 01 04 deadbeef");
	assert_int_equal(net->answer_count, 1);
	assert_int_equal(net_answer(net, 0).type, MSG_ERROR);
	assert_int_equal(net_answer(net, 0).error.code, ERROR_RATE_LIMITED);
	net->answer_count = 0;
	announce(net, ASKED, 1);
	assert_int_equal(net->answer_count, 1);
	assert_int_equal(net_answer(net, 0).error.code, ERROR_RATE_LIMITED);
	net->answer_count = 0;
	put(net, ASKED, 1);
	assert_int_equal(net_stat(net, ASKED, STATS_DROP_BUSY), 4);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_OPS_REFUSED), 4);
	/* All come to their end. */
	for (unsigned i = 0; i < 20; i++) {
		net_run(net, 100);
		net->answer_count = net->answer_count < NET_ANSWERS / 2 ? net->answer_count : 0;
	}
	net_run(net, 1000);
	assert_int_equal(coordinator_ops(net->nodes[ASKED].lane->coordinator), 0);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_READS_CUT), OPS_MAX);
	net->answer_count = 0;
}

/* Who could ask nobody does not say that nobody has it. */
static void when_all_legs_are_taken(void **state)
{
	struct net *net = net_new(6, 3, 2);
	const unsigned asked = 5; /* behind the row: it asks five others */

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		net->cut[asked][i] = true;
	for (unsigned i = 0; i < LEGS_MAX / 5 + 1; i++)
		get_at(net, asked, i);
	net_run(net, 1300);
	assert_int_equal(net->answer_count, 0);
	net_send(net, asked, NET_CLIENT, "10 0014" TXID "0000 00000000 01 04 deadbeef");
	net_run(net, 10);
	assert_int_equal(net->answer_count, 1);
	assert_int_equal(net_answer(net, 0).type, MSG_ERROR);
	assert_int_equal(net_answer(net, 0).error.code, ERROR_RATE_LIMITED);
	assert_int_equal(net_stat(net, asked, STATS_CLUSTER_OPS_REFUSED), 1);
	assert_int_equal(net_stat(net, asked, STATS_DROP_BUSY), 1);
	net_run(net, 3000);
	net->answer_count = 0;
	net_free(net);
}

/* Who is told by one owner that nobody has it, and has no leg left to ask another, does not say so:
 * that owner may have missed the write. */
static void no_leg_is_left_to_confirm_with(void **state)
{
	struct net *net = net_new(6, 3, 2);
	const unsigned asked = 5;
	unsigned found = 0;

	(void)state;
	net->state[1] = net->state[2] = PEER_SUSPECT; /* node 0 is the first to be asked */
	net_publish(net);
	net_put(net, 1, NET_HASH, 7, (uint64_t)1 << 20, 60000);
	net_put(net, 2, NET_HASH, 7, (uint64_t)1 << 20, 60000);
	for (unsigned i = 0; i < 5; i++)
		net->cut[asked][i] = true;
	for (unsigned i = 0; i < LEGS_MAX / 5 + 1; i++)
		get_at(net, asked, i);
	net_run(net, 590);
	net->cut[asked][0] = false;
	net->delay_us[0][asked] = 100000;
	net_send(net, asked, NET_CLIENT, "00 0004" NET_HASH);
	net_run(net, 1);
	net->cut[asked][0] = true;
	net_run(net, 200);
	assert_int_equal(net->answer_count, 0);
	/* When others have given theirs back, who has it is found. */
	for (unsigned i = 0; i < 5; i++)
		net->cut[asked][i] = false;
	net_run(net, 2000);
	for (size_t i = 0; i < net->answer_count; i++)
		found += net->answers[i].len == 19;
	assert_int_equal(found, 1);
	net->answer_count = 0;
	net_free(net);
}

/* What nobody waits for any more gives its place up. */
static void what_lingers_makes_room(void **state)
{
	struct net *net = *state;

	cut_off(net, 2, true);
	for (unsigned i = 0; i < OPS_MAX + 500; i++) {
		put(net, ASKED, i);
		if (i % 20 == 0)
			net_run(net, 1);
	}
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_OPS_REFUSED), 0);
	assert_true(net_stat(net, ASKED, STATS_CLUSTER_OPS_CUT) > 0);
	announce(net, ASKED, 7);
	net_run(net, 1000);
	net_expect(net, "14 000e 0000000000000007 0000003c 01 00");
	assert_int_equal(server_table_usage(net->nodes[0].server).records, OPS_MAX + 500);
}

static void legs_share_datagrams(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 100; i++)
		announce(net, ASKED, i);
	net_run(net, 50);
	assert_int_equal(net->answer_count, 100);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_STORES_SENT), 300);
	assert_true(net->carried < 60);
	net->answer_count = 0;
	net->carried = 0;
	for (unsigned i = 0; i < 100; i++)
		get(net, i);
	net_run(net, 50);
	assert_int_equal(net->answer_count, 100);
	assert_true(net->carried < 60);
	assert_int_equal(net_stat(net, ASKED, STATS_HITS), 100);
	net->answer_count = 0;
}

/* A day of a hash's life on a network that loses, repeats and delays. */
enum fate {
	UNKNOWN, /* the last change may have taken place or not */
	HERE,
	GONE,
};

#define FATES 40

static void change(struct net *net, unsigned i, bool withdraw, uint64_t txid)
{
	char hex[128];

	if (withdraw)
		snprintf(hex, sizeof(hex), "13 0020 %016llx 0000" IP_7 "01 04 %08x",
			(unsigned long long)txid, i);
	else
		snprintf(hex, sizeof(hex), "12 0024 %016llx 00000e10 0000" IP_7 "01 04 %08x",
			(unsigned long long)txid, i);
	net_send(net, rng_below(&net->rng, net->count), NET_CLIENT, hex);
}

static void take_answers(struct net *net, const bool *withdrew, enum fate *fates)
{
	for (size_t a = 0; a < net->answer_count; a++) {
		struct msg m = net_answer(net, a);
		assert_int_equal(m.type, MSG_DONE);
		unsigned i = (unsigned)load_be64(m.txid) % FATES;
		if (m.done.statuses.p[0] == STATUS_STORED)
			fates[i] = withdrew[i] ? GONE : HERE;
	}
	net->answer_count = 0;
}

/* Everybody finds what is there. What is gone may still be with one who has not heard of it, and
 * with no more than one: it is for repair to tell him. */
static void check_fate(struct net *net, unsigned i, enum fate fate)
{
	unsigned owners = 0;
	char hash[9], hex[32];

	snprintf(hash, sizeof(hash), "%08x", i);
	snprintf(hex, sizeof(hex), "00 0004 %s", hash);
	for (unsigned node = 0; node < net->replicas; node++)
		owners += net_has(net, node, hash, 7);
	assert_true(fate != HERE || owners >= net->quorum);
	assert_true(fate != GONE || owners <= (unsigned)net->replicas - net->quorum);
	for (unsigned node = 0; fate == HERE && node < net->count; node++) {
		net_send(net, node, NET_CLIENT, hex);
		net_run_until(net, 1);
		assert_int_equal(net->answers[0].len, 19);
		net->answer_count = 0;
	}
}

static void cut_at_random(struct net *net, uint32_t permille)
{
	for (unsigned a = 0; a < net->count; a++)
		for (unsigned b = 0; b < net->count; b++)
			net->cut[a][b] = rng_below(&net->rng, 1000) < permille;
}

static void delay_at_random(struct net *net)
{
	for (unsigned a = 0; a < net->count; a++)
		for (unsigned b = 0; b < net->count; b++)
			net->delay_us[a][b] = rng_below(&net->rng, 30000);
}

/* What a client was told of holds, one change of a hash after the other. */
static void what_was_acknowledged_holds(void **state)
{
	struct net *net = *state;
	enum fate fates[FATES] = {UNKNOWN};
	bool withdrew[FATES];
	unsigned known = 0;

	rng_init(&net->rng, test_seed());
	for (uint64_t round = 1; round <= 12; round++) {
		net->lose_permille = rng_below(&net->rng, 400);
		net->repeat_permille = rng_below(&net->rng, 200);
		cut_at_random(net, rng_below(&net->rng, 500));
		for (unsigned i = 0; i < FATES; i++) {
			withdrew[i] = rng_below(&net->rng, 2);
			fates[i] = UNKNOWN;
			change(net, i, withdrew[i], round * FATES + i);
			delay_at_random(net);
			net_run(net, rng_below(&net->rng, 20));
		}
		net_run(net, 12000);
		take_answers(net, withdrew, fates);
		net->lose_permille = 0;
		cut_at_random(net, 0);
		for (unsigned i = 0; i < FATES; i++) {
			check_fate(net, i, fates[i]);
			known += fates[i] != UNKNOWN;
		}
	}
	assert_true(known > 12 * FATES / 4);
}

/* Views that come and go under everything else: nothing is ever left behind. */
static void views_change_all_the_time(void **state)
{
	struct net *net = *state;

	rng_init(&net->rng, test_seed());
	net->lose_permille = 200;
	for (unsigned i = 0; i < 400; i++) {
		uint8_t owners[3] = {(uint8_t)rng_below(&net->rng, 5)};
		owners[1] = (uint8_t)((owners[0] + 1) % 5);
		owners[2] = (uint8_t)((owners[0] + 2 + rng_below(&net->rng, 2)) % 5);
		net_own(net, owners, 1 + rng_below(&net->rng, 3));
		net->state[rng_below(&net->rng, 5)] = (uint8_t)(PEER_ALIVE +
								rng_below(&net->rng, 4));
		if (rng_below(&net->rng, 3) == 0)
			net_publish(net);
		net_parts(net, rng_below(&net->rng, 5), rng_below(&net->rng, 3));
		for (unsigned k = 0; k < 5; k++) {
			get(net, rng_below(&net->rng, 20));
			put(net, rng_below(&net->rng, 5), rng_below(&net->rng, 20));
			announce(net, rng_below(&net->rng, 5), i * 5 + k);
		}
		net_run(net, rng_below(&net->rng, 400));
		if (net->answer_count > NET_ANSWERS / 2)
			net->answer_count = 0;
	}
	net->answer_count = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(when_all_ops_are_taken),
		cmocka_unit_test(when_all_legs_are_taken),
		cmocka_unit_test(no_leg_is_left_to_confirm_with),
		TEST(what_lingers_makes_room),
		TEST(legs_share_datagrams),
		TEST(what_was_acknowledged_holds),
		TEST(views_change_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
