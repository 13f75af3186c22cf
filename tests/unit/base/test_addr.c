/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"

#include "../unit.h"

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static void ip_reads_and_writes(void **state)
{
	static const struct {
		const char *in, *out;
		uint8_t bytes[16];
	} cases[] = {
		{"192.0.2.7", "192.0.2.7", {[10] = 0xff, 0xff, 192, 0, 2, 7}},
		{"::ffff:192.0.2.7", "192.0.2.7", {[10] = 0xff, 0xff, 192, 0, 2, 7}},
		{"::ffff:c000:207", "192.0.2.7", {[10] = 0xff, 0xff, 192, 0, 2, 7}},
		{"0.0.0.0", "0.0.0.0", {[10] = 0xff, 0xff}},
		{"::", "::", {0}},
		{"::1", "::1", {[15] = 1}},
		{"2001:DB8:0::7", "2001:db8::7", {0x20, 1, 0x0d, 0xb8, [15] = 7}},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				0xff, 0xff, 0xff, 0xff}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[IP_TEXT_MAX];
		struct ip ip = ip_of(cases[i].in);
		assert_memory_equal(ip.b, cases[i].bytes, sizeof(ip.b));
		ip_format(&ip, text);
		assert_string_equal(text, cases[i].out);
	}
}

static void ip_refuses_other_text(void **state)
{
	static const char *const bad[] = {"", " ", "192.0.2", "192.0.2.256", "192.0.2.7 ",
		" 192.0.2.7", "192.0.2.7:80", "[::1]", ":::", "1::2::3", "2001:db8::g",
		"fe80::1%eth0", "localhost", "10.0.0.0/8"};
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(ip_parse(bad[i], &ip), DHT_EMALFORMED);
}

static void ip_kinds(void **state)
{
	enum { V4 = 1, UNSPECIFIED = 2, LOOPBACK = 4, UNICAST = 8 };
	static const struct {
		const char *text;
		int kinds;
	} cases[] = {
		{"192.0.2.7", V4 | UNICAST},
		{"10.0.0.1", V4 | UNICAST},
		{"169.254.1.1", V4 | UNICAST},
		{"127.0.0.1", V4 | LOOPBACK | UNICAST},
		{"127.255.255.254", V4 | LOOPBACK | UNICAST},
		{"128.0.0.1", V4 | UNICAST},
		{"0.0.0.0", V4 | UNSPECIFIED},
		{"0.0.0.1", V4},
		{"223.255.255.255", V4 | UNICAST},
		{"224.0.0.1", V4},
		{"239.255.255.255", V4},
		{"255.255.255.255", V4},
		{"::", UNSPECIFIED},
		{"::1", LOOPBACK | UNICAST},
		{"::2", UNICAST},
		{"2001:db8::1", UNICAST},
		{"fe80::1", UNICAST},
		{"fc00::1", UNICAST},
		{"ff02::1", 0},
		/* The IPv4-compatible form is an IPv6 address like any other. */
		{"::127.0.0.1", UNICAST},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip = ip_of(cases[i].text);
		int kinds = (ip_is_v4(&ip) ? V4 : 0) | (ip_is_unspecified(&ip) ? UNSPECIFIED : 0) |
		            (ip_is_loopback(&ip) ? LOOPBACK : 0) |
		            (ip_is_unicast(&ip) ? UNICAST : 0);
		assert_int_equal(kinds, cases[i].kinds);
	}
}

static void ip_and_addr_compare_every_byte(void **state)
{
	struct addr a = {ip_of("2001:db8::7"), 8470}, b = a;

	(void)state;
	assert_true(addr_equal(&a, &b));
	for (size_t i = 0; i < sizeof(b.ip.b); i++) {
		b = a;
		b.ip.b[i] ^= 1;
		assert_false(ip_equal(&a.ip, &b.ip));
		assert_false(addr_equal(&a, &b));
	}
	b = a;
	b.port++;
	assert_true(ip_equal(&a.ip, &b.ip));
	assert_false(addr_equal(&a, &b));
	uint8_t v4[4] = {192, 0, 2, 7};
	struct ip made = ip_from_v4(v4), read = ip_of("192.0.2.7");
	assert_true(ip_equal(&made, &read));
}

