/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repair_impl: what repair's own files share.
 *
 *     repair.c          life, messages, what is due when, progress
 *     repair_view.c     another view: what becomes ours, what is ours no more
 *     repair_part.c     what is known of a partition, and when it is complete
 *     repair_compare.c  whom to compare with when; COMPARE, COMPARED, CONFIRM
 *     repair_pull.c     PULL, PULLED
 *
 * What is known of others stands in masks of places: bit i is the member at place i of the
 * partition's row. A partition goes from set to set:
 *
 *     fast ── each pass ──▶ soon ── COMPARE ──▶ differs ──▶ want ── PULL ──▶ a job
 *     (partial, or kept)     ▲ ▲                                              │
 *             the steady round └──────────── who else differed ◀──────────────┘
 *
 * Passes follow each other at twice the time of the last, from PASS_FIRST_US on, up to a quarter of
 * the interval or PASS_SLOWEST_US: what can be settled is settled at once, what can't be makes
 * little noise.
 */
#ifndef DHT_CORE_REPAIR_IMPL_H
#define DHT_CORE_REPAIR_IMPL_H

#include "base/mutant.h"
#include "base/rng.h"
#include "core/lane.h"
#include "core/partset.h"
#include "core/repair.h"

#define STEADY_STEPS    128 /* of a steady round */
#define STEADY_PARTS    (TABLE_PARTITIONS / STEADY_STEPS)
#define PASS_FIRST_US   500000
#define PASS_SLOWEST_US 15000000
#define LOST_MS         10000 /* after a pause this long others may hold what was ours */
#define BATCH_MAX       4096  /* questions that one tick asks */
#define BATCH_PARTS     2048  /* partitions that these are about */
#define BATCH_RECORDS   65536 /* in these, whose digests are computed */
#define BATCH_GAP_US    20000
#define CONFIRMS_MAX    1024
#define PULL_TRIES      5
#define PULL_WAIT_US    UINT64_C(300000) /* for the first answer; twice as long each time */
#define PULL_EACH       8                /* PULLs to one server in a tick */
#define PULL_DATAGRAMS  LANE_OUT_MAX     /* that may answer these */
#define PULL_STEPS      (1u << 20)       /* PULLs of one job … */
#define PULL_LATE       256              /* … and those of which an answer came in part only */
#define PULL_PRINTS     128              /* in one PULL */
#define PULL_REFUSED    512              /* records, and a job gives up */
#define BURST_BYTES     (REPAIR_BYTES_S / 16)

struct repair_part {
	uint32_t heard;     /* said what it has; masks */
	uint32_t whole;     /* of these: has all that there is */
	uint32_t have;      /* we have all that it had when it was compared or pulled */
	uint32_t want;      /* differs: to be pulled from */
	uint32_t ask;       /* to be compared with, soon */
	uint32_t confirmed; /* not owned: who have all of what has this digest */
	uint64_t digest;
	uint64_t since_us; /* what is known of others is from then on */
	uint16_t guest;    /* a slot outside of the row, to be pulled from; RING_NONE */
	bool owned;
	bool pulling;
	bool authority; /* since it is partial, all was had that some complete server had */
};

/*
 * A pull of one partition from one server: sub after sub, each in as many PULLs as it takes. A sub
 * is so small that the prints of what we have of it fit a PULL.
 */
struct repair_job {
	bool used;
	bool sent; /* and waits for an answer */
	uint8_t split, window, tries;
	uint8_t of;    /* messages of the answer, 0: not known */
	uint32_t got;  /* of these; a mask */
	uint16_t slot; /* whom from */
	uint32_t partition, sub;
	uint32_t id;    /* of the last PULL */
	uint32_t steps; /* PULLs */
	uint32_t late;  /* of these: answered in part */
	uint32_t refused;
	uint32_t reserved; /* bytes of the budget */
	uint64_t cursor, due_us;
	uint64_t next[PEER_WINDOW_MAX]; /* cursors behind each message */
	bool begun;                     /* the rest is set */
	bool whole;                     /* it always said that it is complete */
	bool steady;                    /* its digest was always this one */
	uint64_t digest, start;
};

/* An item on its way to a member. */
struct repair_item {
	uint16_t slot, partition;
	uint8_t flags;
	uint64_t digest;
};

struct repair {
	struct repair_conf conf;
	struct parts *parts;
	struct lane *lane;
	struct table *table;
	struct rng rng;
	const struct view *view; /* NULL: none yet */
	bool known_all;
	uint64_t promised_us; /* the deadline that the last tick gave; 0: none yet */
	uint64_t empty;       /* digest of nothing */

