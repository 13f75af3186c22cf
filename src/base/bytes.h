/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes: big-endian numbers in byte strings, and a view of somebody else's bytes.
 *
 * Loads and stores go through memcpy, so that no address needs an alignment; the compiler makes
 * one instruction of each.
 */
#ifndef DHT_BASE_BYTES_H
#define DHT_BASE_BYTES_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Views bytes that live elsewhere; valid as long as they do. */
struct span {
	const uint8_t *p;
	size_t len;
};

static inline uint16_t load_be16(const uint8_t p[static 2])
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t load_be32(const uint8_t p[static 4])
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t load_be64(const uint8_t p[static 8])
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

static inline void store_be16(uint8_t p[static 2], uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void store_be32(uint8_t p[static 4], uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void store_be64(uint8_t p[static 8], uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
