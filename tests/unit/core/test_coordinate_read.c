/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients ask for, in a cluster of six with three owners and a quorum of two. */
#include <stdio.h>
#include <string.h>

#include "core/page.h"
#include "wire/list.h"

#include "net_rig.h"
#include "rig.h"

#define ASKED 5 /* a node that owns nothing and stands in no row */

#define HASH_1  "04 deadbeef"
#define GET     "00 0004 deadbeef"
#define HAVE_7  "03 0010" IP_7
#define NOBODY  "03 0000"
#define WANT    "02 0004 deadbeef"
#define PUT     "01 0014" IP_7 "deadbeef"
#define LOOKUP  "10 0014" TXID "0000 00000000 01" HASH_1
#define FOUND_7 "11 0029" TXID "00 00000001 00000000 0001" IP_7 "0000 0000003c"
#define NO_7    "11 0013" TXID "00 00000000 00000000 0000"

#define STORED_V ((uint64_t)1 << 20)
#define LIFE     60000

static int setup(void **state)
{
	*state = net_new(6, 3, 2);
	return 0;
}

static void put_at(struct net *net, unsigned node, unsigned provider)
{
	net_put(net, node, NET_HASH, provider, STORED_V, LIFE);
}

static uint64_t fetches_sent(const struct net *net)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < net->count; i++)
		n += net_stat(net, i, STATS_CLUSTER_FETCHES_SENT);
	return n;
}

static void an_owner_that_has_it_asks_nobody(void **state)
{
	struct net *net = *state;

	put_at(net, 0, 7);
	net_send(net, 0, NET_CLIENT, GET);
	net_expect(net, HAVE_7);
	net_send(net, 0, NET_CLIENT, LOOKUP);
	net_expect(net, "11 0029" TXID "00 00000001 00000000 0001" IP_7 "0000 0000003c");
	assert_int_equal(net->carried, 0);
	assert_int_equal(net_stat(net, 0, STATS_HITS), 2);
}

static void others_are_asked(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		put_at(net, i, 7);
	net_ask(net, ASKED, GET, HAVE_7);
	net_ask(net, ASKED, LOOKUP, FOUND_7);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_FETCHES_SENT), 2);
	assert_int_equal(fetches_sent(net), 2); /* nobody has sent one on */
	assert_int_equal(net_stat(net, ASKED, STATS_HITS), 2);
	assert_int_equal(net_stat(net, ASKED, STATS_MISSES), 0);
	assert_int_equal(net_stat(net, ASKED, STATS_ANSWER_HAVE), 1);
	assert_int_equal(net_stat(net, ASKED, STATS_REQUEST_GET), 1);
	assert_false(net_has(net, ASKED, NET_HASH, 7));
}

/* Whoever has it is found, though the others say nobody: one of them has not got the write. */
static void an_owner_without_it_confirms(void **state)
{
	struct net *net = *state;

	put_at(net, 1, 7);
	put_at(net, 2, 7);
	net_ask(net, 0, GET, HAVE_7);
	assert_int_equal(net_stat(net, 0, STATS_CLUSTER_FETCHES_SENT), 1);
	/* And keeps what it has learnt. */
	assert_true(net_has(net, 0, NET_HASH, 7));
	assert_true(net_life_ms(net, 0, NET_HASH, 7) <= LIFE);
	net_send(net, 0, NET_CLIENT, GET);
	net_expect(net, HAVE_7);
}

/* A client of node 0 watches a hash that only the others have, and asks for it; gives how many
 * messages it gets, one of them the HAVE. */
static size_t told_of_what_others_have(struct net *net, enum part_state state)
{
	net_parts(net, 0, state);
	net_ask(net, 0, "16 0012" TXID "0000003c 01" HASH_1, "14 000e" TXID "0000003c 01 00");
	put_at(net, 1, 7);
	put_at(net, 2, 7);
	net_send(net, 0, NET_CLIENT, GET);
	net_run(net, 100);
	assert_true(net_has(net, 0, NET_HASH, 7));
	return net->answer_count;
}

