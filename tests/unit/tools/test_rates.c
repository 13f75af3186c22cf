/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <string.h>

#include "tools/dhtctl/rates.h"

static json_t *stats(int requests, int drops, int hits, int records)
{
	return json_pack("{s:{s:i, s:i}, s:{s:i}, s:{s:i}, s:{s:i, s:i}, s:i, s:i}", "requests",
		"get", requests, "put", 1, "answers", "have", requests * 2, "drops", "short", drops,
		"events", "hits", hits, "misses", 5, "records", records, "memoryBytes", 3 << 20);
}

static void assert_line(json_t *before, json_t *after, uint64_t ms, const char *expected)
{
	char line[RATES_LINE_MAX];

	rates_line(before, after, ms, line);
	assert_string_equal(line, expected);
	assert_int_equal(strlen(line), strlen(rates_head));
	json_decref(before);
	json_decref(after);
}

static void rates_are_per_second(void **state)
{
	(void)state;
	assert_line(stats(100, 7, 0, 1), stats(350, 9, 1, 12), 1000,
		"       250        500          2          1          0         12    3.0 MiB");
	assert_line(stats(0, 0, 0, 0), stats(10, 0, 0, 0), 500,
		"        20         40          0          0          0          0    3.0 MiB");
	assert_line(stats(0, 0, 0, 0), stats(10, 3, 0, 0), 2000,
		"         5         10          2          0          0          0    3.0 MiB");
}

/* Another daemon has begun to count anew. */
static void what_went_back_is_no_rate(void **state)
{
	(void)state;
	assert_line(stats(100, 7, 4, 1), stats(3, 0, 0, 0), 1000,
		"         0          0          0          0          0          0    3.0 MiB");
	assert_line(json_object(), json_object(), 0,
		"         0          0          0          0          0          0        0 B");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_per_second),
		cmocka_unit_test(what_went_back_is_no_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
