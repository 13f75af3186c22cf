/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/op.h"

#include <assert.h>

#define PENDING (-1)

/* How it stands with the owners of one hash. */
struct tally {
	uint32_t alive; /* owners that can be reached */
	uint32_t kept, full;
};

static void tally_legs(
	const struct op *op, const struct view *v, uint16_t slot, unsigned i, struct tally *t)
{
	for (const struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg)) {
		if (leg->slot != slot || !leg_is_to(leg, v))
			continue;
		t->kept += hashset_has(&leg->kept, i);
		t->full += hashset_has(&leg->full, i);
	}
}

static struct tally tally_of(
	const struct coordinator *c, const struct view *v, const struct op *op, unsigned i)
{
	const struct op_hash *h = op_hash(c, op, i);
	const uint16_t *row = view_row(v, h->partition);
	struct tally t = {0};

	for (unsigned at = 0; at < v->replicas && row[at] != RING_NONE; at++) {
		if (row[at] == v->self) {
			t.alive++;
			t.kept += (h->flags & WRITE_KEPT) != 0;
			t.full += (h->flags & WRITE_FULL) != 0;
		} else if (leg_peer_ok(v, row[at])) {
			t.alive++;
			tally_legs(op, v, row[at], i, &t);
		}
	}
	return t;
}

/* The quorum, or all that there are; but who has just started does not know who there is, and as
 * long as it knows nobody its own copy alone says nothing: none would find it. */
static uint32_t needed(const struct view *v)
{
	uint32_t quorum = MUTANT(12) ? 1 : v->write_quorum;

	if (!v->settled)
		return quorum < 2 && v->known < 2 ? 2 : quorum;
	return quorum < v->known ? quorum : v->known;
}

/* An enum msg_status, or PENDING. */
static int status_of(
	const struct coordinator *c, const struct view *v, const struct op *op, unsigned i)
{
	struct tally t = tally_of(c, v, op, i);
	uint32_t need = needed(v);
	uint32_t can = need < t.alive ? need : t.alive;

	if (t.kept != 0 && t.kept >= can && (t.kept >= need || MUTANT(26)))
		return STATUS_STORED;
	/* Others may be met before it is too late. */
	if (t.kept != 0 && t.kept >= can)
		return v->settled ? STATUS_BELOW_QUORUM : PENDING;
	return t.alive - t.full < can ? STATUS_FULL : PENDING;
}

enum msg_status write_status(
	const struct coordinator *c, const struct view *v, const struct op *op, unsigned i)
{
	int status = status_of(c, v, op, i);

	if (status != PENDING)
		return (enum msg_status)status;
	return !v->settled && tally_of(c, v, op, i).kept ? STATUS_BELOW_QUORUM : STATUS_NOT_IN_TIME;
}

static bool all_decided(const struct coordinator *c, const struct view *v, const struct op *op)
{
	for (unsigned i = 0; i < op->count; i++)
		if (status_of(c, v, op, i) == PENDING)
			return false;
	return true;
}

