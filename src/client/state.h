/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state: what the files of the requester share; nobody else includes it.
 *
 *     servers.c    which server is asked
 *     request.c    one request from its start to its end
 *     batch.c      one transaction: what is in it, when it is tried again, when it fails
 *     compose.c    a batch as a datagram
 *     answer.c     a datagram for a batch
 *     watching.c   what a watch knows of its hash
 *     plain.c      base messages, on slots
 *     requester.c  the order in which things go out, and time
 *
 * Where a request is:
 *
 *     QUEUE ─▶ BATCH ─▶ END ─▶ taken          its batch was answered or given up
 *       ▲        │
 *       └────────┘                            the next page
 *     HELD ─▶ QUEUE                           a want whose own lookup is under way
 *
 * and a batch:
 *
 *     DUE ─▶ FLYING ─▶ (answered, failed)     sent, waits for an answer until its deadline
 *      ▲        │
 *      ├────────┤                             no answer: again, perhaps to the next server
 *      └ PAUSED ┤                             not before its deadline
 *      └ RESTING┘                             a watch that was granted, until it is renewed
 *
 * A cancelled request stays in its batch, so that the others keep their index, and is freed with
 * it. A batch never holds requests of two kinds.
 */
#ifndef DHT_CLIENT_STATE_H
#define DHT_CLIENT_STATE_H

#include "base/hmap.h"
#include "base/link.h"
#include "base/rng.h"
#include "client/providers.h"
#include "client/requester.h"
#include "wire/msg.h"

#define US_PER_MS UINT64_C(1000)
#define US_PER_S  UINT64_C(1000000)
#define NEVER_US  UINT64_MAX

#define TXID_CHAINS 1024
#define SEENS_MAX   256   /* SEENs to be sent; more are dropped: the EVENT comes again */
#define WINDOW_UNIT 256   /* the window is counted in fractions of a batch */
#define PAGES_MAX   65536 /* of one hash */

/* How often a lookup starts from the first page again at another server. Two that both lose the
 * second page would hand it to each other for ever. */
#define RESTARTS_MAX 8

enum request_place {
	PLACE_QUEUE,
	PLACE_BATCH,
	PLACE_HELD,
	PLACE_END,
};

/* A provider as a watch knows it. */
struct known {
	struct dht_provider provider;
	uint32_t seq;        /* of the last event */
	uint32_t server;     /* that told of it: each counts its own */
	uint64_t changed_us; /* by the last event; 0: known from a lookup */
	bool present;        /* at the server */
	bool told;           /* to the user, as present */
	uint8_t gone;        /* why not present: enum dht_event_kind */
};

/* Sorted by address and port. */
struct watching {
	struct known *items;
	size_t count, capacity;
	size_t scan;        /* no news before this index */
	uint64_t looked_us; /* when the lookup under way was started */
};

struct request {
	struct link link; /* in the queue of its kind */
	struct link news; /* in requester.news, when there is something to be taken */
	struct batch *batch;
	struct request *parent; /* the want or watch that this lookup is for */
	struct request *child;
	void *user;
	int error;
	int server; /* the only one to ask, or -1 */
	uint32_t tries;
	uint8_t kind;
	uint8_t place;
	bool cancelled;
	bool established; /* a want: it was heard once that nobody has the hash */
	uint8_t status;   /* PUT, DROP: the best that a server said of it */
	struct dht_hash hash;
	union {
		struct { /* GET; SERVERS and WANT have only found */
			struct providers found;
			uint32_t total, cursor, pages, restarts;
			uint32_t page_server; /* where the cursor means something */
		};
		struct { /* PUT, DROP */
			struct ip ip;
			uint16_t port;
			uint32_t ttl_s; /* asked for */
			uint32_t granted_s;
		};
		struct watching watching;
		struct dht_server_info *info; /* PING */
		struct {                      /* EXIT */
			uint8_t *password;
			size_t password_len;
		};
	};
};

enum batch_state {
	BATCH_DUE,
	BATCH_FLYING,
	BATCH_PAUSED,
	BATCH_RESTING,
};

