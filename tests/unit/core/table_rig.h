/* SPDX-License-Identifier: BSD-2-Clause */
/* table_rig: providers, hashes and tables for the tests of the table. */
#ifndef DHT_TESTS_TABLE_RIG_H
#define DHT_TESTS_TABLE_RIG_H

#include "../unit.h"

#include <stdbool.h>
#include <string.h>

#include "core/table.h"
#include "core/version.h"

/* When every table here was made; not a round number, so that ticks are not milliseconds / 100. */
#define EPOCH UINT64_C(1234567)

/* What of usage().memory may stay when nothing is stored: an empty region in each of four pools. */
#define MEMORY_KEPT (4 * (256 * 1024 + 32 * 1024))

static inline struct ip rig_ip(uint32_t i, bool v6)
{
	struct ip ip = {{0x20, 0x01, 0x0d, 0xb8}};
	uint8_t b[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

	if (!v6)
		return ip_from_v4(b);
	memcpy(ip.b + 12, b, 4);
	return ip;
}

/* The number that the address was made from. */
static inline uint32_t rig_ip_number(const struct ip *ip)
{
	return load_be32(ip->b + 12);
}

/* The i-th hash of this length; the same in every run. */
static inline void rig_hash(uint32_t i, size_t len, uint8_t hash[static 64])
{
	struct rng rng;

	rng_init(&rng, i * UINT64_C(64) + len);
	for (size_t j = 0; j < 64; j++)
		hash[j] = (uint8_t)rng_u64(&rng);
}

/* Views hash. */
static inline struct table_key rig_key(const uint8_t *hash, size_t len)
{
	return table_key_of((struct span){.p = hash, .len = len});
}

/* The next hash of this length (8 at least) that is in partition 0; *next counts, from 0. */
static inline void rig_hash_in_0(uint64_t *next, size_t len, uint8_t hash[static 64])
{
	memset(hash, 0, 64);
	do
		store_be64(hash, (*next)++);
	while (rig_key(hash, len).partition != 0);
}

/* An announcement, or with an odd version a withdrawal. */
static inline struct record rig_record(uint32_t i, bool v6, uint64_t version, uint64_t expiry_ms)
{
	return (struct record){
		.ip = rig_ip(i, v6), .port = 8470, .version = version, .expiry_ms = expiry_ms};
}

static inline struct table *rig_table(
	uint64_t max_records, uint64_t max_memory, uint32_t max_providers)
{
	static const uint8_t secret[16] = "a secret of ours";
	struct table_limits limits = {.max_records = max_records,
		.max_memory = max_memory,
		.max_providers_per_hash = max_providers};
	struct table *t = table_new(&limits, secret, EPOCH);

	assert_non_null(t);
	return t;
}

/* Sweeps until there is nothing to sweep at now_ms; gives how many were told of. */
static inline size_t rig_sweep(struct table *t, uint64_t now_ms)
{
	struct table_expired out[64];
	size_t n = 0;

	while (table_deadline(t, 0, 1) <= now_ms)
		n += table_sweep(t, 0, 1, out, COUNT(out), now_ms);
	return n;
}

#endif
