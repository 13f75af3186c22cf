/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repair: every owner comes to have what any server has of its partitions, and nobody lets go of
 * anything before.
 *
 *     compare:  COMPARE (partition, digest) … ──▶ other     at a steady pace through all partitions
 *               ◀── COMPARED: differs? complete?            once an interval, sooner after a change
 *     pull:     PULL (partition, prints of what I have) ──▶ who has something else
 *               ◀── PULLED: what is not among them          a lane of his answers, from the table
 *     confirm:  CONFIRM (partition, his digest) ──▶ who keeps it but does not own it:
 *                                                   he may let go of it
 *
 * - An owner whose digest of a partition is another than somebody else's pulls from them: records
 *   merge (table.h), so that pulling anything from anybody at any time is harmless.
 * - A new owner is *partial* until it has all that R - W + 1 owners had who are complete, for those
 *   overlap any write quorum; or, when there are not so many, all that everybody had who stands in
 *   the row and is complete; or, when nobody is, all that anybody had who stands in the row, and an
 *   interval has passed in which nobody else offered anything. To have it means to have pulled it,
 *   or to have had the same digest.
 * - A server that has something of a partition that it does not own *keeps* it: it offers it to
 *   each owner (its COMPARE says so), and lets go of it when all owners have confirmed the very
 *   digest that it has then. Only an owner confirms, and only what was said since the partition was
 *   kept counts: so two servers that each take the other for the owner never both let go. That it
 *   had a partition complete it remembers until the owners are complete, even when the partition is
 *   empty.
 * - A server whose tick came late by REPAIR_LATE_MS compares all that it owns at once. When it was
 *   much later, others may have taken its place meanwhile: all that it owns is partial again.
 * - First in line are partitions that are partial, then those offered, then the steady round.
 * - Pace: REPAIR_BYTES_S of answers a second, REPAIR_JOBS pulls at a time, REPAIR_OUT datagrams a
 *   tick. A pull that is not answered is tried again, then with another server.
 * - A merge that is refused (the table is full) means: not complete, not confirmed.
 * - What is pulled, refused, given up and dropped is counted in the lane's counters.
 *
 * One thread's: the cluster's. Deterministic. What it remembers of each partition is of fixed size.
 */
#ifndef DHT_CORE_REPAIR_H
#define DHT_CORE_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mail.h"
#include "core/parts.h"
#include "core/view.h"

#define REPAIR_OUT     64 /* datagrams for one tick or one message */
#define REPAIR_JOBS    32
#define REPAIR_BYTES_S (16u << 20)
#define REPAIR_LATE_MS 2000

struct repair;
struct lane;

struct repair_conf {
	uint64_t interval_us; /* a round of comparing */
};

struct repair_progress {
	uint32_t owned;         /* partitions */
	uint32_t partial;       /* of these: not complete yet */
	uint32_t kept;          /* not owned, but not none */
	uint64_t last_round_us; /* when the last steady round ended; 0: none has */

	/* The lane's counters (stats.h), of which these are its. */
	uint64_t pulled_records, pulled_bytes;
	uint64_t refused_records;    /* that were pulled and could not be merged */
	uint64_t dropped_partitions; /* that all owners have */
	uint64_t given_up;           /* pulls */
	uint64_t lost_confirms;      /* for want of room; whoever waits for one offers again */
};

/* Borrows parts, and lane: merges go through it, so that watchers are told (it is the cluster
 * thread's own, never a worker's). NULL when there is no memory. */
struct repair *repair_new(
	const struct repair_conf *conf, struct parts *parts, struct lane *lane, uint64_t random);
void repair_free(struct repair *r);
void repair_configure(struct repair *r, const struct repair_conf *conf);

/* The cluster is another one. Borrows the view until the next has been set. known_all: this server
 * is settled: what it owns in its first view, or when it is alone, it has; otherwise it has to
 * catch up. When it was settled and is no more, all is in doubt. Call it before the lanes are given
 * the view, so that they never take for complete what becomes ours again. */
void repair_set_view(struct repair *r, const struct view *v, bool known_all, const struct now *now);

/* This server has become settled without catching up (it is alone, or the first): all that it owns
 * is complete. */
void repair_settle(struct repair *r);

/* COMPARE, COMPARED, PULLED, CONFIRM in a letter that is known; false for any other, but for PULL,
 * which a lane has answered. */
bool repair_take(struct repair *r, struct mail *mail, const struct flow *flow,
	const struct letter *l, struct span message);

/* Does what is due. mail has room for REPAIR_OUT. */
void repair_tick(struct repair *r, struct mail *mail);

/* When repair_tick() is next due, in mono_us; may be past. UINT64_MAX: there is no view yet. */
uint64_t repair_deadline(const struct repair *r);

struct repair_progress repair_progress(const struct repair *r);

/* Whether nothing is partial: all that it owns is complete. */
bool repair_caught_up(const struct repair *r);
/* Whether it owns nothing, and has nothing left that others might not have: it may go. Looks at
 * each partition. */
bool repair_emptied(const struct repair *r);

/* Every internal invariant; asserts. */
void repair_check(const struct repair *r);

#endif
