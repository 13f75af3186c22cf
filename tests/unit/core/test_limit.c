/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/limit.h"

#include "base/bytes.h"
#include "base/rng.h"

#include "../test_seed.h"
#include "../unit.h"

#define SECOND UINT64_C(1000000)

static const uint8_t secret[16] = {1, 2, 3};

static int setup(void **state)
{
	*state = limit_new(secret);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	limit_free(*state);
	return 0;
}

static struct ip v4(uint32_t n)
{
	uint8_t b[4];

	store_be32(b, n);
	return ip_from_v4(b);
}

static unsigned allowed(
	struct limit *l, const struct ip *ip, uint32_t rate, uint64_t now_us, unsigned tries)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += limit_allow(l, ip, rate, now_us);
	return n;
}

static void a_burst_and_then_the_rate(void **state)
{
	struct ip ip = v4(1);
	uint64_t now = 5 * SECOND;

	assert_int_equal(allowed(*state, &ip, 10, now, 100), 10);
	assert_int_equal(allowed(*state, &ip, 10, now + SECOND / 10, 100), 1);
	assert_int_equal(allowed(*state, &ip, 10, now + SECOND / 2, 100), 4);
	/* Being refused costs nothing; a long silence saves up one second's worth. */
	assert_int_equal(allowed(*state, &ip, 10, now + 1000 * SECOND, 100), 10);
}

static void rates(void **state)
{
	static const uint32_t rates[] = {1, 2, 3, 7, 100, 9999, 1000000};

	for (uint32_t i = 0; i < COUNT(rates); i++) {
		struct ip ip = v4(i);
		unsigned n = 0, offered = 0;
		/* Twice the rate for three seconds: the burst, and three seconds' worth. */
		for (uint64_t at = 0; at < 2 * 3 * (uint64_t)rates[i]; at++, offered++)
			n += limit_allow(
				*state, &ip, rates[i], SECOND + at * SECOND / (2 * rates[i]));
		assert_true(n <= 4 * rates[i] && n <= offered);
		assert_true(n >= 3 * (uint64_t)rates[i] * 99 / 100);
	}
}

static void a_very_high_rate_is_none(void **state)
{
	struct ip ip = v4(1);

	assert_int_equal(allowed(*state, &ip, UINT32_MAX, SECOND, 100000), 100000);
}

static void sources_are_apart(void **state)
{
	struct ip a = v4(1), b = v4(2);

	assert_int_equal(allowed(*state, &a, 5, SECOND, 20), 5);
	assert_int_equal(allowed(*state, &b, 5, SECOND, 20), 5);
}

static void an_ipv6_network_is_one_source(void **state)
{
	struct ip a, b, c;

	assert_int_equal(ip_parse("2001:db8:0:1::1", &a), 0);
	assert_int_equal(ip_parse("2001:db8:0:1:ffff::2", &b), 0);
	assert_int_equal(ip_parse("2001:db8:0:2::1", &c), 0);
	assert_int_equal(allowed(*state, &a, 5, SECOND, 3), 3);
	assert_int_equal(allowed(*state, &b, 5, SECOND, 20), 2);
	assert_int_equal(allowed(*state, &c, 5, SECOND, 20), 5);
}

/* A flood from everywhere makes the table forget, which only forgives: nobody who keeps to the
 * rate is refused more than now and then, for sharing a slot. */
static void a_flood_from_everywhere(void **state)
{
	struct ip honest = v4(0x0a000001);
	unsigned refused = 0;
	struct rng rng;

	rng_init(&rng, test_seed());
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t now = SECOND + i * SECOND / 5;
		for (unsigned j = 0; j < 1000; j++) {
			struct ip ip = v4((uint32_t)rng_u64(&rng));
			limit_allow(*state, &ip, 5, now);
		}
		refused += !limit_allow(*state, &honest, 5, now);
	}
	assert_true(refused <= 5);
}

#define LIMIT_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LIMIT_TEST(a_burst_and_then_the_rate),
		LIMIT_TEST(rates),
		LIMIT_TEST(a_very_high_rate_is_none),
		LIMIT_TEST(sources_are_apart),
		LIMIT_TEST(an_ipv6_network_is_one_source),
		LIMIT_TEST(a_flood_from_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
