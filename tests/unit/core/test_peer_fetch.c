/* SPDX-License-Identifier: BSD-2-Clause */
/* What an owner answers to FETCH. */
#include <stdio.h>
#include <string.h>

#include "net_rig.h"
#include "peer_ask.h"
#include "rig.h"

#define OWNER   0
#define VERSION ((uint64_t)1 << 20)

static const uint8_t one_hash[] = {4, 0xde, 0xad, 0xbe, 0xef};

static int setup(void **state)
{
	*state = net_new(4, 3, 2);
	return 0;
}

static int teardown(void **state)
{
	net_free(*state);
	return 0;
}

static struct peer_fetched fetch(
	struct net *net, unsigned node, enum peer_fetch_mode mode, uint16_t max, uint32_t cursor)
{
	struct peer_msg m = {
		.type = PEER_FETCH,
		.fetch =
			{
				.id = 5,
				.mode = mode,
				.max = max,
				.cursor = cursor,
				.hashes = {.count = 1, .items = {.p = one_hash, .len = 5}},
			},
	};

	assert_int_equal(peer_ask(net, node, &m), 1);
	assert_int_equal(peer_answer(0)->type, PEER_FETCHED);
	assert_int_equal(peer_answer(0)->fetched.id, 5);
	assert_int_equal(peer_answer(0)->fetched.index, 0);
	return peer_answer(0)->fetched;
}

static size_t records_in(const struct peer_fetched *f)
{
	struct span rest = f->records;
	struct peer_record r;
	size_t n = 0;

	while (peer_record_next(&rest, &r))
		n++;
	return n;
}

static void put_many(struct net *net, unsigned n, bool v6)
{
	struct now now = net_now(net, OWNER);
	struct table_key key = table_key_of((struct span){.p = one_hash + 1, .len = 4});

	for (unsigned i = 0; i < n; i++) {
		struct record r = {
			.ip = rig_ip(v6 ? "2001:db8::" : "192.168.0.0"),
			.port = 1,
			.version = VERSION,
			.expiry_ms = now_mono_ms(&now) + 60000,
		};
		store_be16(r.ip.b + 14, (uint16_t)i);
		assert_true(table_merge(server_table(net->nodes[OWNER].server), &key, &r, false,
				    now_mono_ms(&now)) >= 0);
	}
}

static void who_has_all_says_so(void **state)
{
	struct net *net = *state;
	static const uint8_t others[] = {1, 2, 3};

	struct peer_fetched f = fetch(net, OWNER, PEER_FETCH_PAGE, 10, 0);
	assert_int_equal(f.flags, PEER_FETCHED_COMPLETE);
	assert_int_equal(f.total, 0);
	net_parts(net, OWNER, PART_PARTIAL);
	assert_int_equal(fetch(net, OWNER, PEER_FETCH_PAGE, 10, 0).flags, 0);
	net_parts(net, OWNER, PART_COMPLETE);
	net_own(net, others, 3);
	net_publish(net);
	assert_int_equal(fetch(net, OWNER, PEER_FETCH_SAMPLE, 10, 0).flags, 0);
	assert_int_equal(net_stat(net, OWNER, STATS_CLUSTER_FETCHES_TAKEN), 3);
}

static void a_life_is_rounded_down(void **state)
{
	struct net *net = *state;
	static const uint64_t lives_ms[] = {60000, 59950, 1000, 301, 299, 101};
	struct peer_record r;

	for (size_t i = 0; i < COUNT(lives_ms); i++) {
		net_run(net, 37);
		net_put(net, OWNER, NET_HASH, 7, VERSION + 4 * i, lives_ms[i]);
		struct peer_fetched f = fetch(net, OWNER, PEER_FETCH_PAGE, 10, 0);
		struct span rest = f.records;
		if (!peer_record_next(&rest, &r)) {
			assert_true(lives_ms[i] < 300);
			continue;
		}
		assert_int_equal(version_order(r.version), VERSION + 4 * i);
		assert_true((uint64_t)r.life * PEER_LIFE_UNIT_MS <= lives_ms[i]);
		assert_true((uint64_t)r.life * PEER_LIFE_UNIT_MS + 250 > lives_ms[i]);
	}
}

