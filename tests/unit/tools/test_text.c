/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>
#include <string.h>

#include "tools/common/text.h"

static void controls_become_question_marks(void **state)
{
	char text[] = "a\tb\nc\033d\x7f\xc2\x85\xc3\xa9", other[sizeof(text)], cut[] = "\xc2";

	(void)state;
	strcpy(other, text);
	text_clean(text, true);
	assert_string_equal(text, "a?b?c?d???\xc3\xa9");
	text_clean(other, false);
	assert_string_equal(other, "a\tb?c\033d\x7f\xc2\x85\xc3\xa9");
	text_clean(cut, true);
	assert_string_equal(cut, "\xc2");
}

/* A file's name may have any bytes. 0x9b is CSI for a terminal that does not speak UTF-8. */
static void bytes_that_are_no_text_do_nothing_to_a_terminal(void **state)
{
	char text[] = "a\x9b"
		      "31m\xff\x85\xe2\x82\x9b\xe2\x9b\xc3\x9b\xe2\x82\xac";

	(void)state;
	text_clean(text, true);
	assert_string_equal(text, "a?31m\xff?\xe2\x82\x9b\xe2?\xc3\x9b\xe2\x82\xac");
}

static void characters_are_counted(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("\xc3\xa9\xe2\x82\xac"), 2);
}

static void durations_are_short(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {{0, "0s"}, {59, "59s"}, {60, "1m"}, {1798, "29m 58s"}, {3600, "1h"},
		{3601, "1h"}, {3660, "1h 1m"}, {86400, "1d"}, {97200, "1d 3h"}};
	char text[TEXT_DURATION_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		text_duration(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
	}
	text_duration(UINT64_MAX, text);
	text_micros(999, text);
	assert_string_equal(text, "999 us");
	text_micros(1234, text);
	assert_string_equal(text, "1.23 ms");
	text_micros(2500000, text);
	assert_string_equal(text, "2.50 s");
}

static void sizes_are_short(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {1536, "1.5 KiB"},
		{64u << 20, "64.0 MiB"}, {UINT64_C(3) << 30, "3.0 GiB"},
		{UINT64_C(5) << 50, "5120.0 TiB"}};
	char text[TEXT_DURATION_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		text_bytes(cases[i].bytes, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void times_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {{"0", 0}, {"5", 5000}, {"500ms", 500}, {"30s", 30000}, {"10m", 600000},
		{"2h", 7200000}, {"1d", 86400000}};
	static const char *const bad[] = {"", "s", "-1s", "1.5s", " 1s", "1 s", "1S", "1w", "1sm",
		"99999999999999999999s", "999999999999999d"};
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(text_parse_ms(good[i].text, &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(text_parse_ms(bad[i], &ms));
}

static void numbers_are_read(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", "1x", "x", " 1", "0x10", "256",
		"18446744073709551616", "99999999999999999999"};
	uint64_t v;

	(void)state;
	assert_true(text_parse_number("255", 255, &v));
	assert_int_equal(v, 255);
	assert_true(text_parse_number("000", 255, &v));
	assert_true(text_parse_number("18446744073709551615", UINT64_MAX, &v));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(text_parse_number(bad[i], 255, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls_become_question_marks),
		cmocka_unit_test(bytes_that_are_no_text_do_nothing_to_a_terminal),
		cmocka_unit_test(characters_are_counted),
		cmocka_unit_test(durations_are_short),
		cmocka_unit_test(sizes_are_short),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(numbers_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
