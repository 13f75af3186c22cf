/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "render.h"

static void rows_are_aligned(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_TABLE, 0, render_get,
		"HASH      ADDRESS      PORT  LEFT\n"
		"deadbeef  192.0.2.7    8000  soon\n"
		"deadbeef  2001:db8::7     0  soon\n");
}

static void colours_are_outside_of_the_padding(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_TABLE, WRITER_COLOUR, render_get,
		"\033[1mHASH\033[0m      \033[1mADDRESS\033[0m      \033[1mPORT\033[0m  "
		"\033[1mLEFT\033[0m\n"
		"deadbeef  192.0.2.7    \033[32m8000\033[0m  soon\n"
		"deadbeef  2001:db8::7     \033[31m0\033[0m  soon\n");
}

static void a_sheet_is_titles_and_values(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_TABLE, 0, render_status,
		"health               degraded\n"
		"reason               disk\n"
		"reason               clock\n"
		"malformed datagrams  12\n");
}

static void walk_utf8(struct writer *w)
{
	static const struct column columns[] = {{.key = "a"}, {.key = "b"}};

	writer_rows(w, columns, 2);
	writer_open(w, NULL);
	writer_list(w, "rows");
	for (int i = 0; i < 2; i++) {
		writer_open(w, NULL);
		writer_string(w, "a", i == 0 ? "\xc3\xa9\xc3\xa9" : "eee");
		writer_string(w, "b", "x");
		writer_close(w);
	}
	writer_close(w);
	writer_close(w);
}

/* Characters are counted, not bytes; without titles there is no head. */
static void characters_are_counted(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_TABLE, 0, walk_utf8, "\xc3\xa9\xc3\xa9   x\neee  x\n");
}

static void walk_many(struct writer *w)
{
	static const struct column columns[] = {{.key = "n", .right = true}};

	writer_rows(w, columns, 1);
	writer_open(w, NULL);
	writer_list(w, "rows");
	for (unsigned i = 1; i <= 1000; i++) {
		writer_open(w, NULL);
		writer_integer(w, "n", i);
		writer_close(w);
	}
	writer_close(w);
	writer_close(w);
}

static void many_rows_are_kept(void **state)
{
	char *text = render(OUTPUT_TABLE, 0, walk_many);

	(void)state;
	assert_int_equal(strlen(text), 1000 * 5);
	assert_memory_equal(text, "   1\n   2\n", 10);
	free(text);
}

static void walk_none(struct writer *w)
{
	writer_rows(w, render_columns, sizeof(render_columns) / sizeof(render_columns[0]));
	writer_open(w, NULL);
	writer_list(w, "rows");
	writer_close(w);
	writer_close(w);
}

static void without_a_row_there_is_no_head(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_TABLE, 0, walk_none, "");
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, walk_none, "{\"rows\":[]}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_aligned),
		cmocka_unit_test(colours_are_outside_of_the_padding),
		cmocka_unit_test(a_sheet_is_titles_and_values),
		cmocka_unit_test(characters_are_counted),
		cmocka_unit_test(many_rows_are_kept),
		cmocka_unit_test(without_a_row_there_is_no_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
