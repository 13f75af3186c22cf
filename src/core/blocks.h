/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocks: the memory of a table: blocks of 64, 128, 256 and 512 bytes, and odd sizes from malloc,
 * all charged to one budget.
 *
 *     handle = | size | ref in the pool of that size |        0: none
 *               31  29 28                            0        size: 1 to 4, for 64 to 512
 */
#ifndef DHT_CORE_BLOCKS_H
#define DHT_CORE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/pool.h"

#define BLOCK_SIZES    4
#define BLOCK_MIN      64
#define BLOCK_MAX      512
#define BLOCK_REF_MASK ((UINT32_C(1) << POOL_REF_BITS) - 1)

struct blocks {
	struct budget budget;
	struct pool pool[BLOCK_SIZES];
};

/* What a check has found in use, to be compared with what was taken. */
struct census {
	uint64_t malloced; /* bytes, charged */
	uint64_t blocks[BLOCK_SIZES];
};

/* max: of the budget. */
void blocks_init(struct blocks *b, uint64_t max);
void blocks_fini(struct blocks *b);

/* Gives a block of at least bytes (up to BLOCK_MAX). DHT_EFULL, DHT_ENOMEM. */
int blocks_alloc(struct blocks *b, size_t bytes, uint32_t *handle);

/* 0 is nothing. */
void blocks_free(struct blocks *b, uint32_t handle);

/* Whether blocks should be brought together, and doing so with one. */
bool blocks_wasteful(const struct blocks *b);
void blocks_move(struct blocks *b, uint32_t *handle);

/* Gives zeroed memory of any size, NULL with *err. To be given back with the same size. */
void *blocks_calloc(struct blocks *b, size_t bytes, int *err);
void blocks_cfree(struct blocks *b, void *p, size_t bytes);

void census_malloc(struct census *c, size_t bytes);
void census_block(struct census *c, uint32_t handle);

/* Compares; asserts. Nobody may be changing anything. */
void blocks_check(struct blocks *b, const struct census *c);

static inline uint32_t blocks_size(uint32_t handle)
{
	return (BLOCK_MIN / 2u) << (handle >> POOL_REF_BITS);
}

static inline uint8_t *blocks_at(const struct blocks *b, uint32_t handle)
{
	return pool_at(&b->pool[(handle >> POOL_REF_BITS) - 1], handle & BLOCK_REF_MASK);
}

#endif
