/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers that join, leave, die and come back, on links without faults. */
#include "base/err.h"
#include "core/view.h"

#include "../test_seed.h"
#include "member_rig.h"

static uint64_t seed;

static bool all_agree(struct net *net)
{
	return net_agrees(net);
}

static bool all_settled(struct net *net)
{
	for (size_t i = 0; i < net->count; i++)
		if (net->nodes[i].on && !members_settled(net->nodes[i].m))
			return false;
	return net_agrees(net);
}

/* Whether all that are on have the last server in this state. */
static bool last_is(struct net *net, uint8_t state)
{
	size_t last = net->count - 1;

	for (size_t i = 0; i < last; i++)
		if (net->nodes[i].on && net_state(net, i, last) != state)
			return false;
	return true;
}

static bool last_is_dead(struct net *net)
{
	return last_is(net, PEER_DEAD);
}

static bool last_is_gone(struct net *net)
{
	return last_is(net, 0);
}

static bool last_is_leaving(struct net *net)
{
	return last_is(net, PEER_LEAVING);
}

static struct net *started(size_t n, bool keyed)
{
	struct net *net = net_new(n, keyed, seed);

	net_start_all(net);
	net_until(net, all_agree, 10 * SECOND);
	net_until(net, all_settled, 20 * SECOND);
	return net;
}

static void joining(void **state)
{
	static const size_t sizes[] = {2, 5, 20};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct net *net = started(sizes[i / 2], i % 2);
		net_run(net, MINUTE);
		assert_true(net_agrees(net));
		assert_int_equal(net_total(net, STATS_SUSPICIONS), 0);
		assert_int_equal(net_total(net, STATS_REFUTATIONS), 0);
		net_free(net);
	}
}

/* One after the other, each knowing only the one before. */
static void joining_in_a_chain(void **state)
{
	struct net *net = net_new(12, true, seed);

	(void)state;
	net_start(net, 0, 0);
	assert_true(members_settled(net->nodes[0].m));
	for (size_t i = 1; i < net->count; i++) {
		net_start(net, i, i - 1);
		assert_false(members_settled(net->nodes[i].m));
		net_until(net, all_agree, 6 * SECOND);
	}
	net_until(net, all_settled, 5 * SECOND);
	net_free(net);
}

/* Without a seed that is there, a server is alone after a while; seeds are asked for ever. */
static void alone_at_first(void **state)
{
	struct net *net = net_new(2, true, seed);

	(void)state;
	net_start(net, 1, 0);
	net_run(net, 2 * SECOND);
	assert_false(members_settled(net->nodes[1].m));
	net_run(net, 3 * SECOND);
	assert_true(members_settled(net->nodes[1].m));
	net_run(net, HOUR);
	net_start(net, 0, 0);
	net_until(net, all_agree, 31 * SECOND);
	net_free(net);
}

/* All start anew at once: the lowest id settles first, after it has waited for others. */
static void who_settles_first(void **state)
{
	struct net *net = net_new(5, true, seed);

	(void)state;
	net_start_all(net);
	net_run(net, 2 * SECOND);
	for (size_t i = 0; i < net->count; i++)
		assert_false(members_settled(net->nodes[i].m));
	net_until(net, all_settled, 4 * SECOND);
	for (size_t i = 0; i < net->count; i++)
		assert_true(members_has_settled(net->nodes[i].m));
	net_free(net);
}

/* Who finds a settled one has to catch up with it, however long that takes. */
static void who_comes_later(void **state)
{
	struct net *net = net_new(2, true, seed);

	(void)state;
	net->slow = true;
	net_start(net, 1, 1);
	net_start(net, 0, 1);
	net_run(net, 10 * MINUTE);
	assert_true(net_agrees(net));
	assert_true(members_has_settled(net->nodes[0].m));
	assert_false(members_settled(net->nodes[0].m));
	members_settle(net->nodes[0].m);
	net_run(net, 2 * SECOND);
	assert_true(members_has_settled(net->nodes[1].m));
	net_free(net);
}

