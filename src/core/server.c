/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "core/coordinate.h"
#include "core/interest.h"
#include "core/lane.h"
#include "wire/list.h"

/* A client gives up long before, and the network does not keep a datagram for longer. */
#define REPEAT_WINDOW_MS 60000

/* A change comes to all owners, and from them to whoever watches elsewhere, within this. */
#define TOLD_WINDOW_MS 60000

/* Each part has a secret of its own, so that nothing learnt about one says anything of another. */
static void derive(const struct server_seed *seed, const char *part, uint8_t out[static 16])
{
	crypto_generichash(
		out, 16, (const uint8_t *)part, strlen(part), seed->secret, sizeof(seed->secret));
}

static void assert_policy(const struct policy *p)
{
	assert(p->max_datagram >= LANE_DATAGRAM_MIN && p->max_datagram <= MSG_DATAGRAM_MAX);
	assert(p->ttl_s != 0 && p->max_ttl_s != 0);
	assert(p->name);
}

/* The one behind the last is the cluster's. */
static struct lane *lane_new(
	struct server *s, const struct server_seed *seed, uint32_t index, uint32_t lanes)
{
	size_t align = _Alignof(struct lane);
	struct lane *l = aligned_alloc(align, (sizeof(*l) + align - 1) / align * align);

	if (!l)
		return NULL;
	memset(l, 0, offsetof(struct lane, distinct));
	l->server = s;
	l->index = index;
	l->stream.index = (uint16_t)(index < lanes ? index + 1 : 0);
	rng_init(&l->rng, seed->random + index);
	token_init(&l->token, seed->cookies);
	l->ip_mix[0] = rng_u64(&l->rng) | 1;
	l->ip_mix[1] = rng_u64(&l->rng) | 1;
	return l;
}

static void lane_free(struct lane *l)
{
	if (!l)
		return;
	coordinator_free(l->coordinator);
	interest_free(l->interest);
	sodium_memzero(&l->token, sizeof(l->token));
	free(l);
}

static bool make_parts(struct server *s, const struct policy *policy,
	const struct server_seed *seed, const struct now *now)
{
	uint8_t secret[16];
	uint64_t salt;

	derive(seed, "table", secret);
	s->table = table_new(&policy->limits, secret, now_mono_ms(now));
	derive(seed, "watch", secret);
	s->watch = watch_new(secret);
	derive(seed, "limit", secret);
	s->limit = limit_new(secret);
	derive(seed, "carried out", secret);
	s->carried_out = recent_new(secret, REPEAT_WINDOW_MS);
	derive(seed, "told", secret);
	s->told = recent_new(secret, TOLD_WINDOW_MS);
	derive(seed, "macs", secret);
	s->macs = recent_new(secret, AUTH_SEEN_MS);
	derive(seed, "versions", secret);
	memcpy(&salt, secret, sizeof(salt));
	version_clock_init(&s->clock, salt);
	sodium_memzero(secret, sizeof(secret));
	return s->table && s->watch && s->limit && s->carried_out && s->told && s->macs;
}

static bool make_lanes(struct server *s, const struct server_seed *seed, uint32_t lanes)
{
	s->lanes = calloc(lanes, sizeof(*s->lanes));
	if (!s->lanes)
		return false;
	for (s->lane_count = 0; s->lane_count < lanes; s->lane_count++) {
		struct lane *l = lane_new(s, seed, s->lane_count, lanes);
		if (!l)
			return false;
		s->lanes[s->lane_count] = l;
	}
	s->cluster_lane = lane_new(s, seed, lanes, lanes);
	return s->cluster_lane != NULL;
}

struct server *server_new(const struct policy *policy, const struct server_seed *seed,
	uint32_t lanes, const struct now *now)
{
	struct server *s = calloc(1, sizeof(*s));

	assert(lanes != 0 && lanes <= SERVER_LANES_MAX);
	assert_policy(policy);
	if (!s)
		return NULL;
	atomic_init(&s->policy, policy);
	s->start_us = now->mono_us;
	if (!make_parts(s, policy, seed, now) || !make_lanes(s, seed, lanes)) {
		server_free(s);
		return NULL;
	}
	return s;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->lane_count; i++)
		lane_free(s->lanes[i]);
	free(s->lanes);
	lane_free(s->cluster_lane);
	recent_free(s->macs);
	recent_free(s->told);
	recent_free(s->carried_out);
	limit_free(s->limit);
	watch_free(s->watch);
	table_free(s->table);
	free(s);
}

