/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/stats.h"

#include <ctype.h>
#include <string.h>

#include "../unit.h"

static void every_counter_is_described(void **state)
{
	(void)state;
	for (unsigned id = 0; id < STATS_COUNT; id++) {
		const struct stats_info *info = stats_info((enum stats_id)id);
		assert_non_null(info->name);
		assert_true(islower((unsigned char)info->name[0]));
		for (const char *p = info->name; *p; p++)
			assert_true(isalnum((unsigned char)*p));
		assert_true(strlen(info->help) > 5);
	}
}

/* A group becomes one JSON object. */
static void names_are_unique_in_their_group(void **state)
{
	(void)state;
	for (unsigned a = 0; a < STATS_COUNT; a++) {
		for (unsigned b = 0; b < a; b++) {
			const struct stats_info *x = stats_info((enum stats_id)a);
			const struct stats_info *y = stats_info((enum stats_id)b);
			assert_true(x->group != y->group || strcmp(x->name, y->name) != 0);
		}
	}
}

static void groups_stand_together(void **state)
{
	(void)state;
	assert_int_equal(stats_info(STATS_REQUEST_GET)->group, STATS_GROUP_REQUESTS);
	assert_int_equal(stats_info(STATS_ANSWER_HAVE)->group, STATS_GROUP_ANSWERS);
	assert_int_equal(stats_info(STATS_DROP_SHORT)->group, STATS_GROUP_DROPS);
	assert_int_equal(stats_info(STATS_REPEATS)->group, STATS_GROUP_EVENTS);
	for (unsigned id = 1; id < STATS_COUNT; id++)
		assert_true(stats_info((enum stats_id)id)->group >=
			    stats_info((enum stats_id)(id - 1))->group);
}

static void counting(void **state)
{
	static struct stats s;

	(void)state;
	stats_inc(&s, STATS_HITS);
	stats_add(&s, STATS_HITS, 41);
	assert_int_equal(stats_get(&s, STATS_HITS), 42);
	assert_int_equal(stats_get(&s, STATS_MISSES), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_is_described),
		cmocka_unit_test(names_are_unique_in_their_group),
		cmocka_unit_test(groups_stand_together),
		cmocka_unit_test(counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
