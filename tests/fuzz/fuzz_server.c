/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a whole server, fed with a sequence of steps.
 *
 *     step = OP u8:  0x00-0x7f  a datagram of LEN u8 bytes from source OP % 8
 *                    0x80-0xbf  time: a power of two of milliseconds, and a tick
 *                    0xc0-0xdf  the last cookie that came out is put in front of the next options
 *                               (the datagram is sent with its last 16 bytes replaced by it)
 *                    0xe0-0xff  a tick
 *
 * Whatever comes in: no more comes out than may, all of it answers, to where it came from, and
 * each datagram is counted once. A server is large, so the next inputs meet the same one, each
 * after so much time that it has to have forgotten everything.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/server.h"

#include "fuzz.h"

#define SOURCES  8
#define TRUSTED  2 /* sources 0 and 1 are */
#define DATAGRAM 600

#define LONG_MS     1000000 /* all lifetimes are shorter */
#define CHECK_EVERY 64      /* inputs: the tables' own checks take long */
#define SERVER_LIFE 4096    /* inputs */

struct fuzz {
	struct prefix allow[2], trusted[1];
	struct auth_key key;
	struct policy policy;
	struct server *server;
	struct lane *lane;
	struct now now;
	struct outgoing items[LANE_OUT_MAX];
	uint8_t bytes[LANE_OUT_MAX * DATAGRAM];
	struct outbox out;
	uint8_t cookie[MSG_COOKIE_LEN];
	bool use_cookie;
	uint64_t datagrams;
};

static void set_prefix(struct prefix *p, const char *text)
{
	int err = prefix_parse(text, p);

	assert(err == 0);
	(void)err;
}

/* The first byte of the input. */
static void set_policy(struct fuzz *f, uint8_t flags)
{
	f->policy.third_party_put = !(flags & 1);
	f->policy.base_put = !(flags & 2);
	f->policy.require_auth = flags & 4;
	f->policy.rate = flags & 8 ? 5 : 0;
	f->policy.limits.max_records = flags & 16 ? 3 : 0;
	server_set_policy(f->server, &f->policy);
}

static struct fuzz *start(void)
{
	static const struct server_seed seed = {.secret = {1}, .cookies = {2}, .random = 3};
	struct fuzz *f = calloc(1, sizeof(*f));

	assert(f);
	set_prefix(&f->allow[0], "0.0.0.0/0");
	set_prefix(&f->allow[1], "2001:db8::/32");
	set_prefix(&f->trusted[0], "10.0.0.0/8");
	f->key = (struct auth_key){.name_len = 1, .name = "k"};
	f->policy = (struct policy){
		.ttl_s = 60,
		.max_ttl_s = 120,
		.want_ttl_s = 30,
		.allow = f->allow,
		.allow_count = 2,
		.trusted = f->trusted,
		.trusted_count = 1,
		.keys = &f->key,
		.key_count = 1,
		.max_datagram = DATAGRAM,
		.name = "fuzz",
		.limits = {.max_providers_per_hash = 100},
	};
	f->now = (struct now){.mono_us = 1000000, .wall_ms = UINT64_C(1750000000000)};
	f->out = (struct outbox){
		.items = f->items,
		.bytes = f->bytes,
		.capacity = LANE_OUT_MAX,
		.datagram_max = DATAGRAM,
	};
	f->server = server_new(&f->policy, &seed, 1, &f->now);
	assert(f->server);
	f->lane = server_lane(f->server, 0);
	return f;
}

/* Two trusted, two strangers with IPv4, two with IPv6, one not allowed, one that is no host. */
static struct flow source(unsigned n)
{
	static const char *const texts[SOURCES] = {"10.0.0.1:1", "10.0.0.2:2", "192.0.2.1:3",
		"192.0.2.2:4", "[2001:db8::1]:5", "[2001:db8::2]:6", "[2001:db9::1]:7",
		"224.0.0.1:8"};
	struct flow flow = {.socket = n};
	int err = addr_parse(texts[n], 0, &flow.remote);

	assert(err == 0);
	(void)err;
	return flow;
}

