/* SPDX-License-Identifier: BSD-2-Clause */
/* A datagram that came in: whose answer it is, and what it says. */
#include <stdlib.h>

#include "client/plain.h"
#include "client/state.h"
#include "wire/list.h"

#define CHALLENGES_MAX         4 /* for one batch: cookies grow old, but not that fast */
#define AUTH_TRIES             2 /* a datagram that the network doubled looks like a replay */
#define WATCH_DURATION_LEAST_S 2

/* Where there are other servers, or may be: whether the one that has a watch is still there. */
#define WATCH_CHECK_US (10 * US_PER_S)

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

static void take_section(
	struct requester *r, struct request *q, uint32_t server, const struct section *section)
{
	int err = q->cancelled ? 0 : add_page(q, section);

	if (err == 0 && section->next != 0 && !q->cancelled) {
		q->cursor = section->next;
		q->page_server = server;
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

static void on_providers(struct requester *r, struct batch *b, uint32_t server, const struct msg *m)
{
	struct span rest = m->providers.sections;
	struct section section;

	while (section_next(&rest, &section)) {
		if (section.index >= b->count || !b->requests[section.index])
			continue;
		take_section(r, batch_remove(b, section.index), server, &section);
	}
	if (b->live == 0)
		batch_free(r, b);
}

/* ---- ANNOUNCE, WITHDRAW, WATCH ---- */

/* Of what several servers say, or one twice, the best counts. */
static void take_status(struct request *q, uint8_t status, uint32_t ttl_s)
{
	if (q->status < DHT_NOT_IN_TIME && q->status <= status)
		return;
	q->status = status;
	q->granted_s = ttl_s;
}

/* Whether DONE has a status for each hash. */
static bool is_whole(struct batch *b, const struct msg_done *done)
{
	if (done->statuses.len != b->count)
		b->complaint = DHT_ERR_PROTOCOL;
	return done->statuses.len == b->count;
}

/* What was done in time waits for the rest: only the same hashes under the same TXID are the same
 * request, with which a server goes on where it was. */
static void on_done(struct requester *r, struct batch *b, uint32_t server, const struct msg *m)
{
	bool late = false;

	if (!is_whole(b, &m->done))
		return;
	for (size_t i = 0; i < b->count; i++) {
		struct request *q = b->requests[i];
		take_status(q, m->done.statuses.p[i], m->done.ttl_s);
		late |= q->status == DHT_NOT_IN_TIME && !q->cancelled;
	}
	if (!late)
		batch_settle(r, b);
	else if (b->state == BATCH_FLYING && server == b->server)
		batch_late(r, b);
}

/* Ends what is not watched; what was not in time is tried again with the next renewal. */
static void end_unwatched(struct requester *r, struct batch *b, const struct msg_done *done)
{
	for (size_t i = 0; i < b->count; i++) {
		uint8_t status = done->statuses.p[i];
		if (!b->requests[i] || status == DHT_STORED || status == DHT_BELOW_QUORUM ||
			status == DHT_NOT_IN_TIME)
			continue;
		struct request *q = batch_remove(b, i);
		q->status = status;
		request_end(r, q, batch_error_of(status));
	}
}

static void on_watch_done(
	struct requester *r, struct batch *b, uint32_t server, const struct msg *m)
{
	uint64_t now_us = r->now.mono_us, half_us = m->done.ttl_s * US_PER_S / 2;

	if (!is_whole(b, &m->done))
		return;
	end_unwatched(r, b, &m->done);
	if (b->live == 0) {
		batch_free(r, b);
		return;
	}
	if (half_us < WATCH_DURATION_LEAST_S * US_PER_S / 2)
		half_us = WATCH_DURATION_LEAST_S * US_PER_S / 2;
	bool others = r->server_count > 1 || r->learning;
	bool check = others && WATCH_CHECK_US < half_us;
	bool compare = !b->granted || b->granted_by != server || now_us - b->compared_us >= half_us;
	b->server = server;
	batch_grant(r, b, now_us + (check ? WATCH_CHECK_US : half_us));
	if (!compare)
		return;
	b->compared_us = now_us;
	for (size_t i = 0; i < b->count; i++)
		if (b->requests[i] && !b->requests[i]->cancelled)
			watching_granted(r, b->requests[i]);
}

static void on_event(struct requester *r, struct batch *b, uint32_t server, const struct msg *m)
{
	struct seen seen = {.server = server, .seq = m->event.seq};
	struct span hash = m->event.hash;

	memcpy(seen.txid, b->txid, sizeof(seen.txid));
	if (r->seen_count < SEENS_MAX)
		r->seens[(r->seen_first + r->seen_count++) % SEENS_MAX] = seen;
	for (size_t i = 0; i < b->count; i++) {
		struct request *q = b->requests[i];
		if (q && !q->cancelled && q->hash.len == hash.len &&
			memcmp(q->hash.bytes, hash.p, hash.len) == 0)
			watching_event(r, q, server, &m->event);
	}
}

/* ---- PING, SERVERS ---- */

static void on_pong(struct requester *r, struct batch *b, uint32_t server, const struct msg *m)
{
	struct request *q = batch_remove(b, 0);
	size_t len = m->pong.name.len;

	(void)server;
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

/* The first stays first: it is the one that was asked. The others are sorted, each once. */
static void sort_servers(struct providers *p)
{
	size_t kept = 1;

	if (p->count == 0)
		return;
	struct providers others = {.items = p->items + 1, .count = p->count - 1};
	providers_sort(&others);
	for (size_t i = 0; i < others.count; i++)
		if (provider_compare(&others.items[i], &p->items[0]) != 0)
			p->items[kept++] = others.items[i];
	p->count = kept;
}

static void on_server_list(
	struct requester *r, struct batch *b, uint32_t server, const struct msg *m)
{
	struct request *q = batch_remove(b, 0);
	struct span rest = m->server_list.servers;
	struct addr one;
	int err = 0;

	(void)server;
	while (err == 0 && server_next(&rest, &one)) {
		struct dht_provider p = provider_of(&one.ip, one.port, 0);
		err = providers_add(&q->found, &p);
	}
	sort_servers(&q->found);
	request_end(r, q, err);
	batch_free(r, b);
}

static void on_learned(struct requester *r, struct batch *b, uint32_t server, const struct msg *m)
{
	servers_learn(r, server, m->server_list.servers);
	request_end(r, batch_remove(b, 0), 0);
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

typedef void answer_fn(struct requester *r, struct batch *b, uint32_t server, const struct msg *m);

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
	[REQUEST_LEARN] = {MSG_SERVER_LIST, on_learned},
	[REQUEST_WATCH] = {MSG_DONE, on_watch_done},
};

/* What a server says of a request that it may have been asked long ago: its good answer counts
 * whenever it comes, its objections only while it is the one that is asked. */
static void take_answer(struct requester *r, struct batch *b, uint32_t server, const struct msg *m)
{
	bool current = server == b->server;

	if (current || m->type != MSG_ERROR)
		servers_heard(r, server);
	if (m->type == MSG_EVENT && b->kind == REQUEST_WATCH) {
		if (server == (b->granted ? b->granted_by : b->server))
			on_event(r, b, server, m);
	} else if (b->state == BATCH_RESTING) {
		return;
	} else if (good[b->kind].take && m->type == good[b->kind].type) {
		batch_heard(r, b, server);
		servers_ask(r, server);
		good[b->kind].take(r, b, server, m);
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
	int server = b && !b->plain ? batch_asked(r, b, from) : -1;
	if (server < 0)
		return;
	if (reason == MSG_GOOD)
		take_answer(r, b, (uint32_t)server, &m);
	else
		b->complaint = DHT_ERR_PROTOCOL;
}
