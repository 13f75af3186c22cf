/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that no owner should give, to a coordinator that asked something else or somebody else.
 */
#include "core/version.h"

#include "net_rig.h"
#include "rig.h"

#define ASKED   4 /* a node that owns nothing */
#define STRANGE 3 /* another one */

#define GET      "00 0004 deadbeef"
#define NOBODY   "03 0000"
#define LOOKUP   "10 0014" TXID "0000 00000000 01 04 deadbeef"
#define ANNOUNCE "12 0024" TXID "0000003c 0000" IP_7 "01 04 deadbeef"
#define DONE     "14 000e" TXID "0000003c 01 00"

#define INSIDE (MSG_HEADER_LEN + SEAL_NONCE_LEN + 8) /* of an envelope in clear */
#define DAY_MS UINT64_C(86400000)

/* Takes the one question that is under way from ASKED to the node, which never gets it. */
static struct peer_msg intercept(struct net *net, unsigned node)
{
	struct peer_msg m = {0};

	net_run(net, 0);
	for (struct net_packet *p = net->packets; p < net->packets + NET_PACKETS; p++) {
		if (p->due_us == UINT64_MAX || p->from != ASKED || p->to != node)
			continue;
		struct span rest = {.p = p->bytes + INSIDE, .len = p->len - INSIDE}, message;
		assert_int_equal(m.type, 0);
		assert_true(peer_next(&rest, &message));
		assert_int_equal(peer_decode(message, &m), MSG_GOOD);
		assert_int_equal(rest.len, 0);
		p->due_us = UINT64_MAX;
	}
	return m;
}

/* The owner that a read is sent to first, and the question. */
static unsigned intercept_read(struct net *net, struct peer_msg *question)
{
	for (unsigned node = 0; node < 3; node++) {
		*question = intercept(net, node);
		if (question->type == PEER_FETCH)
			return node;
	}
	fail_msg("nobody was asked");
	return 0;
}

static void answer(struct net *net, unsigned node, const struct peer_msg *m)
{
	char id[] = "10.9.0.0:8471";
	uint8_t bytes[MSG_DATAGRAM_DEFAULT];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct now now = net_now(net, ASKED);

	id[7] = (char)('0' + node);
	struct letter letter = {.known = true, .id = rig_flow(id).remote, .sent_us = now.mono_us};
	peer_encode(&w, m);
	assert_false(w.failed);
	assert_true(coordinator_take(net->nodes[ASKED].lane->coordinator, &now, &letter,
		(struct span){bytes, writer_used(&w)}));
	coordinator_check(net->nodes[ASKED].lane->coordinator);
}

static struct peer_msg stored(uint64_t id, uint64_t newer, size_t n, uint8_t status)
{
	static uint8_t statuses[2];

	statuses[0] = statuses[1] = status;
	return (struct peer_msg){.type = PEER_STORED,
		.stored = {.id = id, .newer = newer, .statuses = {statuses, n}}};
}

static struct peer_msg fetched(uint64_t id, uint8_t index, struct span records)
{
	return (struct peer_msg){
		.type = PEER_FETCHED,
		.fetched = {.id = id,
			.index = index,
			.flags = PEER_FETCHED_COMPLETE,
			.total = records.len > 0,
			.records = records},
	};
}

static void expect_strays(struct net *net, uint64_t n)
{
	net_run(net, 1);
	assert_int_equal(net->answer_count, 0);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_STRAYS), n);
}

static void what_answers_no_store(void **state)
{
	struct net *net = *state;

	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	struct peer_msg q[2] = {intercept(net, 0), intercept(net, 1)};
	assert_int_equal(q[0].type, PEER_STORE);
	struct peer_msg kept[2] = {stored(q[0].store.id, 0, 1, PEER_STORE_KEPT),
		stored(q[1].store.id, 0, 1, PEER_STORE_KEPT)};
	struct peer_msg two = stored(q[0].store.id, 0, 2, PEER_STORE_KEPT);
	struct peer_msg unknown = stored(q[0].store.id + LEGS_MAX, 0, 1, PEER_STORE_KEPT);
	struct peer_msg read = fetched(q[0].store.id, 0, (struct span){0});

	(void)intercept(net, 2);
	answer(net, STRANGE, &kept[0]);
	answer(net, 1, &kept[0]);
	answer(net, 0, &two);
	answer(net, 0, &unknown);
	answer(net, 0, &read);
	expect_strays(net, 5);
	answer(net, 0, &kept[0]);
	answer(net, 0, &kept[0]); /* twice is once */
	net_run(net, 1);
	assert_int_equal(net->answer_count, 0);
	answer(net, 1, &kept[1]);
	net_run(net, 1);
	net_expect(net, DONE);
}

/* What a version far ahead stands in the way of is as good as stored, and later stamps are our own
 * clock's. */
