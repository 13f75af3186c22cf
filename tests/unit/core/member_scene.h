/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * member_scene: one server, and members X and Y that are made of letters.
 *
 * Letters go right to members_take(), from whomever the test likes; what the server sends to them
 * is caught, in clear.
 */
#ifndef DHT_TESTS_UNIT_CORE_MEMBER_SCENE_H
#define DHT_TESTS_UNIT_CORE_MEMBER_SCENE_H

#include "member_rig.h"

#define X_TEXT  "10.0.9.1:8471"
#define X_ALIVE "10.0.9.1:8472"
#define Y_TEXT  "10.0.9.2:8471"
#define Y_ALIVE "10.0.9.2:8472"
#define X_START 77
#define Y_START 99
#define INC     1000

static struct addr x_id, y_id;

/* One server, which has just been asked by X and Y: members that are made of letters. */
struct scene {
	struct net *net;
	struct members *m;
	struct addr id;
	uint64_t start;
	uint32_t incarnation;
};

static inline struct peer_msg beat_msg(uint32_t incarnation, uint64_t echo_us)
{
	return (struct peer_msg){
		.type = PEER_BEAT,
		.beat = {.seq = 1, .echo_us = echo_us, .incarnation = incarnation},
	};
}

static inline void beat(
	struct net *net, const struct addr *id, uint64_t start, uint32_t incarnation)
{
	struct peer_msg msg = beat_msg(incarnation, 1);

	net_letter(net, 0, id, start, &msg, 1);
}

/* Which it says to X, who asks it. */
static inline uint32_t own_incarnation(struct net *net)
{
	struct peer_msg msg;

	net_forget_caught(net);
	struct msg question = {.type = MSG_KEEP_ALIVE};
	net_letter_base(net, 0, &x_id, X_START, &question);
	msg = beat_msg(INC, 0);
	net_letter(net, 0, &x_id, X_START, &msg, 1);
	net_run(net, SECOND / 100);
	assert_true(net_said(net, X_ALIVE, PEER_BEAT, &msg));
	return msg.beat.incarnation;
}

static inline struct scene scene_of(size_t others, uint64_t seed)
{
	struct scene s = {.net = net_new(1, false, seed)};

	x_id = net_addr(X_TEXT);
	y_id = net_addr(Y_TEXT);
	net_start(s.net, 0, 0);
	s.m = s.net->nodes[0].m;
	s.id = s.net->nodes[0].id;
	s.start = seal_start(s.net->nodes[0].seal);
	if (others > 0)
		beat(s.net, &x_id, X_START, INC);
	if (others > 1)
		beat(s.net, &y_id, Y_START, INC);
	s.incarnation = others > 0 ? own_incarnation(s.net) : 0;
	net_forget_caught(s.net);
	return s;
}

static inline struct peer_entry word(
	const struct addr *id, enum peer_state state, uint32_t incarnation, uint64_t start)
{
	return (struct peer_entry){
		.id = *id, .state = (uint8_t)state, .incarnation = incarnation, .start = start};
}

/* X says a word in a GOSSIP. */
static inline void gossip(struct net *net, const struct addr *teller, uint64_t start,
	const struct peer_entry *words, size_t n)
{
	uint8_t bytes[NET_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));

	for (size_t i = 0; i < n; i++)
		peer_write_entry(&w, &words[i]);
	assert_false(w.failed);
	struct peer_msg msg = {
		.type = PEER_GOSSIP, .gossip = {.entries = {bytes, writer_used(&w)}}};
	net_letter(net, 0, teller, start, &msg, 1);
}

static inline void tell(struct net *net, struct peer_entry e)
{
	gossip(net, &x_id, X_START, &e, 1);
}

static inline uint8_t state_of(struct net *net, const struct addr *id)
{
	return net_info_of(net, 0, id).state;
}

#endif
