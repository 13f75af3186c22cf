/* SPDX-License-Identifier: BSD-2-Clause */
/* Who comes, who goes, and who is only heard of. */
#include <stdio.h>

#include "../test_seed.h"
#include "member_scene.h"

static uint64_t seed;

static void goodbyes(void **state)
{
	struct scene s = scene_of(2, seed);
	struct msg deco = {.type = MSG_DECO};
	struct addr z = net_addr("10.0.9.3:8471");

	(void)state;
	net_letter_base(s.net, 0, &z, 1, &deco); /* no member */
	assert_int_equal(net_total(s.net, STATS_DECO_REFUSED), 1);
	net_letter_base(s.net, 0, &y_id, Y_START, &deco);
	net_letter_base(s.net, 0, &y_id, Y_START, &deco);
	assert_int_equal(net_total(s.net, STATS_DECO_REFUSED), 2);
	assert_int_equal(state_of(s.net, &y_id), 0);
	assert_int_equal(state_of(s.net, &x_id), PEER_ALIVE);
	/* Old words and hints don't bring it back, in all the time that they may be under way. */
	for (unsigned i = 0; i < 9; i++) {
		tell(s.net, word(&y_id, PEER_ALIVE, INC, Y_START));
		tell(s.net, word(&y_id, PEER_ALIVE, 0, 0));
		beat(s.net, &y_id, Y_START, INC);
		assert_int_equal(state_of(s.net, &y_id), 0);
		net_run(s.net, MINUTE);
		beat(s.net, &x_id, X_START, INC);
	}
	/* A higher incarnation of its own does. */
	beat(s.net, &y_id, Y_START + 1, INC + 1);
	assert_int_equal(state_of(s.net, &y_id), PEER_ALIVE);
	/* It is forgotten in the end. */
	net_letter_base(s.net, 0, &y_id, Y_START + 1, &deco);
	net_run(s.net, 11 * MINUTE);
	tell(s.net, word(&y_id, PEER_ALIVE, INC, Y_START));
	assert_int_equal(state_of(s.net, &y_id), PEER_ALIVE);
	net_free(s.net);
}

static struct msg new_msg(enum msg_type type, const struct addr *id)
{
	struct msg msg = {.type = (uint8_t)type};

	msg.new_server = (struct msg_server){.ip = id->ip, .has_port = true, .port = id->port};
	return msg;
}

static void only_its_own_new(void **state)
{
	struct scene s = scene_of(1, seed);
	struct addr z = net_addr("10.0.9.3:8471");
	struct msg msg = new_msg(MSG_NEW, &z), yes = {.type = MSG_YES};

	(void)state;
	net_letter_base(s.net, 0, &x_id, X_START, &msg);
	msg = new_msg(MSG_NEW, &s.id);
	net_letter_base(s.net, 0, &x_id, X_START, &msg);
	assert_int_equal(net_total(s.net, STATS_NEW_REFUSED), 2);
	assert_int_equal(net_known(s.net, 0), 1);
	net_letter_base(s.net, 0, &x_id, X_START, &yes);
	assert_int_equal(net_total(s.net, STATS_YES_UNEXPECTED), 1);
	net_free(s.net);
}

static void yes_once(void **state)
{
	struct scene s = scene_of(0, seed);
	struct msg yes = {.type = MSG_YES};

	(void)state;
	members_set_seeds(s.m, &y_id, 1);
	net_run(s.net, SECOND / 10);
	net_letter_base(s.net, 0, &y_id, Y_START, &yes);
	assert_int_equal(state_of(s.net, &y_id), PEER_ALIVE);
	assert_int_equal(net_total(s.net, STATS_YES_UNEXPECTED), 0);
	net_letter_base(s.net, 0, &y_id, Y_START, &yes);
	assert_int_equal(net_total(s.net, STATS_YES_UNEXPECTED), 1);
	/* It asks for all whom Y knows. */
	struct peer_msg msg;
	net_run(s.net, SECOND / 100);
	assert_true(net_said(s.net, Y_TEXT, PEER_SYNC, &msg));
	net_free(s.net);
}

static void too_late_a_yes(void **state)
{
	struct scene s = scene_of(0, seed);
	struct msg yes = {.type = MSG_YES};

	(void)state;
	assert_int_equal(members_add(s.m, &y_id), 0);
	net_run(s.net, 10 * MINUTE);
	net_letter_base(s.net, 0, &y_id, Y_START, &yes);
	assert_int_equal(net_known(s.net, 0), 0);
	assert_int_equal(net_total(s.net, STATS_YES_UNEXPECTED), 1);
	net_free(s.net);
}

