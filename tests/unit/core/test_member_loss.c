/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers whose network loses, cuts and repeats, and who sleep. */
#include "../test_seed.h"
#include "member_rig.h"

static uint64_t seed;

static bool all_agree(struct net *net)
{
	return net_agrees(net);
}

static struct net *started(size_t n, bool keyed)
{
	struct net *net = net_new(n, keyed, seed);

	net_start_all(net);
	net_run(net, 10 * SECOND);
	assert_true(net_agrees(net));
	return net;
}

/* An hour in which every third datagram gets lost: nobody is held dead. */
static void an_hour_of_loss(void **state)
{
	(void)state;
	for (size_t keyed = 0; keyed < 2; keyed++) {
		struct net *net = started(5, keyed);
		net->loss = 30;
		net_run(net, HOUR);
		assert_int_equal(net_total(net, STATS_DEATHS), 0);
		assert_int_equal(net_total(net, STATS_RETURNS), 0);
		assert_true(net_total(net, STATS_SUSPICIONS) < 20);
		net->loss = 0;
		net_run(net, 5 * SECOND);
		assert_true(net_agrees(net));
		net_free(net);
	}
}

static void joining_through_loss(void **state)
{
	(void)state;
	for (size_t i = 0; i < 10; i++) {
		struct net *net = net_new(5, i % 2, seed + i);
		net->loss = 30;
		net->doubled = 30;
		net->delay_us = 100000;
		net_start_all(net);
		net_until(net, all_agree, MINUTE);
		net_free(net);
	}
}

static void death_through_loss(void **state)
{
	struct net *net = started(8, true);

	(void)state;
	net->loss = 30;
	net_kill(net, 7);
	net_run(net, 20 * SECOND);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(net_state(net, i, 7), PEER_DEAD);
	assert_true(net_agrees(net));
	net_free(net);
}

/* Number of views that server 0 has had. */
static uint64_t epochs(struct net *net)
{
	uint64_t n = 0;

	for (size_t i = 0; i < net->count; i++)
		n += members_epoch(net->nodes[i].m);
	return n;
}

/* Nothing arrives from 0 at 1; the other way it does. */
static void half_a_link(void **state)
{
	struct net *net = started(5, true);
	uint64_t before = epochs(net);

	(void)state;
	net->cut[0][1] = true;
	net_run(net, 30 * SECOND);
	assert_int_equal(net_info(net, 0, 1).link, MEMBER_LINK_HALF_IN);
	assert_int_equal(net_info(net, 1, 0).link, MEMBER_LINK_THROUGH);
	assert_int_equal(net_info(net, 0, 2).link, MEMBER_LINK_GOOD);
	net_run(net, 10 * MINUTE);
	assert_int_equal(net_total(net, STATS_SUSPICIONS), 0);
	assert_int_equal(epochs(net), before);
	net->cut[0][1] = false;
	net_run(net, 5 * SECOND);
	assert_int_equal(net_info(net, 0, 1).link, MEMBER_LINK_GOOD);
	assert_int_equal(net_info(net, 1, 0).link, MEMBER_LINK_GOOD);
	net_free(net);
}

static void a_whole_link(void **state)
{
	struct net *net = started(5, true);
	uint64_t before = epochs(net);

	(void)state;
	net_cut(net, 0, 1, true);
	net_run(net, 10 * MINUTE);
	assert_int_equal(net_info(net, 0, 1).link, MEMBER_LINK_THROUGH);
	assert_int_equal(net_info(net, 1, 0).link, MEMBER_LINK_THROUGH);
	assert_int_equal(epochs(net), before);
	net_free(net);
}

/* With loss on all other links as well. */
static void half_a_link_and_loss(void **state)
{
	struct net *net = started(5, true);

	(void)state;
	net->cut[0][1] = true;
	net->loss = 20;
	net_run(net, 10 * MINUTE);
	assert_int_equal(net_total(net, STATS_DEATHS), 0);
	net_free(net);
}

