/* SPDX-License-Identifier: BSD-2-Clause */
/* Several threads in the same few partitions: for ThreadSanitizer, and for the sums at the end. */
#include "table_rig.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "../test_seed.h"

#define THREADS    4
#define HASHES     6
#define PROVIDERS  500
#define OPERATIONS 60000

struct stage {
	struct table *table;
	_Atomic(uint64_t) now_ms;
	uint64_t seed;
	_Atomic(uint64_t) appeared, ended, withdrawn, dropped;
	uint8_t hash[HASHES][64];
};

struct actor {
	struct stage *stage;
	uint32_t number;
	struct rng rng;
};

static struct table_key pick_key(struct actor *a)
{
	uint32_t i = rng_below(&a->rng, HASHES);
	struct table_key key = rig_key(a->stage->hash[i], 10 + i * 10);

	return key;
}

static void do_merge(struct actor *a, uint64_t now_ms)
{
	struct stage *s = a->stage;
	struct table_key key = pick_key(a);
	uint32_t provider = rng_below(&a->rng, PROVIDERS);
	struct record r = rig_record(provider, provider & 1, 2 * now_ms + rng_below(&a->rng, 100),
		now_ms + rng_below(&a->rng, 3000));

	table_prefetch(s->table, &key, 1);
	int change = table_merge(s->table, &key, &r, false, now_ms);
	assert_true(change >= 0);
	s->appeared += change == TABLE_APPEARED;
	s->withdrawn += change == TABLE_WITHDRAWN;
}

static void do_read(struct actor *a, uint64_t now_ms)
{
	struct stage *s = a->stage;
	struct table_key key = pick_key(a);
	struct record out[40];
	struct ip ip = rig_ip(rng_below(&a->rng, PROVIDERS), false);
	uint32_t total, cursor = rng_below(&a->rng, UINT32_MAX);
	size_t n = table_sample(s->table, &key, &a->rng, 40, out, &total, now_ms);

	assert_true(n == total || n == 40);
	n = table_page(s->table, &key, cursor, 40, out, &cursor, &total, now_ms);
	for (size_t i = 0; i < n; i++)
		assert_true(rig_ip_number(&out[i].ip) < PROVIDERS && !(out[i].version & 1));
	table_find(s->table, &key, &ip, 8470, now_ms, out);
	/* What is being dropped counts until it is gone. */
	assert_true(table_usage(s->table).hashes <= HASHES + THREADS * HASHES);
}

static void do_sweep(struct actor *a, uint64_t now_ms)
{
	struct table_expired out[16];
	struct stage *s = a->stage;

	if (table_deadline(s->table, a->number, THREADS) <= now_ms)
		s->ended += table_sweep(s->table, a->number, THREADS, out, COUNT(out), now_ms);
}

/* The partition of one of the hashes: what is given fits, and what is there may be dropped. */
static void do_scan(struct actor *a, uint64_t now_ms)
{
	struct stage *s = a->stage;
	uint32_t partition = pick_key(a).partition;
	uint64_t cursor = 0;
	struct table_item out[40];

	do {
		size_t n = table_scan(s->table, partition, &cursor, out, COUNT(out), now_ms);
		for (size_t i = 0; i < n; i++)
			assert_true(rig_ip_number(&out[i].record.ip) < PROVIDERS);
	} while (cursor);
	struct table_digest d = table_digest(s->table, partition, now_ms);
	if (rng_below(&a->rng, 20) == 0)
		s->dropped += table_drop(s->table, partition, table_digest_of(d), now_ms);
}

static void *act(void *arg)
{
	struct actor *a = arg;

	for (int i = 0; i < OPERATIONS; i++) {
		/* Not quite the same time for all, as with workers and their batches. */
		uint64_t now_ms = atomic_fetch_add(&a->stage->now_ms, i % 32 == 0);
		uint32_t dice = rng_below(&a->rng, 1000);
		if (dice < 600)
			do_merge(a, now_ms);
		else if (dice < 800)
			do_read(a, now_ms);
		else if (dice < 990)
			do_sweep(a, now_ms);
		else
			do_scan(a, now_ms);
	}
	return NULL;
}

