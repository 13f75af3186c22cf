/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim: whole clusters of the real core in one process, under a simulated network and clocks.
 *
 *     plan ──────▶ what this seed is: sizes, faults, strengths
 *     chaos ─────▶ when servers crash, pause, leave, join, are cut off …       │ time
 *     fleet ─────▶ servers: struct server, seal and cluster, and a shell       ▼
 *         ▲  ╲
 *         │   net: loses, delays, repeats, reorders, harms and replays datagrams
 *         ▼  ╱
 *     crowd ─────▶ clients: requests, retries, subscriptions
 *         ╲
 *          oracle: what clients asked for and were told, and so what may and what must be there
 *     audit ─────▶ after each healing: does every server know what it must, and only that
 *
 * A run is a function of its seed (and of the options that take faults away): one thread, one
 * queue of events, virtual time in microseconds, and all chance from generators that the seed
 * starts. Each use of chance has a generator of its own, so that leaving a class of faults out
 * leaves the rest as alike as can be. Nothing depends on an address or on the real time. The
 * trace is a hash over each datagram that is delivered (time, sender, receiver, bytes) and each
 * event of the plan: equal traces are equal runs, with any compiler and any sanitizer.
 *
 * A run has one to three rounds. In each, faults of the classes that the seed has (each class with
 * a chance of one half, with strengths that are drawn too) come for some minutes: *safety*, what
 * must never happen is looked for in all that leaves a server. Then all faults stop, who is down
 * comes back or stays away for good, and after a stated time the audit demands the rest:
 * *liveness*, agreement and everything that was acknowledged. Some seeds are *calm*: without faults
 * but with servers that join and leave, and there every lookup on the way must be right as well.
 *
 * What goes wrong is told by sim_fail() under the name of what was to hold; the first ends the run:
 *
 *     invention     something was told that nobody put
 *     immortality   something was told more than 5 s after its end, or with a longer life
 *     resurrection  a withdrawal was acknowledged, and after healing it is back
 *     loss          an announcement was acknowledged, and after healing a server does not find it
 *     miss          likewise in a calm run, at any time
 *     silence       a request got no answer though nothing was wrong; a WANT or WATCH likewise
 *     echo          one change was told twice to one subscription, or one WANT twice
 *     agreement     live servers differ about who is a member, some time after healing
 *     unfinished    repair has not ended, some time after healing
 *     copies        an acknowledged record is on fewer servers than there are to be owners
 *     storm         a server sends more of itself than it may
 *     restless      so does one that has nothing to do
 *     amplification more was sent to an unproven address than it sent
 *     harmed        an envelope that was harmed on the way had an effect, or another's
 *     replay        one envelope had its effect twice
 *     accusation    a server that stood still itself suspects others at once
 *     early         a change was acknowledged before enough servers had it
 *     limit         more records, members or watchers than the limits allow
 *     spinning      a server wants to be called again and again, and time stands still
 *     status        a server says what cannot be
 *
 * What is excused is counted: an acknowledged record may be lost when more servers than
 * write_quorum - 1 have lost their disks since the last audit.
 */
#ifndef DHT_TESTS_SIM_SIM_H
#define DHT_TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/rng.h"

#include "plan.h"

#define SIM_SECOND UINT64_C(1000000)
#define SIM_MS     UINT64_C(1000)
#define SIM_NEVER  UINT64_MAX

/* Events that can wait at a time; datagrams beyond that are lost. */
#define SIM_EVENTS 262144

struct sim;
struct packet;

/* Something that happens at a time. Stands in whatever it is about, which must stay where it is as
 * long as the event waits. */
struct event {
	struct heap_node place;
	void (*fire)(struct sim *s, struct event *e);
};

