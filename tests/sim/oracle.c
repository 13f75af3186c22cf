/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lane.h"

#include "chance.h"
#include "crowd.h"
#include "fleet.h"
#include "place.h"
#include "selfcheck.h"

#define RNG_HASHES 300 /* sim_rng() */

/* The core's OP_WRITE_MS and a little: until then a request that is not answered may still be given
 * another version. */
#define WRITE_US  (3500 * SIM_MS)
#define RESUME_US SIM_SECOND
/* The core's OP_LINGER_MS and a little: until then copies may still be made of what is answered. */
#define LINGER_US (8 * SIM_SECOND)
/* Two stamps of one millisecond, and what a version is counted up by. */
#define STAMP_MS 4

#define LOSSES_MAX 1024

#define GROUP_WORDS (PLAN_SERVERS_MAX / 64)

/* Servers, by their bits. */
struct group {
	uint64_t bits[GROUP_WORDS];
};

struct act {
	struct act *next;
	uint32_t request;
	bool withdraws, acked;
	bool late; /* only a copy of what is forgotten: it may come to nothing, or win once more */
	bool pardoned;   /* it was excused in an audit: it may be lost for good */
	bool torn;       /* a later one was stored where disks with it had been lost */
	uint32_t quorum; /* servers that have it when it is acked */
	uint64_t first_us, last_us, acked_us;
	uint64_t known_us; /* when all may be asked about it, once it is acked */
	uint64_t end_first_us, end_last_us;
	uint64_t wall_ms;      /* the earliest clock of its servers when a copy came */
	struct group servers;  /* that it came to, and those that have acknowledged it */
	struct group acked_by; /* each gives it a version of its own */
	struct group owners;   /* those that its servers stored it on */
	struct group held;     /* servers that had something of its key before it came */
	bool owners_vary;      /* its servers, or one in the course of time, took others for them */
};

struct key {
	struct act *acts;
	uint64_t may_us; /* the latest end that was ever given */
	/* Of acts that were forgotten before their ends: the first, and the last of the ends. */
	uint64_t older_us, older_end_us;
	uint32_t older_quorum;      /* the least that one of them had, or one that took its place */
	uint64_t older_pardoned_us; /* until then one that is excused may come back */
	bool older_lost; /* what took their place was lost with its disks, before the last audit */
	uint32_t announced, withdrawn;
};

struct loss {
	uint32_t server;
	uint64_t at_us, since_us;
};

struct oracle {
	struct hash hashes[ORACLE_HASHES];
	struct key keys[ORACLE_HASHES][ORACLE_PROVIDERS];
	struct loss losses[LOSSES_MAX];
	uint32_t loss_count;
	struct act *free;
};

struct oracle *oracle_new(struct sim *s)
{
	struct oracle *o = calloc(1, sizeof(*o));
	struct rng rng;

	if (!o)
		return NULL;
	sim_rng(s, &rng, RNG_HASHES, 0);
	for (uint32_t i = 0; i < ORACLE_HASHES; i++) {
		struct hash *h = &o->hashes[i];
		h->len = (uint8_t)(rng_below(&rng, 2) ? 32 : 4 + rng_below(&rng, HASH_MAX - 3));
		for (uint32_t at = 0; at < h->len; at++)
			h->b[at] = (uint8_t)rng_u64(&rng);
		/* All are different. */
		h->b[0] = (uint8_t)i;
		h->b[1] = (uint8_t)(i >> 8);
	}
	return o;
}

static void forget_acts(struct oracle *o, struct key *k)
{
	while (k->acts) {
		struct act *next = k->acts->next;
		k->acts->next = o->free;
		o->free = k->acts;
		k->acts = next;
	}
}

void oracle_free(struct oracle *o)
{
	if (!o)
		return;
	for (uint32_t h = 0; h < ORACLE_HASHES; h++)
		for (uint32_t p = 0; p < ORACLE_PROVIDERS; p++)
			forget_acts(o, &o->keys[h][p]);
	while (o->free) {
		struct act *next = o->free->next;
		free(o->free);
		o->free = next;
	}
	free(o);
}

