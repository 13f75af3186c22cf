/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching what others own: in a cluster of four with two owners. */
#include "core/interest.h"

#include <string.h>

#include "net_rig.h"
#include "peer_ask.h"
#include "rig.h"

#define ASKED  2 /* a node that owns nothing */
#define OWNERS 2

#define HASH_1 "04 deadbeef"
#define WANT   "02 0004 deadbeef"
#define WANT_2 "02 0002 aabb"
#define PUT    "01 0014" IP_7 "deadbeef"
#define HAVE_7 "03 0010" IP_7
#define WATCH  "16 0012" TXID "0000003c 01" HASH_1
#define STOP   "16 0012 a011223344556677 00000000 01" HASH_1

#define STORED_V ((uint64_t)1 << 20)
#define LIFE_MS  60000
#define TRIP_MS  1 /* from one node to another, and more */

static int setup(void **state)
{
	*state = net_new(4, OWNERS, 2);
	return 0;
}

static int teardown(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < net->count; i++)
		interest_check(net->nodes[i].lane->interest);
	net_free(net);
	return 0;
}

static uint64_t subscribes(const struct net *net)
{
	return net_stat(net, ASKED, STATS_SUBSCRIBES_SENT);
}

static uint64_t watchers(const struct net *net, unsigned node)
{
	return server_watch_usage(net->nodes[node].server).watchers;
}

static void cut(struct net *net, unsigned from, unsigned to, bool is)
{
	net->cut[from][to] = net->cut[to][from] = is;
}

static void owners_are_asked_at_once(void **state)
{
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, TRIP_MS);
	assert_int_equal(subscribes(net), OWNERS);
	for (unsigned i = 0; i < OWNERS; i++)
		assert_int_equal(watchers(net, i), 1);
	assert_int_equal(watchers(net, 3), 0);
}

/* So they are where a hash may have as many owners as one call makes datagrams. */
static void as_many_owners_as_there_can_be(void **state)
{
	struct net *net = *state;
	const uint8_t owners[] = {0, 1};

	net->replicas = RING_REPLICAS;
	net_own(net, owners, OWNERS);
	net_publish(net);
	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, 2 * TRIP_MS);
	assert_int_equal(subscribes(net), OWNERS);
	for (unsigned i = 0; i < OWNERS; i++)
		assert_int_equal(watchers(net, i), 1);
}

/* Also when the cluster has changed since anybody watched anything. */
static void at_once_under_another_view_too(void **state)
{
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, TRIP_MS);
	net_send(net, ASKED, NET_CLIENT, STOP);
	net_run(net, 2 * INTEREST_RENEW_MS);
	uint64_t before = subscribes(net);
	net_publish(net);
	net_run(net, 5000);
	assert_int_equal(subscribes(net), before);
	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, TRIP_MS);
	assert_int_equal(subscribes(net), before + OWNERS);
	/* And when it changes in the very moment. */
	net_publish(net);
	net_send(net, ASKED, NET_CLIENT, WANT_2);
	net_run(net, TRIP_MS);
	assert_in_range(subscribes(net), before + 2 * OWNERS, before + 3 * OWNERS);
}

static void new_owners_are_asked_within_a_second(void **state)
{
	static const uint8_t others[] = {1, 3};
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, TRIP_MS);
	net_own(net, others, 2);
	net_publish(net);
	net_run(net, 1000 + TRIP_MS);
	assert_int_equal(subscribes(net), 2 * OWNERS);
	assert_int_equal(watchers(net, 3), 1);
}

static void it_is_renewed_while_somebody_watches(void **state)
{
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, 2 * INTEREST_RENEW_MS + 1000);
	assert_int_equal(subscribes(net), 3 * OWNERS);
	net_send(net, ASKED, NET_CLIENT, STOP);
	net_run(net, INTEREST_LIFE_S * 1000 + 1000);
	assert_int_equal(subscribes(net), 3 * OWNERS);
	assert_true(interest_deadline(net->nodes[ASKED].lane->interest) == UINT64_MAX);
	for (unsigned i = 0; i < OWNERS; i++)
		assert_int_equal(watchers(net, i), 0);
}

