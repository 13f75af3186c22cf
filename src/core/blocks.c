/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/blocks.h"

#include <assert.h>
#include <stdlib.h>

#include "base/err.h"

void blocks_init(struct blocks *b, uint64_t max)
{
	atomic_store(&b->budget.used, 0);
	atomic_store(&b->budget.max, max);
	for (uint32_t i = 0; i < BLOCK_SIZES; i++)
		pool_init(&b->pool[i], (uint32_t)BLOCK_MIN << i, &b->budget);
}

void blocks_fini(struct blocks *b)
{
	for (uint32_t i = 0; i < BLOCK_SIZES; i++)
		pool_fini(&b->pool[i]);
}

int blocks_alloc(struct blocks *b, size_t bytes, uint32_t *handle)
{
	uint32_t size = 0, ref;

	assert(bytes <= BLOCK_MAX);
	while ((size_t)BLOCK_MIN << size < bytes)
		size++;
	int err = pool_alloc(&b->pool[size], &ref);
	if (!err)
		*handle = (size + 1) << POOL_REF_BITS | ref;
	return err;
}

void blocks_free(struct blocks *b, uint32_t handle)
{
	if (handle)
		pool_free(&b->pool[(handle >> POOL_REF_BITS) - 1], handle & BLOCK_REF_MASK);
}

bool blocks_wasteful(const struct blocks *b)
{
	for (uint32_t i = 0; i < BLOCK_SIZES; i++)
		if (pool_wasteful(&b->pool[i]))
			return true;
	return false;
}

void blocks_move(struct blocks *b, uint32_t *handle)
{
	uint32_t ref = *handle & BLOCK_REF_MASK;

	if (pool_move(&b->pool[(*handle >> POOL_REF_BITS) - 1], &ref))
		*handle = (*handle & ~BLOCK_REF_MASK) | ref;
}

/* What malloc really takes: its header, in steps of 16. */
static uint64_t malloc_cost(size_t bytes)
{
	return bytes <= 24 ? 32 : (bytes + 8 + 15) / 16 * 16;
}

void *blocks_calloc(struct blocks *b, size_t bytes, int *err)
{
	if (!budget_take(&b->budget, malloc_cost(bytes))) {
		*err = DHT_EFULL;
		return NULL;
	}
	void *p = calloc(1, bytes);
	if (!p) {
		budget_give(&b->budget, malloc_cost(bytes));
		*err = DHT_ENOMEM;
	}
	return p;
}

void blocks_cfree(struct blocks *b, void *p, size_t bytes)
{
	if (!p)
		return;
	free(p);
	budget_give(&b->budget, malloc_cost(bytes));
}

void census_malloc(struct census *c, size_t bytes)
{
	c->malloced += malloc_cost(bytes);
}

void census_block(struct census *c, uint32_t handle)
{
	c->blocks[(handle >> POOL_REF_BITS) - 1]++;
}

void blocks_check(struct blocks *b, const struct census *c)
{
	uint64_t bytes = c->malloced;

	for (uint32_t i = 0; i < BLOCK_SIZES; i++) {
		pool_check(&b->pool[i]);
		assert(b->pool[i].used == c->blocks[i]);
		bytes += pool_bytes(&b->pool[i]);
	}
	assert(budget_used(&b->budget) == bytes);
}
