/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/op.h"

#include <assert.h>
#include <stdlib.h>

#include "wire/list.h"

#define LEG_BITS 14
_Static_assert(LEGS_MAX == 1 << LEG_BITS, "a leg's number ends with its place");
_Static_assert(HASHES_MAX <= UINT16_MAX && FOUND_MAX <= UINT16_MAX, "places have 16 bits");

bool op_pools_new(struct coordinator *c)
{
	struct link *const rings[] = {&c->free_ops, &c->free_legs, &c->open, &c->lingering,
		&c->stale, &c->answers, &c->ready};

	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		link_init(rings[i]);
	for (size_t i = 0; i < RING_SLOTS; i++) {
		link_init(&c->queues[i].ready);
		link_init(&c->queues[i].legs);
	}
	c->ops = calloc(OPS_MAX, sizeof(*c->ops));
	c->legs = calloc(LEGS_MAX, sizeof(*c->legs));
	c->hashes = calloc(HASHES_MAX + 1, sizeof(*c->hashes));
	c->found = calloc(FOUND_MAX + 1, sizeof(*c->found));
	c->due_slots = calloc(OPS_MAX, sizeof(*c->due_slots));
	c->print_chains = calloc(OP_PRINTS, sizeof(*c->print_chains));
	if (!c->ops || !c->legs || !c->hashes || !c->found || !c->due_slots || !c->print_chains)
		return false;
	c->hashes_free = HASHES_MAX;
	c->found_free = FOUND_MAX;
	heap_init(&c->due, c->due_slots, OPS_MAX);
	hmap_init(&c->prints, c->print_chains, OP_PRINTS);
	return true;
}

void op_pools_free(struct coordinator *c)
{
	free(c->print_chains);
	free(c->due_slots);
	free(c->found);
	free(c->hashes);
	free(c->legs);
	free(c->ops);
}

static uint16_t hash_take(struct coordinator *c)
{
	uint16_t at = c->hashes_free_first;

	assert(c->hashes_free > 0);
	c->hashes_free--;
	if (at == 0)
		return (uint16_t)++c->hashes_made;
	c->hashes_free_first = c->hashes[at].next_free;
	return at;
}

static void hash_give(struct coordinator *c, uint16_t at)
{
	found_drop(c, &c->hashes[at]);
	c->hashes[at].next_free = c->hashes_free_first;
	c->hashes_free_first = at;
	c->hashes_free++;
}

bool found_add(struct coordinator *c, struct op_hash *h, const struct record *r)
{
	uint16_t at = c->found_free_first;

	if (c->found_free == 0) {
		op_count(c, STATS_CLUSTER_OPS_CUT);
		return false;
	}
	c->found_free--;
	if (at == 0)
		at = (uint16_t)++c->found_made;
	else
		c->found_free_first = c->found[at].next;
	c->found[at] = (struct found){.record = *r, .next = h->found};
	h->found = at;
	return true;
}

void found_drop(struct coordinator *c, struct op_hash *h)
{
	while (h->found) {
		uint16_t at = h->found;
		h->found = c->found[at].next;
		c->found[at].next = c->found_free_first;
		c->found_free_first = at;
		c->found_free++;
	}
}

/* Makes room by giving up what its client does not wait for any more. */
static bool evict(struct coordinator *c)
{
	if (link_alone(&c->lingering))
		return false;
	op_free(c, container_of(c->lingering.next, struct op, place));
	op_count(c, STATS_CLUSTER_OPS_CUT);
	return true;
}

static struct op *op_take(struct coordinator *c)
{
	struct op *op;

	if (!link_alone(&c->free_ops)) {
		op = container_of(c->free_ops.next, struct op, place);
		link_remove(&op->place);
		return op;
	}
	if (c->ops_made == OPS_MAX)
		return NULL;
	op = &c->ops[c->ops_made++];
	link_init(&op->place);
	return op;
}

static void op_init(struct coordinator *c, struct op *op, enum msg_type type, const struct now *now)
{
	op->due.at = 0;
	op->type = (uint8_t)type;
	op->state = OP_OPEN;
	op->has_print = op->proven = op->unasked = false;
	op->count = op->stamps = 0;
	op->salt = (uint32_t)rng_u64(&c->rng);
	op->start_us = now->mono_us;
	op->end_us = now->mono_us + (op_is_read(op) ? OP_READ_MS : OP_WRITE_MS) * UINT64_C(1000);
	op->again_us = NEVER;
	op->cursor = 0;
	link_init(&op->stale);
	link_init(&op->answer);
	link_init(&op->legs);
	link_append(&c->open, &op->place);
}

