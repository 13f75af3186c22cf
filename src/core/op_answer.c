/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/op.h"
#include "core/page.h"

/* An answer is built by the same functions as one from the table: so it is a request again. */
static struct request request_of(
	const struct coordinator *c, const struct op *op, const struct now *now, struct outbox *out)
{
	struct server *s = c->lane->server;
	struct request rq = {
		.lane = c->lane,
		.server = s,
		.policy = atomic_load_explicit(&s->policy, memory_order_seq_cst),
		.now = now,
		.flow = &op->flow,
		.datagram = {.len = op->request_len},
		.out = out,
		.now_ms = now_mono_ms(now),
		.out_start = out->count,
		.proof = op->proven ? PROOF_GIVEN : PROOF_NONE,
		.msg = {.type = op->type},
	};

	memcpy(rq.msg.txid, op->txid, sizeof(op->txid));
	return rq;
}

/* Whether our own table has a say: an owner's always, a former owner's when no owner had one. */
static bool own_counts(const struct coordinator *c, const struct op_hash *h)
{
	if (h->flags & READ_OWNER)
		return true;
	return !(h->flags & READ_TOLD) &&
	       parts_get(&c->lane->server->parts, h->partition) != PART_NONE;
}

/* Adds what others have to lane->records[n …); gives how many there are then. */
static size_t add_found(
	const struct coordinator *c, const struct op_hash *h, size_t n, uint64_t now_ms)
{
	for (uint16_t at = h->found; at && n < LANE_RECORDS; at = c->found[at].next)
		if (c->found[at].record.expiry_ms > now_ms)
			c->lane->records[n++] = c->found[at].record;
	return n;
}

/* What several servers have is in no order; one sample is in a random one already. */
static void shuffle(struct lane *l, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = rng_below(&l->rng, (uint32_t)i);
		struct record r = l->records[j];
		l->records[j] = l->records[i - 1];
		l->records[i - 1] = r;
	}
}

/* Builds a HAVE in outbox_room(); gives its size, and in *total whether there is anybody. */
static size_t build_have(
	const struct coordinator *c, const struct op *op, struct request *rq, uint32_t *total)
{
	const struct op_hash *h = op_hash(c, op, 0);
	struct lane *l = c->lane;
	size_t room = op->room < rq->policy->max_datagram ? op->room : rq->policy->max_datagram;
	size_t own = 0;

	*total = 0;
	if (own_counts(c, h)) {
		struct table_key key = op_key(h);
		own = lane_draw(l, &key, have_fit(room), rq->now_ms, total);
	}
	size_t n = add_found(c, h, own, rq->now_ms);
	if (n > own) {
		shuffle(l, n);
		*total = (uint32_t)n;
	}
	return have_write(l, rq->out, n, room);
}

static void answer_get(const struct coordinator *c, const struct op *op, struct request *rq)
{
	uint32_t total;
	size_t len = build_have(c, op, rq, &total);

	op_count(c, total ? STATS_HITS : STATS_MISSES);
	outbox_push(rq->out, rq->flow, len);
}

/* A want that has fired meanwhile is answered by whoever polled it. */
static void answer_want(const struct coordinator *c, const struct op *op, struct request *rq)
{
	const struct op_hash *h = op_hash(c, op, 0);
	struct table_key key = op_key(h);
	uint32_t total;
	size_t len = build_have(c, op, rq, &total);

	if (total && watch_unwant(rq->server->watch, &key, &op->flow.remote))
		outbox_push(rq->out, rq->flow, len);
}

/* What a LOOKUP is answered from. */
struct op_source {
	struct lookup_source source;
	const struct coordinator *c;
	const struct op *op;
};

/* Our own page and those of others as one. */
static bool page_of_all(struct lookup_source *source, const struct request *rq, uint8_t index,
	size_t max, struct lookup_page *page)
{
	const struct op_source *from = container_of(source, struct op_source, source);
	const struct coordinator *c = from->c;
	const struct op_hash *h = op_hash(c, from->op, index);
	struct lane *l = c->lane;
	size_t own = 0;

	*page = (struct lookup_page){0};
	if (own_counts(c, h)) {
		struct table_key key = op_key(h);
		own = table_page(rq->server->table, &key, from->op->cursor, max, l->records,
			&page->next, &page->total, rq->now_ms);
	}
	if (h->next != 0 && (page->next == 0 || h->next < page->next))
		page->next = h->next;
	size_t n = add_found(c, h, own, rq->now_ms);
	page->n = page_unite(l->records, n, max, &page->next);
	if (page->total < h->total)
		page->total = h->total;
	if (page->total < page->n)
		page->total = (uint32_t)page->n;
	return true;
}

static void answer_lookup(const struct coordinator *c, const struct op *op, struct request *rq)
{
	struct op_source from = {.source = {.page = page_of_all}, .c = c, .op = op};

	rq->msg.lookup = (struct msg_lookup){
		.max = op->asked_max, .cursor = op->cursor, .hashes = {.count = op->count}};
	(void)lookup_answer(rq, &from.source);
}

static void answer_change(
	const struct coordinator *c, const struct view *v, struct op *op, struct request *rq)
{
	struct writer w = done_start(rq, op->ttl_s, op->count);
	bool all_stored = true;

	for (unsigned i = 0; i < op->count; i++) {
		enum msg_status status = write_status(c, v, op, i);
		write_u8(&w, (uint8_t)status);
		all_stored = all_stored && status == STATUS_STORED;
		if (status == STATUS_BELOW_QUORUM || status == STATUS_NOT_IN_TIME)
			op_count(c, STATS_CLUSTER_QUORUM_MISSES);
	}
	/* What was refused may be tried again with the same transaction id. */
	if (all_stored)
		recent_add(rq->server->carried_out, op->by_print.print, rq->now_ms);
	(void)done_push(rq, &w, STATS_REQUEST_ANNOUNCE);
}

size_t op_answer_room(const struct op *op)
{
	size_t sections = (op->count + LANE_OUT_MAX - 1u) / LANE_OUT_MAX;

	return op->type == MSG_LOOKUP ? (op->count + sections - 1) / sections : 1;
}

void op_answer(struct coordinator *c, const struct view *v, struct op *op, const struct now *now,
	struct outbox *out)
{
	struct request rq = request_of(c, op, now, out);

	if (op->type == MSG_GET)
		answer_get(c, op, &rq);
	else if (op->type == MSG_WANT)
		answer_want(c, op, &rq);
	else if (op->type == MSG_LOOKUP)
		answer_lookup(c, op, &rq);
	else
		answer_change(c, v, op, &rq);
	if (op_is_read(op)) {
		op_free(c, op);
		return;
	}
	op_linger(c, op, now->mono_us);
	write_run(c, v, op, now);
}
