/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/explain.h"

#include <string.h>

#include "base/err.h"
#include "wire/list.h"

#include "seal_rig.h"

#define SERVERS 5 /* the last is not in the row */
#define ROW     4
#define PLAIN   35 /* bytes before the first message of an envelope in clear */
#define SECRET  ((uint8_t[16]){1})

#define HASH     ((struct span){(const uint8_t *)"abc", 3})
#define MS       UINT64_C(1000)
#define VERSION1 UINT64_C(0x018f1a2b3c4d0010)
#define VERSION2 UINT64_C(0x018f1a2b3c4d0020)

/* One server that is asked, and those that it asks: servers 0 to ROW - 1 are the row of each
 * partition, two of them owners. */
struct lab {
	struct side side;
	struct stats stats;
	struct table *table;
	struct parts parts;
	struct view *view;
	struct explain *explain;
	struct outgoing items[EXPLAIN_OUT];
	uint8_t bytes[EXPLAIN_OUT * SIDE_DATAGRAM];
	struct outbox out;
};

static struct lab lab;
static struct explanation found;

static struct addr server(uint8_t i)
{
	return (struct addr){ip_from_v4((uint8_t[]){10, 0, 0, i}), 8471};
}

static void make_view(uint16_t self)
{
	lab.view = view_new(SERVERS, ROW);
	assert_non_null(lab.view);
	lab.view->replicas = 2;
	lab.view->self = self;
	for (uint16_t i = 0; i < SERVERS; i++) {
		lab.view->members[i].id = server((uint8_t)i);
		lab.view->members[i].state = PEER_ALIVE;
		lab.view->members[i].self = i == self;
	}
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		for (uint16_t i = 0; i < ROW; i++)
			lab.view->rows[p * ROW + i] = i;
}

static int start_as(uint16_t self)
{
	struct table_limits limits = {0};

	memset(&lab, 0, sizeof(lab));
	side_init(&lab.side, 1, "");
	lab.table = table_new(&limits, SECRET, now_mono_ms(&lab.side.now));
	make_view(self);
	lab.explain = explain_new(lab.table, &lab.parts, 7);
	assert_true(lab.table && lab.explain);
	lab.out = (struct outbox){.items = lab.items,
		.bytes = lab.bytes,
		.capacity = EXPLAIN_OUT,
		.datagram_max = SIDE_DATAGRAM};
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_as(0);
}

static int stop(void **state)
{
	(void)state;
	explain_free(lab.explain);
	view_free(lab.view);
	table_free(lab.table);
	side_fini(&lab.side);
	return 0;
}

static uint64_t ask(void)
{
	uint64_t question = 0;

	assert_int_equal(explain_start(lab.explain, lab.view, HASH, &lab.side.now, &question), 0);
	assert_int_not_equal(question, 0);
	return question;
}

/* A tick with room for so many datagrams; gives how many went out. */
static size_t tick(uint64_t ms, size_t room)
{
	lab.side.now.mono_us += ms * MS;
	lab.out.count = 0;
	struct mail mail = mail_begin(lab.side.seal, &lab.side.stream, &lab.stats, &lab.side.now,
		&lab.out, SIDE_DATAGRAM, room);
	explain_tick(lab.explain, &mail);
	mail_flush(&mail);
	return lab.out.count;
}

/* Whom datagram i asks, and what. */
static uint8_t asked(size_t i, uint64_t question)
{
	struct span message = {outbox_bytes(&lab.out, i) + PLAIN, lab.items[i].len - PLAIN};
	struct peer_msg m;
	struct span rest, hash;

	assert_int_equal(peer_decode(message, &m), MSG_GOOD);
	assert_int_equal(m.type, PEER_FETCH);
	assert_true(m.fetch.id == question);
	assert_int_equal(m.fetch.mode, PEER_FETCH_PAGE);
	assert_int_equal(m.fetch.hashes.count, 1);
	rest = m.fetch.hashes.items;
	assert_true(hash_list_next(&rest, &hash));
	assert_int_equal(hash.len, HASH.len);
	assert_memory_equal(hash.p, HASH.p, HASH.len);
	assert_int_equal(lab.items[i].flow.socket, FLOW_ASK);
	assert_int_equal(lab.items[i].flow.remote.port, 8471);
	return lab.items[i].flow.remote.ip.b[15];
}

