/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding is total: the header's checks, every body cut short or too long, what lies in fields
 * that count, and random bytes. Everything that decodes encodes to the same bytes. */
#include <stdlib.h>

#include "base/rng.h"
#include "wire/msg.h"

#include "../test_seed.h"
#include "examples.h"

static const enum msg_plane planes[] = {PLANE_CLIENT, PLANE_PEER, PLANE_KEEP_ALIVE};

/* Decodes a copy that ends where its allocation does, so that a sanitizer sees a byte too many;
 * checks what holds for every result. */
static enum msg_reason decode_copy(const uint8_t *bytes, size_t len, enum msg_plane plane)
{
	static uint8_t again[MSG_HEADER_LEN + UINT16_MAX];
	uint8_t *copy = calloc(1, len ? len : 1);
	struct msg m = {.type = 0xff};
	bool has_txid;

	if (len)
		memcpy(copy, bytes, len);
	enum msg_reason reason = msg_decode(copy, len, plane, &m, &has_txid);
	bool parsed = reason == MSG_GOOD || reason == MSG_MALFORMED;
	assert_int_equal(has_txid, parsed && copy[0] >= MSG_LOOKUP && len >= 11);
	if (parsed)
		assert_int_equal(m.type, copy[0]);
	if (has_txid)
		assert_memory_equal(m.txid, copy + MSG_HEADER_LEN, MSG_TXID_LEN);
	if (reason == MSG_GOOD) {
		assert_int_equal(msg_encode(&m, again, sizeof(again)), len);
		assert_memory_equal(again, bytes, len);
		assert_int_equal(msg_encode(&m, again, len - 1), DHT_ESPACE);
	}
	free(copy);
	return reason;
}

static enum msg_reason decode_hex(const char *hex, enum msg_plane plane)
{
	uint8_t bytes[1024];

	return decode_copy(bytes, from_hex(hex, bytes, sizeof(bytes)), plane);
}

static void the_header_is_checked_first(void **state)
{
	static const struct {
		const char *hex;
		enum msg_reason reason;
	} cases[] = {
		{"", MSG_SHORT},
		{"00", MSG_SHORT},
		{"00 00", MSG_SHORT},
		{"ff ff", MSG_SHORT},
		{"00 0001", MSG_LENGTH},
		{"03 0001", MSG_LENGTH},
		{"00 0004 deadbe", MSG_LENGTH},
		{"00 0003 deadbeef", MSG_LENGTH},
		{"00 0000 de", MSG_LENGTH},
		{"00 ffff deadbeef", MSG_LENGTH},
		{"00 0400 deadbeef", MSG_LENGTH},
		{"ff 0003 deadbeef", MSG_LENGTH},
		{"ff 0004 deadbeef", MSG_UNKNOWN_TYPE},
		{"05 0001 00", MSG_UNKNOWN_TYPE},
		{"00 0000", MSG_MALFORMED},
		{"00 0004 deadbeef", MSG_GOOD},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(decode_hex(cases[i].hex, PLANE_CLIENT), cases[i].reason);
}

static void every_example_belongs_to_one_plane(void **state)
{
	bool seen[256] = {false};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		seen[examples[i].type] = true;
		for (size_t k = 0; k < COUNT(planes); k++) {
			bool own = planes[k] == examples[i].plane;
			assert_int_equal(decode_hex(examples[i].hex, planes[k]),
				own ? MSG_GOOD : MSG_UNKNOWN_TYPE);
		}
	}
	for (int type = 0; type < 256; type++)
		assert_int_equal(seen[type], msg_type_of((uint8_t)type) != NULL);
}

