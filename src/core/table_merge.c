/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/table_impl.h"

#include "base/err.h"

/* One call of table_merge(). */
struct merge {
	struct table *t;
	struct partition *part;
	struct shelf *s;
	struct shelf_key key;
	struct element new; /* what is written may live longer or shorter than what was given */
	uint64_t h;         /* of the hash */
	uint32_t now;       /* tick */
	bool over;          /* new's expiry has come */
	bool bury;
};

static bool withdrawn(const struct element *p)
{
	return version_is_withdrawal(p->version);
}

/* Against a provider who was not there. */
static enum table_change resolve_unknown(const struct merge *m)
{
	if (m->over || (withdrawn(&m->new) && !m->bury))
		return TABLE_UNCHANGED;
	return withdrawn(&m->new) ? TABLE_BURIED : TABLE_APPEARED;
}

/* Until when a copy like this, or one that it took the place of, could come from elsewhere. */
static uint32_t last_return(const struct merge *m, const struct element *p)
{
	uint32_t grave = version_is_shortened(p->version) ? tick_after_grave(m->t, m->now) : 0;

	return grave > p->expiry ? grave : p->expiry;
}

/* Whether a copy of an older version may outlive p, for all that can be known. */
static bool outlived(const struct element *p, const struct element *older)
{
	return (older->expiry > p->expiry || version_is_shortened(older->version)) && !MUTANT(30);
}

/* Against a tombstone of the same version, or a newer one: it outlives every copy that it was
 * shown, or those would come back. */
static enum table_change resolve_buried(struct merge *m, const struct element *old, bool *write)
{
	uint32_t last = last_return(m, &m->new);
	bool withdrawal = withdrawn(&m->new);

	*write = !m->over && last > old->expiry;
	m->new = *old;
	m->new.expiry = last;
	return *write && withdrawal ? TABLE_BURIED : TABLE_UNCHANGED;
}

/* Against a live record of the same version, or a newer one. A lifetime can only be shortened by
 * its own version, so that no record lives for ever by being passed around. */
static enum table_change resolve_not_newer(struct merge *m, const struct element *old, bool *write)
{
	struct element given = m->new;
	bool same = version_order(given.version) == version_order(old->version);
	bool shorter = !m->over && same && given.expiry < old->expiry;

	m->new = *old;
	if (shorter)
		m->new.expiry = given.expiry;
	if (!m->over && (same ? version_is_shortened(given.version) : outlived(old, &given)))
		m->new.version = version_shortened(old->version);
	*write = shorter || m->new.version != old->version;
	return shorter ? TABLE_REFRESHED : TABLE_UNCHANGED;
}

/* Against an older version. */
static enum table_change resolve_newer(struct merge *m, const struct element *old, bool *write)
{
	if (withdrawn(&m->new)) {
		uint32_t last = last_return(m, old);
		if (m->new.expiry < last)
			m->new.expiry = last;
		*write = true;
		return withdrawn(old) ? TABLE_BURIED : TABLE_WITHDRAWN;
	}
	*write = !m->over;
	if (m->over)
		return TABLE_UNCHANGED;
	if (MUTANT(1) && m->new.expiry < old->expiry)
		m->new.expiry = old->expiry;
	if (outlived(&m->new, old))
		m->new.version = version_shortened(m->new.version);
	return withdrawn(old) ? TABLE_APPEARED : TABLE_REFRESHED;
}

/* What merging m->new with what is there gives; *write when m->new, perhaps changed, is to replace
 * old (NULL: nobody is there, or no more). */
static enum table_change resolve(struct merge *m, const struct element *old, bool *write)
{
	if (!old) {
		enum table_change change = resolve_unknown(m);
		*write = change != TABLE_UNCHANGED;
		return change;
	}
	bool newer = version_order(m->new.version) > version_order(old->version);
	if (MUTANT(21) || (newer && !MUTANT(2)))
		return resolve_newer(m, old, write);
	return withdrawn(old) ? resolve_buried(m, old, write) : resolve_not_newer(m, old, write);
}

static void count_tombstones(struct table *t, const struct element *old, const struct element *new)
{
	if (!(old && withdrawn(old)) && withdrawn(new))
		atomic_fetch_add_explicit(&t->tombstones, 1, memory_order_relaxed);
	if (old && withdrawn(old) && !withdrawn(new))
		atomic_fetch_sub_explicit(&t->tombstones, 1, memory_order_relaxed);
}

/* old (NULL: nobody) becomes new. */
static void count_prints(struct merge *m, const struct element *old)
{
	if (!m->part->summed)
		return;
	uint64_t root = table_print_root(m->h, &m->new.ip, m->new.port);
	if (old)
		table_count_out(m->part, root, old->version);
	table_count_in(m->part, root, m->new.version);
}

/* A new hash with its first provider. */
static int add_entry(struct merge *m)
{
	struct stock *st = &m->t->stock;
	struct provset set = {.earliest = EXPIRY_NONE};
	uint32_t pos;
	int err = shelf_add(st, m->s, &m->key, &pos);

	if (err)
		return err;
	uint8_t *e = shelf_entry(st, m->s, pos);
	if (family_of(&m->new.ip) == FAMILY_V4) {
		entry_put_provider(e, &m->new);
	} else {
		err = provset_add(&st->blocks, &set, &m->new);
		if (err) {
			shelf_remove(st, m->s, pos);
			return err;
		}
		entry_put_set(e, &set);
		m->s->sets = true;
	}
	shelf_set_expiry(st, m->s, pos, m->new.expiry);
	atomic_fetch_add_explicit(&m->t->hashes, 1, memory_order_relaxed);
	return 0;
}

