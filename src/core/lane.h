/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lane: what the files behind server.h share; nobody else includes it.
 *
 *     server.c       a server's and a lane's life, lane_tick()
 *     ladder.c       lane_input(): the checks, and how a request is refused
 *     handle_*.c     one function for each type of request
 *     peer_input.c   lane_peer_input(): envelopes, and what stands in them
 *     peer_*.c       one function for each question of another server
 *     prefetch.c     lane_prefetch()
 *     store.c        changes of the table, counted and told to the watchers
 *
 * A handler builds its answers in the outbox and gives the one counter that the datagram is
 * counted under: so each datagram is counted exactly once, whatever became of it.
 */
#ifndef DHT_CORE_LANE_H
#define DHT_CORE_LANE_H

#include "core/limit.h"
#include "core/mail.h"
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
	_Atomic(const struct view *) view; /* NULL: in no cluster */
	struct seal *seal;                 /* likewise */
	struct parts parts;
	_Atomic(bool) shutting_down;
	uint64_t start_us;
	struct version_clock clock;
	struct table *table;
	struct watch *watch;
	struct limit *limit;
	struct recent *carried_out; /* requests that change something, by recent_print() */
	struct recent *macs;        /* of AUTH */
	struct recent *told;        /* changes that watchers were told of; in a cluster */
	uint32_t lane_count;
	struct lane **lanes;
	struct lane *cluster_lane;
};

struct lane {
	struct stats stats;
	struct server *server;
	uint32_t index;
	struct rng rng;
	struct token token;
	struct seal_stream stream;
	struct coordinator *coordinator; /* NULL: the cluster's lane */
	struct interest *interest;       /* likewise */
	bool others_first;               /* the order of the next tick, in a cluster */
	uint64_t ip_mix[2];              /* random, odd: spreads addresses over distinct */

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

/* One message of another server on its way through a lane. */
struct peer_request {
	struct lane *lane;
	struct server *server;
	const struct policy *policy;
	const struct view *view;
	const struct now *now;
	uint64_t now_ms;
	const struct letter *letter; /* known */
	const struct flow *flow;     /* the way back */
	struct mail *mail;           /* answers */
	struct peer_msg msg;
};

/* Answers a question of another server from the table, and from nothing else; the answer goes with
 * mail_put(rq->mail, rq->flow, …), or nowhere when there is no room. */
typedef void peer_handle_fn(struct peer_request *rq);

peer_handle_fn peer_handle_store, peer_handle_fetch, peer_handle_subscribe, peer_handle_noted,
	peer_handle_pull;

/* The mail of a lane for one call. */
struct mail lane_mail(struct lane *l, const struct now *now, struct outbox *out, size_t left);

/* What is left of a lifetime when a letter said so: our clock's end, which is never later than the
 * sender meant. */
uint64_t letter_expiry_ms(const struct letter *l, uint64_t life_ms);

/* A record that a letter told of, as our table has it. */
struct record letter_record(const struct letter *l, const struct peer_record *told);

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

/* Tells who watches the hash of a change, once, however many servers tell of it. */
void lane_tell(struct lane *l, const struct table_key *key, enum msg_event_kind kind,
	const struct record *r, enum watch_origin origin, uint64_t now_ms);

/* A client of this lane watches the hash from now on. */
void lane_watches(struct lane *l, const struct table_key *key, uint64_t now_ms);

/* Merges one record, or buries what a withdrawal is about, and tells the counters and the watchers.
 * Gives table_merge()'s result. */
int lane_store(
	struct lane *l, const struct table_key *key, const struct record *r, uint64_t now_ms);

/* The same for what another server sent; later versions of ours are above it. DHT_EINVAL when it is
 * too far in the future, or of an address that nobody can have. */
int lane_store_foreign(
	struct lane *l, const struct table_key *key, const struct record *r, const struct now *now);

/* The same for what another server has had for some time. To who is only just getting what there is
 * of a partition it is no news: those who watch have been told by the others, long ago. */
int lane_store_copy(
	struct lane *l, const struct table_key *key, const struct record *r, const struct now *now);

/* Whether a version is further ahead of our wall clock than any that is taken. */
bool lane_version_ahead(uint64_t version, const struct now *now);

/* Whether a record that another server tells of can be one: of an address that somebody can have,
 * and not too far ahead. */
bool lane_may_believe(const struct record *r, const struct now *now);

/* A record as other servers are told of it, who never let it live longer than we do. False when it
 * is as good as over. */
bool lane_tell_record(const struct record *r, uint64_t now_ms, struct peer_record *out);

/* Withdraws the record of one provider if it is there. Negative on failure. */
int lane_withdraw(struct lane *l, const struct table_key *key, const struct ip *ip, uint16_t port,
	uint64_t stamp, uint64_t now_ms);

/* Addresses that fit a HAVE of room bytes. */
size_t have_fit(size_t room);

/* Draws records from the table into l->records, so many that max addresses are found among them
 * though providers with several ports come several times; gives their number, and in *total how
 * many providers there are. */
size_t lane_draw(
	struct lane *l, const struct table_key *key, size_t max, uint64_t now_ms, uint32_t *total);

/* Up to max distinct addresses of l->records[0 … n), in their order; gives their number. */
size_t lane_distinct(struct lane *l, size_t n, size_t max, struct ip *ips);

/* Builds a HAVE of at most room bytes from l->records[0 … n) in outbox_room(); gives its size. */
size_t have_write(struct lane *l, struct outbox *out, size_t n, size_t room);

/* One hash's page for LOOKUP: l->records[0 … n). */
struct lookup_page {
	size_t n;
	uint32_t next, total;
};

/* Where a LOOKUP's pages come from; false: not from here. */
struct lookup_source {
	bool (*page)(struct lookup_source *from, const struct request *rq, uint8_t index,
		size_t max, struct lookup_page *out);
};

/* Answers a LOOKUP, or challenges its source. CLIMB_ON, with nothing sent, when a page was not to
 * be had. */
enum stats_id lookup_answer(struct request *rq, struct lookup_source *from);

/* A DONE in outbox_room(), to which count statuses are to be written, and sending it. */
struct writer done_start(struct request *rq, uint32_t ttl_s, uint8_t count);
enum stats_id done_push(struct request *rq, struct writer *w, enum stats_id outcome);

/* What was asked, by whom, without the options: a client that repeats itself with a cookie, or
 * authenticated anew, still asks for the same. */
uint64_t request_print(const struct request *rq, struct span options);

/* Sends a HAVE if somebody has the hash, and makes sure that one comes later otherwise. DHT_EFULL
 * or DHT_ENOMEM when it can do neither. */
int want_answer(struct lane *l, struct outbox *out, const struct table_key *key,
	const struct flow *flow, size_t room, uint64_t until_ms, const struct now *now);

/* Counts what was put into the outbox for clients from item first on. */
void lane_count_answers(struct lane *l, const struct outbox *out, size_t first);

#endif
