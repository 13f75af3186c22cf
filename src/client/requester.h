/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requester: what a client does, without its sockets and its clock.
 *
 *     requester_start() ─▶ queues ─▶ batches ─▶ requester_output() ─▶ datagrams
 *                                       ▲
 *      requester_take() ◀─ ends, events ┴◀─ requester_input(), _unreachable(), _tick()
 *
 * A *request* is one hash to be looked up, announced, withdrawn, wanted or watched, or one question
 * to a server. Requests wait in a queue for their kind until the window has room; then as many of
 * the same kind as one datagram holds become a *batch*: one transaction with one TXID, sent,
 * sent again with pauses that grow by half, handed to the next server when one is silent, and at
 * last given up. So starting ten thousand requests one by one costs no more datagrams than any
 * other way of asking.
 *
 * What the servers' answers decide: CHALLENGE gives a cookie, which is kept for that server and
 * goes into every later request; RATE_LIMITED halves the window and pauses; SHUTTING_DOWN and 'port
 * unreachable' lead to the next server at once, and end a request once every server has said so
 * twice; NEXT in PROVIDERS makes the request wait in the queue again, at its head, for its next
 * page; 'not in time' in DONE brings the same datagram again after a pause. A server that was
 * silent or would not is avoided for a while by all requests (servers.c). Half the window is also
 * given up when an answer does not come in time, and won back answer by answer, so that a full
 * socket buffer does not lose the same datagrams again.
 *
 * An answer counts when it carries the TXID of a batch, comes from the address (whatever the port)
 * of a server that this batch was sent to, and is of a type that answers it. Base messages have no
 * TXID, and HAVE names no hash: they go out on *slots* (plain.h), which the caller maps to sockets.
 *
 * It is deterministic: the time comes in with each call and what must not be guessed (TXIDs) is
 * derived from a secret. It makes no system call. Memory is proportional to the requests that were
 * started and to what they found (PROVIDERS_MAX for each).
 */
#ifndef DHT_CLIENT_REQUESTER_H
#define DHT_CLIENT_REQUESTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "client/dht.h"

#define REQUESTER_SERVERS_MAX  64
#define REQUESTER_SLOTS        65 /* slot 0 and 64 for base messages */
#define REQUESTER_WINDOW_MAX   1024
#define REQUESTER_DATAGRAM_MIN 512
#define REQUESTER_SECRET_LEN   16
#define REQUESTER_KEY_LEN      32
#define REQUESTER_KEY_NAME_MAX 64
#define REQUESTER_PASSWORD_MAX 1024

struct requester;

struct requester_time {
	uint64_t mono_us; /* never goes back */
	uint64_t wall_s;  /* UNIX time, for AUTH */
};

struct requester_server {
	struct addr addr;
	struct ip local; /* the address of ours that it is reached from, for PUT; may be :: */
};

/* Like struct dht_options, whose values it takes without their defaults: everything is set, and
 * within the limits above. */
struct requester_config {
	const struct requester_server *servers; /* copied; 1 to REQUESTER_SERVERS_MAX */
	size_t server_count;
	uint32_t timeout_ms;
	uint32_t tries;
	uint32_t window;
	bool base_only;
	size_t max_datagram;
	const char *key_name; /* NULL: no AUTH. Copied. */
	const uint8_t *key;   /* REQUESTER_KEY_LEN bytes. Copied. */
};

/* secret: random bytes that nobody else knows. NULL when there is no memory. */
struct requester *requester_new(
	const struct requester_config *config, const uint8_t secret[static REQUESTER_SECRET_LEN]);
void requester_free(struct requester *r); /* NULL is fine; requests vanish without an end */

enum request_kind {
	REQUEST_GET,
	REQUEST_PUT,
	REQUEST_DROP,
	REQUEST_PING,
	REQUEST_SERVERS,
	REQUEST_WATCH,
	REQUEST_UNWATCH, /* the requester's own: the farewell to a watch */
	REQUEST_WANT,    /* by base messages, also where extended ones are spoken */
	REQUEST_EXIT,    /* ends as soon as it is sent */
	REQUEST_LEARN,   /* the requester's own: which servers are there */
	REQUEST_KINDS,
};