/* Not even of a seed, which is asked for ever but not always. */
static void a_seed_that_is_late(void **state)
{
	struct scene s = scene_of(0, seed);
	struct msg yes = {.type = MSG_YES};

	(void)state;
	members_set_seeds(s.m, &y_id, 1);
	net_run(s.net, 10 * MINUTE);
	net_forget_caught(s.net);
	while (!net_caught(s.net, Y_TEXT))
		net_run(s.net, SECOND / 10);
	net_run(s.net, 12 * SECOND);
	net_letter_base(s.net, 0, &y_id, Y_START, &yes);
	assert_int_equal(net_known(s.net, 0), 0);
	assert_int_equal(net_total(s.net, STATS_YES_UNEXPECTED), 1);
	net_run(s.net, 18 * SECOND);
	net_letter_base(s.net, 0, &y_id, Y_START, &yes);
	assert_int_equal(net_known(s.net, 0), 1);
	net_free(s.net);
}

static size_t silent_seeds(struct scene *s, struct member_seed out[static MEMBER_HINTS])
{
	struct now now = {.mono_us = s->net->now_us + s->net->nodes[0].mono_us};

	return members_silent_seeds(s->m, &now, out);
}

/* Also while others answer; one that is asked in vain again has minutes anew. */
static void a_seed_that_never_answers(void **state)
{
	struct scene s = scene_of(1, seed);
	struct member_seed silent[MEMBER_HINTS];
	struct addr z = net_addr("10.0.9.3:8471"), both[] = {z, x_id};
	struct msg deco = {.type = MSG_DECO};

	(void)state;
	members_set_seeds(s.m, both, 2);
	net_run(s.net, 290 * SECOND);
	assert_int_equal(silent_seeds(&s, silent), 0);
	net_run(s.net, 20 * SECOND);
	assert_int_equal(silent_seeds(&s, silent), 1);
	assert_true(addr_equal(&silent[0].id, &z));
	assert_in_range(silent[0].silent_ms, 309000, 311000);
	/* A reload that leaves it where it is changes nothing. */
	members_set_seeds(s.m, both, 2);
	assert_int_equal(silent_seeds(&s, silent), 1);
	beat(s.net, &z, 7, INC);
	assert_int_equal(silent_seeds(&s, silent), 0);
	net_run(s.net, MINUTE);
	net_letter_base(s.net, 0, &z, 7, &deco);
	net_run(s.net, 4 * MINUTE);
	assert_int_equal(silent_seeds(&s, silent), 0);
	net_run(s.net, 90 * SECOND);
	assert_int_equal(silent_seeds(&s, silent), 1);
	members_set_seeds(s.m, &x_id, 1);
	assert_int_equal(silent_seeds(&s, silent), 0);
	net_free(s.net);
}

/* Who is a member before NEW has been answered is sent no other. */
static void a_hint_that_is_met(void **state)
{
	struct scene s = scene_of(1, seed);
	struct msg msg = new_msg(MSG_NEW_SERV, &y_id);
	struct peer_entry e = {.id = y_id, .state = PEER_ALIVE, .incarnation = 4, .start = 5};

	(void)state;
	net_letter_base(s.net, 0, &x_id, X_START, &msg);
	net_run(s.net, SECOND / 100);
	assert_non_null(net_caught(s.net, Y_TEXT));
	tell(s.net, e);
	net_run(s.net, 20 * SECOND);
	assert_null(net_caught(s.net, Y_TEXT));
	net_free(s.net);
}

static void hints_that_are_none(void **state)
{
	static const char *const bad[] = {"10.0.0.1:8471", X_TEXT, "0.0.0.0:8471", "224.0.0.1:8471",
		"255.255.255.255:8471", "127.0.0.1:8471", "[::1]:8471", "[::]:8471",
		"[ff02::1]:8471", "[fe80::1]:8471", "[::ffff:10.0.9.1]:8471"};
	struct scene s = scene_of(1, seed);
	struct addr none = {.ip = net_addr("10.0.9.9:1").ip, .port = 0};

	(void)state;
	net_run(s.net, 2 * SECOND);
	for (size_t i = 0; i <= COUNT(bad); i++) {
		struct addr id = i < COUNT(bad) ? net_addr(bad[i]) : none;
		struct msg msg = new_msg(MSG_NEW_SERV, &id);
		net_letter_base(s.net, 0, &x_id, X_START, &msg);
		tell(s.net, word(&id, PEER_ALIVE, 0, 0));
		if (!addr_equal(&id, &x_id))
			tell(s.net, word(&id, PEER_DEAD, 4, 4));
	}
	net_forget_caught(s.net);
	net_run(s.net, SECOND / 2);
	assert_int_equal(net_known(s.net, 0), 1);
	for (size_t i = 0; i < s.net->caught_count; i++)
		assert_true(s.net->caught[i].bytes[0] != MSG_NEW);
	net_free(s.net);
}

