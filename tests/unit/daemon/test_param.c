/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/param.h"

#include "../unit.h"

static const struct param params[] = {
	{"text", PARAM_STRING, false},
	{"number", PARAM_INT, true},
	{"flag", PARAM_BOOL, true},
};

static void check(const char *text, const char *wrong)
{
	json_t *object = json_loads(text, 0, NULL);

	assert_non_null(object);
	const char *found = param_wrong(object, params, COUNT(params));
	if (wrong)
		assert_string_equal(found, wrong);
	else
		assert_null(found);
	json_decref(object);
}

static void right_ones_pass(void **state)
{
	(void)state;
	check("{\"text\":\"\"}", NULL);
	check("{\"flag\":false,\"text\":\"x\",\"number\":-1}", NULL);
	check("{\"text\":\"x\",\"number\":null,\"flag\":null}", NULL);
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	check("{}", "text");
	check("{\"number\":1}", "text");
	check("{\"text\":null}", "text");
}

static void other_types_are_named(void **state)
{
	(void)state;
	check("{\"text\":1}", "text");
	check("{\"text\":\"x\",\"number\":\"1\"}", "number");
	check("{\"text\":\"x\",\"number\":1.0}", "number");
	check("{\"text\":\"x\",\"number\":true}", "number");
	check("{\"text\":\"x\",\"flag\":0}", "flag");
	check("{\"text\":{},\"flag\":true}", "text");
}

static void unknown_ones_are_named(void **state)
{
	(void)state;
	check("{\"text\":\"x\",\"Text\":\"x\"}", "Text");
	check("{\"text\":\"x\",\"\":1}", "");
	check("{\"other\":null}", "other");
}

static void a_method_may_know_none(void **state)
{
	json_t *object = json_object();

	(void)state;
	assert_null(param_wrong(object, NULL, 0));
	json_object_set_new(object, "x", json_null());
	assert_string_equal(param_wrong(object, NULL, 0), "x");
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_ones_pass),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(other_types_are_named),
		cmocka_unit_test(unknown_ones_are_named),
		cmocka_unit_test(a_method_may_know_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