static void take_hashes(struct coordinator *c, struct op *op, const struct hash_list *list)
{
	struct span rest = list->items, hash;

	while (hash_list_next(&rest, &hash)) {
		uint16_t at = hash_take(c);
		c->hashes[at] = (struct op_hash){
			.partition = (uint16_t)table_key_of(hash).partition,
			.hash = hash_of(hash),
		};
		op->hashes[op->count++] = at;
	}
}

struct op *op_new(struct coordinator *c, enum msg_type type, const struct hash_list *hashes,
	const struct now *now)
{
	struct op *op = NULL;

	while (c->hashes_free < hashes->count)
		if (!evict(c))
			return NULL;
	do
		op = op_take(c);
	while (!op && evict(c));
	if (!op)
		return NULL;
	op_init(c, op, type, now);
	take_hashes(c, op, hashes);
	c->ops_used++;
	c->reads += op_is_read(op);
	c->read_hashes += op_is_read(op) ? op->count : 0;
	return op;
}

void leg_free(struct coordinator *c, struct leg *leg)
{
	leg_unqueue(leg);
	link_remove(&leg->in_op);
	link_append(&c->free_legs, &leg->in_op);
	leg->op = NULL;
}

void op_free(struct coordinator *c, struct op *op)
{
	assert(op->state != OP_FREE);
	while (!link_alone(&op->legs))
		leg_free(c, leg_first(op));
	for (unsigned i = 0; i < op->count; i++)
		hash_give(c, op->hashes[i]);
	if (op->has_print)
		hmap_remove(&c->prints, &op->by_print);
	heap_remove(&c->due, &op->due);
	link_remove(&op->stale);
	link_remove(&op->answer);
	link_remove(&op->place);
	link_append(&c->free_ops, &op->place);
	op->state = OP_FREE;
	c->ops_used--;
	c->reads -= op_is_read(op);
	c->read_hashes -= op_is_read(op) ? op->count : 0;
}

void op_set_print(struct coordinator *c, struct op *op, uint64_t print)
{
	assert(!op->has_print);
	op->has_print = true;
	hmap_add(&c->prints, &op->by_print, print);
}

struct op *op_find(const struct coordinator *c, uint64_t print)
{
	struct hmap_node *n = hmap_first(&c->prints, print);

	return n ? container_of(n, struct op, by_print) : NULL;
}

void op_answer_soon(struct coordinator *c, struct op *op)
{
	if (op->state == OP_ANSWERING)
		return;
	link_remove(&op->place);
	link_append(&c->open, &op->place);
	link_append(&c->answers, &op->answer);
	op->state = OP_ANSWERING;
}

void op_linger(struct coordinator *c, struct op *op, uint64_t now_us)
{
	link_remove(&op->answer);
	link_remove(&op->place);
	link_append(&c->lingering, &op->place);
	op->state = OP_LINGERING;
	op->end_us = now_us + OP_LINGER_MS * UINT64_C(1000);
}

