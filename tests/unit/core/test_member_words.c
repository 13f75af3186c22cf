/* SPDX-License-Identifier: BSD-2-Clause */
/* What members say of themselves and of others, and what is believed of it. */
#include <string.h>

#include "../test_seed.h"
#include "member_scene.h"

static uint64_t seed;

static void a_word_makes_a_member(void **state)
{
	struct scene s = scene_of(1, seed);
	struct addr z = net_addr("10.0.9.3:8471"), old = net_addr("10.0.9.4:8471");

	(void)state;
	tell(s.net, word(&z, PEER_ALIVE, 5, 6));
	struct member_info info = net_info_of(s.net, 0, &z);
	assert_int_equal(info.state, PEER_ALIVE);
	assert_int_equal(info.start, 6);
	assert_int_equal(info.incarnation, 5);
	/* One that has no start is a hint and no more: it is sent NEW. */
	tell(s.net, word(&old, PEER_ALIVE, 0, 0));
	assert_int_equal(state_of(s.net, &old), 0);
	net_run(s.net, SECOND / 10);
	assert_non_null(net_caught(s.net, "10.0.9.4:8471"));
	assert_int_equal(state_of(s.net, &old), 0);
	net_free(s.net);
}

static void who_left_is_not_met(void **state)
{
	struct scene s = scene_of(1, seed);
	struct addr z = net_addr("10.0.9.3:8471");

	(void)state;
	tell(s.net, word(&z, PEER_LEFT, 5, 6));
	assert_int_equal(net_known(s.net, 0), 1);
	tell(s.net, word(&z, PEER_DEAD, 5, 6));
	assert_int_equal(state_of(s.net, &z), PEER_DEAD);
	net_free(s.net);
}

static void incarnations(void **state)
{
	struct scene s = scene_of(1, seed);
	struct addr z = net_addr("10.0.9.3:8471");

	(void)state;
	tell(s.net, word(&z, PEER_ALIVE, 10, 6));
	tell(s.net, word(&z, PEER_SUSPECT, 9, 6)); /* stale */
	assert_int_equal(state_of(s.net, &z), PEER_ALIVE);
	assert_int_equal(net_total(s.net, STATS_STALE_GOSSIP), 1);
	tell(s.net, word(&z, PEER_SUSPECT, 10, 6));
	assert_int_equal(state_of(s.net, &z), PEER_SUSPECT);
	tell(s.net, word(&z, PEER_ALIVE, 10, 6)); /* only a higher one helps */
	assert_int_equal(state_of(s.net, &z), PEER_SUSPECT);
	tell(s.net, word(&z, PEER_ALIVE, 11, 6));
	assert_int_equal(state_of(s.net, &z), PEER_ALIVE);
	tell(s.net, word(&z, PEER_DEAD, 11, 6));
	assert_int_equal(state_of(s.net, &z), PEER_DEAD);
	tell(s.net, word(&z, PEER_SUSPECT, 11, 6));
	assert_int_equal(state_of(s.net, &z), PEER_DEAD);
	tell(s.net, word(&z, PEER_LEFT, 11, 6));
	assert_int_equal(state_of(s.net, &z), 0);
	tell(s.net, word(&z, PEER_ALIVE, 11, 6));
	assert_int_equal(state_of(s.net, &z), 0);
	tell(s.net, word(&z, PEER_ALIVE, 12, 7));
	assert_int_equal(state_of(s.net, &z), PEER_ALIVE);
	assert_int_equal(net_info_of(s.net, 0, &z).start, 7);
	net_free(s.net);
}

