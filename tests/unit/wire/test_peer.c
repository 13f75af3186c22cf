/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding internal messages is total: the header's checks, every body cut short or too long, what
 * lies in fields that count, and random bytes. Everything that decodes encodes to the same bytes,
 * and its list can be walked to the end. */
#include <stdlib.h>

#include "base/rng.h"

#include "../test_seed.h"
#include "peer_examples.h"
#include "peer_walk.h"

#define MESSAGE_MAX (MSG_HEADER_LEN + UINT16_MAX)

/* What holds for each message that decodes: bytes are what it was decoded from. */
static void check_good(const struct peer_msg *m, const uint8_t *bytes, size_t len)
{
	static uint8_t again[MESSAGE_MAX];
	struct writer w = writer_of(again, len);

	peer_encode(&w, m);
	assert_int_equal(writer_done(&w), len);
	assert_memory_equal(again, bytes, len);
	w = writer_of(again, len - 1);
	peer_encode(&w, m);
	assert_true(w.failed);

	w = writer_of(again, sizeof(again));
	struct span list = peer_walk(m, &w);
	assert_int_equal(writer_done(&w), list.len);
	if (list.len)
		assert_memory_equal(again, list.p, list.len);
}

/* Decodes a copy that ends where its allocation does, so that a sanitizer sees a byte too many. */
static enum msg_reason decode_copy(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = calloc(1, len ? len : 1);
	struct peer_msg m = {.type = 0xff};

	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	enum msg_reason reason = peer_decode((struct span){copy, len}, &m);
	if (reason == MSG_GOOD || reason == MSG_MALFORMED)
		assert_int_equal(m.type, copy[0]);
	if (reason == MSG_GOOD)
		check_good(&m, bytes, len);
	free(copy);
	return reason;
}

static enum msg_reason decode_hex(const char *hex)
{
	uint8_t bytes[512];

	return decode_copy(bytes, from_hex(hex, bytes, sizeof(bytes)));
}

