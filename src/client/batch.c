/* SPDX-License-Identifier: BSD-2-Clause */
/* One transaction: which requests go together, when it is tried again and where, when it fails. */
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "client/plain.h"
#include "client/state.h"
#include "wire/option.h"

#define TIMEOUT_MAX_US   (60 * US_PER_S)
#define TRIES_PER_SERVER 2 /* before the next one is asked, where tries allow it */
#define REFUSALS_EACH    2 /* a server that is just being restarted gets a second chance */
#define LATE_MAX         3 /* answers of one transaction that it was not done in time */
#define WATCH_PAUSE_US   (5 * US_PER_S)

struct batch *batch_find(const struct requester *r, const uint8_t txid[static MSG_TXID_LEN])
{
	struct hmap_node *n = hmap_first(&r->by_txid, load_be64(txid));

	return n ? container_of(n, struct batch, by_txid) : NULL;
}

/* A TXID is its own fingerprint: nobody but us makes them, and not by choice. */
static void new_txid(struct requester *r, struct batch *b)
{
	requester_derive(r, b->txid, sizeof(b->txid));
	hmap_add(&r->by_txid, &b->by_txid, load_be64(b->txid));
}

/* Whether it takes a place in the window. What waits for news does not, nor may a watch that is
 * being renewed: with no server there, renewals without end would keep all others out. */
static bool is_active(const struct batch *b)
{
	return !b->granted && b->kind != REQUEST_WANT;
}

static bool has_gaps(const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (!b->requests[i])
			return true;
	return false;
}

void batch_set(struct requester *r, struct batch *b, enum batch_state state, uint64_t deadline_us)
{
	/* What is left of a lookup that was answered in part is another, smaller one. */
	if (state == BATCH_DUE && has_gaps(b))
		batch_compact(r, b);
	link_remove(&b->link);
	b->state = (uint8_t)state;
	b->deadline_us = deadline_us;
	link_append(state == BATCH_DUE ? &r->due : &r->others, &b->link);
	if (state == BATCH_DUE)
		b->step = 0;
	else if (deadline_us < r->deadline_us)
		r->deadline_us = deadline_us;
}

/* ---- What goes together ---- */

bool requests_go_together(const struct request *first, const struct request *q)
{
	if (q->server != first->server || q->tries != first->tries)
		return false;
	if (first->kind == REQUEST_GET)
		return first->cursor == 0 && q->cursor == 0;
	if (first->kind == REQUEST_PUT || first->kind == REQUEST_DROP)
		return q->port == first->port && q->ttl_s == first->ttl_s &&
		       ip_equal(&q->ip, &first->ip);
	return first->kind == REQUEST_WATCH || first->kind == REQUEST_UNWATCH;
}

static size_t pack(const struct requester *r, enum request_kind kind)
{
	const struct request *first = queue_first(r, kind), *q = first;
	size_t room = compose_room(r, kind), count = 0;

	while (q && count < UINT8_MAX && (q == first || requests_go_together(first, q))) {
		size_t len = 1u + q->hash.len;
		if (len > room)
			break;
		room -= len;
		count++;
		q = queue_next(r, kind, &q->link);
	}
	return count;
}

static bool is_plain(const struct requester *r, enum request_kind kind)
{
	return r->base_only || kind == REQUEST_WANT || kind == REQUEST_EXIT;
}

bool batch_may_start(const struct requester *r, enum request_kind kind)
{
	if (link_alone(&r->queues[kind]) || r->hold_us != 0)
		return false;
	if (r->active * WINDOW_UNIT >= r->window_now && kind != REQUEST_WANT)
		return false;
	return !is_plain(r, kind) || plain_may_start(r, kind);
}

/* To another server. A cursor means nothing there: the lookup starts from the first page. */
static void go_to(struct requester *r, struct batch *b, uint32_t server)
{
	const struct ip *from = &r->servers[b->server].addr.ip, *to = &r->servers[server].addr.ip;

	if (server == b->server)
		return;
	/* With a socket of the other family, what the last server still says is lost. */
	if (b->slot && ip_is_v4(from) != ip_is_v4(to))
		r->slots[b->slot].generation++;
	b->server = server;
	b->tries_here = 1;
	struct request *q = b->requests[0];
	if (b->kind == REQUEST_GET && q && q->cursor != 0) {
		q->cursor = 0;
		q->pages = 0;
		q->restarts++;
		providers_fini(&q->found);
		batch_compact(r, b);
	}
}

