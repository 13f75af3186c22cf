/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "render.h"

static const struct column columns[] = {{.key = "kind"}, {.key = "hash"}, {.key = "port"}};

/* The fields of an object in an object are its row's. */
static void walk_event(struct writer *w)
{
	writer_rows(w, columns, 3);
	writer_open(w, NULL);
	writer_string(w, "kind", "appeared");
	writer_string(w, "hash", "00");
	writer_open(w, "provider");
	writer_integer(w, "port", 7);
	writer_close(w);
	writer_close(w);
}

static void walk_two_events(struct writer *w)
{
	walk_event(w);
	walk_event(w);
}

static void a_stream_is_written_at_once(void **state)
{
	(void)state;
	assert_rendered(
		OUTPUT_PLAIN, WRITER_STREAM, walk_two_events, "appeared 00 7\nappeared 00 7\n");
	assert_rendered(
		OUTPUT_TABLE, WRITER_STREAM, walk_two_events, "appeared 00 7\nappeared 00 7\n");
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, walk_event,
		"{\"kind\":\"appeared\",\"hash\":\"00\",\"provider\":{\"port\":7}}\n");
}

static void walk_inherited(struct writer *w)
{
	writer_rows(w, columns, 3);
	writer_open(w, NULL);
	writer_string(w, "kind", "root");
	writer_list(w, "list");
	writer_open(w, NULL);
	writer_integer(w, "port", 1);
	writer_close(w);
	writer_open(w, NULL);
	writer_string(w, "hash", "bb");
	writer_string(w, "kind", "own");
	writer_close(w);
	writer_close(w);
	writer_string(w, "hash", "too late");
	writer_close(w);
}

/* From around, the innermost first; a dash for what is not there; nothing from a row before. */
static void cells_come_from_around(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_PLAIN, 0, walk_inherited, "root - 1\nown bb -\n");
}

static void walk_negative(struct writer *w)
{
	json_t *value = json_pack("{s:i}", "port", -7);

	writer_rows(w, columns, 3);
	writer_open(w, NULL);
	writer_list(w, "list");
	writer_json(w, NULL, value);
	writer_close(w);
	writer_close(w);
	json_decref(value);
}

static void numbers_may_be_negative(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_PLAIN, 0, walk_negative, "- - -7\n");
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, walk_negative, "{\"list\":[{\"port\":-7}]}\n");
}

static void walk_controls(struct writer *w)
{
	writer_sheet(w, NULL, 0);
	writer_open(w, NULL);
	writer_string(w, "name", "a\nb\033[31mc\xc2\x9b");
	writer_close(w);
}

static void a_terminal_gets_no_control_characters(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_PLAIN, WRITER_TERMINAL, walk_controls, "name=a?b?[31mc??\n");
	assert_rendered(OUTPUT_TABLE, WRITER_TERMINAL, walk_controls, "name  a?b?[31mc??\n");
	assert_rendered(OUTPUT_PLAIN, 0, walk_controls, "name=a?b\033[31mc\xc2\x9b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_may_be_negative),
		cmocka_unit_test(a_stream_is_written_at_once),
		cmocka_unit_test(cells_come_from_around),
		cmocka_unit_test(a_terminal_gets_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
