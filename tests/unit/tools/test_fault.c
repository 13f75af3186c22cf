/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdlib.h>

#include "base/exitcode.h"
#include "tools/common/fault.h"

/* What is printed on both files. */
static void assert_printed(const struct fault *f, bool json, const char *out, const char *err)
{
	char *texts[2] = {0};
	size_t sizes[2];
	FILE *files[2] = {
		open_memstream(&texts[0], &sizes[0]), open_memstream(&texts[1], &sizes[1])};

	fault_print(f, "dht", json, files[0], files[1]);
	fclose(files[0]);
	fclose(files[1]);
	assert_string_equal(texts[0], out);
	assert_string_equal(texts[1], err);
	free(texts[0]);
	free(texts[1]);
}

static void a_fault_is_a_line(void **state)
{
	struct fault f = {0};

	(void)state;
	assert_int_equal(fault_set(&f, EXIT_UNREACHABLE, "unreachable", "is it running?",
				 "%s is %s", "a", "away"),
		3);
	assert_printed(&f, false, "", "dht: a is away: is it running?\n");
	f.hint[0] = '\0';
	assert_printed(&f, false, "", "dht: a is away\n");
}

static void a_fault_is_an_object(void **state)
{
	struct fault f = {0};

	(void)state;
	fault_set(&f, EXIT_USAGE, "usage", NULL, "'%s'", "\xff\"");
	assert_printed(&f, true,
		"{\n  \"error\": {\n    \"code\": \"usage\",\n    \"message\": \"'?\\\"'\",\n"
		"    \"hint\": \"\"\n  }\n}\n",
		"");
}

static void the_first_fault_stays(void **state)
{
	struct fault f = {0};

	(void)state;
	fault_set(&f, EXIT_USAGE, "usage", NULL, "first");
	assert_int_equal(fault_set(&f, EXIT_FAILED, "failed", "hint", "second"), EXIT_USAGE);
	fault_hint(&f, "%d of %d", 1, 2);
	assert_printed(&f, false, "", "dht: first: 1 of 2\n");
}

static void it_is_one_line_whatever_is_in_it(void **state)
{
	struct fault f = {0};

	(void)state;
	fault_set(&f, EXIT_USAGE, "usage", NULL, "a\nb\033c");
	assert_printed(&f, false, "", "dht: a?b?c\n");
}

static void a_full_output_does_not_hide_it(void **state)
{
	struct fault f = {0};
	FILE *full = fopen("/dev/full", "w");
	char *text = NULL;
	size_t size;
	FILE *err = open_memstream(&text, &size);

	(void)state;
	fault_set(&f, EXIT_FAILED, "output", NULL, "full");
	fault_print(&f, "dht", true, full, err);
	fclose(err);
	assert_string_equal(text, "dht: full\n");
	fclose(full);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_is_a_line),
		cmocka_unit_test(a_fault_is_an_object),
		cmocka_unit_test(the_first_fault_stays),
		cmocka_unit_test(it_is_one_line_whatever_is_in_it),
		cmocka_unit_test(a_full_output_does_not_hide_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
