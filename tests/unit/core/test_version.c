/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/version.h"

#include "../unit.h"

#include <pthread.h>

#define WALL     UINT64_C(1700000000000)
#define STEP_MAX 1024
#define LEAP_MAX (4 << 14)

static void a_stamp_has_the_wall_time(void **state)
{
	struct version_clock c = {0};
	uint64_t v = version_next(&c, WALL);

	(void)state;
	assert_int_equal(version_wall_ms(v), WALL);
	assert_false(version_is_withdrawal(v));
	assert_true(version_is_withdrawal(version_withdrawal(v)));
	assert_true(version_withdrawal(v) > v);
	assert_int_equal(version_wall_ms(version_withdrawal(v)), WALL);
}

static void shortened_takes_no_part_in_the_order(void **state)
{
	struct version_clock c = {0}, d = {0};
	uint64_t v = version_next(&c, WALL), s = version_shortened(v);

	(void)state;
	assert_false(version_is_shortened(v));
	assert_false(version_is_shortened(version_withdrawal(v)));
	assert_true(version_is_shortened(s));
	assert_false(version_is_withdrawal(s));
	assert_int_equal(version_wall_ms(s), WALL);
	assert_int_equal(version_order(s), v);
	assert_true(version_order(version_withdrawal(v)) > version_order(s));
	assert_true(version_order(version_next(&c, WALL)) > version_withdrawal(s));
	version_observe(&d, v);
	version_observe(&d, s);
	assert_in_range(version_next(&d, WALL), v + 4, v + LEAP_MAX + STEP_MAX);
}

static void stamps_rise_whatever_the_wall_does(void **state)
{
	static const uint64_t walls[] = {WALL, WALL, WALL + 1, WALL, WALL - 5000, 0, WALL + 2};
	struct version_clock c = {0};
	uint64_t last = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(walls); i++) {
		uint64_t v = version_next(&c, walls[i]);
		assert_true(v > version_withdrawal(last));
		assert_false(version_is_withdrawal(v));
		assert_true(version_wall_ms(v) >= walls[i]);
		last = v;
	}
	assert_int_equal(version_wall_ms(last), WALL + 2);
}

static void many_in_a_millisecond_borrow_the_next(void **state)
{
	struct version_clock c = {0};
	uint64_t v = 0;

	(void)state;
	for (int i = 0; i < 1400; i++)
		v = version_next(&c, WALL);
	assert_int_equal(version_wall_ms(v), WALL);
	for (int i = 0; i < 1400; i++)
		v = version_next(&c, WALL);
	assert_int_equal(version_wall_ms(v), WALL + 1);
}

static void what_was_observed_is_passed(void **state)
{
	struct version_clock c = {0};
	uint64_t theirs = version_withdrawal(version_at(WALL + 5000));

	(void)state;
	version_observe(&c, theirs);
	uint64_t v = version_next(&c, WALL);
	assert_in_range(v, theirs + 3, theirs + LEAP_MAX + STEP_MAX);
	version_observe(&c, version_at(WALL));
	assert_in_range(version_next(&c, WALL), v + 4, v + STEP_MAX);
}

/* Neither on a new millisecond, nor behind the same stamp of a third server. */
static void two_servers_seldom_come_to_the_same(void **state)
{
	struct version_clock c, d;
	uint32_t fresh = 0, after = 0;

	(void)state;
	version_clock_init(&c, 1);
	version_clock_init(&d, 2);
	for (uint64_t i = 0; i < 100000; i++) {
		fresh += version_next(&c, WALL + 10 * i) == version_next(&d, WALL + 10 * i);
		version_observe(&c, version_at(WALL + 10 * i + 5));
		version_observe(&d, version_at(WALL + 10 * i + 5));
		after += version_next(&c, WALL) == version_next(&d, WALL);
	}
	/* One in 65536, and about one in 16384. */
	assert_in_range(fresh, 0, 12);
	assert_in_range(after, 0, 25);
}

static void the_end_of_all_numbers_is_not_wrapped(void **state)
{
	struct version_clock c = {0};

	(void)state;
	version_observe(&c, UINT64_MAX - 7);
	assert_int_equal(version_next(&c, WALL), UINT64_MAX - 3);
	assert_int_equal(version_next(&c, WALL), UINT64_MAX - 3);
	version_observe(&c, UINT64_MAX);
	assert_int_equal(version_next(&c, WALL), UINT64_MAX - 3);
	assert_int_equal(version_next(&c, UINT64_MAX), UINT64_MAX - 3);
}

#define THREADS 4
#define STAMPS  20000

static uint64_t stamps[THREADS][STAMPS];
static struct version_clock shared;

static void *take_stamps(void *arg)
{
	uint64_t *out = arg;

	for (int i = 0; i < STAMPS; i++)
		out[i] = version_next(&shared, WALL + (uint64_t)i / 1000);
	return NULL;
}

static void no_two_threads_get_the_same(void **state)
{
	pthread_t threads[THREADS];
	size_t at[THREADS] = {0};
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_stamps, stamps[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int n = 0; n < THREADS * STAMPS; n++) {
		int least = -1;
		for (int i = 0; i < THREADS; i++)
			if (at[i] < STAMPS &&
				(least < 0 || stamps[i][at[i]] < stamps[least][at[least]]))
				least = i;
		assert_true(stamps[least][at[least]] > last);
		last = stamps[least][at[least]++];
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamp_has_the_wall_time),
		cmocka_unit_test(shortened_takes_no_part_in_the_order),
		cmocka_unit_test(stamps_rise_whatever_the_wall_does),
		cmocka_unit_test(many_in_a_millisecond_borrow_the_next),
		cmocka_unit_test(what_was_observed_is_passed),
		cmocka_unit_test(two_servers_seldom_come_to_the_same),
		cmocka_unit_test(the_end_of_all_numbers_is_not_wrapped),
		cmocka_unit_test(no_two_threads_get_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
