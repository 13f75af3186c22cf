/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool: blocks of one size, named by 29-bit numbers.
 *
 *     ref = | region | block |             leaf[0] ─▶ region 0 ─▶ [B][B][.][B][.] … 256 KiB
 *            28    k  k-1   0                         region 1 ─▶ [B][B][B][B][B] …
 *                                          leaf[1] ─▶ …       (1024 regions to a leaf)
 *
 * A ref is half a pointer, which is what a table of a hundred million small things is made of, and
 * still names 32 GB of the smallest blocks (64 bytes) or 256 GB of 512-byte ones.
 *
 * Regions come from malloc. A block is taken from the lowest region that has one free, so that the
 * upper ones empty out as blocks are given back; a region that is empty goes back to malloc, but
 * for one that is kept against alternating. The blocks of a fresh region are taken in order, so
 * that no page is touched before it is needed. Regions are charged to a budget, whole.
 *
 * When most blocks were given back here and there, many regions stay with a few blocks each.
 * pool_wasteful() says so, and then owners can have pool_move() bring their blocks together.
 *
 * The lock is not held across malloc or free. pool_at() takes none: who holds a ref may use it.
 * All other functions are safe to call from several threads, but for init and fini.
 */
#ifndef DHT_BASE_POOL_H
#define DHT_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/spin.h"

#define POOL_REF_BITS 29
#define POOL_LEAF     1024 /* regions to a leaf */
#define POOL_LEAVES   1024
/* What malloc adds makes it 64 pages. */
#define POOL_REGION (256 * 1024 - 256)

struct pool_region {
	uint8_t *base; /* NULL: there is none */
	uint32_t free; /* the first free block that was in use before */
	uint16_t used;
	uint16_t fresh; /* blocks from here on were never in use */
};

struct pool_leaf {
	uint64_t partial[POOL_LEAF / 64]; /* regions that have a block to give */
	struct pool_region region[POOL_LEAF];
};

struct pool {
	struct spin lock;
	uint8_t block_bits; /* of a ref */
	uint16_t blocks;    /* in a region */
	uint32_t block_size;
	uint32_t spare;                  /* the empty region that is kept, or UINT32_MAX */
	uint32_t absent;                 /* every region below exists */
	_Atomic(uint32_t) used, regions; /* written with the lock, read without */
	struct budget *budget;
	uint64_t partial[POOL_LEAVES / 64]; /* leaves that have a region with a block to give */
	struct pool_leaf *leaf[POOL_LEAVES];
};

/* block_size: a multiple of 8, 64 to 4096. Borrows the budget. */
void pool_init(struct pool *p, uint32_t block_size, struct budget *budget);

/* Gives all memory back, whatever is still in use. */
void pool_fini(struct pool *p);

/* Gives a block in *ref, its bytes undefined. DHT_EFULL: the budget does not allow it, or there
 * are no refs left; DHT_ENOMEM. */
int pool_alloc(struct pool *p, uint32_t *ref);
void pool_free(struct pool *p, uint32_t ref);

/* The regions that are well enough filled: a quarter more than the fewest possible, and two. */
static inline uint32_t pool_regions_allowed(const struct pool *p)
{
	uint32_t used = atomic_load_explicit(&p->used, memory_order_relaxed);
	uint32_t least = (used + p->blocks - 1) / p->blocks;

	return least + least / 4 + 2;
}

/* One more than is allowed may be the empty one that is kept. */
static inline bool pool_wasteful(const struct pool *p)
{
	return atomic_load_explicit(&p->regions, memory_order_relaxed) >
	       pool_regions_allowed(p) + 1;
}

/* Moves a block out of a region that is one too many; false when it is well where it is. Takes no
 * memory. Every block's owner having called it, the pool is not wasteful any more. */
bool pool_move(struct pool *p, uint32_t *ref);

static inline uint8_t *pool_at(const struct pool *p, uint32_t ref)
{
	uint32_t region = ref >> p->block_bits, block = ref & ((UINT32_C(1) << p->block_bits) - 1);
	uint8_t *base = p->leaf[region / POOL_LEAF]->region[region % POOL_LEAF].base;

	return base + (size_t)block * p->block_size;
}

/* Bytes of regions and leaves, used or not: what was charged to the budget. */
uint64_t pool_bytes(struct pool *p);

/* Every internal invariant, for tests; asserts. */
void pool_check(struct pool *p);

#endif
