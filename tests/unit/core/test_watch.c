/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/rng.h"
#include "core/watch.h"

#include "../test_seed.h"
#include "../unit.h"

static const uint8_t secret[16] = {1, 2, 3};
static const uint8_t txid_a[MSG_TXID_LEN] = "txid-aa", txid_b[MSG_TXID_LEN] = "txid-bb";

static int setup(void **state)
{
	*state = watch_new(secret);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	watch_check(*state);
	watch_free(*state);
	return 0;
}

/* A key views its hash, so the hashes stay. */
static struct table_key key_of(unsigned n)
{
	static uint8_t hashes[65536][2];

	assert_true(n < 65536);
	store_be16(hashes[n], (uint16_t)n);
	return table_key_of((struct span){hashes[n], 2});
}

/* Client n: 10.x.y.z and a port. */
static struct flow client(unsigned n)
{
	uint8_t v4[4];
	struct flow flow = {.remote.port = 1000, .socket = n};

	store_be16(v4, 0x0a00);
	store_be32(v4, 0x0a000001 + n);
	flow.remote.ip = ip_from_v4(v4);
	return flow;
}

static void want(struct watch *w, unsigned hash, unsigned who, uint64_t until_ms)
{
	struct table_key key = key_of(hash);
	struct flow flow = client(who);

	assert_int_equal(watch_want(w, &key, &flow, 19 + hash, until_ms), 0);
}

static bool unwant(struct watch *w, unsigned hash, unsigned who)
{
	struct table_key key = key_of(hash);
	struct flow flow = client(who);

	return watch_unwant(w, &key, &flow.remote);
}

static int subscribe(
	struct watch *w, unsigned hash, unsigned who, const uint8_t *txid, uint64_t until_ms)
{
	struct table_key key = key_of(hash);
	struct flow flow = client(who);

	return watch_subscribe(w, &key, &flow, txid, until_ms);
}

static void unsubscribe(struct watch *w, unsigned hash, unsigned who)
{
	struct table_key key = key_of(hash);
	struct flow flow = client(who);

	watch_unsubscribe(w, &key, &flow.remote);
}

static bool seen(struct watch *w, unsigned who, const uint8_t *txid, uint32_t seq)
{
	struct flow flow = client(who);

	return watch_seen(w, &flow.remote, txid, seq);
}

static void post(struct watch *w, unsigned hash, enum msg_event_kind kind, uint16_t port)
{
	struct table_key key = key_of(hash);
	struct record r = {.ip = client(99).remote.ip, .port = port, .expiry_ms = 777};

	watch_post(w, &key, kind, &r, WATCH_OWN_TABLE);
}

/* Polls for one thing. */
static bool poll_one(struct watch *w, struct watch_due *due, uint64_t now_ms)
{
	return watch_poll(w, due, 1, now_ms) == 1;
}

static void assert_quiet(struct watch *w, uint64_t now_ms)
{
	struct watch_due due;

	assert_false(poll_one(w, &due, now_ms));
	assert_true(watch_deadline(w) > now_ms);
}

static void nothing_is_watched(void **state)
{
	struct table_key key = key_of(1);

	assert_false(watch_any(*state, key.partition));
	assert_true(watch_deadline(*state) == UINT64_MAX);
	post(*state, 1, EVENT_APPEARED, 1);
	assert_quiet(*state, 100);
	assert_false(unwant(*state, 1, 1));
	assert_false(seen(*state, 1, txid_a, 1));
	unsubscribe(*state, 1, 1);
}

static void a_want(void **state)
{
	struct table_key key = key_of(1);
	struct watch_due due;

	want(*state, 1, 5, 1000);
	assert_true(watch_any(*state, key.partition));
	assert_int_equal(watch_deadline(*state), 1000);
	assert_int_equal(watch_usage(*state).watchers, 1);
	post(*state, 2, EVENT_APPEARED, 1);
	post(*state, 1, EVENT_WITHDRAWN, 1);
	post(*state, 1, EVENT_EXPIRED, 1);
	assert_quiet(*state, 999);
	post(*state, 1, EVENT_APPEARED, 1);
	assert_int_equal(watch_deadline(*state), 0);
	watch_check(*state);
	assert_true(poll_one(*state, &due, 999));
	assert_int_equal(due.kind, WATCH_HAVE);
	assert_int_equal(due.flow.socket, 5);
	assert_int_equal(due.room, 20);
	assert_int_equal(due.until_ms, 1000);
	assert_int_equal(due.hash.len, 2);
	assert_memory_equal(due.hash.b, key.hash.p, 2);
	assert_false(watch_any(*state, key.partition));
	assert_false(unwant(*state, 1, 5));
	assert_quiet(*state, 5000);
}

