/* SPDX-License-Identifier: BSD-2-Clause */
/* A datagram that came in: whose answer it is, and what it says. */
#include <stdlib.h>

#include "client/plain.h"
#include "client/state.h"
#include "wire/list.h"

#define CHALLENGES_MAX         4 /* for one batch: cookies grow old, but not that fast */
#define AUTH_TRIES             2 /* a datagram that the network doubled looks like a replay */
#define NOT_IN_TIME_MAX        3
#define WATCH_DURATION_LEAST_S 2

/* ---- LOOKUP ---- */

static int add_page(struct request *q, const struct section *section)
{
	struct span rest = section->providers;
	struct provider p;

	q->total = section->total;
	while (provider_next(&rest, &p)) {
		struct dht_provider one = provider_of(&p.ip, p.port, p.ttl_s);
		int err = providers_add(&q->found, &one);
		if (err)
			return err;
	}
	return 0;
}

static void take_section(struct requester *r, struct request *q, const struct section *section)
{
	int err = q->cancelled ? 0 : add_page(q, section);

	if (err == 0 && section->next != 0 && !q->cancelled) {
		q->cursor = section->next;
		if (++q->pages >= PAGES_MAX) {
			err = DHT_ERR_PROTOCOL;
		} else if (q->restarts > RESTARTS_MAX) {
			err = DHT_ERR_TIMEOUT;
		} else {
			request_enqueue(r, q, true);
			return;
		}
	}
	providers_sort(&q->found);
	request_end(r, q, err);
}

static void on_providers(struct requester *r, struct batch *b, const struct msg *m)
{
	struct span rest = m->providers.sections;
	struct section section;

	while (section_next(&rest, &section)) {
		if (section.index >= b->count || !b->requests[section.index])
			continue;
		take_section(r, batch_remove(b, section.index), &section);
	}
	if (b->live == 0)
		batch_free(r, b);
}

/* ---- ANNOUNCE, WITHDRAW, WATCH ---- */

static int error_of_status(uint8_t status)
{
	switch (status) {
	case STATUS_STORED:
	case STATUS_BELOW_QUORUM: return 0;
	case STATUS_REFUSED: return DHT_ERR_REFUSED;
	case STATUS_FULL: return DHT_ERR_FULL;
	case STATUS_NOT_IN_TIME: return DHT_ERR_TIMEOUT;
	default: return DHT_ERR_PROTOCOL;
	}
}

/* Ends what has its status for good; what was not stored in time stays in the batch. */
static void take_statuses(struct requester *r, struct batch *b, const struct msg_done *done)
{
	for (size_t i = 0; i < b->count; i++) {
		uint8_t status = done->statuses.p[i];
		struct request *q = b->requests[i];
		if (!q)
			continue;
		if (status == STATUS_NOT_IN_TIME && ++q->attempts < NOT_IN_TIME_MAX)
			continue;
		if (b->kind == REQUEST_WATCH && error_of_status(status) == 0)
			continue;
		batch_remove(b, i);
		q->status = status;
		if (b->kind == REQUEST_PUT)
			q->ttl_s = done->ttl_s;
		request_end(r, q, error_of_status(status));
	}
}

/* Takes what DONE says of each hash; false when that was all that the batch waited for, or none of
 * it can be believed. */
static bool settle(struct requester *r, struct batch *b, const struct msg_done *done)
{
	if (done->statuses.len != b->count) {
		b->complaint = DHT_ERR_PROTOCOL;
		return false;
	}
	take_statuses(r, b, done);
	if (b->live == 0) {
		batch_free(r, b);
		return false;
	}
	return true;
}

static void on_done(struct requester *r, struct batch *b, const struct msg *m)
{
	if (!settle(r, b, &m->done))
		return;
	/* The server would give the same answer under the same TXID. */
	batch_compact(r, b);
	b->tries = b->tries_here = 1;
	batch_set(r, b, BATCH_PAUSED, r->now.mono_us + batch_timeout_us(r, b));
}

static void on_watch_done(struct requester *r, struct batch *b, const struct msg *m)
{
	uint64_t half_us = m->done.ttl_s * US_PER_S / 2;

	if (!settle(r, b, &m->done))
		return;
	if (half_us < WATCH_DURATION_LEAST_S * US_PER_S / 2)
		half_us = WATCH_DURATION_LEAST_S * US_PER_S / 2;
	batch_grant(r, b, r->now.mono_us + half_us);
	for (size_t i = 0; i < b->count; i++)
		if (b->requests[i] && !b->requests[i]->cancelled)
			watching_granted(r, b->requests[i]);
}

static void on_event(struct requester *r, struct batch *b, const struct msg *m)
{
	struct seen seen = {.server = b->server, .seq = m->event.seq};
	struct span hash = m->event.hash;

	memcpy(seen.txid, b->txid, sizeof(seen.txid));
	if (r->seen_count < SEENS_MAX)
		r->seens[(r->seen_first + r->seen_count++) % SEENS_MAX] = seen;
	for (size_t i = 0; i < b->count; i++) {
		struct request *q = b->requests[i];
		if (q && !q->cancelled && q->hash.len == hash.len &&
			memcmp(q->hash.bytes, hash.p, hash.len) == 0)
			watching_event(r, q, &m->event);
	}
}

/* ---- PING, SERVERS ---- */

