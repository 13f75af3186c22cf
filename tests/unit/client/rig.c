/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "wire/build.h"
#include "wire/list.h"

static const struct ip provider_ip = {.b = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1}};

void rig_init(struct rig *rig, size_t servers)
{
	*rig = (struct rig){
		.now = {.mono_us = RIG_START_US, .wall_s = RIG_WALL_S},
		.config =
			{
				.server_count = servers,
				.timeout_ms = RIG_TIMEOUT_MS,
				.tries = 6,
				.window = 64,
				.max_datagram = RIG_DATAGRAM,
			},
	};
	for (size_t i = 0; i < servers; i++) {
		const uint8_t ip[4] = {192, 0, 2, (uint8_t)(1 + i)}, local[4] = {198, 51, 100, 7};
		rig->servers[i].addr = (struct addr){.ip = ip_from_v4(ip), .port = 8470};
		rig->servers[i].local = ip_from_v4(local);
	}
	rig->sent = calloc(RIG_SENT_MAX, sizeof(*rig->sent));
	assert_non_null(rig->sent);
}

void rig_start(struct rig *rig)
{
	static const uint8_t secret[REQUESTER_SECRET_LEN] = "sixteen letters";

	rig->config.servers = rig->servers;
	rig->r = requester_new(&rig->config, secret);
	assert_non_null(rig->r);
}

void rig_stop(struct rig *rig)
{
	requester_free(rig->r);
	free(rig->sent);
}

static void decode(struct rig_sent *s)
{
	bool has_txid;

	assert_int_equal(
		msg_decode(s->bytes, s->out.len, PLANE_CLIENT, &s->m, &has_txid), MSG_GOOD);
	assert_true(msg_type_of(s->m.type)->to_server);
}

void rig_keep(const struct rig *rig, size_t i, struct rig_sent *copy)
{
	assert_true(i < rig->count);
	*copy = rig->sent[i];
	decode(copy);
}

static size_t collect(struct rig *rig)
{
	uint8_t bytes[RIG_DATAGRAM];
	struct requester_datagram out;
	size_t n = 0;

	while (requester_has_output(rig->r)) {
		if (!requester_output(rig->r, &rig->now, bytes, &out))
			break;
		struct rig_sent *s = &rig->sent[rig->count++ % RIG_SENT_MAX];
		assert_true(out.len > 0 && out.len <= RIG_DATAGRAM);
		assert_true(out.server < requester_server_count(rig->r));
		s->out = out;
		memcpy(s->bytes, bytes, out.len);
		decode(s);
		n++;
	}
	assert_false(requester_output(rig->r, &rig->now, bytes, &out));
	return n;
}

size_t rig_send(struct rig *rig)
{
	rig->count = 0;
	return collect(rig);
}

size_t rig_wait(struct rig *rig, uint32_t ms)
{
	uint64_t end = rig->now.mono_us + ms * UINT64_C(1000);
	size_t n = 0;

	rig->count = 0;
	n += collect(rig);
	for (unsigned i = 0;; i++) {
		uint64_t next = requester_deadline(rig->r);
		assert_true(i < 100000); /* a deadline that does not go away */
		if (next > end)
			break;
		if (next > rig->now.mono_us)
			rig->now.mono_us = next;
		requester_tick(rig->r, &rig->now);
		n += collect(rig);
	}
	rig->now.mono_us = end;
	rig->now.wall_s = RIG_WALL_S + (end - RIG_START_US) / 1000000;
	requester_tick(rig->r, &rig->now);
	return n + collect(rig);
}

size_t rig_wait_sent(struct rig *rig)
{
	for (unsigned ms = 0; ms < 60000; ms++)
		if (rig_wait(rig, 1) != 0)
			return rig->count;
	return 0;
}

void rig_input(
	struct rig *rig, struct requester_path path, const struct addr *from, const struct msg *m)
{
	uint8_t bytes[RIG_DATAGRAM];
	int len = msg_encode(m, bytes, sizeof(bytes));

	assert_true(len > 0);
	requester_input(rig->r, &rig->now, path, from, bytes, (size_t)len);
}

void rig_answer(struct rig *rig, const struct rig_sent *to, const struct msg *m)
{
	struct msg answer = *m;
	struct addr from = *requester_server(rig->r, to->out.server);

	memcpy(answer.txid, to->m.txid, sizeof(answer.txid));
	rig_input(rig, to->out.path, &from, &answer);
}

size_t rig_hashes(const struct rig_sent *sent)
{
	switch (sent->m.type) {
	case MSG_LOOKUP: return sent->m.lookup.hashes.count;
	case MSG_ANNOUNCE: return sent->m.announce.hashes.count;
	case MSG_WITHDRAW: return sent->m.withdraw.hashes.count;
	case MSG_WATCH: return sent->m.watch.hashes.count;
	default: return 0;
	}
}

