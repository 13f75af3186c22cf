/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/parcels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct ring {
	_Alignas(64) _Atomic(uint32_t) head; /* written by the worker */
	_Alignas(64) _Atomic(uint32_t) tail; /* written by the reader */
	struct parcel *slots;                /* PARCELS_RING of them */
};

struct parcels {
	int fd;
	size_t count;
	size_t turn; /* whose ring is looked at next */
	struct ring rings[];
};

struct parcels *parcels_new(size_t workers)
{
	size_t size = sizeof(struct parcels) + workers * sizeof(struct ring);
	struct parcels *p = aligned_alloc(64, (size + 63) / 64 * 64);

	if (!p)
		return NULL;
	*p = (struct parcels){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	for (; p->count < workers; p->count++) {
		struct ring *r = &p->rings[p->count];
		atomic_init(&r->head, 0);
		atomic_init(&r->tail, 0);
		r->slots = calloc(PARCELS_RING, sizeof(*r->slots));
		if (!r->slots)
			break;
	}
	if (p->fd >= 0 && p->count == workers)
		return p;
	parcels_free(p);
	return NULL;
}

void parcels_free(struct parcels *p)
{
	if (!p)
		return;
	while (p->count > 0)
		free(p->rings[--p->count].slots);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

struct parcel *parcels_room(struct parcels *p, size_t worker)
{
	struct ring *r = &p->rings[worker];
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	if (head - atomic_load_explicit(&r->tail, memory_order_acquire) == PARCELS_RING)
		return NULL;
	return &r->slots[head % PARCELS_RING];
}

void parcels_send(struct parcels *p, size_t worker)
{
	static const uint64_t one = 1;
	struct ring *r = &p->rings[worker];
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	ssize_t written = write(p->fd, &one, sizeof(one));
	(void)written; /* it cannot be so full that this fails */
}

int parcels_fd(const struct parcels *p)
{
	return p->fd;
}

void parcels_clear(struct parcels *p)
{
	uint64_t n;
	ssize_t got = read(p->fd, &n, sizeof(n));

	(void)got;
}

const struct parcel *parcels_next(struct parcels *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct ring *r = &p->rings[p->turn];
		uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
		if (tail != atomic_load_explicit(&r->head, memory_order_acquire))
			return &r->slots[tail % PARCELS_RING];
		p->turn = (p->turn + 1) % p->count;
	}
	return NULL;
}

void parcels_done(struct parcels *p)
{
	struct ring *r = &p->rings[p->turn];
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	p->turn = (p->turn + 1) % p->count;
}
