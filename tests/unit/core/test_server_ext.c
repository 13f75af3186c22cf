/* SPDX-License-Identifier: BSD-2-Clause */
/* The extended messages of a source that needs no proof of its address. */
#include <stdio.h>
#include <string.h>

#include "core/auth.h"
#include "wire/list.h"
#include "wire/option.h"

#include "rig.h"

#define HASH_1 "04 deadbeef"

/* ANNOUNCE of port 0x1f90 of 192.0.2.7 for 60 s, its DONE, its WITHDRAW. */
#define ANNOUNCE_7 "12 0024" TXID "0000003c 1f90" IP_7 "01" HASH_1
#define DONE_60    "14 000e" TXID "0000003c 01 00"
#define WITHDRAW_7 "13 0020 8011223344556677 1f90" IP_7 "01" HASH_1
#define WITHDRAWN  "14 000e 8011223344556677 00000000 01 00"

#define LOOKUP_1     "10 0014" TXID "0000 00000000 01" HASH_1
#define FOUND_7(ttl) "11 0029" TXID "00 00000001 00000000 0001" IP_7 "1f90" ttl

#define NOBODY "11 0013" TXID "00 00000000 00000000 0000"

static void announce_and_look_up(void **state)
{
	struct rig *r = *state;

	rig_expect(r, TRUSTED, LOOKUP_1, NOBODY);
	rig_expect(r, TRUSTED, ANNOUNCE_7, DONE_60);
	rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("0000003c"));
	rig_expect(r, TRUSTED, "00 0004 deadbeef", "03 0010" IP_7);
	r->now.mono_us += 1; /* rounded up */
	rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("0000003c"));
	r->now.mono_us += 59999999 - 1;
	rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("00000001"));
	r->now.mono_us += 1;
	rig_expect(r, TRUSTED, LOOKUP_1, NOBODY);
	assert_int_equal(rig_stat(r, STATS_REQUEST_LOOKUP), 5);
	assert_int_equal(rig_stat(r, STATS_HITS), 4);
	assert_int_equal(rig_stat(r, STATS_MISSES), 2);
	assert_int_equal(rig_stat(r, STATS_ANSWER_PROVIDERS), 5);
	assert_int_equal(rig_stat(r, STATS_ANSWER_DONE), 1);
}

/* Whatever the table's clock makes of it, nobody is told more than was granted. */
static void no_longer_than_granted(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < 20; i++) {
		char announce[128];
		r->now.mono_us += 1007;
		snprintf(announce, sizeof(announce), "12 0024 %016x 0000003c 1f90" IP_7 "01" HASH_1,
			i);
		rig_send(r, TRUSTED, announce);
		rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("0000003c"));
	}
	r->now.mono_us += 59500 * 1000;
	rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("00000001"));
}

static void the_granted_lifetime(void **state)
{
	rig_expect(*state, TRUSTED, "12 0024" TXID "00000000 0000" IP_7 "01" HASH_1,
		"14 000e" TXID "00000708 01 00");
	rig_expect(*state, TRUSTED, "12 0024" TXID "00015181 0000" IP_7 "01" HASH_1,
		"14 000e" TXID "00015180 01 00");
	rig_expect(*state, TRUSTED, "12 0024" TXID "ffffffff 0001" IP_7 "01" HASH_1,
		"14 000e" TXID "00015180 01 00");
}

static void announce_where_it_came_from(void **state)
{
	rig_expect(*state, TRUSTED, "12 0024" TXID "0000003c 0000" IP_NONE "01" HASH_1, DONE_60);
	rig_expect(*state, TRUSTED, "00 0004 deadbeef", "03 0010 00000000000000000000ffff0a000001");
	rig_expect(*state, TRUSTED, "13 0020" TXID "0000" IP_NONE "01" HASH_1,
		"14 000e" TXID "00000000 01 00");
	rig_expect(*state, TRUSTED, "00 0004 deadbeef", "03 0000");
}

