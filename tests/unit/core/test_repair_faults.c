/* SPDX-License-Identifier: BSD-2-Clause */
#include "repair_rig.h"

#include "core/repair_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LONG_MS (60 * INTERVAL_MS)
#define RECORDS 1000

static void store_some(struct rig *r, uint32_t by, uint32_t first, uint32_t n)
{
	for (uint32_t k = first; k < first + n; k++)
		assert_true(rig_store(r, by, k, k, rig_version(r), HOUR_MS));
}

/* A third of all datagrams are lost, some come twice, some come much later. */
static void a_bad_network(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 4);
	r->lost = 333;
	r->repeated = 100;
	r->held_up = 50;
	r->unstored = 333;
	store_some(r, 0, 0, RECORDS);
	rig_start(r, 4);
	r->node[0].leaving = true;
	rig_tell(r, 1000);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_true(repair_emptied(r->node[0].repair));
	assert_int_equal(rig_missing(r, 0, RECORDS), 0);
	rig_free(r);
}

/* Both sides, of n servers each, went on without each other. After that all have what either had.
 */
static void split_and_heal(uint32_t n)
{
	struct rig *r = rig_new(3, 2, test_seed());

	rig_cluster(r, 2 * n);
	store_some(r, 0, 0, RECORDS);
	for (uint32_t i = n; i < 2 * n; i++)
		r->node[i].side = 1;
	rig_tell(r, 500);
	assert_true(rig_until(r, all_quiet, LONG_MS));
	store_some(r, 0, RECORDS, RECORDS);
	store_some(r, n, 2 * RECORDS, RECORDS);
	rig_run(r, 3 * INTERVAL_MS);
	for (uint32_t i = n; i < 2 * n; i++)
		r->node[i].side = 0;
	rig_tell(r, 100);
	/* Sooner than by the steady round. */
	rig_run(r, 100 + INTERVAL_MS / 2);
	assert_int_equal(rig_missing(r, 0, 3 * RECORDS), 0);
	assert_true(rig_until(r, all_alike, LONG_MS));
	rig_free(r);
}

static void a_split_heals(void **state)
{
	(void)state;
	split_and_heal(3);
	split_and_heal(2);
}

/* A withdrawal reaches who was away and who is new, and beats what they have. */
static void tombstones_travel(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 4);
	uint64_t old = rig_version(r);
	for (uint32_t k = 0; k < RECORDS; k++)
		assert_true(rig_store(r, 0, k, k, old, HOUR_MS));
	r->node[3].side = 1;
	rig_run(r, 1000);
	rig_tell(r, 0);
	for (uint32_t k = 0; k < RECORDS; k++)
		rig_store(r, 0, k, k, version_withdrawal(rig_version(r)), 24 * HOUR_MS);
	assert_true(rig_until(r, all_quiet, LONG_MS));
	/* Who is away knows nothing of it. */
	assert_int_equal(RECORDS - rig_lost(r, 0, RECORDS), rig_count(r, 3));
	assert_true(rig_count(r, 3) > RECORDS / 2);
	r->node[3].side = 0;
	rig_start(r, 4);
	rig_tell(r, 500);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_lost(r, 0, RECORDS), RECORDS);
	assert_true(rig_count(r, 4) > 0);
	/* An old copy turns up at one who has heard of it by repair only. */
	for (uint32_t k = 0; k < RECORDS; k++)
		if (rig_owns(r, 4, k))
			assert_int_equal(rig_put(r, 4, k, k, old, HOUR_MS), TABLE_UNCHANGED);
	rig_run(r, 2 * INTERVAL_MS);
	assert_int_equal(rig_lost(r, 0, RECORDS), RECORDS);
	rig_free(r);
}

/* Coordinators that have not heard yet write to who hands over, all the time. */
static void writes_while_it_is_handed_over(void **state)
{
	struct rig *r = rig_new(1, 1, test_seed());
	uint32_t n = 500;

	(void)state;
	rig_cluster(r, 2);
	store_some(r, 0, 0, n);
	rig_start(r, 2);
	r->node[1].leaving = true;
	rig_tell(r, 0);
	for (uint32_t ms = 0; ms < 3000; ms++) {
		for (uint32_t i = 0; i < 3; i++, n++)
			rig_put(r, rng_below(&r->rng, 2), n, n, rig_version(r), HOUR_MS);
		rig_run(r, 1);
		if (ms % 100 == 0)
			assert_int_equal(rig_lost(r, 0, n), 0);
	}
	assert_int_equal(rig_lost(r, 0, n), 0);
	assert_true(rig_until(r, all_alike, LONG_MS));
	assert_int_equal(rig_missing(r, 0, n), 0);
	assert_true(repair_emptied(r->node[1].repair));
	rig_free(r);
}