static void a_newer_version_that_cannot_be(void **state)
{
	static const uint64_t newer[] = {UINT64_MAX, UINT64_MAX - 3, UINT64_C(1) << 63};
	struct net *net = *state;
	uint64_t soon = version_at((uint64_t)net_now(net, ASKED).wall_ms + DAY_MS);

	net_send(net, ASKED, NET_CLIENT, ANNOUNCE);
	for (unsigned node = 0; node < 3; node++) {
		struct peer_msg q = intercept(net, node);
		struct peer_msg m = stored(q.store.id, newer[node], 1, PEER_STORE_NEWER);
		assert_true(q.store.version < soon);
		answer(net, node, &m);
	}
	net_run(net, 1);
	net_expect(net, DONE);
	assert_int_equal(net_stat(net, ASKED, STATS_CLUSTER_RESTAMPED), 0);
	net_send(net, ASKED, NET_CLIENT, "01 0014" IP_7 "deadbeef");
	assert_true(intercept(net, 0).store.version < soon);
}

static void what_answers_no_fetch(void **state)
{
	struct net *net = *state;
	struct peer_msg q;

	net_send(net, ASKED, NET_CLIENT, GET);
	unsigned node = intercept_read(net, &q);
	struct peer_msg nobody = fetched(q.fetch.id, 0, (struct span){0});
	struct peer_msg behind = fetched(q.fetch.id, 1, (struct span){0});
	struct peer_msg unknown = fetched(q.fetch.id + LEGS_MAX, 0, (struct span){0});
	struct peer_msg write = stored(q.fetch.id, 0, 1, PEER_STORE_KEPT);

	answer(net, STRANGE, &nobody);
	answer(net, (node + 1) % 3, &nobody);
	answer(net, node, &behind);
	answer(net, node, &unknown);
	answer(net, node, &write);
	expect_strays(net, 5);
	answer(net, node, &nobody);
	answer(net, node, &nobody); /* twice is not two owners */
	net_run(net, 0);
	assert_int_equal(net->answer_count, 0);
	net_run(net, 1000);
	net_expect(net, NOBODY);
}

/* An owner has what is no host; asks for addresses only. */
static void what_is_no_host_is_not_told(void **state)
{
	static const uint8_t addresses[] = {4 + 128, 224, 0, 0, 1, 4 + 128, 0, 0, 0, 0};
	struct net *net = *state;
	struct peer_msg q;

	net_send(net, ASKED, NET_CLIENT, GET);
	unsigned node = intercept_read(net, &q);
	struct peer_msg m = fetched(q.fetch.id, 0, (struct span){addresses, sizeof(addresses)});
	answer(net, node, &m);
	net_run(net, 1);
	net_expect(net, NOBODY);
}

/* Records of a clock that is two days ahead, withdrawn ones, and again what is no host: the last
 * one is told. */
static void records_that_nobody_may_have_are_not_told(void **state)
{
	struct net *net = *state;
	uint64_t now = version_at((uint64_t)net_now(net, ASKED).wall_ms);
	const struct peer_record records[] = {
		{.ip = rig_flow("192.0.2.5:1").remote.ip, .version = now + version_at(2 * DAY_MS)},
		{.ip = rig_flow("192.0.2.5:1").remote.ip, .version = UINT64_MAX},
		{.ip = rig_flow("192.0.2.6:1").remote.ip, .version = version_withdrawal(now)},
		{.ip = rig_flow("224.0.0.1:1").remote.ip, .version = now},
		{.ip = rig_flow("192.0.2.7:1").remote.ip, .version = now},
	};
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct peer_msg q;

	for (size_t i = 0; i < COUNT(records); i++) {
		struct peer_record r = records[i];
		r.life = 600;
		peer_write_record(&w, &r);
	}
	net_send(net, ASKED, NET_CLIENT, LOOKUP);
	unsigned node = intercept_read(net, &q);
	struct peer_msg m = fetched(q.fetch.id, 0, (struct span){bytes, writer_used(&w)});
	answer(net, node, &m);
	net_run(net, 1);
	net_expect(net, "11 0029" TXID "00 00000001 00000000 0001" IP_7 "0000 0000003c");
}

static void sources_that_are_no_host(void **state)
{
	static const char *const bad[] = {"0.0.0.0:8471", "224.0.0.1:8471", "255.255.255.255:8471",
		"[ff02::1]:8471", "192.0.2.1:0"};
	struct net *net = *state;
	struct now now = net_now(net, ASKED);
	uint8_t bytes[32];
	struct parcel parcel;

	for (size_t i = 0; i <= COUNT(bad); i++) {
		struct flow flow = rig_flow(i < COUNT(bad) ? bad[i] : "192.0.2.1:8471");
		size_t len = rig_unhex("05 0010" IP_7, bytes, sizeof(bytes));
		assert_int_equal(lane_peer_input(net->nodes[ASKED].lane, &now, &flow, bytes, len,
					 &net->out, &parcel),
			i == COUNT(bad));
	}
	assert_int_equal(net->out.count, 0);
	assert_int_equal(net_stat(net, ASKED, STATS_PEER_LENGTH), COUNT(bad));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_answers_no_store),
		TEST(a_newer_version_that_cannot_be),
		TEST(what_answers_no_fetch),
		TEST(what_is_no_host_is_not_told),
		TEST(records_that_nobody_may_have_are_not_told),
		TEST(sources_that_are_no_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
