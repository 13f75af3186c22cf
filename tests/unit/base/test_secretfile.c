/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <string.h>
#include <sys/stat.h>

#include "base/secretfile.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F"

static void modes(void **state)
{
	static const mode_t good[] = {0400, 0600, 0440, 0640, 0700, 0750, 0601};
	static const mode_t bad[] = {0644, 0604, 0602, 0620, 0660, 0666, 0777};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(secretfile_mode_ok(S_IFREG | good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(secretfile_mode_ok(S_IFREG | bad[i]));
}

static void a_key_is_read(void **state)
{
	static const char *const lines[] = {
		"lab " KEY, " lab\t " KEY " \r\n", "lab " KEY "# since May", "lab " KEY " # 7"};
	struct named_key k;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_null(secretfile_key(lines[i], &k));
		assert_int_equal(k.name_len, 3);
		assert_string_equal(k.name, "lab");
		for (uint8_t j = 0; j < NAMED_KEY_LEN; j++)
			assert_int_equal(k.key[j], j);
	}
}

static void a_line_can_have_none(void **state)
{
	static const char *const lines[] = {"", " \t\r\n", "# lab " KEY};
	struct named_key k;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_null(secretfile_key(lines[i], &k));
		assert_int_equal(k.name_len, 0);
	}
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *line, *wrong;
	} cases[] = {
		{"lab", "must be a name and 64 hexadecimal digits"},
		{KEY, "must be a name and 64 hexadecimal digits"},
		{"lab #" KEY, "must be a name and 64 hexadecimal digits"},
		{"lab " KEY " x", "has more than a name and a key"},
		{"lab " KEY "00", "the key must be 64 hexadecimal digits"},
		{"lab 00", "the key must be 64 hexadecimal digits"},
		{"lab x" KEY, "the key must be 64 hexadecimal digits"},
		{"\xff " KEY, "the name is not UTF-8"},
		{KEY "n " KEY, "the name is longer than 64 bytes"},
	};
	struct named_key k;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(secretfile_key(cases[i].line, &k), cases[i].wrong);
		assert_int_equal(k.name_len, 0);
	}
	assert_null(secretfile_key(KEY " " KEY, &k));
	assert_int_equal(k.name_len, NAMED_KEY_NAME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(a_key_is_read),
		cmocka_unit_test(a_line_can_have_none),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
