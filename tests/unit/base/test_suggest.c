/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <string.h>

#include "base/suggest.h"

static const char *const names[] = {
	"get", "put", "drop", "want", "hash", "ping", "servers", "exit", "bench"};

static const char *nearest(const char *word)
{
	return suggest_nearest(word, names, COUNT(names));
}

static void distances_are_right(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "acb", 1}, {"abc", "abcd", 1}, {"abc", "bc", 1}, {"abc", "axc", 1},
		{"kitten", "sitting", 3}, {"ca", "abc", 3}, {"timeuot", "timeout", 1}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(suggest_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(suggest_distance(cases[i].b, cases[i].a), cases[i].distance);
	}
}

static void slips_are_understood(void **state)
{
	(void)state;
	assert_string_equal(nearest("gett"), "get");
	assert_string_equal(nearest("dorp"), "drop");
	assert_string_equal(nearest("pign"), "ping");
	assert_string_equal(nearest("sevres"), "servers");
	assert_string_equal(nearest("serv"), "servers");
	assert_string_equal(nearest("b"), "bench");
}

static void far_words_suggest_nothing(void **state)
{
	char longest[200];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(nearest("announce"));
	assert_null(nearest("p")); /* put or ping */
	assert_null(nearest(""));
	assert_null(nearest(longest));
	assert_null(suggest_nearest("get", names, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_are_right),
		cmocka_unit_test(slips_are_understood),
		cmocka_unit_test(far_words_suggest_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
