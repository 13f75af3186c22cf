/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a row is kept, and why a change need not look at all candidates.
 *
 * Say that a candidate's *turn* is how many of its zone that don't leave are better than it. Owners
 * are the first by (turn, cost): the best of each zone, then the second of each, and so on. The
 * others are the best by cost of who is then left.
 *
 *  1. Who does not stand in a row can go, and the row stays. Those of its zone that are behind it
 *     move up a turn, but only to where it was, or behind: (its turn, a higher cost) is no better
 *     than what did not suffice for it. Of those who are left it was none of the best either.
 *
 *  2. Who comes, takes the place of one owner at most, and nobody else becomes one. Its turn can be
 *     told from the owners alone: it is the number of owners in its zone that are better; for
 *     if a better one of its zone were no owner, then neither could it be one, with either number.
 *     It moves those of its zone behind it down a turn. Non-owners only get worse by that, so the
 *     new owners are among the old ones and the one that came: the first by (turn, cost), with
 *     turns counted among these. The one too many, be it the newcomer or another, is the only
 *     new one among those who are left, so the others are the best of the old others and of it.
 *
 *  3. So a row that none of the changed candidates stood in is right when all of them are first
 *     thought away (1) and then put in one after the other (2). A row that one stood in is computed
 *     from scratch: from nobody, all are put in one after the other.
 *
 * Most who come get nowhere near most rows. A row has a *bound*: from its limit on, no cost is
 * good enough for any place, unless owners have had to take several of one zone, and the newcomer
 * is of a zone that has fewer than so many.
 */
#include "core/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/keyed.h"
#include "core/ring_cost.h"

/* No cost reaches it, and times any weight it is still a number of 64 bits. */
#define NO_LIMIT (UINT64_MAX / UINT8_MAX)
_Static_assert(NO_LIMIT > RING_COST_MAX, "no cost reaches it");

static const uint8_t zone_key[KEYED_KEY_LEN] = "dht ring, zone";

struct candidate {
	uint64_t seed;
	uint16_t slot;
	uint16_t zone;  /* a number that candidates of one zone share, and no others */
	uint8_t weight; /* 0: none */
	bool leaving;
};

struct bound {
	uint64_t limit; /* costs from here on are too high; at most NO_LIMIT */
	uint32_t turn;  /* of the last owner */
};

struct ring {
	uint32_t replicas;
	struct ring_member members[RING_SLOTS];
	struct candidate candidates[RING_SLOTS];
	uint16_t zone_users[RING_SLOTS]; /* candidates with this number for a zone */
	bool changed[RING_SLOTS];        /* since the last settling */
	uint32_t all_count, fresh_count;
	struct candidate all[RING_SLOTS];   /* while settling: who is there */
	struct candidate fresh[RING_SLOTS]; /* and those of them that have changed */
	struct bound bounds[TABLE_PARTITIONS];
	uint16_t *rows;
};

/* A candidate's place in a row. */
struct place {
	uint64_t cost;
	uint16_t slot;
	uint16_t zone;
	uint32_t turn;
};

/* A row while it is worked on; both lists by cost, with room for one too many. */
struct row {
	uint32_t partition;
	uint32_t owner_count, other_count;
	struct place owners[RING_REPLICAS + 1];
	struct place others[RING_NEXT + 1];
	struct bound bound;
};

struct ring *ring_new(uint8_t replicas)
{
	struct ring *r = calloc(1, sizeof(*r));

	assert(replicas >= 1 && replicas <= RING_REPLICAS);
	if (!r)
		return NULL;
	r->replicas = replicas;
	size_t len = (size_t)TABLE_PARTITIONS * ring_row_len(r);
	r->rows = malloc(len * sizeof(*r->rows));
	if (!r->rows) {
		free(r);
		return NULL;
	}
	for (size_t i = 0; i < len; i++)
		r->rows[i] = RING_NONE;
	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++)
		r->bounds[i].limit = NO_LIMIT;
	return r;
}

void ring_free(struct ring *r)
{
	if (r)
		free(r->rows);
	free(r);
}

uint32_t ring_row_len(const struct ring *r)
{
	return r->replicas + RING_NEXT;
}

static uint16_t *row_at(const struct ring *r, uint32_t partition)
{
	assert(partition < TABLE_PARTITIONS);
	return r->rows + (size_t)partition * ring_row_len(r);
}

const uint16_t *ring_row(const struct ring *r, uint32_t partition)
{
	return row_at(r, partition);
}

const uint16_t *ring_rows(const struct ring *r)
{
	return r->rows;
}

uint64_t ring_cost(const struct addr *id, uint8_t weight, uint32_t partition)
{
	return weight ? ring_log(ring_hash(ring_seed(id), partition)) / weight : UINT64_MAX;
}

