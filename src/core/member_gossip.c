/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words about members.
 *
 * A word says of a member its state, incarnation and start. Of two words that with the higher
 * incarnation holds; of the same, that with the worse state; of the same, that with the larger
 * number of a start, which means nothing but is the same for all. So all who have heard the same
 * words hold the same, in whatever order they came.
 *
 * Two words are not taken as they are: that somebody is dead whom this server has heard lately, and
 * that somebody is dead when it stands in a page of a roster, for that may be what a cut-off part
 * of the cluster thought: both make the member suspect, who then speaks for itself. And what one
 * who speaks base messages only is said to be is nothing: everybody sees that for himself.
 */
#include "core/member_impl.h"

#define INCARNATION_LEAP (UINT32_C(1) << 31) /* nobody has got so far ahead */

#define TELL_MAX       600 /* bytes of words in an envelope … */
#define TELL_MAX_LARGE 300 /* … of a cluster larger than this */
#define LARGE          32
#define TELL_ENTRIES   (TELL_MAX / PEER_ENTRY_MIN)
#define TELL_LOG_TIMES 3
#define OWN_TIMES      3
#define OWN_EVERY_US   (30 * SECOND_US)

static int rank(uint8_t state)
{
	switch (state) {
	case PEER_SUSPECT: return 1;
	case PEER_DEAD: return 2;
	case PEER_LEFT: return 3;
	default: return 0;
	}
}

/* Positive: the word holds over what is known of x. */
static int word_order(const struct peer_entry *e, const struct member *x)
{
	int order = rank(e->state) - rank(x->state);

	if (e->incarnation != x->incarnation)
		return e->incarnation > x->incarnation ? 1 : -1;
	if (order != 0)
		return order;
	return (e->start > x->start) - (e->start < x->start);
}

/* It can't have come from the member. */
static bool is_implausible(const struct peer_entry *e, const struct member *x)
{
	uint32_t ahead = e->incarnation - x->incarnation;

	if (e->incarnation <= x->incarnation || x->incarnation == 0)
		return false;
	if (e->incarnation == UINT32_MAX || ahead > INCARNATION_LEAP)
		return true;
	return e->start == x->start && ahead > MEMBER_LEAP;
}

static bool heard_lately(const struct members *m, const struct member *x)
{
	return x->heard_us != 0 && m->now.mono_us - x->heard_us < m->conf.suspect_after_us;
}

static void set_profile(struct member *x, const struct peer_entry *e)
{
	x->has_profile = true;
	x->profile = e->profile;
	x->profile_incarnation = e->incarnation;
}

/* A word that holds. */
static void apply(struct members *m, struct member *x, const struct peer_entry *e)
{
	if (x->state == PEER_DEAD && e->state == PEER_ALIVE && e->start == x->start)
		stats_inc(m->stats, STATS_RETURNS);
	x->incarnation = e->incarnation;
	x->start = e->start;
	if (e->has_profile)
		set_profile(x, e);
	if (e->state != x->state)
		x->since_us = m->now.mono_us;
	x->state = e->state;
	if (e->state == PEER_ALIVE)
		x->unanswered_us = 0;
	member_changed(m, x);
	member_news(m, x);
	if (e->state == PEER_SUSPECT)
		member_ask_soon(m, x);
}

/* A word that says nothing new, but perhaps what the member said of itself with it. */
static void take_profile(struct members *m, struct member *x, const struct peer_entry *e)
{
	if (!e->has_profile || member_has_current_profile(x) || e->start != x->start ||
		e->incarnation != x->incarnation)
		return;
	set_profile(x, e);
	member_changed(m, x);
	member_news(m, x);
}

static void hear_of_stranger(
	struct members *m, const struct peer_entry *e, const struct addr *teller)
{
	if (!members_hint_ok(m, &e->id, &teller->ip) || e->state == PEER_LEFT)
		return;
	if (e->start == 0) {
		if (e->state == PEER_ALIVE)
			members_hint(m, &e->id, &teller->ip);
		return;
	}
	if (e->incarnation == 0 || e->incarnation == UINT32_MAX)
		return;
	struct member *x = member_add(m, &e->id);
	if (!x)
		return;
	apply(m, x, e);
	if (e->state == PEER_DEAD)
		x->asked_us = m->now.mono_us; /* it has been tried by others */
}

