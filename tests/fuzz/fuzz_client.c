/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a requester, fed with a sequence of steps while requests are under way.
 *
 *     FLAGS u8: 1 base messages only, 2 with a key, 4 two servers, 8 a window of 2,
 *               16 others are learned
 *     step = OP u8:  0x00-0x7f  a datagram of LEN u8 bytes that answers what was sent OP % 16
 *                               datagrams ago: it has that one's transaction id and comes from its
 *                               server (0x10: from another address; 0x20: its own bytes as id)
 *                    0x80-0x9f  time: a power of two of milliseconds
 *                    0xa0-0xbf  what was sent OP % 16 datagrams ago could not be delivered
 *                    0xc0-0xdf  a new request, of kind OP % 9, for one of four hashes
 *                    0xe0-0xef  the request started OP % 16 requests ago is cancelled
 *                    0xf0-0xff  everything that is to be told is taken
 *
 * Whatever comes in: what goes out can be read, each request ends at most once, and when nobody
 * answers any more all end but watches and wants.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/requester.h"
#include "wire/msg.h"

#include "fuzz.h"

#define REMEMBERED 16 /* of what was sent */
#define REQUESTS   64
#define DATAGRAM   600
#define LAST_ONES  4096 /* time-outs until all has ended */

struct sent {
	struct requester_datagram out;
	bool has_txid;
	uint8_t txid[MSG_TXID_LEN];
};

struct fuzz {
	struct requester_server servers[2];
	size_t server_count;
	bool base_only;
	struct requester *r;
	struct requester_time now;
	struct sent sent[REMEMBERED];
	size_t sent_count;
	struct request *requests[REQUESTS]; /* NULL: ended */
	bool endless[REQUESTS];             /* a watch or a want */
	size_t started;
};

static void start(struct fuzz *f, uint8_t flags)
{
	static const uint8_t secret[REQUESTER_SECRET_LEN] = {1}, key[REQUESTER_KEY_LEN] = {2};
	const uint8_t ips[2][4] = {{192, 0, 2, 1}, {192, 0, 2, 2}};

	*f = (struct fuzz){
		.server_count = flags & 4 ? 2 : 1,
		.base_only = flags & 1,
		.now = {.mono_us = 1000},
	};
	for (size_t i = 0; i < 2; i++) {
		f->servers[i].addr = (struct addr){.ip = ip_from_v4(ips[i]), .port = 8470};
		f->servers[i].local = ip_from_v4(ips[1]);
	}
	const struct requester_config config = {
		.servers = f->servers,
		.server_count = f->server_count,
		.timeout_ms = 100,
		.tries = 4,
		.window = flags & 8 ? 2 : 16,
		.base_only = f->base_only,
		.max_datagram = DATAGRAM,
		.key_name = flags & 2 ? "key" : NULL,
		.key = key,
	};
	f->r = requester_new(&config, secret);
	assert(f->r);
	requester_set_learning(f->r, flags & 16);
}

static void send_all(struct fuzz *f)
{
	uint8_t bytes[DATAGRAM];
	struct requester_datagram out;
	struct msg m;
	bool has_txid;

	while (requester_output(f->r, &f->now, bytes, &out)) {
		struct sent *s = &f->sent[f->sent_count++ % REMEMBERED];
		assert(out.len <= DATAGRAM && out.server < requester_server_count(f->r));
		assert(out.path.slot < REQUESTER_SLOTS);
		enum msg_reason reason = msg_decode(bytes, out.len, PLANE_CLIENT, &m, &has_txid);
		assert(reason == MSG_GOOD && msg_type_of(m.type)->to_server);
		(void)reason;
		*s = (struct sent){.out = out, .has_txid = has_txid};
		if (has_txid)
			memcpy(s->txid, m.txid, sizeof(s->txid));
	}
	assert(!requester_has_output(f->r));
}

static void take_all(struct fuzz *f)
{
	struct outcome o;

	while (requester_take(f->r, &o)) {
		size_t i = (size_t)(uintptr_t)o.user;
		assert(i < f->started && f->requests[i]);
		assert(o.hash->len <= DHT_HASH_MAX);
		if (o.kind == OUTCOME_END)
			f->requests[i] = NULL;
		free(o.answer.providers);
	}
	assert(!requester_has_news(f->r));
}