static void announce_of_many(void **state)
{
	struct rig *r = *state;

	rig_expect(r, TRUSTED, "12 0026" TXID "0000003c 0000" IP_7 "03 01aa 01bb 02ccdd",
		"14 0010" TXID "0000003c 03 000000");
	rig_expect(r, TRUSTED, "00 0002 ccdd", "03 0010" IP_7);
	assert_int_equal(rig_stat(r, STATS_RECORDS_NEW), 3);
	assert_int_equal(rig_stat(r, STATS_REQUEST_ANNOUNCE), 1);
}

static void announce_at_the_limit(void **state)
{
	struct rig *r = *state;

	r->policy.limits.max_records = 2;
	server_set_policy(r->server, &r->policy);
	rig_expect(r, TRUSTED, "12 0026" TXID "0000003c 0000" IP_7 "03 01aa 01bb 02ccdd",
		"14 0010" TXID "0000003c 03 000003");
	assert_int_equal(rig_stat(r, STATS_RECORDS_REFUSED), 1);
	/* Not all was done, so it is done again, and this time it fits. */
	r->policy.limits.max_records = 3;
	server_set_policy(r->server, &r->policy);
	rig_expect(r, TRUSTED, "12 0026" TXID "0000003c 0000" IP_7 "03 01aa 01bb 02ccdd",
		"14 0010" TXID "0000003c 03 000000");
	assert_int_equal(rig_stat(r, STATS_REPEATS), 0);
}

static void announce_that_is_refused(void **state)
{
	struct rig *r = *state;

	rig_expect(r, TRUSTED,
		"12 0024" TXID "0000003c 0000 ff020000000000000000000000000001 02 01aa 02bbbb",
		"14 000f" TXID "00000000 02 0202");
	assert_int_equal(rig_stat(r, STATS_DROP_BAD_PROVIDER), 1);
	r->policy.third_party_put = false;
	rig_expect(r, TRUSTED, ANNOUNCE_7, "14 000e" TXID "00000000 01 02");
	rig_expect(r, TRUSTED, WITHDRAW_7, "14 000e 8011223344556677 00000000 01 02");
	assert_int_equal(rig_stat(r, STATS_DROP_POLICY), 2);
	rig_expect(r, TRUSTED, "12 0024" TXID "0000003c 0000" IP_NONE "01" HASH_1, DONE_60);
	assert_int_equal(rig_stat(r, STATS_REQUEST_ANNOUNCE), 1);
	rig_expect(r, TRUSTED, "12 0024 9011223344556677 0000003c 0000" IP_NONE "01" HASH_1,
		"14 000e 9011223344556677 0000003c 01 00");
}

static void withdraw(void **state)
{
	rig_expect(*state, TRUSTED, ANNOUNCE_7, DONE_60);
	rig_expect(*state, TRUSTED, WITHDRAW_7, WITHDRAWN);
	rig_expect(*state, TRUSTED, LOOKUP_1, NOBODY);
	assert_int_equal(rig_stat(*state, STATS_RECORDS_WITHDRAWN), 1);
	/* It was not there: as good as withdrawn. */
	rig_expect(*state, TRUSTED, "13 0020 9011223344556677 1f90" IP_8 "01" HASH_1,
		"14 000e 9011223344556677 00000000 01 00");
	assert_int_equal(rig_stat(*state, STATS_RECORDS_WITHDRAWN), 1);
	assert_int_equal(rig_stat(*state, STATS_REQUEST_WITHDRAW), 2);
}

static void only_the_same_port_is_withdrawn(void **state)
{
	rig_expect(*state, TRUSTED, ANNOUNCE_7, DONE_60);
	rig_expect(*state, TRUSTED, "13 0020" TXID "1f91" IP_7 "01" HASH_1,
		"14 000e" TXID "00000000 01 00");
	rig_expect(*state, TRUSTED, LOOKUP_1, FOUND_7("0000003c"));
}