static unsigned news_caught(struct net *net)
{
	unsigned n = 0;

	for (size_t i = 0; i < net->caught_count; i++)
		n += net->caught[i].bytes[0] == MSG_NEW;
	net_forget_caught(net);
	return n;
}

/* Ten thousand servers that are none. */
static void a_storm_of_hints(void **state)
{
	struct scene s = scene_of(1, seed);
	uint64_t epoch = members_epoch(s.m);

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		struct addr id = net_addr("10.7.0.0:8471");
		id.ip.b[14] = (uint8_t)(i >> 8);
		id.ip.b[15] = (uint8_t)i;
		struct msg msg = new_msg(MSG_NEW_SERV, &id);
		net_letter_base(s.net, 0, &x_id, X_START, &msg);
	}
	assert_int_equal(net_total(s.net, STATS_HINTS_DROPPED), 10000 - MEMBER_HINTS);
	assert_int_equal(members_epoch(s.m), epoch);
	for (unsigned i = 0; i < 20; i++) {
		beat(s.net, &x_id, X_START, INC);
		net_run(s.net, SECOND);
		assert_true(news_caught(s.net) <= MEMBER_HINTS_S + 1);
	}
	assert_int_equal(net_known(s.net, 0), 1);
	net_free(s.net);
}

/* More than there is room for: the dead go, the living stay, and the rest is refused. */
static void all_places_taken(void **state)
{
	struct scene s = scene_of(1, seed);

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		struct addr id = net_addr("10.1.0.0:8471");
		id.ip.b[14] = (uint8_t)(i >> 8);
		id.ip.b[15] = (uint8_t)i;
		tell(s.net, word(&id, i < 900 ? PEER_DEAD : PEER_ALIVE, 1, 1));
	}
	assert_int_equal(net_known(s.net, 0), RING_SLOTS - 1);
	assert_int_equal(net_total(s.net, STATS_MEMBERS_REFUSED), 2100 - (RING_SLOTS - 2));
	struct view *v = members_view(s.m);
	assert_int_equal(v->slots, RING_SLOTS);
	assert_int_equal(v->alive, RING_SLOTS);
	view_free(v);
	/* What it sends by itself is bounded all the same. */
	for (unsigned i = 0; i < 20; i++) {
		uint64_t sent = s.net->nodes[0].out_count;
		beat(s.net, &x_id, X_START, INC);
		net_run(s.net, SECOND);
		assert_true(s.net->nodes[0].out_count - sent <= 2 * MEMBER_OUT);
	}
	members_check(s.m);
	net_free(s.net);
}

/* An id of a few, now and then an odd one. */
static struct addr any_id(struct rng *rng)
{
	struct addr id = net_addr("10.0.9.0:8471");

	id.ip.b[15] = (uint8_t)rng_below(rng, 6);
	if (rng_below(rng, 8) == 0)
		id = net_addr("10.0.0.1:8471"); /* the server itself */
	if (rng_below(rng, 8) == 0)
		id.ip.b[rng_below(rng, 16)] = (uint8_t)rng_u64(rng);
	if (rng_below(rng, 8) == 0)
		id.port = (uint16_t)rng_u64(rng);
	return id;
}

static uint32_t any_incarnation(struct rng *rng)
{
	return rng_below(rng, 4) ? 1 + rng_below(rng, 5) : (uint32_t)rng_u64(rng);
}