static void on_pong(struct requester *r, struct batch *b, const struct msg *m)
{
	struct request *q = batch_remove(b, 0);
	size_t len = m->pong.name.len;

	q->info = calloc(1, sizeof(*q->info));
	if (q->info) {
		q->info->protocol_version = m->pong.version;
		q->info->members = m->pong.members;
		q->info->uptime_s = m->pong.uptime_s;
		if (len >= sizeof(q->info->name))
			len = sizeof(q->info->name) - 1;
		if (len)
			memcpy(q->info->name, m->pong.name.p, len);
	}
	request_end(r, q, q->info ? 0 : DHT_ERR_MEMORY);
	batch_free(r, b);
}

static void on_server_list(struct requester *r, struct batch *b, const struct msg *m)
{
	struct request *q = batch_remove(b, 0);
	struct span rest = m->server_list.servers;
	struct addr server;
	int err = 0;

	while (err == 0 && server_next(&rest, &server)) {
		struct dht_provider one = provider_of(&server.ip, server.port, 0);
		err = providers_add(&q->found, &one);
	}
	providers_sort(&q->found);
	request_end(r, q, err);
	batch_free(r, b);
}

/* ---- Any request ---- */

static void on_challenge(struct requester *r, struct batch *b, const struct msg *m)
{
	struct server *server = &r->servers[b->server];

	server->has_cookie = true;
	memcpy(server->cookie, m->challenge.cookie, sizeof(server->cookie));
	if (b->challenges == CHALLENGES_MAX) {
		b->complaint = DHT_ERR_PROTOCOL;
		return;
	}
	b->challenges++;
	batch_set(r, b, BATCH_DUE, 0);
}

static void on_auth_failed(struct requester *r, struct batch *b)
{
	if (++b->auth_failures < AUTH_TRIES && r->key_name_len)
		batch_set(r, b, BATCH_DUE, 0);
	else
		batch_fail(r, b, DHT_ERR_AUTH_FAILED);
}

static void on_error(struct requester *r, struct batch *b, const struct msg *m)
{
	switch (m->error.code) {
	case ERROR_REFUSED: batch_fail(r, b, DHT_ERR_REFUSED); break;
	case ERROR_AUTH_NEEDED: batch_fail(r, b, DHT_ERR_AUTH_NEEDED); break;
	case ERROR_AUTH_FAILED: on_auth_failed(r, b); break;
	case ERROR_RATE_LIMITED: batch_rate_limited(r, b); break;
	case ERROR_SHUTTING_DOWN: batch_refused(r, b, DHT_ERR_SHUTTING_DOWN); break;
	default: batch_fail(r, b, DHT_ERR_PROTOCOL);
	}
}

/* ---- Whose answer it is ---- */

typedef void answer_fn(struct requester *r, struct batch *b, const struct msg *m);

/* What answers a request of each kind; take is NULL where nothing does. */
static const struct {
	enum msg_type type;
	answer_fn *take;
} good[REQUEST_KINDS] = {
	[REQUEST_GET] = {MSG_PROVIDERS, on_providers},
	[REQUEST_PUT] = {MSG_DONE, on_done},
	[REQUEST_DROP] = {MSG_DONE, on_done},
	[REQUEST_PING] = {MSG_PONG, on_pong},
	[REQUEST_SERVERS] = {MSG_SERVER_LIST, on_server_list},
	[REQUEST_WATCH] = {MSG_DONE, on_watch_done},
};

/* Which of the servers that b was sent to has this address, the one that is asked now before the
 * others; -1: none. */
static int asked_server(const struct requester *r, const struct batch *b, const struct ip *ip)
{
	if (b->asked >> b->server & 1 && ip_equal(&r->servers[b->server].addr.ip, ip))
		return (int)b->server;
	for (uint32_t i = 0; i < r->server_count; i++)
		if (b->asked >> i & 1 && ip_equal(&r->servers[i].addr.ip, ip))
			return (int)i;
	return -1;
}

static void take_answer(
	struct requester *r, struct batch *b, const struct msg *m, bool current, uint32_t server)
{
	r->heard_us = r->now.mono_us;
	if (m->type == MSG_EVENT && b->kind == REQUEST_WATCH && current) {
		on_event(r, b, m);
	} else if (b->state == BATCH_RESTING) {
		return;
	} else if (good[b->kind].take && m->type == good[b->kind].type &&
		   (current || b->kind != REQUEST_WATCH)) {
		batch_heard(r, b, server);
		good[b->kind].take(r, b, m);
	} else if (m->type == MSG_CHALLENGE && current) {
		on_challenge(r, b, m);
	} else if (m->type == MSG_ERROR && current) {
		on_error(r, b, m);
	}
}

void requester_input(struct requester *r, const struct requester_time *now,
	struct requester_path path, const struct addr *from, const uint8_t *bytes, size_t len)
{
	struct msg m;
	bool has_txid;

	r->now = *now;
	enum msg_reason reason = msg_decode(bytes, len, PLANE_CLIENT, &m, &has_txid);
	if (path.slot != 0) {
		if (reason == MSG_GOOD && m.type == MSG_HAVE)
			plain_have(r, path, from, &m.have);
		return;
	}
	struct batch *b = has_txid ? batch_find(r, m.txid) : NULL;
	int server = b && !b->plain ? asked_server(r, b, &from->ip) : -1;
	if (server < 0)
		return;
	if (reason == MSG_GOOD)
		take_answer(r, b, &m, (uint32_t)server == b->server, (uint32_t)server);
	else
		b->complaint = DHT_ERR_PROTOCOL;
}