static void what_an_owner_hears_late_is_news(void **state)
{
	struct net *net = *state;

	assert_int_equal(told_of_what_others_have(net, PART_COMPLETE), 2);
	assert_true(net_answer(net, 0).type == MSG_EVENT || net_answer(net, 1).type == MSG_EVENT);
}

/* Others have told of it, long ago. */
static void what_is_caught_up_with_is_no_news(void **state)
{
	assert_int_equal(told_of_what_others_have(*state, PART_PARTIAL), 1);
}

static void who_has_met_nobody_yet_waits(void **state)
{
	struct net *net = *state;

	put_at(net, 1, 7);
	put_at(net, 2, 7);
	net_parts(net, 0, PART_PARTIAL);
	net->fresh[0] = true;
	net_publish(net);
	net_send(net, 0, NET_CLIENT, LOOKUP);
	net_run(net, 500);
	assert_int_equal(net->answer_count, 0);
	net->fresh[0] = false;
	net_publish(net);
	net_run(net, 100);
	net_expect(net, FOUND_7);
	net->fresh[0] = true; /* but not for ever, and not for what it has */
	net_publish(net);
	net_ask(net, 0, GET, HAVE_7);
	net_send(net, 0, NET_CLIENT, "00 0004 deadbee0");
	net_run(net, OP_READ_MS + 100);
	net_expect(net, NOBODY);
}

static void nobody_needs_two_owners(void **state)
{
	struct net *net = *state;

	net_ask(net, 0, GET, NOBODY);
	assert_int_equal(fetches_sent(net), 1);
	net_ask(net, ASKED, GET, NOBODY);
	assert_int_equal(fetches_sent(net), 3);
	assert_int_equal(net_stat(net, ASKED, STATS_MISSES), 1);
	net_ask(net, ASKED, LOOKUP, NO_7);
	assert_int_equal(fetches_sent(net), 5);
}

/* One that was not at two owners' writing is found by who asks the third at last. */
static void what_only_one_owner_has_is_found_by_most(void **state)
{
	struct net *net = *state;

	net->replicas = 3;
	net->quorum = 1; /* so three have to say 'nobody' */
	net_publish(net);
	put_at(net, 2, 7);
	net_ask(net, 0, GET, HAVE_7);
	net_ask(net, 1, LOOKUP, FOUND_7);
	net_ask(net, ASKED, GET, HAVE_7);
}

static void misses_need_not_be_confirmed(void **state)
{
	struct net *net = *state;

	net->confirm = false;
	net_publish(net);
	put_at(net, 1, 7);
	net_send(net, 0, NET_CLIENT, GET);
	net_expect(net, NOBODY);
	net_send(net, 0, NET_CLIENT, LOOKUP);
	net_expect(net, NO_7);
	assert_int_equal(net->carried, 0);
}

static void a_slow_owner_is_passed_by(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		put_at(net, i, 7);
	net->cut[ASKED][0] = net->cut[ASKED][1] = true;
	for (unsigned i = 0; i < 20; i++) {
		uint64_t start_us = net->now_us;
		net_ask(net, ASKED, GET, HAVE_7);
		assert_true(net->now_us - start_us < 2 * 200000 + 10000);
		net_run(net, 10);
	}
	/* Who has let us wait is not the first to be asked again at once. */
	assert_true(net_stat(net, ASKED, STATS_CLUSTER_HEDGES) <= 4);
	assert_true(net_stat(net, ASKED, STATS_CLUSTER_HEDGES) >= 1 ||
		    net_stat(net, ASKED, STATS_CLUSTER_FETCHES_SENT) == 20);
}

/* An owner that usually answers in a millisecond is not waited for for 200. */
static void patience_is_what_is_usual(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		put_at(net, i, 7);
	for (unsigned i = 0; i < 50; i++)
		net_ask(net, ASKED, GET, HAVE_7);
	for (unsigned i = 0; i < 3; i++)
		net->delay_us[i][ASKED] = 500000;
	uint64_t hedges = net_stat(net, ASKED, STATS_CLUSTER_HEDGES);
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, 25);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_HEDGES), hedges + 1);
	net_run_until(net, 1);
	net_expect(net, HAVE_7);
}

