/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/option.h"

#include "examples.h"

#define AUTH "82 1c 03 6f7073 000000006553f100 " MAC

static uint8_t raw[1024];

static int parse(const char *hex, struct options *out)
{
	return options_parse((struct span){raw, from_hex(hex, raw, sizeof(raw))}, out);
}

static void no_options(void **state)
{
	struct options o = {.has_auth = true};

	(void)state;
	assert_int_equal(options_parse((struct span){0}, &o), 0);
	assert_null(o.cookie);
	assert_false(o.has_auth);
	assert_null(o.mac);
}

static void known_options_in_any_order(void **state)
{
	static const char *const hex[] = {"01 10 " COOKIE AUTH, AUTH "01 10 " COOKIE,
		"02 00 01 10 " COOKIE "02 02 0000 " AUTH "02 00"};

	(void)state;
	for (size_t i = 0; i < COUNT(hex); i++) {
		struct options o;
		assert_int_equal(parse(hex[i], &o), 0);
		assert_non_null(o.cookie);
		assert_int_equal(o.cookie[0], 0xc0);
		assert_int_equal(o.cookie[MSG_COOKIE_LEN - 1], 0xcf);
		assert_true(o.has_auth);
		assert_int_equal(o.auth_key_name.len, 3);
		assert_memory_equal(o.auth_key_name.p, "ops", 3);
		assert_int_equal(o.auth_time_s, 0x6553f100);
		assert_ptr_equal(o.mac, o.auth_key_name.p + 3 + 8);
	}
}

static void a_key_name_of_any_length(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse("82 19 00 0000000000000001 " MAC, &o), 0);
	assert_true(o.has_auth);
	assert_int_equal(o.auth_key_name.len, 0);

	memset(raw, 0x61, sizeof(raw));
	raw[0] = OPTION_AUTH;
	raw[1] = 255;
	raw[2] = OPTION_KEY_NAME_MAX;
	assert_int_equal(options_parse((struct span){raw, 257}, &o), 0);
	assert_int_equal(o.auth_key_name.len, 230);
	raw[2]++;
	assert_int_equal(options_parse((struct span){raw, 257}, &o), DHT_EMALFORMED);
}

static void unknown_codes(void **state)
{
	struct options o;

	(void)state;
	for (int code = 0; code < 256; code++) {
		if (code == OPTION_COOKIE || code == OPTION_PADDING || code == OPTION_AUTH)
			continue;
		uint8_t option[] = {(uint8_t)code, 1, 0xff};
		assert_int_equal(options_parse((struct span){option, sizeof(option)}, &o),
			code >= 128 ? DHT_EINVAL : 0);
	}
	/* Behind others, too. */
	assert_int_equal(parse("02 00 03 00 03 00 80 00", &o), DHT_EINVAL);
}

static void broken_options(void **state)
{
	static const char *const bad[] = {
		"02",
		"02 01",
		"02 ff 00",
		"01 00",
		"01 0f c0c1c2c3c4c5c6c7c8c9cacbcccdce",
		"01 11 " COOKIE "d0",
		"01 10 " COOKIE "01 10 " COOKIE,
		AUTH AUTH,
		"82 00",
		"82 18 00 00000000000001 " MAC,
		"82 19 01 0000000000000001 " MAC,
		"82 1a 00 0000000000000001 00" MAC,
		"82 1c ff 6f7073 000000006553f100 " MAC,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct options o;
		assert_int_equal(parse(bad[i], &o), DHT_EMALFORMED);
	}
}

