/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

static void start(struct rig *r, uint32_t lanes)
{
	static const struct server_seed seed = {
		.secret = {1, 2, 3}, .cookies = {4, 5, 6}, .random = 7};

	r->server = server_new(&r->policy, &seed, lanes, &r->now);
	assert_non_null(r->server);
	r->lane = server_lane(r->server, 0);
}

struct rig *rig_new(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	assert_int_equal(prefix_parse("0.0.0.0/0", &r->allow[0]), 0);
	assert_int_equal(prefix_parse("::/0", &r->allow[1]), 0);
	assert_int_equal(prefix_parse("10.0.0.0/8", &r->trusted[0]), 0);
	r->policy = (struct policy){
		.ttl_s = 1800,
		.max_ttl_s = 86400,
		.want_ttl_s = 600,
		.allow = r->allow,
		.allow_count = 2,
		.trusted = r->trusted,
		.trusted_count = 1,
		.third_party_put = true,
		.base_put = true,
		.max_datagram = RIG_DATAGRAM,
		.name = "rig",
		.self = {.ip = rig_ip("192.0.2.99"), .port = 8470},
		.limits = {.max_providers_per_hash = 65535},
	};
	r->now = (struct now){.mono_us = 5000000, .wall_ms = UINT64_C(1750000000000)};
	r->out = (struct outbox){
		.items = r->items,
		.bytes = r->bytes,
		.capacity = LANE_OUT_MAX,
		.datagram_max = MSG_DATAGRAM_MAX,
	};
	start(r, 1);
	return r;
}

void rig_restart(struct rig *r, uint32_t lanes)
{
	server_free(r->server);
	start(r, lanes);
}

void rig_free(struct rig *r)
{
	table_check(server_table(r->server));
	server_free(r->server);
	free(r);
}

int rig_setup(void **state)
{
	*state = rig_new();
	return 0;
}

int rig_teardown(void **state)
{
	rig_free(*state);
	return 0;
}

size_t rig_unhex(const char *text, uint8_t *bytes, size_t size)
{
	char *packed = malloc(strlen(text) + 1);
	size_t n = 0;

	assert_non_null(packed);
	for (; *text; text++)
		if (!isspace((unsigned char)*text))
			packed[n++] = *text;
	int len = hex_decode(packed, n, bytes, size);
	free(packed);
	assert_true(len >= 0);
	return (size_t)len;
}

struct ip rig_ip(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

struct flow rig_flow(const char *text)
{
	struct flow flow = {.socket = 3};

	assert_int_equal(addr_parse(text, 0, &flow.remote), 0);
	return flow;
}

uint64_t rig_stat(const struct rig *r, enum stats_id id)
{
	uint64_t n[STATS_COUNT];

	server_stats(r->server, n);
	return n[id];
}

uint64_t rig_counted(const struct rig *r)
{
	uint64_t n[STATS_COUNT], sum = 0;

	server_stats(r->server, n);
	for (unsigned id = 0; id < STATS_COUNT; id++) {
		enum stats_group group = stats_info((enum stats_id)id)->group;
		if (group == STATS_GROUP_REQUESTS || group == STATS_GROUP_DROPS ||
			id == STATS_PROBES)
			sum += n[id];
	}
	return sum;
}

struct msg rig_answer(const struct rig *r, size_t i)
{
	struct msg m;
	bool has_txid;

	assert_true(i < r->out.count);
	assert_int_equal(msg_decode(outbox_bytes(&r->out, i), r->out.items[i].len, PLANE_CLIENT, &m,
				 &has_txid),
		MSG_GOOD);
	assert_false(msg_type_of(m.type)->to_server);
	return m;
}

static bool is_trusted(const struct rig *r, const struct ip *ip)
{
	for (size_t i = 0; i < r->policy.trusted_count; i++)
		if (prefix_contains(&r->policy.trusted[i], ip))
			return true;
	return false;
}

/* A datagram that has a cookie in it, good or not, may prove its source: its answers are checked
 * by the tests that made it. */
static void check_bound(const struct rig *r, const struct flow *flow, size_t len, bool cookie)
{
	size_t bytes = 0, allowed = len;

	for (size_t i = 0; i < r->out.count; i++) {
		bytes += r->out.items[i].len;
		assert_true(r->out.items[i].len <= r->policy.max_datagram);
		if (rig_answer(r, i).type == MSG_HAVE)
			allowed = 3 * len < 19 ? 19 : 3 * len;
	}
	if (!cookie && !is_trusted(r, &flow->remote.ip))
		assert_true(bytes <= allowed);
}

static bool has_cookie(const uint8_t *bytes, size_t len)
{
	static const uint8_t head[] = {1, MSG_COOKIE_LEN};

	for (size_t at = MSG_HEADER_LEN + MSG_TXID_LEN; at + sizeof(head) <= len; at++)
		if (memcmp(bytes + at, head, sizeof(head)) == 0)
			return true;
	return false;
}

size_t rig_input(struct rig *r, const struct flow *flow, const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1); /* so that a sanitizer sees a read behind it */
	uint64_t counted = rig_counted(r);

	assert_non_null(exact);
	if (len)
		memcpy(exact, bytes, len);
	r->out.count = 0;
	r->password = (struct span){0};
	r->verdict = lane_input(r->lane, &r->now, flow, exact, len, &r->out, &r->password);
	free(exact);
	assert_int_equal(rig_counted(r), counted + (r->verdict != LANE_EXIT));
	assert_true(r->out.count <= LANE_OUT_MAX);
	for (size_t i = 0; i < r->out.count; i++)
		assert_memory_equal(&r->out.items[i].flow, flow, sizeof(*flow));
	check_bound(r, flow, len, has_cookie(bytes, len));
	return r->out.count;
}

size_t rig_send(struct rig *r, const char *from, const char *hex)
{
	static uint8_t bytes[MSG_DATAGRAM_MAX];
	struct flow flow = rig_flow(from);

	return rig_input(r, &flow, bytes, rig_unhex(hex, bytes, sizeof(bytes)));
}

void rig_check_item(const struct rig *r, size_t i, const char *to, const char *hex)
{
	uint8_t want[2048];
	size_t len = rig_unhex(hex, want, sizeof(want));
	struct flow flow = rig_flow(to);

	assert_true(i < r->out.count);
	assert_int_equal(r->out.items[i].len, len);
	assert_memory_equal(outbox_bytes(&r->out, i), want, len);
	assert_true(addr_equal(&r->out.items[i].flow.remote, &flow.remote));
	assert_int_equal(r->out.items[i].flow.socket, flow.socket);
}

void rig_expect(struct rig *r, const char *from, const char *hex, const char *answer)
{
	assert_int_equal(rig_send(r, from, hex), answer ? 1 : 0);
	if (answer)
		rig_check_item(r, 0, from, answer);
}

size_t rig_tick(struct rig *r, uint64_t after_ms)
{
	r->now.mono_us += after_ms * 1000;
	r->now.wall_ms += after_ms;
	r->out.count = 0;
	lane_tick(r->lane, &r->now, &r->out);
	for (size_t i = 0; i < r->out.count; i++)
		rig_answer(r, i);
	return r->out.count;
}

void rig_put_many(struct rig *r, const char *hash, unsigned first, unsigned n)
{
	char hex[256];

	for (unsigned i = first; i < first + n; i++) {
		snprintf(hex, sizeof(hex), "01 %04zx 00000000000000000000ffff0a01%04x %s",
			16 + strlen(hash) / 2, i & 0xffff, hash);
		rig_expect(r, TRUSTED, hex, NULL);
	}
}
