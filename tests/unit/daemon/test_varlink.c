/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/varlink.h"

#include "../unit.h"

static int parse(struct varlink_call *call, const char *text)
{
	return varlink_parse(call, text, strlen(text));
}

static void expect_no_call(const char *text)
{
	struct varlink_call call;

	if (parse(&call, text) != DHT_EINVAL)
		fail_msg("taken for a call: %s", text);
}

static void a_call_has_an_interface_and_a_method(void **state)
{
	struct varlink_call call;

	(void)state;
	assert_int_equal(parse(&call, "{\"method\":\"org.dht.Control.GetStatus\"}"), 0);
	assert_string_equal(call.interface, "org.dht.Control");
	assert_string_equal(call.method, "GetStatus");
	assert_true(json_is_object(call.parameters));
	assert_int_equal(json_object_size(call.parameters), 0);
	assert_false(call.more);
	assert_false(call.oneway);
	varlink_call_fini(&call);
}

static void parameters_may_be_absent_null_or_empty(void **state)
{
	static const char *const texts[] = {
		"{\"method\":\"a.B\",\"parameters\":null}",
		"{\"method\":\"a.B\",\"parameters\":{}}",
		"{\"parameters\":{},\"method\":\"a.B\",\"more\":false,\"oneway\":false}",
		" {\n\"method\" : \"a.B\", \"upgrade\":false } \n",
	};
	struct varlink_call call;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(parse(&call, texts[i]), 0);
		assert_int_equal(json_object_size(call.parameters), 0);
		varlink_call_fini(&call);
	}
}

static void parameters_and_flags_are_kept(void **state)
{
	struct varlink_call call;

	(void)state;
	assert_int_equal(
		parse(&call, "{\"method\":\"a.B\",\"more\":true,\"parameters\":{\"x\":1}}"), 0);
	assert_true(call.more);
	assert_int_equal(json_integer_value(json_object_get(call.parameters, "x")), 1);
	varlink_call_fini(&call);
	assert_int_equal(parse(&call, "{\"method\":\"a.B\",\"oneway\":true}"), 0);
	assert_true(call.oneway);
	varlink_call_fini(&call);
}

static void what_is_no_call_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{}",
		"[]",
		"1",
		"null",
		"\"a.B\"",
		"[{\"method\":\"a.B\"}]",
		"{\"method\":\"a.B\"",
		"{\"method\":\"a.B\"} x",
		"{\"method\":\"a.B\"}{}",
		"{'method':'a.B'}",
		"{\"method\":1}",
		"{\"method\":null}",
		"{\"method\":\"\"}",
		"{\"method\":\"B\"}",
		"{\"method\":\".B\"}",
		"{\"method\":\"a.\"}",
		"{\"method\":\".\"}",
		"{\"method\":\"a.B\\u0000\"}",
		"{\"method\":\"a.B\xff\"}",
		"{\"method\":\"a.B\",\"parameters\":[]}",
		"{\"method\":\"a.B\",\"parameters\":\"x\"}",
		"{\"method\":\"a.B\",\"parameters\":false}",
		"{\"method\":\"a.B\",\"more\":1}",
		"{\"method\":\"a.B\",\"more\":null}",
		"{\"method\":\"a.B\",\"oneway\":\"true\"}",
		"{\"method\":\"a.B\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"a.B\",\"upgrade\":true}",
		"{\"method\":\"a.B\",\"continues\":true}",
		"{\"method\":\"a.B\",\"x\":1}",
		"{\"method\":\"a.B\",\"method\":\"a.B\"}",
		"{\"method\":\"a.B\",\"parameters\":{\"x\":1,\"x\":1}}",
		"{\"parameters\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		expect_no_call(texts[i]);
}

/* "a." and as many letters as make a name of this length. */
static void long_name(char *text, size_t size, size_t len)
{
	char name[2 * VARLINK_NAME_MAX] = "a.";

	memset(name + 2, 'B', len - 2);
	snprintf(text, size, "{\"method\":\"%s\"}", name);
}

