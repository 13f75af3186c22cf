/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/shelf.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"

#define TAG_FREE    0
#define TAG_DELETED 1 /* free, but others may stand behind it */

#define TYPE(key, per)                                                                             \
	{                                                                                          \
		key, ENTRY_KEY + (key), per, ((1u << 20) + (per)-1) / (per)                        \
	}

const struct shelf_type shelf_types[SHELF_TYPES] = {TYPE(20, 13), TYPE(32, 10), TYPE(64, 6)};

_Static_assert(13 * (ENTRY_KEY + 20) <= BLOCK_MAX && 10 * (ENTRY_KEY + 32) <= BLOCK_MAX &&
		       6 * (ENTRY_KEY + 64) <= BLOCK_MAX,
	"chunks are blocks");

/* Where the parts of a shelf's memory are. */
struct parts {
	uint8_t *memory;
	uint32_t slots;
	uint16_t *pos;
	uint8_t *tags;
	struct chunk *chunks;
};

static size_t chunks_offset(uint32_t slots)
{
	return ((size_t)slots * 3 + 3) / 4 * 4;
}

static struct parts parts_of(uint8_t *memory, uint32_t slots)
{
	if (!memory)
		return (struct parts){0};
	return (struct parts){
		.memory = memory,
		.slots = slots,
		.pos = (uint16_t *)(void *)memory,
		.tags = memory + (size_t)slots * 2,
		.chunks = (struct chunk *)(void *)(memory + chunks_offset(slots)),
	};
}

static struct parts shelf_parts(const struct shelf *s)
{
	return parts_of(atomic_load_explicit(&s->memory, memory_order_relaxed),
		atomic_load_explicit(&s->slots, memory_order_relaxed));
}

/* Entries and deleted tags that so many slots may have. */
static uint32_t slots_room(uint32_t slots)
{
	return slots * 4 / 5;
}

static const struct shelf_type *type_of(const struct shelf *s)
{
	return &shelf_types[s->type];
}

static uint32_t chunks_for(const struct shelf_type *type, uint32_t entries)
{
	return entries ? shelf_chunk_of(type, entries - 1) + 1 : 0;
}

static size_t memory_bytes(const struct shelf_type *type, uint32_t slots)
{
	return chunks_offset(slots) + chunks_for(type, slots_room(slots)) * sizeof(struct chunk);
}

