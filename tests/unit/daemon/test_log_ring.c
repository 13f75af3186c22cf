/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/log_ring.h"

#include "../unit.h"

static void put(enum log_level level, const char *message)
{
	log_ring_put(level, -1, message, "");
}

/* Reads the next line and expects it to say this; NULL: none. */
static void expect(uint64_t *sequence, enum log_level level, const char *want)
{
	struct log_line l;
	uint64_t lost = 99;

	assert_int_equal(log_read(sequence, level, &l, &lost), want != NULL);
	assert_int_equal(lost, 0);
	if (!want)
		return;
	assert_string_equal(l.message, want);
	assert_int_equal(l.sequence, *sequence);
}

static void lines_come_in_order(void **state)
{
	uint64_t at = log_newest(), all = at;
	struct log_line l;
	uint64_t lost;

	(void)state;
	expect(&at, LOG_LEVEL_DEBUG, NULL);
	put(LOG_LEVEL_DEBUG, "one");
	put(LOG_LEVEL_ERROR, "two");
	put(LOG_LEVEL_DEBUG, "three");
	expect(&at, LOG_LEVEL_WARNING, "two");
	expect(&at, LOG_LEVEL_WARNING, NULL);
	assert_int_equal(at, log_newest());
	expect(&all, LOG_LEVEL_DEBUG, "one");
	expect(&all, LOG_LEVEL_DEBUG, "two");
	expect(&all, LOG_LEVEL_DEBUG, "three");
	expect(&all, LOG_LEVEL_DEBUG, NULL);

	log_ring_put(LOG_LEVEL_NOTICE, LOG_EVENT_READY, "four", "DHT_A=1\n");
	assert_true(log_read(&all, LOG_LEVEL_NOTICE, &l, &lost));
	assert_int_equal(l.event, LOG_EVENT_READY);
	assert_int_equal(l.level, LOG_LEVEL_NOTICE);
	assert_string_equal(l.fields, "DHT_A=1\n");
	assert_true(l.wall_us > 1600000000000000);
}

static void what_was_overwritten_is_counted(void **state)
{
	uint64_t at = log_newest(), lost, beyond = at + 1000000;
	struct log_line l;
	char text[20];

	(void)state;
	for (int i = 0; i < LOG_RING + 10; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put(LOG_LEVEL_INFO, text);
	}
	assert_true(log_read(&at, LOG_LEVEL_INFO, &l, &lost));
	assert_int_equal(lost, 10);
	assert_string_equal(l.message, "10");
	expect(&at, LOG_LEVEL_INFO, "11");
	at -= 5;
	assert_false(log_read(&at, LOG_LEVEL_ERROR, &l, &lost));
	assert_int_equal(lost, 3);
	assert_int_equal(at, log_newest());
	/* A cursor that nobody gave out. */
	assert_false(log_read(&beyond, LOG_LEVEL_DEBUG, &l, &lost));
	assert_int_equal(lost, 0);
	assert_int_equal(beyond, log_newest());
	beyond = UINT64_MAX;
	assert_false(log_read(&beyond, LOG_LEVEL_DEBUG, &l, &lost));
	assert_int_equal(lost, 0);
}

static void long_ones_are_cut(void **state)
{
	char message[2 * LOG_RING_LINE_MAX];
	uint64_t at = log_newest(), lost;
	struct log_line l;

	(void)state;
	memset(message, 'x', sizeof(message));
	message[sizeof(message) - 1] = '\0';
	put(LOG_LEVEL_INFO, message);
	assert_true(log_read(&at, LOG_LEVEL_INFO, &l, &lost));
	assert_int_equal(strlen(l.message), LOG_RING_LINE_MAX - 1);
}

static void readers_are_woken(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	eventfd_t n;

	(void)state;
	log_set_wake(fd);
	put(LOG_LEVEL_DEBUG, "one");
	put(LOG_LEVEL_DEBUG, "two");
	assert_int_equal(eventfd_read(fd, &n), 0);
	assert_int_equal(n, 2);
	log_set_wake(-1);
	put(LOG_LEVEL_DEBUG, "three");
	assert_int_equal(eventfd_read(fd, &n), -1);
	close(fd);
}

static void *put_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++)
		put(LOG_LEVEL_DEBUG, "many");
	return NULL;
}

/* What is read and what is lost is all that was put. */
static void threads_may_put(void **state)
{
	uint64_t at = log_newest(), seen = 0, lost = 0;
	pthread_t threads[4];
	struct log_line l;

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_many, NULL), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		while (log_read(&at, LOG_LEVEL_DEBUG, &l, &lost)) {
			seen += 1 + lost;
			assert_string_equal(l.message, "many");
		}
		pthread_join(threads[i], NULL);
	}
	while (log_read(&at, LOG_LEVEL_DEBUG, &l, &lost))
		seen += 1 + lost;
	assert_int_equal(seen, 4 * 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_in_order),
		cmocka_unit_test(what_was_overwritten_is_counted),
		cmocka_unit_test(long_ones_are_cut),
		cmocka_unit_test(readers_are_woken),
		cmocka_unit_test(threads_may_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
