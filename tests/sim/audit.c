/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit.h"

#include <stdlib.h>
#include <string.h>

#include "chaos.h"
#include "crowd.h"
#include "fleet.h"
#include "oracle.h"
#include "place.h"
#include "selfcheck.h"
#include "spy.h"

#define STORM         6000             /* datagrams of its own that a server may send in a second */
#define ASKED_AT_ONCE 64               /* questions to one server that wait for their answers */
#define PROBE_US      (3 * SIM_SECOND) /* for subscriptions, and for what they are told */
#define WANT_US       (25 * SIM_SECOND) /* subscriptions of servers are renewed meanwhile */
#define QUIET_US      (30 * SIM_SECOND)
#define CHECK_S       30

struct audit {
	struct event second, phase;
	uint64_t seconds;
	struct member_info members[PLAN_SERVERS_MAX + 8];

	/* Asking: the next question, and those that wait. */
	uint32_t server, hash, waiting;

	/* Probing. */
	uint32_t probes; /* hashes that were used up */
	struct ask *wants[PLAN_SERVERS_MAX], *watches[PLAN_SERVERS_MAX];

	uint64_t sent[PLAN_SERVERS_MAX]; /* when the quiet began */
	uint64_t held_us;                /* when a server was last held down */
	uint64_t agree_by_us;            /* in all that is gossiped */
};

static void agree(struct sim *s, struct event *e);
static void ask_all(struct sim *s, struct event *e);
static void ask_more(struct sim *s);

struct audit *audit_new(struct sim *s)
{
	(void)s;
	return calloc(1, sizeof(struct audit));
}

void audit_free(struct audit *a)
{
	free(a);
}

/* Whether a server hears of another that owns nothing for a while, as it was dead several times. */
static bool is_held(struct sim *s, const struct node *n)
{
	struct audit *a = s->audit;
	struct now now = node_now(s, n);
	size_t count = members_list(cluster_members(n->cluster), &now, a->members,
		sizeof(a->members) / sizeof(a->members[0]));

	for (size_t i = 0; i < count; i++) {
		struct place p = place_of(&a->members[i].id.ip);
		if (p.kind == PLACE_SERVER && a->members[i].state == PEER_ALIVE &&
			a->members[i].profile.weight == 0 &&
			s->fleet->nodes[p.index].conf.member.weight > 0)
			return true;
	}
	return false;
}

static bool any_is_held(struct sim *s)
{
	for (uint32_t i = 0; i < s->fleet->count; i++)
		if (s->fleet->nodes[i].state == SERVER_UP && is_held(s, &s->fleet->nodes[i]))
			return true;
	return false;
}

static uint64_t repair_time_us(const struct sim *s)
{
	return 2 * s->plan.repair_us + ORACLE_SLACK_US;
}

/* Each second. */

static void each_second(struct sim *s, struct event *e)
{
	struct audit *a = s->audit;

	a->seconds++;
	spy(s);
	if (s->healed && any_is_held(s))
		a->held_us = s->now_us;
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		struct node *n = &s->fleet->nodes[i];
		if (!node_is_up(n))
			continue;
		if (n->own_datagrams > STORM)
			sim_fail(s, "storm", "server %u has sent %u datagrams in a second", i,
				(unsigned)n->own_datagrams);
		n->own_datagrams = 0;
		for (uint32_t t = 0; t <= n->lanes; t++)
			n->threads[t].ticks = 0;
		if ((a->seconds + i) % CHECK_S == 0)
			selfcheck(s, n);
	}
	sim_at(s, e, s->now_us + SIM_SECOND);
}

void audit_watch(struct sim *s)
{
	s->audit->second.fire = each_second;
	sim_at(s, &s->audit->second, s->now_us + SIM_SECOND);
}

static void later(struct sim *s, void (*fire)(struct sim *s, struct event *e), uint64_t after_us)
{
	s->audit->phase.fire = fire;
	sim_at(s, &s->audit->phase, s->now_us + after_us);
}