/* Server i answers; the letter was sent ago_ms before. */
static bool answer(uint8_t i, uint64_t question, struct peer_fetched fetched, uint64_t ago_ms)
{
	uint8_t bytes[512];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct peer_msg m = {.type = PEER_FETCHED, .fetched = fetched};
	struct letter l = {
		.known = true, .id = server(i), .sent_us = lab.side.now.mono_us - ago_ms * MS};

	m.fetched.id = question;
	peer_encode(&w, &m);
	struct span message = {bytes, writer_used(&w)};
	return explain_take(lab.explain, &lab.side.now, &l, message);
}

static const struct explain_replica *replica(uint8_t i)
{
	for (size_t k = 0; k < found.count; k++)
		if (found.replicas[k].id.ip.b[15] == i)
			return &found.replicas[k];
	fail_msg("no server %u", i);
	return NULL;
}

static void all_of_the_row_are_asked(void **state)
{
	uint64_t question = ask();

	(void)state;
	assert_false(explain_look(lab.explain, question, &found));
	assert_int_equal(found.partition, table_key_of(HASH).partition);
	assert_int_equal(found.count, ROW);
	assert_true(found.replicas[0].owner && found.replicas[1].owner);
	assert_false(found.replicas[2].owner);
	assert_true(replica(0)->self && replica(0)->answered);
	assert_int_equal(explain_deadline(lab.explain), lab.side.now.mono_us);
	assert_int_equal(tick(0, EXPLAIN_OUT), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(asked(i, question), i + 1);
	assert_true(explain_deadline(lab.explain) == lab.side.now.mono_us + EXPLAIN_AGAIN_US);
}

static void what_they_say_is_kept(void **state)
{
	uint8_t records[64];
	struct writer w = writer_of(records, sizeof(records));
	uint64_t question = ask();

	(void)state;
	tick(0, EXPLAIN_OUT);
	peer_write_record(
		&w, &(struct peer_record){.ip = server(9).ip, .version = VERSION1, .life = 100});
	peer_write_record(
		&w, &(struct peer_record){.ip = server(8).ip, .version = VERSION2, .life = 50});
	struct peer_fetched two = {
		.flags = PEER_FETCHED_COMPLETE, .total = 2, .records = {records, writer_used(&w)}};
	assert_true(answer(1, question, two, 300));
	assert_true(answer(2, question, (struct peer_fetched){.total = 0}, 0));
	/* Who is not asked, and questions that nobody has asked. */
	assert_true(answer(4, question, two, 0));
	assert_true(answer(3, question + 1, two, 0));
	assert_int_equal(explain_done(lab.explain), 0);
	assert_false(explain_look(lab.explain, question, &found));
	assert_true(replica(1)->answered && replica(1)->complete);
	assert_int_equal(replica(1)->providers, 2);
	assert_true(replica(1)->version == VERSION2);
	assert_int_equal(replica(1)->left_ms, 100 * PEER_LIFE_UNIT_MS - 300);
	assert_true(replica(2)->answered && !replica(2)->complete);
	assert_true(replica(2)->version == 0 && replica(2)->left_ms == 0);
	assert_false(replica(3)->answered);
	/* The second word of one server changes nothing. */
	assert_true(answer(1, question, (struct peer_fetched){.total = 7}, 0));
	assert_true(answer(3, question, two, 0));
	assert_true(explain_look(lab.explain, question, &found));
	assert_int_equal(replica(1)->providers, 2);
	assert_int_equal(explain_done(lab.explain), 1);
	assert_true(explain_deadline(lab.explain) == UINT64_MAX);
	explain_end(lab.explain, question);
	assert_true(explain_look(lab.explain, question, &found));
	assert_int_equal(found.count, 0);
}

static void only_they_who_are_silent_are_asked_again(void **state)
{
	uint64_t question = ask();

	(void)state;
	assert_int_equal(tick(0, EXPLAIN_OUT), 3);
	answer(2, question, (struct peer_fetched){.total = 0}, 0);
	assert_int_equal(tick(199, EXPLAIN_OUT), 0);
	assert_int_equal(tick(1, EXPLAIN_OUT), 2);
	assert_int_equal(asked(0, question), 1);
	assert_int_equal(asked(1, question), 3);
	size_t sent = 0;
	while (!explain_look(lab.explain, question, &found))
		sent += tick(1, EXPLAIN_OUT);
	assert_int_equal(sent, 2 * 3);
	assert_true(replica(2)->answered);
	assert_false(replica(1)->answered);
	assert_int_equal(explain_done(lab.explain), 1);
	/* What comes too late. */
	answer(1, question, (struct peer_fetched){.total = 1}, 0);
	explain_look(lab.explain, question, &found);
	assert_false(replica(1)->answered);
}

static void little_room_is_shared(void **state)
{
	uint64_t question = ask();

	(void)state;
	assert_int_equal(tick(0, 2), 2);
	assert_int_equal(asked(0, question), 1);
	assert_int_equal(asked(1, question), 2);
	assert_true(explain_deadline(lab.explain) <= lab.side.now.mono_us);
	assert_int_equal(tick(0, 2), 1);
	assert_int_equal(asked(0, question), 3);
	assert_int_equal(tick(0, 2), 0);
}

static void questions_are_few(void **state)
{
	uint64_t questions[EXPLAIN_MAX], more;

	(void)state;
	for (size_t i = 0; i < EXPLAIN_MAX; i++)
		questions[i] = ask();
	assert_int_equal(
		explain_start(lab.explain, lab.view, HASH, &lab.side.now, &more), DHT_EFULL);
	size_t sent = 0;
	for (int i = 0; i < 10; i++)
		sent += tick(0, EXPLAIN_OUT);
	assert_int_equal(sent, 3 * EXPLAIN_MAX);
	explain_end(lab.explain, questions[3]);
	assert_int_not_equal(ask(), questions[3]);
}

static void store_own(void)
{
	struct table_key key = table_key_of(HASH);
	uint64_t now_ms = now_mono_ms(&lab.side.now);
	struct record r = {.ip = server(9).ip, .version = VERSION1, .expiry_ms = now_ms + 5000};

	assert_int_equal(table_merge(lab.table, &key, &r, false, now_ms), TABLE_APPEARED);
}

static void this_server_looks_into_its_own_table(void **state)
{
	(void)state;
	store_own();
	parts_set(&lab.parts, table_key_of(HASH).partition, PART_COMPLETE);
	uint64_t question = ask();
	explain_look(lab.explain, question, &found);
	assert_true(replica(0)->complete);
	assert_int_equal(replica(0)->providers, 1);
	assert_true(replica(0)->version == VERSION1);
	assert_in_range(replica(0)->left_ms, 5000, 5100);
	tick(0, EXPLAIN_OUT);
	for (size_t i = 0; i < lab.out.count; i++)
		assert_int_not_equal(asked(i, question), 0);
}

/* Behind the row: it is no owner, whatever it had. */
static void who_keeps_it_is_told_of(void **state)
{
	stop(state);
	start_as(4);
	uint64_t question = ask();
	explain_look(lab.explain, question, &found);
	assert_int_equal(found.count, ROW);
	explain_end(lab.explain, question);
	store_own();
	parts_set(&lab.parts, table_key_of(HASH).partition, PART_COMPLETE);
	question = ask();
	assert_false(explain_look(lab.explain, question, &found));
	assert_int_equal(found.count, ROW + 1);
	assert_true(replica(4)->self && replica(4)->answered);
	assert_false(replica(4)->owner || replica(4)->complete);
	assert_int_equal(replica(4)->providers, 1);
}

/* Nobody else is there. */
static void alone_it_is_answered_at_once(void **state)
{
	(void)state;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		for (uint16_t i = 1; i < ROW; i++)
			lab.view->rows[p * ROW + i] = RING_NONE;
	uint64_t question = ask();
	assert_true(explain_look(lab.explain, question, &found));
	assert_int_equal(found.count, 1);
	assert_int_equal(explain_done(lab.explain), 1);
	assert_int_equal(tick(0, EXPLAIN_OUT), 0);
}

static void other_messages_are_not_taken(void **state)
{
	static const uint8_t noted[] = {PEER_NOTED, 0, 4, 0, 0, 0, 1};
	static const uint8_t broken[] = {PEER_FETCHED, 0, 1, 0};
	struct letter l = {.known = true, .id = server(1)};

	(void)state;
	ask();
	assert_false(
		explain_take(lab.explain, &lab.side.now, &l, (struct span){noted, sizeof(noted)}));
	assert_false(explain_take(
		lab.explain, &lab.side.now, &l, (struct span){broken, sizeof(broken)}));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_of_the_row_are_asked),
		TEST(what_they_say_is_kept),
		TEST(only_they_who_are_silent_are_asked_again),
		TEST(little_room_is_shared),
		TEST(questions_are_few),
		TEST(this_server_looks_into_its_own_table),
		TEST(who_keeps_it_is_told_of),
		TEST(alone_it_is_answered_at_once),
		TEST(other_messages_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