static void the_table_says_what_the_protocol_says(void **state)
{
	static const struct {
		int type;
		enum msg_plane plane;
		const char *name;
		bool to_server;
	} rows[] = {
		{0, PLANE_CLIENT, "GET", true},
		{1, PLANE_CLIENT, "PUT", true},
		{2, PLANE_CLIENT, "WANT", true},
		{3, PLANE_CLIENT, "HAVE", false},
		{4, PLANE_CLIENT, "EXIT", true},
		{5, PLANE_PEER, "NEW", true},
		{6, PLANE_PEER, "DECO", true},
		{7, PLANE_KEEP_ALIVE, "KEEP_ALIVE", true},
		{8, PLANE_PEER, "YES", true},
		{9, PLANE_PEER, "NEW_SERV", true},
		{16, PLANE_CLIENT, "LOOKUP", true},
		{17, PLANE_CLIENT, "PROVIDERS", false},
		{18, PLANE_CLIENT, "ANNOUNCE", true},
		{19, PLANE_CLIENT, "WITHDRAW", true},
		{20, PLANE_CLIENT, "DONE", false},
		{21, PLANE_CLIENT, "ERROR", false},
		{22, PLANE_CLIENT, "WATCH", true},
		{23, PLANE_CLIENT, "EVENT", false},
		{24, PLANE_CLIENT, "SEEN", true},
		{25, PLANE_CLIENT, "CHALLENGE", false},
		{26, PLANE_CLIENT, "PING", true},
		{27, PLANE_CLIENT, "PONG", false},
		{28, PLANE_CLIENT, "SERVERS", true},
		{29, PLANE_CLIENT, "SERVER_LIST", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct msg_type_info *info = msg_type_of((uint8_t)rows[i].type);
		assert_non_null(info);
		assert_string_equal(info->name, rows[i].name);
		assert_int_equal(info->planes, rows[i].plane);
		assert_int_equal(info->to_server, rows[i].to_server);
		assert_int_equal(info->has_txid, rows[i].type >= 16);
	}
}

/* DATA of one type with surplus bytes behind it, and which of its beginnings are whole. */
struct cut {
	uint8_t type;
	enum msg_plane plane;
	const char *data;
	struct {
		size_t from, to, step;
	} whole[3];
};

#define H16 "000102030405060708090a0b0c0d0e0f "
#define H65 H16 H16 H16 H16 "10 "

static const struct cut cuts[] = {
	{MSG_GET, PLANE_CLIENT, H65, {{1, 64, 1}}},
	{MSG_WANT, PLANE_CLIENT, H65, {{1, 64, 1}}},
	{MSG_PUT, PLANE_CLIENT, IP4 H65, {{17, 80, 1}}},
	{MSG_HAVE, PLANE_CLIENT, IP4 IP6 "00", {{0, 32, 16}}},
	{MSG_EXIT, PLANE_CLIENT, "00ff80", {{0, 3, 1}}},
	{MSG_NEW, PLANE_PEER, IP4 "2117 0000", {{16, 18, 2}}},
	{MSG_NEW_SERV, PLANE_PEER, IP4 "2117 0000", {{16, 18, 2}}},
	{MSG_DECO, PLANE_PEER, "0000", {{0, 0, 1}}},
	{MSG_YES, PLANE_PEER, "0000", {{0, 0, 1}}},
	{MSG_KEEP_ALIVE, PLANE_KEEP_ALIVE, "000000", {{1, 1, 1}}},
	/* Behind the hashes an option of 2 bytes and one of none. */
	{MSG_LOOKUP, PLANE_CLIENT, TXID "0032 00000000 02 04 deadbeef 01 ff 02 02 0000 05 00 05",
		{{22, 22, 1}, {26, 28, 2}}},
	{MSG_PROVIDERS, PLANE_CLIENT,
		TXID "00 00000001 00000000 0001 " IP4 "0000 00000000 01 00000000 00000000 0000 02",
		{{41, 52, 11}}},
	{MSG_ANNOUNCE, PLANE_CLIENT, TXID "00000000 0000 " IP4 "01 04 deadbeef 02 00 02",
		{{36, 38, 2}}},
	{MSG_WITHDRAW, PLANE_CLIENT, TXID "0000 " IP4 "01 04 deadbeef 02 00 02", {{32, 34, 2}}},
	{MSG_DONE, PLANE_CLIENT, TXID "00000000 02 00 00 00", {{15, 15, 1}}},
	/* The euro sign only counts whole. */
	{MSG_ERROR, PLANE_CLIENT, TXID "0001 61 e282ac 62 ff", {{10, 11, 1}, {14, 15, 1}}},
	{MSG_WATCH, PLANE_CLIENT, TXID "00000000 01 04 deadbeef 02 00 02", {{18, 20, 2}}},
	{MSG_EVENT, PLANE_CLIENT, TXID "00000000 01 04 deadbeef " IP4 "0000 00000000 00",
		{{40, 40, 1}}},
	{MSG_SEEN, PLANE_CLIENT, TXID "00000000 0000", {{12, 12, 1}}},
	{MSG_CHALLENGE, PLANE_CLIENT, TXID COOKIE "0000", {{24, 24, 1}}},
	{MSG_PING, PLANE_CLIENT, TXID "02 03 000000 02", {{8, 13, 5}}},
	{MSG_PONG, PLANE_CLIENT, TXID "02 0001 00000000 c3a9 80", {{15, 17, 2}}},
	{MSG_SERVERS, PLANE_CLIENT, TXID "02 03 000000 02", {{8, 13, 5}}},
	{MSG_SERVER_LIST, PLANE_CLIENT, TXID "0002 " IP4 "2116 " IP6 "2116 0000", {{46, 46, 1}}},
};

static bool is_whole(const struct cut *cut, size_t len)
{
	for (size_t i = 0; i < COUNT(cut->whole) && cut->whole[i].step; i++)
		if (len >= cut->whole[i].from && len <= cut->whole[i].to &&
			(len - cut->whole[i].from) % cut->whole[i].step == 0)
			return true;
	return false;
}

static void every_length_of_every_body(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cuts); i++) {
		uint8_t bytes[256] = {cuts[i].type};
		size_t len = from_hex(cuts[i].data, bytes + 3, sizeof(bytes) - 3);
		for (size_t n = 0; n <= len; n++) {
			enum msg_reason want = is_whole(&cuts[i], n) ? MSG_GOOD : MSG_MALFORMED;
			store_be16(bytes + 1, (uint16_t)n);
			if (decode_copy(bytes, n + 3, cuts[i].plane) != want)
				fail_msg("%s of %zu bytes", msg_type_of(bytes[0])->name, n);
		}
	}
}