/* The network may keep a copy of a datagram and deliver it late. */
static void a_late_copy_changes_nothing(void **state)
{
	struct rig *r = *state;

	rig_expect(r, TRUSTED, ANNOUNCE_7, DONE_60);
	rig_expect(r, TRUSTED, WITHDRAW_7, WITHDRAWN);
	rig_tick(r, 50000);
	rig_expect(r, TRUSTED, ANNOUNCE_7, DONE_60);
	rig_expect(r, TRUSTED, LOOKUP_1, NOBODY);
	rig_expect(r, TRUSTED, WITHDRAW_7, WITHDRAWN);
	assert_int_equal(rig_stat(r, STATS_REPEATS), 2);
	/* The same from elsewhere, or with another transaction id, is another request. */
	rig_expect(r, "10.0.0.1:1001", ANNOUNCE_7, DONE_60);
	rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("0000003c"));
	rig_expect(r, TRUSTED, "12 0024 ff11223344556677 0000003d 1f90" IP_7 "01" HASH_1,
		"14 000e ff11223344556677 0000003d 01 00");
	rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("0000003d"));
	assert_int_equal(rig_stat(r, STATS_REPEATS), 2);
}

/* Other options do not make another request. */
static void a_padded_copy_is_still_one(void **state)
{
	rig_expect(*state, TRUSTED, ANNOUNCE_7, DONE_60);
	rig_expect(*state, TRUSTED, "12 0028" TXID "0000003c 1f90" IP_7 "01" HASH_1 "02020000",
		DONE_60);
	assert_int_equal(rig_stat(*state, STATS_REPEATS), 1);
	/* Another port under the same transaction id is. */
	rig_expect(*state, TRUSTED, "12 0024" TXID "0000003c 1f91" IP_7 "01" HASH_1, DONE_60);
	assert_int_equal(rig_stat(*state, STATS_REPEATS), 1);
}

static struct section section_at(const struct rig *r, size_t item, size_t at)
{
	struct msg m = rig_answer(r, item);
	struct span rest = m.providers.sections;
	struct section s = {0};

	assert_int_equal(m.type, MSG_PROVIDERS);
	for (size_t i = 0; i <= at; i++)
		assert_true(section_next(&rest, &s));
	return s;
}

/* Follows NEXT from the start; gives the number of pages. Each provider comes once. */
static unsigned page_through(struct rig *r, unsigned max, unsigned providers)
{
	uint8_t seen[4096] = {0};
	uint32_t cursor = 0;
	unsigned pages = 0, found = 0;
	char hex[128];

	do {
		snprintf(hex, sizeof(hex), "10 0014" TXID "%04x %08x 01" HASH_1, max, cursor);
		assert_int_equal(rig_send(r, TRUSTED, hex), 1);
		struct section s = section_at(r, 0, 0);
		struct provider p;
		assert_int_equal(s.index, 0);
		assert_int_equal(s.total, providers);
		assert_true(max == 0 || s.providers.len <= max * MSG_PROVIDER_LEN);
		while (provider_next(&s.providers, &p)) {
			unsigned n = load_be16(p.ip.b + 14);
			assert_false(seen[n]);
			assert_int_equal(p.ttl_s, 1800);
			seen[n] = 1;
			found++;
		}
		cursor = s.next;
		pages++;
	} while (cursor != 0);
	assert_int_equal(found, providers);
	return pages;
}

static void paging(void **state)
{
	struct rig *r = *state;

	rig_put_many(r, "deadbeef", 0, 500);
	assert_true(page_through(r, 1, 500) >= 500);
	assert_true(page_through(r, 7, 500) >= 72);
	/* (1232 - 11 - 11) / 22 = 55 fit a datagram. */
	assert_in_range(page_through(r, 0, 500), 10, 12);
	assert_in_range(page_through(r, 65535, 500), 10, 12);
}

static void a_cursor_is_for_one_hash(void **state)
{
	rig_expect(*state, TRUSTED, "10 0013" TXID "0000 00000001 02 01aa 01bb",
		"15 001b" TXID "0001 6d616c666f726d65642072657175657374");
	assert_int_equal(rig_stat(*state, STATS_DROP_MALFORMED), 1);
	assert_int_equal(rig_stat(*state, STATS_REQUEST_LOOKUP), 0);
	assert_int_equal(rig_stat(*state, STATS_ANSWER_ERROR), 1);
}