/* Whether somebody holds something of this server that it has to answer to. */
static bool is_accusation(const struct member *self, const struct peer_entry *e)
{
	if (e->start == 0 || e->incarnation < self->incarnation)
		return false;
	if ((MUTANT(18) && rank(e->state) == 1) || (MUTANT(19) && rank(e->state) > 1))
		return false;
	return e->state != PEER_ALIVE || e->incarnation > self->incarnation ||
	       e->start != self->start;
}

/* A word about this server: it alone says with which incarnation it is alive. */
static bool hear_of_self(struct members *m, const struct peer_entry *e)
{
	struct member *self = members_self(m);

	if (m->parted || !is_accusation(self, e))
		return false;
	if (e->incarnation - self->incarnation > INCARNATION_LEAP || e->incarnation == UINT32_MAX) {
		stats_inc(m->stats, STATS_IMPLAUSIBLE_GOSSIP);
		return false;
	}
	if (e->start == self->start && e->state == PEER_DEAD)
		members_not_lonely(m);
	if (e->start == self->start && m->health < MEMBER_HEALTH_MAX)
		m->health++;
	stats_inc(m->stats, STATS_REFUTATIONS);
	members_raise(m, e->incarnation + 1);
	return true;
}

/* What is left of a word about one who may not be as dead as it says. */
static struct peer_entry doubted(
	const struct members *m, const struct member *x, const struct peer_entry *e, bool roster)
{
	struct peer_entry word = *e;

	if (e->state == PEER_DEAD && x->up && (roster || heard_lately(m, x)))
		word.state = PEER_SUSPECT;
	return word;
}

static void hear_of_member(struct members *m, struct member *x, const struct peer_entry *e,
	const struct addr *teller, bool roster)
{
	struct peer_entry word = doubted(m, x, e, roster);

	if (e->start == 0)
		return;
	if (!addr_equal(teller, &x->id) && is_implausible(e, x)) {
		stats_inc(m->stats, STATS_IMPLAUSIBLE_GOSSIP);
		return;
	}
	if (word_order(&word, x) > 0) {
		apply(m, x, &word);
		return;
	}
	if (e->incarnation < x->incarnation)
		stats_inc(m->stats, STATS_STALE_GOSSIP);
	take_profile(m, x, e);
}

bool members_hear(
	struct members *m, const struct peer_entry *e, const struct addr *teller, bool roster)
{
	struct peer_entry word = *e;
	struct member *x = member_find(m, &e->id);

	if (word.state == PEER_LEAVING)
		word.state = PEER_ALIVE; /* its profile says that */
	if (addr_equal(&e->id, &m->conf.self))
		return hear_of_self(m, &word);
	if (x)
		hear_of_member(m, x, &word, teller, roster);
	else
		hear_of_stranger(m, &word, teller);
	return false;
}

void member_hear_itself(struct members *m, struct member *x, uint64_t start, uint32_t incarnation)
{
	struct peer_entry e = {
		.id = x->id,
		.state = PEER_ALIVE,
		.incarnation = incarnation,
		.start = start,
	};

	if (incarnation != 0 && word_order(&e, x) > 0)
		apply(m, x, &e);
	x->behind = x->incarnation != incarnation || x->start != start;
}