void op_schedule(struct coordinator *c, struct op *op)
{
	uint64_t due_us = op->state == OP_ANSWERING ? NEVER : op->end_us;

	if (op->state == OP_ANSWERING && op_is_read(op)) {
		heap_remove(&c->due, &op->due);
		return;
	}
	if (op->again_us < due_us)
		due_us = op->again_us;
	for (const struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		if (leg->due_us < due_us)
			due_us = leg->due_us;
	if (due_us == NEVER)
		heap_remove(&c->due, &op->due);
	else
		heap_set(&c->due, &op->due, due_us);
}

static struct leg *leg_take(struct coordinator *c)
{
	struct leg *leg;

	if (!link_alone(&c->free_legs)) {
		leg = container_of(c->free_legs.next, struct leg, in_op);
		link_remove(&leg->in_op);
		return leg;
	}
	if (c->legs_made == LEGS_MAX)
		return NULL;
	leg = &c->legs[c->legs_made++];
	link_init(&leg->in_op);
	return leg;
}

void leg_renumber(struct coordinator *c, struct leg *leg)
{
	leg->id = rng_u64(&c->rng) << LEG_BITS | (uint64_t)(leg - c->legs);
}

/* A lingering op may be the one that the leg is for: it stays. */
static bool evict_for(struct coordinator *c, const struct op *op)
{
	const struct link *oldest = c->lingering.next;

	return oldest != &op->place && evict(c);
}

/* A leg to a member, without hashes. NULL when there is none left. */
static struct leg *leg_new(
	struct coordinator *c, struct op *op, const struct view *v, uint16_t slot)
{
	struct leg *leg;

	do
		leg = leg_take(c);
	while (!leg && evict_for(c, op));
	if (!leg) {
		op_count(c, STATS_CLUSTER_OPS_CUT);
		return NULL;
	}
	*leg = (struct leg){
		.op = op,
		.peer = v->members[slot].id,
		.slot = slot,
		.due_us = NEVER,
	};
	link_init(&leg->in_op);
	link_init(&leg->in_queue);
	link_append(&op->legs, &leg->in_op);
	leg_renumber(c, leg);
	leg_queue(c, leg);
	return leg;
}

size_t op_inside(const struct coordinator *c)
{
	const struct policy *policy = atomic_load_explicit(
		&c->lane->server->policy, memory_order_seq_cst);
	size_t datagram = policy->max_datagram < PARCEL_MAX ? policy->max_datagram : PARCEL_MAX;

	return datagram - SEAL_OVERHEAD;
}

static bool leg_has_room(const struct coordinator *c, const struct leg *leg, size_t hash_len)
{
	const struct op *op = leg->op;

	/* STORE has the longer head of the two. */
	if (leg->tries > 0 || leg->over ||
		leg->bytes + 1 + hash_len + PEER_STORE_HEAD > op_inside(c))
		return false;
	return !op_is_read(op) || leg->count < op->leg_hashes;
}

struct leg *leg_with_room(
	struct coordinator *c, struct op *op, const struct view *v, uint16_t slot, size_t hash_len)
{
	for (struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		if (leg->slot == slot && leg_is_to(leg, v) && leg_has_room(c, leg, hash_len))
			return leg;
	return leg_new(c, op, v, slot);
}

void leg_add(struct leg *leg, unsigned i, size_t hash_len)
{
	hashset_add(&leg->hashes, i);
	hashset_add(&leg->waiting, i);
	leg->count++;
	leg->bytes = (uint16_t)(leg->bytes + 1 + hash_len);
}

bool op_has_asked(const struct op *op, const struct view_member *m, uint16_t slot, unsigned i)
{
	for (const struct leg *leg = leg_first(op); leg; leg = leg_after(op, leg))
		if (leg->slot == slot && hashset_has(&leg->hashes, i) &&
			addr_equal(&leg->peer, &m->id))
			return true;
	return false;
}

void leg_queue(struct coordinator *c, struct leg *leg)
{
	struct leg_queue *q = &c->queues[leg->slot];

	if (!link_alone(&leg->in_queue))
		return;
	leg->due_us = NEVER;
	link_append(&q->legs, &leg->in_queue);
	if (link_alone(&q->ready))
		link_append(&c->ready, &q->ready);
}

/* Its queue, when that is empty now, is taken out of those that are ready by who sends. */
void leg_unqueue(struct leg *leg)
{
	link_remove(&leg->in_queue);
}

void leg_end(struct leg *leg)
{
	leg_unqueue(leg);
	leg->over = true;
	leg->due_us = NEVER;
}

struct leg *leg_find(struct coordinator *c, uint64_t id, const struct addr *from)
{
	struct leg *leg = &c->legs[id & (LEGS_MAX - 1)];

	if (!leg->op || leg->id != id || !addr_equal(&leg->peer, from))
		return NULL;
	return leg;
}

void leg_heard(struct coordinator *c, struct leg *leg, uint64_t now_us)
{
	if (!leg->heard && leg->tries == 1)
		late_answered(&c->late, leg->slot, &leg->peer, now_us - leg->sent_us);
	leg->heard = true;
}

bool leg_peer_ok(const struct view *v, uint16_t slot)
{
	if (slot >= v->slots)
		return false;
	const struct view_member *m = &v->members[slot];
	return m->id.port != 0 && !m->self && m->speaks && m->state != PEER_DEAD &&
	       m->state != PEER_LEFT;
}
