/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "rig.h"

static void start(struct rig *rig, size_t servers)
{
	rig_init(rig, servers);
	rig->config.base_only = true;
	rig_start(rig);
}

static void one_slot_for_each_hash(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, 1);
	rig_requests(&rig, REQUEST_GET, 100);
	assert_int_equal(rig_send(&rig), 32);
	for (size_t i = 0; i < 32; i++) {
		assert_int_equal(rig.sent[i].m.type, MSG_GET);
		assert_int_equal(rig.sent[i].out.len, 3 + 32);
		assert_true(rig.sent[i].out.path.slot != 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(rig.sent[i].out.path.slot, rig.sent[j].out.path.slot);
	}
	rig_stop(&rig);
}

static void a_have_answers_the_hash_of_its_slot(void **state)
{
	struct rig rig;
	struct outcome o;

	(void)state;
	start(&rig, 1);
	for (int i = 0; i < 3; i++)
		rig_request(&rig, REQUEST_GET, i == 0 ? "a" : i == 1 ? "b" : "c");
	assert_int_equal(rig_send(&rig), 3);
	rig_have(&rig, &rig.sent[1], 0);
	assert_int_equal(rig_end(&rig, "b", 0), 0);
	rig_have(&rig, &rig.sent[2], 5);
	assert_true(requester_take(rig.r, &o));
	assert_string_equal(o.user, "c");
	assert_int_equal(o.answer.total, 5);
	assert_int_equal(o.answer.provider_count, 5);
	assert_int_equal(o.answer.providers[4].ip[15], 5);
	assert_int_equal(o.answer.providers[4].port, 0);
	free(o.answer.providers);
	rig_have(&rig, &rig.sent[0], 1);
	assert_int_equal(rig_end(&rig, "a", 0), 1);
	rig_stop(&rig);
}

static void an_answer_cannot_be_mistaken(void **state)
{
	struct msg m = {.type = MSG_HAVE};
	struct rig rig;
	struct rig_sent a, again;

	(void)state;
	start(&rig, 2);
	rig_request(&rig, REQUEST_GET, "a");
	rig_send(&rig);
	rig_keep(&rig, 0, &a);
	/* Tried again from the same port: whichever answer comes is this hash's. */
	rig_wait_sent(&rig);
	rig_keep(&rig, 0, &again);
	assert_int_equal(again.out.path.slot, a.out.path.slot);
	assert_int_equal(again.out.path.generation, a.out.path.generation);
	struct addr stranger = rig.servers[1].addr;
	rig_input(&rig, a.out.path, &stranger, &m);
	rig_quiet(&rig);
	rig_have(&rig, &again, 0);
	rig_end(&rig, "a", 0);
	/* The next one's port is another, and the other answer does not reach it. */
	rig_request(&rig, REQUEST_GET, "b");
	rig_send(&rig);
	assert_int_equal(rig.sent[0].out.path.slot, a.out.path.slot);
	assert_int_not_equal(rig.sent[0].out.path.generation, a.out.path.generation);
	rig_have(&rig, &a, 5);
	rig_quiet(&rig);
	rig_have(&rig, &rig.sent[0], 1);
	assert_int_equal(rig_end(&rig, "b", 0), 1);
	rig_stop(&rig);
}

