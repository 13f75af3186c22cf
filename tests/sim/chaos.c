/* SPDX-License-Identifier: BSD-2-Clause */
#include "chaos.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "basic.h"
#include "chance.h"
#include "crowd.h"
#include "fleet.h"
#include "garbage.h"
#include "net.h"
#include "oracle.h"

#define RNG_CHAOS 500 /* sim_rng() */

#define CUTS_MAX  8
#define START_US  (2 * SIM_SECOND)  /* within which the first servers start */
#define CROWD_US  (5 * SIM_SECOND)  /* when clients begin */
#define CALM_US   (40 * SIM_SECOND) /* and in a calm run */
#define JOINS_MAX 3                 /* at once */
#define JOIN_MAX  12                /* in all */
#define BACK_US   SIM_SECOND        /* within which all come back that do */
#define QUIET_US  (60 * SIM_SECOND) /* after the clients have gone */

/* How two groups of servers are kept apart. */
struct cut {
	struct event event; /* of its end */
	bool active;
	bool to, from; /* which directions of its links */
	uint8_t group[NET_ENDS];
	bool all; /* each from each; otherwise 1 from 0, or 1 from 2 when there is a 2 */
	bool pair;
};

struct habit {
	struct event event;
	enum plan_fault fault;
	struct rng rng;
};

struct chaos {
	uint32_t round;
	struct event phase; /* the next change of phase */
	struct rng rng;
	struct habit habits[FAULT_COUNT];
	struct cut cuts[CUTS_MAX];
	uint64_t wiped[PLAN_SERVERS_MAX / 64]; /* who lost a disk in this round */
	uint32_t joined;
};

static void end_round(struct sim *s, struct event *e);

struct chaos *chaos_new(struct sim *s)
{
	struct chaos *c = calloc(1, sizeof(*c));

	for (uint32_t f = 0; c && f < FAULT_COUNT; f++) {
		c->habits[f].fault = (enum plan_fault)f;
		sim_rng(s, &c->habits[f].rng, RNG_CHAOS, f);
	}
	if (c)
		sim_rng(s, &c->rng, RNG_CHAOS, FAULT_COUNT);
	return c;
}

void chaos_free(struct chaos *c)
{
	free(c);
}

/* How long one lasts; most are short. */
static uint64_t some_us(const struct sim *s, struct habit *h)
{
	uint64_t most = s->plan.for_us[h->fault];
	uint64_t bound = rng_below(&h->rng, 2) ? most : most / 8;

	return 100 * SIM_MS + rng_u64(&h->rng) % (bound + 1);
}

/* Cuts. */

static bool is_cut(const struct cut *c, uint32_t from, uint32_t to)
{
	uint8_t a = c->group[from], b = c->group[to];

	if (from == to)
		return false;
	if (c->all)
		return true;
	if (c->pair)
		return (a == 1 && b == 2 && c->to) || (a == 2 && b == 1 && c->from);
	return (a == 1 && b == 0 && c->to) || (a == 0 && b == 1 && c->from);
}

static void change_cut(struct sim *s, const struct cut *c, int change)
{
	for (uint32_t from = 0; from < NET_ENDS; from++)
		for (uint32_t to = 0; to < NET_ENDS; to++)
			if (is_cut(c, from, to))
				net_cut(s, from, to, change);
}

static void end_cut(struct sim *s, struct event *e)
{
	struct cut *c = (struct cut *)e;

	change_cut(s, c, -1);
	c->active = false;
	sim_say(s, "a cut ends");
}

static void draw_groups(struct sim *s, struct cut *c, struct rng *rng)
{
	uint32_t n = s->fleet->count, one = rng_below(rng, n), other = rng_below(rng, n);

	switch (rng_below(rng, 4)) {
	case 0: c->group[one] = 1; break;
	case 1:
		for (uint32_t i = 0; i < NET_ENDS; i++)
			c->group[i] = (uint8_t)rng_below(rng, 2);
		break;
	case 2:
		c->group[one] = 1;
		c->group[other] = other == one ? 1 : 2;
		c->pair = true;
		break;
	default: c->all = true; break;
	}
}

static void cut(struct sim *s, struct habit *h)
{
	struct cut *c = s->chaos->cuts;
	uint64_t until_us = s->now_us + some_us(s, h);

	while (c < s->chaos->cuts + CUTS_MAX && c->active)
		c++;
	if (c == s->chaos->cuts + CUTS_MAX)
		return;
	*c = (struct cut){.active = true, .to = true, .from = rng_below(&h->rng, 3) != 0};
	draw_groups(s, c, &h->rng);
	change_cut(s, c, 1);
	c->event.fire = end_cut;
	sim_at(s, &c->event, until_us);
	sim_count(s, TALLY_CUTS);
	sim_say(s, "a cut %s%s",
		c->all    ? "of all"
		: c->pair ? "of a pair"
			  : "of groups",
		c->from ? "" : ", one way");
}