/* Who does not answer is asked again a few times, and then when all are. */
static void a_silent_owner(void **state)
{
	struct net *net = *state;

	cut(net, ASKED, 1, true);
	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, INTEREST_RENEW_MS - 1000);
	assert_int_equal(subscribes(net), OWNERS + INTEREST_TRIES - 1);
	cut(net, ASKED, 1, false);
	net_run(net, 2000 + INTEREST_TRIES * INTEREST_RETRY_MS);
	assert_int_equal(subscribes(net), 2 * OWNERS + INTEREST_TRIES - 1);
	assert_int_equal(watchers(net, 1), 1);
}

static void the_dead_and_ourselves_are_not_asked(void **state)
{
	static const uint8_t owners[] = {ASKED, 1};
	struct net *net = *state;

	net->state[1] = PEER_DEAD;
	net_publish(net);
	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, TRIP_MS);
	assert_int_equal(subscribes(net), 1);
	net_own(net, owners, 2);
	net->state[1] = PEER_ALIVE;
	net_publish(net);
	net_run(net, 1000 + TRIP_MS);
	assert_int_equal(subscribes(net), 1); /* an owner sees it itself */
}

/* Both owners tell; the client is told once. */
static void a_change_is_told_once(void **state)
{
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, 10);
	assert_int_equal(net_answer(net, 0).type, MSG_DONE);
	net->answer_count = 0;
	net_send(net, 3, "10.0.0.9:9", PUT);
	net_run(net, 500);
	assert_int_equal(net->answer_count, 1);
	struct msg m = net_answer(net, 0);
	assert_int_equal(m.type, MSG_EVENT);
	assert_int_equal(m.event.kind, EVENT_APPEARED);
	assert_true(net_stat(net, ASKED, STATS_NOTIFIES_TAKEN) >= OWNERS);
	assert_true(net_stat(net, 0, STATS_NOTIFIES_SENT) >= 1);
	net_run(net, 500);
	for (unsigned i = 0; i < OWNERS; i++)
		assert_int_equal(server_watch_usage(net->nodes[i].server).pending, 0);
}

/* What came while nobody could be asked is found when they can. */
static void a_want_learns_late_of_what_is_there(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < OWNERS; i++)
		cut(net, ASKED, i, true);
	net_send(net, ASKED, NET_CLIENT, WANT);
	net_run(net, 3000);
	for (unsigned i = 0; i < OWNERS; i++)
		net_put(net, i, NET_HASH, 7, STORED_V, LIFE_MS);
	for (unsigned i = 0; i < OWNERS; i++)
		cut(net, ASKED, i, false);
	net_run(net, INTEREST_RENEW_MS);
	net_expect(net, HAVE_7);
}

static uint8_t subscribe(struct net *net, unsigned node)
{
	static const uint8_t list[] = {4, 0xde, 0xad, 0xbe, 0xef};
	struct peer_msg m = {
		.type = PEER_SUBSCRIBE,
		.subscribe = {.id = 9, .seconds = 1, .hashes = {1, {list, sizeof(list)}}},
	};

	assert_int_equal(peer_ask(net, node, &m), 1);
	assert_int_equal(peer_answer(0)->type, PEER_SUBSCRIBED);
	assert_int_equal(peer_answer(0)->subscribed.id, 9);
	assert_int_equal(peer_answer(0)->subscribed.statuses.len, 1);
	return peer_answer(0)->subscribed.statuses.p[0];
}

static void an_owner_says_whether_there_is_somebody(void **state)
{
	struct net *net = *state;

	assert_int_equal(subscribe(net, 0), PEER_SUBSCRIBED_NOW);
	net_put(net, 0, NET_HASH, 7, STORED_V, LIFE_MS);
	assert_int_equal(subscribe(net, 0), PEER_SUBSCRIBED_HAS);
	assert_int_equal(watchers(net, 0), 1);
	net_run(net, 1100);
	assert_int_equal(watchers(net, 0), 0);
}

/* What ASKED hears from a node that it knows. */
static void hear(struct net *net, unsigned node, const struct peer_msg *m)
{
	char id[] = "10.9.0.0:8471";
	uint8_t bytes[MSG_DATAGRAM_DEFAULT];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct now now = net_now(net, ASKED);
	struct lane *l = net->nodes[ASKED].lane;

	id[7] = (char)('0' + node);
	struct flow flow = rig_flow(id);
	struct letter letter = {.known = true, .id = flow.remote, .sent_us = now.mono_us};
	peer_encode(&w, m);
	assert_false(w.failed);
	struct mail mail = lane_mail(l, &now, &net->out, LANE_OUT_MAX);
	assert_true(interest_take(
		l->interest, &letter, &flow, (struct span){bytes, writer_used(&w)}, &mail));
	mail_flush(&mail);
	net->out.count = 0;
}