static void reading_checks_the_shape_only(void **state)
{
	static const struct {
		const char *hex;
		bool ok;
	} cases[] = {
		{"", true},
		{"01 00", true},
		{"ff 01 00", true},
		{"01 00 ff 03 000000", true},
		{"01", false},
		{"01 00 ff", false},
		{"ff 04 000000", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reader r = reader_of(raw, from_hex(cases[i].hex, raw, sizeof(raw)));
		size_t len = reader_left(&r);
		struct span options = read_options(&r);
		assert_int_equal(reader_done(&r) == 0, cases[i].ok);
		assert_int_equal(options.len, cases[i].ok ? len : 0);
	}
}

static void a_cookie_is_written(void **state)
{
	uint8_t want[32], to[32];
	size_t len = from_hex("01 10 " COOKIE, want, sizeof(want));
	struct writer w = writer_of(to, len);

	(void)state;
	write_cookie_option(&w, want + 2);
	assert_int_equal(writer_done(&w), len);
	assert_memory_equal(to, want, len);
	w = writer_of(to, len - 1);
	write_cookie_option(&w, want + 2);
	assert_int_equal(writer_done(&w), DHT_ESPACE);
}

static void auth_is_written_with_an_empty_mac(void **state)
{
	uint8_t want[64], to[64];
	size_t len = from_hex(AUTH, want, sizeof(want));
	struct span name = {(const uint8_t *)"ops", 3};

	(void)state;
	memset(to, 0xee, sizeof(to));
	struct writer w = writer_of(to, len);
	assert_ptr_equal(write_auth_option(&w, name, 0x6553f100), to + len - OPTION_MAC_LEN);
	assert_int_equal(writer_done(&w), len);
	assert_memory_equal(to, want, len);
	w = writer_of(to, len - 1);
	assert_null(write_auth_option(&w, name, 0x6553f100));
	assert_int_equal(writer_done(&w), DHT_ESPACE);
}

static void auth_has_room_for_230_bytes_of_name(void **state)
{
	static const uint8_t name[OPTION_KEY_NAME_MAX + 1] = {'n'};
	uint8_t to[300];
	struct options o;

	(void)state;
	struct writer w = writer_of(to, sizeof(to));
	assert_non_null(write_auth_option(&w, (struct span){name, OPTION_KEY_NAME_MAX}, 1));
	assert_int_equal(writer_done(&w), 257);
	assert_int_equal(options_parse((struct span){to, 257}, &o), 0);
	assert_int_equal(o.auth_key_name.len, OPTION_KEY_NAME_MAX);
	w = writer_of(to, sizeof(to));
	assert_null(write_auth_option(&w, (struct span){name, sizeof(name)}, 1));
	assert_int_equal(writer_done(&w), DHT_ESPACE);
	assert_int_equal(writer_used(&w), 0);
}

/* From every size to every size: exactly there, but for the one step that no option can make. */
static void padding_fills_up_to_a_size(void **state)
{
	enum { MAX = 800 };
	static uint8_t to[MAX + 1];
	struct options o;

	(void)state;
	for (size_t used = 0; used <= 20; used++) {
		for (size_t size = 0; size <= MAX; size++) {
			memset(to, 0xee, sizeof(to));
			struct writer w = writer_of(to, sizeof(to));
			write_room(&w, used);
			write_padding_to(&w, size);
			size_t want = size < used ? used : size == used + 1 ? size + 1 : size;
			assert_int_equal(writer_done(&w), want);
			struct span padding = {to + used, want - used};
			assert_int_equal(options_parse(padding, &o), 0);
			for (size_t at = used; at < want; at += 2u + to[at + 1])
				assert_int_equal(to[at], OPTION_PADDING);
		}
	}
}

static void padding_without_room_fails(void **state)
{
	static uint8_t to[512];

	(void)state;
	for (size_t room = 0; room < sizeof(to); room++) {
		struct writer w = writer_of(to, room);
		write_padding_to(&w, room + 1);
		assert_int_equal(writer_done(&w), DHT_ESPACE);
	}
	struct writer w = writer_of(to, sizeof(to));
	write_padding_to(&w, sizeof(to));
	assert_int_equal(writer_done(&w), sizeof(to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_options),
		cmocka_unit_test(known_options_in_any_order),
		cmocka_unit_test(a_key_name_of_any_length),
		cmocka_unit_test(unknown_codes),
		cmocka_unit_test(broken_options),
		cmocka_unit_test(reading_checks_the_shape_only),
		cmocka_unit_test(a_cookie_is_written),
		cmocka_unit_test(auth_is_written_with_an_empty_mac),
		cmocka_unit_test(auth_has_room_for_230_bytes_of_name),
		cmocka_unit_test(padding_fills_up_to_a_size),
		cmocka_unit_test(padding_without_room_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
