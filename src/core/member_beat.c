/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "core/member_impl.h"

#define ECHO_US    (10 * SECOND_US) /* an answer that took longer says nothing */
#define HELP_US    (2 * SECOND_US)  /* who asked is told within this */
#define HELP_SEQS  3                /* so many questions ago HEARD may have been asked for */
#define EXCUSE_US  (10 * SECOND_US) /* for a restart that was announced */
#define OPENINGS   4                /* first questions that come with an envelope, … */
#define OPENING_US (10 * SECOND_US) /* … and then one so often */
#define RTT_SHARE  8
#define LOSS_SHARE 16

struct flow member_flow(const struct members *m, const struct member *x)
{
	struct flow flow = {.remote = x->id, .socket = FLOW_KEEP_ALIVE};
	uint16_t guess = (uint16_t)(x->id.port + m->conf.keepalive_port - m->conf.self.port);

	if (x->has_profile)
		guess = x->profile.keepalive_port;
	flow.remote.port = guess ? guess : m->conf.keepalive_port;
	return flow;
}

static uint32_t unheard_ms(const struct members *m, const struct member *x)
{
	uint64_t ms = (m->now.mono_us - x->heard_us) / 1000;

	return x->heard_us == 0 || ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* [KEEP_ALIVE][BEAT][GOSSIP] */
static void put_beat(struct members *m, struct mail *mail, const struct flow *flow,
	struct member *x, uint32_t seq, uint64_t echo_us)
{
	struct msg keep_alive = {.type = MSG_KEEP_ALIVE, .keep_alive = {.answer = echo_us != 0}};
	struct peer_msg beat = {
		.type = PEER_BEAT,
		.beat =
			{
				.seq = seq,
				.echo_us = echo_us,
				.wall_ms = m->now.wall_ms,
				.view = m->digest,
				.incarnation = members_self(m)->incarnation,
				.unheard_ms = unheard_ms(m, x),
				.flags = m->restarting ? PEER_BEAT_RESTARTING : 0,
			},
	};

	mail_put_base(mail, flow, &keep_alive, true);
	mail_put(mail, flow, &beat);
	members_tell(m, mail, flow, x);
}

static void count_loss(struct member *x, bool lost)
{
	int now = lost ? 1000 : 0;

	x->loss_permille = (uint16_t)(x->loss_permille + (now - x->loss_permille) / LOSS_SHARE);
}

/* Half an interval, longer the worse we are doing ourselves. */
static uint64_t patience_us(const struct members *m)
{
	return m->conf.interval_us / 2 * (1 + (uint64_t)m->health);
}

static void note_question(struct members *m, struct member *x, bool own)
{
	uint64_t now = m->now.mono_us;

	if (x->waiting && now - x->asked_us >= m->conf.interval_us / 2)
		count_loss(x, true);
	x->waiting = true;
	x->ask_now = false;
	x->asked_us = now;
	x->seq++;
	if (!x->silent_us)
		x->silent_us = now;
	if (own && !x->unanswered_us) {
		x->unanswered_us = now;
		x->help_us = now + patience_us(m);
	}
	member_arm(m, x);
}

/* Somebody who speaks base messages only may just not know yet that we speak more. */
static bool opening_due(const struct members *m, struct member *x)
{
	uint64_t start;

	if (seal_session(m->seal, &x->id, &start))
		return true;
	if (x->openings >= OPENINGS && m->now.mono_us - x->opening_us < OPENING_US)
		return false;
	x->openings = x->openings < OPENINGS ? (uint8_t)(x->openings + 1) : OPENINGS;
	x->opening_us = m->now.mono_us;
	return true;
}

/* That somebody who speaks base messages only has come is news once. Who was not there then hears
 * of it in this way: with each question to it one other is told where it is. */
static void tell_of_base(struct members *m, struct mail *mail, struct member *x)
{
	struct member *other;

	if (x->heard_us && x->state == PEER_ALIVE && members_pick(m, x, true, &other, 1) == 1)
		member_tell_of(mail, x, other);
}

bool member_ask(struct members *m, struct mail *mail, struct member *x, bool own)
{
	static const struct msg bare = {.type = MSG_KEEP_ALIVE};
	struct flow flow = member_flow(m, x);

	if (mail_room(mail) < MEMBER_ASK_ROOM) {
		m->urgent = true;
		return false;
	}
	note_question(m, x, own);
	stats_inc(m->stats, STATS_KEEP_ALIVES_SENT);
	if (x->start == 0 && seal_is_clear(m->seal)) {
		mail_put_base(mail, &flow, &bare, false);
		tell_of_base(m, mail, x);
		if (!opening_due(m, x))
			return true;
	}
	put_beat(m, mail, &flow, x, x->seq, 0);
	return true;
}

void member_ask_others(struct members *m, struct mail *mail, struct member *x)
{
	struct peer_msg msg = {.type = PEER_ASK_FOR, .ask_for = {.seq = x->seq, .id = x->id}};
	struct member *helpers[MEMBER_HELPERS];
	size_t n = members_pick(m, x, true, helpers, MEMBER_HELPERS);

	x->helped_us = m->now.mono_us;
	for (size_t i = 0; i < n; i++) {
		struct flow flow = member_flow(m, helpers[i]);
		if (mail_room(mail) > 0)
			mail_put(mail, &flow, &msg);
	}
}

void member_heard(struct members *m, struct member *x)
{
	x->heard_us = m->now.mono_us;
	x->unanswered_us = 0;
	/* Nobody else can say for it that it is alive. */
	if (x->start == 0 && (x->state == PEER_SUSPECT || x->state == PEER_DEAD))
		member_set_state(m, x, PEER_ALIVE);
	else
		member_arm(m, x);
}

/* Tells those who asked for it that x has answered. */
static void serve_helps(struct members *m, struct mail *mail, const struct member *x)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < m->help_count; i++) {
		const struct help *h = &m->helps[i];
		if (h->until_us < m->now.mono_us)
			continue;
		if (!addr_equal(&h->id, &x->id)) {
			m->helps[kept++] = *h;
			continue;
		}
		struct peer_msg msg = {
			.type = PEER_HEARD,
			.heard = {.seq = h->seq,
				.id = x->id,
				.start = x->start,
				.incarnation = x->incarnation},
		};
		if (mail_fits(mail, &h->back) > 0)
			mail_put(mail, &h->back, &msg);
	}
	m->help_count = kept;
}

