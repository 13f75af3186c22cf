/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provset.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/keyed.h"

/* A handle's size that no block has: the rest is the ref of a head in the pool of 64. */
#define HEAD_MARK (UINT32_C(5) << POOL_REF_BITS)

#define DIRECTORY_MIN 4 /* places */

/* A full bucket shares with a neighbour that has no more than this: so those who come in the order
 * of their hashes leave buckets that are three quarters full behind them, instead of half full. */
#define SHARE_MAX(room) ((room)*9 / 16)

/*
 * dead counts those in the half who are over but neither withdrawn nor swept. Any now from
 * dead_from to before dead_until gives this count, so that a set of 50,000 that is asked for all
 * the time is walked no more than ten times a second.
 */
struct head {
	struct stretch *dir;
	uint32_t buckets;
	uint32_t places; /* of the directory; as many as buckets, or more */
	uint32_t count;
	uint32_t dead, dead_from, dead_until;
};

_Static_assert(sizeof(struct head) <= BLOCK_MIN, "a head fits the smallest block");

/* Public and the same everywhere: a page's cursor goes from server to server. */
static const uint8_t provider_key[KEYED_KEY_LEN] = "dht provider v1";

uint64_t provider_hash64(const struct ip *ip, uint16_t port)
{
	uint8_t bytes[18];

	memcpy(bytes, ip->b, sizeof(ip->b));
	store_be16(bytes + 16, port);
	return keyed_hash64(provider_key, bytes, sizeof(bytes));
}

uint32_t provider_hash(const struct ip *ip, uint16_t port)
{
	return (uint32_t)(provider_hash64(ip, port) >> (64 - PROVIDER_HASH_BITS));
}

static bool is_head(uint32_t half)
{
	return half >> POOL_REF_BITS == HEAD_MARK >> POOL_REF_BITS;
}

static uint32_t head_block(uint32_t half)
{
	return (half & BLOCK_REF_MASK) | UINT32_C(1) << POOL_REF_BITS;
}

static struct head *head_at(const struct blocks *b, uint32_t half)
{
	return (struct head *)(void *)blocks_at(b, head_block(half));
}

static size_t dir_bytes(uint32_t places)
{
	return sizeof(struct stretch) * places;
}

/* The last of n stretches that begins at the hash or before it. */
static uint32_t find_stretch(const struct stretch *dir, uint32_t n, uint32_t hash)
{
	uint32_t at = 0;

	while (n > 1) {
		uint32_t half = n / 2;
		at += dir[at + half].from <= hash ? half : 0;
		n -= half;
	}
	return at;
}

uint32_t half_place(const struct half *h, uint32_t hash)
{
	return h->dir ? find_stretch(h->dir, h->buckets, hash) : 0;
}

static uint32_t element_hash(const uint8_t *e, enum family f)
{
	struct ip ip = element_ip(e, f);

	return provider_hash(&ip, get_u16(e + element_key_size(f) - 2));
}

static uint32_t half_count(const struct blocks *b, uint32_t half)
{
	if (!half)
		return 0;
	return is_head(half) ? head_at(b, half)->count : bucket_count(blocks_at(b, half));
}

uint32_t provset_count(const struct blocks *b, const struct provset *s)
{
	return half_count(b, s->half[FAMILY_V4]) + half_count(b, s->half[FAMILY_V6]);
}

struct half provset_half(const struct blocks *b, const struct provset *s, enum family f)
{
	uint32_t half = s->half[f];

	if (!half)
		return (struct half){0};
	if (!is_head(half))
		return (struct half){.block = blocks_at(b, half),
			.buckets = 1,
			.room = bucket_room(blocks_size(half), f)};
	const struct head *head = head_at(b, half);
	return (struct half){
		.dir = head->dir, .buckets = head->buckets, .room = bucket_room(BLOCK_MAX, f)};
}

static uint8_t *find_in_bucket(const uint8_t *bucket, enum family f, const uint8_t *key)
{
	uint32_t n = bucket_count(bucket);

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *e = bucket_element(bucket, f, i);
		if (get_u32(e) == get_u32(key) && memcmp(e, key, element_key_size(f)) == 0)
			return e;
	}
	return NULL;
}

