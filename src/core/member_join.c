/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/member_impl.h"

#include "base/err.h"

#define YES_US       (10 * SECOND_US) /* a YES comes within this */
#define RETRY_US     (SECOND_US / 4)
#define RETRY_EVEN   10 /* tries before the waits begin to grow */
#define RETRY_MAX_US (30 * SECOND_US)
#define HINT_TRIES   5
#define ADDED_TRIES  16
#define SERVERS_TOLD 48               /* of the members, to a newcomer */
#define BASE_TOLD    8                /* who speak base messages only, of a newcomer */
#define SURE_US      (10 * SECOND_US) /* who has not spoken by now speaks base messages only */

static bool is_member(const struct members *m, const struct addr *id)
{
	const struct member *x = id->port ? member_find(m, id) : NULL;

	return x && x->state != PEER_LEFT;
}

static bool contact_is_member(const struct members *m, const struct contact *c)
{
	return is_member(m, &c->to) || is_member(m, &c->member);
}

static struct contact *contact_find(struct members *m, const struct addr *to)
{
	for (size_t i = 0; i < 2 * MEMBER_HINTS; i++)
		if (m->contacts[i].to.port != 0 && addr_equal(&m->contacts[i].to, to))
			return &m->contacts[i];
	return NULL;
}

/* Seeds are the first MEMBER_HINTS, hints the others. */
static struct contact *contact_add(
	struct members *m, const struct addr *to, bool seed, uint8_t tries_max)
{
	struct contact *first = &m->contacts[seed ? 0 : MEMBER_HINTS];

	for (struct contact *c = first; c < first + MEMBER_HINTS; c++) {
		if (c->to.port != 0)
			continue;
		*c = (struct contact){
			.to = *to,
			.seed = seed,
			.tries_max = tries_max,
			.silent_us = m->now.mono_us,
			.next_us = m->now.mono_us,
		};
		m->join_us = m->now.mono_us < m->join_us ? m->now.mono_us : m->join_us;
		return c;
	}
	return NULL;
}

void members_set_seeds(struct members *m, const struct addr *seeds, size_t n)
{
	struct contact old[MEMBER_HINTS];

	memcpy(old, m->contacts, sizeof(old));
	memset(m->contacts, 0, sizeof(old));
	for (size_t i = 0; i < n; i++) {
		if (!members_id_ok(m, &seeds[i]) || contact_find(m, &seeds[i]))
			continue;
		struct contact *c = contact_add(m, &seeds[i], true, 0);
		for (size_t k = 0; c && k < MEMBER_HINTS; k++)
			if (old[k].to.port != 0 && addr_equal(&old[k].to, &seeds[i]))
				*c = old[k];
	}
}

size_t members_silent_seeds(
	const struct members *m, const struct now *now, struct member_seed out[static MEMBER_HINTS])
{
	size_t n = 0;

	for (size_t i = 0; i < MEMBER_HINTS; i++) {
		const struct contact *c = &m->contacts[i];
		if (c->to.port == 0 || contact_is_member(m, c))
			continue;
		uint64_t silent_ms = (now->mono_us - c->silent_us) / 1000;
		if (silent_ms >= MEMBER_SEED_MS)
			out[n++] = (struct member_seed){c->to, silent_ms};
	}
	return n;
}

void members_hint(struct members *m, const struct addr *id, const struct ip *teller)
{
	const struct member *x = member_find(m, id);
	/* Gossip says nothing of who speaks base messages only: when it left, it may be back. */
	bool back = x && x->state == PEER_LEFT && x->start == 0;

	if (!members_hint_ok(m, id, teller) || (x && !back) || contact_find(m, id))
		return;
	if (!contact_add(m, id, false, HINT_TRIES))
		stats_inc(m->stats, STATS_HINTS_DROPPED);
}

void members_drop_hint(struct members *m, const struct addr *id)
{
	struct contact *c = contact_find(m, id);

	if (c && !c->seed)
		c->tries = c->tries_max; /* its YES may still come */
}

int members_add(struct members *m, const struct addr *id)
{
	struct member *x = member_find(m, id);
	struct contact *c = contact_find(m, id);

	if (!members_id_ok(m, id))
		return DHT_EINVAL;
	if (x && x->state != PEER_LEFT) {
		x->asked_us = 0; /* if it is dead, it is the next to be tried */
		return 0;
	}
	if (c) {
		c->next_us = c->again_us = m->join_us = m->now.mono_us;
		c->tries = 0;
		return 0;
	}
	return contact_add(m, id, false, ADDED_TRIES) ? 0 : DHT_EFULL;
}

