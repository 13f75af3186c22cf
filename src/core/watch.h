/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: who wants to be told when a hash gets a provider.
 *
 * Two kinds of watcher: a *want* (WANT: one HAVE as soon as somebody puts the hash, then it is
 * over) and a *subscription* (WATCH: an EVENT for each change, each repeated until SEEN, up to 3
 * times). Whoever changes the table posts the change; whoever has time polls what is to be sent.
 * Posting only queues: however many wait for one hash, one PUT costs one queue entry, and what
 * goes out is as much at once as the poller asks for.
 *
 *     topic ─┬─ wants    ──(a post)──▶ fired ──▶ one HAVE each
 *            └─ members  ◀── posts, one walked at a time ──▶ events ──▶ sent[0 … 3] ──▶ given up
 *                 └ subscription ── its events
 *
 * A post moves all of a topic's wants to the fired in one step, and queues itself when the topic
 * has members; polling then walks the oldest post's members, making one event for each. Events
 * that were sent i + 1 times wait in sent[i], all of them for the same time, so that each is a
 * queue in the order of what is due, and the last one that is not empty starts with the oldest.
 *
 * Limits: WATCH_MAX watchers in all, WATCH_MAX_SOURCE for one address (counted in 65536 slots by a
 * keyed hash: two addresses in one slot share it) and WATCH_MAX_SAME subscriptions of one client to
 * one hash (more: DHT_EFULL). A want is refused at three quarters of the first two: anybody can
 * write any address on a WANT, but not on a WATCH. WATCH_EVENTS_MAX events that wait for SEEN, and
 * as many posts (more: the oldest is given up, counted). A subscription whose last three events
 * were all given up for want of SEEN is ended, and so is one without hashes. Memory is proportional
 * to what is watched now, but for tables of fixed size of which only what is used is ever touched.
 *
 * Other servers watch too (interest.h): their flow.socket is FLOW_PEER or above. No limit of one
 * address holds for them, and what another server told of is not told to servers again.
 *
 * One lock guards it all: watching is rare beside asking. Nothing is allocated or freed under it.
 * The path of every PUT asks only watch_any(), which reads one number. Safe to call from several
 * threads, but for init and fini.
 */
#ifndef DHT_CORE_WATCH_H
#define DHT_CORE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow.h"
#include "core/table.h"
#include "wire/hash.h"
#include "wire/msg.h"

#define WATCH_MAX            262144
#define WATCH_MAX_SOURCE     4096
#define WATCH_MAX_SAME       8
#define WATCH_EVENTS_MAX     65536
#define WATCH_EVENT_TRIES    4    /* the first and three more */
#define WATCH_EVENT_RETRY_MS 1000 /* then twice, then four times as long */

struct watch;

enum watch_kind {
	WATCH_HAVE,  /* send one HAVE; the want is over */
	WATCH_EVENT, /* send one EVENT */
};

/* Something to be sent. */
struct watch_due {
	enum watch_kind kind;
	struct flow flow;
	struct hash hash;
	size_t room;                /* WATCH_HAVE: the HAVE's largest size, bytes */
	uint64_t until_ms;          /* WATCH_HAVE: when the want would have ended */
	uint8_t txid[MSG_TXID_LEN]; /* WATCH_EVENT, as are all below */
	uint32_t seq;               /* counts from 1 in each subscription */
	uint8_t event;              /* enum msg_event_kind */
	struct ip ip;
	uint16_t port;
	uint64_t expiry_ms;
	uint64_t version;
};

struct watch_usage {
	uint64_t watchers;
	uint64_t pending;
	uint64_t given_up; /* events, since the start */
};

/* secret: 16 random bytes. NULL when there is no memory. */
struct watch *watch_new(const uint8_t secret[static 16]);
void watch_free(struct watch *w);

/* Remembers that flow.remote wants the hash, until until_ms, and that a HAVE of up to room bytes
 * may go there. The same want again moves its end. DHT_EFULL, DHT_ENOMEM. */
int watch_want(struct watch *w, const struct table_key *key, const struct flow *flow, size_t room,
	uint64_t until_ms);

/* Forgets that want. False when it was not there: it has fired, and whoever polled it answers. */
bool watch_unwant(struct watch *w, const struct table_key *key, const struct addr *remote);

/* Adds one hash to the subscription (flow.remote, txid), making it if need be, until until_ms. The
 * same hash again only moves the end. DHT_EFULL, DHT_ENOMEM. */
int watch_subscribe(struct watch *w, const struct table_key *key, const struct flow *flow,
	const uint8_t txid[static MSG_TXID_LEN], uint64_t until_ms);

/* Takes one hash out of every subscription of remote's with any txid: WATCH with DURATION 0 has a
 * txid of its own. */
void watch_unsubscribe(struct watch *w, const struct table_key *key, const struct addr *remote);

/* SEEN: event seq need not be sent again. False when nothing waited for it. */
bool watch_seen(struct watch *w, const struct addr *remote, const uint8_t txid[static MSG_TXID_LEN],
	uint32_t seq);

/* Whether anybody watches anything in this partition. One relaxed load. */
bool watch_any(const struct watch *w, uint32_t partition);

/* Where a change was seen. */
enum watch_origin {
	WATCH_OWN_TABLE,
	WATCH_OTHER_SERVER, /* who tells other servers itself: here only clients are told */
};

/* A change of the table. EVENT_APPEARED fires wants as well. A post that nobody waits for is
 * nothing. */
void watch_post(struct watch *w, const struct table_key *key, enum msg_event_kind kind,
	const struct record *record, enum watch_origin origin);

/* Somebody has the hash, as others say: fires its wants. */
void watch_fire(struct watch *w, const struct table_key *key);

/* Whether a client, and not only other servers, watches this hash. */
bool watch_by_client(struct watch *w, const struct table_key *key);

/* Up to max things that are to be sent now; gives their number. Also ends what has run out. Does a
 * bounded amount of work: when it was not all, watch_deadline() is past. */
size_t watch_poll(struct watch *w, struct watch_due *out, size_t max, uint64_t now_ms);

/* When watch_poll() is next worth calling; 0: now; UINT64_MAX: never. One relaxed load. */
uint64_t watch_deadline(const struct watch *w);

struct watch_usage watch_usage(struct watch *w);

/* Every internal invariant, for tests; asserts. */
void watch_check(struct watch *w);

#endif
