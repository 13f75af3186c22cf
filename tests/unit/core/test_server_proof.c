/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proof of address: what a source that has given none can make the server send. The bound itself
 * is checked by the rig, for every datagram of every test.
 */
#include <stdio.h>
#include <string.h>

#include "core/token.h"

#include "rig.h"

#define LENGTHS 1501

/* DATA of a request of each type up to its options, with a hash of one byte; TXID included. */
static const struct shape {
	uint8_t type;
	bool options;
	const char *data;
} shapes[] = {
	{MSG_GET, false, "aa"},
	{MSG_PUT, false, IP_7 "aa"},
	{MSG_WANT, false, "aa"},
	{MSG_EXIT, false, ""},
	{MSG_LOOKUP, true, TXID "0000 00000000 01 01aa"},
	{MSG_ANNOUNCE, true, TXID "0000003c 0000" IP_7 "01 01aa"},
	{MSG_WITHDRAW, true, TXID "0000" IP_8 "01 01aa"},
	{MSG_WATCH, true, TXID "0000003c 01 01aa"},
	{MSG_SEEN, false, TXID "00000001"},
	{MSG_PING, true, TXID},
	{MSG_SERVERS, true, TXID},
};

/* Padding options up to exactly len bytes, if that can be. */
static size_t pad(uint8_t *bytes, size_t used, size_t len)
{
	while (used + 2 <= len) {
		size_t value = len - used - 2;
		if (value > 255)
			value = len - used - 2 - 255 == 1 ? 254 : 255;
		bytes[used] = 2;
		bytes[used + 1] = (uint8_t)value;
		memset(bytes + used + 2, 0, value);
		used += 2 + value;
	}
	return used;
}

/* The shape as a datagram of len bytes: padded where it can be, else with bytes behind it, or cut
 * off. Most base messages are then malformed, which has its bound too. */
static void fill(const struct shape *s, uint8_t *bytes, size_t len)
{
	static uint8_t full[2 * LENGTHS];
	size_t used = 3 + rig_unhex(s->data, full + 3, sizeof(full) - 3);

	memset(full + used, 0xaa, sizeof(full) - used);
	full[0] = s->type;
	if (s->options && used <= len)
		pad(full, used, len);
	memcpy(bytes, full, len);
	if (len >= 3)
		store_be16(bytes + 1, (uint16_t)(len - 3));
}

static void try_all(struct rig *r)
{
	uint8_t bytes[LENGTHS];
	struct flow flow = rig_flow(STRANGER);

	for (size_t i = 0; i < COUNT(shapes); i++) {
		for (size_t len = 0; len < LENGTHS; len++) {
			fill(&shapes[i], bytes, len);
			rig_input(r, &flow, bytes, len);
			/* And so that it was not just a repetition. */
			if (len > 10)
				bytes[3] = (uint8_t)len, bytes[4] = (uint8_t)(len >> 8);
			rig_input(r, &flow, bytes, len);
		}
	}
}

static void never_more_than_was_sent(void **state)
{
	struct rig *r = *state;

	try_all(r); /* nobody, and whom the requests themselves put */
	rig_put_many(r, "aa", 0, 1);
	try_all(r);
	rig_put_many(r, "aa", 0, 3000);
	try_all(r);
	/* That something was answered, too. */
	for (unsigned id = STATS_ANSWER_HAVE; id <= STATS_ANSWER_SERVER_LIST; id++)
		if (id != STATS_ANSWER_EVENT)
			assert_true(rig_stat(r, (enum stats_id)id) > 0);
	assert_true(rig_stat(r, STATS_DROP_UNPROVEN) > 0);
}

/* Hashes of every length, as the bound of a HAVE depends on it. */
static void a_have_is_cut(void **state)
{
	struct rig *r = *state;
	char hash[129], get[160];

	for (unsigned len = 1; len <= 64; len++) {
		memset(hash, 'b', 2 * len);
		hash[2 * len] = '\0';
		rig_put_many(r, hash, 0, 60);
		snprintf(get, sizeof(get), "00 %04x %s", len, hash);
		assert_int_equal(rig_send(r, STRANGER, get), 1);
		size_t fit = (3 * (len + 3) - 3) / 16;
		assert_int_equal(r->items[0].len, 3 + 16 * (fit ? fit : 1));
		assert_int_equal(rig_send(r, TRUSTED, get), 1);
		assert_int_equal(r->items[0].len, 3 + 16 * 60);
	}
}