static void a_lost_question_is_asked_again(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		put_at(net, i, 7);
	for (unsigned i = 0; i < 5; i++)
		net->cut[ASKED][i] = true;
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, 1000);
	for (unsigned i = 0; i < 5; i++)
		net->cut[ASKED][i] = false;
	net_run(net, 490);
	net_expect(net, HAVE_7);
	assert_true(net_stat(net, ASKED, STATS_CLUSTER_RETRIES) > 0);
}

static void time_over(void **state)
{
	struct net *net = *state;

	put_at(net, 0, 7);
	for (unsigned i = 0; i < 5; i++)
		net->cut[i][ASKED] = true;
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, OP_READ_MS - 10);
	assert_int_equal(net->answer_count, 0);
	net_run(net, 20);
	net_expect(net, NOBODY);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_READS_CUT), 1);
}

/* What owners said before it stood still for a long time, it does not tell after that. */
static void who_stood_still_tells_nothing_old(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		put_at(net, i, 7);
	net_send(net, ASKED, NET_CLIENT, GET);
	net->nodes[ASKED].still = true;
	net_run(net, LIFE + 1);
	net->nodes[ASKED].still = false;
	net_run(net, 10);
	net_expect(net, NOBODY);
}

static void dead_members_are_not_asked(void **state)
{
	struct net *net = *state;

	put_at(net, 2, 7);
	net->state[0] = net->state[1] = net->state[3] = net->state[4] = PEER_DEAD;
	net_publish(net);
	for (unsigned i = 0; i < 5; i++)
		net_ask(net, ASKED, GET, HAVE_7);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_FETCHES_SENT), 5);
}

static void a_suspect_is_asked_last(void **state)
{
	struct net *net = *state;

	put_at(net, 2, 7);
	put_at(net, 1, 7);
	put_at(net, 0, 7);
	net->state[0] = net->state[1] = PEER_SUSPECT;
	net_publish(net);
	for (unsigned i = 0; i < 20; i++)
		net_ask(net, ASKED, GET, HAVE_7);
	assert_int_equal(net_stat(net, 2, STATS_CLUSTER_FETCHES_TAKEN), 20);
}

/* Nobody is there to be asked: what is known at once is all. */
static void alone_among_the_dead(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 5; i++)
		net->state[i] = PEER_DEAD;
	net_publish(net);
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, 1);
	net_expect(net, NOBODY);
}

static void owners_that_die_meanwhile(void **state)
{
	struct net *net = *state;

	put_at(net, 2, 7);
	net->cut[ASKED][0] = net->cut[ASKED][1] = true;
	net->delay_us[ASKED][2] = 100000;
	net->state[2] = PEER_SUSPECT;
	net_publish(net);
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run(net, 10);
	net->state[0] = net->state[1] = PEER_DEAD;
	net_publish(net);
	net_run(net, 150);
	net_expect(net, HAVE_7);
}

/* Partial owners: everybody in the row is asked, and what they have is one. */
static void what_partial_owners_have_is_put_together(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		net_parts(net, i, PART_PARTIAL);
	put_at(net, 0, 1);
	put_at(net, 1, 2);
	put_at(net, 3, 3); /* who kept it and owns it no more */
	net_put(net, 0, NET_HASH, 2, STORED_V, LIFE);
	net_send(net, ASKED, NET_CLIENT, LOOKUP);
	net_run_until(net, 1);
	struct msg m = net_answer(net, 0);
	struct span rest = m.providers.sections;
	struct section s;
	assert_true(section_next(&rest, &s));
	assert_int_equal(s.total, 3);
	assert_int_equal(s.next, 0);
	assert_int_equal(s.providers.len, 3 * MSG_PROVIDER_LEN);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_FETCHES_SENT), 5);
	net->answer_count = 0;
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run_until(net, 1);
	assert_int_equal(net->answers[0].len, 3 + 3 * 16);
	net->answer_count = 0;
}

/* A partial owner takes in what it learns, and answers from what it has then. */
static void a_partial_owner_learns(void **state)
{
	struct net *net = *state;

	net_parts(net, 0, PART_PARTIAL);
	put_at(net, 0, 8);
	put_at(net, 1, 7);
	put_at(net, 2, 7);
	net_send(net, 0, NET_CLIENT, LOOKUP);
	net_run_until(net, 1);
	struct msg m = net_answer(net, 0);
	struct span rest = m.providers.sections;
	struct section s;
	assert_true(section_next(&rest, &s));
	assert_int_equal(s.providers.len, 2 * MSG_PROVIDER_LEN);
	assert_true(net_has(net, 0, NET_HASH, 7));
	net->answer_count = 0;
}

