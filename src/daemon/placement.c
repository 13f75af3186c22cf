/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/placement.h"

#include <string.h>

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void begin(struct placement *p, uint32_t first, uint32_t count)
{
	memset(p, 0, sizeof(*p));
	p->first = first;
	p->count = smaller(smaller(count, PLACEMENT_ROWS), TABLE_PARTITIONS - first);
}

/* Whether this server is among the owners. */
static bool count_owners(struct placement *p, const struct view *v, uint32_t partition)
{
	const uint16_t *row = view_row(v, partition);
	bool own = false;

	for (size_t i = 0; i < v->replicas && row[i] != RING_NONE; i++) {
		p->owned[row[i]]++;
		own |= row[i] == v->self;
	}
	return own;
}

static void copy_row(struct placement *p, const struct view *v, uint32_t at)
{
	uint16_t *to = p->rows[at];
	const uint16_t *row = view_row(v, p->first + at);

	for (size_t i = 0; i < RING_REPLICAS; i++)
		to[i] = i < v->replicas ? row[i] : RING_NONE;
}

void placement_take(struct placement *p, const struct view *v, const struct parts *parts,
	uint32_t first, uint32_t count)
{
	begin(p, first, count);
	p->replicas = v->replicas;
	p->slots = v->slots;
	p->self = v->self;
	for (uint16_t i = 0; i < v->slots; i++)
		p->ids[i] = v->members[i].id;
	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++) {
		enum part_state state = parts_get(parts, i);
		if (count_owners(p, v, i) || state == PART_NONE)
			p->states[state]++;
		else
			p->kept++;
	}
	for (uint32_t i = 0; i < p->count; i++) {
		copy_row(p, v, i);
		p->row_states[i] = (uint8_t)parts_get(parts, first + i);
	}
}

void placement_alone(struct placement *p, const struct addr *self, uint32_t first, uint32_t count)
{
	begin(p, first, count);
	p->replicas = 1;
	p->slots = 1;
	p->ids[0] = *self;
	p->owned[0] = p->states[PART_COMPLETE] = TABLE_PARTITIONS;
	for (uint32_t i = 0; i < p->count; i++) {
		memset(p->rows[i], 0xff, sizeof(p->rows[i]));
		p->rows[i][0] = 0;
		p->row_states[i] = PART_COMPLETE;
	}
}

/* ---- JSON ---- */

static const char *const state_names[] = {
	[PART_NONE] = "none",
	[PART_PARTIAL] = "partial",
	[PART_COMPLETE] = "complete",
};

static json_t *servers_json(const struct placement *p)
{
	json_t *list = json_array();
	int err = list ? 0 : -1;
	char ip[IP_TEXT_MAX];

	for (uint16_t i = 0; i < p->slots; i++) {
		if (p->ids[i].port == 0 || (p->owned[i] == 0 && i != p->self))
			continue;
		ip_format(&p->ids[i].ip, ip);
		err |= json_array_append_new(
			list, json_pack("{s:s, s:i, s:i, s:b}", "address", ip, "port",
				      (int)p->ids[i].port, "partitions", (int)p->owned[i], "self",
				      i == p->self));
	}
	if (err == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *owners_json(const struct placement *p, const uint16_t *row)
{
	json_t *list = json_array();
	int err = list ? 0 : -1;
	char at[ADDR_TEXT_MAX];

	for (size_t i = 0; i < RING_REPLICAS && row[i] != RING_NONE; i++) {
		addr_format(&p->ids[row[i]], at);
		err |= json_array_append_new(list, json_string(at));
	}
	if (err == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *rows_json(const struct placement *p)
{
	json_t *list = json_array();
	int err = list ? 0 : -1;

	for (uint32_t i = 0; i < p->count; i++)
		err |= json_array_append_new(
			list, json_pack("{s:i, s:s, s:o}", "partition", (int)(p->first + i),
				      "state", state_names[p->row_states[i]], "owners",
				      owners_json(p, p->rows[i])));
	if (err == 0)
		return list;
	json_decref(list);
	return NULL;
}

json_t *placement_json(const struct placement *p)
{
	uint32_t next = p->first + p->count;

	return json_pack("{s:i, s:i, s:{s:i, s:i, s:i, s:i}, s:o, s:o, s:i}", "total",
		(int)TABLE_PARTITIONS, "replicas", (int)p->replicas, "own", "none",
		(int)p->states[PART_NONE], "partial", (int)p->states[PART_PARTIAL], "complete",
		(int)p->states[PART_COMPLETE], "kept", (int)p->kept, "servers", servers_json(p),
		"partitions", rows_json(p), "next", next < TABLE_PARTITIONS ? (int)next : 0);
}
