/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "client/providers.h"
#include "wire/list.h"

#include "rig.h"

#define HALF_MINUTE_MS 30000

/* PROVIDERS with these ports, up to a 0. */
static void look(struct rig *rig, const struct rig_sent *to, const uint16_t *ports)
{
	uint8_t bytes[1024];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct msg m = {.type = MSG_PROVIDERS};
	uint16_t n = 0;

	assert_int_equal(to->m.type, MSG_LOOKUP);
	while (ports[n])
		n++;
	write_u8(&w, 0);
	write_u32(&w, n);
	write_u32(&w, 0);
	write_u16(&w, n);
	for (size_t i = 0; i < n; i++) {
		struct provider p = {.port = ports[i], .ttl_s = 60};
		const uint8_t ip[4] = {10, 0, 0, 1};
		p.ip = ip_from_v4(ip);
		write_provider(&w, &p);
	}
	m.providers.sections = (struct span){.p = bytes, .len = writer_used(&w)};
	rig_answer(rig, to, &m);
}

#define LOOK(rig, to, ...) look(rig, to, (const uint16_t[]){__VA_ARGS__ __VA_OPT__(, ) 0})

/* Starts a watch and answers all of its beginning: these ports are there. */
static struct request *start(struct rig *rig, struct rig_sent *watch, size_t servers)
{
	rig_init(rig, servers);
	rig_start(rig);
	struct request *q = rig_request(rig, REQUEST_WATCH, "x");
	assert_int_equal(rig_send(rig), 1);
	assert_int_equal(rig->sent[0].m.type, MSG_WATCH);
	assert_int_equal(rig->sent[0].m.watch.duration_s, 60);
	rig_keep(rig, 0, watch);
	rig_done(rig, watch, 0);
	assert_int_equal(rig_send(rig), 1);
	return q;
}

static void seen(struct rig *rig, const struct rig_sent *watch, uint32_t seq)
{
	assert_true(rig_send(rig) >= 1);
	assert_int_equal(rig->sent[0].m.type, MSG_SEEN);
	assert_int_equal(rig->sent[0].m.seen.seq, seq);
	assert_memory_equal(rig->sent[0].m.txid, watch->m.txid, 8);
	assert_int_equal(rig->sent[0].out.server, watch->out.server);
}

static void who_is_there_appears_first(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 1);
	rig_quiet(&rig);
	LOOK(&rig, &rig.sent[0], 2, 1);
	rig_told(&rig, DHT_APPEARED, 1);
	rig_told(&rig, DHT_APPEARED, 2);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void each_event_is_acknowledged_and_told_once(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0], );
	rig_quiet(&rig);
	for (int i = 0; i < 3; i++) {
		rig_event(&rig, &watch, 1, EVENT_APPEARED, 5);
		seen(&rig, &watch, 1);
	}
	rig_told(&rig, DHT_APPEARED, 5);
	rig_quiet(&rig);
	rig_event(&rig, &watch, 2, EVENT_WITHDRAWN, 5);
	seen(&rig, &watch, 2);
	rig_told(&rig, DHT_WITHDRAWN, 5);
	rig_event(&rig, &watch, 3, EVENT_APPEARED, 5);
	rig_told(&rig, DHT_APPEARED, 5);
	rig_event(&rig, &watch, 4, EVENT_EXPIRED, 5);
	rig_told(&rig, DHT_EXPIRED, 5);
	rig_event(&rig, &watch, 5, EVENT_EXPIRED, 6);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void events_that_overtake_each_other(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0], );
	/* It appeared and went; the second event comes first. */
	rig_event(&rig, &watch, 2, EVENT_WITHDRAWN, 5);
	rig_event(&rig, &watch, 1, EVENT_APPEARED, 5);
	rig_quiet(&rig);
	/* One that is not so late is news of another provider. */
	rig_event(&rig, &watch, 1, EVENT_APPEARED, 6);
	rig_told(&rig, DHT_APPEARED, 6);
	rig_stop(&rig);
}

