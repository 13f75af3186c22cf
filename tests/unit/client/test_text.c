/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "client/dht.h"

#include "../unit.h"

static void every_error_has_words_of_its_own(void **state)
{
	const char *seen[32];
	size_t count = 0;

	(void)state;
	for (int error = 0; error >= DHT_ERR_FULL; error--) {
		const char *text = dht_strerror(error);
		assert_true(strlen(text) > 4);
		assert_true(islower((unsigned char)text[0]));
		assert_true(text[strlen(text) - 1] != '.');
		assert_string_not_equal(text, "unknown error");
		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(text, seen[i]);
		seen[count++] = text;
	}
	assert_string_equal(dht_strerror(DHT_ERR_FULL - 1), "unknown error");
	assert_string_equal(dht_strerror(3), "no error");
}

static void the_version_is_numbers(void **state)
{
	unsigned major, minor;

	(void)state;
	assert_int_equal(sscanf(dht_version(), "%u.%u.", &major, &minor), 2);
}

static void addresses_there_and_back(void **state)
{
	struct dht_provider p = {.port = 8000};
	char text[DHT_ADDRESS_TEXT];

	(void)state;
	assert_int_equal(dht_ip_parse("192.0.2.7", p.ip), 0);
	assert_int_equal(p.ip[10], 0xff);
	dht_provider_format(&p, text);
	assert_string_equal(text, "192.0.2.7:8000");
	p.port = 0;
	dht_provider_format(&p, text);
	assert_string_equal(text, "192.0.2.7");
	assert_int_equal(dht_ip_parse("2001:db8::7", p.ip), 0);
	dht_provider_format(&p, text);
	assert_string_equal(text, "2001:db8::7");
	p.port = 65535;
	dht_provider_format(&p, text);
	assert_string_equal(text, "[2001:db8::7]:65535");
	memset(p.ip, 0xff, sizeof(p.ip));
	dht_provider_format(&p, text);
	assert_string_equal(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void what_is_no_address(void **state)
{
	uint8_t ip[16];

	(void)state;
	assert_int_equal(dht_ip_parse("", ip), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_ip_parse("192.0.2.7:80", ip), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_ip_parse("192.0.2", ip), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_ip_parse("localhost", ip), DHT_ERR_ARGUMENT);
	assert_int_equal(dht_ip_parse(NULL, ip), DHT_ERR_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_words_of_its_own),
		cmocka_unit_test(the_version_is_numbers),
		cmocka_unit_test(addresses_there_and_back),
		cmocka_unit_test(what_is_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
