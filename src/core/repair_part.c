/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/repair_impl.h"

#define ALL_PLACES UINT32_MAX

_Static_assert(RING_ROW_MAX <= 32, "places fit a mask");

uint32_t repair_bit(const struct repair *r, uint32_t p, uint16_t slot)
{
	const uint16_t *row = view_row(r->view, p);

	for (uint32_t i = 0; i < r->view->row_len; i++)
		if (row[i] == slot && slot != RING_NONE)
			return 1u << i;
	return 0;
}

uint32_t repair_owners(const struct repair *r, uint32_t p)
{
	const uint16_t *row = view_row(r->view, p);
	uint32_t mask = 0;

	for (uint32_t i = 0; i < r->view->replicas; i++)
		if (row[i] != RING_NONE && row[i] != r->view->self)
			mask |= 1u << i;
	return mask;
}

bool repair_reachable(const struct repair *r, uint16_t slot)
{
	if (slot >= r->view->slots || slot == r->view->self)
		return false;
	const struct view_member *m = &r->view->members[slot];
	return m->speaks && m->id.port != 0 && m->state >= PEER_ALIVE && m->state <= PEER_LEAVING;
}

uint32_t repair_reach(const struct repair *r, uint32_t p, uint32_t mask)
{
	const uint16_t *row = view_row(r->view, p);
	uint32_t found = 0;

	for (uint32_t i = 0; i < r->view->row_len; i++)
		if (mask >> i & 1 && repair_reachable(r, row[i]))
			found |= 1u << i;
	return found;
}

uint64_t repair_digest(const struct repair *r, uint32_t p, uint64_t now_ms)
{
	return table_digest_of(table_digest(r->table, p, now_ms));
}

uint8_t repair_flags(const struct repair *r, uint32_t p)
{
	uint8_t flags = 0;

	if (parts_get(r->parts, p) == PART_COMPLETE)
		flags |= PEER_PART_COMPLETE;
	if (r->part[p].owned)
		flags |= PEER_PART_OWNER;
	return flags;
}

static void count(struct repair *r, uint32_t p, uint32_t by)
{
	enum part_state state = parts_get(r->parts, p);

	if (r->part[p].owned) {
		r->owned += by;
		r->partial += state == PART_PARTIAL ? by : 0;
	} else {
		r->kept += state != PART_NONE ? by : 0;
	}
}

void repair_mark(struct repair *r, uint32_t p, bool owned, enum part_state state)
{
	count(r, p, UINT32_MAX);
	r->part[p].owned = owned;
	parts_set(r->parts, p, state);
	count(r, p, 1);
	partset_put(&r->fast, p, owned ? state == PART_PARTIAL : state != PART_NONE);
	repair_queue(r, p);
}

void repair_reset(struct repair *r, uint32_t p, uint64_t now_us)
{
	struct repair_part *x = &r->part[p];

	x->heard = x->whole = x->have = x->want = x->ask = x->confirmed = 0;
	x->guest = RING_NONE;
	x->authority = false;
	x->since_us = now_us;
	partset_put(&r->soon, p, false);
	repair_queue(r, p);
}

void repair_queue(struct repair *r, uint32_t p)
{
	const struct repair_part *x = &r->part[p];
	bool in = x->owned && !x->pulling && (x->want || x->guest != RING_NONE);
	bool partial = parts_get(r->parts, p) == PART_PARTIAL;

	partset_put(&r->want[0], p, in && partial);
	partset_put(&r->want[1], p, in && !partial);
}

void repair_ask(struct repair *r, uint32_t p, uint32_t mask)
{
	struct repair_part *x = &r->part[p];

	x->ask |= repair_reach(r, p, mask);
	partset_put(&r->soon, p, x->ask != 0);
}

void repair_want(struct repair *r, uint32_t p, uint16_t slot)
{
	struct repair_part *x = &r->part[p];
	uint32_t bit = repair_bit(r, p, slot);

	if (!x->owned || !repair_reachable(r, slot))
		return;
	if (bit)
		x->want |= bit;
	else if (x->guest == RING_NONE)
		x->guest = slot;
	repair_queue(r, p);
}

/* Of a server that is complete now and was not, or was not known to be, we need not have what it
 * has since. A server that owns no part of what we keep is no authority for letting go of it. */
void repair_heard(struct repair *r, uint32_t p, uint16_t slot, uint8_t flags, bool have)
{
	struct repair_part *x = &r->part[p];
	uint32_t bit = repair_bit(r, p, slot);
	bool whole = flags & PEER_PART_COMPLETE && (x->owned || flags & PEER_PART_OWNER);

	if (whole && !(x->whole & bit))
		x->have &= ~bit;
	x->heard |= bit;
	x->whole = whole ? x->whole | bit : x->whole & ~bit;
	x->have |= have ? bit : 0;
	x->authority |= x->owned && whole && have;
}

static bool is_partial(const struct repair *r, uint32_t p)
{
	return r->part[p].owned && parts_get(r->parts, p) == PART_PARTIAL;
}

/* How many complete owners overlap with any write quorum. */
static int enough(const struct view *v)
{
	return v->write_quorum < v->replicas ? v->replicas - v->write_quorum + 1 : 1;
}

/* Somebody has offered what was not pulled yet. */
static bool has_offers(const struct repair *r, uint32_t p)
{
	const struct repair_part *x = &r->part[p];

	return x->pulling || x->guest != RING_NONE || repair_reach(r, p, x->want);
}

static bool is_complete(const struct repair *r, uint32_t p, uint64_t now_us)
{
	const struct repair_part *x = &r->part[p];
	uint32_t all = repair_reach(r, p, ALL_PLACES);

	if (__builtin_popcount(x->have & x->whole & repair_owners(r, p)) >= enough(r->view))
		return true;
	if (has_offers(r, p))
		return false;
	/* All that are complete, though they are few. */
	if (x->authority && !(all & ~x->heard) && !(all & x->whole & ~x->have))
		return true;
	/* Nobody is: all that anybody has must do. */
	return !(all & ~x->have) && now_us >= x->since_us + r->conf.interval_us;
}

static void judge(struct repair *r, uint32_t p, uint64_t now_us)
{
	if (is_partial(r, p) && is_complete(r, p, now_us))
		repair_mark(r, p, true, PART_COMPLETE);
}

/* The other owners are asked first; when these cannot be enough, all that stand in the row. */
void repair_pursue(struct repair *r, uint32_t p, uint64_t now_us)
{
	struct repair_part *x = &r->part[p];

	judge(r, p, now_us);
	if (!is_partial(r, p) || has_offers(r, p))
		return;
	uint32_t all = repair_reach(r, p, ALL_PLACES), first = all & repair_owners(r, p);
	bool owners_do = __builtin_popcount(first) >= enough(r->view) &&
	                 !(first & x->heard & ~x->whole);

	repair_ask(r, p, (owners_do ? first : all) & (~x->heard | (x->whole & ~x->have)));
	if (!(all & ~x->heard) && !(all & x->whole) && !x->authority) {
		x->want |= all & ~x->have;
		repair_queue(r, p);
	}
}