static bool all_over(const struct op *op)
{
	for (const struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		if (!leg->over)
			return false;
	return true;
}

/* What has changed may be enough for an answer, or for the end. May free op. Who has just started
 * may not know all the owners yet: what it has answered goes on to those that it meets. */
static void settle(struct coordinator *c, const struct view *v, struct op *op)
{
	if (op->state == OP_OPEN && all_decided(c, v, op))
		op_answer_soon(c, op);
	if (op->state == OP_LINGERING && v->settled && all_over(op))
		op_free(c, op);
	else
		op_schedule(c, op);
}

/* Legs to all owners that have none yet. False when one could not be had. */
static bool plan(struct coordinator *c, const struct view *v, struct op *op)
{
	for (unsigned i = 0; i < op->count; i++) {
		const struct op_hash *h = op_hash(c, op, i);
		const uint16_t *row = view_row(v, h->partition);
		for (unsigned at = 0; at < v->replicas && row[at] != RING_NONE; at++) {
			if (!leg_peer_ok(v, row[at]) ||
				op_has_asked(op, &v->members[row[at]], row[at], i))
				continue;
			struct leg *leg = leg_with_room(c, op, v, row[at], h->hash.len);
			if (!leg)
				return false;
			leg_add(leg, i, h->hash.len);
		}
	}
	return true;
}

/* Stores one hash in our own table; gives the version that stood in its way, 0: none. */
static uint64_t store_own(
	struct coordinator *c, const struct op *op, struct op_hash *h, uint64_t now_ms)
{
	struct table_key key = op_key(h);
	struct record r = {
		.ip = op->ip,
		.port = op->port,
		.version = op->version,
		.expiry_ms = op->expiry_ms,
	};
	int change = MUTANT(11) ? TABLE_REFRESHED : lane_store(c->lane, &key, &r, now_ms);

	h->flags = (uint8_t)(h->flags & ~(WRITE_KEPT | WRITE_FULL));
	h->flags |= change < 0 ? WRITE_FULL : WRITE_KEPT;
	if (change != TABLE_UNCHANGED)
		return 0;
	uint64_t there = table_version(c->lane->server->table, &key, &r.ip, r.port, now_ms);
	return version_order(there) > op->version ? version_order(there) : 0;
}

/* The same of all that we own and have not stored yet; the highest of these versions. */
static uint64_t store_all_own(
	struct coordinator *c, const struct view *v, const struct op *op, uint64_t now_ms)
{
	uint64_t newest = 0;

	for (unsigned i = 0; i < op->count; i++) {
		struct op_hash *h = op_hash(c, op, i);
		if (h->flags & WRITE_KEPT || !view_owns(v, h->partition, v->self))
			continue;
		uint64_t newer = store_own(c, op, h, now_ms);
		if (newer > newest)
			newest = newer;
	}
	return newest;
}

/* Whether a version that stood in the way is to be passed. It may be one of an earlier request,
 * from a clock that is ahead, however little: to let it win would lose, silently, what somebody is
 * about to be told is done. As long as nobody has been told it may be passed, for then the two
 * requests overlap; afterwards it is one of a later request. */
static bool must_pass(const struct op *op, uint64_t newer, const struct now *now)
{
	bool young = now->mono_us < op->start_us + UINT64_C(1000) * OP_WRITE_MS;
	bool waited_for = op->type == MSG_PUT ? young : op->state == OP_OPEN;

	return waited_for && !MUTANT(32) && op->stamps < OP_COPIES &&
	       !lane_version_ahead(newer, now) && version_order(newer) > version_order(op->version);
}

/* What it waits for is to be sent as if for the first time; older answers are no more its own. */
static void leg_again(struct coordinator *c, struct leg *leg)
{
	leg_renumber(c, leg);
	leg->tries = 0;
	leg->heard = leg->over = false;
	leg_queue(c, leg);
}

static void stamp(struct coordinator *c, struct op *op, const struct now *now)
{
	uint64_t version = version_next(&c->lane->server->clock, now->wall_ms);

	op->version = op->type == MSG_WITHDRAW ? version_withdrawal(version) : version;
	op->stamps++;
	op_count(c, STATS_CLUSTER_RESTAMPED);
	for (unsigned i = 0; i < op->count; i++)
		op_hash(c, op, i)->flags = 0;
	for (struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg)) {
		leg->waiting = leg->hashes;
		leg->kept = leg->full = (struct hashset){0};
		leg_again(c, leg);
	}
}

/* Stores where we own it, and with a newer version when that is called for. */
static void write_own(
	struct coordinator *c, const struct view *v, struct op *op, const struct now *now)
{
	uint64_t newer = store_all_own(c, v, op, now_mono_ms(now));

	while (newer && must_pass(op, newer, now)) {
		version_observe(&c->lane->server->clock, newer);
		stamp(c, op, now);
		newer = store_all_own(c, v, op, now_mono_ms(now));
	}
}

bool coordinator_write(
	struct request *rq, const struct view *v, const struct change *change, uint64_t print)
{
	struct coordinator *c = rq->lane->coordinator;
	struct op *op = op_new(c, (enum msg_type)rq->msg.type, &change->hashes, rq->now);

	if (!op) {
		op_count(c, STATS_CLUSTER_OPS_REFUSED);
		return false;
	}
	op->flow = *rq->flow;
	memcpy(op->txid, rq->msg.txid, sizeof(op->txid));
	op->request_len = rq->datagram.len;
	op->ip = change->ip;
	op->port = change->port;
	op->ttl_s = change->ttl_s;
	op->version = change->version;
	op->expiry_ms = change->expiry_ms;
	if (!plan(c, v, op)) {
		op_free(c, op);
		op_count(c, STATS_CLUSTER_OPS_REFUSED);
		return false;
	}
	op_count(c, STATS_CLUSTER_FORWARDED);
	if (rq->msg.type == MSG_PUT)
		op_linger(c, op, rq->now->mono_us);
	else
		op_set_print(c, op, print);
	write_own(c, v, op, rq->now);
	settle(c, v, op);
	return true;
}

