/* SPDX-License-Identifier: BSD-2-Clause */
/* One request, from its start to its end. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/keyed.h"
#include "client/plain.h"
#include "client/state.h"

void requester_derive(struct requester *r, uint8_t *to, size_t len)
{
	while (len > 0) {
		uint8_t tag[16];
		size_t part = len < sizeof(tag) ? len : sizeof(tag);
		r->counter++;
		keyed_tag(r->secret, &r->counter, sizeof(r->counter), tag);
		memcpy(to, tag, part);
		to += part;
		len -= part;
	}
}

/* Which kinds there are messages for, when only the base ones are spoken. */
static bool kind_is_spoken(const struct requester *r, enum request_kind kind)
{
	if (!r->base_only)
		return true;
	return kind == REQUEST_GET || kind == REQUEST_PUT || kind == REQUEST_PING ||
	       kind == REQUEST_WANT || kind == REQUEST_EXIT;
}

static void set_put(struct request *q, const struct dht_put_options *put)
{
	if (!put)
		return;
	if (put->ip)
		memcpy(q->ip.b, put->ip, sizeof(q->ip.b));
	q->port = put->port;
	q->ttl_s = put->ttl_s;
}

static bool set_password(struct request *q, struct span password)
{
	assert(password.len <= REQUESTER_PASSWORD_MAX);
	q->password = malloc(password.len + 1);
	if (!q->password)
		return false;
	if (password.len)
		memcpy(q->password, password.p, password.len);
	q->password_len = password.len;
	return true;
}

static struct request *request_new(struct requester *r, const struct request_spec *spec)
{
	struct request *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	link_init(&q->link);
	link_init(&q->news);
	q->kind = (uint8_t)spec->kind;
	q->server = spec->server;
	q->tries = spec->tries;
	q->user = spec->user;
	q->status = DHT_NO_ANSWER;
	if (spec->hash) {
		assert(spec->hash->len >= 1 && spec->hash->len <= DHT_HASH_MAX);
		q->hash = *spec->hash;
	} else if (spec->kind == REQUEST_PING) {
		/* By base messages it is a GET for what nobody has. */
		q->hash.len = 32;
		requester_derive(r, q->hash.bytes, q->hash.len);
	}
	if (spec->kind == REQUEST_PUT || spec->kind == REQUEST_DROP)
		set_put(q, spec->put);
	if (spec->kind == REQUEST_EXIT && !set_password(q, spec->password)) {
		free(q);
		return NULL;
	}
	return q;
}

void request_free(struct request *q)
{
	switch ((enum request_kind)q->kind) {
	case REQUEST_GET:
	case REQUEST_SERVERS:
	case REQUEST_WANT: providers_fini(&q->found); break;
	case REQUEST_WATCH: free(q->watching.items); break;
	case REQUEST_PING: free(q->info); break;
	case REQUEST_EXIT:
		sodium_memzero(q->password, q->password_len);
		free(q->password);
		break;
	case REQUEST_PUT:
	case REQUEST_DROP:
	case REQUEST_UNWATCH:
	case REQUEST_LEARN:
	case REQUEST_KINDS: break;
	}
	free(q);
}

void request_enqueue(struct requester *r, struct request *q, bool first)
{
	q->place = PLACE_QUEUE;
	q->batch = NULL;
	/* Before the first, or before the ring itself, which is the end. */
	link_append(first ? r->queues[q->kind].next : &r->queues[q->kind], &q->link);
}

struct request *requester_start(struct requester *r, const struct request_spec *spec)
{
	if (!kind_is_spoken(r, spec->kind))
		return NULL;
	struct request *q = request_new(r, spec);
	if (!q)
		return NULL;
	if (spec->kind != REQUEST_WANT) {
		request_enqueue(r, q, false);
	} else if (!request_look_up(r, q)) {
		request_free(q);
		return NULL;
	}
	return q;
}

bool request_look_up(struct requester *r, struct request *q)
{
	struct request_spec spec = {
		.kind = REQUEST_GET,
		.hash = &q->hash,
		.server = q->server,
		.tries = q->tries,
	};

	assert(!q->child);
	q->child = requester_start(r, &spec);
	if (!q->child)
		return false;
	q->child->parent = q;
	if (q->kind == REQUEST_WANT)
		q->place = PLACE_HELD;
	return true;
}

