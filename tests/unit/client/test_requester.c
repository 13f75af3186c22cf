/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole requester against servers behind a bad network: whatever is lost, repeated, delayed,
 * garbled or misdirected, each request ends once, in bounded time, and with the truth.
 */
#include <stdlib.h>
#include <string.h>

#include "../test_seed.h"
#include "model.h"

#define HASHES  120
#define PUTS    400
#define LONGEST (UINT64_C(86400) * 1000000)
#define RUNS    40

/* One request, and what came of it. */
struct asked {
	struct dht_hash hash;
	uint8_t ip[16];
	uint16_t port;
	int error;
	unsigned ends;
	struct dht_provider *providers;
	size_t provider_count;
};

struct run {
	struct model model;
	struct asked puts[PUTS];
	struct asked gets[HASHES];
};

static struct dht_hash make_hash(uint32_t i)
{
	struct dht_hash h = {.len = (uint8_t)(4 + i % 61)};

	memset(h.bytes, (int)i, h.len);
	memcpy(h.bytes, &i, 4);
	return h;
}

static struct span span_of(const struct dht_hash *h)
{
	return (struct span){.p = h->bytes, .len = h->len};
}

static void ask(struct run *run, enum request_kind kind, struct asked *a)
{
	const struct dht_put_options put = {.ip = a->ip, .port = a->port, .ttl_s = 60};
	const struct request_spec spec = {
		.kind = kind, .hash = &a->hash, .put = &put, .server = -1, .user = a};

	assert_non_null(requester_start(run->model.r, &spec));
}

static void take_all(struct run *run)
{
	struct outcome o;

	while (requester_take(run->model.r, &o)) {
		struct asked *a = o.user;
		assert_int_equal(o.kind, OUTCOME_END);
		assert_int_equal(o.hash->len, a->hash.len);
		assert_memory_equal(o.hash->bytes, a->hash.bytes, a->hash.len);
		a->ends++;
		a->error = o.error;
		free(a->providers);
		a->providers = o.answer.providers;
		a->provider_count = o.answer.provider_count;
	}
}

/* Puts, then gets, then drops what was put, then gets again. Each is over before the next. */
static void put_all(struct run *run, enum request_kind kind, bool base)
{
	for (uint32_t i = 0; i < PUTS; i++) {
		struct asked *a = &run->puts[i];
		a->ends = 0;
		a->hash = make_hash(rng_below(&run->model.rng, HASHES / 2) * (i % 2 + 1));
		memset(a->ip, 0, sizeof(a->ip));
		a->ip[0] = 0x20;
		a->ip[15] = (uint8_t)(i / 8);
		a->port = base ? 0 : (uint16_t)(i % 8 + 1);
		ask(run, kind, a);
	}
	assert_true(model_run(&run->model, run->model.now.mono_us + LONGEST));
	take_all(run);
	for (size_t i = 0; i < PUTS; i++)
		assert_int_equal(run->puts[i].ends, 1);
}

static void get_all(struct run *run)
{
	for (uint32_t i = 0; i < HASHES; i++) {
		struct asked *a = &run->gets[i];
		a->ends = 0;
		a->hash = make_hash(i);
		ask(run, REQUEST_GET, a);
	}
	assert_true(model_run(&run->model, run->model.now.mono_us + LONGEST));
	take_all(run);
	for (size_t i = 0; i < HASHES; i++)
		assert_int_equal(run->gets[i].ends, 1);
}

/* What was answered is what the servers have: all of it, and each once. */
static void check_gets(const struct run *run)
{
	for (size_t i = 0; i < HASHES; i++) {
		const struct asked *a = &run->gets[i];
		if (a->error)
			continue;
		assert_int_equal(a->provider_count, model_count(&run->model, span_of(&a->hash)));
		for (size_t j = 0; j < a->provider_count; j++)
			assert_true(model_has(&run->model, span_of(&a->hash), &a->providers[j]));
	}
}

/* Everything that was acknowledged is there. */
static void check_puts(const struct run *run)
{
	for (size_t i = 0; i < PUTS; i++) {
		const struct asked *a = &run->puts[i];
		struct dht_provider p = {.port = a->port};
		memcpy(p.ip, a->ip, sizeof(p.ip));
		if (a->error == 0)
			assert_true(model_has(&run->model, span_of(&a->hash), &p));
	}
}

static size_t failures(const struct run *run)
{
	size_t n = 0;

	for (size_t i = 0; i < PUTS; i++)
		n += run->puts[i].error != 0;
	for (size_t i = 0; i < HASHES; i++)
		n += run->gets[i].error != 0;
	return n;
}