static void start_request(struct fuzz *f, uint8_t op)
{
	static const enum request_kind kinds[] = {REQUEST_GET, REQUEST_PUT, REQUEST_DROP,
		REQUEST_PING, REQUEST_SERVERS, REQUEST_WATCH, REQUEST_WANT, REQUEST_EXIT,
		REQUEST_GET};
	const struct dht_hash h = {.len = 3, .bytes = {'h', 'a', (uint8_t)(op % 4)}};
	const struct request_spec spec = {
		.kind = kinds[op % 9],
		.hash = &h,
		.server = -1,
		.user = (void *)(uintptr_t)f->started,
	};

	if (f->started == REQUESTS)
		return;
	f->endless[f->started] = spec.kind == REQUEST_WATCH || spec.kind == REQUEST_WANT;
	f->requests[f->started] = requester_start(f->r, &spec);
	f->started += f->requests[f->started] != NULL;
}

static void cancel(struct fuzz *f, size_t ago)
{
	if (ago >= f->started || !f->requests[f->started - 1 - ago])
		return;
	requester_cancel(f->r, f->requests[f->started - 1 - ago]);
	f->requests[f->started - 1 - ago] = NULL;
}

static const struct sent *sent_ago(const struct fuzz *f, size_t ago)
{
	return ago < f->sent_count ? &f->sent[(f->sent_count - 1 - ago) % REMEMBERED] : NULL;
}

static void answer(struct fuzz *f, uint8_t op, const uint8_t *data, size_t len)
{
	const struct sent *s = sent_ago(f, op % REMEMBERED);
	uint8_t bytes[UINT8_MAX];

	if (!s)
		return;
	struct addr from = *requester_server(f->r, s->out.server);
	if (op & 0x10)
		from.ip.b[14] ^= 1;
	if (len)
		memcpy(bytes, data, len);
	if (s->has_txid && !(op & 0x20) && len >= 3 + sizeof(s->txid))
		memcpy(bytes + 3, s->txid, sizeof(s->txid));
	requester_input(f->r, &f->now, s->out.path, &from, bytes, len);
}

static void pass_time(struct fuzz *f, uint64_t us)
{
	f->now.mono_us += us;
	f->now.wall_s = f->now.mono_us / 1000000;
	requester_tick(f->r, &f->now);
}

static size_t step(struct fuzz *f, const uint8_t *data, size_t size)
{
	uint8_t op = data[0];
	size_t used = 1;

	if (op < 0x80) {
		size_t len = size > 1 ? data[1] : 0;
		used += size > 1;
		if (len > size - used)
			len = size - used;
		answer(f, op, data + used, len);
		used += len;
	} else if (op < 0xa0) {
		pass_time(f, UINT64_C(1000) << op % 18);
	} else if (op < 0xc0) {
		const struct sent *s = sent_ago(f, op % REMEMBERED);
		if (s)
			requester_unreachable(f->r, &f->now, s->out.path, s->out.server);
	} else if (op < 0xe0) {
		start_request(f, op);
	} else if (op < 0xf0) {
		cancel(f, op % 16);
	} else {
		take_all(f);
	}
	send_all(f);
	return used;
}

/* Silence from now on. What would go on for ever is cancelled; all else has to end by itself. */
static void finish(struct fuzz *f)
{
	unsigned n = 0;

	take_all(f);
	for (size_t i = 0; i < f->started; i++)
		if (f->endless[i])
			cancel(f, f->started - 1 - i);
	send_all(f);
	for (; requester_deadline(f->r) != UINT64_MAX; n++) {
		uint64_t at_us = requester_deadline(f->r);
		assert(n < LAST_ONES);
		pass_time(f, at_us > f->now.mono_us ? at_us - f->now.mono_us : 0);
		send_all(f);
	}
	take_all(f);
	for (size_t i = 0; i < f->started; i++)
		assert(!f->requests[i]);
	requester_free(f->r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f;

	if (size == 0)
		return 0;
	start(&f, data[0]);
	for (size_t at = 1; at < size;)
		at += step(&f, data + at, size - at);
	finish(&f);
	return 0;
}
