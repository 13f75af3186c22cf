/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that speaks the original's messages and nothing else, byte by byte. */
#include <string.h>

#include "../test_seed.h"
#include "member_rig.h"

#define NULLS  "00000000000000000000"
#define IP_1   NULLS "ffff0a000001"
#define IP_2   NULLS "ffff0a000002"
#define IP_3   NULLS "ffff0a000003"
#define IP_OLD NULLS "ffff0a000901"

#define OLD       "10.0.9.1:8471" /* the one made of bytes */
#define OLD_ALIVE "10.0.9.1:8472"
#define PEER_1    "10.0.0.1:8471"
#define ALIVE_1   "10.0.0.1:8472"
#define ASK_1     "10.0.0.1:9000"

#define YES        "080000"
#define DECO       "060000"
#define QUESTION   "07000100"
#define ANSWER     "07000101"
#define NEW_OLD    "050010" IP_OLD
#define NEW_1      "050010" IP_1
#define NEW_SERV_2 "090010" IP_2
#define NEW_SERV_3 "090010" IP_3

static uint64_t seed;
static struct addr old_id;

/* n servers that know each other, the first of which has met the old one. */
static struct net *with_old(size_t n)
{
	struct net *net = net_new(n, false, seed);

	net_start_all(net);
	net_run(net, 10 * SECOND);
	net->delay_us = 0; /* and in their order */
	net_inject(net, OLD, PEER_1, NEW_OLD);
	net_run(net, SECOND / 20);
	return net;
}

static uint8_t old_state(struct net *net, size_t i)
{
	return net_info_of(net, i, &old_id).state;
}

/* What is caught on its way to the old one, but envelopes, which it does not understand. */
static const char *caught(struct net *net, const char *to)
{
	const char *hex = net_caught(net, to);

	while (hex && strncmp(hex, "31", 2) == 0)
		hex = net_caught(net, to);
	return hex;
}

static void answer_for_a_moment(struct net *net)
{
	for (const char *hex = caught(net, OLD_ALIVE); hex; hex = caught(net, OLD_ALIVE)) {
		assert_string_equal(hex, QUESTION);
		net_inject(net, OLD_ALIVE, ALIVE_1, ANSWER);
	}
	net_run(net, SECOND / 10);
}

/* Answers every question for a while. */
static void answer_for(struct net *net, unsigned seconds)
{
	for (unsigned i = 0; i < 10 * seconds; i++)
		answer_for_a_moment(net);
}

static void it_joins(void **state)
{
	struct net *net = with_old(1);

	(void)state;
	assert_string_equal(caught(net, OLD), YES);
	assert_null(caught(net, OLD));
	assert_string_equal(caught(net, OLD_ALIVE), QUESTION);
	assert_int_equal(old_state(net, 0), PEER_ALIVE);
	answer_for(net, 30);
	struct member_info info = net_info_of(net, 0, &old_id);
	assert_int_equal(info.state, PEER_ALIVE);
	assert_int_equal(info.link, MEMBER_LINK_GOOD);
	assert_false(info.speaks);
	assert_false(info.proven);
	assert_true(info.rtt_us > 0);
	/* It owns nothing. */
	struct view *v = members_view(net->nodes[0].m);
	assert_int_equal(v->alive, 2);
	assert_int_equal(v->known, 1);
	assert_true(v->alone);
	view_free(v);
	net_free(net);
}

static void it_is_told_who_is_there(void **state)
{
	struct net *net = with_old(3);
	unsigned seen[2] = {0, 0};

	(void)state;
	assert_string_equal(caught(net, OLD), YES);
	/* The others may have heard of it by now, and send NEW. */
	for (const char *hex = caught(net, OLD); hex; hex = caught(net, OLD)) {
		seen[0] += strcmp(hex, NEW_SERV_2) == 0;
		seen[1] += strcmp(hex, NEW_SERV_3) == 0;
		assert_true(strncmp(hex, "09", 2) != 0 || strcmp(hex, NEW_SERV_2) == 0 ||
			    strcmp(hex, NEW_SERV_3) == 0);
	}
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 1);
	net_free(net);
}

/* The others hear of it by gossip, and ask it themselves before they count it in. */
static void the_others_meet_it(void **state)
{
	struct net *net = with_old(3);

	(void)state;
	assert_int_equal(old_state(net, 1), 0);
	net_forget_caught(net);
	net_run(net, 3 * SECOND);
	unsigned asked = 0;
	for (const char *hex = caught(net, OLD); hex; hex = caught(net, OLD))
		asked += strcmp(hex, "050010" IP_2) == 0;
	assert_true(asked >= 1);
	assert_int_equal(old_state(net, 1), 0);
	net_inject(net, OLD, "10.0.0.2:9000", YES);
	net_run(net, SECOND / 10);
	assert_int_equal(old_state(net, 1), PEER_ALIVE);
	/* What speakers agree on is not concerned. */
	assert_true(members_digest(net->nodes[0].m) == members_digest(net->nodes[2].m));
	net_free(net);
}

