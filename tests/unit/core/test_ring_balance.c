/* SPDX-License-Identifier: BSD-2-Clause */
/* How evenly servers are loaded, what moves, where zones put owners, and that the way does not
 * matter by which the members came together. */
#include "core/ring.h"

#include <math.h>

#include "base/rng.h"

#include "../test_seed.h"
#include "ring_rig.h"

#define REPLICAS 3
#define SERVERS  40
#define CLUSTERS 50

/* Partitions that each slot owns. */
static void count_load(const struct ring *r, uint32_t replicas, uint32_t load[static RING_SLOTS])
{
	memset(load, 0, RING_SLOTS * sizeof(*load));
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		for (uint32_t i = 0; i < replicas && ring_row(r, p)[i] != RING_NONE; i++)
			load[ring_row(r, p)[i]]++;
}

/* 64 servers, in 50 different clusters: the fullest is never a tenth above. */
static void load_is_even(void **state)
{
	double mean = TABLE_PARTITIONS * REPLICAS / 64.0, fullest = 0, emptiest = 0;

	(void)state;
	for (uint32_t cluster = 0; cluster < CLUSTERS; cluster++) {
		struct ring *r = ring_new(REPLICAS);
		uint32_t load[RING_SLOTS], max = 0, min = UINT32_MAX;
		assert_non_null(r);
		for (uint16_t i = 0; i < 64; i++)
			ring_rig_put(r, i, cluster * 256 + i);
		ring_settle(r);
		count_load(r, REPLICAS, load);
		for (uint32_t i = 0; i < 64; i++) {
			max = load[i] > max ? load[i] : max;
			min = load[i] < min ? load[i] : min;
		}
		assert_true(max <= 1.1 * mean && min >= 0.9 * mean);
		fullest += max / mean / CLUSTERS;
		emptiest += min / mean / CLUSTERS;
		ring_free(r);
	}
	assert_true(fullest <= 1.06 && emptiest >= 0.94);
}

/* The load of candidates of one weight, over that of as many of another. */
static double share_ratio(uint8_t replicas, uint8_t light, uint8_t heavy, uint32_t clusters)
{
	double sums[2] = {0};

	for (uint32_t cluster = 0; cluster < clusters; cluster++) {
		struct ring *r = ring_new(replicas);
		uint32_t load[RING_SLOTS];
		assert_non_null(r);
		for (uint16_t i = 0; i < 40; i++) {
			struct ring_member m = ring_rig_member(cluster * 256 + i);
			m.weight = i % 2 ? heavy : light;
			ring_set(r, i, &m);
		}
		ring_settle(r);
		count_load(r, replicas, load);
		for (uint32_t i = 0; i < 40; i++)
			sums[i % 2] += load[i];
		ring_free(r);
	}
	return sums[1] / sums[0];
}

static void load_follows_weights(void **state)
{
	(void)state;
	assert_true(fabs(share_ratio(1, 1, 2, 8) / 2 - 1) < 0.03);
	assert_true(fabs(share_ratio(1, 50, 100, 8) / 2 - 1) < 0.03);
	assert_true(fabs(share_ratio(1, 1, 100, 32) / 100 - 1) < 0.06);
	/* Nobody can own a partition twice, so with replicas it is a little less. */
	assert_true(fabs(share_ratio(REPLICAS, 1, 2, 8) / 2 - 1) < 0.05);
}

/* The newcomer stands in what changes, nothing else comes in, and one owner at most goes. */
static void check_step(const uint16_t *less, const uint16_t *more, uint16_t slot)
{
	uint32_t len = REPLICAS + RING_NEXT;

	if (!ring_rig_has(more, len, slot)) {
		assert_memory_equal(less, more, len * sizeof(*less));
		return;
	}
	for (uint32_t i = 0, gone = 0; i < REPLICAS && less[i] != RING_NONE; i++) {
		gone += !ring_rig_has(more, REPLICAS, less[i]);
		assert_true(gone <= ring_rig_has(more, REPLICAS, slot));
		/* Without zones who owned it is still among the next. */
		assert_true(ring_rig_has(more, len, less[i]));
	}
	for (uint32_t i = 0; i < REPLICAS && more[i] != RING_NONE; i++)
		assert_true(more[i] == slot || ring_rig_has(less, REPLICAS, more[i]));
}

