/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "render.h"
#include "service.h"
#include "tools/common/clock.h"
#include "tools/dhtctl/admin.h"

static void options_are_settled(void **state)
{
	struct admin a = {0};

	(void)state;
	admin_init(&a);
	assert_string_equal(a.varlink.path, "/run/dht/control");
	assert_int_equal(a.console.output, OUTPUT_TABLE);
	for (int i = 1; admin_outputs[i - 1]; i++) {
		a.flags.output = i;
		a.flags.socket = "x";
		admin_init(&a);
		assert_string_equal(a.varlink.path, "x");
		assert_string_equal(output_names[a.console.output - 1], admin_outputs[i - 1]);
	}
}

static void answers_come_over_one_connection(void **state)
{
	static const struct step steps[] = {SAYS("{\"parameters\":{\"a\":1}}"),
		SAYS("{\"error\":\"org.varlink.service.InvalidParameter\"}")};
	struct admin a = {.flags.socket = service_path()};
	struct service service;
	json_t *reply;

	(void)state;
	service_start(&service, steps, COUNT(steps));
	console_init(&a.console, "dhtctl");
	admin_init(&a);
	reply = admin_ask(&a, CONTROL "GetStatus", NULL);
	assert_int_equal(reply_number(reply, "a"), 1);
	json_decref(reply);
	assert_null(admin_ask(&a, CONTROL "SetLogLevel", NULL));
	assert_int_equal(admin_level_fault(&a, "LEVEL", "loud"), EXIT_USAGE);
	assert_string_equal(a.console.fault.message, "'loud' is not a value for LEVEL");
	a.console.fault = (struct fault){0};
	assert_int_equal(admin_end(&a, 5), 5);
	service_end(&service);
	assert_string_equal(service.calls[0], "{\"method\":\"org.dht.Control.GetStatus\"}");
}

static void only_an_interrupt_is_forgotten(void **state)
{
	struct admin a = {0};

	(void)state;
	assert_false(admin_interrupted(&a));
	fault_set(&a.console.fault, EXIT_FAILED, "closed", NULL, "x");
	assert_false(admin_interrupted(&a));
	assert_int_equal(admin_level_fault(&a, "LEVEL", "x"), EXIT_FAILED);
	a.console.fault = (struct fault){0};
	fault_set(&a.console.fault, EXIT_FAILED, "interrupted", NULL, "x");
	assert_true(admin_interrupted(&a));
	assert_int_equal(a.console.fault.status, 0);
}

static void pauses_end(void **state)
{
	struct admin a = {.varlink.interrupt_fd = -1};
	uint64_t start = clock_ms();

	(void)state;
	assert_false(admin_pause(&a, start + 20));
	assert_true(clock_ms() >= start + 20);
	assert_false(admin_pause(&a, start));
	a.varlink.interrupt_fd = eventfd(1, 0);
	assert_true(admin_pause(&a, CLOCK_NEVER));
	assert_true(admin_pause(&a, start));
	close(a.varlink.interrupt_fd);
}

static void fields_of_another_type_are_empty(void **state)
{
	json_t *o = json_pack("{s:s, s:i, s:i, s:f, s:n}", "text", "t", "number", 7, "negative", -7,
		"real", 1.5, "null");

	(void)state;
	assert_string_equal(reply_text(o, "text"), "t");
	assert_string_equal(reply_text(o, "number"), "");
	assert_string_equal(reply_text(o, "missing"), "");
	assert_string_equal(reply_text(NULL, "text"), "");
	assert_int_equal(reply_number(o, "number"), 7);
	assert_int_equal(reply_number(o, "negative"), 0);
	assert_int_equal(reply_number(o, "real"), 0);
	assert_int_equal(reply_number(o, "null"), 0);
	assert_int_equal(reply_number(NULL, "number"), 0);
	json_decref(o);
}

static void assert_place(const char *json, const char *expected)
{
	json_t *o = json_loads(json, 0, NULL);
	char text[REPLY_PLACE_MAX];

	reply_place(o, "ip", text);
	assert_string_equal(text, expected);
	json_decref(o);
}

static void places_are_written_with_their_port(void **state)
{
	(void)state;
	assert_place("{\"ip\":\"192.0.2.7\",\"port\":80}", "192.0.2.7:80");
	assert_place("{\"ip\":\"2001:db8::7\",\"port\":80}", "[2001:db8::7]:80");
	assert_place("{\"ip\":\"2001:db8::7\",\"port\":65536}", "2001:db8::7");
	assert_place("{\"ip\":\"elsewhere\",\"port\":80}", "elsewhere");
	assert_place("{}", "");
}

static void walk(struct writer *w)
{
	json_t *o = json_pack("{s:s, s:[i], s:n}", "a", "x", "b", 1, "c");

	writer_open(w, NULL);
	writer_bool(w, "first", true);
	reply_show(w, o);
	reply_show(w, NULL);
	writer_close(w);
	json_decref(o);
}

static void members_are_shown_as_they_are(void **state)
{
	(void)state;
	assert_rendered(OUTPUT_JSON, WRITER_STREAM, walk,
		"{\"first\":true,\"a\":\"x\",\"b\":[1],\"c\":null}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_settled),
		cmocka_unit_test(answers_come_over_one_connection),
		cmocka_unit_test(only_an_interrupt_is_forgotten),
		cmocka_unit_test(pauses_end),
		cmocka_unit_test(fields_of_another_type_are_empty),
		cmocka_unit_test(places_are_written_with_their_port),
		cmocka_unit_test(members_are_shown_as_they_are),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
