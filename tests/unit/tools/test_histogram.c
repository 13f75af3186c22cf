/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <string.h>

#include "tools/dht/histogram.h"

static struct histogram a, b;

static void an_empty_one_is_zero(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	assert_int_equal(histogram_percentile(&a, 5000), 0);
}

static void small_values_are_exact(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	for (uint64_t v = 1; v <= 100; v++)
		histogram_add(&a, v);
	assert_int_equal(histogram_percentile(&a, 0), 1);
	assert_int_equal(histogram_percentile(&a, 100), 1);
	assert_int_equal(histogram_percentile(&a, 101), 2);
	assert_int_equal(histogram_percentile(&a, 5000), 50);
	assert_int_equal(histogram_percentile(&a, 9900), 99);
	assert_int_equal(histogram_percentile(&a, 9990), 100);
	assert_int_equal(histogram_percentile(&a, 10000), 100);
}

/* The percentile is not below the value, and above it by less than a 64th. */
static void large_values_are_near(void **state)
{
	(void)state;
	for (uint64_t v = 1; v < UINT64_C(1) << HISTOGRAM_MAX_BITS; v += v / 7 + 1) {
		uint64_t p;

		memset(&a, 0, sizeof(a));
		histogram_add(&a, v);
		histogram_add(&a, UINT64_MAX);
		p = histogram_percentile(&a, 5000);
		assert_true(p >= v && p - v <= v / 64);
		assert_int_equal(a.max, (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1);
	}
}

static void two_are_merged(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	for (uint64_t v = 1; v <= 50; v++) {
		histogram_add(&a, v);
		histogram_add(&b, 50 + v);
	}
	histogram_merge(&a, &b);
	assert_int_equal(a.total, 100);
	assert_int_equal(a.max, 100);
	assert_int_equal(histogram_percentile(&a, 9000), 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_is_zero),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(large_values_are_near),
		cmocka_unit_test(two_are_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
