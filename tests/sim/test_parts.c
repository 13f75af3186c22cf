/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulator's own parts: queue, clocks, chance, addresses, plans. */
#include "chance.h"
#include "clock.h"
#include "place.h"
#include "plan.h"
#include "sim.h"

#include "../unit/test_seed.h"
#include "../unit/unit.h"

#include <string.h>

#define EVENTS 1000

struct note {
	struct event event;
	uint64_t at_us;
	uint32_t number;
};

static uint32_t fired;
static struct note notes[EVENTS];

static void fire(struct sim *s, struct event *e)
{
	const struct note *n = (const struct note *)e;

	assert_int_equal(n->at_us, s->now_us);
	if (n->number > 0 && notes[n->number - 1].at_us == n->at_us)
		assert_false(sim_waits(&notes[n->number - 1].event));
	fired++;
}

/* A simulation whose only events are the test's. */
static struct sim *quiet(void)
{
	struct plan_options options = {.seed = 1};
	struct sim *s = sim_new(&options);

	assert_non_null(s);
	return s;
}

static void run_queue(struct sim *s)
{
	struct heap_node *first;

	while ((first = heap_first(&s->queue))) {
		struct event *e = (struct event *)(void *)first;
		heap_remove(&s->queue, first);
		s->now_us = ((struct note *)e)->at_us;
		e->fire(s, e);
	}
}

static void events_come_in_order(void **state)
{
	struct sim *s = quiet();
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < EVENTS; i++) {
		notes[i] = (struct note){
			.event = {.fire = fire}, .at_us = rng_below(&rng, 50), .number = i};
		sim_at(s, &notes[i].event, notes[i].at_us);
	}
	fired = 0;
	run_queue(s);
	assert_int_equal(fired, EVENTS);
	sim_free(s);
}

static void what_is_cancelled_does_not_come(void **state)
{
	struct sim *s = quiet();

	(void)state;
	memset(notes, 0, sizeof(notes));
	for (uint32_t i = 0; i < 10; i++) {
		notes[i].event.fire = fire;
		sim_at(s, &notes[i].event, 0);
	}
	sim_cancel(s, &notes[3].event);
	sim_cancel(s, &notes[3].event);
	assert_false(sim_waits(&notes[3].event));
	fired = 0;
	run_queue(s);
	assert_int_equal(fired, 9);
	sim_free(s);
}

static void clocks_and_back(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (int i = 0; i < 10000; i++) {
		struct clock c = {
			.epoch_us = rng_u64(&rng) >> 20,
			.drift_ppm = (int32_t)rng_below(&rng, 1001) - 500,
		};
		uint64_t sim_us = rng_u64(&rng) >> 32, mono = clock_mono_us(&c, sim_us);
		uint64_t back = clock_sim_us(&c, mono);
		assert_true(clock_mono_us(&c, back) >= mono);
		assert_true(back <= sim_us && sim_us - back <= 1);
		assert_true(back == 0 || clock_mono_us(&c, back - 1) < mono);
	}
}

static void a_clock_that_steps(void **state)
{
	struct clock c = {.offset_ms = -5000, .step_ms = 60000, .step_at_us = 1000000};

	(void)state;
	assert_int_equal(clock_now(&c, 999999).wall_ms, CLOCK_WALL_MS - 5000 + 999);
	assert_int_equal(clock_now(&c, 1000000).wall_ms, CLOCK_WALL_MS - 5000 + 61000);
	assert_int_equal(clock_now(&c, 1000000).mono_us, 1000000);
	assert_int_equal(clock_sim_us(&c, UINT64_MAX), UINT64_MAX);
	c.epoch_us = 500;
	assert_int_equal(clock_sim_us(&c, 400), 0);
}

static void waits_have_their_mean(void **state)
{
	uint64_t sum = 0, longer = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 7);
	for (int i = 0; i < 100000; i++) {
		uint64_t wait = chance_wait(&rng, 1000000);
		sum += wait;
		longer += wait > 3000000;
	}
	assert_in_range(sum / 100000, 980000, 1020000);
	/* e^-3 of them. */
	assert_in_range(longer, 4700, 5300);
}

