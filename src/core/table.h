/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: who has which hash.
 *
 * It owns the records of this server: (hash, provider IP and port) → expiry, version. The hash
 * space is cut into 16384 partitions, each with a lock of its own, so that workers share the table
 * and hardly ever meet.
 *
 *     partition ─┬─ shelf for hashes of up to 20 bytes ──┬─ index: 1-byte tags, 2-byte positions
 *                ├─ shelf for up to 32 bytes             └─ chunks: a dense row of entries
 *                └─ shelf for up to 64 bytes
 *     entry = key, expiry, and either the one IPv4 provider with its version, or a provider set
 *
 * Entries stand without gaps in chunks of 512 bytes, which come from a pool: growing never moves
 * them, nothing is ever rehashed as a whole, and what expires gives its memory back; what stays
 * after much has gone is brought together. A set keeps its providers in the order of a hash of
 * theirs, in buckets that split one at a time, so that adding to, paging through and sampling
 * 50,000 of them cost as little as five.
 *
 * What always holds:
 *  - Nothing is given out whose expiry has come; expiry is checked on every read.
 *  - Merging is that of a set whose element with the higher version wins (version.h), so order,
 *    repetition and splitting of the same changes give the same table. The same version again can
 *    only keep or shorten a lifetime.
 *  - A withdrawn record stays as a tombstone, seen by no reader, until the expiry it was given and
 *    those of all older copies that it has met. So the order of changes shows in nothing but when a
 *    tombstone ends, and not in that either when withdrawals are given the longest lifetime there
 *    can be.
 *  - A record that took the place of a copy with a longer life, or that was shown such a copy of
 *    an older version, is 'shortened' (version.h). Else it would be forgotten at its end, and the
 *    older copy, which others may still have, could come back for the rest of its life. So what
 *    is shortened becomes at its end a tombstone of its version, which lasts for as long as any
 *    older copy can, and a withdrawal of it lasts as long. Changes in another order may have more
 *    or fewer marked so, which makes no difference but which tombstones there are.
 *  - records and memory never exceed their limits; at a limit what is new is refused, what is there
 *    can still be refreshed and withdrawn. Memory is counted as it is taken: in regions of 256 KiB
 *    for each of four sizes of blocks, and from malloc.
 *
 * The index's hash is keyed by a secret of this process, so nobody outside can aim at one place.
 * The partition and the order of a page are functions of public keys: every server of a cluster
 * computes the same. All functions are safe to call from several threads, but for init and
 * fini. Times are milliseconds of the caller's monotonic clock; lifetimes are kept to 100 ms,
 * rounded up.
 */
#ifndef DHT_CORE_TABLE_H
#define DHT_CORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/rng.h"

#define TABLE_PARTITIONS 16384

struct table;

struct table_limits {
	uint64_t max_records;            /* tombstones count too; 0: none */
	uint64_t max_memory;             /* bytes of everything that grows with records; 0: none */
	uint32_t max_providers_per_hash; /* tombstones count too; 0: none */
	/* How long a tombstone stays that a shortened record leaves at its end: the longest life
	 * that any record is given. 0: it leaves none. */
	uint64_t grave_ms;
};

/* A hash with what the table computes from it, once for a request. Views the hash. */
struct table_key {
	struct span hash;
	uint64_t h;         /* alike on all servers */
	uint32_t partition; /* 0 to TABLE_PARTITIONS - 1: the top bits of h */
};

struct record {
	struct ip ip;
	uint16_t port;
	uint64_t version;
	uint64_t expiry_ms; /* absolute, in the caller's monotonic clock */
};

/* What table_merge() did. */
enum table_change {
	TABLE_UNCHANGED, /* what was there is as new, or newer */
	TABLE_APPEARED,  /* a provider that was not there, or had expired or been withdrawn */
	TABLE_REFRESHED,
	TABLE_WITHDRAWN, /* a live provider is gone */
	TABLE_BURIED,    /* a tombstone, and nothing that was alive */
};

struct table_usage {
	uint64_t records; /* alive or not yet swept, without tombstones */
	uint64_t tombstones;
	uint64_t hashes; /* with at least one record or tombstone */
	uint64_t memory; /* bytes; with 1.6 MB that do not grow, which no limit counts */
};

/* The most lanes that can share the sweeping. */
#define TABLE_LANES_MAX 256

/* What ends within this is left out of digests. */
#define TABLE_DIGEST_MARGIN_MS 5000

/* With room for so many table_scan() gives all for certain. */
#define TABLE_SCAN_MIN 28

/* A record of a hash. */
struct table_item {
	uint8_t hash_len;
	uint8_t hash[64];
	struct record record;
};

struct table_digest {
	uint64_t sum;
	uint32_t count;
};

/* Who was alive and ended. */
struct table_expired {
	uint8_t hash_len;
	uint8_t hash[64];
	uint32_t partition;
	struct record record;
};

/* Gives a new table, or NULL when there is no memory. secret: 16 random bytes. now_ms is the
 * earliest time that the table will ever be told. */
struct table *table_new(
	const struct table_limits *limits, const uint8_t secret[static 16], uint64_t now_ms);
void table_free(struct table *t);

/* New limits hold from now on; what is already there stays. */
void table_set_limits(struct table *t, const struct table_limits *limits);

/* hash: 1 to 64 bytes. Pure. */
struct table_key table_key_of(struct span hash);

/* Asks the processor for the memory that reads or merges of these keys will touch, of all at once:
 * worth it for a batch, in a table that is larger than the caches. */
