/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/heap.h"

#include <assert.h>

void heap_init(struct heap *h, struct heap_node **slots, size_t capacity)
{
	*h = (struct heap){.slots = slots, .capacity = capacity};
}

static void place(struct heap *h, size_t at, struct heap_node *n)
{
	h->slots[at] = n;
	n->at = at + 1;
}

static void sift_up(struct heap *h, size_t at, struct heap_node *n)
{
	while (at > 0) {
		size_t parent = (at - 1) / 2;
		if (h->slots[parent]->key <= n->key)
			break;
		place(h, at, h->slots[parent]);
		at = parent;
	}
	place(h, at, n);
}

static void sift_down(struct heap *h, size_t at, struct heap_node *n)
{
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= h->count)
			break;
		if (child + 1 < h->count && h->slots[child + 1]->key < h->slots[child]->key)
			child++;
		if (n->key <= h->slots[child]->key)
			break;
		place(h, at, h->slots[child]);
		at = child;
	}
	place(h, at, n);
}

void heap_set(struct heap *h, struct heap_node *n, uint64_t key)
{
	if (n->at == 0) {
		assert(h->count < h->capacity);
		n->key = key;
		h->count++;
		sift_up(h, h->count - 1, n);
		return;
	}
	uint64_t old = n->key;
	n->key = key;
	if (key < old)
		sift_up(h, n->at - 1, n);
	else
		sift_down(h, n->at - 1, n);
}

void heap_remove(struct heap *h, struct heap_node *n)
{
	if (n->at == 0)
		return;
	size_t at = n->at - 1;
	struct heap_node *last = h->slots[--h->count];

	n->at = 0;
	if (last == n)
		return;
	if (last->key < n->key)
		sift_up(h, at, last);
	else
		sift_down(h, at, last);
}

void heap_check(const struct heap *h)
{
	assert(h->count <= h->capacity);
	for (size_t i = 0; i < h->count; i++) {
		assert(h->slots[i]->at == i + 1);
		assert(i == 0 || h->slots[(i - 1) / 2]->key <= h->slots[i]->key);
	}
}