static void a_want_that_ends(void **state)
{
	want(*state, 1, 5, 1000);
	want(*state, 1, 5, 3000); /* moves its end */
	assert_int_equal(watch_usage(*state).watchers, 1);
	assert_quiet(*state, 1000);
	assert_int_equal(watch_deadline(*state), 3000);
	want(*state, 1, 5, 2000); /* backwards as well */
	assert_quiet(*state, 2000);
	assert_int_equal(watch_usage(*state).watchers, 0);
	/* Fired, but too late to be told. */
	want(*state, 1, 5, 3000);
	post(*state, 1, EVENT_APPEARED, 1);
	assert_quiet(*state, 3000);
}

static void unwant_before_and_after_it_fired(void **state)
{
	want(*state, 1, 5, 1000);
	assert_false(unwant(*state, 1, 6));
	assert_true(unwant(*state, 1, 5));
	want(*state, 1, 5, 1000);
	post(*state, 1, EVENT_APPEARED, 1);
	assert_true(unwant(*state, 1, 5));
	assert_quiet(*state, 10);
}

static void a_subscription(void **state)
{
	struct watch_due due;

	assert_int_equal(subscribe(*state, 1, 5, txid_a, 100000), 0);
	assert_int_equal(subscribe(*state, 2, 5, txid_a, 100000), 0);
	assert_int_equal(watch_usage(*state).watchers, 2);
	post(*state, 1, EVENT_APPEARED, 11);
	post(*state, 2, EVENT_WITHDRAWN, 22);
	post(*state, 1, EVENT_EXPIRED, 33);
	static const uint8_t kinds[] = {EVENT_APPEARED, EVENT_WITHDRAWN, EVENT_EXPIRED};
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(poll_one(*state, &due, 100));
		assert_int_equal(due.kind, WATCH_EVENT);
		assert_int_equal(due.seq, i + 1);
		assert_int_equal(due.event, kinds[i]);
		assert_int_equal(due.port, 11 * (i + 1));
		assert_int_equal(due.expiry_ms, 777);
		assert_int_equal(due.flow.socket, 5);
		assert_memory_equal(due.txid, txid_a, sizeof(txid_a));
	}
	assert_quiet(*state, 100);
	assert_int_equal(watch_deadline(*state), 1100);
	assert_int_equal(watch_usage(*state).pending, 3);
	assert_true(seen(*state, 5, txid_a, 2));
	assert_false(seen(*state, 5, txid_a, 2));
	assert_false(seen(*state, 5, txid_b, 1));
	assert_false(seen(*state, 6, txid_a, 1));
	assert_int_equal(watch_usage(*state).pending, 2);
}

static void events_are_repeated(void **state)
{
	static const uint64_t at_ms[] = {100, 1100, 3100, 7100};
	struct watch_due due;

	assert_int_equal(subscribe(*state, 1, 5, txid_a, 100000), 0);
	post(*state, 1, EVENT_APPEARED, 11);
	for (size_t i = 0; i < COUNT(at_ms); i++) {
		if (i > 0)
			assert_quiet(*state, at_ms[i] - 1);
		assert_true(poll_one(*state, &due, at_ms[i]));
		assert_int_equal(due.seq, 1);
	}
	assert_quiet(*state, 15099);
	assert_int_equal(watch_usage(*state).given_up, 0);
	assert_quiet(*state, 15100);
	assert_int_equal(watch_usage(*state).given_up, 1);
	assert_int_equal(watch_usage(*state).pending, 0);
	assert_int_equal(watch_usage(*state).watchers, 1);
}

/* Lets the events posted so far be sent and given up; gives the time after. */
static uint64_t ignore_all(struct watch *w, uint64_t now_ms)
{
	struct watch_due due[8];

	for (int i = 0; i < 20; i++, now_ms += 1000)
		while (watch_poll(w, due, COUNT(due), now_ms))
			;
	return now_ms;
}

