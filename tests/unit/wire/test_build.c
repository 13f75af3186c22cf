/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/build.h"

#include "examples.h"

static const uint8_t txid[MSG_TXID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};

static void assert_bytes(const uint8_t *got, int len, const char *hex)
{
	uint8_t want[64];

	assert_int_equal(from_hex(hex, want, sizeof(want)), len);
	assert_memory_equal(got, want, (size_t)len);
}

static void a_base_message(void **state)
{
	uint8_t to[64];
	struct writer w = build_start(to, sizeof(to), MSG_HAVE, NULL);

	(void)state;
	assert_bytes(to, build_finish(&w), "03 0000");
}

static void an_extended_message_in_pieces(void **state)
{
	uint8_t to[64];
	struct writer w = build_start(to, sizeof(to), MSG_DONE, txid);

	(void)state;
	write_u32(&w, 1800);
	write_u8(&w, 1);
	write_u8(&w, STATUS_STORED);
	assert_bytes(to, build_finish(&w), "14 000e " TXID "00000708 01 00");
}

static void finishing_again_counts_again(void **state)
{
	uint8_t to[64];
	struct writer w = build_start(to, sizeof(to), MSG_PING, txid);

	(void)state;
	assert_bytes(to, build_finish(&w), "1a 0008 " TXID);
	write_u16(&w, 0x0200);
	assert_bytes(to, build_finish(&w), "1a 000a " TXID "02 00");
}

static void no_room(void **state)
{
	uint8_t to[64];

	(void)state;
	for (size_t size = 0; size < MSG_HEADER_LEN + MSG_TXID_LEN; size++) {
		struct writer w = build_start(to, size, MSG_PING, txid);
		assert_int_equal(build_finish(&w), DHT_ESPACE);
	}
	struct writer w = build_start(to, 11, MSG_PING, txid);
	assert_int_equal(build_finish(&w), 11);
	write_u8(&w, 0);
	assert_int_equal(build_finish(&w), DHT_ESPACE);
	assert_int_equal(build_finish(&w), DHT_ESPACE);
}

static void more_than_length_can_say(void **state)
{
	static uint8_t to[MSG_HEADER_LEN + UINT16_MAX + 1];
	struct writer w = build_start(to, sizeof(to), MSG_EXIT, NULL);

	(void)state;
	write_room(&w, UINT16_MAX);
	assert_int_equal(build_finish(&w), MSG_HEADER_LEN + UINT16_MAX);
	assert_int_equal(load_be16(to + 1), UINT16_MAX);
	write_u8(&w, 0);
	assert_int_equal(build_finish(&w), DHT_ESPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_base_message),
		cmocka_unit_test(an_extended_message_in_pieces),
		cmocka_unit_test(finishing_again_counts_again),
		cmocka_unit_test(no_room),
		cmocka_unit_test(more_than_length_can_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
