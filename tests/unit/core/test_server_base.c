/* SPDX-License-Identifier: BSD-2-Clause */
/* The base messages, as a client from 1998 would send them: every byte is written by hand. */
#include <stdio.h>
#include <string.h>

#include "wire/list.h"

#include "rig.h"

#define GET_DEADBEEF  "00 0004 deadbeef"
#define PUT_7         "01 0014 " IP_7 " deadbeef"
#define PUT_8         "01 0014 " IP_8 " deadbeef"
#define WANT_DEADBEEF "02 0004 deadbeef"
#define HAVE_7        "03 0010 " IP_7
#define HAVE_NOBODY   "03 0000"

static void nobody_has_it(void **state)
{
	rig_expect(*state, STRANGER, GET_DEADBEEF, HAVE_NOBODY);
	assert_int_equal(rig_stat(*state, STATS_REQUEST_GET), 1);
	assert_int_equal(rig_stat(*state, STATS_ANSWER_HAVE), 1);
	assert_int_equal(rig_stat(*state, STATS_MISSES), 1);
	assert_int_equal(rig_stat(*state, STATS_HITS), 0);
}

static void put_then_get(void **state)
{
	rig_expect(*state, STRANGER, PUT_7, NULL);
	rig_expect(*state, OTHER, GET_DEADBEEF, HAVE_7);
	assert_int_equal(rig_stat(*state, STATS_REQUEST_PUT), 1);
	assert_int_equal(rig_stat(*state, STATS_RECORDS_NEW), 1);
	assert_int_equal(rig_stat(*state, STATS_HITS), 1);
}

static void put_of_ipv6(void **state)
{
	rig_expect(*state, "[2001:db8::1]:9", "01 0011 20010db8000000000000000000000007 aa", NULL);
	rig_expect(*state, "[2001:db8::1]:9", "00 0001 aa",
		"03 0010 20010db8000000000000000000000007");
}

static void hashes_of_every_length(void **state)
{
	char put[256], get[256], hash[2 * 65 + 1];

	for (unsigned len = 1; len <= 64; len++) {
		memset(hash, 'a', 2 * len);
		hash[2 * len] = '\0';
		snprintf(put, sizeof(put), "01 %04x " IP_7 " %s", 16 + len, hash);
		snprintf(get, sizeof(get), "00 %04x %s", len, hash);
		rig_expect(*state, STRANGER, get, HAVE_NOBODY);
		rig_expect(*state, STRANGER, put, NULL);
		rig_expect(*state, STRANGER, get, HAVE_7);
	}
}

static void no_hash_or_too_long_a_one(void **state)
{
	uint8_t long_get[3 + 65] = {MSG_GET, 0, 65}, long_put[3 + 16 + 65] = {MSG_PUT, 0, 81};
	struct flow flow = rig_flow(STRANGER);

	rig_expect(*state, STRANGER, "00 0000", NULL);
	rig_expect(*state, STRANGER, "02 0000", NULL);
	rig_expect(*state, STRANGER, "01 0010 " IP_7, NULL);
	assert_int_equal(rig_input(*state, &flow, long_get, sizeof(long_get)), 0);
	assert_int_equal(rig_input(*state, &flow, long_put, sizeof(long_put)), 0);
	assert_int_equal(rig_stat(*state, STATS_DROP_MALFORMED), 5);
}

static void a_put_lives_for_the_default_time(void **state)
{
	struct rig *r = *state;

	rig_expect(r, STRANGER, PUT_7, NULL);
	r->now.mono_us += UINT64_C(1799999) * 1000;
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_7);
	r->now.mono_us += 1000 * 1000;
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_NOBODY);
}

static void a_put_again_starts_anew(void **state)
{
	struct rig *r = *state;

	rig_expect(r, STRANGER, PUT_7, NULL);
	rig_tick(r, 1700000);
	rig_expect(r, OTHER, PUT_7, NULL);
	assert_int_equal(rig_stat(r, STATS_RECORDS_REFRESHED), 1);
	rig_tick(r, 1700000);
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_7);
}

