/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/requester.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "client/plain.h"
#include "client/state.h"

static void set_servers(struct requester *r, const struct requester_config *config)
{
	assert(config->server_count >= 1 && config->server_count <= REQUESTER_SERVERS_MAX);
	r->server_count = r->own_count = (uint32_t)config->server_count;
	for (size_t i = 0; i < config->server_count; i++) {
		r->servers[i].addr = config->servers[i].addr;
		r->servers[i].local = config->servers[i].local;
	}
}

static void set_key(struct requester *r, const struct requester_config *config)
{
	size_t len = config->key_name ? strlen(config->key_name) : 0;

	assert(len <= REQUESTER_KEY_NAME_MAX);
	if (len == 0)
		return;
	r->key_name_len = (uint8_t)len;
	memcpy(r->key_name, config->key_name, len);
	memcpy(r->key, config->key, sizeof(r->key));
}

struct requester *requester_new(
	const struct requester_config *config, const uint8_t secret[static REQUESTER_SECRET_LEN])
{
	struct requester *r = calloc(1, sizeof(*r));
	uint8_t seed[8];

	if (!r)
		return NULL;
	assert(config->tries >= 1 && config->timeout_ms >= 1);
	assert(config->window >= 1 && config->window <= REQUESTER_WINDOW_MAX);
	assert(config->max_datagram >= REQUESTER_DATAGRAM_MIN &&
		config->max_datagram <= MSG_DATAGRAM_MAX);
	set_servers(r, config);
	set_key(r, config);
	r->timeout_ms = config->timeout_ms;
	r->tries = config->tries;
	r->window = config->window;
	r->window_now = config->window * WINDOW_UNIT;
	r->base_only = config->base_only;
	r->max_datagram = config->max_datagram;
	r->deadline_us = NEVER_US;
	r->trip.server = SIZE_MAX;
	memcpy(r->secret, secret, sizeof(r->secret));
	requester_derive(r, seed, sizeof(seed));
	rng_init(&r->rng, load_be64(seed));
	for (unsigned kind = 0; kind < REQUEST_KINDS; kind++)
		link_init(&r->queues[kind]);
	link_init(&r->due);
	link_init(&r->others);
	link_init(&r->news);
	hmap_init(&r->by_txid, r->chains, TXID_CHAINS);
	return r;
}

void requester_set_learning(struct requester *r, bool on)
{
	r->learning = on && !r->base_only;
}

size_t requester_server_count(const struct requester *r)
{
	return r->server_count;
}

const struct addr *requester_server(const struct requester *r, size_t i)
{
	assert(i < r->server_count);
	return &r->servers[i].addr;
}

uint32_t requester_changes(const struct requester *r)
{
	return r->changes;
}

/* A want is nowhere while its lookup is under way; a watch and its lookup are freed in any order.
 */
static void free_with_parent(struct request *q)
{
	if (q->child)
		q->child->parent = NULL;
	if (q->parent)
		q->parent->child = NULL;
	if (q->parent && q->parent->kind == REQUEST_WANT)
		request_free(q->parent);
	request_free(q);
}

static void free_batches(struct link *ring)
{
	while (!link_alone(ring)) {
		struct batch *b = batch_of(ring->next);
		link_remove(&b->link);
		for (size_t i = 0; i < b->count; i++)
			if (b->requests[i])
				free_with_parent(b->requests[i]);
		free(b);
	}
}

void requester_free(struct requester *r)
{
	struct request *q;

	if (!r)
		return;
	while (!link_alone(&r->news)) {
		q = container_of(r->news.next, struct request, news);
		link_remove(&q->news);
		if (q->place == PLACE_END)
			request_free(q);
	}
	for (unsigned kind = 0; kind < REQUEST_KINDS; kind++) {
		while ((q = queue_first(r, kind))) {
			link_remove(&q->link);
			free_with_parent(q);
		}
	}
	free_batches(&r->due);
	free_batches(&r->others);
	if (r->taken)
		request_free(r->taken);
	sodium_memzero(r, sizeof(*r));
	free(r);
}

/* ---- Out ---- */

/* A batch of the next kind in turn that may start; NULL when none may. */
static struct batch *start_next(struct requester *r)
{
	for (unsigned i = 0; i < REQUEST_KINDS; i++) {
		unsigned kind = (r->turn + i) % REQUEST_KINDS;
		while (batch_may_start(r, kind)) {
			struct batch *b = batch_start(r, kind);
			if (!b)
				continue;
			r->turn = kind + 1;
			return b;
		}
	}
	return NULL;
}