	struct repair_part part[TABLE_PARTITIONS];
	uint32_t owned, partial, kept;
	struct partset fast;    /* partial or kept */
	struct partset soon;    /* ask is not empty */
	struct partset want[2]; /* want or guest is not empty, and no job is at it; 0: partial */
	uint32_t soon_at, want_at[2];

	uint64_t steady_us, pass_us; /* when they are due; steady_us 0: it has not begun */
	uint64_t passed_us;          /* when the last pass was */
	uint64_t pass_gap_us;
	uint32_t steady_at;
	uint64_t batch_us;

	size_t confirm_count;
	uint64_t confirm_us;
	struct repair_item confirms[CONFIRMS_MAX];
	struct repair_item batch[BATCH_MAX];

	struct repair_job jobs[REPAIR_JOBS];
	uint32_t jobs_used;
	uint32_t last_id;
	int64_t budget;     /* bytes that may still be asked for; less than 0: owed */
	uint64_t budget_us; /* as of then */

	uint64_t last_round_us;
};

/* repair_part.c */

/* The mask of slot's place in the row; 0 when it has none. */
uint32_t repair_bit(const struct repair *r, uint32_t p, uint16_t slot);

/* Everybody else among the owners. */
uint32_t repair_owners(const struct repair *r, uint32_t p);

/* Those of mask that can be asked something. */
uint32_t repair_reach(const struct repair *r, uint32_t p, uint32_t mask);
bool repair_reachable(const struct repair *r, uint16_t slot);

uint64_t repair_digest(const struct repair *r, uint32_t p, uint64_t now_ms);

/* PEER_PART_… of this server. */
uint8_t repair_flags(const struct repair *r, uint32_t p);

/* Writes down who owns it and what we have of it. */
void repair_mark(struct repair *r, uint32_t p, bool owned, enum part_state state);

/* Forgets what is known of others, from now on. */
void repair_reset(struct repair *r, uint32_t p, uint64_t now_us);

/* To be called when want, guest, pulling, owned or the state changed. */
void repair_queue(struct repair *r, uint32_t p);

/* To be compared with these, soon. */
void repair_ask(struct repair *r, uint32_t p, uint32_t mask);

/* To be pulled from slot. */
void repair_want(struct repair *r, uint32_t p, uint16_t slot);

/* What slot said of itself: PEER_PART_…; have: and we have all that it has. */
void repair_heard(struct repair *r, uint32_t p, uint16_t slot, uint8_t flags, bool have);

/* An owned partition that is partial: complete now, or what has to be done for that. */
void repair_pursue(struct repair *r, uint32_t p, uint64_t now_us);

/* repair_view.c */

void repair_doubt(struct repair *r, uint64_t now_us);

/* repair_compare.c */

/* The steady round, and a pass through what is partial or kept. */
void repair_steady(struct repair *r, const struct now *now);
void repair_pass(struct repair *r, const struct now *now);

/* The next pass comes at once when there was none just now, and others soon after it. */
void repair_hurry(struct repair *r, uint64_t now_us);

void repair_confirm(
	struct repair *r, uint32_t p, uint16_t slot, uint64_t digest, const struct now *now);
void repair_send_confirms(struct repair *r, struct mail *mail);
void repair_send_compares(struct repair *r, struct mail *mail);

void repair_take_compare(struct repair *r, struct mail *mail, const struct flow *flow,
	const struct letter *l, const struct peer_compare *m);
void repair_take_compared(struct repair *r, const struct letter *l, const struct peer_compared *m,
	const struct now *now);
void repair_take_confirm(struct repair *r, const struct letter *l, const struct peer_confirm *m,
	const struct now *now);

/* repair_pull.c */

void repair_pull(struct repair *r, struct mail *mail);
void repair_take_pulled(struct repair *r, const struct letter *l, const struct peer_pulled *m,
	size_t len, const struct now *now);

/* Ends those whose partition or source are no more what they were; or all. */
void repair_drop_jobs(struct repair *r, const struct view *old, bool all);

/* When PULLs can next be sent. */
uint64_t repair_pull_deadline(const struct repair *r);

/* repair.c */

static inline void repair_count(struct repair *r, enum stats_id id, uint64_t n)
{
	stats_add(&r->lane->stats, id, n);
}

/* The way to a member's peer port. */
struct flow repair_flow(const struct repair *r, uint16_t slot);

#endif
