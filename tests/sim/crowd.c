/* SPDX-License-Identifier: BSD-2-Clause */
#include "crowd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "fleet.h"
#include "place.h"

#define RNG_CLIENT 400 /* sim_rng() */

#define PORT_FIRST 1024
#define PORTS      (65536 - PORT_FIRST)
#define CHUNK      256

#define TRY_US      SIM_SECOND
#define QUIET_US    (30 * SIM_SECOND) /* after healing, or a start */
#define JOIN_US     (5 * SIM_SECOND)
#define WATCH_MIN_S 10
#define WATCH_MAX_S 120

/* One client. Requests stay where they are: the queue of events knows them. */
struct client {
	struct event event;
	uint32_t index;
	struct rng rng;
	uint32_t count;
	struct ask *chunks[PORTS / CHUNK];
};

struct crowd {
	bool stopped;
	struct client clients[CROWD_COUNT];
};

static void client_turn(struct sim *s, struct event *e);

struct crowd *crowd_new(struct sim *s)
{
	struct crowd *c = calloc(1, sizeof(*c));

	for (uint32_t i = 0; c && i < CROWD_COUNT; i++) {
		c->clients[i].index = i;
		c->clients[i].event.fire = client_turn;
		sim_rng(s, &c->clients[i].rng, RNG_CLIENT, i);
	}
	return c;
}

void crowd_free(struct crowd *c)
{
	for (uint32_t i = 0; c && i < CROWD_COUNT; i++) {
		struct client *client = &c->clients[i];
		for (uint32_t at = 0; at < client->count; at++)
			free(client->chunks[at / CHUNK][at % CHUNK].told);
		for (uint32_t chunk = 0; chunk < PORTS / CHUNK; chunk++)
			free(client->chunks[chunk]);
	}
	free(c);
}

static uint32_t number_of(uint32_t client, uint32_t port)
{
	return (client + 1) << 16 | port;
}

struct ask *crowd_find(const struct sim *s, uint32_t number)
{
	uint32_t client = (number >> 16) - 1, at = (number & 0xffff) - PORT_FIRST;

	if (number == 0 || client >= CROWD_COUNT || (number & 0xffff) < PORT_FIRST ||
		at >= s->crowd->clients[client].count)
		return NULL;
	return &s->crowd->clients[client].chunks[at / CHUNK][at % CHUNK];
}

uint32_t crowd_number(const struct sim *s, const struct addr *to)
{
	struct place p = place_of(&to->ip);

	(void)s;
	return p.kind == PLACE_CLIENT && p.index < CROWD_COUNT ? number_of(p.index, to->port) : 0;
}

static struct addr client_addr(const struct sim *s, const struct ask *r)
{
	bool proven = s->plan.proven || r->client == CROWD_AUDITOR;

	return place_addr(PLACE_CLIENT, r->client, proven, (uint16_t)(r->number & 0xffff));
}

struct ask *crowd_new_ask(struct sim *s, uint32_t client, enum ask_kind kind)
{
	struct client *c = &s->crowd->clients[client];
	uint32_t at = c->count;

	if (at == PORTS)
		return NULL;
	if (!c->chunks[at / CHUNK]) {
		c->chunks[at / CHUNK] = calloc(CHUNK, sizeof(struct ask));
		assert(c->chunks[at / CHUNK]);
	}
	struct ask *r = &c->chunks[at / CHUNK][at % CHUNK];
	c->count++;
	r->number = number_of(client, PORT_FIRST + at);
	r->client = (uint8_t)client;
	r->kind = (uint8_t)kind;
	r->page = PAGE_ALL;
	r->start_us = s->now_us;
	store_be64(r->txid, rng_u64(&c->rng));
	r->txid[6] = PAGE_ALL;
	r->txid[7] = 0;
	if (kind == ASK_WATCH)
		r->told = calloc(1, sizeof(*r->told));
	return r;
}

static void send_ask(struct sim *s, struct ask *r)
{
	struct addr from = client_addr(s, r);
	struct addr to = place_addr(PLACE_SERVER, r->server, true, PORT_CLIENT);
	uint8_t bytes[NET_PACKET_MAX];
	size_t len = ask_write(s, r, bytes, sizeof(bytes));

	r->live = s->fleet->nodes[r->server].life;
	net_send(s, &from, &to, bytes, len, r->number);
}

