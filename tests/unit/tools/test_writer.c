/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <errno.h>

#include "render.h"

static const enum output outputs[] = {OUTPUT_TABLE, OUTPUT_PLAIN, OUTPUT_JSON};

static void walk_json(struct writer *w)
{
	json_t *value = json_pack(
		"{s:s, s:[i, b], s:{s:n, s:i}}", "a", "text", "b", 7, 1, "c", "nothing", "d", 8);

	writer_sheet(w, NULL, 0);
	writer_json(w, NULL, value);
	json_decref(value);
}

static void a_json_value_is_walked(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_PLAIN, 0, walk_json, "a=text\nb=7\nb=yes\nc.d=8\n");
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, walk_json,
		"{\"a\":\"text\",\"b\":[7,true],\"c\":{\"nothing\":null,\"d\":8}}\n");
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(outputs); i++) {
		FILE *full = fopen("/dev/full", "w");
		struct writer *w = writer_new(outputs[i], full, 0);

		assert_false(writer_failed(w));
		render_get(w);
		assert_true(writer_failed(w));
		assert_int_equal(writer_finish(w), -1);
		assert_int_equal(errno, ENOSPC);
		fclose(full);
	}
}

static void no_writer_is_no_memory(void **state)
{
	(void)state;
	render_get(NULL);
	render_status(NULL);
	assert_true(writer_failed(NULL));
	assert_int_equal(writer_finish(NULL), -1);
	assert_int_equal(errno, ENOMEM);
}

static void outputs_have_names(void **state)
{
	(void)state;
	assert_string_equal(output_names[OUTPUT_TABLE - 1], "table");
	assert_string_equal(output_names[OUTPUT_PLAIN - 1], "plain");
	assert_string_equal(output_names[OUTPUT_JSON - 1], "json");
	assert_null(output_names[OUTPUT_JSON]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_json_value_is_walked),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(no_writer_is_no_memory),
		cmocka_unit_test(outputs_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