static void leaps(void **state)
{
	struct scene s = scene_of(1, seed);
	struct addr z = net_addr("10.0.9.3:8471");

	(void)state;
	tell(s.net, word(&z, PEER_ALIVE, 10, 6));
	tell(s.net, word(&z, PEER_SUSPECT, 10 + MEMBER_LEAP + 1, 6));
	tell(s.net, word(&z, PEER_ALIVE, UINT32_MAX, 7));
	tell(s.net, word(&z, PEER_ALIVE, 0x80000100, 7));
	assert_int_equal(net_info_of(s.net, 0, &z).incarnation, 10);
	assert_int_equal(net_total(s.net, STATS_IMPLAUSIBLE_GOSSIP), 3);
	tell(s.net, word(&z, PEER_ALIVE, 10 + MEMBER_LEAP, 6));
	assert_int_equal(net_info_of(s.net, 0, &z).incarnation, 10 + MEMBER_LEAP);
	/* A new start may be far ahead, and so may what it says itself. */
	tell(s.net, word(&z, PEER_ALIVE, 5000, 8));
	assert_int_equal(net_info_of(s.net, 0, &z).incarnation, 5000);
	beat(s.net, &z, 8, 90000);
	assert_int_equal(net_info_of(s.net, 0, &z).incarnation, 90000);
	net_free(s.net);
}

/* Whatever order words come in, all come to the same. */
static void any_order(void **state)
{
	static const enum peer_state states[] = {PEER_ALIVE, PEER_SUSPECT, PEER_DEAD, PEER_LEFT};
	struct rng rng;

	(void)state;
	rng_init(&rng, seed);
	for (unsigned round = 0; round < 50; round++) {
		struct peer_entry words[60];
		struct scene a = scene_of(1, seed), b = scene_of(1, seed);
		for (size_t i = 0; i < COUNT(words); i++) {
			struct addr id = net_addr("10.0.8.0:8471");
			id.ip.b[15] = (uint8_t)(i < 5 ? i : rng_below(&rng, 5));
			words[i] = word(&id, i < 5 ? PEER_ALIVE : states[rng_below(&rng, 4)],
				i < 5 ? 1 : 1 + rng_below(&rng, 4),
				i < 5 ? 1 : 1 + rng_below(&rng, 3));
		}
		for (size_t i = 0; i < COUNT(words); i++)
			tell(a.net, words[i]);
		for (size_t i = 0; i < 5; i++)
			tell(b.net, words[i]);
		for (size_t i = 5; i < COUNT(words); i++) {
			size_t k = i + rng_below(&rng, (uint32_t)(COUNT(words) - i));
			struct peer_entry e = words[k];
			words[k] = words[i];
			tell(b.net, e);
			tell(b.net, e);
		}
		/* All but what the two say of themselves. */
		for (size_t i = 0; i < 5; i++) {
			struct member_info x = net_info_of(a.net, 0, &words[i].id);
			struct member_info y = net_info_of(b.net, 0, &words[i].id);
			assert_int_equal(x.state, y.state);
			assert_int_equal(x.incarnation, y.incarnation);
			assert_int_equal(x.start, y.start);
		}
		net_free(a.net);
		net_free(b.net);
	}
}

static void a_wrong_word_about_us(void **state)
{
	static const enum peer_state states[] = {PEER_SUSPECT, PEER_DEAD, PEER_LEFT};
	struct scene s = scene_of(1, seed);

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct peer_entry e;
		net_forget_caught(s.net);
		tell(s.net, word(&s.id, states[i], s.incarnation, s.start));
		net_run(s.net, SECOND / 100);
		/* The teller hears at once that it is not so. */
		assert_true(net_told(s.net, X_ALIVE, &s.id, &e));
		assert_int_equal(e.state, PEER_ALIVE);
		assert_int_equal(e.incarnation, ++s.incarnation);
		assert_int_equal(e.start, s.start);
		assert_true(e.has_profile);
	}
	assert_int_equal(net_total(s.net, STATS_REFUTATIONS), 3);
	/* An older one is not worth an answer. */
	tell(s.net, word(&s.id, PEER_DEAD, s.incarnation - 1, s.start));
	assert_int_equal(own_incarnation(s.net), s.incarnation);
	/* Of an earlier start of ours, in this and in a higher incarnation. */
	tell(s.net, word(&s.id, PEER_ALIVE, s.incarnation, s.start + 1));
	assert_int_equal(own_incarnation(s.net), ++s.incarnation);
	tell(s.net, word(&s.id, PEER_ALIVE, s.incarnation + 7, s.start + 1));
	s.incarnation += 8;
	assert_int_equal(own_incarnation(s.net), s.incarnation);
	/* What nobody can have come to. */
	tell(s.net, word(&s.id, PEER_DEAD, s.incarnation + 0x80000001, s.start));
	tell(s.net, word(&s.id, PEER_DEAD, UINT32_MAX, s.start));
	assert_int_equal(own_incarnation(s.net), s.incarnation);
	assert_int_equal(net_known(s.net, 0), 1);
	net_free(s.net);
}