static void a_name_has_a_limit(void **state)
{
	char text[3 * VARLINK_NAME_MAX];
	struct varlink_call call;

	(void)state;
	long_name(text, sizeof(text), VARLINK_NAME_MAX - 1);
	assert_int_equal(parse(&call, text), 0);
	assert_int_equal(strlen(call.method), VARLINK_NAME_MAX - 3);
	varlink_call_fini(&call);
	long_name(text, sizeof(text), VARLINK_NAME_MAX);
	expect_no_call(text);
}

static void deep_nesting_ends_it_and_nothing_else(void **state)
{
	static char text[60000];
	int head;

	(void)state;
	head = snprintf(text, sizeof(text), "{\"method\":\"a.B\",\"parameters\":{\"x\":");
	memset(text + head, '[', sizeof(text) - 1 - (size_t)head);
	expect_no_call(text);
}

/* Takes message. */
static void expect_message(char *message, const size_t *length, const char *want)
{
	assert_non_null(message);
	assert_int_equal(*length, strlen(want) + 1);
	assert_memory_equal(message, want, *length);
	free(message);
}

static void answers_have_their_keys_only(void **state)
{
	size_t len = 0;

	(void)state;
	expect_message(varlink_reply(NULL, false, &len), &len, "{\"parameters\":{}}");
	expect_message(varlink_reply(json_pack("{s:i}", "x", 1), true, &len), &len,
		"{\"parameters\":{\"x\":1},\"continues\":true}");
	expect_message(
		varlink_error("a.B", NULL, &len), &len, "{\"error\":\"a.B\",\"parameters\":{}}");
	expect_message(varlink_error("a.B", json_pack("{s:s}", "x", "\"\n\xc3\xa9"), &len), &len,
		"{\"error\":\"a.B\",\"parameters\":{\"x\":\"\\\"\\n\xc3\xa9\"}}");
}

static void a_nul_in_a_text_is_not_the_messages(void **state)
{
	json_t *parameters = json_object();
	size_t len = 0;

	(void)state;
	json_object_set_new(parameters, "x", json_stringn("a\0b", 3));
	expect_message(varlink_reply(parameters, false, &len), &len,
		"{\"parameters\":{\"x\":\"a\\u0000b\"}}");
}

/* Allocations that Jansson may still make; -1: all. */
static int allowed = -1;

static void *allocate(size_t size)
{
	if (allowed == 0) {
		allowed = -1; /* one fails, those after it do not */
		return NULL;
	}
	allowed -= allowed > 0;
	return malloc(size);
}

static void without_memory_there_is_no_message(void **state)
{
	static const char want[] = "{\"parameters\":{\"health\":\"healthy, for a long time\","
				   "\"reasons\":[],\"name\":\"default\",\"members\":1}}";
	int told = 0;

	(void)state;
	json_set_alloc_funcs(allocate, free);
	for (int k = 0; k < 60; k++) {
		size_t len = 0;
		json_t *parameters = json_pack("{s:s, s:[], s:s, s:i}", "health",
			"healthy, for a long time", "reasons", "name", "default", "members", 1);
		allowed = k;
		char *message = varlink_reply(parameters, false, &len);
		allowed = -1;
		if (!message)
			continue;
		assert_string_equal(message, want);
		told++;
		free(message);
	}
	json_set_alloc_funcs(malloc, free);
	assert_in_range(told, 1, 59);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_has_an_interface_and_a_method),
		cmocka_unit_test(parameters_may_be_absent_null_or_empty),
		cmocka_unit_test(parameters_and_flags_are_kept),
		cmocka_unit_test(what_is_no_call_is_refused),
		cmocka_unit_test(a_name_has_a_limit),
		cmocka_unit_test(deep_nesting_ends_it_and_nothing_else),
		cmocka_unit_test(answers_have_their_keys_only),
		cmocka_unit_test(a_nul_in_a_text_is_not_the_messages),
		cmocka_unit_test(without_memory_there_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