static void pages(struct net *net, unsigned n, bool v6, uint16_t max)
{
	static bool seen[1000];
	uint32_t cursor = 0;
	unsigned found = 0;

	memset(seen, 0, sizeof(seen));
	put_many(net, n, v6);
	do {
		struct peer_fetched f = fetch(net, OWNER, PEER_FETCH_PAGE, max, cursor);
		struct span rest = f.records;
		struct peer_record r;
		assert_int_equal(f.total, n);
		assert_true(records_in(&f) <= max);
		while (peer_record_next(&rest, &r)) {
			unsigned i = load_be16(r.ip.b + 14);
			assert_true(i < n && !seen[i]);
			seen[i] = true;
			found++;
		}
		assert_true(f.next == 0 || f.next > cursor);
		cursor = f.next;
	} while (cursor);
	assert_int_equal(found, n);
}

static void pages_of_ipv4(void **state)
{
	pages(*state, 1000, false, 1000);
}

static void pages_of_ipv6(void **state)
{
	pages(*state, 500, true, 60);
}

static void small_pages(void **state)
{
	pages(*state, 200, false, 4);
}

static void a_sample_is_of_addresses(void **state)
{
	struct net *net = *state;
	unsigned times[300] = {0};

	put_many(net, 300, false);
	for (unsigned i = 0; i < 300; i++) {
		struct peer_fetched f = fetch(net, OWNER, PEER_FETCH_SAMPLE, 76, 0);
		struct span rest = f.records;
		struct peer_record r;
		assert_int_equal(f.total, 300);
		assert_int_equal(records_in(&f), 76);
		while (peer_record_next(&rest, &r)) {
			assert_int_equal(r.version, 0);
			times[load_be16(r.ip.b + 14)]++;
		}
	}
	/* 76 each, about. */
	for (unsigned i = 0; i < 300; i++)
		assert_in_range(times[i], 40, 120);
}

static void a_sample_that_does_not_fit(void **state)
{
	struct net *net = *state;

	put_many(net, 500, true);
	struct peer_fetched f = fetch(net, OWNER, PEER_FETCH_SAMPLE, UINT16_MAX, 0);
	assert_int_equal(records_in(&f), 68);
	f = fetch(net, OWNER, PEER_FETCH_SAMPLE, 0, 0);
	assert_int_equal(records_in(&f), 0);
	assert_int_equal(f.total, 500);
}

static void an_address_comes_once(void **state)
{
	struct net *net = *state;
	struct now now = net_now(net, OWNER);
	struct table_key key = table_key_of((struct span){.p = one_hash + 1, .len = 4});

	for (uint16_t port = 1; port < 50; port++) {
		struct record r = {
			.ip = rig_ip("192.0.2.1"),
			.port = port,
			.version = VERSION,
			.expiry_ms = now_mono_ms(&now) + 60000,
		};
		table_merge(
			server_table(net->nodes[OWNER].server), &key, &r, false, now_mono_ms(&now));
	}
	struct peer_fetched f = fetch(net, OWNER, PEER_FETCH_SAMPLE, 76, 0);
	assert_int_equal(f.total, 49);
	assert_int_equal(records_in(&f), 1);
}

/* More than all the datagrams of one call: each answer is whole, and the rest is asked again. */
static void answers_are_bounded(void **state)
{
	struct net *net = *state;
	uint8_t items[200 * 3];
	struct peer_msg m = {
		.type = PEER_FETCH,
		.fetch =
			{
				.mode = PEER_FETCH_PAGE,
				.max = 60,
				.hashes = {.count = 200,
					.items = {.p = items, .len = sizeof(items)}},
			},
	};

	for (unsigned i = 0; i < 200; i++) {
		char hash[5];
		items[3 * i] = 2;
		store_be16(items + 3 * i + 1, (uint16_t)i);
		snprintf(hash, sizeof(hash), "%04x", i);
		for (unsigned p = 0; p < 50; p++)
			net_put(net, OWNER, hash, p, VERSION, 60000);
	}
	size_t n = peer_ask(net, OWNER, &m);
	assert_int_equal(peer_datagrams(), LANE_OUT_MAX);
	assert_int_equal(n, LANE_OUT_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(peer_answer(i)->fetched.index, i);
		assert_int_equal(records_in(&peer_answer(i)->fetched), 50);
	}
	/* Small ones share datagrams. */
	m.fetch.max = 1;
	assert_int_equal(peer_ask(net, OWNER, &m), 200);
	assert_true(peer_datagrams() <= 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_all_says_so),
		TEST(a_life_is_rounded_down),
		TEST(pages_of_ipv4),
		TEST(pages_of_ipv6),
		TEST(small_pages),
		TEST(a_sample_is_of_addresses),
		TEST(a_sample_that_does_not_fit),
		TEST(an_address_comes_once),
		TEST(answers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
