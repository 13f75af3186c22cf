/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/hex.h"
#include "base/keyed.h"

#include "../unit.h"

static const uint8_t key[KEYED_KEY_LEN] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* 00, 01, 02, … */
static const uint8_t *counting(size_t len)
{
	static uint8_t bytes[256];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)i;
	return bytes;
}

/* Appendix A of the paper has a129ca6149be45e5, its bytes read as a little-endian number. */
static void hash64_is_siphash_2_4(void **state)
{
	(void)state;
	assert_int_equal(keyed_hash64(key, counting(15), 15), UINT64_C(0xe545be4961ca29a1));
	assert_int_equal(keyed_hash64(key, "", 0), UINT64_C(0x310e0edd47db6f72));
	assert_int_equal(keyed_hash64(key, counting(63), 63), UINT64_C(0x724506eb4c328a95));
}

/* vectors.h of the reference implementation (github.com/veorq/SipHash), vectors_sip128. */
static void tag_is_siphash_128(void **state)
{
	static const struct {
		size_t len;
		const char *want;
	} cases[] = {
		{0, "a3817f04ba25a8e66df67214c7550293"},
		{15, "5493e99933b0a8117e08ec0f97cfc3d9"},
		{63, "5150d1772f50834a503e069a973fbd7c"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t tag[16];
		char text[33];
		keyed_tag(key, counting(cases[i].len), cases[i].len, tag);
		hex_encode(tag, sizeof(tag), text);
		assert_string_equal(text, cases[i].want);
	}
}

static void the_key_matters(void **state)
{
	uint8_t other[KEYED_KEY_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(other); i++) {
		memcpy(other, key, sizeof(other));
		other[i] ^= 0x80;
		assert_int_not_equal(keyed_hash64(other, "x", 1), keyed_hash64(key, "x", 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash64_is_siphash_2_4),
		cmocka_unit_test(tag_is_siphash_128),
		cmocka_unit_test(the_key_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
