/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "daemon/server_name.h"

#include "../unit.h"

static void good_ones_are_taken(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		const char *printed; /* NULL: as text */
	} cases[] = {
		{"192.0.2.7", "192.0.2.7", 0, NULL},
		{"192.0.2.7:1", "192.0.2.7", 1, NULL},
		{"192.0.2.7:65535", "192.0.2.7", 65535, NULL},
		{"2001:DB8::7", "2001:db8::7", 0, "2001:db8::7"},
		{"[2001:db8::7]", "2001:db8::7", 0, "2001:db8::7"},
		{"[2001:db8::7]:8471", "2001:db8::7", 8471, NULL},
		{"[::ffff:192.0.2.7]:8471", "192.0.2.7", 8471, "192.0.2.7:8471"},
		{"a", "a", 0, NULL},
		{"a-b.3com.example.org", "a-b.3com.example.org", 0, NULL},
		{"dht.example.org:8471", "dht.example.org", 8471, NULL},
		{"dht.example.org.:8471", "dht.example.org.", 8471, NULL},
		{"1.2.3.a", "1.2.3.a", 0, NULL},
	};
	char text[SERVER_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct server_name s;
		assert_int_equal(server_name_parse(cases[i].text, &s), 0);
		assert_string_equal(s.host, cases[i].host);
		assert_int_equal(s.port, cases[i].port);
		server_name_format(&s, text);
		assert_string_equal(text, cases[i].printed ? cases[i].printed : cases[i].text);
		for (size_t j = strlen(s.host); j < sizeof(s.host); j++)
			assert_int_equal(s.host[j], 0);
	}
}

static void bad_ones_are_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"", DHT_EMALFORMED},
		{":", DHT_EMALFORMED},
		{":8471", DHT_EMALFORMED},
		{"a:", DHT_EMALFORMED},
		{"a:0", DHT_EMALFORMED},
		{"a:08471", DHT_EMALFORMED},
		{"a:65536", DHT_EMALFORMED},
		{"a:4294975767", DHT_EMALFORMED},
		{"a:+1", DHT_EMALFORMED},
		{"a: 1", DHT_EMALFORMED},
		{"a:1x", DHT_EMALFORMED},
		{"a b", DHT_EMALFORMED},
		{" a", DHT_EMALFORMED},
		{"a_b", DHT_EMALFORMED},
		{"-a", DHT_EMALFORMED},
		{"a-", DHT_EMALFORMED},
		{"a.-b.c", DHT_EMALFORMED},
		{".a", DHT_EMALFORMED},
		{"a..b", DHT_EMALFORMED},
		{"a..", DHT_EMALFORMED},
		{".", DHT_EMALFORMED},
		{"b\xc3\xbc.example", DHT_EMALFORMED},
		{"192.0.2", DHT_EMALFORMED},
		{"192.0.2.300", DHT_EMALFORMED},
		{"a.300", DHT_EMALFORMED},
		{"8471", DHT_EMALFORMED},
		{"2001:db8::7:8471x", DHT_EMALFORMED},
		{"[192.0.2.7]:8471", DHT_EMALFORMED},
		{"[a]:8471", DHT_EMALFORMED},
		{"[2001:db8::7", DHT_EMALFORMED},
		{"[2001:db8::7]8471", DHT_EMALFORMED},
		{"[2001:db8::7]:", DHT_EMALFORMED},
		{"[]:1", DHT_EMALFORMED},
		{"2001:db8::7]:1", DHT_EMALFORMED},
		{"0.0.0.0", DHT_EINVAL},
		{"[::]:8471", DHT_EINVAL},
		{"224.0.0.1:8471", DHT_EINVAL},
		{"ff02::1", DHT_EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct server_name s = {.port = 7};
		assert_int_equal(server_name_parse(cases[i].text, &s), cases[i].err);
		assert_int_equal(s.port, 7);
	}
}

/* A name of so many labels of so many letters. */
static void make_name(char *to, size_t labels, size_t letters)
{
	for (size_t i = 0; i < labels; i++) {
		memset(to, 'a', letters);
		to[letters] = '.';
		to += letters + 1;
	}
	*to = '\0';
}

static void names_have_a_length(void **state)
{
	char text[600], printed[SERVER_NAME_MAX];
	struct server_name s;

	(void)state;
	make_name(text, 1, 63);
	assert_int_equal(server_name_parse(text, &s), 0);
	make_name(text, 1, 64);
	assert_int_equal(server_name_parse(text, &s), DHT_EMALFORMED);
	make_name(text, 127, 1);
	strcat(text, ":65535");
	assert_int_equal(server_name_parse(text, &s), 0);
	server_name_format(&s, printed);
	assert_string_equal(printed, text);
	make_name(text, 128, 1);
	assert_int_equal(server_name_parse(text, &s), DHT_EMALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones_are_taken),
		cmocka_unit_test(bad_ones_are_refused),
		cmocka_unit_test(names_have_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
