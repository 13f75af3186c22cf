/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>

#include "base/err.h"
#include "core/op.h"
#include "wire/list.h"

#define SAMPLE_LATE_MS 2000
#define HASHES_WAITING (HASHES_MAX / 8) /* of reads; with more, none waits for new owners */
#define ASK_ANEW_US    UINT64_C(300000) /* who had not all is asked again so much later */

/* How many complete owners have to say that nobody has a hash. */
static uint32_t nobodies_needed(const struct view *v, uint32_t partition)
{
	uint32_t owners = view_owner_count(v, partition);

	if (!v->confirm_misses || owners <= v->write_quorum)
		return 1;
	return owners - v->write_quorum + 1;
}

bool coordinator_knows_misses(const struct lane *l, const struct view *v, uint32_t partition)
{
	return nobodies_needed(v, partition) <= 1 && coordinator_has_all(l, v, partition);
}

/* The best to ask about hash i of those who were not asked yet; RING_NONE: nobody is left. */
static uint16_t next_to_ask(const struct coordinator *c, const struct view *v, const struct op *op,
	unsigned i, uint64_t now_us)
{
	const uint16_t *row = view_row(v, op_hash(c, op, i)->partition);
	uint64_t best_rank = UINT64_MAX;
	uint16_t best = RING_NONE;

	for (unsigned at = 0; at < v->row_len; at++) {
		uint16_t slot = row[at];
		if (!leg_peer_ok(v, slot) || op_has_asked(op, &v->members[slot], slot, i))
			continue;
		uint64_t rank = late_rank(&c->late, v, slot, op->salt, now_us);
		rank |= at < v->replicas ? 0 : UINT64_C(1) << 32;
		if (rank < best_rank) {
			best_rank = rank;
			best = slot;
		}
	}
	return best;
}

/* Asks one more about hash i. False when there is nobody. */
static bool ask_one(struct coordinator *c, const struct view *v, struct op *op, unsigned i,
	const struct now *now)
{
	uint16_t slot = next_to_ask(c, v, op, i, now->mono_us);
	size_t len = op_hash(c, op, i)->hash.len;

	if (slot == RING_NONE)
		return false;
	struct leg *leg = leg_with_room(c, op, v, slot, len);
	op->unasked |= !leg;
	if (!leg)
		return false;
	leg_add(leg, i, len);
	return true;
}

/* Who was asked about hash i and has not answered yet. */
struct asked {
	uint32_t any;
	uint32_t timely; /* of these: who still may answer as quickly as usual */
};

static struct asked asked_of(const struct op *op, unsigned i)
{
	struct asked a = {0};

	for (const struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg)) {
		if (leg->over || !hashset_has(&leg->waiting, i))
			continue;
		a.any++;
		a.timely += !leg->overdue;
	}
	return a;
}

/* Nothing more is to be learnt of a hash, and what others said before does not count. */
static void tell_all(struct coordinator *c, struct op_hash *h)
{
	found_drop(c, h);
	h->total = h->next = 0;
	h->flags |= READ_TOLD | READ_DONE;
}

/* Who has just started may not know yet who there is; and where others were asked and no owner has
 * all, there may be a new one by now, of whom word is under way: that nobody is left to ask says
 * nothing. Nor does it when there was no leg to ask somebody with. */
static bool may_be_more(const struct view *v, const struct op *op, const struct op_hash *h)
{
	if (h->total != 0)
		return false;
	return op->unasked || !v->settled || (h->nobody == 0 && leg_first(op));
}

/* That no owner has all may be so for half a minute, when all servers have just started: then reads
 * that wait are not to take the places of all others. */
static bool may_wait(const struct coordinator *c, const struct view *v, const struct op *op)
{
	if (op->unasked || !v->settled)
		return true;
	if (c->reads <= READS_WAITING && c->read_hashes <= HASHES_WAITING)
		return true;
	op_count(c, STATS_CLUSTER_OPS_CUT);
	return false;
}

/*
 * Asks as many about hash i as are needed at once: one who may know, or, when somebody complete has
 * nothing, all who have to say the same. The hash is done when nobody is left.
 */