static void check_out(struct fuzz *f, const struct flow *flow, size_t len, bool proven)
{
	size_t bytes = 0, allowed = len;

	assert(f->out.count <= LANE_OUT_MAX);
	for (size_t i = 0; i < f->out.count; i++) {
		const uint8_t *item = outbox_bytes(&f->out, i);
		bool has_txid;
		struct msg m;
		enum msg_reason reason = msg_decode(
			item, f->items[i].len, PLANE_CLIENT, &m, &has_txid);
		assert(reason == MSG_GOOD && !msg_type_of(m.type)->to_server);
		if (m.type == MSG_CHALLENGE)
			memcpy(f->cookie, m.challenge.cookie, sizeof(f->cookie));
		if (m.type == MSG_HAVE)
			allowed = 3 * len < 19 ? 19 : 3 * len;
		if (flow)
			assert(memcmp(&f->items[i].flow, flow, sizeof(*flow)) == 0);
		bytes += f->items[i].len;
	}
	if (flow && !proven)
		assert(bytes <= allowed);
}

static uint64_t counted(const struct fuzz *f)
{
	uint64_t n[STATS_COUNT], sum = 0;

	server_stats(f->server, n);
	for (unsigned id = 0; id < STATS_COUNT; id++) {
		enum stats_group group = stats_info((enum stats_id)id)->group;
		if (group == STATS_GROUP_REQUESTS || group == STATS_GROUP_DROPS)
			sum += n[id];
	}
	return sum;
}

static void input(struct fuzz *f, unsigned from, const uint8_t *data, size_t len)
{
	struct flow flow = source(from);
	struct span password = {0};
	uint8_t *bytes = malloc(len ? len : 1);
	bool cookie = f->use_cookie && len >= MSG_COOKIE_LEN;

	assert(bytes);
	memcpy(bytes, data, len);
	if (cookie)
		memcpy(bytes + len - MSG_COOKIE_LEN, f->cookie, MSG_COOKIE_LEN);
	f->use_cookie = false;
	f->out.count = 0;
	enum lane_verdict verdict = lane_input(
		f->lane, &f->now, &flow, bytes, len, &f->out, &password);
	if (verdict == LANE_EXIT)
		assert(password.p >= bytes && password.p + password.len == bytes + len);
	free(bytes);
	f->datagrams += verdict != LANE_EXIT;
	check_out(f, &flow, len, from < TRUSTED || cookie);
}

static void tick(struct fuzz *f, uint64_t after_ms)
{
	f->now.mono_us += after_ms * 1000;
	f->now.wall_ms += after_ms;
	f->out.count = 0;
	lane_tick(f->lane, &f->now, &f->out);
	check_out(f, NULL, 0, true);
}

/* One step; gives how many bytes it took. */
static size_t step(struct fuzz *f, const uint8_t *data, size_t size)
{
	uint8_t op = data[0];

	if (op >= 0xe0) {
		tick(f, 0);
	} else if (op >= 0xc0) {
		f->use_cookie = true;
	} else if (op >= 0x80) {
		tick(f, UINT64_C(1) << op % 16);
	} else if (size >= 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;
		input(f, op % SOURCES, data + 2, len);
		return 2 + len;
	}
	return 1;
}

/* Nothing is kept for longer than it was asked for. */
static void forget(struct fuzz *f)
{
	tick(f, LONG_MS);
	for (int i = 0; i < 1000 && lane_deadline(f->lane) <= f->now.mono_us; i++)
		tick(f, 0);
	struct table_usage table = server_table_usage(f->server);
	struct watch_usage watch = server_watch_usage(f->server);
	assert(table.records == 0 && table.tombstones == 0 && table.hashes == 0);
	assert(watch.watchers == 0 && watch.pending == 0);
	f->use_cookie = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz *f;
	static unsigned inputs;

	if (size == 0)
		return 0;
	if (!f)
		f = start();
	set_policy(f, data[0]);
	for (size_t at = 1; at < size;)
		at += step(f, data + at, size - at);
	assert(counted(f) == f->datagrams);
	if (inputs++ % CHECK_EVERY == 0)
		table_check(server_table(f->server));
	forget(f);
	if (inputs % SERVER_LIFE == 0) {
		server_free(f->server);
		free(f);
		f = NULL;
	}
	return 0;
}