/* The same with a table that can take no more: what was learnt is told all the same. */
static void a_full_owner_tells_what_it_cannot_keep(void **state)
{
	struct net *net = *state;
	struct policy *p = &net->nodes[0].policy;

	net_put(net, 0, "aa", 1, STORED_V, LIFE);
	p->limits.max_records = 1;
	server_set_policy(net->nodes[0].server, p);
	put_at(net, 1, 7);
	put_at(net, 2, 7);
	net_ask(net, 0, GET, HAVE_7);
	net_ask(net, 0, LOOKUP, FOUND_7);
	assert_false(net_has(net, 0, NET_HASH, 7));
}

/* A complete owner knows that it was withdrawn, and somebody else's old copy counts no more. */
static void a_stale_copy_is_not_told(void **state)
{
	struct net *net = *state;

	net_parts(net, 0, PART_PARTIAL);
	net_parts(net, 1, PART_PARTIAL);
	net->confirm = false;
	net_publish(net);
	put_at(net, 0, 7);
	for (unsigned i = 0; i < 10; i++) {
		net->state[i % 2] = PEER_ALIVE;
		net_ask(net, ASKED, GET, NOBODY);
		net_ask(net, ASKED, LOOKUP, NO_7);
	}
}

/* A former owner that kept what it had counts when no owner is complete. */
static void who_keeps_it_has_a_say(void **state)
{
	struct net *net = *state;

	put_at(net, 4, 7);
	net_parts(net, 4, PART_COMPLETE);
	net_ask(net, 4, GET, NOBODY); /* complete owners know better */
	for (unsigned i = 0; i < 3; i++)
		net_parts(net, i, PART_PARTIAL);
	net_ask(net, 4, GET, HAVE_7);
	net_ask(net, ASKED, GET, HAVE_7);
}

static void a_lifetime_is_never_longer_elsewhere(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 20; i++) {
		char hash[9];
		snprintf(hash, sizeof(hash), "%08x", i);
		net_put(net, 1, hash, 7, STORED_V, LIFE);
		net_put(net, 2, hash, 7, STORED_V, LIFE);
		uint64_t end_us = net->now_us + LIFE * 1000;
		net_run(net, i * 7);
		char get[32];
		snprintf(get, sizeof(get), "00 0004 %s", hash);
		net_ask(net, 0, get, HAVE_7);
		uint64_t left_ms = (end_us - net->now_us) / 1000;
		assert_in_range(net_life_ms(net, 0, hash, 7), left_ms - 300, left_ms + 100);
	}
}

static void pages_go_on(void **state)
{
	struct net *net = *state;
	char hex[64];
	uint32_t cursor = 0;
	bool seen[200] = {false};
	unsigned n = 0;

	for (unsigned i = 0; i < 200; i++)
		for (unsigned owner = 0; owner < 3; owner++)
			put_at(net, owner, i);
	do {
		struct span rest, providers;
		struct section s;
		struct provider p;
		snprintf(hex, sizeof(hex), "10 0014 %016x 0000 %08x 01" HASH_1, cursor, cursor);
		net_send(net, ASKED, NET_CLIENT, hex);
		net_run_until(net, 1);
		struct msg m = net_answer(net, 0);
		rest = m.providers.sections;
		assert_true(section_next(&rest, &s));
		assert_int_equal(s.total, 200);
		providers = s.providers;
		while (provider_next(&providers, &p)) {
			assert_false(seen[p.ip.b[15]]);
			seen[p.ip.b[15]] = true;
			n++;
		}
		cursor = s.next;
		net->answer_count = 0;
	} while (cursor);
	assert_int_equal(n, 200);
}