bool provset_find(const struct blocks *b, const struct provset *s, const struct ip *ip,
	uint16_t port, struct provpos *out)
{
	enum family f = family_of(ip);
	uint32_t half = s->half[f];
	uint8_t key[18];

	if (!half)
		return false;
	if (is_head(half)) {
		const struct head *head = head_at(b, half);
		half = head->dir[find_stretch(head->dir, head->buckets, provider_hash(ip, port))]
		               .block;
	}
	element_key(ip, port, key);
	out->family = f;
	out->bucket = blocks_at(b, half);
	out->element = find_in_bucket(out->bucket, f, key);
	return out->element != NULL;
}

/* Another size for a half that is one block; its providers fit. */
static int resize_block(struct blocks *b, uint32_t *half, uint32_t bytes)
{
	uint32_t was = *half, used = bytes < blocks_size(was) ? bytes : blocks_size(was);
	int err = blocks_alloc(b, bytes, half);

	if (err)
		return err;
	memcpy(blocks_at(b, *half), blocks_at(b, was), used);
	blocks_free(b, was);
	return 0;
}

/* From one full block to a head with a directory of it alone. */
static int make_head(struct blocks *b, uint32_t *half)
{
	uint32_t handle;
	int err = blocks_alloc(b, sizeof(struct head), &handle);

	if (err)
		return err;
	struct stretch *dir = blocks_calloc(b, dir_bytes(DIRECTORY_MIN), &err);
	if (!dir) {
		blocks_free(b, handle);
		return err;
	}
	dir[0].block = *half;
	*half = HEAD_MARK | (handle & BLOCK_REF_MASK);
	*head_at(b, *half) = (struct head){.dir = dir,
		.buckets = 1,
		.places = DIRECTORY_MIN,
		.count = bucket_count(blocks_at(b, dir[0].block))};
	return 0;
}

/* Another size for the directory; its buckets fit. */
static int resize_directory(struct blocks *b, struct head *head, uint32_t places)
{
	int err;
	struct stretch *dir = blocks_calloc(b, dir_bytes(places), &err);

	if (!dir)
		return err;
	memcpy(dir, head->dir, dir_bytes(head->buckets));
	blocks_cfree(b, head->dir, dir_bytes(head->places));
	head->dir = dir;
	head->places = places;
	return 0;
}

/* Providers out of one bucket or two, with their hashes. */
struct hand {
	uint32_t n;
	uint32_t hash[2 * BUCKET_MAX];
	struct element p[2 * BUCKET_MAX];
};

static void pick_up(struct hand *hand, const uint8_t *bucket, enum family f)
{
	for (uint32_t i = 0; i < bucket_count(bucket); i++) {
		const uint8_t *e = bucket_element(bucket, f, i);
		hand->hash[hand->n] = element_hash(e, f);
		hand->p[hand->n++] = element_get(e, f);
	}
}

/* Gives them out again: to low whose hash is below from, to high the others. */
static void deal(const struct hand *hand, uint8_t *low, uint8_t *high, enum family f, uint32_t from)
{
	bucket_init(low);
	bucket_init(high);
	for (uint32_t i = 0; i < hand->n; i++)
		bucket_push(hand->hash[i] < from ? low : high, f, &hand->p[i]);
}

static uint32_t count_below(const struct hand *hand, uint32_t hash)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < hand->n; i++)
		n += hand->hash[i] < hash;
	return n;
}

/* Where to cut so that both parts are as equal as can be: the least hash of the upper one. 0: all
 * have the same hash. */
static uint32_t find_cut(const struct hand *hand)
{
	uint32_t sorted[2 * BUCKET_MAX], n = hand->n;

	assert(n > 1);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = i;
		for (; at > 0 && hand->hash[i] < sorted[at - 1]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = hand->hash[i];
	}
	for (uint32_t off = 0; off <= n / 2; off++) {
		uint32_t left = n / 2 - off, right = n / 2 + off;
		if (left > 0 && sorted[left] != sorted[left - 1])
			return sorted[left];
		if (right < n && sorted[right] != sorted[right - 1])
			return sorted[right];
	}
	return 0;
}

