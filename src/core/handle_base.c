/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <string.h>

#include "core/coordinate.h"
#include "core/lane.h"
#include "wire/list.h"

/* A HAVE with room for one address may always be sent. */
#define HAVE_LEAST  (MSG_HEADER_LEN + sizeof(struct ip))
#define HAVE_FACTOR 3

#define HAVE_SPARE_LEAST 8

size_t have_fit(size_t room)
{
	return (room - MSG_HEADER_LEN) / sizeof(struct ip);
}

/* The longest HAVE that this request brings without proof of its address. */
static size_t have_room_unproven(const struct request *rq)
{
	size_t room = HAVE_FACTOR * rq->datagram.len;

	if (room < HAVE_LEAST)
		room = HAVE_LEAST;
	return room < rq->policy->max_datagram ? room : rq->policy->max_datagram;
}

static size_t have_room(struct request *rq)
{
	return request_proven(rq) ? rq->policy->max_datagram : have_room_unproven(rq);
}

static size_t ip_slot(const struct lane *l, const struct ip *ip)
{
	uint64_t h = (load_be64(ip->b) ^ l->ip_mix[0]) * l->ip_mix[1];

	h = ((h ^ h >> 32) + load_be64(ip->b + 8)) * l->ip_mix[0];
	return (size_t)(h >> 32);
}

/* The addresses written so far, as a set of their positions (from 1) in l->distinct. */
struct distinct {
	struct lane *lane;
	struct ip *ips;
	size_t count;
	size_t mask;
};

static void distinct_add(struct distinct *d, const struct ip *ip)
{
	uint16_t *slots = d->lane->distinct;
	size_t at = ip_slot(d->lane, ip) & d->mask;

	while (slots[at] != 0) {
		if (ip_equal(&d->ips[slots[at] - 1u], ip))
			return;
		at = (at + 1) & d->mask;
	}
	d->ips[d->count] = *ip;
	slots[at] = (uint16_t)++d->count;
}

size_t lane_distinct(struct lane *l, size_t n, size_t max, struct ip *ips)
{
	struct distinct d = {.lane = l, .ips = ips, .mask = 15};

	while (d.mask + 1 < 2 * (n < max ? n : max))
		d.mask = 2 * d.mask + 1;
	assert(d.mask < LANE_DISTINCT);
	memset(l->distinct, 0, (d.mask + 1) * sizeof(l->distinct[0]));
	for (size_t i = 0; i < n && d.count < max; i++)
		distinct_add(&d, &l->records[i].ip);
	return d.count;
}

size_t lane_draw(
	struct lane *l, const struct table_key *key, size_t max, uint64_t now_ms, uint32_t *total)
{
	size_t draw = max + (max < HAVE_SPARE ? max + HAVE_SPARE_LEAST : HAVE_SPARE);

	return table_sample(l->server->table, key, &l->rng, draw, l->records, total, now_ms);
}

size_t have_write(struct lane *l, struct outbox *out, size_t n, size_t room)
{
	uint8_t *to = outbox_room(out);
	/* They come in random order: the first that fit are as good a sample as any. An address is
	 * bytes, which can stand anywhere. */
	size_t count = lane_distinct(l, n, have_fit(room), (struct ip *)(to + MSG_HEADER_LEN));
	size_t data = count * sizeof(struct ip);

	to[0] = MSG_HAVE;
	store_be16(to + 1, (uint16_t)data);
	return MSG_HEADER_LEN + data;
}

/* Builds a HAVE of at most room bytes in outbox_room(): its size, and in *total how many providers
 * there are. */
static size_t have_build(struct lane *l, struct outbox *out, const struct table_key *key,
	size_t room, uint64_t now_ms, uint32_t *total)
{
	return have_write(l, out, lane_draw(l, key, have_fit(room), now_ms, total), room);
}

/* Whether it is for others to say, or to confirm, who has the hash. */
static bool others_know(
	const struct request *rq, const struct view *v, const struct table_key *key, bool found)
{
	return !coordinator_knows_misses(rq->lane, v, key->partition) &&
	       !(found && coordinator_has_all(rq->lane, v, key->partition));
}

enum stats_id handle_get(struct request *rq)
{
	struct table_key key = table_key_of(rq->msg.get.hash);
	const struct view *v = request_view(rq);
	size_t room = have_room_unproven(rq);
	uint32_t total;
	size_t len = have_build(rq->lane, rq->out, &key, room, rq->now_ms, &total);

