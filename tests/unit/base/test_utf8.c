/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/utf8.h"

#include "../unit.h"

/* Says by arithmetic, not by ranges, whether bytes are exactly one character: the number is put
 * together first and then looked at. */
static bool one_character(const uint8_t *b, size_t len)
{
	static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
	static const uint8_t marks[5] = {0, 0, 0xc0, 0xe0, 0xf0},
			     masks[5] = {0, 0, 0xe0, 0xf0, 0xf8};

	if (len == 1)
		return b[0] < 0x80;
	if ((b[0] & masks[len]) != marks[len])
		return false;
	uint32_t v = (uint32_t)(b[0] & ~masks[len]);
	for (size_t i = 1; i < len; i++) {
		if (b[i] >> 6 != 2)
			return false;
		v = v << 6 | (b[i] & 0x3f);
	}
	return v >= smallest[len] && v <= 0x10ffff && !(v >= 0xd800 && v <= 0xdfff);
}

static void all_single_bytes(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		uint8_t b[1] = {(uint8_t)v};
		assert_int_equal(utf8_valid(b, 1), v < 0x80);
	}
}

static void all_pairs(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 0x10000; v++) {
		uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
		bool both_ascii = b[0] < 0x80 && b[1] < 0x80;
		if (utf8_valid(b, 2) != (both_ascii || one_character(b, 2)))
			fail_msg("%02x %02x", b[0], b[1]);
	}
}

static void all_triples_with_a_high_lead(void **state)
{
	(void)state;
	for (unsigned v = 0xe00000; v < 0x1000000; v++) {
		uint8_t b[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
		if (utf8_valid(b, 3) != one_character(b, 3))
			fail_msg("%02x %02x %02x", b[0], b[1], b[2]);
	}
}

/* Every lead and second byte, and the edges of what may follow them. */
static void quadruples(void **state)
{
	static const uint8_t edges[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};

	(void)state;
	for (unsigned v = 0xf000; v < 0x10000; v++) {
		for (size_t i = 0; i < COUNT(edges) * COUNT(edges); i++) {
			uint8_t b[4] = {(uint8_t)(v >> 8), (uint8_t)v, edges[i / COUNT(edges)],
				edges[i % COUNT(edges)]};
			if (utf8_valid(b, 4) != one_character(b, 4))
				fail_msg("%02x %02x %02x %02x", b[0], b[1], b[2], b[3]);
		}
	}
}

static void text_of_several_characters(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{"", true}, {"plain", true}, {"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x8c\x8d", true},
		{"\xf4\x8f\xbf\xbf", true},  /* U+10FFFF */
		{"\xf4\x90\x80\x80", false}, /* U+110000 */
		{"\xed\x9f\xbf", true},      /* U+D7FF */
		{"\xed\xa0\x80", false},     /* U+D800, a surrogate */
		{"\xee\x80\x80", true},      /* U+E000 */
		{"\xc0\x80", false},         /* NUL, overlong */
		{"\xc1\xbf", false},         /* U+7F, overlong */
		{"\xe0\x9f\xbf", false},     /* U+7FF, overlong */
		{"\xf0\x8f\xbf\xbf", false}, /* U+FFFF, overlong */
		{"ok then \x80", false}, {"cut \xe2\x82", false}, {"cut \xe2\x82 off", false},
		{"\xff\xfe", false}, {"\xf8\x88\x80\x80\x80", false}, /* five bytes */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const uint8_t *bytes = (const uint8_t *)cases[i].text;
		assert_int_equal(utf8_valid(bytes, strlen(cases[i].text)), cases[i].valid);
	}
	assert_true(utf8_valid(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_single_bytes),
		cmocka_unit_test(all_pairs),
		cmocka_unit_test(all_triples_with_a_high_lead),
		cmocka_unit_test(quadruples),
		cmocka_unit_test(text_of_several_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