/* Lets the buckets at place and behind it share evenly, when one is full and the other has room
 * enough for it to be worth while. */
static bool share(struct blocks *b, struct head *head, enum family f, uint32_t place)
{
	uint8_t *low = blocks_at(b, head->dir[place].block);
	uint8_t *high = blocks_at(b, head->dir[place + 1].block);
	uint32_t room = bucket_room(BLOCK_MAX, f);
	struct hand hand = {0};

	if (bucket_count(low) + bucket_count(high) > room + SHARE_MAX(room))
		return false;
	pick_up(&hand, low, f);
	pick_up(&hand, high, f);
	uint32_t from = find_cut(&hand), below = count_below(&hand, from);
	if (below == 0 || below >= room || hand.n - below >= room)
		return false;
	deal(&hand, low, high, f, from);
	head->dir[place + 1].from = from;
	return true;
}

/* Puts an empty bucket behind place, for hashes from this one on. */
static int insert_bucket(struct blocks *b, struct head *head, uint32_t place, uint32_t from)
{
	uint32_t block, places = head->places + head->places / 2;
	int err = head->buckets < PROVSET_BUCKETS_MAX ? 0 : DHT_EFULL;

	if (!err && head->buckets == head->places)
		err = resize_directory(b, head, places);
	if (!err)
		err = blocks_alloc(b, BLOCK_MAX, &block);
	if (err)
		return err;
	bucket_init(blocks_at(b, block));
	struct stretch *at = &head->dir[place + 1];
	memmove(at + 1, at, dir_bytes(head->buckets - place - 1));
	*at = (struct stretch){.from = from, .block = block};
	head->buckets++;
	return 0;
}

/* Makes two of the full bucket at place, one of which has room for somebody of this hash. */
static int split(struct blocks *b, struct head *head, enum family f, uint32_t place, uint32_t hash)
{
	struct hand hand = {0};

	pick_up(&hand, blocks_at(b, head->dir[place].block), f);
	uint32_t from = find_cut(&hand);
	if (from == 0 && hash == hand.hash[0])
		return DHT_EFULL;
	if (from == 0) /* who comes has the other bucket alone */
		from = hash > hand.hash[0] ? hash : hand.hash[0];
	int err = insert_bucket(b, head, place, from);
	if (err)
		return err;
	deal(&hand, blocks_at(b, head->dir[place].block), blocks_at(b, head->dir[place + 1].block),
		f, from);
	return 0;
}

/* Gives a bucket of the directory with room for a provider of this hash. */
static int room_in_directory(
	struct blocks *b, struct head *head, enum family f, uint32_t hash, uint8_t **bucket)
{
	uint32_t place = find_stretch(head->dir, head->buckets, hash);
	int err = 0;

	*bucket = blocks_at(b, head->dir[place].block);
	if (bucket_count(*bucket) < bucket_room(BLOCK_MAX, f))
		return 0;
	if (!(place > 0 && share(b, head, f, place - 1)) &&
		!(place + 1 < head->buckets && share(b, head, f, place)))
		err = split(b, head, f, place, hash);
	place = find_stretch(head->dir, head->buckets, hash);
	*bucket = blocks_at(b, head->dir[place].block);
	return err;
}

/* Gives a bucket with room for p in a half of any form, changing the form if need be. */
static int room_for(
	struct blocks *b, uint32_t *half, enum family f, const struct element *p, uint8_t **bucket)
{
	int err = 0;

