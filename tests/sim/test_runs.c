/* SPDX-License-Identifier: BSD-2-Clause */
/* A seed is a run: twice the same, whoever spies, and another one with another seed. */
#include "run.h"

#include "../unit/unit.h"

#define UNTIL (60 * SIM_SECOND)

static struct outcome run(uint64_t seed, bool spies)
{
	struct plan_options options = {.seed = seed, .until_us = UNTIL, .spies = spies};
	struct outcome out;

	run_here(&options, false, &out);
	return out;
}

static void twice_the_same(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct outcome one = run(seed, false), two = run(seed, true), other;
		assert_int_equal(one.trace, two.trace);
		assert_memory_equal(one.tally, two.tally, sizeof(one.tally));
		assert_true(one.tally[TALLY_DELIVERED] > 100);
		other = run(seed + 1000, false);
		assert_int_not_equal(one.trace, other.trace);
	}
}

static void apart_as_here(void **state)
{
	struct plan_options options = {.seed = 3, .until_us = UNTIL};
	struct outcome here = run(3, false), apart;

	(void)state;
	run_apart(&options, &apart);
	assert_int_equal(here.trace, apart.trace);
	assert_int_equal(here.failure.failed, apart.failure.failed);
}

static bool remember(void *to, const struct outcome *out)
{
	uint64_t *traces = to;

	traces[out->options.seed - 1] = out->trace;
	return true;
}

static void many(void **state)
{
	struct plan_options options = {.until_us = UNTIL};
	uint64_t traces[4] = {0};

	(void)state;
	run_many(&options, 1, 4, 2, remember, traces);
	for (uint64_t seed = 1; seed <= 4; seed++)
		assert_int_equal(traces[seed - 1], run(seed, false).trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice_the_same),
		cmocka_unit_test(apart_as_here),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