static void slots_that_there_are_not(void **state)
{
	struct msg m = {.type = MSG_HAVE};
	struct requester_path path = {.slot = REQUESTER_SLOTS};
	struct rig rig;

	(void)state;
	start(&rig, 1);
	struct addr from = rig.servers[0].addr;
	rig_input(&rig, path, &from, &m);
	path.slot = UINT16_MAX;
	rig_input(&rig, path, &from, &m);
	path.slot = 5;
	rig_input(&rig, path, &from, &m);
	path.slot = 0;
	rig_input(&rig, path, &from, &m);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void what_the_last_server_says_still_counts(void **state)
{
	struct rig rig;
	struct rig_sent a;

	(void)state;
	start(&rig, 3);
	rig_request(&rig, REQUEST_GET, "a");
	rig_send(&rig);
	rig_keep(&rig, 0, &a);
	rig_wait(&rig, 3 * RIG_TIMEOUT_MS);
	assert_int_equal(rig.sent[rig.count - 1].out.server, 1);
	assert_int_equal(rig.sent[rig.count - 1].out.path.generation, a.out.path.generation);
	/* But not what one says that was not asked. */
	a.out.server = 2;
	rig_have(&rig, &a, 1);
	rig_quiet(&rig);
	a.out.server = 0;
	rig_have(&rig, &a, 1);
	assert_int_equal(rig_end(&rig, "a", 0), 1);
	assert_int_equal(requester_last_trip(rig.r).server, 0);
	assert_int_equal(requester_last_trip(rig.r).round_trip_us, 3 * RIG_TIMEOUT_MS * 1000);
	rig_stop(&rig);
}

static void a_server_of_the_other_family_has_a_socket_of_its_own(void **state)
{
	struct rig rig;
	struct rig_sent a;

	(void)state;
	rig_init(&rig, 2);
	rig.config.base_only = true;
	rig.servers[1].addr.ip = (struct ip){.b = {0x20, 1, 0xd, 0xb8}};
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "a");
	rig_send(&rig);
	rig_keep(&rig, 0, &a);
	rig_unreachable(&rig, &a);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].out.server, 1);
	assert_int_not_equal(rig.sent[0].out.path.generation, a.out.path.generation);
	/* What is said of the old one comes too late. */
	rig_unreachable(&rig, &a);
	assert_int_equal(rig_send(&rig), 0);
	rig_have(&rig, &rig.sent[0], 1);
	rig_end(&rig, "a", 0);
	rig_stop(&rig);
}

static void puts_go_in_bursts_behind_which_a_get_asks(void **state)
{
	struct rig rig;
	struct rig_sent get;

	(void)state;
	start(&rig, 1);
	rig_requests(&rig, REQUEST_PUT, 100);
	assert_int_equal(rig_send(&rig), 66);
	for (size_t i = 0; i < 66; i++) {
		bool last = i % 33 == 32;
		assert_int_equal(rig.sent[i].m.type, last ? MSG_GET : MSG_PUT);
		assert_int_equal(rig.sent[i].out.path.slot, rig.sent[i - i % 33].out.path.slot);
		if (!last) /* the address that we send from */
			assert_int_equal(rig.sent[i].m.put.ip.b[12], 198);
		else
			assert_memory_equal(
				rig.sent[i].bytes + 3, rig.sent[i - 1].bytes + 3 + 16, 32);
	}
	rig_keep(&rig, 32, &get);
	rig_have(&rig, &get, 1);
	rig_ends(&rig, 32, 0);
	/* The third one, and after that the rest. */
	assert_int_equal(rig_send(&rig), 33);
	rig_have(&rig, &rig.sent[32], 0);
	rig_ends(&rig, 32, 0);
	assert_int_equal(rig_send(&rig), 5);
	/* No answer: all of the burst again. */
	rig_have(&rig, &rig.sent[4], 0);
	rig_ends(&rig, 4, 0);
	assert_int_equal(rig_wait_sent(&rig), 33);
	assert_int_equal(rig.sent[0].m.type, MSG_PUT);
	assert_int_equal(rig.sent[32].m.type, MSG_GET);
	rig_have(&rig, &rig.sent[32], 0);
	rig_ends(&rig, 32, 0);
	assert_int_equal(rig_wait(&rig, 60000), 0);
	rig_stop(&rig);
}

static void an_address_that_is_given_is_put(void **state)
{
	const struct dht_hash h = rig_hash("x");
	const uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};
	const struct dht_put_options put = {.ip = ip};
	struct request_spec spec = {.kind = REQUEST_PUT, .hash = &h, .put = &put, .server = -1};
	struct rig rig;

	(void)state;
	start(&rig, 1);
	requester_start(rig.r, &spec);
	assert_int_equal(rig_send(&rig), 2);
	assert_memory_equal(rig.sent[0].m.put.ip.b, ip, 16);
	rig_stop(&rig);
}