	if (!*half) {
		err = blocks_alloc(b, BUCKET_HEADER + element_size(f), half);
		if (err)
			return err;
		bucket_init(blocks_at(b, *half));
	}
	if (!is_head(*half)) {
		*bucket = blocks_at(b, *half);
		if (bucket_count(*bucket) < bucket_room(blocks_size(*half), f))
			return 0;
		if (blocks_size(*half) == BLOCK_MAX)
			err = make_head(b, half);
		else
			err = resize_block(b, half, blocks_size(*half) * 2);
		*bucket = err || is_head(*half) ? NULL : blocks_at(b, *half);
	}
	if (err || !is_head(*half))
		return err;
	return room_in_directory(b, head_at(b, *half), f, provider_hash(&p->ip, p->port), bucket);
}

int provset_add(struct blocks *b, struct provset *s, const struct element *p)
{
	enum family f = family_of(&p->ip);
	uint8_t *bucket = NULL;
	int err = room_for(b, &s->half[f], f, p, &bucket);

	if (err)
		return err;
	bucket_push(bucket, f, p);
	if (is_head(s->half[f])) {
		struct head *head = head_at(b, s->half[f]);
		head->count++;
		if (p->expiry < head->dead_until)
			head->dead_until = p->expiry;
	}
	if (p->expiry < s->earliest)
		s->earliest = p->expiry;
	s->live[f] += !version_is_withdrawal(p->version);
	return 0;
}

/* Somebody whose expiry is was changes to will be, or goes (EXPIRY_NONE). */
static void note_expiry(struct head *head, uint32_t was, uint32_t will_be)
{
	if (was < head->dead_until)
		head->dead_until = 0;
	if (will_be < head->dead_until)
		head->dead_until = will_be;
}

void provset_update(
	struct blocks *b, struct provset *s, const struct provpos *pos, const struct element *p)
{
	enum family f = pos->family;
	uint32_t was_live = element_announced(pos->element, f);

	if (is_head(s->half[f]))
		note_expiry(head_at(b, s->half[f]), element_expiry(pos->element, f), p->expiry);
	element_put(pos->element, f, p);
	uint32_t is_live = element_announced(pos->element, f);
	s->live[f] += is_live - was_live;
	bucket_set_live(pos->bucket, bucket_live(pos->bucket) + is_live - was_live);
	if (p->expiry < bucket_earliest(pos->bucket))
		bucket_set_earliest(pos->bucket, p->expiry);
	if (p->expiry < s->earliest)
		s->earliest = p->expiry;
}

/* Takes away who has expired in one bucket. False when the reaper stopped it. */
static bool reap_bucket(
	uint8_t *bucket, enum family f, struct reaper *r, uint32_t *live, uint32_t *gone)
{
	uint32_t n = bucket_count(bucket), i = 0, earliest = EXPIRY_NONE;
	uint32_t was_live = bucket_live(bucket), is_live = 0;
	bool all = true;

	while (i < n) {
		uint8_t *e = bucket_element(bucket, f, i);
		struct element p = element_get(e, f);
		enum reaped reaped = p.expiry <= r->now && all ? r->take(r, &p) : REAPED_STOP;
		if (reaped == REAPED_GONE) {
			memmove(e, bucket_element(bucket, f, --n), element_size(f));
			(*gone)++;
			continue;
		}
		if (reaped == REAPED_CHANGED)
			element_put(e, f, &p);
		else if (p.expiry <= r->now)
			all = false;
		is_live += element_announced(e, f);
		if (p.expiry < earliest)
			earliest = p.expiry;
		i++;
	}
	*live -= was_live - is_live;
	bucket_set_count(bucket, n);
	bucket_set_live(bucket, is_live);
	bucket_set_earliest(bucket, earliest);
	return all;
}

/* Moves all of the bucket at place from into the one at place into, when together they fill no more
 * than three quarters, so that the next few do not split it again, or when one is empty. */
static bool unite(struct blocks *b, struct head *head, enum family f, uint32_t into, uint32_t from)
{
	uint8_t *low = blocks_at(b, head->dir[into].block);
	const uint8_t *high = blocks_at(b, head->dir[from].block);
	uint32_t n = bucket_count(high), all = bucket_count(low) + n;

	if (all > bucket_room(BLOCK_MAX, f) * 3 / 4 && n != 0 && n != all)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct element p = element_get(bucket_element(high, f, i), f);
		bucket_push(low, f, &p);
	}
	blocks_free(b, head->dir[from].block);
	return true;
}