/* Pages of two partial owners that have different halves: united, and nobody is left out. */
static void united_pages_go_on(void **state)
{
	struct net *net = *state;
	char hex[64];
	uint32_t cursor = 0;
	bool seen[200] = {false};
	unsigned n = 0, pages = 0;

	for (unsigned i = 0; i < 3; i++)
		net_parts(net, i, PART_PARTIAL);
	for (unsigned i = 0; i < 200; i++)
		put_at(net, i % 3, i);
	do {
		struct span rest, providers;
		struct section s;
		struct provider p;
		snprintf(hex, sizeof(hex), "10 0014 %016x 0014 %08x 01" HASH_1, cursor, cursor);
		net_send(net, pages % 2 ? ASKED : 1, NET_CLIENT, hex);
		net_run_until(net, 1);
		struct msg m = net_answer(net, 0);
		rest = m.providers.sections;
		assert_true(section_next(&rest, &s));
		providers = s.providers;
		assert_true(s.providers.len <= 20 * MSG_PROVIDER_LEN);
		while (provider_next(&providers, &p)) {
			assert_false(seen[p.ip.b[15]]);
			seen[p.ip.b[15]] = true;
			n++;
		}
		cursor = s.next;
		net->answer_count = 0;
		pages++;
	} while (cursor);
	assert_int_equal(n, 200);
	assert_true(pages >= 10);
}

static void a_sample_fills_a_have(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 250; i++)
		for (unsigned owner = 0; owner < 3; owner++)
			put_at(net, owner, i);
	net_send(net, ASKED, NET_CLIENT, GET);
	net_run_until(net, 1);
	assert_int_equal(net->answers[0].len, 3 + 76 * 16);
	net->answer_count = 0;
}

/* Who has not shown that he receives at his address gets a HAVE of three times his request, and no
 * PROVIDERS longer than it. */
static void strangers_get_no_more_than_they_may(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 20; i++)
		for (unsigned owner = 0; owner < 3; owner++)
			put_at(net, owner, i);
	net_send(net, ASKED, STRANGER, GET);
	net_run_until(net, 1);
	assert_int_equal(net->answers[0].len, 3 + 16);
	net->answer_count = 0;
	net_send(net, ASKED, STRANGER,
		"10 0026" TXID "0000 00000000 01" HASH_1 "02 10 00000000000000000000000000000000");
	net_run_until(net, 1);
	assert_int_equal(net_answer(net, 0).type, MSG_CHALLENGE);
	assert_true(net->answers[0].len <= 3 + 0x26);
	/* Each is counted as one request. */
	assert_int_equal(net_stat(net, ASKED, STATS_REQUEST_LOOKUP), 1);
	assert_int_equal(net_stat(net, ASKED, STATS_ANSWER_CHALLENGE), 1);
	net->answer_count = 0;
}

/* 200 hashes, some of them here, some of them nowhere: each has its section. */
static void many_hashes(void **state)
{
	struct net *net = *state;
	static char hex[8192];
	bool seen[200] = {false};
	int n = snprintf(hex, sizeof(hex), "10 %04x" TXID "0000 00000000 %02x",
		8 + 2 + 4 + 1 + 200 * 5, 200);

	for (unsigned i = 0; i < 200; i++) {
		char hash[9];
		snprintf(hash, sizeof(hash), "%08x", i);
		n += snprintf(hex + n, sizeof(hex) - (size_t)n, "04%s", hash);
		for (unsigned owner = 0; owner < 3 && i % 2; owner++)
			net_put(net, owner, hash, 7, STORED_V, LIFE);
	}
	for (unsigned asked = 0; asked < 6; asked += 5) {
		memset(seen, 0, sizeof(seen));
		net_send(net, asked, NET_CLIENT, hex);
		net_run(net, 100);
		assert_in_range(net->answer_count, 1, LANE_OUT_MAX);
		for (size_t a = 0; a < net->answer_count; a++) {
			struct span rest = net_answer(net, a).providers.sections;
			struct section s;
			while (section_next(&rest, &s)) {
				assert_false(seen[s.index]);
				seen[s.index] = true;
				assert_int_equal(s.total, s.index % 2);
				assert_int_equal(s.providers.len, s.index % 2 * MSG_PROVIDER_LEN);
			}
		}
		for (unsigned i = 0; i < 200; i++)
			assert_true(seen[i]);
		net->answer_count = 0;
	}
	assert_int_equal(net_stat(net, ASKED, STATS_HITS), 100);
	assert_int_equal(net_stat(net, ASKED, STATS_MISSES), 100);
}

