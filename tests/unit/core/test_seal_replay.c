/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/seal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/rng.h"
#include "core/seal_window.h"

#include "../test_seed.h"
#include "seal_rig.h"

#define RECORDED 6000

struct tape {
	struct side a, b;
	struct posted sent[RECORDED];
};

static int setup(void **state)
{
	struct tape *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	side_init(&t->a, 1, "k");
	side_init(&t->b, 2, "k");
	side_meet(&t->a, &t->b);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tape *t = *state;

	side_fini(&t->a);
	side_fini(&t->b);
	free(t);
	return 0;
}

/* Fills the tape; how many of it counted when they came in, in the order of place[], or as they
 * were sent. */
static unsigned deliver(struct tape *t, const uint32_t *place)
{
	unsigned taken = 0;

	for (uint32_t i = 0; i < RECORDED; i++) {
		sides_wait(&t->a, &t->b, 7);
		t->sent[i] = side_send(&t->a);
	}
	for (uint32_t i = 0; i < RECORDED; i++)
		taken += side_takes(&t->b, &t->sent[place ? place[i] : i]);
	return taken;
}

/* How much of the tape counts now, played forwards and then backwards. */
static unsigned replay(struct tape *t)
{
	unsigned taken = 0;

	for (uint32_t i = 0; i < RECORDED; i++)
		taken += side_takes(&t->b, &t->sent[i]);
	for (uint32_t i = RECORDED; i-- > 0;)
		taken += side_takes(&t->b, &t->sent[i]);
	return taken;
}

static void played_again(void **state)
{
	assert_int_equal(deliver(*state, NULL), RECORDED);
	assert_int_equal(replay(*state), 0);
}

/* Each is up to 1000 places from its own. */
static void out_of_order(void **state)
{
	static uint32_t place[RECORDED];
	struct rng rng;

	rng_init(&rng, test_seed());
	for (uint32_t block = 0; block < RECORDED; block += 1000) {
		for (uint32_t i = 0; i < 1000; i++) {
			uint32_t j = rng_below(&rng, i + 1);
			place[block + i] = place[block + j];
			place[block + j] = block + i;
		}
	}
	assert_int_equal(deliver(*state, place), RECORDED);
	assert_int_equal(replay(*state), 0);
}

static void backwards(void **state)
{
	static uint32_t place[RECORDED];

	for (uint32_t i = 0; i < RECORDED; i++)
		place[i] = RECORDED - 1 - i;
	assert_int_equal(deliver(*state, place), SEAL_WINDOW);
	assert_int_equal(replay(*state), 0);
}

static void after_the_receiver_started_anew(void **state)
{
	struct tape *t = *state;

	assert_int_equal(deliver(t, NULL), RECORDED);
	side_restart(&t->b);
	assert_int_equal(replay(t), 0);
	/* Sent after the restart, but before the proof. */
	sides_wait(&t->a, &t->b, 1);
	struct posted early = side_send(&t->a);
	sides_wait(&t->a, &t->b, 1);
	assert_true(side_prove(&t->a, &t->b));
	assert_false(side_takes(&t->b, &early));
	assert_int_equal(replay(t), 0);
	struct posted late = side_send(&t->a);
	assert_true(side_takes(&t->b, &late));
}

static void after_the_sender_started_anew(void **state)
{
	struct tape *t = *state;

	assert_int_equal(deliver(t, NULL), RECORDED);
	side_restart(&t->a);
	assert_int_equal(replay(t), 0);
	sides_wait(&t->a, &t->b, 1);
	assert_true(side_prove(&t->a, &t->b));
	assert_int_equal(replay(t), 0);
}

static void after_a_change_of_keys(void **state)
{
	struct tape *t = *state;
	struct seal_keys both = side_keys("kn"), turned = side_keys("nk");

	seal_set_keys(t->b.seal, &both);
	assert_int_equal(deliver(t, NULL), RECORDED);
	seal_set_keys(t->a.seal, &turned);
	seal_set_keys(t->b.seal, &turned);
	assert_int_equal(replay(t), 0);
	assert_int_equal(deliver(t, NULL), RECORDED);
	assert_int_equal(replay(t), 0);
}

/* Proofs that were held back make no session that had ended, whose window would be empty. */
static void with_a_proof_that_was_held_back(void **state)
{
	struct tape *t = *state;
	struct posted held[3];
	struct peer_proof proof[3];
	struct letter l;

	side_restart(&t->a);
	for (size_t i = 0; i < COUNT(held); i++) {
		sides_wait(&t->a, &t->b, 10);
		proof[i] = side_challenge(&t->b, &t->a);
		held[i] = side_send(&t->a);
	}
	assert_int_equal(side_open(&t->b, &held[0], &l), SEAL_OPENED);
	assert_true(seal_proven(t->b.seal, &t->b.now, &l, &proof[0]));
	assert_int_equal(deliver(t, NULL), RECORDED);
	for (int again = 0; again < 2; again++) {
		if (again == 0)
			seal_forget(t->b.seal, &t->a.id);
		else
			side_restart(&t->a), assert_true(side_prove(&t->a, &t->b));
		for (size_t i = 0; i < COUNT(held); i++) {
			assert_int_equal(side_open(&t->b, &held[i], &l), SEAL_OPENED);
			assert_false(seal_proven(t->b.seal, &t->b.now, &l, &proof[i]));
		}
		assert_int_equal(replay(t), 0);
		sides_wait(&t->a, &t->b, 10);
	}
}

/* Threads of the sender have a window each. */
static void streams_are_apart(void **state)
{
	struct tape *t = *state;
	struct seal_stream one = t->a.stream, other = {.index = SEAL_STREAMS - 1};

	for (uint32_t i = 0; i < 5000; i++) {
		t->a.stream = i % 3 ? one : other;
		struct posted p = side_send(&t->a);
		*(i % 3 ? &one : &other) = t->a.stream;
		assert_true(side_takes(&t->b, &p));
		assert_false(side_takes(&t->b, &p));
	}
}

