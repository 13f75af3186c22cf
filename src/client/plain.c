/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/plain.h"

#include <assert.h>

#include "wire/list.h"

#define GETS_MAX          32
#define BURSTS_MAX        2
#define WANTS_MAX         30
#define PUTS_EACH         32
#define WANT_SENDS        3
#define WANT_TURN_S       30
#define WANT_CHECK_TURN_S 10 /* where there are other servers */
#define WANT_SHORT_TURN_S 2

_Static_assert(GETS_MAX + BURSTS_MAX + WANTS_MAX < REQUESTER_SLOTS, "a slot for each, and slot 0");

static uint32_t gets_max(const struct requester *r)
{
	return r->window < GETS_MAX ? r->window : GETS_MAX;
}

bool plain_may_start(const struct requester *r, enum request_kind kind)
{
	switch (kind) {
	case REQUEST_GET:
	case REQUEST_PING:
		return r->slots_used[REQUEST_GET] + r->slots_used[REQUEST_PING] < gets_max(r);
	case REQUEST_PUT: return r->slots_used[kind] < BURSTS_MAX;
	case REQUEST_WANT: return r->slots_used[kind] < WANTS_MAX;
	default: return true;
	}
}

size_t plain_pack(const struct requester *r, enum request_kind kind)
{
	const struct request *first = queue_first(r, kind), *q = first;
	size_t count = 0;

	if (kind != REQUEST_PUT)
		return 1;
	while (q && count < PUTS_EACH && requests_go_together(first, q)) {
		count++;
		q = queue_next(r, kind, &q->link);
	}
	return count;
}

void plain_take_slot(struct requester *r, struct batch *b)
{
	uint16_t i = 1;

	if (b->kind == REQUEST_EXIT)
		return;
	while (i < REQUESTER_SLOTS && r->slots[i].batch)
		i++;
	assert(i < REQUESTER_SLOTS);
	b->slot = i;
	r->slots[i].batch = b;
	r->slots[i].generation++;
	r->slots_used[b->kind]++;
}

void plain_give_slot(struct requester *r, struct batch *b)
{
	r->slots[b->slot].batch = NULL;
	r->slots_used[b->kind]--;
	b->slot = 0;
}

/* ---- Out ---- */

static size_t encode(const struct requester *r, const struct msg *m, uint8_t *bytes)
{
	int len = msg_encode(m, bytes, r->max_datagram);

	return len > 0 ? (size_t)len : 0;
}

static size_t compose_put(
	const struct requester *r, const struct batch *b, const struct request *q, uint8_t *bytes)
{
	const struct ip *local = &r->servers[b->server].local;
	struct msg m = {.type = MSG_PUT, .put = {.ip = q->ip, .hash = request_hash(q)}};

	if (ip_is_unspecified(&q->ip))
		m.put.ip = *local;
	return ip_is_unspecified(&m.put.ip) ? 0 : encode(r, &m, bytes);
}

size_t plain_compose(const struct requester *r, const struct batch *b, uint8_t *bytes, bool *more)
{
	const struct request *last = b->requests[b->count - 1];
	struct msg m = {.type = MSG_GET, .get.hash = request_hash(last)};

	*more = false;
	if (b->kind == REQUEST_PUT && b->step < b->count) {
		*more = true;
		return compose_put(r, b, b->requests[b->step], bytes);
	}
	if (b->kind == REQUEST_WANT)
		m.type = MSG_WANT;
	if (b->kind == REQUEST_EXIT) {
		m.type = MSG_EXIT;
		m.exit.password = (struct span){.p = last->password, .len = last->password_len};
	}
	return encode(r, &m, bytes);
}

/* ---- Wants ---- */

static void look_again(struct requester *r, struct batch *b)
{
	struct request *q = batch_remove(b, 0);

	batch_free(r, b);
	if (!request_look_up(r, q))
		request_end(r, q, DHT_ERR_MEMORY);
}

static uint64_t turn_us(const struct requester *r)
{
	if (!link_alone(&r->queues[REQUEST_WANT]))
		return WANT_SHORT_TURN_S * US_PER_S;
	return (r->server_count > 1 ? WANT_CHECK_TURN_S : WANT_TURN_S) * US_PER_S;
}

void plain_want_due(struct requester *r, struct batch *b)
{
	uint64_t end_us = b->first_sent_us + turn_us(r);

	if (b->refusals != 0 || r->now.mono_us >= end_us) {
		look_again(r, b);
	} else if (b->tries < WANT_SENDS) {
		b->tries++;
		batch_set(r, b, BATCH_DUE, 0);
	} else {
		batch_set(r, b, BATCH_FLYING, end_us);
	}
}

void plain_want_refused(struct requester *r, struct batch *b)
{
	/* The lookup that comes next finds a better server; not at once, lest this be a loop. */
	batch_set(r, b, BATCH_FLYING, r->now.mono_us + r->timeout_ms * US_PER_MS);
}

void plain_want_looked_up(struct requester *r, struct request *want, struct request *lookup)
{
	if (lookup->error && !want->established) {
		request_end(r, want, lookup->error);
	} else if (lookup->found.count > 0) {
		want->found = lookup->found;
		want->total = lookup->total;
		lookup->found = (struct providers){0};
		request_end(r, want, 0);
	} else {
		want->established = true;
		request_enqueue(r, want, false);
	}
}

/* ---- In ---- */

/* The whole HAVE is the answer to one request. */
static void take_have(struct requester *r, struct batch *b, const struct msg_have *have)
{
	struct request *q = batch_remove(b, 0);
	struct span rest = have->ips;
	struct ip ip;
	int err = 0;

	while (b->kind != REQUEST_PING && err == 0 && ip_next(&rest, &ip)) {
		struct dht_provider one = provider_of(&ip, 0, 0);
		err = providers_add(&q->found, &one);
	}
	if (b->kind != REQUEST_PING) {
		providers_sort(&q->found);
		q->total = (uint32_t)q->found.count;
	}
	request_end(r, q, err);
}

static void burst_was_read(struct requester *r, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (b->requests[i]->cancelled)
			continue;
		struct request *q = batch_remove(b, i);
		q->status = DHT_STORED;
		request_end(r, q, 0);
	}
}

void plain_have(struct requester *r, struct requester_path path, const struct addr *from,
	const struct msg_have *have)
{
	const struct slot *slot = path.slot < REQUESTER_SLOTS ? &r->slots[path.slot] : NULL;
	struct batch *b = slot ? slot->batch : NULL;
	int server = b && slot->generation == path.generation ? batch_asked(r, b, from) : -1;

	if (server < 0)
		return;
	servers_heard(r, (uint32_t)server);
	batch_heard(r, b, (uint32_t)server);
	if (b->kind == REQUEST_WANT && have->ips.len == 0)
		return;
	if (b->kind == REQUEST_PUT)
		burst_was_read(r, b);
	else
		take_have(r, b, have);
	batch_free(r, b);
}