void table_prefetch(struct table *t, const struct table_key *keys, size_t n);

/* Merges one record, or with a withdrawal's version a tombstone. Gives an enum table_change, or
 * DHT_EFULL at a limit (nothing changed), or DHT_ENOMEM. A record whose expiry has come is
 * TABLE_UNCHANGED, but a withdrawal takes place even so, and holds as long as what it withdraws
 * would have. A withdrawal of what is not there leaves a tombstone only when bury. The same version
 * again is shortened when either is. */
int table_merge(struct table *t, const struct table_key *key, const struct record *r, bool bury,
	uint64_t now_ms);

/* The one record of this provider. False when it is not there, expired or withdrawn. */
bool table_find(struct table *t, const struct table_key *key, const struct ip *ip, uint16_t port,
	uint64_t now_ms, struct record *out);

/* The version of what there is of this provider, alive or a tombstone; 0: nothing. */
uint64_t table_version(struct table *t, const struct table_key *key, const struct ip *ip,
	uint16_t port, uint64_t now_ms);

/* Up to max live providers, a fair sample without repetition in random order when there are more;
 * gives their number, and in *total how many are alive. */
size_t table_sample(struct table *t, const struct table_key *key, struct rng *rng, size_t max,
	struct record *out, uint32_t *total, uint64_t now_ms);

/* Up to max live providers from cursor on (0: from the start), in an order that is the same on
 * every server and is not disturbed by what comes and goes meanwhile: who is there all the time is
 * seen exactly once. *next is the cursor that goes on, 0 at the end. max at least 1. The order is
 * that of a 31-bit hash; who have the same come on one page, and if they are more than max, only
 * max of them come at all (chance makes pairs among 50,000, so let max be 4 at least). A page looks
 * at a bounded number of places: among many tombstones it may be short, even empty, and go on. */
size_t table_page(struct table *t, const struct table_key *key, uint32_t cursor, size_t max,
	struct record *out, uint32_t *next, uint32_t *total, uint64_t now_ms);

/* Where a provider stands in the order of pages: the cursor of what begins with it. Pure. */
uint32_t table_cursor_of(const struct ip *ip, uint16_t port);

/* Up to max of all that is in a partition, tombstones too, but nothing that has expired. *cursor 0
 * starts; it is then where to go on, and 0 at the end; any other number is harmless. What is there
 * all the time is given at least once, twice perhaps when others come and go meanwhile. A call
 * looks at a bounded number of places, so it may give fewer than max, even none, and go on. max at
 * least 1; but with less than TABLE_SCAN_MIN, of providers of one hash whose own hashes are alike
 * in 44 bits, some may be passed over. */
size_t table_scan(struct table *t, uint32_t partition, uint64_t *cursor, struct table_item *out,
	size_t max, uint64_t now_ms);

/* The fingerprint of (hash, provider, version without S), the same on every server. Any of its bits
 * can be used to choose by. */
uint64_t table_print(
	const struct table_key *key, const struct ip *ip, uint16_t port, uint64_t version);

/* The sum of the prints of all that is in a partition, tombstones too, but for what ends within
 * TABLE_DIGEST_MARGIN_MS, for other servers may have dated that a little differently. From the
 * first digest of a partition on, which reads all, the table keeps the sum, and this costs no more
 * than what is left out. When that is more than some 256 records, it is read in pieces: when
 * somebody changes the partition meanwhile, the digest is that of no moment, and most likely equal
 * to no other; as if it had come a little earlier or later, it says 'they differ', and who compares
 * tries again. */
struct table_digest table_digest(struct table *t, uint32_t partition, uint64_t now_ms);

/* One number for both, as digests travel; 0 when there is nothing. */
uint64_t table_digest_of(struct table_digest d);

/* Whether there is nothing in a partition, by reading one number without a lock. What has expired
 * is there until it was swept. */
bool table_is_empty(const struct table *t, uint32_t partition);

/* Takes away all that is in a partition when table_digest_of() its digest is still this, and nobody
 * changes it meanwhile; otherwise false, and all is as it was. A merge that comes too late to be in
 * the digest survives. What the digest leaves out, for it ends in a moment, goes as well, and
 * nobody is told of its end. Holds the lock no longer than a digest does. */
bool table_drop(struct table *t, uint32_t partition, uint64_t digest, uint64_t now_ms);

/* Takes away what has expired in the partitions first, first + step, … , or makes tombstones of
 * what was shortened; writes at most max of the live records that ended into out (tombstones are
 * not told; NULL with 0: none are told) and gives their number. Does a bounded amount of work: when
 * it was not all, table_deadline() is past. Each record is told of once, but not when another took
 * its place after its end and before the sweep. step: the number of lanes, up to TABLE_LANES_MAX;
 * first: below it. */
size_t table_sweep(struct table *t, uint32_t first, uint32_t step, struct table_expired *out,
	size_t max, uint64_t now_ms);

/* When table_sweep(first, step) next has something to do, which is within half a second of an end;
 * at once when the last one was for another step; UINT64_MAX: never. Reads two numbers. */
uint64_t table_deadline(const struct table *t, uint32_t first, uint32_t step);

/* What is left of a record that ended so long ago, and was kept elsewhere meanwhile: the tombstone
 * of one that was shortened, or nothing (false). Changes r to it. */
bool table_remains(const struct table *t, struct record *r, uint64_t ago_ms, uint64_t now_ms);

struct table_usage table_usage(const struct table *t);

/* Every internal invariant, for tests; asserts. Costs as much as reading the whole table. */
void table_check(struct table *t);

#endif