/* LOOKUP of count hashes of one byte: 0, 1, 2 … */
static size_t send_lookup_many(struct rig *r, unsigned count, unsigned max)
{
	static uint8_t bytes[2048];
	struct flow flow = rig_flow(TRUSTED);
	size_t len = rig_unhex("10 0000" TXID "0000 00000000", bytes, sizeof(bytes));

	store_be16(bytes + 11, (uint16_t)max);
	bytes[len++] = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		bytes[len++] = 1;
		bytes[len++] = (uint8_t)i;
	}
	store_be16(bytes + 1, (uint16_t)(len - 3));
	return rig_input(r, &flow, bytes, len);
}

/* Every index is answered by exactly one section; gives the number of providers in all. */
static size_t check_sections(const struct rig *r, unsigned count, uint32_t total)
{
	size_t index = 0, providers = 0;

	for (size_t i = 0; i < r->out.count; i++) {
		struct msg m = rig_answer(r, i);
		struct span rest = m.providers.sections;
		struct section s;
		assert_int_equal(m.type, MSG_PROVIDERS);
		while (section_next(&rest, &s)) {
			size_t n = s.providers.len / MSG_PROVIDER_LEN;
			assert_int_equal(s.index, index++);
			assert_int_equal(s.total, total);
			assert_true(total == 0 ? n == 0 : n != 0);
			assert_true((s.next == 0) == (n == total));
			providers += n;
		}
	}
	assert_int_equal(index, count);
	return providers;
}

static void many_hashes(void **state)
{
	static const unsigned counts[] = {1, 2, 15, 16, 17, 31, 32, 33, 100, 255};
	static const size_t sizes[] = {LANE_DATAGRAM_MIN, 600, RIG_DATAGRAM, 8000};
	struct rig *r = *state;

	for (size_t i = 0; i < COUNT(counts); i++) {
		send_lookup_many(r, counts[i], 0);
		assert_int_equal(check_sections(r, counts[i], 0), 0);
		assert_int_equal(r->out.count, counts[i] * 11 > RIG_DATAGRAM - 11 ? 3 : 1);
	}
	for (unsigned i = 0; i < 256; i++) {
		char hash[3];
		snprintf(hash, sizeof(hash), "%02x", i);
		rig_put_many(r, hash, 0, 60);
	}
	for (size_t i = 0; i < COUNT(counts); i++) {
		for (size_t j = 0; j < COUNT(sizes); j++) {
			r->policy.max_datagram = sizes[j];
			send_lookup_many(r, counts[i], 0);
			assert_true(check_sections(r, counts[i], 60) >= counts[i]);
			send_lookup_many(r, counts[i], 1);
			assert_int_equal(check_sections(r, counts[i], 60), counts[i]);
		}
	}
}

#define WATCH_1                       "16 0012" TXID "0000003c 01" HASH_1
#define WATCH_STOP                    "16 0012 a011223344556677 00000000 01" HASH_1
#define EVENT_7(seq, kind, port, ttl) "17 0028" TXID "000000" seq kind HASH_1 IP_7 port ttl
#define SEEN_7(seq)                   "18 000c" TXID "000000" seq

static void watch(void **state)
{
	struct rig *r = *state;

	rig_expect(r, TRUSTED, WATCH_1, DONE_60);
	assert_int_equal(rig_tick(r, 0), 0);
	rig_expect(r, OTHER, ANNOUNCE_7, DONE_60);
	assert_int_equal(rig_tick(r, 1500), 1);
	rig_check_item(r, 0, TRUSTED, EVENT_7("01", "01", "1f90", "0000003b"));
	rig_expect(r, TRUSTED, SEEN_7("01"), NULL);
	assert_int_equal(rig_tick(r, 20000), 0);
	rig_expect(r, OTHER, WITHDRAW_7, WITHDRAWN);
	assert_int_equal(rig_tick(r, 0), 1);
	rig_check_item(r, 0, TRUSTED, EVENT_7("02", "02", "1f90", "00000000"));
	rig_expect(r, TRUSTED, SEEN_7("02"), NULL);
	assert_int_equal(server_watch_usage(r->server).pending, 0);
	assert_int_equal(rig_stat(r, STATS_REQUEST_WATCH), 1);
	assert_int_equal(rig_stat(r, STATS_REQUEST_SEEN), 2);
	assert_int_equal(rig_stat(r, STATS_ANSWER_EVENT), 2);
}

