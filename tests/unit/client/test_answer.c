/* SPDX-License-Identifier: BSD-2-Clause */
/* What the servers' answers do, and which datagrams are none. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "wire/list.h"

#include "rig.h"

static void one_request(struct rig *rig, enum request_kind kind)
{
	rig_init(rig, 2);
	rig_start(rig);
	rig_request(rig, kind, "x");
	assert_int_equal(rig_send(rig), 1);
}

static void providers_answer_a_lookup(void **state)
{
	struct rig rig;
	struct outcome o;

	(void)state;
	one_request(&rig, REQUEST_GET);
	rig_providers(&rig, &rig.sent[0], 8000, 0);
	assert_true(requester_take(rig.r, &o));
	assert_int_equal(o.kind, OUTCOME_END);
	assert_int_equal(o.error, 0);
	assert_int_equal(o.answer.error, 0);
	assert_int_equal(o.answer.total, 1);
	assert_int_equal(o.answer.provider_count, 1);
	assert_int_equal(o.answer.providers[0].port, 8000);
	assert_int_equal(o.answer.providers[0].ttl_s, 60);
	free(o.answer.providers);
	rig_quiet(&rig);
	/* A second one finds nobody who waits for it. */
	rig_providers(&rig, &rig.sent[0], 8000, 0);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void who_may_answer(void **state)
{
	struct provider p = {.port = 1};
	uint8_t bytes[64];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct msg m = {.type = MSG_PROVIDERS};
	struct rig rig;

	(void)state;
	one_request(&rig, REQUEST_GET);
	write_u8(&w, 0);
	write_u32(&w, 1);
	write_u32(&w, 0);
	write_u16(&w, 1);
	write_provider(&w, &p);
	m.providers.sections = (struct span){.p = bytes, .len = writer_used(&w)};
	struct addr from = rig.servers[0].addr, other = rig.servers[1].addr;
	struct requester_path path = rig.sent[0].out.path, wrong = {.slot = 3};

	/* Another transaction; a server that was not asked; another socket. */
	rig_input(&rig, path, &from, &m);
	memcpy(m.txid, rig.sent[0].m.txid, sizeof(m.txid));
	rig_input(&rig, path, &other, &m);
	other.ip.b[0] ^= 1;
	rig_input(&rig, path, &other, &m);
	rig_input(&rig, wrong, &from, &m);
	rig_quiet(&rig);
	/* A server may have another port to answer from. */
	from.port = 8477;
	rig_input(&rig, path, &from, &m);
	assert_int_equal(rig_end(&rig, "x", 0), 1);
	rig_stop(&rig);
}

static void what_is_no_answer_to_it(void **state)
{
	struct rig rig;
	struct msg m = {.type = MSG_PONG};
	uint8_t bytes[32] = {MSG_PROVIDERS, 0, 9};
	struct addr from;

	(void)state;
	one_request(&rig, REQUEST_GET);
	from = rig.servers[0].addr;
	rig_answer(&rig, &rig.sent[0], &m);
	m.type = MSG_SERVER_LIST;
	rig_answer(&rig, &rig.sent[0], &m);
	rig_have(&rig, &rig.sent[0], 1);
	rig_answer(&rig, &rig.sent[0], &rig.sent[0].m);
	requester_input(rig.r, &rig.now, rig.sent[0].out.path, &from, bytes, 0);
	requester_input(rig.r, &rig.now, rig.sent[0].out.path, &from, bytes, 2);
	rig_quiet(&rig);
	/* What cannot be read is waited out, but remembered. */
	memcpy(bytes + 3, rig.sent[0].m.txid, 8);
	requester_input(rig.r, &rig.now, rig.sent[0].out.path, &from, bytes, 12);
	rig_quiet(&rig);
	rig_wait(&rig, 60000);
	rig_end(&rig, "x", DHT_ERR_PROTOCOL);
	rig_stop(&rig);
}

static void an_answer_that_comes_late_still_counts(void **state)
{
	struct rig rig;
	struct rig_sent first;

	(void)state;
	one_request(&rig, REQUEST_PUT);
	rig_keep(&rig, 0, &first);
	for (int i = 0; i < 2; i++)
		rig_wait_sent(&rig);
	assert_int_equal(rig.sent[0].out.server, 1);
	assert_memory_equal(rig.sent[0].m.txid, first.m.txid, 8);
	rig_done(&rig, &first, 0);
	rig_end(&rig, "x", 0);
	assert_int_equal(requester_last_trip(rig.r).server, 0);
	rig_stop(&rig);
}

