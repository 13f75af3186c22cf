/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pool.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define MANY 20000

struct rig {
	struct budget budget;
	struct pool pool;
	uint32_t ref[MANY];
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	pool_init(&r->pool, 512, &r->budget);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	pool_check(&r->pool);
	pool_fini(&r->pool);
	assert_int_equal(budget_used(&r->budget), 0);
	free(r);
	return 0;
}

static void fill(struct rig *r, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		assert_int_equal(pool_alloc(&r->pool, &r->ref[i]), 0);
		memset(pool_at(&r->pool, r->ref[i]), (int)(i % 251), 512);
	}
}

static void assert_intact(struct rig *r, uint32_t i)
{
	const uint8_t *p = pool_at(&r->pool, r->ref[i]);

	assert_int_equal(p[0], i % 251);
	assert_memory_equal(p, p + 1, 511);
}

static void blocks_do_not_overlap(void **state)
{
	struct rig *r = *state;

	fill(r, 0, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		assert_intact(r, i);
	assert_int_equal(r->pool.used, MANY);
	assert_true(pool_bytes(&r->pool) >= MANY * 512);
	assert_true(pool_bytes(&r->pool) < MANY * 512 / 50 * 51 + 300000);
	assert_int_equal(budget_used(&r->budget), pool_bytes(&r->pool));
}

static void blocks_are_aligned_like_cache_lines(void **state)
{
	struct rig *r = *state;

	fill(r, 0, 2000);
	for (uint32_t i = 0; i < 2000; i++)
		assert_int_equal((uintptr_t)pool_at(&r->pool, r->ref[i]) % 64, 0);
}

static void what_is_given_back_is_given_out_again(void **state)
{
	struct rig *r = *state;

	fill(r, 0, MANY);
	uint64_t bytes = pool_bytes(&r->pool);
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = round % 2; i < MANY; i += 2)
			pool_free(&r->pool, r->ref[i]);
		pool_check(&r->pool);
		for (uint32_t i = round % 2; i < MANY; i += 2)
			fill(r, i, i + 1);
		assert_int_equal(pool_bytes(&r->pool), bytes);
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_intact(r, i);
}

static void empty_regions_go_but_one(void **state)
{
	struct rig *r = *state;

	fill(r, 0, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		pool_free(&r->pool, r->ref[i]);
	pool_check(&r->pool);
	assert_int_equal(r->pool.regions, 1);
	assert_int_equal(pool_bytes(&r->pool), POOL_REGION + sizeof(struct pool_leaf));
	fill(r, 0, 100);
	assert_int_equal(r->pool.regions, 1);
}

/* One block more and one less at the edge of a region must not go to malloc each time. */
static void the_edge_of_a_region_is_quiet(void **state)
{
	struct rig *r = *state;
	uint32_t n = r->pool.blocks;

	fill(r, 0, n + 1);
	uint8_t *last = pool_at(&r->pool, r->ref[n]);
	for (int i = 0; i < 100; i++) {
		pool_free(&r->pool, r->ref[n]);
		assert_int_equal(r->pool.regions, 2);
		fill(r, n, n + 1);
		assert_ptr_equal(pool_at(&r->pool, r->ref[n]), last);
	}
}

static void the_lowest_region_is_filled_first(void **state)
{
	struct rig *r = *state;
	uint32_t n = r->pool.blocks;

	fill(r, 0, n * 4);
	for (uint32_t i = 0; i < n * 4; i += 4)
		pool_free(&r->pool, r->ref[i]);
	for (uint32_t i = 0; i < n * 4; i += 4) {
		uint32_t before = i ? r->ref[i - 4] >> r->pool.block_bits : 0;
		fill(r, i, i + 1);
		assert_true(r->ref[i] >> r->pool.block_bits >= before);
	}
}

static void the_budget_is_kept(void **state)
{
	struct rig *r = *state;
	uint32_t n = 0, ref;

	r->budget.max = 3 * 256 * 1024;
	while (pool_alloc(&r->pool, &ref) == 0)
		r->ref[n++] = ref;
	assert_int_equal(pool_alloc(&r->pool, &ref), DHT_EFULL);
	assert_int_equal(n, 2 * r->pool.blocks);
	assert_true(budget_used(&r->budget) <= r->budget.max);
	pool_free(&r->pool, r->ref[7]);
	assert_int_equal(pool_alloc(&r->pool, &ref), 0);
	assert_int_equal(ref, r->ref[7]);
	r->budget.max = 0;
	assert_int_equal(pool_alloc(&r->pool, &ref), 0);
}

static void scattered_blocks_can_be_brought_together(void **state)
{
	struct rig *r = *state;

	fill(r, 0, MANY);
	assert_false(pool_wasteful(&r->pool));
	assert_false(pool_move(&r->pool, &r->ref[MANY - 1]));
	for (uint32_t i = 0; i < MANY; i++)
		if (i % 20)
			pool_free(&r->pool, r->ref[i]);
	assert_true(pool_wasteful(&r->pool));
	for (uint32_t i = 0; i < MANY; i += 20) {
		pool_move(&r->pool, &r->ref[i]);
		assert_intact(r, i);
	}
	assert_false(pool_wasteful(&r->pool));
	assert_true(r->pool.regions <= 6);
	for (uint32_t i = 0; i < MANY; i += 20)
		assert_intact(r, i);
}

/* Regions need more than one leaf. */
static void a_pool_of_half_a_gigabyte(void **state)
{
	struct budget budget = {0};
	struct pool *p = malloc(sizeof(*p));
	uint32_t n = (POOL_LEAF + 3) * (POOL_REGION / 4096), ref = 0, first = UINT32_MAX;

	(void)state;
	assert_non_null(p);
	pool_init(p, 4096, &budget);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(pool_alloc(p, &ref), 0);
		first = i == 0 ? ref : first;
	}
	assert_int_equal(ref >> p->block_bits, POOL_LEAF + 2);
	pool_at(p, ref)[4095] = 1;
	pool_check(p);
	pool_free(p, first);
	pool_free(p, ref);
	assert_int_equal(pool_alloc(p, &ref), 0);
	assert_int_equal(ref, first);
	pool_fini(p);
	assert_int_equal(budget_used(&budget), 0);
	free(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blocks_do_not_overlap),
		TEST(blocks_are_aligned_like_cache_lines),
		TEST(what_is_given_back_is_given_out_again),
		TEST(empty_regions_go_but_one),
		TEST(the_edge_of_a_region_is_quiet),
		TEST(the_lowest_region_is_filled_first),
		TEST(the_budget_is_kept),
		TEST(scattered_blocks_can_be_brought_together),
		cmocka_unit_test(a_pool_of_half_a_gigabyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
