/* SPDX-License-Identifier: BSD-2-Clause */
/* link and hmap: the rings and chains of things that hold their own links. */
#include "base/link.h"

#include "base/hmap.h"

#include "../unit.h"

struct thing {
	int n;
	struct link link;
	struct hmap_node node;
};

static void assert_ring(const struct link *ring, const int *numbers, size_t count)
{
	const struct link *l = ring->next;

	for (size_t i = 0; i < count; i++, l = l->next)
		assert_int_equal(container_of((struct link *)l, struct thing, link)->n, numbers[i]);
	assert_ptr_equal(l, ring);
}

static void rings(void **state)
{
	struct thing t[4];
	struct link ring, other;

	(void)state;
	link_init(&ring);
	link_init(&other);
	assert_true(link_alone(&ring));
	for (int i = 0; i < 4; i++) {
		t[i].n = i;
		link_init(&t[i].link);
		link_append(i < 2 ? &ring : &other, &t[i].link);
	}
	assert_ring(&ring, (int[]){0, 1}, 2);
	assert_ring(&other, (int[]){2, 3}, 2);
	link_move_all(&ring, &other);
	assert_ring(&ring, (int[]){0, 1, 2, 3}, 4);
	assert_true(link_alone(&other));
	link_move_all(&ring, &other);
	assert_ring(&ring, (int[]){0, 1, 2, 3}, 4);
	link_remove(&t[2].link);
	link_remove(&t[2].link); /* alone already */
	assert_true(link_alone(&t[2].link));
	assert_ring(&ring, (int[]){0, 1, 3}, 3);
	link_move_all(&other, &ring);
	assert_ring(&other, (int[]){0, 1, 3}, 3);
	assert_true(link_alone(&ring));
}

static void chains(void **state)
{
	struct hmap_node *memory[4] = {0};
	struct thing t[40];
	struct hmap m;

	(void)state;
	hmap_init(&m, memory, COUNT(memory));
	for (uint64_t i = 0; i < COUNT(t); i++)
		hmap_add(&m, &t[i].node, i / 2); /* two of each */
	for (uint64_t print = 0; print < COUNT(t) / 2; print++) {
		struct hmap_node *a = hmap_first(&m, print), *b = hmap_next(a);
		assert_non_null(b);
		assert_null(hmap_next(b));
		assert_int_equal(a->print + b->print, 2 * print);
		hmap_remove(&m, a);
		assert_ptr_equal(hmap_first(&m, print), b);
		hmap_remove(&m, b);
		assert_null(hmap_first(&m, print));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rings),
		cmocka_unit_test(chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