static void a_lookup_in_several_datagrams(void **state)
{
	struct rig rig;
	struct msg m = {.type = MSG_PROVIDERS};
	uint8_t bytes[64] = {0};

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	for (int i = 0; i < 3; i++)
		rig_request(&rig, REQUEST_GET, i == 0 ? "a" : i == 1 ? "b" : "c");
	assert_int_equal(rig_send(&rig), 1);
	struct rig_sent first;
	rig_keep(&rig, 0, &first);
	/* Index 2, then one that there is not, then 2 again. */
	m.providers.sections = (struct span){.p = bytes, .len = 11};
	for (size_t i = 0; i < 3; i++) {
		bytes[0] = i == 1 ? 3 : 2;
		rig_answer(&rig, &first, &m);
	}
	rig_end(&rig, "c", 0);
	rig_quiet(&rig);
	/* What is missing is asked for again, as a smaller transaction. */
	rig_wait_sent(&rig);
	assert_int_equal(rig_hashes(&rig.sent[0]), 2);
	assert_memory_not_equal(rig.sent[0].m.txid, first.m.txid, 8);
	bytes[0] = 0;
	rig_answer(&rig, &first, &m);
	rig_quiet(&rig);
	rig_providers(&rig, &rig.sent[0], 1, 0);
	rig_end(&rig, "a", 0);
	rig_end(&rig, "b", 0);
	rig_stop(&rig);
}

static void pages_are_followed_to_the_last(void **state)
{
	struct rig rig;
	struct outcome o;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "x");
	rig_request(&rig, REQUEST_GET, "y");
	assert_int_equal(rig_send(&rig), 1);
	rig_providers(&rig, &rig.sent[0], 1, 77);
	assert_int_equal(rig_send(&rig), 2);
	for (uint16_t page = 2; page < 50; page++) {
		assert_int_equal(rig.count, 2);
		for (size_t i = 0; i < 2; i++) {
			const struct rig_sent *s = &rig.sent[i];
			bool x = s->m.lookup.hashes.items.p[1] == 'x';
			assert_int_equal(rig_hashes(s), 1);
			assert_int_equal(s->m.lookup.cursor, page == 2 ? 77 : page);
			/* The pages of the other overlap. */
			rig_providers(&rig, s, x ? page : page / 2, page == 49 ? 0 : page + 1u);
		}
		rig_send(&rig);
	}
	assert_int_equal(rig.count, 0);
	for (int i = 0; i < 2; i++) {
		assert_true(requester_take(rig.r, &o));
		assert_int_equal(o.error, 0);
		size_t want = o.hash->bytes[0] == 'x' ? 49 : 24;
		assert_int_equal(o.answer.provider_count, want);
		for (size_t j = 0; j < want; j++)
			assert_int_equal(o.answer.providers[j].port, j + 1);
		free(o.answer.providers);
	}
	rig_stop(&rig);
}

static void another_server_starts_from_the_first_page(void **state)
{
	struct rig rig;

	(void)state;
	one_request(&rig, REQUEST_GET);
	rig_providers(&rig, &rig.sent[0], 1, 77);
	assert_int_equal(rig_send(&rig), 1);
	struct rig_sent old;
	rig_keep(&rig, 0, &old);
	rig_unreachable(&rig, &old);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].out.server, 1);
	assert_int_equal(rig.sent[0].m.lookup.cursor, 0);
	rig_providers(&rig, &old, 9, 0);
	rig_quiet(&rig);
	rig_providers(&rig, &rig.sent[0], 2, 0);
	assert_int_equal(rig_end(&rig, "x", 0), 1);
	rig_stop(&rig);
}

