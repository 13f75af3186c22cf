/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/seal_skew.h"

#include <stdlib.h>

#include "base/rng.h"

#include "../test_seed.h"
#include "seal_rig.h"

#define MS_NS UINT64_C(1000000)
#define S_NS  UINT64_C(1000000000)

/* A clock that began at some time and is wrong by some millionths. */
struct wrong_clock {
	uint64_t origin_us;
	uint64_t per_million; /* 1000000: right */
};

static uint64_t read_clock(const struct wrong_clock *c, uint64_t true_ns)
{
	return c->origin_us + (uint64_t)((unsigned __int128)true_ns * c->per_million / 1000000000);
}

static struct wrong_clock any_clock(struct rng *rng, uint32_t ppm)
{
	return (struct wrong_clock){
		.origin_us = rng_below(rng, 2) ? 0 : rng_u64(rng) >> 16,
		.per_million = 1000000 - ppm + rng_below(rng, 2 * ppm + 1),
	};
}

static void a_sample_and_its_like(void **state)
{
	struct skew k;

	(void)state;
	skew_init(&k, 1000000, &(struct skew_sample){900000, 50});
	assert_int_equal(skew_ours(&k, 1000000, 50), 900000 - 2);
	/* Away from the sample it is less sure, one in a thousand. */
	assert_int_equal(skew_ours(&k, 3000000, 50 + 999000), 900000 + 999000 - 1000 - 2);
	assert_int_equal(skew_ours(&k, 3000000, 0), 900000 - 50 - 2);
	skew_init(&k, 1000000, &(struct skew_sample){5, 999000});
	assert_int_equal(skew_ours(&k, 1000000, 1000), 0);
	assert_int_equal(skew_ours(&k, 1000000, 0), 0);
}

static void the_better_sample_holds(void **state)
{
	struct skew k;

	(void)state;
	skew_init(&k, 10000, &(struct skew_sample){1000, 0});
	skew_learn(&k, 20000, &(struct skew_sample){15000, 5000}); /* better by 9000 */
	assert_int_equal(skew_ours(&k, 20000, 5000), 15000 - 2);
	skew_learn(&k, 30000, &(struct skew_sample){16000, 15000}); /* worse */
	assert_int_equal(skew_ours(&k, 30000, 5000), 15000 - 2);
	/* From the future, or of long ago. */
	skew_learn(&k, 30000, &(struct skew_sample){30001, 15000});
	skew_learn(&k, 30001 + SKEW_OLD_US, &(struct skew_sample){30000, 15000});
	assert_int_equal(skew_ours(&k, 30000, 5000), 15000 - 2);
}

/* What a sample of no delay says holds until two periods had others, which are worse here. */
static void periods(void **state)
{
	uint64_t first = SECOND_US, late_us = 900000, period = SKEW_PERIOD_US, now = first;
	uint64_t drift = period / 999;
	struct skew k;

	(void)state;
	skew_init(&k, first, &(struct skew_sample){first, 0});
	now += period;
	assert_int_equal(skew_ours(&k, now, period), now - drift - 2);
	skew_learn(&k, now, &(struct skew_sample){now - late_us, period});
	skew_learn(&k, now, &(struct skew_sample){now - late_us - 1, period});
	assert_int_equal(skew_ours(&k, now, period), now - drift - 2);
	now += period;
	skew_learn(&k, now, &(struct skew_sample){now - late_us, 2 * period});
	assert_int_equal(skew_ours(&k, now, 2 * period), now - late_us - 2);
	/* With no others it goes on, for as long as it has to. */
	now += 1000 * period;
	assert_int_equal(
		skew_ours(&k, now, 1002 * period), now - late_us - 1000 * period / 999 - 2);
}

/* Our machine stood still for an hour, so that its clock is behind what samples say. */
static void a_clock_that_stood_still(void **state)
{
	uint64_t hour = 3600 * SECOND_US, now = hour;
	struct skew k;

	(void)state;
	skew_init(&k, now, &(struct skew_sample){now, 0});
	assert_int_equal(skew_ours(&k, now + SECOND_US, hour + SECOND_US), now + SECOND_US);
	/* What was sent a second later is a second later. */
	assert_true(
		skew_ours(&k, now + 5 * SECOND_US, hour + 2 * SECOND_US) <= now + 2 * SECOND_US);
}

/* What is under way between two servers whose clocks are wrong. */
struct travel {
	struct posted p;
	uint64_t sent_ns, arrives_ns;
	uint64_t asked_us; /* what it answers; 0: nothing */
};

struct world {
	struct side a, b;
	struct wrong_clock a_clock, b_clock;
	struct rng rng;
	uint64_t now_ns, delay_ns;
	uint64_t heard_ns; /* when a last heard something of b's, which it answers from then on */
	uint64_t heard_us; /* its TIME */
	uint64_t worst_us;
	unsigned letters;
};

static void set_clocks(struct world *w, uint64_t ns)
{
	w->now_ns = ns;
	w->a.now.mono_us = read_clock(&w->a_clock, ns);
	w->b.now.mono_us = read_clock(&w->b_clock, ns);
}

