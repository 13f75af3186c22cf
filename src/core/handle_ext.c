/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "core/coordinate.h"
#include "core/lane.h"
#include "wire/list.h"

#define PONG_NAME_MAX 255

static struct writer answer_start(struct request *rq, enum msg_type type)
{
	return build_start(outbox_room(rq->out), rq->policy->max_datagram, type, rq->msg.txid);
}

struct writer done_start(struct request *rq, uint32_t ttl_s, uint8_t count)
{
	struct writer w = answer_start(rq, MSG_DONE);

	write_u32(&w, ttl_s);
	write_u8(&w, count);
	return w;
}

/* A request that DONE answers is at least as long: what it did needs no proof and no second try. */
enum stats_id done_push(struct request *rq, struct writer *w, enum stats_id outcome)
{
	int len = build_finish(w);

	assert(len > 0 && (size_t)len <= rq->datagram.len);
	return request_answer(rq, len, outcome);
}

static enum stats_id done_all(struct request *rq, uint32_t ttl_s, uint8_t count,
	enum msg_status status, enum stats_id outcome)
{
	struct writer w = done_start(rq, ttl_s, count);

	for (unsigned i = 0; i < count; i++)
		write_u8(&w, (uint8_t)status);
	return done_push(rq, &w, outcome);
}

uint64_t request_print(const struct request *rq, struct span options)
{
	const struct recent *set = rq->server->carried_out;
	const struct addr *remote = &rq->flow->remote;
	size_t body = rq->datagram.len - MSG_HEADER_LEN - options.len;
	uint8_t who[8 + 16 + 2 + 1];

	store_be64(who, recent_print(set, rq->datagram.p + MSG_HEADER_LEN, body));
	memcpy(who + 8, remote->ip.b, 16);
	store_be16(who + 24, remote->port);
	who[26] = rq->msg.type;
	return recent_print(set, who, sizeof(who));
}

/* A withdrawal outlives every copy of what it withdraws, by more than clocks and ways may differ.
 */
#define BURIED_EXTRA_MS 60000

/* How long what is changed is to be remembered. */
static uint64_t change_life_ms(const struct request *rq, const struct change *c)
{
	if (rq->msg.type == MSG_WITHDRAW)
		return UINT64_C(1000) * rq->policy->max_ttl_s + BURIED_EXTRA_MS;
	return UINT64_C(1000) * c->ttl_s;
}

static int change_one(struct request *rq, const struct change *c, struct span hash)
{
	struct table_key key = table_key_of(hash);
	struct record r = {
		.ip = c->ip,
		.port = c->port,
		.version = c->version,
		.expiry_ms = c->expiry_ms,
	};

	/* Whoever comes later to the same cluster may have what is not here. */
	if (rq->msg.type == MSG_WITHDRAW && !rq->server->seal)
		return lane_withdraw(rq->lane, &key, &c->ip, c->port, c->version, rq->now_ms);
	return lane_store(rq->lane, &key, &r, rq->now_ms);
}

static enum stats_id change_all(
	struct request *rq, const struct change *c, uint64_t print, enum stats_id outcome)
{
	struct writer w = done_start(rq, c->ttl_s, c->hashes.count);
	struct span rest = c->hashes.items, hash;
	bool all_stored = true;

	while (hash_list_next(&rest, &hash)) {
		bool stored = change_one(rq, c, hash) >= 0;
		write_u8(&w, stored ? STATUS_STORED : STATUS_FULL);
		all_stored = all_stored && stored;
	}
	/* What was refused may be tried again with the same transaction id. */
	if (all_stored)
		recent_add(rq->server->carried_out, print, rq->now_ms);
	return done_push(rq, &w, outcome);
}

/* Here, and where else it is to be. */
static enum stats_id change_everywhere(
	struct request *rq, struct change *c, uint64_t print, enum stats_id outcome)
{
	const struct view *v = request_view(rq);

	c->version = version_next(&rq->server->clock, rq->now->wall_ms);
	if (rq->msg.type == MSG_WITHDRAW)
		c->version = version_withdrawal(c->version);
	c->expiry_ms = rq->now_ms + change_life_ms(rq, c);
	if (!v)
		return change_all(rq, c, print, outcome);
	if (coordinator_write(rq, v, c, print))
		return outcome;
	return request_refuse(rq, ERROR_RATE_LIMITED, STATS_DROP_BUSY);
}

static enum stats_id change_apply(
	struct request *rq, struct change *c, struct span options, enum stats_id outcome)
{
	static const struct ip zero;

	if (ip_equal(&c->ip, &zero))
		c->ip = rq->flow->remote.ip;
	uint64_t print = request_print(rq, options);
	if (recent_has(rq->server->carried_out, print, rq->now_ms)) {
		stats_inc(&rq->lane->stats, STATS_REPEATS);
		return done_all(rq, c->ttl_s, c->hashes.count, STATUS_STORED, outcome);
	}
	if (coordinator_again(rq, print))
		return outcome;
	enum stats_id refused = request_may_put(rq, &c->ip);
	if (refused != CLIMB_ON)
		return done_all(rq, 0, c->hashes.count, STATUS_REFUSED, refused);
	if (rq->seen_auth)
		return request_refuse(rq, ERROR_AUTH_FAILED, STATS_DROP_AUTH_FAILED);
	/* Anybody can write somebody else's address on a datagram. */
	if (!rq->policy->third_party_put && !request_proven(rq))
		return request_challenge(rq);
	return change_everywhere(rq, c, print, outcome);
}

