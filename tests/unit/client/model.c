/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/keyed.h"
#include "wire/build.h"
#include "wire/list.h"
#include "wire/option.h"

#define DELAY_MAX_US 40000

static const uint8_t cookie[MSG_COOKIE_LEN] = "a good cookie";

static bool chance(struct model *m, uint32_t per_mille)
{
	return rng_below(&m->rng, 1000) < per_mille;
}

void model_init(struct model *m, uint64_t seed)
{
	*m = (struct model){
		.now = {.mono_us = 1, .wall_s = 1700000000},
		.own = MODEL_SERVERS,
	};
	rng_init(&m->rng, seed);
	m->flying = calloc(MODEL_FLYING, sizeof(*m->flying));
	assert_non_null(m->flying);
	for (size_t i = 0; i < MODEL_SERVERS; i++) {
		const uint8_t ip[4] = {192, 0, 2, (uint8_t)(1 + i)}, local[4] = {10, 0, 0, 99};
		m->servers[i].addr = (struct addr){.ip = ip_from_v4(ip), .port = 8470};
		m->servers[i].local = ip_from_v4(local);
	}
}

void model_connect(struct model *m, bool base_only)
{
	struct requester_config config = {
		.servers = m->servers,
		.server_count = m->own,
		.timeout_ms = 100,
		.tries = 12,
		.window = 16,
		.base_only = base_only,
		.max_datagram = MODEL_DATAGRAM,
	};
	uint8_t secret[REQUESTER_SECRET_LEN];

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)rng_below(&m->rng, 256);
	requester_free(m->r);
	m->r = requester_new(&config, secret);
	assert_non_null(m->r);
	requester_set_learning(m->r, m->own < MODEL_SERVERS);
}

void model_fini(struct model *m)
{
	requester_free(m->r);
	free(m->flying);
}

/* ---- Records ---- */

static bool hash_is(const struct hash *h, struct span s)
{
	return h->len == s.len && memcmp(h->b, s.p, s.len) == 0;
}

static size_t find(const struct model *m, struct span hash, const struct ip *ip, uint16_t port)
{
	size_t i = 0;

	while (i < m->record_count &&
		!(hash_is(&m->records[i].hash, hash) && m->records[i].port == port &&
			ip_equal(&m->records[i].ip, ip)))
		i++;
	return i;
}

size_t model_count(const struct model *m, struct span hash)
{
	size_t n = 0;

	for (size_t i = 0; i < m->record_count; i++)
		n += hash_is(&m->records[i].hash, hash);
	return n;
}

bool model_has(const struct model *m, struct span hash, const struct dht_provider *p)
{
	struct ip ip;

	memcpy(ip.b, p->ip, sizeof(ip.b));
	return find(m, hash, &ip, p->port) < m->record_count;
}

static uint8_t put(struct model *m, struct span hash, const struct ip *ip, uint16_t port)
{
	size_t i = find(m, hash, ip, port);

	if (i == MODEL_RECORDS)
		return STATUS_FULL;
	if (i == m->record_count)
		m->records[m->record_count++] = (struct model_record){
			.hash = hash_of(hash), .ip = *ip, .port = port};
	return STATUS_STORED;
}

static void drop(struct model *m, struct span hash, const struct ip *ip, uint16_t port)
{
	size_t i = find(m, hash, ip, port);

	if (i < m->record_count)
		m->records[i] = m->records[--m->record_count];
}

/* ---- The network ---- */

static void launch(struct model *m, const struct model_packet *packet)
{
	unsigned copies = chance(m, m->lose) ? 0 : chance(m, m->repeat) ? 2 : 1;

	while (copies-- > 0 && m->flying_count < MODEL_FLYING) {
		struct model_packet *p = &m->flying[m->flying_count++];
		*p = *packet;
		p->due_us = m->now.mono_us + 1 + rng_below(&m->rng, DELAY_MAX_US);
		if (chance(m, m->garble))
			p->bytes[rng_below(&m->rng, (uint32_t)p->len)] ^=
				(uint8_t)(1 + rng_below(&m->rng, 255));
		if (chance(m, m->misdirect))
			p->server = rng_below(&m->rng, MODEL_SERVERS);
	}
}

static void reply(struct model *m, const struct model_packet *to, struct writer *w)
{
	struct model_packet p = {.to_client = true, .server = to->server, .path = to->path};
	int len = build_finish(w);

	assert_true(len > 0);
	p.len = (size_t)len;
	memcpy(p.bytes, w->start, p.len);
	launch(m, &p);
}

