/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <string.h>

#include "core/lane.h"

/* A HAVE with room for one address may always be sent. */
#define HAVE_LEAST  (MSG_HEADER_LEN + sizeof(struct ip))
#define HAVE_FACTOR 3

#define HAVE_SPARE_LEAST 8

static size_t have_fit(size_t room)
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
	uint8_t *ips;
	size_t count;
	size_t mask;
};

static void distinct_add(struct distinct *d, const struct ip *ip)
{
	uint16_t *slots = d->lane->distinct;
	size_t at = ip_slot(d->lane, ip) & d->mask;

	while (slots[at] != 0) {
		if (memcmp(d->ips + (slots[at] - 1u) * sizeof(*ip), ip, sizeof(*ip)) == 0)
			return;
		at = (at + 1) & d->mask;
	}
	memcpy(d->ips + d->count * sizeof(*ip), ip, sizeof(*ip));
	slots[at] = (uint16_t)++d->count;
}

/* Writes up to fit distinct addresses of l->records[0 … n); gives their number. */
static size_t write_distinct(struct lane *l, size_t n, size_t fit, uint8_t *ips)
{
	struct distinct d = {.lane = l, .ips = ips, .mask = 15};

	while (d.mask + 1 < 2 * (n < fit ? n : fit))
		d.mask = 2 * d.mask + 1;
	assert(d.mask < LANE_DISTINCT);
	memset(l->distinct, 0, (d.mask + 1) * sizeof(l->distinct[0]));
	for (size_t i = 0; i < n && d.count < fit; i++)
		distinct_add(&d, &l->records[i].ip);
	return d.count;
}

/* How many records are drawn so that fit addresses are found among them, though providers with
 * several ports come several times. */
static size_t have_draw(size_t fit)
{
	return fit + (fit < HAVE_SPARE ? fit + HAVE_SPARE_LEAST : HAVE_SPARE);
}

size_t have_build(struct lane *l, struct outbox *out, const struct table_key *key, size_t room,
	uint64_t now_ms, uint32_t *total)
{
	uint8_t *to = outbox_room(out);
	size_t fit = have_fit(room);
	size_t n = table_sample(
		l->server->table, key, &l->rng, have_draw(fit), l->records, total, now_ms);
	/* They come in random order: the first that fit are as good a sample as any. */
	size_t count = write_distinct(l, n, fit, to + MSG_HEADER_LEN);
	size_t data = count * sizeof(struct ip);

	to[0] = MSG_HAVE;
	store_be16(to + 1, (uint16_t)data);
	return MSG_HEADER_LEN + data;
}

enum stats_id handle_get(struct request *rq)
{
	struct table_key key = table_key_of(rq->msg.get.hash);
	size_t room = have_room_unproven(rq);
	uint32_t total;
	size_t len = have_build(rq->lane, rq->out, &key, room, rq->now_ms, &total);

	/* Most hashes have few providers: then nobody has to ask whether the source is trusted. */
	if (total > have_fit(room) && request_proven(rq))
		len = have_build(
			rq->lane, rq->out, &key, rq->policy->max_datagram, rq->now_ms, &total);
	if (!rq->flow->own)
		stats_inc(&rq->lane->stats, total ? STATS_HITS : STATS_MISSES);
	outbox_push(rq->out, rq->flow, len);
	return STATS_REQUEST_GET;
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
	struct record r = {
		.ip = put->ip,
		.version = version_next(&rq->server->clock, rq->now->wall_ms),
		.expiry_ms = rq->now_ms + UINT64_C(1000) * policy->ttl_s,
	};
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

/*
 * A provider that comes between the first look and the registration would be missed: hence the
 * second look. One that comes after the registration has fired the want, and whoever takes it out
 * of the watch, this lane here or another one that polls, sends the one HAVE.
 */
int want_answer(struct lane *l, struct outbox *out, const struct table_key *key,
	const struct flow *flow, size_t room, uint64_t until_ms, uint64_t now_ms)
{
	struct watch *watch = l->server->watch;
	size_t len;

	if (want_found(l, out, key, room, now_ms, &len)) {
		if (watch_any(watch, key->partition))
			watch_unwant(watch, key, &flow->remote);
		outbox_push(out, flow, len);
		return 0;
	}
	int err = watch_want(watch, key, flow, room, until_ms);
	if (err)
		return err;
	if (want_found(l, out, key, room, now_ms, &len) && watch_unwant(watch, key, &flow->remote))
		outbox_push(out, flow, len);
	return 0;
}

enum stats_id handle_want(struct request *rq)
{
	struct table_key key = table_key_of(rq->msg.want.hash);
	uint64_t until_ms = rq->now_ms + UINT64_C(1000) * rq->policy->want_ttl_s;
	int err = want_answer(
		rq->lane, rq->out, &key, rq->flow, have_room(rq), until_ms, rq->now_ms);

	return err ? STATS_DROP_FULL : STATS_REQUEST_WANT;
}

enum stats_id handle_exit(struct request *rq)
{
	(void)rq;
	return STATS_REQUEST_EXIT;
}
