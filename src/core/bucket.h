/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bucket: a row of providers of one family in one block.
 *
 *     | n | live | … | earliest |  ip  | port | expiry | version |  ip  | port | …
 *       1    1     2      4      4, 16    2       4         8
 *
 * n providers without gaps, in no order, of whom live are not withdrawn; earliest is a lower bound
 * of their expiries. A block of 64, 128, 256 or 512 bytes has room for 3, 6, 13 or 28 IPv4
 * providers, or 1, 4, 8 or 16 IPv6 ones.
 */
#ifndef DHT_CORE_BUCKET_H
#define DHT_CORE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/packed.h"
#include "core/version.h"

#define BUCKET_HEADER 8
#define BUCKET_MAX    28  /* providers in the largest */
#define TICK_MS       100 /* times are ticks since the table was made */
#define EXPIRY_NONE   UINT32_MAX

/* One provider of one hash, outside of a bucket (inside, it is packed). */
struct element {
	struct ip ip;
	uint16_t port;
	uint32_t expiry; /* tick; below EXPIRY_NONE */
	uint64_t version;
};

enum family { FAMILY_V4, FAMILY_V6, FAMILIES };

static inline enum family family_of(const struct ip *ip)
{
	return ip_is_v4(ip) ? FAMILY_V4 : FAMILY_V6;
}

/* Bytes of the address and the port, and of all. */
static inline uint32_t element_key_size(enum family f)
{
	return f == FAMILY_V4 ? 6 : 18;
}

static inline uint32_t element_size(enum family f)
{
	return element_key_size(f) + 12;
}

static inline uint32_t bucket_room(uint32_t block_size, enum family f)
{
	return (block_size - BUCKET_HEADER) / element_size(f);
}

static inline uint32_t bucket_count(const uint8_t *bucket)
{
	return bucket[0];
}

static inline void bucket_set_count(uint8_t *bucket, uint32_t n)
{
	bucket[0] = (uint8_t)n;
}

/* How many are not withdrawn, over or not: readers pass over a bucket that has none, so that a set
 * full of tombstones does not cost them a look at each. */
static inline uint32_t bucket_live(const uint8_t *bucket)
{
	return bucket[1];
}

static inline void bucket_set_live(uint8_t *bucket, uint32_t n)
{
	bucket[1] = (uint8_t)n;
}

static inline uint32_t bucket_earliest(const uint8_t *bucket)
{
	return get_u32(bucket + 4);
}

static inline void bucket_set_earliest(uint8_t *bucket, uint32_t tick)
{
	put_u32(bucket + 4, tick);
}

static inline void bucket_init(uint8_t *bucket)
{
	put_u32(bucket, 0);
	bucket_set_earliest(bucket, EXPIRY_NONE);
}

static inline uint8_t *bucket_element(const uint8_t *bucket, enum family f, uint32_t i)
{
	return (uint8_t *)bucket + BUCKET_HEADER + i * element_size(f);
}

static inline uint32_t element_expiry(const uint8_t *e, enum family f)
{
	return get_u32(e + element_key_size(f));
}

static inline uint64_t element_version(const uint8_t *e, enum family f)
{
	return get_u64(e + element_key_size(f) + 4);
}

/* Alive, but perhaps over. */
static inline bool element_announced(const uint8_t *e, enum family f)
{
	return !version_is_withdrawal(element_version(e, f));
}

static inline bool element_alive(const uint8_t *e, enum family f, uint32_t now)
{
	return element_expiry(e, f) > now && element_announced(e, f);
}

/* The address and the port as an element begins with them. */
static inline void element_key(const struct ip *ip, uint16_t port, uint8_t key[static 18])
{
	uint32_t ip_len = family_of(ip) == FAMILY_V4 ? 4 : 16;

	memcpy(key, ip->b + 16 - ip_len, ip_len);
	put_u16(key + ip_len, port);
}

static inline struct ip element_ip(const uint8_t *e, enum family f)
{
	struct ip ip;

	if (f == FAMILY_V4)
		return ip_from_v4(e);
	memcpy(ip.b, e, sizeof(ip.b));
	return ip;
}

static inline struct element element_get(const uint8_t *e, enum family f)
{
	return (struct element){
		.ip = element_ip(e, f),
		.port = get_u16(e + element_key_size(f) - 2),
		.expiry = element_expiry(e, f),
		.version = element_version(e, f),
	};
}

static inline void element_put(uint8_t *e, enum family f, const struct element *p)
{
	element_key(&p->ip, p->port, e);
	put_u32(e + element_key_size(f), p->expiry);
	put_u64(e + element_key_size(f) + 4, p->version);
}

/* There is room for one more. */
static inline void bucket_push(uint8_t *bucket, enum family f, const struct element *p)
{
	uint32_t n = bucket_count(bucket);

	element_put(bucket_element(bucket, f, n), f, p);
	bucket_set_count(bucket, n + 1);
	bucket_set_live(bucket, bucket_live(bucket) + !version_is_withdrawal(p->version));
	if (p->expiry < bucket_earliest(bucket))
		bucket_set_earliest(bucket, p->expiry);
}

#endif
