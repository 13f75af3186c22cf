/* SPDX-License-Identifier: BSD-2-Clause */
/* What the oracle says of acts that are told to it by hand, on servers that do nothing. */
#include "crowd.h"
#include "fleet.h"
#include "oracle.h"

#include "../unit/unit.h"

#define HASH     5
#define PROVIDER 3
#define TTL_S    100

/* A seed whose plan is plain once its faults are gone; what matters here is set below. */
static struct sim *setup(void)
{
	struct plan_options options = {.seed = 1, .without = UINT32_MAX};
	struct sim *s = sim_new(&options);

	assert_non_null(s);
	s->plan.replicas = 3;
	s->plan.quorum = 2;
	s->plan.ttl_max_s = 600;
	s->plan.hashes = 20;
	/* They have heard of nobody yet: so a quorum is two. */
	for (uint32_t i = 0; i < 3; i++)
		assert_non_null(fleet_add(s));
	for (uint32_t i = 0; i < 3; i++)
		fleet_start(s, &s->fleet->nodes[i]);
	s->now_us = 100 * SIM_SECOND;
	return s;
}

static struct ask *ask(struct sim *s, enum ask_kind kind, uint32_t ttl_s)
{
	struct ask *r = crowd_new_ask(s, 0, kind);

	assert_non_null(r);
	r->hash_count = 1;
	r->hashes[0] = HASH;
	r->provider = PROVIDER;
	r->ttl_s = ttl_s;
	r->asked_count = 1;
	return r;
}

static void comes(struct sim *s, const struct ask *r, uint32_t server)
{
	oracle_asked(s, &s->fleet->nodes[server], r);
}

/* As if a second copy had come: servers that do nothing have nothing. */
static void acked(struct sim *s, struct ask *r, uint32_t server)
{
	r->asked_count = 2;
	oracle_acked(s, &s->fleet->nodes[server], r, 0, STATUS_STORED);
}

static void pass(struct sim *s, uint64_t seconds)
{
	s->now_us += seconds * SIM_SECOND;
}

static enum oracle_say say(struct sim *s, bool repaired)
{
	return oracle_say(s, HASH, PROVIDER, s->now_us, s->now_us, repaired);
}

static void what_nobody_put_must_not_be(void **state)
{
	struct sim *s = setup();

	(void)state;
	assert_int_equal(say(s, false), ORACLE_MUST_NOT);
	oracle_told(s, &s->fleet->nodes[0], HASH, PROVIDER, SIM_NEVER);
	assert_true(s->failure.failed);
	assert_string_equal(s->failure.check, "invention");
	sim_free(s);
}

static void an_announcement(void **state)
{
	struct sim *s = setup();
	struct ask *r = ask(s, ASK_ANNOUNCE, TTL_S);

	(void)state;
	comes(s, r, 0);
	assert_int_equal(say(s, true), ORACLE_MAY);
	acked(s, r, 0);
	assert_int_equal(say(s, true), ORACLE_MUST);
	pass(s, TTL_S / 2);
	assert_int_equal(say(s, false), ORACLE_MUST);
	/* Near its end nobody can say. */
	pass(s, TTL_S / 2);
	assert_int_equal(say(s, true), ORACLE_MAY);
	pass(s, 6);
	assert_int_equal(say(s, false), ORACLE_MUST_NOT);
	sim_free(s);
}

static void not_acknowledged(void **state)
{
	struct sim *s = setup();
	struct ask *r = ask(s, ASK_ANNOUNCE, TTL_S);

	(void)state;
	comes(s, r, 0);
	oracle_acked(s, &s->fleet->nodes[0], r, 0, STATUS_BELOW_QUORUM);
	pass(s, 10);
	assert_int_equal(say(s, true), ORACLE_MAY);
	sim_free(s);
}

static void a_life_too_long(void **state)
{
	struct sim *s = setup();
	struct ask *r = ask(s, ASK_ANNOUNCE, TTL_S);

	(void)state;
	comes(s, r, 0);
	oracle_told(s, &s->fleet->nodes[0], HASH, PROVIDER, TTL_S * SIM_SECOND);
	assert_false(s->failure.failed);
	pass(s, 10);
	oracle_told(s, &s->fleet->nodes[0], HASH, PROVIDER, TTL_S * SIM_SECOND);
	assert_true(s->failure.failed);
	assert_string_equal(s->failure.check, "immortality");
	sim_free(s);
}

static void withdrawn(void **state)
{
	struct sim *s = setup();
	struct ask *put = ask(s, ASK_ANNOUNCE, TTL_S), *drop = ask(s, ASK_WITHDRAW, 0);

	(void)state;
	comes(s, put, 0);
	acked(s, put, 0);
	pass(s, 5);
	comes(s, drop, 1);
	assert_int_equal(say(s, true), ORACLE_MAY);
	acked(s, drop, 1);
	pass(s, 5);
	assert_int_equal(say(s, false), ORACLE_MAY);
	assert_int_equal(say(s, true), ORACLE_MUST_NOT);
	/* And announced again. */
	struct ask *again = ask(s, ASK_ANNOUNCE, TTL_S);
	comes(s, again, 0);
	acked(s, again, 0);
	assert_int_equal(say(s, true), ORACLE_MUST);
	sim_free(s);
}