#define LOOKUP_SMALL "10 0011" TXID "0000 00000000 01 01aa" /* 20 bytes */

/* Sends hex from where, with the cookie that item 0 of the outbox offers. */
static size_t send_with_cookie(struct rig *r, const char *from, const char *hex)
{
	uint8_t bytes[512], cookie[MSG_COOKIE_LEN];
	struct flow flow = rig_flow(from);
	struct msg m = rig_answer(r, 0);
	size_t len = rig_unhex(hex, bytes, sizeof(bytes));

	assert_int_equal(m.type, MSG_CHALLENGE);
	memcpy(cookie, m.challenge.cookie, sizeof(cookie));
	bytes[len++] = 1;
	bytes[len++] = MSG_COOKIE_LEN;
	memcpy(bytes + len, cookie, sizeof(cookie));
	len += sizeof(cookie);
	store_be16(bytes + 1, (uint16_t)(len - 3));
	return rig_input(r, &flow, bytes, len);
}

/* 30 bytes: a CHALLENGE fits, three providers don't. */
#define LOOKUP_PADDED "10 001b" TXID "0000 00000000 01 01aa 02 08 0000000000000000"

static void challenged(struct rig *r)
{
	assert_int_equal(rig_send(r, STRANGER, LOOKUP_PADDED), 1);
	assert_int_equal(r->items[0].len, 27);
}

static void a_challenge_and_its_cookie(void **state)
{
	struct rig *r = *state;

	rig_put_many(r, "aa", 0, 1000);
	rig_expect(r, STRANGER, LOOKUP_SMALL, NULL); /* not even a CHALLENGE fits */
	challenged(r);
	assert_int_equal(rig_stat(r, STATS_DROP_UNPROVEN), 2);
	assert_int_equal(rig_stat(r, STATS_HITS), 0);
	assert_int_equal(send_with_cookie(r, STRANGER, LOOKUP_PADDED), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_PROVIDERS);
	assert_true(r->items[0].len > 1000);
	assert_int_equal(rig_stat(r, STATS_HITS), 1);
	/* From another port it is the same address, from another address it is no proof. */
	challenged(r);
	assert_int_equal(send_with_cookie(r, "192.0.2.1:77", LOOKUP_PADDED), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_PROVIDERS);
	challenged(r);
	assert_int_equal(send_with_cookie(r, OTHER, LOOKUP_PADDED), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_CHALLENGE);
}

static void a_cookie_grows_old(void **state)
{
	struct rig *r = *state;

	rig_put_many(r, "aa", 0, 1000);
	challenged(r);
	r->now.wall_ms += 20 * 60 * 1000;
	assert_int_equal(send_with_cookie(r, STRANGER, LOOKUP_PADDED), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_CHALLENGE);
	assert_int_equal(send_with_cookie(r, STRANGER, LOOKUP_PADDED), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_PROVIDERS);
}

/* Several datagrams come out together, or none of them. */
static void all_datagrams_of_an_answer_count(void **state)
{
	struct rig *r = *state;
	uint8_t bytes[RIG_DATAGRAM];
	struct flow flow = rig_flow(STRANGER);
	size_t len = 3 + rig_unhex(TXID "ffff 00000000", bytes + 3, sizeof(bytes));

	bytes[0] = MSG_LOOKUP;
	bytes[len++] = 100;
	for (unsigned i = 0; i < 100; i++) {
		char hash[3];
		snprintf(hash, sizeof(hash), "%02x", i);
		rig_put_many(r, hash, 0, 3);
		bytes[len++] = 1;
		bytes[len++] = (uint8_t)i;
	}
	len = pad(bytes, len, sizeof(bytes));
	store_be16(bytes + 1, (uint16_t)(len - 3));
	assert_int_equal(rig_input(r, &flow, bytes, len), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_CHALLENGE);
	assert_int_equal(rig_stat(r, STATS_ANSWER_PROVIDERS), 0);
	flow = rig_flow(TRUSTED);
	assert_true(rig_input(r, &flow, bytes, len) > 1);
}

