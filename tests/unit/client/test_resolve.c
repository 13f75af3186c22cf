/* SPDX-License-Identifier: BSD-2-Clause */
#include <netdb.h>
#include <string.h>

#include "client/dht.h"
#include "client/resolve.h"

#include "../unit.h"

#define MAX 8

/* A list gives these addresses, in this order. */
static void gives(const char *list, const char *const *want, int n)
{
	struct resolved all[MAX];
	char text[ADDR_TEXT_MAX];

	assert_int_equal(resolve_servers(list, all, MAX), n);
	for (int i = 0; i < n; i++) {
		addr_format(&all[i].addr, text);
		assert_string_equal(text, want[i]);
		bool v4 = ip_is_v4(&all[i].addr.ip);
		assert_int_equal(all[i].to.ss_family, v4 ? AF_INET : AF_INET6);
	}
}

#define GIVES(list, ...)                                                                           \
	gives(list, (const char *const[]){__VA_ARGS__},                                            \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void addresses(void **state)
{
	(void)state;
	GIVES("192.0.2.7", "192.0.2.7:8470");
	GIVES("192.0.2.7:99", "192.0.2.7:99");
	GIVES("2001:db8::7", "[2001:db8::7]:8470");
	GIVES("[2001:db8::7]", "[2001:db8::7]:8470");
	GIVES("[2001:db8::7]:99", "[2001:db8::7]:99");
	GIVES("::ffff:192.0.2.7", "192.0.2.7:8470");
}

static void lists_keep_their_order_and_nothing_twice(void **state)
{
	(void)state;
	GIVES("192.0.2.2,192.0.2.1:5,[::1]:5", "192.0.2.2:8470", "192.0.2.1:5", "[::1]:5");
	GIVES(" 192.0.2.2 ,\t192.0.2.1", "192.0.2.2:8470", "192.0.2.1:8470");
	GIVES("192.0.2.2,192.0.2.2:8470,192.0.2.2:1", "192.0.2.2:8470", "192.0.2.2:1");
	GIVES("192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5,192.0.2.6,192.0.2.7,192.0.2.8,"
	      "192.0.2.9",
		"192.0.2.1:8470", "192.0.2.2:8470", "192.0.2.3:8470", "192.0.2.4:8470",
		"192.0.2.5:8470", "192.0.2.6:8470", "192.0.2.7:8470", "192.0.2.8:8470");
}

static void what_is_no_list(void **state)
{
	static const char *const bad[] = {"", ",", "192.0.2.7,", ",192.0.2.7", "192.0.2.7,,::1",
		"192.0.2.7:", "192.0.2.7:0", "192.0.2.7:65536", "192.0.2.7:x", "192.0.2.7:+5",
		"192.0.2.7 192.0.2.8", "[::1", "[::1]5", "[]", "[]:5", ":5", "192.0.2.7:123456789"};
	struct resolved all[MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(resolve_servers(bad[i], all, MAX), DHT_ERR_ARGUMENT);
}

static void names(void **state)
{
	struct resolved all[MAX];

	(void)state;
	/* RFC 6761: invalid is never there. */
	assert_int_equal(resolve_servers("nobody.invalid", all, MAX), DHT_ERR_RESOLVE);
	GIVES("nobody.invalid,192.0.2.7", "192.0.2.7:8470");
	/* localhost should always be, but a bare root has no /etc/hosts. */
	struct addrinfo *found = NULL;
	if (getaddrinfo("localhost", NULL, NULL, &found) != 0) {
		print_message("SKIP: this system does not know localhost\n");
		skip();
	}
	freeaddrinfo(found);
	int n = resolve_servers("localhost:5", all, MAX);
	assert_true(n >= 1);
	for (int i = 0; i < n; i++) {
		assert_true(ip_is_loopback(&all[i].addr.ip));
		assert_int_equal(all[i].addr.port, 5);
	}
}

static void an_address_that_is_known(void **state)
{
	static const char *const texts[] = {"192.0.2.7:80", "[2001:db8::7]:8470"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct resolved by_text;
		assert_int_equal(resolve_servers(texts[i], &by_text, 1), 1);
		struct resolved one = resolve_addr(&by_text.addr);
		assert_true(addr_equal(&one.addr, &by_text.addr));
		assert_int_equal(one.to_len, by_text.to_len);
		assert_memory_equal(&one.to, &by_text.to, one.to_len);
	}
}

static void the_address_of_ours_on_the_way(void **state)
{
	struct resolved server;
	char text[IP_TEXT_MAX];

	(void)state;
	assert_int_equal(resolve_servers("127.8.0.1", &server, 1), 1);
	struct ip ip = resolve_local(&server);
	ip_format(&ip, text);
	assert_string_equal(text, "127.0.0.1");
	server.to.ss_family = AF_UNIX;
	ip = resolve_local(&server);
	assert_true(ip_is_unspecified(&ip));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(lists_keep_their_order_and_nothing_twice),
		cmocka_unit_test(what_is_no_list),
		cmocka_unit_test(names),
		cmocka_unit_test(an_address_that_is_known),
		cmocka_unit_test(the_address_of_ours_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