struct batch {
	struct link link; /* in due, or in others */
	struct hmap_node by_txid;
	uint64_t deadline_us;
	uint64_t first_sent_us; /* 0: not sent yet */
	uint64_t sent_us;
	uint64_t compared_us; /* a watch: when its hashes were last looked up */
	uint64_t asked;       /* servers that it was sent to, a bit for each */
	uint32_t server;      /* the one that is asked now, or that answered */
	uint32_t granted_by;  /* a watch that was granted: whose events count */
	uint32_t tries;       /* which one this is, from 1; a watch counts anew each time */
	uint32_t tries_max;
	uint32_t tries_here; /* at this server */
	uint32_t refusals;   /* 'nobody listens' and 'shutting down' */
	int complaint;       /* what else went wrong, should all tries pass; 0: silence */
	uint8_t kind;
	uint8_t state;
	uint8_t txid[MSG_TXID_LEN];
	uint8_t challenges;
	uint8_t auth_failures;
	uint8_t late;               /* answers that it was not done in time */
	bool pinned;                /* to its server */
	bool plain;                 /* base messages */
	bool granted;               /* a watch that was granted once */
	uint16_t slot;              /* 0: the shared one */
	uint16_t step;              /* plain: datagrams of this round that were sent */
	uint16_t count;             /* of requests, from 1 to 255 */
	uint16_t live;              /* neither NULL nor cancelled */
	struct request *requests[]; /* NULL: has left */
};

struct server {
	struct addr addr;
	struct ip local;
	uint64_t avoid_until_us;
	uint8_t failures; /* since it was last heard, as far as they count */
	bool has_cookie;
	uint8_t cookie[MSG_COOKIE_LEN];
};

struct slot {
	uint32_t generation;
	struct batch *batch; /* NULL: free */
};

struct seen {
	uint32_t server;
	uint32_t seq;
	uint8_t txid[MSG_TXID_LEN];
};

struct requester {
	struct server servers[REQUESTER_SERVERS_MAX];
	uint32_t server_count;
	uint32_t own_count; /* of them, in the caller's list */
	uint32_t preferred; /* asked first */
	bool learning;
	uint32_t learned_from; /* the server that was last asked for others */
	uint64_t learned_us;   /* and when; 0: never */
	uint32_t changes;      /* of servers, by learning */
	uint32_t timeout_ms, tries, window;
	bool base_only;
	size_t max_datagram;
	uint8_t key_name_len; /* 0: no AUTH */
	char key_name[REQUESTER_KEY_NAME_MAX];
	uint8_t key[REQUESTER_KEY_LEN];

	uint8_t secret[REQUESTER_SECRET_LEN];
	uint64_t counter; /* of what was derived from the secret */
	struct rng rng;   /* for pauses */
	struct requester_time now;

	struct link queues[REQUEST_KINDS];
	uint32_t turn; /* the queue that is served next */
	struct link due;
	struct link others; /* every state but DUE */
	struct hmap by_txid;
	struct hmap_node *chains[TXID_CHAINS];
	struct slot slots[REQUESTER_SLOTS];
	uint32_t slots_used[REQUEST_KINDS]; /* by batches of each kind */
	uint32_t active;                    /* batches that take a place in the window */
	uint32_t window_now;                /* in WINDOW_UNITs of a batch */
	uint64_t shrunk_us;                 /* when it was last halved */
	uint64_t deadline_us;               /* at or before the first of others */
	uint64_t hold_us;                   /* no new batch before this; 0: no such thing */
	uint64_t heard_us;                  /* when any server was last heard */

	struct seen seens[SEENS_MAX];
	uint32_t seen_first, seen_count;
	struct link news;
	struct request *taken; /* freed at the next call of requester_take() */
	struct requester_trip trip;
};

/* ---- servers.c ---- */

/* It failed of late. */
bool servers_avoided(const struct requester *r, uint32_t i);

/* The one to ask instead of `from`, which is not avoided; `from` itself when there is none. */
uint32_t servers_better(const struct requester *r, uint32_t from);

/* The same, but when all are avoided any other: all are tried then. */
uint32_t servers_next(const struct requester *r, uint32_t from);

/* The one to start with. */
uint32_t servers_first(const struct requester *r);

/* It does not answer, or said that it will not. */
void servers_avoid(struct requester *r, uint32_t i);

/* It is there. */
void servers_heard(struct requester *r, uint32_t i);

/* It answered a request: asks it for others if that is called for. */
void servers_ask(struct requester *r, uint32_t server);

/* Takes over what SERVER_LIST says of others. */
void servers_learn(struct requester *r, uint32_t teller, struct span list);

/* ---- request.c ---- */

/* Puts it at the end of its queue, or at the head. */
void request_enqueue(struct requester *r, struct request *q, bool first);

/* Over: for its parent, or for requester_take(). Takes q out of nothing: whoever calls has. */
void request_end(struct requester *r, struct request *q, int error);

/* There is something to be taken of q. */
void request_tell(struct requester *r, struct request *q);

/* A lookup of q's hash, whose end comes to q. False when there is no memory. */
bool request_look_up(struct requester *r, struct request *q);

/* Ends all that waits in queues for any server. */
void request_fail_queued(struct requester *r, int error);
void request_free(struct request *q);

