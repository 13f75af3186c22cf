/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle in an event loop. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/dht.h"

#include "../unit.h"
#include "responder.h"

/* What the callbacks were told. */
struct log {
	struct dht *d;
	struct dht_request *request;
	size_t ends, events;
	int error;
	uint8_t status;
	size_t providers;
	uint16_t port;
	enum dht_event_kind kind;
	size_t start_more; /* gets that the callback is to start */
	bool cancel;       /* request, from the callback */
};

static struct dht_hash hash(uint8_t first, uint8_t second)
{
	return (struct dht_hash){.len = 3, .bytes = {first, second, 7}};
}

static void on_done(void *arg, const struct dht_hash *h, int error, uint8_t status,
	const struct dht_answer *answer)
{
	struct log *log = arg;
	struct dht_hash copy = *h;

	log->ends++;
	log->error = error;
	log->status = status;
	log->providers = answer ? answer->provider_count : SIZE_MAX;
	if (log->start_more > 0) {
		log->start_more--;
		copy.bytes[2]++;
		dht_start_get(log->d, &copy, on_done, log);
	}
	if (log->cancel)
		dht_cancel(log->d, log->request);
}

static void on_event(void *arg, const struct dht_hash *h, enum dht_event_kind kind, int error,
	const struct dht_provider *provider)
{
	struct log *log = arg;

	if (kind == DHT_WATCH_ENDED) {
		log->ends++;
		log->error = error;
		assert_null(provider);
		return;
	}
	assert_int_equal(error, 0);
	log->events++;
	log->kind = kind;
	log->port = provider->port;
	if (log->cancel)
		dht_cancel(log->d, log->request);
	assert_int_equal(h->bytes[2], 7); /* also after that */
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Loops until *count is n, or for so long. */
static void loop(struct dht *d, const size_t *count, size_t n, double longest)
{
	double end = seconds() + longest;

	while (*count < n && seconds() < end) {
		struct pollfd p = {.fd = dht_fd(d), .events = POLLIN};
		int timeout = dht_timeout_ms(d);
		poll(&p, 1, timeout < 0 || timeout > 20 ? 20 : timeout);
		assert_int_equal(dht_process(d), 0);
	}
}

static struct dht *connect_to(const struct responder *r)
{
	struct dht_options options = {.servers = r->address, .timeout_ms = 5000};
	struct dht *d;

	assert_int_equal(dht_open(&d, &options), 0);
	return d;
}

static void options_out_of_their_range(void **state)
{
	static const uint8_t key[32];
	static const char long_name[] =
		"a name of sixty-five bytes, which is one more than there may be.x";
	const struct dht_options bad[] = {
		{.servers = ""},
		{.servers = "a b"},
		{.servers = "127.0.0.1:"},
		{.timeout_ms = 60001},
		{.tries = 1001},
		{.window = 1025},
		{.max_datagram = 511},
		{.max_datagram = 65508},
		{.key_name = "a"},
		{.key = key},
		{.key = key, .key_name = ""},
		{.key = key, .key_name = long_name},
	};
	const struct dht_options good = {.timeout_ms = 60000,
		.tries = 1000,
		.window = 1024,
		.max_datagram = 65507,
		.key = key,
		.key_name = long_name + 1};
	struct dht *d;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		d = (struct dht *)&d;
		assert_int_equal(dht_open(&d, &bad[i]), DHT_ERR_ARGUMENT);
		assert_null(d);
	}
	assert_int_equal(dht_open(&d, &good), 0);
	dht_close(d);
	assert_int_equal(dht_open(&d, NULL), 0);
	dht_close(d);
	dht_close(NULL);
	assert_int_equal(dht_open(NULL, NULL), DHT_ERR_ARGUMENT);
}

static void opening_sends_nothing_and_waits_for_nothing(void **state)
{
	struct dht *d;
	struct dht_trip trip;

	(void)state;
	assert_int_equal(dht_open(&d, NULL), 0);
	assert_true(dht_fd(d) >= 0);
	assert_int_equal(dht_timeout_ms(d), -1);
	assert_int_equal(dht_process(d), 0);
	dht_last_trip(d, &trip);
	assert_string_equal(trip.server, "");
	dht_close(d);
}

static void a_get_a_put_and_a_drop(void **state)
{
	struct responder responder;
	struct log get = {0}, put = {0}, drop = {0};
	const struct dht_put_options options = {.port = 5};
	struct dht_trip trip;

	(void)state;
	responder_start(&responder, 0);
	struct dht *d = connect_to(&responder);
	struct dht_hash there = hash(2, 0), refused = hash(3, 2);
	assert_non_null(dht_start_get(d, &there, on_done, &get));
	assert_non_null(dht_start_put(d, &refused, &options, on_done, &put));
	assert_non_null(dht_start_drop(d, &there, NULL, on_done, &drop));
	assert_int_equal(dht_timeout_ms(d), 0);
	assert_int_equal(get.ends + put.ends + drop.ends, 0);
	loop(d, &get.ends, 1, 5);
	loop(d, &put.ends, 1, 5);
	loop(d, &drop.ends, 1, 5);
	assert_int_equal(get.error, 0);
	assert_int_equal(get.providers, 1);
	assert_int_equal(put.error, DHT_ERR_REFUSED);
	assert_int_equal(put.status, DHT_REFUSED);
	assert_int_equal(put.providers, SIZE_MAX);
	assert_int_equal(drop.error, 0);
	assert_int_equal(drop.status, DHT_STORED);
	dht_last_trip(d, &trip);
	assert_string_equal(trip.server, responder.address);
	assert_int_equal(trip.tries, 1);
	assert_true(trip.round_trip_us > 0);
	dht_close(d);
	responder_stop(&responder);
}