static void ask(struct coordinator *c, const struct view *v, struct op *op, unsigned i,
	const struct now *now)
{
	struct op_hash *h = op_hash(c, op, i);
	uint32_t needed = nobodies_needed(v, h->partition);

	if (h->nobody >= needed)
		tell_all(c, h);
	if (h->flags & READ_DONE)
		return;
	uint32_t wanted = h->nobody ? needed - h->nobody : 1;
	struct asked a = asked_of(op, i);
	while (a.timely < wanted && ask_one(c, v, op, i, now)) {
		a.timely++;
		a.any++;
	}
	if (a.any > 0)
		return;
	if (!may_be_more(v, op, h) || !may_wait(c, v, op))
		h->flags |= READ_DONE;
	else if (op->again_us == NEVER)
		op->again_us = now->mono_us + ASK_ANEW_US;
}

/* May have the answer built, after which op is not to be touched. */
static void settle(struct coordinator *c, struct op *op)
{
	bool done = true;

	for (unsigned i = 0; i < op->count && done; i++)
		done = op_hash(c, op, i)->flags & READ_DONE;
	if (done)
		op_answer_soon(c, op);
	op_schedule(c, op);
}

/* A complete owner has nothing. */
static void count_nobody(struct coordinator *c, const struct view *v, struct op_hash *h)
{
	h->nobody++;
	if (h->nobody >= nobodies_needed(v, h->partition))
		tell_all(c, h);
}

/* What our own table has to say at the start. */
static void look_at_own(
	struct coordinator *c, const struct view *v, struct op_hash *h, uint64_t now_ms)
{
	struct lane *l = c->lane;
	struct table_key key = op_key(h);
	uint32_t total;

	if (!view_owns(v, h->partition, v->self))
		return;
	h->flags |= READ_OWNER;
	table_sample(l->server->table, &key, &l->rng, 0, l->records, &total, now_ms);
	if (parts_get(&l->server->parts, h->partition) != PART_COMPLETE)
		h->total = total;
	else if (total)
		tell_all(c, h);
	else
		count_nobody(c, v, h);
}

/* How many hashes one leg may have so that its answer fits OP_DATAGRAMS. */
static uint8_t hashes_per_leg(const struct coordinator *c, const struct op *op)
{
	size_t inside = op_inside(c);
	size_t each = op->mode == PEER_FETCH_SAMPLE ? PEER_ADDRESS_MAX : PEER_RECORD_MAX;
	size_t answer = PEER_FETCHED_HEAD + op->max * each;
	size_t n = OP_DATAGRAMS * inside / (answer < inside ? answer : inside);

	return n < OP_HASHES ? (uint8_t)n : OP_HASHES;
}

/* False when not all can be asked who are to be: to begin with less would be to say that nobody has
 * it before anybody was asked. */
static bool start(struct coordinator *c, const struct view *v, struct op *op, const struct now *now)
{
	op->leg_hashes = hashes_per_leg(c, op);
	for (unsigned i = 0; i < op->count; i++) {
		look_at_own(c, v, op_hash(c, op, i), now_mono_ms(now));
		ask(c, v, op, i, now);
	}
	if (op->unasked) {
		op_free(c, op);
		op_count(c, STATS_CLUSTER_OPS_REFUSED);
		return false;
	}
	op_count(c, STATS_CLUSTER_FORWARDED);
	settle(c, op);
	return true;
}

static struct op *read_new(struct coordinator *c, enum msg_type type,
	const struct hash_list *hashes, const struct flow *flow, const struct now *now)
{
	struct op *op = op_new(c, type, hashes, now);

	if (!op) {
		op_count(c, STATS_CLUSTER_OPS_REFUSED);
		return NULL;
	}
	op->flow = *flow;
	return op;
}

/* GET and WANT: addresses alone are enough, but for an owner, who keeps what it learns. */
static bool read_have(struct lane *l, const struct view *v, enum msg_type type, struct span hash,
	const struct flow *flow, size_t room, const struct now *now)
{
	uint8_t item[1 + HASH_MAX];
	struct writer w = writer_of(item, sizeof(item));
	struct coordinator *c = l->coordinator;

	write_hash_item(&w, hash);
	struct hash_list list = {.count = 1, .items = {.p = item, .len = writer_used(&w)}};
	struct op *op = read_new(c, type, &list, flow, now);
	if (!op)
		return false;
	bool owner = view_owns(v, op_hash(c, op, 0)->partition, v->self);
	op->room = room;
	op->mode = owner ? PEER_FETCH_PAGE : PEER_FETCH_SAMPLE;
	op->max = (uint16_t)(owner ? OP_PAGE : have_fit(room));
	return start(c, v, op, now);
}

