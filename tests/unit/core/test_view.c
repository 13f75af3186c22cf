/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/view.h"

#include <string.h>

#include "../unit.h"

#define SLOTS    4
#define REPLICAS 3

static int setup(void **state)
{
	struct view *v = view_new(SLOTS, REPLICAS + RING_NEXT);

	if (!v)
		return -1;
	v->replicas = REPLICAS;
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	view_free(*state);
	return 0;
}

static struct addr id_of(const char *text)
{
	struct addr id;

	assert_int_equal(addr_parse(text, 8471, &id), 0);
	return id;
}

static void set_row(struct view *v, uint32_t partition, const uint16_t row[static 5])
{
	memcpy(v->rows + (size_t)partition * v->row_len, row, 5 * sizeof(*row));
}

static void a_new_one_is_empty(void **state)
{
	static const struct view_member nobody;
	const struct view *v = *state;

	assert_int_equal(v->slots, SLOTS);
	assert_int_equal(v->row_len, REPLICAS + RING_NEXT);
	assert_int_equal(v->epoch, 0);
	assert_false(v->alone || v->confirm_misses);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_memory_equal(&v->members[i], &nobody, sizeof(nobody));
	for (size_t i = 0; i < (size_t)TABLE_PARTITIONS * v->row_len; i++)
		assert_int_equal(v->rows[i], 0);
}

static void who_owns(void **state)
{
	struct view *v = *state;
	uint32_t last = TABLE_PARTITIONS - 1;

	set_row(v, 7, (const uint16_t[]){2, 0, 3, 1, RING_NONE});
	set_row(v, last, (const uint16_t[]){1, RING_NONE, RING_NONE, 2, RING_NONE});
	set_row(v, 8, (const uint16_t[]){RING_NONE, RING_NONE, RING_NONE, 3, RING_NONE});
	assert_int_equal(view_owner_count(v, 7), 3);
	assert_int_equal(view_owner_count(v, last), 1);
	assert_int_equal(view_owner_count(v, 8), 0);
	assert_true(view_owns(v, 7, 0) && view_owns(v, 7, 2) && view_owns(v, 7, 3));
	assert_false(view_owns(v, 7, 1)); /* next best only */
	assert_true(view_owns(v, last, 1));
	assert_false(view_owns(v, last, 2));
	assert_false(view_owns(v, 8, 3));
	assert_ptr_equal(view_row(v, 7), v->rows + (size_t)7 * v->row_len);
}

/* What view_find() gives for a stranger owns nothing, also where places are empty. */
static void nobody_owns_nothing(void **state)
{
	struct view *v = *state;

	set_row(v, 3, (const uint16_t[]){1, RING_NONE, RING_NONE, RING_NONE, RING_NONE});
	assert_false(view_owns(v, 3, RING_NONE));
	assert_false(view_owns(v, 3, 9));
}

static void finding_a_member(void **state)
{
	struct addr a = id_of("192.0.2.1"), b = id_of("192.0.2.1:8470"), none = {0};
	struct view *v = *state;

	assert_int_equal(view_find(v, &a), RING_NONE);
	v->members[1].id = a;
	v->members[SLOTS - 1].id = b;
	assert_int_equal(view_find(v, &a), 1);
	assert_int_equal(view_find(v, &b), SLOTS - 1);
	b.ip.b[15]++;
	assert_int_equal(view_find(v, &b), RING_NONE);
	/* Slots 0 and 2 are empty; that is no member to be found. */
	assert_int_equal(view_find(v, &none), RING_NONE);
}

static void the_largest(void **state)
{
	struct view *v = view_new(RING_SLOTS, RING_ROW_MAX);
	struct addr id = id_of("[2001:db8::1]:1");

	(void)state;
	assert_non_null(v);
	v->replicas = RING_REPLICAS;
	v->members[RING_SLOTS - 1].id = id;
	assert_int_equal(view_find(v, &id), RING_SLOTS - 1);
	v->rows[(size_t)TABLE_PARTITIONS * RING_ROW_MAX - RING_NEXT - 1] = RING_SLOTS - 1;
	assert_true(view_owns(v, TABLE_PARTITIONS - 1, RING_SLOTS - 1));
	assert_int_equal(view_owner_count(v, TABLE_PARTITIONS - 1), RING_REPLICAS);
	view_free(v);
	view_free(NULL);
}

#define VIEW_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		VIEW_TEST(a_new_one_is_empty),
		VIEW_TEST(who_owns),
		VIEW_TEST(nobody_owns_nothing),
		VIEW_TEST(finding_a_member),
		cmocka_unit_test(the_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