/* ---- A server ---- */

/* One PROVIDERS with one section, from the cursor on. */
static void answer_one(struct model *m, const struct model_packet *to, const struct msg *q,
	uint8_t index, struct span hash)
{
	uint8_t bytes[MODEL_DATAGRAM];
	struct writer w = build_start(bytes, sizeof(bytes), MSG_PROVIDERS, q->txid);
	size_t total = model_count(m, hash), from = q->lookup.cursor, seen = 0;
	size_t n = total < from ? 0 : total - from > MODEL_PAGE ? MODEL_PAGE : total - from;

	write_u8(&w, index);
	write_u32(&w, (uint32_t)total);
	write_u32(&w, from + n < total ? (uint32_t)(from + n) : 0);
	write_u16(&w, (uint16_t)n);
	for (size_t i = 0; i < m->record_count; i++) {
		const struct model_record *r = &m->records[i];
		if (!hash_is(&r->hash, hash) || seen++ < from || seen > from + n)
			continue;
		struct provider p = {.ip = r->ip, .port = r->port, .ttl_s = 60};
		write_provider(&w, &p);
	}
	reply(m, to, &w);
}

static void on_lookup(struct model *m, const struct model_packet *to, const struct msg *q)
{
	struct span rest = q->lookup.hashes.items, hash;

	for (uint8_t i = 0; hash_list_next(&rest, &hash); i++)
		answer_one(m, to, q, i, hash);
}

static void on_change(struct model *m, const struct model_packet *to, const struct msg *q)
{
	bool announce = q->type == MSG_ANNOUNCE;
	struct span rest = announce ? q->announce.hashes.items : q->withdraw.hashes.items, hash;
	uint8_t bytes[MODEL_DATAGRAM];
	struct writer w = build_start(bytes, sizeof(bytes), MSG_DONE, q->txid);

	write_u32(&w, 60);
	write_u8(&w, announce ? q->announce.hashes.count : q->withdraw.hashes.count);
	while (hash_list_next(&rest, &hash)) {
		uint8_t status = STATUS_STORED;
		if (chance(m, m->refuse))
			status = STATUS_NOT_IN_TIME;
		else if (announce)
			status = put(m, hash, &q->announce.ip, q->announce.port);
		else
			drop(m, hash, &q->withdraw.ip, q->withdraw.port);
		write_u8(&w, status);
	}
	reply(m, to, &w);
}

static void on_have(struct model *m, const struct model_packet *to, const struct msg *q)
{
	uint8_t bytes[MODEL_DATAGRAM];
	struct writer w = build_start(bytes, sizeof(bytes), MSG_HAVE, NULL);
	size_t n = 0;

	for (size_t i = 0; i < m->record_count && n < 70; i++) {
		if (!hash_is(&m->records[i].hash, q->get.hash))
			continue;
		write_copy(&w, m->records[i].ip.b, 16);
		n++;
	}
	reply(m, to, &w);
}

static void on_ping(struct model *m, const struct model_packet *to, const struct msg *q)
{
	uint8_t bytes[MODEL_DATAGRAM];
	struct writer w = build_start(bytes, sizeof(bytes), MSG_PONG, q->txid);

	write_u8(&w, 0);
	write_u16(&w, MODEL_SERVERS);
	write_u32(&w, 0);
	reply(m, to, &w);
}

static void on_servers(struct model *m, const struct model_packet *to, const struct msg *q)
{
	uint8_t bytes[MODEL_DATAGRAM];
	struct writer w = build_start(bytes, sizeof(bytes), MSG_SERVER_LIST, q->txid);

	write_u16(&w, MODEL_SERVERS);
	for (size_t i = 0; i < MODEL_SERVERS; i++) {
		const struct addr *a = &m->servers[(to->server + i) % MODEL_SERVERS].addr;
		write_copy(&w, a->ip.b, sizeof(a->ip.b));
		write_u16(&w, a->port);
	}
	reply(m, to, &w);
}

static void on_error(struct model *m, const struct model_packet *to, const struct msg *q)
{
	uint8_t bytes[MODEL_DATAGRAM];
	struct writer w = build_start(bytes, sizeof(bytes), MSG_ERROR, q->txid);

	write_u16(&w, chance(m, 500) ? ERROR_RATE_LIMITED : ERROR_SHUTTING_DOWN);
	reply(m, to, &w);
}

