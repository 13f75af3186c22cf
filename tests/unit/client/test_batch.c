/* SPDX-License-Identifier: BSD-2-Clause */
/* When a request is tried again, and where, and when it is given up. */
#include <string.h>

#include "rig.h"

static void many_hashes_go_in_few_datagrams(void **state)
{
	struct rig rig;
	size_t hashes = 0;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_requests(&rig, REQUEST_PUT, 100);
	rig_requests(&rig, REQUEST_GET, 100);
	assert_int_equal(rig_send(&rig), 6);
	for (size_t i = 0; i < 6; i++)
		hashes += rig_hashes(&rig.sent[i]);
	assert_int_equal(hashes, 200);
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(rig.sent[i].m.txid, rig.sent[j].m.txid, 8);
	rig_stop(&rig);
}

static void what_differs_goes_apart(void **state)
{
	const struct dht_hash h = rig_hash("x");
	const uint8_t ip[16] = {[15] = 1};
	const struct dht_put_options puts[] = {{.port = 1}, {.port = 2}, {.port = 2, .ttl_s = 5},
		{.ip = ip, .port = 2, .ttl_s = 5}};
	struct rig rig;

	(void)state;
	rig_init(&rig, 2);
	rig_start(&rig);
	for (size_t i = 0; i < 2 * COUNT(puts); i++) {
		struct request_spec spec = {
			.kind = REQUEST_PUT, .hash = &h, .put = &puts[i / 2], .server = -1};
		assert_non_null(requester_start(rig.r, &spec));
	}
	for (int server = 0; server < 2; server++) {
		struct request_spec spec = {.kind = REQUEST_GET, .hash = &h, .server = server};
		assert_non_null(requester_start(rig.r, &spec));
	}
	assert_int_equal(rig_send(&rig), COUNT(puts) + 2);
	for (size_t i = 0; i < rig.count; i++)
		assert_int_equal(
			rig_hashes(&rig.sent[i]), rig.sent[i].m.type == MSG_ANNOUNCE ? 2 : 1);
	rig_stop(&rig);
}

static void kinds_take_turns(void **state)
{
	struct rig rig;
	size_t gets = 0;

	(void)state;
	rig_init(&rig, 1);
	rig.config.window = 8;
	rig_start(&rig);
	rig_requests(&rig, REQUEST_GET, 1000);
	rig_requests(&rig, REQUEST_PUT, 1000);
	assert_int_equal(rig_send(&rig), 8);
	for (size_t i = 0; i < 8; i++)
		gets += rig.sent[i].m.type == MSG_LOOKUP;
	assert_int_equal(gets, 4);
	rig_stop(&rig);
}

static void the_window_is_kept(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig.config.window = 2;
	rig_start(&rig);
	rig_requests(&rig, REQUEST_PUT, 35 * 5);
	assert_int_equal(rig_send(&rig), 2);
	for (size_t i = 0; i < 3; i++) {
		rig_done(&rig, &rig.sent[0], 0);
		rig_ends(&rig, 35, 0);
		assert_int_equal(rig_send(&rig), 1);
	}
	rig_done(&rig, &rig.sent[0], 0);
	rig_ends(&rig, 35, 0);
	assert_int_equal(rig_send(&rig), 0);
	rig_stop(&rig);
}

static void the_same_is_sent_again_with_growing_pauses(void **state)
{
	struct rig rig;
	struct rig_sent first;
	uint64_t least = RIG_TIMEOUT_MS * 1000, last;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "x");
	rig_send(&rig);
	rig_keep(&rig, 0, &first);
	last = rig.now.mono_us;
	for (int i = 1; i < 6; i++) {
		assert_int_equal(rig_wait_sent(&rig), 1);
		assert_int_equal(rig.sent[0].out.len, first.out.len);
		assert_memory_equal(rig.sent[0].bytes, first.bytes, first.out.len);
		assert_in_range(rig.now.mono_us - last, least, least + least / 8 + 2000);
		last = rig.now.mono_us;
		least += least / 2;
	}
	assert_int_equal(rig_wait(&rig, 60000), 0);
	rig_end(&rig, "x", DHT_ERR_TIMEOUT);
	assert_int_equal(requester_deadline(rig.r), UINT64_MAX);
	assert_int_equal(requester_last_trip(rig.r).tries, 6);
	assert_int_equal(requester_last_trip(rig.r).round_trip_us, 0);
	rig_stop(&rig);
}

