/* SPDX-License-Identifier: BSD-2-Clause */
#include "net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "crowd.h"
#include "fleet.h"
#include "place.h"

#define SLAB      64   /* packets that are made at once */
#define RECORDS   128  /* datagrams that may come again */
#define RECORD    8000 /* one in 125 is recorded */
#define LAN_US    50
#define LATE      10000 /* in millionths: very late */
#define LATE_US   (30 * SIM_SECOND)
#define FLIPS_MAX 4

/* Each decision has its generator. */
enum stream {
	STREAM_LAN,
	STREAM_LOSS,
	STREAM_REPEAT,
	STREAM_DELAY,
	STREAM_HARM,
	STREAM_REPLAY,
	STREAM_CLIENTS,
	STREAM_COUNT,
};

#define RNG_NET 100 /* sim_rng() */

struct slab {
	struct slab *next;
	struct packet packets[SLAB];
	struct twin twins[SLAB];
};

/* One direction between two ends. */
struct wire {
	uint32_t loss;
	uint8_t cuts;
	uint64_t clogged_us;
};

struct net {
	struct rng rng[STREAM_COUNT];
	struct slab *slabs;
	struct packet *free;
	struct twin *free_twins;
	struct packet *records[RECORDS];
	uint32_t ends;      /* of links: servers, and behind them basic peers */
	struct wire *wires; /* ends × ends */
};

static struct wire *wire_at(const struct net *n, uint32_t from, uint32_t to)
{
	return &n->wires[(size_t)from * n->ends + to];
}

struct net *net_new(struct sim *s)
{
	struct net *n = calloc(1, sizeof(*n));
	struct rng rng;

	if (!n)
		return NULL;
	n->ends = s->plan.most + NET_BASIC;
	n->wires = calloc((size_t)n->ends * n->ends, sizeof(*n->wires));
	if (!n->wires) {
		free(n);
		return NULL;
	}
	for (uint32_t i = 0; i < STREAM_COUNT; i++)
		sim_rng(s, &n->rng[i], RNG_NET, i);
	sim_rng(s, &rng, RNG_NET, STREAM_COUNT);
	for (uint32_t i = 0; i < n->ends * n->ends; i++)
		n->wires[i].loss = rng_below(&rng, s->plan.loss + 1);
	return n;
}

void net_free(struct net *n)
{
	if (!n)
		return;
	while (n->slabs) {
		struct slab *next = n->slabs->next;
		free(n->slabs);
		n->slabs = next;
	}
	free(n->wires);
	free(n);
}

static void more(struct net *n)
{
	struct slab *slab = calloc(1, sizeof(*slab));

	assert(slab);
	slab->next = n->slabs;
	n->slabs = slab;
	for (size_t i = 0; i < SLAB; i++) {
		slab->packets[i].next = n->free;
		n->free = &slab->packets[i];
		slab->twins[i].next = n->free_twins;
		n->free_twins = &slab->twins[i];
	}
}

static struct packet *packet_get(struct net *n)
{
	if (!n->free)
		more(n);
	struct packet *p = n->free;
	n->free = p->next;
	p->next = NULL;
	p->twin = NULL;
	p->harmed = p->strange = false;
	return p;
}

static void twin_drop(struct net *n, struct twin *t)
{
	if (t && --t->copies == 0) {
		t->next = n->free_twins;
		n->free_twins = t;
	}
}

void net_release(struct sim *s, struct packet *p)
{
	twin_drop(s->net, p->twin);
	p->next = s->net->free;
	s->net->free = p;
}

/* Another packet with the same bytes. */
static struct packet *copy_of(struct net *n, struct packet *p)
{
	struct packet *c = packet_get(n);

	if (!p->twin) {
		if (!n->free_twins)
			more(n);
		p->twin = n->free_twins;
		n->free_twins = p->twin->next;
		*p->twin = (struct twin){.copies = 1};
	}
	p->twin->copies++;
	c->twin = p->twin;
	c->from = p->from;
	c->to = p->to;
	c->request = p->request;
	c->harmed = p->harmed;
	c->strange = p->strange;
	c->len = p->len;
	memcpy(c->bytes, p->bytes, p->len);
	return c;
}