static void take_status(struct leg *leg, unsigned i, uint8_t status)
{
	/* Whether it owns this, both of us will have heard before long. */
	if (status == PEER_STORE_NOT_OWNER)
		return;
	hashset_remove(&leg->waiting, i);
	if (status == PEER_STORE_KEPT || status == PEER_STORE_NEWER)
		hashset_add(&leg->kept, i);
	if (status == PEER_STORE_FULL)
		hashset_add(&leg->full, i);
}

static void leg_end_if_done(struct leg *leg)
{
	if (hashset_empty(&leg->waiting))
		leg_end(leg);
}

void write_stored(struct coordinator *c, const struct view *v, struct leg *leg,
	const struct peer_stored *stored, const struct now *now)
{
	struct op *op = leg->op;

	leg_heard(c, leg, now->mono_us);
	if (stored->newer && !lane_version_ahead(stored->newer, now)) {
		version_observe(&c->lane->server->clock, stored->newer);
		if (must_pass(op, stored->newer, now)) {
			stamp(c, op, now);
			write_own(c, v, op, now);
			settle(c, v, op);
			return;
		}
	}
	for (unsigned i = 0, n = 0; i < op->count; i++)
		if (hashset_has(&leg->hashes, i))
			take_status(leg, i, stored->statuses.p[n++]);
	leg_end_if_done(leg);
	settle(c, v, op);
}

/* A leg that was not answered, or not about everything. */
static void leg_is_due(struct coordinator *c, struct leg *leg, uint64_t now_us)
{
	leg->due_us = NEVER;
	if (leg->over)
		return;
	if (leg->tries == 1 && !leg->heard)
		late_missed(&c->late, leg->slot, &leg->peer, now_us);
	if (leg->tries < OP_TRIES) {
		op_count(c, STATS_CLUSTER_RETRIES);
		leg_queue(c, leg);
	} else {
		leg->over = true;
	}
}

void write_run(struct coordinator *c, const struct view *v, struct op *op, const struct now *now)
{
	for (struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		if (leg->due_us <= now->mono_us)
			leg_is_due(c, leg, now->mono_us);
	if (op->state == OP_LINGERING && now->mono_us >= op->end_us) {
		if (MUTANT(27))
			heap_remove(&c->due, &op->due);
		else
			op_free(c, op);
		return;
	}
	if (op->state == OP_OPEN && now->mono_us >= op->end_us)
		op_answer_soon(c, op);
	settle(c, v, op);
}

/* Whether it is still there what was stored in our own table: between two views we may have owned
 * the partition no more, and let go of it. */
static void doubt_own(struct coordinator *c, const struct op *op, const struct now *now)
{
	for (unsigned i = 0; i < op->count; i++) {
		struct op_hash *h = op_hash(c, op, i);
		struct table_key key = op_key(h);
		uint64_t there = table_version(
			c->lane->server->table, &key, &op->ip, op->port, now_mono_ms(now));
		if (version_order(there) < op->version)
			h->flags = (uint8_t)(h->flags & ~WRITE_KEPT);
	}
}

/* Who owns a hash no more need not have it; repair brings it to who does. Who owns it again may
 * have let go of it, and is asked once more. */
static void follow_owners(struct coordinator *c, const struct view *v, struct leg *leg)
{
	bool there = leg_peer_ok(v, leg->slot) && leg_is_to(leg, v), again = false;

	for (unsigned i = 0; i < leg->op->count; i++) {
		if (!hashset_has(&leg->hashes, i))
			continue;
		if (!there || !view_owns(v, op_hash(c, leg->op, i)->partition, leg->slot)) {
			hashset_remove(&leg->waiting, i);
			hashset_remove(&leg->kept, i);
		} else if (!hashset_has(&leg->waiting, i) && !hashset_has(&leg->kept, i) &&
			   !hashset_has(&leg->full, i)) {
			hashset_add(&leg->waiting, i);
			again = true;
		}
	}
	if (again)
		leg_again(c, leg);
	else
		leg_end_if_done(leg);
}

void write_replan(struct coordinator *c, const struct view *v, struct op *op, const struct now *now)
{
	for (struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		follow_owners(c, v, leg);
	/* Without a leg for one of them repair has to do it. */
	(void)plan(c, v, op);
	doubt_own(c, op, now);
	write_own(c, v, op, now);
	settle(c, v, op);
}