static void a_lookup_does_not_undo_an_event_since_it_was_asked(void **state)
{
	struct rig rig;
	struct rig_sent watch, lookup;

	(void)state;
	start(&rig, &watch, 1);
	rig_keep(&rig, 0, &lookup);
	rig_event(&rig, &watch, 1, EVENT_WITHDRAWN, 5);
	rig_event(&rig, &watch, 2, EVENT_APPEARED, 6);
	rig_told(&rig, DHT_APPEARED, 6);
	LOOK(&rig, &lookup, 5, 7);
	rig_told(&rig, DHT_APPEARED, 7);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void it_renews_itself_and_makes_up_for_what_was_missed(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0], 1, 2, 3);
	for (uint16_t port = 1; port <= 3; port++)
		rig_told(&rig, DHT_APPEARED, port);
	assert_int_equal(rig_wait(&rig, HALF_MINUTE_MS - 1), 0);
	assert_int_equal(rig_wait(&rig, 2), 1);
	assert_int_equal(rig.sent[0].m.type, MSG_WATCH);
	assert_memory_equal(rig.sent[0].m.txid, watch.m.txid, 8);
	rig_done(&rig, &rig.sent[0], 0);
	assert_int_equal(rig_send(&rig), 1);
	LOOK(&rig, &rig.sent[0], 4, 3, 1);
	rig_told(&rig, DHT_EXPIRED, 2);
	rig_told(&rig, DHT_APPEARED, 4);
	rig_quiet(&rig);
	/* And so on. */
	rig_wait(&rig, HALF_MINUTE_MS + 1);
	assert_int_equal(rig.count, 1);
	rig_done(&rig, &rig.sent[0], 0);
	assert_int_equal(rig_send(&rig), 1);
	LOOK(&rig, &rig.sent[0], );
	rig_told(&rig, DHT_EXPIRED, 1);
	rig_told(&rig, DHT_EXPIRED, 3);
	rig_told(&rig, DHT_EXPIRED, 4);
	rig_quiet(&rig);
	rig_stop(&rig);
}

/* Time passes until the watch, which its server does not answer any more, is sent to the next. */
static void move(struct rig *rig, struct rig_sent *watch)
{
	uint32_t server = (uint32_t)watch->out.server;

	for (int i = 0; i < 10 && watch->out.server == server; i++) {
		assert_int_equal(rig_wait_sent(rig), 1);
		assert_int_equal(rig->sent[0].m.type, MSG_WATCH);
		rig_keep(rig, 0, watch);
	}
	assert_int_not_equal(watch->out.server, server);
}

static void it_goes_on_at_the_next_server(void **state)
{
	struct rig rig;
	struct rig_sent old, watch;

	(void)state;
	start(&rig, &watch, 2);
	old = watch;
	LOOK(&rig, &rig.sent[0], 1);
	rig_told(&rig, DHT_APPEARED, 1);
	uint64_t start_us = rig.now.mono_us;
	move(&rig, &watch);
	assert_in_range(rig.now.mono_us - start_us, 10000000, 10400000);
	assert_memory_equal(watch.m.txid, old.m.txid, 8);
	rig_done(&rig, &watch, 0);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].out.server, 1);
	LOOK(&rig, &rig.sent[0], 1, 2);
	rig_told(&rig, DHT_APPEARED, 2);
	/* The old one does not count any more. */
	rig_event(&rig, &old, 7, EVENT_WITHDRAWN, 1);
	rig_quiet(&rig);
	assert_int_equal(rig_send(&rig), 0);
	rig_stop(&rig);
}

