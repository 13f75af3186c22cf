/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/watchdog.h"

#include "lab.h"

#define PERIOD_US 400000

static sd_event *event;
static unsigned fed;

static void feed(void *owner)
{
	*(unsigned *)owner += 1;
}

static int open_event(void **state)
{
	(void)state;
	fed = 0;
	log_set_level(LOG_LEVEL_ERROR);
	return sd_event_new(&event) < 0 || sodium_init() < 0;
}

static int close_event(void **state)
{
	(void)state;
	event = sd_event_unref(event);
	return 0;
}

/* Lets the main thread work for a time. */
static void run_us(uint64_t us)
{
	uint64_t end_us = clock_monotonic_us() + us;

	for (uint64_t now = clock_monotonic_us(); now < end_us; now = clock_monotonic_us())
		assert_true(sd_event_run(event, end_us - now) >= 0);
}

/* Lets it work until it has fed again, for ten periods at most. */
static bool is_fed(void)
{
	unsigned before = fed;

	for (int i = 0; i < 100 && fed == before; i++)
		run_us(PERIOD_US / 10);
	return fed > before;
}

/* How often the log has told of this event, and of which thread at last. */
static int told(uint64_t since, enum log_event which, char fields[static LOG_RING_FIELD_MAX])
{
	struct log_line l;
	uint64_t lost;
	int n = 0;

	fields[0] = '\0';
	while (log_read(&since, LOG_LEVEL_DEBUG, &l, &lost))
		if (l.event == (int)which) {
			strcpy(fields, l.fields);
			n++;
		}
	return n;
}

/* A thread of the test that ticks, or hangs. */
struct fake {
	struct beat beat;
	_Atomic(bool) hangs, ends;
	pthread_t thread;
};

static void *live(void *arg)
{
	struct fake *f = arg;

	while (!atomic_load(&f->ends)) {
		if (!atomic_load(&f->hangs))
			beat_tick(&f->beat);
		poll(NULL, 0, 5);
	}
	return NULL;
}

static void start_fakes(struct fake *fakes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		memset(&fakes[i], 0, sizeof(fakes[i]));
		assert_int_equal(pthread_create(&fakes[i].thread, NULL, live, &fakes[i]), 0);
	}
}

static void end_fakes(struct fake *fakes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		atomic_store(&fakes[i].ends, true);
		pthread_join(fakes[i].thread, NULL);
	}
}

static void threads_that_move_are_fed(void **state)
{
	struct fake fakes[2];
	uint64_t since = log_newest();
	char fields[LOG_RING_FIELD_MAX];

	(void)state;
	start_fakes(fakes, 2);
	const struct watched watched[] = {
		{"worker-0", &fakes[0].beat, -1}, {"warden", &fakes[1].beat, -1}};
	struct watchdog *w = watchdog_new(event, PERIOD_US, watched, 2, NULL, feed, &fed);
	assert_non_null(w);
	run_us(3 * PERIOD_US);
	/* In each round, and later on a busy machine. */
	assert_in_range(fed, 3, 3 * WATCHDOG_ROUNDS + 1);
	assert_int_equal(told(since, LOG_EVENT_THREAD_STUCK, fields), 0);
	watchdog_free(w);
	fed = 0;
	run_us(PERIOD_US / 2);
	assert_int_equal(fed, 0);
	end_fakes(fakes, 2);
}

static void one_that_hangs_is_told_and_not_fed(void **state)
{
	struct fake fakes[2];
	uint64_t since = log_newest();
	char fields[LOG_RING_FIELD_MAX];

	(void)state;
	start_fakes(fakes, 2);
	const struct watched watched[] = {
		{"worker-0", &fakes[0].beat, -1}, {"warden", &fakes[1].beat, -1}};
	struct watchdog *w = watchdog_new(event, PERIOD_US, watched, 2, NULL, feed, &fed);
	assert_true(is_fed());
	atomic_store(&fakes[1].hangs, true);
	unsigned before = fed;
	run_us(3 * PERIOD_US);
	/* The round that was under way may have seen a beat, and the next one the last. */
	assert_in_range(fed, before, before + 2);
	assert_int_equal(told(since, LOG_EVENT_THREAD_STUCK, fields), 1);
	assert_string_equal(fields, "DHT_THREAD=warden\n");
	assert_int_equal(told(since, LOG_EVENT_THREAD_BACK, fields), 0);

	atomic_store(&fakes[1].hangs, false);
	assert_true(is_fed());
	assert_int_equal(told(since, LOG_EVENT_THREAD_STUCK, fields), 1);
	assert_int_equal(told(since, LOG_EVENT_THREAD_BACK, fields), 1);
	assert_string_equal(fields, "DHT_THREAD=warden\n");
	watchdog_free(w);
	end_fakes(fakes, 2);
}