void request_tell(struct requester *r, struct request *q)
{
	if (link_alone(&q->news))
		link_append(&r->news, &q->news);
}

static void cancel_child(struct requester *r, struct request *q)
{
	struct request *child = q->child;

	if (!child)
		return;
	q->child = NULL;
	child->parent = NULL;
	requester_cancel(r, child);
}

/* Nobody waits for it. */
static bool is_our_own(const struct request *q)
{
	return q->kind == REQUEST_UNWATCH || q->kind == REQUEST_LEARN;
}

void request_end(struct requester *r, struct request *q, int error)
{
	struct request *parent = q->parent;

	q->place = PLACE_END;
	q->batch = NULL;
	q->error = error;
	cancel_child(r, q);
	if (parent) {
		parent->child = NULL;
		if (parent->kind == REQUEST_WANT)
			plain_want_looked_up(r, parent, q);
		else
			watching_looked_up(r, parent, q);
	}
	if (parent || q->cancelled || is_our_own(q))
		request_free(q);
	else
		request_tell(r, q);
}

/* The server would go on sending events until the watch runs out. */
static void say_farewell(struct requester *r, const struct request *q)
{
	struct request_spec spec = {
		.kind = REQUEST_UNWATCH,
		.hash = &q->hash,
		.server = (int)q->batch->granted_by,
	};

	requester_start(r, &spec);
}

void requester_cancel(struct requester *r, struct request *q)
{
	cancel_child(r, q);
	link_remove(&q->news);
	switch ((enum request_place)q->place) {
	case PLACE_QUEUE: link_remove(&q->link); break;
	case PLACE_HELD:
	case PLACE_END: break;
	case PLACE_BATCH:
		if (q->kind == REQUEST_WATCH && q->batch->granted)
			say_farewell(r, q);
		q->cancelled = true;
		if (--q->batch->live == 0)
			batch_free(r, q->batch);
		return;
	}
	request_free(q);
}

void request_fail_queued(struct requester *r, int error)
{
	for (unsigned kind = 0; kind < REQUEST_KINDS; kind++) {
		struct request *q = queue_first(r, kind), *next;
		for (; q; q = next) {
			next = queue_next(r, kind, &q->link);
			/* A want waits for a slot, not for the window, and outlives silence. */
			if (q->server >= 0 || q->kind == REQUEST_WANT)
				continue;
			link_remove(&q->link);
			request_end(r, q, error);
		}
	}
}

/* What the end of a request says; what it found goes over to the outcome. */
static void fill_end(struct request *q, struct outcome *out)
{
	*out = (struct outcome){
		.kind = OUTCOME_END,
		.user = q->user,
		.hash = &q->hash,
		.error = q->error,
		.status = q->status,
	};
	if (q->kind == REQUEST_PUT)
		out->ttl_s = q->granted_s;
	if (q->kind == REQUEST_PING)
		out->info = q->info;
	if (q->kind != REQUEST_GET && q->kind != REQUEST_WANT && q->kind != REQUEST_SERVERS)
		return;
	out->answer.error = q->error;
	if (q->error)
		return;
	out->answer.total = q->total;
	out->answer.provider_count = q->found.count;
	out->answer.providers = q->found.items;
	q->found = (struct providers){0};
}

bool requester_has_news(const struct requester *r)
{
	return !link_alone(&r->news);
}

const struct dht_hash *request_hash_of(const struct request *q)
{
	return &q->hash;
}

bool requester_take(struct requester *r, struct outcome *out)
{
	if (r->taken) {
		request_free(r->taken);
		r->taken = NULL;
	}
	while (!link_alone(&r->news)) {
		struct request *q = container_of(r->news.next, struct request, news);
		if (q->kind == REQUEST_WATCH && watching_take(q, out))
			return true;
		link_remove(&q->news);
		if (q->place == PLACE_END) {
			fill_end(q, out);
			r->taken = q;
			return true;
		}
	}
	return false;
}
