/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/member_impl.h"

#define ROUND_ALL      8 /* others who are all asked in each round */
#define ROUND_SOME     4 /* of more than these */
#define DEAD_EVERY_US  (5 * SECOND_US)
#define LEFT_FOR_US    (600 * SECOND_US)
#define LATE_US        (SECOND_US / 2)
#define QUIET_AFTER_US (5 * SECOND_US)
#define LATE_HEALTH    2

/* A tenth less to a tenth more than an interval. */
static uint64_t jittered_us(struct members *m)
{
	uint64_t tenth = m->conf.interval_us / 10;

	return m->conf.interval_us - tenth + rng_below(&m->rng, (uint32_t)(2 * tenth + 1));
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* How long a suspect has until it is held dead. */
static uint64_t grace_us(const struct members *m)
{
	return m->conf.drop_after_us > m->conf.suspect_after_us
	               ? m->conf.drop_after_us - m->conf.suspect_after_us
	               : m->conf.interval_us;
}

/* When one that has not answered becomes suspect, or a suspect dead. A slow server doubts itself
 * first. */
static uint64_t judged_us(const struct members *m, const struct member *x)
{
	uint64_t due = x->unanswered_us + m->conf.suspect_after_us / MEMBER_HEALTH_MAX *
	                                          (MEMBER_HEALTH_MAX + m->health);

	if (x->state == PEER_SUSPECT)
		due = max_u64(x->unanswered_us, x->since_us) + grace_us(m);
	return max_u64(due, max_u64(m->quiet_until_us, x->excused_us));
}

void member_arm(struct members *m, struct member *x)
{
	uint64_t due = UINT64_MAX;

	if (x->slot != 0 && x->state == PEER_LEFT)
		due = x->since_us + LEFT_FOR_US;
	if (x->up && x->unanswered_us) {
		due = judged_us(m, x);
		due = x->help_us < due ? x->help_us : due;
	}
	if (x->up && x->ask_now && x->ask_us < due)
		due = x->ask_us;
	if (due == UINT64_MAX)
		heap_remove(&m->timers, &x->timer);
	else
		heap_set(&m->timers, &x->timer, due);
}

void member_ask_soon(struct members *m, struct member *x)
{
	x->ask_now = true;
	x->ask_us = m->now.mono_us;
	member_arm(m, x);
}

void member_suspect(struct members *m, struct member *x)
{
	stats_inc(m->stats, STATS_SUSPICIONS);
	member_set_state(m, x, PEER_SUSPECT);
	member_news(m, x);
}

static void judge(struct members *m, struct member *x)
{
	if (x->state == PEER_ALIVE) {
		member_suspect(m, x);
		return;
	}
	stats_inc(m->stats, STATS_DEATHS);
	member_set_state(m, x, PEER_DEAD);
	member_news(m, x);
}

/* What is due of one member. False when there was no room for it. */
static bool run_timer(struct members *m, struct mail *mail, struct member *x)
{
	uint64_t now = m->now.mono_us;

	if (x->state == PEER_LEFT) {
		member_forget(m, x);
		return true;
	}
	if (x->ask_now && x->ask_us <= now) {
		if (m->asks_left == 0)
			x->ask_us = m->round_us;
		else if (!member_ask(m, mail, x, true))
			return false;
		else
			m->asks_left--;
	} else if (now >= judged_us(m, x)) {
		judge(m, x);
	} else if (now >= x->help_us) {
		x->help_us = now + m->conf.interval_us;
		if (m->helps_left > 0) {
			m->helps_left--;
			member_ask_others(m, mail, x);
		}
	}
	member_arm(m, x);
	return true;
}

static void run_timers(struct members *m, struct mail *mail)
{
	struct heap_node *n = heap_first(&m->timers);

	while (n && n->key <= m->now.mono_us &&
		run_timer(m, mail, container_of(n, struct member, timer)))
		n = heap_first(&m->timers);
}

/* Asks it unless that was done in this very tick. False when there was no room. */
static bool ask_in_round(struct members *m, struct mail *mail, struct member *x)
{
	return x->asked_us == m->now.mono_us || member_ask(m, mail, x, true);
}

static void ask_all(struct members *m, struct mail *mail)
{
	for (uint16_t i = 0; i < m->count; i++) {
		struct member *x = &m->all[m->sorted[i]];
		if (member_is_up(x) && !ask_in_round(m, mail, x))
			member_ask_soon(m, x);
	}
}

static void shuffle(struct members *m)
{
	m->order_at = m->order_count = 0;
	for (uint16_t i = 0; i < m->count; i++) {
		if (!member_is_up(&m->all[m->sorted[i]]))
			continue;
		uint16_t at = m->order_count++;
		uint16_t other = (uint16_t)rng_below(&m->rng, m->order_count);
		m->order[at] = m->order[other];
		m->order[other] = m->sorted[i];
	}
}

/* Everybody once before anybody twice. */
static void ask_some(struct members *m, struct mail *mail)
{
	unsigned asked = 0;

	for (uint32_t steps = 0; asked < ROUND_SOME && steps < 2 * RING_SLOTS; steps++) {
		if (m->order_at >= m->order_count)
			shuffle(m);
		if (m->order_count == 0)
			return;
		struct member *x = &m->all[m->order[m->order_at++]];
		if (!member_is_up(x) || x->asked_us == m->now.mono_us)
			continue;
		if (!member_ask(m, mail, x, true))
			return;
		asked++;
	}
}

/* Who has not answered, from a place by chance on. */
static void ask_unanswered(struct members *m, struct mail *mail)
{
	uint32_t start = rng_below(&m->rng, m->count), asked = 0;

	for (uint32_t i = 0; i < m->count && asked < MEMBER_ASKS; i++) {
		struct member *x = &m->all[m->sorted[(start + i) % m->count]];
		if (!x->up || !x->unanswered_us)
			continue;
		asked++;
		if (!ask_in_round(m, mail, x))
			return;
	}
}

/* Whether a question to a dead one has made its new start known, and nothing else. */
static bool has_come_back(const struct members *m, const struct member *x)
{
	uint64_t start;

	return seal_session(m->seal, &x->id, &start) && start != x->start;
}

/* The dead one that was not tried for the longest, and who only has to be asked once more. */
static void ask_dead(struct members *m, struct mail *mail)
{
	struct member *first = NULL;
	unsigned asked = 0;

	for (uint16_t i = 0; i < m->count; i++) {
		struct member *x = &m->all[m->sorted[i]];
		if (x->state != PEER_DEAD)
			continue;
		if (!first || x->asked_us < first->asked_us)
			first = x;
		if (m->now.mono_us - x->asked_us < DEAD_EVERY_US && has_come_back(m, x) &&
			asked++ < MEMBER_ASKS)
			member_ask(m, mail, x, false);
	}
	if (first && m->now.mono_us - first->asked_us >= DEAD_EVERY_US)
		member_ask(m, mail, first, false);
}

/* Whoever is cut off holds the others dead and is held dead by them; when they hear each other
 * again, each is told so. Only the smaller part counts it as a death. */
static bool is_lonely(const struct members *m)
{
	uint32_t silent = 0, others = 0;

	for (uint16_t i = 0; i < m->count; i++) {
		const struct member *x = &m->all[m->sorted[i]];
		if (x->slot == 0 || x->state == PEER_LEFT)
			continue;
		others++;
		silent += x->state == PEER_DEAD ||
		          (x->silent_us && m->now.mono_us - x->silent_us >= m->conf.drop_after_us);
	}
	return others - silent + 1 < silent;
}

static void run_round(struct members *m, struct mail *mail)
{
	m->round_us = m->now.mono_us + jittered_us(m);
	m->asks_left = m->helps_left = MEMBER_ASKS;
	if (m->health > 0)
		m->health--;
	if (is_lonely(m)) {
		m->lonely = true;
	} else {
		members_not_lonely(m);
		members_end_hold(m);
	}
	if (m->up <= ROUND_ALL) {
		ask_all(m, mail);
	} else {
		ask_unanswered(m, mail);
		ask_some(m, mail);
	}
	ask_dead(m, mail);
	members_sync_again(m, mail);
	members_try_settle(m);
	members_say(m);
}

/* Shows some others at once that it is here, and what is new about it. */
static void hail(struct members *m, struct mail *mail)
{
	struct member *others[MEMBER_ASKS];
	size_t n = members_pick(m, NULL, true, others, m->hails);

	m->hails = 0;
	for (size_t i = 0; i < n; i++)
		member_ask(m, mail, others[i], true);
}

uint64_t members_probe_due(const struct members *m)
{
	const struct heap_node *first = heap_first(&m->timers);

	return first && first->key < m->round_us ? first->key : m->round_us;
}

/* Who waited for an answer while this server slept has not waited. */
static void forgive(struct members *m)
{
	uint64_t now = m->now.mono_us;

	m->quiet_until_us = now + QUIET_AFTER_US;
	for (uint16_t i = 0; i < m->count; i++) {
		struct member *x = &m->all[m->sorted[i]];
		if (!x->up)
			continue;
		x->waiting = false;
		if (x->unanswered_us)
			x->unanswered_us = now;
		if (x->state == PEER_SUSPECT)
			x->since_us = now;
		x->help_us = max_u64(x->help_us, now + m->conf.interval_us / 2);
		member_arm(m, x);
	}
}

/* Others may suspect this server by now, or hold it dead: it says that it is alive before it is
 * asked. */
static void wake(struct members *m, uint64_t late_us)
{
	if (late_us >= m->conf.drop_after_us)
		members_count_death(m);
	members_raise(m, members_self(m)->incarnation + 1);
	m->hails = MEMBER_ASKS;
	m->sync.active = false;
	m->synced = false;
}

void members_check_late(struct members *m)
{
	uint64_t due = members_probe_due(m), now = m->now.mono_us;

	if (now < due + LATE_US)
		return;
	stats_inc(m->stats, STATS_LATE_TICKS);
	m->health += LATE_HEALTH;
	if (m->health > MEMBER_HEALTH_MAX)
		m->health = MEMBER_HEALTH_MAX;
	if (!MUTANT(29))
		forgive(m);
	if (now >= due + m->conf.suspect_after_us)
		wake(m, now - due);
}

void members_probe(struct members *m, struct mail *mail)
{
	if (m->hails > 0)
		hail(m, mail);
	if (m->now.mono_us >= m->round_us)
		run_round(m, mail);
	run_timers(m, mail);
}
