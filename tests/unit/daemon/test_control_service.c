/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "daemon/control_service.h"

#include "../unit.h"

/* What the methods of the test were called with. */
struct owner {
	int reads, changes, freed;
	int64_t number;
};

static struct control_answer read_it(void *arg, const struct control_call *call)
{
	struct owner *o = arg;

	o->reads++;
	o->number = json_integer_value(json_object_get(call->parameters, "number"));
	return (struct control_answer){.parameters = json_pack("{s:i}", "answer", 42)};
}

static struct control_answer change_it(void *arg, const struct control_call *call)
{
	struct owner *o = arg;

	o->changes++;
	assert_true(call->peer->may_change);
	return (struct control_answer){.parameters = NULL};
}

static json_t *next(void *state, bool *last)
{
	(void)state;
	(void)last;
	return NULL;
}

static void done(void *state)
{
	struct owner *o = state;

	o->freed++;
}

static struct control_answer stream_it(void *arg, const struct control_call *call)
{
	(void)call;
	return (struct control_answer){.stream = {.next = next, .done = done, .state = arg}};
}

static const struct control_method methods[] = {
	{"Read", CONTROL_READ, false, read_it},
	{"Change", CONTROL_CHANGE, false, change_it},
	{"Stream", CONTROL_READ, true, stream_it},
};

static const struct control_interface interface = {
	.name = "org.test",
	.description = "interface org.test\n",
	.methods = methods,
	.method_count = COUNT(methods),
};

static struct owner owner;
static struct control_service service;
static const struct control_peer stranger = {.uid = 1, .gid = 2, .pid = 3};
static const struct control_peer admin = {.may_change = true};

static int start(void **state)
{
	(void)state;
	owner = (struct owner){0};
	service = (struct control_service){.interface = &interface, .owner = &owner};
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}

static struct control_answer ask(const char *text, const struct control_peer *peer)
{
	struct varlink_call call;

	assert_int_equal(varlink_parse(&call, text, strlen(text)), 0);
	struct control_answer answer = control_service_answer(&service, &call, peer);
	varlink_call_fini(&call);
	assert_false(answer.no_memory);
	return answer;
}

/* error: behind "org.varlink.service."; key and what: its parameter, NULL: none. */
static void expect_error(const char *text, const char *error, const char *key, const char *what)
{
	struct control_answer a = ask(text, &stranger);
	static const char service_name[] = "org.varlink.service.";

	assert_non_null(a.error);
	assert_memory_equal(a.error, service_name, sizeof(service_name) - 1);
	assert_string_equal(a.error + sizeof(service_name) - 1, error);
	if (key)
		assert_string_equal(json_string_value(json_object_get(a.parameters, key)), what);
	else
		assert_null(a.parameters);
	control_answer_release(&a);
}

static void a_method_gets_its_parameters(void **state)
{
	struct control_answer a;

	(void)state;
	a = ask("{\"method\":\"org.test.Read\",\"parameters\":{\"number\":7}}", &stranger);
	assert_null(a.error);
	assert_int_equal(json_integer_value(json_object_get(a.parameters, "answer")), 42);
	assert_int_equal(owner.reads, 1);
	assert_int_equal(owner.number, 7);
	assert_int_equal(service.calls, 1);
	control_answer_release(&a);
}

static void what_is_not_there_is_named(void **state)
{
	(void)state;
	expect_error(
		"{\"method\":\"org.other.Read\"}", "InterfaceNotFound", "interface", "org.other");
	expect_error("{\"method\":\"org.tes.Read\"}", "InterfaceNotFound", "interface", "org.tes");
	expect_error("{\"method\":\"org.test.read\"}", "MethodNotFound", "method", "org.test.read");
	expect_error("{\"method\":\"org.varlink.service.Get\"}", "MethodNotFound", "method",
		"org.varlink.service.Get");
	assert_int_equal(owner.reads, 0);
	assert_int_equal(service.calls, 4);
}

