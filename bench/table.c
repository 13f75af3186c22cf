/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/table: what a record costs in the table, in bytes and in nanoseconds.
 *
 *     table [records [key bytes [rounds]]]        1000000 32 1
 *
 * In one thread and one process, no datagrams: what the table adds to the cost of a request. Each
 * hash is SHA-256-like random, has one IPv4 provider and lives half an hour, as announcements
 * spread over that time do. Each figure is of the whole pass over all records, in random order.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/table.h"

#define LIFE_MS 1800000
#define BATCH   32

struct bench {
	struct table *table;
	uint32_t records;
	uint32_t key_len;
	uint64_t now_ms;
};

/* Of processor time: the machine may be busy with other things. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t resident_bytes(void)
{
	unsigned long long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%llu %llu", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t mix(uint64_t z)
{
	return rng_mix(z + UINT64_C(0x9e3779b97f4a7c15));
}

/* The i-th hash: random to look at, made anew instead of kept. */
static void make_hash(uint64_t i, uint8_t hash[static 64])
{
	for (uint64_t j = 0; j < 8; j++) {
		uint64_t word = mix(i * 8 + j);
		memcpy(hash + j * 8, &word, sizeof(word));
	}
}

/* A permutation of the records without a table of it: i times an odd number, modulo. */
static uint32_t shuffled(const struct bench *b, uint32_t i)
{
	return (uint32_t)((uint64_t)i * UINT64_C(2654435761) % b->records);
}

static struct record make_record(const struct bench *b, uint32_t i, uint64_t version)
{
	uint8_t v4[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

	return (struct record){
		.ip = ip_from_v4(v4),
		.port = 8470,
		.version = version << 16,
		.expiry_ms = b->now_ms + LIFE_MS / 2 + mix(i) % (LIFE_MS / 2),
	};
}

/* What table_key_of() and making up a hash cost, which all figures contain. */
static uint64_t pass_nothing(struct bench *b, uint64_t offset)
{
	uint64_t sum = 0;
	uint8_t hash[64];

	for (uint32_t i = 0; i < b->records; i++) {
		make_hash(shuffled(b, i) + offset, hash);
		sum += table_key_of((struct span){.p = hash, .len = b->key_len}).h;
	}
	return sum & 1;
}

static uint64_t pass_merge(struct bench *b, uint64_t version)
{
	uint64_t changed = 0;
	uint8_t hash[64];

	for (uint32_t i = 0; i < b->records; i++) {
		uint32_t n = shuffled(b, i);
		make_hash(n, hash);
		struct table_key key = table_key_of((struct span){.p = hash, .len = b->key_len});
		struct record r = make_record(b, n, version);
		changed += table_merge(b->table, &key, &r, false, b->now_ms) > 0;
	}
	return changed;
}

static uint64_t pass_sample(struct bench *b, uint64_t offset)
{
	struct rng rng;
	uint64_t found = 0;
	uint8_t hash[64];

	rng_init(&rng, 1);
	for (uint32_t i = 0; i < b->records; i++) {
		struct record out[8];
		uint32_t total;
		make_hash(shuffled(b, i) + offset, hash);
		struct table_key key = table_key_of((struct span){.p = hash, .len = b->key_len});
		found += table_sample(b->table, &key, &rng, 8, out, &total, b->now_ms);
	}
	return found;
}

/* As a worker does it: first all of a batch are prefetched. */
static uint64_t pass_sample_batched(struct bench *b, uint64_t offset)
{
	struct rng rng;
	uint64_t found = 0;
	uint8_t hash[BATCH][64];
	struct table_key key[BATCH];

	rng_init(&rng, 1);
	for (uint32_t i = 0; i < b->records; i += BATCH) {
		uint32_t n = b->records - i < BATCH ? b->records - i : BATCH;
		for (uint32_t j = 0; j < n; j++) {
			make_hash(shuffled(b, i + j) + offset, hash[j]);
			key[j] = table_key_of((struct span){.p = hash[j], .len = b->key_len});
		}
		table_prefetch(b->table, key, n);
		for (uint32_t j = 0; j < n; j++) {
			struct record out[8];
			uint32_t total;
			found += table_sample(b->table, &key[j], &rng, 8, out, &total, b->now_ms);
		}
	}
	return found;
}

/* As two servers do that compare all they have. */
static uint64_t pass_digest(struct bench *b, uint64_t unused)
{
	uint64_t n = 0;

	(void)unused;
	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++)
		n += table_digest(b->table, i, b->now_ms).count;
	return n;
}

/* And as one does that gives another all it has, in pieces of about a datagram. */
static uint64_t pass_scan(struct bench *b, uint64_t max)
{
	struct table_item out[TABLE_SCAN_MIN];
	uint64_t n = 0, cursor = 0;

	for (uint32_t i = 0; i < TABLE_PARTITIONS; i++) {
		do {
			n += table_scan(b->table, i, &cursor, out, max, b->now_ms);
		} while (cursor);
	}
	return n;
}

/* The time goes on in steps of 100 ms until all has expired; told of everything. */
static uint64_t pass_sweep(struct bench *b, uint64_t unused)
{
	static struct table_expired out[256];
	uint64_t gone = 0;

	(void)unused;
	while (table_usage(b->table).records > 0) {
		b->now_ms += 100;
		while (table_deadline(b->table, 0, 1) <= b->now_ms)
			gone += table_sweep(b->table, 0, 1, out, 256, b->now_ms);
	}
	return gone;
}

