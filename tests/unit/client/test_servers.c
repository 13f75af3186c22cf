/* SPDX-License-Identifier: BSD-2-Clause */
/* Which server is asked, and how others are learned. */
#include <string.h>

#include "client/state.h"

#include "rig.h"

#define S_MS 1000

static void start(struct rig *rig, size_t servers, bool learning)
{
	rig_init(rig, servers);
	rig_start(rig);
	requester_set_learning(rig->r, learning);
}

/* The letter of the server that a new request is sent to; it is answered at once. */
static char ask(struct rig *rig)
{
	rig_request(rig, REQUEST_GET, "x");
	assert_true(rig_send(rig) >= 1);
	assert_int_equal(rig->sent[0].m.type, MSG_LOOKUP);
	rig_providers(rig, &rig->sent[0], 1, 0);
	rig_end(rig, "x", 0);
	return (char)('a' + rig->sent[0].out.server);
}

/* The servers that a new request is sent to, when only `answers` ('-': none) answers. */
static void asks(struct rig *rig, char answers, const char *want)
{
	char got[32] = "";
	size_t n = 0;

	rig_request(rig, REQUEST_GET, "x");
	rig_send(rig);
	do {
		assert_int_equal(rig->count, 1);
		assert_true(n < sizeof(got) - 1);
		got[n++] = (char)('a' + rig->sent[0].out.server);
		if (got[n - 1] == answers)
			rig_providers(rig, &rig->sent[0], 1, 0);
	} while (!requester_has_news(rig->r) && rig_wait_sent(rig) > 0);
	assert_string_equal(got, want);
	rig_end(rig, "x", answers == '-' ? DHT_ERR_TIMEOUT : 0);
}

static void a_silent_server_is_waited_for_once(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, 3, false);
	asks(&rig, 'b', "aab");
	asks(&rig, 'b', "b");
	/* Behind the last one it would be the first one's turn. */
	rig.r->preferred = 2;
	asks(&rig, 'b', "ccb");
	asks(&rig, '-', "bbccaa");
	rig_stop(&rig);
}

static void what_is_under_way_leaves_it_too(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, 2, false);
	rig_request(&rig, REQUEST_GET, "x");
	rig_send(&rig);
	rig_wait(&rig, RIG_TIMEOUT_MS * 2);
	rig_request(&rig, REQUEST_PUT, "y");
	rig_send(&rig);
	assert_int_equal(rig.sent[0].out.server, 0);
	/* x has waited twice; y need not. */
	assert_int_equal(rig_wait(&rig, RIG_TIMEOUT_MS * 3 / 2), 2);
	for (size_t i = 0; i < rig.count; i++)
		assert_int_equal(rig.sent[i].out.server, 1);
	rig_stop(&rig);
}

static bool is_left_out(struct rig *rig)
{
	struct requester *r = rig->r;

	r->now = rig->now;
	return servers_avoided(r, 0);
}

static void longer_each_time_and_at_most_two_minutes(void **state)
{
	static const unsigned seconds[] = {10, 20, 40, 80, 120, 120};
	struct rig rig;

	(void)state;
	start(&rig, 2, false);
	rig_wait(&rig, 0);
	for (size_t i = 0; i < COUNT(seconds); i++) {
		servers_avoid(rig.r, 0);
		/* Others that find the same add nothing to it. */
		servers_avoid(rig.r, 0);
		rig_wait(&rig, seconds[i] * S_MS - 1);
		assert_true(is_left_out(&rig));
		rig_wait(&rig, 1);
		assert_false(is_left_out(&rig));
	}
	servers_avoid(rig.r, 0);
	servers_heard(rig.r, 0);
	assert_false(is_left_out(&rig));
	servers_avoid(rig.r, 0);
	rig_wait(&rig, 10 * S_MS);
	assert_false(is_left_out(&rig));
	rig_stop(&rig);
}

static void when_all_fail_all_are_tried(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, 2, false);
	asks(&rig, '-', "aabbaa");
	/* The next request starts at the other one, so that one try each finds whoever is back. */
	asks(&rig, '-', "bbaabb");
	asks(&rig, 'a', "a");
	rig_stop(&rig);
	rig_init(&rig, 3);
	rig.config.tries = 1;
	rig_start(&rig);
	asks(&rig, '-', "a");
	asks(&rig, '-', "b");
	asks(&rig, '-', "c");
	asks(&rig, '-', "a");
	asks(&rig, 'b', "b");
	rig_stop(&rig);
}

static void who_will_not_is_left_out_too(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, 3, false);
	rig_request(&rig, REQUEST_PUT, "x");
	rig_send(&rig);
	rig_error(&rig, &rig.sent[0], ERROR_SHUTTING_DOWN);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].out.server, 1);
	rig_unreachable(&rig, &rig.sent[0]);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].out.server, 2);
	rig_done(&rig, &rig.sent[0], 0);
	rig_end(&rig, "x", 0);
	assert_int_equal(ask(&rig), 'c');
	assert_true(is_left_out(&rig));
	rig_stop(&rig);
}

