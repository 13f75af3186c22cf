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
	X(BUSY, "busy", "no room to ask other servers")                                            \
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
	X(PROBES, "probes", "the watchdog's own requests, counted nowhere else")                   \
	X(SEND_ERRORS, "sendErrors", "datagrams that the system refused to send")                  \
	X(RECEIVE_OVERFLOWS, "receiveOverflows", "datagrams lost for a full receive buffer")

/* Datagrams of the peer and keep-alive planes that were dropped, by reason. */
#define STATS_PEER_DROPS(X)                                                                        \
	X(PEER_NO_CLUSTER, "noCluster", "this server is in no cluster")                            \
	X(PEER_NOT_ENVELOPE, "notEnvelope", "neither an envelope nor a base message in clear")     \
	X(PEER_LENGTH, "length", "LENGTH is not the size of the rest, or too short")               \
	X(PEER_IN_CLEAR, "inClear",                                                                \
		"in clear though there is a key, or sealed though there is none")                  \
	X(PEER_UNKNOWN_KEY, "unknownKey", "sealed with a key that is not ours")                    \
	X(PEER_FORGED, "forged", "the seal does not hold")                                         \
	X(PEER_REPLAYED, "replayed", "seen before, or too old to know")                            \
	X(PEER_WRONG_ADDRESS, "wrongAddress", "from another address than the member's")            \
	X(PEER_OWN, "own", "sent by this server itself")                                           \
	X(PEER_FULL, "full", "no memory to remember what was seen")                                \
	X(PEER_UNPROVEN, "unproven", "of a start that has not proven itself, which was asked to")  \
	X(PEER_BAD_PROOF, "badProof", "a proof that is not for us, late or from elsewhere")        \
	X(PEER_MALFORMED, "malformed", "a message inside does not parse; the others counted")      \
	X(PEER_LOST, "lost", "parcels for the cluster's thread that found its queue full")

/* What happened between servers. */
#define STATS_CLUSTER(X)                                                                           \
	X(CLUSTER_ENVELOPES, "envelopes", "envelopes of other servers that were taken")            \
	X(CLUSTER_CHALLENGES, "challenges", "starts of other servers asked to prove themselves")   \
	X(CLUSTER_SENT, "sent", "datagrams sent to other servers")                                 \
	X(CLUSTER_SENT_BYTES, "sentBytes", "bytes of these, without UDP's and IP's headers")       \
	X(CLUSTER_MAIL_DROPPED, "mailDropped",                                                     \
		"messages to other servers dropped for want of room")                              \
	X(SUBSCRIBES_SENT, "subscribesSent", "hashes asked of their owners to be told about")      \
	X(NOTIFIES_SENT, "notifiesSent", "changes told to other servers, repeats too")             \
	X(NOTIFIES_TAKEN, "notifiesTaken", "changes that other servers told of")                   \
	X(INTEREST_FULL, "interestFull", "watched hashes whose owners could not be asked to tell") \
	X(CLUSTER_FORWARDED, "forwarded",                                                          \
		"requests of clients that other servers were needed for")                          \
	X(CLUSTER_STORES_SENT, "storesSent", "STOREs sent to owners, repeats too")                 \
	X(CLUSTER_FETCHES_SENT, "fetchesSent", "FETCHes sent to other servers, repeats too")       \
	X(CLUSTER_RETRIES, "retries", "STOREs and FETCHes sent again for want of an answer")       \
	X(CLUSTER_HEDGES, "hedges", "times that a second server was asked as the first was slow")  \
	X(CLUSTER_STRAYS, "strays", "answers of other servers that nobody waited for any more")    \
	X(CLUSTER_RESTAMPED, "restamped", "changes given a newer version, as a clock is ahead")    \
	X(CLUSTER_QUORUM_MISSES, "quorumMisses", "hashes stored on fewer servers than the quorum") \
	X(CLUSTER_READS_CUT, "readsCut", "reads answered with what was known when time was over")  \
	X(CLUSTER_OPS_REFUSED, "opsRefused", "requests that found no room to ask other servers")   \
	X(CLUSTER_OPS_CUT, "opsCut", "requests that lost some of what they had for want of room")  \
	X(CLUSTER_STORES_TAKEN, "storesTaken", "STOREs of other servers")                          \
	X(CLUSTER_FETCHES_TAKEN, "fetchesTaken", "FETCHes of other servers")                       \
	X(CLUSTER_VIEWS, "views", "changes of the cluster as this server sees it")                 \
	X(KEEP_ALIVES_SENT, "keepAlivesSent", "KEEP_ALIVE questions sent")                         \
	X(ANSWERS_HEARD, "answersHeard", "answers to these that came in time")                     \
	X(KEEP_ALIVES_ANSWERED, "keepAlivesAnswered", "KEEP_ALIVE questions answered")             \
	X(HELPS_REFUSED, "helpsRefused",                                                           \
		"questions on behalf of others refused: too many at a time, or again")             \
	X(SUSPICIONS, "suspicions", "members that this server began to suspect")                   \
	X(DEATHS, "deaths", "members that this server found dead")                                 \
	X(RETURNS, "returns", "members that were held dead and had only been silent")              \
	X(REFUTATIONS, "refutations", "wrong words about this server that it refuted")             \
	X(STALE_GOSSIP, "staleGossip", "words about members that newer ones stand above")          \
	X(IMPLAUSIBLE_GOSSIP, "implausibleGossip",                                                 \
		"words about members that cannot have come from them")                             \
	X(SYNCS, "syncs", "times that all members were asked of another server")                   \
	X(NEW_REFUSED, "newRefused", "NEW of another server than its sender, or of ours")          \
	X(YES_UNEXPECTED, "yesUnexpected", "YES without a NEW to that server")                     \
	X(DECO_REFUSED, "decoRefused", "DECO of a server that is no member")                       \
	X(HINTS_DROPPED, "hintsDropped", "servers heard of and not asked: too many")               \
	X(MEMBERS_REFUSED, "membersRefused", "servers that there was no place for")                \
	X(MEMBERS_FORGOTTEN, "membersForgotten", "members that had gone, forgotten to make room")  \
	X(PULLED_RECORDS, "pulledRecords", "records that repair got from other servers")           \
	X(PULLED_BYTES, "pulledBytes", "bytes of the messages that these came in")                 \
	X(PULLED_REFUSED, "pulledRefused", "such records that could not be taken")                 \
	X(PULLS_GIVEN_UP, "pullsGivenUp",                                                          \
		"times that repair stopped getting a partition, to begin again later")             \
	X(PARTITIONS_DROPPED, "partitionsDropped", "partitions let go of: their owners have all")  \
	X(CONFIRMS_LOST, "confirmsLost", "confirmations dropped for want of room, asked for anew") \
	X(LATE_TICKS, "lateTicks", "times that the cluster's thread came too late")

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
#define X(id, name, help) STATS_##id,
					STATS_PEER_DROPS(X) STATS_CLUSTER(X)
#undef X
						STATS_COUNT,
};

enum stats_group {
	STATS_GROUP_REQUESTS,
	STATS_GROUP_ANSWERS,
	STATS_GROUP_DROPS,
	STATS_GROUP_EVENTS,
	STATS_GROUP_PEER_DROPS,
	STATS_GROUP_CLUSTER,
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