/* SUBSCRIBED to the first question of this view, as the second owner would say it. */
static void hear_subscribed(struct net *net, unsigned node, uint32_t entry, uint32_t place)
{
	static const uint8_t now_on[] = {PEER_SUBSCRIBED_NOW};
	uint64_t id = (net->epoch & 0xffffff) << 40 | (uint64_t)place << 32 | entry;
	struct peer_msg m = {.type = PEER_SUBSCRIBED, .subscribed = {id, {now_on, 1}}};

	hear(net, node, &m);
}

static void only_the_owner_that_was_asked_can_answer(void **state)
{
	struct net *net = *state;

	cut(net, ASKED, 1, true);
	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, TRIP_MS);
	hear_subscribed(net, 3, 0, 1);
	hear_subscribed(net, 0, 0, 1);
	hear_subscribed(net, 1, 0, 0);
	hear_subscribed(net, 1, 0, 2);
	hear_subscribed(net, 1, 0, 255);
	hear_subscribed(net, 1, 1, 1);
	hear_subscribed(net, 1, UINT32_MAX, 1);
	net_run(net, INTEREST_RETRY_MS + TRIP_MS);
	assert_int_equal(subscribes(net), OWNERS + 1);
	hear_subscribed(net, 1, 0, 1);
	net_run(net, 2 * INTEREST_RETRY_MS);
	assert_int_equal(subscribes(net), OWNERS + 1);
}

static void hear_of(struct net *net, const char *provider, int64_t ahead_ms)
{
	static const uint8_t hash[] = {0xde, 0xad, 0xbe, 0xef};
	uint64_t wall_ms = net_now(net, ASKED).wall_ms;
	struct peer_msg m = {
		.type = PEER_NOTIFY,
		.notify =
			{
				.seq = 1,
				.kind = EVENT_APPEARED,
				.hash = {hash, sizeof(hash)},
				.record =
					{
						.ip = rig_ip(provider),
						.version = version_at(
							(uint64_t)((int64_t)wall_ms + ahead_ms)),
						.life = 600,
					},
			},
	};

	hear(net, 0, &m);
	net_run(net, 100);
}

static void of_nobody_and_of_another_day(void **state)
{
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, WATCH);
	net_run(net, 10);
	net->answer_count = 0;
	hear_of(net, "0.0.0.0", 0);
	hear_of(net, "224.0.0.1", 0);
	hear_of(net, "192.0.2.7", 2 * 24 * 3600 * 1000);
	assert_int_equal(net->answer_count, 0);
	hear_of(net, "192.0.2.7", 0);
	assert_int_equal(net->answer_count, 1);
	net->answer_count = 0;
}

/* What is too much is counted, and there is room again when nobody watches. */
static void a_limit(void **state)
{
	struct net *net = *state;
	struct interest *in = net->nodes[ASKED].lane->interest;
	struct now now = net_now(net, ASKED);

	for (uint32_t i = 0; i < INTEREST_MAX + 3; i++) {
		uint8_t hash[4] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1};
		struct table_key key = table_key_of((struct span){hash, sizeof(hash)});
		interest_add(in, &key, now_mono_ms(&now));
		interest_add(in, &key, now_mono_ms(&now));
	}
	assert_int_equal(net_stat(net, ASKED, STATS_INTEREST_FULL), 6);
	interest_check(in);
	net_run(net, 1000);
	assert_true(interest_deadline(in) == UINT64_MAX);
	assert_int_equal(subscribes(net), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(owners_are_asked_at_once),
		TEST(as_many_owners_as_there_can_be),
		TEST(at_once_under_another_view_too),
		TEST(new_owners_are_asked_within_a_second),
		TEST(it_is_renewed_while_somebody_watches),
		TEST(a_silent_owner),
		TEST(the_dead_and_ourselves_are_not_asked),
		TEST(a_change_is_told_once),
		TEST(a_want_learns_late_of_what_is_there),
		TEST(an_owner_says_whether_there_is_somebody),
		TEST(only_the_owner_that_was_asked_can_answer),
		TEST(of_nobody_and_of_another_day),
		TEST(a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