static void a_subscriber_that_is_gone(void **state)
{
	uint64_t now_ms = 0;
	struct watch_due due;

	assert_int_equal(subscribe(*state, 1, 5, txid_a, 1000000), 0);
	assert_int_equal(subscribe(*state, 2, 5, txid_a, 1000000), 0);
	for (int i = 0; i < 2; i++) {
		post(*state, 1, EVENT_APPEARED, 11);
		now_ms = ignore_all(*state, now_ms);
	}
	/* Seen once: three more have to be ignored. */
	post(*state, 1, EVENT_APPEARED, 11);
	assert_true(poll_one(*state, &due, now_ms));
	assert_true(seen(*state, 5, txid_a, due.seq));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(watch_usage(*state).watchers, 2);
		post(*state, 1, EVENT_APPEARED, 11);
		now_ms = ignore_all(*state, now_ms);
	}
	assert_int_equal(watch_usage(*state).watchers, 0);
	assert_int_equal(watch_usage(*state).given_up, 5);
	assert_true(watch_deadline(*state) == UINT64_MAX);
}

static void the_end_of_a_subscription_takes_its_events(void **state)
{
	struct watch_due due;

	assert_int_equal(subscribe(*state, 1, 5, txid_a, 1000), 0);
	assert_int_equal(subscribe(*state, 1, 5, txid_b, 9000), 0);
	assert_int_equal(subscribe(*state, 1, 6, txid_a, 9000), 0);
	post(*state, 1, EVENT_APPEARED, 11);
	for (int i = 0; i < 3; i++)
		assert_true(poll_one(*state, &due, 0));
	assert_int_equal(watch_usage(*state).pending, 3);
	unsubscribe(*state, 1, 5); /* under whatever transaction id */
	assert_int_equal(watch_usage(*state).pending, 1);
	assert_int_equal(watch_usage(*state).watchers, 1);
	assert_true(poll_one(*state, &due, 1000));
	assert_int_equal(due.flow.socket, 6);
	ignore_all(*state, 9000);
	assert_int_equal(watch_usage(*state).pending, 0);
}

static void subscribing_again(void **state)
{
	struct watch_due due;

	assert_int_equal(subscribe(*state, 1, 5, txid_a, 1000), 0);
	assert_int_equal(subscribe(*state, 1, 5, txid_a, 5000), 0);
	assert_int_equal(watch_usage(*state).watchers, 1);
	assert_quiet(*state, 1000);
	post(*state, 1, EVENT_APPEARED, 11);
	assert_true(poll_one(*state, &due, 1000));
	assert_quiet(*state, 1000);
}

static void too_many_for_the_same(void **state)
{
	uint8_t txid[MSG_TXID_LEN] = {0};

	for (uint8_t i = 0; i < WATCH_MAX_SAME; i++) {
		txid[0] = i;
		assert_int_equal(subscribe(*state, 1, 5, txid, 1000), 0);
	}
	txid[0] = 255;
	assert_int_equal(subscribe(*state, 1, 5, txid, 1000), DHT_EFULL);
	assert_int_equal(subscribe(*state, 2, 5, txid, 1000), 0);
	assert_int_equal(subscribe(*state, 1, 6, txid, 1000), 0);
	txid[0] = 3;
	assert_int_equal(subscribe(*state, 1, 5, txid, 2000), 0);
}

/* Who subscribes after a change was posted is not told of it, however late it is walked. */
static void late_subscribers(void **state)
{
	struct watch_due due;

	assert_int_equal(subscribe(*state, 1, 1, txid_a, 90000), 0);
	assert_int_equal(subscribe(*state, 1, 2, txid_a, 90000), 0);
	post(*state, 1, EVENT_APPEARED, 11);
	assert_int_equal(subscribe(*state, 1, 3, txid_a, 90000), 0);
	post(*state, 1, EVENT_WITHDRAWN, 11);
	unsigned told[4] = {0};
	while (poll_one(*state, &due, 0))
		told[due.flow.socket]++;
	assert_int_equal(told[1], 2);
	assert_int_equal(told[2], 2);
	assert_int_equal(told[3], 1);
}

static void subscribers_that_leave_while_they_are_told(void **state)
{
	struct watch_due due;
	unsigned told = 0;

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(subscribe(*state, 1, i, txid_a, 90000), 0);
	post(*state, 1, EVENT_APPEARED, 11);
	assert_true(poll_one(*state, &due, 0));
	assert_int_equal(due.flow.socket, 0);
	unsubscribe(*state, 1, 1); /* the next */
	unsubscribe(*state, 1, 0); /* the last */
	unsubscribe(*state, 1, 9);
	watch_check(*state);
	while (poll_one(*state, &due, 0))
		assert_int_equal(due.flow.socket, 2 + told++);
	assert_int_equal(told, 7);
	post(*state, 1, EVENT_APPEARED, 11);
	for (unsigned i = 0; i < 10; i++)
		unsubscribe(*state, 1, i);
	assert_quiet(*state, 0);
	assert_int_equal(watch_usage(*state).watchers, 0);
}