static void leave_avoided(struct requester *r, struct batch *b)
{
	if (!b->pinned && servers_avoided(r, b->server))
		go_to(r, b, servers_better(r, b->server));
}

static uint32_t server_of(const struct requester *r, const struct request *first)
{
	if (first->server >= 0)
		return (uint32_t)first->server;
	if (first->kind == REQUEST_GET && first->cursor != 0)
		return first->page_server;
	return servers_first(r);
}

static void take_requests(struct requester *r, struct batch *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct request *q = queue_first(r, b->kind);
		link_remove(&q->link);
		q->place = PLACE_BATCH;
		q->batch = b;
		b->requests[i] = q;
	}
	b->count = b->live = (uint16_t)count;
}

struct batch *batch_start(struct requester *r, enum request_kind kind)
{
	struct request *first = queue_first(r, kind);
	bool plain = is_plain(r, kind);
	size_t count = plain ? plain_pack(r, kind) : pack(r, kind);
	assert(count > 0);
	struct batch *b = calloc(1, sizeof(*b) + count * sizeof(b->requests[0]));

	if (!b) {
		link_remove(&first->link);
		request_end(r, first, DHT_ERR_MEMORY);
		return NULL;
	}
	b->kind = (uint8_t)kind;
	b->plain = plain;
	b->pinned = first->server >= 0;
	b->server = server_of(r, first);
	b->tries = b->tries_here = 1;
	b->tries_max = first->tries ? first->tries : r->tries;
	take_requests(r, b, count);
	new_txid(r, b);
	b->state = BATCH_DUE;
	link_init(&b->link);
	link_append(&r->due, &b->link);
	r->active += is_active(b);
	if (plain)
		plain_take_slot(r, b);
	leave_avoided(r, b);
	return b;
}

int batch_asked(const struct requester *r, const struct batch *b, const struct addr *from)
{
	int found = -1;

	for (uint32_t i = 0; i < r->server_count; i++) {
		const struct addr *addr = &r->servers[i].addr;
		if (!(b->asked >> i & 1) || !ip_equal(&addr->ip, &from->ip))
			continue;
		if (addr->port == from->port)
			return (int)i;
		if (found < 0 || i == b->server)
			found = (int)i;
	}
	return found;
}

struct request *batch_remove(struct batch *b, size_t i)
{
	struct request *q = b->requests[i];

	assert(q && q->batch == b);
	b->requests[i] = NULL;
	if (!q->cancelled)
		b->live--;
	return q;
}

void batch_compact(struct requester *r, struct batch *b)
{
	uint16_t kept = 0;

	for (size_t i = 0; i < b->count; i++) {
		struct request *q = b->requests[i];
		if (q && q->cancelled)
			request_free(q);
		else if (q)
			b->requests[kept++] = q;
	}
	b->count = kept;
	assert(kept == b->live && kept > 0);
	if (b->kind != REQUEST_WATCH) {
		hmap_remove(&r->by_txid, &b->by_txid);
		new_txid(r, b);
	}
}

void batch_grant(struct requester *r, struct batch *b, uint64_t renew_us)
{
	r->active -= is_active(b);
	b->granted = true;
	b->granted_by = b->server;
	batch_set(r, b, BATCH_RESTING, renew_us);
}

void batch_free(struct requester *r, struct batch *b)
{
	assert(b->live == 0);
	for (size_t i = 0; i < b->count; i++)
		if (b->requests[i])
			request_free(b->requests[i]);
	if (b->slot)
		plain_give_slot(r, b);
	hmap_remove(&r->by_txid, &b->by_txid);
	link_remove(&b->link);
	r->active -= is_active(b);
	free(b);
}

/* ---- Again, and elsewhere ---- */

uint64_t batch_timeout_us(struct requester *r, const struct batch *b)
{
	uint64_t us = r->timeout_ms * US_PER_MS;

	for (uint32_t i = 1; i < b->tries && us < TIMEOUT_MAX_US; i++)
		us += us / 2;
	if (us > TIMEOUT_MAX_US)
		us = TIMEOUT_MAX_US;
	/* Up to an eighth longer, so that what was lost together does not come back together. */
	return us + rng_below(&r->rng, (uint32_t)(us / 8) + 1);
}