void server_set_policy(struct server *s, const struct policy *policy)
{
	assert_policy(policy);
	table_set_limits(s->table, &policy->limits);
	atomic_store_explicit(&s->policy, policy, memory_order_seq_cst);
}

int server_join(struct server *s, struct seal *seal, const struct view *view, uint64_t random)
{
	for (uint32_t i = 0; i < s->lane_count; i++) {
		struct lane *l = s->lanes[i];
		l->coordinator = coordinator_new(l, random + 2 * i);
		l->interest = interest_new(l, random + 2 * i + 1);
		if (!l->coordinator || !l->interest)
			return DHT_ENOMEM;
	}
	s->seal = seal;
	server_set_view(s, view);
	return 0;
}

void server_set_view(struct server *s, const struct view *view)
{
	atomic_store_explicit(&s->view, view, memory_order_seq_cst);
}

struct parts *server_parts(struct server *s)
{
	return &s->parts;
}

struct lane *server_cluster_lane(struct server *s)
{
	return s->cluster_lane;
}

void server_shut_down(struct server *s)
{
	atomic_store_explicit(&s->shutting_down, true, memory_order_relaxed);
}

struct lane *server_lane(struct server *s, uint32_t i)
{
	assert(i < s->lane_count);
	return s->lanes[i];
}

struct stats *lane_stats(struct lane *l)
{
	return &l->stats;
}

/* The table rounds lifetimes up to 100 ms: up to there a second that has begun is not counted, so
 * that nobody is told a longer life than was granted. */
uint32_t ttl_left_s(uint64_t expiry_ms, uint64_t now_ms)
{
	if (expiry_ms <= now_ms)
		return 0;
	uint64_t left_s = (expiry_ms - now_ms + 900) / 1000;
	if (left_s == 0)
		return 1;
	return left_s < UINT32_MAX ? (uint32_t)left_s : UINT32_MAX;
}

static void sweep(struct lane *l, uint64_t now_ms)
{
	struct server *s = l->server;

	/* A sweep looks at every partition of the share. */
	if (table_deadline(s->table, l->index, s->lane_count) > now_ms)
		return;
	size_t n = table_sweep(s->table, l->index, s->lane_count, l->expired, LANE_EXPIRED, now_ms);

	stats_add(&l->stats, STATS_RECORDS_EXPIRED, n);
	for (size_t i = 0; i < n; i++) {
		const struct table_expired *e = &l->expired[i];
		if (!watch_any(s->watch, e->partition))
			continue;
		struct table_key key = table_key_of(
			(struct span){.p = e->hash, .len = e->hash_len});
		lane_tell(l, &key, EVENT_EXPIRED, &e->record, WATCH_OWN_TABLE, now_ms);
	}
}

static void send_event(struct outbox *out, const struct watch_due *due, uint64_t now_ms)
{
	struct provider p = {
		.ip = due->ip,
		.port = due->port,
		.ttl_s = due->event == EVENT_APPEARED ? ttl_left_s(due->expiry_ms, now_ms) : 0,
	};
	struct writer w = build_start(outbox_room(out), out->datagram_max, MSG_EVENT, due->txid);

	write_u32(&w, due->seq);
	write_u8(&w, due->event);
	write_hash_item(&w, hash_span(&due->hash));
	write_provider(&w, &p);
	outbox_push(out, &due->flow, (size_t)build_finish(&w));
}

/* Somebody put the hash when the want fired, and may have withdrawn it since: then it goes on. */
static void send_have(struct lane *l, struct outbox *out, const struct policy *policy,
	const struct watch_due *due, const struct now *now)
{
	struct table_key key = table_key_of(hash_span(&due->hash));
	size_t room = due->room < policy->max_datagram ? due->room : policy->max_datagram;

	/* At the limit of watchers its place may be taken meanwhile: a want is not a promise. */
	(void)want_answer(l, out, &key, &due->flow, room, due->until_ms, now);
}

