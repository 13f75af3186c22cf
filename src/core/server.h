/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: one dht server without its sockets.
 *
 *     datagram, flow, time ──▶ lane_input() ──▶ answers in an outbox
 *                    time ──▶ lane_tick()  ──▶ HAVEs and EVENTs that have become due
 *
 * A struct server is what all workers share: the table, the watchers, the limits' state. A struct
 * lane is what one worker has for itself: counters, a random generator, the cookies' secrets,
 * scratch. Two lanes may be in the core at the same time; one lane never is twice.
 *
 * It is deterministic: the time comes in with each call, randomness from the seed. It makes no
 * system call, and the path of a GET takes one partition's lock and no memory.
 *
 * A datagram climbs a ladder of checks, the cheapest first: may this source ask at all, is it over
 * its rate, does it parse, is it a request, are its options known, does it prove its address where
 * it must, may it do this. Each step down is a counter (stats.h), and only an extended request
 * whose transaction id could be read is ever told why. No answer is answered.
 *
 * A source that has not proven its address (by a cookie, or by being in clients.trusted) never
 * makes the server send more than it sent, but for a HAVE, which has room for one address at least
 * and never more than three times its request.
 */
#ifndef DHT_CORE_SERVER_H
#define DHT_CORE_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/auth.h"
#include "core/flow.h"
#include "core/now.h"
#include "core/outbox.h"
#include "core/parts.h"
#include "core/seal.h"
#include "core/stats.h"
#include "core/table.h"
#include "core/view.h"
#include "core/watch.h"

/* The most datagrams that one lane_input() or lane_tick() makes. */
#define LANE_OUT_MAX 16

#define SERVER_LANES_MAX TABLE_LANES_MAX

/* The most bytes of messages in a parcel: what fits a datagram of a peer. */
#define PARCEL_MAX MSG_DATAGRAM_DEFAULT

/* The smallest policy.max_datagram: what every IPv4 host takes (576), less its headers. It is also
 * about the least that a LOOKUP of 255 hashes can be answered with in LANE_OUT_MAX datagrams. */
#define LANE_DATAGRAM_MIN 548

/* What the configuration says about requests. Immutable once given to a server; borrows its
 * arrays. */
struct policy {
	uint32_t ttl_s;     /* of a PUT, and of an ANNOUNCE that asks for 0 */
	uint32_t max_ttl_s; /* more is cut to it */
	uint32_t want_ttl_s;
	const struct prefix *allow;
	size_t allow_count;
	const struct prefix *trusted;
	size_t trusted_count;
	bool third_party_put;
	bool base_put;
	bool require_auth; /* ANNOUNCE and WITHDRAW need AUTH; PUT is refused */
	const struct auth_key *keys;
	size_t key_count;
	uint32_t rate;       /* requests a second for each source; 0: no limit */
	size_t max_datagram; /* bytes; LANE_DATAGRAM_MIN to the outbox's */
	const char *name;    /* PONG's NAME */
	struct addr self;    /* this server's address and client port, for SERVER_LIST */
	struct table_limits limits;
};

struct server;
struct lane;

/* What lane_input() wants of the shell beyond sending. */
enum lane_verdict {
	LANE_NOTHING,
	LANE_EXIT, /* an EXIT that may be tried: *password views the datagram. Whoever tries it
	            * counts it, as the request or as a drop: only then is it known which. */
};

struct server_seed {
	uint8_t secret[32];  /* for keyed hashes; never leaves the process */
	uint8_t cookies[32]; /* master key of cookies (token.h) */
	uint64_t random;     /* seeds the lanes' generators */
};

/* lanes: how many there will be, 1 to SERVER_LANES_MAX. policy is borrowed until another is set and
 * every lane has been through a call since, or the server is freed. NULL when there is no memory.
 */
struct server *server_new(const struct policy *policy, const struct server_seed *seed,
	uint32_t lanes, const struct now *now);
void server_free(struct server *s);

/* From the next call of each lane on. */
void server_set_policy(struct server *s, const struct policy *policy);

/* Refuse what is new with ERROR 7 from now on. */
void server_shut_down(struct server *s);

/* Lane i, 0 to lanes - 1; owned by the server. */
struct lane *server_lane(struct server *s, uint32_t i);
struct stats *lane_stats(struct lane *l);

/* Asks the processor for the memory that these datagrams will touch, of all of them at once: worth
 * a call before their lane_input()s when there are several. Changes nothing. */
void lane_prefetch(struct lane *l, const struct span *datagrams, size_t n);

/* One datagram in. Needs room for LANE_OUT_MAX datagrams in out. The bytes are not kept. */
enum lane_verdict lane_input(struct lane *l, const struct now *now, const struct flow *flow,
	const uint8_t *bytes, size_t len, struct outbox *out, struct span *password);

/* What a lane found on the peer plane that is the cluster's business (cluster.h): a copy, so that
 * it can wait in a queue. */
struct parcel {
	struct flow flow;
	bool bare;            /* one base message, in clear; letter means nothing */
	struct letter letter; /* messages is to be set to bytes[0 … len) */
	size_t len;
	uint8_t bytes[PARCEL_MAX];
};

/* One datagram of the peer plane: from the peer port (flow->socket FLOW_PEER) or from the lane's
 * own socket (FLOW_ASK). bytes are decrypted in place. Room for LANE_OUT_MAX in out. True: *parcel
 * has something for the cluster. A server without a cluster drops all. */
bool lane_peer_input(struct lane *l, const struct now *now, const struct flow *flow, uint8_t *bytes,
	size_t len, struct outbox *out, struct parcel *parcel);

/* Gives the server its envelopes and what it knows of a cluster, before its lanes run; both are
 * borrowed. random seeds the lanes' requests to others. DHT_ENOMEM. */
int server_join(struct server *s, struct seal *seal, const struct view *view, uint64_t random);

/* From the next call of each lane on; as server_set_policy(). */
void server_set_view(struct server *s, const struct view *view);

/* What it has of each partition. */
struct parts *server_parts(struct server *s);

/* The lane that is no worker's: for the cluster's thread. */
struct lane *server_cluster_lane(struct server *s);

/* Does what is due: expiry of this lane's share, HAVEs, EVENTs. Needs room for LANE_OUT_MAX. */
void lane_tick(struct lane *l, const struct now *now, struct outbox *out);

/* Whether a client waits for an answer that needs other servers. */
bool lane_is_waited_for(const struct lane *l);

/* Changes that clients wait for are answered with what is known of them by the lane_tick()s that
 * are due from now on: for who ends. */
void lane_finish(struct lane *l, const struct now *now);

/* When lane_tick() is next due, in mono_us; may be past. UINT64_MAX: never. */
uint64_t lane_deadline(const struct lane *l);

/* What is left of a lifetime, in whole seconds as clients are told: 0 when it is over, otherwise at
 * least 1. The table's tenth of a second on top makes no second more. */
uint32_t ttl_left_s(uint64_t expiry_ms, uint64_t now_ms);

/* All lanes' counters added up. */
void server_stats(const struct server *s, uint64_t n[static STATS_COUNT]);
struct table_usage server_table_usage(const struct server *s);
struct watch_usage server_watch_usage(const struct server *s);
struct table *server_table(struct server *s);

#endif