uint64_t ring_zone(const char *name, size_t len)
{
	uint64_t h = keyed_hash64(zone_key, name, len);

	if (len == 0)
		return 0;
	return h ? h : 1;
}

/* Who has no zone is in one of its own. There are as many numbers as candidates. */
static uint16_t zone_number(struct ring *r, uint64_t zone)
{
	uint16_t n = 0;

	for (uint32_t i = 0; zone && i < RING_SLOTS; i++)
		if (r->candidates[i].weight && r->members[i].zone == zone)
			return r->candidates[i].zone;
	while (r->zone_users[n])
		n++;
	assert(n < RING_SLOTS);
	return n;
}

static bool member_equal(const struct ring_member *a, const struct ring_member *b)
{
	if (a->weight == 0 || b->weight == 0)
		return a->weight == b->weight;
	return addr_equal(&a->id, &b->id) && a->zone == b->zone && a->weight == b->weight &&
	       a->leaving == b->leaving;
}

bool ring_set(struct ring *r, uint16_t slot, const struct ring_member *m)
{
	assert(slot < RING_SLOTS);
	struct candidate *c = &r->candidates[slot];

	if (member_equal(&r->members[slot], m))
		return false;
	if (c->weight)
		r->zone_users[c->zone]--;
	c->weight = 0;
	if (m->weight) {
		*c = (struct candidate){
			.seed = ring_seed(&m->id),
			.slot = slot,
			.zone = zone_number(r, m->zone),
			.weight = m->weight,
			.leaving = m->leaving,
		};
		r->zone_users[c->zone]++;
	}
	r->members[slot] = *m;
	r->changed[slot] = true;
	return true;
}

/* Costs first; the order of the ids' bytes where they are equal. */
static bool place_before(const struct ring *r, const struct place *a, const struct place *b)
{
	if (a->cost != b->cost)
		return a->cost < b->cost;
	return addr_cmp(&r->members[a->slot].id, &r->members[b->slot].id) < 0;
}

/* Puts p among n others that are in order; gives its index. */
static uint32_t place_insert(
	const struct ring *r, struct place *places, uint32_t n, const struct place *p)
{
	for (; n > 0 && place_before(r, p, &places[n - 1]); n--)
		places[n] = places[n - 1];
	places[n] = *p;
	return n;
}

static void owner_add(const struct ring *r, struct row *row, const struct place *p)
{
	uint32_t n = place_insert(r, row->owners, row->owner_count++, p);

	for (uint32_t i = 0; i < row->owner_count; i++) {
		if (i != n && row->owners[i].zone == p->zone)
			row->owners[i < n ? n : i].turn++;
	}
}

/* Takes out the last one by turn and cost. There is none of its zone behind it. */
static struct place owner_drop(struct row *row)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < row->owner_count; i++)
		if (row->owners[i].turn >= row->owners[n].turn)
			n = i;
	struct place p = row->owners[n];
	row->owner_count--;
	for (; n < row->owner_count; n++)
		row->owners[n] = row->owners[n + 1];
	return p;
}

static void other_add(const struct ring *r, struct row *row, const struct place *p)
{
	place_insert(r, row->others, row->other_count, p);
	if (row->other_count < RING_NEXT)
		row->other_count++;
}

static void row_rebind(const struct ring *r, struct row *row)
{
	struct bound *b = &row->bound;

	*b = (struct bound){.limit = NO_LIMIT};
	for (uint32_t i = 0; i < row->owner_count; i++)
		if (row->owners[i].turn > b->turn)
			b->turn = row->owners[i].turn;
	if (row->owner_count == r->replicas && row->other_count == RING_NEXT) {
		uint64_t owner = row->owners[r->replicas - 1].cost;
		uint64_t other = row->others[RING_NEXT - 1].cost;
		/* An equal cost may do: ids decide. */
		b->limit = (owner > other ? owner : other) + 1;
	}
}

static void row_clear(struct row *row, uint32_t partition)
{
	*row = (struct row){.partition = partition, .bound.limit = NO_LIMIT};
}

/* Whether a candidate's cost is good enough for some place. log / weight < limit, multiplied out.
 */
static bool bound_lets_in(const struct bound *b, const struct candidate *c, uint64_t log)
{
	return log < b->limit * c->weight;
}

/* Whether there are so few of its zone among the owners that no cost is too high. */
static bool row_lacks_zone(const struct row *row, const struct candidate *c)
{
	uint32_t n = 0;

	if (row->bound.turn == 0 || c->leaving)
		return false;
	for (uint32_t i = 0; i < row->owner_count; i++)
		n += row->owners[i].zone == c->zone;
	return n < row->bound.turn;
}

