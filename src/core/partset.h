/* SPDX-License-Identifier: BSD-2-Clause */
/* partset: a set of partitions, of fixed size. */
#ifndef DHT_CORE_PARTSET_H
#define DHT_CORE_PARTSET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/table.h"

#define PARTSET_NONE UINT32_MAX

struct partset {
	uint64_t word[TABLE_PARTITIONS / 64];
	uint32_t count;
};

static inline bool partset_has(const struct partset *s, uint32_t partition)
{
	return s->word[partition / 64] >> partition % 64 & 1;
}

/* Puts it in, or takes it out. */
static inline void partset_put(struct partset *s, uint32_t partition, bool in)
{
	if (partset_has(s, partition) == in)
		return;
	s->word[partition / 64] ^= UINT64_C(1) << partition % 64;
	s->count += in ? 1 : UINT32_MAX;
}

/* The first one at from or behind it, and then from the start on. PARTSET_NONE: it is empty. */
static inline uint32_t partset_next(const struct partset *s, uint32_t from)
{
	uint32_t i = from / 64 % (TABLE_PARTITIONS / 64);
	uint64_t word = s->word[i] & UINT64_MAX << from % 64;

	if (s->count == 0)
		return PARTSET_NONE;
	while (word == 0) {
		i = (i + 1) % (TABLE_PARTITIONS / 64);
		word = s->word[i];
	}
	return i * 64 + (uint32_t)__builtin_ctzll(word);
}

#endif
