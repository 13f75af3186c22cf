/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap: what comes first among things that hold their own place in it.
 *
 * A binary heap of pointers to nodes. A node knows where it is, so that it can be moved or taken
 * out without being searched for; each operation is O(log n). The memory is the caller's and has
 * room for as many nodes as there will ever be: nothing here allocates or fails.
 */
#ifndef DHT_BASE_HEAP_H
#define DHT_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	uint64_t key;
	size_t at; /* 1 to heap.count; 0: in no heap */
};

struct heap {
	struct heap_node **slots;
	size_t capacity;
	size_t count;
};

/* Borrows slots, capacity of them, until the heap is no longer used. */
void heap_init(struct heap *h, struct heap_node **slots, size_t capacity);

/* Puts n in, or moves it when it is in already. There must be room. */
void heap_set(struct heap *h, struct heap_node *n, uint64_t key);

/* Takes n out; nothing when it is not in. */
void heap_remove(struct heap *h, struct heap_node *n);

/* The node with the smallest key, NULL when there is none. */
static inline struct heap_node *heap_first(const struct heap *h)
{
	return h->count ? h->slots[0] : NULL;
}

/* Asserts that the order holds, for tests. */
void heap_check(const struct heap *h);

#endif
