/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "daemon/statsjson.h"

#include "../unit.h"

static const char *const groups[] = {
	"requests", "answers", "drops", "events", "peerDrops", "cluster"};
static const char *const control_names[] = {"accepted", "refused", "cutOff", "calls", "denied"};
static const struct control_counts counts = {
	.accepted = 11, .refused = 12, .cut_off = 13, .calls = 14, .denied = 15};
static const struct {
	const char *name;
	json_int_t value;
} numbers[] = {
	{"records", 1},
	{"tombstones", 2},
	{"hashes", 3},
	{"watchers", 4},
	{"memoryBytes", INT64_C(1) << 40},
};

static json_int_t number(const json_t *object, const char *name)
{
	const json_t *n = json_object_get(object, name);

	assert_non_null(n);
	assert_true(json_is_integer(n));
	return json_integer_value(n);
}

static void every_counter_is_there(void **state)
{
	uint64_t n[STATS_COUNT];
	struct table_usage table = {
		.records = 1, .tombstones = 2, .hashes = 3, .memory = UINT64_C(1) << 40};
	struct watch_usage watch = {.watchers = 4};
	size_t members = 0;

	(void)state;
	for (size_t i = 0; i < STATS_COUNT; i++)
		n[i] = 1000 + i;
	json_t *object = statsjson_new(n, &table, &watch, &counts);
	assert_non_null(object);
	for (size_t i = 0; i < STATS_COUNT; i++) {
		const struct stats_info *info = stats_info((enum stats_id)i);
		const json_t *group = json_object_get(object, groups[info->group]);
		assert_int_equal(number(group, info->name), 1000 + i);
	}
	for (size_t i = 0; i < COUNT(groups); i++)
		members += json_object_size(json_object_get(object, groups[i]));
	assert_int_equal(members, STATS_COUNT);
	assert_int_equal(json_object_size(object), COUNT(groups) + 1 + COUNT(numbers));
	const json_t *control = json_object_get(object, "control");
	assert_int_equal(json_object_size(control), COUNT(control_names));
	for (size_t i = 0; i < COUNT(control_names); i++)
		assert_int_equal(number(control, control_names[i]), 11 + i);
	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_int_equal(number(object, numbers[i].name), numbers[i].value);
	json_decref(object);
}

static void zeros_are_there_too_and_the_order_stands(void **state)
{
	uint64_t n[STATS_COUNT] = {0};
	struct table_usage table = {0};
	struct watch_usage watch = {0};

	(void)state;
	json_t *object = statsjson_new(n, &table, &watch, &counts);
	char *text = json_dumps(object, JSON_COMPACT);
	static const char head[] = "{\"requests\":{\"get\":0,\"put\":0,\"want\":0,\"exit\":0,";
	assert_memory_equal(text, head, strlen(head));
	const char *last = text;
	for (size_t i = 0; i < COUNT(groups); i++) {
		const char *found = strstr(text, groups[i]);
		assert_true(found > last);
		last = found;
	}
	assert_non_null(strstr(text, "\"records\":0,\"tombstones\":0,\"hashes\":0,\"watchers\":0,"
				     "\"memoryBytes\":0}"));
	free(text);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_is_there),
		cmocka_unit_test(zeros_are_there_too_and_the_order_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