static struct span options_of(const struct msg *q)
{
	switch (q->type) {
	case MSG_LOOKUP: return q->lookup.options;
	case MSG_ANNOUNCE: return q->announce.options;
	case MSG_WITHDRAW: return q->withdraw.options;
	case MSG_PING: return q->ping.options;
	case MSG_SERVERS: return q->servers.options;
	default: return (struct span){0};
	}
}

/* Whether it has been asked for a cookie. */
static bool challenged(struct model *m, const struct model_packet *to, const struct msg *q)
{
	uint8_t bytes[MODEL_DATAGRAM];
	struct options o;

	if (options_parse(options_of(q), &o) || (o.cookie && memcmp(o.cookie, cookie, 16) == 0))
		return false;
	struct writer w = build_start(bytes, sizeof(bytes), MSG_CHALLENGE, q->txid);
	write_copy(&w, cookie, sizeof(cookie));
	reply(m, to, &w);
	return true;
}

static void serve(struct model *m, const struct model_packet *p)
{
	struct msg q;
	bool has_txid;

	if (msg_decode(p->bytes, p->len, PLANE_CLIENT, &q, &has_txid) != MSG_GOOD)
		return;
	if (has_txid && chance(m, m->refuse))
		on_error(m, p, &q);
	else if (has_txid && m->challenge && challenged(m, p, &q))
		return;
	else if (q.type == MSG_LOOKUP)
		on_lookup(m, p, &q);
	else if (q.type == MSG_ANNOUNCE || q.type == MSG_WITHDRAW)
		on_change(m, p, &q);
	else if (q.type == MSG_GET)
		on_have(m, p, &q);
	else if (q.type == MSG_PUT)
		put(m, q.put.hash, &q.put.ip, 0);
	else if (q.type == MSG_PING)
		on_ping(m, p, &q);
	else if (q.type == MSG_SERVERS)
		on_servers(m, p, &q);
}

/* ---- Time ---- */

/* The requester counts those that it learned as it learned them. */
static size_t server_of(const struct model *m, size_t index)
{
	const struct addr *a = requester_server(m->r, index);
	size_t i = 0;

	while (i < MODEL_SERVERS && !addr_equal(&m->servers[i].addr, a))
		i++;
	assert_true(i < MODEL_SERVERS);
	return i;
}

static void send_all(struct model *m)
{
	static const uint8_t key[KEYED_KEY_LEN] = "transcript";
	struct requester_datagram out;
	struct model_packet p = {0};

	while (requester_output(m->r, &m->now, p.bytes, &out)) {
		m->transcript ^= keyed_hash64(key, p.bytes, out.len);
		m->transcript = m->transcript << 1 | m->transcript >> 63;
		p.len = out.len;
		p.server = server_of(m, out.server);
		p.path = out.path;
		if (chance(m, m->unreachable))
			requester_unreachable(m->r, &m->now, out.path, out.server);
		launch(m, &p);
	}
}

/* The next packet to arrive; flying_count when there is none. */
static size_t next_packet(const struct model *m)
{
	size_t first = 0;

	if (m->flying_count == 0)
		return 0;
	for (size_t i = 1; i < m->flying_count; i++)
		if (m->flying[i].due_us < m->flying[first].due_us)
			first = i;
	return first;
}

static void deliver(struct model *m, size_t i)
{
	struct model_packet p = m->flying[i];

	m->flying[i] = m->flying[--m->flying_count];
	m->now.mono_us = p.due_us > m->now.mono_us ? p.due_us : m->now.mono_us;
	if (m->dead >> p.server & 1)
		return;
	if (p.to_client)
		requester_input(m->r, &m->now, p.path, &m->servers[p.server].addr, p.bytes, p.len);
	else
		serve(m, &p);
}

bool model_run(struct model *m, uint64_t until_us)
{
	for (;;) {
		send_all(m);
		uint64_t deadline = requester_deadline(m->r);
		size_t i = next_packet(m);
		bool packet = m->flying_count > 0 && m->flying[i].due_us <= deadline;
		if (!packet && deadline == UINT64_MAX)
			return true;
		if (packet) {
			deliver(m, i);
		} else {
			if (deadline > until_us)
				return false;
			m->now.mono_us = deadline > m->now.mono_us ? deadline : m->now.mono_us;
			requester_tick(m->r, &m->now);
		}
	}
}
