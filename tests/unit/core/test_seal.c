/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/seal.h"

#include <sodium.h>

#include "base/rng.h"

#include "../test_seed.h"
#include "seal_rig.h"

#define NONCE_AT  4 /* of a sealed envelope; one less of a plain one */
#define INSIDE_AT 28

static void the_bytes_of_a_sealed_envelope(void **state)
{
	static const uint8_t nonce[] = {
		0xaa, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1};
	uint8_t inside[100];
	unsigned long long len;
	struct side a;

	(void)state;
	side_init(&a, 1, "kl");
	struct posted p = side_send_len(&a, 20);
	assert_int_equal(p.len, SEAL_OVERHEAD + 20);
	assert_int_equal(p.bytes[0], 48);
	assert_int_equal(load_be16(p.bytes + 1), p.len - 3);
	assert_int_equal(p.bytes[3], a.keys.key[0].id);
	assert_memory_equal(p.bytes + NONCE_AT, nonce, sizeof(nonce));
	assert_int_equal(
		crypto_aead_xchacha20poly1305_ietf_decrypt(inside, &len, NULL, p.bytes + INSIDE_AT,
			p.len - INSIDE_AT, p.bytes, 4, p.bytes + NONCE_AT, a.keys.key[0].key),
		0);
	assert_int_equal(len, 8 + 20);
	assert_int_equal(load_be64(inside), a.now.mono_us);
	assert_int_equal(inside[8], PEER_GOSSIP);
	assert_int_equal(inside[8 + 19], 19);
	a.stream.index = 0x100;
	a.stream.count = UINT64_C(0x112233445565);
	p = side_send(&a);
	assert_int_equal(load_be64(p.bytes + NONCE_AT + 16), UINT64_C(0x0100112233445566));
	side_fini(&a);
}

static void the_bytes_of_a_plain_envelope(void **state)
{
	struct side a;

	(void)state;
	side_init(&a, 1, "");
	struct posted p = side_send_len(&a, 20);
	assert_int_equal(p.len, 3 + 24 + 8 + 20);
	assert_int_equal(p.bytes[0], 49);
	assert_int_equal(load_be16(p.bytes + 1), p.len - 3);
	assert_int_equal(p.bytes[3], 0xaa);
	assert_int_equal(load_be64(p.bytes + 3 + 16), UINT64_C(0x0001000000000001));
	assert_int_equal(load_be64(p.bytes + 27), a.now.mono_us);
	assert_int_equal(p.bytes[35], PEER_GOSSIP);
	side_fini(&a);
}

static void what_goes_in_comes_out(void **state)
{
	struct side a, b;

	(void)state;
	for (int clear = 0; clear < 2; clear++) {
		side_init(&a, 1, clear ? "" : "k");
		side_init(&b, 2, clear ? "" : "k");
		assert_int_equal(seal_is_clear(a.seal), clear);
		side_meet(&a, &b);
		for (size_t len = 3; len <= SIDE_DATAGRAM - SEAL_OVERHEAD; len++) {
			struct posted p = side_send_len(&a, len);
			struct letter l;
			uint8_t key_id;
			assert_int_equal(
				seal_open(b.seal, &b.now, &p.from, p.bytes, p.len, &l, &key_id),
				SEAL_OPENED);
			assert_true(l.known && l.sealed == !clear);
			assert_true(addr_equal(&l.id, &a.id) && addr_equal(&l.from, &a.id));
			assert_int_equal(l.start, seal_start(a.seal));
			assert_int_equal(load_be64(l.start16), l.start);
			assert_int_equal(l.time_us, a.now.mono_us);
			assert_int_equal(l.messages.len, len);
			assert_int_equal(load_be16(l.messages.p + 1), len - 3);
			for (size_t i = 3; i < len; i++)
				assert_int_equal(l.messages.p[i], (uint8_t)i);
		}
		side_fini(&a);
		side_fini(&b);
	}
}

static void an_envelope_ends_where_its_tag_must_go(void **state)
{
	uint8_t bytes[200];
	struct side a;

	(void)state;
	side_init(&a, 1, "k");
	for (size_t size = 0; size < sizeof(bytes); size++) {
		struct writer w = seal_begin(a.seal, bytes, size);
		assert_int_equal(w.failed, size < SEAL_OVERHEAD);
		assert_int_equal(writer_left(&w), size < SEAL_OVERHEAD ? 0 : size - SEAL_OVERHEAD);
	}
	side_fini(&a);
}