/* len bytes that nobody can guess, others each time. */
void requester_derive(struct requester *r, uint8_t *to, size_t len);

/* ---- batch.c ---- */

/* Whether q can be in one request with first, as far as all but their hashes say it. */
bool requests_go_together(const struct request *first, const struct request *q);

/* Whether the window and the slots have room for one of this kind. */
bool batch_may_start(const struct requester *r, enum request_kind kind);

/* A batch of the first requests of a queue that is not empty, DUE. NULL when there is no memory:
 * then the first one has ended so. */
struct batch *batch_start(struct requester *r, enum request_kind kind);

/* Frees it with the cancelled requests that are in it; no other may be. */
void batch_free(struct requester *r, struct batch *b);

/* Ends all its requests so, and itself. */
void batch_fail(struct requester *r, struct batch *b, int error);

struct batch *batch_find(const struct requester *r, const uint8_t txid[static MSG_TXID_LEN]);

/* A batch that becomes DUE is compacted if it has gaps. */
void batch_set(struct requester *r, struct batch *b, enum batch_state state, uint64_t deadline_us);

/* A watch was granted by its server; it rests until then. */
void batch_grant(struct requester *r, struct batch *b, uint64_t renew_us);

/* The error that goes with a status of DONE. */
int batch_error_of(uint8_t status);

/* Ends all its requests with what servers said of each, and itself. */
void batch_settle(struct requester *r, struct batch *b);

/* Its server has not done all of it in time. */
void batch_late(struct requester *r, struct batch *b);

/* What waits for news from a server looks for another one. */
void batches_leave(struct requester *r, uint32_t server);

/* It was sent, or the last datagram of its round was. */
void batch_sent(struct requester *r, struct batch *b);

/* Its deadline has come. */
void batch_due(struct requester *r, struct batch *b);

/* Its server will not do it now: DHT_ERR_UNREACHABLE or DHT_ERR_SHUTTING_DOWN. */
void batch_refused(struct requester *r, struct batch *b, int error);

/* Its server wants less. */
void batch_rate_limited(struct requester *r, struct batch *b);

/* Was answered by a server: counts for the window and requester_last_trip(). */
void batch_heard(struct requester *r, const struct batch *b, uint32_t server);

/* Which of the servers that b was sent to answers from there. It may do so from another port; of
 * several that have the address, the one that is asked now. -1: none. */
int batch_asked(const struct requester *r, const struct batch *b, const struct addr *from);

/* Takes request i out. */
struct request *batch_remove(struct batch *b, size_t i);

/* Closes the gaps and frees the cancelled. Under another TXID, but for a watch: that is how its
 * server knows it. */
void batch_compact(struct requester *r, struct batch *b);

/* How long to wait for the answer to this try. */
uint64_t batch_timeout_us(struct requester *r, const struct batch *b);

/* ---- compose.c ---- */

/* How many bytes of HASHES (without COUNT) a request of this kind has room for. */
size_t compose_room(const struct requester *r, enum request_kind kind);

/* Batch b as one datagram of max_datagram bytes at most; gives its size. */
size_t compose_batch(const struct requester *r, const struct batch *b, uint8_t *bytes);
size_t compose_seen(const struct requester *r, const struct seen *s, uint8_t *bytes);

/* ---- watching.c ---- */

/* WATCH was granted for q: looks up who is there already. */
void watching_granted(struct requester *r, struct request *q);
void watching_looked_up(struct requester *r, struct request *q, struct request *lookup);
void watching_event(
	struct requester *r, struct request *q, uint32_t server, const struct msg_event *event);

/* The next change that was not told yet. */
bool watching_take(struct request *q, struct outcome *out);

/* ---- shared small things ---- */

static inline struct dht_provider provider_of(const struct ip *ip, uint16_t port, uint32_t ttl_s)
{
	struct dht_provider p = {.port = port, .ttl_s = ttl_s};

	memcpy(p.ip, ip->b, sizeof(p.ip));
	return p;
}

/* The request behind q in its queue, NULL at the end; of the queue itself, the first. */
static inline struct request *queue_next(
	const struct requester *r, enum request_kind kind, const struct link *at)
{
	return at->next == &r->queues[kind] ? NULL : container_of(at->next, struct request, link);
}

static inline struct request *queue_first(const struct requester *r, enum request_kind kind)
{
	return queue_next(r, kind, &r->queues[kind]);
}

static inline struct batch *batch_of(const struct link *l)
{
	return container_of(l, struct batch, link);
}

static inline struct span request_hash(const struct request *q)
{
	return (struct span){.p = q->hash.bytes, .len = q->hash.len};
}

#endif