static void servers_that_never_get_to_the_second_page_are_an_error(void **state)
{
	struct rig rig;
	size_t first_pages = 0;

	(void)state;
	one_request(&rig, REQUEST_GET);
	while (rig.count == 1 && first_pages < 1000) {
		/* The second page is asked for until the other server has its turn. */
		if (rig.sent[0].m.lookup.cursor == 0) {
			first_pages++;
			rig_providers(&rig, &rig.sent[0], 1, 77);
			rig_send(&rig);
		} else {
			rig_wait_sent(&rig);
		}
	}
	assert_int_equal(first_pages, 10);
	rig_end(&rig, "x", DHT_ERR_TIMEOUT);
	rig_stop(&rig);
}

static void pages_without_end_are_an_error(void **state)
{
	struct rig rig;
	size_t pages = 0;

	(void)state;
	one_request(&rig, REQUEST_GET);
	while (rig.count == 1) {
		pages++;
		rig_providers(&rig, &rig.sent[0], (uint16_t)pages, 1);
		rig_send(&rig);
	}
	assert_int_equal(pages, 65536);
	rig_end(&rig, "x", DHT_ERR_PROTOCOL);
	rig_stop(&rig);
}

static void what_each_status_means(void **state)
{
	static const struct {
		uint8_t status;
		int error;
	} table[] = {
		{0, 0},
		{1, 0},
		{2, DHT_ERR_REFUSED},
		{3, DHT_ERR_FULL},
		{5, DHT_ERR_PROTOCOL},
		{255, DHT_ERR_PROTOCOL},
	};
	struct rig rig;
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		one_request(&rig, i % 2 ? REQUEST_DROP : REQUEST_PUT);
		rig_done(&rig, &rig.sent[0], table[i].status);
		assert_true(requester_take(rig.r, &o));
		assert_int_equal(o.error, table[i].error);
		assert_int_equal(o.status, table[i].status);
		assert_int_equal(o.ttl_s, i % 2 ? 0 : 60);
		rig_stop(&rig);
	}
}

/* DONE with a status for each of three hashes. */
static void done_of_three(
	struct rig *rig, const struct rig_sent *to, uint8_t a, uint8_t b, uint8_t c, uint32_t ttl_s)
{
	const uint8_t statuses[3] = {a, b, c};
	const struct msg m = {
		.type = MSG_DONE, .done = {.ttl_s = ttl_s, .statuses = {.p = statuses, .len = 3}}};

	rig_answer(rig, to, &m);
}

/* Three puts in one datagram, which was sent. */
static void put_three(struct rig *rig, size_t servers, struct rig_sent *sent)
{
	rig_init(rig, servers);
	rig_start(rig);
	rig_request(rig, REQUEST_PUT, "a");
	rig_request(rig, REQUEST_PUT, "b");
	rig_request(rig, REQUEST_PUT, "c");
	assert_int_equal(rig_send(rig), 1);
	rig_keep(rig, 0, sent);
}

static void ended(struct rig *rig, const char *text, uint8_t status, int error, uint32_t ttl_s)
{
	struct outcome o;

	assert_true(requester_take(rig->r, &o));
	assert_string_equal(o.user, text);
	assert_int_equal(o.status, status);
	assert_int_equal(o.error, error);
	assert_int_equal(o.ttl_s, ttl_s);
}

static void what_was_not_stored_in_time_is_tried_again(void **state)
{
	struct rig rig;
	struct rig_sent first;

	(void)state;
	put_three(&rig, 1, &first);
	done_of_three(&rig, &first, 0, 4, 2, 50);
	/* A repetition of the answer is no other one. */
	done_of_three(&rig, &first, 0, 4, 2, 50);
	rig_quiet(&rig);
	assert_int_equal(rig_send(&rig), 0);
	assert_int_equal(rig_wait(&rig, RIG_TIMEOUT_MS - 1), 0);
	assert_int_equal(rig_wait_sent(&rig), 1);
	/* The same bytes: only so is it the same request. */
	assert_int_equal(rig.sent[0].out.len, first.out.len);
	assert_memory_equal(rig.sent[0].bytes, first.bytes, first.out.len);
	/* The best that was said of each counts. */
	done_of_three(&rig, &first, 1, 1, 2, 60);
	ended(&rig, "a", DHT_STORED, 0, 50);
	ended(&rig, "b", DHT_BELOW_QUORUM, 0, 60);
	ended(&rig, "c", DHT_REFUSED, DHT_ERR_REFUSED, 50);
	rig_quiet(&rig);
	assert_int_equal(rig_wait(&rig, 60000), 0);
	rig_stop(&rig);
}

