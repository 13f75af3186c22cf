/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * member: who is in the cluster, as this server sees it.
 *
 * SWIM (Das, Gupta, Motivala, 2002) with Lifeguard's refinements (Dadgar, Phillips, Currey, 2017),
 * carried by KEEP_ALIVE and its BEAT, and gossip beside them.
 *
 *               own word, or gossip                unanswered for suspect_after,
 *     (unknown) ─────────────────▶ alive ◀───────▶ suspect     directly and through others
 *                                    ▲    heard,      │ nobody hears it: drop_after
 *                  own word with a   │    refuted     ▼
 *               higher incarnation   └───────────── dead ─ tried again for ever, slowly
 *
 *                                    DECO, from any of them: left
 *
 * - A member is known by its IP and peer port (its id), whatever address it is heard from.
 * - Only a member raises its own incarnation: at its start it is the wall clock's seconds, and
 *   whenever it hears that it is suspect, dead or of another start it goes above what it heard.
 * - Of two words about a member that with the higher incarnation holds; of the same incarnation
 *   left wins over dead, dead over suspect, and suspect over alive. A word that would raise the
 *   incarnation of a start that is known by more than MEMBER_LEAP did not come from the member, and
 *   is dropped.
 * - Each interval (give or take a tenth) a few members are asked KEEP_ALIVE, in a shuffled order,
 *   or all when there are few. Who has not answered is asked again each interval (some of them,
 *   when they are many), and MEMBER_HELPERS others are asked to ask it; an answer to them counts as
 *   heard. So one lost datagram, one broken link or one direction of it makes nobody suspect.
 * - A server that came late to its own tick accuses nobody for a while and starts counting anew; if
 *   it was very late it says to others that it is alive before it is asked.
 * - Hearing that a member is dead, a server that has heard it lately does not believe it, and tells
 *   the member, who refutes.
 * - A new start, or one that others held dead, comes back with a higher incarnation. Who was held
 *   dead several times within some minutes owns nothing for a while, twice as long each time; it
 *   says so itself, by a weight of 0. But nobody is held down so when fewer others than replicas
 *   own something.
 * - What is new is told with each BEAT, as often as it takes for all to hear it; two servers whose
 *   digests of the members differ for a while page through each other's (SYNC, ROSTER), one page
 *   an answer.
 * - A member that speaks only base messages is a member, and owns nothing.
 * - Each server computes owners with its own number of replicas, whatever the others say that they
 *   have: where they differ, two servers ask different ones for the same hash. That is for an
 *   administrator to mend, who sees it by the members' profiles.
 *
 * *Settled*: a server whose seeds were configured is not, until it has caught up with its cluster,
 * or found that there is none (nobody answered for MEMBER_ALONE_MS), or that all whom it found are
 * as new and it has the lowest id. One that settled alone and then meets a settled member has to
 * catch up after all: it may be the one seed of all others, and have been away. Only what a settled
 * member says of what it has is complete (repair.h).
 *
 * What always holds: one tick or one message makes at most MEMBER_OUT datagrams. Members are at
 * most RING_SLOTS: who has left makes room for a new one, then who has been dead for the longest,
 * and when all are up the new one is refused. Seeds are at most MEMBER_HINTS, and so are hints
 * about servers that nobody has spoken with; both together make at most MEMBER_HINTS_S NEWs a
 * second. No answer is answered. One thread's. Deterministic.
 */
#ifndef DHT_CORE_MEMBER_H
#define DHT_CORE_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mail.h"
#include "core/seal.h"
#include "core/view.h"

#define MEMBER_OUT      64
#define MEMBER_HELPERS  3
#define MEMBER_HINTS    64
#define MEMBER_HINTS_S  10
#define MEMBER_LEAP     64
#define MEMBER_ALONE_MS 3000
#define MEMBER_SEED_MS  300000 /* a seed that has not answered for so long is named */

struct members;

struct member_conf {
	struct addr self; /* id: IP and peer port */
	uint16_t client_port, keepalive_port;
	uint8_t weight;
	const char *zone, *version; /* borrowed until the end */
	uint64_t interval_us, suspect_after_us, drop_after_us;
	uint8_t replicas, write_quorum; /* 1 <= write_quorum <= replicas <= RING_REPLICAS */
	bool confirm_misses;
};