const struct hash *oracle_hash(const struct sim *s, uint32_t hash)
{
	return &s->oracle->hashes[hash];
}

/* A third of the providers have no port: they can be PUT as well. */
struct addr oracle_provider(const struct sim *s, uint32_t provider)
{
	uint32_t client = provider - PLAN_PROVIDERS_MAX;

	if (provider >= PLAN_PROVIDERS_MAX)
		return place_addr(PLACE_CLIENT, client, s->plan.proven, 7000);
	return place_addr(PLACE_PROVIDER, provider, true,
		provider % 3 == 0 ? 0 : (uint16_t)(6000 + provider));
}

uint32_t oracle_find(const struct sim *s, const struct ip *ip, const uint16_t *port)
{
	struct place p = place_of(ip);
	uint32_t found = ORACLE_NONE;

	if (p.kind == PLACE_PROVIDER && p.index < PLAN_PROVIDERS_MAX)
		found = p.index;
	else if (p.kind == PLACE_CLIENT && p.index < PLAN_CLIENTS_MAX)
		found = PLAN_PROVIDERS_MAX + p.index;
	if (found == ORACLE_NONE)
		return found;
	struct addr a = oracle_provider(s, found);
	if (!ip_equal(&a.ip, ip) || (port && *port != a.port))
		return ORACLE_NONE;
	return found;
}

static struct act *act_new(struct oracle *o)
{
	struct act *a = o->free;

	if (a)
		o->free = a->next;
	else
		a = malloc(sizeof(*a));
	assert(a);
	*a = (struct act){0};
	return a;
}

static struct act *act_of(struct sim *s, const struct ask *r, struct key *k)
{
	struct act *a;

	for (a = k->acts; a; a = a->next)
		if (a->request == r->number)
			return a;
	a = act_new(s->oracle);
	a->request = r->number;
	a->withdraws = r->kind == ASK_WITHDRAW;
	a->late = r->asked_count > 1;
	a->first_us = s->now_us;
	a->end_first_us = s->now_us + r->ttl_s * SIM_SECOND;
	a->wall_ms = UINT64_MAX;
	a->next = k->acts;
	k->acts = a;
	return a;
}

static void group_add(struct group *g, uint32_t server)
{
	g->bits[server / 64] |= UINT64_C(1) << server % 64;
}

static bool group_has(const struct group *g, uint32_t server)
{
	return g->bits[server / 64] >> server % 64 & 1;
}

static uint32_t group_size(const struct group *g)
{
	uint32_t size = 0;

	for (size_t i = 0; i < GROUP_WORDS; i++)
		size += (uint32_t)__builtin_popcountll(g->bits[i]);
	return size;
}

static struct group group_both(const struct group *a, const struct group *b)
{
	struct group both;

	for (size_t i = 0; i < GROUP_WORDS; i++)
		both.bits[i] = a->bits[i] | b->bits[i];
	return both;
}

static struct group group_common(const struct group *a, const struct group *b)
{
	struct group common;

	for (size_t i = 0; i < GROUP_WORDS; i++)
		common.bits[i] = a->bits[i] & b->bits[i];
	return common;
}

/* Whom a server takes for the owners of a hash. */
static struct group owners_of(const struct sim *s, const struct node *n, uint32_t hash)
{
	const struct view *v = atomic_load(&n->server->view);
	struct table_key key = table_key_of(hash_span(oracle_hash(s, hash)));
	const uint16_t *row = view_row(v, key.partition);
	struct group owners = {0};

	for (uint32_t i = 0; i < v->replicas && i < v->row_len && row[i] != RING_NONE; i++)
		group_add(&owners, place_of(&v->members[row[i]].id.ip).index);
	return owners;
}

