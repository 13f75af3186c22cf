/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "daemon/log_text.h"

#include "../unit.h"

static void expect_clean(const char *from, const char *want)
{
	char text[100];

	strcpy(text, from);
	log_text_clean(text);
	assert_string_equal(text, want);
}

static void a_line_is_text(void **state)
{
	(void)state;
	expect_clean("", "");
	expect_clean("one two", "one two");
	expect_clean("a\nb\tc\x1b[2Jd\x7f", "a b c [2Jd ");
	expect_clean("Grüße\n", "Grüße ");
	expect_clean("a\xff\xc3\xbc", "a???");
}

static void a_copy_has_whole_characters(void **state)
{
	static const struct {
		size_t size;
		const char *want;
	} cases[] = {{1, ""}, {2, "a"}, {3, "a"}, {4, "aü"}, {5, "aüb"}, {6, "aüb"}};
	char to[6];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(log_text_copy(to, cases[i].size, "aüb"), strlen(cases[i].want));
		assert_string_equal(to, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_text),
		cmocka_unit_test(a_copy_has_whole_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
