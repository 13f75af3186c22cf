/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch_parts: what the files behind watch.h share; nobody else includes it.
 *
 *     watch_parts.c   topics, watchers, subscriptions: making, finding, ending them
 *     watch.c         watching: the wants and subscriptions that come and go
 *     watch_poll.c    telling: posts become HAVEs and EVENTs
 *
 * Everything here is called with the lock held.
 */
#ifndef DHT_CORE_WATCH_PARTS_H
#define DHT_CORE_WATCH_PARTS_H

#include <stdatomic.h>

#include "base/heap.h"
#include "base/hmap.h"
#include "base/link.h"
#include "base/spin.h"
#include "core/watch.h"

#define WATCH_CHAINS  32768u
#define WATCH_SOURCES 65536u

/* A hash that somebody watches. What can be buried starts with a link: see bury(). */
struct topic {
	struct link grave;
	struct hmap_node by_hash;
	struct hash hash;
	uint32_t partition;
	uint32_t users; /* watchers and posts */
	struct link wants, members;
};

/* One address that waits for one hash: a want, or a member of a subscription. */
struct watcher {
	struct link in_topic; /* its wants or its members, or watch.fired */
	struct link in_sub;
	struct hmap_node by_address;
	struct heap_node end;
	struct topic *topic;
	struct subscription *sub; /* NULL: a want */
	struct flow flow;
	uint32_t room;
	uint16_t source;
	uint64_t joined; /* members stand in the topic in this order */
};

struct subscription {
	struct link grave;
	struct hmap_node by_txid;
	struct flow flow;
	uint8_t txid[MSG_TXID_LEN];
	uint32_t seq; /* of the last event */
	unsigned given_up;
	struct link members, events;
};

struct event {
	struct link in_queue; /* watch.sent[tries - 1] */
	struct link in_sub;
	struct hmap_node by_seq;
	struct subscription *sub;
	struct hash hash;
	struct ip ip;
	uint16_t port;
	uint8_t kind;
	unsigned tries;
	uint32_t seq;
	uint64_t version, expiry_ms, due_ms;
};

/* A change that is to become one event for each member that had joined before it. */
struct post {
	struct link in_queue;
	struct topic *topic;
	struct ip ip;
	uint16_t port;
	uint8_t kind;
	bool clients_only;
	uint64_t version, expiry_ms;
	uint64_t joined; /* of the last member that it is for */
};

struct watch {
	struct spin lock;
	_Atomic(uint64_t) deadline;
	uint8_t secret[16];
	struct hmap topics, watchers, subs, events;
	struct heap ends;
	struct link fired, posts, sent[WATCH_EVENT_TRIES];
	struct link *walk; /* the first post's next member, NULL: its first one */
	struct link graves;
	uint64_t joined;
	size_t event_count, post_count;
	uint64_t given_up;
	unsigned turn;

	_Atomic(uint32_t) any[TABLE_PARTITIONS]; /* topics */
	uint16_t sources[WATCH_SOURCES];         /* watchers */
	struct hmap_node *chains[4][WATCH_CHAINS];
	struct heap_node *slots[WATCH_MAX];
};

/* What an operation may need, allocated before the lock is taken. What was used is NULL after. */
struct spares {
	struct topic *topic;
	struct watcher *watcher;
	struct subscription *sub;
};

/* Whether another server watches by this flow. */
static inline bool is_server(const struct flow *flow)
{
	return flow->socket >= FLOW_PEER;
}

/* Gives the lock back, then frees what was buried. */
void watch_unlock(struct watch *w);

/* The oldest event that was sent try + 1 times, NULL when there is none. */
struct event *watch_first_sent(const struct watch *w, size_t try);

struct topic *topic_find(const struct watch *w, struct span hash);

/* The first watcher of this client for this topic, and the next. */
struct watcher *watcher_first(
	const struct watch *w, const struct topic *t, const struct addr *remote);
struct watcher *watcher_next(const struct watcher *x);

/* A new one, not yet in any of its topic's rings. DHT_EFULL at a limit. */
int watcher_make(struct watch *w, const struct table_key *key, const struct flow *flow,
	uint64_t until_ms, bool is_want, struct spares *spares, struct watcher **out);

/* Ends it, and its subscription with it when that has no other. */
void watcher_free(struct watch *w, struct watcher *x);

struct subscription *sub_find(
	const struct watch *w, const struct addr *remote, const uint8_t *txid);
struct subscription *sub_get(
	struct watch *w, const struct flow *flow, const uint8_t *txid, struct spares *spares);

/* Ends it with all its members and events. */
void sub_end(struct watch *w, struct subscription *sub);

uint64_t event_print(const struct watch *w, const struct subscription *sub, uint32_t seq);
void event_free(struct watch *w, struct event *e);

void post_free(struct watch *w, struct post *p);

#endif
