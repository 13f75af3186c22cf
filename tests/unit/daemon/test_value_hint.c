/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "daemon/value_hint.h"

#include "../unit.h"

static void addresses(void **state)
{
	static const struct {
		const char *text;
		bool or_prefix;
		const char *hint;
	} cases[] = {
		{"localhost", false, ": names are not looked up here: write the address"},
		{"a-1.example", true, ": names are not looked up here: write the address"},
		{"127.0.0.300", false, ""},
		{"10.0.0.0/33", true, ""},
		{"", false, ""},
		{"192.0.2.7192.0.2.8", false, ": is a comma missing?"},
		{"::1192.0.2.8", false, ": is a comma missing?"},
		{"10.0.0.0/810.1.0.0/16", true, ": is a comma missing?"},
		{"10.0.0.0/8::1", true, ": is a comma missing?"},
		{"10.1.2.3/8::1", true, ": is a comma missing?"},
		{"10.0.0.0/8::1", false, ""},
	};
	char hint[VALUE_HINT_MAX], word[300];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		value_hint_address(cases[i].text, cases[i].or_prefix, hint);
		assert_string_equal(hint, cases[i].hint);
	}
	memset(word, 'x', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	value_hint_address(word, false, hint);
	assert_string_equal(hint, "");
}

static void prefixes(void **state)
{
	static const struct {
		const char *text, *hint;
	} cases[] = {
		{"10.1.2.3/8", ": 10.0.0.0/8, or 10.1.2.3 alone?"},
		{"192.0.2.255/25", ": 192.0.2.128/25, or 192.0.2.255 alone?"},
		{"10.1.2.3/0", ": 0.0.0.0/0, or 10.1.2.3 alone?"},
		{"2001:db8::7/32", ": 2001:db8::/32, or 2001:db8::7 alone?"},
		{"x", ""},
		{"x/8", ""},
	};
	char hint[VALUE_HINT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		value_hint_prefix(cases[i].text, hint);
		assert_string_equal(hint, cases[i].hint);
	}
}

static void durations_and_sizes(void **state)
{
	static const struct {
		const char *text;
		bool is_time;
		const char *hint;
	} cases[] = {
		{"10", true, ": \"10s\"?"},
		{"10 ", true, ": \"10s\"?"},
		{"10 s", true, ": write \"10s\""},
		{"10S", true, ": write \"10s\""},
		{"5 min", true, ": write \"5m\""},
		{"2hours", true, ": write \"2h\""},
		{"2 weeks", true, ""},
		{"1.5h", true, ""},
		{"soon", true, ""},
		{"", true, ""},
		{"64 MB", false, ": write \"64M\""},
		{"64MiB", false, ": write \"64M\""},
		{"64m", false, ": write \"64M\""},
		{"64 s", false, ""},
		{"64", true, ": \"64s\"?"},
	};
	char hint[VALUE_HINT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		value_hint_scaled(cases[i].text, cases[i].is_time, hint);
		assert_string_equal(hint, cases[i].hint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(durations_and_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
