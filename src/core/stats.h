/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats: counters, each with a name that does not change and a line that explains it.
 *
 * The lists below are the one place where a counter is made: whoever shows or documents them walks
 * stats_info(). Each worker counts for itself (one writer, so an increment is a plain add); whoever
 * reads adds them up. Counters start at zero with the process and are never reset.
 */
#ifndef DHT_CORE_STATS_H
#define DHT_CORE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

/* X(identifier, name, help). Names are camelCase, as in the control protocol's JSON. */

/* Datagrams that were accepted, by type. */
#define STATS_REQUESTS(X)                                                                          \
	X(GET, "get", "GET requests")                                                              \
	X(PUT, "put", "PUT requests")                                                              \
	X(WANT, "want", "WANT requests")                                                           \
	X(EXIT, "exit", "EXIT requests")                                                           \
	X(LOOKUP, "lookup", "LOOKUP requests")                                                     \
	X(ANNOUNCE, "announce", "ANNOUNCE requests")                                               \
	X(WITHDRAW, "withdraw", "WITHDRAW requests")                                               \
	X(WATCH, "watch", "WATCH requests")                                                        \
	X(SEEN, "seen", "SEEN acknowledgements of events")                                         \
	X(PING, "ping", "PING requests")                                                           \
	X(SERVERS, "servers", "SERVERS requests")

/* What was sent. */
#define STATS_ANSWERS(X)                                                                           \
	X(HAVE, "have", "HAVE datagrams sent")                                                     \
	X(PROVIDERS, "providers", "PROVIDERS datagrams sent")                                      \
	X(DONE, "done", "DONE datagrams sent")                                                     \
	X(ERROR, "error", "ERROR datagrams sent")                                                  \
	X(EVENT, "event", "EVENT datagrams sent, repeats too")                                     \
	X(CHALLENGE, "challenge", "CHALLENGE datagrams sent")                                      \
	X(PONG, "pong", "PONG datagrams sent")                                                     \
	X(SERVER_LIST, "serverList", "SERVER_LIST datagrams sent")

/* Datagrams that came in and were not carried out, by reason. Each datagram is counted once. */
#define STATS_DROPS(X)                                                                             \
	X(SHORT, "short", "fewer bytes than a header")                                             \
	X(LENGTH, "length", "LENGTH is not the size of the rest")                                  \
	X(UNKNOWN_TYPE, "unknownType", "no such type on this plane")                               \
	X(MALFORMED, "malformed", "the data does not parse as its type")                           \
	X(NOT_A_REQUEST, "notARequest", "an answer, which nothing answers")                        \
	X(DENIED, "denied", "the source is not in clients.allow")                                  \
	X(BAD_SOURCE, "badSource", "source port 0, or a source that cannot be one host")           \
	X(RATE_LIMITED, "rateLimited", "the source is over clients.rate")                          \
	X(UNPROVEN, "unproven", "the answer would be longer than an unproven source's request")    \
	X(UNKNOWN_OPTION, "unknownOption", "a critical option that is not known")                  \
	X(AUTH_NEEDED, "authNeeded", "no AUTH where it is required")                               \
	X(AUTH_FAILED, "authFailed", "AUTH with a wrong key, time or MAC, or seen before")         \
	X(POLICY, "policy", "refused by clients.base_put or clients.third_party_put")              \
	X(BAD_PROVIDER, "badProvider", "a provider address that cannot be one host")               \
	X(FULL, "full", "a PUT or WANT at a limit")                                                \
	X(SHUTTING_DOWN, "shuttingDown", "a change asked for while the server stops")              \
	X(EXIT_REFUSED, "exitRefused", "EXIT without a password set, or too soon after another")   \
	X(EXIT_WRONG, "exitWrong", "EXIT with a wrong password")                                   \
	X(TRUNCATED, "truncated", "longer than any message")

/* What happened to records and around them. */
#define STATS_EVENTS(X)                                                                            \
	X(RECORDS_NEW, "recordsNew", "records that appeared")                                      \
	X(RECORDS_REFRESHED, "recordsRefreshed", "records whose lifetime moved")                   \
	X(RECORDS_WITHDRAWN, "recordsWithdrawn", "records that were withdrawn")                    \
	X(RECORDS_EXPIRED, "recordsExpired", "records whose lifetime ended")                       \
	X(RECORDS_REFUSED, "recordsRefused", "records refused at a limit")                         \
	X(REPEATS, "repeats", "requests with a transaction id that was carried out before")        \
	X(HITS, "hits", "hashes asked for that had a provider")                                    \
	X(MISSES, "misses", "hashes asked for that nobody had")                                    \
	X(PROBES, "probes", "the watchdog\'s own requests, counted nowhere else")                  \
	X(SEND_ERRORS, "sendErrors", "datagrams that the system refused to send")                  \
	X(RECEIVE_OVERFLOWS, "receiveOverflows", "datagrams lost for a full receive buffer")

enum stats_id {
#define X(id, name, help) STATS_REQUEST_##id,
	STATS_REQUESTS(X)
#undef X
#define X(id, name, help) STATS_ANSWER_##id,
		STATS_ANSWERS(X)
#undef X
#define X(id, name, help) STATS_DROP_##id,
			STATS_DROPS(X)
#undef X
#define X(id, name, help) STATS_##id,
				STATS_EVENTS(X)
#undef X
					STATS_COUNT,
};

enum stats_group {
	STATS_GROUP_REQUESTS,
	STATS_GROUP_ANSWERS,
	STATS_GROUP_DROPS,
	STATS_GROUP_EVENTS,
};

struct stats_info {
	enum stats_group group;
	const char *name;
	const char *help;
};

/* One worker's counters. */
struct stats {
	_Alignas(64) _Atomic(uint64_t) n[STATS_COUNT];
};

/* id: 0 to STATS_COUNT - 1. */
const struct stats_info *stats_info(enum stats_id id);

/* For the one thread that owns s. */
static inline void stats_add(struct stats *s, enum stats_id id, uint64_t v)
{
	uint64_t old = atomic_load_explicit(&s->n[id], memory_order_relaxed);
	atomic_store_explicit(&s->n[id], old + v, memory_order_relaxed);
}

static inline void stats_inc(struct stats *s, enum stats_id id)
{
	stats_add(s, id, 1);
}

static inline uint64_t stats_get(const struct stats *s, enum stats_id id)
{
	return atomic_load_explicit(&s->n[id], memory_order_relaxed);
}

#endif
