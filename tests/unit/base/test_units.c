/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "base/rng.h"
#include "base/units.h"

#include "../test_seed.h"
#include "../unit.h"

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		{"0", 0},
		{"0s", 0},
		{"00", 0},
		{"1ms", 1},
		{"500ms", 500},
		{"30s", 30000},
		{"30m", 1800000},
		{"24h", 86400000},
		{"7d", 604800000},
		{"007s", 7000},
		{"18446744073709551615ms", UINT64_MAX},
		{"213503982334d", UINT64_C(213503982334) * 86400000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t ms = 4711;
		assert_int_equal(duration_parse(cases[i].text, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void durations_are_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"", DHT_EMALFORMED},
		{"s", DHT_EMALFORMED},
		{"-1s", DHT_EMALFORMED},
		{"+1s", DHT_EMALFORMED},
		{" 1s", DHT_EMALFORMED},
		{"30", DHT_EUNITS},
		{"30 s", DHT_EUNITS},
		{"30s ", DHT_EUNITS},
		{"1.5s", DHT_EUNITS},
		{"30S", DHT_EUNITS},
		{"30sec", DHT_EUNITS},
		{"1h30m", DHT_EUNITS},
		{"0x10s", DHT_EUNITS},
		{"18446744073709551616ms", DHT_ERANGE},
		{"18446744073709552s", DHT_ERANGE},
		{"213503982335d", DHT_ERANGE},
		{"99999999999999999999999d", DHT_ERANGE},
	};
	uint64_t ms = 4711;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(duration_parse(cases[i].text, &ms), cases[i].err);
	assert_int_equal(ms, 4711);
}

static void durations_are_written_short(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1ms"},
		{1500, "1500ms"},
		{90000, "90s"},
		{1800000, "30m"},
		{5400000, "90m"},
		{3600000, "1h"},
		{86400000, "24h"},
		{604800000, "7d"},
		{UINT64_MAX, "18446744073709551615ms"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[UNITS_TEXT_MAX];
		duration_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void sizes_are_read_and_written(void **state)
{
	static const struct {
		const char *in;
		uint64_t bytes;
		const char *out;
	} cases[] = {
		{"0", 0, "0"},
		{"0K", 0, "0"},
		{"1", 1, "1"},
		{"1000", 1000, "1000"},
		{"1024", 1024, "1K"},
		{"64M", 67108864, "64M"},
		{"1536K", 1572864, "1536K"},
		{"2G", UINT64_C(2) << 30, "2G"},
		{"1T", UINT64_C(1) << 40, "1T"},
		{"1024T", UINT64_C(1) << 50, "1024T"},
		{"18446744073709551615", UINT64_MAX, "18446744073709551615"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[UNITS_TEXT_MAX];
		uint64_t bytes = 4711;
		assert_int_equal(size_parse(cases[i].in, &bytes), 0);
		assert_int_equal(bytes, cases[i].bytes);
		size_format(bytes, text);
		assert_string_equal(text, cases[i].out);
	}
}

static void sizes_are_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"", DHT_EMALFORMED},
		{"M", DHT_EMALFORMED},
		{"-1", DHT_EMALFORMED},
		{"64m", DHT_EUNITS},
		{"64MB", DHT_EUNITS},
		{"64 M", DHT_EUNITS},
		{"1.5G", DHT_EUNITS},
		{"18446744073709551616", DHT_ERANGE},
		{"16777216T", DHT_ERANGE},
	};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(size_parse(cases[i].text, &bytes), cases[i].err);
}

static void what_is_written_reads_the_same(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (int i = 0; i < 20000; i++) {
		char text[UNITS_TEXT_MAX];
		uint64_t v = rng_u64(&rng) >> rng_below(&rng, 64), back;
		if (rng_below(&rng, 2) && v < UINT64_MAX / 86400000)
			v *= 86400000;
		duration_format(v, text);
		assert_int_equal(duration_parse(text, &back), 0);
		assert_int_equal(back, v);
		size_format(v, text);
		assert_int_equal(size_parse(text, &back), 0);
		assert_int_equal(back, v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(durations_are_refused),
		cmocka_unit_test(durations_are_written_short),
		cmocka_unit_test(sizes_are_read_and_written),
		cmocka_unit_test(sizes_are_refused),
		cmocka_unit_test(what_is_written_reads_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