	if (v && others_know(rq, v, &key, total != 0)) {
		if (coordinator_get(rq, v, have_room(rq)))
			return STATS_REQUEST_GET;
		/* Who is known here is better than nothing; that nobody is says nothing. */
		if (total == 0)
			return STATS_DROP_BUSY;
	}
	/* Most hashes have few providers: then nobody has to ask whether the source is trusted. */
	if (total > have_fit(room) && request_proven(rq))
		len = have_build(
			rq->lane, rq->out, &key, rq->policy->max_datagram, rq->now_ms, &total);
	if (!rq->flow->own)
		stats_inc(&rq->lane->stats, total ? STATS_HITS : STATS_MISSES);
	outbox_push(rq->out, rq->flow, len);
	return STATS_REQUEST_GET;
}

/* With others, who will have it before long. */
static enum stats_id put_with_others(
	struct request *rq, const struct view *v, const struct record *r)
{
	uint8_t item[1 + HASH_MAX];
	struct writer w = writer_of(item, sizeof(item));

	write_hash_item(&w, rq->msg.put.hash);
	struct change change = {
		.ip = r->ip,
		.version = r->version,
		.expiry_ms = r->expiry_ms,
		.hashes = {.count = 1, .items = {.p = item, .len = writer_used(&w)}},
	};
	return coordinator_write(rq, v, &change, 0) ? STATS_REQUEST_PUT : STATS_DROP_BUSY;
}

enum stats_id handle_put(struct request *rq)
{
	const struct policy *policy = rq->policy;
	const struct msg_put *put = &rq->msg.put;

	if (!policy->base_put)
		return STATS_DROP_POLICY;
	enum stats_id refused = request_may_put(rq, &put->ip);
	if (refused != CLIMB_ON)
		return refused;

	struct table_key key = table_key_of(put->hash);
	const struct view *v = request_view(rq);
	struct record r = {
		.ip = put->ip,
		.version = version_next(&rq->server->clock, rq->now->wall_ms),
		.expiry_ms = rq->now_ms + UINT64_C(1000) * policy->ttl_s,
	};
	if (v)
		return put_with_others(rq, v, &r);
	return lane_store(rq->lane, &key, &r, rq->now_ms) < 0 ? STATS_DROP_FULL : STATS_REQUEST_PUT;
}

/* Whether a HAVE with somebody in it stands in outbox_room() now. */
static bool want_found(struct lane *l, struct outbox *out, const struct table_key *key, size_t room,
	uint64_t now_ms, size_t *len)
{
	uint32_t total;

	*len = have_build(l, out, key, room, now_ms, &total);
	return total != 0;
}

/* The view under which others are to be asked too whether somebody has it; NULL: our table is all
 * that counts. */
static const struct view *want_view(const struct lane *l)
{
	const struct view *v = atomic_load_explicit(&l->server->view, memory_order_seq_cst);

	return v && !v->alone ? v : NULL;
}

/*
 * A provider that comes between the first look and the registration would be missed: hence the
 * second look. One that comes after the registration has fired the want, and whoever takes it out
 * of the watch, this lane here or another one that polls, sends the one HAVE. So does who has asked
 * others, when they know somebody.
 */
int want_answer(struct lane *l, struct outbox *out, const struct table_key *key,
	const struct flow *flow, size_t room, uint64_t until_ms, const struct now *now)
{
	struct watch *watch = l->server->watch;
	const struct view *v = want_view(l);
	bool own = !v || view_owns(v, key->partition, v->self);
	uint64_t now_ms = now_mono_ms(now);
	size_t len;

	if (own && want_found(l, out, key, room, now_ms, &len)) {
		if (watch_any(watch, key->partition))
			watch_unwant(watch, key, &flow->remote);
		outbox_push(out, flow, len);
		return 0;
	}
	int err = watch_want(watch, key, flow, room, until_ms);
	if (err)
		return err;
	lane_watches(l, key, now_ms);
	if (own && want_found(l, out, key, room, now_ms, &len)) {
		if (watch_unwant(watch, key, &flow->remote))
			outbox_push(out, flow, len);
		return 0;
	}
	if (v && l->coordinator && !coordinator_knows_misses(l, v, key->partition))
		coordinator_want(l, v, key->hash, flow, room, now);
	return 0;
}

enum stats_id handle_want(struct request *rq)
{
	struct table_key key = table_key_of(rq->msg.want.hash);
	uint64_t until_ms = rq->now_ms + UINT64_C(1000) * rq->policy->want_ttl_s;
	int err = want_answer(rq->lane, rq->out, &key, rq->flow, have_room(rq), until_ms, rq->now);

	return err ? STATS_DROP_FULL : STATS_REQUEST_WANT;
}

enum stats_id handle_exit(struct request *rq)
{
	(void)rq;
	return STATS_REQUEST_EXIT;
}