/* Datagrams that a tick may still make, which has begun with item first. */
static size_t tick_room(const struct outbox *out, size_t first)
{
	return LANE_OUT_MAX - (out->count - first);
}

/* HAVEs and EVENTs that are due, to clients and other servers; up to max. */
static void tell_watchers(struct lane *l, const struct policy *policy, const struct now *now,
	struct mail *mail, struct outbox *out, size_t max)
{
	uint64_t now_ms = now_mono_ms(now);
	size_t n = max ? watch_poll(l->server->watch, l->due, max, now_ms) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct watch_due *due = &l->due[i];
		if (due->kind == WATCH_HAVE)
			send_have(l, out, policy, due, now);
		else if (due->flow.socket < FLOW_PEER)
			send_event(out, due, now_ms);
		else if (l->coordinator)
			interest_notify(l, due, now_ms, mail);
	}
}

/* What this lane asks other servers for its clients, and what it tells these then. */
static void ask_others(struct lane *l, const struct now *now, struct mail *mail, struct outbox *out)
{
	if (coordinator_deadline(l->coordinator) <= now->mono_us)
		coordinator_tick(l->coordinator, now, mail, out);
	if (interest_deadline(l->interest) <= now->mono_us)
		interest_tick(l->interest, now, mail);
}

/* Each is the first in turn, so that neither keeps the other from coming to its end. */
static void tick_in_cluster(
	struct lane *l, const struct policy *policy, const struct now *now, struct outbox *out)
{
	size_t first = out->count;
	struct mail mail = lane_mail(l, now, out, LANE_OUT_MAX);

	l->others_first = !l->others_first;
	if (l->others_first)
		ask_others(l, now, &mail, out);
	tell_watchers(l, policy, now, &mail, out, tick_room(out, first));
	mail.left = tick_room(out, first);
	if (!l->others_first)
		ask_others(l, now, &mail, out);
	mail_flush(&mail);
}

void lane_tick(struct lane *l, const struct now *now, struct outbox *out)
{
	const struct policy *policy = atomic_load_explicit(
		&l->server->policy, memory_order_seq_cst);
	size_t first = out->count;

	assert(out->capacity - out->count >= LANE_OUT_MAX);
	assert(out->datagram_max >= policy->max_datagram);
	sweep(l, now_mono_ms(now));
	if (l->coordinator)
		tick_in_cluster(l, policy, now, out);
	else
		tell_watchers(l, policy, now, NULL, out, LANE_OUT_MAX);
	lane_count_answers(l, out, first);
}

bool lane_is_waited_for(const struct lane *l)
{
	return l->coordinator && coordinator_is_waited_for(l->coordinator);
}

void lane_finish(struct lane *l, const struct now *now)
{
	if (l->coordinator)
		coordinator_finish(l->coordinator, now);
}

uint64_t lane_deadline(const struct lane *l)
{
	const struct server *s = l->server;
	uint64_t table_ms = table_deadline(s->table, l->index, s->lane_count);
	uint64_t watch_ms = watch_deadline(s->watch);
	uint64_t ms = table_ms < watch_ms ? table_ms : watch_ms;
	uint64_t us = ms > UINT64_MAX / 1000 ? UINT64_MAX : ms * 1000;

	if (!l->coordinator)
		return us;
	uint64_t ops = coordinator_deadline(l->coordinator);
	uint64_t interest = interest_deadline(l->interest);
	us = ops < us ? ops : us;
	return interest < us ? interest : us;
}

void server_stats(const struct server *s, uint64_t n[static STATS_COUNT])
{
	for (unsigned id = 0; id < STATS_COUNT; id++) {
		n[id] = stats_get(&s->cluster_lane->stats, (enum stats_id)id);
		for (uint32_t lane = 0; lane < s->lane_count; lane++)
			n[id] += stats_get(&s->lanes[lane]->stats, (enum stats_id)id);
	}
}

struct table_usage server_table_usage(const struct server *s)
{
	return table_usage(s->table);
}

struct watch_usage server_watch_usage(const struct server *s)
{
	return watch_usage(s->watch);
}

struct table *server_table(struct server *s)
{
	return s->table;
}