struct ranked {
	uint32_t cursor, i;
};

static int by_cursor(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->cursor > y->cursor) - (x->cursor < y->cursor);
}

/* Whom to add one after the other: as they come, or in the order in which another server gives
 * them. */
static struct ranked *make_crowd(const struct bench *b, uint32_t providers, bool ordered)
{
	struct ranked *all = calloc(providers, sizeof(*all));

	if (!all)
		exit(1);
	for (uint32_t i = 0; i < providers; i++) {
		struct record r = make_record(b, i, 1);
		all[i] = (struct ranked){table_cursor_of(&r.ip, r.port), i};
	}
	if (ordered)
		qsort(all, providers, sizeof(*all), by_cursor);
	return all;
}

/* One hash with very many providers: what adding, sampling and paging cost. */
static void crowd(struct bench *b, uint32_t providers, bool ordered)
{
	static struct record out[76];
	uint8_t hash[64] = {1};
	struct table_key key = table_key_of((struct span){.p = hash, .len = b->key_len});
	uint64_t memory = table_usage(b->table).memory;
	uint32_t total, cursor = 0, rounds = 10000;
	struct ranked *all = make_crowd(b, providers, ordered);
	struct rng rng;

	rng_init(&rng, 1);
	double start = seconds();
	for (uint32_t i = 0; i < providers; i++) {
		struct record r = make_record(b, all[i].i, 1);
		table_merge(b->table, &key, &r, false, b->now_ms);
	}
	double merged = seconds();
	for (uint32_t i = 0; i < rounds; i++)
		table_sample(b->table, &key, &rng, 76, out, &total, b->now_ms);
	double sampled = seconds();
	for (uint32_t i = 0; i < rounds; i++)
		table_page(b->table, &key, cursor, 60, out, &cursor, &total, b->now_ms);
	double paged = seconds();
	printf("%" PRIu32 " providers of one hash%s: %.1f ns for each, %.0f ns to sample 76, "
	       "%.0f ns for a page of 60",
		total, ordered ? ", in their order" : "", (merged - start) * 1e9 / providers,
		(sampled - merged) * 1e9 / rounds, (paged - sampled) * 1e9 / rounds);
	/* Memory is counted in regions: of a few hundred providers it says nothing. */
	if (providers >= 10000)
		printf(", %.1f bytes each",
			(double)(table_usage(b->table).memory - memory) / providers);
	printf("\n");
	free(all);
	pass_sweep(b, 0);
}

static void report(
	struct bench *b, const char *what, uint64_t (*pass)(struct bench *, uint64_t), uint64_t arg)
{
	double start = seconds();
	uint64_t n = pass(b, arg);
	double took = seconds() - start;

	printf("%-16s %8.1f ns each   (%" PRIu64 ")\n", what, took * 1e9 / b->records, n);
}

static void report_memory(const struct bench *b, uint64_t resident_before, uint64_t memory_before)
{
	struct table_usage u = table_usage(b->table);
	double n = b->records;

	printf("%-16s %8.1f bytes counted, %.1f resident, for each record\n", "memory",
		(double)(u.memory - memory_before) / n,
		((double)resident_bytes() - (double)resident_before) / n);
}

int main(int argc, char **argv)
{
	static const uint8_t secret[16] = "not secret here";
	struct table_limits limits = {.max_providers_per_hash = 65536};
	struct bench b = {
		.records = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000,
		.key_len = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 32,
		.now_ms = 1000000,
	};
	int rounds = argc > 3 ? atoi(argv[3]) : 1;

	mallopt(M_MMAP_THRESHOLD, 128 << 10); /* as dhtd does: what is freed goes back at once */
	b.table = table_new(&limits, secret, b.now_ms);
	if (!b.table || b.records == 0 || b.key_len == 0 || b.key_len > 64)
		return 1;
	uint64_t resident = resident_bytes(), memory = table_usage(b.table).memory;
	printf("%" PRIu32 " records, hashes of %" PRIu32 " bytes\n", b.records, b.key_len);
	report(&b, "(make a key)", pass_nothing, 0);
	for (uint64_t i = 0; i < (uint64_t)rounds; i++) {
		report(&b, "merge, new", pass_merge, 1);
		report_memory(&b, resident, memory);
		report(&b, "merge, refresh", pass_merge, 2);
		report(&b, "hit", pass_sample, 0);
		report(&b, "miss", pass_sample, b.records);
		report(&b, "hit, batched", pass_sample_batched, 0);
		report(&b, "miss, batched", pass_sample_batched, b.records);
		report(&b, "digest, first", pass_digest, 0);
		report(&b, "digest, again", pass_digest, 0);
		report(&b, "merge, summed", pass_merge, 3);
		report(&b, "scan", pass_scan, TABLE_SCAN_MIN);
		report(&b, "sweep", pass_sweep, 0);
		printf("%-16s %8.1f MiB counted, %.1f MiB resident more than at the start\n",
			"after it", (double)(table_usage(b.table).memory - memory) / 1048576,
			((double)resident_bytes() - (double)resident) / 1048576);
	}
	crowd(&b, 100, false);
	crowd(&b, 1000, false);
	crowd(&b, 50000, false);
	crowd(&b, 50000, true);
	table_free(b.table);
	return 0;
}