static void world_init(struct world *w, struct rng *rng, uint32_t ppm, uint64_t delay_ns)
{
	*w = (struct world){.rng = *rng, .delay_ns = delay_ns};
	side_init(&w->a, 1, "");
	side_init(&w->b, 2, "");
	w->a_clock = any_clock(&w->rng, ppm);
	w->b_clock = any_clock(&w->rng, ppm);
	set_clocks(w, S_NS);
	struct posted hello = side_send(&w->a);
	struct peer_prove prove;
	struct letter l;
	assert_int_equal(side_open(&w->b, &hello, &l), SEAL_OPENED);
	seal_prove(w->b.seal, &w->b.now, &l, &prove);
	set_clocks(w, w->now_ns + rng_u64(&w->rng) % (delay_ns + 1));
	struct peer_proof proof = seal_proof_of(w->a.seal, &prove);
	struct posted x = side_send(&w->a);
	set_clocks(w, w->now_ns + rng_u64(&w->rng) % (delay_ns + 1));
	assert_int_equal(side_open(&w->b, &x, &l), SEAL_OPENED);
	bool in_time = seal_proven(w->b.seal, &w->b.now, &l, &proof);
	assert_true(in_time || delay_ns > 4 * S_NS);
	*rng = w->rng;
}

/* One envelope of a's comes in at b: it was not sent before what b makes of it. */
static void arrive(struct world *w, const struct travel *t)
{
	struct letter l;

	set_clocks(w, t->arrives_ns);
	if (side_open(&w->b, &t->p, &l) != SEAL_OPENED || !l.known)
		return;
	uint64_t truth_us = read_clock(&w->b_clock, t->sent_ns);
	assert_true(l.sent_us <= truth_us && l.sent_us <= w->b.now.mono_us);
	w->worst_us = truth_us - l.sent_us > w->worst_us ? truth_us - l.sent_us : w->worst_us;
	w->letters++;
	if (t->asked_us)
		seal_clock_sample(w->b.seal, &w->b.now, &l, t->asked_us);
}

static int by_arrival(const void *a, const void *b)
{
	const struct travel *x = a, *y = b;

	return (x->arrives_ns > y->arrives_ns) - (x->arrives_ns < y->arrives_ns);
}

/* A burst of a's envelopes; some answer an envelope of b's that came in at some time before. */
static void burst(struct world *w, size_t n, uint64_t apart_ns)
{
	struct travel all[64];

	assert_true(n <= COUNT(all));
	for (size_t i = 0; i < n; i++) {
		set_clocks(w, w->now_ns + rng_u64(&w->rng) % (apart_ns + 1));
		uint64_t way_ns = rng_u64(&w->rng) % (w->delay_ns + 1);
		uint64_t back_ns = rng_u64(&w->rng) % (w->delay_ns + 1);
		all[i] = (struct travel){
			.p = side_send(&w->a),
			.sent_ns = w->now_ns,
			.arrives_ns = w->now_ns + way_ns,
			.asked_us = rng_below(&w->rng, 3) && w->now_ns > back_ns
		                            ? read_clock(&w->b_clock, w->now_ns - back_ns)
		                            : 0,
		};
	}
	qsort(all, n, sizeof(all[0]), by_arrival);
	for (size_t i = 0; i < n; i++)
		arrive(w, &all[i]);
}

/* Whatever the delays and the drift, a time is never later than the truth. */
static void never_too_late(void **state)
{
	unsigned letters = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (int world = 0; world < 300; world++) {
		uint64_t delays[] = {0, 10000, MS_NS, 100 * MS_NS, 4 * S_NS, 30 * S_NS};
		struct world w;
		world_init(&w, &rng, 500, delays[rng_below(&rng, COUNT(delays))]);
		uint64_t apart_ns = rng_below(&w.rng, 2) ? MS_NS : 20 * S_NS;
		for (int i = 0; i < 30; i++)
			burst(&w, 1 + rng_below(&w.rng, 64), apart_ns);
		letters += w.letters;
		rng = w.rng;
		side_fini(&w.a);
		side_fini(&w.b);
	}
	assert_true(letters > 50000);
}

/* With an exchange each second the time is within its round trip, and what drifts in a second. */
static void and_near_it(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (int world = 0; world < 100; world++) {
		struct world w;
		world_init(&w, &rng, 500, 250 * 1000);
		for (int i = 0; i < 300; i++) {
			set_clocks(&w, w.now_ns + S_NS);
			w.worst_us = 0;
			burst(&w, 5, 1000);
			assert_true(w.worst_us <= 500 + 2100 + 10);
			w.worst_us = 0;
			/* Answers of the same moment, of which one in three is none. */
			struct travel t = {
				.p = side_send(&w.a),
				.sent_ns = w.now_ns,
				.arrives_ns = w.now_ns + 100 * 1000,
				.asked_us = read_clock(&w.b_clock, w.now_ns - 100 * 1000),
			};
			arrive(&w, &t);
			w.worst_us = 0;
			t.p = side_send(&w.a);
			t.sent_ns = w.now_ns;
			t.arrives_ns = w.now_ns;
			arrive(&w, &t);
			assert_true(w.worst_us <= 200 + 5);
		}
		rng = w.rng;
		side_fini(&w.a);
		side_fini(&w.b);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_and_its_like),
		cmocka_unit_test(the_better_sample_holds),
		cmocka_unit_test(periods),
		cmocka_unit_test(a_clock_that_stood_still),
		cmocka_unit_test(never_too_late),
		cmocka_unit_test(and_near_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
