/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/rng.h"
#include "core/lane.h"
#include "wire/list.h"

struct question {
	uint64_t id; /* 0: the place is free */
	bool done;
	uint8_t hash_len;
	uint8_t hash[HASH_MAX];
	uint64_t end_us, again_us;
	size_t at; /* whom to ask next in this round */
	struct explanation found;
};

struct explain {
	struct table *table;
	const struct parts *parts;
	uint64_t last_id;
	uint64_t done;
	struct question questions[EXPLAIN_MAX];
};

struct explain *explain_new(struct table *table, const struct parts *parts, uint64_t random)
{
	struct explain *e = calloc(1, sizeof(*e));
	struct rng rng;

	if (!e)
		return NULL;
	rng_init(&rng, random);
	e->table = table;
	e->parts = parts;
	e->last_id = rng_u64(&rng);
	return e;
}

void explain_free(struct explain *e)
{
	free(e);
}

static struct question *find(const struct explain *e, uint64_t id)
{
	for (size_t i = 0; id && i < EXPLAIN_MAX; i++)
		if (e->questions[i].id == id)
			return (struct question *)(uintptr_t)&e->questions[i];
	return NULL;
}

static struct question *free_place(struct explain *e)
{
	for (size_t i = 0; i < EXPLAIN_MAX; i++)
		if (e->questions[i].id == 0)
			return &e->questions[i];
	return NULL;
}

static uint64_t next_id(struct explain *e)
{
	if (++e->last_id == 0)
		++e->last_id;
	return e->last_id;
}

/* ---- Whom to ask ---- */

static void add_replica(struct explanation *x, const struct view *v, uint16_t slot, bool owner)
{
	const struct view_member *m = &v->members[slot];

	x->replicas[x->count++] = (struct explain_replica){
		.id = m->id, .state = m->state, .self = m->self, .owner = owner};
}

static bool has_self(const struct explanation *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (x->replicas[i].self)
			return true;
	return false;
}

static void add_row(struct explanation *x, const struct view *v, const struct parts *parts)
{
	const uint16_t *row = view_row(v, x->partition);

	for (size_t i = 0; i < v->row_len; i++)
		if (row[i] != RING_NONE)
			add_replica(x, v, row[i], i < v->replicas);
	if (!has_self(x) && parts_get(parts, x->partition) != PART_NONE)
		add_replica(x, v, v->self, false);
}

/* ---- What is found ---- */

static void weigh(struct explain_replica *r, uint64_t version, uint64_t expiry_ms, uint64_t now_ms)
{
	uint64_t left_ms = expiry_ms > now_ms ? expiry_ms - now_ms : 0;

	if (version_order(version) > version_order(r->version))
		r->version = version;
	if (left_ms > r->left_ms)
		r->left_ms = left_ms;
}

static void look_at_own(const struct explain *e, const struct question *q,
	struct explain_replica *r, uint64_t now_ms)
{
	struct table_key key = table_key_of((struct span){q->hash, q->hash_len});
	struct record page[EXPLAIN_PAGE];
	uint32_t next;

	size_t n = table_page(e->table, &key, 0, EXPLAIN_PAGE, page, &next, &r->providers, now_ms);
	for (size_t i = 0; i < n; i++)
		weigh(r, page[i].version, page[i].expiry_ms, now_ms);
	r->complete = r->owner && parts_get(e->parts, q->found.partition) == PART_COMPLETE;
	r->answered = true;
}

static bool all_answered(const struct explanation *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (!x->replicas[i].answered)
			return false;
	return true;
}

static void finish(struct explain *e, struct question *q)
{
	if (q->done)
		return;
	q->done = true;
	e->done++;
}

int explain_start(struct explain *e, const struct view *view, struct span hash,
	const struct now *now, uint64_t *question)
{
	struct question *q = free_place(e);

	if (!q)
		return DHT_EFULL;
	*q = (struct question){
		.id = next_id(e),
		.hash_len = (uint8_t)hash.len,
		.end_us = now->mono_us + EXPLAIN_US,
		.again_us = now->mono_us,
		.found.partition = table_key_of(hash).partition,
	};
	memcpy(q->hash, hash.p, hash.len);
	add_row(&q->found, view, e->parts);
	for (size_t i = 0; i < q->found.count; i++)
		if (q->found.replicas[i].self)
			look_at_own(e, q, &q->found.replicas[i], now_mono_ms(now));
	*question = q->id;
	if (all_answered(&q->found))
		finish(e, q);
	return 0;
}