/* Write quorums overlap with what new owners pull from, without any steady round. */
static void what_was_acknowledged(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	r->conf.interval_us = HOUR_MS * 1000;
	r->unstored = 1000;
	rig_found(r, 0);
	for (uint32_t i = 1; i < NODES; i++) {
		rig_tell(r, 0);
		assert_true(rig_until(r, all_complete, LONG_MS));
		uint32_t n = (i - 1) * 200;
		for (uint32_t k = 0; k < n; k++)
			assert_true(rig_copies(r, k) >= 2 || i < 3);
		store_some(r, i - 1, n, 200);
		rig_start(r, i);
	}
	rig_free(r);
}

/* The same when one is gone: who takes its place was an owner of nothing of that before. */
static void what_was_acknowledged_and_one_dies(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 6);
	r->conf.interval_us = HOUR_MS * 1000;
	for (uint32_t i = 0; i < 6; i++)
		repair_configure(r->node[i].repair, &r->conf);
	r->unstored = 1000;
	store_some(r, 0, 0, RECORDS);
	rig_stop(r, 3, false);
	rig_tell(r, 0);
	assert_true(rig_until(r, all_complete, LONG_MS));
	for (uint32_t k = 0; k < RECORDS; k++)
		assert_true(rig_copies(r, k) >= 2);
	rig_free(r);
}

/* For a while nothing was heard of a server, by its own fault: it looks again at what it has. */
static void a_pause(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	r->conf.interval_us = HOUR_MS * 1000;
	rig_cluster(r, 3);
	rig_run(r, 1000);
	r->node[0].paused_until_us = r->now.mono_us + HOUR_MS * 1000 / 128 + 4000000;
	for (uint32_t k = 0; k < 100; k++) {
		uint64_t version = rig_version(r);
		rig_put(r, 1, k, k, version, HOUR_MS);
		rig_put(r, 2, k, k, version, HOUR_MS);
	}
	rig_run(r, HOUR_MS / 128 + 4500);
	assert_int_equal(rig_missing(r, 0, 100), 0);
	assert_int_equal(rig_progress(r, 0).partial, 0);
	/* After a longer one it does not trust what it has, until that is compared. */
	rig_run(r, 1000);
	r->node[0].paused_until_us = r->now.mono_us + HOUR_MS * 1000 / 128 + 15000000;
	rig_put(r, 1, 100, 100, rig_version(r), HOUR_MS);
	rig_run(r, HOUR_MS / 128 + 15001);
	assert_true(rig_progress(r, 0).partial > 0);
	assert_true(rig_until(r, all_complete, 3000));
	assert_true(rig_has(r, 0, 100, 100));
	rig_free(r);
}

/* The cluster's glue found out that it was out: all is in doubt. */
static void out_and_in_again(void **state)
{
	struct rig *r = rig_new(3, 2, test_seed());

	(void)state;
	rig_cluster(r, 4);
	store_some(r, 1, 0, RECORDS);
	r->node[0].settled = false;
	rig_tell(r, 0);
	assert_int_equal(rig_progress(r, 0).partial, rig_progress(r, 0).owned);
	assert_true(rig_until(r, all_complete, 1000));
	assert_true(r->node[0].settled);
	rig_free(r);
}

/* Somebody says one thing of one partition. */
static void say(struct rig *r, uint32_t to, uint32_t from, uint8_t type, uint64_t us, uint32_t p,
	uint8_t flags, uint64_t digest)
{
	struct letter l = {.known = true, .id = r->node[from].id, .sent_us = us};
	struct peer_msg m = {.type = type};
	uint8_t bytes[32];
	struct writer w = writer_of(bytes, sizeof(bytes));

	if (type == PEER_COMPARE)
		peer_write_compare(&w, &(struct peer_compare_item){(uint16_t)p, flags, digest});
	else if (type == PEER_COMPARED)
		peer_write_compared(&w, &(struct peer_compared_item){(uint16_t)p, flags});
	else
		peer_write_confirm(&w, &(struct peer_confirm_item){(uint16_t)p, digest});
	struct span list = {bytes, writer_used(&w)};
	if (type == PEER_COMPARE)
		m.compare = (struct peer_compare){0, list};
	else if (type == PEER_COMPARED)
		m.compared = (struct peer_compared){(uint32_t)us, list};
	else
		m.confirm = (struct peer_confirm){list};
	rig_take(r, to, &l, &m);
}