static void what_is_never_in_time_ends(void **state)
{
	struct rig rig;
	struct rig_sent first;

	(void)state;
	put_three(&rig, 1, &first);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig.count, 1);
		rig_quiet(&rig);
		done_of_three(&rig, &first, 4, 0, 4, 50);
		rig_wait_sent(&rig);
	}
	ended(&rig, "a", DHT_NOT_IN_TIME, DHT_ERR_TIMEOUT, 50);
	ended(&rig, "b", DHT_STORED, 0, 50);
	ended(&rig, "c", DHT_NOT_IN_TIME, DHT_ERR_TIMEOUT, 50);
	assert_int_equal(rig.count, 0);
	rig_stop(&rig);
}

static void what_a_server_said_outlives_it(void **state)
{
	struct rig rig;
	struct rig_sent first;

	(void)state;
	put_three(&rig, 1, &first);
	done_of_three(&rig, &first, 0, 4, 3, 50);
	rig_wait(&rig, 60000);
	ended(&rig, "a", DHT_STORED, 0, 50);
	ended(&rig, "b", DHT_NOT_IN_TIME, DHT_ERR_TIMEOUT, 50);
	ended(&rig, "c", DHT_FULL, DHT_ERR_FULL, 50);
	rig_stop(&rig);
}

/* It did answer, so it is not avoided: only this transaction tries another one. */
static void a_server_that_is_never_in_time_is_left(void **state)
{
	struct rig rig;
	struct rig_sent first;

	(void)state;
	put_three(&rig, 2, &first);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rig.sent[0].out.server, 0);
		done_of_three(&rig, &first, 0, 4, 4, 50);
		assert_int_equal(rig_wait_sent(&rig), 1);
	}
	assert_int_equal(rig.sent[0].out.server, 1);
	assert_memory_equal(rig.sent[0].bytes, first.bytes, first.out.len);
	rig_request(&rig, REQUEST_GET, "x");
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].out.server, 0);
	/* What the first one says in the end counts, what it still has to do does not. */
	done_of_three(&rig, &first, 0, 0, 4, 50);
	rig_quiet(&rig);
	done_of_three(&rig, &first, 0, 4, 0, 50);
	for (int i = 0; i < 3; i++)
		ended(&rig, i == 0 ? "a" : i == 1 ? "b" : "c", DHT_STORED, 0, 50);
	rig_stop(&rig);
}

static void a_done_of_another_size_is_no_answer(void **state)
{
	const uint8_t statuses[2] = {0};
	struct msg m = {.type = MSG_DONE, .done.statuses = {.p = statuses, .len = 2}};
	struct rig rig;

	(void)state;
	one_request(&rig, REQUEST_PUT);
	rig_answer(&rig, &rig.sent[0], &m);
	rig_quiet(&rig);
	rig_wait(&rig, 60000);
	rig_end(&rig, "x", DHT_ERR_PROTOCOL);
	rig_stop(&rig);
}

static void errors_have_their_names(void **state)
{
	static const struct {
		uint16_t code;
		int error;
		uint8_t status;
	} table[] = {
		{ERROR_MALFORMED, DHT_ERR_PROTOCOL, DHT_NO_ANSWER},
		{ERROR_UNKNOWN_OPTION, DHT_ERR_PROTOCOL, DHT_NO_ANSWER},
		{ERROR_REFUSED, DHT_ERR_REFUSED, DHT_REFUSED},
		{ERROR_AUTH_NEEDED, DHT_ERR_AUTH_NEEDED, DHT_NO_ANSWER},
		{ERROR_AUTH_FAILED, DHT_ERR_AUTH_FAILED, DHT_NO_ANSWER},
		{99, DHT_ERR_PROTOCOL, DHT_NO_ANSWER},
	};
	struct rig rig;
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		one_request(&rig, REQUEST_PUT);
		rig_error(&rig, &rig.sent[0], table[i].code);
		assert_true(requester_take(rig.r, &o));
		assert_int_equal(o.error, table[i].error);
		assert_int_equal(o.status, table[i].status);
		assert_int_equal(rig_send(&rig), 0);
		rig_stop(&rig);
	}
}

