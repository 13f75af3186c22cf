/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/log_json.h"

#include "../unit.h"

static void expect(const struct log_line *line, const char *want)
{
	json_t *entry = log_json(line);
	char *text = json_dumps(entry, JSON_COMPACT);

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
	json_decref(entry);
}

static void an_entry_has_the_protocols_shape(void **state)
{
	struct log_line line = {
		.sequence = 7,
		.wall_us = UINT64_C(1700000000000042),
		.level = LOG_LEVEL_NOTICE,
		.event = LOG_EVENT_READY,
		.message = "ready on \"x\"",
		.fields = "DHT_EVENT=ready\nDHT_ADDRESS=127.0.0.1:8470=x\n",
	};

	(void)state;
	expect(&line,
		"{\"sequence\":7,\"time\":\"2023-11-14T22:13:20.000042Z\",\"level\":\"notice\","
		"\"message\":\"ready on \\\"x\\\"\",\"event\":\"ready\",\"fields\":"
		"{\"DHT_EVENT\":\"ready\",\"DHT_ADDRESS\":\"127.0.0.1:8470=x\"}}");
}

static void a_line_without_event_has_none(void **state)
{
	struct log_line line = {.level = LOG_LEVEL_DEBUG, .event = -1};

	(void)state;
	expect(&line,
		"{\"sequence\":0,\"time\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"debug\","
		"\"message\":\"\",\"fields\":{}}");
}

static void check_fields(const char *fields, const char *want)
{
	struct log_line line = {.event = -1};

	snprintf(line.fields, sizeof(line.fields), "%s", fields);
	json_t *entry = log_json(&line);
	char *text = json_dumps(json_object_get(entry, "fields"), JSON_COMPACT);
	assert_string_equal(text, want);
	free(text);
	json_decref(entry);
}

static void only_fields_of_ours_are_shown(void **state)
{
	(void)state;
	check_fields("PRIORITY=3\nDHT_A=1\nDHT_B=\n", "{\"DHT_A\":\"1\",\"DHT_B\":\"\"}");
	check_fields("DHT_A=caf\xc3\xa9\n", "{\"DHT_A\":\"caf\xc3\xa9\"}");
	check_fields("", "{}");
}

static void the_longest_lines_fit(void **state)
{
	struct log_line line = {.event = -1};

	(void)state;
	memset(line.message, 'm', sizeof(line.message) - 1);
	memset(line.fields, 'x', sizeof(line.fields) - 1);
	memcpy(line.fields, "DHT_X=", 6);
	line.fields[sizeof(line.fields) - 2] = '\n';
	json_t *entry = log_json(&line);
	assert_non_null(entry);
	assert_int_equal(
		json_string_length(json_object_get(entry, "message")), sizeof(line.message) - 1);
	json_decref(entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_has_the_protocols_shape),
		cmocka_unit_test(a_line_without_event_has_none),
		cmocka_unit_test(only_fields_of_ours_are_shown),
		cmocka_unit_test(the_longest_lines_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