static struct batch *next_due(struct requester *r)
{
	return link_alone(&r->due) ? start_next(r) : batch_of(r->due.next);
}

bool requester_has_output(const struct requester *r)
{
	if (r->seen_count != 0 || !link_alone(&r->due))
		return true;
	for (unsigned kind = 0; kind < REQUEST_KINDS; kind++)
		if (batch_may_start(r, kind))
			return true;
	return false;
}

static void output_seen(struct requester *r, uint8_t *bytes, struct requester_datagram *out)
{
	const struct seen *seen = &r->seens[r->seen_first];

	*out = (struct requester_datagram){
		.len = compose_seen(r, seen, bytes),
		.server = seen->server,
	};
	r->seen_first = (r->seen_first + 1) % SEENS_MAX;
	r->seen_count--;
}

/* Nothing is awaited of a farewell, nor of EXIT, which has no answer. */
static bool is_over_when_sent(const struct batch *b)
{
	return b->kind == REQUEST_EXIT || b->kind == REQUEST_UNWATCH;
}

static void output_sent(struct requester *r, struct batch *b, bool more)
{
	if (more) {
		b->step++;
	} else if (is_over_when_sent(b)) {
		for (size_t i = 0; i < b->count; i++)
			request_end(r, batch_remove(b, i), 0);
		batch_free(r, b);
	} else {
		batch_sent(r, b);
	}
}

bool requester_output(struct requester *r, const struct requester_time *now, uint8_t *bytes,
	struct requester_datagram *out)
{
	struct batch *b;

	r->now = *now;
	if (r->seen_count != 0) {
		output_seen(r, bytes, out);
		return true;
	}
	while ((b = next_due(r))) {
		bool more = false;
		size_t len = b->plain ? plain_compose(r, b, bytes, &more)
		                      : compose_batch(r, b, bytes);
		if (len == 0) {
			batch_refused(r, b, DHT_ERR_UNREACHABLE);
			continue;
		}
		*out = (struct requester_datagram){
			.len = len,
			.server = b->server,
			.path = {.slot = b->slot, .generation = r->slots[b->slot].generation},
		};
		output_sent(r, b, more);
		return true;
	}
	return false;
}

/* ---- Time ---- */

/* One of others that is due; NULL when none is. What is done to it may change the whole list. */
static struct batch *first_due(const struct requester *r)
{
	for (const struct link *l = r->others.next; l != &r->others; l = l->next)
		if (batch_of(l)->deadline_us <= r->now.mono_us)
			return batch_of(l);
	return NULL;
}

void requester_tick(struct requester *r, const struct requester_time *now)
{
	struct batch *b;

	r->now = *now;
	if (r->hold_us != 0 && r->hold_us <= now->mono_us)
		r->hold_us = 0;
	if (now->mono_us < r->deadline_us)
		return;
	while ((b = first_due(r)))
		batch_due(r, b);
	r->deadline_us = NEVER_US;
	for (const struct link *l = r->others.next; l != &r->others; l = l->next)
		if (batch_of(l)->deadline_us < r->deadline_us)
			r->deadline_us = batch_of(l)->deadline_us;
}

uint64_t requester_deadline(const struct requester *r)
{
	if (r->hold_us != 0 && r->hold_us < r->deadline_us)
		return r->hold_us;
	return r->deadline_us;
}

/* ---- What the network says ---- */

static struct batch *flying_to(const struct requester *r, size_t server)
{
	for (const struct link *l = r->others.next; l != &r->others; l = l->next) {
		struct batch *b = batch_of(l);
		if (b->state == BATCH_FLYING && b->slot == 0 && b->server == server)
			return b;
	}
	return NULL;
}

void requester_unreachable(struct requester *r, const struct requester_time *now,
	struct requester_path path, size_t server)
{
	struct batch *b;

	r->now = *now;
	if (path.slot == 0) {
		while ((b = flying_to(r, server)))
			batch_refused(r, b, DHT_ERR_UNREACHABLE);
		return;
	}
	assert(path.slot < REQUESTER_SLOTS);
	const struct slot *slot = &r->slots[path.slot];
	b = slot->batch;
	if (b && slot->generation == path.generation && b->server == server &&
		b->state == BATCH_FLYING)
		batch_refused(r, b, DHT_ERR_UNREACHABLE);
}

struct requester_trip requester_last_trip(const struct requester *r)
{
	return r->trip;
}