static void death(void **state)
{
	static const size_t sizes[] = {2, 5, 20};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct net *net = started(sizes[i / 2], i % 2);
		net_kill(net, net->count - 1);
		net_run(net, 3 * SECOND);
		assert_false(last_is_dead(net));
		uint64_t took = 3 * SECOND + net_until(net, last_is_dead, 10 * SECOND);
		/* Somebody asks it within an interval or two. */
		assert_true(took >= 9 * SECOND && took <= 12 * SECOND + SECOND / 2);
		assert_int_equal(members_has_settled(net->nodes[0].m), net->count > 2);
		net_free(net);
	}
}

static void a_restart(void **state)
{
	(void)state;
	for (size_t keyed = 0; keyed < 2; keyed++) {
		struct net *net = started(5, keyed);
		uint64_t start = net_info(net, 0, 4).start;
		net_restart(net, 4);
		net_until(net, all_settled, 8 * SECOND);
		assert_true(net_info(net, 0, 4).start != start);
		assert_int_equal(net_total(net, STATS_REFUTATIONS), 0);
		/* After it was held dead. */
		net_kill(net, 4);
		net_until(net, last_is_dead, 13 * SECOND);
		net_restart(net, 4);
		net_until(net, all_settled, 8 * SECOND);
		/* And with a wall clock that has gone back. */
		net->nodes[4].wall_ms = -3600 * 1000;
		net_restart(net, 4);
		net_until(net, all_settled, 8 * SECOND);
		assert_int_equal(net_total(net, STATS_DEATHS) <= 4, true);
		net_free(net);
	}
}

/* A server that nobody asked to come back is found by those that tried it for ever. */
static void back_without_seeds(void **state)
{
	struct net *net = started(3, true);

	(void)state;
	net_kill(net, 2);
	net_run(net, HOUR);
	assert_true(last_is_dead(net));
	net->nodes[2].seed_count = 0;
	net_restart(net, 2);
	net_until(net, all_agree, 10 * SECOND);
	net_free(net);
}

static void an_announced_restart(void **state)
{
	struct net *net = started(5, true);
	struct outgoing items[MEMBER_OUT];
	static uint8_t bytes[MEMBER_OUT * NET_DATAGRAM];
	struct outbox out = {.items = items,
		.bytes = bytes,
		.capacity = MEMBER_OUT,
		.datagram_max = NET_DATAGRAM};
	struct node *node = &net->nodes[4];
	struct now now = {.mono_us = net->now_us + node->mono_us};

	(void)state;
	struct mail mail = mail_begin(
		node->seal, &node->stream, &node->stats, &now, &out, NET_DATAGRAM, MEMBER_OUT);
	assert_false(members_announce_restart(node->m, &mail));
	mail_flush(&mail);
	assert_int_equal(out.count, 4);
	net_run(net, 2 * SECOND); /* the flag comes with each BEAT from now on */
	net_pause(net, 4);
	net_run(net, 8 * SECOND);
	assert_int_equal(net_total(net, STATS_SUSPICIONS), 0);
	net_free(net);
}

static void a_goodbye(void **state)
{
	(void)state;
	for (size_t keyed = 0; keyed < 2; keyed++) {
		struct net *net = started(5, keyed);
		net_stop(net, 4);
		net_until(net, last_is_gone, SECOND);
		net_run(net, 20 * MINUTE);
		assert_true(last_is_gone(net));
		assert_int_equal(net_total(net, STATS_SUSPICIONS), 0);
		net_restart(net, 4);
		net_until(net, all_agree, 5 * SECOND);
		/* When all but one don't hear it, the word spreads. */
		net_run(net, MINUTE);
		for (size_t i = 1; i < 4; i++)
			net->cut[4][i] = true;
		net_stop(net, 4);
		net_until(net, last_is_gone, SECOND + SECOND / 2);
		net_free(net);
	}
}

