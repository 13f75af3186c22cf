/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>

#include "base/err.h"

#include "../unit.h"

static void every_error_has_words_of_its_own(void **state)
{
	const char *texts[256];
	size_t n = 0;

	(void)state;
	for (int err = DHT_EINVAL; n < COUNT(texts); err++) {
		const char *text = err_text(err);
		if (strcmp(text, "unknown error") == 0)
			break;
		assert_true(strlen(text) > 0);
		assert_true(islower((unsigned char)text[0]));
		assert_int_not_equal(text[strlen(text) - 1], '.');
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(texts[i], text);
		texts[n++] = text;
	}
	assert_true(n >= DHT_ESTALE - DHT_EINVAL + 1);
	assert_true(n < COUNT(texts));
}

static void other_numbers_have_words_too(void **state)
{
	(void)state;
	assert_string_equal(err_text(DHT_OK), "no error");
	assert_string_equal(err_text(1), "unknown error");
	assert_string_equal(err_text(-1), "unknown error");
	assert_string_equal(err_text(DHT_EINVAL - 1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_words_of_its_own),
		cmocka_unit_test(other_numbers_have_words_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