/* What moves to other owners takes with it what there is to know. */
static struct group holders_of(const struct sim *s, uint32_t hash, uint32_t provider)
{
	struct group held = {0};

	for (uint32_t i = 0; i < s->fleet->count; i++)
		if (selfcheck_holds(s, i, hash, provider))
			group_add(&held, i);
	return held;
}

static void note_owners(
	const struct sim *s, const struct node *n, struct act *a, uint32_t hash, bool first)
{
	struct group owners = owners_of(s, n, hash);

	if (!first && memcmp(&owners, &a->owners, sizeof(owners)) != 0)
		a->owners_vary = true;
	a->owners = owners;
}

void oracle_asked(struct sim *s, struct node *n, const struct ask *r)
{
	uint64_t wall_ms = node_now(s, n).wall_ms;

	for (uint32_t i = 0; i < r->hash_count; i++) {
		struct key *k = &s->oracle->keys[r->hashes[i]][r->provider];
		struct act *a = act_of(s, r, k);
		bool first = group_size(&a->servers) == 0;
		note_owners(s, n, a, r->hashes[i], first);
		if (first)
			a->held = holders_of(s, r->hashes[i], r->provider);
		a->last_us = s->now_us;
		a->end_last_us = s->now_us + r->ttl_s * SIM_SECOND;
		a->wall_ms = wall_ms < a->wall_ms ? wall_ms : a->wall_ms;
		group_add(&a->servers, n->index);
		if (a->withdraws) {
			k->withdrawn++;
			continue;
		}
		k->announced++;
		if (a->end_last_us > k->may_us)
			k->may_us = a->end_last_us;
	}
}

/* The highest clock that any server has shown until a time. */
static uint64_t highest_ms(const struct sim *s, uint64_t until_us)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct clock *c = &s->fleet->nodes[i].clock;
		uint64_t wall = clock_now(c, until_us).wall_ms;
		most = wall > most ? wall : most;
		if (until_us >= c->step_at_us && c->step_at_us > 0) {
			wall = clock_now(c, c->step_at_us - 1).wall_ms;
			most = wall > most ? wall : most;
		}
	}
	return most;
}

/* When no server can give a copy of it a new version any more. */
static uint64_t done_us(const struct sim *s, const struct act *a)
{
	uint64_t done = a->last_us + WRITE_US;

	if (a->acked && group_size(&a->servers) == 1 && a->last_us <= a->acked_us)
		return a->acked_us;
	for (uint32_t i = 0; i < s->fleet->count; i++) {
		uint64_t paused = s->fleet->nodes[i].paused_us;
		if (group_has(&a->servers, i) && paused > a->first_us && paused + RESUME_US > done)
			done = paused + RESUME_US;
	}
	return done;
}

/* How many servers have it, when so many owners must. */
static uint32_t copies(const struct act *a, uint32_t quorum)
{
	uint32_t owners = group_size(&a->owners);

	return quorum < owners ? quorum : owners;
}

/* On how many servers two such quorums must have met. */
static uint32_t common(
	const struct act *a, uint32_t quorum_a, const struct act *b, uint32_t quorum_b)
{
	struct group both = group_both(&a->owners, &b->owners);
	uint32_t sum = copies(a, quorum_a) + copies(b, quorum_b), size = group_size(&both);

	if (a->owners_vary || b->owners_vary)
		return 0;
	return sum > size ? sum - size : 0;
}

/* Whether b's quorum must have met one that had something of its key, and had owned a. */
static bool held(const struct act *a, const struct act *b, uint32_t quorum_b)
{
	struct group there = group_common(&b->held, &b->owners);

	there = group_common(&there, &a->owners);
	return copies(b, quorum_b) + group_size(&there) > group_size(&b->owners);
}

/* Whether b has met a, which was before it, in each version that it was given. */
static bool overlap(const struct act *a, uint32_t quorum_a, const struct act *b, uint32_t quorum_b)
{
	return !a->torn && memcmp(&a->servers, &a->acked_by, sizeof(a->servers)) == 0 &&
	       common(a, quorum_a, b, quorum_b) > 0 && held(a, b, quorum_b);
}

