/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/table_impl.h"

#include <assert.h>

/* A pass over a share begins no more often than this, so that what expires at about the same time
 * goes in one. A record's memory is back within this, the tick and the pass. */
#define PASS_TICKS 4

/* The most that one call does, and so the longest that it keeps a lock or its caller. */
#define SWEEP_PARTITIONS 64
#define SWEEP_ITEMS      256
#define TIDY_PARTITIONS  64
#define TIDY_ENTRIES     16384

/* One call of table_sweep(). */
struct sweep {
	struct reaper reaper;
	struct table *t;
	struct table_expired *out;
	size_t max, n;        /* of out */
	uint32_t looked_at;   /* who had expired */
	uint64_t items;       /* taken away */
	uint64_t tombstones;  /* of those */
	const uint8_t *entry; /* whose providers are being taken */
	uint64_t h;           /* of its hash; 0: not known yet */
	uint32_t partition;
};

static uint32_t pass_after(uint32_t tick)
{
	uint32_t pass = tick / PASS_TICKS * PASS_TICKS;

	if (pass < tick && pass < EXPIRY_NONE - PASS_TICKS)
		pass += PASS_TICKS;
	return pass < tick ? tick : pass;
}

static void lower(_Atomic(uint32_t) *to, uint32_t tick)
{
	uint32_t was = atomic_load(to);

	while (tick < was && !atomic_compare_exchange_weak(to, &was, tick))
		;
}

void table_note_expiry(struct table *t, uint32_t partition, uint32_t tick)
{
	if (tick >= atomic_load_explicit(&t->earliest[partition], memory_order_relaxed))
		return;
	atomic_store(&t->earliest[partition], tick);
	lower(&t->share[partition % atomic_load(&t->step)].due, pass_after(tick));
}

static void tell(struct sweep *w, const struct element *p)
{
	struct table_expired *x = &w->out[w->n++];

	x->hash_len = (uint8_t)entry_key_len(w->entry);
	memcpy(x->hash, entry_key(w->entry), x->hash_len);
	x->partition = w->partition;
	x->record = (struct record){
		.ip = p->ip,
		.port = p->port,
		.version = p->version,
		.expiry_ms = tick_ms(w->t, p->expiry),
	};
}

/* old becomes new (NULL: it goes). */
static void count_prints(struct sweep *w, const struct element *old, const struct element *new)
{
	struct partition *part = &w->t->partitions[w->partition];

	if (!part->summed)
		return;
	if (w->h == 0)
		w->h = table_key_of(
			(struct span){.p = entry_key(w->entry), .len = entry_key_len(w->entry)})
		               .h;
	uint64_t root = table_print_root(w->h, &old->ip, old->port);
	table_count_out(part, root, old->version);
	if (new)
		table_count_in(part, root, new->version);
}

static enum reaped take(struct reaper *reaper, struct element *p)
{
	struct sweep *w = (struct sweep *)(void *)reaper;
	bool withdrawn = version_is_withdrawal(p->version);
	struct element old = *p;

	if (w->looked_at == SWEEP_ITEMS || (!withdrawn && w->out && w->n == w->max))
		return REAPED_STOP;
	w->looked_at++;
	if (!withdrawn && w->out)
		tell(w, p);
	if (element_becomes(w->t, p, w->reaper.now)) {
		count_prints(w, &old, p);
		/* At once: another thread may replace it as soon as the lock is let go. */
		atomic_fetch_add_explicit(&w->t->tombstones, 1, memory_order_relaxed);
		return REAPED_CHANGED;
	}
	count_prints(w, &old, NULL);
	w->items++;
	w->tombstones += withdrawn;
	return REAPED_GONE;
}

static void remove_entry(struct table *t, struct shelf *s, uint32_t pos)
{
	shelf_remove(&t->stock, s, pos);
	atomic_fetch_sub_explicit(&t->hashes, 1, memory_order_relaxed);
}

enum swept { SWEPT_STAYS, SWEPT_GONE, SWEPT_STOPPED };

/* Takes away who has expired in a set, and makes the smallest thing of who stays. */
static enum swept sweep_set(struct sweep *w, struct shelf *s, uint32_t pos, uint8_t *e)
{
	struct blocks *b = &w->t->stock.blocks;
	struct provset set = entry_set(e);
	bool all = provset_reap(b, &set, &w->reaper);
	uint32_t left = provset_count(b, &set);