/* In a calm run a server that has joined finds what was there all the time that it took. */
static void check_miss(struct sim *s, const struct ask *r)
{
	const struct node *n = &s->fleet->nodes[r->server];

	if (!s->plan.calm || !r->answered || r->kind != ASK_LOOKUP || n->state != SERVER_UP ||
		n->life != r->live || r->start_us < n->start_us + JOIN_US ||
		!cluster_status(n->cluster).settled)
		return;
	for (uint32_t i = 0; i < r->hash_count; i++) {
		for (uint32_t p = 0; p < ORACLE_PROVIDERS; p++) {
			if (provider_is_in(r->found[i], p) ||
				oracle_say(s, r->hashes[i], p, r->start_us, s->now_us, false) !=
					ORACLE_MUST)
				continue;
			sim_fail(s, "miss", "server %u does not find hash %u provider %u",
				r->server, r->hashes[i], p);
			oracle_explain(s, r->hashes[i], p);
		}
	}
}

static void end(struct sim *s, struct ask *r)
{
	if (r->finished)
		return;
	check_miss(s, r);
	r->finished = true;
	sim_cancel(s, &r->event);
	if (r->done)
		r->done(s, r);
}

void crowd_end(struct sim *s, struct ask *r)
{
	r->done = NULL;
	end(s, r);
}

/* Where nothing is lost, a server that was there all the time has answered. */
static void check_silence(struct sim *s, const struct ask *r)
{
	const struct node *n = &s->fleet->nodes[r->server];
	bool quiet = s->plan.calm || (s->healed && s->now_us - s->heal_us > QUIET_US);

	if (r->answered || r->kind == ASK_WANT || !quiet || n->state != SERVER_UP ||
		n->life != r->live || s->now_us - n->start_us < QUIET_US)
		return;
	sim_fail(s, "silence", "server %u did not answer request %u (%u)", n->index, r->number,
		r->kind);
}

/* The second try goes to the same server, all later ones to any. */
static void again(struct sim *s, struct event *e)
{
	struct ask *r = (struct ask *)e;
	struct client *c = &s->crowd->clients[r->client];
	uint32_t other = rng_below(&c->rng, s->fleet->count);

	/* A WANT may be answered whenever somebody puts it. */
	if (r->answered || r->tries == ASK_TRIES || r->kind == ASK_WANT) {
		check_silence(s, r);
		end(s, r);
		return;
	}
	r->tries++;
	if (r->tries > 2 && !r->stays)
		r->server = other;
	send_ask(s, r);
	sim_at(s, &r->event, s->now_us + r->tries * TRY_US);
}

void crowd_send(struct sim *s, struct ask *r, uint32_t server)
{
	sim_count(s, TALLY_REQUESTS);
	r->server = server;
	r->tries = 1;
	r->event.fire = again;
	send_ask(s, r);
	/* Nobody answers a PUT. */
	if (r->kind == ASK_PUT)
		end(s, r);
	else
		sim_at(s, &r->event, s->now_us + TRY_US);
}

/* More often what changes something, for that is what may be lost. */
static enum ask_kind draw_kind(struct rng *rng)
{
	static const uint8_t parts[ASK_KINDS] = {
		[ASK_GET] = 10,
		[ASK_PUT] = 6,
		[ASK_WANT] = 4,
		[ASK_LOOKUP] = 22,
		[ASK_ANNOUNCE] = 38,
		[ASK_WITHDRAW] = 12,
		[ASK_WATCH] = 3,
		[ASK_PING] = 3,
		[ASK_SERVERS] = 2,
	};
	uint32_t at = rng_below(rng, 100);

	for (uint32_t kind = 0; kind < ASK_KINDS; kind++) {
		if (at < parts[kind])
			return (enum ask_kind)kind;
		at -= parts[kind];
	}
	return ASK_LOOKUP;
}

/* A provider that this client may announce: each has his own, unless they share. */
static uint32_t draw_provider(const struct sim *s, struct client *c)
{
	uint32_t n = s->plan.providers, clients = s->plan.shared ? 1 : s->plan.clients;
	uint32_t own = s->plan.shared ? 0 : c->index;
	uint32_t any = rng_below(&c->rng, n);

	if (rng_below(&c->rng, 16) == 0 || own >= n)
		return PLAN_PROVIDERS_MAX + c->index;
	return own + any / clients * clients < n ? own + any / clients * clients : own;
}