/* After some have gone: unites buckets, and gives back what of the directory is not needed. When
 * there is no memory for a smaller one, the larger one stays until next time. */
static void compact_directory(struct blocks *b, struct head *head, enum family f)
{
	uint32_t last = 0;

	for (uint32_t place = 1; place < head->buckets; place++)
		if (!unite(b, head, f, last, place))
			head->dir[++last] = head->dir[place];
	head->buckets = last + 1;
	if (head->buckets > 1 && head->buckets < head->places / 4)
		(void)resize_directory(b, head, head->places / 2);
}

static void free_head(struct blocks *b, uint32_t half)
{
	struct head *head = head_at(b, half);

	blocks_cfree(b, head->dir, dir_bytes(head->places));
	blocks_free(b, head_block(half));
}

/* After some have gone from a half of any form. */
static void compact_half(struct blocks *b, uint32_t *half, enum family f)
{
	if (is_head(*half)) {
		struct head *head = head_at(b, *half);
		compact_directory(b, head, f);
		if (head->buckets > 1)
			return;
		uint32_t first = head->dir[0].block;
		free_head(b, *half);
		*half = first;
	}
	uint32_t n = bucket_count(blocks_at(b, *half));
	uint32_t bytes = BUCKET_HEADER + n * element_size(f);
	if (n == 0) {
		blocks_free(b, *half);
		*half = 0;
	} else if (bytes <= blocks_size(*half) / 2) {
		(void)resize_block(b, half, bytes);
	}
}

/* Takes away who has expired in one half; lowers *earliest to who stays. */
static bool reap_half(
	struct blocks *b, struct provset *s, enum family f, struct reaper *r, uint32_t *earliest)
{
	struct half h = provset_half(b, s, f);
	uint32_t gone = 0;
	bool all = true;

	for (uint32_t i = 0; i < h.buckets; i++) {
		uint8_t *bucket = (uint8_t *)half_bucket(b, &h, i);
		if (bucket_earliest(bucket) <= r->now && all)
			all = reap_bucket(bucket, f, r, &s->live[f], &gone);
		if (bucket_earliest(bucket) < *earliest)
			*earliest = bucket_earliest(bucket);
	}
	if (is_head(s->half[f])) {
		head_at(b, s->half[f])->count -= gone;
		head_at(b, s->half[f])->dead_until = 0;
	}
	if (gone)
		compact_half(b, &s->half[f], f);
	return all;
}

bool provset_reap(struct blocks *b, struct provset *s, struct reaper *r)
{
	uint32_t earliest = EXPIRY_NONE;
	bool all = true;

	for (enum family f = 0; f < FAMILIES; f++)
		all = reap_half(b, s, f, r, &earliest) && all;
	s->earliest = earliest;
	return all;
}

static void tidy_head(struct blocks *b, uint32_t *half)
{
	uint32_t block = head_block(*half);

	blocks_move(b, &block);
	*half = HEAD_MARK | (block & BLOCK_REF_MASK);
	struct head *head = head_at(b, *half);
	for (uint32_t i = 0; i < head->buckets; i++)
		blocks_move(b, &head->dir[i].block);
}

void provset_tidy(struct blocks *b, struct provset *s)
{
	for (enum family f = 0; f < FAMILIES; f++) {
		if (is_head(s->half[f]))
			tidy_head(b, &s->half[f]);
		else if (s->half[f])
			blocks_move(b, &s->half[f]);
	}
}

struct element provset_only(const struct blocks *b, const struct provset *s)
{
	enum family f = s->half[FAMILY_V4] ? FAMILY_V4 : FAMILY_V6;
	const uint8_t *bucket = blocks_at(b, s->half[f]);

	assert(provset_count(b, s) == 1);
	return element_get(bucket_element(bucket, f, 0), f);
}