	if (left == 0) {
		remove_entry(w->t, s, pos);
		return SWEPT_GONE;
	}
	if (left == 1 && set.half[FAMILY_V4]) {
		struct element p = provset_only(b, &set);
		provset_free(b, &set);
		set.earliest = p.expiry;
		entry_put_provider(e, &p);
	} else {
		entry_put_set(e, &set);
	}
	shelf_set_expiry(&w->t->stock, s, pos, set.earliest);
	return all ? SWEPT_STAYS : SWEPT_STOPPED;
}

static enum swept sweep_entry(struct sweep *w, struct shelf *s, uint32_t pos)
{
	uint8_t *e = shelf_entry(&w->t->stock, s, pos);

	w->entry = e;
	w->h = 0;
	if (entry_expiry(e) > w->reaper.now)
		return SWEPT_STAYS;
	if (entry_is_set(e))
		return sweep_set(w, s, pos, e);
	struct element p = entry_provider(e);
	enum reaped reaped = take(&w->reaper, &p);
	if (reaped == REAPED_STOP)
		return SWEPT_STOPPED;
	if (reaped == REAPED_GONE) {
		remove_entry(w->t, s, pos);
		return SWEPT_GONE;
	}
	entry_put_provider(e, &p);
	shelf_set_expiry(&w->t->stock, s, pos, p.expiry);
	return SWEPT_STAYS;
}

/* False when it stopped before the end. */
static bool sweep_chunk(struct sweep *w, struct shelf *s, uint32_t chunk)
{
	uint32_t per_chunk = shelf_types[s->type].per_chunk;
	uint32_t pos = chunk * per_chunk, end = pos + per_chunk, earliest = EXPIRY_NONE;

	/* In the place of what goes comes the last entry, which then is looked at as well. */
	while (pos < end && pos < s->entries) {
		enum swept swept = sweep_entry(w, s, pos);
		if (swept == SWEPT_STOPPED)
			return false;
		if (swept == SWEPT_GONE)
			continue;
		uint32_t expiry = entry_expiry(shelf_entry(&w->t->stock, s, pos++));
		if (expiry < earliest)
			earliest = expiry;
	}
	if (chunk < shelf_chunk_count(s))
		shelf_chunks(s)[chunk].earliest = earliest;
	return true;
}

static bool sweep_shelf(struct sweep *w, struct shelf *s)
{
	uint32_t earliest = EXPIRY_NONE;
	bool all = true;

	if (s->earliest > w->reaper.now)
		return true;
	for (uint32_t i = 0; all && i < shelf_chunk_count(s); i++)
		if (shelf_chunks(s)[i].earliest <= w->reaper.now)
			all = sweep_chunk(w, s, i);
	for (uint32_t i = 0; i < shelf_chunk_count(s); i++)
		if (shelf_chunks(s)[i].earliest < earliest)
			earliest = shelf_chunks(s)[i].earliest;
	s->earliest = earliest;
	return all;
}

static bool sweep_partition(struct sweep *w, uint32_t partition)
{
	struct partition *part = &w->t->partitions[partition];
	uint32_t earliest = EXPIRY_NONE, looked_at = w->looked_at;
	bool all = true;

	w->partition = partition;
	spin_lock(&part->lock);
	for (uint32_t i = 0; i < SHELF_TYPES; i++) {
		all = all && sweep_shelf(w, &part->shelves[i]);
		if (part->shelves[i].earliest < earliest)
			earliest = part->shelves[i].earliest;
	}
	part->changes += w->looked_at != looked_at;
	atomic_store(&w->t->earliest[partition], earliest);
	spin_unlock(&part->lock);
	return all;
}

/* The earliest expiry in a share. */
static uint32_t share_earliest(const struct table *t, uint32_t first, uint32_t step)
{
	uint32_t earliest = EXPIRY_NONE;

	for (uint32_t p = first; p < TABLE_PARTITIONS; p += step) {
		uint32_t tick = atomic_load(&t->earliest[p]);
		if (tick < earliest)
			earliest = tick;
	}
	return earliest;
}

/* One pass over the share, or a part of it: from *cursor on. Gives false, and where to go on, when
 * the call has done its part before the end. */
