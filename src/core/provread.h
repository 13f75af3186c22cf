/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * provread: what readers see of one hash's providers: how many, a sample, a page.
 *
 * Whether they are in a set or one stands alone in its entry makes no difference here. Only who is
 * alive is ever given. Reading takes no memory and changes nothing.
 *
 * A sample is drawn by throwing darts: a place of the directory and a slot in its bucket, both
 * uniform, until a provider who is alive and was not drawn yet is hit. The family is drawn first,
 * by how many each has left. When most darts would miss, the set is walked instead (Knuth's
 * algorithm S), which is as fair.
 */
#ifndef DHT_CORE_PROVREAD_H
#define DHT_CORE_PROVREAD_H

#include "base/rng.h"
#include "core/provset.h"
#include "core/table.h"

struct provread {
	const struct blocks *blocks;
	struct half half[FAMILIES];
	uint32_t alive[FAMILIES];
	uint32_t now;            /* tick */
	uint64_t epoch_ms;       /* of tick 0 */
	uint8_t lone[BLOCK_MIN]; /* a bucket for one who stands alone */
};

void provread_set(struct provread *r, const struct blocks *b, const struct provset *s, uint32_t now,
	uint64_t epoch_ms);

/* half[] points into r, which so must stay where it is. */
void provread_lone(struct provread *r, const struct element *p, uint32_t now, uint64_t epoch_ms);

static inline uint32_t provread_total(const struct provread *r)
{
	return r->alive[FAMILY_V4] + r->alive[FAMILY_V6];
}

/* The cursor of a page that begins with the providers of this hash. */
static inline uint32_t provread_cursor(enum family f, uint32_t hash)
{
	return (uint32_t)f << PROVIDER_HASH_BITS | hash;
}

/* As table_sample() and table_page(). */
size_t provread_sample(const struct provread *r, struct rng *rng, size_t max, struct record *out);
size_t provread_page(
	const struct provread *r, uint32_t cursor, size_t max, struct record *out, uint32_t *next);

#endif