/* Whether those that answer are asked for other servers, which are then used after the
 * configuration's; at first not. Base messages have no word for that. */
void requester_set_learning(struct requester *r, bool on);

/* The servers: the configuration's, then what was learned. Counts and addresses of the latter may
 * change with requester_input(), which _changes() tells by another number. */
size_t requester_server_count(const struct requester *r);
const struct addr *requester_server(const struct requester *r, size_t i);
uint32_t requester_changes(const struct requester *r);

struct request_spec {
	enum request_kind kind;
	const struct dht_hash *hash;       /* GET, PUT, DROP, WATCH, WANT; copied */
	const struct dht_put_options *put; /* PUT, DROP; copied; NULL: zeros */
	struct span password;              /* EXIT; copied */
	int server;                        /* ask only this one; -1: any */
	uint32_t tries;                    /* 0: as configured */
	void *user;                        /* comes back in the outcomes */
};

struct request;

/* NULL when there is no memory, or the configuration (base_only) has no message for it. */
struct request *requester_start(struct requester *r, const struct request_spec *spec);

/* No outcome will come for it. A watch's server is told. Not for a request that has ended. */
void requester_cancel(struct requester *r, struct request *q);

enum outcome_kind {
	OUTCOME_END,   /* the request is over and gone */
	OUTCOME_EVENT, /* of a watch, which goes on */
};

struct outcome {
	enum outcome_kind kind;
	void *user;
	const struct dht_hash *hash;        /* view, until the next requester_take(), _cancel() */
	int error;                          /* enum dht_error */
	uint8_t status;                     /* PUT, DROP: enum dht_status */
	uint32_t ttl_s;                     /* PUT: granted */
	struct dht_answer answer;           /* GET, WANT, SERVERS; given: free answer.providers */
	const struct dht_server_info *info; /* PING; view as well. NULL: base messages */
	enum dht_event_kind event;          /* OUTCOME_EVENT, with provider */
	struct dht_provider provider;
};

/* The next thing to be told; false when there is none. Changes of a watch that undo each other
 * before they are taken are not told. */
bool requester_take(struct requester *r, struct outcome *out);

/* Whether requester_take() might give something. */
bool requester_has_news(const struct requester *r);

/* What a request is about; a view, as long as the request is. */
const struct dht_hash *request_hash_of(const struct request *q);

/* Where a datagram leaves and where its answers arrive. Slot 0 is for all extended messages. Every
 * other slot is a socket (a port) of its own: a generation that differs from the one before means
 * a fresh one, with another port, so that no answer to an earlier question can arrive there. */
struct requester_path {
	uint16_t slot;
	uint32_t generation;
};

struct requester_datagram {
	size_t len;
	size_t server; /* for requester_server() */
	struct requester_path path;
};

/* Builds the next datagram that is to be sent now into bytes, which has room for max_datagram;
 * false when there is none for now. The caller sends it or loses it. */
bool requester_output(struct requester *r, const struct requester_time *now, uint8_t *bytes,
	struct requester_datagram *out);

/* Whether requester_output() would give something if it were called now. */
bool requester_has_output(const struct requester *r);

/* A datagram came in on path. The bytes are not kept. */
void requester_input(struct requester *r, const struct requester_time *now,
	struct requester_path path, const struct addr *from, const uint8_t *bytes, size_t len);

/* What was sent to a server on path did not get there: ICMP said that nobody listens or that there
 * is no way, or sending failed. */
void requester_unreachable(struct requester *r, const struct requester_time *now,
	struct requester_path path, size_t server);

/* Does what is due. To be called at requester_deadline(), may be called at any time. */
void requester_tick(struct requester *r, const struct requester_time *now);

/* When to call requester_tick() next, in mono_us; may be early. UINT64_MAX: never. */
uint64_t requester_deadline(const struct requester *r);

/* How the last batch went. server: SIZE_MAX when there was none. */
struct requester_trip {
	size_t server;
	uint32_t round_trip_us; /* 0: no answer */
	uint32_t tries;
};
struct requester_trip requester_last_trip(const struct requester *r);

#endif