static struct msg server_msg(enum msg_type type, const struct addr *id, const struct addr *to)
{
	struct msg msg = {.type = (uint8_t)type};

	msg.new_server.ip = id->ip;
	msg.new_server.has_port = id->port != to->port;
	msg.new_server.port = id->port;
	return msg;
}

static uint64_t backoff_us(const struct contact *c)
{
	uint64_t wait = RETRY_US;

	for (uint8_t i = RETRY_EVEN; i < c->tries && wait < RETRY_MAX_US; i++)
		wait *= 2;
	return wait < RETRY_MAX_US ? wait : RETRY_MAX_US;
}

static bool has_session(const struct members *m, const struct contact *c)
{
	uint64_t start;

	return seal_session(m->seal, &c->to, &start);
}

static void send_new(struct members *m, struct mail *mail, struct contact *c)
{
	struct flow flow = {.remote = c->to, .socket = FLOW_ASK};
	struct msg msg = server_msg(MSG_NEW, &m->conf.self, &c->to);

	mail_put_base(mail, &flow, &msg, false);
	c->tries = c->tries < UINT8_MAX ? (uint8_t)(c->tries + 1) : c->tries;
	c->waiting = true;
	c->met = has_session(m, c);
	c->asked_us = m->now.mono_us;
	c->again_us = m->now.mono_us + backoff_us(c);
	c->next_us = m->now.mono_us + RETRY_US;
	m->new_count++;
}

/* Whether the last NEW has made the two starts known to each other, and nothing else. */
static bool has_just_met(const struct members *m, const struct contact *c)
{
	return c->waiting && !c->met && has_session(m, c);
}

/* Hints end when they have been tried, or are members and no YES of theirs is to come. */
static bool is_over(const struct members *m, const struct contact *c)
{
	if (c->seed || c->tries < c->tries_max)
		return false;
	return !c->waiting || m->now.mono_us - c->asked_us >= YES_US;
}

/* What is due of one contact. False when it has to wait for the others. */
static bool run_contact(struct members *m, struct mail *mail, struct contact *c)
{
	if (is_over(m, c)) {
		*c = (struct contact){0};
		return true;
	}
	if (c->seed && contact_is_member(m, c)) {
		c->tries = 0;
		c->silent_us = m->now.mono_us;
		c->next_us = m->now.mono_us + RETRY_MAX_US;
		return true;
	}
	if (!c->seed && c->tries >= c->tries_max) {
		c->next_us = c->asked_us + YES_US;
		return true;
	}
	if (has_just_met(m, c)) {
		c->tries = 0;
	} else if (m->now.mono_us < c->again_us) {
		c->next_us = c->again_us;
		return true;
	}
	if (m->new_count >= MEMBER_HINTS_S)
		return false;
	if (mail_room(mail) < 1) {
		m->urgent = true;
		return false;
	}
	send_new(m, mail, c);
	return true;
}

static void run_contacts(struct members *m, struct mail *mail)
{
	uint64_t now = m->now.mono_us;

	if (now - m->new_from_us >= SECOND_US) {
		m->new_from_us = now;
		m->new_count = 0;
	}
	m->join_us = UINT64_MAX;
	for (uint16_t i = 0; i < 2 * MEMBER_HINTS; i++) {
		uint16_t at = (uint16_t)((m->contact_at + i) % (2 * MEMBER_HINTS));
		struct contact *c = &m->contacts[at];
		if (c->to.port != 0 && c->next_us <= now && !run_contact(m, mail, c)) {
			m->contact_at = at; /* the first of the next time */
			m->join_us = m->new_from_us + SECOND_US;
			return;
		}
		if (c->to.port != 0 && c->next_us < m->join_us)
			m->join_us = c->next_us;
	}
}

void member_tell_of(struct mail *mail, const struct member *x, const struct member *to)
{
	struct flow flow = {.remote = to->id, .socket = FLOW_PEER};
	struct msg msg = server_msg(MSG_NEW_SERV, &x->id, &to->id);

	mail_put_base(mail, &flow, &msg, to->start != 0);
}