/* Until the server that sends this NEW, from there, has asked it; it says YES at once. */
static void it_is_found(struct net *net, const char *new, const char *ask)
{
	const char *hex = NULL;

	net_forget_caught(net);
	for (unsigned i = 0; i < 600 && (!hex || strcmp(hex, new) != 0); i++) {
		answer_for_a_moment(net);
		do
			hex = caught(net, OLD);
		while (hex && strcmp(hex, new) != 0);
	}
	assert_non_null(hex);
	net_inject(net, OLD, ask, YES);
	net_run(net, SECOND / 10);
}

/* Who was away when it was news that it is there hears of it later. */
static void the_others_are_told_again(void **state)
{
	struct net *net = net_new(3, false, seed);

	(void)state;
	net_start_all(net);
	net_run(net, 10 * SECOND);
	net->delay_us = 0;
	net_split(net, 2, true);
	net_inject(net, OLD, PEER_1, NEW_OLD);
	answer_for(net, 60);
	assert_int_equal(old_state(net, 0), PEER_ALIVE);
	net_split(net, 2, false);
	it_is_found(net, "050010" IP_3, "10.0.0.3:9000");
	assert_int_equal(old_state(net, 2), PEER_ALIVE);
	net_free(net);
}

/* It went with a word to all, and has come back with a word to one. */
static void it_comes_back_to_one(void **state)
{
	struct net *net = with_old(2);

	(void)state;
	it_is_found(net, "050010" IP_2, "10.0.0.2:9000");
	assert_int_equal(old_state(net, 1), PEER_ALIVE);
	net_inject(net, OLD, PEER_1, DECO);
	net_inject(net, OLD, "10.0.0.2:8471", DECO);
	net_run(net, SECOND);
	assert_int_equal(old_state(net, 0), 0);
	assert_int_equal(old_state(net, 1), 0);
	net_inject(net, OLD, PEER_1, NEW_OLD);
	it_is_found(net, "050010" IP_2, "10.0.0.2:9000");
	assert_int_equal(old_state(net, 0), PEER_ALIVE);
	assert_int_equal(old_state(net, 1), PEER_ALIVE);
	net_free(net);
}

/* What spoke there before has said a profile; who comes with base messages only has not. */
static void it_has_said_no_profile(void **state)
{
	struct net *net = net_new(2, false, seed);
	struct member_info info;

	(void)state;
	net_start_all(net);
	net_run(net, 10 * SECOND);
	assert_int_equal(net_info(net, 0, 1).profile.replicas, 3);
	net_stop(net, 1);
	net_run(net, SECOND);
	net_inject(net, "10.0.0.2:8471", PEER_1, "050010" IP_2);
	net_run(net, SECOND / 10);
	info = net_info(net, 0, 1);
	assert_int_equal(info.state, PEER_ALIVE);
	assert_false(info.speaks);
	assert_int_equal(info.profile.replicas, 0);
	assert_int_equal(info.profile.key_count + info.profile.version_len, 0);
	net_free(net);
}

static void it_hears_of_newcomers(void **state)
{
	struct net *net = net_new(2, false, seed);

	(void)state;
	net_start(net, 0, 0);
	net_inject(net, OLD, PEER_1, NEW_OLD);
	net_run(net, SECOND / 10);
	net_forget_caught(net);
	net_start(net, 1, 0);
	net_run(net, SECOND / 50);
	bool told = false;
	for (const char *hex = caught(net, OLD); hex; hex = caught(net, OLD))
		told |= strcmp(hex, NEW_SERV_2) == 0;
	assert_true(told);
	net_free(net);
}

