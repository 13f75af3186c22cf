/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/shelf.h"

#include "table_rig.h"

#include <stdlib.h>

#include "../test_seed.h"
#include "base/err.h"

struct rig {
	struct stock stock;
	struct shelf shelf;
	struct rng rng;
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	blocks_init(&r->stock.blocks, 0);
	rng_init(&r->rng, test_seed());
	for (int i = 0; i < 10; i++)
		r->stock.secret[i] = rng_u64(&r->rng);
	shelf_init(&r->shelf, 1);
	*state = r;
	return 0;
}

static void check(struct rig *r)
{
	struct census census = {0};

	shelf_check(&r->stock, &r->shelf, &census);
	blocks_check(&r->stock.blocks, &census);
}

static int teardown(void **state)
{
	struct rig *r = *state;

	check(r);
	shelf_fini(&r->stock, &r->shelf);
	check(r);
	blocks_fini(&r->stock.blocks);
	assert_int_equal(budget_used(&r->stock.blocks.budget), 0);
	free(r);
	return 0;
}

/* Keys with so little in them as counters have. */
static struct shelf_key key_of(const struct rig *r, uint32_t i)
{
	uint8_t bytes[32] = {[31] = 7};

	put_u32(bytes + 12, i);
	return shelf_key_of(&r->stock, (struct span){.p = bytes, .len = 21 + i % 12});
}

static int add(struct rig *r, uint32_t i)
{
	struct shelf_key key = key_of(r, i);
	uint32_t pos;
	int err = shelf_add(&r->stock, &r->shelf, &key, &pos);

	if (!err)
		shelf_set_expiry(&r->stock, &r->shelf, pos, 1000 + i);
	return err;
}

static bool has(const struct rig *r, uint32_t i)
{
	struct shelf_key key = key_of(r, i);
	uint32_t pos = shelf_find(&r->stock, &r->shelf, &key);

	if (pos == SHELF_NONE)
		return false;
	assert_int_equal(entry_expiry(shelf_entry(&r->stock, &r->shelf, pos)), 1000 + i);
	return true;
}

static void drop(struct rig *r, uint32_t i)
{
	struct shelf_key key = key_of(r, i);

	shelf_remove(&r->stock, &r->shelf, shelf_find(&r->stock, &r->shelf, &key));
}

static void all_that_is_added_is_found(void **state)
{
	struct rig *r = *state;

	for (uint32_t i = 0; i < 5000; i++) {
		assert_int_equal(add(r, i), 0);
		if (i < 100)
			check(r);
	}
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(has(r, i), i < 5000);
}

static void keys_differ_in_length_too(void **state)
{
	static const uint8_t zeros[64];
	struct rig *r = *state;
	uint32_t pos;

	for (size_t len = 21; len <= 32; len++) {
		struct shelf_key key = shelf_key_of(
			&r->stock, (struct span){.p = zeros, .len = len});
		assert_int_equal(shelf_find(&r->stock, &r->shelf, &key), SHELF_NONE);
		assert_int_equal(shelf_add(&r->stock, &r->shelf, &key, &pos), 0);
	}
	assert_int_equal(r->shelf.entries, 12);
}

static void coming_and_going_at_random(void **state)
{
	enum { N = 3000 };
	struct rig *r = *state;
	bool in[N] = {0};

	for (uint32_t round = 0; round < 200000; round++) {
		/* Now it fills, now it empties. */
		bool fills = round / 20000 % 2 == 0;
		uint32_t i = rng_below(&r->rng, N);
		assert_int_equal(has(r, i), in[i]);
		if (in[i] && rng_below(&r->rng, 8) >= (fills ? 6 : 1))
			drop(r, i);
		else if (!in[i] && rng_below(&r->rng, 8) >= (fills ? 1 : 6))
			assert_int_equal(add(r, i), 0);
		in[i] = has(r, i);
		if (round % 5000 == 0)
			check(r);
	}
}

static void it_is_full_at_65534_and_shrinks_to_nothing(void **state)
{
	struct rig *r = *state;

	for (uint32_t i = 0; i < SHELF_MAX; i++)
		assert_int_equal(add(r, i), 0);
	assert_int_equal(add(r, SHELF_MAX), DHT_EFULL);
	check(r);
	for (uint32_t i = 0; i < 1000; i++) {
		drop(r, i);
		assert_int_equal(add(r, SHELF_MAX + i), 0);
	}
	assert_int_equal(add(r, 0), DHT_EFULL);
	for (uint32_t i = 1000; i < SHELF_MAX + 1000; i++) {
		drop(r, i);
		if (i % 10000 == 0)
			check(r);
	}
	assert_null(r->shelf.memory);
	for (int i = 0; i < BLOCK_SIZES; i++)
		assert_int_equal(r->stock.blocks.pool[i].used, 0);
}

static void a_refusal_changes_nothing(void **state)
{
	struct rig *r = *state;
	uint32_t refusals = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		r->stock.blocks.budget.max = 1;
		int err = add(r, i);
		r->stock.blocks.budget.max = 0;
		if (!err)
			continue;
		refusals++;
		assert_int_equal(err, DHT_EFULL);
		assert_false(has(r, i));
		assert_int_equal(r->shelf.entries, i);
		check(r);
		assert_int_equal(add(r, i), 0);
	}
	assert_true(refusals > 10);
}

/* Each type holds its own lengths. */
static void a_type_for_each_length(void **state)
{
	struct rig *r = *state;
	uint8_t bytes[64] = {1};

	for (size_t len = 1; len <= 64; len++) {
		struct shelf_key key = shelf_key_of(
			&r->stock, (struct span){.p = bytes, .len = len});
		assert_int_equal(key.type, len <= 20 ? 0 : len <= 32 ? 1 : 2);
		assert_int_equal(key.len, len);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_that_is_added_is_found),
		TEST(keys_differ_in_length_too),
		TEST(coming_and_going_at_random),
		TEST(it_is_full_at_65534_and_shrinks_to_nothing),
		TEST(a_refusal_changes_nothing),
		TEST(a_type_for_each_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