#define WANTS_MAX(places) ((places) / 4 * 3)

static void limit_of_a_source(void **state)
{
	struct flow flow = client(1);

	for (unsigned i = 0; i < WANTS_MAX(WATCH_MAX_SOURCE); i++) {
		struct table_key key = key_of(i);
		flow.remote.port = (uint16_t)(i + 1); /* ports don't matter */
		assert_int_equal(watch_want(*state, &key, &flow, 19, 1000), 0);
	}
	struct table_key key = key_of(60000);
	assert_int_equal(watch_want(*state, &key, &flow, 19, 1000), DHT_EFULL);
	/* Wants leave room for who has proven that the address is theirs. */
	for (unsigned i = WANTS_MAX(WATCH_MAX_SOURCE); i < WATCH_MAX_SOURCE; i++) {
		key = key_of(i);
		assert_int_equal(watch_subscribe(*state, &key, &flow, txid_a, 1000), 0);
	}
	key = key_of(60000);
	assert_int_equal(watch_subscribe(*state, &key, &flow, txid_a, 1000), DHT_EFULL);
	want(*state, 60000, 2, 1000);
	key = key_of(WANTS_MAX(WATCH_MAX_SOURCE) - 1);
	assert_int_equal(watch_want(*state, &key, &flow, 19, 2000), 0);
	assert_true(watch_unwant(*state, &key, &flow.remote));
	watch_check(*state);
}

/* One PUT for a hash that very many want: everybody is told once, a few at a time. */
static void limit_of_all(void **state)
{
	struct table_key key = key_of(1), other = key_of(2);
	struct watch_due due[16];
	size_t told = 0, n;

	for (unsigned i = 0; i < WANTS_MAX(WATCH_MAX); i++)
		want(*state, 1, i, 1000);
	struct flow flow = client(WATCH_MAX);
	assert_int_equal(watch_want(*state, &key, &flow, 19, 1000), DHT_EFULL);
	assert_int_equal(watch_want(*state, &other, &flow, 19, 1000), DHT_EFULL);
	assert_int_equal(watch_subscribe(*state, &other, &flow, txid_a, 1000), 0);
	watch_check(*state);
	post(*state, 1, EVENT_APPEARED, 1);
	while ((n = watch_poll(*state, due, COUNT(due), 0)) != 0)
		for (size_t i = 0; i < n; i++)
			assert_int_equal(due[i].flow.socket, told++);
	assert_int_equal(told, WANTS_MAX(WATCH_MAX));
}

static void what_runs_out_at_once(void **state)
{
	struct watch_due due[16];

	for (unsigned i = 0; i < 50000; i++)
		want(*state, i, i, 1000);
	for (int i = 0; i < 50000 && watch_deadline(*state) <= 1000; i++)
		assert_int_equal(watch_poll(*state, due, COUNT(due), 1000), 0);
	assert_int_equal(watch_usage(*state).watchers, 0);
}

static void too_many_events(void **state)
{
	struct watch_due due[16];
	size_t sent = 0, n;

	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(subscribe(*state, 1, i, txid_a, 90000), 0);
	for (unsigned i = 0; i < WATCH_EVENTS_MAX / 16 + 10; i++) {
		post(*state, 1, EVENT_APPEARED, 1);
		while ((n = watch_poll(*state, due, COUNT(due), 0)) != 0)
			sent += n;
	}
	assert_int_equal(sent, WATCH_EVENTS_MAX + 160);
	assert_int_equal(watch_usage(*state).pending, WATCH_EVENTS_MAX);
	assert_int_equal(watch_usage(*state).given_up, 160);
	assert_int_equal(watch_usage(*state).watchers, 16);
	/* The oldest are gone. */
	assert_false(seen(*state, 3, txid_a, 10));
	assert_true(seen(*state, 3, txid_a, 11));
	watch_check(*state);
}