/* A second provider for a hash with one: from now on it has a set. */
static int add_second(struct merge *m, uint32_t pos, uint8_t *e)
{
	struct blocks *b = &m->t->stock.blocks;
	struct provset set = {.earliest = EXPIRY_NONE};
	struct element first = entry_provider(e);
	int err = provset_add(b, &set, &first);

	if (!err)
		err = provset_add(b, &set, &m->new);
	if (err) {
		provset_free(b, &set);
		return err;
	}
	entry_put_set(e, &set);
	m->s->sets = true;
	shelf_set_expiry(&m->t->stock, m->s, pos, set.earliest);
	return 0;
}

static int add_to_set(struct merge *m, uint32_t pos, uint8_t *e)
{
	struct provset set = entry_set(e);
	int err = provset_add(&m->t->stock.blocks, &set, &m->new);

	entry_put_set(e, &set);
	if (!err)
		shelf_set_expiry(&m->t->stock, m->s, pos, set.earliest);
	return err;
}

static uint32_t provider_count(const struct merge *m, const uint8_t *e)
{
	if (!e)
		return 0;
	if (!entry_is_set(e))
		return 1;
	struct provset set = entry_set(e);
	return provset_count(&m->t->stock.blocks, &set);
}

/* Adds m->new, who is not there; pos and e are his hash's entry (NULL: there is none). */
static int add_provider(struct merge *m, uint32_t pos, uint8_t *e)
{
	uint32_t max = atomic_load_explicit(&m->t->max_providers, memory_order_relaxed);
	int err;

	if (max && provider_count(m, e) >= max)
		return DHT_EFULL;
	if (!budget_take(&m->t->items, 1))
		return DHT_EFULL;
	if (!e)
		err = add_entry(m);
	else
		err = entry_is_set(e) ? add_to_set(m, pos, e) : add_second(m, pos, e);
	if (err)
		budget_give(&m->t->items, 1);
	else
		count_tombstones(m->t, NULL, &m->new);
	return err;
}

/* Looks for m->new's provider in the entry. */
static bool find_old(
	const struct merge *m, const uint8_t *e, struct element *old, struct provpos *at)
{
	if (!entry_is_set(e)) {
		*old = entry_provider(e);
		return ip_equal(&old->ip, &m->new.ip) && old->port == m->new.port;
	}
	struct provset set = entry_set(e);
	if (!provset_find(&m->t->stock.blocks, &set, &m->new.ip, m->new.port, at))
		return false;
	*old = element_get(at->element, at->family);
	return true;
}

/* Writes m->new over what is there. Always works, for it takes no memory. */
static void replace_provider(struct merge *m, uint32_t pos, uint8_t *e, const struct provpos *at)
{
	if (!entry_is_set(e)) {
		entry_put_provider(e, &m->new);
		shelf_set_expiry(&m->t->stock, m->s, pos, m->new.expiry);
		return;
	}
	struct provset set = entry_set(e);
	provset_update(&m->t->stock.blocks, &set, at, &m->new);
	entry_put_set(e, &set);
	shelf_set_expiry(&m->t->stock, m->s, pos, set.earliest);
}

/* Called with the partition's lock. */
static int merge_locked(struct merge *m)
{
	uint32_t pos = shelf_find(&m->t->stock, m->s, &m->key);
	uint8_t *e = pos == SHELF_NONE ? NULL : shelf_entry(&m->t->stock, m->s, pos);
	struct element old, seen;
	struct provpos at;
	bool found = e && find_old(m, e, &old, &at), there = false, write;

	if (found) {
		seen = old;
		there = element_becomes(m->t, &seen, m->now);
	}
	enum table_change change = resolve(m, there ? &seen : NULL, &write);

	if (!write)
		return (int)change;
	if (MUTANT(20) && withdrawn(&m->new))
		m->new.expiry = m->now + 1;
	if (found) {
		replace_provider(m, pos, e, &at);
		count_tombstones(m->t, &old, &m->new);
	} else {
		int err = add_provider(m, pos, e);
		if (err)
			return err;
	}
	count_prints(m, found ? &old : NULL);
	m->part->changes++;
	return (int)change;
}

int table_merge(struct table *t, const struct table_key *key, const struct record *r, bool bury,
	uint64_t now_ms)
{
	struct partition *part = &t->partitions[key->partition];
	struct merge m = {
		.t = t,
		.part = part,
		.key = shelf_key_of(&t->stock, key->hash),
		.new = {.ip = r->ip,
			.port = r->port,
			.version = r->version,
			.expiry = tick_of_expiry(t, r->expiry_ms)},
		.h = key->h,
		.now = tick_now(t, now_ms),
		.over = r->expiry_ms <= now_ms,
		.bury = bury,
	};

	if (withdrawn(&m.new)) /* what it outlives is for its expiry to say */
		m.new.version = version_order(m.new.version);
	m.s = &part->shelves[m.key.type];
	spin_lock(&part->lock);
	int result = merge_locked(&m);
	if (result > TABLE_UNCHANGED)
		table_note_expiry(t, key->partition, m.new.expiry);
	spin_unlock(&part->lock);
	return result;
}
