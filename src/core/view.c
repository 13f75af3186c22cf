/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/view.h"

#include <assert.h>
#include <stdlib.h>

bool view_owns(const struct view *v, uint32_t partition, uint16_t slot)
{
	const uint16_t *row = view_row(v, partition);

	for (uint32_t i = 0; i < v->replicas && row[i] != RING_NONE; i++)
		if (row[i] == slot)
			return true;
	return false;
}

uint32_t view_owner_count(const struct view *v, uint32_t partition)
{
	const uint16_t *row = view_row(v, partition);
	uint32_t n = 0;

	while (n < v->replicas && row[n] != RING_NONE)
		n++;
	return n;
}

uint16_t view_find(const struct view *v, const struct addr *id)
{
	for (uint16_t i = 0; id->port && i < v->slots; i++)
		if (addr_equal(&v->members[i].id, id))
			return i;
	return RING_NONE;
}

struct view *view_new(uint16_t slots, uint8_t row_len)
{
	struct view *v = calloc(1, sizeof(*v));

	assert(slots >= 1 && slots <= RING_SLOTS);
	assert(row_len > RING_NEXT && row_len <= RING_ROW_MAX);
	if (!v)
		return NULL;
	v->slots = slots;
	v->row_len = row_len;
	v->members = calloc(slots, sizeof(*v->members));
	v->rows = calloc((size_t)TABLE_PARTITIONS * row_len, sizeof(*v->rows));
	if (!v->members || !v->rows) {
		view_free(v);
		return NULL;
	}
	return v;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	free(v->members);
	free(v->rows);
	free(v);
}