void batch_sent(struct requester *r, struct batch *b)
{
	b->sent_us = r->now.mono_us;
	if (b->first_sent_us == 0)
		b->first_sent_us = b->sent_us;
	b->asked |= UINT64_C(1) << b->server;
	batch_set(r, b, BATCH_FLYING, b->sent_us + batch_timeout_us(r, b));
}

/* At most once for all that was in flight together. */
static void shrink_window(struct requester *r)
{
	if (r->now.mono_us - r->shrunk_us < r->timeout_ms * US_PER_MS && r->shrunk_us != 0)
		return;
	r->shrunk_us = r->now.mono_us;
	r->window_now = r->window_now / 2 > WINDOW_UNIT ? r->window_now / 2 : WINDOW_UNIT;
}

static void grow_window(struct requester *r)
{
	uint32_t max = r->window * WINDOW_UNIT;

	/* One batch more for each windowful of answers. */
	r->window_now += 1 + WINDOW_UNIT * WINDOW_UNIT / r->window_now;
	if (r->window_now > max)
		r->window_now = max;
}

void batch_heard(struct requester *r, const struct batch *b, uint32_t server)
{
	uint64_t sent_us = server == b->server ? b->sent_us : b->first_sent_us;
	uint64_t round_trip_us = r->now.mono_us - sent_us;

	r->preferred = server;
	grow_window(r);
	/* It tells how the caller's requests went. */
	if (b->kind == REQUEST_LEARN)
		return;
	r->trip.server = server;
	r->trip.tries = b->tries;
	r->trip.round_trip_us = round_trip_us < UINT32_MAX ? (uint32_t)round_trip_us : UINT32_MAX;
}

/* Once more, at another server if that may be. */
static void try_elsewhere(struct requester *r, struct batch *b, uint32_t server)
{
	b->tries++;
	b->tries_here++;
	if (!b->pinned)
		go_to(r, b, server);
}

static uint32_t servers_of(const struct requester *r, const struct batch *b)
{
	return b->pinned ? 1 : r->server_count;
}

/* So many tries at one server; all of the caller's are asked at least once while tries last. */
static uint32_t tries_per_server(const struct requester *r, const struct batch *b)
{
	uint32_t each = b->tries_max / (b->pinned ? 1 : r->own_count);

	return each < 1 ? 1 : each > TRIES_PER_SERVER ? TRIES_PER_SERVER : each;
}

/* A watch that was granted once survives its servers' absence. */
static void watch_pause(struct requester *r, struct batch *b)
{
	b->tries = b->tries_here = 1;
	b->refusals = 0;
	b->complaint = 0;
	batch_set(r, b, BATCH_PAUSED, r->now.mono_us + WATCH_PAUSE_US);
}

int batch_error_of(uint8_t status)
{
	switch (status) {
	case DHT_STORED:
	case DHT_BELOW_QUORUM: return 0;
	case DHT_REFUSED: return DHT_ERR_REFUSED;
	case DHT_FULL: return DHT_ERR_FULL;
	case DHT_NOT_IN_TIME: return DHT_ERR_TIMEOUT;
	default: return DHT_ERR_PROTOCOL;
	}
}

/* Whether there is nothing more to be asked: some server has said it. */
static bool is_decided(const struct request *q)
{
	return (q->kind == REQUEST_PUT || q->kind == REQUEST_DROP) && q->status < DHT_NOT_IN_TIME;
}

static void fail_requests(struct requester *r, struct batch *b, int error)
{
	for (size_t i = 0; i < b->count; i++) {
		if (!b->requests[i] || b->requests[i]->cancelled)
			continue;
		struct request *q = batch_remove(b, i);
		if (!is_decided(q) && error == DHT_ERR_REFUSED)
			q->status = DHT_REFUSED;
		request_end(r, q, is_decided(q) ? batch_error_of(q->status) : error);
	}
}

void batch_settle(struct requester *r, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (b->requests[i]->cancelled)
			continue;
		struct request *q = batch_remove(b, i);
		request_end(r, q, batch_error_of(q->status));
	}
	batch_free(r, b);
}

