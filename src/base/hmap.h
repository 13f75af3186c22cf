/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hmap: finding things that hold their own links by a 64-bit fingerprint.
 *
 * A fixed number of chains, so that nothing is ever rehashed. The caller's fingerprint is a keyed
 * hash where strangers choose what is found, and things with the same one are told apart by the
 * caller. The memory is the caller's; nothing here allocates.
 */
#ifndef DHT_BASE_HMAP_H
#define DHT_BASE_HMAP_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct hmap_node {
	struct hmap_node *next;
	uint64_t print;
};

struct hmap {
	struct hmap_node **chains;
	size_t mask;
};

/* Borrows chains, count NULL pointers, a power of two. */
static inline void hmap_init(struct hmap *m, struct hmap_node **chains, size_t count)
{
	assert(count != 0 && (count & (count - 1)) == 0);
	*m = (struct hmap){.chains = chains, .mask = count - 1};
}

static inline void hmap_add(struct hmap *m, struct hmap_node *n, uint64_t print)
{
	struct hmap_node **chain = &m->chains[print & m->mask];

	n->print = print;
	n->next = *chain;
	*chain = n;
}

/* n must be in. */
static inline void hmap_remove(struct hmap *m, struct hmap_node *n)
{
	struct hmap_node **at = &m->chains[n->print & m->mask];

	while (*at != n) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = n->next;
}

/* n or the first one behind it with this fingerprint, NULL when there is none. */
static inline struct hmap_node *hmap_from(struct hmap_node *n, uint64_t print)
{
	while (n && n->print != print)
		n = n->next;
	return n;
}

static inline struct hmap_node *hmap_first(const struct hmap *m, uint64_t print)
{
	return hmap_from(m->chains[print & m->mask], print);
}

/* The next one with the same fingerprint as n. */
static inline struct hmap_node *hmap_next(const struct hmap_node *n)
{
	return hmap_from(n->next, n->print);
}

#endif
