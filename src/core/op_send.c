/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/op.h"

#include <assert.h>

#include "wire/list.h"

/* Reads are soon over, so what is asked again is asked at an even pace. */
#define READ_AGAIN_US 300000

/* What goes to one slot in one call. */
struct sending {
	struct coordinator *c;
	const struct view *v;
	const struct now *now;
	struct mail *mail;
	struct flow flow;
	size_t expected; /* bytes that will answer what is in the envelope that is open */
};

/* The hashes of a leg, in their order, as HASHES has them. */
static struct hash_list list_of(
	const struct coordinator *c, const struct leg *leg, uint8_t *to, size_t size)
{
	struct writer w = writer_of(to, size);

	for (unsigned i = 0; i < leg->op->count; i++)
		if (hashset_has(&leg->hashes, i))
			write_hash_item(&w, hash_span(&op_hash(c, leg->op, i)->hash));
	assert(!w.failed && writer_used(&w) == leg->bytes);
	return (struct hash_list){.count = leg->count, .items = {.p = to, .len = writer_used(&w)}};
}

static struct peer_msg store_of(const struct leg *leg, struct hash_list list, uint64_t now_ms)
{
	const struct op *op = leg->op;

	return (struct peer_msg){
		.type = PEER_STORE,
		.store =
			{
				.id = leg->id,
				.version = op->version,
				.life_ms = op->expiry_ms - now_ms,
				.ip = op->ip,
				.port = op->port,
				.hashes = list,
			},
	};
}

static struct peer_msg fetch_of(const struct leg *leg, struct hash_list list)
{
	const struct op *op = leg->op;

	return (struct peer_msg){
		.type = PEER_FETCH,
		.fetch =
			{
				.id = leg->id,
				.mode = op->mode,
				.max = op->max,
				.cursor = op->cursor,
				.hashes = list,
			},
	};
}

/* How long the answer to what was just sent is waited for. */
static uint64_t wait_us(const struct coordinator *c, const struct leg *leg)
{
	if (leg->tries == 1)
		return late_patience_us(&c->late, leg->slot, &leg->peer);
	if (op_is_read(leg->op))
		return READ_AGAIN_US;
	return (uint64_t)LATE_PATIENCE_MAX_US << (leg->tries - 1);
}

static void leg_send(struct sending *s, struct leg *leg)
{
	struct coordinator *c = s->c;
	bool read = op_is_read(leg->op);
	uint8_t items[PARCEL_MAX];
	struct hash_list list = list_of(c, leg, items, sizeof(items));
	struct peer_msg m = read ? fetch_of(leg, list) : store_of(leg, list, now_mono_ms(s->now));

	mail_put(s->mail, &s->flow, &m);
	op_count(c, read ? STATS_CLUSTER_FETCHES_SENT : STATS_CLUSTER_STORES_SENT);
	leg_unqueue(leg);
	leg->tries++;
	leg->sent_us = s->now->mono_us;
	leg->due_us = s->now->mono_us + wait_us(c, leg);
	op_schedule(c, leg->op);
}

/* A leg that is not to be sent any more; its op sees to that at once. */
static void leg_lose(struct sending *s, struct leg *leg)
{
	leg_end(leg);
	leg->due_us = s->now->mono_us;
	op_schedule(s->c, leg->op);
}

static bool is_lost(const struct sending *s, const struct leg *leg)
{
	if (!leg_peer_ok(s->v, leg->slot) || !leg_is_to(leg, s->v))
		return true;
	return !op_is_read(leg->op) && leg->op->expiry_ms <= now_mono_ms(s->now);
}

/* Bytes that will answer a leg, at most. */
static size_t answer_of(const struct leg *leg)
{
	if (!op_is_read(leg->op))
		return 0;
	return leg->count * (PEER_FETCHED_HEAD + (size_t)leg->op->max * PEER_RECORD_MAX);
}

/*
 * Makes room for a leg; false when there is none. A server answers one datagram with so many and no
 * more: when the answers to what is in the envelope are that many, another one is begun.
 */
static bool make_room(struct sending *s, const struct leg *leg)
{
	size_t head = op_is_read(leg->op) ? PEER_FETCH_HEAD : PEER_STORE_HEAD;
	size_t inside = mail_inside(s->mail), answer = answer_of(leg);

	if (answer > leg->count * inside)
		answer = leg->count * inside;
	if (s->expected && s->expected + answer > OP_DATAGRAMS * inside) {
		mail_flush(s->mail);
		s->expected = 0;
	}
	if (mail_fits(s->mail, &s->flow) < head + leg->bytes) {
		if (mail_room(s->mail) == 0)
			return false;
		s->expected = 0;
	}
	s->expected += answer;
	return true;
}

/* What waits for one slot. False when there was no room for all. */
static bool send_queue(struct sending *s, struct leg_queue *q)
{
	while (!link_alone(&q->legs)) {
		struct leg *leg = container_of(q->legs.next, struct leg, in_queue);
		if (is_lost(s, leg)) {
			leg_lose(s, leg);
			continue;
		}
		if (!make_room(s, leg))
			return false;
		leg_send(s, leg);
	}
	return true;
}

void op_send(struct coordinator *c, const struct view *v, const struct now *now, struct mail *mail)
{
	while (!link_alone(&c->ready)) {
		struct leg_queue *q = container_of(c->ready.next, struct leg_queue, ready);
		size_t slot = (size_t)(q - c->queues);
		struct sending s = {.c = c, .v = v, .now = now, .mail = mail};

		if (slot < v->slots)
			s.flow = (struct flow){.remote = v->members[slot].id, .socket = FLOW_ASK};
		bool all = send_queue(&s, q);
		link_remove(&q->ready);
		if (!all) {
			link_append(&c->ready, &q->ready);
			return;
		}
	}
}