#define OWNER    PEER_PART_OWNER
#define COMPLETE PEER_PART_COMPLETE
#define DIFFERS  PEER_PART_DIFFERS

static enum part_state state_of(struct rig *r, uint32_t n, uint32_t p)
{
	return parts_get(server_parts(r->node[n].server), p);
}

/* What comes late is about a time that is over. */
static void old_news(void **state)
{
	struct rig *r = rig_new(2, 1, test_seed());

	(void)state;
	rig_cluster(r, 2);
	rig_run(r, 1000);
	uint64_t before_us = r->now.mono_us - 1;
	r->node[0].settled = false;
	rig_tell(r, 0);
	assert_int_equal(rig_progress(r, 0).partial, TABLE_PARTITIONS);
	say(r, 0, 1, PEER_COMPARE, before_us, 7, OWNER | COMPLETE, 0);
	assert_int_equal(state_of(r, 0, 7), PART_PARTIAL);
	say(r, 0, 1, PEER_COMPARE, before_us + 1, 7, OWNER | COMPLETE, 0);
	assert_int_equal(state_of(r, 0, 7), PART_COMPLETE);
	/* The answer to a question of before. */
	say(r, 0, 1, PEER_COMPARED, before_us, 8, OWNER | COMPLETE, 0);
	assert_int_equal(state_of(r, 0, 8), PART_PARTIAL);
	say(r, 0, 1, PEER_COMPARED, before_us + 1, 8, OWNER | COMPLETE, 0);
	assert_int_equal(state_of(r, 0, 8), PART_COMPLETE);
	rig_free(r);
}

/* Having what somebody had who was not complete is not having what he has now that he is. */
static void it_was_not_complete_then(void **state)
{
	struct rig *r = rig_new(2, 2, test_seed());
	uint64_t now_us;

	(void)state;
	rig_cluster(r, 2);
	r->node[0].settled = false;
	rig_tell(r, 0);
	now_us = r->now.mono_us;
	say(r, 0, 1, PEER_COMPARE, now_us, 7, OWNER, 0);
	say(r, 0, 1, PEER_COMPARED, now_us, 7, OWNER | COMPLETE | DIFFERS, 0);
	assert_int_equal(state_of(r, 0, 7), PART_PARTIAL);
	/* Then it is pulled from. */
	assert_true(rig_until(r, all_complete, 1000));
	assert_true(r->sent_of[PEER_PULL] > 0);
	rig_free(r);
}

/* A hash that node 0 does not own, and that node 1 owns in the first place, node 2 in the second
 * if there is one. */
static uint32_t hash_of_others(struct rig *r, struct table_key *key)
{
	static uint8_t hash[20];

	for (uint32_t k = 0;; k++) {
		rig_hash(k, hash);
		*key = table_key_of((struct span){hash, 20});
		const uint16_t *row = view_row(r->node[0].view, key->partition);
		if (row[0] == 1 && (r->replicas == 1 || row[1] == 2))
			return k;
	}
}

/* Nobody but node 0 does anything, and it finds that it has what it does not own. */
static uint64_t keep_something(struct rig *r, uint32_t k, const struct table_key *key)
{
	for (uint32_t i = 1; i < NODES; i++)
		r->node[i].paused_until_us = NEVER;
	rig_put(r, 0, k, k, rig_version(r), HOUR_MS);
	rig_run(r, 2 * INTERVAL_MS);
	assert_int_equal(rig_progress(r, 0).kept, 1);
	return table_digest_of(table_digest(
		server_table(r->node[0].server), key->partition, now_mono_ms(&r->now)));
}