/* A part of the links to or from one server hold back what they have, each as long as it likes. */
static void clog_links(struct sim *s, struct habit *h)
{
	uint32_t n = s->fleet->count, one = rng_below(&h->rng, n);

	for (uint32_t other = 0; other < n; other++) {
		if (rng_below(&h->rng, 2))
			net_clog(s, one, other, s->now_us + some_us(s, h));
		if (rng_below(&h->rng, 2))
			net_clog(s, other, one, s->now_us + some_us(s, h));
	}
	sim_say(s, "links of server %u are clogged", one);
}

/* Servers. */

/* Whether another disk may be lost: quorum - 1 servers may lose theirs. */
static bool may_wipe(const struct sim *s, const struct node *n)
{
	const uint64_t *wiped = s->chaos->wiped;
	uint32_t count = 0;

	if (!s->plan.spare_disks || wiped[n->index / 64] >> n->index % 64 & 1)
		return true;
	for (uint32_t i = 0; i < PLAN_SERVERS_MAX / 64; i++)
		count += (uint32_t)__builtin_popcountll(wiped[i]);
	return count + 1 < s->plan.quorum;
}

static void wipe(struct sim *s, struct node *n, uint64_t since_us)
{
	s->chaos->wiped[n->index / 64] |= UINT64_C(1) << n->index % 64;
	oracle_disk_lost(s, n->index, since_us);
}

static void crash(struct sim *s, struct habit *h)
{
	struct node *n = fleet_any(s->fleet, &h->rng);
	uint64_t back_us = s->now_us + some_us(s, h);
	enum plan_fault kind = h->fault;

	if (!n)
		return;
	if (kind != FAULT_CRASH && !may_wipe(s, n))
		kind = FAULT_CRASH;
	n->disk = kind == FAULT_CRASH ? &n->kept : kind == FAULT_STALE ? &n->stale : NULL;
	if (kind == FAULT_CRASH)
		disk_save(&n->kept, server_table(n->server), &n->clock, s->now_us);
	else
		wipe(s, n, kind == FAULT_STALE ? n->stale_us : 0);
	sim_count(s, TALLY_CRASHES);
	sim_say(s, "server %u: dies (%s) until %.3f", n->index, plan_fault_name(kind),
		(double)back_us / 1e6);
	fleet_kill(s, n, SERVER_DOWN);
	fleet_start_at(s, n, back_us);
}

/* Half of the time the disk of one is remembered, otherwise one comes back with what was. */
static void stale(struct sim *s, struct habit *h)
{
	struct node *n;

	if (rng_below(&h->rng, 3) == 0) {
		crash(s, h);
		return;
	}
	n = fleet_any(s->fleet, &h->rng);
	if (!n)
		return;
	disk_save(&n->stale, server_table(n->server), &n->clock, s->now_us);
	n->stale_us = s->now_us;
}

static void stand_still(struct sim *s, struct habit *h)
{
	struct node *n = fleet_any(s->fleet, &h->rng);
	uint64_t until_us = s->now_us + some_us(s, h);
	uint32_t thread = h->fault == FAULT_PAUSE ? FLEET_THREADS
	                                          : rng_below(&h->rng, 1 + s->plan.lanes);

	if (!n)
		return;
	sim_count(s, TALLY_PAUSES);
	sim_say(s, "server %u: stands still (%s %u) until %.3f", n->index,
		plan_fault_name(h->fault), thread, (double)until_us / 1e6);
	fleet_stall(s, n, thread, until_us);
}

/* Half of those who left come again later, with what they had when they left. */
static void leave(struct sim *s, struct habit *h)
{
	struct node *n = fleet_any(s->fleet, &h->rng);
	uint32_t left = rng_below(&h->rng, s->fleet->count);
	struct node *gone = &s->fleet->nodes[left];

	if (gone->state == SERVER_GONE && gone->stale_us == gone->state_us) {
		gone->disk = rng_below(&h->rng, 2) ? &gone->stale : NULL;
		fleet_start(s, gone);
		return;
	}
	if (n && fleet_up(s->fleet) > 2 && (may_wipe(s, n) || s->plan.calm))
		fleet_leave(s, n);
}

static void join(struct sim *s, struct habit *h)
{
	uint32_t count = 1 + rng_below(&h->rng, JOINS_MAX);

	while (count-- > 0 && s->chaos->joined < JOIN_MAX) {
		struct node *n = fleet_add(s);
		if (!n)
			return;
		s->chaos->joined++;
		fleet_start_at(s, n, s->now_us + rng_below(&h->rng, 1000));
	}
}

static void garble(struct sim *s, struct habit *h)
{
	garbage_send(s, &h->rng);
}

/* One server that is not stuck makes the present step of the change, or all have and there is a new
 * one. */