static void watch_sees_what_expires(void **state)
{
	struct rig *r = *state;

	rig_expect(r, OTHER, "12 0024" TXID "0000000a 1f90" IP_7 "01" HASH_1,
		"14 000e" TXID "0000000a 01 00");
	rig_expect(r, TRUSTED, WATCH_1, DONE_60); /* what is there already is no event */
	assert_int_equal(rig_tick(r, 10200), 1);
	rig_check_item(r, 0, TRUSTED, EVENT_7("01", "03", "1f90", "00000000"));
}

static void events_are_sent_again_until_seen(void **state)
{
	struct rig *r = *state;
	static const unsigned gaps_ms[] = {0, 1000, 2000, 4000};

	rig_expect(r, TRUSTED, WATCH_1, DONE_60);
	rig_expect(r, OTHER, ANNOUNCE_7, DONE_60);
	for (size_t i = 0; i < COUNT(gaps_ms); i++) {
		if (gaps_ms[i])
			assert_int_equal(rig_tick(r, gaps_ms[i] - 1), 0);
		assert_int_equal(rig_tick(r, gaps_ms[i] ? 1 : 0), 1);
		assert_int_equal(rig_answer(r, 0).event.seq, 1);
	}
	assert_int_equal(server_watch_usage(r->server).pending, 1);
	assert_int_equal(rig_tick(r, 8000), 0);
	assert_int_equal(server_watch_usage(r->server).pending, 0);
	assert_int_equal(server_watch_usage(r->server).given_up, 1);
}

static void watch_ends(void **state)
{
	struct rig *r = *state;

	rig_expect(r, TRUSTED, WATCH_1, DONE_60);
	rig_tick(r, 60000);
	rig_expect(r, OTHER, ANNOUNCE_7, DONE_60);
	assert_int_equal(rig_tick(r, 0), 0);
	assert_int_equal(server_watch_usage(r->server).watchers, 0);
	rig_expect(r, TRUSTED, WATCH_1, DONE_60);
	rig_expect(r, TRUSTED, WATCH_STOP, "14 000e a011223344556677 00000000 01 00");
	rig_expect(r, OTHER, WITHDRAW_7, WITHDRAWN);
	assert_int_equal(rig_tick(r, 0), 0);
}

static void watch_is_cut_to_the_longest_time(void **state)
{
	rig_expect(*state, TRUSTED, "16 0012" TXID "00015181 01" HASH_1,
		"14 000e" TXID "00015180 01 00");
}

/* Puts AUTH at the end of a request of len bytes; key: that of "k". Gives the new length. */
static size_t add_auth(struct rig *r, uint8_t *bytes, size_t len, const uint8_t *key)
{
	bytes[len++] = OPTION_AUTH;
	bytes[len++] = 1 + 1 + 8 + 16;
	bytes[len++] = 1;
	bytes[len++] = 'k';
	store_be64(bytes + len, r->now.wall_ms / 1000);
	len += 8;
	memset(bytes + len, 0, 16);
	len += 16;
	store_be16(bytes + 1, (uint16_t)(len - 3));
	auth_mac(key, (struct span){bytes, len}, bytes + len - 16, bytes + len - 16);
	return len;
}

static const struct auth_key test_key = {.name_len = 1, .name = "k", .key = {1, 2, 3}};

static size_t send_auth(struct rig *r, const char *hex, const uint8_t *key)
{
	uint8_t bytes[256];
	struct flow flow = rig_flow(TRUSTED);
	size_t len = add_auth(r, bytes, rig_unhex(hex, bytes, sizeof(bytes)), key);

	return rig_input(r, &flow, bytes, len);
}

