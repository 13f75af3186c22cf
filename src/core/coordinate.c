/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/coordinate.h"

#include <assert.h>
#include <stdlib.h>

#include "core/op.h"

struct coordinator *coordinator_new(struct lane *l, uint64_t random)
{
	struct coordinator *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->lane = l;
	rng_init(&c->rng, random);
	if (op_pools_new(c))
		return c;
	coordinator_free(c);
	return NULL;
}

void coordinator_free(struct coordinator *c)
{
	if (!c)
		return;
	op_pools_free(c);
	free(c);
}

bool coordinator_again(struct request *rq, uint64_t print)
{
	struct coordinator *c = rq->lane->coordinator;
	struct op *op = c ? op_find(c, print) : NULL;

	if (!op)
		return false;
	stats_inc(&rq->lane->stats, STATS_REPEATS);
	op->proven = op->proven || request_proven(rq);
	/* Its answer was not all that it might have been, and is not remembered. */
	if (op->state == OP_LINGERING) {
		op_answer_soon(c, op);
		op_schedule(c, op);
	}
	return true;
}

static void take_stored(struct coordinator *c, const struct view *v, const struct now *now,
	const struct letter *l, const struct peer_stored *stored)
{
	struct leg *leg = leg_find(c, stored->id, &l->id);

	if (leg && !op_is_read(leg->op) && stored->statuses.len == leg->count)
		write_stored(c, v, leg, stored, now);
	else
		op_count(c, STATS_CLUSTER_STRAYS);
}

static void take_fetched(struct coordinator *c, const struct view *v, const struct now *now,
	const struct letter *l, const struct peer_fetched *fetched)
{
	struct leg *leg = leg_find(c, fetched->id, &l->id);

	if (leg && op_is_read(leg->op) && fetched->index < leg->count)
		read_fetched(c, v, leg, fetched, l, now);
	else
		op_count(c, STATS_CLUSTER_STRAYS);
}

bool coordinator_take(
	struct coordinator *c, const struct now *now, const struct letter *l, struct span message)
{
	const struct view *v = atomic_load_explicit(&c->lane->server->view, memory_order_seq_cst);
	struct peer_msg m;

	if (peer_decode(message, &m) != MSG_GOOD || !v)
		return false;
	if (m.type == PEER_STORED)
		take_stored(c, v, now, l, &m.stored);
	else if (m.type == PEER_FETCHED)
		take_fetched(c, v, now, l, &m.fetched);
	else
		return false;
	return true;
}

static void run(struct coordinator *c, const struct view *v, struct op *op, const struct now *now)
{
	if (op_is_read(op))
		read_run(c, v, op, now);
	else
		write_run(c, v, op, now);
}

static void mark_stale(struct coordinator *c, const struct link *ring)
{
	for (struct link *at = ring->next; at != ring; at = at->next) {
		struct op *op = container_of(at, struct op, place);
		if (link_alone(&op->stale))
			link_append(&c->stale, &op->stale);
	}
}

/* Shows all ops the newest view, some in each call. */
static void follow_view(struct coordinator *c, const struct view *v, const struct now *now)
{
	if (c->epoch != v->epoch) {
		c->epoch = v->epoch;
		mark_stale(c, &c->open);
		mark_stale(c, &c->lingering);
	}
	for (int i = 0; i < OP_PER_TICK && !link_alone(&c->stale); i++) {
		struct op *op = container_of(c->stale.next, struct op, stale);
		link_remove(&op->stale);
		if (op_is_read(op))
			read_replan(c, v, op, now);
		else
			write_replan(c, v, op, now);
	}
}

static void run_due(struct coordinator *c, const struct view *v, const struct now *now)
{
	for (int i = 0; i < OP_PER_TICK; i++) {
		struct heap_node *first = heap_first(&c->due);
		if (!first || first->key > now->mono_us)
			return;
		run(c, v, container_of(first, struct op, due), now);
	}
}

/* In the order in which they were ready. Each datagram is one that the mail has not. */
static void answer(struct coordinator *c, const struct view *v, const struct now *now,
	struct mail *mail, struct outbox *out)
{
	while (!link_alone(&c->answers)) {
		struct op *op = container_of(c->answers.next, struct op, answer);
		size_t before = out->count;
		if (op_answer_room(op) > mail_room(mail))
			return;
		link_remove(&op->answer);
		op_answer(c, v, op, now, out);
		mail->left -= out->count - before;
	}
}

void coordinator_tick(
	struct coordinator *c, const struct now *now, struct mail *mail, struct outbox *out)
{
	const struct view *v = atomic_load_explicit(&c->lane->server->view, memory_order_seq_cst);