static bool sweep_share(struct sweep *w, uint32_t step, uint32_t *cursor)
{
	uint32_t due[SWEEP_PARTITIONS], n = 0, p = *cursor;

	for (; p < TABLE_PARTITIONS && n < SWEEP_PARTITIONS; p += step) {
		if (atomic_load_explicit(&w->t->earliest[p], memory_order_relaxed) > w->reaper.now)
			continue;
		__builtin_prefetch(&w->t->partitions[p].lock, 1);
		__builtin_prefetch(&w->t->partitions[p].shelves[SHELF_TYPES - 1], 1);
		due[n++] = p;
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t type = 0; type < SHELF_TYPES; type++)
			shelf_prefetch_chunks(&w->t->partitions[due[i]].shelves[type]);
	for (uint32_t i = 0; i < n; i++) {
		*cursor = due[i];
		if (!sweep_partition(w, due[i]))
			return false;
	}
	*cursor = p;
	return p >= TABLE_PARTITIONS;
}

/* After much has gone, what stays is brought together, a few partitions at each tick, until no more
 * memory is wasted. False when none is. */
static bool tidy_share(struct table *t, struct share *share, uint32_t first, uint32_t step)
{
	uint32_t p = atomic_load(&share->tidied), entries = 0;

	if (!blocks_wasteful(&t->stock.blocks))
		return false;
	for (uint32_t i = 0; i < TIDY_PARTITIONS && entries < TIDY_ENTRIES; i++) {
		p = p % step == first && p + step < TABLE_PARTITIONS ? p + step : first;
		struct partition *part = &t->partitions[p];
		spin_lock(&part->lock);
		for (uint32_t type = 0; type < SHELF_TYPES; type++) {
			shelf_tidy(&t->stock, &part->shelves[type]);
			entries += part->shelves[type].entries;
		}
		spin_unlock(&part->lock);
	}
	atomic_store(&share->tidied, p);
	return true;
}

/* The shares are for one step, which hardly ever changes; when it does, all are looked at anew. */
static void set_step(struct table *t, uint32_t step)
{
	if (atomic_exchange(&t->step, step) == step)
		return;
	for (uint32_t i = 0; i < TABLE_LANES_MAX; i++) {
		atomic_store(&t->share[i].cursor, i);
		atomic_store(&t->share[i].due, 0);
	}
}

size_t table_sweep(struct table *t, uint32_t first, uint32_t step, struct table_expired *out,
	size_t max, uint64_t now_ms)
{
	struct sweep w = {
		.reaper = {.now = tick_now(t, now_ms), .take = take},
		.t = t,
		.out = out,
		.max = max,
	};

	assert(step >= 1 && step <= TABLE_LANES_MAX && first < step);
	set_step(t, step);
	struct share *share = &t->share[first];
	uint32_t cursor = atomic_load(&share->cursor);
	atomic_store(&share->due, EXPIRY_NONE);

	if (sweep_share(&w, step, &cursor)) {
		uint32_t next = share_earliest(t, first, step);
		cursor = first;
		lower(&share->due, pass_after(next > w.reaper.now ? next : w.reaper.now + 1));
		if (tidy_share(t, share, first, step))
			lower(&share->due, w.reaper.now + 1);
	} else {
		lower(&share->due, w.reaper.now);
	}
	atomic_store(&share->cursor, cursor);
	budget_give(&t->items, w.items);
	atomic_fetch_sub_explicit(&t->tombstones, w.tombstones, memory_order_relaxed);
	return w.n;
}

uint64_t table_deadline(const struct table *t, uint32_t first, uint32_t step)
{
	/* Shares for another step say nothing: the sweep that is due at once makes them anew. */
	if (atomic_load_explicit(&t->step, memory_order_relaxed) != step)
		return t->epoch_ms;
	uint32_t due = atomic_load_explicit(&t->share[first].due, memory_order_relaxed);
	return due == EXPIRY_NONE ? UINT64_MAX : tick_ms(t, due);
}

bool table_remains(const struct table *t, struct record *r, uint64_t ago_ms, uint64_t now_ms)
{
	uint64_t grave_ms = (uint64_t)TICK_MS * atomic_load(&t->grave);

	if (!version_is_shortened(r->version) || ago_ms >= grave_ms)
		return false;
	r->version = version_tombstone(r->version);
	r->expiry_ms = now_ms + (grave_ms - ago_ms);
	return true;
}
