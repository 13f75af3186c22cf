/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/table_impl.h"

#include <assert.h>

/* What a check has counted. */
struct tally {
	struct census census;
	uint64_t items, tombstones, hashes;
};

static void check_entry(struct table *t, const uint8_t *e, struct tally *tally)
{
	if (!entry_is_set(e)) {
		struct element p = entry_provider(e);
		tally->items++;
		tally->tombstones += version_is_withdrawal(p.version);
		assert(!version_is_withdrawal(p.version) || !version_is_shortened(p.version));
		return;
	}
	struct provset set = entry_set(e);
	uint32_t n = provset_count(&t->stock.blocks, &set);

	provset_check(&t->stock.blocks, &set, &tally->census);
	assert(n > 1 || set.half[FAMILY_V6]);
	tally->items += n;
	tally->tombstones += n - set.live[FAMILY_V4] - set.live[FAMILY_V6];
}

static void check_shelf(
	struct table *t, const struct shelf *s, uint32_t partition, struct tally *tally)
{
	shelf_check(&t->stock, s, &tally->census);
	assert(s->earliest >= atomic_load(&t->earliest[partition]));
	assert(s->entries == 0 || !table_is_empty(t, partition));
	for (uint32_t pos = 0; pos < s->entries; pos++) {
		const uint8_t *e = shelf_entry(&t->stock, s, pos);
		struct table_key key = table_key_of(
			(struct span){.p = entry_key(e), .len = entry_key_len(e)});
		assert(key.partition == partition);
		check_entry(t, e, tally);
	}
	tally->hashes += s->entries;
}

static void check_sum(struct table *t, uint32_t partition)
{
	const struct partition *part = &t->partitions[partition];

	if (!part->summed)
		return;
	struct table_digest counted = table_count_stored(t, partition);
	assert(part->sum == counted.sum && part->count == counted.count);
}

void table_check(struct table *t)
{
	struct tally tally = {0};

	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++) {
		spin_lock(&t->partitions[i].lock);
		for (uint8_t type = 0; type < SHELF_TYPES; type++) {
			assert(t->partitions[i].shelves[type].type == type);
			check_shelf(t, &t->partitions[i].shelves[type], i, &tally);
		}
		check_sum(t, i);
		spin_unlock(&t->partitions[i].lock);
	}
	assert(tally.items == budget_used(&t->items));
	assert(tally.tombstones == atomic_load(&t->tombstones));
	assert(tally.hashes == atomic_load(&t->hashes));
	blocks_check(&t->stock.blocks, &tally.census);
}