/* A copy of the announcement that comes after the withdrawal may win. */
static void a_late_copy(void **state)
{
	struct sim *s = setup();
	struct ask *put = ask(s, ASK_ANNOUNCE, TTL_S), *drop = ask(s, ASK_WITHDRAW, 0);

	(void)state;
	comes(s, put, 0);
	pass(s, 5);
	comes(s, drop, 1);
	acked(s, drop, 1);
	pass(s, 1);
	comes(s, put, 2);
	pass(s, 10);
	assert_int_equal(say(s, true), ORACLE_MAY);
	sim_free(s);
}

/* A copy of what is forgotten is answered as the first one was, and changes nothing; or it does. */
static void a_copy_of_what_is_forgotten(void **state)
{
	struct sim *s = setup();
	struct ask *first = ask(s, ASK_ANNOUNCE, TTL_S), *then = ask(s, ASK_ANNOUNCE, 4 * TTL_S);

	(void)state;
	comes(s, first, 0);
	acked(s, first, 0);
	pass(s, 5);
	comes(s, then, 0);
	acked(s, then, 0);
	pass(s, 5);
	comes(s, first, 0);
	acked(s, first, 0);
	pass(s, 10);
	assert_int_equal(say(s, true), ORACLE_MUST);
	pass(s, 2 * TTL_S);
	assert_int_equal(say(s, true), ORACLE_MAY);
	sim_free(s);
}

/* Those who are cut off from each other have quorums of their own: then clocks decide. */
static void other_owners(void **state)
{
	struct sim *s = setup();
	struct ask *drop = ask(s, ASK_WITHDRAW, 0), *put = ask(s, ASK_ANNOUNCE, TTL_S);

	(void)state;
	s->plan.replicas = s->plan.quorum = 1;
	s->fleet->nodes[0].clock.offset_ms = 60000;
	comes(s, drop, 0);
	acked(s, drop, 0);
	pass(s, 10);
	/* Server 1 takes itself alone for the owner. */
	comes(s, put, 1);
	acked(s, put, 1);
	pass(s, 10);
	assert_int_equal(say(s, true), ORACLE_MAY);
	sim_free(s);
}

/* A second copy came to a server that is ahead and has not said what became of it: it may win. */
static void a_copy_that_is_not_acknowledged(void **state)
{
	struct sim *s = setup();
	struct ask *put = ask(s, ASK_ANNOUNCE, TTL_S), *drop = ask(s, ASK_WITHDRAW, 0);

	(void)state;
	s->plan.replicas = s->plan.quorum = 1;
	s->fleet->nodes[0].clock.offset_ms = 60000;
	comes(s, put, 1);
	comes(s, put, 0);
	acked(s, put, 1);
	pass(s, 10);
	comes(s, drop, 1);
	acked(s, drop, 1);
	pass(s, 10);
	assert_int_equal(say(s, true), ORACLE_MAY);
	sim_free(s);
}

/* What was not acknowledged before, by a server whose clock is ahead, may win. */
static void a_clock_ahead(void **state)
{
	struct sim *s = setup();
	struct ask *put = ask(s, ASK_ANNOUNCE, TTL_S), *drop = ask(s, ASK_WITHDRAW, 0);

	(void)state;
	s->fleet->nodes[0].clock.offset_ms = 60000;
	comes(s, put, 0);
	pass(s, 10);
	comes(s, drop, 1);
	acked(s, drop, 1);
	pass(s, 10);
	assert_int_equal(say(s, true), ORACLE_MAY);
	sim_free(s);
}

static void lost_disks(void **state)
{
	struct sim *s = setup();
	struct ask *r = ask(s, ASK_ANNOUNCE, TTL_S);

	(void)state;
	oracle_disk_lost(s, 2, 0);
	pass(s, 1);
	comes(s, r, 0);
	acked(s, r, 0);
	pass(s, 1);
	assert_int_equal(say(s, true), ORACLE_MUST);
	/* A snapshot of after it had come. */
	oracle_disk_lost(s, 1, s->now_us + 60 * SIM_SECOND);
	assert_int_equal(say(s, true), ORACLE_MUST);
	oracle_disk_lost(s, 0, 0);
	oracle_disk_lost(s, 1, 0);
	assert_int_equal(say(s, true), ORACLE_EXCUSED);
	/* For good: nobody brings it back. */
	oracle_repaired(s);
	assert_int_equal(say(s, true), ORACLE_EXCUSED);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_put_must_not_be),
		cmocka_unit_test(an_announcement),
		cmocka_unit_test(not_acknowledged),
		cmocka_unit_test(a_life_too_long),
		cmocka_unit_test(withdrawn),
		cmocka_unit_test(a_late_copy),
		cmocka_unit_test(a_copy_of_what_is_forgotten),
		cmocka_unit_test(other_owners),
		cmocka_unit_test(a_copy_that_is_not_acknowledged),
		cmocka_unit_test(a_clock_ahead),
		cmocka_unit_test(lost_disks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