static void a_late_answer_counts_and_brings_it_back(void **state)
{
	struct rig rig;
	struct rig_sent first;

	(void)state;
	start(&rig, 2, false);
	rig_request(&rig, REQUEST_PUT, "x");
	rig_send(&rig);
	rig_keep(&rig, 0, &first);
	rig_wait(&rig, 3 * RIG_TIMEOUT_MS);
	assert_int_equal(rig.sent[rig.count - 1].out.server, 1);
	assert_memory_equal(rig.sent[rig.count - 1].bytes, first.bytes, first.out.len);
	/* Its objections do not, nor do they bring it back. */
	rig_error(&rig, &first, ERROR_REFUSED);
	rig_quiet(&rig);
	assert_true(is_left_out(&rig));
	rig_done(&rig, &first, 0);
	rig_end(&rig, "x", 0);
	assert_int_equal(requester_last_trip(rig.r).server, 0);
	assert_int_equal(requester_last_trip(rig.r).round_trip_us, 3 * RIG_TIMEOUT_MS * 1000);
	assert_int_equal(ask(&rig), 'a');
	rig_stop(&rig);
}

static void the_next_page_is_asked_where_the_first_was(void **state)
{
	struct rig rig;
	struct rig_sent first;

	(void)state;
	start(&rig, 2, false);
	rig.r->window_now = WINDOW_UNIT;
	rig_request(&rig, REQUEST_GET, "x");
	rig_send(&rig);
	rig_keep(&rig, 0, &first);
	rig_request(&rig, REQUEST_PUT, "y");
	rig_providers(&rig, &first, 1, 77);
	rig.r->preferred = 1;
	rig_send(&rig);
	for (size_t i = 0; i < rig.count; i++) {
		const struct rig_sent *s = &rig.sent[i];
		assert_int_equal(s->out.server, s->m.type == MSG_LOOKUP ? 0 : 1);
	}
	rig_stop(&rig);
}

/* ---- Learning ---- */

static struct addr server(uint8_t i)
{
	const uint8_t ip[4] = {203, 0, 113, i};

	return (struct addr){.ip = ip_from_v4(ip), .port = 8470};
}

/* A copy of the question for servers that must be among what was sent last. */
static void question(struct rig *rig, struct rig_sent *copy)
{
	size_t i = 0;

	while (i < rig->count && rig->sent[i].m.type != MSG_SERVERS)
		i++;
	rig_keep(rig, i, copy);
}

/* Has the preferred server asked for others, and answers that. */
static void learn(struct rig *rig, const struct addr *servers, size_t n)
{
	struct rig_sent asked;

	ask(rig);
	rig_send(rig);
	question(rig, &asked);
	rig_server_list(rig, &asked, servers, n);
	rig_quiet(rig);
}

static void others_are_learned(void **state)
{
	const struct addr servers[] = {server(1), server(2), server(1)};
	struct rig rig;

	(void)state;
	start(&rig, 1, true);
	assert_int_equal(requester_changes(rig.r), 0);
	learn(&rig, servers, 3);
	assert_int_equal(requester_server_count(rig.r), 3);
	assert_int_equal(requester_changes(rig.r), 2);
	assert_true(addr_equal(requester_server(rig.r, 1), &servers[0]));
	assert_true(addr_equal(requester_server(rig.r, 2), &servers[1]));
	/* What the user hears of is the request. */
	assert_int_equal(requester_last_trip(rig.r).server, 0);
	asks(&rig, 'c', "aabbc");
	rig_stop(&rig);
}

static void not_unless_it_is_wanted(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, 1, false);
	ask(&rig);
	assert_int_equal(rig_send(&rig), 0);
	rig_stop(&rig);
	rig_init(&rig, 1);
	rig.config.base_only = true;
	rig_start(&rig);
	requester_set_learning(rig.r, true);
	rig_request(&rig, REQUEST_GET, "x");
	rig_send(&rig);
	rig_have(&rig, &rig.sent[0], 1);
	assert_int_equal(rig_send(&rig), 0);
	rig_stop(&rig);
}

static void it_asks_now_and_then(void **state)
{
	struct rig rig;
	struct rig_sent asked;

	(void)state;
	start(&rig, 2, true);
	learn(&rig, NULL, 0);
	rig_wait(&rig, 299 * S_MS);
	ask(&rig);
	assert_int_equal(rig_send(&rig), 0);
	rig_wait(&rig, 1 * S_MS);
	ask(&rig);
	assert_int_equal(rig_send(&rig), 1);
	question(&rig, &asked);
	assert_int_equal(asked.out.server, 0);
	/* Nobody is told when that has no answer. */
	rig_wait(&rig, 9 * S_MS);
	rig_quiet(&rig);
	/* Another server is asked sooner. */
	rig_request(&rig, REQUEST_GET, "x");
	rig_send(&rig);
	assert_int_equal(rig.sent[0].out.server, 1);
	rig_wait(&rig, 1 * S_MS);
	rig_providers(&rig, &rig.sent[0], 1, 0);
	rig_end(&rig, "x", 0);
	rig_send(&rig);
	question(&rig, &asked);
	assert_int_equal(asked.out.server, rig.sent[0].out.server);
	rig_stop(&rig);
}

