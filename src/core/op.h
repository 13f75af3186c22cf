/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * op: what a coordinator's own files share; nobody else includes it.
 *
 *     coordinate.c   a coordinator's life, its tick, what comes in
 *     op.c           ops, legs and records found, and where their memory comes from
 *     op_write.c     PUT, ANNOUNCE, WITHDRAW: which owners have what
 *     op_read.c      GET, LOOKUP, WANT: whom to ask, and what was learnt
 *     op_send.c      legs into the mail
 *     op_answer.c    what the client is told
 *
 * An op is one request, a leg what one other server is asked for it: a set of the op's hashes that
 * fits one message, which goes out again as it is until it was answered. An op is
 *
 *     open ──▶ answering ──▶ lingering ──▶ free
 *                  ▲             │
 *                  └─────────────┘  its client repeats itself
 *
 * and a read is free as soon as it was answered; a PUT, whose client waits for nothing, lingers
 * from the start. Legs come and are answered in all of them.
 *
 * All memory is taken when the coordinator is made and is touched only when it is used. When one of
 * the pools is empty the oldest lingering op gives its place up: repair does what it had left.
 */
#ifndef DHT_CORE_OP_H
#define DHT_CORE_OP_H

#include "base/heap.h"
#include "base/hmap.h"
#include "base/link.h"
#include "base/mutant.h"
#include "base/rng.h"
#include "core/coordinate.h"
#include "core/late.h"
#include "wire/hash.h"

#define OP_HASHES    UINT8_MAX /* of one op */
#define OP_COPIES    3         /* times that a write gets a newer version */
#define OP_PRINTS    4096      /* a power of two */
#define OP_PER_TICK  256       /* ops that are looked at in one call */
#define NEVER        UINT64_MAX
#define HASHES_MAX   65535 /* of all ops of a lane */
#define FOUND_MAX    65535
#define OP_PAGE      64                 /* records that an owner asks for when it confirms */
#define OP_DATAGRAMS (LANE_OUT_MAX / 2) /* that the answer to one leg may need */

/* Some of an op's hashes. */
struct hashset {
	uint64_t w[4];
};

static inline void hashset_add(struct hashset *s, unsigned i)
{
	s->w[i / 64] |= UINT64_C(1) << i % 64;
}