static void without_a_way_there_is_no_address_to_put(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 2);
	rig.config.base_only = true;
	rig.servers[0].local = (struct ip){0};
	rig_start(&rig);
	rig_request(&rig, REQUEST_PUT, "x");
	assert_int_equal(rig_send(&rig), 2);
	assert_int_equal(rig.sent[0].out.server, 1);
	rig_stop(&rig);

	rig_init(&rig, 2);
	rig.config.base_only = true;
	rig.servers[0].local = rig.servers[1].local = (struct ip){0};
	rig_start(&rig);
	rig_request(&rig, REQUEST_PUT, "x");
	assert_int_equal(rig_send(&rig), 0);
	assert_int_equal(rig_wait(&rig, 60000), 0);
	rig_end(&rig, "x", DHT_ERR_UNREACHABLE);
	rig_stop(&rig);
}

static void a_ping_is_a_get_for_what_nobody_has(void **state)
{
	struct request_spec spec = {.kind = REQUEST_PING, .server = -1};
	struct rig rig;
	struct outcome o;

	(void)state;
	start(&rig, 1);
	requester_start(rig.r, &spec);
	requester_start(rig.r, &spec);
	assert_int_equal(rig_send(&rig), 2);
	assert_int_equal(rig.sent[0].m.type, MSG_GET);
	assert_int_equal(rig.sent[0].m.get.hash.len, 32);
	assert_memory_not_equal(rig.sent[0].m.get.hash.p, rig.sent[1].m.get.hash.p, 32);
	rig_have(&rig, &rig.sent[0], 1);
	assert_true(requester_take(rig.r, &o));
	assert_int_equal(o.error, 0);
	assert_null(o.info);
	rig_stop(&rig);
}

/* A want whose lookup has found nobody; its WANT is sent[0]. */
static void start_want(struct rig *rig, size_t servers)
{
	start(rig, servers);
	rig_request(rig, REQUEST_WANT, "x");
	assert_int_equal(rig_send(rig), 1);
	assert_int_equal(rig->sent[0].m.type, MSG_GET);
	rig_have(rig, &rig->sent[0], 0);
	rig_quiet(rig);
	assert_int_equal(rig_send(rig), 1);
	assert_int_equal(rig->sent[0].m.type, MSG_WANT);
}

static void a_want_is_answered_at_once_or_later(void **state)
{
	struct rig rig;
	struct rig_sent want;

	(void)state;
	start(&rig, 1);
	rig_request(&rig, REQUEST_WANT, "x");
	rig_send(&rig);
	rig_have(&rig, &rig.sent[0], 2);
	assert_int_equal(rig_end(&rig, "x", 0), 2);
	assert_int_equal(rig_wait(&rig, 100000), 0);
	rig_stop(&rig);

	start_want(&rig, 1);
	rig_keep(&rig, 0, &want);
	/* 'Nobody' is nothing new. */
	rig_have(&rig, &want, 0);
	rig_quiet(&rig);
	/* Twice more, because it may have been lost, and then it is waited for. */
	assert_int_equal(rig_wait(&rig, 20000), 2);
	assert_int_equal(rig.sent[0].m.type, MSG_WANT);
	rig_have(&rig, &want, 3);
	assert_int_equal(rig_end(&rig, "x", 0), 3);
	assert_int_equal(rig_wait(&rig, 100000), 0);
	rig_stop(&rig);
}

static void a_lost_have_is_found_by_looking_again(void **state)
{
	struct rig rig;

	(void)state;
	start_want(&rig, 1);
	rig_wait(&rig, 29000);
	assert_int_equal(rig_wait_sent(&rig), 1);
	assert_int_equal(rig.sent[0].m.type, MSG_GET);
	assert_in_range(rig.now.mono_us, RIG_START_US + 29000000, RIG_START_US + 31000000);
	rig_have(&rig, &rig.sent[0], 1);
	assert_int_equal(rig_end(&rig, "x", 0), 1);
	rig_stop(&rig);
}

