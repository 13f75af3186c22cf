/* SPDX-License-Identifier: BSD-2-Clause */
/* The lower steps of the ladder, and that no input at all does what it should not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "core/limit.h"

#include "../test_seed.h"
#include "rig.h"

#define GET_AA  "00 0001 aa"
#define NOBODY  "03 0000"
#define PING    "1a 0008" TXID
#define PADDING "02 14 0000000000000000000000000000000000000000"

static void sources_that_are_no_host(void **state)
{
	static const char *const bad[] = {"0.0.0.0:5", "224.0.0.1:5", "255.255.255.255:5", "[::]:5",
		"[ff02::1]:5", "192.0.2.1"};

	for (size_t i = 0; i < COUNT(bad); i++)
		rig_expect(*state, bad[i], GET_AA, NULL);
	assert_int_equal(rig_stat(*state, STATS_DROP_BAD_SOURCE), COUNT(bad));
}

static void sources_that_are_not_allowed(void **state)
{
	struct rig *r = *state;

	r->policy.allow_count = 1; /* no IPv6 */
	rig_expect(r, "[2001:db8::1]:5", GET_AA, NULL);
	rig_expect(r, "[2001:db8::1]:5", "00", NULL); /* not even looked at */
	rig_expect(r, STRANGER, GET_AA, NOBODY);
	r->policy.allow_count = 0;
	rig_expect(r, TRUSTED, GET_AA, NULL);
	assert_int_equal(rig_stat(r, STATS_DROP_DENIED), 3);
	assert_int_equal(rig_stat(r, STATS_REQUEST_GET), 1);
}

/* What the server asks itself. A source that is no host is refused all the same. */
static void own_requests_meet_no_policy(void **state)
{
	struct rig *r = *state;
	struct flow own = rig_flow(STRANGER), bad = rig_flow("224.0.0.1:5");
	static const uint8_t get[] = {0, 0, 1, 0xaa};

	own.own = bad.own = true;
	r->policy.allow_count = 0;
	r->policy.rate = 1;
	for (int i = 0; i < 5; i++)
		assert_int_equal(rig_input(r, &own, get, sizeof(get)), 1);
	assert_int_equal(rig_input(r, &bad, get, sizeof(get)), 0);
	rig_expect(r, STRANGER, GET_AA, NULL);
	assert_int_equal(rig_stat(r, STATS_PROBES), 5);
	assert_int_equal(rig_stat(r, STATS_REQUEST_GET), 0);
	assert_int_equal(rig_stat(r, STATS_MISSES), 0);
	assert_int_equal(rig_stat(r, STATS_ANSWER_HAVE), 0);
	assert_int_equal(rig_stat(r, STATS_DROP_DENIED), 1);
	assert_int_equal(rig_stat(r, STATS_DROP_BAD_SOURCE), 1);
	/* Nor do they use up what others may ask. */
	r->policy.allow_count = 2;
	rig_expect(r, STRANGER, GET_AA, NOBODY);
	rig_expect(r, STRANGER, GET_AA, NULL);
}

static void a_rate(void **state)
{
	struct rig *r = *state;

	r->policy.rate = 5;
	for (int i = 0; i < 5; i++)
		rig_expect(r, STRANGER, GET_AA, NOBODY);
	rig_expect(r, STRANGER, GET_AA, NULL);
	rig_expect(r, "192.0.2.1:9", GET_AA, NULL); /* another port is the same source */
	rig_expect(r, OTHER, GET_AA, NOBODY);
	assert_int_equal(rig_stat(r, STATS_DROP_RATE_LIMITED), 2);
	r->now.mono_us += 200000;
	rig_expect(r, STRANGER, GET_AA, NOBODY);
	rig_expect(r, STRANGER, GET_AA, NULL);
	/* What is no request does not count. */
	for (int i = 0; i < 20; i++) {
		rig_expect(r, OTHER, NOBODY, NULL);
		rig_expect(r, OTHER, "ff", NULL);
	}
	rig_expect(r, OTHER, GET_AA, NOBODY);
}