/* A DECO that nobody hears: found dead like any other. */
static void a_goodbye_that_is_lost(void **state)
{
	struct net *net = started(5, true);

	(void)state;
	net->loss = 100;
	net_stop(net, 4);
	net->loss = 0;
	net_until(net, last_is_dead, 13 * SECOND);
	net_free(net);
}

/* Owns the partition in slot's eyes. */
static bool owns_any(struct view *v, uint16_t slot)
{
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		if (view_owns(v, p, slot))
			return true;
	return false;
}

static void views(void **state)
{
	struct net *net = started(5, true);
	struct members *m = net->nodes[0].m;
	uint64_t epoch = members_epoch(m);
	struct view *v = members_view(m);

	(void)state;
	assert_int_equal(v->epoch, epoch);
	assert_int_equal(v->alive, 5);
	assert_int_equal(v->known, 5);
	assert_int_equal(v->row_len, 3 + RING_NEXT);
	assert_false(v->alone);
	assert_true(v->members[v->self].self);
	for (size_t k = 0; k < 5; k++) {
		uint16_t slot = view_find(v, &net->nodes[k].id);
		assert_true(owns_any(v, slot));
		assert_int_equal(v->members[slot].client_port, 8470);
		assert_int_equal(v->members[slot].keepalive_port, 8472);
		assert_int_equal(v->members[slot].state, PEER_ALIVE);
	}
	view_free(v);
	/* Nothing happens: nothing moves. */
	net_run(net, 10 * MINUTE);
	assert_int_equal(members_epoch(m), epoch);
	assert_false(members_stirred(m));
	net_kill(net, 4);
	net_until(net, last_is_dead, 13 * SECOND);
	assert_true(members_stirred(m));
	assert_true(members_epoch(m) > epoch);
	assert_false(members_stirred(m));
	v = members_view(m);
	assert_int_equal(v->alive, 4);
	assert_int_equal(v->known, 5);
	assert_false(owns_any(v, view_find(v, &net->nodes[4].id)));
	view_free(v);
	net_free(net);
}

/* All see the same owners. */
static void views_are_alike(void **state)
{
	struct net *net = started(7, true);

	(void)state;
	for (size_t i = 1; i < net->count; i++) {
		struct view *a = members_view(net->nodes[0].m), *b = members_view(net->nodes[i].m);
		for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
			for (uint32_t k = 0; k < 3; k++)
				assert_true(addr_equal(&a->members[view_row(a, p)[k]].id,
					&b->members[view_row(b, p)[k]].id));
		view_free(a);
		view_free(b);
	}
	net_free(net);
}

static void one_alone(void **state)
{
	struct net *net = net_new(1, false, seed);

	(void)state;
	net_start(net, 0, 0);
	net_run(net, MINUTE);
	struct view *v = members_view(net->nodes[0].m);
	assert_true(v->alone);
	assert_int_equal(v->alive, 1);
	assert_int_equal(view_row(v, 0)[0], 0);
	assert_int_equal(view_row(v, 0)[1], RING_NONE);
	assert_int_equal(net->nodes[0].out_count, 0);
	view_free(v);
	net_free(net);
}

static void leaving(void **state)
{
	struct net *net = started(5, true);
	uint32_t before = net_info(net, 0, 4).incarnation;

	(void)state;
	members_set_leaving(net->nodes[4].m, true);
	net_until(net, last_is_leaving, SECOND);
	assert_true(net_info(net, 0, 4).incarnation > before);
	struct view *v = members_view(net->nodes[0].m);
	assert_false(owns_any(v, view_find(v, &net->nodes[4].id)));
	assert_int_equal(v->members[view_find(v, &net->nodes[4].id)].state, PEER_LEAVING);
	assert_int_equal(v->alive, 5);
	view_free(v);
	members_set_leaving(net->nodes[4].m, false);
	net_until(net, all_agree, 2 * SECOND);
	net_run(net, 2 * SECOND);
	assert_int_equal(net_state(net, 0, 4), PEER_ALIVE);
	net_free(net);
}

