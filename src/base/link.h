/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: rings of things that hold their own links.
 *
 *     ring ⇄ a ⇄ b ⇄ c ⇄ ring          a link that is alone points to itself
 *
 * The ring is a link itself, so taking something out needs no ring, and whole rings are joined in
 * one step however long they are. Nothing here allocates.
 */
#ifndef DHT_BASE_LINK_H
#define DHT_BASE_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev, *next;
};

/* The thing whose member p points to. */
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

static inline void link_init(struct link *l)
{
	l->prev = l;
	l->next = l;
}

static inline bool link_alone(const struct link *l)
{
	return l->next == l;
}

/* Puts a link that is alone at the end of a ring. */
static inline void link_append(struct link *ring, struct link *l)
{
	l->prev = ring->prev;
	l->next = ring;
	ring->prev->next = l;
	ring->prev = l;
}

/* Takes a link out of the ring that it is in, if any; it is alone then. */
static inline void link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

/* Moves everything in from, in its order, to the end of to. */
static inline void link_move_all(struct link *to, struct link *from)
{
	if (link_alone(from))
		return;
	from->next->prev = to->prev;
	from->prev->next = to;
	to->prev->next = from->next;
	to->prev = from->prev;
	link_init(from);
}

#endif
