/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lane: what the files behind server.h share; nobody else includes it.
 *
 *     server.c       a server's and a lane's life, lane_tick()
 *     ladder.c       lane_input(): the checks, and how a request is refused
 *     handle_*.c     one function for each type of request
 *     prefetch.c     lane_prefetch()
 *     store.c        changes of the table, counted and told to the watchers
 *
 * A handler builds its answers in the outbox and gives the one counter that the datagram is
 * counted under: so each datagram is counted exactly once, whatever became of it.
 */
#ifndef DHT_CORE_LANE_H
#define DHT_CORE_LANE_H

#include "core/limit.h"
#include "core/recent.h"
#include "core/server.h"
#include "core/token.h"
#include "core/version.h"
#include "wire/build.h"

/* A HAVE's largest number of addresses, and how many records are drawn beyond what fits at most. */
#define HAVE_FIT_MAX ((MSG_DATAGRAM_MAX - MSG_HEADER_LEN) / sizeof(struct ip))
#define HAVE_SPARE   52

#define LANE_RECORDS  (HAVE_FIT_MAX + HAVE_SPARE)
#define LANE_DISTINCT 8192 /* a power of two, at least twice HAVE_FIT_MAX */
#define LANE_EXPIRED  128

_Static_assert(LANE_DISTINCT >= 2 * HAVE_FIT_MAX, "a full HAVE leaves places free");

struct server {
	_Atomic(const struct policy *) policy;
	_Atomic(bool) shutting_down;
	uint64_t start_us;
	struct version_clock clock;
	struct table *table;
	struct watch *watch;
	struct limit *limit;
	struct recent *carried_out; /* requests that change something, by recent_print() */
	struct recent *macs;        /* of AUTH */
	uint32_t lane_count;
	struct lane **lanes;
};

struct lane {
	struct stats stats;
	struct server *server;
	uint32_t index;
	struct rng rng;
	struct token token;
	uint64_t ip_mix[2]; /* random, odd: spreads addresses over distinct */

	/* Scratch; what it holds means nothing between two calls, and it is never cleared whole. */
	uint16_t distinct[LANE_DISTINCT];
	struct table_expired expired[LANE_EXPIRED];
	struct watch_due due[LANE_OUT_MAX];
	struct record records[LANE_RECORDS];
};

enum proof {
	PROOF_UNKNOWN, /* nobody needed to know yet */
	PROOF_NONE,
	PROOF_GIVEN,
};

/* One datagram on its way up the ladder. */
struct request {
	struct lane *lane;
	struct server *server;
	const struct policy *policy;
	const struct now *now;
	const struct flow *flow;
	struct span datagram;
	struct outbox *out;
	uint64_t now_ms;
	size_t out_start; /* items that were in the outbox before */
	bool has_txid;    /* an ERROR may say why not */
	bool seen_auth;   /* AUTH is right, but was used before */
	enum proof proof;
	int options_err; /* of options_parse() */
	struct options options;
	struct msg msg;
};

/* What a step of the ladder gives when there is nothing to count yet: the request climbs on. */
#define CLIMB_ON STATS_COUNT

/* Carries out a request, gives the counter that it is counted under. */
typedef enum stats_id handle_fn(struct request *rq);

handle_fn handle_get, handle_put, handle_want, handle_exit;
handle_fn handle_lookup, handle_announce, handle_withdraw, handle_watch, handle_seen, handle_ping,
	handle_servers;

/* Whether the source has shown that it receives at its address. */
bool request_proven(struct request *rq);

/* Whether answers of this many bytes in all may go out. */
bool request_may_send(struct request *rq, size_t bytes);

/* Takes back what was built and sends a CHALLENGE when the request is as long. */
enum stats_id request_challenge(struct request *rq);

/* Pushes the one datagram of len bytes that was built in outbox_room() and gives outcome, or
 * challenges. */
enum stats_id request_answer(struct request *rq, int len, enum stats_id outcome);

/* Says why not with an ERROR where one may be sent; gives outcome. */
enum stats_id request_refuse(struct request *rq, enum msg_error_code code, enum stats_id outcome);

/* CLIMB_ON when this source may put this provider. */
enum stats_id request_may_put(const struct request *rq, const struct ip *ip);

/* Merges one record and tells the counters and the watchers. Gives table_merge()'s result. */
int lane_store(
	struct lane *l, const struct table_key *key, const struct record *r, uint64_t now_ms);

/* Withdraws the record of one provider if it is there. Negative on failure. */
int lane_withdraw(struct lane *l, const struct table_key *key, const struct ip *ip, uint16_t port,
	uint64_t stamp, uint64_t now_ms);

/* Builds a HAVE of at most room bytes in outbox_room(): its size, and in *total how many providers
 * there are. */
size_t have_build(struct lane *l, struct outbox *out, const struct table_key *key, size_t room,
	uint64_t now_ms, uint32_t *total);

/* Sends a HAVE if somebody has the hash, and makes sure that one comes later otherwise. DHT_EFULL
 * or DHT_ENOMEM when it can do neither. */
int want_answer(struct lane *l, struct outbox *out, const struct table_key *key,
	const struct flow *flow, size_t room, uint64_t until_ms, uint64_t now_ms);

/* Counts what was put into the outbox from item first on. */
void lane_count_answers(struct lane *l, const struct outbox *out, size_t first);

#endif
