/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "render.h"

static void a_row_is_a_line(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_PLAIN, 0, render_get,
		"deadbeef 192.0.2.7 8000 1800\n"
		"deadbeef 2001:db8::7 0 5\n");
}

static void a_sheet_is_names_and_values(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_PLAIN, 0, render_status,
		"health=degraded\n"
		"reasons=disk\n"
		"reasons=clock\n"
		"drops.malformed=12\n");
}

/* No colours, whoever asks. */
static void there_are_no_colours(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_AUTO, WRITER_COLOUR, render_get,
		"deadbeef 192.0.2.7 8000 1800\n"
		"deadbeef 2001:db8::7 0 5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_a_line),
		cmocka_unit_test(a_sheet_is_names_and_values),
		cmocka_unit_test(there_are_no_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