/* We have just heard it: whoever says that it is dead is in error, and it is told. */
static void dead_and_heard(void **state)
{
	struct scene s = scene_of(2, seed);
	struct peer_entry e;
	struct peer_msg msg;

	(void)state;
	tell(s.net, word(&y_id, PEER_DEAD, INC, Y_START));
	assert_int_equal(state_of(s.net, &y_id), PEER_SUSPECT);
	net_run(s.net, SECOND / 10);
	assert_true(net_told(s.net, Y_ALIVE, &y_id, &e));
	assert_int_equal(e.state, PEER_SUSPECT);
	assert_int_equal(e.incarnation, INC);
	assert_true(net_said(s.net, Y_ALIVE, PEER_BEAT, &msg)); /* and asked */
	beat(s.net, &y_id, Y_START, INC + 1);
	assert_int_equal(state_of(s.net, &y_id), PEER_ALIVE);
	/* When we have not heard it for long, we believe it. */
	net_run(s.net, 6 * SECOND);
	tell(s.net, word(&y_id, PEER_DEAD, INC + 1, Y_START));
	assert_int_equal(state_of(s.net, &y_id), PEER_DEAD);
	net_free(s.net);
}

/* Hearsay alone kills nobody: our own questions have to go without an answer as well. */
static void hearsay(void **state)
{
	struct scene s = scene_of(1, seed);
	struct addr z = net_addr("10.0.9.3:8471");

	(void)state;
	net_run(s.net, SECOND / 2);
	tell(s.net, word(&z, PEER_ALIVE, 3, 4));
	tell(s.net, word(&z, PEER_SUSPECT, 3, 4));
	net_run(s.net, 4 * SECOND + SECOND / 2);
	assert_int_equal(state_of(s.net, &z), PEER_SUSPECT);
	net_run(s.net, 2 * SECOND);
	assert_int_equal(state_of(s.net, &z), PEER_DEAD);
	net_free(s.net);
}

/* A member that does not know what is said of it hears it with the answer. */
static void behind(void **state)
{
	struct scene s = scene_of(1, seed);
	struct peer_entry e;

	(void)state;
	tell(s.net, word(&x_id, PEER_ALIVE, INC + 5, X_START));
	net_forget_caught(s.net);
	own_incarnation(s.net); /* X asks, as INC */
	assert_true(net_told(s.net, X_ALIVE, &x_id, &e));
	assert_int_equal(e.incarnation, INC + 5);
	net_free(s.net);
}

