/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/auth.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "wire/build.h"

#include "../unit.h"

static const uint8_t secret[16] = {1, 2, 3};

static const struct auth_key keys[] = {
	{.name_len = 3, .name = "one", .key = {1}},
	{.name_len = 3, .name = "two", .key = {2}},
	{.name_len = 0, .name = "", .key = {3}},
};

struct fixture {
	struct recent *seen;
	struct now now;
	uint8_t bytes[256];
	struct span datagram;
	struct options options;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.now = {.mono_us = 5000000, .wall_ms = 1750000000500}};
	f.seen = recent_new(secret, AUTH_SEEN_MS);
	*state = &f;
	return f.seen ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	recent_free(f->seen);
	return 0;
}

static struct span name_of(const char *name)
{
	return (struct span){(const uint8_t *)name, strlen(name)};
}

/* A PING with AUTH, and what its options say. */
static void make(struct fixture *f, const char *name, const uint8_t *key, uint64_t time_s)
{
	static const uint8_t txid[MSG_TXID_LEN] = {0};
	struct writer w = build_start(f->bytes, sizeof(f->bytes), MSG_PING, txid);
	uint8_t *mac = write_auth_option(&w, name_of(name), time_s);

	assert_non_null(mac);
	f->datagram = (struct span){f->bytes, (size_t)build_finish(&w)};
	auth_mac(key, f->datagram, mac, mac);
	assert_int_equal(
		options_parse((struct span){f->bytes + 11, f->datagram.len - 11}, &f->options), 0);
}

static int check(struct fixture *f)
{
	return auth_check(keys, COUNT(keys), f->datagram, &f->options, f->seen, &f->now);
}

static void the_mac_is_blake2b(void **state)
{
	struct fixture *f = *state;
	uint8_t mac[OPTION_MAC_LEN], expected[OPTION_MAC_LEN], zeroed[256];

	make(f, "one", keys[0].key, 1750000000);
	memcpy(zeroed, f->bytes, f->datagram.len);
	memset(zeroed + f->datagram.len - OPTION_MAC_LEN, 0, OPTION_MAC_LEN);
	crypto_generichash(
		expected, sizeof(expected), zeroed, f->datagram.len, keys[0].key, AUTH_KEY_LEN);
	assert_memory_equal(f->options.mac, expected, sizeof(expected));
	auth_mac(keys[0].key, f->datagram, f->options.mac, mac);
	assert_memory_equal(mac, expected, sizeof(expected));
}

static void each_key_by_its_name(void **state)
{
	make(*state, "one", keys[0].key, 1750000000);
	assert_int_equal(check(*state), 0);
	make(*state, "two", keys[1].key, 1750000000);
	assert_int_equal(check(*state), 0);
	make(*state, "two", keys[0].key, 1750000000);
	assert_int_equal(check(*state), DHT_EAUTH);
	make(*state, "three", keys[0].key, 1750000000);
	assert_int_equal(check(*state), DHT_EAUTH);
	make(*state, "tw", keys[1].key, 1750000000);
	assert_int_equal(check(*state), DHT_EAUTH);
	/* Nobody is called nothing. */
	make(*state, "", keys[2].key, 1750000000);
	assert_int_equal(check(*state), DHT_EAUTH);
}

static void any_change_spoils_it(void **state)
{
	struct fixture *f = *state;

	make(f, "one", keys[0].key, 1750000000);
	for (size_t bit = 0; bit < 8 * f->datagram.len; bit++) {
		f->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(check(f), DHT_EAUTH);
		f->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* What was refused is not taken for seen. */
	assert_int_equal(check(f), 0);
}

static void the_time(void **state)
{
	static const struct {
		uint64_t time_s;
		int result;
	} times[] = {
		{1750000000 - 61, DHT_EAUTH},
		{1750000000 - 60, 0},
		{1750000000 + 60, 0},
		{1750000000 + 61, DHT_EAUTH},
		{0, DHT_EAUTH},
		{UINT64_MAX, DHT_EAUTH},
	};

	for (size_t i = 0; i < COUNT(times); i++) {
		make(*state, "one", keys[0].key, times[i].time_s);
		assert_int_equal(check(*state), times[i].result);
	}
}

/* As long as its time is good, a MAC is known to have been seen. */
static void once_only(void **state)
{
	struct fixture *f = *state;

	make(f, "one", keys[0].key, 1750000000 + 60);
	assert_int_equal(check(f), 0);
	for (int i = 0; i <= 120; i++) {
		assert_int_equal(check(f), DHT_ESTALE);
		f->now.mono_us += 1000000;
		f->now.wall_ms += 1000;
	}
	assert_int_equal(check(f), DHT_EAUTH);
}

#define AUTH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		AUTH_TEST(the_mac_is_blake2b),
		AUTH_TEST(each_key_by_its_name),
		AUTH_TEST(any_change_spoils_it),
		AUTH_TEST(the_time),
		AUTH_TEST(once_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