static void a_reload(void **state)
{
	struct net *net = started(5, true);
	struct member_conf conf = net->nodes[4].conf;

	(void)state;
	conf.weight = 77;
	conf.zone = "west";
	conf.replicas = 2;
	members_configure(net->nodes[4].m, &conf);
	net_until(net, all_agree, 3 * SECOND);
	net_run(net, 2 * SECOND);
	struct member_info info = net_info(net, 0, 4);
	assert_int_equal(info.profile.weight, 77);
	assert_int_equal(info.profile.zone_len, 4);
	assert_memory_equal(info.profile.zone, "west", 4);
	struct view *v = members_view(net->nodes[4].m);
	assert_int_equal(v->replicas, 2);
	assert_int_equal(v->row_len, 2 + RING_NEXT);
	view_free(v);
	net_free(net);
}

/* All see by its profile what a member computes owners with. */
static void replicas_are_told(void **state)
{
	struct net *net = started(3, true);
	struct member_conf conf = net->nodes[2].conf;

	(void)state;
	assert_int_equal(net_info(net, 0, 2).profile.replicas, 3);
	assert_int_equal(net_info(net, 0, 2).profile.quorum, 2);
	conf.replicas = 2;
	members_configure(net->nodes[2].m, &conf);
	net_run(net, 3 * SECOND);
	assert_int_equal(net_info(net, 0, 2).profile.replicas, 2);
	assert_int_equal(net_info(net, 1, 2).profile.replicas, 2);
	assert_int_equal(net_info(net, 2, 0).profile.replicas, 3);
	conf.write_quorum = 1;
	members_configure(net->nodes[2].m, &conf);
	net_run(net, 3 * SECOND);
	assert_int_equal(net_info(net, 0, 2).profile.quorum, 1);
	net_free(net);
}

/* No member would be told of a quorum that cannot be: it is cut. */
static void a_quorum_above_the_replicas(void **state)
{
	struct net *net = started(2, true);
	struct member_conf conf = net->nodes[1].conf;

	(void)state;
	conf.replicas = 2;
	conf.write_quorum = 3;
	members_configure(net->nodes[1].m, &conf);
	net_run(net, 3 * SECOND);
	assert_int_equal(net_info(net, 0, 1).profile.quorum, 2);
	net_free(net);
}

static void adding_and_dropping(void **state)
{
	struct net *net = net_new(3, true, seed);
	struct addr none = net_addr("10.0.9.9:8471"), bad = net_addr("224.0.0.1:8471");

	(void)state;
	for (size_t i = 0; i < 3; i++)
		net_start(net, i, i);
	net_run(net, MINUTE);
	assert_int_equal(net_known(net, 0), 0);
	assert_int_equal(members_add(net->nodes[0].m, &net->nodes[1].id), 0);
	assert_int_equal(members_add(net->nodes[0].m, &net->nodes[2].id), 0);
	net_until(net, all_agree, 5 * SECOND);
	assert_int_equal(members_add(net->nodes[0].m, &net->nodes[0].id), DHT_EINVAL);
	assert_int_equal(members_add(net->nodes[0].m, &bad), DHT_EINVAL);
	assert_int_equal(members_add(net->nodes[0].m, &net->nodes[1].id), 0);
	assert_int_equal(members_drop(net->nodes[0].m, &none), DHT_ENOENT);
	assert_int_equal(members_drop(net->nodes[0].m, &net->nodes[0].id), DHT_EINVAL);

	/* One that is alive answers for itself. */
	assert_int_equal(members_drop(net->nodes[0].m, &net->nodes[2].id), 0);
	assert_int_equal(net_state(net, 0, 2), PEER_SUSPECT);
	net_until(net, all_agree, SECOND);
	assert_int_equal(net_total(net, STATS_DEATHS), 0);

	/* One that is dead is forgotten by all. */
	net_kill(net, 2);
	net_until(net, last_is_dead, 13 * SECOND);
	assert_int_equal(members_drop(net->nodes[0].m, &net->nodes[2].id), 0);
	net_until(net, last_is_gone, 3 * SECOND);
	uint64_t epoch = members_epoch(net->nodes[0].m);
	net_run(net, 30 * MINUTE);
	assert_true(last_is_gone(net));
	assert_true(members_epoch(net->nodes[0].m) > epoch); /* its slot is free again */
	assert_int_equal(members_drop(net->nodes[0].m, &net->nodes[2].id), DHT_ENOENT);
	net_free(net);
}

