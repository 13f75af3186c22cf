/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/repair_impl.h"

#include <string.h>

/* One change of view. */
struct change {
	struct repair *r;
	const struct view *old, *new;
	bool same_slots; /* each slot that both have is the same member's */
	bool first;      /* there was no view before */
	bool doubt;      /* what is ours may be old */
	uint64_t now_us;
};

static bool same_member(const struct view *a, const struct view *b, uint16_t slot)
{
	return slot < a->slots && slot < b->slots &&
	       addr_equal(&a->members[slot].id, &b->members[slot].id);
}

static bool same_slots(const struct view *a, const struct view *b)
{
	for (uint16_t i = 0; i < a->slots && i < b->slots; i++)
		if (a->members[i].id.port != 0 && !same_member(a, b, i))
			return false;
	return true;
}

static bool same_row(const struct change *c, uint32_t p)
{
	size_t len = c->new->row_len;

	if (!c->same_slots || c->old->row_len != len || c->old->replicas != c->new->replicas)
		return false;
	return memcmp(view_row(c->old, p), view_row(c->new, p), len * sizeof(uint16_t)) == 0;
}

/* The mask of the old row's places in the new row. */
static uint32_t moved(const struct change *c, uint32_t p, uint32_t mask)
{
	const uint16_t *row = view_row(c->old, p);
	uint32_t found = 0;

	for (uint32_t i = 0; i < c->old->row_len; i++)
		if (mask >> i & 1 && same_member(c->old, c->new, row[i]))
			found |= repair_bit(c->r, p, row[i]);
	return found;
}

static void move_masks(const struct change *c, uint32_t p)
{
	struct repair_part *x = &c->r->part[p];

	x->heard = moved(c, p, x->heard);
	x->whole = moved(c, p, x->whole);
	x->have = moved(c, p, x->have);
	x->want = moved(c, p, x->want);
	x->ask = moved(c, p, x->ask);
	x->confirmed = moved(c, p, x->confirmed);
	x->guest = RING_NONE;
	partset_put(&c->r->soon, p, x->ask != 0);
	repair_queue(c->r, p);
}

/* Owners that were dead and are back have gone on without us, and we without them. */
static uint32_t returned(const struct change *c, uint32_t p)
{
	const uint16_t *row = view_row(c->new, p);
	uint32_t mask = repair_owners(c->r, p), found = 0;

	for (uint32_t i = 0; i < c->new->replicas; i++)
		if (mask >> i & 1 && same_member(c->old, c->new, row[i]) &&
			c->old->members[row[i]].state == PEER_DEAD)
			found |= 1u << i;
	return found;
}

static void gain(const struct change *c, uint32_t p)
{
	bool known = MUTANT(9) || (c->r->known_all && (c->first || c->new->alone));

	repair_reset(c->r, p, c->now_us);
	repair_mark(c->r, p, true, known ? PART_COMPLETE : PART_PARTIAL);
}

/* What it had when it owned it is worth knowing even when that is nothing: that is said once at
 * once, and then now and then. */
static void lose(const struct change *c, uint32_t p)
{
	struct repair *r = c->r;
	enum part_state state = parts_get(r->parts, p);

	if (state == PART_PARTIAL && table_is_empty(r->table, p))
		state = PART_NONE;
	repair_reset(r, p, c->now_us);
	repair_mark(r, p, false, state);
	if (state == PART_COMPLETE)
		repair_ask(r, p, repair_owners(r, p));
}

static void change_part(const struct change *c, uint32_t p)
{
	struct repair *r = c->r;
	struct repair_part *x = &r->part[p];
	bool owns = view_owns(c->new, p, c->new->self);

	if (!c->first && !same_row(c, p))
		move_masks(c, p);
	if (owns && (!x->owned || c->doubt))
		gain(c, p);
	else if (!owns && x->owned)
		lose(c, p);
	else if (!owns && parts_get(r->parts, p) == PART_NONE && !table_is_empty(r->table, p))
		repair_mark(r, p, false, PART_PARTIAL);
	else if (owns && parts_get(r->parts, p) == PART_COMPLETE)
		repair_ask(r, p, returned(c, p));
}

void repair_set_view(struct repair *r, const struct view *v, bool known_all, const struct now *now)
{
	const struct view *old = r->view;
	struct change c = {
		.r = r,
		.old = old ? old : v,
		.new = v,
		.same_slots = !old || same_slots(old, v),
		.first = !old,
		.doubt = old && r->known_all && !known_all,
		.now_us = now->mono_us,
	};

	r->view = v;
	r->known_all = known_all;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		change_part(&c, p);
	repair_drop_jobs(r, c.old, c.doubt);
	repair_hurry(r, now->mono_us);
}

void repair_doubt(struct repair *r, uint64_t now_us)
{
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		bool owned = r->part[p].owned;
		if (!owned && parts_get(r->parts, p) == PART_NONE)
			continue;
		repair_reset(r, p, now_us);
		repair_mark(r, p, owned, owned ? PART_PARTIAL : parts_get(r->parts, p));
	}
	repair_drop_jobs(r, r->view, true);
	repair_hurry(r, now_us);
}

void repair_settle(struct repair *r)
{
	r->known_all = true;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		if (r->part[p].owned)
			repair_mark(r, p, true, PART_COMPLETE);
}
