/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"

#include "../unit.h"

static void every_byte_there_and_back(void **state)
{
	uint8_t bytes[256], back[256];
	char text[2 * sizeof(bytes) + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	hex_encode(bytes, sizeof(bytes), text);
	assert_int_equal(strlen(text), 2 * sizeof(bytes));
	assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_string_equal(text + 2 * 0xf8, "f8f9fafbfcfdfeff");
	assert_int_equal(hex_decode(text, strlen(text), back, sizeof(back)), sizeof(bytes));
	assert_memory_equal(back, bytes, sizeof(bytes));
}

static void both_cases_are_read(void **state)
{
	static const uint8_t want[] = {0xde, 0xad, 0xbe, 0xef};
	uint8_t got[4];

	(void)state;
	assert_int_equal(hex_decode("DeAdbEEf", 8, got, sizeof(got)), 4);
	assert_memory_equal(got, want, sizeof(want));
}

static void nothing_is_written_as_nothing(void **state)
{
	char text[2] = "x";
	uint8_t byte = 7;

	(void)state;
	hex_encode(&byte, 0, text);
	assert_string_equal(text, "");
	assert_int_equal(hex_decode("", 0, &byte, 0), 0);
	assert_int_equal(byte, 7);
}

static void only_text_len_counts(void **state)
{
	uint8_t got[2] = {0, 7};

	(void)state;
	assert_int_equal(hex_decode("abzz", 2, got, sizeof(got)), 1);
	assert_int_equal(got[0], 0xab);
	assert_int_equal(got[1], 7);
}

static void what_is_refused(void **state)
{
	uint8_t got[4];

	(void)state;
	assert_int_equal(hex_decode("abc", 3, got, sizeof(got)), DHT_EMALFORMED);
	assert_int_equal(hex_decode("0x", 2, got, sizeof(got)), DHT_EMALFORMED);
	assert_int_equal(hex_decode("0011223344", 10, got, sizeof(got)), DHT_ESPACE);
	for (int c = 0; c < 256; c++) {
		char text[2] = {'0', (char)c};
		bool digit = c != 0 && strchr("0123456789abcdefABCDEF", c);
		assert_int_equal(hex_decode(text, 2, got, sizeof(got)), digit ? 1 : DHT_EMALFORMED);
		char swapped[2] = {(char)c, '0'};
		assert_int_equal(
			hex_decode(swapped, 2, got, sizeof(got)), digit ? 1 : DHT_EMALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_there_and_back),
		cmocka_unit_test(both_cases_are_read),
		cmocka_unit_test(nothing_is_written_as_nothing),
		cmocka_unit_test(only_text_len_counts),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