void shelf_init(struct shelf *s, uint8_t type)
{
	atomic_init(&s->memory, NULL);
	atomic_init(&s->slots, 0);
	s->entries = 0;
	s->deleted = 0;
	s->earliest = EXPIRY_NONE;
	s->type = type;
	s->sets = false;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of a key of size bytes; 16 at a time, the last 16 perhaps overlapping. */
static uint64_t key_hash(const struct stock *st, const uint8_t *key, uint32_t size, uint32_t len)
{
	uint64_t h = len;

	for (uint32_t i = 0; i * 16 < size; i++) {
		const uint8_t *p = key + (i * 16 + 16 <= size ? i * 16 : size - 16);
		h ^= fold(get_u64(p) ^ st->secret[2 * i], get_u64(p + 8) ^ st->secret[2 * i + 1]);
	}
	return fold(h ^ st->secret[8], st->secret[9] | 1);
}

static uint64_t entry_hash(const struct stock *st, const struct shelf *s, const uint8_t *e)
{
	return key_hash(st, entry_key(e), type_of(s)->key_size, entry_key_len(e));
}

struct shelf_key shelf_key_of(const struct stock *st, struct span hash)
{
	struct shelf_key k = {.len = (uint8_t)hash.len};

	assert(hash.len >= 1 && hash.len <= sizeof(k.b));
	while (hash.len > shelf_types[k.type].key_size)
		k.type++;
	memcpy(k.b, hash.p, hash.len);
	k.hash = key_hash(st, k.b, shelf_types[k.type].key_size, k.len);
	return k;
}

static uint32_t home_slot(uint64_t hash, uint32_t slots)
{
	return (uint32_t)((hash >> 32) * slots >> 32);
}

static uint8_t tag_of(uint64_t hash)
{
	return (uint8_t)(2 + ((hash & UINT32_MAX) * 254 >> 32));
}

static uint32_t next_slot(uint32_t slot, uint32_t slots)
{
	return slot + 1 == slots ? 0 : slot + 1;
}

static uint8_t *entry_in(const struct stock *st, const struct shelf_type *type,
	const struct parts *parts, uint32_t pos)
{
	uint32_t chunk = shelf_chunk_of(type, pos), i = pos - chunk * type->per_chunk;

	return blocks_at(&st->blocks, parts->chunks[chunk].block) + i * type->entry_size;
}

uint8_t *shelf_entry(const struct stock *st, const struct shelf *s, uint32_t pos)
{
	struct parts parts = shelf_parts(s);

	return entry_in(st, type_of(s), &parts, pos);
}

/* size is at least 16. */
static bool keys_equal(const uint8_t *a, const uint8_t *b, uint32_t size)
{
	uint64_t difference = get_u64(a + size - 8) ^ get_u64(b + size - 8);

	for (uint32_t i = 0; i + 8 < size; i += 8)
		difference |= get_u64(a + i) ^ get_u64(b + i);
	return difference == 0;
}

uint32_t shelf_find(const struct stock *st, const struct shelf *s, const struct shelf_key *key)
{
	const struct shelf_type *type = &shelf_types[key->type];
	struct parts parts = shelf_parts(s);
	uint8_t tag = tag_of(key->hash);

	if (!parts.memory)
		return SHELF_NONE;
	uint32_t slot = home_slot(key->hash, parts.slots);
	for (; parts.tags[slot] != TAG_FREE; slot = next_slot(slot, parts.slots)) {
		if (parts.tags[slot] != tag)
			continue;
		const uint8_t *e = entry_in(st, type, &parts, parts.pos[slot]);
		if (entry_key_len(e) == key->len &&
			keys_equal(entry_key(e), key->b, type->key_size))
			return parts.pos[slot];
	}
	return SHELF_NONE;
}

/* The position that probably is the entry's; SHELF_NONE when there is none. */
static uint32_t likely_pos(const struct parts *parts, uint64_t hash)
{
	uint8_t tag = tag_of(hash);

	if (!parts->memory)
		return SHELF_NONE;
	uint32_t slot = home_slot(hash, parts->slots);
	for (; parts->tags[slot] != TAG_FREE; slot = next_slot(slot, parts->slots))
		if (parts->tags[slot] == tag)
			return parts->pos[slot];
	return SHELF_NONE;
}

void shelf_prefetch_slot(const struct shelf *s, uint64_t hash)
{
	struct parts parts = shelf_parts(s);
	uint32_t slot = home_slot(hash, parts.slots);

	/* Without the lock the two may not belong together; but nothing is read there. */
	if (parts.memory) {
		__builtin_prefetch(parts.tags + slot);
		__builtin_prefetch(parts.pos + slot);
	}
}

void shelf_prefetch_chunks(const struct shelf *s)
{
	struct parts parts = shelf_parts(s);

	if (parts.memory)
		__builtin_prefetch(parts.chunks);
}

void shelf_prefetch_chunk(const struct shelf *s, uint64_t hash)
{
	struct parts parts = shelf_parts(s);
	uint32_t pos = likely_pos(&parts, hash);

	if (pos != SHELF_NONE)
		__builtin_prefetch(&parts.chunks[shelf_chunk_of(type_of(s), pos)]);
}

void shelf_prefetch_entry(const struct stock *st, const struct shelf *s, uint64_t hash)
{
	struct parts parts = shelf_parts(s);
	uint32_t pos = likely_pos(&parts, hash);

	if (pos == SHELF_NONE)
		return;
	const uint8_t *e = entry_in(st, type_of(s), &parts, pos);
	__builtin_prefetch(e);
	__builtin_prefetch(e + type_of(s)->entry_size - 1);
}

/* The first slot from hash's on that an entry can be put in. */
static uint32_t open_slot(const struct parts *parts, uint64_t hash)
{
	uint32_t slot = home_slot(hash, parts->slots);

	while (parts->tags[slot] > TAG_DELETED)
		slot = next_slot(slot, parts->slots);
	return slot;
}

/* The slot that leads to pos. */
static uint32_t slot_of(const struct parts *parts, uint64_t hash, uint32_t pos)
{
	uint32_t slot = home_slot(hash, parts->slots);

	while (parts->pos[slot] != pos || parts->tags[slot] <= TAG_DELETED) {
		assert(parts->tags[slot] != TAG_FREE);
		slot = next_slot(slot, parts->slots);
	}
	return slot;
}

static void put_slot(const struct parts *parts, uint32_t slot, uint64_t hash, uint32_t pos)
{
	parts->tags[slot] = tag_of(hash);
	parts->pos[slot] = (uint16_t)pos;
}

/* A new index of another size, or of the same without deleted tags. */
static int reindex(struct stock *st, struct shelf *s, uint32_t slots)
{
	const struct shelf_type *type = type_of(s);
	struct parts was = shelf_parts(s);
	int err;
	uint8_t *memory = blocks_calloc(&st->blocks, memory_bytes(type, slots), &err);

	if (!memory)
		return err;
	struct parts parts = parts_of(memory, slots);
	if (s->entries)
		memcpy(parts.chunks, was.chunks,
			chunks_for(type, s->entries) * sizeof(struct chunk));
	for (uint32_t pos = 0; pos < s->entries; pos++) {
		uint64_t hash = entry_hash(st, s, entry_in(st, type, &parts, pos));
		put_slot(&parts, open_slot(&parts, hash), hash, pos);
	}
	atomic_store_explicit(&s->memory, memory, memory_order_relaxed);
	atomic_store_explicit(&s->slots, slots, memory_order_relaxed);
	s->deleted = 0;
	blocks_cfree(&st->blocks, was.memory, memory_bytes(type, was.slots));
	return 0;
}

/* Makes room in the index for one more. */
static int grow_index(struct stock *st, struct shelf *s)
{
	uint32_t slots = atomic_load_explicit(&s->slots, memory_order_relaxed);
	uint32_t room = slots_room(slots), wanted = s->entries + 1u;

	if (wanted > SHELF_MAX)
		return DHT_EFULL;
	if (s->entries + s->deleted < room)
		return 0;
	/* Many deleted: the same size will do when they are gone. */
	return reindex(st, s, wanted * 8 <= room * 7 ? slots : slots + slots / 4 + 5);
}

/* Makes room in the last chunk for the entry at pos, the first behind all. */
static int grow_chunk(struct stock *st, struct shelf *s, uint32_t pos)
{
	const struct shelf_type *type = type_of(s);
	uint32_t index = shelf_chunk_of(type, pos), i = pos - index * type->per_chunk;
	struct chunk *chunk = &shelf_parts(s).chunks[index];
	uint32_t block;

	if (i > 0 && (i + 1) * type->entry_size <= blocks_size(chunk->block))
		return 0;
	int err = blocks_alloc(&st->blocks, (i + 1) * type->entry_size, &block);
	if (err)
		return err;
	if (i == 0) {
		chunk->earliest = EXPIRY_NONE;
	} else {
		memcpy(blocks_at(&st->blocks, block), blocks_at(&st->blocks, chunk->block),
			i * type->entry_size);
		blocks_free(&st->blocks, chunk->block);
	}
	chunk->block = block;
	return 0;
}

int shelf_add(struct stock *st, struct shelf *s, const struct shelf_key *key, uint32_t *pos)
{
	const struct shelf_type *type = type_of(s);
	int err = grow_index(st, s);

	if (!err)
		err = grow_chunk(st, s, s->entries);
	if (err) {
		if (s->entries == 0)
			shelf_fini(st, s);
		return err;
	}
	struct parts parts = shelf_parts(s);
	uint32_t slot = open_slot(&parts, key->hash);
	s->deleted -= parts.tags[slot] == TAG_DELETED;
	*pos = s->entries++;
	put_slot(&parts, slot, key->hash, *pos);
	uint8_t *e = entry_in(st, type, &parts, *pos);
	memset(e, 0, ENTRY_KEY);
	e[0] = key->len;
	put_u32(e + 1, EXPIRY_NONE);
	memcpy(e + ENTRY_KEY, key->b, type->key_size);
	return 0;
}

/* Before a free slot nobody needs a deleted tag. */
static void clear_slot(struct shelf *s, const struct parts *parts, uint32_t slot)
{
	parts->tags[slot] = TAG_DELETED;
	s->deleted++;
	if (parts->tags[next_slot(slot, parts->slots)] != TAG_FREE)
		return;
	while (parts->tags[slot] == TAG_DELETED) {
		parts->tags[slot] = TAG_FREE;
		s->deleted--;
		slot = slot ? slot - 1 : parts->slots - 1;
	}
}

/* After the last entry went: its chunk goes too when it is empty, or into half the block when that
 * will do. When there is no memory for it, it stays where it is. */
static void shrink_chunk(struct stock *st, struct shelf *s)
{
	const struct shelf_type *type = type_of(s);
	uint32_t index = shelf_chunk_of(type, s->entries),
		 left = s->entries - index * type->per_chunk;
	struct chunk *chunk = &shelf_parts(s).chunks[index];
	uint32_t block;

	if (left == 0) {
		blocks_free(&st->blocks, chunk->block);
		return;
	}
	if (left * type->entry_size > blocks_size(chunk->block) / 2 ||
		blocks_size(chunk->block) == BLOCK_MIN ||
		blocks_alloc(&st->blocks, left * type->entry_size, &block) != 0)
		return;
	memcpy(blocks_at(&st->blocks, block), blocks_at(&st->blocks, chunk->block),
		left * type->entry_size);
	blocks_free(&st->blocks, chunk->block);
	chunk->block = block;
}

void shelf_remove(struct stock *st, struct shelf *s, uint32_t pos)
{
	const struct shelf_type *type = type_of(s);
	struct parts parts = shelf_parts(s);
	uint32_t last = s->entries - 1u;
	uint8_t *e = entry_in(st, type, &parts, pos);

	clear_slot(s, &parts, slot_of(&parts, entry_hash(st, s, e), pos));
	if (pos != last) {
		const uint8_t *moved = entry_in(st, type, &parts, last);
		struct chunk *chunk = &parts.chunks[shelf_chunk_of(type, pos)];
		uint64_t hash = entry_hash(st, s, moved);
		parts.pos[slot_of(&parts, hash, last)] = (uint16_t)pos;
		memcpy(e, moved, type->entry_size);
		if (entry_expiry(e) < chunk->earliest)
			chunk->earliest = entry_expiry(e);
	}
	s->entries--;
	shrink_chunk(st, s);
	if (s->entries == 0)
		shelf_fini(st, s);
	else if (s->entries < slots_room(parts.slots) / 4)
		(void)reindex(st, s, parts.slots / 2);
}

void shelf_set_expiry(const struct stock *st, struct shelf *s, uint32_t pos, uint32_t expiry)
{
	struct parts parts = shelf_parts(s);
	struct chunk *chunk = &parts.chunks[shelf_chunk_of(type_of(s), pos)];

	put_u32(entry_in(st, type_of(s), &parts, pos) + 1, expiry);
	if (expiry < chunk->earliest)
		chunk->earliest = expiry;
	if (expiry < s->earliest)
		s->earliest = expiry;
}

struct chunk *shelf_chunks(const struct shelf *s)
{
	return shelf_parts(s).chunks;
}

uint32_t shelf_chunk_count(const struct shelf *s)
{
	return chunks_for(type_of(s), s->entries);
}

void shelf_tidy(struct stock *st, struct shelf *s)
{
	for (uint32_t i = 0; i < shelf_chunk_count(s); i++)
		blocks_move(&st->blocks, &shelf_chunks(s)[i].block);
	bool sets = false;
	for (uint32_t pos = 0; s->sets && pos < s->entries; pos++) {
		uint8_t *e = shelf_entry(st, s, pos);
		if (!entry_is_set(e))
			continue;
		struct provset set = entry_set(e);
		provset_tidy(&st->blocks, &set);
		entry_put_set(e, &set);
		sets = true;
	}
	s->sets = sets;
}

void shelf_take(struct shelf *to, struct shelf *from)
{
	struct parts parts = shelf_parts(from);

	atomic_init(&to->memory, parts.memory);
	atomic_init(&to->slots, parts.slots);
	to->deleted = from->deleted;
	to->earliest = from->earliest;
	to->entries = from->entries;
	to->type = from->type;
	to->sets = from->sets;
	shelf_init(from, from->type);
}

void shelf_fini(struct stock *st, struct shelf *s)
{
	struct parts parts = shelf_parts(s);

	for (uint32_t i = 0; i < shelf_chunk_count(s); i++)
		blocks_free(&st->blocks, parts.chunks[i].block);
	if (parts.memory)
		blocks_cfree(&st->blocks, parts.memory, memory_bytes(type_of(s), parts.slots));
	shelf_init(s, s->type);
}

static void check_chunks(const struct stock *st, const struct shelf *s, struct census *c)
{
	const struct shelf_type *type = type_of(s);

	for (uint32_t i = 0; i < shelf_chunk_count(s); i++) {
		const struct chunk *chunk = &shelf_chunks(s)[i];
		uint32_t first = i * type->per_chunk, n = s->entries - first;
		if (n > type->per_chunk)
			n = type->per_chunk;
		assert(n * type->entry_size <= blocks_size(chunk->block));
		assert(n < type->per_chunk || blocks_size(chunk->block) == BLOCK_MAX);
		assert(s->earliest <= chunk->earliest);
		census_block(c, chunk->block);
		for (uint32_t j = 0; j < n; j++)
			assert(entry_expiry(shelf_entry(st, s, first + j)) >= chunk->earliest);
	}
}

void shelf_check(const struct stock *st, const struct shelf *s, struct census *c)
{
	struct parts parts = shelf_parts(s);
	uint32_t in_use = 0, deleted = 0;

	assert((s->entries == 0) == (parts.memory == NULL));
	for (uint32_t slot = 0; slot < parts.slots; slot++) {
		in_use += parts.tags[slot] > TAG_DELETED;
		deleted += parts.tags[slot] == TAG_DELETED;
	}
	assert(in_use == s->entries && deleted == s->deleted);
	assert(in_use + deleted <= slots_room(parts.slots));
	assert(s->entries > 0 || !s->sets);
	for (uint32_t pos = 0; pos < s->entries; pos++) {
		const uint8_t *e = shelf_entry(st, s, pos);
		struct shelf_key key = shelf_key_of(
			st, (struct span){.p = entry_key(e), .len = entry_key_len(e)});
		assert(key.type == s->type);
		assert(shelf_find(st, s, &key) == pos);
		assert(!entry_is_set(e) || s->sets);
	}
	check_chunks(st, s, c);
	if (parts.memory)
		census_malloc(c, memory_bytes(type_of(s), parts.slots));
}
