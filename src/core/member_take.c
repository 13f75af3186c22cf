/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/member_impl.h"

static member_take_fn *const takers[PEER_TYPE_END] = {
	[PEER_BEAT] = member_take_beat,
	[PEER_GOSSIP] = member_take_gossip,
	[PEER_ASK_FOR] = member_take_ask_for,
	[PEER_HEARD] = member_take_heard,
	[PEER_SYNC] = member_take_sync,
	[PEER_ROSTER] = member_take_roster,
};

static member_take_base_fn *const base_takers[MSG_TYPE_COUNT] = {
	[MSG_NEW] = member_take_new,
	[MSG_DECO] = member_take_deco,
	[MSG_KEEP_ALIVE] = member_take_keep_alive,
	[MSG_YES] = member_take_yes,
	[MSG_NEW_SERV] = member_take_new_serv,
};

static void take_base(struct members *m, const struct source *from, struct span message)
{
	enum msg_plane plane = message.p[0] == MSG_KEEP_ALIVE ? PLANE_KEEP_ALIVE : PLANE_PEER;
	struct msg msg;
	bool has_txid;

	if (msg_decode(message.p, message.len, plane, &msg, &has_txid) == MSG_GOOD)
		base_takers[msg.type](m, from, &msg);
	else
		stats_inc(m->stats, STATS_PEER_MALFORMED);
}

static void take(struct members *m, const struct source *from, struct span message)
{
	struct peer_msg msg;

	if (peer_decode(message, &msg) == MSG_GOOD)
		takers[msg.type](m, from, &msg);
	else
		stats_inc(m->stats, STATS_PEER_MALFORMED);
}

/* What was sent long ago says nothing about now. */
static bool is_fresh(const struct members *m, const struct letter *l)
{
	return m->now.mono_us < l->sent_us + m->conf.suspect_after_us;
}

bool members_take(struct members *m, struct mail *mail, const struct flow *flow,
	const struct letter *l, struct span message)
{
	uint8_t type = message.p[0];
	bool base = type < MSG_TYPE_COUNT && base_takers[type];
	struct source from = {.mail = mail, .flow = flow, .letter = l};

	if (!base && (type >= PEER_TYPE_END || !takers[type]))
		return false;
	m->now = *mail->now;
	if (!members_id_ok(m, &l->id))
		return true;
	from.member = member_find(m, &l->id);
	if (from.member && is_fresh(m, l))
		member_heard(m, from.member);
	if (base)
		take_base(m, &from, message);
	else
		take(m, &from, message);
	return true;
}

void members_take_bare(
	struct members *m, struct mail *mail, const struct flow *flow, const struct msg *msg)
{
	struct source from = {.mail = mail, .flow = flow};

	m->now = *mail->now;
	if (seal_is_clear(m->seal) && msg->type < MSG_TYPE_COUNT && base_takers[msg->type])
		base_takers[msg->type](m, &from, msg);
}