static void one_that_only_the_teller_can_mean_is_not_learned(void **state)
{
	static const char *const texts[] = {"127.0.0.2", "[::1]:8470", "0.0.0.0", "224.0.0.1",
		"255.255.255.255", "[ff02::1]:1", "[fe80::1]:8470", "[::]:8470", "192.0.2.1:8470"};
	struct addr servers[COUNT(texts) + 1] = {[COUNT(texts)] = {.ip = server(1).ip}};
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(addr_parse(texts[i], DHT_PORT, &servers[i]), 0);
	start(&rig, 1, true);
	learn(&rig, servers, COUNT(servers));
	assert_int_equal(requester_server_count(rig.r), 1);
	rig_stop(&rig);
	/* From a server on this machine an address of this machine is one. */
	rig_init(&rig, 1);
	assert_int_equal(addr_parse("127.0.0.1", DHT_PORT, &rig.servers[0].addr), 0);
	rig_start(&rig);
	requester_set_learning(rig.r, true);
	learn(&rig, servers, COUNT(servers));
	assert_int_equal(requester_server_count(rig.r), 4);
	rig_stop(&rig);
}

static void a_newcomer_takes_the_place_of_one_that_failed(void **state)
{
	struct addr servers[70];
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < COUNT(servers); i++)
		servers[i] = server((uint8_t)(i + 1));
	start(&rig, 1, true);
	/* There is room for no more. */
	learn(&rig, servers, 40);
	rig_wait(&rig, 300 * S_MS);
	learn(&rig, servers + 10, 60);
	assert_int_equal(requester_server_count(rig.r), REQUESTER_SERVERS_MAX);
	assert_true(addr_equal(requester_server(rig.r, 63), &servers[62]));
	assert_int_equal(requester_changes(rig.r), 63);
	/* 5 and 20 have failed; 20 is still on the list. */
	servers_avoid(rig.r, 5);
	servers_avoid(rig.r, 20);
	rig_wait(&rig, 300 * S_MS);
	learn(&rig, servers + 10, 60);
	assert_int_equal(requester_server_count(rig.r), REQUESTER_SERVERS_MAX);
	assert_int_equal(requester_changes(rig.r), 64);
	assert_true(addr_equal(requester_server(rig.r, 5), &servers[63]));
	assert_true(addr_equal(requester_server(rig.r, 20), &servers[19]));
	rig_stop(&rig);
}

static void not_of_one_that_is_asked_something(void **state)
{
	struct addr servers[64];
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	for (size_t i = 0; i < COUNT(servers); i++)
		servers[i] = server((uint8_t)(i + 1));
	start(&rig, 1, true);
	learn(&rig, servers, 63);
	/* Servers 1 and 2 have failed, but 1 has a watch. */
	rig.r->preferred = 1;
	rig_request(&rig, REQUEST_WATCH, "w");
	rig_send(&rig);
	rig_keep(&rig, 0, &watch);
	rig_done(&rig, &watch, 0);
	rig_send(&rig);
	for (uint32_t i = 1; i <= 2; i++)
		rig.r->servers[i].failures = 1;
	rig.r->preferred = 0;
	rig_wait(&rig, 1);
	rig.r->learned_us = 0;
	learn(&rig, servers + 63, 1);
	assert_true(addr_equal(requester_server(rig.r, 1), &servers[0]));
	assert_true(addr_equal(requester_server(rig.r, 2), &servers[63]));
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_server_is_waited_for_once),
		cmocka_unit_test(what_is_under_way_leaves_it_too),
		cmocka_unit_test(longer_each_time_and_at_most_two_minutes),
		cmocka_unit_test(when_all_fail_all_are_tried),
		cmocka_unit_test(who_will_not_is_left_out_too),
		cmocka_unit_test(a_late_answer_counts_and_brings_it_back),
		cmocka_unit_test(the_next_page_is_asked_where_the_first_was),
		cmocka_unit_test(others_are_learned),
		cmocka_unit_test(not_unless_it_is_wanted),
		cmocka_unit_test(it_asks_now_and_then),
		cmocka_unit_test(one_that_only_the_teller_can_mean_is_not_learned),
		cmocka_unit_test(a_newcomer_takes_the_place_of_one_that_failed),
		cmocka_unit_test(not_of_one_that_is_asked_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
