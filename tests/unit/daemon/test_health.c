/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "daemon/health.h"

#include "../unit.h"

#define SECOND UINT64_C(1000000)

static size_t reasons_of(const struct health *h, char out[HEALTH_TROUBLES][HEALTH_REASON_MAX])
{
	return health_reasons(h, out);
}

static void nothing_wrong_is_healthy(void **state)
{
	char out[HEALTH_TROUBLES][HEALTH_REASON_MAX];
	struct health h = {0};

	(void)state;
	assert_int_equal(reasons_of(&h, out), 0);
	health_observe(&h, &(struct health_facts){.now_us = 5 * SECOND});
	assert_int_equal(reasons_of(&h, out), 0);
}

/* Counted from before the trouble began, and forgotten a window after it ended. */
static void what_grew_within_the_window_is_told(void **state)
{
	char out[HEALTH_TROUBLES][HEALTH_REASON_MAX];
	struct health h = {0};

	(void)state;
	health_observe(&h, &(struct health_facts){.now_us = 1 * SECOND, .refused = 7});
	health_observe(&h, &(struct health_facts){.now_us = 2 * SECOND, .refused = 9});
	assert_int_equal(reasons_of(&h, out), 1);
	assert_non_null(strstr(out[0], "refused lately: 9 "));

	health_observe(&h, &(struct health_facts){.now_us = 61 * SECOND, .refused = 9});
	assert_int_equal(reasons_of(&h, out), 1);
	health_observe(&h, &(struct health_facts){.now_us = 62 * SECOND, .refused = 9});
	assert_int_equal(reasons_of(&h, out), 0);

	health_observe(&h, &(struct health_facts){.now_us = 90 * SECOND, .refused = 10});
	assert_int_equal(reasons_of(&h, out), 1);
	assert_non_null(strstr(out[0], "refused lately: 1 "));
}

static void troubles_are_told_side_by_side(void **state)
{
	char out[HEALTH_TROUBLES][HEALTH_REASON_MAX];
	struct health h = {0};

	(void)state;
	health_observe(&h, &(struct health_facts){.now_us = SECOND,
				   .refused = 1,
				   .overflows = 12,
				   .unsent = 3,
				   .told = {[HEALTH_CONFIG] = "dht.conf:3: unknown setting",
					   [HEALTH_CLOCK] = "a clock is off"}});
	assert_int_equal(reasons_of(&h, out), 5);
	assert_non_null(strstr(out[1], "full receive buffer: 12 "));
	assert_non_null(strstr(out[2], "refused lately by this system: 3 "));
	assert_string_equal(out[3],
		"the configuration was rejected, and the next start would fail: "
		"dht.conf:3: unknown setting");
	assert_string_equal(out[4], "a clock is off");

	health_observe(
		&h, &(struct health_facts){
			    .now_us = 100 * SECOND, .refused = 1, .overflows = 12, .unsent = 3});
	assert_int_equal(reasons_of(&h, out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_wrong_is_healthy),
		cmocka_unit_test(what_grew_within_the_window_is_told),
		cmocka_unit_test(troubles_are_told_side_by_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