static void a_profile(void **state)
{
	struct scene s = scene_of(2, seed);
	struct peer_entry e = word(&y_id, PEER_ALIVE, INC, Y_START);

	(void)state;
	assert_int_equal(net_info_of(s.net, 0, &y_id).profile.client_port, 0);
	uint64_t digest = members_digest(s.m), epoch = members_epoch(s.m);
	e.has_profile = true;
	e.profile = (struct peer_profile){
		.weight = 10, .replicas = 3, .quorum = 2, .client_port = 1, .keepalive_port = 2};
	e.profile.flags = PEER_MEMBER_SETTLED;
	tell(s.net, e);
	assert_int_equal(net_info_of(s.net, 0, &y_id).profile.client_port, 1);
	assert_true(members_digest(s.m) != digest);
	assert_true(members_epoch(s.m) > epoch);
	assert_true(members_has_settled(s.m));
	/* It is a candidate of the ring now; with weight 0 it is not. */
	struct view *v = members_view(s.m);
	assert_int_equal(view_owner_count(v, 0), 2);
	view_free(v);
	e.incarnation++;
	e.profile.weight = 0;
	epoch = members_epoch(s.m);
	tell(s.net, e);
	assert_true(members_epoch(s.m) > epoch);
	v = members_view(s.m);
	assert_int_equal(view_owner_count(v, 0), 1);
	assert_int_equal(v->alive, 3);
	view_free(v);
	/* One that belongs to an earlier incarnation is not taken. */
	e.incarnation--;
	e.profile.weight = 10;
	tell(s.net, e);
	assert_int_equal(net_info_of(s.net, 0, &y_id).profile.weight, 0);
	net_free(s.net);
}

/* The same digest never comes: one page after the other is asked for, but not often. */
static void a_digest_that_never_fits(void **state)
{
	struct scene s = scene_of(1, seed);
	unsigned syncs = 0;

	(void)state;
	net_run(s.net, 5 * SECOND);
	for (unsigned i = 0; i < 600; i++) {
		struct peer_msg msg = {.type = PEER_ROSTER, .roster = {.last = 1}};
		beat(s.net, &x_id, X_START, INC);
		net_letter(s.net, 0, &x_id, X_START, &msg, 1);
		net_run(s.net, SECOND / 10);
		struct peer_msg asked;
		syncs += net_said(s.net, X_TEXT, PEER_SYNC, &asked);
		net_forget_caught(s.net);
	}
	assert_in_range(syncs, 20, 31);
	net_free(s.net);
}

/* One that differs from all others is asked soon. */
static void one_that_differs(void **state)
{
	struct scene s = scene_of(2, seed);
	struct peer_msg msg, page = {.type = PEER_ROSTER, .roster = {.last = 1}};

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		msg = beat_msg(INC, 1);
		msg.beat.view = members_digest(s.m);
		net_letter(s.net, 0, &y_id, Y_START, &msg, 1);
		if (i < 60)
			net_letter(s.net, 0, &x_id, X_START, &msg, 1);
		else
			beat(s.net, &x_id, X_START, INC);
		net_letter(s.net, 0, &x_id, X_START, &page, 1);
		if (i < 80)
			net_forget_caught(s.net);
		net_run(s.net, SECOND / 10);
	}
	assert_true(net_said(s.net, X_TEXT, PEER_SYNC, &msg));
	assert_false(net_said(s.net, Y_TEXT, PEER_SYNC, &msg));
	net_free(s.net);
}

static void a_roster(void **state)
{
	struct scene s = scene_of(2, seed);
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct addr z = net_addr("10.0.9.3:8471");
	struct peer_entry e = word(&z, PEER_ALIVE, 8, 9),
			  dead = word(&y_id, PEER_DEAD, INC, Y_START);
	struct peer_msg page = {.type = PEER_ROSTER}, msg;

	(void)state;
	peer_write_entry(&w, &dead);
	peer_write_entry(&w, &e);
	page.roster.entries = (struct span){bytes, writer_used(&w)};
	for (unsigned i = 0; i < 10; i++) {
		net_run(s.net, SECOND);
		gossip(s.net, &y_id, Y_START, NULL, 0);
	}
	beat(s.net, &x_id, X_START, INC);
	net_run(s.net, SECOND / 100);
	assert_true(net_said(s.net, X_TEXT, PEER_SYNC, &msg));
	net_letter(s.net, 0, &y_id, Y_START + 1, &page, 1); /* it was not asked */
	assert_int_equal(state_of(s.net, &z), 0);
	net_run(s.net, 7 * SECOND);
	net_forget_caught(s.net);
	/* It may just have given up the last time, or be asking the other one. */
	for (unsigned i = 0; i < 30 && !net_said(s.net, X_TEXT, PEER_SYNC, &msg); i++) {
		beat(s.net, &x_id, X_START, INC);
		net_run(s.net, SECOND / 10);
	}
	assert_int_equal(state_of(s.net, &y_id), PEER_SUSPECT);
	net_forget_caught(s.net);
	net_letter(s.net, 0, &x_id, X_START, &page, 1);
	assert_int_equal(state_of(s.net, &z), PEER_ALIVE);
	/* Dead in a page is only suspect; and the next page begins behind this one. */
	assert_int_equal(state_of(s.net, &y_id), PEER_SUSPECT);
	net_run(s.net, SECOND / 100);
	assert_true(net_said(s.net, X_TEXT, PEER_SYNC, &msg));
	assert_true(addr_equal(&msg.sync.after, &z));
	page.roster.entries.len = 0;
	page.roster.last = 1;
	net_forget_caught(s.net);
	net_letter(s.net, 0, &x_id, X_START, &page, 1);
	net_run(s.net, SECOND / 100);
	assert_false(net_said(s.net, X_TEXT, PEER_SYNC, &msg));
	net_free(s.net);
}