static void fields_out_of_their_range(void **state)
{
	static const struct {
		enum msg_plane plane;
		const char *hex;
	} cases[] = {
		{PLANE_KEEP_ALIVE, "07 0001 02"},
		{PLANE_KEEP_ALIVE, "07 0001 ff"},
		/* COUNT 0, too large, huge, too small. */
		{PLANE_CLIENT, "10 000f " TXID "0000 00000000 00"},
		{PLANE_CLIENT, "10 0014 " TXID "0000 00000000 00 04 deadbeef"},
		{PLANE_CLIENT, "10 0014 " TXID "0000 00000000 02 04 deadbeef"},
		{PLANE_CLIENT, "10 0014 " TXID "0000 00000000 ff 04 deadbeef"},
		{PLANE_CLIENT, "16 0015 " TXID "00000000 01 01 ff 04 deadbeef 00"},
		/* HLEN 0, beyond the end, above 64. */
		{PLANE_CLIENT, "10 0010 " TXID "0000 00000000 01 00"},
		{PLANE_CLIENT, "10 0012 " TXID "0000 00000000 02 00 01 ff"},
		{PLANE_CLIENT, "10 0014 " TXID "0000 00000000 01 05 deadbeef"},
		{PLANE_CLIENT, "10 0014 " TXID "0000 00000000 01 ff deadbeef"},
		{PLANE_CLIENT, "10 0051 " TXID "0000 00000000 01 41 " H65},
		/* A later page of several hashes. */
		{PLANE_CLIENT, "10 0016 " TXID "0000 00000001 02 04 deadbeef 01 ff"},
		/* Options whose LEN is beyond the end. */
		{PLANE_CLIENT, "1a 000a " TXID "02 01"},
		{PLANE_CLIENT, "1a 000d " TXID "02 ff 000000"},
		{PLANE_CLIENT, "1c 000d " TXID "82 04 000000"},
		/* N too large, huge, too small. */
		{PLANE_CLIENT, "11 0013 " TXID "00 00000000 00000000 0001"},
		{PLANE_CLIENT, "11 0013 " TXID "00 00000000 00000000 ffff"},
		{PLANE_CLIENT, "11 0029 " TXID "00 00000000 00000000 ffff " IP4 "0000 00000000"},
		{PLANE_CLIENT, "11 0029 " TXID "00 00000000 00000000 0000 " IP4 "0000 00000000"},
		{PLANE_CLIENT, "1d 000a " TXID "ffff"},
		{PLANE_CLIENT, "1d 001c " TXID "0002 " IP4 "2116"},
		{PLANE_CLIENT, "1d 001c " TXID "0000 " IP4 "2116"},
		{PLANE_CLIENT, "1d 001c " TXID "ffff " IP4 "2116"},
		/* DONE with COUNT 0, and not as many as it says. */
		{PLANE_CLIENT, "14 000d " TXID "00000000 00"},
		{PLANE_CLIENT, "14 000e " TXID "00000000 00 00"},
		{PLANE_CLIENT, "14 000e " TXID "00000000 02 00"},
		{PLANE_CLIENT, "14 000e " TXID "00000000 ff 00"},
		/* KIND 0 and 4, HLEN 0 and 65. */
		{PLANE_CLIENT, "17 0028 " TXID "00000000 00 04 deadbeef " IP4 "0000 00000000"},
		{PLANE_CLIENT, "17 0028 " TXID "00000000 04 04 deadbeef " IP4 "0000 00000000"},
		{PLANE_CLIENT, "17 0024 " TXID "00000000 01 00 " IP4 "0000 00000000"},
		{PLANE_CLIENT, "17 0065 " TXID "00000000 01 41 " H65 IP4 "0000 00000000"},
		/* Not UTF-8: a surrogate, an overlong form. */
		{PLANE_CLIENT, "15 000d " TXID "0001 eda080"},
		{PLANE_CLIENT, "1b 0011 " TXID "02 0001 00000000 c0af"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (decode_hex(cases[i].hex, cases[i].plane) != MSG_MALFORMED)
			fail_msg("%s", cases[i].hex);
}

static void fields_at_their_largest(void **state)
{
	static uint8_t bytes[MSG_HEADER_LEN + UINT16_MAX] = {MSG_EXIT, 0xff, 0xff};

	(void)state;
	assert_int_equal(decode_copy(bytes, sizeof(bytes), PLANE_CLIENT), MSG_GOOD);
	bytes[0] = MSG_HAVE;
	assert_int_equal(decode_copy(bytes, sizeof(bytes), PLANE_CLIENT), MSG_MALFORMED);
	store_be16(bytes + 1, 65520);
	assert_int_equal(decode_copy(bytes, 3 + 65520, PLANE_CLIENT), MSG_GOOD);

	/* 255 statuses, none of them known. */
	size_t len = from_hex("14 010c " TXID "00000000 ff", bytes, 16);
	memset(bytes + len, 0xee, 255);
	assert_int_equal(decode_copy(bytes, len + 255, PLANE_CLIENT), MSG_GOOD);

	/* 255 hashes of 64 bytes. */
	len = from_hex("10 0000 " TXID "ffff 00000000 ff", bytes, 18);
	for (int i = 0; i < 255; i++, len += 65)
		bytes[len] = 64;
	store_be16(bytes + 1, (uint16_t)(len - 3));
	assert_int_equal(decode_copy(bytes, len, PLANE_CLIENT), MSG_GOOD);

	/* Numbers without a rule, and an option that nobody knows yet. */
	assert_int_equal(decode_hex("15 000a " TXID "ffff", PLANE_CLIENT), MSG_GOOD);
	assert_int_equal(decode_hex("1a 000c " TXID "ff 02 0000", PLANE_CLIENT), MSG_GOOD);
	assert_int_equal(decode_hex("05 0012 " IP4 "0000", PLANE_PEER), MSG_GOOD);
}

/* Fields of one, two and four bytes, wherever they lie, at both ends of their range. */
static void every_field_at_both_ends(void **state)
{
	static const size_t widths[] = {1, 2, 4};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		uint8_t good[256], bad[256];
		size_t len = from_hex(examples[i].hex, good, sizeof(good));
		for (size_t k = 0; k < COUNT(widths) * 2 * len; k++) {
			size_t at = k % len, width = widths[k / len / 2];
			if (at + width > len)
				continue;
			memcpy(bad, good, len);
			memset(bad + at, k / len % 2 ? 0xff : 0, width);
			decode_copy(bad, len, examples[i].plane);
		}
	}
}

static void length_has_16_bits(void **state)
{
	static uint8_t zeros[3889 * 18], to[sizeof(zeros) + 16];
	struct msg m = {.type = MSG_EXIT, .exit.password = {zeros, 65535}};

	(void)state;
	assert_int_equal(msg_encode(&m, to, sizeof(to)), 65538);
	assert_int_equal(load_be16(to + 1), 0xffff);
	m.exit.password.len = 65536;
	assert_int_equal(msg_encode(&m, to, sizeof(to)), DHT_ESPACE);
	m.type = MSG_SERVER_LIST;
	m.server_list.servers = (struct span){zeros, sizeof(zeros)};
	assert_int_equal(msg_encode(&m, to, sizeof(to)), DHT_ESPACE);
}

static void types_that_no_message_has(void **state)
{
	uint8_t to[16];

	(void)state;
	for (int type = 0; type < 256; type++) {
		if (msg_type_of((uint8_t)type))
			continue;
		assert_true((type > 9 && type < 16) || type > 29);
		struct msg m = {.type = (uint8_t)type};
		assert_int_equal(msg_encode(&m, to, sizeof(to)), DHT_EINVAL);
	}
}

#define RANDOM_MAX 512

/* One random change of bytes[0..len); gives the new length. */
static size_t mutate(struct rng *rng, uint8_t *bytes, size_t len)
{
	static const uint8_t edges[] = {0, 1, 2, 16, 63, 64, 65, 127, 128, 254, 255};
	size_t at = len ? rng_below(rng, (uint32_t)len) : 0;

	switch (len ? rng_below(rng, 6) : 5) {
	case 0: bytes[at] ^= (uint8_t)(1 << rng_below(rng, 8)); return len;
	case 1: bytes[at] = (uint8_t)rng_u64(rng); return len;
	case 2: bytes[at] = edges[rng_below(rng, COUNT(edges))]; return len;
	case 3: return at;
	case 4: memmove(bytes + at, bytes + at + 1, len - at - 1); return len - 1;
	default: break;
	}
	if (len == RANDOM_MAX)
		return len;
	memmove(bytes + at + 1, bytes + at, len - at);
	bytes[at] = (uint8_t)rng_u64(rng);
	return len + 1;
}

static size_t mutated_example(struct rng *rng, uint8_t *bytes)
{
	const struct example *example = &examples[rng_below(rng, COUNT(examples))];
	size_t len = from_hex(example->hex, bytes, RANDOM_MAX);

	for (uint32_t n = rng_below(rng, 4); n > 0; n--)
		len = mutate(rng, bytes, len);
	return len;
}

static size_t random_bytes(struct rng *rng, uint8_t *bytes)
{
	size_t len = rng_below(rng, rng_below(rng, 8) ? 64 : RANDOM_MAX + 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)rng_u64(rng);
	/* Otherwise hardly any would be of a type that there is. */
	if (len && rng_below(rng, 4))
		bytes[0] = (uint8_t)rng_below(rng, MSG_TYPE_COUNT);
	return len;
}

static void random_datagrams(void **state)
{
	enum { DATAGRAMS = 300000 };
	uint8_t bytes[RANDOM_MAX + 1];
	unsigned reasons[MSG_MALFORMED + 1] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (int i = 0; i < DATAGRAMS; i++) {
		size_t len = rng_below(&rng, 3) ? mutated_example(&rng, bytes)
		                                : random_bytes(&rng, bytes);
		if (len >= MSG_HEADER_LEN && rng_below(&rng, 16))
			store_be16(bytes + 1, (uint16_t)(len - MSG_HEADER_LEN));
		const struct msg_type_info *info = len ? msg_type_of(bytes[0]) : NULL;
		enum msg_plane plane = info && rng_below(&rng, 16) ? (enum msg_plane)info->planes
		                                                   : planes[rng_below(&rng, 3)];
		reasons[decode_copy(bytes, len, plane)]++;
	}
	/* Each verdict has to have come often, or this tests less than it says. */
	for (size_t i = 0; i < COUNT(reasons); i++)
		assert_true(reasons[i] > DATAGRAMS / 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_checked_first),
		cmocka_unit_test(every_example_belongs_to_one_plane),
		cmocka_unit_test(the_table_says_what_the_protocol_says),
		cmocka_unit_test(every_length_of_every_body),
		cmocka_unit_test(fields_out_of_their_range),
		cmocka_unit_test(fields_at_their_largest),
		cmocka_unit_test(every_field_at_both_ends),
		cmocka_unit_test(length_has_16_bits),
		cmocka_unit_test(types_that_no_message_has),
		cmocka_unit_test(random_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