static void being_over_the_rate_is_told(void **state)
{
	struct rig *r = *state;

	r->policy.rate = 1;
	rig_send(r, STRANGER, GET_AA);
	rig_send(r, TRUSTED, GET_AA);
	rig_expect(r, STRANGER, PING, NULL); /* an ERROR would be longer */
	rig_expect(r, STRANGER, "1a 001e" TXID PADDING,
		"15 0016" TXID "0006 72617465206c696d69746564");
	rig_expect(r, TRUSTED, PING, "15 0016" TXID "0006 72617465206c696d69746564");
	assert_int_equal(rig_stat(r, STATS_DROP_RATE_LIMITED), 3);
	rig_expect(r, TRUSTED, "18 000c" TXID "00000001", NULL);
	rig_expect(r, TRUSTED, "03 0000", NULL);
}

static void wants_at_the_limit(void **state)
{
	struct rig *r = *state;
	struct flow flow = rig_flow(STRANGER);
	uint8_t want[] = {MSG_WANT, 0, 4, 0, 0, 0, 0};
	const uint16_t most = WATCH_MAX_SOURCE / 4 * 3;

	for (uint16_t i = 0; i < most; i++) {
		store_be16(want + 3, i);
		assert_int_equal(rig_input(r, &flow, want, sizeof(want)), 0);
	}
	assert_int_equal(rig_stat(r, STATS_REQUEST_WANT), most);
	rig_expect(r, STRANGER, "02 0001 bb", NULL);
	assert_int_equal(rig_stat(r, STATS_DROP_FULL), 1);
	rig_put_many(r, "bb", 0, 1);
	rig_expect(r, STRANGER, "02 0001 bb", "03 0010 00000000000000000000ffff0a010000");
	rig_expect(r, OTHER, "02 0001 cc", NULL);
	assert_int_equal(rig_stat(r, STATS_DROP_FULL), 1);
}

/* A few requests and answers of each kind, to be mutated. */
static const char *const samples[] = {
	GET_AA,
	"00 0004 deadbeef",
	"01 0011" IP_7 "aa",
	"01 0011" IP_8 "bb",
	"02 0001 aa",
	"02 0001 bb",
	"03 0010" IP_7,
	"04 0003 616263",
	"10 0011" TXID "0000 00000000 01 01aa",
	"10 0013" TXID "0001 00000000 02 01aa01bb",
	"12 0021" TXID "0000000a 0001" IP_7 "01 01aa",
	"12 0021 0111223344556677 0000000a 0002" IP_NONE "01 01bb",
	"13 001d" TXID "0001" IP_7 "01 01aa",
	"16 000f" TXID "0000000a 01 01aa",
	"16 000f 0111223344556677 00000000 01 01aa",
	"18 000c" TXID "00000001",
	"1a 001e" TXID PADDING,
	"1c 001e" TXID PADDING,
	"19 0018" TXID "00112233445566778899aabbccddeeff",
	"15 000a" TXID "0001",
	"10 0023" TXID "0000 00000000 01 01aa 01 10 00112233445566778899aabbccddeeff",
	"1a 0024" TXID "82 1a 01 6b 0000000000000000 00112233445566778899aabbccddeeff",
};

static size_t mutate(struct rng *rng, uint8_t *bytes, size_t len, size_t size)
{
	for (uint32_t n = rng_below(rng, 4); n > 0; n--) {
		size_t at = len ? rng_below(rng, (uint32_t)len) : 0;
		switch (rng_below(rng, 5)) {
		case 0:
			if (len)
				bytes[at] = (uint8_t)rng_u64(rng);
			break;
		case 1:
			if (len)
				bytes[at] = (uint8_t)(bytes[at] ^ 1u << rng_below(rng, 8));
			break;
		case 2: len = at; break;
		case 3:
			for (uint32_t more = rng_below(rng, 40); more && len < size; more--)
				bytes[len++] = (uint8_t)rng_u64(rng);
			break;
		case 4: bytes[0] = (uint8_t)rng_below(rng, 32); break;
		}
	}
	if (len >= 3 && rng_below(rng, 8))
		store_be16(bytes + 1, (uint16_t)(len - 3));
	return len;
}

