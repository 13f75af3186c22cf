/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/lane.h"
#include "wire/list.h"

/* A client gives up long before, and the network does not keep a datagram for longer. */
#define REPEAT_WINDOW_MS 60000

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

static struct lane *lane_new(struct server *s, const struct server_seed *seed, uint32_t index)
{
	size_t align = _Alignof(struct lane);
	struct lane *l = aligned_alloc(align, (sizeof(*l) + align - 1) / align * align);

	if (!l)
		return NULL;
	memset(l, 0, offsetof(struct lane, distinct));
	l->server = s;
	l->index = index;
	rng_init(&l->rng, seed->random + index);
	token_init(&l->token, seed->cookies);
	l->ip_mix[0] = rng_u64(&l->rng) | 1;
	l->ip_mix[1] = rng_u64(&l->rng) | 1;
	return l;
}

static bool make_parts(struct server *s, const struct policy *policy,
	const struct server_seed *seed, const struct now *now)
{
	uint8_t secret[16];

	derive(seed, "table", secret);
	s->table = table_new(&policy->limits, secret, now_mono_ms(now));
	derive(seed, "watch", secret);
	s->watch = watch_new(secret);
	derive(seed, "limit", secret);
	s->limit = limit_new(secret);
	derive(seed, "carried out", secret);
	s->carried_out = recent_new(secret, REPEAT_WINDOW_MS);
	derive(seed, "macs", secret);
	s->macs = recent_new(secret, AUTH_SEEN_MS);
	sodium_memzero(secret, sizeof(secret));
	return s->table && s->watch && s->limit && s->carried_out && s->macs;
}

static bool make_lanes(struct server *s, const struct server_seed *seed, uint32_t lanes)
{
	s->lanes = calloc(lanes, sizeof(*s->lanes));
	if (!s->lanes)
		return false;
	for (s->lane_count = 0; s->lane_count < lanes; s->lane_count++) {
		struct lane *l = lane_new(s, seed, s->lane_count);
		if (!l)
			return false;
		s->lanes[s->lane_count] = l;
	}
	return true;
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
	for (uint32_t i = 0; i < s->lane_count; i++) {
		sodium_memzero(&s->lanes[i]->token, sizeof(s->lanes[i]->token));
		free(s->lanes[i]);
	}
	free(s->lanes);
	recent_free(s->macs);
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
		watch_post(s->watch, &key, EVENT_EXPIRED, &e->record);
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
	const struct watch_due *due, uint64_t now_ms)
{
	struct table_key key = table_key_of(hash_span(&due->hash));
	size_t room = due->room < policy->max_datagram ? due->room : policy->max_datagram;

	/* At the limit of watchers its place may be taken meanwhile: a want is not a promise. */
	(void)want_answer(l, out, &key, &due->flow, room, due->until_ms, now_ms);
}

void lane_tick(struct lane *l, const struct now *now, struct outbox *out)
{
	const struct policy *policy = atomic_load_explicit(
		&l->server->policy, memory_order_seq_cst);
	uint64_t now_ms = now_mono_ms(now);
	size_t first = out->count;

	assert(out->capacity - out->count >= LANE_OUT_MAX);
	assert(out->datagram_max >= policy->max_datagram);
	sweep(l, now_ms);
	size_t n = watch_poll(l->server->watch, l->due, LANE_OUT_MAX, now_ms);
	for (size_t i = 0; i < n; i++) {
		if (l->due[i].kind == WATCH_HAVE)
			send_have(l, out, policy, &l->due[i], now_ms);
		else
			send_event(out, &l->due[i], now_ms);
	}
	lane_count_answers(l, out, first);
}

uint64_t lane_deadline(const struct lane *l)
{
	const struct server *s = l->server;
	uint64_t table_ms = table_deadline(s->table, l->index, s->lane_count);
	uint64_t watch_ms = watch_deadline(s->watch);
	uint64_t ms = table_ms < watch_ms ? table_ms : watch_ms;

	return ms > UINT64_MAX / 1000 ? UINT64_MAX : ms * 1000;
}

void server_stats(const struct server *s, uint64_t n[static STATS_COUNT])
{
	memset(n, 0, STATS_COUNT * sizeof(n[0]));
	for (uint32_t lane = 0; lane < s->lane_count; lane++)
		for (unsigned id = 0; id < STATS_COUNT; id++)
			n[id] += stats_get(&s->lanes[lane]->stats, (enum stats_id)id);
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