/* A confirmation counts from an owner, of what is there, and of the time since it is kept. */
static void confirmations(void **state)
{
	struct rig *r = rig_new(1, 1, test_seed());
	struct table_key key;

	(void)state;
	rig_cluster(r, 3);
	uint64_t before_us = r->now.mono_us;
	rig_run(r, 10);
	uint32_t k = hash_of_others(r, &key), p = key.partition;
	uint64_t digest = keep_something(r, k, &key), now_us = r->now.mono_us;
	say(r, 0, 2, PEER_CONFIRM, now_us, p, 0, digest);
	say(r, 0, 1, PEER_CONFIRM, before_us, p, 0, digest);
	say(r, 0, 1, PEER_CONFIRM, now_us, p, 0, digest + 1);
	say(r, 0, 1, PEER_CONFIRM, now_us, p + 1, 0, digest);
	/* It has the same, but does not think that it owns it: it may let go of it as well. */
	say(r, 0, 1, PEER_COMPARE, now_us, p, COMPLETE, digest);
	say(r, 0, 1, PEER_COMPARE, now_us, p, OWNER, digest + 1);
	assert_true(rig_has(r, 0, k, k));
	say(r, 0, 1, PEER_CONFIRM, now_us, p, 0, digest);
	assert_false(rig_has(r, 0, k, k));
	assert_int_equal(rig_progress(r, 0).kept, 0);
	rig_put(r, 0, k, k, rig_version(r), HOUR_MS);
	rig_run(r, 2 * INTERVAL_MS);
	digest = table_digest_of(
		table_digest(server_table(r->node[0].server), p, now_mono_ms(&r->now)));
	say(r, 0, 1, PEER_COMPARE, r->now.mono_us, p, OWNER, digest);
	assert_false(rig_has(r, 0, k, k));
	rig_free(r);
}

/* All owners have to confirm the same, and who has confirmed is known by its name. */
static void several_confirm(void **state)
{
	struct rig *r = rig_new(2, 1, test_seed());
	struct table_key key;

	(void)state;
	rig_cluster(r, 5);
	uint32_t k = hash_of_others(r, &key), p = key.partition;
	uint64_t digest = keep_something(r, k, &key);
	say(r, 0, 1, PEER_CONFIRM, r->now.mono_us, p, 0, digest);
	rig_put(r, 0, k, k + 1, rig_version(r), HOUR_MS);
	digest = table_digest_of(
		table_digest(server_table(r->node[0].server), p, now_mono_ms(&r->now)));
	say(r, 0, 2, PEER_CONFIRM, r->now.mono_us, p, 0, digest);
	assert_true(rig_has(r, 0, k, k));
	/* The first owner goes: who has confirmed is the first one now. */
	rig_stop(r, 1, true);
	rig_tell(r, 0);
	const uint16_t *row = view_row(r->node[0].view, p);
	assert_int_equal(row[0], 2);
	if (row[1] != 0) {
		say(r, 0, 2, PEER_CONFIRM, r->now.mono_us, p, 0, digest + 1);
		assert_true(rig_has(r, 0, k, k));
		say(r, 0, row[1], PEER_CONFIRM, r->now.mono_us, p, 0, digest);
		assert_false(rig_has(r, 0, k, k));
	}
	rig_free(r);
}

/* The first owner confirms, goes, and the second has its place: that has not confirmed. */
static void places_move(void **state)
{
	struct rig *r = rig_new(2, 1, test_seed());
	struct table_key key;

	(void)state;
	rig_cluster(r, 8);
	uint32_t k = hash_of_others(r, &key), p = key.partition;
	uint64_t digest = keep_something(r, k, &key);
	say(r, 0, 1, PEER_CONFIRM, r->now.mono_us, p, 0, digest);
	rig_stop(r, 1, true);
	rig_tell(r, 0);
	const uint16_t *row = view_row(r->node[0].view, p);
	assert_int_equal(row[0], 2);
	if (row[1] != 0) {
		say(r, 0, row[1], PEER_CONFIRM, r->now.mono_us, p, 0, digest);
		assert_true(rig_has(r, 0, k, k));
		say(r, 0, 2, PEER_CONFIRM, r->now.mono_us, p, 0, digest);
		assert_false(rig_has(r, 0, k, k));
	}
	rig_free(r);
}

