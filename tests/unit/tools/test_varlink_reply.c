/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <string.h>

#include "base/err.h"
#include "base/exitcode.h"
#include "tools/dhtctl/varlink_reply.h"

static int parse(struct varlink_reply *r, const char *text, bool more)
{
	return varlink_reply_parse(r, text, strlen(text), more);
}

static void replies_are_read(void **state)
{
	static const struct {
		const char *text;
		size_t parameters;
		bool more, continues;
		const char *error;
	} cases[] = {
		{"{}", 0, false, false, NULL},
		{"{\"parameters\":null}", 0, false, false, NULL},
		{"{\"parameters\":{}}", 0, false, false, NULL},
		{" { \"parameters\" : {\"a\":1,\"b\":[]}, \"continues\":false } ", 2, false, false,
			NULL},
		{"{\"continues\":true,\"parameters\":{\"a\":1}}", 1, true, true, NULL},
		{"{\"parameters\":{\"a\":1}}", 1, true, false, NULL},
		{"{\"error\":\"a.b.C\"}", 0, false, false, "a.b.C"},
		{"{\"error\":\"a.b.C\",\"parameters\":{\"x\":1}}", 1, true, false, "a.b.C"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct varlink_reply r;

		assert_int_equal(parse(&r, cases[i].text, cases[i].more), 0);
		assert_int_equal(json_object_size(r.parameters), cases[i].parameters);
		assert_int_equal(r.continues, cases[i].continues);
		if (cases[i].error)
			assert_string_equal(r.error, cases[i].error);
		else
			assert_null(r.error);
		varlink_reply_fini(&r);
	}
}

static void what_is_no_reply_is_refused(void **state)
{
	static const char *const cases[] = {"", " ", "null", "[]", "1", "\"x\"", "{", "{}{}", "{}x",
		"{\"more\":true}", "{\"parameters\":{},\"x\":1}", "{\"parameters\":[]}",
		"{\"parameters\":1}", "{\"parameters\":{},\"parameters\":{}}", "{\"error\":null}",
		"{\"error\":1}", "{\"continues\":1}", "{\"continues\":null}",
		"{\"error\":\"a.b.C\",\"continues\":true}", "{\"parameters\":{\"a\":1,\"a\":2}}",
		"{\"parameters\":{\"a\":\"\xff\"}}", "{\"parameters\":{\"a\":1e999}}"};
	struct varlink_reply r;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(parse(&r, cases[i], true), DHT_EINVAL);
	assert_int_equal(parse(&r, "{\"continues\":true}", false), DHT_EINVAL);
	assert_int_equal(varlink_reply_parse(&r, "{}\0", 3, true), DHT_EINVAL);
}

static void depth_has_a_limit(void **state)
{
	struct varlink_reply r;

	(void)state;
	assert_int_equal(parse(&r, "{\"parameters\":{\"a\":[{\"b\":[[[[[1]]]]]}]}}", false), 0);
	varlink_reply_fini(&r);
	assert_int_equal(
		parse(&r, "{\"parameters\":{\"a\":[{\"b\":[[[[[[]]]]]]}]}}", false), DHT_EINVAL);
	assert_int_equal(parse(&r, "{\"parameters\":{\"a\":[[[[[[[{}]]]]]]]}}", false), DHT_EINVAL);
}

static void errors_become_faults(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *code, *message;
	} cases[] = {
		{"{\"error\":\"org.varlink.service.PermissionDenied\"}", EXIT_NOT_PERMITTED,
			"notPermitted", "dhtd does not let you do this (Reload)"},
		{"{\"error\":\"org.varlink.service.MethodNotFound\","
		 "\"parameters\":{\"method\":\"Reload\"}}",
			EXIT_FAILED, "unknownMethod", "this dhtd does not know Reload"},
		{"{\"error\":\"org.varlink.service.MethodNotImplemented\"}", EXIT_FAILED,
			"unknownMethod", "this dhtd does not know Reload"},
		{"{\"error\":\"org.varlink.service.InterfaceNotFound\"}", EXIT_FAILED,
			"unknownMethod", "this dhtd does not know Reload"},
		{"{\"error\":\"org.varlink.service.InvalidParameter\","
		 "\"parameters\":{\"parameter\":\"dryRun\"}}",
			EXIT_USAGE, "invalidParameter",
			"dhtd does not accept this dryRun (Reload)"},
		{"{\"error\":\"org.varlink.service.InvalidParameter\","
		 "\"parameters\":{\"parameter\":7}}",
			EXIT_USAGE, "invalidParameter",
			"dhtd does not accept this parameter (Reload)"},
		{"{\"error\":\"org.dht.Control.Refused\",\"parameters\":{\"reason\":\"not "
		 "\\u001bnow\","
		 "\"hint\":\"later\"}}",
			EXIT_FAILED, "refused", "not ?now"},
		{"{\"error\":\"org.dht.Control.NotFound\",\"parameters\":{\"reason\":\"gone\"}}",
			EXIT_NOT_FOUND, "notFound", "gone"},
		{"{\"error\":\"org.dht.Control.Refused\"}", EXIT_FAILED, "refused", "dhtd says no"},
		{"{\"error\":\"a.b.\\u001b[31m\"}", EXIT_FAILED, "error",
			"dhtd answers Reload with a.b.?[31m"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct varlink_reply r;
		struct fault f = {0};

		assert_int_equal(parse(&r, cases[i].text, false), 0);
		assert_int_equal(
			varlink_reply_fault(&r, "org.dht.Control.Reload", &f), cases[i].status);
		assert_string_equal(f.code, cases[i].code);
		assert_string_equal(f.message, cases[i].message);
		varlink_reply_fini(&r);
	}
}

static void a_refusal_has_its_hint(void **state)
{
	struct varlink_reply r;
	struct fault f = {0};

	(void)state;
	assert_int_equal(
		parse(&r,
			"{\"error\":\"org.dht.Control.Refused\",\"parameters\":{\"reason\":"
			"\"no\",\"hint\":\"a\\u009bb\"}}",
			false),
		0);
	varlink_reply_fault(&r, "org.dht.Control.Drain", &f);
	assert_string_equal(f.hint, "a??b");
	varlink_reply_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(what_is_no_reply_is_refused),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(errors_become_faults),
		cmocka_unit_test(a_refusal_has_its_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