static uint32_t granted_ttl_s(const struct policy *policy, uint32_t asked_s)
{
	if (asked_s == 0)
		return policy->ttl_s;
	return asked_s < policy->max_ttl_s ? asked_s : policy->max_ttl_s;
}

enum stats_id handle_announce(struct request *rq)
{
	const struct msg_announce *m = &rq->msg.announce;
	struct change c = {
		.ip = m->ip,
		.port = m->port,
		.ttl_s = granted_ttl_s(rq->policy, m->ttl_s),
		.hashes = m->hashes,
	};

	return change_apply(rq, &c, m->options, STATS_REQUEST_ANNOUNCE);
}

enum stats_id handle_withdraw(struct request *rq)
{
	const struct msg_withdraw *m = &rq->msg.withdraw;
	struct change c = {
		.ip = m->ip,
		.port = m->port,
		.hashes = m->hashes,
	};

	return change_apply(rq, &c, m->options, STATS_REQUEST_WITHDRAW);
}

/*
 * A watcher is told what changes from its DONE on, and not what was there before. Whoever needs
 * both looks up after DONE: then nothing is missed, though a change in between is seen twice.
 */
static bool watch_one(struct request *rq, struct span hash, uint64_t until_ms)
{
	struct watch *watch = rq->server->watch;
	struct table_key key = table_key_of(hash);

	if (until_ms > rq->now_ms) {
		if (watch_subscribe(watch, &key, rq->flow, rq->msg.txid, until_ms) != 0)
			return false;
		lane_watches(rq->lane, &key, rq->now_ms);
		return true;
	}
	watch_unsubscribe(watch, &key, &rq->flow->remote);
	return true;
}

enum stats_id handle_watch(struct request *rq)
{
	const struct msg_watch *m = &rq->msg.watch;
	uint32_t max_s = rq->policy->max_ttl_s;
	uint32_t granted_s = m->duration_s < max_s ? m->duration_s : max_s;
	struct span rest = m->hashes.items, hash;

	/* EVENTs come later, and more than one: the request cannot buy room for them. */
	if (!request_proven(rq))
		return request_challenge(rq);
	struct writer w = done_start(rq, granted_s, m->hashes.count);
	while (hash_list_next(&rest, &hash)) {
		bool done = watch_one(rq, hash, rq->now_ms + UINT64_C(1000) * granted_s);
		write_u8(&w, done ? STATUS_STORED : STATUS_FULL);
	}
	return done_push(rq, &w, STATS_REQUEST_WATCH);
}

enum stats_id handle_seen(struct request *rq)
{
	watch_seen(rq->server->watch, &rq->flow->remote, rq->msg.txid, rq->msg.seen.seq);
	return STATS_REQUEST_SEEN;
}

/* The name's longest start that is UTF-8 and fits. */
static struct span pong_name(const char *name)
{
	struct span s = {.p = (const uint8_t *)name, .len = strnlen(name, PONG_NAME_MAX)};

	while (!utf8_valid(s.p, s.len))
		s.len--;
	return s;
}

static const struct view *view_of(const struct request *rq)
{
	return atomic_load_explicit(&rq->server->view, memory_order_seq_cst);
}

enum stats_id handle_ping(struct request *rq)
{
	struct writer w = answer_start(rq, MSG_PONG);

	write_u8(&w, MSG_PROTOCOL_VERSION);
	write_u16(&w, view_of(rq) ? view_of(rq)->alive : 1);
	write_u32(&w, (uint32_t)((rq->now->mono_us - rq->server->start_us) / 1000000));
	write_span(&w, pong_name(rq->policy->name));
	return request_answer(rq, build_finish(&w), STATS_REQUEST_PING);
}

static void write_server(struct writer *w, const struct ip *ip, uint16_t client_port)
{
	write_copy(w, ip->b, sizeof(ip->b));
	write_u16(w, client_port);
}

/* Whether clients can ask this member: one that only speaks the base messages says no port. */
static bool is_listed(const struct view_member *m)
{
	return m->id.port != 0 && !m->self && m->client_port != 0 &&
	       (m->state == PEER_ALIVE || m->state == PEER_SUSPECT);
}

/* Members from slot `first` on, in a circle, as many as fit; gives their number. */
static uint16_t write_members(struct writer *w, const struct view *v, uint16_t first)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < v->slots && writer_left(w) >= MSG_SERVER_LEN; i++) {
		const struct view_member *m = &v->members[(first + i) % v->slots];
		if (!is_listed(m))
			continue;
		write_server(w, &m->id.ip, m->client_port);
		n++;
	}
	return n;
}

/* This server, and the others that are alive; a choice of them when not all fit. */
enum stats_id handle_servers(struct request *rq)
{
	const struct addr *self = &rq->policy->self;
	const struct view *v = view_of(rq);
	struct writer w = answer_start(rq, MSG_SERVER_LIST);
	uint8_t *count = write_room(&w, 2);
	uint16_t n = 1;

	write_server(&w, &self->ip, self->port);
	if (v && v->slots)
		n += write_members(&w, v, (uint16_t)rng_below(&rq->lane->rng, v->slots));
	store_be16(count, n);
	return request_answer(rq, build_finish(&w), STATS_REQUEST_SERVERS);
}