static void strangers_change_nothing(void **state)
{
	uint64_t sequence = log_newest(), lost;
	struct log_line line;

	(void)state;
	expect_error("{\"method\":\"org.test.Change\"}", "PermissionDenied", NULL, NULL);
	expect_error("{\"method\":\"org.test.Change\"}", "PermissionDenied", NULL, NULL);
	assert_int_equal(owner.changes, 0);
	assert_int_equal(service.denied, 2);
	assert_true(log_read(&sequence, LOG_LEVEL_DEBUG, &line, &lost));
	assert_int_equal(line.event, LOG_EVENT_CONTROL_DENIED);
	assert_non_null(strstr(line.fields, "DHT_UID=1\n"));
	assert_non_null(strstr(line.fields, "DHT_PID=3\n"));
	assert_non_null(strstr(line.fields, "DHT_METHOD=Change\n"));
	/* The second one within a second is not said. */
	assert_false(log_read(&sequence, LOG_LEVEL_DEBUG, &line, &lost));
	struct control_answer a = ask("{\"method\":\"org.test.Change\"}", &admin);
	assert_null(a.error);
	assert_null(a.parameters);
	assert_int_equal(owner.changes, 1);
}

static void a_stream_needs_more(void **state)
{
	struct control_answer a;

	(void)state;
	expect_error("{\"method\":\"org.test.Stream\"}", "ExpectedMore", NULL, NULL);
	a = ask("{\"method\":\"org.test.Stream\",\"more\":true}", &stranger);
	assert_null(a.error);
	assert_true(a.stream.next == next);
	control_answer_release(&a);
	assert_int_equal(owner.freed, 1);
	/* What is no stream may be asked with more. */
	a = ask("{\"method\":\"org.test.Read\",\"more\":true}", &stranger);
	assert_null(a.stream.next);
	control_answer_release(&a);
}

static void the_service_says_who_it_is(void **state)
{
	static const char *const strings[] = {"vendor", "product", "version", "url"};
	struct control_answer a = ask("{\"method\":\"org.varlink.service.GetInfo\"}", &stranger);
	const json_t *list = json_object_get(a.parameters, "interfaces");

	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++)
		assert_true(json_is_string(json_object_get(a.parameters, strings[i])));
	assert_int_equal(json_object_size(a.parameters), COUNT(strings) + 1);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "org.varlink.service");
	assert_string_equal(json_string_value(json_array_get(list, 1)), "org.test");
	control_answer_release(&a);
	expect_error("{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"x\":1}}",
		"InvalidParameter", "parameter", "x");
}

#define DESCRIBE "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"

static void expect_description(const char *text, const char *start_of)
{
	struct control_answer a = ask(text, &stranger);
	const char *got = json_string_value(json_object_get(a.parameters, "description"));

	assert_non_null(got);
	assert_non_null(strstr(got, start_of));
	control_answer_release(&a);
}

static void interfaces_are_described(void **state)
{
	(void)state;
	expect_description(DESCRIBE "{\"interface\":\"org.test\"}}", "interface org.test\n");
	expect_description(DESCRIBE "{\"interface\":\"org.varlink.service\"}}",
		"\nmethod GetInterfaceDescription(");
	expect_error(
		DESCRIBE "{\"interface\":\"org.x\"}}", "InterfaceNotFound", "interface", "org.x");
	expect_error(DESCRIBE "{}}", "InvalidParameter", "parameter", "interface");
	expect_error(DESCRIBE "{\"interface\":1}}", "InvalidParameter", "parameter", "interface");
}

#define TEST(f) cmocka_unit_test_setup(f, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_method_gets_its_parameters),
		TEST(what_is_not_there_is_named),
		TEST(strangers_change_nothing),
		TEST(a_stream_needs_more),
		TEST(the_service_says_who_it_is),
		TEST(interfaces_are_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
