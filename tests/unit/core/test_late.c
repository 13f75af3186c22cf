/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/late.h"

#include <stdlib.h>

#include "../unit.h"

static struct late late;
static struct view *view;

static int setup(void **state)
{
	(void)state;
	late = (struct late){0};
	view = view_new(4, 5);
	assert_non_null(view);
	for (uint16_t i = 0; i < 4; i++)
		view->members[i] = (struct view_member){
			.id.port = (uint16_t)(i + 1), .state = PEER_ALIVE, .speaks = true};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	view_free(view);
	return 0;
}

static const struct addr *id(uint16_t slot)
{
	return &view->members[slot].id;
}

static uint32_t rank(uint16_t slot, uint64_t now_us)
{
	return late_rank(&late, view, slot, 0, now_us);
}

static void patience(void **state)
{
	(void)state;
	assert_int_equal(late_patience_us(&late, 0, id(0)), LATE_PATIENCE_MAX_US);
	late_answered(&late, 0, id(0), 100);
	assert_int_equal(late_patience_us(&late, 0, id(0)), LATE_PATIENCE_MIN_US);
	late_answered(&late, 1, id(1), 10000);
	assert_int_equal(late_patience_us(&late, 1, id(1)), 40000);
	late_answered(&late, 1, id(1), 18000);
	assert_int_equal(late_patience_us(&late, 1, id(1)), 44000);
	late_answered(&late, 2, id(2), UINT64_MAX);
	assert_int_equal(late_patience_us(&late, 2, id(2)), LATE_PATIENCE_MAX_US);
	late_answered(&late, 3, id(3), 0);
	assert_int_equal(late_patience_us(&late, 3, id(3)), LATE_PATIENCE_MIN_US);
}

static void the_quicker_the_better(void **state)
{
	(void)state;
	late_answered(&late, 0, id(0), 4000);
	late_answered(&late, 1, id(1), 1000);
	assert_true(rank(1, 0) < rank(0, 0));
	/* Who is not known yet is tried after those who are quick. */
	assert_true(rank(0, 0) < rank(2, 0));
	view->members[2].rtt_us = 300;
	assert_true(rank(2, 0) < rank(1, 0));
}

static void who_let_us_wait_is_slow_for_a_while(void **state)
{
	(void)state;
	late_answered(&late, 0, id(0), 1000);
	late_answered(&late, 1, id(1), 100000);
	late_missed(&late, 0, id(0), 5);
	assert_true(rank(1, 6) < rank(0, 6));
	assert_true(rank(0, 5 + LATE_SLOW_US) < rank(1, 5 + LATE_SLOW_US));
	late_missed(&late, 0, id(0), 10);
	late_answered(&late, 0, id(0), 1000);
	assert_true(rank(0, 11) < rank(1, 11));
}

static void a_suspect_is_the_last(void **state)
{
	(void)state;
	late_answered(&late, 0, id(0), 100);
	late_missed(&late, 1, id(1), 0);
	view->members[0].state = PEER_SUSPECT;
	assert_true(rank(1, 1) < rank(0, 1));
}

/* Equals are told apart by salt, each as often the first. */
static void equals_share_the_load(void **state)
{
	unsigned first[4] = {0};

	(void)state;
	for (uint32_t salt = 0; salt < 4000; salt++) {
		uint16_t best = 0;
		for (uint16_t i = 1; i < 4; i++)
			if (late_rank(&late, view, i, salt * 2654435761u, 0) <
				late_rank(&late, view, best, salt * 2654435761u, 0))
				best = i;
		first[best]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(first[i], 700, 1300);
}

static void a_slot_of_another_is_new(void **state)
{
	(void)state;
	late_answered(&late, 0, id(0), 100);
	late_missed(&late, 0, id(0), 0);
	view->members[0].id.port = 99;
	assert_int_equal(late_patience_us(&late, 0, id(0)), LATE_PATIENCE_MAX_US);
	uint32_t before = rank(0, 1);
	late_missed(&late, 0, id(0), 0);
	assert_true(rank(0, 1) > before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(patience),
		TEST(the_quicker_the_better),
		TEST(who_let_us_wait_is_slow_for_a_while),
		TEST(a_suspect_is_the_last),
		TEST(equals_share_the_load),
		TEST(a_slot_of_another_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