static void challenges_are_answered_at_once_but_not_for_ever(void **state)
{
	struct rig rig;

	(void)state;
	one_request(&rig, REQUEST_GET);
	for (uint8_t i = 0; i < 4; i++) {
		rig_challenge(&rig, &rig.sent[0], i);
		assert_int_equal(rig_send(&rig), 1);
	}
	rig_challenge(&rig, &rig.sent[0], 9);
	assert_int_equal(rig_send(&rig), 0);
	rig_wait(&rig, 60000);
	rig_end(&rig, "x", DHT_ERR_PROTOCOL);
	rig_stop(&rig);
}

static void pong(void **state)
{
	static const uint8_t name[] = "a name";
	struct msg m = {.type = MSG_PONG, .pong = {2, 3, 4, {.p = name, .len = 6}}};
	struct rig rig;
	struct outcome o;

	(void)state;
	one_request(&rig, REQUEST_PING);
	rig_answer(&rig, &rig.sent[0], &m);
	assert_true(requester_take(rig.r, &o));
	assert_non_null(o.info);
	assert_int_equal(o.info->protocol_version, 2);
	assert_int_equal(o.info->members, 3);
	assert_int_equal(o.info->uptime_s, 4);
	assert_string_equal(o.info->name, "a name");
	rig_stop(&rig);
}

/* The ports of the servers of a SERVER_LIST with these, as the caller gets them. */
static void server_list(const char *ports, const char *want)
{
	uint8_t servers[8 * MSG_SERVER_LEN] = {0};
	struct msg m = {.type = MSG_SERVER_LIST,
		.server_list.servers = {servers, strlen(ports) * MSG_SERVER_LEN}};
	struct rig rig;
	struct outcome o;

	for (size_t i = 0; ports[i]; i++)
		servers[i * MSG_SERVER_LEN + 17] = (uint8_t)ports[i];
	one_request(&rig, REQUEST_SERVERS);
	rig_answer(&rig, &rig.sent[0], &m);
	assert_true(requester_take(rig.r, &o));
	assert_int_equal(o.error, 0);
	assert_int_equal(o.answer.provider_count, strlen(want));
	for (size_t i = 0; want[i]; i++)
		assert_int_equal(o.answer.providers[i].port, want[i]);
	free(o.answer.providers);
	rig_stop(&rig);
}

static void the_asked_server_is_listed_first(void **state)
{
	(void)state;
	server_list("", "");
	server_list("a", "a");
	server_list("cba", "cab");
	server_list("bcbacb", "bac");
	server_list("aaa", "a");
}

static void a_name_that_is_too_long_is_cut(void **state)
{
	uint8_t name[600];
	struct msg m = {.type = MSG_PONG, .pong.name = {.p = name, .len = sizeof(name)}};
	struct rig rig;
	struct outcome o;

	(void)state;
	memset(name, 'n', sizeof(name));
	one_request(&rig, REQUEST_PING);
	rig_answer(&rig, &rig.sent[0], &m);
	assert_true(requester_take(rig.r, &o));
	assert_int_equal(strlen(o.info->name), 255);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(providers_answer_a_lookup),
		cmocka_unit_test(who_may_answer),
		cmocka_unit_test(what_is_no_answer_to_it),
		cmocka_unit_test(an_answer_that_comes_late_still_counts),
		cmocka_unit_test(a_lookup_in_several_datagrams),
		cmocka_unit_test(pages_are_followed_to_the_last),
		cmocka_unit_test(another_server_starts_from_the_first_page),
		cmocka_unit_test(servers_that_never_get_to_the_second_page_are_an_error),
		cmocka_unit_test(pages_without_end_are_an_error),
		cmocka_unit_test(what_each_status_means),
		cmocka_unit_test(what_was_not_stored_in_time_is_tried_again),
		cmocka_unit_test(what_is_never_in_time_ends),
		cmocka_unit_test(what_a_server_said_outlives_it),
		cmocka_unit_test(a_server_that_is_never_in_time_is_left),
		cmocka_unit_test(a_done_of_another_size_is_no_answer),
		cmocka_unit_test(errors_have_their_names),
		cmocka_unit_test(challenges_are_answered_at_once_but_not_for_ever),
		cmocka_unit_test(pong),
		cmocka_unit_test(the_asked_server_is_listed_first),
		cmocka_unit_test(a_name_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