void rig_providers(struct rig *rig, const struct rig_sent *to, uint16_t port, uint32_t next)
{
	struct provider p = {.ip = provider_ip, .port = port, .ttl_s = 60};
	uint8_t bytes[RIG_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct msg m = {.type = MSG_PROVIDERS};

	for (size_t i = 0; i < rig_hashes(to) && writer_left(&w) >= 33; i++) {
		write_u8(&w, (uint8_t)i);
		write_u32(&w, 1);
		write_u32(&w, next);
		write_u16(&w, 1);
		write_provider(&w, &p);
	}
	m.providers.sections = (struct span){.p = bytes, .len = writer_used(&w)};
	rig_answer(rig, to, &m);
}

void rig_done(struct rig *rig, const struct rig_sent *to, uint8_t status)
{
	uint8_t statuses[255];
	struct msg m = {.type = MSG_DONE, .done = {.ttl_s = 60}};

	memset(statuses, status, sizeof(statuses));
	m.done.statuses = (struct span){.p = statuses, .len = rig_hashes(to)};
	rig_answer(rig, to, &m);
}

void rig_error(struct rig *rig, const struct rig_sent *to, uint16_t code)
{
	struct msg m = {.type = MSG_ERROR, .error = {.code = code}};

	rig_answer(rig, to, &m);
}

void rig_challenge(struct rig *rig, const struct rig_sent *to, uint8_t fill)
{
	struct msg m = {.type = MSG_CHALLENGE};

	memset(m.challenge.cookie, fill, sizeof(m.challenge.cookie));
	rig_answer(rig, to, &m);
}

void rig_have(struct rig *rig, const struct rig_sent *to, size_t n)
{
	struct ip ips[64];
	struct msg m = {.type = MSG_HAVE, .have.ips = {.p = ips[0].b, .len = 16 * n}};

	assert_true(n <= COUNT(ips));
	for (size_t i = 0; i < n; i++) {
		ips[i] = provider_ip;
		ips[i].b[15] = (uint8_t)(1 + i);
	}
	rig_answer(rig, to, &m);
}

void rig_event(
	struct rig *rig, const struct rig_sent *to, uint32_t seq, uint8_t kind, uint16_t port)
{
	struct span rest = to->m.watch.hashes.items, hash;
	struct msg m = {
		.type = MSG_EVENT,
		.event =
			{
				.seq = seq,
				.kind = kind,
				.provider = {.ip = provider_ip, .port = port, .ttl_s = 60},
			},
	};

	assert_true(hash_list_next(&rest, &hash));
	m.event.hash = hash;
	rig_answer(rig, to, &m);
}

void rig_server_list(
	struct rig *rig, const struct rig_sent *to, const struct addr *servers, size_t n)
{
	uint8_t bytes[RIG_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct msg m = {.type = MSG_SERVER_LIST};

	for (size_t i = 0; i < n; i++) {
		write_copy(&w, servers[i].ip.b, sizeof(servers[i].ip.b));
		write_u16(&w, servers[i].port);
	}
	m.server_list.servers = (struct span){.p = bytes, .len = writer_used(&w)};
	rig_answer(rig, to, &m);
}

void rig_unreachable(struct rig *rig, const struct rig_sent *to)
{
	requester_unreachable(rig->r, &rig->now, to->out.path, to->out.server);
}

struct dht_hash rig_hash(const char *text)
{
	struct dht_hash h = {.len = (uint8_t)strlen(text)};

	assert_true(h.len >= 1 && h.len <= DHT_HASH_MAX);
	memcpy(h.bytes, text, h.len);
	return h;
}

struct request *rig_request(struct rig *rig, enum request_kind kind, const char *text)
{
	struct dht_hash h = rig_hash(text);
	struct request_spec spec = {
		.kind = kind, .hash = &h, .server = -1, .user = (void *)(uintptr_t)text};
	struct request *q = requester_start(rig->r, &spec);

	assert_non_null(q);
	return q;
}

void rig_requests(struct rig *rig, enum request_kind kind, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct dht_hash h = {.len = 32};
		struct request_spec spec = {.kind = kind, .hash = &h, .server = -1};
		memcpy(h.bytes, &i, sizeof(i));
		assert_non_null(requester_start(rig->r, &spec));
	}
}

size_t rig_end(struct rig *rig, const char *text, int error)
{
	struct outcome o;

	assert_true(requester_take(rig->r, &o));
	assert_int_equal(o.kind, OUTCOME_END);
	assert_int_equal(o.error, error);
	if (text) {
		assert_string_equal(o.user, text);
		assert_int_equal(o.hash->len, strlen(text));
		assert_memory_equal(o.hash->bytes, text, o.hash->len);
	}
	size_t count = o.answer.provider_count;
	free(o.answer.providers);
	return count;
}

void rig_ends(struct rig *rig, size_t n, int error)
{
	for (size_t i = 0; i < n; i++)
		rig_end(rig, NULL, error);
	rig_quiet(rig);
}

void rig_told(struct rig *rig, enum dht_event_kind kind, uint16_t port)
{
	struct outcome o;

	assert_true(requester_take(rig->r, &o));
	assert_int_equal(o.kind, OUTCOME_EVENT);
	assert_int_equal(o.event, kind);
	assert_int_equal(o.provider.port, port);
	assert_memory_equal(o.provider.ip, provider_ip.b, 16);
}

void rig_quiet(struct rig *rig)
{
	struct outcome o;

	assert_false(requester_take(rig->r, &o));
	assert_false(requester_has_news(rig->r));
}