static void addr_order_is_that_of_the_bytes(void **state)
{
	static const char *const rising[] = {"10.0.0.9:8471", "10.0.0.10:80", "10.0.0.10:8471",
		"192.0.2.1:1", "[2001:db8::1]:1"};
	struct addr a, b;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(rising) / sizeof(rising[0]); i++) {
		assert_int_equal(addr_parse(rising[i], 0, &a), 0);
		assert_int_equal(addr_parse(rising[i + 1], 0, &b), 0);
		assert_true(addr_cmp(&a, &b) < 0);
		assert_true(addr_cmp(&b, &a) > 0);
		assert_int_equal(addr_cmp(&a, &a), 0);
	}
}

static void addr_reads_and_writes(void **state)
{
	static const struct {
		const char *in;
		uint16_t default_port;
		const char *out;
	} cases[] = {
		{"192.0.2.7", 8470, "192.0.2.7:8470"},
		{"192.0.2.7:1", 8470, "192.0.2.7:1"},
		{"192.0.2.7:65535", 8470, "192.0.2.7:65535"},
		{"192.0.2.7:0", 0, "192.0.2.7:0"},
		{"[192.0.2.7]:80", 8470, "192.0.2.7:80"},
		{"2001:db8::7", 8470, "[2001:db8::7]:8470"},
		{"[2001:db8::7]", 8470, "[2001:db8::7]:8470"},
		{"[2001:db8::7]:9", 8470, "[2001:db8::7]:9"},
		{"::", 8470, "[::]:8470"},
		{"[::ffff:192.0.2.7]:80", 8470, "192.0.2.7:80"},
		{"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 1,
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a;
		assert_int_equal(addr_parse(cases[i].in, cases[i].default_port, &a), 0);
		addr_format(&a, text);
		assert_string_equal(text, cases[i].out);
	}
}

static void addr_refuses_other_text(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"", DHT_EMALFORMED},
		{":", DHT_EMALFORMED},
		{":80", DHT_EMALFORMED},
		{"192.0.2.7:", DHT_EMALFORMED},
		{"192.0.2.7:80x", DHT_EMALFORMED},
		{"192.0.2.7:-1", DHT_EMALFORMED},
		{"192.0.2.7:+1", DHT_EMALFORMED},
		{"192.0.2.7: 1", DHT_EMALFORMED},
		{"192.0.2.7:65536", DHT_ERANGE},
		{"192.0.2.7:99999999999999999999", DHT_ERANGE},
		{"192.0.2.7:0", DHT_ERANGE},
		{"[]:80", DHT_EMALFORMED},
		{"[::1", DHT_EMALFORMED},
		{"[::1]80", DHT_EMALFORMED},
		{"[::1]:", DHT_EMALFORMED},
		{"::1]:80", DHT_EMALFORMED},
		{"example.org:80", DHT_EMALFORMED},
		{"[0000000000000000000000000000000000000000000000000000000001]:1", DHT_EMALFORMED},
	};
	struct addr a = {.port = 4711};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(addr_parse(cases[i].text, 8470, &a), cases[i].err);
	assert_int_equal(a.port, 4711);
}

