/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/watch_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/keyed.h"

/* The memory of something whose first member is this link is freed when the lock is given back. */
static void bury(struct watch *w, struct link *first)
{
	assert(link_alone(first));
	link_append(&w->graves, first);
}

static uint64_t hash_print(const struct watch *w, struct span hash)
{
	return keyed_hash64(w->secret, hash.p, hash.len);
}

/* A client's fingerprint beside a number, and beside a transaction id unless that is NULL. */
static uint64_t client_print(
	const struct watch *w, uint64_t number, const struct addr *remote, const uint8_t *txid)
{
	uint8_t data[8 + 16 + 2 + MSG_TXID_LEN] = {0};

	store_be64(data, number);
	memcpy(data + 8, remote->ip.b, 16);
	store_be16(data + 24, remote->port);
	if (txid)
		memcpy(data + 26, txid, MSG_TXID_LEN);
	return keyed_hash64(w->secret, data, sizeof(data));
}

uint64_t event_print(const struct watch *w, const struct subscription *sub, uint32_t seq)
{
	return client_print(w, seq, &sub->flow.remote, sub->txid);
}

struct topic *topic_find(const struct watch *w, struct span hash)
{
	struct hmap_node *n = hmap_first(&w->topics, hash_print(w, hash));

	for (; n; n = hmap_next(n)) {
		struct topic *t = container_of(n, struct topic, by_hash);
		if (t->hash.len == hash.len && memcmp(t->hash.b, hash.p, hash.len) == 0)
			return t;
	}
	return NULL;
}

static struct topic *topic_get(struct watch *w, const struct table_key *key, struct spares *spares)
{
	struct topic *t = topic_find(w, key->hash);

	if (t)
		return t;
	t = spares->topic;
	spares->topic = NULL;
	t->hash = hash_of(key->hash);
	t->partition = key->partition;
	link_init(&t->grave);
	link_init(&t->wants);
	link_init(&t->members);
	hmap_add(&w->topics, &t->by_hash, hash_print(w, key->hash));
	atomic_fetch_add_explicit(&w->any[t->partition], 1, memory_order_relaxed);
	return t;
}

/* One user less; without any the topic ends. */
static void topic_release(struct watch *w, struct topic *t)
{
	assert(t->users > 0);
	if (--t->users > 0)
		return;
	assert(link_alone(&t->wants) && link_alone(&t->members));
	atomic_fetch_sub_explicit(&w->any[t->partition], 1, memory_order_relaxed);
	hmap_remove(&w->topics, &t->by_hash);
	bury(w, &t->grave);
}

static struct watcher *watcher_from(
	struct hmap_node *n, const struct topic *t, const struct addr *remote)
{
	for (; n; n = hmap_next(n)) {
		struct watcher *x = container_of(n, struct watcher, by_address);
		if (x->topic == t && addr_equal(&x->flow.remote, remote))
			return x;
	}
	return NULL;
}

struct watcher *watcher_first(
	const struct watch *w, const struct topic *t, const struct addr *remote)
{
	uint64_t print = client_print(w, t->by_hash.print, remote, NULL);

	return watcher_from(hmap_first(&w->watchers, print), t, remote);
}

/* The next of the same client's for the same hash. */
struct watcher *watcher_next(const struct watcher *x)
{
	return watcher_from(hmap_next(&x->by_address), x->topic, &x->flow.remote);
}

static uint16_t source_of(const struct watch *w, const struct ip *ip)
{
	return (uint16_t)(keyed_hash64(w->secret, ip->b, sizeof(ip->b)) % WATCH_SOURCES);
}

/* Of so many places; the others are for those who have proven their address. */
static uint32_t share_of(uint32_t places, bool is_want)
{
	return is_want ? places / 4 * 3 : places;
}

int watcher_make(struct watch *w, const struct table_key *key, const struct flow *flow,
	uint64_t until_ms, bool is_want, struct spares *spares, struct watcher **out)
{
	struct watcher *x = spares->watcher;
	uint16_t source = source_of(w, &flow->remote.ip);

	if (w->ends.count >= share_of(WATCH_MAX, is_want))
		return DHT_EFULL;
	if (!is_server(flow) && w->sources[source] >= share_of(WATCH_MAX_SOURCE, is_want))
		return DHT_EFULL;
	spares->watcher = NULL;
	x->topic = topic_get(w, key, spares);
	x->topic->users++;
	x->flow = *flow;
	x->source = source;
	w->sources[source]++;
	link_init(&x->in_topic);
	link_init(&x->in_sub);
	hmap_add(&w->watchers, &x->by_address,
		client_print(w, x->topic->by_hash.print, &flow->remote, NULL));
	heap_set(&w->ends, &x->end, until_ms);
	*out = x;
	return 0;
}

static void watcher_unlink(struct watch *w, struct watcher *x)
{
	if (w->walk == &x->in_topic)
		w->walk = x->in_topic.next;
	link_remove(&x->in_topic);
	link_remove(&x->in_sub);
	hmap_remove(&w->watchers, &x->by_address);
	heap_remove(&w->ends, &x->end);
	w->sources[x->source]--;
	topic_release(w, x->topic);
	bury(w, &x->in_topic);
}

void event_free(struct watch *w, struct event *e)
{
	link_remove(&e->in_queue);
	link_remove(&e->in_sub);
	hmap_remove(&w->events, &e->by_seq);
	w->event_count--;
	bury(w, &e->in_queue);
}

void sub_end(struct watch *w, struct subscription *sub)
{
	while (!link_alone(&sub->members))
		watcher_unlink(w, container_of(sub->members.next, struct watcher, in_sub));
	while (!link_alone(&sub->events))
		event_free(w, container_of(sub->events.next, struct event, in_sub));
	hmap_remove(&w->subs, &sub->by_txid);
	bury(w, &sub->grave);
}

void watcher_free(struct watch *w, struct watcher *x)
{
	struct subscription *sub = x->sub;

	watcher_unlink(w, x);
	if (sub && link_alone(&sub->members))
		sub_end(w, sub);
}

struct subscription *sub_find(const struct watch *w, const struct addr *remote, const uint8_t *txid)
{
	struct hmap_node *n = hmap_first(&w->subs, client_print(w, 0, remote, txid));

	for (; n; n = hmap_next(n)) {
		struct subscription *sub = container_of(n, struct subscription, by_txid);
		if (addr_equal(&sub->flow.remote, remote) &&
			memcmp(sub->txid, txid, MSG_TXID_LEN) == 0)
			return sub;
	}
	return NULL;
}

struct subscription *sub_get(
	struct watch *w, const struct flow *flow, const uint8_t *txid, struct spares *spares)
{
	struct subscription *sub = sub_find(w, &flow->remote, txid);

	if (sub)
		return sub;
	sub = spares->sub;
	spares->sub = NULL;
	sub->flow = *flow;
	memcpy(sub->txid, txid, MSG_TXID_LEN);
	link_init(&sub->grave);
	link_init(&sub->members);
	link_init(&sub->events);
	hmap_add(&w->subs, &sub->by_txid, client_print(w, 0, &flow->remote, txid));
	return sub;
}

void post_free(struct watch *w, struct post *p)
{
	if (w->posts.next == &p->in_queue)
		w->walk = NULL;
	link_remove(&p->in_queue);
	w->post_count--;
	topic_release(w, p->topic);
	bury(w, &p->in_queue);
}
