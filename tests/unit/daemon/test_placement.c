/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/placement.h"

#include "../unit.h"

static struct placement placement;
static struct parts parts;
static struct view *view;

static struct addr server(uint8_t i)
{
	return (struct addr){ip_from_v4((uint8_t[]){192, 0, 2, i}), 8471};
}

/* Three servers, 0 is this one; slot 3 is empty, server 4 owns nothing. Even partitions are owned
 * by 0 and 1, odd ones by 1 and 2, the last by 2 alone. */
static int start(void **state)
{
	(void)state;
	memset(&parts, 0, sizeof(parts));
	view = view_new(5, 4);
	assert_non_null(view);
	view->replicas = 2;
	for (uint8_t i = 0; i < 5; i++)
		if (i != 3)
			view->members[i].id = server(i);
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		uint16_t *row = view->rows + 4 * p;
		row[0] = (uint16_t)(p % 2);
		row[1] = (uint16_t)(p % 2 + 1);
		row[2] = 2;
		row[3] = RING_NONE;
	}
	view->rows[4 * (TABLE_PARTITIONS - 1)] = 2;
	view->rows[4 * (TABLE_PARTITIONS - 1) + 1] = RING_NONE;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	view_free(view);
	return 0;
}

static void assert_json(const json_t *value, const char *want)
{
	char *text = json_dumps(value, JSON_COMPACT);

	assert_string_equal(text, want);
	free(text);
}

static json_t *take(uint32_t first, uint32_t count)
{
	placement_take(&placement, view, &parts, first, count);
	json_t *object = placement_json(&placement);
	assert_non_null(object);
	return object;
}

static void all_are_counted(void **state)
{
	(void)state;
	parts_set(&parts, 0, PART_PARTIAL);
	parts_set(&parts, 2, PART_COMPLETE);
	parts_set(&parts, 4, PART_COMPLETE);
	/* Others own these: it keeps them, whatever it has. */
	parts_set(&parts, 7, PART_COMPLETE);
	parts_set(&parts, 9, PART_PARTIAL);
	json_t *object = take(0, 0);
	assert_json(object,
		"{\"total\":16384,\"replicas\":2,\"own\":{\"none\":16379,\"partial\":1,"
		"\"complete\":2,\"kept\":2},\"servers\":["
		"{\"address\":\"192.0.2.0\",\"port\":8471,\"partitions\":8192,\"self\":true},"
		"{\"address\":\"192.0.2.1\",\"port\":8471,\"partitions\":16383,\"self\":false},"
		"{\"address\":\"192.0.2.2\",\"port\":8471,\"partitions\":8192,\"self\":false}],"
		"\"partitions\":[],\"next\":0}");
	json_decref(object);
}

static void rows_come_in_pages(void **state)
{
	(void)state;
	parts_set(&parts, 7, PART_PARTIAL);
	json_t *object = take(6, 2);
	assert_json(json_object_get(object, "partitions"),
		"[{\"partition\":6,\"state\":\"none\",\"owners\":[\"192.0.2.0:8471\","
		"\"192.0.2.1:8471\"]},{\"partition\":7,\"state\":\"partial\",\"owners\":["
		"\"192.0.2.1:8471\",\"192.0.2.2:8471\"]}]");
	assert_int_equal(json_integer_value(json_object_get(object, "next")), 8);
	json_decref(object);
	object = take(0, 100000);
	assert_int_equal(json_array_size(json_object_get(object, "partitions")), PLACEMENT_ROWS);
	assert_int_equal(json_integer_value(json_object_get(object, "next")), PLACEMENT_ROWS);
	json_decref(object);
	object = take(TABLE_PARTITIONS - 1, 10);
	assert_json(json_object_get(object, "partitions"),
		"[{\"partition\":16383,\"state\":\"none\",\"owners\":[\"192.0.2.2:8471\"]}]");
	assert_int_equal(json_integer_value(json_object_get(object, "next")), 0);
	json_decref(object);
}

static void who_is_alone_owns_all(void **state)
{
	struct addr self = server(7);

	(void)state;
	placement_alone(&placement, &self, 3, 1);
	json_t *object = placement_json(&placement);
	assert_json(object,
		"{\"total\":16384,\"replicas\":1,\"own\":{\"none\":0,\"partial\":0,"
		"\"complete\":16384,\"kept\":0},\"servers\":["
		"{\"address\":\"192.0.2.7\",\"port\":8471,\"partitions\":16384,\"self\":true}],"
		"\"partitions\":[{\"partition\":3,\"state\":\"complete\",\"owners\":["
		"\"192.0.2.7:8471\"]}],\"next\":4}");
	json_decref(object);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_are_counted),
		TEST(rows_come_in_pages),
		TEST(who_is_alone_owns_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
