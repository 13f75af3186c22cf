/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>

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

static void write_section(struct answer *a, uint8_t index, uint32_t total, uint32_t next, size_t n)
{
	const struct request *rq = a->rq;

	write_u8(&a->w, index);
	write_u32(&a->w, total);
	write_u32(&a->w, next);
	write_u16(&a->w, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
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
static bool answer_add(struct answer *a, uint8_t index, struct span hash)
{
	struct request *rq = a->rq;
	struct table_key key = table_key_of(hash);
	uint32_t next, total;
	size_t n = table_page(rq->server->table, &key, rq->msg.lookup.cursor, a->max,
		rq->lane->records, &next, &total, rq->now_ms);

	if (writer_left(&a->w) < MSG_SECTION_LEN + n * MSG_PROVIDER_LEN) {
		answer_push(a);
		answer_begin(a);
	}
	write_section(a, index, total, next, n);
	a->hits += total != 0;
	a->misses += total == 0;
	return request_may_send(rq, a->pushed + writer_used(&a->w));
}

enum stats_id handle_lookup(struct request *rq)
{
	const struct msg_lookup *m = &rq->msg.lookup;
	struct answer a = {.rq = rq, .max = section_max(rq)};
	struct span rest = m->hashes.items, hash;

	/* What cannot be paid for is not worth a look at the table. */
	if (!request_may_send(rq, ANSWER_HEAD + (size_t)m->hashes.count * MSG_SECTION_LEN))
		return request_challenge(rq);
	answer_begin(&a);
	for (uint8_t i = 0; hash_list_next(&rest, &hash); i++)
		if (!answer_add(&a, i, hash))
			return request_challenge(rq);
	answer_push(&a);
	stats_add(&rq->lane->stats, STATS_HITS, a.hits);
	stats_add(&rq->lane->stats, STATS_MISSES, a.misses);
	return STATS_REQUEST_LOOKUP;
}
