/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/page.h"

#include <string.h>

#include "base/rng.h"

#include "../test_seed.h"
#include "../unit.h"

#define MANY 300

static struct record record(unsigned n, uint64_t version)
{
	uint8_t v4[] = {10, 0, (uint8_t)(n >> 8), (uint8_t)n};

	return (struct record){.ip = ip_from_v4(v4), .port = 1, .version = version};
}

static uint32_t cursor(const struct record *r)
{
	return table_cursor_of(&r->ip, r->port);
}

/* In order and each once. */
static void check_order(const struct record *r, size_t n)
{
	for (size_t i = 1; i < n; i++)
		assert_true(cursor(&r[i - 1]) <= cursor(&r[i]));
}

static void the_newest_copy_is_left(void **state)
{
	struct record r[] = {record(1, 20), record(2, 4), record(1, 40), record(1, 8)};
	uint32_t next = 0;

	(void)state;
	assert_int_equal(page_unite(r, 4, 10, &next), 2);
	assert_int_equal(next, 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(r[i].version, r[i].ip.b[15] == 1 ? 40 : 4);
}

static void nothing_is_nothing(void **state)
{
	struct record r[1];
	uint32_t next = 0;

	(void)state;
	assert_int_equal(page_unite(r, 0, 1, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(page_cut(r, 0, 0, &next), 0);
}

static void who_is_not_before_the_end_waits(void **state)
{
	struct record r[MANY], copy[MANY];
	uint32_t next = 0;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		r[i] = record(i, 4);
	assert_int_equal(page_unite(r, MANY, MANY, &next), MANY);
	check_order(r, MANY);
	memcpy(copy, r, sizeof(r));
	next = cursor(&r[100]);
	assert_int_equal(page_unite(copy, MANY, MANY, &next), 100);
	assert_int_equal(next, cursor(&r[100]));
	next = cursor(&r[100]);
	assert_int_equal(page_unite(copy, MANY, 50, &next), 50);
	assert_int_equal(next, cursor(&r[50]));
}

/* A provider three times in one group: the group is cut nowhere but as a whole. */
static void a_group_larger_than_a_page(void **state)
{
	struct record r[4] = {record(1, 4), record(1, 4), record(1, 4), record(2, 4)};
	uint32_t next = 0;

	(void)state;
	assert_int_equal(page_cut(r, 4, 2, &next), 2);
	assert_int_equal(next, cursor(&r[3]));
	next = 0;
	assert_int_equal(page_cut(r, 3, 2, &next), 2);
	assert_int_equal(next, 0);
	struct record s[4] = {record(2, 4), record(1, 4), record(1, 4), record(1, 4)};
	assert_int_equal(page_cut(s, 4, 2, &next), 1);
	assert_int_equal(next, cursor(&s[1]));
}

/* Servers with parts of a set, each with pages of its own length: nobody is missed or seen twice.
 */
static void all_are_seen_once(void **state)
{
	struct record pool[MANY], r[3 * MANY];
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (unsigned round = 0; round < 50; round++) {
		unsigned seen[MANY] = {0};
		uint8_t has[MANY];
		uint32_t at = 0, next = 0;
		for (unsigned i = 0; i < MANY; i++) {
			pool[i] = record(i, 4);
			has[i] = (uint8_t)(1 + rng_below(&rng, 7));
		}
		page_unite(pool, MANY, MANY, &next);
		for (unsigned pages = 0; pages == 0 || at != 0; pages++) {
			size_t n = 0;
			next = 0;
			assert_true(pages < MANY);
			for (unsigned server = 0; server < 3; server++) {
				size_t max = 5 + rng_below(&rng, 20), got = 0;
				for (unsigned i = 0; i < MANY; i++) {
					if (cursor(&pool[i]) < at || !(has[i] & 1u << server))
						continue;
					if (got++ == max) {
						uint32_t end = cursor(&pool[i]);
						next = next == 0 || end < next ? end : next;
						break;
					}
					r[n++] = pool[i];
				}
			}
			n = page_unite(r, n, 4 + rng_below(&rng, 20), &next);
			check_order(r, n);
			for (size_t i = 0; i < n; i++)
				seen[r[i].ip.b[14] << 8 | r[i].ip.b[15]]++;
			at = next;
		}
		for (unsigned i = 0; i < MANY; i++)
			assert_int_equal(seen[i], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_copy_is_left),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(who_is_not_before_the_end_waits),
		cmocka_unit_test(a_group_larger_than_a_page),
		cmocka_unit_test(all_are_seen_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