static void arrive(struct sim *s, struct event *e)
{
	struct packet *p = (struct packet *)e;
	struct place to = place_of(&p->to.ip);

	sim_trace_number(s, s->now_us);
	sim_trace(s, &p->from, sizeof(p->from));
	sim_trace(s, &p->to, sizeof(p->to));
	sim_trace(s, p->bytes, p->len);
	sim_count(s, TALLY_DELIVERED);
	if (to.kind == PLACE_SERVER || to.kind == PLACE_BASIC)
		fleet_receive(s, p);
	else if (to.kind == PLACE_CLIENT)
		crowd_receive(s, p);
	else
		net_release(s, p);
}

static void depart(struct sim *s, struct packet *p, uint64_t at_us)
{
	if (!sim_has_room(s)) {
		sim_count(s, TALLY_OVERFLOW);
		net_release(s, p);
		return;
	}
	p->event.fire = arrive;
	sim_at(s, &p->event, at_us);
}

static uint64_t lan_us(struct net *n)
{
	return LAN_US + rng_below(&n->rng[STREAM_LAN], 10 * LAN_US);
}

static uint64_t late_us(struct rng *rng, uint64_t mean_us)
{
	uint64_t wait = chance_wait(rng, mean_us);
	bool very = chance(rng, LATE);
	uint64_t most = rng_u64(rng) % LATE_US;

	return very ? most : wait;
}

/* The number of an end of links; UINT32_MAX: no such end. */
static uint32_t end_of(const struct sim *s, const struct ip *ip)
{
	struct place p = place_of(ip);

	if (p.kind == PLACE_SERVER && p.index < s->plan.most)
		return p.index;
	if (p.kind == PLACE_BASIC && p.index < NET_BASIC)
		return s->plan.most + p.index;
	return UINT32_MAX;
}

