/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <string.h>

#include "base/clusterkey.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F"

static void a_key_is_read(void **state)
{
	static const char *const lines[] = {
		KEY, " \t" KEY " \r", KEY "\r\n", KEY "# of May", KEY " # of May"};
	uint8_t key[CLUSTERKEY_LEN];
	bool found;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		memset(key, 0xff, sizeof(key));
		assert_null(clusterkey_line(lines[i], key, &found));
		assert_true(found);
		for (uint8_t j = 0; j < CLUSTERKEY_LEN; j++)
			assert_int_equal(key[j], j);
	}
}

static void a_line_can_have_none(void **state)
{
	static const char *const lines[] = {"", " \t\r\n", "# " KEY, "  #", "#" KEY};
	uint8_t key[CLUSTERKEY_LEN];
	bool found;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		found = true;
		assert_null(clusterkey_line(lines[i], key, &found));
		assert_false(found);
	}
}

static void what_is_no_key_is_told(void **state)
{
	static const char *const lines[] = {
		"x", "00", KEY "0", KEY "00", KEY " " KEY, KEY " x # y", "g" KEY};
	uint8_t key[CLUSTERKEY_LEN];
	bool found;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_non_null(clusterkey_line(lines[i], key, &found));
		assert_false(found);
	}
}

/* printf '…' | xxd -r -p | b2sum -l 256 */
static void an_id_is_the_first_byte_of_its_hash(void **state)
{
	uint8_t key[CLUSTERKEY_LEN] = {0};

	(void)state;
	assert_int_equal(clusterkey_id(key), 0x89);
	for (uint8_t j = 0; j < CLUSTERKEY_LEN; j++)
		key[j] = j;
	assert_int_equal(clusterkey_id(key), 0xcb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_read),
		cmocka_unit_test(a_line_can_have_none),
		cmocka_unit_test(what_is_no_key_is_told),
		cmocka_unit_test(an_id_is_the_first_byte_of_its_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