static void callbacks_may_start_and_cancel(void **state)
{
	struct responder responder;
	struct log log = {.start_more = 50}, other = {0};

	(void)state;
	responder_start(&responder, 0);
	struct dht *d = log.d = connect_to(&responder);
	struct dht_hash h = hash(2, 0);
	dht_start_get(d, &h, on_done, &log);
	loop(d, &log.ends, 51, 5);
	assert_int_equal(log.ends, 51);
	/* The first to end cancels the second, which ends with it. */
	log.ends = 0;
	log.cancel = true;
	dht_start_get(d, &h, on_done, &log);
	log.request = dht_start_get(d, &h, on_done, &other);
	loop(d, &log.ends, 1, 5);
	loop(d, &other.ends, 1, 0.1);
	assert_int_equal(other.ends, 0);
	dht_cancel(d, NULL);
	dht_close(d);
	responder_stop(&responder);
}

static void a_watch_tells_what_is_there_and_what_comes(void **state)
{
	struct responder responder;
	struct log log = {0};

	(void)state;
	responder_start(&responder, 0);
	struct dht *d = log.d = connect_to(&responder);
	struct dht_hash h = hash(2, 0);
	log.request = dht_start_watch(d, &h, on_event, &log);
	assert_non_null(log.request);
	loop(d, &log.events, 2, 5);
	assert_int_equal(log.events, 2);
	assert_int_equal(log.kind, DHT_APPEARED);
	responder_expect(&responder, 24, 1);
	dht_cancel(d, log.request);
	/* Cancelled from inside its own callback, and its farewell is sent. */
	log.cancel = true;
	log.request = dht_start_watch(d, &h, on_event, &log);
	loop(d, &log.events, 3, 5);
	loop(d, &log.events, 4, 0.1);
	assert_int_equal(log.events, 3);
	assert_int_equal(log.ends, 0);
	responder_expect(&responder, 22, 4);
	dht_close(d);
	responder_stop(&responder);
}

static void closing_ends_what_is_under_way(void **state)
{
	struct responder responder;
	struct log done = {.start_more = 100}, watch = {0};

	(void)state;
	responder_start(&responder, 0);
	responder.silent = true;
	struct dht *d = done.d = connect_to(&responder);
	struct dht_hash h = hash(2, 0);
	for (int i = 0; i < 10; i++)
		dht_start_get(d, &h, on_done, &done);
	dht_start_watch(d, &h, on_event, &watch);
	loop(d, &done.ends, 1, 0.05);
	assert_int_equal(done.ends, 0);
	dht_close(d);
	/* What the callbacks wanted to start was not started. */
	assert_int_equal(done.ends, 10);
	assert_int_equal(done.error, DHT_ERR_CANCELLED);
	assert_int_equal(watch.ends, 1);
	assert_int_equal(watch.error, DHT_ERR_CANCELLED);
	responder_stop(&responder);
}

static void time_outs_come_by_themselves(void **state)
{
	struct responder responder;
	struct log log = {0};
	struct dht *d;

	(void)state;
	responder_start(&responder, 0);
	responder.silent = true;
	struct dht_options options = {.servers = responder.address, .timeout_ms = 20, .tries = 3};
	assert_int_equal(dht_open(&d, &options), 0);
	struct dht_hash h = hash(2, 0);
	dht_start_get(d, &h, on_done, &log);
	dht_process(d);
	assert_in_range(dht_timeout_ms(d), 1, 23);
	double start = seconds();
	while (log.ends == 0) {
		struct pollfd p = {.fd = dht_fd(d), .events = POLLIN};
		assert_int_equal(poll(&p, 1, dht_timeout_ms(d)), 0);
		assert_int_equal(dht_process(d), 0);
		assert_true(seconds() - start < 5);
	}
	assert_int_equal(log.error, DHT_ERR_TIMEOUT);
	responder_expect(&responder, 16, 3);
	assert_true(seconds() - start > 0.09);
	assert_int_equal(dht_timeout_ms(d), -1);
	dht_close(d);
	responder_stop(&responder);
}

static void what_cannot_be_started(void **state)
{
	struct dht_hash good = hash(1, 1), none = {0}, too_long = {.len = 65};
	struct dht_options options = {.base_only = true};
	struct dht *d;

	(void)state;
	assert_int_equal(dht_open(&d, NULL), 0);
	errno = 0;
	assert_null(dht_start_get(d, &none, on_done, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(dht_start_put(d, &too_long, NULL, on_done, NULL));
	assert_null(dht_start_drop(d, NULL, NULL, on_done, NULL));
	assert_null(dht_start_get(d, &good, NULL, NULL));
	assert_null(dht_start_watch(d, &good, NULL, NULL));
	assert_int_equal(dht_timeout_ms(d), -1);
	dht_close(d);
	assert_int_equal(dht_open(&d, &options), 0);
	errno = 0;
	assert_null(dht_start_drop(d, &good, NULL, on_done, NULL));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(dht_start_watch(d, &good, on_event, NULL));
	assert_int_equal(errno, EINVAL);
	dht_close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_out_of_their_range),
		cmocka_unit_test(opening_sends_nothing_and_waits_for_nothing),
		cmocka_unit_test(a_get_a_put_and_a_drop),
		cmocka_unit_test(callbacks_may_start_and_cancel),
		cmocka_unit_test(a_watch_tells_what_is_there_and_what_comes),
		cmocka_unit_test(closing_ends_what_is_under_way),
		cmocka_unit_test(time_outs_come_by_themselves),
		cmocka_unit_test(what_cannot_be_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