static void free_run(struct run *run)
{
	for (size_t i = 0; i < HASHES; i++)
		free(run->gets[i].providers);
	model_fini(&run->model);
	free(run);
}

static struct run *new_run(uint64_t seed)
{
	struct run *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	model_init(&run->model, seed);
	return run;
}

static void without_faults_everything_works_at_the_first_try(void **state)
{
	(void)state;
	for (int base = 0; base < 2; base++) {
		struct run *run = new_run(test_seed());
		model_connect(&run->model, base);
		put_all(run, REQUEST_PUT, base);
		if (!base)
			check_puts(run);
		get_all(run);
		check_gets(run);
		assert_int_equal(failures(run), 0);
		assert_true(run->model.record_count > 200);
		if (!base) {
			put_all(run, REQUEST_DROP, base);
			get_all(run);
			check_gets(run);
			assert_int_equal(failures(run), 0);
		}
		free_run(run);
	}
}

/* The rates are drawn too: some runs are mild in one way and hard in another. */
static void set_faults(struct model *m)
{
	m->lose = rng_below(&m->rng, 300);
	m->repeat = rng_below(&m->rng, 300);
	m->misdirect = rng_below(&m->rng, 30);
	m->refuse = rng_below(&m->rng, 100);
	m->unreachable = rng_below(&m->rng, 50);
	m->challenge = rng_below(&m->rng, 2);
}

static uint64_t bad_run(uint64_t seed, bool base)
{
	struct run *run = new_run(seed);

	set_faults(&run->model);
	run->model.own = base ? MODEL_SERVERS : 1 + rng_below(&run->model.rng, MODEL_SERVERS);
	model_connect(&run->model, base);
	put_all(run, REQUEST_PUT, base);
	if (!base)
		check_puts(run);
	get_all(run);
	check_gets(run);
	uint64_t transcript = run->model.transcript;
	free_run(run);
	return transcript;
}

static void a_bad_network_makes_it_slower_but_not_wrong(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	for (uint64_t i = 0; i < RUNS; i++)
		bad_run(seed + i, i % 4 == 3);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	for (int base = 0; base < 2; base++)
		assert_true(bad_run(seed, base) == bad_run(seed, base));
	assert_true(bad_run(seed, false) != bad_run(seed + 1, false));
}

/* One server dies, then it comes back and another one dies, and so on: nothing fails, and what
 * waits is one request's tries and not each one's. Only the first server may have been named. */
static void dead_servers_cost_a_time_out(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	for (uint64_t i = 0; i < RUNS; i++) {
		struct run *run = new_run(seed + i);
		struct model *m = &run->model;
		bool base = i % 4 == 3;
		m->own = base || i % 2 ? MODEL_SERVERS : 1;
		model_connect(m, base);
		get_all(run);
		for (int round = 0; round < 5; round++) {
			m->dead = 1u << rng_below(&m->rng, MODEL_SERVERS);
			uint64_t start_us = m->now.mono_us;
			put_all(run, REQUEST_PUT, base);
			get_all(run);
			check_gets(run);
			assert_int_equal(failures(run), 0);
			assert_true(m->now.mono_us - start_us < 5 * UINT64_C(1000000));
		}
		free_run(run);
	}
}

/* A garbled datagram can say anything, so nothing is checked but that all requests end. */
static void garbled_datagrams_do_no_harm(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	for (uint64_t i = 0; i < RUNS; i++) {
		struct run *run = new_run(seed + i);
		set_faults(&run->model);
		run->model.garble = 100 + rng_below(&run->model.rng, 700);
		model_connect(&run->model, i % 4 == 3);
		put_all(run, REQUEST_PUT, i % 4 == 3);
		get_all(run);
		free_run(run);
	}
}

static void where_there_is_no_server_everything_ends_soon(void **state)
{
	(void)state;
	for (int base = 0; base < 2; base++) {
		struct run *run = new_run(test_seed());
		run->model.lose = 1000;
		model_connect(&run->model, base);
		uint64_t start_us = run->model.now.mono_us;
		put_all(run, REQUEST_PUT, base);
		/* One request's tries, not each one's after the other. */
		assert_true(run->model.now.mono_us - start_us < UINT64_C(60) * 1000000);
		get_all(run);
		assert_int_equal(failures(run), PUTS + HASHES);
		free_run(run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_faults_everything_works_at_the_first_try),
		cmocka_unit_test(a_bad_network_makes_it_slower_but_not_wrong),
		cmocka_unit_test(the_same_seed_gives_the_same_bytes),
		cmocka_unit_test(dead_servers_cost_a_time_out),
		cmocka_unit_test(garbled_datagrams_do_no_harm),
		cmocka_unit_test(where_there_is_no_server_everything_ends_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