/* All members in pages, in the order of their ids. */
static void pages(void **state)
{
	struct scene s = scene_of(1, seed);
	struct peer_msg msg = {.type = PEER_SYNC}, page;
	unsigned n = 0, asked = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct addr id = net_addr("10.0.200.0:8471");
		id.ip.b[15] = (uint8_t)i;
		tell(s.net, word(&id, i % 4 ? PEER_ALIVE : PEER_DEAD, 1 + i, 1));
	}
	for (bool last = false; !last; asked++) {
		net_forget_caught(s.net);
		net_letter(s.net, 0, &x_id, X_START, &msg, 1);
		net_run(s.net, SECOND / 100);
		assert_true(net_said(s.net, X_ALIVE, PEER_ROSTER, &page));
		last = page.roster.last;
		struct span rest = page.roster.entries;
		struct peer_entry e;
		while (peer_entry_next(&rest, &e)) {
			assert_true(memcmp(&msg.sync.after.ip, &e.id.ip, 16) < 0);
			msg.sync.after = e.id;
			n++;
		}
	}
	assert_int_equal(n, 202); /* and itself, and X */
	assert_in_range(asked, 5, 8);
	net_free(s.net);
}

static void asking_for_others(void **state)
{
	struct scene s = scene_of(2, seed);
	struct peer_msg ask = {.type = PEER_ASK_FOR, .ask_for = {.seq = 42, .id = y_id}}, msg;
	struct addr z = net_addr("10.0.9.3:8471");

	(void)state;
	net_letter(s.net, 0, &x_id, X_START, &ask, 1);
	net_run(s.net, SECOND / 100);
	assert_true(net_said(s.net, Y_ALIVE, PEER_BEAT, &msg));
	assert_int_equal(msg.beat.echo_us, 0);
	assert_false(net_said(s.net, X_ALIVE, PEER_HEARD, &msg));
	/* A late answer to an earlier question says nothing. */
	msg = beat_msg(INC, s.net->now_us + s.net->nodes[0].mono_us - 11 * SECOND);
	net_letter(s.net, 0, &y_id, Y_START, &msg, 1);
	net_run(s.net, SECOND / 100);
	assert_false(net_said(s.net, X_ALIVE, PEER_HEARD, &msg));
	msg = beat_msg(INC, s.net->now_us + s.net->nodes[0].mono_us);
	net_letter(s.net, 0, &y_id, Y_START, &msg, 1);
	net_run(s.net, SECOND / 100);
	assert_true(net_said(s.net, X_ALIVE, PEER_HEARD, &msg));
	assert_int_equal(msg.heard.seq, 42);
	assert_int_equal(msg.heard.start, Y_START);
	assert_int_equal(msg.heard.incarnation, INC);
	assert_true(addr_equal(&msg.heard.id, &y_id));
	/* Nobody is asked about itself, about us, or about who is no member. */
	net_forget_caught(s.net);
	ask.ask_for.id = x_id;
	net_letter(s.net, 0, &x_id, X_START, &ask, 1);
	ask.ask_for.id = s.id;
	net_letter(s.net, 0, &x_id, X_START, &ask, 1);
	ask.ask_for.id = z;
	net_letter(s.net, 0, &x_id, X_START, &ask, 1);
	net_run(s.net, SECOND / 100);
	assert_int_equal(s.net->caught_count, 0);
	net_free(s.net);
}

