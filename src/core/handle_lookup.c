/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>

#include "base/link.h"
#include "core/coordinate.h"
#include "core/lane.h"
#include "wire/list.h"

#define ANSWER_HEAD (MSG_HEADER_LEN + MSG_TXID_LEN)

/* The answer to one LOOKUP while it grows. */
struct answer {
	struct request *rq;
	struct writer w; /* the datagram that is being built */
	size_t max;      /* providers in a section */
	size_t pushed;   /* bytes of the datagrams before it */
	uint64_t hits, misses;
};

/*
 * Every hash gets its section, in at most LANE_OUT_MAX datagrams: so when there are more hashes
 * than that, as many sections as need be must fit one datagram, however many providers there are.
 * Sections are laid one behind the other and a datagram ends where the next one does not fit: each
 * then holds at least that many.
 */
static size_t section_max(const struct request *rq)
{
	const struct msg_lookup *m = &rq->msg.lookup;
	size_t sections = (m->hashes.count + LANE_OUT_MAX - 1u) / LANE_OUT_MAX;
	size_t each = (rq->policy->max_datagram - ANSWER_HEAD) / sections;
	size_t max = (each - MSG_SECTION_LEN) / MSG_PROVIDER_LEN;

	assert(max >= 1 && max <= LANE_RECORDS);
	return m->max != 0 && m->max < max ? m->max : max;
}

static void answer_begin(struct answer *a)
{
	struct request *rq = a->rq;

	a->w = build_start(
		outbox_room(rq->out), rq->policy->max_datagram, MSG_PROVIDERS, rq->msg.txid);
}

static void answer_push(struct answer *a)
{
	int len = build_finish(&a->w);

	assert(len > 0);
	outbox_push(a->rq->out, a->rq->flow, (size_t)len);
	a->pushed += (size_t)len;
}

static void write_section(struct answer *a, uint8_t index, const struct lookup_page *page)
{
	const struct request *rq = a->rq;

	write_u8(&a->w, index);
	write_u32(&a->w, page->total);
	write_u32(&a->w, page->next);
	write_u16(&a->w, (uint16_t)page->n);
	for (size_t i = 0; i < page->n; i++) {
		const struct record *r = &rq->lane->records[i];
		struct provider p = {
			.ip = r->ip,
			.port = r->port,
			.ttl_s = ttl_left_s(r->expiry_ms, rq->now_ms),
		};
		write_provider(&a->w, &p);
	}
}

/* False when the source would have to prove its address first. */
static bool answer_add(struct answer *a, uint8_t index, const struct lookup_page *page)
{
	if (writer_left(&a->w) < MSG_SECTION_LEN + page->n * MSG_PROVIDER_LEN) {
		answer_push(a);
		answer_begin(a);
	}
	write_section(a, index, page);
	a->hits += page->total != 0;
	a->misses += page->total == 0;
	return request_may_send(a->rq, a->pushed + writer_used(&a->w));
}

enum stats_id lookup_answer(struct request *rq, struct lookup_source *from)
{
	struct answer a = {.rq = rq, .max = section_max(rq)};
	struct lookup_page page;

	answer_begin(&a);
	for (unsigned i = 0; i < rq->msg.lookup.hashes.count; i++) {
		if (!from->page(from, rq, (uint8_t)i, a.max, &page)) {
			rq->out->count = rq->out_start;
			return CLIMB_ON;
		}
		if (!answer_add(&a, (uint8_t)i, &page))
			return request_challenge(rq);
	}
	answer_push(&a);
	stats_add(&rq->lane->stats, STATS_HITS, a.hits);
	stats_add(&rq->lane->stats, STATS_MISSES, a.misses);
	return STATS_REQUEST_LOOKUP;
}

/* Pages of our own table, as far as it is ours to say what is in them. */
struct own_source {
	struct lookup_source source;
	const struct view *view;
	struct span rest; /* hashes to come */
};

static bool own_page(struct lookup_source *source, const struct request *rq, uint8_t index,
	size_t max, struct lookup_page *page)
{
	struct own_source *from = container_of(source, struct own_source, source);
	const struct view *v = from->view;
	struct span hash;

	(void)index; /* they are asked for in their order */
	hash_list_next(&from->rest, &hash);
	struct table_key key = table_key_of(hash);
	if (v && !coordinator_has_all(rq->lane, v, key.partition))
		return false;
	page->n = table_page(rq->server->table, &key, rq->msg.lookup.cursor, max, rq->lane->records,
		&page->next, &page->total, rq->now_ms);
	return !v || page->total != 0 || coordinator_knows_misses(rq->lane, v, key.partition);
}

/* What is not for our table alone to say. */
static enum stats_id lookup_with_others(struct request *rq, const struct view *v)
{
	uint64_t print = request_print(rq, rq->msg.lookup.options);

	if (coordinator_again(rq, print) || coordinator_lookup(rq, v, section_max(rq), print))
		return STATS_REQUEST_LOOKUP;
	return request_refuse(rq, ERROR_RATE_LIMITED, STATS_DROP_BUSY);
}

enum stats_id handle_lookup(struct request *rq)
{
	const struct msg_lookup *m = &rq->msg.lookup;
	struct own_source from = {
		.source = {.page = own_page}, .view = request_view(rq), .rest = m->hashes.items};

	/* What cannot be paid for is not worth a look at the table. */
	if (!request_may_send(rq, ANSWER_HEAD + (size_t)m->hashes.count * MSG_SECTION_LEN))
		return request_challenge(rq);
	enum stats_id outcome = lookup_answer(rq, &from.source);
	return outcome == CLIMB_ON ? lookup_with_others(rq, from.view) : outcome;
}
