/* SPDX-License-Identifier: BSD-2-Clause */
/* The blocking calls, against a server that speaks bytes. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "client/dht.h"

#include "../unit.h"
#include "responder.h"

#define MANY 3000

static struct dht_hash hash(uint8_t first, uint8_t second, uint32_t rest)
{
	struct dht_hash h = {.len = 32, .bytes = {first, second}};

	memcpy(h.bytes + 2, &rest, sizeof(rest));
	return h;
}

static struct dht *open_with(
	const char *servers, bool base_only, uint32_t timeout_ms, uint32_t tries)
{
	struct dht_options options = {.servers = servers,
		.timeout_ms = timeout_ms,
		.tries = tries,
		.base_only = base_only};
	struct dht *d;

	assert_int_equal(dht_open(&d, &options), 0);
	return d;
}

/* No machine is so slow that anything is tried again. */
static struct dht *connect_to(const char *servers, bool base_only)
{
	return open_with(servers, base_only, 5000, 6);
}

/* Where time-outs are what is waited for. */
static struct dht *connect_in_haste(const char *servers, bool base_only)
{
	return open_with(servers, base_only, 100, 6);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

struct steps {
	size_t calls, last, total;
};

static void on_progress(void *arg, size_t done, size_t total)
{
	struct steps *steps = arg;

	assert_true(done >= steps->last && done <= total);
	steps->last = done;
	steps->total = total;
	steps->calls++;
}

static void get_many(void **state)
{
	struct dht_hash *hashes = calloc(MANY, sizeof(*hashes));
	struct responder responder;
	struct dht_answer *answers;
	struct steps steps = {0};

	(void)state;
	responder_start(&responder, 0);
	for (uint32_t i = 0; i < MANY; i++)
		hashes[i] = hash((uint8_t)(i % 251), 0, i);
	for (int base = 0; base < 2; base++) {
		struct dht *d = connect_to(responder.address, base);
		steps.last = steps.calls = 0;
		dht_set_progress(d, on_progress, &steps);
		assert_int_equal(dht_get(d, hashes, MANY, &answers), 0);
		for (size_t i = 0; i < MANY; i++) {
			bool there = hashes[i].bytes[0] % 2 == 0;
			assert_int_equal(answers[i].error, 0);
			assert_int_equal(answers[i].provider_count, there);
			if (there)
				assert_int_equal(answers[i].providers[0].port, base ? 0 : 8000);
			else
				assert_null(answers[i].providers);
		}
		dht_answers_free(answers, MANY);
		assert_int_equal(steps.last, MANY);
		assert_int_equal(steps.total, MANY);
		assert_true(steps.calls > 1);
		dht_set_progress(d, NULL, NULL);
		dht_close(d);
	}
	responder_stop(&responder);
	free(hashes);
}

static void statuses_and_what_a_put_returns(void **state)
{
	static const struct {
		uint8_t statuses[3];
		int error;
		uint32_t ttl_s;
	} table[] = {
		{{0, 0, 0}, 0, 77},
		{{0, 1, 0}, DHT_ERR_PARTIAL, 77},
		{{1, 1, 1}, DHT_ERR_PARTIAL, 77},
		{{0, 2, 3}, DHT_ERR_PARTIAL, 77},
		{{2, 2, 2}, DHT_ERR_REFUSED, 0},
		{{3, 2, 2}, DHT_ERR_FULL, 0},
		{{9, 9, 9}, DHT_ERR_PROTOCOL, 0},
	};
	const struct dht_put_options options = {.port = 80};
	struct dht_hash hashes[3];
	struct responder responder;
	uint8_t statuses[3];
	uint32_t ttl_s;

	(void)state;
	responder_start(&responder, 0);
	struct dht *d = connect_to(responder.address, false);
	for (size_t i = 0; i < COUNT(table); i++) {
		for (uint32_t j = 0; j < 3; j++)
			hashes[j] = hash(1, table[i].statuses[j], j);
		assert_int_equal(dht_put(d, hashes, 3, &options, statuses, &ttl_s), table[i].error);
		assert_memory_equal(statuses, table[i].statuses, 3);
		assert_int_equal(ttl_s, table[i].ttl_s);
		assert_int_equal(dht_put(d, hashes, 3, NULL, NULL, NULL), table[i].error);
		memset(statuses, 77, sizeof(statuses));
		assert_int_equal(dht_drop(d, hashes, 3, NULL, statuses), table[i].error);
		assert_memory_equal(statuses, table[i].statuses, 3);
	}
	dht_close(d);
	responder_stop(&responder);
}

static void put_many_by_base_messages(void **state)
{
	struct dht_hash *hashes = calloc(MANY, sizeof(*hashes));
	uint8_t *statuses = malloc(MANY);
	struct responder responder;
	uint32_t ttl_s = 5;

	(void)state;
	responder_start(&responder, 0);
	for (uint32_t i = 0; i < MANY; i++)
		hashes[i] = hash(2, 2, i);
	struct dht *d = connect_to(responder.address, true);
	assert_int_equal(dht_put(d, hashes, MANY, NULL, statuses, &ttl_s), 0);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(statuses[i], DHT_STORED);
	assert_int_equal(ttl_s, 0);
	assert_true(responder.received[1] >= MANY);
	assert_int_equal(dht_drop(d, hashes, MANY, NULL, NULL), DHT_ERR_ARGUMENT);
	dht_close(d);
	responder_stop(&responder);
	free(hashes);
	free(statuses);
}

static void nothing_is_done_at_once(void **state)
{
	struct dht_answer *answers = (struct dht_answer *)&answers;
	uint32_t ttl_s = 5;

	(void)state;
	struct dht *d = connect_to("127.8.0.9", false);
	assert_int_equal(dht_get(d, NULL, 0, &answers), 0);
	assert_null(answers);
	dht_answers_free(answers, 0);
	assert_int_equal(dht_put(d, NULL, 0, NULL, NULL, &ttl_s), 0);
	assert_int_equal(ttl_s, 0);
	assert_int_equal(dht_drop(d, NULL, 0, NULL, NULL), 0);
	dht_close(d);
}

static void wrong_arguments(void **state)
{
	struct dht_hash hashes[2] = {{.len = 1}, {.len = 0}};
	struct dht_answer *answers;
	size_t n;

	(void)state;
	struct dht *d = connect_to("127.8.0.9", false);
	assert_int_equal(dht_get(d, hashes, 2, &answers), DHT_ERR_ARGUMENT);
	assert_null(answers);
	assert_int_equal(dht_get(d, NULL, 1, &answers), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_get(d, hashes, 1, NULL), DHT_ERR_ARGUMENT);
	hashes[1].len = 65;
	assert_int_equal(dht_put(d, hashes, 2, NULL, NULL, NULL), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_drop(d, hashes, 2, NULL, NULL), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_want(d, hashes, 2, 1, NULL, NULL), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_want(d, hashes, 0, 1, NULL, NULL), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_servers(d, NULL, &n), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_exit(d, NULL, 1), DHT_ERR_ARGUMENT);
	char password[1026];
	memset(password, 'x', sizeof(password));
	password[1025] = '\0';
	assert_int_equal(dht_exit(d, password, 1), DHT_ERR_ARGUMENT);
	dht_close(d);
}

static void silence_ends_every_call(void **state)
{
	struct dht_hash hashes[2] = {hash(2, 0, 0), hash(2, 0, 1)};
	struct responder responder;
	struct dht_answer *answers;
	uint8_t statuses[2];

	(void)state;
	responder_start(&responder, 0);
	responder.silent = true;
	for (int base = 0; base < 2; base++) {
		struct dht *d = open_with(responder.address, base, 100, 2);
		assert_int_equal(dht_get(d, hashes, 2, &answers), DHT_ERR_TIMEOUT);
		assert_int_equal(answers[0].error, DHT_ERR_TIMEOUT);
		assert_int_equal(answers[1].error, DHT_ERR_TIMEOUT);
		dht_answers_free(answers, 2);
		assert_int_equal(dht_put(d, hashes, 2, NULL, statuses, NULL), DHT_ERR_TIMEOUT);
		assert_int_equal(statuses[0], DHT_NO_ANSWER);
		assert_int_equal(dht_ping(d, NULL), DHT_ERR_TIMEOUT);
		assert_int_equal(dht_want(d, hashes, 2, UINT32_MAX, NULL, NULL), DHT_ERR_TIMEOUT);
		assert_int_equal(dht_exit(d, "sesame", 1000), DHT_ERR_TIMEOUT);
		dht_close(d);
	}
	responder_stop(&responder);
}

static void nobody_there_is_known_soon(void **state)
{
	struct dht_hash h = hash(2, 0, 0);
	struct dht_options options = {.timeout_ms = 500};
	struct dht_answer *answers;
	char nobody[32];
	struct dht *d;

	(void)state;
	responder_nobody(nobody, 0);
	options.servers = nobody;
	assert_int_equal(dht_open(&d, &options), 0);
	double start = seconds();
	assert_int_equal(dht_get(d, &h, 1, &answers), DHT_ERR_UNREACHABLE);
	assert_true(seconds() - start < 5); /* time-outs would be 10 s */
	dht_answers_free(answers, 1);
	dht_close(d);
}

static void the_next_server_takes_over(void **state)
{
	struct dht_hash h = hash(2, 0, 0);
	struct responder silent, good;
	struct dht_answer *answers;
	struct dht_trip trip;
	char list[80];

	(void)state;
	responder_start(&silent, 0);
	responder_start(&good, 1);
	silent.silent = true;
	snprintf(list, sizeof(list), "%s,%s", silent.address, good.address);
	for (int base = 0; base < 2; base++) {
		struct dht *d = connect_in_haste(list, base);
		assert_int_equal(dht_get(d, &h, 1, &answers), 0);
		dht_answers_free(answers, 1);
		dht_last_trip(d, &trip);
		assert_string_equal(trip.server, good.address);
		dht_close(d);
	}
	responder_stop(&silent);
	responder_stop(&good);
}

static void want_one_of_several(void **state)
{
	struct dht_hash hashes[3] = {hash(1, 0, 0), hash(2, 0, 0), hash(1, 0, 1)};
	struct responder responder;
	struct dht_provider provider;
	size_t which;

	(void)state;
	responder_start(&responder, 0);
	struct dht *d = connect_to(responder.address, false);
	/* The first hash of the watch is told to have appeared. */
	assert_int_equal(dht_want(d, hashes, 3, 5000, &which, &provider), 0);
	assert_int_equal(which, 0);
	assert_int_equal(provider.port, 9);
	assert_int_equal(provider.ip[15], 2);
	dht_close(d);
	d = connect_to(responder.address, true);
	assert_int_equal(dht_want(d, hashes, 2, 5000, &which, &provider), 0);
	assert_true(which < 2);
	assert_int_equal(dht_want(d, hashes, 1, 5000, NULL, NULL), 0);
	assert_true(responder.received[2] >= 1);
	dht_close(d);
	responder_stop(&responder);
}

static void a_want_that_nobody_fulfils(void **state)
{
	struct dht_hash h = hash(1, 9, 0);
	struct responder responder;

	(void)state;
	responder_start(&responder, 0);
	for (int base = 0; base < 2; base++) {
		struct dht *d = connect_to(responder.address, base);
		double start = seconds();
		assert_int_equal(dht_want(d, &h, 1, 200, NULL, NULL), DHT_ERR_TIMEOUT);
		assert_true(seconds() - start >= 0.2);
		assert_true(seconds() - start < 10);
		dht_close(d);
	}
	/* The watch, and the farewell to it. */
	responder_expect(&responder, 22, 2);
	responder_stop(&responder);
}

static void ping_and_servers(void **state)
{
	struct responder responder;
	struct dht_server_info info;
	struct dht_provider *servers;
	size_t n;

	(void)state;
	responder_start(&responder, 0);
	struct dht *d = connect_to(responder.address, false);
	assert_int_equal(dht_ping(d, &info), 0);
	assert_int_equal(info.protocol_version, 2);
	assert_int_equal(info.members, 3);
	assert_int_equal(info.uptime_s, 4000);
	assert_string_equal(info.name, "responder");
	assert_int_equal(dht_servers(d, &servers, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(servers[1].port, 8470);
	assert_int_equal(servers[1].ip[15], 2);
	free(servers);
	dht_close(d);
	d = connect_to(responder.address, true);
	assert_int_equal(dht_ping(d, &info), 0);
	assert_int_equal(info.members, 0);
	assert_int_equal(dht_servers(d, &servers, &n), DHT_ERR_ARGUMENT);
	assert_null(servers);
	dht_close(d);
	responder_stop(&responder);
}

/* What the handle does by itself. */
static void let_it_finish(struct dht *d)
{
	int wait_ms;

	while ((wait_ms = dht_timeout_ms(d)) >= 0) {
		struct pollfd p = {.fd = dht_fd(d), .events = POLLIN};
		assert_true(poll(&p, 1, wait_ms) >= 0);
		assert_int_equal(dht_process(d), 0);
	}
}

static void a_learned_server_takes_over(void **state)
{
	struct dht_hash h = hash(2, 0, 0);
	struct responder given, other;
	struct dht_answer *answers;
	struct dht_trip trip;

	(void)state;
	responder_start(&other, 1);
	for (int learning = 0; learning < 2; learning++) {
		responder_start(&given, 0);
		given.knows = &other;
		struct dht *d = connect_in_haste(given.address, false);
		dht_set_learning(d, learning);
		assert_int_equal(dht_put(d, &h, 1, NULL, NULL, NULL), 0);
		let_it_finish(d);
		assert_int_equal(given.received[28], learning);
		responder_stop(&given);
		assert_int_equal(dht_get(d, &h, 1, &answers), learning ? 0 : DHT_ERR_UNREACHABLE);
		dht_answers_free(answers, 1);
		dht_last_trip(d, &trip);
		assert_string_equal(trip.server, learning ? other.address : given.address);
		dht_close(d);
	}
	responder_stop(&other);
}

/* Not even for the first time-out, though there is nobody to say that it is gone. */
static void a_silent_server_is_not_waited_for_again(void **state)
{
	struct dht_hash h = hash(2, 0, 0);
	struct responder silent, good;
	char list[80];

	(void)state;
	responder_start(&silent, 0);
	responder_start(&good, 1);
	silent.silent = true;
	snprintf(list, sizeof(list), "%s,%s", silent.address, good.address);
	struct dht *d = connect_in_haste(list, false);
	for (int i = 0; i < 50; i++)
		assert_int_equal(dht_put(d, &h, 1, NULL, NULL, NULL), 0);
	assert_int_equal(silent.received[18], 2);
	dht_close(d);
	responder_stop(&silent);
	responder_stop(&good);
}

static void exit_waits_for_the_end(void **state)
{
	struct responder responder;

	(void)state;
	for (int base = 0; base < 2; base++) {
		responder_start(&responder, 0);
		struct dht *d = connect_in_haste(responder.address, base);
		assert_int_equal(dht_exit(d, "open", 100), DHT_ERR_REFUSED);
		assert_int_equal(responder.received[4], 1);
		assert_int_equal(dht_exit(d, "sesame", 10000), 0);
		/* A server that is not there cannot be told from one that has gone. */
		assert_int_equal(dht_exit(d, "sesame", 10000), DHT_ERR_UNREACHABLE);
		dht_close(d);
		responder_stop(&responder);
	}
}

static void an_exit_that_was_lost_is_sent_again(void **state)
{
	struct responder responder;

	(void)state;
	responder_start(&responder, 0);
	responder.deaf = true;
	struct dht *d = connect_in_haste(responder.address, false);
	assert_int_equal(dht_exit(d, "sesame", 10000), 0);
	assert_int_equal(responder.received[4], 2);
	dht_close(d);
	responder_stop(&responder);
}

static void a_call_that_the_system_fails(void **state)
{
	struct dht_hash h = hash(2, 0, 0);
	struct responder responder;
	struct dht_answer *answers;
	struct rlimit limit, none;

	(void)state;
	responder_start(&responder, 0);
	struct dht *d = connect_to(responder.address, false);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(dht_get(d, &h, 1, &answers), DHT_ERR_SYSTEM);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(answers[0].error, DHT_ERR_CANCELLED);
	dht_answers_free(answers, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(dht_get(d, &h, 1, &answers), 0);
	dht_answers_free(answers, 1);
	dht_close(d);
	responder_stop(&responder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_many),
		cmocka_unit_test(statuses_and_what_a_put_returns),
		cmocka_unit_test(put_many_by_base_messages),
		cmocka_unit_test(nothing_is_done_at_once),
		cmocka_unit_test(wrong_arguments),
		cmocka_unit_test(silence_ends_every_call),
		cmocka_unit_test(nobody_there_is_known_soon),
		cmocka_unit_test(the_next_server_takes_over),
		cmocka_unit_test(want_one_of_several),
		cmocka_unit_test(a_want_that_nobody_fulfils),
		cmocka_unit_test(ping_and_servers),
		cmocka_unit_test(a_learned_server_takes_over),
		cmocka_unit_test(a_silent_server_is_not_waited_for_again),
		cmocka_unit_test(exit_waits_for_the_end),
		cmocka_unit_test(an_exit_that_was_lost_is_sent_again),
		cmocka_unit_test(a_call_that_the_system_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