static inline void hashset_remove(struct hashset *s, unsigned i)
{
	s->w[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static inline bool hashset_has(const struct hashset *s, unsigned i)
{
	return s->w[i / 64] >> i % 64 & 1;
}

static inline bool hashset_empty(const struct hashset *s)
{
	return (s->w[0] | s->w[1] | s->w[2] | s->w[3]) == 0;
}

enum op_hash_flags {
	WRITE_KEPT = 1, /* stands in our own table */
	WRITE_FULL = 2, /* found it full */
	READ_OWNER = 4, /* we own the partition: what is learnt is merged, and our table counts */
	READ_TOLD = 8,  /* complete owners have said all that there is to say */
	READ_DONE = 16, /* nothing more is to be asked */
};

/* One hash of an op. */
struct op_hash {
	uint16_t next_free;
	uint16_t partition;
	uint16_t found; /* the first of its records, 0: none */
	uint8_t flags;
	uint8_t nobody; /* complete owners that have nothing, with ourselves */
	uint32_t total; /* the most that anybody says there are */
	uint32_t next;  /* where the shortest page ends, 0: none does */
	struct hash hash;
};

/* A record that another server told of. */
struct found {
	struct record record;
	uint16_t next; /* 0: the last */
};

enum op_state {
	OP_FREE,
	OP_OPEN,
	OP_ANSWERING,
	OP_LINGERING,
};

struct op {
	struct heap_node due;
	struct link place;  /* in coordinator.free_ops, .open or .lingering */
	struct link stale;  /* in coordinator.stale: it has not seen the newest view */
	struct link answer; /* in coordinator.answers */
	struct hmap_node by_print;
	struct link legs;
	uint8_t type; /* enum msg_type, of the request */
	uint8_t state;
	bool has_print;
	bool proven; /* the client had proven its address */
	uint8_t count;
	uint8_t stamps; /* times that a write was given a newer version */
	uint8_t txid[MSG_TXID_LEN];
	uint32_t salt;
	size_t request_len;
	struct flow flow; /* the client's */
	uint64_t start_us;
	uint64_t end_us; /* of waiting or, when it lingers, of trying */

	/* Reads. */
	uint8_t mode;       /* enum peer_fetch_mode */
	uint8_t leg_hashes; /* that a leg may have, or its answer would be too long */
	uint16_t asked_max; /* the client's, LOOKUP */
	uint16_t max;       /* records for each hash that other servers are asked for */
	uint32_t cursor;
	size_t room;       /* HAVE */
	bool unasked;      /* somebody was not asked, for there was no leg left */
	uint64_t again_us; /* who had not all yet is asked once more; NEVER: is not to be */

	/* Writes. */
	struct ip ip;
	uint16_t port;
	uint32_t ttl_s;
	uint64_t version, expiry_ms;

	uint16_t hashes[OP_HASHES]; /* their places in coordinator.hashes */
};

struct leg {
	struct link in_op;    /* op.legs, or coordinator.free_legs */
	struct link in_queue; /* of its peer, when it is to be sent */
	struct op *op;        /* NULL: free */
	uint64_t id;          /* on the wire */
	struct addr peer;
	uint16_t slot;
	uint8_t count;  /* hashes */
	uint16_t bytes; /* of them on the wire */
	uint8_t tries;
	bool heard;   /* something has answered it */
	bool overdue; /* its first answer is later than usual */
	bool over;    /* not to be sent again */
	uint64_t sent_us, due_us;
	struct hashset hashes, waiting;
	struct hashset kept, full; /* what the peer has said, writes */
};

/* The legs that are to be sent to one slot. */
struct leg_queue {
	struct link ready; /* in coordinator.ready */
	struct link legs;
};

struct coordinator {
	struct lane *lane;
	struct rng rng;
	uint64_t epoch; /* of the view that it has last seen */
	struct op *ops;
	struct leg *legs;
	struct op_hash *hashes; /* [0] is none */
	struct found *found;    /* likewise */
	uint32_t ops_made, legs_made, hashes_made, found_made;
	uint32_t ops_used, reads, read_hashes;        /* not free; of these, reads */
	uint32_t hashes_free, found_free;             /* how many */
	uint16_t hashes_free_first, found_free_first; /* 0: none but those that were never made */
	struct link free_ops, free_legs, open, lingering, stale, answers, ready;
	struct heap due;
	struct heap_node **due_slots;
	struct hmap prints;
	struct hmap_node **print_chains;
	struct late late;
	struct leg_queue queues[RING_SLOTS];
};

static inline bool op_is_read(const struct op *op)
{
	return op->type == MSG_GET || op->type == MSG_LOOKUP || op->type == MSG_WANT;
}

static inline struct op_hash *op_hash(const struct coordinator *c, const struct op *op, unsigned i)
{
	return &c->hashes[op->hashes[i]];
}

static inline struct table_key op_key(const struct op_hash *h)
{
	return table_key_of(hash_span(&h->hash));
}

/* The legs of an op, one after the other; NULL at the end. */
static inline struct leg *leg_at(const struct op *op, const struct link *in_op)
{
	return in_op == &op->legs ? NULL : container_of(in_op, struct leg, in_op);
}

static inline struct leg *leg_first(const struct op *op)
{
	return leg_at(op, op->legs.next);
}

static inline struct leg *leg_after(const struct op *op, const struct leg *leg)
{
	return leg_at(op, leg->in_op.next);
}

/* Whether the leg's slot is still its member's. */
static inline bool leg_is_to(const struct leg *leg, const struct view *v)
{
	return leg->slot < v->slots && addr_equal(&v->members[leg->slot].id, &leg->peer);
}

static inline void op_count(const struct coordinator *c, enum stats_id id)
{
	stats_inc(&c->lane->stats, id);
}

/* op.c */

bool op_pools_new(struct coordinator *c);
void op_pools_free(struct coordinator *c);

/* An op of one or more hashes, open, without legs. NULL when there is no room. */
struct op *op_new(struct coordinator *c, enum msg_type type, const struct hash_list *hashes,
	const struct now *now);
void op_free(struct coordinator *c, struct op *op);

/* Lets repeats of the request find it. */
void op_set_print(struct coordinator *c, struct op *op, uint64_t print);
struct op *op_find(const struct coordinator *c, uint64_t print);

/* Has it answered; it lingers afterwards. */
void op_answer_soon(struct coordinator *c, struct op *op);
void op_linger(struct coordinator *c, struct op *op, uint64_t now_us);

/* Looks at its legs for when it is next to be looked at. */
void op_schedule(struct coordinator *c, struct op *op);

/* Bytes of messages that any envelope to another server holds. */
size_t op_inside(const struct coordinator *c);

/* One of op's legs to the slot that was not sent yet and may have one more hash of this length, or
 * a new one. NULL when there is none left. */
struct leg *leg_with_room(
	struct coordinator *c, struct op *op, const struct view *v, uint16_t slot, size_t hash_len);
void leg_add(struct leg *leg, unsigned i, size_t hash_len);

/* Whether a leg of op's has asked this member about hash i. */
bool op_has_asked(const struct op *op, const struct view_member *m, uint16_t slot, unsigned i);

/* Has it sent by the next tick. */
void leg_queue(struct coordinator *c, struct leg *leg);
void leg_unqueue(struct leg *leg);

/* It is not to be sent again. */
void leg_end(struct leg *leg);
/* As if it had never been. */
void leg_free(struct coordinator *c, struct leg *leg);

/* A new number on the wire: whatever answers the old one is for nobody. */
void leg_renumber(struct coordinator *c, struct leg *leg);

/* The leg that an answer is for, NULL when there is none any more. */
struct leg *leg_find(struct coordinator *c, uint64_t id, const struct addr *from);

/* Its member has answered, perhaps not about everything. */
void leg_heard(struct coordinator *c, struct leg *leg, uint64_t now_us);

/* Whether a member can be asked now. */
bool leg_peer_ok(const struct view *v, uint16_t slot);

/* Keeps a record of hash h. False when there is no room. */
bool found_add(struct coordinator *c, struct op_hash *h, const struct record *r);
void found_drop(struct coordinator *c, struct op_hash *h);

/* op_write.c */

void write_stored(struct coordinator *c, const struct view *v, struct leg *leg,
	const struct peer_stored *stored, const struct now *now);

/* What is due, or the view is another one. May free op. */
void write_run(struct coordinator *c, const struct view *v, struct op *op, const struct now *now);
void write_replan(
	struct coordinator *c, const struct view *v, struct op *op, const struct now *now);

/* What the client is told of hash i now. */
enum msg_status write_status(
	const struct coordinator *c, const struct view *v, const struct op *op, unsigned i);

/* op_read.c */

void read_fetched(struct coordinator *c, const struct view *v, struct leg *leg,
	const struct peer_fetched *fetched, const struct letter *l, const struct now *now);
void read_run(struct coordinator *c, const struct view *v, struct op *op, const struct now *now);
void read_replan(struct coordinator *c, const struct view *v, struct op *op, const struct now *now);

/* op_send.c */

void op_send(struct coordinator *c, const struct view *v, const struct now *now, struct mail *mail);

/* op_answer.c */

/* Datagrams that its answer may need. */
size_t op_answer_room(const struct op *op);

/* Builds it, in room for as many. Frees a read. */
void op_answer(struct coordinator *c, const struct view *v, struct op *op, const struct now *now,
	struct outbox *out);

#endif
