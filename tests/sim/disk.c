/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/lane.h"

#define BATCH 64

static struct saved *more(struct disk *d)
{
	if (d->count == d->capacity) {
		d->capacity = d->capacity ? 2 * d->capacity : 256;
		d->records = realloc(d->records, d->capacity * sizeof(*d->records));
		assert(d->records);
	}
	return &d->records[d->count++];
}

static void save_item(struct disk *d, const struct table_item *item, const struct clock *c)
{
	struct saved *one = more(d);

	one->hash = hash_of((struct span){.p = item->hash, .len = item->hash_len});
	one->record = item->record;
	one->record.expiry_ms = clock_sim_us(c, item->record.expiry_ms * 1000) / 1000;
}

void disk_save(struct disk *d, struct table *t, const struct clock *c, uint64_t sim_us)
{
	uint64_t now_ms = clock_mono_us(c, sim_us) / 1000;
	struct table_item items[BATCH];

	d->count = 0;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		uint64_t cursor = 0;
		if (table_is_empty(t, p))
			continue;
		do {
			size_t n = table_scan(t, p, &cursor, items, BATCH, now_ms);
			for (size_t i = 0; i < n; i++)
				save_item(d, &items[i], c);
		} while (cursor != 0);
	}
}

/* What r is now, with its end by the server's clock; false: nothing. */
static bool still_is(
	struct record *r, const struct table *t, const struct clock *c, uint64_t sim_us)
{
	uint64_t sim_ms = sim_us / 1000;

	if (r->expiry_ms <= sim_ms)
		return table_remains(t, r, sim_ms - r->expiry_ms, clock_mono_us(c, sim_us) / 1000);
	r->expiry_ms = clock_mono_us(c, r->expiry_ms * 1000) / 1000;
	return true;
}

void disk_load(const struct disk *d, struct server *server, const struct clock *c, uint64_t sim_us)
{
	struct lane *lane = server_cluster_lane(server);
	struct now now = clock_now(c, sim_us);

	for (size_t i = 0; i < d->count; i++) {
		struct table_key key = table_key_of(hash_span(&d->records[i].hash));
		struct record r = d->records[i].record;
		if (!still_is(&r, server_table(server), c, sim_us))
			continue;
		/* What was in a table fits another one of the same limits, but for chance. Stamps
		 * come to be above all that was read, whatever the wall clock did meanwhile. */
		(void)lane_store_foreign(lane, &key, &r, &now);
	}
}

void disk_fini(struct disk *d)
{
	free(d->records);
	*d = (struct disk){0};
}
