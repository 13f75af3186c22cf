/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shelf: the entries of one partition whose hashes are of one class of lengths.
 *
 *     index                    chunks: 512-byte blocks      the last one: as small as will do
 *     tags  | . a . f 3 . |    ┌───┬───┬───┬───┬───┐        ┌───┬───┐
 *     pos   | . 4 . 0 6 . |    │ 0 │ 1 │ 2 │ 3 │ 4 │        │ 5 │ 6 │
 *                              └───┴───┴───┴───┴───┘        └───┴───┘
 *     entry: | kind | expiry | 14 bytes | key, filled up with zeros |
 *               1       4                   20, 32 or 64
 *       one IPv4 provider:   ip 4, port 2, version 8
 *       a provider set:      halves 4 + 4, how many live 3 + 3; expiry is their earliest
 *
 * Entries stand without gaps: what is removed is replaced by the last. The index is a hash table
 * with linear probing of positions (2 bytes) and tags (1 byte: free, was in use, or some bits of
 * the hash), kept at most 4/5 full, and grown by a quarter, to whatever size: the slot is the hash
 * scaled to the size, not a remainder. The index and the handles of the chunks are one malloc, as
 * long as there is an entry.
 *
 * Each chunk's earliest expiry (a lower bound) stands beside its handle, so that a sweep reads 8
 * bytes for ten entries and touches no chunk without need.
 *
 * The index's hash is keyed with a secret of the process: a folded multiply (Wang Yi's wyhash) of
 * the key with words that nobody outside knows.
 */
#ifndef DHT_CORE_SHELF_H
#define DHT_CORE_SHELF_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/bytes.h"
#include "core/blocks.h"
#include "core/bucket.h"
#include "core/provset.h"

#define SHELF_TYPES 3
#define SHELF_MAX   65534 /* entries */
#define SHELF_NONE  UINT32_MAX

#define ENTRY_KEY 19
#define ENTRY_SET 0x80 /* in kind; the other bits are the key's length */

/* What all shelves of a table share. */
struct stock {
	struct blocks blocks;
	uint64_t secret[10];
};

struct shelf_type {
	uint8_t key_size;
	uint8_t entry_size;
	uint8_t per_chunk;
	uint32_t per_chunk_inverse; /* 2^20 / per_chunk, rounded up */
};

extern const struct shelf_type shelf_types[SHELF_TYPES];

struct chunk {
	uint32_t block;    /* handle */
	uint32_t earliest; /* expiry */
};

struct shelf {
	/* Atomic only for shelf_prefetch_slot(), which comes without the lock. */
	_Atomic(uint8_t *) memory; /* positions, tags, chunks; NULL when there are no entries */
	_Atomic(uint32_t) slots;
	uint32_t deleted; /* tags that say: was in use */
	uint32_t earliest;
	uint16_t entries;
	uint8_t type;
	bool sets; /* some entries may have sets */
};

/* A hash made ready to be looked for. */
struct shelf_key {
	uint8_t b[64];
	uint8_t len;
	uint8_t type;
	uint64_t hash;
};

void shelf_init(struct shelf *s, uint8_t type);
struct shelf_key shelf_key_of(const struct stock *st, struct span hash);

/* Three steps on the way to key's entry, each asking the processor for the memory that the next
 * reads. The first needs no lock; for the others it is held, but may be let go between them. */
void shelf_prefetch_slot(const struct shelf *s, uint64_t hash);
void shelf_prefetch_chunk(const struct shelf *s, uint64_t hash);
void shelf_prefetch_entry(const struct stock *st, const struct shelf *s, uint64_t hash);

/* And what a sweep reads first. Needs no lock. */
void shelf_prefetch_chunks(const struct shelf *s);

/* The position of key's entry, or SHELF_NONE. */
uint32_t shelf_find(const struct stock *st, const struct shelf *s, const struct shelf_key *key);

/* Adds an entry with nothing but a key, which is not there. DHT_EFULL, DHT_ENOMEM. */
int shelf_add(struct stock *st, struct shelf *s, const struct shelf_key *key, uint32_t *pos);

/* The last entry takes its place. */
void shelf_remove(struct stock *st, struct shelf *s, uint32_t pos);

uint8_t *shelf_entry(const struct stock *st, const struct shelf *s, uint32_t pos);

/* Writes an entry's expiry and keeps the lower bounds true. */
void shelf_set_expiry(const struct stock *st, struct shelf *s, uint32_t pos, uint32_t expiry);

struct chunk *shelf_chunks(const struct shelf *s);
uint32_t shelf_chunk_count(const struct shelf *s);

/* Which of them has the entry at pos: pos / per_chunk without a division, exact for all of them. */
static inline uint32_t shelf_chunk_of(const struct shelf_type *type, uint32_t pos)
{
	return (uint32_t)((uint64_t)pos * type->per_chunk_inverse >> 20);
}

/* Brings its blocks, and those of its sets, together with others' when memory is wasted. */
void shelf_tidy(struct stock *st, struct shelf *s);

/* Moves all that is in from to to, which was nothing; from is empty then. */
void shelf_take(struct shelf *to, struct shelf *from);

/* Gives all memory back, but not that of provider sets. */
void shelf_fini(struct stock *st, struct shelf *s);

/* Every invariant of index and chunks; asserts. Adds its memory to c. */
void shelf_check(const struct stock *st, const struct shelf *s, struct census *c);

static inline uint32_t entry_key_len(const uint8_t *e)
{
	return e[0] & ~ENTRY_SET & 0xff;
}

static inline const uint8_t *entry_key(const uint8_t *e)
{
	return e + ENTRY_KEY;
}

static inline bool entry_is_set(const uint8_t *e)
{
	return e[0] & ENTRY_SET;
}

static inline uint32_t entry_expiry(const uint8_t *e)
{
	return get_u32(e + 1);
}

static inline struct element entry_provider(const uint8_t *e)
{
	return (struct element){
		.ip = ip_from_v4(e + 5),
		.port = get_u16(e + 9),
		.version = get_u64(e + 11),
		.expiry = entry_expiry(e),
	};
}

/* All but the expiry: shelf_set_expiry(). */
static inline void entry_put_provider(uint8_t *e, const struct element *p)
{
	e[0] &= (uint8_t)~ENTRY_SET;
	memcpy(e + 5, p->ip.b + 12, 4);
	put_u16(e + 9, p->port);
	put_u64(e + 11, p->version);
}

static inline struct provset entry_set(const uint8_t *e)
{
	return (struct provset){
		.half = {get_u32(e + 5), get_u32(e + 9)},
		.live = {get_u24(e + 13), get_u24(e + 16)},
		.earliest = entry_expiry(e),
	};
}

/* All but the expiry. */
static inline void entry_put_set(uint8_t *e, const struct provset *s)
{
	e[0] |= ENTRY_SET;
	put_u32(e + 5, s->half[FAMILY_V4]);
	put_u32(e + 9, s->half[FAMILY_V6]);
	put_u24(e + 13, s->live[FAMILY_V4]);
	put_u24(e + 16, s->live[FAMILY_V6]);
}

#endif