static void a_want_follows_the_servers(void **state)
{
	struct rig rig;
	size_t gets = 0;

	(void)state;
	start_want(&rig, 2);
	assert_int_equal(rig.sent[0].out.server, 0);
	rig_unreachable(&rig, &rig.sent[0]);
	assert_int_equal(rig_send(&rig), 0);
	rig_wait(&rig, RIG_TIMEOUT_MS);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.sent[0].m.type, MSG_GET);
	assert_int_equal(rig.sent[0].out.server, 1);
	rig_have(&rig, &rig.sent[0], 0);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].m.type, MSG_WANT);
	assert_int_equal(rig.sent[0].out.server, 1);
	/* And outlives that nobody answers. */
	for (size_t i = rig_wait(&rig, 100000); i > 0; i--)
		gets += rig.sent[i - 1].m.type == MSG_GET;
	assert_true(gets >= 12);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void a_want_that_cannot_begin_ends(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, 1);
	rig_request(&rig, REQUEST_WANT, "x");
	rig_wait(&rig, 60000);
	rig_end(&rig, "x", DHT_ERR_TIMEOUT);
	rig_stop(&rig);
}

static void more_wants_than_slots_take_turns(void **state)
{
	struct rig rig;
	bool wanted[100] = {0};
	size_t count = 0;

	(void)state;
	start(&rig, 1);
	rig_requests(&rig, REQUEST_WANT, 100);
	rig_send(&rig);
	for (unsigned ms = 0; ms < 10000; ms += 10) {
		size_t n = rig.count;
		for (size_t i = 0; i < n; i++) {
			if (rig.sent[i].m.type == MSG_GET)
				rig_have(&rig, &rig.sent[i], 0);
			else
				wanted[rig.sent[i].m.want.hash.p[0]] = true;
		}
		rig_wait(&rig, 10);
	}
	for (size_t i = 0; i < 100; i++)
		count += wanted[i];
	assert_int_equal(count, 100);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void a_want_can_be_cancelled_anywhere(void **state)
{
	struct rig rig;

	(void)state;
	for (int stage = 0; stage < 4; stage++) {
		start(&rig, 1);
		struct request *q = rig_request(&rig, REQUEST_WANT, "x");
		if (stage > 0)
			rig_send(&rig);
		if (stage > 1)
			rig_have(&rig, &rig.sent[0], 0);
		if (stage > 2)
			rig_send(&rig);
		requester_cancel(rig.r, q);
		assert_int_equal(rig_wait(&rig, 100000), 0);
		rig_quiet(&rig);
		rig_stop(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_slot_for_each_hash),
		cmocka_unit_test(a_have_answers_the_hash_of_its_slot),
		cmocka_unit_test(an_answer_cannot_be_mistaken),
		cmocka_unit_test(slots_that_there_are_not),
		cmocka_unit_test(what_the_last_server_says_still_counts),
		cmocka_unit_test(a_server_of_the_other_family_has_a_socket_of_its_own),
		cmocka_unit_test(puts_go_in_bursts_behind_which_a_get_asks),
		cmocka_unit_test(an_address_that_is_given_is_put),
		cmocka_unit_test(without_a_way_there_is_no_address_to_put),
		cmocka_unit_test(a_ping_is_a_get_for_what_nobody_has),
		cmocka_unit_test(a_want_is_answered_at_once_or_later),
		cmocka_unit_test(a_lost_have_is_found_by_looking_again),
		cmocka_unit_test(a_want_follows_the_servers),
		cmocka_unit_test(a_want_that_cannot_begin_ends),
		cmocka_unit_test(more_wants_than_slots_take_turns),
		cmocka_unit_test(a_want_can_be_cancelled_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