bool coordinator_get(struct request *rq, const struct view *v, size_t room)
{
	return read_have(rq->lane, v, MSG_GET, rq->msg.get.hash, rq->flow, room, rq->now);
}

void coordinator_want(struct lane *l, const struct view *v, struct span hash,
	const struct flow *flow, size_t room, const struct now *now)
{
	(void)read_have(l, v, MSG_WANT, hash, flow, room, now);
}

bool coordinator_lookup(struct request *rq, const struct view *v, size_t max, uint64_t print)
{
	const struct msg_lookup *m = &rq->msg.lookup;
	struct coordinator *c = rq->lane->coordinator;
	struct op *op = read_new(c, MSG_LOOKUP, &m->hashes, rq->flow, rq->now);

	if (!op)
		return false;
	memcpy(op->txid, rq->msg.txid, sizeof(op->txid));
	op->request_len = rq->datagram.len;
	op->proven = request_proven(rq);
	op->mode = PEER_FETCH_PAGE;
	op->asked_max = m->max;
	op->max = (uint16_t)max;
	op->cursor = m->cursor;
	op_set_print(c, op, print);
	return start(c, v, op, rq->now);
}

/* A page that had to stop before r goes on with it. */
static void cut_before(struct op_hash *h, const struct record *r)
{
	uint32_t cursor = table_cursor_of(&r->ip, r->port);

	if (h->next == 0 || cursor < h->next)
		h->next = cursor;
}

/* Into our own table when it is ours to keep, which may be full. */
static void take_record(
	struct coordinator *c, struct op_hash *h, const struct record *r, const struct now *now)
{
	if (r->version != 0 && (h->flags & READ_OWNER)) {
		struct table_key key = op_key(h);
		int change = lane_store_copy(c->lane, &key, r, now);
		if (change >= 0 || change == DHT_EINVAL)
			return;
	}
	if (version_is_withdrawal(r->version) || !lane_may_believe(r, now))
		return;
	if (!found_add(c, h, r))
		cut_before(h, r);
}

/* A sample says nothing of lives: what is in it may be told for as long as the read waits, and a
 * moment for the tick that ends it to come. A server that stands still tells none of it later. */
static uint64_t sample_end_ms(const struct op *op)
{
	return op->end_us / 1000 + SAMPLE_LATE_MS;
}

static void take_records(struct coordinator *c, const struct op *op, struct op_hash *h,
	const struct peer_fetched *fetched, const struct letter *l, const struct now *now)
{
	struct span rest = fetched->records;
	struct peer_record told;

	for (unsigned n = 0; n < op->max && peer_record_next(&rest, &told); n++) {
		struct record r = letter_record(l, &told);
		if (r.version == 0)
			r.expiry_ms = sample_end_ms(op);
		take_record(c, h, &r, now);
	}
}

/* What a complete owner has is the answer; what others have is put together. */
static void take_hits(struct coordinator *c, const struct op *op, struct op_hash *h,
	const struct peer_fetched *fetched, const struct letter *l, const struct now *now)
{
	if (fetched->flags & PEER_FETCHED_COMPLETE)
		tell_all(c, h);
	if (fetched->total > h->total)
		h->total = fetched->total;
	if (fetched->next != 0 && (h->next == 0 || fetched->next < h->next))
		h->next = fetched->next;
	take_records(c, op, h, fetched, l, now);
}

/* Which of op's hashes is number n of the leg's. */
static unsigned hash_of_leg(const struct leg *leg, unsigned n)
{
	unsigned i = 0;

	assert(n < leg->count);
	for (;; i++)
		if (hashset_has(&leg->hashes, i) && n-- == 0)
			return i;
}