static void what_has_expired_is_swept(void **state)
{
	struct rig *r = *state;

	assert_int_equal(lane_deadline(r->lane), UINT64_MAX);
	rig_put_many(r, "deadbeef", 0, 500);
	assert_int_equal(server_table_usage(r->server).records, 500);
	uint64_t deadline = lane_deadline(r->lane);
	assert_true(deadline > r->now.mono_us && deadline != UINT64_MAX);
	r->now.mono_us += 1800100 * UINT64_C(1000);
	for (int i = 0; i < 100 && lane_deadline(r->lane) <= r->now.mono_us; i++)
		assert_int_equal(rig_tick(r, 0), 0);
	assert_int_equal(server_table_usage(r->server).records, 0);
	assert_int_equal(rig_stat(r, STATS_RECORDS_EXPIRED), 500);
	assert_int_equal(lane_deadline(r->lane), UINT64_MAX);
}

/* Two lanes sweep a half each. */
static void lanes_share_the_sweep(void **state)
{
	struct rig *r = *state;

	rig_restart(r, 2);
	for (unsigned i = 0; i < 256; i++) {
		char put[128];
		snprintf(put, sizeof(put), "01 0011 " IP_7 " %02x", i);
		rig_expect(r, STRANGER, put, NULL);
	}
	for (int i = 0; i < 50; i++)
		rig_tick(r, i ? 0 : 1800100);
	uint64_t left = server_table_usage(r->server).records;
	assert_true(left > 64 && left < 192);
	r->lane = server_lane(r->server, 1);
	for (int i = 0; i < 50; i++)
		rig_tick(r, 0);
	assert_int_equal(server_table_usage(r->server).records, 0);
	assert_int_equal(rig_stat(r, STATS_RECORDS_EXPIRED), 256);
}

static unsigned have_count(const struct rig *r)
{
	struct msg m = rig_answer(r, 0);

	assert_int_equal(m.type, MSG_HAVE);
	return (unsigned)(m.have.ips.len / 16);
}

/* Marks the last two bytes of each address in seen; no address may come twice in one HAVE. */
static void mark_have(const struct rig *r, uint8_t *seen, unsigned round)
{
	struct span rest = rig_answer(r, 0).have.ips;
	struct ip ip;

	while (ip_next(&rest, &ip)) {
		unsigned n = load_be16(ip.b + 14);
		assert_true(seen[n] != round);
		seen[n] = (uint8_t)round;
	}
}

static void a_sample_fills_the_datagram(void **state)
{
	static const unsigned counts[] = {75, 76, 77, 100, 128, 129, 400, 3000};
	static uint8_t seen[65536];
	struct rig *r = *state;
	unsigned put = 0;

	for (size_t i = 0; i < COUNT(counts); i++) {
		memset(seen, 0, sizeof(seen));
		rig_put_many(r, "deadbeef", put, counts[i] - put);
		put = counts[i];
		for (unsigned round = 1; round <= 200; round++) {
			assert_int_equal(rig_send(r, TRUSTED, GET_DEADBEEF), 1);
			assert_int_equal(have_count(r), put < 76 ? put : 76);
			mark_have(r, seen, round);
		}
		/* 200 samples of 76 miss one of 3000 once in 170 times: it is not always the same
		 * few. */
		unsigned met = 0;
		for (unsigned n = 0; n < put; n++)
			met += seen[n] != 0;
		assert_true(met > put * 9 / 10);
	}
}

/* All have the same chance to be in it, also when there are hardly more than fit. */
static void the_sample_is_fair(void **state)
{
	struct rig *r = *state;
	unsigned hits[100] = {0};

	rig_put_many(r, "deadbeef", 0, 100);
	for (unsigned round = 0; round < 4000; round++) {
		rig_send(r, TRUSTED, GET_DEADBEEF);
		struct span rest = rig_answer(r, 0).have.ips;
		struct ip ip;
		while (ip_next(&rest, &ip))
			hits[load_be16(ip.b + 14)]++;
	}
	/* Binomial: 3040 expected, a standard deviation of 27. */
	for (unsigned i = 0; i < 100; i++)
		assert_in_range(hits[i], 3040 - 6 * 27, 3040 + 6 * 27);
}

