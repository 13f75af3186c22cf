/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/ring.h"

#include <math.h>

#include "base/bytes.h"
#include "base/keyed.h"
#include "base/rng.h"
#include "core/ring_cost.h"

#include "../test_seed.h"
#include "ring_rig.h"

static const struct ring_member nobody;

static struct addr id_of(const char *text)
{
	struct addr id;

	assert_int_equal(addr_parse(text, 0, &id), 0);
	return id;
}

/* Computed by another program, in another language. */
static void golden_costs(void **state)
{
	static const struct {
		const char *id;
		uint8_t weight;
		uint32_t partition;
		uint64_t cost;
	} rows[] = {
		{"192.0.2.7:8471", 1, 0, UINT64_C(36958502027871)},
		{"192.0.2.7:8471", 1, 16383, UINT64_C(147553343945741)},
		{"192.0.2.7:8471", 7, 16383, UINT64_C(21079049135105)},
		{"192.0.2.7:8472", 100, 4711, UINT64_C(1353067035596)},
		{"[2001:db8::7]:8471", 1, 0, UINT64_C(640374636492362)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr id = id_of(rows[i].id);
		assert_int_equal(ring_cost(&id, rows[i].weight, rows[i].partition), rows[i].cost);
		assert_true(ring_cost(&id, 0, rows[i].partition) == UINT64_MAX);
	}
}

static void logarithms(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (unsigned i = 0; i <= RING_LOG2_STEPS; i++)
		assert_true(fabs(log2(1 + i / 256.0) * 0x1p31 - ring_log2[i]) <= 0.5001);
	/* Of powers of two exact; the lowest bit, which counts as set, is lost in rounding here. */
	for (unsigned i = 49; i < 64; i++)
		assert_int_equal(ring_log(UINT64_C(1) << i), (uint64_t)(64 - i) << RING_COST_BITS);
	assert_int_equal(ring_log(0), RING_COST_MAX);
	assert_true(ring_log(UINT64_MAX) > 0 && ring_log(UINT64_MAX) < 1000);
	for (unsigned i = 0; i < 1000000; i++) {
		uint64_t h = rng_u64(&rng) >> rng_below(&rng, 64), l = ring_log(h);
		double error = (double)l / 0x1p48 - (64 - log2((double)(h | 1)));
		assert_true(error > -3e-10 && error < 2.8e-6);
		assert_true(ring_log(h + (h != UINT64_MAX)) <= l);
	}
	/* Next to nothing, in relation to itself. */
	for (uint64_t less = UINT64_C(1) << 54; less > 1 << 30; less -= less / 8) {
		double ideal = -log1p(-(double)less / 0x1p64) / log(2);
		assert_true(fabs((double)ring_log(-less) / 0x1p48 / ideal - 1) < 0.0011);
	}
}

/* Each candidate has each turn once, and no two have them in the same order. */
static void turns_are_permutations(void **state)
{
	static uint32_t last[TABLE_PARTITIONS];
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < 100; i++) {
		bool had[TABLE_PARTITIONS] = {false};
		uint64_t seed = rng_u64(&rng);
		uint32_t same = 0;
		for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
			uint32_t turn = ring_turn(seed, p);
			assert_true(turn < TABLE_PARTITIONS && !had[turn]);
			had[turn] = true;
			same += i > 0 && turn == last[p];
			last[p] = turn;
		}
		assert_true(same < 16);
	}
}

/* Of all rows, as numbers with the high byte first. */
static uint64_t digest(const struct ring *r)
{
	static const uint8_t key[KEYED_KEY_LEN];
	size_t n = ring_rig_size(r) / sizeof(uint16_t);
	uint8_t *bytes = malloc(2 * n);

	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++)
		store_be16(bytes + 2 * i, ring_rows(r)[i]);
	uint64_t h = keyed_hash64(key, bytes, 2 * n);
	free(bytes);
	return h;
}

/* Weights, zones, some without one, and some that leave. */
static struct ring_member motley(uint32_t i, uint32_t zones)
{
	struct ring_member m = {.id = id_of("[2001:db8::1]:8471")};

	store_be32(m.id.ip.b + 12, i);
	m.weight = (uint8_t)(1 + i * 37 % 100);
	m.zone = i % (zones + 1) ? ring_zone((char[]){(char)('a' + i % (zones + 1))}, 1) : 0;
	m.leaving = i % 11 == 10;
	return m;
}

/* No compiler, optimisation or machine may change these: servers would disagree. Computed by
 * another program, in another language, from the definition. */