static void draw_hashes(const struct sim *s, struct client *c, struct ask *r, uint32_t most)
{
	uint32_t n = s->plan.hashes, first = rng_below(&c->rng, n);

	r->hash_count = (uint8_t)(1 + rng_below(&c->rng, most));
	/* A quarter of the time one of a few that many have. */
	if (rng_below(&c->rng, 4) == 0)
		first = rng_below(&c->rng, 4);
	for (uint32_t i = 0; i < r->hash_count; i++)
		r->hashes[i] = (uint16_t)((first + i * 7) % n);
}

/* Some live long, most short, so that ends are met. */
static uint32_t draw_ttl_s(const struct sim *s, struct client *c)
{
	uint32_t most = s->plan.ttl_max_s;
	uint32_t ttl_s = 1 + rng_below(&c->rng, rng_below(&c->rng, 2) ? most : most / 4 + 1);

	return ttl_s < most ? ttl_s : most;
}

static void fill_in(struct sim *s, struct client *c, struct ask *r)
{
	bool several = r->kind == ASK_LOOKUP || r->kind == ASK_ANNOUNCE ||
	               r->kind == ASK_WITHDRAW || r->kind == ASK_WATCH;
	bool base = r->kind == ASK_PUT;

	r->provider = draw_provider(s, c);
	r->ttl_s = draw_ttl_s(s, c);
	r->page_max = (uint16_t)(rng_below(&c->rng, 2) ? 0 : 4 + rng_below(&c->rng, 8));
	draw_hashes(s, c, r, several ? ASK_HASHES : 1);
	if (r->kind == ASK_WATCH)
		r->ttl_s = WATCH_MIN_S + rng_below(&c->rng, WATCH_MAX_S - WATCH_MIN_S);
	/* A PUT has no port and no lifetime of its own. */
	if (base && oracle_provider(s, r->provider).port != 0)
		r->kind = ASK_ANNOUNCE;
	else if (base)
		r->ttl_s = s->fleet->nodes[0].policy.ttl_s;
}

static void client_turn(struct sim *s, struct event *e)
{
	struct client *c = (struct client *)e;
	uint64_t mean_us = 60 * SIM_SECOND / s->plan.rate;
	enum ask_kind kind = draw_kind(&c->rng);
	uint32_t server = rng_below(&c->rng, s->fleet->count);
	struct ask *r = s->crowd->stopped ? NULL : crowd_new_ask(s, c->index, kind);

	if (!r)
		return;
	fill_in(s, c, r);
	crowd_send(s, r, server);
	sim_at(s, &c->event, s->now_us + chance_wait(&c->rng, mean_us));
}

void crowd_start(struct sim *s)
{
	s->crowd->stopped = false;
	for (uint32_t i = 0; i < s->plan.clients; i++)
		if (!sim_waits(&s->crowd->clients[i].event))
			sim_at(s, &s->crowd->clients[i].event, s->now_us + i * SIM_MS);
}

void crowd_stop(struct sim *s)
{
	s->crowd->stopped = true;
}

/* Tells the server that an event has come. */
static void say_seen(
	struct sim *s, const struct ask *r, const struct addr *server, const struct msg *event)
{
	struct msg seen = {.type = MSG_SEEN, .seen = {.seq = event->event.seq}};
	struct addr from = client_addr(s, r);
	uint8_t bytes[32];

	memcpy(seen.txid, event->txid, MSG_TXID_LEN);
	int len = msg_encode(&seen, bytes, sizeof(bytes));
	assert(len > 0);
	net_send(s, &from, server, bytes, (size_t)len, r->number);
}

void crowd_receive(struct sim *s, struct packet *p)
{
	struct ask *r = crowd_find(s, crowd_number(s, &p->to));
	bool has_txid, had_cookie = r && r->has_cookie;
	uint8_t page = r ? r->txid[7] : 0;
	struct msg m;

	if (!r || msg_decode(p->bytes, p->len, PLANE_CLIENT, &m, &has_txid) != MSG_GOOD) {
		net_release(s, p);
		return;
	}
	ask_heard(s, r, &p->from, &m);
	if (m.type == MSG_EVENT)
		say_seen(s, r, &p->from, &m);
	net_release(s, p);
	if (r->finished)
		return;
	if (r->answered)
		end(s, r);
	else if (had_cookie != r->has_cookie || page != r->txid[7])
		send_ask(s, r);
}