static void prefix_reads_and_writes(void **state)
{
	static const struct {
		const char *in;
		uint8_t len;
		const char *out;
	} cases[] = {
		{"10.0.0.0/8", 104, "10.0.0.0/8"},
		{"0.0.0.0/0", 96, "0.0.0.0/0"},
		{"192.0.2.7", 128, "192.0.2.7/32"},
		{"192.0.2.7/32", 128, "192.0.2.7/32"},
		{"192.0.2.128/25", 121, "192.0.2.128/25"},
		{"::ffff:192.0.2.0/120", 120, "192.0.2.0/24"},
		{"::/0", 0, "::/0"},
		{"::1", 128, "::1/128"},
		{"fc00::/7", 7, "fc00::/7"},
		{"2001:db8::/32", 32, "2001:db8::/32"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 128,
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[PREFIX_TEXT_MAX];
		struct prefix p;
		assert_int_equal(prefix_parse(cases[i].in, &p), 0);
		assert_int_equal(p.len, cases[i].len);
		prefix_format(&p, text);
		assert_string_equal(text, cases[i].out);
	}
}

static void prefix_refuses_other_text(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"", DHT_EMALFORMED},
		{"/8", DHT_EMALFORMED},
		{"10.0.0.0/", DHT_EMALFORMED},
		{"10.0.0.0/x", DHT_EMALFORMED},
		{"10.0.0.0/8/8", DHT_EMALFORMED},
		{"10.0.0.0/33", DHT_ERANGE},
		{"::/129", DHT_ERANGE},
		{"::/65536", DHT_ERANGE},
		{"10.0.0.1/8", DHT_EINVAL},
		{"10.0.0.1/31", DHT_EINVAL},
		{"2001:db8::1/127", DHT_EINVAL},
		{"::1/0", DHT_EINVAL},
	};
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(prefix_parse(cases[i].text, &p), cases[i].err);
}

static void prefix_contains_what_its_bits_say(void **state)
{
	static const struct {
		const char *prefix, *ip;
		bool inside;
	} cases[] = {
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
		{"172.16.0.0/12", "172.31.0.1", true},
		{"172.16.0.0/12", "172.32.0.1", false},
		{"192.0.2.7/32", "192.0.2.7", true},
		{"192.0.2.7/32", "192.0.2.6", false},
		{"0.0.0.0/0", "192.0.2.7", true},
		{"0.0.0.0/0", "::1", false},
		{"::/0", "2001:db8::1", true},
		{"::/0", "192.0.2.7", false},
		{"fc00::/7", "fdff::1", true},
		{"fc00::/7", "fe00::1", false},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"::1/128", "::1", true},
		{"::1/128", "::", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip = ip_of(cases[i].ip);
		struct prefix p;
		assert_int_equal(prefix_parse(cases[i].prefix, &p), 0);
		assert_int_equal(prefix_contains(&p, &ip), cases[i].inside);
	}
}

static void sockaddr_there_and_back(void **state)
{
	static const struct {
		const char *text;
		bool v4_socket;
		sa_family_t family;
		socklen_t len;
	} cases[] = {
		{"192.0.2.7:8470", true, AF_INET, sizeof(struct sockaddr_in)},
		{"192.0.2.7:8470", false, AF_INET6, sizeof(struct sockaddr_in6)},
		{"[2001:db8::7]:8470", false, AF_INET6, sizeof(struct sockaddr_in6)},
		{"[2001:db8::7]:8470", true, AF_INET6, sizeof(struct sockaddr_in6)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sockaddr_storage ss;
		struct addr a, b;
		assert_int_equal(addr_parse(cases[i].text, 0, &a), 0);
		assert_int_equal(addr_to_sockaddr(&a, cases[i].v4_socket, &ss), cases[i].len);
		assert_int_equal(ss.ss_family, cases[i].family);
		assert_int_equal(addr_from_sockaddr(&ss, &b), 0);
		assert_true(addr_equal(&a, &b));
	}
	struct sockaddr_storage local = {.ss_family = AF_UNIX};
	struct addr a;
	assert_int_equal(addr_from_sockaddr(&local, &a), DHT_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_reads_and_writes),
		cmocka_unit_test(ip_refuses_other_text),
		cmocka_unit_test(ip_kinds),
		cmocka_unit_test(ip_and_addr_compare_every_byte),
		cmocka_unit_test(addr_order_is_that_of_the_bytes),
		cmocka_unit_test(addr_reads_and_writes),
		cmocka_unit_test(addr_refuses_other_text),
		cmocka_unit_test(prefix_reads_and_writes),
		cmocka_unit_test(prefix_refuses_other_text),
		cmocka_unit_test(prefix_contains_what_its_bits_say),
		cmocka_unit_test(sockaddr_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