static size_t any_entries(struct rng *rng, uint8_t *bytes, size_t size)
{
	struct writer w = writer_of(bytes, size);

	for (uint32_t n = rng_below(rng, 6); n > 0; n--) {
		struct peer_entry e = {
			.id = any_id(rng),
			.state = (uint8_t)(PEER_ALIVE + rng_below(rng, 5)),
			.incarnation = any_incarnation(rng),
			.start = rng_below(rng, 3),
			.has_profile = rng_below(rng, 2),
		};
		if (e.has_profile) {
			e.profile.weight = (uint8_t)rng_u64(rng);
			e.profile.replicas = (uint8_t)(1 + rng_below(rng, PEER_REPLICAS_MAX));
			e.profile.quorum = (uint8_t)(1 + rng_below(rng, e.profile.replicas));
		}
		peer_write_entry(&w, &e);
	}
	return writer_used(&w);
}

static void any_letter(struct net *net, struct rng *rng)
{
	static const uint8_t types[] = {
		PEER_BEAT, PEER_GOSSIP, PEER_ASK_FOR, PEER_HEARD, PEER_SYNC, PEER_ROSTER};
	uint8_t bytes[1000];
	struct addr from = any_id(rng), id = any_id(rng);
	struct peer_msg msg = {.type = types[rng_below(rng, COUNT(types))]};
	size_t len = any_entries(rng, bytes, sizeof(bytes));

	if (msg.type == PEER_BEAT)
		msg = beat_msg(any_incarnation(rng), rng_u64(rng) >> rng_below(rng, 64));
	else if (msg.type == PEER_GOSSIP)
		msg.gossip.entries = (struct span){bytes, len};
	else if (msg.type == PEER_ASK_FOR)
		msg.ask_for.id = id;
	else if (msg.type == PEER_HEARD)
		msg.heard = (struct peer_heard){.seq = rng_below(rng, 9), .id = id, .start = 1};
	else if (msg.type == PEER_ROSTER)
		msg.roster = (struct peer_roster){
			.last = rng_below(rng, 9) == 0, .entries = {bytes, len}};
	net_letter(net, 0, &from, rng_below(rng, 3), &msg, 1);
}

static void any_base(struct net *net, struct rng *rng)
{
	static const uint8_t types[] = {MSG_NEW, MSG_DECO, MSG_KEEP_ALIVE, MSG_YES, MSG_NEW_SERV};
	struct addr from = any_id(rng), id = any_id(rng);
	struct msg msg = {.type = types[rng_below(rng, COUNT(types))]};
	char text[ADDR_TEXT_MAX];

	if (msg.type == MSG_NEW || msg.type == MSG_NEW_SERV)
		msg = new_msg(msg.type, rng_below(rng, 2) ? &id : &from);
	else if (msg.type == MSG_KEEP_ALIVE)
		msg.keep_alive.answer = (uint8_t)rng_below(rng, 2);
	if (rng_below(rng, 2)) {
		net_letter_base(net, 0, &from, rng_below(rng, 3), &msg);
		return;
	}
	uint8_t bytes[64];
	char hex[2 * sizeof(bytes) + 1];
	int len = msg_encode(&msg, bytes, sizeof(bytes));
	for (int i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	from.port = (uint16_t)(from.port + rng_below(rng, 2));
	addr_format(&from, text);
	net_inject(net, text, msg.type == MSG_KEEP_ALIVE ? "10.0.0.1:8472" : "10.0.0.1:8471", hex);
}

/* Whatever anybody says, it stays whole, says little, and does not forget itself. */
static void anything_said(void **state)
{
	struct scene s = scene_of(2, seed);
	struct rng rng;

	(void)state;
	rng_init(&rng, seed);
	for (unsigned i = 0; i < 30000; i++) {
		if (rng_below(&rng, 4) == 0)
			any_base(s.net, &rng);
		else
			any_letter(s.net, &rng);
		net_run(s.net, rng_below(&rng, 20) ? 0 : rng_below(&rng, 3000) * 1000);
		net_forget_caught(s.net);
	}
	uint64_t sent = s.net->nodes[0].out_count;
	assert_true(sent < UINT64_C(30000) * 12);
	struct view *v = members_view(s.m);
	assert_true(addr_equal(&v->members[v->self].id, &s.id));
	view_free(v);
	net_free(s.net);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(goodbyes),
		cmocka_unit_test(only_its_own_new),
		cmocka_unit_test(yes_once),
		cmocka_unit_test(too_late_a_yes),
		cmocka_unit_test(a_seed_that_is_late),
		cmocka_unit_test(a_seed_that_never_answers),
		cmocka_unit_test(a_hint_that_is_met),
		cmocka_unit_test(hints_that_are_none),
		cmocka_unit_test(a_storm_of_hints),
		cmocka_unit_test(all_places_taken),
		cmocka_unit_test(anything_said),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