/* NEW_SERV about a newcomer, to some of those who hear of it in no other way. */
static void tell_base(struct members *m, struct mail *mail, struct member *newcomer)
{
	unsigned told = 0;

	newcomer->newcomer = false;
	for (uint16_t i = 0; i < m->count && told < BASE_TOLD; i++) {
		const struct member *x = &m->all[m->sorted[i]];
		if (!x->base_up || x == newcomer)
			continue;
		member_tell_of(mail, newcomer, x);
		told++;
	}
}

static void tell_newcomers(struct members *m, struct mail *mail)
{
	m->newcomers = false;
	for (uint16_t i = 0; i < m->count && m->base_up > 0; i++) {
		struct member *x = &m->all[m->sorted[i]];
		if (!x->newcomer || !x->up)
			continue;
		if (mail_room(mail) < BASE_TOLD) {
			m->newcomers = m->urgent = true;
			return;
		}
		tell_base(m, mail, x);
	}
}

void members_join(struct members *m, struct mail *mail)
{
	if (m->now.mono_us >= m->join_us)
		run_contacts(m, mail);
	if (m->newcomers)
		tell_newcomers(m, mail);
}

/* Who is said in a NEW or NEW_SERV. */
static struct addr said_id(const struct members *m, const struct msg_server *said)
{
	return (struct addr){
		.ip = said->ip, .port = said->has_port ? said->port : m->conf.self.port};
}

/* The sender of a NEW or YES, as the member that it is from now on; NULL when there is no place. */
static struct member *member_meet(
	struct members *m, const struct addr *id, const struct letter *letter)
{
	struct member *x = member_find(m, id);

	if (!x) {
		x = member_add(m, id);
		if (!x)
			return NULL;
		x->start = letter ? letter->start : 0;
		member_changed(m, x);
		member_news(m, x);
		return x;
	}
	/* In clear, whoever starts anew says this before anything else. */
	if (!letter && !x->up) {
		x->start = 0;
		x->incarnation = 0;
		x->has_profile = false;
		x->profile = (struct peer_profile){0};
		x->openings = 0;
		member_set_state(m, x, PEER_ALIVE);
		member_news(m, x);
	}
	return x;
}

static void welcome(struct members *m, const struct source *from, const struct member *x)
{
	struct msg yes = {.type = MSG_YES};
	struct member *others[SERVERS_TOLD];
	size_t n = members_pick(m, x, false, others, SERVERS_TOLD);
	bool in_envelope = from->letter != NULL;

	mail_put_base(from->mail, from->flow, &yes, in_envelope);
	for (size_t i = 0; i < n && mail_fits(from->mail, from->flow) > 0; i++) {
		struct msg msg = server_msg(MSG_NEW_SERV, &others[i]->id, &x->id);
		mail_put_base(from->mail, from->flow, &msg, in_envelope);
	}
}

void member_take_new(struct members *m, const struct source *from, const struct msg *msg)
{
	struct addr id = said_id(m, &msg->new_server);
	bool own_word = from->letter ? addr_equal(&from->letter->id, &id)
	                             : ip_equal(&from->flow->remote.ip, &id.ip);
	struct member *x = own_word && members_id_ok(m, &id) && !m->parted
	                           ? member_meet(m, &id, from->letter)
	                           : NULL;

	if (!x) {
		stats_inc(m->stats, STATS_NEW_REFUSED);
		return;
	}
	welcome(m, from, x);
	member_ask(m, from->mail, x, true);
}

static bool may_answer(const struct members *m, const struct contact *c)
{
	return c->to.port != 0 && c->waiting && m->now.mono_us - c->asked_us < YES_US;
}

/* Whom a YES answers: in a letter also one that NEW was sent to at another address, and in clear
 * also one who answers from another port. */
static struct contact *contact_of(struct members *m, const struct source *from)
{
	const struct addr *remote = &from->flow->remote;
	const struct addr *id = from->letter ? &from->letter->id : remote;
	struct contact *near = NULL;

	for (size_t i = 0; i < 2 * MEMBER_HINTS; i++) {
		struct contact *c = &m->contacts[i];
		if (!may_answer(m, c))
			continue;
		if (addr_equal(&c->to, id) || addr_equal(&c->to, remote))
			return c;
		if (!near && ip_equal(&c->to.ip, &remote->ip))
			near = c;
	}
	return near;
}