static void who_has_which_address(void **state)
{
	(void)state;
	for (int kind = PLACE_SERVER; kind <= PLACE_STRANGER; kind++) {
		for (uint32_t i = 0; i < 256; i++) {
			struct ip ip = place_ip((enum place_kind)kind, i, i % 2);
			struct place p = place_of(&ip);
			assert_int_equal(p.kind, kind);
			assert_int_equal(p.index, i);
		}
	}
	for (uint32_t i = 0; i < PLAN_FLEET_MAX; i++) {
		struct ip ip = place_ip(PLACE_SERVER, i, true);
		struct place p = place_of(&ip);
		assert_int_equal(p.kind, PLACE_SERVER);
		assert_int_equal(p.index, i);
	}
	struct ip other;
	assert_int_equal(ip_parse("10.9.0.1", &other), 0);
	assert_int_equal(place_of(&other).kind, PLACE_NOWHERE);
	assert_int_equal(ip_parse("2001:db8::a01:1", &other), 0);
	assert_int_equal(place_of(&other).kind, PLACE_NOWHERE);
}

static void fire_once(struct sim *s, struct event *e)
{
	(void)s;
	(void)e;
	fired++;
}

/* Driven from outside, with more servers than a seed has. */
static void until_a_time(void **state)
{
	struct plan plan = {.seed = 1, .most = PLAN_FLEET_MAX, .clients = 1, .hashes = 1};
	struct event before = {.fire = fire_once}, behind = {.fire = fire_once};
	struct sim *s = sim_with(&plan);

	(void)state;
	assert_non_null(s);
	fired = 0;
	sim_at(s, &before, SIM_SECOND);
	sim_at(s, &behind, 3 * SIM_SECOND);
	sim_until(s, 2 * SIM_SECOND);
	assert_int_equal(fired, 1);
	assert_int_equal(s->now_us, 2 * SIM_SECOND);
	sim_until(s, 3 * SIM_SECOND);
	assert_int_equal(fired, 2);
	sim_free(s);
}

/* Taking a class away, or servers, changes nothing else. */
static void plans_are_alike(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 500; seed++) {
		struct plan_options options = {.seed = seed};
		struct plan whole, less;
		plan_draw(&whole, &options);
		options.without = UINT32_MAX;
		options.servers = 2;
		plan_draw(&less, &options);
		assert_int_equal(less.faults, 0);
		assert_int_equal(less.max_records, 0);
		less.faults = whole.faults;
		less.servers = whole.servers;
		less.max_records = whole.max_records;
		assert_memory_equal(&whole, &less, sizeof(whole));
	}
}

static void plans_are_possible(void **state)
{
	uint32_t seen = 0, calm = 0, large = 0;

	(void)state;
	for (uint64_t seed = 1; seed < 2000; seed++) {
		struct plan_options options = {.seed = seed};
		struct plan p;
		plan_draw(&p, &options);
		assert_in_range(p.servers, 1, 64);
		assert_in_range(p.replicas, 1, 3);
		assert_in_range(p.quorum, 1, p.replicas);
		assert_in_range(p.rounds, 1, PLAN_ROUNDS_MAX);
		assert_in_range(p.providers, 1, PLAN_PROVIDERS_MAX);
		assert_true(!p.basic || p.clear);
		seen |= p.faults;
		calm += p.calm;
		large += p.servers == 64;
	}
	assert_int_equal(seen, (UINT32_C(1) << FAULT_COUNT) - 1);
	assert_in_range(calm, 200, 500);
	assert_in_range(large, 10, 80);
}

static void names_of_faults(void **state)
{
	uint32_t faults;

	(void)state;
	assert_true(plan_faults_parse("loss", &faults));
	assert_int_equal(faults, 1u << FAULT_LOSS);
	assert_true(plan_faults_parse("cut,loss,step", &faults));
	assert_int_equal(faults, 1u << FAULT_LOSS | 1u << FAULT_CUT | 1u << FAULT_STEP);
	assert_false(plan_faults_parse("los", &faults));
	assert_false(plan_faults_parse("", &faults));
	assert_false(plan_faults_parse("loss,", &faults));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_in_order),
		cmocka_unit_test(what_is_cancelled_does_not_come),
		cmocka_unit_test(clocks_and_back),
		cmocka_unit_test(a_clock_that_steps),
		cmocka_unit_test(waits_have_their_mean),
		cmocka_unit_test(who_has_which_address),
		cmocka_unit_test(until_a_time),
		cmocka_unit_test(plans_are_alike),
		cmocka_unit_test(plans_are_possible),
		cmocka_unit_test(names_of_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