/* What was counted, for the report. */
#define SIM_TALLIES(X)                                                                             \
	X(EVENTS, "events")                                                                        \
	X(SENT, "datagrams sent")                                                                  \
	X(DELIVERED, "delivered")                                                                  \
	X(LOST, "lost")                                                                            \
	X(REPEATED, "repeated")                                                                    \
	X(HARMED, "harmed")                                                                        \
	X(REPLAYED, "replayed")                                                                    \
	X(CUT, "stopped by a cut")                                                                 \
	X(OVERFLOW, "lost for a full buffer")                                                      \
	X(STARTS, "starts of servers")                                                             \
	X(CRASHES, "crashes")                                                                      \
	X(WIPES, "disks lost")                                                                     \
	X(PAUSES, "pauses")                                                                        \
	X(LEAVES, "leaves")                                                                        \
	X(CUTS, "cuts")                                                                            \
	X(REQUESTS, "requests")                                                                    \
	X(ACKED, "announcements acknowledged")                                                     \
	X(NOT_ACKED, "announcements without a quorum")                                             \
	X(WITHDRAWN, "withdrawals acknowledged")                                                   \
	X(ANSWERED, "lookups answered")                                                            \
	X(PROVIDERS, "providers told")                                                             \
	X(TOLD, "events told")                                                                     \
	X(AUDITS, "audits")                                                                        \
	X(DEMANDED, "records demanded")                                                            \
	X(FORBIDDEN, "records forbidden")                                                          \
	X(EXCUSED, "records excused")

enum sim_tally {
#define X(id, text) TALLY_##id,
	SIM_TALLIES(X)
#undef X
		TALLY_COUNT,
};

struct sim_failure {
	bool failed;
	uint64_t at_us;
	char check[16];
	char text[240];
};

struct sim {
	struct plan plan;
	struct plan_options options;
	uint64_t now_us;
	bool over;               /* the run has come to its end */
	bool healed;             /* no faults at the moment */
	uint64_t heal_us;        /* since when, or when the last healing was */
	uint64_t heal_restamped; /* fleet_restamped() then */
	uint64_t trace;
	uint64_t tally[TALLY_COUNT];
	struct sim_failure failure;
	char spied[1000];                        /* what the spy said last */
	void (*say)(void *to, const char *line); /* NULL: nobody listens */
	void *say_to;
	/* NULL, or shown each datagram that is sent, also one that is then lost. */
	void (*tap)(void *to, const struct packet *p);
	void *tap_to;

	struct net *net;
	struct fleet *fleet;
	struct crowd *crowd;
	struct oracle *oracle;
	struct chaos *chaos;
	struct audit *audit;

	struct heap queue;
	uint64_t order;
	struct heap_node **slots;
};

/* Draws the plan and makes everything. NULL when there is no memory. */
struct sim *sim_new(const struct plan_options *options);
void sim_free(struct sim *s);

/* Until its end, a failure, or options.until_us. */
void sim_run(struct sim *s);

/* For programs that drive a fleet themselves, without chaos, clients and audits, such as
 * bench/scale.c: everything for a plan that may have up to PLAN_FLEET_MAX servers; and until a
 * failure or this time, which it then is. */
struct sim *sim_with(const struct plan *p);
void sim_until(struct sim *s, uint64_t until_us);

/* Puts e in the queue, or moves it: it fires at at_us, or now if that is past; e->fire is set. What
 * is for the same time fires in the order of these calls. */
void sim_at(struct sim *s, struct event *e, uint64_t at_us);
void sim_cancel(struct sim *s, struct event *e);
static inline bool sim_waits(const struct event *e)
{
	return e->place.at != 0;
}

/* Whether another event has room. */
static inline bool sim_has_room(const struct sim *s)
{
	return s->queue.count < s->queue.capacity;
}

/* A generator of its own for one use: what and which are any numbers that say which. */
void sim_rng(const struct sim *s, struct rng *rng, uint32_t what, uint32_t which);

/* Adds bytes to the trace. */
void sim_trace(struct sim *s, const void *bytes, size_t len);
void sim_trace_number(struct sim *s, uint64_t n);

/* One line of what happens, for people and for the trace. */
void sim_say(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What was to hold does not. Only the first counts. */
void sim_fail(struct sim *s, const char *check, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static inline void sim_count(struct sim *s, enum sim_tally id)
{
	s->tally[id]++;
}

#endif