static void golden_rows(void **state)
{
	static const struct {
		uint8_t replicas;
		uint16_t servers;
		uint32_t zones; /* 0: all alike, without a zone */
		uint64_t digest;
	} rows[] = {
		{3, 5, 0, UINT64_C(0xfdd0cc003864d71d)},
		{3, 64, 0, UINT64_C(0x224a0340c729ac80)},
		{3, 64, 7, UINT64_C(0x710e6d869a7001f4)},
		{3, 12, 2, UINT64_C(0xa9cfc21dc0baa093)},
		{16, 40, 5, UINT64_C(0xe256160735c12f7d)},
		{1, 300, 30, UINT64_C(0x2a71a51169cab88a)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ring *r = ring_rig_of(rows[i].replicas, rows[i].zones ? 0 : rows[i].servers);
		for (uint16_t j = 0; rows[i].zones && j < rows[i].servers; j++) {
			struct ring_member m = motley(j, rows[i].zones);
			ring_set(r, j, &m);
		}
		ring_settle(r);
		assert_int_equal(digest(r), rows[i].digest);
		ring_free(r);
	}
}

static void zones_names(void **state)
{
	(void)state;
	assert_int_equal(ring_zone("", 0), 0);
	assert_int_equal(ring_zone("east", 4), UINT64_C(0xba58168879bbbaad));
	assert_int_equal(ring_zone("eastern", 4), ring_zone("east", 4));
	assert_true(ring_zone("east", 4) != ring_zone("west", 4));
}

static void nobody_at_all(void **state)
{
	struct ring *r = ring_rig_of(3, 0);

	(void)state;
	assert_int_equal(ring_row_len(r), 3 + RING_NEXT);
	assert_int_equal(ring_settle(r), 0);
	for (size_t i = 0; i < ring_rig_size(r) / sizeof(uint16_t); i++)
		assert_int_equal(ring_rows(r)[i], RING_NONE);
	ring_free(r);
	ring_free(NULL);
}

/* One after the other comes until there are enough, and goes again until nobody is left. */
static void fewer_than_replicas(void **state)
{
	struct ring_member m[8] = {0};
	struct ring *r = ring_rig_of(4, 0);

	(void)state;
	for (uint16_t step = 0; step < 16; step++) {
		uint16_t slot = step % 8;
		m[slot] = step < 8 ? ring_rig_member(slot) : nobody;
		assert_true(ring_set(r, slot, &m[slot]));
		/* All hold everything up to the second of the next best. */
		uint32_t rows = ring_settle(r);
		assert_true(rows <= TABLE_PARTITIONS);
		if (step < 6 || step >= 16 - 6)
			assert_int_equal(rows, TABLE_PARTITIONS);
		for (uint32_t p = 0; p < TABLE_PARTITIONS; p += 13)
			ring_rig_check(r, m, COUNT(m), 4, p);
	}
	assert_int_equal(ring_row(r, 0)[0], RING_NONE);
	ring_free(r);
}

static void what_changes_nothing(void **state)
{
	struct ring_member m = ring_rig_member(3), other = ring_rig_member(77);
	struct ring *r = ring_rig_of(3, 10);

	(void)state;
	assert_false(ring_set(r, 3, &m));
	assert_false(ring_set(r, 10, &nobody));
	/* Of who is no candidate nothing else counts. */
	other.weight = 0;
	assert_false(ring_set(r, 10, &other));
	assert_int_equal(ring_settle(r), 0);
	/* There and back. */
	ring_rig_remove(r, 3);
	assert_true(ring_set(r, 3, &m));
	other.weight = 1;
	assert_true(ring_set(r, 11, &other));
	ring_rig_remove(r, 11);
	assert_int_equal(ring_settle(r), 0);
	ring_free(r);
}

/* Whatever the ring keeps for a zone is free again when the last candidate of it has gone. */
static void ever_new_zones(void **state)
{
	struct ring_member m[10];
	struct ring *r = ring_rig_of(3, COUNT(m));

	(void)state;
	for (uint32_t i = 0; i < COUNT(m); i++)
		m[i] = ring_rig_member(i);
	for (uint32_t i = 0; i < 3 * RING_SLOTS; i++) {
		m[3].zone = m[4].zone = i;
		ring_set(r, 3, &m[3]);
		ring_set(r, 4, &m[4]);
	}
	ring_settle(r);
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p += 13)
		ring_rig_check(r, m, COUNT(m), 3, p);
	ring_free(r);
}