static void too_many_posts(void **state)
{
	struct watch_due due;

	assert_int_equal(subscribe(*state, 1, 1, txid_a, 90000), 0);
	for (unsigned i = 0; i < WATCH_EVENTS_MAX + 5; i++)
		post(*state, 1, EVENT_APPEARED, (uint16_t)i);
	watch_check(*state);
	assert_int_equal(watch_usage(*state).given_up, 5);
	assert_true(poll_one(*state, &due, 0));
	assert_int_equal(due.port, 5);
	post(*state, 1, EVENT_APPEARED, 1);
	post(*state, 1, EVENT_APPEARED, 1);
	assert_true(poll_one(*state, &due, 0));
	watch_check(*state);
}

/* A model of the wants, driven at random beside subscriptions of the same hashes. */
#define HASHES  4
#define CLIENTS 6

struct model_want {
	bool there, fired;
	uint64_t until_ms;
};

static void model_poll(
	struct watch *w, struct model_want m[HASHES][CLIENTS], uint64_t now_ms, struct rng *rng)
{
	struct watch_due due[3];
	size_t n = watch_poll(w, due, 1 + rng_below(rng, 3), now_ms);

	for (size_t i = 0; i < n; i++) {
		if (due[i].kind == WATCH_EVENT) {
			struct flow flow = due[i].flow;
			if (rng_below(rng, 2))
				assert_true(watch_seen(w, &flow.remote, due[i].txid, due[i].seq));
			continue;
		}
		struct model_want *x = &m[load_be16(due[i].hash.b)][due[i].flow.socket];
		assert_true(x->there && x->fired && x->until_ms > now_ms);
		x->there = false;
	}
}

static void model_step(
	struct watch *w, struct model_want m[HASHES][CLIENTS], uint64_t *now_ms, struct rng *rng)
{
	unsigned hash = rng_below(rng, HASHES), who = rng_below(rng, CLIENTS);
	uint64_t until_ms = *now_ms + 1 + rng_below(rng, 20000);
	struct model_want *x = &m[hash][who];
	const uint8_t *txid = rng_below(rng, 2) ? txid_a : txid_b;

	switch (rng_below(rng, 8)) {
	case 0:
	case 1:
		want(w, hash, who, until_ms);
		*x = (struct model_want){true, x->there && x->fired, until_ms};
		break;
	case 2:
		if (x->there && x->until_ms <= *now_ms)
			break; /* whether it is still there depends on when it was polled */
		assert_true(unwant(w, hash, who) == x->there);
		x->there = false;
		break;
	case 3: post(w, hash, (enum msg_event_kind)(2 + rng_below(rng, 2)), 1); break;
	case 4:
		post(w, hash, EVENT_APPEARED, 1);
		for (unsigned i = 0; i < CLIENTS; i++)
			m[hash][i].fired |= m[hash][i].there;
		break;
	case 5: *now_ms += rng_below(rng, 3000); break;
	case 6: assert_int_equal(subscribe(w, hash, who, txid, until_ms), 0); break;
	case 7:
		if (rng_below(rng, 3) == 0)
			unsubscribe(w, hash, who);
		break;
	}
	model_poll(w, m, *now_ms, rng);
}

static void at_random(void **state)
{
	struct model_want m[HASHES][CLIENTS] = {0};
	uint64_t now_ms = 1000;
	struct rng rng;

	rng_init(&rng, test_seed());
	for (int i = 0; i < 20000; i++) {
		model_step(*state, m, &now_ms, &rng);
		/* The end of what ran out was seen by the poll. */
		for (unsigned h = 0; h < HASHES; h++)
			for (unsigned c = 0; c < CLIENTS; c++)
				if (m[h][c].until_ms <= now_ms)
					m[h][c].there = false;
		if (i % 1000 == 0)
			watch_check(*state);
	}
}

#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WATCH_TEST(nothing_is_watched),
		WATCH_TEST(a_want),
		WATCH_TEST(a_want_that_ends),
		WATCH_TEST(unwant_before_and_after_it_fired),
		WATCH_TEST(a_subscription),
		WATCH_TEST(events_are_repeated),
		WATCH_TEST(a_subscriber_that_is_gone),
		WATCH_TEST(the_end_of_a_subscription_takes_its_events),
		WATCH_TEST(subscribing_again),
		WATCH_TEST(too_many_for_the_same),
		WATCH_TEST(late_subscribers),
		WATCH_TEST(subscribers_that_leave_while_they_are_told),
		WATCH_TEST(limit_of_a_source),
		WATCH_TEST(limit_of_all),
		WATCH_TEST(what_runs_out_at_once),
		WATCH_TEST(too_many_events),
		WATCH_TEST(too_many_posts),
		WATCH_TEST(at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
