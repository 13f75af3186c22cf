/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads while others come to own a hash, of which word is still under way. */
#include <stdio.h>

#include "net_rig.h"
#include "rig.h"

#define ASKED 4 /* a node that owns nothing */
#define GET   "00 0004 deadbeef"

#define HAVE_7 "03 0010" IP_7
#define NOBODY "03 0000"

#define STORED_V ((uint64_t)1 << 20)
#define LIFE     60000
#define LARGE    220 /* hashes */

/* The old owners have handed all over and let go of it; the asked one does not know that. */
static void hand_over(struct net *net)
{
	for (unsigned i = 0; i < 3; i++)
		net_parts(net, i, PART_NONE);
	net_put(net, 3, NET_HASH, 7, STORED_V, LIFE);
	net->state[3] = PEER_DEAD;
	net_publish(net);
}

static void the_new_owner_is_asked(void **state)
{
	static const uint8_t owners[] = {3, 0, 1};
	struct net *net = *state;

	hand_over(net);
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, 700);
	assert_int_equal(net->answer_count, 0);
	net->state[3] = PEER_ALIVE;
	net_own(net, owners, 3);
	net_parts(net, 3, PART_COMPLETE);
	net_publish(net);
	net_run(net, 20);
	net_expect(net, HAVE_7);
}

/* It has all some moments later, and the view stays as it is. */
static void a_new_owner_is_asked_again(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		net_parts(net, i, PART_PARTIAL);
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, 100);
	net_put(net, 1, NET_HASH, 7, STORED_V, LIFE);
	net_parts(net, 1, PART_COMPLETE);
	net_run(net, 500);
	net_expect(net, HAVE_7);
	assert_true(net_stat(net, ASKED, STATS_CLUSTER_FETCHES_SENT) <= 10);
}

static void without_word_of_it_nobody_is_found(void **state)
{
	struct net *net = *state;

	hand_over(net);
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, OP_READ_MS - 100);
	assert_int_equal(net->answer_count, 0);
	net_run(net, 200);
	net_expect(net, NOBODY);
}

/* When all servers have just started nobody has all for a while: reads leave room for others. */
static void few_reads_wait(void **state)
{
	struct net *net = *state;
	char hex[32];

	for (unsigned i = 0; i < 3; i++)
		net_parts(net, i, PART_PARTIAL);
	for (unsigned i = 0; i < 2 * OPS_MAX; i++) {
		snprintf(hex, sizeof(hex), "00 0004 %08x", i);
		net_send(net, ASKED, NET_CLIENT, hex);
		if (i % 16 == 0)
			net_run(net, 1);
		net->answer_count = net->answer_count < NET_ANSWERS / 2 ? net->answer_count : 0;
	}
	net_run(net, 10);
	assert_true(coordinator_ops(net->nodes[ASKED].lane->coordinator) <= READS_WAITING + 16);
	assert_int_equal(net_stat(net, ASKED, STATS_DROP_BUSY), 0);
	assert_true(net_stat(net, ASKED, STATS_CLUSTER_OPS_CUT) > OPS_MAX);
	net->answer_count = 0;
	net_run(net, 2000);
	net->answer_count = 0;
}

/* Some hundred of them have more hashes than there is room for. */
static void few_large_reads_wait(void **state)
{
	struct net *net = *state;
	char hex[64 + 10 * LARGE];

	for (unsigned i = 0; i < 3; i++)
		net_parts(net, i, PART_PARTIAL);
	for (unsigned i = 0; i < 320; i++) {
		int len = snprintf(hex, sizeof(hex), "10 %04x %016x 0000 00000000 %02x",
			15 + 5 * LARGE, i, LARGE);
		for (unsigned k = 0; k < LARGE; k++)
			len += snprintf(hex + len, sizeof(hex) - (size_t)len, "04%08x", k);
		net_send(net, ASKED, NET_CLIENT, hex);
		net_run(net, 1);
		net->answer_count = 0;
	}
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_OPS_REFUSED), 0);
	net_run(net, 2000);
	net->answer_count = 0;
}

/* What only lingers gives its place up, and takes nobody's time. */
static void what_lingers_does_not_count(void **state)
{
	struct net *net = *state;
	char hex[64];

	hand_over(net);
	net->cut[ASKED][2] = true; /* and nobody knows that yet */
	for (unsigned i = 0; i < 2 * READS_WAITING; i++) {
		snprintf(hex, sizeof(hex), "01 0014" IP_7 "%08x", i);
		net_send(net, ASKED, NET_CLIENT, hex);
		if (i % 16 == 0)
			net_run(net, 1);
	}
	assert_true(coordinator_ops(net->nodes[ASKED].lane->coordinator) > READS_WAITING);
	net->cut[ASKED][2] = false;
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, 700);
	assert_int_equal(net->answer_count, 0);
	net_run(net, 6000);
	net->answer_count = 0;
}

/* One that has all is enough. */
static void who_has_all_need_not_wait(void **state)
{
	struct net *net = *state;

	hand_over(net);
	net_parts(net, 1, PART_COMPLETE);
	net_parts(net, 2, PART_COMPLETE);
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, 20);
	net_expect(net, NOBODY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_new_owner_is_asked),
		TEST(a_new_owner_is_asked_again),
		TEST(without_word_of_it_nobody_is_found),
		TEST(few_reads_wait),
		TEST(few_large_reads_wait),
		TEST(what_lingers_does_not_count),
		TEST(who_has_all_need_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