static void rotate(struct sim *s, struct habit *h)
{
	struct fleet *f = s->fleet;
	bool all = true;

	(void)h;
	for (uint32_t i = 0; i < f->count; i++) {
		struct node *n = &f->nodes[i];
		if (!node_is_up(n) || n->key_step == f->key_step)
			continue;
		all = false;
		if (n->threads[0].stalled)
			continue;
		fleet_set_keys(s, n, f->key_step);
		sim_say(s, "server %u: keys of step %u", n->index, f->key_step);
		return;
	}
	f->key_step += all;
}

static void (*const deeds[FAULT_COUNT])(struct sim *s, struct habit *h) = {
	[FAULT_CLOG] = clog_links,
	[FAULT_CUT] = cut,
	[FAULT_CRASH] = crash,
	[FAULT_WIPE] = crash,
	[FAULT_STALE] = stale,
	[FAULT_PAUSE] = stand_still,
	[FAULT_STALL] = stand_still,
	[FAULT_LEAVE] = leave,
	[FAULT_JOIN] = join,
	[FAULT_GARBAGE] = garble,
	[FAULT_ROTATE] = rotate,
};

/* How much more often than the plan says: a change of the key has many steps. */
static uint64_t every_us(const struct sim *s, enum plan_fault f)
{
	return f == FAULT_ROTATE ? s->plan.every_us[f] / (3 * s->plan.servers)
	                         : s->plan.every_us[f];
}

static void do_it(struct sim *s, struct event *e)
{
	struct habit *h = (struct habit *)e;

	deeds[h->fault](s, h);
	sim_at(s, &h->event, s->now_us + chance_wait(&h->rng, every_us(s, h->fault)));
}

/* Phases. */

static void begin_round(struct sim *s)
{
	struct chaos *c = s->chaos;

	s->healed = false;
	memset(c->wiped, 0, sizeof(c->wiped));
	for (uint32_t f = 0; f < FAULT_COUNT; f++) {
		struct habit *h = &c->habits[f];
		h->event.fire = do_it;
		if (deeds[f] && plan_has(&s->plan, (enum plan_fault)f))
			sim_at(s, &h->event,
				s->now_us + chance_wait(&h->rng, every_us(s, h->fault)));
	}
	c->phase.fire = end_round;
	sim_at(s, &c->phase, s->now_us + s->plan.chaos_us[c->round]);
}

/* Comes back, or stays away for good, which nobody should need to notice. */
static void decide(struct sim *s, struct node *n)
{
	bool away = rng_below(&s->chaos->rng, 5) == 0;

	if (away && fleet_up(s->fleet) > 1 && may_wipe(s, n)) {
		sim_cancel(s, &n->step);
		n->state = SERVER_GONE;
		wipe(s, n, 0);
		sim_say(s, "server %u: is gone for good", n->index);
		return;
	}
	fleet_start_at(s, n, s->now_us + rng_below(&s->chaos->rng, BACK_US));
}

static void end_round(struct sim *s, struct event *e)
{
	struct chaos *c = s->chaos;

	(void)e;
	sim_say(s, "all is healed");
	for (uint32_t f = 0; f < FAULT_COUNT; f++)
		sim_cancel(s, &c->habits[f].event);
	for (uint32_t i = 0; i < CUTS_MAX; i++) {
		sim_cancel(s, &c->cuts[i].event);
		c->cuts[i].active = false;
	}
	net_heal(s);
	s->healed = true;
	s->heal_us = s->now_us;
	s->heal_restamped = fleet_restamped(s->fleet);
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		struct node *n = &s->fleet->nodes[i];
		if (node_is_up(n))
			fleet_resume(s, n);
		else if (n->state == SERVER_DOWN)
			decide(s, n);
	}
	audit_healed(s);
}

static void clients_begin(struct sim *s, struct event *e)
{
	(void)e;
	crowd_start(s);
	begin_round(s);
}

void chaos_start(struct sim *s)
{
	struct chaos *c = s->chaos;

	for (uint32_t i = 0; i < s->plan.servers; i++)
		(void)fleet_add(s);
	for (uint32_t i = 0; i < s->fleet->count; i++)
		fleet_start_at(s, &s->fleet->nodes[i], rng_below(&c->rng, START_US));
	basic_start(s);
	audit_watch(s);
	c->phase.fire = clients_begin;
	sim_at(s, &c->phase, s->plan.calm ? CALM_US : CROWD_US);
}

static void clients_have_gone(struct sim *s, struct event *e)
{
	(void)e;
	audit_quiet(s);
}

void chaos_audited(struct sim *s)
{
	struct chaos *c = s->chaos;

	oracle_repaired(s);
	c->round++;
	if (c->round < s->plan.rounds) {
		sim_say(s, "round %u", c->round);
		begin_round(s);
		return;
	}
	crowd_stop(s);
	c->phase.fire = clients_have_gone;
	sim_at(s, &c->phase, s->now_us + QUIET_US);
}