enum member_link {
	MEMBER_LINK_GOOD,
	MEMBER_LINK_HALF_IN, /* it is heard, but does not hear us */
	MEMBER_LINK_THROUGH, /* only others hear it; from its side, it may be half */
	MEMBER_LINK_NONE,
};

/* A seed that is no member. */
struct member_seed {
	struct addr id;
	uint64_t silent_ms; /* since it was one, or since it is a seed */
};

struct member_info {
	struct addr id;
	uint8_t state; /* enum peer_state */
	bool speaks;   /* has a start */
	bool proven;   /* we have a session with it */
	enum member_link link;
	uint32_t rtt_us;         /* smoothed; 0: not known */
	uint16_t loss_permille;  /* of our KEEP_ALIVEs, of late */
	uint64_t heard_ms;       /* ago, directly; UINT64_MAX: never */
	int64_t clock_offset_ms; /* its wall clock less ours, when rtt_us is known */
	uint32_t incarnation;
	uint64_t start;
	struct peer_profile profile; /* all zero: it has not said any */
};

/* Borrows seal and stats (of the thread that calls). settled: there are no seeds. NULL when there
 * is no memory. */
struct members *members_new(const struct member_conf *conf, struct seal *seal, struct stats *stats,
	uint64_t random, bool settled, const struct now *now);
void members_free(struct members *m);

/* What a reload may change: times, replicas, weight. Zone and version as well. */
void members_configure(struct members *m, const struct member_conf *conf);

/* The seal has other keys since: the others are told their ids. */
void members_keys_changed(struct members *m);

/* Addresses to send NEW to, as long as they are no members: at once and then with backoff, up to
 * every 30 s. Copies them; at most MEMBER_HINTS. */
void members_set_seeds(struct members *m, const struct addr *seeds, size_t n);

/* One message of a letter that is known, when it is the membership's (BEAT, GOSSIP, ASK_FOR, HEARD,
 * SYNC, ROSTER and the base messages); false when it is not. flow: the way back. */
bool members_take(struct members *m, struct mail *mail, const struct flow *flow,
	const struct letter *l, struct span message);

/* A bare base message, without keys, from the plane that it belongs to. */
void members_take_bare(
	struct members *m, struct mail *mail, const struct flow *flow, const struct msg *msg);

/* Does what is due. mail has room for MEMBER_OUT. */
void members_tick(struct members *m, struct mail *mail);

/* When members_tick() is next due, in mono_us. */
uint64_t members_deadline(const struct members *m);

/* Moves when the view would be another one. Settles the ring before it is compared. */
uint64_t members_epoch(struct members *m);

/* Whether it may have moved since it was last asked for: much cheaper to know. */
bool members_stirred(const struct members *m);

/* A view of now, to be freed with view_free(). NULL when there is no memory. */
struct view *members_view(struct members *m);

/* This server: has caught up. */
void members_settle(struct members *m);
bool members_settled(const struct members *m);
/* Whether another member that is alive is settled. */
bool members_has_settled(const struct members *m);

/* Leaving: own nothing any more; and back. Told to the others with a new incarnation. */
void members_set_leaving(struct members *m, bool leaving);

/* DECO to the members that are alive, to as many as mail has room for; call again while it gives
 * true. */
bool members_part(struct members *m, struct mail *mail);

/* Says to all members that this server will be back in a moment, which makes them wait longer
 * before they suspect it; call again while it gives true. */
bool members_announce_restart(struct members *m, struct mail *mail);

/* Told by an administrator. DHT_EINVAL: not an address a server can have, or this server;
 * DHT_EFULL. */
int members_add(struct members *m, const struct addr *id);
/* Forget a member that is dead (all servers do), or make one that is not answer for itself.
 * DHT_ENOENT, DHT_EINVAL. */
int members_drop(struct members *m, const struct addr *id);

/* Members in all that have not left, without this server; fills in up to max of them in the order
 * of their ids. */
size_t members_list(
	const struct members *m, const struct now *now, struct member_info *out, size_t max);

/* Seeds where no member has been for MEMBER_SEED_MS: nobody runs there, or nobody with our key. Who
 * is dead is a member and none of these. */
size_t members_silent_seeds(const struct members *m, const struct now *now,
	struct member_seed out[static MEMBER_HINTS]);

/* Digest of the members, as BEAT has it. */
uint64_t members_digest(const struct members *m);

/* Every internal invariant; asserts. */
void members_check(const struct members *m);

#endif