static void a_provider_with_many_ports_is_listed_once(void **state)
{
	struct rig *r = *state;
	char hex[256];

	for (unsigned port = 1; port <= 20; port++) {
		snprintf(hex, sizeof(hex), "12 0024 %016x 00000000 %04x " IP_7 "01 04 deadbeef",
			port, port);
		assert_int_equal(rig_send(r, TRUSTED, hex), 1);
	}
	rig_expect(r, TRUSTED, GET_DEADBEEF, HAVE_7);
	rig_put_many(r, "deadbeef", 0, 76);
	unsigned full = 0;
	for (int i = 0; i < 50; i++) {
		rig_send(r, TRUSTED, GET_DEADBEEF);
		full += have_count(r) == 76;
	}
	assert_int_equal(full, 50);
}

static void want_after_put(void **state)
{
	rig_expect(*state, STRANGER, PUT_7, NULL);
	rig_expect(*state, OTHER, WANT_DEADBEEF, HAVE_7);
	assert_int_equal(rig_tick(*state, 0), 0);
	rig_expect(*state, STRANGER, PUT_8, NULL);
	assert_int_equal(rig_tick(*state, 0), 0);
	assert_int_equal(rig_stat(*state, STATS_REQUEST_WANT), 1);
}

static void want_before_put(void **state)
{
	struct rig *r = *state;

	rig_expect(r, OTHER, WANT_DEADBEEF, NULL);
	rig_expect(r, OTHER, WANT_DEADBEEF, NULL); /* repeated: still one HAVE */
	assert_int_equal(rig_tick(r, 1000), 0);
	assert_true(lane_deadline(r->lane) > r->now.mono_us);
	rig_expect(r, STRANGER, PUT_7, NULL);
	assert_true(lane_deadline(r->lane) <= r->now.mono_us);
	assert_int_equal(rig_tick(r, 0), 1);
	rig_check_item(r, 0, OTHER, HAVE_7);
	assert_int_equal(rig_stat(r, STATS_ANSWER_HAVE), 1);
	assert_int_equal(rig_tick(r, 0), 0);
	rig_expect(r, STRANGER, PUT_8, NULL);
	assert_int_equal(rig_tick(r, 0), 0);
	assert_int_equal(server_watch_usage(r->server).watchers, 0);
}

/* The want has fired but was not sent yet, and comes again: the answer now is the only one. */
static void want_again_after_it_fired(void **state)
{
	rig_expect(*state, OTHER, WANT_DEADBEEF, NULL);
	rig_expect(*state, STRANGER, PUT_7, NULL);
	rig_expect(*state, OTHER, WANT_DEADBEEF, HAVE_7);
	assert_int_equal(rig_tick(*state, 0), 0);
}

static void want_ends(void **state)
{
	struct rig *r = *state;

	rig_expect(r, OTHER, WANT_DEADBEEF, NULL);
	assert_int_equal(lane_deadline(r->lane), r->now.mono_us + 600 * 1000000);
	r->now.mono_us += 600 * 1000000;
	rig_expect(r, STRANGER, PUT_7, NULL);
	assert_int_equal(rig_tick(r, 0), 0);
	assert_int_equal(server_watch_usage(r->server).watchers, 0);
}

/* Whoever put it has withdrawn it before the HAVE could go out: the want waits on. */
static void want_outlives_a_short_put(void **state)
{
	struct rig *r = *state;

	rig_expect(r, OTHER, WANT_DEADBEEF, NULL);
	rig_expect(r, STRANGER, PUT_7, NULL);
	rig_expect(r, STRANGER, "13 0020" TXID "0000" IP_7 "01 04 deadbeef",
		"14 000e" TXID "00000000 01 00");
	assert_int_equal(rig_tick(r, 0), 0);
	assert_int_equal(server_watch_usage(r->server).watchers, 1);
	assert_int_equal(lane_deadline(r->lane), r->now.mono_us + 600 * 1000000);
	rig_expect(r, STRANGER, PUT_8, NULL);
	assert_int_equal(rig_tick(r, 5000), 1);
	rig_check_item(r, 0, OTHER, "03 0010" IP_8);
}

