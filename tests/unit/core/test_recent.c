/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/recent.h"

#include "../unit.h"

#define WINDOW_MS 125000

static const uint8_t secret[16] = {1, 2, 3}, other_secret[16] = {1, 2, 4};

static int setup(void **state)
{
	*state = recent_new(secret, WINDOW_MS);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	recent_free(*state);
	return 0;
}

static uint64_t print_of(const struct recent *r, uint64_t n)
{
	return recent_print(r, &n, sizeof(n));
}

static void remembers(void **state)
{
	uint64_t print = print_of(*state, 1);

	assert_false(recent_has(*state, print, 0));
	assert_true(recent_add(*state, print, 0));
	assert_true(recent_has(*state, print, 0));
	assert_false(recent_add(*state, print, 0));
	assert_false(recent_has(*state, print_of(*state, 2), 0));
}

static void for_its_window(void **state)
{
	uint64_t print = print_of(*state, 1), now = 1000000;

	recent_add(*state, print, now);
	assert_true(recent_has(*state, print, now + WINDOW_MS - 100));
	assert_false(recent_has(*state, print, now + WINDOW_MS + 1100));
	now += WINDOW_MS + 1100;
	assert_true(recent_add(*state, print, now));
	assert_true(recent_has(*state, print, now + WINDOW_MS - 100));
}

/* Another worker's clock may be a little ahead. */
static void from_the_near_future(void **state)
{
	uint64_t print = print_of(*state, 1);

	recent_add(*state, print, 1000500);
	assert_true(recent_has(*state, print, 1000000));
}

/* 24 bits of 1/16 s wrap after 12 days. */
static void over_the_wrap_of_its_clock(void **state)
{
	uint64_t wrap = (UINT64_C(1) << 24) * 1000 / 16;

	for (uint64_t i = 0; i < 100; i++) {
		uint64_t now = wrap - 50000 + i * 1000;
		recent_add(*state, print_of(*state, i), now);
		assert_true(recent_has(*state, print_of(*state, i), now));
		if (i >= 60)
			assert_true(recent_has(*state, print_of(*state, i - 60), now));
	}
}

static void what_is_old_makes_place(void **state)
{
	uint64_t lost = 0;

	/* A full load in one window: a row of 8 loses some when more than 8 fall in it. */
	for (uint64_t i = 0; i < RECENT_SLOTS / 2; i++)
		recent_add(*state, print_of(*state, i), 1000000);
	for (uint64_t i = 0; i < RECENT_SLOTS / 2; i++)
		lost += !recent_has(*state, print_of(*state, i), 1000000);
	assert_true(lost < RECENT_SLOTS / 2 / 20);
	/* Then much later as many again: the old ones are not in their way. */
	lost = 0;
	for (uint64_t i = 0; i < 10000; i++) {
		recent_add(*state, print_of(*state, ~i), 9000000);
		lost += !recent_has(*state, print_of(*state, ~i), 9000000);
	}
	assert_int_equal(lost, 0);
}

static void nothing_is_seen_that_was_not(void **state)
{
	for (uint64_t i = 0; i < RECENT_SLOTS; i++)
		recent_add(*state, print_of(*state, i), 1000);
	for (uint64_t i = RECENT_SLOTS; i < 3 * RECENT_SLOTS; i++)
		assert_false(recent_has(*state, print_of(*state, i), 1000));
}

static void each_set_has_its_own_prints(void **state)
{
	struct recent *other = recent_new(other_secret, WINDOW_MS);

	assert_non_null(other);
	assert_true(print_of(*state, 1) != print_of(other, 1));
	recent_free(other);
}

/* Prints whose 40 bits are zero are no empty slots. */
static void a_print_of_zeros(void **state)
{
	assert_false(recent_has(*state, 0, 0));
	recent_add(*state, 0, 0);
	assert_true(recent_has(*state, 0, 0));
}

#define RECENT_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RECENT_TEST(remembers),
		RECENT_TEST(for_its_window),
		RECENT_TEST(from_the_near_future),
		RECENT_TEST(over_the_wrap_of_its_clock),
		RECENT_TEST(what_is_old_makes_place),
		RECENT_TEST(nothing_is_seen_that_was_not),
		RECENT_TEST(each_set_has_its_own_prints),
		RECENT_TEST(a_print_of_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
