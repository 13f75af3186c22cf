/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/token.h"

#include <string.h>

#include "base/bytes.h"

#include "../unit.h"

#define NOW UINT64_C(1750000000)
#define MID (NOW - NOW % TOKEN_EPOCH_S + 300) /* in the middle of an epoch */

static const uint8_t master[TOKEN_KEY_LEN] = {1, 2, 3};

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static void a_cookie_is_good(void **state)
{
	struct ip ip = ip_of("192.0.2.1");
	uint8_t cookie[MSG_COOKIE_LEN];
	struct token t;

	(void)state;
	token_init(&t, master);
	token_make(&t, &ip, MID, cookie);
	assert_int_equal(load_be32(cookie), MID);
	assert_true(token_check(&t, &ip, MID, cookie));
	assert_true(token_check(&t, &ip, MID + 60, cookie));
}

static void its_age(void **state)
{
	struct ip ip = ip_of("2001:db8::1");
	uint8_t cookie[MSG_COOKIE_LEN];
	struct token t;

	(void)state;
	token_init(&t, master);
	token_make(&t, &ip, MID, cookie);
	/* Until the end of the next epoch. */
	assert_true(token_check(&t, &ip, MID + 899, cookie));
	assert_false(token_check(&t, &ip, MID + 900, cookie));
	/* From a server whose clock is ahead, also across the border of an epoch. */
	assert_true(token_check(&t, &ip, MID - 60, cookie));
	assert_false(token_check(&t, &ip, MID - 61, cookie));
	token_make(&t, &ip, MID + 310, cookie);
	assert_true(token_check(&t, &ip, MID + 290, cookie));
	token_make(&t, &ip, MID, cookie);
	assert_false(token_check(&t, &ip, 0, cookie));
	assert_false(token_check(&t, &ip, MID * 4, cookie));
}

static void near_the_beginning_of_time(void **state)
{
	struct ip ip = ip_of("192.0.2.1");
	uint8_t cookie[MSG_COOKIE_LEN];
	struct token t;

	(void)state;
	token_init(&t, master);
	token_make(&t, &ip, 5, cookie);
	assert_true(token_check(&t, &ip, 5, cookie));
	store_be32(cookie, UINT32_MAX); /* before 1970 */
	assert_false(token_check(&t, &ip, 5, cookie));
	/* TIME is 32 bits: that it wraps in 2106 is not noticed. */
	token_make(&t, &ip, UINT64_C(0xfffffff0), cookie);
	assert_true(token_check(&t, &ip, UINT64_C(0x100000010), cookie));
	token_make(&t, &ip, UINT64_C(0x100000001), cookie);
	assert_true(token_check(&t, &ip, UINT64_C(0x100000002), cookie));
}

static void any_change_spoils_it(void **state)
{
	struct ip ip = ip_of("192.0.2.1"), other = ip_of("192.0.2.2");
	uint8_t cookie[MSG_COOKIE_LEN];
	struct token t;

	(void)state;
	token_init(&t, master);
	token_make(&t, &ip, MID, cookie);
	assert_false(token_check(&t, &other, MID, cookie));
	for (size_t bit = 0; bit < 8 * sizeof(cookie); bit++) {
		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(token_check(&t, &ip, MID, cookie));
		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(token_check(&t, &ip, MID, cookie));
}

static void servers_of_one_cluster(void **state)
{
	static const uint8_t other_master[TOKEN_KEY_LEN] = {1, 2, 4};
	struct ip ip = ip_of("192.0.2.1");
	uint8_t cookie[MSG_COOKIE_LEN];
	struct token a, b, c;

	(void)state;
	token_init(&a, master);
	token_init(&b, master);
	token_init(&c, other_master);
	token_make(&a, &ip, MID, cookie);
	assert_true(token_check(&b, &ip, MID + 3, cookie));
	assert_false(token_check(&c, &ip, MID + 3, cookie));
}

/* The caches of two epochs give what no cache would. */
static void through_many_epochs(void **state)
{
	struct ip ip = ip_of("192.0.2.1");
	uint8_t old[MSG_COOKIE_LEN], cookie[MSG_COOKIE_LEN], fresh[MSG_COOKIE_LEN];
	struct token t, none;

	(void)state;
	token_init(&t, master);
	token_make(&t, &ip, MID - TOKEN_EPOCH_S, old);
	for (uint64_t now = MID; now < MID + 20 * TOKEN_EPOCH_S; now += TOKEN_EPOCH_S) {
		token_init(&none, master);
		token_make(&t, &ip, now, cookie);
		token_make(&none, &ip, now, fresh);
		assert_memory_equal(cookie, fresh, sizeof(cookie));
		assert_true(token_check(&t, &ip, now, old));
		assert_true(token_check(&t, &ip, now, cookie));
		memcpy(old, cookie, sizeof(old));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_is_good),
		cmocka_unit_test(its_age),
		cmocka_unit_test(near_the_beginning_of_time),
		cmocka_unit_test(any_change_spoils_it),
		cmocka_unit_test(servers_of_one_cluster),
		cmocka_unit_test(through_many_epochs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