/* Each server counts its events anew: that is no reason to take one for an old one. */
static void the_next_server_counts_for_itself(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 2);
	LOOK(&rig, &rig.sent[0]);
	rig_wait(&rig, 9000);
	rig_event(&rig, &watch, 5, EVENT_APPEARED, 1);
	seen(&rig, &watch, 5);
	rig_told(&rig, DHT_APPEARED, 1);
	move(&rig, &watch);
	rig_done(&rig, &watch, 0);
	rig_send(&rig);
	LOOK(&rig, &rig.sent[0], 1);
	rig_quiet(&rig);
	rig_event(&rig, &watch, 1, EVENT_APPEARED, 1);
	seen(&rig, &watch, 1);
	rig_quiet(&rig);
	rig_event(&rig, &watch, 2, EVENT_WITHDRAWN, 1);
	rig_told(&rig, DHT_WITHDRAWN, 1);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void until_the_next_server_has_it_the_last_one_counts(void **state)
{
	struct rig rig;
	struct rig_sent old, watch;

	(void)state;
	start(&rig, &watch, 2);
	old = watch;
	LOOK(&rig, &rig.sent[0]);
	move(&rig, &watch);
	rig_event(&rig, &old, 1, EVENT_APPEARED, 1);
	seen(&rig, &old, 1);
	rig_told(&rig, DHT_APPEARED, 1);
	/* It was only slow. What the other one says now is told by this one as well. */
	rig_done(&rig, &old, 0);
	rig_done(&rig, &watch, 0);
	rig_event(&rig, &watch, 1, EVENT_WITHDRAWN, 1);
	rig_quiet(&rig);
	rig_event(&rig, &old, 2, EVENT_WITHDRAWN, 1);
	seen(&rig, &old, 2);
	rig_told(&rig, DHT_WITHDRAWN, 1);
	rig_stop(&rig);
}

/* With other servers at hand the one that has it is looked after, but its notes are compared no
 * more often than before. */
static void its_server_is_checked_where_there_are_others(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 2);
	LOOK(&rig, &rig.sent[0]);
	for (int i = 1; i <= 6; i++) {
		assert_int_equal(rig_wait(&rig, 9999), 0);
		assert_int_equal(rig_wait(&rig, 1), 1);
		assert_int_equal(rig.sent[0].m.type, MSG_WATCH);
		assert_int_equal(rig.sent[0].out.server, 0);
		rig_done(&rig, &rig.sent[0], 0);
		assert_int_equal(rig_send(&rig), i % 3 == 0);
		if (i % 3 == 0)
			LOOK(&rig, &rig.sent[0]);
	}
	rig_stop(&rig);
}

static void it_leaves_a_server_that_others_found_silent(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 2);
	LOOK(&rig, &rig.sent[0]);
	rig_request(&rig, REQUEST_PUT, "y");
	rig_send(&rig);
	rig_unreachable(&rig, &rig.sent[0]);
	assert_int_equal(rig_wait(&rig, 0), 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(rig.sent[i].out.server, 1);
	rig_stop(&rig);
}

static void it_waits_for_servers_that_went_away(void **state)
{
	struct rig rig;
	struct rig_sent watch;
	size_t sent;

	(void)state;
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0], 1);
	rig_told(&rig, DHT_APPEARED, 1);
	sent = rig_wait(&rig, 600000);
	assert_in_range(sent, 100, 1000);
	rig_quiet(&rig);
	rig_wait_sent(&rig);
	rig_done(&rig, &rig.sent[0], 0);
	assert_int_equal(rig_send(&rig), 1);
	LOOK(&rig, &rig.sent[0], 2);
	rig_told(&rig, DHT_EXPIRED, 1);
	rig_told(&rig, DHT_APPEARED, 2);
	rig_stop(&rig);
}

static void waiting_for_servers_keeps_nobody_else_out(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig.config.window = 1;
	rig_start(&rig);
	rig_request(&rig, REQUEST_WATCH, "x");
	rig_send(&rig);
	rig_done(&rig, &rig.sent[0], 0);
	rig_send(&rig);
	LOOK(&rig, &rig.sent[0], );
	rig_wait(&rig, HALF_MINUTE_MS + 1);
	/* It is being renewed; it pauses; it is tried again: whatever it does, this goes out. */
	for (int i = 0; i < 10; i++) {
		rig_request(&rig, REQUEST_GET, "y");
		assert_int_equal(rig_send(&rig), 1);
		assert_int_equal(rig.sent[0].m.type, MSG_LOOKUP);
		rig_wait(&rig, 4000);
		rig_end(&rig, "y", DHT_ERR_TIMEOUT);
	}
	rig_stop(&rig);
}