	if (!v)
		return;
	follow_view(c, v, now);
	run_due(c, v, now);
	answer(c, v, now, mail, out);
	op_send(c, v, now, mail);
}

/* Whether there are ops that have to see another view. */
static bool has_new_view(const struct coordinator *c)
{
	if (c->due.count == 0)
		return false;
	const struct view *v = atomic_load_explicit(&c->lane->server->view, memory_order_seq_cst);
	return v && v->epoch != c->epoch;
}

uint64_t coordinator_deadline(const struct coordinator *c)
{
	const struct heap_node *first = heap_first(&c->due);

	if (has_new_view(c) || !link_alone(&c->ready) || !link_alone(&c->answers) ||
		!link_alone(&c->stale))
		return 0;
	return first ? first->key : NEVER;
}

bool coordinator_is_waited_for(const struct coordinator *c)
{
	return !link_alone(&c->open);
}

void coordinator_finish(struct coordinator *c, const struct now *now)
{
	for (struct link *at = c->open.next; at != &c->open; at = at->next) {
		struct op *op = container_of(at, struct op, place);
		if (op->state != OP_OPEN || op_is_read(op))
			continue;
		op->end_us = now->mono_us;
		op_schedule(c, op);
	}
}

static size_t ring_length(const struct link *ring)
{
	size_t n = 0;

	for (const struct link *at = ring->next; at != ring; at = at->next) {
		assert(at->next->prev == at);
		n++;
	}
	return n;
}

size_t coordinator_ops(const struct coordinator *c)
{
	return c->ops_used;
}

static size_t check_leg(const struct coordinator *c, const struct op *op, const struct leg *leg)
{
	size_t count = 0;

	assert(leg->op == op && leg->slot < RING_SLOTS);
	assert((leg->id & (LEGS_MAX - 1)) == (uint64_t)(leg - c->legs));
	assert(leg->tries <= OP_TRIES && leg->count > 0);
	for (unsigned i = 0; i < OP_HASHES; i++) {
		count += hashset_has(&leg->hashes, i);
		assert(!hashset_has(&leg->hashes, i) || i < op->count);
		assert(!hashset_has(&leg->waiting, i) || hashset_has(&leg->hashes, i));
		assert(!hashset_has(&leg->kept, i) || hashset_has(&leg->hashes, i));
	}
	assert(count == leg->count);
	/* What is neither over nor waits to be sent waits for its time. */
	assert(leg->over || !link_alone(&leg->in_queue) || leg->due_us != NEVER);
	return 1;
}

struct census {
	size_t ops, reads, read_hashes, legs, hashes, found, due, prints;
};

static void check_op(const struct coordinator *c, const struct op *op, struct census *n)
{
	n->ops++;
	n->reads += op_is_read(op);
	n->read_hashes += op_is_read(op) ? op->count : 0;
	n->due += op->due.at != 0;
	n->prints += op->has_print;
	n->hashes += op->count;
	assert(op->count > 0 && op->state != OP_FREE);
	assert((op->state == OP_ANSWERING) == !link_alone(&op->answer));
	assert(op->due.at != 0 || op->state == OP_ANSWERING);
	assert(op->state != OP_LINGERING || !op_is_read(op));
	for (unsigned i = 0; i < op->count; i++)
		for (uint16_t at = op_hash(c, op, i)->found; at; at = c->found[at].next)
			n->found++;
	for (const struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		n->legs += check_leg(c, op, leg);
}

static void check_ring(const struct coordinator *c, const struct link *ring, struct census *n)
{
	for (const struct link *at = ring->next; at != ring; at = at->next)
		check_op(c, container_of(at, struct op, place), n);
}

static void check_queues(const struct coordinator *c)
{
	for (unsigned i = 0; i < RING_SLOTS; i++) {
		const struct leg_queue *q = &c->queues[i];
		assert(link_alone(&q->legs) || !link_alone(&q->ready));
		for (const struct link *at = q->legs.next; at != &q->legs; at = at->next)
			assert(container_of(at, struct leg, in_queue)->slot == i);
	}
}

void coordinator_check(const struct coordinator *c)
{
	struct census n = {0};

	check_ring(c, &c->open, &n);
	check_ring(c, &c->lingering, &n);
	check_queues(c);
	heap_check(&c->due);
	assert(n.ops == c->ops_used && n.ops == c->ops_made - ring_length(&c->free_ops));
	assert(n.reads == c->reads && n.read_hashes == c->read_hashes);
	assert(n.due == c->due.count);
	assert(n.legs == c->legs_made - ring_length(&c->free_legs));
	assert(n.hashes == HASHES_MAX - c->hashes_free);
	assert(n.found == FOUND_MAX - c->found_free);
}
