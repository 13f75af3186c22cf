/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/coordinate.h"
#include "core/lane.h"
#include "core/page.h"
#include "wire/list.h"

#define ADDRESSES_MAX (PARCEL_MAX / PEER_ADDRESS_MIN)

/* The answer about one hash. */
struct answer {
	struct peer_request *rq;
	struct table_key key;
	struct peer_fetched fetched;
	size_t room; /* for records */
	struct writer w;
	uint8_t bytes[PARCEL_MAX];
};

/* False, and w as it was, when it does not fit. */
static bool write_one(struct writer *w, const struct peer_record *told)
{
	struct writer tried = *w;

	peer_write_record(&tried, told);
	if (tried.failed)
		return false;
	*w = tried;
	return true;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many of l->records[0 … n) fit; those that are as good as over need no room. */
static size_t fitting(const struct answer *a, size_t n)
{
	const struct lane *l = a->rq->lane;
	struct writer w = a->w;
	struct peer_record told;

	for (size_t i = 0; i < n; i++)
		if (lane_tell_record(&l->records[i], a->rq->now_ms, &told) && !write_one(&w, &told))
			return i;
	return n;
}

static void write_page(struct answer *a)
{
	struct peer_request *rq = a->rq;
	struct lane *l = rq->lane;
	const struct peer_fetch *m = &rq->msg.fetch;
	size_t max = smaller(m->max ? m->max : 1, a->room / PEER_RECORD_MIN);
	struct peer_record told;
	size_t n = table_page(rq->server->table, &a->key, m->cursor, max, l->records,
		&a->fetched.next, &a->fetched.total, rq->now_ms);

	n = page_cut(l->records, n, fitting(a, n), &a->fetched.next);
	for (size_t i = 0; i < n; i++)
		if (lane_tell_record(&l->records[i], rq->now_ms, &told))
			peer_write_record(&a->w, &told);
}

static void write_sample(struct answer *a)
{
	struct peer_request *rq = a->rq;
	size_t max = smaller(rq->msg.fetch.max, a->room / PEER_ADDRESS_MIN);
	struct ip ips[ADDRESSES_MAX];
	size_t n = lane_draw(rq->lane, &a->key, max, rq->now_ms, &a->fetched.total);
	size_t count = lane_distinct(rq->lane, n, max, ips);

	for (size_t i = 0; i < count; i++)
		if (!write_one(&a->w, &(struct peer_record){.ip = ips[i]}))
			return;
}

static bool answer_one(struct peer_request *rq, uint8_t index, struct span hash)
{
	const struct peer_fetch *m = &rq->msg.fetch;
	struct answer a = {
		.rq = rq,
		.key = table_key_of(hash),
		.fetched = {.id = m->id, .index = index},
		.room = mail_inside(rq->mail) - PEER_FETCHED_HEAD,
	};

	a.w = writer_of(a.bytes, a.room);
	if (m->mode == PEER_FETCH_SAMPLE)
		write_sample(&a);
	else
		write_page(&a);
	/* Who keeps what it does not own any more has missed what came since. */
	if (coordinator_has_all(rq->lane, rq->view, a.key.partition))
		a.fetched.flags = PEER_FETCHED_COMPLETE;
	a.fetched.records = (struct span){.p = a.bytes, .len = writer_used(&a.w)};
	struct peer_msg answer = {.type = PEER_FETCHED, .fetched = a.fetched};
	return mail_put(rq->mail, rq->flow, &answer);
}

/* What there is no room for is asked again. */
void peer_handle_fetch(struct peer_request *rq)
{
	struct span rest = rq->msg.fetch.hashes.items, hash;

	stats_inc(&rq->lane->stats, STATS_CLUSTER_FETCHES_TAKEN);
	for (uint8_t i = 0; hash_list_next(&rest, &hash); i++)
		if (!answer_one(rq, i, hash))
			return;
}