static void a_repeated_lookup_is_the_same(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		put_at(net, i, 7);
	net_send(net, ASKED, NET_CLIENT, LOOKUP);
	net_send(net, ASKED, NET_CLIENT, LOOKUP);
	net_run(net, 100);
	net_expect(net, FOUND_7);
	assert_int_equal(net_stat(net, ASKED, STATS_REPEATS), 1);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_FETCHES_SENT), 1);
	net_ask(net, ASKED, LOOKUP, FOUND_7);
}

/* The watchdog's own is never more than a look at the table. */
static void a_probe_stays_here(void **state)
{
	struct net *net = *state;
	uint8_t bytes[16];
	size_t len = rig_unhex(GET, bytes, sizeof(bytes));
	struct flow flow = rig_flow(NET_CLIENT);
	struct now now = net_now(net, ASKED);
	struct span password;

	flow.own = true;
	lane_input(net->nodes[ASKED].lane, &now, &flow, bytes, len, &net->out, &password);
	assert_int_equal(net->out.count, 1);
	net->out.count = 0;
	assert_int_equal(coordinator_ops(net->nodes[ASKED].lane->coordinator), 0);
	assert_int_equal(net_stat(net, ASKED, STATS_PROBES), 1);
}

static void a_want_finds_somebody_elsewhere(void **state)
{
	struct net *net = *state;

	for (unsigned i = 0; i < 3; i++)
		put_at(net, i, 7);
	net_ask(net, ASKED, WANT, HAVE_7);
	assert_int_equal(server_watch_usage(net->nodes[ASKED].server).watchers, 0);
	net_run(net, 3000);
	assert_int_equal(net->answer_count, 0);
	/* An owner that missed it. */
	net_put(net, 1, "aabb", 7, STORED_V, LIFE);
	net_put(net, 2, "aabb", 7, STORED_V, LIFE);
	net_ask(net, 0, "02 0002 aabb", HAVE_7);
	net_run(net, 3000);
	assert_int_equal(net->answer_count, 0);
}

static void a_want_that_finds_nobody_waits(void **state)
{
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, WANT);
	net_run(net, 100);
	assert_int_equal(net->answer_count, 0);
	assert_int_equal(server_watch_usage(net->nodes[ASKED].server).watchers, 1);
	net_send(net, 1, "10.0.0.9:9", PUT);
	net_run(net, 1000);
	net_expect(net, HAVE_7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, net_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_met_nobody_yet_waits),
		TEST(an_owner_that_has_it_asks_nobody),
		TEST(others_are_asked),
		TEST(an_owner_without_it_confirms),
		TEST(what_an_owner_hears_late_is_news),
		TEST(what_is_caught_up_with_is_no_news),
		TEST(nobody_needs_two_owners),
		TEST(what_only_one_owner_has_is_found_by_most),
		TEST(misses_need_not_be_confirmed),
		TEST(a_slow_owner_is_passed_by),
		TEST(patience_is_what_is_usual),
		TEST(a_lost_question_is_asked_again),
		TEST(time_over),
		TEST(who_stood_still_tells_nothing_old),
		TEST(dead_members_are_not_asked),
		TEST(a_suspect_is_asked_last),
		TEST(alone_among_the_dead),
		TEST(owners_that_die_meanwhile),
		TEST(what_partial_owners_have_is_put_together),
		TEST(a_partial_owner_learns),
		TEST(a_full_owner_tells_what_it_cannot_keep),
		TEST(a_stale_copy_is_not_told),
		TEST(who_keeps_it_has_a_say),
		TEST(a_lifetime_is_never_longer_elsewhere),
		TEST(pages_go_on),
		TEST(united_pages_go_on),
		TEST(a_sample_fills_a_have),
		TEST(strangers_get_no_more_than_they_may),
		TEST(many_hashes),
		TEST(a_repeated_lookup_is_the_same),
		TEST(a_probe_stays_here),
		TEST(a_want_finds_somebody_elsewhere),
		TEST(a_want_that_finds_nobody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
