/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/watch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/watch_parts.h"

struct watch *watch_new(const uint8_t secret[static 16])
{
	/* 3 MB, of which the system gives only what is touched. */
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	memcpy(w->secret, secret, sizeof(w->secret));
	hmap_init(&w->topics, w->chains[0], WATCH_CHAINS);
	hmap_init(&w->watchers, w->chains[1], WATCH_CHAINS);
	hmap_init(&w->subs, w->chains[2], WATCH_CHAINS);
	hmap_init(&w->events, w->chains[3], WATCH_CHAINS);
	heap_init(&w->ends, w->slots, WATCH_MAX);
	link_init(&w->fired);
	link_init(&w->posts);
	link_init(&w->graves);
	for (size_t i = 0; i < WATCH_EVENT_TRIES; i++)
		link_init(&w->sent[i]);
	atomic_init(&w->deadline, UINT64_MAX);
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	spin_lock(&w->lock);
	while (!link_alone(&w->posts))
		post_free(w, container_of(w->posts.next, struct post, in_queue));
	while (heap_first(&w->ends))
		watcher_free(w, container_of(heap_first(&w->ends), struct watcher, end));
	watch_unlock(w);
	free(w);
}

static struct event *event_at(struct link *in_queue)
{
	return container_of(in_queue, struct event, in_queue);
}

struct event *watch_first_sent(const struct watch *w, size_t try)
{
	const struct link *queue = &w->sent[try];

	return link_alone(queue) ? NULL : event_at(queue->next);
}

static uint64_t next_due_ms(const struct watch *w)
{
	uint64_t due = heap_first(&w->ends) ? heap_first(&w->ends)->key : UINT64_MAX;

	if (!link_alone(&w->fired) || !link_alone(&w->posts))
		return 0;
	for (size_t i = 0; i < WATCH_EVENT_TRIES; i++) {
		const struct event *e = watch_first_sent(w, i);
		if (e && e->due_ms < due)
			due = e->due_ms;
	}
	return due;
}

void watch_unlock(struct watch *w)
{
	struct link graves;

	link_init(&graves);
	link_move_all(&graves, &w->graves);
	atomic_store_explicit(&w->deadline, next_due_ms(w), memory_order_relaxed);
	spin_unlock(&w->lock);
	while (!link_alone(&graves)) {
		struct link *grave = graves.next;
		link_remove(grave);
		free(grave);
	}
}

static bool spares_make(struct spares *s, bool with_sub)
{
	s->topic = calloc(1, sizeof(*s->topic));
	s->watcher = calloc(1, sizeof(*s->watcher));
	s->sub = with_sub ? calloc(1, sizeof(*s->sub)) : NULL;
	return s->topic && s->watcher && (s->sub || !with_sub);
}

static void spares_free(struct spares *s)
{
	free(s->topic);
	free(s->watcher);
	free(s->sub);
}

static struct watcher *want_find(const struct watch *w, struct span hash, const struct addr *remote)
{
	const struct topic *t = topic_find(w, hash);
	struct watcher *x = t ? watcher_first(w, t, remote) : NULL;

	while (x && x->sub)
		x = watcher_next(x);
	return x;
}

static int want_locked(struct watch *w, const struct table_key *key, const struct flow *flow,
	uint64_t until_ms, struct spares *spares, struct watcher **out)
{
	struct watcher *x = want_find(w, key->hash, &flow->remote);

	if (x) {
		x->flow = *flow;
		heap_set(&w->ends, &x->end, until_ms);
		*out = x;
		return 0;
	}
	int err = watcher_make(w, key, flow, until_ms, true, spares, out);
	if (!err)
		link_append(&(*out)->topic->wants, &(*out)->in_topic);
	return err;
}

int watch_want(struct watch *w, const struct table_key *key, const struct flow *flow, size_t room,
	uint64_t until_ms)
{
	struct spares spares;
	struct watcher *x;
	int err = DHT_ENOMEM;

	if (spares_make(&spares, false)) {
		spin_lock(&w->lock);
		err = want_locked(w, key, flow, until_ms, &spares, &x);
		if (!err)
			x->room = (uint32_t)room;
		watch_unlock(w);
	}
	spares_free(&spares);
	return err;
}

bool watch_unwant(struct watch *w, const struct table_key *key, const struct addr *remote)
{
	spin_lock(&w->lock);
	struct watcher *x = want_find(w, key->hash, remote);
	if (x)
		watcher_free(w, x);
	watch_unlock(w);
	return x != NULL;
}

/* The member of this subscription, and how many others the client has for the same hash. */
static struct watcher *member_find(const struct watch *w, struct span hash,
	const struct addr *remote, const struct subscription *sub, size_t *same)
{
	const struct topic *t = topic_find(w, hash);
	struct watcher *x = t ? watcher_first(w, t, remote) : NULL, *found = NULL;

	*same = 0;
	for (; x; x = watcher_next(x)) {
		if (x->sub && x->sub == sub)
			found = x;
		else if (x->sub)
			++*same;
	}
	return found;
}

