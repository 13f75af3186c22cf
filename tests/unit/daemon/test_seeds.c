/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "daemon/seeds.h"

#include "../unit.h"

#define PORT     8471
#define WAIT_S   20
#define SEEN_MAX 64

/* What was found, and how often something was. */
struct finder {
	pthread_mutex_t lock;
	pthread_cond_t told;
	unsigned calls;
	struct addr addrs[SEEN_MAX];
	size_t count;
};

static void found(void *owner, const struct addr *addrs, size_t n)
{
	struct finder *f = owner;

	assert_true(n <= SEEN_MAX);
	pthread_mutex_lock(&f->lock);
	f->calls++;
	f->count = n;
	if (n)
		memcpy(f->addrs, addrs, n * sizeof(addrs[0]));
	pthread_cond_signal(&f->told);
	pthread_mutex_unlock(&f->lock);
}

static void finder_init(struct finder *f)
{
	memset(f, 0, sizeof(*f));
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->told, NULL);
}

static unsigned calls_of(struct finder *f)
{
	pthread_mutex_lock(&f->lock);
	unsigned calls = f->calls;
	pthread_mutex_unlock(&f->lock);
	return calls;
}

static void wait_for_calls(struct finder *f, unsigned calls)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&f->lock);
	while (f->calls < calls && err == 0)
		err = pthread_cond_timedwait(&f->told, &f->lock, &until);
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(err, 0);
}

static struct seeds *seek_as(const char *own, struct finder *f, const char *const *texts, size_t n)
{
	struct server_name names[SEEN_MAX + 1];
	struct addr self;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(server_name_parse(texts[i], &names[i]), 0);
	assert_int_equal(addr_parse(own, PORT, &self), 0);
	struct seeds *s = seeds_new(&(struct server_list){names, n}, &self, found, f);
	assert_non_null(s);
	unsigned calls = calls_of(f);
	seeds_seek(s);
	assert_true(calls_of(f) > calls);
	memset(names, 0, sizeof(names)); /* it has its own copies */
	return s;
}

static struct seeds *seek(struct finder *f, const char *const *texts, size_t n)
{
	return seek_as("192.0.2.9", f, texts, n);
}

static bool has(const struct finder *f, const char *text)
{
	struct addr want;

	assert_int_equal(addr_parse(text, 0, &want), 0);
	for (size_t i = 0; i < f->count; i++)
		if (addr_equal(&f->addrs[i], &want))
			return true;
	return false;
}

static void addresses_are_found_at_once(void **state)
{
	static const char *const texts[] = {"192.0.2.1", "192.0.2.2:99", "[2001:db8::1]:7"};
	struct finder f;

	(void)state;
	finder_init(&f);
	struct seeds *s = seek(&f, texts, 3);
	assert_int_equal(f.calls, 1);
	assert_int_equal(f.count, 3);
	assert_true(has(&f, "192.0.2.1:8471") && has(&f, "192.0.2.2:99"));
	assert_true(has(&f, "[2001:db8::1]:7"));
	seeds_free(s);
	assert_int_equal(f.calls, 1);
}

static void none_is_said_too(void **state)
{
	struct finder f;

	(void)state;
	finder_init(&f);
	seeds_free(seek(&f, NULL, 0));
	assert_int_equal(f.calls, 1);
	assert_int_equal(f.count, 0);
	seeds_free(NULL);
}

/* The addresses first, so that nobody waits for a name; then all. */
static void names_are_looked_up_behind(void **state)
{
	static const char *const texts[] = {"localhost:5", "192.0.2.1"};
	struct finder f;

	(void)state;
	finder_init(&f);
	struct seeds *s = seek(&f, texts, 2);
	wait_for_calls(&f, 2);
	pthread_mutex_lock(&f.lock);
	assert_true(has(&f, "192.0.2.1:8471"));
	assert_true(f.count >= 2);
	assert_true(has(&f, "127.0.0.1:5"));
	pthread_mutex_unlock(&f.lock);
	seeds_free(s);
}

/* A server has one address, and sends to its like only. */
static void names_have_addresses_of_both_families(void **state)
{
	static const char *const texts[] = {"localhost:5"};
	struct finder f;

	(void)state;
	finder_init(&f);
	struct seeds *s = seek(&f, texts, 1);
	wait_for_calls(&f, 2);
	assert_false(has(&f, "[::1]:5"));
	seeds_free(s);
	finder_init(&f);
	s = seek_as("2001:db8::9", &f, texts, 1);
	wait_for_calls(&f, 2);
	assert_false(has(&f, "127.0.0.1:5"));
	seeds_free(s);
}

/* Freed at any moment of a look-up: then it is not heard of again. */
static void nothing_comes_after_the_end(void **state)
{
	static const char *const texts[] = {"localhost"};
	const struct timespec while_it_looks = {.tv_nsec = 200000}, after = {.tv_nsec = 300000000};
	struct finder f;

	(void)state;
	finder_init(&f);
	for (int i = 0; i < 100; i++) {
		struct seeds *s = seek(&f, texts, 1);
		if (i % 2)
			nanosleep(&while_it_looks, NULL);
		seeds_free(s);
	}
	unsigned calls = calls_of(&f);
	assert_in_range(calls, 100, 200);
	nanosleep(&after, NULL);
	assert_int_equal(calls_of(&f), calls);
}

/* A reload makes new ones, and lets the old ones go before these begin. */
static void nothing_is_found_before_it_begins(void **state)
{
	struct server_name name;
	struct addr self = {.port = PORT};
	const struct timespec a_while = {.tv_nsec = 50000000};
	struct finder f;

	(void)state;
	finder_init(&f);
	assert_int_equal(server_name_parse("localhost", &name), 0);
	struct seeds *s = seeds_new(&(struct server_list){&name, 1}, &self, found, &f);
	assert_non_null(s);
	nanosleep(&a_while, NULL);
	seeds_free(s);
	nanosleep(&a_while, NULL);
	assert_int_equal(calls_of(&f), 0);
}

static void there_is_a_limit(void **state)
{
	const char *texts[SEEN_MAX + 1];
	struct finder f;

	(void)state;
	finder_init(&f);
	for (size_t i = 0; i < COUNT(texts); i++)
		texts[i] = "192.0.2.1";
	seeds_free(seek(&f, texts, COUNT(texts)));
	assert_int_equal(f.count, SEEN_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_found_at_once),
		cmocka_unit_test(none_is_said_too),
		cmocka_unit_test(names_are_looked_up_behind),
		cmocka_unit_test(names_have_addresses_of_both_families),
		cmocka_unit_test(nothing_comes_after_the_end),
		cmocka_unit_test(nothing_is_found_before_it_begins),
		cmocka_unit_test(there_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