static void edges_of_the_window(void **state)
{
	static const uint64_t tops[] = {SEAL_WINDOW, SEAL_WINDOW + 1, 64 * WINDOW_WORDS - 1,
		64 * WINDOW_WORDS, 64 * WINDOW_WORDS + 1, UINT64_C(0xffffffffffff)};

	(void)state;
	for (size_t i = 0; i < COUNT(tops); i++) {
		uint64_t top = tops[i], least = top - SEAL_WINDOW + 1;
		struct window w = {0};
		assert_false(window_take(&w, 0));
		assert_true(window_take(&w, top));
		assert_false(window_take(&w, top));
		assert_false(window_take(&w, least - 1));
		assert_true(window_take(&w, least));
		assert_false(window_take(&w, least));
		assert_true(window_take(&w, least + 1));
		assert_true(window_take(&w, top - 1));
		assert_true(window_take(&w, top + 1));
		assert_false(window_take(&w, least));
		assert_false(window_take(&w, least + 1));
		assert_true(window_take(&w, least + 2));
		/* All of it moves on. */
		assert_true(window_take(&w, top + 1 + SEAL_WINDOW));
		assert_false(window_take(&w, top + 1));
		for (uint64_t n = top + 2; n < top + 1 + SEAL_WINDOW; n++)
			assert_true(window_take(&w, n));
	}
}

/* Against a window that remembers everything. */
static void a_window_at_random(void **state)
{
	enum { NUMBERS = 60000 };
	static bool seen[NUMBERS];
	struct window w = {0};
	uint64_t top = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	memset(seen, 0, sizeof(seen));
	while (top + 10000 < NUMBERS) {
		uint64_t leap = rng_below(&rng, 500) == 0 ? 5000 : 3;
		uint64_t least = top > SEAL_WINDOW + 100 ? top - SEAL_WINDOW - 100 : 0;
		uint64_t n = least + rng_below(&rng, (uint32_t)(top + leap - least));
		bool expected = n > 0 && !seen[n] && n + SEAL_WINDOW > top;
		assert_int_equal(window_take(&w, n), expected);
		seen[n] = true;
		top = n > top ? n : top;
	}
}

struct worker {
	pthread_t thread;
	struct tape *tape;
	uint64_t seed;
	bool speaks; /* proves itself, is heard and is forgotten, beside the others */
	unsigned taken;
};

static _Atomic(unsigned) counted[RECORDED];

static void *hear(void *arg)
{
	struct worker *w = arg;
	struct side b = w->tape->b; /* a clock of its own */
	struct rng rng;
	uint64_t start;

	rng_init(&rng, w->seed);
	for (uint32_t i = 0; i < RECORDED; i++) {
		/* Near each other, each in an order of its own. */
		uint32_t n = i - i % 512 + (i * 37 + (uint32_t)w->seed) % 512;
		if (n < RECORDED && side_takes(&b, &w->tape->sent[n]))
			atomic_fetch_add(&counted[n], 1);
		b.now.mono_us += rng_below(&rng, 3);
		if (i % 64 == 0)
			assert_true(seal_session(b.seal, &w->tape->a.id, &start));
		if (i % 512 == 0)
			seal_set_keys(b.seal, &b.keys);
	}
	return NULL;
}

static void *speak(void *arg)
{
	struct worker *w = arg;
	struct side b = w->tape->b, c;
	struct letter l;

	side_init(&c, (uint8_t)w->seed, "k");
	for (int i = 0; i < 300; i++) {
		sides_wait(&b, &c, 10);
		bool proven = side_prove(&c, &b);
		struct posted p = side_send(&c);
		if (side_open(&b, &p, &l) == SEAL_OPENED && l.known) {
			seal_clock_sample(b.seal, &b.now, &l, b.now.mono_us - 5);
			w->taken += proven;
		}
		if (i % 3 == 0)
			seal_forget(b.seal, &c.id);
		if (i % 7 == 0 && c.restarts < UINT8_MAX)
			side_restart(&c);
	}
	side_fini(&c);
	return NULL;
}

static void threads_together(void **state)
{
	struct worker workers[6];
	struct tape *t = *state;
	uint64_t seed = test_seed() & 0xffff;

	memset(counted, 0, sizeof(counted));
	for (uint32_t i = 0; i < RECORDED; i++) {
		t->a.stream.index = (uint16_t)(i % 8);
		t->sent[i] = side_send(&t->a);
	}
	for (unsigned i = 0; i < COUNT(workers); i++) {
		workers[i] = (struct worker){.tape = t, .seed = i < 4 ? seed + i : 10 + i};
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, i < 4 ? hear : speak, &workers[i]),
			0);
	}
	for (unsigned i = 0; i < COUNT(workers); i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	for (uint32_t i = 0; i < RECORDED / 512 * 512; i++)
		assert_int_equal(counted[i], 1);
	assert_true(workers[4].taken > 0 && workers[5].taken > 0);
}

#define TAPE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TAPE_TEST(played_again),
		TAPE_TEST(out_of_order),
		TAPE_TEST(backwards),
		TAPE_TEST(after_the_receiver_started_anew),
		TAPE_TEST(after_the_sender_started_anew),
		TAPE_TEST(after_a_change_of_keys),
		TAPE_TEST(with_a_proof_that_was_held_back),
		TAPE_TEST(streams_are_apart),
		cmocka_unit_test(edges_of_the_window),
		cmocka_unit_test(a_window_at_random),
		TAPE_TEST(threads_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