static int subscribe_locked(struct watch *w, const struct table_key *key, const struct flow *flow,
	const uint8_t *txid, uint64_t until_ms, struct spares *spares)
{
	struct subscription *sub = sub_find(w, &flow->remote, txid);
	size_t same;
	struct watcher *x = member_find(w, key->hash, &flow->remote, sub, &same);

	if (x) {
		sub->flow = *flow;
		heap_set(&w->ends, &x->end, until_ms);
		return 0;
	}
	if (same >= WATCH_MAX_SAME)
		return DHT_EFULL;
	int err = watcher_make(w, key, flow, until_ms, false, spares, &x);
	if (err)
		return err;
	sub = sub_get(w, flow, txid, spares);
	sub->flow = *flow;
	x->sub = sub;
	x->joined = ++w->joined;
	link_append(&sub->members, &x->in_sub);
	link_append(&x->topic->members, &x->in_topic);
	return 0;
}

int watch_subscribe(struct watch *w, const struct table_key *key, const struct flow *flow,
	const uint8_t txid[static MSG_TXID_LEN], uint64_t until_ms)
{
	struct spares spares;
	int err = DHT_ENOMEM;

	if (spares_make(&spares, true)) {
		spin_lock(&w->lock);
		err = subscribe_locked(w, key, flow, txid, until_ms, &spares);
		watch_unlock(w);
	}
	spares_free(&spares);
	return err;
}

void watch_unsubscribe(struct watch *w, const struct table_key *key, const struct addr *remote)
{
	spin_lock(&w->lock);
	const struct topic *t = topic_find(w, key->hash);
	struct watcher *x = t ? watcher_first(w, t, remote) : NULL;
	while (x) {
		struct watcher *next = watcher_next(x);
		if (x->sub)
			watcher_free(w, x);
		x = next;
	}
	watch_unlock(w);
}

bool watch_seen(struct watch *w, const struct addr *remote, const uint8_t txid[static MSG_TXID_LEN],
	uint32_t seq)
{
	bool found = false;

	spin_lock(&w->lock);
	struct subscription *sub = sub_find(w, remote, txid);
	struct hmap_node *n = sub ? hmap_first(&w->events, event_print(w, sub, seq)) : NULL;
	for (; n && !found; n = hmap_next(n)) {
		struct event *e = container_of(n, struct event, by_seq);
		if (e->sub != sub || e->seq != seq)
			continue;
		sub->given_up = 0;
		event_free(w, e);
		found = true;
	}
	watch_unlock(w);
	return found;
}

bool watch_by_client(struct watch *w, const struct table_key *key)
{
	bool found = false;

	spin_lock(&w->lock);
	const struct topic *t = topic_find(w, key->hash);
	if (t) {
		found = !link_alone(&t->wants);
		const struct link *l = t->members.next;
		for (; !found && l != &t->members; l = l->next)
			found = !is_server(
				&container_of((struct link *)l, struct watcher, in_topic)->flow);
	}
	watch_unlock(w);
	return found;
}

bool watch_any(const struct watch *w, uint32_t partition)
{
	return atomic_load_explicit(&w->any[partition], memory_order_relaxed) != 0;
}

uint64_t watch_deadline(const struct watch *w)
{
	return atomic_load_explicit(&w->deadline, memory_order_relaxed);
}

struct watch_usage watch_usage(struct watch *w)
{
	spin_lock(&w->lock);
	struct watch_usage u = {
		.watchers = w->ends.count,
		.pending = w->event_count,
		.given_up = w->given_up,
	};
	watch_unlock(w);
	return u;
}

static size_t ring_count(const struct link *ring)
{
	size_t n = 0;

	for (const struct link *l = ring->next; l != ring; l = l->next) {
		assert(l->next->prev == l && l->prev->next == l);
		n++;
	}
	return n;
}

static void check_topic(const struct topic *t)
{
	uint64_t joined = 0;

	assert(hash_len_ok(t->hash.len) && t->users != 0);
	for (const struct link *l = t->members.next; l != &t->members; l = l->next) {
		const struct watcher *x = container_of((struct link *)l, struct watcher, in_topic);
		assert(x->topic == t && x->sub && x->joined > joined);
		joined = x->joined;
	}
}

void watch_check(struct watch *w)
{
	size_t waiting = 0, topics = 0, partitions = 0, sources = 0, sent = 0;

	spin_lock(&w->lock);
	heap_check(&w->ends);
	for (size_t i = 0; i < WATCH_CHAINS; i++) {
		for (struct hmap_node *n = w->chains[0][i]; n; n = n->next) {
			const struct topic *t = container_of(n, struct topic, by_hash);
			check_topic(t);
			waiting += ring_count(&t->wants) + ring_count(&t->members);
			topics++;
		}
	}
	for (size_t i = 0; i < TABLE_PARTITIONS; i++)
		partitions += w->any[i];
	for (size_t i = 0; i < WATCH_SOURCES; i++)
		sources += w->sources[i];
	for (size_t i = 0; i < WATCH_EVENT_TRIES; i++)
		sent += ring_count(&w->sent[i]);
	assert(topics == partitions);
	assert(waiting + ring_count(&w->fired) == w->ends.count && sources == w->ends.count);
	assert(sent == w->event_count && sent <= WATCH_EVENTS_MAX);
	assert(ring_count(&w->posts) == w->post_count && w->post_count <= WATCH_EVENTS_MAX);
	watch_unlock(w);
}