static bool surely_before(const struct sim *s, const struct act *a, const struct act *b)
{
	uint64_t done = done_us(s, a);

	if (!b->acked || done >= b->first_us)
		return false;
	if (highest_ms(s, done) + STAMP_MS < b->wall_ms)
		return true;
	return a->acked && overlap(a, a->quorum, b, b->quorum);
}

/* A later act that is acknowledged; NULL: there is none. */
static const struct act *act_after(const struct sim *s, const struct key *k, const struct act *a)
{
	for (const struct act *b = k->acts; b; b = b->next)
		if (b != a && surely_before(s, a, b))
			return b;
	return NULL;
}

/* a is forgotten for b. When others owned it then, nobody who knows of both may be left when b
 * ends, if that is first. */
static void note_older(const struct sim *s, struct key *k, const struct act *a, const struct act *b)
{
	if (a->withdraws)
		return;
	if (k->older_end_us < s->now_us) {
		k->older_pardoned_us = 0;
		k->older_lost = false;
		k->older_us = a->first_us;
		k->older_quorum = s->plan.quorum;
	}
	k->older_us = a->first_us < k->older_us ? a->first_us : k->older_us;
	k->older_quorum = b->quorum < k->older_quorum ? b->quorum : k->older_quorum;
	if (a->end_last_us > k->older_end_us)
		k->older_end_us = a->end_last_us;
	if (a->end_last_us > k->older_pardoned_us &&
		(a->pardoned || !overlap(a, s->plan.quorum, b, b->quorum)))
		k->older_pardoned_us = a->end_last_us;
}

/* Servers that have lost what came to them between two times. */
static uint32_t losers(const struct sim *s, uint64_t first_us, uint64_t last_us)
{
	struct group lost = {0};

	for (uint32_t i = 0; i < s->oracle->loss_count; i++) {
		const struct loss *l = &s->oracle->losses[i];
		if (l->at_us >= first_us && l->since_us <= last_us + LINGER_US)
			group_add(&lost, l->server);
	}
	return group_size(&lost);
}

/* b is acknowledged: it may have met nobody who still has one of the others. */
static void note_torn(const struct sim *s, struct key *k, const struct act *b)
{
	for (struct act *a = k->acts; a; a = a->next) {
		uint32_t met = common(a, a->quorum, b, b->quorum);
		if (a->acked && met > 0 && losers(s, a->first_us, a->acked_us) >= met)
			a->torn = true;
	}
}

static void forget(struct sim *s, struct key *k)
{
	struct act **at = &k->acts;

	while (*at) {
		struct act *a = *at;
		const struct act *b = act_after(s, k, a);
		if (!b) {
			at = &a->next;
			continue;
		}
		note_older(s, k, a, b);
		*at = a->next;
		a->next = s->oracle->free;
		s->oracle->free = a;
	}
}

/* What is acknowledged is on as many servers as it must be, unless its end is near. */
static void check_holders(
	struct sim *s, const struct node *n, const struct act *a, uint32_t hash, uint32_t provider)
{
	uint32_t holders = selfcheck_holders(s, hash, provider, a->first_us);

	if (holders >= a->quorum || (!a->withdraws && s->now_us + SIM_SECOND > a->end_first_us))
		return;
	sim_fail(s, "early",
		"server %u acknowledges hash %u provider %u, which is on %u servers of %u",
		n->index, hash, provider, holders, a->quorum);
	oracle_explain(s, hash, provider);
}