static void too_many_to_add(void **state)
{
	struct net *net = net_new(1, true, seed);

	(void)state;
	net_start(net, 0, 0);
	for (unsigned i = 0; i <= MEMBER_HINTS; i++) {
		struct addr a = net_addr("10.9.0.1:8471");
		a.ip.b[15] = (uint8_t)i;
		assert_int_equal(
			members_add(net->nodes[0].m, &a), i < MEMBER_HINTS ? 0 : DHT_EFULL);
	}
	/* NEWs go out, so many a second, and end after a while. */
	net_run(net, SECOND / 2);
	assert_int_equal(net->nodes[0].out_count, MEMBER_HINTS_S);
	net_run(net, 10 * SECOND);
	assert_true(net->nodes[0].out_count <= 11 * MEMBER_HINTS_S);
	net_run(net, HOUR);
	uint64_t sent = net->nodes[0].out_count;
	net_run(net, HOUR);
	assert_int_equal(net->nodes[0].out_count, sent);
	assert_true(members_deadline(net->nodes[0].m) != UINT64_MAX);
	net_free(net);
}

/* What is known of the way to a member. */
static void what_is_measured(void **state)
{
	struct net *net = net_new(2, true, seed);

	(void)state;
	net->nodes[1].wall_ms = 3600 * 1000;
	net->delay_us = 40000;
	net_start_all(net);
	net_run(net, MINUTE);
	struct member_info info = net_info(net, 0, 1);
	assert_true(info.rtt_us > 10000 && info.rtt_us < 80000);
	assert_true(info.clock_offset_ms > 3599900 && info.clock_offset_ms < 3600100);
	assert_int_equal(info.loss_permille, 0);
	assert_int_equal(info.link, MEMBER_LINK_GOOD);
	assert_true(info.proven && info.speaks && info.heard_ms < 2000);
	net->loss = 30;
	net_run(net, 10 * MINUTE);
	info = net_info(net, 0, 1);
	assert_true(info.loss_permille > 200 && info.loss_permille < 850);
	net_free(net);
}

static void the_list_is_sorted(void **state)
{
	struct net *net = started(9, true);
	struct member_info list[8];
	struct now now = {.mono_us = net->now_us + net->nodes[8].mono_us};

	(void)state;
	assert_int_equal(members_list(net->nodes[8].m, &now, list, 3), 8);
	assert_int_equal(members_list(net->nodes[8].m, &now, list, 8), 8);
	for (size_t i = 0; i < 8; i++)
		assert_true(addr_equal(&list[i].id, &net->nodes[i].id));
	net_free(net);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(joining),
		cmocka_unit_test(joining_in_a_chain),
		cmocka_unit_test(alone_at_first),
		cmocka_unit_test(who_settles_first),
		cmocka_unit_test(who_comes_later),
		cmocka_unit_test(death),
		cmocka_unit_test(a_restart),
		cmocka_unit_test(back_without_seeds),
		cmocka_unit_test(an_announced_restart),
		cmocka_unit_test(a_goodbye),
		cmocka_unit_test(a_goodbye_that_is_lost),
		cmocka_unit_test(views),
		cmocka_unit_test(views_are_alike),
		cmocka_unit_test(one_alone),
		cmocka_unit_test(leaving),
		cmocka_unit_test(a_reload),
		cmocka_unit_test(replicas_are_told),
		cmocka_unit_test(a_quorum_above_the_replicas),
		cmocka_unit_test(adding_and_dropping),
		cmocka_unit_test(too_many_to_add),
		cmocka_unit_test(what_is_measured),
		cmocka_unit_test(the_list_is_sorted),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
