/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/blocks.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static int setup(void **state)
{
	struct blocks *b = malloc(sizeof(*b));

	assert_non_null(b);
	blocks_init(b, 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct blocks *b = *state;

	blocks_fini(b);
	assert_int_equal(budget_used(&b->budget), 0);
	free(b);
	return 0;
}

static void a_block_is_the_smallest_that_will_do(void **state)
{
	static const struct {
		size_t bytes;
		uint32_t size;
	} cases[] = {{0, 64}, {1, 64}, {64, 64}, {65, 128}, {128, 128}, {129, 256}, {512, 512}};
	struct blocks *b = *state;
	struct census census = {0};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t handle = 0;
		assert_int_equal(blocks_alloc(b, cases[i].bytes, &handle), 0);
		assert_int_not_equal(handle, 0);
		assert_int_equal(blocks_size(handle), cases[i].size);
		memset(blocks_at(b, handle), 0xff, cases[i].size);
		census_block(&census, handle);
	}
	blocks_check(b, &census);
}

static void all_is_charged_and_credited(void **state)
{
	struct blocks *b = *state;
	struct census census = {0};
	uint32_t handle;
	int err = 0;

	assert_int_equal(blocks_alloc(b, 64, &handle), 0);
	uint64_t before = budget_used(&b->budget);
	void *p = blocks_calloc(b, 1000, &err);
	assert_non_null(p);
	assert_in_range(budget_used(&b->budget) - before, 1000, 1032);
	census_block(&census, handle);
	census_malloc(&census, 1000);
	blocks_check(b, &census);
	blocks_cfree(b, p, 1000);
	blocks_cfree(b, NULL, 1000);
	assert_int_equal(budget_used(&b->budget), before);
	blocks_free(b, handle);
	blocks_free(b, 0);
	blocks_check(b, &(struct census){0});
}

static void past_the_limit_nothing_is_given(void **state)
{
	struct blocks *b = *state;
	uint32_t handle = 0;
	int err = 0;

	b->budget.max = 1000;
	assert_int_equal(blocks_alloc(b, 64, &handle), DHT_EFULL);
	assert_int_equal(handle, 0);
	assert_null(blocks_calloc(b, 1001, &err));
	assert_int_equal(err, DHT_EFULL);
	assert_int_equal(budget_used(&b->budget), 0);
	void *p = blocks_calloc(b, 900, &err);
	assert_non_null(p);
	blocks_cfree(b, p, 900);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_block_is_the_smallest_that_will_do),
		TEST(all_is_charged_and_credited),
		TEST(past_the_limit_nothing_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