static void many_wants_drain_over_several_ticks(void **state)
{
	static uint8_t answered[1000];
	struct rig *r = *state;
	struct flow flow = rig_flow(STRANGER);
	static const uint8_t want[] = {2, 0, 4, 0xde, 0xad, 0xbe, 0xef};

	memset(answered, 0, sizeof(answered));
	for (uint16_t i = 0; i < 1000; i++) {
		flow.remote.port = (uint16_t)(i + 1);
		assert_int_equal(rig_input(r, &flow, want, sizeof(want)), 0);
	}
	rig_expect(r, STRANGER, PUT_7, NULL);
	for (unsigned ticks = 0; ticks < 63; ticks++) {
		size_t n = rig_tick(r, 0);
		assert_int_equal(n, ticks < 62 ? LANE_OUT_MAX : 1000 % LANE_OUT_MAX);
		for (size_t i = 0; i < n; i++)
			answered[r->items[i].flow.remote.port - 1]++;
	}
	assert_int_equal(rig_tick(r, 0), 0);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(answered[i], 1);
}

static void want_of_a_stranger_is_cut(void **state)
{
	struct rig *r = *state;

	/* 3 × 7 bytes have room for one address, 3 × 12 for two; 4 bytes for one all the same. */
	rig_expect(r, STRANGER, WANT_DEADBEEF, NULL);
	rig_expect(r, OTHER, "02 0009 deadbeefdeadbeef00", NULL);
	rig_expect(r, STRANGER, "02 0001 de", NULL);
	rig_put_many(r, "deadbeef", 0, 100);
	rig_put_many(r, "deadbeefdeadbeef00", 0, 100);
	rig_put_many(r, "de", 0, 100);
	assert_int_equal(rig_tick(r, 0), 3);
	assert_int_equal(r->items[0].len, 19);
	assert_int_equal(r->items[1].len, 35);
	assert_int_equal(r->items[2].len, 19);
}

static void exit_asks_the_shell(void **state)
{
	struct rig *r = *state;

	rig_expect(r, STRANGER, "04 0006 736563726574", NULL);
	assert_int_equal(r->verdict, LANE_EXIT);
	assert_int_equal(r->password.len, 6);
	/* Whoever checks the password counts it. */
	assert_int_equal(rig_stat(r, STATS_REQUEST_EXIT), 0);
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_NOBODY);
	assert_int_equal(r->verdict, LANE_NOTHING);
}

static void what_is_no_message(void **state)
{
	rig_expect(*state, STRANGER, "", NULL);
	rig_expect(*state, STRANGER, "0000", NULL);
	assert_int_equal(rig_stat(*state, STATS_DROP_SHORT), 2);
	rig_expect(*state, STRANGER, "00 0005 deadbeef", NULL);
	rig_expect(*state, STRANGER, "00 0003 deadbeef", NULL);
	assert_int_equal(rig_stat(*state, STATS_DROP_LENGTH), 2);
	/* NEW, DECO, KEEP_ALIVE, YES, NEW_SERV, SEALED; gaps; numbers of nobody. */
	static const char *const unknown[] = {"05 0010" IP_7, "06 0000", "07 0001 00", "08 0000",
		"09 0010" IP_7, "30 0000", "0a 0000", "0f 0000", "1e 0000", "ff 0000"};
	for (size_t i = 0; i < COUNT(unknown); i++)
		rig_expect(*state, STRANGER, unknown[i], NULL);
	assert_int_equal(rig_stat(*state, STATS_DROP_UNKNOWN_TYPE), COUNT(unknown));
}

static void answers_are_not_answered(void **state)
{
	static const char *const answers[] = {HAVE_NOBODY, HAVE_7,
		"11 0013" TXID "00 00000000 00000000 0000", "14 000e" TXID "00000708 01 00",
		"15 000a" TXID "0001", "17 0025" TXID "00000001 01 01 aa" IP_7 "0000 00000001",
		"19 0018" TXID "00112233445566778899aabbccddeeff",
		"1b 000f" TXID "02 0001 00000000", "1d 000a" TXID "0000",
		/* malformed ones neither */
		"03 0001 00", "15 0001 00", "14 0008 0011223344556677"};

	for (size_t i = 0; i < COUNT(answers); i++)
		rig_expect(*state, TRUSTED, answers[i], NULL);
	assert_int_equal(rig_stat(*state, STATS_DROP_NOT_A_REQUEST), COUNT(answers));
}

static void put_of_what_is_no_host(void **state)
{
	static const char *const bad[] = {IP_NONE, "00000000000000000000ffff00000000",
		"00000000000000000000ffffffffffff", "00000000000000000000ffffe0000001",
		"ff020000000000000000000000000001"};
	char hex[128];

	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(hex, sizeof(hex), "01 0014 %s deadbeef", bad[i]);
		rig_expect(*state, TRUSTED, hex, NULL);
	}
	assert_int_equal(rig_stat(*state, STATS_DROP_BAD_PROVIDER), COUNT(bad));
	rig_expect(*state, STRANGER, GET_DEADBEEF, HAVE_NOBODY);
}