/* Who knows what it gets: nothing of this changes anything. */
static void nonsense(void **state)
{
	struct rig *r = rig_new(2, 1, test_seed());
	struct mail mail = {0};
	struct flow flow = {0};
	struct letter l = {.known = true};
	static const uint8_t beat[] = {PEER_NOTED, 0, 4, 0, 0, 0, 0},
			     half[] = {PEER_CONFIRM, 0, 1, 0};

	(void)state;
	rig_cluster(r, 2);
	mail.now = &r->now;
	assert_false(repair_take(r->node[0].repair, &mail, &flow, &l, (struct span){beat, 7}));
	assert_false(repair_take(r->node[0].repair, &mail, &flow, &l, (struct span){half, 4}));
	for (unsigned type = PEER_COMPARED; type <= PEER_CONFIRM; type++) {
		struct peer_msg m = {.type = (uint8_t)type};
		if (type == PEER_PULL)
			m.pull.window = 1;
		if (type == PEER_PULLED)
			m.pulled.of = 1;
		rig_take(r, 0, &l, &m);
		assert_int_equal(r->out.count, 0);
	}
	rig_free(r);
}

/* Node 1 says to node 0 that it has something else in partitions 0 to n - 1, and is silent then. */
static struct rig *rig_with_liar(uint32_t n)
{
	struct rig *r = rig_new(2, 1, test_seed());

	rig_cluster(r, 2);
	r->node[1].side = 1;
	for (uint32_t p = 0; p < n; p++)
		say(r, 0, 1, PEER_COMPARE, r->now.mono_us, p, OWNER | COMPLETE, 1);
	rig_run(r, 50);
	return r;
}

/* The first PULL that node 0 waits with; NULL: there is none. */
static const struct repair_job *first_asked(const struct rig *r)
{
	const struct repair_job *j = r->node[0].repair->jobs, *end = j + REPAIR_JOBS;

	while (j < end && !(j->used && j->sent))
		j++;
	return j < end ? j : NULL;
}

/* One datagram of an answer to it, of so many. */
static struct peer_msg pulled_of(const struct repair_job *j, uint8_t index, uint8_t of)
{
	return (struct peer_msg){
		.type = PEER_PULLED,
		.pulled = {.id = j->id,
			.partition = (uint16_t)j->partition,
			.digest = 1,
			.index = index,
			.of = of,
			.cursor = 5},
	};
}

static void hear_from(struct rig *r, const struct addr *id, const struct peer_msg *m)
{
	struct letter l = {.known = true, .id = *id, .start = 1, .sent_us = r->now.mono_us};

	rig_take(r, 0, &l, m);
}

/* Node 1's. */
static void answer_pull_of(struct rig *r, uint8_t index, uint8_t of)
{
	const struct repair_job *j = first_asked(r);

	if (!j)
		return;
	struct peer_msg m = pulled_of(j, index, of);
	hear_from(r, &r->node[1].id, &m);
}

/* Of each answer only the beginning ever comes, and it goes nowhere. */
static void an_answer_without_an_end(void **state)
{
	struct rig *r = rig_with_liar(1);

	(void)state;
	for (uint32_t i = 0; i < 1000 && rig_progress(r, 0).given_up == 0; i++) {
		answer_pull_of(r, 0, 2);
		rig_run(r, 310);
	}
	assert_int_equal(rig_progress(r, 0).given_up, 1);
	rig_free(r);
}

/* What comes twice, or was not asked for, is not paid for: others would have to wait for it. */
static void more_than_was_asked_for(void **state)
{
	struct rig *r = rig_with_liar(4);

	(void)state;
	answer_pull_of(r, 0, PULL_DATAGRAMS / 4 + 1);
	assert_int_equal(rig_progress(r, 0).pulled_bytes, 0);
	answer_pull_of(r, 0, 2);
	uint64_t once = rig_progress(r, 0).pulled_bytes;
	assert_true(once > 0);
	answer_pull_of(r, 0, 2);
	answer_pull_of(r, 1, 3);
	assert_int_equal(rig_progress(r, 0).pulled_bytes, once);
	rig_free(r);
}

/* Whoever was not asked, and what was not. */
static void answers_to_nothing(void **state)
{
	struct rig *r = rig_with_liar(1);
	const struct repair_job *j = first_asked(r);
	struct addr other = r->node[1].id;

	(void)state;
	assert_non_null(j);
	struct peer_msg right = pulled_of(j, 0, 2), number = right, partition = right;
	other.port++;
	number.pulled.id++;
	partition.pulled.partition ^= 1;
	hear_from(r, &other, &right);
	hear_from(r, &r->node[0].id, &right);
	hear_from(r, &r->node[1].id, &number);
	hear_from(r, &r->node[1].id, &partition);
	assert_int_equal(rig_progress(r, 0).pulled_bytes, 0);
	hear_from(r, &r->node[1].id, &right);
	assert_true(rig_progress(r, 0).pulled_bytes > 0);
	rig_free(r);
}