static void every_field_counts(void **state)
{
	struct ring_member m = ring_rig_member(3);
	struct ring *r = ring_rig_of(3, 10);

	(void)state;
	m.weight = 2;
	assert_true(ring_set(r, 3, &m));
	assert_true(ring_settle(r) > 0);
	m.leaving = true;
	assert_true(ring_set(r, 3, &m));
	assert_true(ring_settle(r) > 0);
	m.leaving = false;
	m.id.port++;
	assert_true(ring_set(r, 3, &m));
	assert_true(ring_settle(r) > 0);
	m.zone = 1; /* the only one of it: changes no row */
	assert_true(ring_set(r, 3, &m));
	assert_int_equal(ring_settle(r), 0);
	ring_free(r);
}

/* All who leave stand behind the owners, at their place by cost, and own nothing. */
static void those_who_leave(void **state)
{
	struct ring_member m[12];
	struct ring *r = ring_rig_of(3, 12);
	uint32_t in_front = 0;

	(void)state;
	for (uint32_t i = 0; i < COUNT(m); i++)
		m[i] = ring_rig_member(i);
	m[4].leaving = true;
	ring_set(r, 4, &m[4]);
	ring_settle(r);
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		assert_false(ring_rig_has(ring_row(r, p), 3, 4));
		in_front += ring_row(r, p)[3] == 4;
	}
	/* Where it would be an owner or the next, which is 4 of 12 places. */
	assert_true(fabs(in_front / (TABLE_PARTITIONS / 3.0) - 1) < 0.05);
	for (uint32_t i = 0; i < COUNT(m); i++) {
		m[i].leaving = true;
		ring_set(r, (uint16_t)i, &m[i]);
	}
	assert_int_equal(ring_settle(r), TABLE_PARTITIONS);
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p += 13)
		ring_rig_check(r, m, COUNT(m), 3, p);
	assert_int_equal(ring_row(r, 0)[0], RING_NONE);
	assert_int_not_equal(ring_row(r, 0)[4], RING_NONE);
	ring_free(r);
}

/* Two ids that cost the same for a partition: the one whose bytes come first is better, whatever
 * slots they have. */
static void equal_costs(void **state)
{
	static const struct {
		const char *first, *second;
		uint32_t partition;
	} rows[] = {
		{"10.5.21.57:8471", "10.5.133.122:8471", 1},
		{"10.0.0.1:51036", "10.0.0.1:62137", 2026},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (uint16_t slot = 0; slot < 2; slot++) {
			struct ring_member a = {.id = id_of(rows[i].first), .weight = 100};
			struct ring_member b = {.id = id_of(rows[i].second), .weight = 100};
			struct ring *r = ring_rig_of(1, 0);
			uint32_t p = rows[i].partition;
			assert_int_equal(ring_cost(&a.id, 100, p), ring_cost(&b.id, 100, p));
			ring_set(r, slot, &a);
			ring_set(r, !slot, &b);
			ring_settle(r);
			assert_int_equal(ring_row(r, p)[0], slot);
			assert_int_equal(ring_row(r, p)[1], !slot);
			ring_free(r);
		}
}

/* It gets the last place of a full row from another one that costs the same. */
static void equal_costs_at_the_limit(void **state)
{
	struct ring_member a = {.id = id_of("10.5.21.57:8471"), .weight = 100};
	struct ring_member b = {.id = id_of("10.5.133.122:8471"), .weight = 100};
	uint64_t limit = ring_cost(&a.id, 100, 1);
	struct ring *r = ring_rig_of(1, 0);
	uint16_t slot = 2;

	(void)state;
	for (uint32_t i = 0; slot < 2 + RING_NEXT; i++) {
		struct ring_member m = {.id = ring_rig_id(i), .weight = 100};
		if (ring_cost(&m.id, 100, 1) < limit)
			ring_set(r, slot++, &m);
	}
	ring_set(r, 1, &b);
	ring_settle(r);
	assert_int_equal(ring_row(r, 1)[RING_NEXT], 1);
	ring_set(r, 0, &a);
	ring_settle(r);
	assert_int_equal(ring_row(r, 1)[RING_NEXT], 0);
	ring_rig_remove(r, 0);
	ring_settle(r);
	assert_int_equal(ring_row(r, 1)[RING_NEXT], 1);
	ring_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_costs),
		cmocka_unit_test(turns_are_permutations),
		cmocka_unit_test(logarithms),
		cmocka_unit_test(golden_rows),
		cmocka_unit_test(zones_names),
		cmocka_unit_test(nobody_at_all),
		cmocka_unit_test(fewer_than_replicas),
		cmocka_unit_test(what_changes_nothing),
		cmocka_unit_test(ever_new_zones),
		cmocka_unit_test(every_field_counts),
		cmocka_unit_test(those_who_leave),
		cmocka_unit_test(equal_costs),
		cmocka_unit_test(equal_costs_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