static void put_for_a_third_party(void **state)
{
	struct rig *r = *state;

	r->policy.third_party_put = false;
	rig_expect(r, STRANGER, PUT_7, NULL);
	assert_int_equal(rig_stat(r, STATS_DROP_POLICY), 1);
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_NOBODY);
	rig_expect(r, "192.0.2.7:5", PUT_7, NULL);
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_7);
}

static void put_where_it_is_off(void **state)
{
	struct rig *r = *state;

	r->policy.base_put = false;
	rig_expect(r, STRANGER, PUT_7, NULL);
	assert_int_equal(rig_stat(r, STATS_DROP_POLICY), 1);
	r->policy.base_put = true;
	r->policy.require_auth = true;
	rig_expect(r, STRANGER, PUT_7, NULL);
	assert_int_equal(rig_stat(r, STATS_DROP_AUTH_NEEDED), 1);
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_NOBODY);
	assert_int_equal(rig_stat(r, STATS_REQUEST_PUT), 0);
}

static void put_at_the_limit(void **state)
{
	struct rig *r = *state;

	r->policy.limits.max_records = 1;
	server_set_policy(r->server, &r->policy);
	rig_expect(r, STRANGER, PUT_7, NULL);
	rig_expect(r, STRANGER, PUT_8, NULL);
	assert_int_equal(rig_stat(r, STATS_DROP_FULL), 1);
	assert_int_equal(rig_stat(r, STATS_RECORDS_REFUSED), 1);
	assert_int_equal(rig_stat(r, STATS_REQUEST_PUT), 1);
	rig_expect(r, STRANGER, PUT_7, NULL); /* what is there can be refreshed */
	assert_int_equal(rig_stat(r, STATS_REQUEST_PUT), 2);
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_7);
}

static void a_new_policy_holds_from_the_next_call_on(void **state)
{
	struct rig *r = *state;
	struct policy shorter = r->policy;

	rig_expect(r, STRANGER, PUT_7, NULL);
	shorter.ttl_s = 10;
	server_set_policy(r->server, &shorter);
	rig_expect(r, STRANGER, PUT_8, NULL);
	rig_tick(r, 10000);
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_7);
	server_set_policy(r->server, &r->policy);
}

static void puts_go_on_while_shutting_down(void **state)
{
	struct rig *r = *state;

	server_shut_down(r->server);
	rig_expect(r, STRANGER, PUT_7, NULL);
	rig_expect(r, STRANGER, GET_DEADBEEF, HAVE_7);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG_TEST(nobody_has_it),
		RIG_TEST(put_then_get),
		RIG_TEST(put_of_ipv6),
		RIG_TEST(hashes_of_every_length),
		RIG_TEST(no_hash_or_too_long_a_one),
		RIG_TEST(a_put_lives_for_the_default_time),
		RIG_TEST(a_put_again_starts_anew),
		RIG_TEST(what_has_expired_is_swept),
		RIG_TEST(lanes_share_the_sweep),
		RIG_TEST(a_sample_fills_the_datagram),
		RIG_TEST(the_sample_is_fair),
		RIG_TEST(a_provider_with_many_ports_is_listed_once),
		RIG_TEST(want_after_put),
		RIG_TEST(want_before_put),
		RIG_TEST(want_again_after_it_fired),
		RIG_TEST(want_ends),
		RIG_TEST(want_outlives_a_short_put),
		RIG_TEST(many_wants_drain_over_several_ticks),
		RIG_TEST(want_of_a_stranger_is_cut),
		RIG_TEST(exit_asks_the_shell),
		RIG_TEST(what_is_no_message),
		RIG_TEST(answers_are_not_answered),
		RIG_TEST(put_of_what_is_no_host),
		RIG_TEST(put_for_a_third_party),
		RIG_TEST(put_where_it_is_off),
		RIG_TEST(put_at_the_limit),
		RIG_TEST(a_new_policy_holds_from_the_next_call_on),
		RIG_TEST(puts_go_on_while_shutting_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