/* One comes to n others and goes again; gives how many partitions it owned. */
static uint32_t come_and_go(struct ring *r, uint16_t n, uint32_t number)
{
	size_t size = ring_rig_size(r), len = ring_row_len(r);
	uint16_t *before = malloc(size);
	uint32_t owned = 0;

	assert_non_null(before);
	memcpy(before, ring_rows(r), size);
	ring_rig_put(r, n, number);
	uint32_t rows = ring_settle(r), entered = 0;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		check_step(before + p * len, ring_row(r, p), n);
		owned += ring_rig_has(ring_row(r, p), REPLICAS, n);
		entered += ring_rig_has(ring_row(r, p), (uint32_t)len, n);
	}
	assert_int_equal(rows, entered);
	ring_rig_remove(r, n);
	assert_int_equal(ring_settle(r), rows);
	assert_memory_equal(before, ring_rows(r), size);
	free(before);
	return owned;
}

static void little_moves(void **state)
{
	static const uint16_t sizes[] = {3, 5, 16, 64};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct ring *r = ring_rig_of(REPLICAS, sizes[i]);
		double ideal = (double)TABLE_PARTITIONS * REPLICAS / (sizes[i] + 1), moved = 0;
		for (uint32_t j = 0; j < 16; j++)
			moved += come_and_go(r, sizes[i], 1000 + j) / 16.0;
		assert_true(fabs(moved / ideal - 1) < 0.05);
		ring_free(r);
	}
}

/* The same members in another order, one at a time or at once, and in other slots. */
static void the_way_does_not_matter(void **state)
{
	struct ring *at_once = ring_new(REPLICAS), *stepwise = ring_new(REPLICAS);
	uint16_t slots[SERVERS];
	struct rng rng;

	(void)state;
	assert_non_null(at_once);
	assert_non_null(stepwise);
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < SERVERS; i++) {
		uint32_t j = rng_below(&rng, i + 1);
		slots[i] = slots[j];
		slots[j] = (uint16_t)(i * 25);
	}
	for (uint32_t i = 0; i < SERVERS; i++) {
		struct ring_member m = ring_rig_member(slots[i]);
		m.zone = slots[i] / 25 % 6;
		m.weight = (uint8_t)(1 + slots[i] % 3);
		ring_set(stepwise, slots[i], &m);
		ring_settle(stepwise);
		ring_set(at_once, (uint16_t)(RING_SLOTS - 1 - slots[i]), &m);
	}
	ring_settle(at_once);
	for (size_t i = 0; i < ring_rig_size(at_once) / sizeof(uint16_t); i++)
		assert_int_equal(ring_rows(at_once)[i], RING_SLOTS - 1 - ring_rows(stepwise)[i]);
	ring_free(at_once);
	ring_free(stepwise);
}

/* Owners in the zone of a row that has most of them, with servers spread over zones. */
static uint32_t most_in_a_zone(uint8_t replicas, uint16_t servers, uint32_t zones)
{
	struct ring *r = ring_new(replicas);
	uint32_t most = 0;

	assert_non_null(r);
	for (uint16_t i = 0; i < servers; i++) {
		struct ring_member m = ring_rig_member(i);
		m.zone = 1 + i % zones;
		ring_set(r, i, &m);
	}
	ring_settle(r);
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		uint32_t in_zone[RING_SLOTS] = {0};
		for (uint32_t i = 0; i < replicas && ring_row(r, p)[i] != RING_NONE; i++) {
			uint32_t n = ++in_zone[ring_row(r, p)[i] % zones];
			most = n > most ? n : most;
		}
	}
	ring_free(r);
	return most;
}

static void zones_are_apart(void **state)
{
	(void)state;
	assert_int_equal(most_in_a_zone(3, 20, 3), 1);
	assert_int_equal(most_in_a_zone(3, 20, 9), 1);
	assert_int_equal(most_in_a_zone(3, 20, 20), 1);
	/* When there are too few, they share evenly. */
	assert_int_equal(most_in_a_zone(3, 20, 2), 2);
	assert_int_equal(most_in_a_zone(4, 20, 2), 2);
	assert_int_equal(most_in_a_zone(16, 40, 5), 4);
	assert_int_equal(most_in_a_zone(3, 20, 1), 3);
	/* As far as they have somebody. */
	assert_int_equal(most_in_a_zone(5, 4, 3), 2);
}

/* Who has no zone shares none with others who have none. */
static void without_a_zone(void **state)
{
	struct ring *r = ring_rig_of(REPLICAS, 2), *plain = ring_rig_of(REPLICAS, 6);

	(void)state;
	for (uint16_t i = 2; i < 6; i++) {
		struct ring_member m = ring_rig_member(i);
		m.zone = 100 + i;
		ring_set(r, i, &m);
	}
	ring_settle(r);
	assert_memory_equal(ring_rows(r), ring_rows(plain), ring_rig_size(r));
	ring_free(plain);
	ring_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_is_even),
		cmocka_unit_test(load_follows_weights),
		cmocka_unit_test(little_moves),
		cmocka_unit_test(the_way_does_not_matter),
		cmocka_unit_test(zones_are_apart),
		cmocka_unit_test(without_a_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