/* Only for as long as it has said. */
static void one_that_is_excused_is_fed(void **state)
{
	struct fake fake;

	(void)state;
	start_fakes(&fake, 1);
	const struct watched watched = {"warden", &fake.beat, -1};
	struct watchdog *w = watchdog_new(event, PERIOD_US, &watched, 1, NULL, feed, &fed);
	atomic_store(&fake.hangs, true);
	poll(NULL, 0, 50);
	uint64_t until_us = clock_monotonic_us() + 3 * PERIOD_US;
	beat_excuse(&fake.beat, until_us);
	while (clock_monotonic_us() < until_us - PERIOD_US)
		assert_true(is_fed());
	while (clock_monotonic_us() < until_us)
		run_us(PERIOD_US / 10);
	unsigned before = fed;
	run_us(2 * PERIOD_US);
	assert_int_equal(fed, before);
	watchdog_free(w);
	end_fakes(&fake, 1);
}

static void without_a_period_it_does_nothing(void **state)
{
	struct beat beat = {0};
	const struct watched watched = {"warden", &beat, -1};
	struct watchdog *w = watchdog_new(event, 0, &watched, 1, NULL, feed, &fed);

	(void)state;
	assert_non_null(w);
	run_us(PERIOD_US / 2);
	assert_int_equal(fed, 0);
	watchdog_free(w);
	watchdog_free(NULL);
}

static void the_period_is_systemds(void **state)
{
	char pid[24];

	(void)state;
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(watchdog_period_us(), 0);
	setenv("WATCHDOG_USEC", "3000000", 1);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(watchdog_period_us(), 3000000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(watchdog_period_us(), 0);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static struct lab lab;

static struct watchdog *watch_workers(struct probes *p, struct fake *missing)
{
	struct watched watched[LAB_WORKERS_MAX];

	for (size_t i = 0; i < lab.count; i++)
		watched[i] = (struct watched){"worker",
			lab.workers[i] ? worker_beat(lab.workers[i]) : &missing->beat, (int)i};
	struct watchdog *w = watchdog_new(event, PERIOD_US, watched, lab.count, p, feed, &fed);
	assert_non_null(w);
	return w;
}

static void workers_that_answer_are_fed(size_t count, size_t allow_count)
{
	lab_open(&lab, "127.0.0.1", count);
	lab_add_board(&lab);
	lab.policy.allow_count = allow_count;
	lab_start_all(&lab);
	struct probes *p = probes_new(lab.board, &lab.at, count);
	struct watchdog *w = watch_workers(p, NULL);
	for (int i = 0; i < 5; i++)
		assert_true(is_fed());
	assert_in_range(lab_counter(&lab, STATS_PROBES), 5 * count, 100000);
	watchdog_free(w);
	probes_free(p);
	lab_close(&lab);
}

static void two_workers_are_fed(void **state)
{
	(void)state;
	workers_that_answer_are_fed(2, 1);
}

static void eight_workers_are_fed(void **state)
{
	(void)state;
	workers_that_answer_are_fed(8, 1);
}

static void a_policy_that_excludes_us_is_fed(void **state)
{
	(void)state;
	workers_that_answer_are_fed(2, 0);
}

/* Its beat goes on, but it reads nothing. */
static void a_worker_that_does_not_answer_is_not_fed(void **state)
{
	uint64_t since = log_newest();
	char fields[LOG_RING_FIELD_MAX];
	struct fake fake;

	(void)state;
	lab_open(&lab, "127.0.0.1", 2);
	lab_add_board(&lab);
	lab_start(&lab, 1);
	start_fakes(&fake, 1);
	struct probes *p = probes_new(lab.board, &lab.at, 2);
	struct watchdog *w = watch_workers(p, &fake);
	run_us(2 * PERIOD_US);
	assert_int_equal(fed, 0);
	assert_int_equal(told(since, LOG_EVENT_THREAD_STUCK, fields), 1);
	lab_start(&lab, 0);
	assert_true(is_fed());
	assert_int_equal(told(since, LOG_EVENT_THREAD_BACK, fields), 1);
	watchdog_free(w);
	probes_free(p);
	end_fakes(&fake, 1);
	lab_close(&lab);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_event, close_event)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(threads_that_move_are_fed),
		TEST(one_that_hangs_is_told_and_not_fed),
		TEST(one_that_is_excused_is_fed),
		TEST(without_a_period_it_does_nothing),
		TEST(the_period_is_systemds),
		TEST(two_workers_are_fed),
		TEST(eight_workers_are_fed),
		TEST(a_policy_that_excludes_us_is_fed),
		TEST(a_worker_that_does_not_answer_is_not_fed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