void read_fetched(struct coordinator *c, const struct view *v, struct leg *leg,
	const struct peer_fetched *fetched, const struct letter *l, const struct now *now)
{
	unsigned i = hash_of_leg(leg, fetched->index);
	struct op *op = leg->op;
	struct op_hash *h = op_hash(c, op, i);

	if (!hashset_has(&leg->waiting, i))
		return;
	leg_heard(c, leg, now->mono_us);
	hashset_remove(&leg->waiting, i);
	if (hashset_empty(&leg->waiting))
		leg_end(leg);
	if (op->state != OP_OPEN || h->flags & READ_DONE || now->mono_us >= op->end_us)
		return;
	if (fetched->total != 0)
		take_hits(c, op, h, fetched, l, now);
	else if ((fetched->flags & PEER_FETCHED_COMPLETE || MUTANT(28)) && leg_is_to(leg, v) &&
		 view_owns(v, h->partition, leg->slot))
		count_nobody(c, v, h);
	ask(c, v, op, i, now);
	settle(c, op);
}

/* Asks others what a leg was not told in time. False when there is nobody else. */
static bool hedge(
	struct coordinator *c, const struct view *v, const struct leg *leg, const struct now *now)
{
	struct op *op = leg->op;
	bool asked = false;

	for (unsigned i = 0; i < op->count; i++) {
		if (!hashset_has(&leg->waiting, i) || op_hash(c, op, i)->flags & READ_DONE)
			continue;
		asked |= ask_one(c, v, op, i, now);
	}
	if (asked)
		op_count(c, STATS_CLUSTER_HEDGES);
	return asked;
}

/* The first time that a leg is later than usual somebody else is asked, and then it too again. */
static void leg_is_due(
	struct coordinator *c, const struct view *v, struct leg *leg, const struct now *now)
{
	bool first = !leg->overdue;

	leg->due_us = NEVER;
	leg->overdue = true;
	if (first && !leg->heard)
		late_missed(&c->late, leg->slot, &leg->peer, now->mono_us);
	if (hedge(c, v, leg, now) && first && !leg->over) {
		leg->due_us = now->mono_us + LATE_PATIENCE_MAX_US;
	} else if (leg->tries < OP_TRIES && !leg->over) {
		op_count(c, STATS_CLUSTER_RETRIES);
		leg_queue(c, leg);
	} else {
		leg->over = true;
	}
}

/* Not when a complete owner's 'nobody' would count twice. */
static bool may_ask_again(const struct coordinator *c, const struct op *op, const struct leg *leg)
{
	if (!hashset_empty(&leg->waiting))
		return false;
	for (unsigned i = 0; i < op->count; i++) {
		const struct op_hash *h = op_hash(c, op, i);
		if (hashset_has(&leg->hashes, i) && !(h->flags & READ_DONE) && h->nobody > 0)
			return false;
	}
	return true;
}

/* Who had nothing yet may have all by now. */
static void forget_answers(struct coordinator *c, struct op *op, uint64_t now_us)
{
	struct leg *next;

	if (now_us < op->again_us)
		return;
	op->again_us = NEVER;
	for (struct leg *leg = leg_first(op); leg; leg = next) {
		next = leg_after(op, leg);
		if (may_ask_again(c, op, leg))
			leg_free(c, leg);
	}
}

static void ask_all(
	struct coordinator *c, const struct view *v, struct op *op, const struct now *now)
{
	op->unasked = false;
	for (unsigned i = 0; i < op->count; i++)
		ask(c, v, op, i, now);
	settle(c, op);
}

void read_run(struct coordinator *c, const struct view *v, struct op *op, const struct now *now)
{
	if (op->state != OP_OPEN) {
		op_schedule(c, op);
		return;
	}
	for (struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		if (leg->due_us <= now->mono_us)
			leg_is_due(c, v, leg, now);
	if (now->mono_us >= op->end_us) {
		op_count(c, STATS_CLUSTER_READS_CUT);
		op_answer_soon(c, op);
		op_schedule(c, op);
		return;
	}
	forget_answers(c, op, now->mono_us);
	ask_all(c, v, op, now);
}

void read_replan(struct coordinator *c, const struct view *v, struct op *op, const struct now *now)
{
	if (op->state != OP_OPEN)
		return;
	for (struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		if (!leg_peer_ok(v, leg->slot) || !leg_is_to(leg, v))
			leg_end(leg);
	ask_all(c, v, op, now);
}