void member_take_yes(struct members *m, const struct source *from, const struct msg *msg)
{
	struct contact *c = contact_of(m, from);
	struct addr id;

	(void)msg;
	if (!c) {
		stats_inc(m->stats, STATS_YES_UNEXPECTED);
		return;
	}
	id = from->letter ? from->letter->id : c->to;
	c->waiting = false;
	c->member = id;
	if (!c->seed)
		c->tries = c->tries_max;
	struct member *x = member_meet(m, &id, from->letter);
	if (!x)
		return;
	member_ask(m, from->mail, x, true);
	if (from->letter && !m->synced)
		members_sync(m, from->mail, x);
}

void member_take_new_serv(struct members *m, const struct source *from, const struct msg *msg)
{
	struct addr id = said_id(m, &msg->new_serv);
	const struct ip *teller = from->letter ? &from->letter->id.ip : &from->flow->remote.ip;
	uint16_t at = members_at_ip(m, teller);

	/* In clear, a stranger's word is not even a hint. */
	if (!from->letter && (at == m->count || !ip_equal(&m->all[m->sorted[at]].id.ip, teller)))
		stats_inc(m->stats, STATS_HINTS_DROPPED);
	else
		members_hint(m, &id, teller);
}

void member_take_deco(struct members *m, const struct source *from, const struct msg *msg)
{
	struct member *x = from->letter ? from->member : member_find(m, &from->flow->remote);

	(void)msg;
	if (!x || x->slot == 0 || x->state == PEER_LEFT) {
		stats_inc(m->stats, STATS_DECO_REFUSED);
		return;
	}
	member_set_state(m, x, PEER_LEFT);
	member_news(m, x);
}

static void say_goodbye(struct members *m, struct mail *mail, struct member *x)
{
	static const struct msg deco = {.type = MSG_DECO};
	struct flow flow = {.remote = x->id, .socket = FLOW_PEER};

	(void)m;
	mail_put_base(mail, &flow, &deco, false);
}

static void say_see_you(struct members *m, struct mail *mail, struct member *x)
{
	member_ask(m, mail, x, false);
}

/* To all that are up; true when there was no room for all of them. */
static bool say_to_all(struct members *m, struct mail *mail,
	void (*say)(struct members *m, struct mail *mail, struct member *x))
{
	m->now = *mail->now;
	for (; m->part_at < m->count; m->part_at++) {
		struct member *x = &m->all[m->sorted[m->part_at]];
		if (!x->up)
			continue;
		if (mail_room(mail) < MEMBER_ASK_ROOM)
			return true;
		say(m, mail, x);
	}
	m->part_at = 0;
	return false;
}

bool members_part(struct members *m, struct mail *mail)
{
	m->parted = true;
	return say_to_all(m, mail, say_goodbye);
}

bool members_announce_restart(struct members *m, struct mail *mail)
{
	m->restarting = true;
	return say_to_all(m, mail, say_see_you);
}

/* Whether a seed has proven that it is there, though it is no member yet. */
static bool seed_is_near(const struct members *m)
{
	for (size_t i = 0; i < MEMBER_HINTS; i++)
		if (m->contacts[i].to.port != 0 && has_session(m, &m->contacts[i]))
			return true;
	return false;
}

/* Whether it may know something that this server would have to catch up with, or will settle
 * first. */
static bool is_in_the_way(const struct members *m, const struct member *x)
{
	if (x->start == 0)
		return m->now.mono_us - x->since_us < SURE_US;
	if (!x->has_profile || (x->profile.flags & PEER_MEMBER_SETTLED))
		return true;
	return addr_cmp(&x->id, &m->conf.self) < 0;
}

void members_try_settle(struct members *m)
{
	if (m->settled || m->now.mono_us - m->started_us < MEMBER_ALONE_MS * UINT64_C(1000))
		return;
	for (uint16_t i = 0; i < m->count; i++) {
		const struct member *x = &m->all[m->sorted[i]];
		if (member_is_up(x) && is_in_the_way(m, x))
			return;
	}
	if (m->up == 0 && seed_is_near(m))
		return;
	m->lone = m->up == 0;
	members_settle(m);
}

/*
 * Who was alone since its start knows nothing of what a settled cluster knows that it meets now, be
 * it the one that it was in before: then it has to catch up like any that joins. Of two who were
 * alone the one with the lower id stays as it is.
 */
void members_meet(struct members *m, const struct member *x)
{
	bool both_lone = x->profile.flags & PEER_MEMBER_LONE;
	bool first = both_lone && addr_cmp(&m->conf.self, &x->id) < 0;

	m->lone = false;
	if ((x->profile.flags & PEER_MEMBER_SETTLED) && !first)
		m->settled = false;
	members_say(m);
}