static void the_header_is_checked_first(void **state)
{
	static const struct {
		const char *hex;
		enum msg_reason reason;
	} cases[] = {
		{"", MSG_SHORT},
		{"47", MSG_SHORT},
		{"47 00", MSG_SHORT},
		{"ff ff", MSG_SHORT},
		{"47 0001", MSG_LENGTH},
		{"47 0004 000000", MSG_LENGTH},
		{"47 0003 0000002a", MSG_LENGTH},
		{"47 0400 0000002a", MSG_LENGTH},
		{"ff 0003 0000002a", MSG_LENGTH},
		{"ff 0004 0000002a", MSG_UNKNOWN_TYPE},
		{"30 0000", MSG_UNKNOWN_TYPE},
		{"31 0000", MSG_UNKNOWN_TYPE},
		{"06 0000", MSG_UNKNOWN_TYPE},
		{"07 0001 00", MSG_UNKNOWN_TYPE},
		{"47 0000", MSG_MALFORMED},
		{"47 0004 0000002a", MSG_GOOD},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(decode_hex(cases[i].hex), cases[i].reason);
}

static void every_example_is_good(void **state)
{
	bool seen[256] = {false};

	(void)state;
	for (size_t i = 0; i < COUNT(peer_examples); i++) {
		seen[peer_examples[i].type] = true;
		if (decode_hex(peer_examples[i].hex) != MSG_GOOD)
			fail_msg("%s", peer_examples[i].name);
	}
	for (int type = 0; type < 256; type++)
		assert_int_equal(seen[type], peer_type_name((uint8_t)type) != NULL);
}

static void names_of_types(void **state)
{
	static const struct {
		uint8_t type;
		const char *name;
	} rows[] = {
		{50, "PROVE"},
		{51, "PROOF"},
		{52, "BEAT"},
		{53, "GOSSIP"},
		{54, "ASK_FOR"},
		{55, "HEARD"},
		{56, "SYNC"},
		{57, "ROSTER"},
		{64, "STORE"},
		{65, "STORED"},
		{66, "FETCH"},
		{67, "FETCHED"},
		{68, "SUBSCRIBE"},
		{69, "SUBSCRIBED"},
		{70, "NOTIFY"},
		{71, "NOTED"},
		{80, "COMPARE"},
		{81, "COMPARED"},
		{82, "PULL"},
		{83, "PULLED"},
		{84, "CONFIRM"},
	};
	size_t named = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(peer_type_name(rows[i].type), rows[i].name);
	for (int type = 0; type < 256; type++)
		named += peer_type_name((uint8_t)type) != NULL;
	assert_int_equal(named, COUNT(rows));
}

/* DATA of one type with surplus bytes behind it, and which of its beginnings are whole. */
struct cut {
	enum peer_type type;
	const char *data;
	struct {
		size_t from, to, step;
	} whole[2];
};

static const struct cut cuts[] = {
	{PEER_PROVE, COOKIE24 "00", {{24, 24, 1}}},
	{PEER_PROOF, COOKIE24 ID4 "00", {{42, 42, 1}}},
	{PEER_BEAT, DIGEST DIGEST DIGEST DIGEST "00000000 ff 00", {{37, 37, 1}}},
	{PEER_GOSSIP, SHORT ENTRY "00", {{0, 32, 32}, {85, 85, 1}}},
	{PEER_ASK_FOR, "00000000 " ID4 "00", {{22, 22, 1}}},
	{PEER_HEARD, "00000000 " ID4 DIGEST "00000000 00", {{34, 34, 1}}},
	{PEER_SYNC, ID4 "00", {{18, 18, 1}}},
	{PEER_ROSTER, "01 " ENTRY SHORT "00", {{1, 1, 1}, {54, 86, 32}}},
	{PEER_STORE, REQUEST VERSION DIGEST IP4 "0000 02 04 deadbeef 01 ff 01", {{50, 50, 1}}},
	{PEER_STORED, REQUEST DIGEST "00 01 02 03 04 05", {{17, 21, 1}}},
	{PEER_FETCH, REQUEST "00 0000 00000000 02 04 deadbeef 01 ff 00", {{23, 23, 1}}},
	{PEER_FETCHED, REQUEST "00 00 00000000 00000000 " ONLY4 RECORD4 "00",
		{{18, 23, 5}, {42, 42, 1}}},
	{PEER_FETCHED, REQUEST "00 00 00000000 00000000 " ONLY6 RECORD6 "00",
		{{18, 35, 17}, {66, 66, 1}}},
	{PEER_SUBSCRIBE, REQUEST "0000 02 04 deadbeef 01 ff 00", {{18, 18, 1}}},
	{PEER_SUBSCRIBED, REQUEST "00 01 02 03", {{9, 11, 1}}},
	{PEER_NOTIFY, "00000000 01 04 deadbeef " RECORD4 "00", {{29, 29, 1}}},
	{PEER_NOTIFY, "00000000 03 01 ff " RECORD6 "00", {{38, 38, 1}}},
	{PEER_NOTED, "00000000 00", {{4, 4, 1}}},
	{PEER_COMPARE, "00000000 0000 00 " DIGEST "3fff ff " DIGEST "00", {{4, 26, 11}}},
	{PEER_COMPARED, "00000000 0000 00 3fff ff 00", {{4, 10, 3}}},
	{PEER_PULL, "00000000 0000 00 0000 01 " DIGEST DIGEST DIGEST "00", {{18, 34, 8}}},
	{PEER_PULLED,
		"00000000 0000 00 00 01 " DIGEST DIGEST "04 deadbeef " RECORD4 "01 ff " RECORD6
		"00",
		{{25, 49, 24}, {82, 82, 1}}},
	{PEER_CONFIRM, "0000 " DIGEST "3fff " DIGEST "00", {{0, 20, 10}}},
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
	bool seen[PEER_TYPE_END] = {false};

	(void)state;
	for (size_t i = 0; i < COUNT(cuts); i++) {
		uint8_t bytes[256] = {(uint8_t)cuts[i].type};
		size_t len = from_hex(cuts[i].data, bytes + 3, sizeof(bytes) - 3);
		for (size_t n = 0; n <= len; n++) {
			enum msg_reason want = is_whole(&cuts[i], n) ? MSG_GOOD : MSG_MALFORMED;
			store_be16(bytes + 1, (uint16_t)n);
			if (decode_copy(bytes, n + 3) != want)
				fail_msg("%s of %zu bytes", peer_type_name(bytes[0]), n);
		}
		seen[cuts[i].type] = true;
	}
	for (int type = 0; type < PEER_TYPE_END; type++)
		assert_int_equal(seen[type], peer_type_name((uint8_t)type) != NULL);
}

/* One byte of a good message, and what it may be. */
struct range {
	const char *hex;
	size_t at;
	uint8_t from, to;
};

static const struct range ranges[] = {
	{"35 0020 " SHORT, 3 + 18, 1, 5},  /* STATE */
	{"35 0020 " SHORT, 3 + 31, 0, 0},  /* HAS_PROFILE */
	{"35 0035 " ENTRY, 3 + 34, 2, 16}, /* REPLICAS */
	{"35 0035 " ENTRY, 3 + 35, 1, 3},  /* QUORUM */
	{"35 0035 " ENTRY, 3 + 50, 2, 2},  /* KCOUNT */
	{"39 0001 00", 3, 0, 1},           /* LAST */
	{"40 0030 " REQUEST "0000000000000000 " DIGEST IP4 "0000 01 04 deadbeef", 18, 1, 255},
	{"40 0030 " REQUEST VERSION DIGEST IP4 "0000 01 04 deadbeef", 3 + 42, 1, 1}, /* COUNT */
	{"40 0030 " REQUEST VERSION DIGEST IP4 "0000 01 04 deadbeef", 3 + 43, 4, 4}, /* HLEN */
	{"41 0011 " REQUEST DIGEST "00", 3 + 16, 0, 4},                              /* STATUS */
	{"42 0015 " REQUEST "00 0000 00000001 01 04 deadbeef", 3 + 8, 0, 1},         /* MODE */
	{"42 0017 " REQUEST "00 0000 00000000 02 04 deadbeef 01 ff", 3 + 14, 0, 0},  /* CURSOR */
	{"42 0017 " REQUEST "00 0000 00000000 02 04 deadbeef 01 ff", 3 + 11, 0, 0},
	{"45 0009 " REQUEST "00", 3 + 8, 0, 2},                    /* STATUS */
	{"46 001d 00000000 01 04 deadbeef " RECORD4, 3 + 4, 1, 3}, /* KIND */
	{"46 001d 00000000 01 04 deadbeef " RECORD4, 3 + 10, 4, 4},
	{"46 0029 00000000 01 04 deadbeef " RECORD6, 3 + 10, 6, 6},
	{"50 000f 00000000 0000 00 " DIGEST, 3 + 4, 0, 0x3f}, /* PARTITION */
	{"51 0007 00000000 00ff 00", 3 + 4, 0, 0x3f},
	{"52 0012 00000000 00ff 10 ffff 01 " DIGEST, 3 + 4, 0, 0x3f},
	{"52 0012 00000000 0000 00 0000 01 " DIGEST, 3 + 6, 0, 16}, /* SPLIT */
	{"52 0012 00000000 0000 08 00ff 01 " DIGEST, 3 + 6, 8, 16},
	{"52 0012 00000000 0000 03 0000 01 " DIGEST, 3 + 8, 0, 7}, /* SUB */
	{"52 0012 00000000 0000 0b 0000 01 " DIGEST, 3 + 7, 0, 7},
	{"52 0012 00000000 0000 00 0000 01 " DIGEST, 3 + 8, 0, 0},
	{"52 0012 00000000 0000 00 0000 01 " DIGEST, 3 + 9, 1, 8}, /* WINDOW */
	{"53 0019 00000000 00ff 00 00 01 " DIGEST DIGEST, 3 + 4, 0, 0x3f},
	{"53 0019 00000000 0000 00 00 08 " DIGEST DIGEST, 3 + 7, 0, 7}, /* INDEX */
	{"53 0019 00000000 0000 00 03 04 " DIGEST DIGEST, 3 + 7, 0, 3},
	{"53 0019 00000000 0000 00 00 01 " DIGEST DIGEST, 3 + 8, 1, 8}, /* OF */
	{"53 0019 00000000 0000 00 05 06 " DIGEST DIGEST, 3 + 8, 6, 8},
	{"54 000a 00ff " DIGEST, 3, 0, 0x3f},
};

static void numbers_with_a_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ranges); i++) {
		uint8_t bytes[256];
		size_t len = from_hex(ranges[i].hex, bytes, sizeof(bytes));
		for (int value = 0; value < 256; value++) {
			bytes[ranges[i].at] = (uint8_t)value;
			bool ok = value >= ranges[i].from && value <= ranges[i].to;
			if (ok != (decode_copy(bytes, len) == MSG_GOOD))
				fail_msg("%s: %d at %zu", ranges[i].hex, value, ranges[i].at);
		}
	}
}

