/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "daemon/parcels.h"

#include "../unit.h"

#define WORKERS 3

static bool send_one(struct parcels *p, size_t worker, uint32_t number)
{
	struct parcel *room = parcels_room(p, worker);

	if (!room)
		return false;
	room->len = sizeof(number);
	memcpy(room->bytes, &number, sizeof(number));
	room->flow.remote.port = (uint16_t)worker;
	parcels_send(p, worker);
	return true;
}

/* Takes the next; false when there is none. */
static bool take_one(struct parcels *p, size_t *worker, uint32_t *number)
{
	const struct parcel *got = parcels_next(p);

	if (!got)
		return false;
	assert_int_equal(got->len, sizeof(*number));
	memcpy(number, got->bytes, sizeof(*number));
	*worker = got->flow.remote.port;
	parcels_done(p);
	return true;
}

static bool is_readable(const struct parcels *p)
{
	struct pollfd fd = {.fd = parcels_fd(p), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

static struct parcels *make(void)
{
	struct parcels *p = parcels_new(WORKERS);

	assert_non_null(p);
	return p;
}

static void what_is_sent_comes_in_its_order(void **state)
{
	struct parcels *p = make();
	size_t worker;
	uint32_t number;

	(void)state;
	assert_false(take_one(p, &worker, &number));
	/* More than once around. */
	for (uint32_t i = 0; i < 3 * PARCELS_RING; i++) {
		assert_true(send_one(p, 1, i));
		assert_true(take_one(p, &worker, &number));
		assert_int_equal(worker, 1);
		assert_int_equal(number, i);
	}
	assert_false(take_one(p, &worker, &number));
	parcels_free(p);
}

static void the_fd_says_that_there_is_something(void **state)
{
	struct parcels *p = make();
	size_t worker;
	uint32_t number;

	(void)state;
	assert_false(is_readable(p));
	assert_true(send_one(p, 0, 1));
	assert_true(is_readable(p));
	parcels_clear(p);
	assert_false(is_readable(p));
	/* What comes after clearing makes it readable again, whatever is read meanwhile. */
	assert_true(send_one(p, 2, 2));
	assert_true(take_one(p, &worker, &number) && take_one(p, &worker, &number));
	assert_true(is_readable(p));
	parcels_clear(p);
	parcels_clear(p);
	parcels_free(p);
}

static void a_full_ring_takes_no_more(void **state)
{
	struct parcels *p = make();
	size_t worker;
	uint32_t number;

	(void)state;
	for (uint32_t i = 0; i < PARCELS_RING; i++)
		assert_true(send_one(p, 0, i));
	assert_false(send_one(p, 0, 0));
	assert_true(send_one(p, 1, 7)); /* another's has nothing to do with it */
	assert_true(take_one(p, &worker, &number));
	assert_true(take_one(p, &worker, &number));
	assert_true(send_one(p, 0, PARCELS_RING));
	for (uint32_t i = 0; i < PARCELS_RING; i++)
		assert_true(take_one(p, &worker, &number));
	assert_int_equal(number, PARCELS_RING);
	assert_false(take_one(p, &worker, &number));
	parcels_free(p);
}

/* However much one sends, the others' turn comes. */
static void rings_take_turns(void **state)
{
	struct parcels *p = make();
	uint32_t of[WORKERS] = {0}, number;
	size_t worker;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_true(send_one(p, 0, i));
	for (uint32_t i = 0; i < 5; i++)
		assert_true(send_one(p, 1, i) && send_one(p, 2, i));
	for (uint32_t i = 0; i < 15; i++) {
		assert_true(take_one(p, &worker, &number));
		assert_int_equal(number, of[worker]++);
	}
	for (size_t i = 0; i < WORKERS; i++)
		assert_int_equal(of[i], 5);
	parcels_free(p);
}

#define EACH 20000

struct worker {
	struct parcels *parcels;
	size_t number;
	pthread_t thread;
};

static void *run(void *arg)
{
	const struct worker *w = arg;

	for (uint32_t i = 0; i < EACH;) {
		if (send_one(w->parcels, w->number, i))
			i++;
		else
			sched_yield();
	}
	return NULL;
}

static void threads(void **state)
{
	struct worker workers[WORKERS];
	uint32_t of[WORKERS] = {0}, number;
	struct parcels *p = make();
	size_t from;

	(void)state;
	for (size_t i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.parcels = p, .number = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (uint32_t left = WORKERS * EACH; left > 0;) {
		struct pollfd fd = {.fd = parcels_fd(p), .events = POLLIN};
		assert_int_equal(poll(&fd, 1, 10000), 1);
		parcels_clear(p);
		for (; take_one(p, &from, &number); left--)
			assert_int_equal(number, of[from]++);
	}
	for (size_t i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	parcels_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_comes_in_its_order),
		cmocka_unit_test(the_fd_says_that_there_is_something),
		cmocka_unit_test(a_full_ring_takes_no_more),
		cmocka_unit_test(rings_take_turns),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
