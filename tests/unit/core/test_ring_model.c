/* SPDX-License-Identifier: BSD-2-Clause */
/* Thousands of changes, each time against the definition and against a ring that is built at once.
 */
#include "core/ring.h"

#include "base/rng.h"

#include "../test_seed.h"
#include "ring_rig.h"

#define STEPS   100
#define FEWER   25 /* with many replicas, which take their time */
#define SAMPLES 24 /* partitions looked at in each step */

struct world {
	struct rng rng;
	uint8_t replicas;
	uint16_t slots;
	uint32_t zones;
	uint32_t next_number;
	struct ring *ring;
	uint16_t *before;
	struct ring_member members[RING_SLOTS];
};

static uint64_t random_zone(struct world *w)
{
	return w->zones && rng_below(&w->rng, 5) ? 1 + rng_below(&w->rng, w->zones) : 0;
}

static uint8_t random_weight(struct world *w)
{
	return (uint8_t)(rng_below(&w->rng, 2) ? 1 : 1 + rng_below(&w->rng, 100));
}

static struct ring_member random_member(struct world *w)
{
	struct ring_member m = ring_rig_member(w->next_number++);

	m.zone = random_zone(w);
	m.weight = random_weight(w);
	m.leaving = rng_below(&w->rng, 6) == 0;
	return m;
}

static void swap(struct ring_member *a, struct ring_member *b)
{
	struct ring_member m = *a;

	*a = *b;
	*b = m;
}

/* Somebody comes, goes, changes, is replaced, or two of them change places. */
static void change(struct world *w)
{
	uint16_t slot = (uint16_t)rng_below(&w->rng, w->slots);
	uint16_t other = (uint16_t)rng_below(&w->rng, w->slots);
	struct ring_member *m = &w->members[slot];

	switch (m->weight ? rng_below(&w->rng, 7) : 0) {
	case 0: *m = random_member(w); break;
	case 1:
	case 2: *m = (struct ring_member){0}; break;
	case 3: m->leaving = !m->leaving; break;
	case 4: m->weight = random_weight(w); break;
	case 5: m->zone = random_zone(w); break;
	case 6: swap(m, &w->members[other]); break;
	}
	ring_set(w->ring, slot, m);
	ring_set(w->ring, other, &w->members[other]);
}

static void settle(struct world *w)
{
	size_t size = ring_rig_size(w->ring), len = ring_row_len(w->ring);
	uint32_t different = 0;

	memcpy(w->before, ring_rows(w->ring), size);
	uint32_t said = ring_settle(w->ring);
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		different += memcmp(w->before + p * len, ring_row(w->ring, p),
				     len * sizeof(uint16_t)) != 0;
	assert_int_equal(said, different);
}

/* Another ring that knows nothing of how it came to this. */
static void check_all(struct world *w)
{
	struct ring *r = ring_new(w->replicas);

	assert_non_null(r);
	for (uint16_t i = w->slots; i-- > 0;)
		ring_set(r, i, &w->members[i]);
	ring_settle(r);
	assert_memory_equal(ring_rows(r), ring_rows(w->ring), ring_rig_size(r));
	ring_free(r);
}

static void live(uint8_t replicas, uint16_t slots, uint32_t zones, uint64_t seed)
{
	static struct world w;
	uint32_t steps = replicas > 5 ? FEWER : STEPS;

	w = (struct world){.replicas = replicas, .slots = slots, .zones = zones};
	rng_init(&w.rng, seed);
	w.ring = ring_new(replicas);
	assert_non_null(w.ring);
	w.before = malloc(ring_rig_size(w.ring));
	assert_non_null(w.before);
	for (uint32_t step = 0; step < steps; step++) {
		uint32_t changes = step == 0 ? slots : 1 + rng_below(&w.rng, 4);
		while (changes-- > 0)
			change(&w);
		settle(&w);
		for (uint32_t i = 0; i < SAMPLES; i++)
			ring_rig_check(w.ring, w.members, slots, replicas,
				rng_below(&w.rng, TABLE_PARTITIONS));
		if (step % 10 == 9)
			check_all(&w);
	}
	free(w.before);
	ring_free(w.ring);
}

static void without_zones(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	live(1, 7, 0, seed);
	live(3, 5, 0, seed);
	live(3, 40, 0, seed);
	live(16, 30, 0, seed);
}

static void with_few_zones(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	live(2, 8, 1, seed);
	live(3, 9, 2, seed);
	live(3, 40, 2, seed);
	live(4, 24, 3, seed);
	live(16, 40, 5, seed);
}

static void with_many_zones(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	live(2, 12, 6, seed);
	live(3, 40, 8, seed);
	live(5, 24, 12, seed);
	live(8, 30, 10, seed);
}

static void nearly_full(void **state)
{
	static struct ring_member m[RING_SLOTS];
	struct ring *r = ring_new(3);
	struct rng rng;

	(void)state;
	assert_non_null(r);
	rng_init(&rng, test_seed());
	for (uint16_t i = 0; i < RING_SLOTS; i++) {
		m[i] = ring_rig_member(i);
		m[i].zone = rng_below(&rng, 20);
		ring_set(r, i, &m[i]);
	}
	assert_int_equal(ring_settle(r), TABLE_PARTITIONS);
	for (uint32_t step = 0; step < 40; step++) {
		uint16_t slot = (uint16_t)(step ? rng_below(&rng, RING_SLOTS) : RING_SLOTS - 1);
		m[slot] = ring_rig_member(RING_SLOTS + step);
		m[slot].weight = step % 2;
		ring_set(r, slot, &m[slot]);
		ring_settle(r);
		ring_rig_check(r, m, RING_SLOTS, 3, rng_below(&rng, TABLE_PARTITIONS));
	}
	ring_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_zones),
		cmocka_unit_test(with_few_zones),
		cmocka_unit_test(with_many_zones),
		cmocka_unit_test(nearly_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
