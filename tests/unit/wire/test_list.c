/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/hash.h"
#include "wire/list.h"

#include "examples.h"

static uint8_t raw[1024];

/* The hex text as a view of raw. */
static struct span view(const char *hex)
{
	return (struct span){raw, from_hex(hex, raw, sizeof(raw))};
}

static struct reader reading(const char *hex)
{
	struct span s = view(hex);

	return reader_of(s.p, s.len);
}

static void hashes_are_walked(void **state)
{
	struct span rest = view("04 deadbeef 01 ff 02 0102"), hash;
	static const size_t lens[] = {4, 1, 2};
	static const size_t at[] = {1, 6, 8};

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		assert_true(hash_list_next(&rest, &hash));
		assert_ptr_equal(hash.p, raw + at[i]);
		assert_int_equal(hash.len, lens[i]);
	}
	assert_false(hash_list_next(&rest, &hash));
	assert_false(hash_list_next(&rest, &hash));
}

static void nothing_is_walked_in_no_time(void **state)
{
	struct span rest = {0}, hash;
	struct section section;
	struct provider provider;
	struct addr server;
	struct ip ip;

	(void)state;
	assert_false(hash_list_next(&rest, &hash));
	assert_false(section_next(&rest, &section));
	assert_false(provider_next(&rest, &provider));
	assert_false(ip_next(&rest, &ip));
	assert_false(server_next(&rest, &server));
}

/* No view of a decoded message is like this; a walker still neither leaves it nor hangs. */
static void walkers_stop_in_broken_views(void **state)
{
	struct section section;
	struct provider provider;
	struct span rest, hash;
	struct addr server;
	struct ip ip;

	(void)state;
	rest = view("05 deadbeef");
	assert_false(hash_list_next(&rest, &hash));
	assert_int_equal(rest.len, 0);
	rest = view("00");
	assert_false(hash_list_next(&rest, &hash));
	rest = view("00 00000000 00000000 0001");
	assert_false(section_next(&rest, &section));
	assert_int_equal(rest.len, 0);
	rest = view(IP4 "0000 000000");
	assert_false(provider_next(&rest, &provider));
	assert_int_equal(rest.len, 0);
	rest = view("00000000000000000000ffffc00002");
	assert_false(ip_next(&rest, &ip));
	assert_int_equal(rest.len, 0);
	rest = view(IP4 "21");
	assert_false(server_next(&rest, &server));
	assert_int_equal(rest.len, 0);
}

static void hashes_are_read(void **state)
{
	struct reader r = reading("02 04 deadbeef 01 ff 4711");
	struct hash_list list = read_hash_list(&r);

	(void)state;
	assert_int_equal(list.count, 2);
	assert_ptr_equal(list.items.p, raw + 1);
	assert_int_equal(list.items.len, 7);
	assert_int_equal(reader_left(&r), 2);
}

static void broken_hashes_are_not_read(void **state)
{
	static const char *const bad[] = {"", "00", "00 01 ff", "01", "01 00", "01 02 ff",
		"02 01 ff", "02 01 ff 00", "01 ff", "ff"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct reader r = reading(bad[i]);
		struct hash_list list = read_hash_list(&r);
		assert_int_equal(reader_status(&r), DHT_EMALFORMED);
		assert_int_equal(list.count, 0);
		assert_int_equal(list.items.len, 0);
	}
}

static void a_hash_has_64_bytes_at_most(void **state)
{
	(void)state;
	for (size_t len = 0; len < 256; len++) {
		memset(raw, 0xaa, sizeof(raw));
		raw[0] = 1;
		raw[1] = (uint8_t)len;
		struct reader r = reader_of(raw, 2 + len);
		struct hash_list list = read_hash_list(&r);
		bool ok = len >= 1 && len <= HASH_MAX;
		assert_int_equal(reader_status(&r) == 0, ok);
		assert_int_equal(list.items.len, ok ? len + 1 : 0);
	}
}

