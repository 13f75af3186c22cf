/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting, cancelling and taking requests, wherever they are. Leaks are the sanitizer's to find.
 */
#include <stdlib.h>
#include <string.h>

#include "rig.h"

static void what_base_messages_cannot_say(void **state)
{
	static const enum request_kind kinds[] = {
		REQUEST_DROP, REQUEST_SERVERS, REQUEST_WATCH, REQUEST_UNWATCH};
	const struct dht_hash h = rig_hash("x");
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig.config.base_only = true;
	rig_start(&rig);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct request_spec spec = {.kind = kinds[i], .hash = &h, .server = -1};
		assert_null(requester_start(rig.r, &spec));
	}
	assert_int_equal(rig_send(&rig), 0);
	rig_stop(&rig);
}

static void nothing_comes_of_what_was_cancelled_while_it_waited(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "a");
	struct request *q = rig_request(&rig, REQUEST_GET, "b");
	assert_memory_equal(request_hash_of(q)->bytes, "b", 1);
	requester_cancel(rig.r, q);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig_hashes(&rig.sent[0]), 1);
	rig_providers(&rig, &rig.sent[0], 1, 0);
	rig_end(&rig, "a", 0);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void the_others_of_a_cancelled_ones_datagram_go_on(void **state)
{
	struct rig rig;
	struct request *q[3];
	const char *names[] = {"a", "b", "c"};
	struct rig_sent first;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	for (int i = 0; i < 3; i++)
		q[i] = rig_request(&rig, REQUEST_PUT, names[i]);
	rig_send(&rig);
	rig_keep(&rig, 0, &first);
	requester_cancel(rig.r, q[1]);
	/* Tried again it is the same transaction, or the answer would not fit it. */
	rig_wait_sent(&rig);
	assert_int_equal(rig.sent[0].out.len, first.out.len);
	assert_memory_equal(rig.sent[0].bytes, first.bytes, first.out.len);
	rig_done(&rig, &first, 0);
	rig_end(&rig, "a", 0);
	rig_end(&rig, "c", 0);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void the_last_one_takes_its_datagram_with_it(void **state)
{
	struct rig rig;
	struct request *q[40];
	char names[40][3];

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	for (int i = 0; i < 40; i++) {
		names[i][0] = (char)('A' + i);
		names[i][1] = '\0';
		q[i] = rig_request(&rig, REQUEST_GET, names[i]);
	}
	assert_int_equal(rig_send(&rig), 1);
	struct rig_sent sent;
	rig_keep(&rig, 0, &sent);
	for (int i = 0; i < 40; i++)
		requester_cancel(rig.r, q[i]);
	rig_providers(&rig, &sent, 1, 0);
	assert_int_equal(rig_wait(&rig, 60000), 0);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void an_end_that_was_not_taken_can_be_cancelled(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	struct request *a = rig_request(&rig, REQUEST_GET, "a");
	rig_request(&rig, REQUEST_GET, "b");
	rig_send(&rig);
	rig_providers(&rig, &rig.sent[0], 1, 0);
	requester_cancel(rig.r, a);
	rig_end(&rig, "b", 0);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void a_lookup_between_two_pages_can_be_cancelled(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	struct request *a = rig_request(&rig, REQUEST_GET, "a");
	rig_send(&rig);
	rig_providers(&rig, &rig.sent[0], 1, 5);
	requester_cancel(rig.r, a);
	assert_int_equal(rig_send(&rig), 0);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void a_requester_can_be_freed_at_any_time(void **state)
{
	struct rig rig;

	(void)state;
	for (int base = 0; base < 2; base++) {
		rig_init(&rig, 2);
		rig.config.base_only = base;
		rig_start(&rig);
		rig_requests(&rig, REQUEST_GET, 300);
		rig_requests(&rig, REQUEST_PUT, 300);
		rig_request(&rig, REQUEST_WANT, "queued");
		if (!base)
			rig_request(&rig, REQUEST_WATCH, "watched");
		rig_request(&rig, REQUEST_PING, "ping");
		rig_send(&rig);
		for (size_t i = 0; i < rig.count && !base; i++)
			if (rig.sent[i].m.type == MSG_ANNOUNCE || rig.sent[i].m.type == MSG_WATCH)
				rig_done(&rig, &rig.sent[i], 0);
		if (!base)
			rig_providers(&rig, &rig.sent[0], 1, 1);
		rig_stop(&rig);
	}
}

static void exit_is_sent_once_and_not_awaited(void **state)
{
	struct request_spec spec = {
		.kind = REQUEST_EXIT, .server = 1, .password = {(const uint8_t *)"sesame", 6}};
	struct rig rig;

	(void)state;
	rig_init(&rig, 2);
	rig_start(&rig);
	assert_non_null(requester_start(rig.r, &spec));
	spec.password = (struct span){0};
	assert_non_null(requester_start(rig.r, &spec));
	assert_int_equal(rig_send(&rig), 2);
	assert_int_equal(rig.sent[0].m.type, MSG_EXIT);
	assert_int_equal(rig.sent[0].out.server, 1);
	assert_int_equal(rig.sent[0].m.exit.password.len, 6);
	assert_memory_equal(rig.sent[0].m.exit.password.p, "sesame", 6);
	assert_int_equal(rig.sent[1].m.exit.password.len, 0);
	rig_ends(&rig, 2, 0);
	assert_int_equal(rig_wait(&rig, 60000), 0);
	rig_stop(&rig);
}

static void transactions_cannot_be_guessed_from_each_other(void **state)
{
	struct rig rig;
	unsigned bits[64] = {0};

	(void)state;
	rig_init(&rig, 1);
	rig.config.window = 256;
	rig_start(&rig);
	rig_requests(&rig, REQUEST_PING, 256);
	assert_int_equal(rig_send(&rig), 256);
	for (size_t i = 0; i < 256; i++)
		for (size_t bit = 0; bit < 64; bit++)
			bits[bit] += (unsigned)rig.sent[i].m.txid[bit / 8] >> bit % 8 & 1u;
	/* 128 ± 6 standard deviations of 8. */
	for (size_t bit = 0; bit < 64; bit++)
		assert_in_range(bits[bit], 80, 176);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_base_messages_cannot_say),
		cmocka_unit_test(nothing_comes_of_what_was_cancelled_while_it_waited),
		cmocka_unit_test(the_others_of_a_cancelled_ones_datagram_go_on),
		cmocka_unit_test(the_last_one_takes_its_datagram_with_it),
		cmocka_unit_test(an_end_that_was_not_taken_can_be_cancelled),
		cmocka_unit_test(a_lookup_between_two_pages_can_be_cancelled),
		cmocka_unit_test(a_requester_can_be_freed_at_any_time),
		cmocka_unit_test(exit_is_sent_once_and_not_awaited),
		cmocka_unit_test(transactions_cannot_be_guessed_from_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