/* Which servers a request without an answer is sent to, in order. */
static void route(size_t servers, uint32_t tries, const char *want)
{
	struct rig rig;
	char got[16] = "";

	rig_init(&rig, servers);
	rig.config.tries = tries;
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "x");
	rig_wait(&rig, 100000);
	for (size_t i = 0; i < rig.count; i++)
		got[i] = (char)('a' + rig.sent[i].out.server);
	assert_string_equal(got, want);
	rig_end(&rig, "x", DHT_ERR_TIMEOUT);
	rig_stop(&rig);
}

static void a_silent_server_is_left(void **state)
{
	(void)state;
	route(1, 6, "aaaaaa");
	route(2, 6, "aabbaa");
	route(3, 6, "aabbcc");
	route(4, 6, "abcdab");
	route(2, 1, "a");
	route(3, 2, "ab");
}

static void who_answered_last_is_asked_first(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 3);
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "x");
	rig_send(&rig);
	rig_unreachable(&rig, &rig.sent[0]);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].out.server, 1);
	rig.now.mono_us += 250;
	rig_providers(&rig, &rig.sent[0], 1, 0);
	assert_int_equal(rig_end(&rig, "x", 0), 1);
	assert_int_equal(requester_last_trip(rig.r).server, 1);
	assert_int_equal(requester_last_trip(rig.r).tries, 2);
	assert_int_equal(requester_last_trip(rig.r).round_trip_us, 250);
	rig_request(&rig, REQUEST_GET, "y");
	rig_send(&rig);
	assert_int_equal(rig.sent[0].out.server, 1);
	rig_stop(&rig);
}

static void where_nobody_listens_the_next_is_asked_at_once(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 3);
	rig_start(&rig);
	rig_requests(&rig, REQUEST_GET, 2000);
	size_t sent = rig_send(&rig);
	assert_true(sent > 50);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(rig.count, sent);
		for (size_t j = 0; j < sent; j++)
			assert_int_equal(rig.sent[j].out.server, i % 3);
		/* One such message says it for all that are under way to that server. */
		rig_unreachable(&rig, &rig.sent[0]);
		/* Late ones of the same kind change nothing. */
		rig_unreachable(&rig, &rig.sent[0]);
		if (i == 2) {
			assert_int_equal(rig_send(&rig), 0);
			rig_wait(&rig, RIG_TIMEOUT_MS);
		} else if (i < 5) {
			rig_send(&rig);
		}
	}
	rig_ends(&rig, 2000, DHT_ERR_UNREACHABLE);
	assert_int_equal(rig_send(&rig), 0);
	rig_stop(&rig);
}

static void silence_ends_what_waits_behind_it_too(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig.config.window = 4;
	rig_start(&rig);
	rig_requests(&rig, REQUEST_PUT, 5000);
	rig_wait(&rig, 5000);
	rig_ends(&rig, 5000, DHT_ERR_TIMEOUT);
	rig_stop(&rig);
}

static void a_loss_does_not(void **state)
{
	struct rig rig;
	struct rig_sent second;

	(void)state;
	rig_init(&rig, 1);
	rig.config.window = 2;
	rig.config.tries = 1;
	rig_start(&rig);
	rig_requests(&rig, REQUEST_PUT, 35 * 3);
	assert_int_equal(rig_send(&rig), 2);
	rig_keep(&rig, 1, &second);
	rig_wait(&rig, RIG_TIMEOUT_MS / 2);
	rig_done(&rig, &second, 0);
	rig_ends(&rig, 35, 0);
	assert_int_equal(rig_send(&rig), 1);
	rig_keep(&rig, 0, &second);
	rig_wait(&rig, RIG_TIMEOUT_MS * 5 / 8);
	rig_done(&rig, &second, 0);
	size_t failed = 0, done = 0;
	struct outcome o;
	while (requester_take(rig.r, &o)) {
		failed += o.error == DHT_ERR_TIMEOUT;
		done += o.error == 0;
	}
	assert_int_equal(failed, 35);
	assert_int_equal(done, 35);
	rig_stop(&rig);
}

/* Answers all that was sent last; gives how many are sent then. */
static size_t answer_all(struct rig *rig)
{
	const struct msg m = {.type = MSG_SERVER_LIST};
	size_t n = rig->count;

	for (size_t i = 0; i < n; i++)
		rig_answer(rig, &rig->sent[i], &m);
	rig_ends(rig, n, 0);
	return rig_send(rig);
}