/* Whatever one bit of it is changed, it is not opened, and as it was it is taken once. */
static void every_bit_counts(void **state)
{
	struct side a, b;
	struct letter l;

	(void)state;
	side_init(&a, 1, "k");
	side_init(&b, 2, "k");
	side_meet(&a, &b);
	struct posted p = side_send(&a);
	for (size_t bit = 0; bit < 8 * p.len; bit++) {
		enum seal_reason expected = bit < 8    ? SEAL_NOT_ENVELOPE
		                            : bit < 24 ? SEAL_BAD_LENGTH
		                            : bit < 32 ? SEAL_UNKNOWN_KEY
		                                       : SEAL_FORGED;
		p.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bit == 0) /* it is a plain one then, and a tag shorter */
			expected = SEAL_IN_CLEAR;
		assert_int_equal(side_open(&b, &p, &l), expected);
		p.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(side_takes(&b, &p));
	assert_false(side_takes(&b, &p));
	side_fini(&a);
	side_fini(&b);
}

static void every_length(void **state)
{
	struct side a, b;
	struct letter l;

	(void)state;
	for (int clear = 0; clear < 2; clear++) {
		side_init(&a, 1, clear ? "" : "k");
		side_init(&b, 2, clear ? "" : "k");
		struct posted p = side_send_len(&a, 3), cut = p;
		for (cut.len = 1; cut.len < sizeof(cut.bytes); cut.len++) {
			if (cut.len == p.len)
				continue;
			store_be16(cut.bytes + 1, load_be16(p.bytes + 1));
			assert_int_equal(side_open(&b, &cut, &l), SEAL_BAD_LENGTH);
			if (cut.len < 3)
				continue;
			store_be16(cut.bytes + 1, (uint16_t)(cut.len - 3));
			enum seal_reason reason = side_open(&b, &cut, &l);
			assert_int_equal(reason, cut.len < p.len ? SEAL_BAD_LENGTH
						 : clear         ? SEAL_OPENED
								 : SEAL_FORGED);
		}
		cut.len = 0;
		assert_int_equal(side_open(&b, &cut, &l), SEAL_NOT_ENVELOPE);
		assert_int_equal(side_open(&b, &p, &l), SEAL_OPENED);
		side_fini(&a);
		side_fini(&b);
	}
}

static void junk(void **state)
{
	struct side a, b;
	struct letter l;
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	side_init(&a, 1, "k");
	side_init(&b, 2, "k");
	for (int round = 0; round < 20000; round++) {
		struct posted p = side_send(&a);
		p.len = rng_below(&rng, 300);
		for (size_t i = 0; i < p.len; i++)
			if (i >= 4 || rng_below(&rng, 8) == 0)
				p.bytes[i] = (uint8_t)rng_u64(&rng);
		if (p.len >= 3 && rng_below(&rng, 8))
			store_be16(p.bytes + 1, (uint16_t)(p.len - 3));
		assert_int_not_equal(side_open(&b, &p, &l), SEAL_OPENED);
	}
	side_fini(&a);
	side_fini(&b);
}

static void keys_come_and_go(void **state)
{
	struct side a, b;
	struct letter l;
	uint8_t key_id = 0;

	(void)state;
	side_init(&a, 1, "k");
	side_init(&b, 2, "k");
	side_meet(&a, &b);
	struct seal_keys both = side_keys("kn"), turned = side_keys("nk"), last = side_keys("n");
	seal_set_keys(b.seal, &both);
	struct posted old = side_send(&a), late = side_send(&a);
	assert_true(side_takes(&b, &old));
	seal_set_keys(a.seal, &turned);
	struct posted new = side_send(&a), newer = side_send(&a);
	assert_int_equal(new.bytes[3], seal_key_id(last.key[0].key));
	assert_true(side_takes(&b, &new));
	seal_set_keys(b.seal, &last);
	assert_int_equal(seal_open(b.seal, &b.now, &late.from, late.bytes, late.len, &l, &key_id),
		SEAL_UNKNOWN_KEY);
	assert_int_equal(key_id, both.key[0].id);
	assert_true(side_takes(&b, &newer));
	/* What a key that is there again opens was not forgotten. */
	seal_set_keys(b.seal, &both);
	assert_false(side_takes(&b, &old));
	assert_false(side_takes(&b, &new));
	side_fini(&a);
	side_fini(&b);
}

/* Keys from "0000…" on until two have the same id. */
static struct seal_keys twins(void)
{
	struct seal_keys keys = {.count = 2};
	uint32_t n = 1;

	keys.key[0].id = seal_key_id(keys.key[0].key);
	do {
		store_be32(keys.key[1].key, n++);
		keys.key[1].id = seal_key_id(keys.key[1].key);
	} while (keys.key[0].id != keys.key[1].id);
	return keys;
}