static void hashes_are_written(void **state)
{
	static const uint8_t want[] = {2, 4, 0xde, 0xad, 0xbe, 0xef, 1, 0xff};
	struct hash_list list = {.count = 2, .items = {want + 1, 7}};
	uint8_t to[sizeof(want)];
	struct writer w = writer_of(to, sizeof(to));

	(void)state;
	write_hash_list(&w, &list);
	assert_int_equal(writer_done(&w), sizeof(want));
	assert_memory_equal(to, want, sizeof(want));

	w = writer_of(to, sizeof(to));
	write_u8(&w, 2);
	write_hash_item(&w, (struct span){want + 2, 4});
	write_hash_item(&w, (struct span){want + 7, 1});
	assert_int_equal(writer_done(&w), sizeof(want));
	assert_memory_equal(to, want, sizeof(want));

	w = writer_of(to, 4);
	write_hash_item(&w, (struct span){want + 2, 4});
	assert_int_equal(writer_done(&w), DHT_ESPACE);
}

static void a_provider_there_and_back(void **state)
{
	struct reader r = reading(IP4 "1ae1 00000708");
	struct provider p = read_provider(&r);
	uint8_t to[MSG_PROVIDER_LEN];
	struct writer w = writer_of(to, sizeof(to));

	(void)state;
	assert_int_equal(reader_done(&r), 0);
	assert_true(ip_is_v4(&p.ip));
	assert_int_equal(p.ip.b[15], 7);
	assert_int_equal(p.port, 6881);
	assert_int_equal(p.ttl_s, 1800);
	write_provider(&w, &p);
	assert_int_equal(writer_done(&w), MSG_PROVIDER_LEN);
	assert_memory_equal(to, raw, sizeof(to));
}

static void sections_and_their_providers_are_walked(void **state)
{
	struct span rest = view("03 00000009 00000005 0002 " IP4 "1ae1 00000708 " IP6
				"0000 00015180 04 00000000 00000000 0000");
	struct section section;
	struct provider p;

	(void)state;
	assert_true(section_next(&rest, &section));
	assert_int_equal(section.index, 3);
	assert_int_equal(section.total, 9);
	assert_int_equal(section.next, 5);
	assert_int_equal(section.providers.len, 2 * MSG_PROVIDER_LEN);
	assert_true(provider_next(&section.providers, &p));
	assert_int_equal(p.port, 6881);
	assert_true(provider_next(&section.providers, &p));
	assert_false(ip_is_v4(&p.ip));
	assert_int_equal(p.ttl_s, 86400);
	assert_false(provider_next(&section.providers, &p));
	assert_true(section_next(&rest, &section));
	assert_int_equal(section.index, 4);
	assert_int_equal(section.providers.len, 0);
	assert_false(provider_next(&section.providers, &p));
	assert_false(section_next(&rest, &section));
}

static void addresses_are_walked(void **state)
{
	struct span rest = view(IP4 IP6);
	struct addr server;
	struct ip ip;

	(void)state;
	assert_true(ip_next(&rest, &ip));
	assert_int_equal(ip.b[15], 7);
	assert_true(ip_next(&rest, &ip));
	assert_int_equal(ip.b[15], 9);
	assert_false(ip_next(&rest, &ip));

	rest = view(IP4 "2116 " IP6 "0000");
	assert_true(server_next(&rest, &server));
	assert_int_equal(server.ip.b[15], 7);
	assert_int_equal(server.port, 8470);
	assert_true(server_next(&rest, &server));
	assert_int_equal(server.ip.b[15], 9);
	assert_int_equal(server.port, 0);
	assert_false(server_next(&rest, &server));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_walked),
		cmocka_unit_test(nothing_is_walked_in_no_time),
		cmocka_unit_test(walkers_stop_in_broken_views),
		cmocka_unit_test(hashes_are_read),
		cmocka_unit_test(broken_hashes_are_not_read),
		cmocka_unit_test(a_hash_has_64_bytes_at_most),
		cmocka_unit_test(hashes_are_written),
		cmocka_unit_test(a_provider_there_and_back),
		cmocka_unit_test(sections_and_their_providers_are_walked),
		cmocka_unit_test(addresses_are_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