static void answered(struct members *m, struct mail *mail, struct member *x, uint64_t asked_us)
{
	uint32_t rtt_us = (uint32_t)(m->now.mono_us - asked_us);

	x->rtt_us = x->rtt_us ? x->rtt_us - x->rtt_us / RTT_SHARE + rtt_us / RTT_SHARE : rtt_us;
	x->rtt_us = x->rtt_us ? x->rtt_us : 1; /* 0 is not known */
	if (x->waiting)
		count_loss(x, false);
	x->waiting = false;
	x->silent_us = 0;
	stats_inc(m->stats, STATS_ANSWERS_HEARD);
	member_heard(m, x);
	serve_helps(m, mail, x);
}

static void take_answer(
	struct members *m, const struct source *from, struct member *x, const struct peer_beat *b)
{
	uint64_t now = m->now.mono_us;

	if (b->echo_us == 0 || b->echo_us > now || now - b->echo_us > ECHO_US)
		return;
	seal_clock_sample(m->seal, &m->now, from->letter, b->echo_us);
	x->clock_offset_ms = (int64_t)(b->wall_ms - m->now.wall_ms + (now - b->echo_us) / 2000);
	answered(m, from->mail, x, b->echo_us);
}

/* The KEEP_ALIVE before it in the same envelope says that it is a question. */
static bool is_question(const struct members *m, const struct letter *l)
{
	return m->question_start == l->start && m->question_us == l->time_us;
}

static void answer(struct members *m, const struct source *from, struct member *x, uint32_t seq)
{
	m->question_start = 0;
	if (mail_fits(from->mail, from->flow) == 0)
		return;
	stats_inc(m->stats, STATS_KEEP_ALIVES_ANSWERED);
	put_beat(m, from->mail, from->flow, x, seq, from->letter->time_us);
}

