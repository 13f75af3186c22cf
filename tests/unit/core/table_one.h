/* SPDX-License-Identifier: BSD-2-Clause */
/* table_one: a table and one hash in it, for the tests that look at one entry at a time. */
#ifndef DHT_TESTS_TABLE_ONE_H
#define DHT_TESTS_TABLE_ONE_H

#include "table_rig.h"

#define NOW  (EPOCH + 5000)
#define SOON (NOW + 10000)
#define LATE (NOW + 60000)

/* Multiples of four announce; with S they were shortened, with W they withdraw. */
enum { V1 = 40, V2 = 80, V3 = 120, W1 = 41, W2 = 81, W3 = 121, S1 = 42, S2 = 82, S3 = 122 };

static uint8_t hash[64];

static inline int setup(void **state)
{
	rig_hash(1, 32, hash);
	*state = rig_table(0, 0, 0);
	return 0;
}

static inline int teardown(void **state)
{
	table_check(*state);
	table_free(*state);
	return 0;
}

static inline int merge(
	struct table *t, uint32_t i, uint64_t version, uint64_t expiry_ms, bool bury)
{
	struct table_key key = rig_key(hash, 32);
	struct record r = rig_record(i, false, version, expiry_ms);

	return table_merge(t, &key, &r, bury, NOW);
}

static inline bool find(struct table *t, uint32_t i, uint64_t now_ms, struct record *out)
{
	struct table_key key = rig_key(hash, 32);
	struct ip ip = rig_ip(i, false);

	return table_find(t, &key, &ip, 8470, now_ms, out);
}

#endif
