/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provread.h"

#include <assert.h>

/* Up to this many are drawn with darts, and when there are this many times more. */
#define DRAW_MAX   128
#define DRAW_RATIO 4

void provread_set(struct provread *r, const struct blocks *b, const struct provset *s, uint32_t now,
	uint64_t epoch_ms)
{
	r->blocks = b;
	r->now = now;
	r->epoch_ms = epoch_ms;
	for (enum family f = 0; f < FAMILIES; f++) {
		r->half[f] = provset_half(b, s, f);
		r->alive[f] = provset_alive(b, s, f, now);
	}
}

void provread_lone(struct provread *r, const struct element *p, uint32_t now, uint64_t epoch_ms)
{
	r->blocks = NULL;
	r->now = now;
	r->epoch_ms = epoch_ms;
	bucket_init(r->lone);
	bucket_push(r->lone, FAMILY_V4, p);
	r->half[FAMILY_V4] = (struct half){
		.block = r->lone, .buckets = 1, .room = bucket_room(sizeof(r->lone), FAMILY_V4)};
	r->half[FAMILY_V6] = (struct half){0};
	r->alive[FAMILY_V4] = p->expiry > now && !version_is_withdrawal(p->version);
	r->alive[FAMILY_V6] = 0;
}

static struct record record_of(const struct provread *r, const uint8_t *e, enum family f)
{
	struct element p = element_get(e, f);

	return (struct record){
		.ip = p.ip,
		.port = p.port,
		.version = p.version,
		.expiry_ms = r->epoch_ms + (uint64_t)p.expiry * TICK_MS,
	};
}

/* Where a walk over all who are alive has come to. */
struct walk {
	enum family f;
	uint32_t place, slot;
};

/* The next who is alive; NULL at the end. Its family is w->f. */
static const uint8_t *walk_next(const struct provread *r, struct walk *w)
{
	for (; w->f < FAMILIES; w->f++, w->place = 0) {
		const struct half *h = &r->half[w->f];
		while (w->place < h->buckets) {
			const uint8_t *bucket = half_bucket(r->blocks, h, w->place);
			uint32_t end = bucket_live(bucket) ? bucket_count(bucket) : 0;
			while (w->slot < end) {
				const uint8_t *e = bucket_element(bucket, w->f, w->slot++);
				if (element_alive(e, w->f, r->now))
					return e;
			}
			w->place++;
			w->slot = 0;
		}
	}
	return NULL;
}

/* Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S: each is taken with the probability
 * of those still wanted among those still to come. In the order of the walk. */
static size_t select_walking(
	const struct provread *r, struct rng *rng, size_t max, struct record *out)
{
	uint32_t left = provread_total(r);
	struct walk w = {0};
	size_t n = 0;

	while (n < max && left > 0) {
		const uint8_t *e = walk_next(r, &w);
		assert(e);
		if (left <= max - n || rng_below(rng, left) < max - n)
			out[n++] = record_of(r, e, w.f);
		left--;
	}
	return n;
}

static void shuffle(struct rng *rng, struct record *out, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = rng_below(rng, (uint32_t)i);
		struct record r = out[j];
		out[j] = out[i - 1];
		out[i - 1] = r;
	}
}

/* Which (family, place, slot) were drawn: a small hash table of numbers. */
struct drawn {
	uint32_t ids[2 * DRAW_MAX];
};

/* False when it was in already. */
static bool drawn_add(struct drawn *d, uint32_t id)
{
	uint32_t i = id * UINT32_C(0x9e3779b1) >> 24;

	_Static_assert(2 * DRAW_MAX == 1 << (32 - 24), "the shift gives an index");
	for (; d->ids[i]; i = (i + 1) % (2 * DRAW_MAX))
		if (d->ids[i] == id)
			return false;
	d->ids[i] = id;
	return true;
}

/* Throws one dart. NULL when it hit nobody new who is alive. */
static const uint8_t *throw_dart(
	const struct provread *r, enum family f, struct rng *rng, struct drawn *d)
{
	const struct half *h = &r->half[f];
	uint32_t dart = rng_below(rng, h->room * h->buckets);
	uint32_t place = dart / h->room, slot = dart % h->room;
	const uint8_t *bucket = half_bucket(r->blocks, h, place);

	if (slot >= bucket_count(bucket))
		return NULL;
	const uint8_t *e = bucket_element(bucket, f, slot);
	uint32_t id = (uint32_t)f << 31 | place << 5 | slot;
	if (!element_alive(e, f, r->now) || !drawn_add(d, id + 1))
		return NULL;
	return e;
}

/* Gives max of more; false when too many darts missed, as they do when the set is full of
 * tombstones. To have stopped says nothing about who is in, so starting over is fair. */