static void a_short_sleep(void **state)
{
	struct net *net = started(5, true);

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		net_pause(net, 2);
		net_run(net, 3 * SECOND);
		net_resume(net, 2);
		net_run(net, 7 * SECOND);
	}
	assert_int_equal(net_total(net, STATS_DEATHS), 0);
	assert_int_equal(stats_get(&net->nodes[2].stats, STATS_SUSPICIONS), 0);
	assert_true(stats_get(&net->nodes[2].stats, STATS_LATE_TICKS) >= 19);
	net_free(net);
}

/* The others hold it dead; it accuses nobody, and is back soon. */
static void a_long_sleep(void **state)
{
	static const size_t sizes[] = {2, 5, 20};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct net *net = started(sizes[i], true);
		struct node *node = &net->nodes[1];
		net_pause(net, 1);
		net_run(net, MINUTE);
		assert_int_equal(net_state(net, 0, 1), PEER_DEAD);
		net_resume(net, 1);
		assert_true(net_until(net, all_agree, 5 * SECOND) < 3 * SECOND);
		net_run(net, MINUTE);
		assert_true(net_agrees(net));
		assert_int_equal(stats_get(&node->stats, STATS_SUSPICIONS), 0);
		assert_int_equal(stats_get(&node->stats, STATS_DEATHS), 0);
		net_free(net);
	}
}

/* All sleep, as machines that a host has stopped: nobody accuses anybody. */
static void all_sleep(void **state)
{
	struct net *net = started(5, true);

	(void)state;
	for (size_t i = 0; i < 5; i++)
		net_pause(net, i);
	net_run(net, HOUR);
	for (size_t i = 0; i < 5; i++)
		net_resume(net, i);
	net_run(net, 10 * SECOND);
	assert_true(net_agrees(net));
	assert_int_equal(net_total(net, STATS_SUSPICIONS), 0);
	net_free(net);
}

static void a_split(void **state)
{
	static const size_t sizes[] = {5, 20};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct net *net = started(sizes[i / 2], i % 2);
		size_t part = net->count / 2;
		net_split(net, part, true);
		net_run(net, 5 * MINUTE);
		assert_int_equal(net_state(net, 0, net->count - 1), PEER_DEAD);
		assert_int_equal(net_state(net, net->count - 1, 0), PEER_DEAD);
		assert_int_equal(net_state(net, 0, part - 1), part == 1 ? 0 : PEER_ALIVE);
		net_split(net, part, false);
		net_until(net, all_agree, 15 * SECOND);
		net_run(net, MINUTE);
		assert_true(net_agrees(net));
		net_free(net);
	}
}

/* Who was alone is not held down for it; who is cut off again and again owns nothing for a while.
 */
static void flapping(void **state)
{
	struct net *net = started(5, true);
	unsigned held = 0;

	(void)state;
	for (unsigned flap = 0; flap < 6; flap++) {
		for (size_t i = 0; i < 4; i++)
			net_cut(net, i, 4, true);
		net_run(net, 20 * SECOND);
		for (size_t i = 0; i < 4; i++)
			net_cut(net, i, 4, false);
		net_run(net, 8 * SECOND);
		assert_true(net_agrees(net));
		held += net_info(net, 0, 4).profile.weight == 0;
		assert_true(flap > 0 || held == 0);
		assert_int_equal(net_info(net, 0, 3).profile.weight, 10);
	}
	assert_true(held == 5);
	net_run(net, 3 * MINUTE);
	assert_int_equal(net_info(net, 0, 4).profile.weight, 10);
	net_free(net);
}