/* An odd number of flips, so that they are not all undone. */
static void flip_bits(struct packet *p, struct rng *rng)
{
	for (uint32_t n = 1 + 2 * rng_below(rng, FLIPS_MAX); n > 0; n--) {
		uint32_t bit = rng_below(rng, 8u * p->len);
		p->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void harm(struct sim *s, struct packet *p)
{
	struct rng *rng = &s->net->rng[STREAM_HARM];
	bool flip = chance(rng, s->plan.flip), cut = chance(rng, s->plan.truncate);
	bool strange = chance(rng, s->plan.flip);
	uint32_t stranger = rng_below(rng, 256);

	if (!plan_has(&s->plan, FAULT_HARM) || p->len == 0)
		return;
	if (flip) {
		flip_bits(p, rng);
	}
	if (cut)
		p->len = (uint16_t)rng_below(rng, p->len);
	if (strange)
		p->from.ip = place_ip(PLACE_STRANGER, stranger, true);
	p->harmed = flip || cut;
	p->strange = strange;
	s->tally[TALLY_HARMED] += p->harmed;
}

/* Some datagrams are kept, and now and then one comes again. */
static void replay(struct sim *s, struct packet *p)
{
	struct net *n = s->net;
	struct rng *rng = &n->rng[STREAM_REPLAY];
	bool record = chance(rng, RECORD), again = chance(rng, s->plan.replay);
	uint32_t slot = rng_below(rng, RECORDS);

	if (!plan_has(&s->plan, FAULT_REPLAY))
		return;
	if (again && n->records[slot]) {
		sim_count(s, TALLY_REPLAYED);
		depart(s, copy_of(n, n->records[slot]), s->now_us + LAN_US);
	}
	if (record && !p->harmed) {
		if (n->records[slot])
			net_release(s, n->records[slot]);
		n->records[slot] = copy_of(n, p);
	}
}

static uint64_t between_servers_us(struct sim *s, uint32_t from, uint32_t to)
{
	struct net *n = s->net;
	uint64_t late = late_us(&n->rng[STREAM_DELAY], s->plan.delay_us);
	uint64_t at_us = s->now_us + lan_us(n);

	if (plan_has(&s->plan, FAULT_DELAY))
		at_us += late;
	if (at_us < wire_at(n, from, to)->clogged_us)
		at_us = wire_at(n, from, to)->clogged_us + lan_us(n);
	return at_us;
}

/* Takes p. */
static void to_server(struct sim *s, struct packet *p, uint32_t from, uint32_t to)
{
	struct net *n = s->net;
	bool lost = chance(&n->rng[STREAM_LOSS], wire_at(n, from, to)->loss);
	bool twice = chance(&n->rng[STREAM_REPEAT], s->plan.repeat);

	if (wire_at(n, from, to)->cuts) {
		sim_count(s, TALLY_CUT);
		net_release(s, p);
		return;
	}
	replay(s, p);
	if (twice && plan_has(&s->plan, FAULT_REPEAT)) {
		sim_count(s, TALLY_REPEATED);
		depart(s, copy_of(n, p), between_servers_us(s, from, to));
	}
	if (lost && plan_has(&s->plan, FAULT_LOSS)) {
		sim_count(s, TALLY_LOST);
		net_release(s, p);
		return;
	}
	harm(s, p);
	depart(s, p, between_servers_us(s, from, to));
}

/* From or to a client. Takes p. */
static void at_the_edge(struct sim *s, struct packet *p)
{
	struct net *n = s->net;
	struct rng *rng = &n->rng[STREAM_CLIENTS];
	bool lost = chance(rng, s->plan.clients_loss), twice = chance(rng, s->plan.clients_repeat);
	uint64_t late = late_us(rng, s->plan.clients_delay_us);
	uint64_t again = late_us(rng, s->plan.clients_delay_us);

	if (!plan_has(&s->plan, FAULT_CLIENTS))
		lost = twice = false, late = 0;
	if (twice) {
		sim_count(s, TALLY_REPEATED);
		depart(s, copy_of(n, p), s->now_us + lan_us(n) + again);
	}
	if (lost) {
		sim_count(s, TALLY_LOST);
		net_release(s, p);
		return;
	}
	depart(s, p, s->now_us + lan_us(n) + late);
}

void net_send(struct sim *s, const struct addr *from, const struct addr *to, const uint8_t *bytes,
	size_t len, uint32_t request)
{
	uint32_t here = end_of(s, &from->ip), there = end_of(s, &to->ip);
	struct packet *p = packet_get(s->net);

	assert(len <= NET_PACKET_MAX);
	sim_count(s, TALLY_SENT);
	p->from = *from;
	p->to = *to;
	p->request = request;
	p->len = (uint16_t)len;
	memcpy(p->bytes, bytes, len);
	if (s->tap)
		s->tap(s->tap_to, p);
	if (s->healed)
		depart(s, p, s->now_us + lan_us(s->net));
	else if (here != UINT32_MAX && there != UINT32_MAX)
		to_server(s, p, here, there);
	else
		at_the_edge(s, p);
}

void net_cut(struct sim *s, uint32_t from, uint32_t to, int change)
{
	uint8_t *cuts = &wire_at(s->net, from, to)->cuts;

	*cuts = (uint8_t)(*cuts + change);
}

void net_clog(struct sim *s, uint32_t from, uint32_t to, uint64_t until_us)
{
	wire_at(s->net, from, to)->clogged_us = until_us;
}

void net_lose(struct sim *s, uint32_t loss)
{
	for (uint32_t i = 0; i < s->net->ends * s->net->ends; i++)
		s->net->wires[i].loss = loss;
}

void net_heal(struct sim *s)
{
	struct net *n = s->net;

	for (uint32_t i = 0; i < n->ends * n->ends; i++) {
		n->wires[i].cuts = 0;
		n->wires[i].clogged_us = 0;
	}
	for (size_t i = 0; i < RECORDS; i++) {
		if (n->records[i])
			net_release(s, n->records[i]);
		n->records[i] = NULL;
	}
}
