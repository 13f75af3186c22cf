/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * provset: the providers of one hash, when they are more than one IPv4 provider.
 *
 * IPv4 and IPv6 providers are in separate halves. A half is nothing, one block (bucket.h) that
 * grows from 64 to 512 bytes, or above that a head with a directory of 512-byte buckets, in the
 * order of a 31-bit hash of the provider:
 *
 *     directory: from           0     0x1a…        0x2f…      0x64…
 *                block          │       │            │          │
 *     buckets                  21      28           16         19 providers, in no order
 *
 * So the directory's order is that of the provider hashes, which pages follow. Who comes to a full
 * bucket makes it share with a neighbour that has much room, or else split where half of its
 * providers are on either side; so any order of coming will do, that of the hashes too, in which
 * another server gives a set. Two neighbours that have come to fit three quarters of a bucket
 * become one.
 *
 * The provider hash has a public key, for every server must come to the same order: so somebody
 * with many addresses can aim. Who does has buckets of his own and nobody else pays for it; only of
 * the very same hash no more are taken than fit one bucket.
 *
 * Tombstones stand among the providers. Nothing here locks; the owner of the set does.
 */
#ifndef DHT_CORE_PROVSET_H
#define DHT_CORE_PROVSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/blocks.h"
#include "core/bucket.h"

#define PROVIDER_HASH_BITS 31

/* Of one half; 16 to 28 providers each, half of that at least. */
#define PROVSET_BUCKETS_MAX 65536

/* A copy of what an entry keeps of its set. After a change it has to be written back. */
struct provset {
	uint32_t half[FAMILIES]; /* 0, the handle of a block, or of a head */
	uint32_t live[FAMILIES]; /* not withdrawn, over or not; below 2^24 */
	uint32_t earliest;       /* a lower bound of all expiries */
};

/* Where a provider is; valid until the next change of the set. */
struct provpos {
	uint8_t *bucket, *element;
	enum family family;
};

/* What a reaper does with one who has expired. */
enum reaped {
	REAPED_STOP,    /* keeps this one as it is, and all behind it */
	REAPED_GONE,    /* takes it away */
	REAPED_CHANGED, /* has given it another version and expiry, with which it stays */
};

/* Is asked about all who have expired, one after the other. */
struct reaper {
	uint32_t now; /* tick */
	enum reaped (*take)(struct reaper *r, struct element *p);
};

/* A bucket, and the least provider hash that is in it. */
struct stretch {
	uint32_t from;
	uint32_t block; /* handle */
};

/* One half as readers see it: nothing, one block, or a directory. */
struct half {
	const struct stretch *dir;
	const uint8_t *block;
	uint32_t buckets;
	uint32_t room; /* providers to a bucket */
};

/* SipHash-2-4(public key, 16 bytes of IP ‖ port in network order). */
uint64_t provider_hash64(const struct ip *ip, uint16_t port);

/* Its top 31 bits. */
uint32_t provider_hash(const struct ip *ip, uint16_t port);

/* With tombstones. */
uint32_t provset_count(const struct blocks *b, const struct provset *s);

bool provset_find(const struct blocks *b, const struct provset *s, const struct ip *ip,
	uint16_t port, struct provpos *out);

/* Adds a provider that is not there. DHT_EFULL, DHT_ENOMEM: nobody has come or gone, though the set
 * may have changed its form and must be written back all the same. */
int provset_add(struct blocks *b, struct provset *s, const struct element *p);

/* Gives the provider at pos another expiry and version. */
void provset_update(
	struct blocks *b, struct provset *s, const struct provpos *pos, const struct element *p);

/* Takes away who has expired, or changes them. False when the reaper stopped it. */
bool provset_reap(struct blocks *b, struct provset *s, struct reaper *r);

/* Brings its blocks together with others' when memory is wasted. */
void provset_tidy(struct blocks *b, struct provset *s);

/* The one provider of a set of one. */
struct element provset_only(const struct blocks *b, const struct provset *s);

/* Gives all memory back; what is left is a set without providers. */
void provset_free(struct blocks *b, struct provset *s);

struct half provset_half(const struct blocks *b, const struct provset *s, enum family f);

/* How many in this half are neither withdrawn nor over. Costs little unless somebody has expired
 * since it was last asked. */
uint32_t provset_alive(
	const struct blocks *b, const struct provset *s, enum family f, uint32_t now);

/* Every invariant; asserts. Adds its memory to c. */
void provset_check(const struct blocks *b, const struct provset *s, struct census *c);

static inline const uint8_t *half_bucket(
	const struct blocks *b, const struct half *h, uint32_t place)
{
	return h->dir ? blocks_at(b, h->dir[place].block) : h->block;
}

/* The least hash that is in the bucket at place; behind the last it is above all. */
static inline uint32_t half_from(const struct half *h, uint32_t place)
{
	if (place == h->buckets)
		return UINT32_C(1) << PROVIDER_HASH_BITS;
	return h->dir ? h->dir[place].from : 0;
}

/* Where the providers of this hash are, in a half that is not nothing. */
uint32_t half_place(const struct half *h, uint32_t hash);

#endif