static void a_server_that_starts_anew_counts_anew(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0], );
	rig_event(&rig, &watch, 900, EVENT_APPEARED, 1);
	rig_told(&rig, DHT_APPEARED, 1);
	rig_wait(&rig, 11000);
	rig_event(&rig, &watch, 1, EVENT_WITHDRAWN, 1);
	rig_told(&rig, DHT_WITHDRAWN, 1);
	rig_stop(&rig);
}

static void it_ends_when_it_cannot_begin(void **state)
{
	static const struct {
		uint8_t status;
		int error;
	} table[] = {{2, DHT_ERR_REFUSED}, {3, DHT_ERR_FULL}};
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		rig_init(&rig, 1);
		rig_start(&rig);
		rig_request(&rig, REQUEST_WATCH, "x");
		rig_send(&rig);
		rig_done(&rig, &rig.sent[0], table[i].status);
		rig_end(&rig, "x", table[i].error);
		rig_stop(&rig);
	}
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_request(&rig, REQUEST_WATCH, "x");
	rig_wait(&rig, 60000);
	rig_end(&rig, "x", DHT_ERR_TIMEOUT);
	assert_int_equal(rig_wait(&rig, 600000), 0);
	rig_stop(&rig);
}

static void a_refusal_ends_it_later_too(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0], 1);
	rig_wait(&rig, HALF_MINUTE_MS + 1);
	rig_error(&rig, &rig.sent[0], ERROR_REFUSED);
	rig_told(&rig, DHT_APPEARED, 1);
	rig_end(&rig, "x", DHT_ERR_REFUSED);
	assert_int_equal(rig_wait(&rig, 600000), 0);
	rig_stop(&rig);
}

/* For a sanitizer to look at. */
static void it_can_be_freed_at_any_time(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	/* Its lookup is under way, or waits in a queue. */
	start(&rig, &watch, 1);
	rig_stop(&rig);
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0]);
	rig_wait(&rig, HALF_MINUTE_MS);
	rig_done(&rig, &rig.sent[0], 0);
	rig_stop(&rig);
}

static void farewell(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	struct request *q = start(&rig, &watch, 2);
	/* With its lookup under way and news to be told. */
	rig_event(&rig, &watch, 1, EVENT_APPEARED, 1);
	seen(&rig, &watch, 1);
	requester_cancel(rig.r, q);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].m.type, MSG_WATCH);
	assert_int_equal(rig.sent[0].m.watch.duration_s, 0);
	assert_int_equal(rig.sent[0].out.server, watch.out.server);
	rig_quiet(&rig);
	/* The answer is nobody's, and nothing is repeated. */
	rig_done(&rig, &rig.sent[0], 0);
	rig_quiet(&rig);
	assert_int_equal(rig_wait(&rig, 600000), 0);
	rig_stop(&rig);
}

static void several_hashes_share_a_watch(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	struct request *a = rig_request(&rig, REQUEST_WATCH, "a");
	rig_request(&rig, REQUEST_WATCH, "a");
	rig_request(&rig, REQUEST_WATCH, "b");
	assert_int_equal(rig_send(&rig), 1);
	rig_keep(&rig, 0, &watch);
	assert_int_equal(rig_hashes(&watch), 3);
	rig_done(&rig, &watch, 0);
	assert_int_equal(rig_send(&rig), 1);
	rig_providers(&rig, &rig.sent[0], 1, 0);
	for (int i = 0; i < 3; i++)
		rig_told(&rig, DHT_APPEARED, 1);
	/* The hash of the first: told to both. */
	rig_event(&rig, &watch, 1, EVENT_APPEARED, 2);
	rig_told(&rig, DHT_APPEARED, 2);
	rig_told(&rig, DHT_APPEARED, 2);
	rig_quiet(&rig);
	requester_cancel(rig.r, a);
	rig_wait(&rig, HALF_MINUTE_MS + 1);
	const struct rig_sent *last = &rig.sent[rig.count - 1];
	assert_int_equal(rig_hashes(last), 2);
	assert_memory_equal(last->m.txid, watch.m.txid, 8);
	rig_stop(&rig);
}