void oracle_acked(struct sim *s, struct node *n, const struct ask *r, uint32_t i, uint8_t status)
{
	struct key *k = &s->oracle->keys[r->hashes[i]][r->provider];
	const struct view *v = atomic_load(&n->server->view);
	bool few = v->settled && v->known < s->plan.quorum;
	struct act *a;

	for (a = k->acts; a && a->request != r->number;)
		a = a->next;
	/* A repetition may be acknowledged when all is over. */
	if (!a || a->late)
		return;
	if (status == STATUS_STORED) {
		note_owners(s, n, a, r->hashes[i], false);
		group_add(&a->acked_by, n->index);
	}
	if (a->acked)
		return;
	if (status != STATUS_STORED) {
		sim_count(s, TALLY_NOT_ACKED);
		return;
	}
	sim_count(s, a->withdraws ? TALLY_WITHDRAWN : TALLY_ACKED);
	a->acked = true;
	a->acked_us = s->now_us;
	/* Who has just started tells those that it meets then. */
	a->known_us = s->now_us + (v->settled || v->known == 1 ? 0 : LINGER_US);
	a->quorum = few ? v->known : s->plan.quorum;
	/* Of a copy that came later nothing need be left. */
	if (r->asked_count == 1)
		check_holders(s, n, a, r->hashes[i], r->provider);
	note_torn(s, k, a);
	forget(s, k);
}

void oracle_disk_lost(struct sim *s, uint32_t server, uint64_t since_us)
{
	struct oracle *o = s->oracle;

	sim_count(s, TALLY_WIPES);
	assert(o->loss_count < LOSSES_MAX);
	o->losses[o->loss_count++] = (struct loss){
		.server = server, .at_us = s->now_us, .since_us = since_us};
}

/* Whether so many servers have lost their disks that this act may be forgotten. */
static bool is_excused(const struct sim *s, const struct act *a)
{
	return a->pardoned || losers(s, a->first_us, a->acked_us) >= a->quorum;
}

/* Whether so many servers have lost their disks that nobody may know what took the place of what
 * was before its acts. */
static bool older_is_lost(const struct sim *s, const struct key *k, uint64_t from_us)
{
	return from_us <= k->older_end_us + ORACLE_SLACK_US &&
	       (k->older_lost || losers(s, k->older_us, s->now_us) >= k->older_quorum);
}

/* Whether what was before its acts may come back. Who has met both knows that it must not. */
static bool older_is_excused(const struct sim *s, const struct key *k, uint64_t from_us)
{
	return (k->older_pardoned_us && from_us <= k->older_pardoned_us + ORACLE_SLACK_US) ||
	       2 * s->plan.quorum <= s->plan.replicas || older_is_lost(s, k, from_us);
}

static void repaired(const struct sim *s, struct key *k)
{
	if (k->acts && older_is_excused(s, k, s->now_us))
		k->older_pardoned_us = k->older_end_us;
	k->older_lost = older_is_lost(s, k, s->now_us);
	for (struct act *a = k->acts; a; a = a->next)
		a->pardoned = a->acked && is_excused(s, a);
}

void oracle_repaired(struct sim *s)
{
	if (s->oracle->loss_count == 0)
		return;
	for (uint32_t hash = 0; hash < s->plan.hashes; hash++)
		for (uint32_t p = 0; p < ORACLE_PROVIDERS; p++)
			repaired(s, &s->oracle->keys[hash][p]);
	s->oracle->loss_count = 0;
}

void oracle_told(struct sim *s, struct node *n, uint32_t hash, uint32_t provider, uint64_t life_us)
{
	const struct key *k = &s->oracle->keys[hash][provider];

	sim_count(s, TALLY_PROVIDERS);
	if (k->announced == 0) {
		sim_fail(s, "invention", "server %u tells of hash %u provider %u", n->index, hash,
			provider);
		return;
	}
	uint64_t until_us = k->may_us + ORACLE_SLACK_US;
	if (s->now_us <= until_us && (life_us == SIM_NEVER || s->now_us + life_us <= until_us))
		return;
	sim_fail(s, "immortality",
		"server %u tells of hash %u provider %u, whose end is at %.1f s%s", n->index, hash,
		provider, (double)k->may_us / 1e6, s->now_us <= until_us ? ", with more" : "");
	oracle_explain(s, hash, provider);
}