/* We are the newcomer. */
static void it_is_a_seed(void **state)
{
	struct net *net = net_new(1, false, seed);
	struct node *node = &net->nodes[0];

	(void)state;
	net_start(net, 0, 0);
	members_set_seeds(node->m, &old_id, 1);
	net_run(net, SECOND / 10);
	assert_string_equal(net_caught(net, OLD), NEW_1);
	net_run(net, SECOND / 2);
	assert_string_equal(net_caught(net, OLD), NEW_1);
	assert_int_equal(net_known(net, 0), 0);
	net_inject(net, OLD, ASK_1, YES);
	net_run(net, SECOND / 20);
	assert_int_equal(old_state(net, 0), PEER_ALIVE);
	/* Whom it knows is asked as well, and is a member when it says YES. */
	net_inject(net, OLD, ASK_1,
		"090012" NULLS "ffff0a000902"
		"1234");
	net_run(net, SECOND / 20);
	assert_int_equal(net_known(net, 0), 1);
	assert_string_equal(net_caught(net, "10.0.9.2:4660"), "050012" IP_1 "2117");
	net_inject(net, "10.0.9.2:4660", ASK_1, YES);
	net_run(net, SECOND / 20);
	assert_int_equal(net_known(net, 0), 2);
	/* Its keep-alive port is as far from its peer port as ours. */
	assert_string_equal(caught(net, "10.0.9.2:4661"), QUESTION);
	net_forget_caught(net);
	answer_for(net, 30);
	assert_null(caught(net, OLD)); /* no NEW any more */
	net_free(net);
}

static void anybody_may_ask(void **state)
{
	struct net *net = with_old(1);

	(void)state;
	net_forget_caught(net);
	net_inject(net, "10.0.9.7:1234", ALIVE_1, QUESTION);
	net_run(net, SECOND / 100);
	assert_string_equal(net_caught(net, "10.0.9.7:1234"), ANSWER);
	/* Answers are not answered, and not believed unless they were asked for. */
	net_inject(net, "10.0.9.7:1234", ALIVE_1, ANSWER);
	net_inject(net, "10.0.9.7:1234", ALIVE_1, "07000102");
	net_inject(net, "10.0.9.7:1234", ALIVE_1, "0700020001");
	net_run(net, SECOND / 100);
	assert_null(net_caught(net, "10.0.9.7:1234"));
	assert_int_equal(net_known(net, 0), 1);
	net_free(net);
}

static void it_falls_silent(void **state)
{
	struct net *net = with_old(1);

	(void)state;
	answer_for(net, 5);
	net_run(net, 7 * SECOND);
	assert_int_equal(old_state(net, 0), PEER_SUSPECT);
	net_run(net, 5 * SECOND);
	assert_int_equal(old_state(net, 0), PEER_DEAD);
	/* What is not its answer changes nothing: another port, another address, another type. */
	net_inject(net, OLD, ALIVE_1, ANSWER);
	net_inject(net, "10.0.9.2:8472", ALIVE_1, ANSWER);
	net_inject(net, OLD_ALIVE, ALIVE_1, QUESTION);
	net_run(net, SECOND / 10);
	assert_int_equal(old_state(net, 0), PEER_DEAD);
	/* It is still asked now and then. */
	net_forget_caught(net);
	net_run(net, 20 * SECOND);
	unsigned asked = 0;
	while (caught(net, OLD_ALIVE))
		asked++;
	assert_in_range(asked, 2, 4);
	net_inject(net, OLD_ALIVE, ALIVE_1, ANSWER);
	net_run(net, SECOND / 10);
	assert_int_equal(old_state(net, 0), PEER_ALIVE);
	net_free(net);
}

/* One answer for one question. */
static void one_answer_counts_once(void **state)
{
	struct net *net = with_old(1);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		net_inject(net, OLD_ALIVE, ALIVE_1, ANSWER);
	net_run(net, 1);
	assert_int_equal(net_total(net, STATS_ANSWERS_HEARD), 1);
	net_free(net);
}

static void it_leaves(void **state)
{
	struct net *net = with_old(1);

	(void)state;
	answer_for(net, 2);
	net_inject(net, OLD_ALIVE, PEER_1, DECO); /* not the port that it is known by */
	net_inject(net, "10.0.9.2:8471", PEER_1, DECO);
	net_run(net, SECOND / 10);
	assert_int_equal(old_state(net, 0), PEER_ALIVE);
	assert_int_equal(net_total(net, STATS_DECO_REFUSED), 2);
	net_inject(net, OLD, PEER_1, DECO);
	net_run(net, SECOND / 10);
	assert_int_equal(old_state(net, 0), 0);
	net_forget_caught(net);
	net_run(net, MINUTE);
	assert_null(net_caught(net, OLD_ALIVE));
	/* And comes back. */
	net_inject(net, OLD, PEER_1, NEW_OLD);
	net_run(net, SECOND / 10);
	assert_string_equal(caught(net, OLD), YES);
	assert_int_equal(old_state(net, 0), PEER_ALIVE);
	net_free(net);
}