void audit_healed(struct sim *s)
{
	const struct plan *p = &s->plan;

	later(s, agree, AUDIT_INTERVALS * p->interval_us + p->drop_us + AUDIT_GOSSIP_US);
}

/* Members. */

static bool is_member(uint8_t state)
{
	return state == PEER_ALIVE || state == PEER_SUSPECT || state == PEER_LEAVING;
}

static const struct member_info *find(const struct audit *a, size_t count, const struct ip *ip)
{
	for (size_t i = 0; i < count; i++)
		if (ip_equal(&a->members[i].id.ip, ip))
			return &a->members[i];
	return NULL;
}

static void expect(
	struct sim *s, const struct node *n, size_t count, const struct ip *ip, bool member)
{
	const struct member_info *m = find(s->audit, count, ip);
	uint8_t state = m ? m->state : PEER_LEFT;
	struct place p = place_of(ip);

	if (is_member(state) != member || (member && state != PEER_ALIVE))
		sim_fail(s, "agreement", "server %u takes %s %u for %s (%u)", n->index,
			p.kind == PLACE_BASIC ? "basic peer" : "server", p.index,
			!m                 ? "unknown"
			: is_member(state) ? "alive"
					   : "dead",
			state);
}

static void check_members(struct sim *s, const struct node *n)
{
	struct audit *a = s->audit;
	struct now now = node_now(s, n);
	struct ip basic = place_ip(PLACE_BASIC, 0, true);
	size_t count = members_list(cluster_members(n->cluster), &now, a->members,
		sizeof(a->members) / sizeof(a->members[0]));
	struct cluster_status status = cluster_status(n->cluster);
	/* Who speaks only base messages owns nothing and does not count. */
	uint32_t up = fleet_up(s->fleet) + s->plan.basic;

	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct node *other = &s->fleet->nodes[i];
		if (other != n && other->state != SERVER_LEAVING)
			expect(s, n, count, &other->conf.member.self.ip, other->state == SERVER_UP);
	}
	if (s->plan.basic)
		expect(s, n, count, &basic, true);
	if (status.members != up)
		sim_fail(s, "agreement", "server %u counts %u members of %u", n->index,
			status.members, up);
}

/* The first two whose digests differ; false: none do. */
static bool disagree(const struct sim *s, uint32_t *one, uint32_t *other)
{
	const struct node *first = NULL;

	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct node *n = &s->fleet->nodes[i];
		if (n->state != SERVER_UP)
			continue;
		if (!first)
			first = n;
		*one = first->index;
		*other = i;
		if (members_digest(cluster_members(n->cluster)) !=
			members_digest(cluster_members(first->cluster)))
			return true;
	}
	return false;
}

/* Somebody may just have caught up, of which word is under way. */
static void agree_in_all(struct sim *s, struct event *e)
{
	uint32_t one, other;
	bool differ = disagree(s, &one, &other);

	(void)e;
	if (differ && s->now_us < s->audit->agree_by_us) {
		later(s, agree_in_all, SIM_SECOND);
		return;
	}
	if (differ)
		sim_fail(s, "agreement", "servers %u and %u have other digests", one, other);
	later(s, ask_all, repair_time_us(s));
}

static void agree(struct sim *s, struct event *e)
{
	for (uint32_t i = 0; i < s->fleet->count; i++)
		if (s->fleet->nodes[i].state == SERVER_UP)
			check_members(s, &s->fleet->nodes[i]);
	s->audit->agree_by_us = s->now_us + AUDIT_GOSSIP_US;
	agree_in_all(s, e);
}

/* What each server finds. */

static void say_one(struct sim *s, uint32_t server, uint32_t hash, uint32_t provider, bool found,
	enum oracle_say say)
{
	if (say == ORACLE_EXCUSED)
		sim_count(s, TALLY_EXCUSED);
	if (say == ORACLE_MUST)
		sim_count(s, TALLY_DEMANDED);
	if (say == ORACLE_MUST_NOT)
		sim_count(s, TALLY_FORBIDDEN);
	if (say == ORACLE_MUST && !found)
		sim_fail(s, "loss", "server %u does not find hash %u provider %u", server, hash,
			provider);
	else if (say == ORACLE_MUST_NOT && found)
		sim_fail(s, "resurrection", "server %u finds hash %u provider %u", server, hash,
			provider);
	else
		return;
	oracle_explain(s, hash, provider);
}