/* Puts a candidate where it belongs, if anywhere. */
static void row_offer(const struct ring *r, struct row *row, const struct candidate *c)
{
	uint64_t log = ring_log(ring_hash(c->seed, row->partition));

	if (!bound_lets_in(&row->bound, c, log) && !row_lacks_zone(row, c))
		return;
	struct place p = {.cost = log / c->weight, .slot = c->slot, .zone = c->zone};
	if (c->leaving) {
		other_add(r, row, &p);
	} else {
		owner_add(r, row, &p);
		if (row->owner_count > r->replicas) {
			p = owner_drop(row);
			other_add(r, row, &p);
		}
	}
	row_rebind(r, row);
}

/* A row as it stands: the row of only those who stand in it is the same. */
static void row_load(const struct ring *r, struct row *row, uint32_t partition)
{
	const uint16_t *slots = row_at(r, partition);

	row_clear(row, partition);
	for (uint32_t i = 0; i < ring_row_len(r); i++)
		if (slots[i] != RING_NONE)
			row_offer(r, row, &r->candidates[slots[i]]);
}

/* Owners by turn and cost, then the others. Says whether that is new. */
static bool row_store(struct ring *r, const struct row *row)
{
	uint16_t fresh[RING_ROW_MAX], *slots = row_at(r, row->partition);
	size_t size = ring_row_len(r) * sizeof(*slots);
	uint32_t n = 0;

	for (uint32_t turn = 0; turn <= row->bound.turn; turn++)
		for (uint32_t i = 0; i < row->owner_count; i++)
			if (row->owners[i].turn == turn)
				fresh[n++] = row->owners[i].slot;
	while (n < r->replicas)
		fresh[n++] = RING_NONE;
	for (uint32_t i = 0; i < RING_NEXT; i++)
		fresh[n++] = i < row->other_count ? row->others[i].slot : RING_NONE;
	r->bounds[row->partition] = row->bound;
	if (memcmp(slots, fresh, size) == 0)
		return false;
	memcpy(slots, fresh, size);
	return true;
}

/* Whether one who has changed stands in the row. */
static bool is_left(const struct ring *r, const uint16_t *slots)
{
	for (uint32_t i = 0; i < ring_row_len(r); i++)
		if (slots[i] != RING_NONE && r->changed[slots[i]])
			return true;
	return false;
}

/* As row_lacks_zone(), of a row that was not loaded. */
static bool slots_lack_zone(
	const struct ring *r, uint32_t partition, const uint16_t *slots, const struct candidate *c)
{
	uint32_t turn = r->bounds[partition].turn, n = 0;

	if (turn == 0 || c->leaving)
		return false;
	for (uint32_t i = 0; i < r->replicas && slots[i] != RING_NONE; i++)
		n += r->candidates[slots[i]].zone == c->zone;
	return n < turn;
}

/* Whether one who has changed may come into the row. */
static bool is_entered(const struct ring *r, uint32_t partition, const uint16_t *slots)
{
	for (uint32_t i = 0; i < r->fresh_count; i++) {
		const struct candidate *c = &r->fresh[i];
		uint64_t log = ring_log(ring_hash(c->seed, partition));
		if (bound_lets_in(&r->bounds[partition], c, log) ||
			slots_lack_zone(r, partition, slots, c))
			return true;
	}
	return false;
}

static bool row_settle(struct ring *r, uint32_t partition)
{
	const uint16_t *slots = row_at(r, partition);
	struct row row;

	if (is_left(r, slots)) {
		row_clear(&row, partition);
		for (uint32_t i = 0; i < r->all_count; i++)
			row_offer(r, &row, &r->all[i]);
	} else if (is_entered(r, partition, slots)) {
		row_load(r, &row, partition);
		for (uint32_t i = 0; i < r->fresh_count; i++)
			row_offer(r, &row, &r->fresh[i]);
	} else {
		return false;
	}
	return row_store(r, &row);
}

/* Two slots with one id would be two owners on one server. */
static void check_ids(const struct ring *r)
{
	for (uint32_t i = 0; i < r->fresh_count; i++) {
		const struct candidate *a = &r->fresh[i];
		for (uint32_t j = 0; j < r->all_count; j++) {
			const struct candidate *b = &r->all[j];
			assert(a->slot == b->slot || a->seed != b->seed ||
				!addr_equal(&r->members[a->slot].id, &r->members[b->slot].id));
		}
	}
}

uint32_t ring_settle(struct ring *r)
{
	uint32_t changes = 0, rows = 0;

	r->all_count = r->fresh_count = 0;
	for (uint32_t i = 0; i < RING_SLOTS; i++) {
		const struct candidate *c = &r->candidates[i];
		changes += r->changed[i];
		if (c->weight)
			r->all[r->all_count++] = *c;
		if (c->weight && r->changed[i])
			r->fresh[r->fresh_count++] = *c;
	}
	check_ids(r);
	for (uint32_t p = 0; changes && p < TABLE_PARTITIONS; p++)
		rows += row_settle(r, p);
	memset(r->changed, 0, sizeof(r->changed));
	return rows;
}
