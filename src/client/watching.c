/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a watch knows of its hash: each provider that was ever mentioned, whether it is there, and
 * whether the user was told so. Events and lookups change what is there; what differs from what was
 * told is news. So an event that comes twice, over two servers, or together with the lookup that
 * says the same is told once, and one that was lost is made up for by the next lookup.
 *
 * Events of one provider may overtake each other (one was lost and sent again): a number that is
 * not above the last one's is old, if it is the same server's and not far below, which a server
 * that started anew is.
 */
#include <stdlib.h>

#include "client/state.h"

/* For so long a server repeats an event; so long a provider that has gone is remembered. */
#define EVENT_REPEATS_US (10 * US_PER_S)
#define EVENT_OVERTAKES  1024

/* The index of p, or of where it belongs; *there says which. */
static size_t known_find(const struct watching *w, const struct dht_provider *p, bool *there)
{
	size_t low = 0, high = w->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (provider_compare(&w->items[mid].provider, p) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*there = low < w->count && provider_compare(&w->items[low].provider, p) == 0;
	return low;
}

/* Room for one more at index i; NULL when there is none. */
static struct known *known_insert(struct watching *w, size_t i)
{
	/* A lookup may have brought it above. */
	if (w->count >= PROVIDERS_MAX)
		return NULL;
	if (w->count == w->capacity) {
		size_t capacity = w->capacity ? 2 * w->capacity : 4;
		void *items = realloc(w->items, capacity * sizeof(*w->items));
		if (!items)
			return NULL;
		w->items = items;
		w->capacity = capacity;
	}
	memmove(&w->items[i + 1], &w->items[i], (w->count - i) * sizeof(*w->items));
	w->count++;
	return &w->items[i];
}

void watching_granted(struct requester *r, struct request *q)
{
	if (q->child)
		return;
	q->watching.looked_us = r->now.mono_us;
	/* Without memory the next renewal looks again. */
	(void)request_look_up(r, q);
}

static bool is_old(const struct requester *r, const struct known *k, uint32_t server, uint32_t seq)
{
	return k->changed_us != 0 && r->now.mono_us - k->changed_us < EVENT_REPEATS_US &&
	       k->server == server && k->seq - seq < EVENT_OVERTAKES;
}

void watching_event(
	struct requester *r, struct request *q, uint32_t server, const struct msg_event *event)
{
	struct watching *w = &q->watching;
	struct dht_provider p = provider_of(
		&event->provider.ip, event->provider.port, event->provider.ttl_s);
	bool there;
	size_t i = known_find(w, &p, &there);
	struct known *k = there ? &w->items[i] : known_insert(w, i);

	if (!k)
		return;
	if (!there)
		*k = (struct known){.provider = p};
	else if (is_old(r, k, server, event->seq))
		return;
	k->provider.ttl_s = p.ttl_s;
	k->seq = event->seq;
	k->server = server;
	k->changed_us = r->now.mono_us;
	k->present = event->kind == EVENT_APPEARED;
	k->gone = event->kind;
	if (i < w->scan)
		w->scan = i;
	request_tell(r, q);
}

/* What lookup found, merged with what was known; both are sorted. An event since the lookup began
 * knows better; who has gone and was told so long ago is forgotten. */
static size_t merge(const struct requester *r, const struct watching *w,
	const struct providers *found, struct known *to)
{
	size_t i = 0, j = 0, n = 0;

	while (i < w->count || j < found->count) {
		int order = i == w->count ? 1
		            : j == found->count
		                    ? -1
		                    : provider_compare(&w->items[i].provider, &found->items[j]);
		struct known k = {.gone = DHT_EXPIRED};
		if (order <= 0)
			k = w->items[i++];
		bool newer = k.changed_us >= w->looked_us && k.changed_us != 0;
		if (order >= 0) {
			k.provider = found->items[j++];
			k.present = newer ? k.present : true;
		} else if (!newer && k.present) {
			k.present = false;
			k.gone = DHT_EXPIRED;
		}
		bool remembered = r->now.mono_us - k.changed_us < EVENT_REPEATS_US;
		if (k.present || k.told || (remembered && k.changed_us != 0))
			to[n++] = k;
	}
	return n;
}

void watching_looked_up(struct requester *r, struct request *q, struct request *lookup)
{
	struct watching *w = &q->watching;
	size_t room = w->count + lookup->found.count;

	if (lookup->error || room == 0)
		return;
	struct known *items = calloc(room, sizeof(*items));
	if (!items)
		return;
	w->count = merge(r, w, &lookup->found, items);
	w->capacity = room;
	w->scan = 0;
	free(w->items);
	w->items = items;
	request_tell(r, q);
}

bool watching_take(struct request *q, struct outcome *out)
{
	struct watching *w = &q->watching;

	for (; w->scan < w->count; w->scan++) {
		struct known *k = &w->items[w->scan];
		if (k->present == k->told)
			continue;
		k->told = k->present;
		*out = (struct outcome){
			.kind = OUTCOME_EVENT,
			.user = q->user,
			.hash = &q->hash,
			.event = k->present ? DHT_APPEARED : (enum dht_event_kind)k->gone,
			.provider = k->provider,
		};
		return true;
	}
	return false;
}