static void threads_share_the_table(void **state)
{
	static struct stage stage;
	struct actor actors[THREADS];
	pthread_t threads[THREADS];
	struct table_limits limits = {.grave_ms = 1000};
	uint64_t seed = test_seed();

	(void)state;
	stage.table = rig_table(0, 0, 0);
	table_set_limits(stage.table, &limits);
	stage.now_ms = EPOCH + 1000;
	for (uint32_t i = 0; i < HASHES; i++)
		rig_hash(i, 10 + i * 10, stage.hash[i]);
	for (uint32_t i = 0; i < THREADS; i++) {
		actors[i] = (struct actor){.stage = &stage, .number = i};
		rng_init(&actors[i].rng, seed + i);
		assert_int_equal(pthread_create(&threads[i], NULL, act, &actors[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);

	table_check(stage.table);
	struct table_usage usage = table_usage(stage.table);
	printf("%u appeared, %u ended, %u withdrawn, %u drops, %u left\n", (unsigned)stage.appeared,
		(unsigned)stage.ended, (unsigned)stage.withdrawn, (unsigned)stage.dropped,
		(unsigned)usage.records);
	/* Some that ended came back before they were swept, or were dropped: these went untold. */
	assert_true(stage.appeared >= stage.ended + stage.withdrawn + usage.records);
	for (uint32_t lane = 0; lane < THREADS; lane++)
		while (table_deadline(stage.table, lane, THREADS) <= stage.now_ms + 10000)
			table_sweep(stage.table, lane, THREADS, NULL, 0, stage.now_ms + 10000);
	assert_int_equal(table_usage(stage.table).hashes, 0);
	table_check(stage.table);
	table_free(stage.table);
}

/*
 * One thread drops what it has scanned, others put what nobody has put before: each of them is in
 * exactly one of the scans that were followed by a drop. A crowd at the end of the walk makes scans
 * and digests slow, so that much is put while they are on their way.
 */
#define PUTTERS 3
#define PUTS    500
#define CROWD   2000

struct drama {
	struct table *table;
	uint8_t hash[HASHES][64];          /* in partition 0 */
	_Atomic(uint32_t) putting, moment; /* the latter counts scans and drops */
	uint32_t dropped[PUTTERS * PUTS + CROWD];
	uint32_t drops, refused;
};

struct putter {
	struct drama *drama;
	uint32_t number;
	struct rng rng;
};

static int put_one(struct drama *d, uint32_t hash, uint32_t number)
{
	struct table_key key = rig_key(d->hash[hash], 10 + hash * 10);
	struct record r = rig_record(number, number % 3 == 0, 40 + number % 2, EPOCH + 1000000);

	return table_merge(d->table, &key, &r, true, EPOCH);
}

static void *put_all(void *arg)
{
	struct putter *p = arg;
	struct drama *d = p->drama;

	for (uint32_t i = 0; i < PUTS; i++) {
		assert_true(put_one(d, i % (HASHES - 1), p->number * PUTS + i) > 0);
		/* In bursts, or a moment later, in a scan or in a drop. */
		uint32_t now = d->moment, wait = rng_below(&p->rng, 2) * rng_below(&p->rng, 6);
		while (d->moment - now < wait)
			sched_yield();
	}
	d->putting--;
	return NULL;
}

static void put_crowd(struct drama *d)
{
	for (uint32_t i = 0; i < CROWD; i++)
		assert_true(put_one(d, HASHES - 1, PUTTERS * PUTS + i) > 0);
}

/* Gives what there is in partition 0: their numbers, and the digest. */
static uint32_t collect(struct drama *d, uint32_t *numbers, uint64_t *digest)
{
	struct table_item out[100];
	struct table_digest sum = {0};
	uint64_t cursor = 0;

	do {
		size_t n = table_scan(d->table, 0, &cursor, out, COUNT(out), EPOCH);
		for (size_t i = 0; i < n && sum.count < COUNT(d->dropped); i++) {
			const struct record *r = &out[i].record;
			struct table_key key = rig_key(out[i].hash, out[i].hash_len);
			sum.sum += table_print(&key, &r->ip, r->port, r->version);
			numbers[sum.count++] = rig_ip_number(&r->ip);
		}
	} while (cursor);
	*digest = table_digest_of(sum);
	return sum.count;
}

static void drop_all(struct drama *d)
{
	static uint32_t numbers[COUNT(d->dropped)];
	uint64_t digest;
	bool last;

	put_crowd(d);
	do {
		last = d->putting == 0;
		d->moment++;
		uint32_t n = collect(d, numbers, &digest);
		d->moment++;
		if (!table_drop(d->table, 0, digest, EPOCH)) {
			d->refused++;
			continue;
		}
		d->drops++;
		for (uint32_t i = 0; i < n; i++)
			d->dropped[numbers[i]]++;
		if (!last)
			put_crowd(d);
	} while (!last);
}

static void a_drop_takes_what_it_was_told_and_nothing_else(void **state)
{
	static struct drama d;
	struct putter putters[PUTTERS];
	pthread_t threads[PUTTERS];
	uint64_t next = 0, seed = test_seed();

	(void)state;
	d.table = rig_table(0, 0, 0);
	d.putting = PUTTERS;
	for (uint32_t i = 0; i < HASHES; i++)
		rig_hash_in_0(&next, 10 + i * 10, d.hash[i]);
	for (uint32_t i = 0; i < PUTTERS; i++) {
		putters[i] = (struct putter){.drama = &d, .number = i};
		rng_init(&putters[i].rng, seed + i);
		assert_int_equal(pthread_create(&threads[i], NULL, put_all, &putters[i]), 0);
	}
	drop_all(&d);
	for (uint32_t i = 0; i < PUTTERS; i++)
		pthread_join(threads[i], NULL);
	printf("%u drops, %u refused\n", (unsigned)d.drops, (unsigned)d.refused);
	table_check(d.table);
	assert_true(d.drops > 1);
	for (uint32_t i = 0; i < COUNT(d.dropped); i++)
		assert_int_equal(d.dropped[i], i < PUTTERS * PUTS ? 1 : d.drops);
	assert_int_equal(table_usage(d.table).hashes, 0);
	assert_int_equal(table_usage(d.table).records + table_usage(d.table).tombstones, 0);
	table_free(d.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_the_table),
		cmocka_unit_test(a_drop_takes_what_it_was_told_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