/* What a randomised run is like. */
struct chaos {
	struct rig *r;
	uint32_t records;
};

static uint32_t count_staying(const struct rig *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NODES; i++)
		n += r->node[i].up && !r->node[i].leaving;
	return n;
}

static void someone_joins(struct rig *r)
{
	uint32_t i = rng_below(&r->rng, NODES);

	if (!r->node[i].up)
		rig_start(r, i);
}

static void someone_leaves_or_stays(struct rig *r)
{
	struct node *n = &r->node[rng_below(&r->rng, NODES)];

	if (n->up && (n->leaving || count_staying(r) > 1))
		n->leaving = !n->leaving;
}

/* Whoever has handed over all may go. */
static void who_is_empty_goes(struct rig *r)
{
	for (uint32_t i = 0; i < NODES; i++)
		if (r->node[i].up && r->node[i].leaving && repair_emptied(r->node[i].repair))
			rig_stop(r, i, true);
}

static void write_some(struct chaos *c)
{
	struct rig *r = c->r;
	uint32_t by = rng_below(&r->rng, NODES), n = rng_below(&r->rng, 100);

	if (!r->node[by].up || !r->node[by].view)
		return;
	for (uint32_t i = 0; i < n; i++)
		c->records += rig_store(r, by, c->records, c->records, rig_version(r), HOUR_MS);
}

static void something_happens(struct chaos *c)
{
	struct rig *r = c->r;

	switch (rng_below(&r->rng, 6)) {
	case 0: someone_joins(r); break;
	case 1: someone_leaves_or_stays(r); break;
	case 2: rig_tell(r, rng_below(&r->rng, 2000)); break;
	case 3: rig_run(r, rng_below(&r->rng, 2000)); break;
	default: write_some(c); break;
	}
	rig_run(r, rng_below(&r->rng, 100));
	who_is_empty_goes(r);
}

/* Servers come and go, and hear of it late and in any order. Nothing is ever nowhere. */
static void any_changes(void **state)
{
	uint64_t seed = test_seed();
	const char *text = getenv("DHT_REPAIR_RUNS");
	uint32_t runs = text ? (uint32_t)strtoul(text, NULL, 10) : 6;

	(void)state;
	for (uint32_t run = 0; run < runs; run++) {
		struct rng rng;
		rng_init(&rng, seed + run);
		uint8_t replicas = (uint8_t)(1 + rng_below(&rng, 4));
		uint8_t quorum = (uint8_t)(1 + rng_below(&rng, replicas));
		struct chaos c = {.r = rig_new(replicas, quorum, seed + run)};
		rig_cluster(c.r, 1 + rng_below(&rng, 5));
		c.r->lost = rng_below(&rng, 300);
		c.r->repeated = rng_below(&rng, 50);
		c.r->held_up = rng_below(&rng, 50);
		c.r->unstored = rng_below(&rng, 1000);
		for (uint32_t i = 0; i < 100; i++) {
			something_happens(&c);
			assert_int_equal(rig_lost(c.r, 0, c.records), 0);
			for (uint32_t k = 0; k < NODES; k++)
				if (c.r->node[k].up)
					repair_check(c.r->node[k].repair);
		}
		c.r->lost = c.r->held_up = 0;
		rig_tell(c.r, 1000);
		assert_true(rig_until(c.r, all_alike, LONG_MS));
		assert_int_equal(rig_missing(c.r, 0, c.records), 0);
		rig_free(c.r);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_network),
		cmocka_unit_test(a_split_heals),
		cmocka_unit_test(tombstones_travel),
		cmocka_unit_test(writes_while_it_is_handed_over),
		cmocka_unit_test(what_was_acknowledged),
		cmocka_unit_test(what_was_acknowledged_and_one_dies),
		cmocka_unit_test(a_pause),
		cmocka_unit_test(out_and_in_again),
		cmocka_unit_test(old_news),
		cmocka_unit_test(it_was_not_complete_then),
		cmocka_unit_test(confirmations),
		cmocka_unit_test(several_confirm),
		cmocka_unit_test(places_move),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(an_answer_without_an_end),
		cmocka_unit_test(more_than_was_asked_for),
		cmocka_unit_test(answers_to_nothing),
		cmocka_unit_test(any_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