bool explain_look(const struct explain *e, uint64_t question, struct explanation *out)
{
	const struct question *q = find(e, question);

	*out = q ? q->found : (struct explanation){0};
	return !q || q->done;
}

void explain_end(struct explain *e, uint64_t question)
{
	struct question *q = find(e, question);

	if (q)
		q->id = 0;
}

/* ---- Answers ---- */

static struct explain_replica *replica_of(struct question *q, const struct addr *id)
{
	for (size_t i = 0; i < q->found.count; i++)
		if (addr_equal(&q->found.replicas[i].id, id))
			return &q->found.replicas[i];
	return NULL;
}

static void take_fetched(struct explain *e, const struct now *now, const struct letter *l,
	const struct peer_fetched *m)
{
	struct question *q = find(e, m->id);
	struct explain_replica *r = q ? replica_of(q, &l->id) : NULL;
	struct span rest = m->records;
	struct peer_record one;

	if (!r || r->answered || q->done)
		return;
	while (peer_record_next(&rest, &one))
		weigh(r, one.version, letter_record(l, &one).expiry_ms, now_mono_ms(now));
	r->providers = m->total;
	r->complete = m->flags & PEER_FETCHED_COMPLETE;
	r->answered = true;
	if (all_answered(&q->found))
		finish(e, q);
}

bool explain_take(
	struct explain *e, const struct now *now, const struct letter *l, struct span message)
{
	struct peer_msg m;

	if (message.p[0] != PEER_FETCHED || peer_decode(message, &m) != MSG_GOOD)
		return false;
	take_fetched(e, now, l, &m.fetched);
	return true;
}

/* ---- Questions ---- */

/* False when there was no room. */
static bool ask(const struct question *q, const struct explain_replica *r, struct mail *mail)
{
	struct flow flow = {.remote = r->id, .socket = FLOW_ASK};
	struct peer_msg m = {
		.type = PEER_FETCH,
		.fetch = {.id = q->id, .mode = PEER_FETCH_PAGE, .max = EXPLAIN_PAGE},
	};
	uint8_t item[1 + HASH_MAX];
	struct writer w = writer_of(item, sizeof(item));

	write_hash_item(&w, (struct span){q->hash, q->hash_len});
	m.fetch.hashes = (struct hash_list){
		.count = 1, .items = {.p = item, .len = writer_used(&w)}};
	return mail_put(mail, &flow, &m);
}

/* Those who have not answered, from where the last tick had to stop. */
static void ask_all(struct question *q, struct mail *mail)
{
	for (; q->at < q->found.count; q->at++) {
		const struct explain_replica *r = &q->found.replicas[q->at];
		if (r->answered)
			continue;
		if (mail_room(mail) == 0 || !ask(q, r, mail))
			return;
	}
	q->at = 0;
	q->again_us = mail->now->mono_us + EXPLAIN_AGAIN_US;
}

void explain_tick(struct explain *e, struct mail *mail)
{
	uint64_t now_us = mail->now->mono_us;

	for (size_t i = 0; i < EXPLAIN_MAX; i++) {
		struct question *q = &e->questions[i];
		if (q->id == 0 || q->done)
			continue;
		if (now_us >= q->end_us)
			finish(e, q);
		else if (now_us >= q->again_us)
			ask_all(q, mail);
	}
}

uint64_t explain_deadline(const struct explain *e)
{
	uint64_t due_us = UINT64_MAX;

	for (size_t i = 0; i < EXPLAIN_MAX; i++) {
		const struct question *q = &e->questions[i];
		if (q->id == 0 || q->done)
			continue;
		if (q->again_us < due_us)
			due_us = q->again_us;
		if (q->end_us < due_us)
			due_us = q->end_us;
	}
	return due_us;
}

uint64_t explain_done(const struct explain *e)
{
	return e->done;
}