static void more_events_than_can_be_acknowledged(void **state)
{
	struct rig rig;
	struct rig_sent watch;

	(void)state;
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0], );
	for (uint16_t i = 1; i <= 1000; i++)
		rig_event(&rig, &watch, i, EVENT_APPEARED, i);
	/* The rest is sent again by the server, and acknowledged then. */
	assert_int_equal(rig_send(&rig), 256);
	for (uint16_t i = 1; i <= 1000; i++)
		rig_told(&rig, DHT_APPEARED, i);
	rig_quiet(&rig);
	rig_stop(&rig);
}

static void event_of(struct rig *rig, const struct rig_sent *watch, uint32_t i)
{
	struct msg m = {
		.type = MSG_EVENT,
		.event = {.seq = i, .kind = EVENT_APPEARED, .provider = {.port = 1, .ttl_s = 60}},
	};
	struct span rest = watch->m.watch.hashes.items;

	store_be32(m.event.provider.ip.b, i);
	assert_true(hash_list_next(&rest, &m.event.hash));
	rig_answer(rig, watch, &m);
}

/* As many as it keeps, and two more by a lookup: that is no reason to go on without an end. */
static void more_providers_than_are_kept(void **state)
{
	struct rig rig;
	struct rig_sent watch;
	struct outcome o;
	uint32_t told = 0;

	(void)state;
	start(&rig, &watch, 1);
	LOOK(&rig, &rig.sent[0]);
	for (uint32_t i = 1; i <= PROVIDERS_MAX; i++)
		event_of(&rig, &watch, i);
	while (requester_take(rig.r, &o))
		told++;
	assert_int_equal(told, PROVIDERS_MAX);
	rig_wait(&rig, HALF_MINUTE_MS);
	rig_done(&rig, &rig.sent[rig.count - 1], 0);
	assert_int_equal(rig_send(&rig), 1);
	LOOK(&rig, &rig.sent[0], 1, 2);
	event_of(&rig, &watch, PROVIDERS_MAX + 1);
	while (requester_take(rig.r, &o))
		told += o.kind == OUTCOME_EVENT && o.event == DHT_APPEARED;
	assert_int_equal(told, PROVIDERS_MAX + 2);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_there_appears_first),
		cmocka_unit_test(each_event_is_acknowledged_and_told_once),
		cmocka_unit_test(events_that_overtake_each_other),
		cmocka_unit_test(a_lookup_does_not_undo_an_event_since_it_was_asked),
		cmocka_unit_test(it_renews_itself_and_makes_up_for_what_was_missed),
		cmocka_unit_test(it_goes_on_at_the_next_server),
		cmocka_unit_test(the_next_server_counts_for_itself),
		cmocka_unit_test(until_the_next_server_has_it_the_last_one_counts),
		cmocka_unit_test(its_server_is_checked_where_there_are_others),
		cmocka_unit_test(it_leaves_a_server_that_others_found_silent),
		cmocka_unit_test(it_waits_for_servers_that_went_away),
		cmocka_unit_test(waiting_for_servers_keeps_nobody_else_out),
		cmocka_unit_test(a_server_that_starts_anew_counts_anew),
		cmocka_unit_test(it_ends_when_it_cannot_begin),
		cmocka_unit_test(a_refusal_ends_it_later_too),
		cmocka_unit_test(it_can_be_freed_at_any_time),
		cmocka_unit_test(farewell),
		cmocka_unit_test(several_hashes_share_a_watch),
		cmocka_unit_test(more_events_than_can_be_acknowledged),
		cmocka_unit_test(more_providers_than_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
