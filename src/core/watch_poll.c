/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "core/watch_parts.h"

#define GIVEN_UP_LAST 3  /* events in a row, then the subscription is ended */
#define CHORES_MAX    64 /* of each kind, each time that the lock is held */

static void post_add(struct watch *w, struct topic *t, struct post *p)
{
	if (w->post_count >= WATCH_EVENTS_MAX) {
		post_free(w, container_of(w->posts.next, struct post, in_queue));
		w->given_up++;
	}
	p->topic = t;
	p->joined = w->joined;
	t->users++;
	w->post_count++;
	link_init(&p->in_queue);
	link_append(&w->posts, &p->in_queue);
}

void watch_post(struct watch *w, const struct table_key *key, enum msg_event_kind kind,
	const struct record *record, enum watch_origin origin)
{
	struct post *p = malloc(sizeof(*p));

	if (p)
		*p = (struct post){
			.ip = record->ip,
			.port = record->port,
			.kind = (uint8_t)kind,
			.clients_only = origin == WATCH_OTHER_SERVER,
			.version = record->version,
			.expiry_ms = record->expiry_ms,
		};
	spin_lock(&w->lock);
	struct topic *t = topic_find(w, key->hash);
	if (t && kind == EVENT_APPEARED)
		link_move_all(&w->fired, &t->wants);
	if (t && !link_alone(&t->members)) {
		if (p)
			post_add(w, t, p);
		else
			w->given_up++;
		p = NULL;
	}
	watch_unlock(w);
	free(p);
}

void watch_fire(struct watch *w, const struct table_key *key)
{
	spin_lock(&w->lock);
	struct topic *t = topic_find(w, key->hash);
	if (t)
		link_move_all(&w->fired, &t->wants);
	watch_unlock(w);
}

static uint64_t wait_ms(unsigned tries)
{
	return (uint64_t)WATCH_EVENT_RETRY_MS << (tries - 1);
}

/* Sends e once more, or for the first time: it waits for SEEN in the queue of its tries then. */
static void event_send(struct watch *w, struct event *e, struct watch_due *out, uint64_t now_ms)
{
	e->tries++;
	e->due_ms = now_ms + wait_ms(e->tries);
	link_remove(&e->in_queue);
	link_append(&w->sent[e->tries - 1], &e->in_queue);
	*out = (struct watch_due){
		.kind = WATCH_EVENT,
		.flow = e->sub->flow,
		.hash = e->hash,
		.seq = e->seq,
		.event = e->kind,
		.ip = e->ip,
		.port = e->port,
		.expiry_ms = e->expiry_ms,
		.version = e->version,
	};
	memcpy(out->txid, e->sub->txid, MSG_TXID_LEN);
}

/* Makes room for one more event. The oldest has been sent the most often. */
static void give_up_oldest(struct watch *w)
{
	for (size_t i = WATCH_EVENT_TRIES; i-- > 0;) {
		struct event *e = watch_first_sent(w, i);
		if (e) {
			event_free(w, e);
			w->given_up++;
			return;
		}
	}
}

static void event_make(
	struct watch *w, struct event *e, const struct post *p, struct subscription *sub)
{
	*e = (struct event){
		.sub = sub,
		.hash = p->topic->hash,
		.ip = p->ip,
		.port = p->port,
		.kind = p->kind,
		.seq = ++sub->seq,
		.expiry_ms = p->expiry_ms,
		.version = p->version,
	};
	link_init(&e->in_queue);
	link_init(&e->in_sub);
	link_append(&sub->events, &e->in_sub);
	hmap_add(&w->events, &e->by_seq, event_print(w, sub, e->seq));
	w->event_count++;
}

/* The next member that the first post is for, NULL when it has been through. */
static struct watcher *walk_on(struct watch *w, const struct post *p)
{
	struct link *at = w->walk ? w->walk : p->topic->members.next;

	if (at == &p->topic->members)
		return NULL;
	struct watcher *x = container_of(at, struct watcher, in_topic);
	if (x->joined > p->joined)
		return NULL;
	w->walk = at->next;
	return x;
}

static bool take_posted(
	struct watch *w, struct event **spare, struct watch_due *out, uint64_t now_ms)
{
	for (int i = 0; i < CHORES_MAX && *spare && !link_alone(&w->posts); i++) {
		struct post *p = container_of(w->posts.next, struct post, in_queue);
		struct watcher *x = walk_on(w, p);
		if (!x) {
			post_free(w, p);
			continue;
		}
		if (p->clients_only && is_server(&x->flow))
			continue;
		if (w->event_count >= WATCH_EVENTS_MAX)
			give_up_oldest(w);
		event_make(w, *spare, p, x->sub);
		event_send(w, *spare, out, now_ms);
		*spare = NULL;
		return true;
	}
	return false;
}

static bool take_again(
	struct watch *w, struct event **spare, struct watch_due *out, uint64_t now_ms)
{
	(void)spare;
	for (size_t i = 0; i + 1 < WATCH_EVENT_TRIES; i++) {
		struct event *e = watch_first_sent(w, i);
		if (e && e->due_ms <= now_ms) {
			event_send(w, e, out, now_ms);
			return true;
		}
	}
	return false;
}

static bool take_fired(
	struct watch *w, struct event **spare, struct watch_due *out, uint64_t now_ms)
{
	(void)spare;
	(void)now_ms;
	if (link_alone(&w->fired))
		return false;
	struct watcher *x = container_of(w->fired.next, struct watcher, in_topic);
	*out = (struct watch_due){
		.kind = WATCH_HAVE,
		.flow = x->flow,
		.hash = x->topic->hash,
		.room = x->room,
		.until_ms = x->end.key,
	};
	watcher_free(w, x);
	return true;
}

/* What ends by itself and makes nothing to be sent. */
static void do_chores(struct watch *w, uint64_t now_ms)
{
	for (int i = 0; i < CHORES_MAX; i++) {
		struct heap_node *end = heap_first(&w->ends);
		if (!end || end->key > now_ms)
			break;
		watcher_free(w, container_of(end, struct watcher, end));
	}
	for (int i = 0; i < CHORES_MAX; i++) {
		struct event *e = watch_first_sent(w, WATCH_EVENT_TRIES - 1);
		if (!e || e->due_ms > now_ms)
			break;
		struct subscription *sub = e->sub;
		event_free(w, e);
		w->given_up++;
		if (++sub->given_up >= GIVEN_UP_LAST)
			sub_end(w, sub);
	}
}

/* The three kinds take turns, so that none of them keeps another waiting for long. */
static bool poll_one(struct watch *w, struct event **spare, struct watch_due *out, uint64_t now_ms)
{
	static bool (*const takers[])(struct watch *, struct event **, struct watch_due *,
		uint64_t) = {take_fired, take_again, take_posted};
	const unsigned kinds = sizeof(takers) / sizeof(takers[0]);

	do_chores(w, now_ms);
	for (unsigned i = 0; i < kinds; i++)
		if (takers[w->turn++ % kinds](w, spare, out, now_ms))
			return true;
	return false;
}

size_t watch_poll(struct watch *w, struct watch_due *out, size_t max, uint64_t now_ms)
{
	struct event *spare = NULL;
	size_t n = 0;

	for (size_t round = 0; round < 2 * max && n < max && watch_deadline(w) <= now_ms; round++) {
		if (!spare)
			spare = malloc(sizeof(*spare));
		spin_lock(&w->lock);
		n += poll_one(w, &spare, &out[n], now_ms);
		watch_unlock(w);
	}
	free(spare);
	return n;
}