void member_take_beat(struct members *m, const struct source *from, const struct peer_msg *msg)
{
	const struct peer_beat *b = &msg->beat;
	const struct letter *l = from->letter;
	struct member *x = from->member ? from->member : member_add(m, &l->id);

	if (!x)
		return;
	if (!from->member)
		member_heard(m, x);
	member_hear_itself(m, x, l->start, b->incarnation);
	x->unheard_ms = b->unheard_ms;
	if (b->flags & PEER_BEAT_RESTARTING)
		x->excused_us = m->now.mono_us + EXCUSE_US;
	if (is_question(m, l))
		answer(m, from, x, b->seq);
	else
		take_answer(m, from, x, b);
	member_compare(m, from->mail, x, b->view);
}

/* A bare answer, from the keep-alive port of somebody who does not speak. */
static void take_bare_answer(struct members *m, const struct source *from)
{
	const struct addr *remote = &from->flow->remote;

	for (uint16_t i = members_at_ip(m, &remote->ip); i < m->count; i++) {
		struct member *x = &m->all[m->sorted[i]];
		struct flow flow = member_flow(m, x);
		if (!ip_equal(&x->id.ip, &remote->ip))
			return;
		if (x->slot != 0 && x->start == 0 && x->waiting && x->state != PEER_LEFT &&
			flow.remote.port == remote->port) {
			answered(m, from->mail, x, x->asked_us);
			return;
		}
	}
}

void member_take_keep_alive(struct members *m, const struct source *from, const struct msg *msg)
{
	static const struct msg yes = {.type = MSG_KEEP_ALIVE, .keep_alive = {.answer = 1}};
	bool question = msg->keep_alive.answer == 0;

	if (from->letter) {
		m->question_start = question ? from->letter->start : 0;
		m->question_us = from->letter->time_us;
	} else if (!question) {
		take_bare_answer(m, from);
	} else if (mail_room(from->mail) > 0) {
		stats_inc(m->stats, STATS_KEEP_ALIVES_ANSWERED);
		mail_put_base(from->mail, from->flow, &yes, false);
	}
}

/* Where a help for this one and that flow is, or may be; NULL: nowhere. */
static struct help *place_for_help(
	struct members *m, const struct flow *back, const struct addr *id)
{
	struct help *over = NULL;

	for (uint16_t i = 0; i < m->help_count; i++) {
		struct help *h = &m->helps[i];
		if (h->until_us < m->now.mono_us)
			over = h;
		else if (addr_equal(&h->id, id) && addr_equal(&h->back.remote, &back->remote))
			return h;
	}
	if (!over && m->help_count < MEMBER_HELPS_MAX)
		over = &m->helps[m->help_count++];
	if (over)
		*over = (struct help){.id = *id};
	return over;
}

/* Nobody asks for the same one twice in an interval: or one datagram with many ASK_FOR would make
 * many, to wherever its sender says that members are. */
void member_take_ask_for(struct members *m, const struct source *from, const struct peer_msg *msg)
{
	struct member *x = member_find(m, &msg->ask_for.id);
	uint64_t now = m->now.mono_us;

	if (!from->member || !x || x == from->member || x->slot == 0 || x->state == PEER_LEFT)
		return;
	struct help *h = place_for_help(m, from->flow, &x->id);
	if (!h || (h->asked_us && now - h->asked_us < m->conf.interval_us / 2)) {
		stats_inc(m->stats, STATS_HELPS_REFUSED);
		return;
	}
	h->back = *from->flow;
	h->seq = msg->ask_for.seq;
	h->until_us = now + HELP_US;
	h->asked_us = now;
	member_ask(m, from->mail, x, false);
}

void member_take_heard(struct members *m, const struct source *from, const struct peer_msg *msg)
{
	const struct peer_heard *heard = &msg->heard;
	struct member *x = member_find(m, &heard->id);

	if (!from->member || !x || !x->helped_us || x->seq - heard->seq > HELP_SEQS)
		return;
	x->through_us = m->now.mono_us;
	x->unanswered_us = 0;
	if (x->start == 0 && x->state == PEER_SUSPECT)
		member_set_state(m, x, PEER_ALIVE);
	if (heard->start && heard->incarnation > x->incarnation) {
		struct peer_entry e = {
			.id = x->id,
			.state = PEER_ALIVE,
			.incarnation = heard->incarnation,
			.start = heard->start,
		};
		members_hear(m, &e, &from->member->id, false);
	}
	member_arm(m, x);
}