static void forms_that_no_message_has(void **state)
{
	static const char *const cases[] = {
		/* An IPv4 address as 16 bytes, whole and alone. */
		"43 0031 " REQUEST "00 00 00000000 00000000 06 " IP4 "1ae1 " VERSION "00000000",
		"43 0023 " REQUEST "00 00 00000000 00000000 86 " IP4,
		"46 0029 00000000 01 04 deadbeef 06 " IP4 "1ae1 " VERSION "00000000",
		/* Other kinds, with the bytes of both addresses behind them. */
		"43 0023 " REQUEST "00 00 00000000 00000000 80 " IP6,
		"43 0023 " REQUEST "00 00 00000000 00000000 a6 " IP6,
		"43 0017 " REQUEST "00 00 00000000 00000000 90 c0000207",
		"43 0025 " REQUEST "00 00 00000000 00000000 00 c0000207 1ae1 " VERSION "00000000",
		/* A version of 0. */
		"43 0025 " REQUEST "00 00 00000000 00000000 04 c0000207 1ae1 "
		"0000000000000000 00000000",
		/* No more than an address where more is needed. */
		"46 000f 00000000 01 04 deadbeef " ONLY4,
		"53 0023 00000000 0000 00 00 01 " DIGEST DIGEST "04 deadbeef " ONLY4,
		/* The second item of a list. */
		"35 0040 " SHORT ID4 "06 00000001 0000000000000000 00",
		"50 001a 00000000 3fff 00 " DIGEST "4000 00 " DIGEST,
		"51 000a 00000000 3fff 00 4000 00",
		"54 0014 3fff " DIGEST "4000 " DIGEST,
		"41 0012 " REQUEST DIGEST "04 05",
		/* No hash, a hash without bytes. */
		"40 002b " REQUEST VERSION DIGEST IP4 "0000 00",
		"42 0010 " REQUEST "00 0000 00000000 00",
		"42 0011 " REQUEST "00 0000 00000000 01 00",
		"44 000b " REQUEST "0000 00",
		"46 0019 00000000 01 00 " RECORD4,
		"53 002d 00000000 0000 00 00 01 " DIGEST DIGEST "00 " RECORD4,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (decode_hex(cases[i]) != MSG_MALFORMED)
			fail_msg("%s", cases[i]);
}

/* Before a text or hash of n bytes and behind it, and how long it may be. */
struct text {
	uint8_t type;
	const char *before, *behind;
	size_t from, to;
};

static void every_length_of_every_text(void **state)
{
	static const struct text texts[] = {
		{PEER_GOSSIP, SHORT ID4 "01 00000000 0000000000000000 01 00 00 01 01 0000 0000",
			"00 00", 0, PEER_ZONE_MAX},
		{PEER_GOSSIP,
			SHORT ID4 "01 00000000 0000000000000000 01 00 00 01 01 0000 0000 01 61",
			"00 " SHORT, 0, PEER_VERSION_MAX},
		{PEER_GOSSIP,
			SHORT ID4 "01 00000000 0000000000000000 01 00 00 01 01 0000 0000 00 00",
			SHORT, 0, PEER_KEYS_MAX},
		{PEER_STORE, REQUEST VERSION DIGEST IP4 "0000 01", "", 1, 64},
		{PEER_FETCH, REQUEST "00 0000 00000000 02 01 ff", "", 1, 64},
		{PEER_SUBSCRIBE, REQUEST "0000 02", "01 ff", 1, 64},
		{PEER_NOTIFY, "00000000 01", RECORD4, 1, 64},
		{PEER_PULLED, "00000000 0000 00 00 01 " DIGEST DIGEST "01 ff " RECORD6, RECORD4, 1,
			64},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		for (size_t n = 0; n < 256; n++) {
			uint8_t bytes[512] = {texts[i].type};
			size_t len = 3 + from_hex(texts[i].before, bytes + 3, 128);
			bytes[len++] = (uint8_t)n;
			memset(bytes + len, 0x7a, n);
			len += n;
			len += from_hex(texts[i].behind, bytes + len, 64);
			store_be16(bytes + 1, (uint16_t)(len - 3));
			bool ok = n >= texts[i].from && n <= texts[i].to;
			if (ok != (decode_copy(bytes, len) == MSG_GOOD))
				fail_msg("%zu: %zu bytes", i, n);
		}
	}
}

static void as_many_statuses_as_hashes(void **state)
{
	uint8_t bytes[512] = {0};
	size_t len = from_hex("41 010f " REQUEST DIGEST, bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(decode_copy(bytes, len + 255), MSG_GOOD);
	store_be16(bytes + 1, 0x0110);
	assert_int_equal(decode_copy(bytes, len + 256), MSG_MALFORMED);
	len = from_hex("45 0108 " REQUEST, bytes, sizeof(bytes));
	memset(bytes + len, 0, sizeof(bytes) - len);
	assert_int_equal(decode_copy(bytes, len + 256), MSG_MALFORMED);
}

static void length_has_16_bits(void **state)
{
	static uint8_t bytes[MESSAGE_MAX], to[MESSAGE_MAX + 1];
	struct peer_msg m = {.type = PEER_FETCHED, .fetched.id = 1};
	size_t len = from_hex("43 0000 " REQUEST "00 00 00000000 00000000", bytes, sizeof(bytes));

	/* Addresses of 5 bytes, until 2 bytes are left. */
	(void)state;
	while (len + 5 <= sizeof(bytes))
		len += from_hex(ONLY4, bytes + len, 5);
	store_be16(bytes + 1, (uint16_t)(len - 3));
	assert_int_equal(len, sizeof(bytes) - 2);
	assert_int_equal(decode_copy(bytes, len), MSG_GOOD);

	m.fetched.records = (struct span){to, UINT16_MAX - 18};
	struct writer w = writer_of(bytes, sizeof(bytes));
	peer_encode(&w, &m);
	assert_int_equal(writer_done(&w), MESSAGE_MAX);
	assert_int_equal(load_be16(bytes + 1), 0xffff);

	static uint8_t room[MESSAGE_MAX + 16];
	m.fetched.records.len++;
	w = writer_of(room, sizeof(room));
	peer_encode(&w, &m);
	assert_true(w.failed);
}

static void messages_of_an_envelope(void **state)
{
	static const uint8_t types[] = {7, 52, 53, 6, 200, 9};
	uint8_t bytes[512];
	struct span message, rest = {bytes, 0};

	(void)state;
	rest.len = from_hex("07 0001 00 34 0001 00 35 0000 06 0000 c8 0002 0000 09 0012 " ID6,
		bytes, sizeof(bytes));
	const uint8_t *p = bytes, *end = bytes + rest.len;
	for (size_t i = 0; i < COUNT(types); i++) {
		assert_true(peer_next(&rest, &message));
		assert_ptr_equal(message.p, p);
		assert_int_equal(message.p[0], types[i]);
		assert_int_equal(message.len, 3 + load_be16(p + 1));
		p += message.len;
		assert_ptr_equal(rest.p, p);
		assert_ptr_equal(rest.p + rest.len, end);
	}
	assert_int_equal(rest.len, 0);
	assert_false(peer_next(&rest, &message));
	rest = (struct span){0};
	assert_false(peer_next(&rest, &message));
}

static void an_envelope_that_is_cut(void **state)
{
	uint8_t good[64];
	size_t len = from_hex("06 0000 47 0004 0000002a 08 0000", good, sizeof(good));

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		uint8_t *bytes = malloc(n ? n : 1);
		struct span rest = {bytes, n}, message;
		assert_non_null(bytes);
		memcpy(bytes, good, n);
		size_t walked = 0;
		while (peer_next(&rest, &message))
			walked += message.len;
		assert_int_equal(walked, n < 3 ? 0 : n < 10 ? 3 : n < 13 ? 10 : 13);
		assert_int_equal(walked + rest.len, n);
		assert_ptr_equal(rest.p, bytes + walked);
		free(bytes);
	}
}

/* The base messages that servers send each other, inside an envelope. */
static void base_messages_of_an_envelope(void **state)
{
	static const struct {
		const char *hex;
		enum msg_plane plane;
		uint8_t type;
	} cases[] = {
		{"05 0012 " ID4, PLANE_PEER, MSG_NEW},
		{"06 0000", PLANE_PEER, MSG_DECO},
		{"07 0001 01", PLANE_KEEP_ALIVE, MSG_KEEP_ALIVE},
		{"08 0000", PLANE_PEER, MSG_YES},
		{"09 0012 " ID6, PLANE_PEER, MSG_NEW_SERV},
	};
	uint8_t bytes[64];
	struct span message, rest;
	struct msg m;
	bool has_txid;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = from_hex(cases[i].hex, bytes, sizeof(bytes));
		rest = (struct span){bytes,
			len + from_hex("47 0004 0000002a", bytes + len, sizeof(bytes) - len)};
		assert_true(peer_next(&rest, &message));
		assert_int_equal(msg_decode(message.p, message.len, cases[i].plane, &m, &has_txid),
			MSG_GOOD);
		assert_int_equal(m.type, cases[i].type);
		assert_false(has_txid);
		assert_true(peer_next(&rest, &message));
		assert_int_equal(msg_decode(message.p, message.len, cases[i].plane, &m, &has_txid),
			MSG_UNKNOWN_TYPE);
	}
}