static void authentication(void **state)
{
	struct rig *r = *state;
	uint8_t wrong[AUTH_KEY_LEN] = {9};

	r->policy.require_auth = true;
	r->policy.keys = &test_key;
	r->policy.key_count = 1;
	assert_int_equal(rig_send(r, TRUSTED, ANNOUNCE_7), 1);
	assert_int_equal(rig_answer(r, 0).error.code, ERROR_AUTH_NEEDED);
	assert_int_equal(send_auth(r, ANNOUNCE_7, wrong), 1);
	assert_int_equal(rig_answer(r, 0).error.code, ERROR_AUTH_FAILED);
	rig_expect(r, TRUSTED, LOOKUP_1, NOBODY);
	assert_int_equal(send_auth(r, ANNOUNCE_7, test_key.key), 1);
	rig_check_item(r, 0, TRUSTED, DONE_60);
	rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("0000003c"));
	assert_int_equal(rig_stat(r, STATS_DROP_AUTH_NEEDED), 1);
	assert_int_equal(rig_stat(r, STATS_DROP_AUTH_FAILED), 1);
}

/* The MAC was seen, and the request was carried out: its DONE was lost. */
static void authenticated_and_repeated(void **state)
{
	struct rig *r = *state;
	uint8_t bytes[256];
	struct flow flow = rig_flow(TRUSTED), elsewhere = rig_flow("10.0.0.2:5");

	r->policy.keys = &test_key;
	r->policy.key_count = 1;
	size_t len = add_auth(r, bytes, rig_unhex(ANNOUNCE_7, bytes, sizeof(bytes)), test_key.key);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_input(r, &flow, bytes, len), 1);
		rig_check_item(r, 0, TRUSTED, DONE_60);
	}
	assert_int_equal(rig_stat(r, STATS_REPEATS), 2);
	/* Who recorded it and sends it from elsewhere gets nothing. */
	assert_int_equal(rig_input(r, &elsewhere, bytes, len), 1);
	assert_int_equal(rig_answer(r, 0).error.code, ERROR_AUTH_FAILED);
	/* Even after it was forgotten that it was carried out, its time is over. */
	rig_tick(r, 130000);
	assert_int_equal(rig_input(r, &flow, bytes, len), 1);
	assert_int_equal(rig_answer(r, 0).error.code, ERROR_AUTH_FAILED);
}

static void authentication_is_checked_wherever_it_is(void **state)
{
	struct rig *r = *state;

	assert_int_equal(send_auth(r, LOOKUP_1, test_key.key), 1);
	assert_int_equal(rig_answer(r, 0).error.code, ERROR_AUTH_FAILED);
	r->policy.keys = &test_key;
	r->policy.key_count = 1;
	assert_int_equal(send_auth(r, LOOKUP_1, test_key.key), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_PROVIDERS);
	assert_int_equal(send_auth(r, LOOKUP_1, test_key.key), 1);
	assert_int_equal(rig_answer(r, 0).error.code, ERROR_AUTH_FAILED);
}

static void options(void **state)
{
	/* 127 is not known and not critical; 128 is. */
	rig_expect(*state, TRUSTED, "10 0017" TXID "0000 00000000 01" HASH_1 "7f01aa", NOBODY);
	assert_int_equal(
		rig_send(*state, TRUSTED, "10 0017" TXID "0000 00000000 01" HASH_1 "8001aa"), 1);
	assert_int_equal(rig_answer(*state, 0).error.code, ERROR_UNKNOWN_OPTION);
	assert_int_equal(rig_stat(*state, STATS_DROP_UNKNOWN_OPTION), 1);
	/* A cookie of one byte; an option that is cut off. */
	assert_int_equal(
		rig_send(*state, TRUSTED, "10 0017" TXID "0000 00000000 01" HASH_1 "0101aa"), 1);
	assert_int_equal(rig_answer(*state, 0).error.code, ERROR_MALFORMED);
	assert_int_equal(
		rig_send(*state, TRUSTED, "10 0016" TXID "0000 00000000 01" HASH_1 "0201"), 1);
	assert_int_equal(rig_answer(*state, 0).error.code, ERROR_MALFORMED);
	assert_int_equal(rig_stat(*state, STATS_DROP_MALFORMED), 2);
}