static bool select_drawing(
	const struct provread *r, struct rng *rng, size_t max, struct record *out)
{
	uint32_t left[FAMILIES] = {r->alive[FAMILY_V4], r->alive[FAMILY_V6]};
	size_t darts = 32 * max + 128;
	struct drawn d = {0};

	for (size_t n = 0; n < max; n++) {
		enum family f = rng_below(rng, left[FAMILY_V4] + left[FAMILY_V6]) < left[FAMILY_V4]
		                        ? FAMILY_V4
		                        : FAMILY_V6;
		const uint8_t *e = NULL;
		while (!e && darts-- > 0)
			e = throw_dart(r, f, rng, &d);
		if (!e)
			return false;
		out[n] = record_of(r, e, f);
		left[f]--;
	}
	return true;
}

size_t provread_sample(const struct provread *r, struct rng *rng, size_t max, struct record *out)
{
	uint32_t total = provread_total(r);

	if (max <= DRAW_MAX && total / DRAW_RATIO >= max && select_drawing(r, rng, max, out))
		return max;
	size_t n = select_walking(r, rng, max, out);
	shuffle(rng, out, n);
	return n;
}

/* Buckets that one page may look into. Far more than hold a page when most in them are alive: it is
 * for a set of tombstones, which would otherwise be walked through for each page that is asked. */
#define PAGE_BUCKETS 512

/* A page that is being filled. */
struct page {
	struct record *out;
	size_t max, n;
	uint32_t buckets; /* that it has looked into */
	uint32_t next;
};

struct ranked {
	uint32_t hash;
	const uint8_t *e;
};

static bool ranks_before(const struct ranked *a, const struct ranked *b, enum family f)
{
	if (a->hash != b->hash)
		return a->hash < b->hash;
	return memcmp(a->e, b->e, element_key_size(f)) < 0;
}

/* Who is alive in a bucket and whose hash is at least from, in the order of the hashes. */
static uint32_t rank_bucket(const struct provread *r, const uint8_t *bucket, enum family f,
	uint32_t from, struct ranked out[static BUCKET_MAX])
{
	uint32_t n = 0;

	if (bucket_live(bucket) == 0)
		return 0;
	for (uint32_t i = 0; i < bucket_count(bucket); i++) {
		const uint8_t *e = bucket_element(bucket, f, i);
		if (!element_alive(e, f, r->now))
			continue;
		struct element p = element_get(e, f);
		struct ranked new = {.hash = provider_hash(&p.ip, p.port), .e = e};
		if (new.hash < from)
			continue;
		uint32_t at = n++;
		for (; at > 0 && ranks_before(&new, &out[at - 1], f); at--)
			out[at] = out[at - 1];
		out[at] = new;
	}
	return n;
}

/* Adds the groups of equal hash, each whole. False when one did not fit: the next page begins with
 * it. Of a group that alone is larger than a page, what fits is given and the rest passed over: the
 * cursor could not tell them apart. Chance makes pairs among 50,000, and hardly ever more. */
static bool page_groups(const struct provread *r, const struct ranked *ranked, uint32_t n,
	enum family f, struct page *page)
{
	for (uint32_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && ranked[j].hash == ranked[i].hash;)
			j++;
		if (j - i > page->max - page->n && page->n > 0) {
			page->next = provread_cursor(f, ranked[i].hash);
			return false;
		}
		for (uint32_t k = i; k < j && page->n < page->max; k++)
			page->out[page->n++] = record_of(r, ranked[k].e, f);
	}
	return true;
}

static bool page_half(const struct provread *r, enum family f, uint32_t from, struct page *page)
{
	const struct half *h = &r->half[f];
	struct ranked ranked[BUCKET_MAX];

	if (r->alive[f] == 0)
		return true;
	for (uint32_t place = half_place(h, from); place < h->buckets; place++) {
		const uint8_t *bucket = half_bucket(r->blocks, h, place);
		if (page->buckets++ == PAGE_BUCKETS) {
			page->next = provread_cursor(f, half_from(h, place));
			return false;
		}
		uint32_t n = rank_bucket(r, bucket, f, from, ranked);
		if (!page_groups(r, ranked, n, f, page))
			return false;
	}
	return true;
}

size_t provread_page(
	const struct provread *r, uint32_t cursor, size_t max, struct record *out, uint32_t *next)
{
	struct page page = {.out = out, .max = max};
	uint32_t from = cursor & ((UINT32_C(1) << PROVIDER_HASH_BITS) - 1);

	assert(max > 0);
	for (enum family f = cursor >> PROVIDER_HASH_BITS; f < FAMILIES; f++, from = 0)
		if (!page_half(r, f, from, &page))
			break;
	*next = page.next;
	return page.n;
}