#define RANDOM_MAX 512

/* One random change of bytes[0..len); gives the new length. */
static size_t mutate(struct rng *rng, uint8_t *bytes, size_t len)
{
	static const uint8_t edges[] = {0, 1, 4, 6, 8, 16, 63, 64, 65, 127, 132, 134, 255};
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
	const struct peer_example *example = &peer_examples[rng_below(rng, COUNT(peer_examples))];
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
		bytes[0] = (uint8_t)(PEER_PROVE + rng_below(rng, PEER_TYPE_END - PEER_PROVE));
	return len;
}

static void random_messages(void **state)
{
	enum { MESSAGES = 300000 };
	uint8_t bytes[RANDOM_MAX + 1];
	unsigned reasons[MSG_MALFORMED + 1] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (int i = 0; i < MESSAGES; i++) {
		size_t len = rng_below(&rng, 3) ? mutated_example(&rng, bytes)
		                                : random_bytes(&rng, bytes);
		if (len >= MSG_HEADER_LEN && rng_below(&rng, 16))
			store_be16(bytes + 1, (uint16_t)(len - MSG_HEADER_LEN));
		reasons[decode_copy(bytes, len)]++;
	}
	/* Each verdict has to have come often, or this tests less than it says. */
	for (size_t i = 0; i < COUNT(reasons); i++)
		assert_true(reasons[i] > MESSAGES / 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_checked_first),
		cmocka_unit_test(every_example_is_good),
		cmocka_unit_test(names_of_types),
		cmocka_unit_test(every_length_of_every_body),
		cmocka_unit_test(numbers_with_a_rule),
		cmocka_unit_test(forms_that_no_message_has),
		cmocka_unit_test(every_length_of_every_text),
		cmocka_unit_test(as_many_statuses_as_hashes),
		cmocka_unit_test(length_has_16_bits),
		cmocka_unit_test(messages_of_an_envelope),
		cmocka_unit_test(an_envelope_that_is_cut),
		cmocka_unit_test(base_messages_of_an_envelope),
		cmocka_unit_test(random_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