/* What the acts that are left have in common. */
struct summary {
	bool any, acked, excused, announce, withdraw;
	uint64_t end_first_us, end_last_us; /* of those that announce */
	uint64_t known_us;                  /* since when it is so */
};

static struct summary sum_up(const struct sim *s, const struct key *k)
{
	struct summary sum = {.end_first_us = SIM_NEVER, .excused = true};

	for (const struct act *a = k->acts; a; a = a->next) {
		uint64_t known = a->acked ? a->known_us : a->first_us;
		sum.any = true;
		sum.known_us = known > sum.known_us ? known : sum.known_us;
		sum.acked |= a->acked;
		if (a->acked && !is_excused(s, a))
			sum.excused = false;
		if (a->withdraws) {
			sum.withdraw = true;
			continue;
		}
		sum.announce = true;
		if (a->end_first_us < sum.end_first_us)
			sum.end_first_us = a->end_first_us;
		if (a->end_last_us > sum.end_last_us)
			sum.end_last_us = a->end_last_us;
	}
	return sum;
}

/* Lifetimes that travel are rounded down, and clocks' differences are known to some precision only.
 */
static uint64_t early_us(const struct sim *s)
{
	return ORACLE_SLACK_US + s->plan.ttl_max_s * SIM_SECOND / 50;
}

/* Where one owner's 'nobody' is believed, it is true when each of them has heard of the change. */
static uint64_t all_owners_us(const struct sim *s)
{
	return s->plan.confirm_misses ? 0 : WRITE_US;
}

enum oracle_say oracle_say(struct sim *s, uint32_t hash, uint32_t provider, uint64_t from_us,
	uint64_t to_us, bool repaired)
{
	const struct key *k = &s->oracle->keys[hash][provider];
	struct summary sum = sum_up(s, k);
	uint64_t early = early_us(s);

	if (k->announced == 0 || from_us > k->may_us + ORACLE_SLACK_US)
		return ORACLE_MUST_NOT;
	if (!sum.any || !sum.acked || plan_has(&s->plan, FAULT_FULL))
		return ORACLE_MAY;
	if (sum.announce && !sum.withdraw && sum.known_us + all_owners_us(s) <= from_us &&
		to_us + early < sum.end_first_us)
		return sum.excused ? ORACLE_EXCUSED : ORACLE_MUST;
	if (!repaired || sum.known_us + WRITE_US > from_us)
		return ORACLE_MAY;
	if (!sum.announce)
		return sum.excused || older_is_lost(s, k, from_us) ? ORACLE_EXCUSED
		                                                   : ORACLE_MUST_NOT;
	if (from_us <= sum.end_last_us + ORACLE_SLACK_US)
		return ORACLE_MAY;
	return older_is_excused(s, k, from_us) ? ORACLE_EXCUSED : ORACLE_MUST_NOT;
}

uint32_t oracle_announced(const struct sim *s, uint32_t hash, uint32_t provider)
{
	return s->oracle->keys[hash][provider].announced;
}

uint32_t oracle_withdrawn(const struct sim *s, uint32_t hash, uint32_t provider)
{
	return s->oracle->keys[hash][provider].withdrawn;
}

void oracle_explain(struct sim *s, uint32_t hash, uint32_t provider)
{
	const struct key *k = &s->oracle->keys[hash][provider];

	for (const struct act *a = k->acts; a; a = a->next)
		sim_say(s,
			"  request %u %s: came from %.3f to %.3f, ends %.3f to %.3f, %s %.3f, done "
			"%.3f",
			a->request, a->withdraws ? "withdraws" : "announces",
			(double)a->first_us / 1e6, (double)a->last_us / 1e6,
			(double)a->end_first_us / 1e6, (double)a->end_last_us / 1e6,
			a->acked ? "acknowledged at" : "not acknowledged",
			(double)a->acked_us / 1e6, (double)done_us(s, a) / 1e6);
}
