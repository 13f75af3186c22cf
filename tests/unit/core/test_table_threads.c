/* SPDX-License-Identifier: BSD-2-Clause */
/* Several threads in the same few partitions: for ThreadSanitizer, and for the sums at the end. */
#include "table_rig.h"

#include <pthread.h>
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
	_Atomic(uint64_t) appeared, ended, withdrawn;
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
	assert_true(table_usage(s->table).hashes <= HASHES);
}

static void do_sweep(struct actor *a, uint64_t now_ms)
{
	struct table_expired out[16];
	struct stage *s = a->stage;

	if (table_deadline(s->table, a->number, THREADS) <= now_ms)
		s->ended += table_sweep(s->table, a->number, THREADS, out, COUNT(out), now_ms);
}

static void *act(void *arg)
{
	struct actor *a = arg;

	for (int i = 0; i < OPERATIONS; i++) {
		/* Not quite the same time for all, as with workers and their batches. */
		uint64_t now_ms = atomic_fetch_add(&a->stage->now_ms, i % 32 == 0);
		uint32_t dice = rng_below(&a->rng, 10);
		if (dice < 6)
			do_merge(a, now_ms);
		else if (dice < 8)
			do_read(a, now_ms);
		else
			do_sweep(a, now_ms);
	}
	return NULL;
}

static void threads_share_the_table(void **state)
{
	static struct stage stage;
	struct actor actors[THREADS];
	pthread_t threads[THREADS];
	uint64_t seed = test_seed();

	(void)state;
	stage.table = rig_table(0, 0, 0);
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
	printf("%u appeared, %u ended, %u withdrawn, %u left\n", (unsigned)stage.appeared,
		(unsigned)stage.ended, (unsigned)stage.withdrawn, (unsigned)usage.records);
	/* Some that ended came back before they were swept: these appeared again untold. */
	assert_true(stage.appeared >= stage.ended + stage.withdrawn + usage.records);
	for (uint32_t lane = 0; lane < THREADS; lane++)
		while (table_deadline(stage.table, lane, THREADS) <= stage.now_ms + 10000)
			table_sweep(stage.table, lane, THREADS, NULL, 0, stage.now_ms + 10000);
	assert_int_equal(table_usage(stage.table).hashes, 0);
	table_check(stage.table);
	table_free(stage.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