static void judge(struct sim *s, const struct ask *r)
{
	for (uint32_t i = 0; i < r->hash_count; i++)
		for (uint32_t p = 0; p < ORACLE_PROVIDERS; p++)
			if (oracle_announced(s, r->hashes[i], p))
				say_one(s, r->server, r->hashes[i], p,
					provider_is_in(r->found[i], p),
					oracle_say(
						s, r->hashes[i], p, r->start_us, s->now_us, true));
}

static void answered(struct sim *s, struct ask *r)
{
	s->audit->waiting--;
	if (r->answered)
		judge(s, r);
	else
		sim_fail(s, "silence", "server %u does not answer the auditor", r->server);
	ask_more(s);
}

static void ask_one(struct sim *s)
{
	struct audit *a = s->audit;
	struct ask *r = crowd_new_ask(s, CROWD_AUDITOR, ASK_LOOKUP);
	uint32_t server = a->server;

	if (!r) {
		sim_fail(s, "limit", "the auditor has no port left");
		return;
	}
	while (r->hash_count < ASK_HASHES && a->hash < s->plan.hashes)
		r->hashes[r->hash_count++] = (uint16_t)a->hash++;
	r->stays = true;
	r->done = answered;
	a->waiting++;
	if (a->hash == s->plan.hashes) {
		a->hash = 0;
		a->server++;
	}
	crowd_send(s, r, server);
}

static void probe(struct sim *s);

static void ask_more(struct sim *s)
{
	struct audit *a = s->audit;

	while (a->waiting < ASKED_AT_ONCE && !s->failure.failed) {
		while (a->server < s->fleet->count && s->fleet->nodes[a->server].state != SERVER_UP)
			a->server++;
		if (a->server == s->fleet->count)
			break;
		ask_one(s);
	}
	if (a->waiting == 0 && !s->failure.failed)
		probe(s);
}

static void ask_all(struct sim *s, struct event *e)
{
	struct audit *a = s->audit;

	(void)e;
	/* When they own something again, that is another change to be repaired. */
	uint64_t repaired_us = a->held_us + repair_time_us(s);
	if (s->now_us < repaired_us && s->now_us - s->heal_us < AUDIT_HELD_US) {
		later(s, ask_all, repaired_us - s->now_us);
		return;
	}
	sim_count(s, TALLY_AUDITS);
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct node *n = &s->fleet->nodes[i];
		if (n->state != SERVER_UP)
			continue;
		struct cluster_status status = cluster_status(n->cluster);
		const struct repair_progress *p = &status.repair;
		if ((p->partial || p->kept || !status.settled) && !plan_has(&s->plan, FAULT_FULL))
			sim_fail(s, "unfinished", "server %u: %u of %u partial, %u kept, %ssettled",
				i, p->partial, p->owned, p->kept, status.settled ? "" : "not ");
	}
	a->server = 0;
	a->hash = 0;
	ask_more(s);
}

/* Probing. */

static void probe_withdrawn(struct sim *s, struct event *e)
{
	struct audit *a = s->audit;

	(void)e;
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		struct ask *watch = a->watches[i];
		if (!watch || s->fleet->nodes[i].state != SERVER_UP)
			continue;
		if (!provider_is_in(watch->found[1], 0))
			sim_fail(s, "silence", "server %u does not tell of a withdrawal", i);
	}
	if (!s->failure.failed)
		chaos_audited(s);
}

/* Changes the probe's hash through any server. */
static void change(struct sim *s, enum ask_kind kind)
{
	struct audit *a = s->audit;
	struct ask *r = crowd_new_ask(s, CROWD_AUDITOR, kind);
	struct rng rng;

	sim_rng(s, &rng, (uint32_t)kind, a->probes);
	const struct node *n = fleet_any(s->fleet, &rng);
	if (!n || !r)
		return;
	r->hash_count = 1;
	r->hashes[0] = (uint16_t)(PLAN_HASHES_MAX + a->probes);
	r->ttl_s = FLEET_TTL_S;
	crowd_send(s, r, n->index);
}