void batch_fail(struct requester *r, struct batch *b, int error)
{
	bool silence = error == DHT_ERR_TIMEOUT || error == DHT_ERR_UNREACHABLE;
	bool nobody = silence && !b->pinned && r->heard_us <= b->first_sent_us;

	if (b->kind != REQUEST_LEARN)
		r->trip = (struct requester_trip){.server = b->server, .tries = b->tries};
	fail_requests(r, b, error);
	batch_free(r, b);
	if (nobody)
		request_fail_queued(r, error);
}

static void give_up(struct requester *r, struct batch *b, int error)
{
	if (b->granted)
		watch_pause(r, b);
	else
		batch_fail(r, b, error);
}

static void no_answer(struct requester *r, struct batch *b)
{
	shrink_window(r);
	if (has_gaps(b))
		b->tries = b->tries_here = 0;
	bool last = b->tries >= b->tries_max;
	if (last || b->tries_here >= tries_per_server(r, b)) {
		servers_avoid(r, b->server);
		if (!last)
			try_elsewhere(r, b, servers_next(r, b->server));
	} else {
		/* Others may have found out already. */
		try_elsewhere(r, b,
			servers_avoided(r, b->server) ? servers_better(r, b->server) : b->server);
	}
	if (last)
		give_up(r, b, b->complaint ? b->complaint : DHT_ERR_TIMEOUT);
	else
		batch_set(r, b, BATCH_DUE, 0);
}

/* A watch that is to be renewed, perhaps elsewhere. */
static void renew(struct requester *r, struct batch *b)
{
	batch_compact(r, b);
	b->tries = b->tries_here = 1;
	b->refusals = 0;
	b->complaint = 0;
	b->first_sent_us = 0;
	leave_avoided(r, b);
	batch_set(r, b, BATCH_DUE, 0);
}

void batch_due(struct requester *r, struct batch *b)
{
	switch ((enum batch_state)b->state) {
	case BATCH_FLYING:
		if (b->kind == REQUEST_WANT)
			plain_want_due(r, b);
		else
			no_answer(r, b);
		break;
	case BATCH_RESTING: renew(r, b); break;
	case BATCH_PAUSED:
		leave_avoided(r, b);
		batch_set(r, b, BATCH_DUE, 0);
		break;
	case BATCH_DUE: break; /* has no deadline */
	}
}

void batches_leave(struct requester *r, uint32_t server)
{
	for (const struct link *l = r->others.next; l != &r->others; l = l->next) {
		struct batch *b = batch_of(l);
		bool wants = b->kind == REQUEST_WANT && b->state == BATCH_FLYING;
		if (b->server != server || (b->state != BATCH_RESTING && !wants))
			continue;
		b->refusals++;
		b->deadline_us = r->deadline_us = r->now.mono_us;
	}
}

void batch_refused(struct requester *r, struct batch *b, int error)
{
	uint32_t servers = servers_of(r, b);

	servers_avoid(r, b->server);
	b->refusals++;
	if (b->kind == REQUEST_WANT) {
		plain_want_refused(r, b);
		return;
	}
	if (b->refusals >= REFUSALS_EACH * servers || b->tries >= b->tries_max) {
		give_up(r, b, error);
		return;
	}
	try_elsewhere(r, b, servers_next(r, b->server));
	if (b->refusals % servers == 0)
		batch_set(r, b, BATCH_PAUSED, r->now.mono_us + r->timeout_ms * US_PER_MS);
	else
		batch_set(r, b, BATCH_DUE, 0);
}

/* Soon again, after a pause. */
static void pause_batch(struct requester *r, struct batch *b)
{
	batch_set(r, b, BATCH_PAUSED, r->now.mono_us + batch_timeout_us(r, b));
}

void batch_late(struct requester *r, struct batch *b)
{
	bool leave = b->tries_here >= tries_per_server(r, b);

	if (++b->late >= LATE_MAX || b->tries >= b->tries_max) {
		batch_settle(r, b);
		return;
	}
	pause_batch(r, b);
	try_elsewhere(r, b, leave ? servers_better(r, b->server) : b->server);
}

void batch_rate_limited(struct requester *r, struct batch *b)
{
	shrink_window(r);
	r->hold_us = r->now.mono_us + r->timeout_ms * US_PER_MS;
	b->complaint = DHT_ERR_RATE_LIMITED;
	if (b->tries >= b->tries_max) {
		give_up(r, b, DHT_ERR_RATE_LIMITED);
		return;
	}
	pause_batch(r, b);
	b->tries++;
	b->tries_here++;
}