static void malformed_requests_are_told_so(void **state)
{
	static const char *const bad[] = {
		"10 000f" TXID "0000 00000000 00",      /* no hash */
		"10 0010" TXID "0000 00000000 01 00",   /* a hash of nothing */
		"10 0011" TXID "0000 00000000 01 02aa", /* a hash cut off */
		"10 0008" TXID,                         /* nothing at all */
		"12 001e" TXID "0000003c 0000" IP_7,    /* no list */
		"13 001b" TXID "0000" IP_7 "01",        /* an empty one */
		"16 000d" TXID "0000003c 00",
		"1a 0009" TXID "01",
		"1c 0009" TXID "01",
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(rig_send(*state, TRUSTED, bad[i]), 1);
		assert_int_equal(rig_answer(*state, 0).error.code, ERROR_MALFORMED);
	}
	/* Without a whole transaction id there is nobody to tell; SEEN is told nothing. */
	rig_expect(*state, TRUSTED, "10 0007 00112233445566", NULL);
	rig_expect(*state, TRUSTED, "1a 0000", NULL);
	rig_expect(*state, TRUSTED, "18 0008" TXID, NULL);
	assert_int_equal(rig_stat(*state, STATS_DROP_MALFORMED), COUNT(bad) + 3);
}

static void ping(void **state)
{
	struct rig *r = *state;

	r->now.mono_us += 90 * 1000000;
	rig_expect(r, TRUSTED, "1a 0008" TXID, "1b 0012" TXID "02 0001 0000005a 726967");
	r->policy.name = "";
	rig_expect(r, TRUSTED, "1a 0008" TXID, "1b 000f" TXID "02 0001 0000005a");
	r->policy.name = "a\xff"; /* what is no text is left out */
	rig_expect(r, TRUSTED, "1a 0008" TXID, "1b 0010" TXID "02 0001 0000005a 61");
}

static void servers(void **state)
{
	rig_expect(*state, TRUSTED, "1c 0008" TXID,
		"1d 001c" TXID "0001 00000000000000000000ffffc0000263 2116");
}

static void shutting_down(void **state)
{
	static const char *const changes[] = {ANNOUNCE_7, WITHDRAW_7, WATCH_1};
	struct rig *r = *state;

	rig_expect(r, TRUSTED, ANNOUNCE_7, DONE_60);
	server_shut_down(r->server);
	for (size_t i = 0; i < COUNT(changes); i++) {
		assert_int_equal(rig_send(r, TRUSTED, changes[i]), 1);
		assert_int_equal(rig_answer(r, 0).error.code, ERROR_SHUTTING_DOWN);
	}
	assert_int_equal(rig_stat(r, STATS_DROP_SHUTTING_DOWN), 3);
	rig_expect(r, TRUSTED, LOOKUP_1, FOUND_7("0000003c"));
	assert_int_equal(rig_send(r, TRUSTED, "1a 0008" TXID), 1);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG_TEST(announce_and_look_up),
		RIG_TEST(no_longer_than_granted),
		RIG_TEST(the_granted_lifetime),
		RIG_TEST(announce_where_it_came_from),
		RIG_TEST(announce_of_many),
		RIG_TEST(announce_at_the_limit),
		RIG_TEST(announce_that_is_refused),
		RIG_TEST(withdraw),
		RIG_TEST(only_the_same_port_is_withdrawn),
		RIG_TEST(a_late_copy_changes_nothing),
		RIG_TEST(a_padded_copy_is_still_one),
		RIG_TEST(paging),
		RIG_TEST(a_cursor_is_for_one_hash),
		RIG_TEST(many_hashes),
		RIG_TEST(watch),
		RIG_TEST(watch_sees_what_expires),
		RIG_TEST(events_are_sent_again_until_seen),
		RIG_TEST(watch_ends),
		RIG_TEST(watch_is_cut_to_the_longest_time),
		RIG_TEST(authentication),
		RIG_TEST(authenticated_and_repeated),
		RIG_TEST(authentication_is_checked_wherever_it_is),
		RIG_TEST(options),
		RIG_TEST(malformed_requests_are_told_so),
		RIG_TEST(ping),
		RIG_TEST(servers),
		RIG_TEST(shutting_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