/* A want may be late, when who is asked has not heard yet what another owner has told. */
static void probe_wanted(struct sim *s, struct event *e)
{
	struct audit *a = s->audit;

	(void)e;
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct ask *want = a->wants[i];
		if (want && s->fleet->nodes[i].state == SERVER_UP && want->haves != 1)
			sim_fail(s, "silence", "server %u answers a WANT %u times", i, want->haves);
	}
	change(s, ASK_WITHDRAW);
	later(s, probe_withdrawn, PROBE_US);
}

static void probe_announced(struct sim *s, struct event *e)
{
	struct audit *a = s->audit;

	(void)e;
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct ask *watch = a->watches[i];
		if (!watch || s->fleet->nodes[i].state != SERVER_UP)
			continue;
		if (!watch->answered || !provider_is_in(watch->found[0], 0))
			sim_fail(s, "silence", "server %u %s an announcement", i,
				watch->answered ? "does not tell of" : "is not asked to tell of");
	}
	later(s, probe_wanted, WANT_US);
}

static void probe_subscribed(struct sim *s, struct event *e)
{
	(void)e;
	change(s, ASK_ANNOUNCE);
	later(s, probe_announced, PROBE_US);
}

static struct ask *subscribe(struct sim *s, enum ask_kind kind, uint32_t server)
{
	struct ask *r = crowd_new_ask(s, CROWD_AUDITOR, kind);

	if (!r)
		return NULL;
	r->hash_count = 1;
	r->hashes[0] = (uint16_t)(PLAN_HASHES_MAX + s->audit->probes);
	r->ttl_s = FLEET_TTL_S;
	r->stays = true;
	crowd_send(s, r, server);
	return r;
}

static void probe(struct sim *s)
{
	struct audit *a = s->audit;

	/* A table that is full takes no probe either. */
	if (plan_has(&s->plan, FAULT_FULL)) {
		chaos_audited(s);
		return;
	}
	selfcheck_copies(s);
	a->probes++;
	memset(a->wants, 0, sizeof(a->wants));
	memset(a->watches, 0, sizeof(a->watches));
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		if (s->fleet->nodes[i].state != SERVER_UP)
			continue;
		a->wants[i] = subscribe(s, ASK_WANT, i);
		a->watches[i] = subscribe(s, ASK_WATCH, i);
	}
	later(s, probe_subscribed, PROBE_US);
}

/* Quiet. */

/* What a server that has nothing to do may send in the time: it asks each member and is asked, each
 * interval; and once in each repair interval it compares what it owns with the other owners, and
 * pulls in vain what it has no room for. */
static uint64_t quiet_most(const struct sim *s)
{
	const struct plan *p = &s->plan;
	uint64_t n = fleet_up(s->fleet) + p->basic, r = p->replicas < n ? p->replicas : n;
	uint64_t alive = 2 * (n - 1) * (QUIET_US / p->interval_us);
	uint64_t compared = TABLE_PARTITIONS * r * (r - 1) / n / 100;
	uint64_t vain = plan_has(p, FAULT_FULL) ? p->hashes : 0;

	return 2 * alive + 3 * (compared + vain + n) * (QUIET_US / p->repair_us + 1) + 64;
}

static void quiet_ends(struct sim *s, struct event *e)
{
	uint64_t most = quiet_most(s);

	(void)e;
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct node *n = &s->fleet->nodes[i];
		uint64_t sent = n->sent - s->audit->sent[i];
		if (n->state == SERVER_UP && sent > most)
			sim_fail(s, "restless", "server %u has sent %u datagrams, over %u", i,
				(unsigned)sent, (unsigned)most);
	}
	s->over = true;
}

void audit_quiet(struct sim *s)
{
	for (uint32_t i = 0; i < s->fleet->count; i++)
		s->audit->sent[i] = s->fleet->nodes[i].sent;
	later(s, quiet_ends, QUIET_US);
}