void provset_free(struct blocks *b, struct provset *s)
{
	for (enum family f = 0; f < FAMILIES; f++) {
		uint32_t half = s->half[f];
		struct half h = provset_half(b, s, f);
		if (!is_head(half)) {
			blocks_free(b, half);
			continue;
		}
		for (uint32_t i = 0; i < h.buckets; i++)
			blocks_free(b, h.dir[i].block);
		free_head(b, half);
	}
	*s = (struct provset){.earliest = EXPIRY_NONE};
}

/* How many of a bucket are over but not withdrawn; lowers *until to the next expiry. */
static uint32_t count_dead(const uint8_t *bucket, enum family f, uint32_t now, uint32_t *until)
{
	uint32_t dead = 0;

	if (bucket_earliest(bucket) > now) {
		if (bucket_earliest(bucket) < *until)
			*until = bucket_earliest(bucket);
		return 0;
	}
	for (uint32_t i = 0; i < bucket_count(bucket); i++) {
		const uint8_t *e = bucket_element(bucket, f, i);
		uint32_t expiry = element_expiry(e, f);
		if (expiry <= now)
			dead += element_announced(e, f);
		else if (expiry < *until)
			*until = expiry;
	}
	return dead;
}

uint32_t provset_alive(const struct blocks *b, const struct provset *s, enum family f, uint32_t now)
{
	struct half h = provset_half(b, s, f);
	struct head *head = h.dir ? head_at(b, s->half[f]) : NULL;
	uint32_t dead = 0, until = EXPIRY_NONE;

	if (s->earliest > now || !s->half[f])
		return s->live[f];
	if (head && now >= head->dead_from && now < head->dead_until)
		return s->live[f] - head->dead;
	for (uint32_t i = 0; i < h.buckets; i++)
		dead += count_dead(half_bucket(b, &h, i), f, now, &until);
	if (head) {
		head->dead = dead;
		head->dead_from = now;
		head->dead_until = until;
	}
	return s->live[f] - dead;
}

/* The bucket at place: its providers and their hashes. */
static uint32_t check_bucket(const struct blocks *b, const struct half *h, enum family f,
	uint32_t place, const struct provset *s)
{
	const uint8_t *bucket = half_bucket(b, h, place);
	uint32_t live = 0;

	assert(bucket_count(bucket) > 0 && bucket_count(bucket) <= h->room);
	assert(s->earliest <= bucket_earliest(bucket));
	assert(half_from(h, place) < half_from(h, place + 1));
	for (uint32_t i = 0; i < bucket_count(bucket); i++) {
		const uint8_t *e = bucket_element(bucket, f, i);
		assert(half_place(h, element_hash(e, f)) == place);
		assert(element_expiry(e, f) >= bucket_earliest(bucket));
		assert(find_in_bucket(bucket, f, e) == e);
		assert(element_announced(e, f) || !version_is_shortened(element_version(e, f)));
		live += element_announced(e, f);
	}
	assert(live == bucket_live(bucket));
	return live;
}

static void check_half(
	const struct blocks *b, const struct provset *s, enum family f, struct census *c)
{
	struct half h = provset_half(b, s, f);
	uint32_t live = 0, count = 0;

	for (uint32_t i = 0; i < h.buckets; i++) {
		const uint8_t *bucket = half_bucket(b, &h, i);
		live += check_bucket(b, &h, f, i, s);
		count += bucket_count(bucket);
		census_block(c, h.dir ? h.dir[i].block : s->half[f]);
	}
	assert(live == s->live[f] && count == half_count(b, s->half[f]));
	assert((count > 0) == (s->half[f] != 0));
	if (is_head(s->half[f])) {
		assert(h.dir[0].from == 0 && h.buckets <= head_at(b, s->half[f])->places);
		census_block(c, head_block(s->half[f]));
		census_malloc(c, dir_bytes(head_at(b, s->half[f])->places));
	}
}

void provset_check(const struct blocks *b, const struct provset *s, struct census *c)
{
	for (enum family f = 0; f < FAMILIES; f++)
		check_half(b, s, f, c);
}