/* NEW of anybody but the sender, and of ourselves. */
static void refused(void **state)
{
	static const char *const bad[] = {
		"050010" IP_2,
		"050010" IP_1,
		"050012" IP_OLD "0000",
		"050010" NULLS "ffff00000000",
		"050010" NULLS "ffffe0000001",
	};
	struct net *net = net_new(1, false, seed);

	(void)state;
	net_start(net, 0, 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		net_inject(net, OLD, PEER_1, bad[i]);
	net_inject(net, "10.0.0.1:8471", PEER_1, NEW_1);
	net_run(net, SECOND);
	assert_int_equal(net_known(net, 0), 0);
	assert_int_equal(net_total(net, STATS_NEW_REFUSED), COUNT(bad) + 1);
	assert_null(net_caught(net, OLD));
	/* YES and DECO that nobody waits for, and who a stranger knows. */
	net_inject(net, OLD, PEER_1, YES);
	net_inject(net, OLD, PEER_1, DECO);
	net_inject(net, OLD, PEER_1, NEW_SERV_2);
	net_run(net, SECOND);
	assert_int_equal(net_known(net, 0), 0);
	assert_int_equal(net_total(net, STATS_YES_UNEXPECTED), 1);
	assert_int_equal(net_total(net, STATS_DECO_REFUSED), 1);
	assert_int_equal(net_total(net, STATS_HINTS_DROPPED), 1);
	assert_int_equal(net->nodes[0].out_count, 0);
	net_free(net);
}

/* A server whose peer port is another one says so. */
static void another_port(void **state)
{
	struct net *net = net_new(1, false, seed);

	(void)state;
	net->delay_us = 0;
	net_start(net, 0, 0);
	net_inject(net, "10.0.9.1:9471", PEER_1, "050012" IP_OLD "24ff");
	net_run(net, SECOND / 100);
	assert_string_equal(net_caught(net, "10.0.9.1:9471"), YES);
	assert_string_equal(caught(net, "10.0.9.1:9472"), QUESTION);
	net_inject(net, OLD, PEER_1, NEW_OLD);
	net_run(net, SECOND / 100);
	assert_string_equal(net_caught(net, OLD), YES);
	assert_string_equal(net_caught(net, OLD), "090012" IP_OLD "24ff");
	net_free(net);
}

/* At first, and then now and then, it gets an envelope: it might speak after all. */
static void openings(void **state)
{
	struct net *net = with_old(1);
	unsigned envelopes = 0, questions = 0;

	(void)state;
	answer_for(net, 10);
	for (unsigned i = 0; i < 1000; i++) {
		const char *hex = net_caught(net, OLD_ALIVE);
		for (; hex; hex = net_caught(net, OLD_ALIVE)) {
			envelopes += strncmp(hex, "31", 2) == 0;
			questions += strcmp(hex, QUESTION) == 0;
			net_inject(net, OLD_ALIVE, ALIVE_1, ANSWER);
		}
		net_run(net, SECOND / 10);
	}
	assert_in_range(questions, 90, 110);
	assert_in_range(envelopes, 8, 11);
	net_free(net);
}

/* With a key none of it is taken. */
static void not_with_a_key(void **state)
{
	struct net *net = net_new(1, true, seed);
	struct node *node = &net->nodes[0];
	struct flow flow = {.remote = old_id, .socket = FLOW_PEER};
	struct msg msg = {.type = MSG_NEW, .new_server = {.ip = old_id.ip}};
	struct outgoing items[MEMBER_OUT];
	static uint8_t bytes[MEMBER_OUT * NET_DATAGRAM];
	struct outbox out = {.items = items,
		.bytes = bytes,
		.capacity = MEMBER_OUT,
		.datagram_max = NET_DATAGRAM};
	struct now now = {.mono_us = net->now_us + node->mono_us};

	(void)state;
	net_start(net, 0, 0);
	struct mail mail = mail_begin(
		node->seal, &node->stream, &node->stats, &now, &out, NET_DATAGRAM, MEMBER_OUT);
	members_take_bare(node->m, &mail, &flow, &msg);
	mail_flush(&mail);
	assert_int_equal(out.count, 0);
	assert_int_equal(net_known(net, 0), 0);
	net_free(net);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_joins),
		cmocka_unit_test(it_is_told_who_is_there),
		cmocka_unit_test(the_others_meet_it),
		cmocka_unit_test(the_others_are_told_again),
		cmocka_unit_test(it_comes_back_to_one),
		cmocka_unit_test(it_has_said_no_profile),
		cmocka_unit_test(it_hears_of_newcomers),
		cmocka_unit_test(it_is_a_seed),
		cmocka_unit_test(anybody_may_ask),
		cmocka_unit_test(it_falls_silent),
		cmocka_unit_test(one_answer_counts_once),
		cmocka_unit_test(it_leaves),
		cmocka_unit_test(refused),
		cmocka_unit_test(another_port),
		cmocka_unit_test(openings),
		cmocka_unit_test(not_with_a_key),
	};

	seed = test_seed();
	old_id = net_addr(OLD);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