/* The rig checks each datagram; here, that what was never put never comes out. */
static void any_bytes_at_all(void **state)
{
	static const char *const sources[] = {
		TRUSTED, STRANGER, OTHER, "[2001:db8::1]:7", "10.0.0.9:53"};
	struct rig *r = *state;
	struct rng rng;
	uint8_t bytes[1500];

	rng_init(&rng, test_seed());
	for (int i = 0; i < 60000; i++) {
		struct flow flow = rig_flow(sources[rng_below(&rng, COUNT(sources))]);
		const char *sample = samples[rng_below(&rng, COUNT(samples))];
		size_t len = rig_unhex(sample, bytes, sizeof(bytes));
		len = mutate(&rng, bytes, len, sizeof(bytes));
		rig_input(r, &flow, bytes, len);
		if (rng_below(&rng, 10) == 0)
			rig_tick(r, rng_below(&rng, 3000));
	}
	rig_expect(r, TRUSTED, "00 0006 666666666666", NOBODY);
}

/* Asking for memory early changes nothing, whatever the bytes are. */
static void prefetching(void **state)
{
	struct rig *r = *state;
	struct span datagrams[100];
	struct rng rng;

	rng_init(&rng, test_seed());
	rig_put_many(r, "aa", 0, 10);
	for (int round = 0; round < 200; round++) {
		uint8_t bytes[1500];
		for (size_t i = 0; i < COUNT(datagrams); i++) {
			const char *sample = samples[rng_below(&rng, COUNT(samples))];
			size_t len = rig_unhex(sample, bytes, sizeof(bytes));
			len = mutate(&rng, bytes, len, 100);
			uint8_t *exact = malloc(len ? len : 1);
			assert_non_null(exact);
			memcpy(exact, bytes, len);
			datagrams[i] = (struct span){exact, len};
		}
		lane_prefetch(r->lane, datagrams, rng_below(&rng, COUNT(datagrams) + 1));
		for (size_t i = 0; i < COUNT(datagrams); i++)
			free((void *)(uintptr_t)datagrams[i].p);
	}
	assert_int_equal(rig_counted(r), 10);
	assert_int_equal(server_table_usage(r->server).records, 10);
}

/* An answer that comes back, as from a spoofed source that is another server, ends there. */
static void two_servers_do_not_talk(void **state)
{
	struct rig *r = *state;
	struct flow flow = rig_flow(TRUSTED);
	uint8_t echo[RIG_DATAGRAM];

	rig_put_many(r, "aa", 0, 200);
	for (size_t i = 0; i < COUNT(samples); i++) {
		size_t n = rig_send(r, TRUSTED, samples[i]);
		for (size_t item = 0; item < n; item++) {
			size_t len = r->items[item].len;
			memcpy(echo, outbox_bytes(&r->out, item), len);
			assert_int_equal(rig_input(r, &flow, echo, len), 0);
			rig_send(r, TRUSTED, samples[i]);
		}
	}
}

static uint64_t run_hash(uint64_t seed)
{
	struct rig *r = rig_new();
	struct rng rng;
	uint8_t bytes[1500];
	uint64_t hash = 0;

	rng_init(&rng, seed);
	rig_put_many(r, "aa", 0, 300);
	for (int i = 0; i < 3000; i++) {
		struct flow flow = rig_flow(rng_below(&rng, 2) ? TRUSTED : STRANGER);
		const char *sample = samples[rng_below(&rng, COUNT(samples))];
		size_t len = mutate(
			&rng, bytes, rig_unhex(sample, bytes, sizeof(bytes)), sizeof(bytes));
		rig_input(r, &flow, bytes, len);
		if (rng_below(&rng, 4) == 0)
			rig_tick(r, rng_below(&rng, 1500));
		for (size_t item = 0; item < r->out.count; item++)
			for (size_t at = 0; at < r->items[item].len; at++)
				hash = hash * 31 + outbox_bytes(&r->out, item)[at];
	}
	rig_free(r);
	return hash;
}

static void the_same_input_gives_the_same_output(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	assert_int_equal(run_hash(seed), run_hash(seed));
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG_TEST(sources_that_are_no_host),
		RIG_TEST(sources_that_are_not_allowed),
		RIG_TEST(own_requests_meet_no_policy),
		RIG_TEST(a_rate),
		RIG_TEST(being_over_the_rate_is_told),
		RIG_TEST(wants_at_the_limit),
		RIG_TEST(any_bytes_at_all),
		RIG_TEST(prefetching),
		RIG_TEST(two_servers_do_not_talk),
		cmocka_unit_test(the_same_input_gives_the_same_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