/* As often as there are intervals, and no more. */
static void asking_for_one_again_and_again(void **state)
{
	struct scene s = scene_of(2, seed);
	struct peer_msg ask[20];
	uint64_t before = net_total(s.net, STATS_KEEP_ALIVES_SENT);

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		ask[i] = (struct peer_msg){.type = PEER_ASK_FOR, .ask_for = {.seq = i, .id = y_id}};
	for (unsigned i = 0; i < 10; i++) {
		net_letter(s.net, 0, &x_id, X_START, ask, 20);
		net_run(s.net, SECOND / 100);
	}
	assert_true(net_total(s.net, STATS_KEEP_ALIVES_SENT) - before <= 3);
	net_run(s.net, SECOND);
	net_forget_caught(s.net);
	net_letter(s.net, 0, &x_id, X_START, ask, 1);
	net_run(s.net, SECOND / 100);
	assert_true(net_said(s.net, Y_ALIVE, PEER_BEAT, &ask[1]));
	net_free(s.net);
}

static void too_many_to_ask_for(void **state)
{
	struct scene s = scene_of(1, seed);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct addr id = net_addr("10.0.200.0:8471");
		struct peer_msg ask = {.type = PEER_ASK_FOR, .ask_for = {.seq = 42}};
		id.ip.b[15] = (uint8_t)i;
		tell(s.net, word(&id, PEER_ALIVE, 1, 1));
		ask.ask_for.id = id;
		net_letter(s.net, 0, &x_id, X_START, &ask, 1);
	}
	assert_int_equal(net_total(s.net, STATS_HELPS_REFUSED), 100 - 64);
	net_free(s.net);
}

/* What was sent long ago does not say that anybody is there. */
static void old_letters(void **state)
{
	struct scene s = scene_of(2, seed);

	(void)state;
	s.net->letter_age_us = 20 * SECOND;
	for (unsigned i = 0; i < 13; i++) {
		gossip(s.net, &y_id, Y_START, NULL, 0);
		net_run(s.net, SECOND);
	}
	assert_int_equal(state_of(s.net, &y_id), PEER_DEAD);
	net_free(s.net);
}

/* Who slept says that it is alive before it is told that it is not. */
static void waking(void **state)
{
	struct scene s = scene_of(1, seed);
	struct peer_entry e;
	struct peer_msg msg;

	(void)state;
	net_pause(s.net, 0);
	net_run(s.net, 8 * SECOND);
	net_forget_caught(s.net);
	net_resume(s.net, 0);
	net_run(s.net, SECOND / 100);
	assert_true(net_said(s.net, X_ALIVE, PEER_BEAT, &msg));
	assert_int_equal(msg.beat.incarnation, s.incarnation + 1);
	assert_true(net_told(s.net, X_ALIVE, &s.id, &e));
	assert_int_equal(net_total(s.net, STATS_LATE_TICKS), 1);
	assert_int_equal(state_of(s.net, &x_id), PEER_ALIVE);
	/* After less, it only forgives. */
	net_pause(s.net, 0);
	net_run(s.net, 3 * SECOND);
	net_resume(s.net, 0);
	net_run(s.net, SECOND / 100);
	assert_int_equal(net_total(s.net, STATS_LATE_TICKS), 2);
	assert_int_equal(own_incarnation(s.net), s.incarnation + 1);
	net_free(s.net);
}

