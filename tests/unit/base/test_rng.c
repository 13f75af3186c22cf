/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/rng.h"

#include "../unit.h"

/* The reference implementation (prng.di.unimi.it/xoshiro256starstar.c) from the state 1, 2, 3, 4.
 */
static void the_generator_is_xoshiro256starstar(void **state)
{
	static const uint64_t want[] = {UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240),
		UINT64_C(1215971899390074240), UINT64_C(1216172134540287360),
		UINT64_C(607988272756665600)};
	struct rng r = {{1, 2, 3, 4}};

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++)
		assert_int_equal(rng_u64(&r), want[i]);
}

/* The first four outputs of splitmix64 (prng.di.unimi.it/splitmix64.c) are the state. */
static void the_seed_goes_through_splitmix64(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, 1234567);
	assert_int_equal(r.s[0], UINT64_C(6457827717110365317));
	assert_int_equal(r.s[1], UINT64_C(3203168211198807973));
	assert_int_equal(r.s[2], UINT64_C(9817491932198370423));
}

/* From an independent implementation in another language. */
static void known_numbers(void **state)
{
	static const struct {
		uint64_t seed, want[4];
	} cases[] = {
		{0, {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0,
			    0x6aa594f1262d2d2c}},
		{1, {0xb3f2af6d0fc710c5, 0x853b559647364cea, 0x92f89756082a4514,
			    0x642e1c7bc266a3a7}},
		{0xdeadbeefcafef00d, {0x9e32cfb5bb93eebb, 0x16006bd9d4ac0014, 0x8ada5d6d34b6538e,
					     0x7c327ca32346a238}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rng r;
		rng_init(&r, cases[i].seed);
		for (size_t k = 0; k < COUNT(cases[i].want); k++)
			assert_int_equal(rng_u64(&r), cases[i].want[k]);
	}
}

static void known_numbers_below_a_bound(void **state)
{
	static const struct {
		uint32_t bound, want;
	} cases[] = {
		{1, 0},
		{2, 0},
		{6, 4},
		{10, 9},
		{100, 99},
		{1000, 769},
		{1000000, 719258},
		{0xffffffff, 3650758466},
		{0x80000001, 1635039033},
		{0xc0000000, 1879099655},
		{0xc0000000, 2580279870},
		{0xc0000000, 1035339339},
	};
	struct rng r;

	(void)state;
	rng_init(&r, 42);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(rng_below(&r, cases[i].bound), cases[i].want);
}

/* 3/4 of 2^32 is where taking a remainder would make one third of the results twice as likely. */
static void a_large_bound_is_fair(void **state)
{
	enum { DRAWS = 30000 };
	int thirds[3] = {0};
	struct rng r;

	(void)state;
	rng_init(&r, 7);
	for (int i = 0; i < DRAWS; i++) {
		uint32_t v = rng_below(&r, 0xc0000000);
		assert_true(v < 0xc0000000);
		thirds[v >> 30]++;
	}
	for (size_t i = 0; i < COUNT(thirds); i++)
		assert_in_range(thirds[i], DRAWS / 3 - 500, DRAWS / 3 + 500);
}

static void every_small_result_comes(void **state)
{
	int seen[7] = {0};
	struct rng r;

	(void)state;
	rng_init(&r, 3);
	for (int i = 0; i < 7000; i++)
		seen[rng_below(&r, COUNT(seen))]++;
	for (size_t i = 0; i < COUNT(seen); i++)
		assert_in_range(seen[i], 850, 1150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_generator_is_xoshiro256starstar),
		cmocka_unit_test(the_seed_goes_through_splitmix64),
		cmocka_unit_test(known_numbers),
		cmocka_unit_test(known_numbers_below_a_bound),
		cmocka_unit_test(a_large_bound_is_fair),
		cmocka_unit_test(every_small_result_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