static void say_own_word(struct members *m, const struct source *from)
{
	uint8_t bytes[PEER_ENTRY_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct peer_entry e = member_entry(members_self(m), true);
	struct peer_msg msg = {.type = PEER_GOSSIP};

	peer_write_entry(&w, &e);
	msg.gossip.entries = (struct span){bytes, writer_used(&w)};
	if (mail_fits(from->mail, from->flow) > 0)
		mail_put(from->mail, from->flow, &msg);
}

void member_take_gossip(struct members *m, const struct source *from, const struct peer_msg *msg)
{
	struct span rest = msg->gossip.entries;
	struct peer_entry e;
	bool accused = false;

	if (!from->member)
		return;
	while (peer_entry_next(&rest, &e))
		accused |= members_hear(m, &e, &from->letter->id, false);
	if (accused)
		say_own_word(m, from);
}

/* Our own word goes to each member by itself. */
void member_news(struct members *m, struct member *x)
{
	if (x->slot == 0)
		return;
	link_remove(&x->news);
	if (x->start == 0 ? x->state != PEER_ALIVE : x->incarnation == 0)
		return;
	x->told = 0;
	link_append(&m->news[0], &x->news);
}

/* Times that a word is told until all are likely to have heard it. */
static uint8_t times_to_tell(const struct members *m)
{
	uint8_t log = 0;

	while ((1u << log) < m->up + 2u)
		log++;
	return (uint8_t)(TELL_LOG_TIMES * log);
}

struct peer_entry member_entry(const struct member *x, bool with_profile)
{
	struct peer_entry e = {
		.id = x->id,
		.state = x->state,
		.incarnation = x->incarnation,
		.start = x->start,
	};

	if (with_profile && member_has_current_profile(x)) {
		e.has_profile = true;
		e.profile = x->profile;
	}
	return e;
}

size_t member_entry_size(const struct peer_entry *e)
{
	if (!e->has_profile)
		return PEER_ENTRY_MIN;
	return (size_t)PEER_ENTRY_MIN + PEER_PROFILE_MIN + e->profile.zone_len +
	       e->profile.version_len + e->profile.key_count;
}

/* False when it does not fit. */
static bool write_word(struct writer *w, const struct member *x)
{
	struct peer_entry e = member_entry(x, x->state == PEER_ALIVE);

	if (writer_left(w) < member_entry_size(&e))
		return false;
	peer_write_entry(w, &e);
	return true;
}

/* It has to hear at once what is wrongly held of it. */
static void write_accusation(struct writer *w, const struct member *x)
{
	if (x->start && x->incarnation && (x->state != PEER_ALIVE || x->behind))
		write_word(w, x);
}

static void write_own(struct members *m, struct writer *w, struct member *x)
{
	const struct member *self = members_self(m);
	uint64_t now = m->now.mono_us;

	if (x->own_incarnation != self->incarnation)
		x->own_told = 0;
	if (x->own_told >= OWN_TIMES && now - x->own_told_us < OWN_EVERY_US)
		return;
	if (!write_word(w, self))
		return;
	x->own_incarnation = self->incarnation;
	x->own_told = x->own_told < OWN_TIMES ? (uint8_t)(x->own_told + 1) : OWN_TIMES;
	x->own_told_us = now;
}

static void count_told(struct members *m, struct member *x)
{
	link_remove(&x->news);
	x->told++;
	if (x->told < times_to_tell(m))
		link_append(&m->news[x->told], &x->news);
}

/* What was told least first. */
static void write_news(struct members *m, struct writer *w, const struct member *to)
{
	struct member *told[TELL_ENTRIES];
	size_t n = 0;
	bool fits = true;

	for (size_t i = 0; i < MEMBER_NEWS_MAX && fits; i++) {
		for (struct link *l = m->news[i].next; l != &m->news[i] && fits; l = l->next) {
			struct member *x = container_of(l, struct member, news);
			if (x == to)
				continue;
			fits = write_word(w, x);
			if (fits)
				told[n++] = x;
		}
	}
	while (n > 0)
		count_told(m, told[--n]);
}

void members_tell(struct members *m, struct mail *mail, const struct flow *flow, struct member *x)
{
	uint8_t bytes[TELL_MAX];
	size_t fits = mail_fits(mail, flow), max = m->up > LARGE ? TELL_MAX_LARGE : TELL_MAX;
	struct peer_msg msg = {.type = PEER_GOSSIP};

	if (fits <= MSG_HEADER_LEN)
		return;
	fits -= MSG_HEADER_LEN;
	struct writer w = writer_of(bytes, fits < max ? fits : max);
	write_accusation(&w, x);
	write_own(m, &w, x);
	if (x->up)
		write_news(m, &w, x);
	msg.gossip.entries = (struct span){bytes, writer_used(&w)};
	if (msg.gossip.entries.len > 0)
		mail_put(mail, flow, &msg);
}
