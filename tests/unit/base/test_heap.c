/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/heap.h"

#include "base/rng.h"

#include "../test_seed.h"
#include "../unit.h"

#define NODES 200

static void one_after_another(void **state)
{
	static const uint64_t keys[] = {5, 3, 9, 3, 1, 7};
	struct heap_node nodes[COUNT(keys)] = {0}, *slots[COUNT(keys)];
	struct heap h;
	uint64_t last = 0;

	(void)state;
	heap_init(&h, slots, COUNT(keys));
	assert_null(heap_first(&h));
	for (size_t i = 0; i < COUNT(keys); i++)
		heap_set(&h, &nodes[i], keys[i]);
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct heap_node *first = heap_first(&h);
		assert_true(first->key >= last);
		last = first->key;
		heap_remove(&h, first);
		heap_remove(&h, first); /* nothing more */
		heap_check(&h);
	}
	assert_null(heap_first(&h));
}

static uint64_t smallest(const struct heap_node *nodes)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < NODES; i++)
		if (nodes[i].at && nodes[i].key < least)
			least = nodes[i].key;
	return least;
}

static void at_random(void **state)
{
	struct heap_node nodes[NODES] = {0}, *slots[NODES];
	struct heap h;
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	heap_init(&h, slots, NODES);
	for (int i = 0; i < 20000; i++) {
		struct heap_node *n = &nodes[rng_below(&rng, NODES)];
		if (rng_below(&rng, 3))
			heap_set(&h, n, rng_below(&rng, 1000));
		else
			heap_remove(&h, n);
		heap_check(&h);
		assert_int_equal(
			heap_first(&h) ? heap_first(&h)->key : UINT64_MAX, smallest(nodes));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_another),
		cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