static void padding_buys_room(void **state)
{
	/* PONG is 21 bytes here, SERVER_LIST 31. */
	rig_expect(*state, STRANGER, "1a 0008" TXID, NULL);
	rig_expect(*state, STRANGER, "1a 0011" TXID "02 07 00000000000000", NULL);
	assert_int_equal(rig_send(*state, STRANGER, "1a 0012" TXID "02 08 0000000000000000"), 1);
	assert_int_equal(rig_answer(*state, 0).type, MSG_PONG);
	assert_int_equal(rig_send(*state, STRANGER,
				 "1c 001b" TXID "02 11 0000000000000000000000000000000000"),
		1);
	assert_int_equal(rig_answer(*state, 0).type, MSG_CHALLENGE);
	assert_int_equal(rig_send(*state, STRANGER,
				 "1c 001c" TXID "02 12 000000000000000000000000000000000000"),
		1);
	assert_int_equal(rig_answer(*state, 0).type, MSG_SERVER_LIST);
}

static void an_error_is_no_longer_than_its_request(void **state)
{
	/* 13 bytes have room for the code, 12 for nothing; "malformed request" takes 30. */
	rig_expect(*state, STRANGER, "10 0009" TXID "00", NULL);
	rig_expect(*state, STRANGER, "10 000a" TXID "0000", "15 000a" TXID "0001");
	rig_expect(*state, STRANGER, "10 001a" TXID "0000000000000000000000000000000000 00",
		"15 000a" TXID "0001");
	rig_expect(*state, STRANGER, "10 001b" TXID "0000000000000000000000000000000000 0000",
		"15 001b" TXID "0001 6d616c666f726d65642072657175657374");
	assert_int_equal(rig_stat(*state, STATS_DROP_MALFORMED), 4);
}

static void a_watch_needs_proof(void **state)
{
	struct rig *r = *state;
	static const char watch[] = "16 0017" TXID "0000003c 01 01aa 02 06 000000000000";

	assert_int_equal(rig_send(r, STRANGER, watch), 0);
	assert_int_equal(
		rig_send(r, STRANGER, "16 001b" TXID "0000003c 01 01aa 02 0a 00000000000000000000"),
		1);
	assert_int_equal(server_watch_usage(r->server).watchers, 0);
	assert_int_equal(send_with_cookie(r, STRANGER, watch), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_DONE);
	assert_int_equal(server_watch_usage(r->server).watchers, 1);
}

/* Where a client may only announce itself, it must be itself. */
static void a_change_needs_proof_when_nobody_may_put_for_others(void **state)
{
	struct rig *r = *state;
	static const char announce[] = "12 0021" TXID
				       "0000003c 0000 00000000000000000000000000000000 01 01aa";
	static const char withdraw[] = "13 001d 9011223344556677 0000 "
				       "00000000000000000000000000000000 01 01aa";

	r->policy.third_party_put = false;
	assert_int_equal(rig_send(r, STRANGER, announce), 1);
	assert_int_equal(server_table_usage(r->server).records, 0);
	assert_int_equal(send_with_cookie(r, STRANGER, announce), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_DONE);
	assert_int_equal(server_table_usage(r->server).records, 1);
	assert_int_equal(rig_send(r, STRANGER, withdraw), 1);
	assert_int_equal(server_table_usage(r->server).records, 1);
	assert_int_equal(send_with_cookie(r, STRANGER, withdraw), 1);
	assert_int_equal(rig_answer(r, 0).type, MSG_DONE);
	assert_int_equal(server_table_usage(r->server).records, 0);
}

/* An unproven want gets one HAVE, now or later, whatever happens in between. */
static void a_want_gets_one_have(void **state)
{
	struct rig *r = *state;
	unsigned haves = 0;

	haves += (unsigned)rig_send(r, STRANGER, "02 0001 aa");
	for (int i = 0; i < 10; i++) {
		rig_put_many(r, "aa", 0, 30);
		for (int tick = 0; tick < 5; tick++)
			haves += (unsigned)rig_tick(r, 1000);
		rig_tick(r, 1800 * 1000);
	}
	assert_int_equal(haves, 1);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG_TEST(never_more_than_was_sent),
		RIG_TEST(a_have_is_cut),
		RIG_TEST(a_challenge_and_its_cookie),
		RIG_TEST(a_cookie_grows_old),
		RIG_TEST(all_datagrams_of_an_answer_count),
		RIG_TEST(padding_buys_room),
		RIG_TEST(an_error_is_no_longer_than_its_request),
		RIG_TEST(a_watch_needs_proof),
		RIG_TEST(a_change_needs_proof_when_nobody_may_put_for_others),
		RIG_TEST(a_want_gets_one_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
