/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define NO_REGION UINT32_MAX
#define NO_BLOCK  UINT32_MAX

static void bit_set(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static void bit_clear(uint64_t *bits, uint32_t i)
{
	bits[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static bool bit_test(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

/* The lowest bit that is set among the words; NO_REGION when none is. */
static uint32_t bit_first(const uint64_t *bits, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		if (bits[i])
			return i * 64 + (uint32_t)__builtin_ctzll(bits[i]);
	return NO_REGION;
}

static struct pool_region *region_at(struct pool *p, uint32_t region)
{
	return &p->leaf[region / POOL_LEAF]->region[region % POOL_LEAF];
}

static uint32_t region_limit(const struct pool *p)
{
	uint32_t limit = UINT32_C(1) << (POOL_REF_BITS - p->block_bits);

	return limit < POOL_LEAF * POOL_LEAVES ? limit : POOL_LEAF * POOL_LEAVES;
}

static void mark_partial(struct pool *p, uint32_t region)
{
	bit_set(p->leaf[region / POOL_LEAF]->partial, region % POOL_LEAF);
	bit_set(p->partial, region / POOL_LEAF);
}

static void mark_unavailable(struct pool *p, uint32_t region)
{
	struct pool_leaf *leaf = p->leaf[region / POOL_LEAF];

	bit_clear(leaf->partial, region % POOL_LEAF);
	if (bit_first(leaf->partial, POOL_LEAF / 64) == NO_REGION)
		bit_clear(p->partial, region / POOL_LEAF);
}

void pool_init(struct pool *p, uint32_t block_size, struct budget *budget)
{
	assert(block_size >= 64 && block_size <= 4096 && block_size % 8 == 0);
	memset(p, 0, sizeof(*p));
	p->block_size = block_size;
	p->blocks = (uint16_t)(POOL_REGION / block_size);
	p->spare = NO_REGION;
	p->budget = budget;
	while (1u << p->block_bits < p->blocks)
		p->block_bits++;
}

void pool_fini(struct pool *p)
{
	budget_give(p->budget, pool_bytes(p));
	for (uint32_t i = 0; i < POOL_LEAVES && p->leaf[i]; i++) {
		for (uint32_t j = 0; j < POOL_LEAF; j++)
			free(p->leaf[i]->region[j].base);
		free(p->leaf[i]);
		p->leaf[i] = NULL;
	}
}

/* Memory for one more region, charged, not yet in the pool. */
static int region_new(struct pool *p, uint8_t **base)
{
	if (!budget_take(p->budget, POOL_REGION))
		return DHT_EFULL;
	*base = aligned_alloc(64, POOL_REGION);
	if (*base)
		return 0;
	budget_give(p->budget, POOL_REGION);
	return DHT_ENOMEM;
}

/* The same for a leaf. It is never given back before the end: 16 KiB for 256 MiB of regions. */
static int leaf_new(struct pool *p, struct pool_leaf **leaf)
{
	if (!budget_take(p->budget, sizeof(**leaf)))
		return DHT_EFULL;
	*leaf = calloc(1, sizeof(**leaf));
	if (*leaf)
		return 0;
	budget_give(p->budget, sizeof(**leaf));
	return DHT_ENOMEM;
}

/* The lowest number that no region has. */
static uint32_t absent_region(struct pool *p)
{
	while (p->absent < region_limit(p) && p->leaf[p->absent / POOL_LEAF] &&
		region_at(p, p->absent)->base)
		p->absent++;
	return p->absent;
}

/* Puts base (takes it) into the pool; *leaf, when one was needed, too. Called with the lock. */
static int region_install(struct pool *p, uint8_t **base, struct pool_leaf **leaf)
{
	uint32_t region = absent_region(p);

	if (region >= region_limit(p))
		return DHT_EFULL;
	if (!p->leaf[region / POOL_LEAF]) {
		if (!*leaf)
			return DHT_EBUSY;
		p->leaf[region / POOL_LEAF] = *leaf;
		*leaf = NULL;
	}
	*region_at(p, region) = (struct pool_region){.base = *base, .free = NO_BLOCK};
	*base = NULL;
	p->regions++;
	mark_partial(p, region);
	return 0;
}

/* One more region. Called without the lock; another thread may grow the pool meanwhile, which
 * costs nothing but a region too many. */
static int pool_grow(struct pool *p)
{
	uint8_t *base = NULL;
	struct pool_leaf *leaf = NULL;
	int err = region_new(p, &base);

	while (!err) {
		spin_lock(&p->lock);
		err = region_install(p, &base, &leaf);
		spin_unlock(&p->lock);
		if (err != DHT_EBUSY)
			break;
		err = leaf_new(p, &leaf);
	}
	if (base) {
		free(base);
		budget_give(p->budget, POOL_REGION);
	}
	if (leaf) {
		free(leaf);
		budget_give(p->budget, sizeof(*leaf));
	}
	return err;
}

static uint8_t *block_at(const struct pool *p, const struct pool_region *r, uint32_t block)
{
	return r->base + (size_t)block * p->block_size;
}

/* The lowest region that has a block to give, or NO_REGION. */
static uint32_t lowest_partial(const struct pool *p)
{
	uint32_t leaf = bit_first(p->partial, POOL_LEAVES / 64);

	if (leaf == NO_REGION)
		return NO_REGION;
	return leaf * POOL_LEAF + bit_first(p->leaf[leaf]->partial, POOL_LEAF / 64);
}

/* False when no region has a block to give. Called with the lock. */
static bool take_block(struct pool *p, uint32_t *ref)
{
	uint32_t region = lowest_partial(p);

	if (region == NO_REGION)
		return false;
	struct pool_region *r = region_at(p, region);
	uint32_t block = r->free;

	if (block == NO_BLOCK)
		block = r->fresh++;
	else
		memcpy(&r->free, block_at(p, r, block), sizeof(r->free));
	p->used++;
	if (++r->used == p->blocks)
		mark_unavailable(p, region);
	if (p->spare == region)
		p->spare = NO_REGION;
	*ref = region << p->block_bits | block;
	return true;
}

int pool_alloc(struct pool *p, uint32_t *ref)
{
	for (;;) {
		spin_lock(&p->lock);
		bool got = take_block(p, ref);
		spin_unlock(&p->lock);
		if (got)
			return 0;
		int err = pool_grow(p);
		if (err)
			return err;
	}
}

/* What is to be done with a region that has just become empty: NULL, or memory to free. */
static uint8_t *retire_region(struct pool *p, uint32_t region)
{
	if (p->spare == NO_REGION) {
		p->spare = region;
		return NULL;
	}
	/* The lower one stays: the upper ones are those that are to go. */
	uint32_t goes = region > p->spare ? region : p->spare;
	p->spare = region > p->spare ? p->spare : region;

	struct pool_region *r = region_at(p, goes);
	uint8_t *base = r->base;
	*r = (struct pool_region){0};
	p->regions--;
	mark_unavailable(p, goes);
	if (goes < p->absent)
		p->absent = goes;
	return base;
}

void pool_free(struct pool *p, uint32_t ref)
{
	uint32_t region = ref >> p->block_bits, block = ref & ((UINT32_C(1) << p->block_bits) - 1);
	uint8_t *base = NULL;

	spin_lock(&p->lock);
	struct pool_region *r = region_at(p, region);
	assert(r->base && r->used > 0 && block < r->fresh);
	memcpy(block_at(p, r, block), &r->free, sizeof(r->free));
	r->free = block;
	p->used--;
	if (r->used-- == p->blocks)
		mark_partial(p, region);
	if (r->used == 0)
		base = retire_region(p, region);
	spin_unlock(&p->lock);

	if (base) {
		free(base);
		budget_give(p->budget, POOL_REGION);
	}
}

bool pool_move(struct pool *p, uint32_t *ref)
{
	uint32_t region = *ref >> p->block_bits, to;

	if (region < pool_regions_allowed(p))
		return false;
	spin_lock(&p->lock);
	bool got = lowest_partial(p) < region && take_block(p, &to);
	spin_unlock(&p->lock);
	if (!got)
		return false;
	memcpy(pool_at(p, to), pool_at(p, *ref), p->block_size);
	pool_free(p, *ref);
	*ref = to;
	return true;
}

uint64_t pool_bytes(struct pool *p)
{
	uint64_t bytes = 0;

	spin_lock(&p->lock);
	for (uint32_t i = 0; i < POOL_LEAVES && p->leaf[i]; i++) {
		bytes += sizeof(struct pool_leaf);
		for (uint32_t j = 0; j < POOL_LEAF; j++)
			bytes += p->leaf[i]->region[j].base ? POOL_REGION : 0;
	}
	spin_unlock(&p->lock);
	return bytes;
}

static void check_region(struct pool *p, uint32_t region)
{
	const struct pool_region *r = region_at(p, region);
	uint32_t free_blocks = 0;

	assert(bit_test(p->leaf[region / POOL_LEAF]->partial, region % POOL_LEAF) ==
		(r->base && r->used < p->blocks));
	if (!r->base) {
		assert(r->used == 0 && region >= p->absent);
		return;
	}
	assert(r->fresh <= p->blocks && (r->used > 0 || p->spare == region || r->fresh == 0));
	for (uint32_t b = r->free; b != NO_BLOCK; free_blocks++) {
		assert(b < r->fresh);
		memcpy(&b, block_at(p, r, b), sizeof(b));
	}
	assert(free_blocks + r->used == r->fresh);
}

void pool_check(struct pool *p)
{
	uint32_t used = 0, regions = 0;

	spin_lock(&p->lock);
	for (uint32_t i = 0; i < POOL_LEAVES && p->leaf[i]; i++) {
		bool any = bit_first(p->leaf[i]->partial, POOL_LEAF / 64) != NO_REGION;
		assert(bit_test(p->partial, i) == any);
		for (uint32_t j = 0; j < POOL_LEAF; j++) {
			check_region(p, i * POOL_LEAF + j);
			used += p->leaf[i]->region[j].used;
			regions += p->leaf[i]->region[j].base != NULL;
		}
	}
	assert(used == p->used && regions == p->regions);
	spin_unlock(&p->lock);
}