static void two_keys_of_one_id(void **state)
{
	struct seal_keys both = twins(), one = both, other = {.count = 1, .key = {both.key[1]}};
	struct side a, b;
	struct letter l;
	uint8_t key_id = 0;

	(void)state;
	one.count = 1;
	side_init(&a, 1, "k");
	side_init(&b, 2, "k");
	seal_set_keys(b.seal, &both);
	seal_set_keys(a.seal, &one);
	struct posted first = side_send(&a);
	assert_int_equal(side_open(&b, &first, &l), SEAL_OPENED);
	seal_set_keys(a.seal, &other);
	struct posted second = side_send(&a);
	assert_int_equal(side_open(&b, &second, &l), SEAL_OPENED);
	second.bytes[40] ^= 1;
	assert_int_equal(side_open(&b, &second, &l), SEAL_FORGED);
	seal_set_keys(b.seal, &other);
	assert_int_equal(
		seal_open(b.seal, &b.now, &first.from, first.bytes, first.len, &l, &key_id),
		SEAL_FORGED);
	assert_int_equal(key_id, one.key[0].id);
	side_fini(&a);
	side_fini(&b);
}

static void in_clear_or_not(void **state)
{
	struct side a, b;
	struct letter l;

	(void)state;
	side_init(&a, 1, "k");
	side_init(&b, 2, "");
	struct posted sealed = side_send(&a), plain = side_send(&b);
	assert_int_equal(side_open(&b, &sealed, &l), SEAL_IN_CLEAR);
	assert_int_equal(side_open(&a, &plain, &l), SEAL_IN_CLEAR);
	side_fini(&a);
	side_fini(&b);
}

static void our_own_comes_back(void **state)
{
	struct side a;
	struct letter l;
	struct peer_prove prove;

	(void)state;
	for (int clear = 0; clear < 2; clear++) {
		side_init(&a, 1, clear ? "" : "k");
		struct posted p = side_send(&a);
		assert_int_equal(side_open(&a, &p, &l), SEAL_OWN);
		/* Of the last start: it says nothing, and cannot prove to be somebody else. */
		side_restart(&a);
		assert_int_equal(side_open(&a, &p, &l), SEAL_OPENED);
		assert_false(l.known);
		seal_prove(a.seal, &a.now, &l, &prove);
		struct peer_proof proof = seal_proof_of(a.seal, &prove);
		assert_false(seal_proven(a.seal, &a.now, &l, &proof));
		side_fini(&a);
	}
}

/* Numbers that no sender of ours writes; in clear, where a test can. */
static void streams_and_counts_out_of_range(void **state)
{
	struct side a, b;
	struct letter l;

	(void)state;
	side_init(&a, 1, "");
	side_init(&b, 2, "");
	for (int proven = 0; proven < 2; proven++) {
		struct posted p = side_send(&a);
		store_be64(p.bytes + 3 + 16, UINT64_C(1) << 48);
		assert_int_equal(side_open(&b, &p, &l), SEAL_REPLAYED);
		store_be16(p.bytes + 3 + 16, SEAL_STREAMS);
		assert_int_equal(side_open(&b, &p, &l), SEAL_FULL);
		store_be16(p.bytes + 3 + 16, UINT16_MAX);
		assert_int_equal(side_open(&b, &p, &l), SEAL_FULL);
		store_be64(p.bytes + 3 + 16, ((uint64_t)SEAL_STREAMS << 48) - 1);
		assert_int_equal(side_open(&b, &p, &l), SEAL_OPENED);
		assert_int_equal(l.known, proven);
		if (!proven)
			side_meet(&a, &b);
	}
	side_fini(&a);
	side_fini(&b);
}

/* With the greatest numbers that a datagram can carry. */
static void absurd_times(void **state)
{
	static const uint64_t times[] = {
		0, 1, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};
	struct side a, b;
	struct letter l;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		for (size_t j = 0; j < COUNT(times); j++) {
			side_init(&a, 1, "");
			side_init(&b, 2, "");
			a.now.mono_us = times[i];
			assert_true(side_prove(&a, &b));
			a.now.mono_us = times[j];
			struct posted p = side_send(&a);
			enum seal_reason reason = side_open(&b, &p, &l);
			assert_int_equal(reason, j < i ? SEAL_REPLAYED : SEAL_OPENED);
			if (reason == SEAL_OPENED) {
				assert_true(l.known && l.sent_us <= b.now.mono_us);
				seal_clock_sample(b.seal, &b.now, &l, b.now.mono_us);
				seal_clock_sample(b.seal, &b.now, &l, UINT64_MAX);
				seal_clock_sample(b.seal, &b.now, &l, 0);
			}
			side_fini(&a);
			side_fini(&b);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_of_a_sealed_envelope),
		cmocka_unit_test(the_bytes_of_a_plain_envelope),
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(an_envelope_ends_where_its_tag_must_go),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(every_length),
		cmocka_unit_test(junk),
		cmocka_unit_test(keys_come_and_go),
		cmocka_unit_test(two_keys_of_one_id),
		cmocka_unit_test(in_clear_or_not),
		cmocka_unit_test(our_own_comes_back),
		cmocka_unit_test(streams_and_counts_out_of_range),
		cmocka_unit_test(absurd_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
