/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "render.h"

static void a_document_is_indented(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_JSON, WRITER_COLOUR | WRITER_TERMINAL, render_get,
		"{\n"
		"  \"results\": [\n"
		"    {\n"
		"      \"hash\": \"deadbeef\",\n"
		"      \"providers\": [\n"
		"        {\n"
		"          \"ip\": \"192.0.2.7\",\n"
		"          \"port\": 8000,\n"
		"          \"ttlSeconds\": 1800\n"
		"        },\n"
		"        {\n"
		"          \"ip\": \"2001:db8::7\",\n"
		"          \"port\": 0,\n"
		"          \"ttlSeconds\": 5\n"
		"        }\n"
		"      ]\n"
		"    },\n"
		"    {\n"
		"      \"hash\": \"00\",\n"
		"      \"providers\": []\n"
		"    }\n"
		"  ]\n"
		"}\n");
}

static void a_stream_has_a_line_each(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, render_status,
		"{\"health\":\"degraded\",\"reasons\":[\"disk\",\"clock\"],\"members\":3,"
		"\"drained\":false,\"drops\":{\"malformed\":12}}\n");
}

static void walk_bytes(struct writer *w)
{
	writer_open(w, NULL);
	writer_string(w, "name", "a\xff\xc3\xa9\n\033");
	writer_string(w, "good", "\xc3\xa9");
	writer_close(w);
}

/* What is not UTF-8 does not spoil the document. */
static void what_is_not_utf8_does_no_harm(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, walk_bytes,
		"{\"name\":\"a???\\n\\u001B\",\"good\":\"\xc3\xa9\"}\n");
}

static void walk_controls(struct writer *w)
{
	writer_open(w, NULL);
	writer_string(w, "name",
		"\xc3\xa9\xc2\x9b"
		"31m");
	writer_close(w);
}

static void a_terminal_gets_no_control_characters(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_JSON, WRITER_STREAM | WRITER_TERMINAL, walk_controls,
		"{\"name\":\"\\u00E9\\u009B31m\"}\n");
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, walk_controls,
		"{\"name\":\"\xc3\xa9\xc2\x9b\x33\x31m\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_indented),
		cmocka_unit_test(a_stream_has_a_line_each),
		cmocka_unit_test(what_is_not_utf8_does_no_harm),
		cmocka_unit_test(a_terminal_gets_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