static void losses_shrink_the_window_and_answers_grow_it(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_requests(&rig, REQUEST_SERVERS, 5000);
	assert_int_equal(rig_send(&rig), 64);
	/* All are lost: the window is halved once for all of them. */
	assert_int_equal(rig_wait(&rig, RIG_TIMEOUT_MS * 9 / 8 + 1), 64);
	assert_in_range(answer_all(&rig), 32, 36);
	for (size_t i = 0; i < 40; i++)
		answer_all(&rig);
	assert_int_equal(rig.count, 64);
	rig_stop(&rig);
}

static void a_rate_limit_stops_what_is_new_for_a_while(void **state)
{
	const struct msg m = {.type = MSG_SERVER_LIST};
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_requests(&rig, REQUEST_SERVERS, 2000);
	assert_int_equal(rig_send(&rig), 64);
	rig_error(&rig, &rig.sent[0], ERROR_RATE_LIMITED);
	for (size_t i = 1; i < 64; i++)
		rig_answer(&rig, &rig.sent[i], &m);
	rig_ends(&rig, 63, 0);
	assert_int_equal(rig_send(&rig), 0);
	assert_int_equal(rig_wait(&rig, RIG_TIMEOUT_MS / 2), 0);
	assert_in_range(rig_wait(&rig, RIG_TIMEOUT_MS / 2), 30, 36);
	rig_stop(&rig);
}

static void a_rate_limit_is_waited_out_and_reported_in_the_end(void **state)
{
	struct rig rig;
	size_t sent = 0;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "x");
	for (rig_send(&rig); rig.count > 0; rig_wait_sent(&rig)) {
		assert_int_equal(rig.count, 1);
		sent++;
		rig_error(&rig, &rig.sent[0], ERROR_RATE_LIMITED);
		assert_int_equal(rig_send(&rig), 0);
	}
	assert_int_equal(sent, 6);
	rig_end(&rig, "x", DHT_ERR_RATE_LIMITED);
	rig_stop(&rig);
}

static void who_shuts_down_is_left(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 2);
	rig_start(&rig);
	rig_request(&rig, REQUEST_PUT, "x");
	rig_send(&rig);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(rig.count, 1);
		assert_int_equal(rig.sent[0].out.server, i % 2);
		rig_error(&rig, &rig.sent[0], ERROR_SHUTTING_DOWN);
		if (i == 1)
			rig_wait(&rig, RIG_TIMEOUT_MS);
		else
			rig_send(&rig);
	}
	rig_end(&rig, "x", DHT_ERR_SHUTTING_DOWN);
	rig_stop(&rig);
}

static void a_request_for_one_server_asks_no_other(void **state)
{
	struct request_spec spec = {.kind = REQUEST_PING, .server = 1, .tries = 3};
	struct rig rig;

	(void)state;
	rig_init(&rig, 3);
	rig_start(&rig);
	assert_non_null(requester_start(rig.r, &spec));
	rig_wait(&rig, 60000);
	assert_int_equal(rig.count, 3);
	for (size_t i = 0; i < rig.count; i++)
		assert_int_equal(rig.sent[i].out.server, 1);
	rig_end(&rig, NULL, DHT_ERR_TIMEOUT);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_hashes_go_in_few_datagrams),
		cmocka_unit_test(what_differs_goes_apart),
		cmocka_unit_test(kinds_take_turns),
		cmocka_unit_test(the_window_is_kept),
		cmocka_unit_test(the_same_is_sent_again_with_growing_pauses),
		cmocka_unit_test(a_silent_server_is_left),
		cmocka_unit_test(who_answered_last_is_asked_first),
		cmocka_unit_test(where_nobody_listens_the_next_is_asked_at_once),
		cmocka_unit_test(silence_ends_what_waits_behind_it_too),
		cmocka_unit_test(a_loss_does_not),
		cmocka_unit_test(losses_shrink_the_window_and_answers_grow_it),
		cmocka_unit_test(a_rate_limit_stops_what_is_new_for_a_while),
		cmocka_unit_test(a_rate_limit_is_waited_out_and_reported_in_the_end),
		cmocka_unit_test(who_shuts_down_is_left),
		cmocka_unit_test(a_request_for_one_server_asks_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