/* HEARD that was not asked for, or long ago, is nothing. */
static void heard_unasked(void **state)
{
	struct scene s = scene_of(2, seed);
	struct peer_msg heard = {
		.type = PEER_HEARD, .heard = {.id = y_id, .start = Y_START, .incarnation = INC}};

	(void)state;
	for (unsigned i = 0; i < 130; i++) {
		beat(s.net, &x_id, X_START, INC);
		heard.heard.seq = 0x1000;
		net_letter(s.net, 0, &x_id, X_START, &heard, 1);
		net_run(s.net, SECOND / 10);
	}
	assert_int_equal(state_of(s.net, &y_id), PEER_DEAD);
	net_free(s.net);
}

/* What it asks helpers for comes back: Y is not suspected, though it never answers us. */
static void heard_through_others(void **state)
{
	struct scene s = scene_of(2, seed);
	struct peer_msg heard = {
		.type = PEER_HEARD, .heard = {.id = y_id, .start = Y_START, .incarnation = INC}};
	struct peer_msg msg;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		beat(s.net, &x_id, X_START, INC);
		if (net_said(s.net, X_ALIVE, PEER_ASK_FOR, &msg)) {
			assert_true(addr_equal(&msg.ask_for.id, &y_id));
			heard.heard.seq = msg.ask_for.seq;
			net_letter(s.net, 0, &x_id, X_START, &heard, 1);
		}
		net_forget_caught(s.net);
		net_run(s.net, SECOND / 10);
	}
	assert_int_equal(state_of(s.net, &y_id), PEER_ALIVE);
	assert_int_equal(net_info_of(s.net, 0, &y_id).link, MEMBER_LINK_THROUGH);
	assert_int_equal(net_total(s.net, STATS_SUSPICIONS), 0);
	net_free(s.net);
}

/* Messages that do not parse, and those that are for others. */
static void what_is_taken(void **state)
{
	static const uint8_t bad[][8] = {{PEER_BEAT, 0, 1, 0}, {PEER_GOSSIP, 0, 1, 0},
		{PEER_ROSTER, 0, 1, 2}, {MSG_NEW, 0, 1, 0}};
	struct scene s = scene_of(1, seed);
	struct letter letter = {.known = true, .id = x_id, .start = X_START};
	struct flow flow = {.remote = x_id, .socket = FLOW_PEER};
	struct now now = {.mono_us = s.net->now_us + s.net->nodes[0].mono_us};
	struct mail mail = {.now = &now};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_true(members_take(s.m, &mail, &flow, &letter, (struct span){bad[i], 4}));
	assert_int_equal(net_total(s.net, STATS_PEER_MALFORMED), COUNT(bad));
	for (unsigned type = 0; type < 256; type++) {
		uint8_t bytes[] = {(uint8_t)type, 0, 0};
		bool ours = (type >= MSG_NEW && type <= MSG_NEW_SERV) ||
		            (type >= PEER_BEAT && type <= PEER_ROSTER);
		if (!ours)
			assert_false(
				members_take(s.m, &mail, &flow, &letter, (struct span){bytes, 3}));
	}
	net_free(s.net);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_makes_a_member),
		cmocka_unit_test(who_left_is_not_met),
		cmocka_unit_test(incarnations),
		cmocka_unit_test(leaps),
		cmocka_unit_test(any_order),
		cmocka_unit_test(a_wrong_word_about_us),
		cmocka_unit_test(dead_and_heard),
		cmocka_unit_test(hearsay),
		cmocka_unit_test(behind),
		cmocka_unit_test(a_profile),
		cmocka_unit_test(a_digest_that_never_fits),
		cmocka_unit_test(one_that_differs),
		cmocka_unit_test(a_roster),
		cmocka_unit_test(pages),
		cmocka_unit_test(asking_for_others),
		cmocka_unit_test(asking_for_one_again_and_again),
		cmocka_unit_test(too_many_to_ask_for),
		cmocka_unit_test(old_letters),
		cmocka_unit_test(waking),
		cmocka_unit_test(heard_unasked),
		cmocka_unit_test(heard_through_others),
		cmocka_unit_test(what_is_taken),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