/* All are cut off from each other again and again: when they are not, enough of them own. */
static void somebody_owns(void **state)
{
	struct net *net = started(5, true);

	(void)state;
	for (unsigned flap = 0; flap < 6; flap++) {
		unsigned own = 0;
		for (size_t i = 0; i < 5; i++)
			for (size_t k = 0; k < i; k++)
				net_cut(net, i, k, true);
		net_run(net, 20 * SECOND);
		for (size_t i = 0; i < 5; i++)
			for (size_t k = 0; k < i; k++)
				net_cut(net, i, k, false);
		net_run(net, 8 * SECOND);
		net_until(net, all_agree, 15 * SECOND);
		for (size_t i = 1; i < 5; i++)
			own += net_info(net, 0, i).profile.weight != 0;
		assert_true(own + (net_info(net, 1, 0).profile.weight != 0) >= 3);
	}
	net_free(net);
}

/* Anything at all for some minutes, and then a minute without faults. */
static void anything(void **state)
{
	(void)state;
	for (size_t round = 0; round < 12; round++) {
		struct net *net = net_new(2 + (size_t)(seed + round) % 9, round % 2, seed + round);
		struct rng rng;
		rng_init(&rng, seed + round);
		net_start_all(net);
		for (unsigned step = 0; step < 100; step++) {
			size_t i = rng_below(&rng, (uint32_t)net->count);
			size_t k = rng_below(&rng, (uint32_t)net->count);
			struct node *node = &net->nodes[i];
			switch (rng_below(&rng, 8)) {
			case 0: net->loss = rng_below(&rng, 40); break;
			case 1: net->cut[i][k] = !net->cut[i][k]; break;
			case 2: net_cut(net, i, k, false); break;
			case 3: node->on ? net_kill(net, i) : net_restart(net, i); break;
			case 4: net_restart(net, i); break;
			case 5: node->on && !node->paused ? net_pause(net, i) : (void)0; break;
			case 6: node->paused ? net_resume(net, i) : (void)0; break;
			default: node->on && !node->paused ? net_stop(net, i) : (void)0; break;
			}
			net_run(net, rng_below(&rng, 10) * SECOND);
		}
		net->loss = 0;
		for (size_t i = 0; i < net->count; i++) {
			for (size_t k = 0; k < net->count; k++)
				net->cut[i][k] = false;
			if (net->nodes[i].paused)
				net_resume(net, i);
			else if (!net->nodes[i].on)
				net_restart(net, i);
		}
		net_until(net, all_agree, 40 * SECOND);
		net_run(net, 10 * MINUTE);
		assert_true(net_agrees(net));
		net_free(net);
	}
}

/* What a server sends by itself is bounded, however many there are. */
static void quiet_when_all_is_well(void **state)
{
	static const size_t sizes[] = {5, 20};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct net *net = started(sizes[i], true);
		size_t asked = net->count <= 9 ? net->count - 1 : 4;
		net_run(net, MINUTE);
		for (size_t k = 0; k < net->count; k++)
			net->nodes[k].out_count = net->nodes[k].out_bytes = 0;
		net_run(net, 10 * MINUTE);
		for (size_t k = 0; k < net->count; k++) {
			/* Questions, and as many answers. */
			assert_true(net->nodes[k].out_count <= 600 * (2 * asked + 3));
			assert_true(
				net->nodes[k].out_bytes <= net->nodes[k].out_count * UINT64_C(130));
		}
		assert_int_equal(net_total(net, STATS_CLUSTER_MAIL_DROPPED), 0);
		net_free(net);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_hour_of_loss),
		cmocka_unit_test(joining_through_loss),
		cmocka_unit_test(death_through_loss),
		cmocka_unit_test(half_a_link),
		cmocka_unit_test(a_whole_link),
		cmocka_unit_test(half_a_link_and_loss),
		cmocka_unit_test(a_short_sleep),
		cmocka_unit_test(a_long_sleep),
		cmocka_unit_test(all_sleep),
		cmocka_unit_test(a_split),
		cmocka_unit_test(flapping),
		cmocka_unit_test(somebody_owns),
		cmocka_unit_test(anything),
		cmocka_unit_test(quiet_when_all_is_well),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
