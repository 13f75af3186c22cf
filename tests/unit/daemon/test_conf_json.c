/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/err.h"
#include "daemon/conf_json.h"

#include "own_folder.h"

static void load(struct conf *conf, const char *text)
{
	struct faults f = {0};

	folder_write(&folder, "dht.conf", text, 0600);
	if (conf_load(conf, folder_path(&folder, "dht.conf"), NULL, &f) != 0)
		fail_msg("%s", f.v[0].text);
}

/* Compact, in the order it was made; frees both. */
static void expect(json_t *json, const char *want)
{
	assert_non_null(json);
	char *text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, want);
	free(text);
	json_decref(json);
}

/* The member of an array of objects that has this path; borrowed. */
static json_t *with_path(json_t *array, const char *path)
{
	size_t i;
	json_t *one;

	json_array_foreach(array, i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "path")), path) == 0)
			return one;
	}
	fail_msg("no %s", path);
	return NULL;
}

static void each_setting_is_there(void **state)
{
	struct conf conf;
	const struct setting *s;
	size_t rows = 0;

	(void)state;
	load(&conf, "password = \"sesame\";\n\nrecords: { ttl = \"60s\"; };");
	json_t *json = conf_json(&conf);
	assert_non_null(json);
	assert_string_equal(
		json_string_value(json_object_get(json, "file")), folder_path(&folder, "dht.conf"));
	json_t *settings = json_object_get(json, "settings");
	for (size_t i = 0; (s = setting_at(i)); i++)
		rows += s->type != SETTING_GROUP;
	assert_int_equal(json_array_size(settings), rows);

	json_t *one = with_path(settings, "records.ttl");
	assert_string_equal(json_string_value(json_object_get(one, "type")), "duration");
	assert_string_equal(json_string_value(json_object_get(one, "value")), "\"1m\"");
	assert_string_equal(json_string_value(json_object_get(one, "default")), "\"30m\"");
	assert_string_equal(
		json_string_value(json_object_get(one, "file")), folder_path(&folder, "dht.conf"));
	assert_int_equal(json_integer_value(json_object_get(one, "line")), 3);
	assert_true(json_is_true(json_object_get(one, "live")));
	assert_string_equal(
		json_string_value(json_object_get(one, "help")), setting_find("records.ttl")->help);
	one = with_path(settings, "password");
	assert_string_equal(json_string_value(json_object_get(one, "value")), "(secret)");
	json_decref(json);
	conf_fini(&conf);
}

static void a_credential_is_shown_as_one(void **state)
{
	struct faults f = {0};
	struct conf conf;

	(void)state;
	folder_write(&folder, "dht.password", "sesame\n", 0400);
	assert_int_equal(conf_load(&conf, "/dev/null", folder.path, &f), 0);
	json_t *json = conf_json(&conf);
	json_t *one = with_path(json_object_get(json, "settings"), "password");
	assert_string_equal(json_string_value(json_object_get(one, "value")), "(secret)");
	assert_string_equal(
		json_string_value(json_object_get(one, "file")), "credential dht.password");
	json_decref(json);
	conf_fini(&conf);
}

static void a_default_has_no_place(void **state)
{
	struct faults f = {0};
	struct conf conf;

	(void)state;
	assert_int_equal(conf_load(&conf, "/dev/null", NULL, &f), 0);
	conf.main_file = NULL;
	json_t *json = conf_json(&conf);
	assert_true(json_is_null(json_object_get(json, "file")));
	conf.main_file = "b\xff.conf";
	json_t *file = conf_json_file(&conf);
	assert_string_equal(json_string_value(file), "b?.conf");
	json_decref(file);
	json_t *one = with_path(json_object_get(json, "settings"), "storage.interval");
	json_incref(one);
	json_decref(json);
	expect(one, "{\"path\":\"storage.interval\",\"type\":\"duration\",\"value\":\"\\\"1s\\\"\","
		    "\"default\":\"\\\"1s\\\"\",\"file\":null,\"line\":null,\"live\":true,"
		    "\"used\":false,\"help\":\"How often \\\"batch\\\" writes. Not used yet.\"}");
	conf_fini(&conf);
}

static void every_type_has_a_word(void **state)
{
	struct faults f = {0};
	struct conf conf;
	size_t i;
	json_t *one;

	(void)state;
	assert_int_equal(conf_load(&conf, "/dev/null", NULL, &f), 0);
	json_t *json = conf_json(&conf);
	json_array_foreach(json_object_get(json, "settings"), i, one)
		assert_string_not_equal(json_string_value(json_object_get(one, "type")), "unknown");
	json_decref(json);
	conf_fini(&conf);
}

static void changes_are_parted(void **state)
{
	struct conf a, b;
	struct conf_diff d;

	(void)state;
	load(&a, "");
	load(&b, "listen: { workers = 2; };\nrecords: { ttl = \"1m\"; };\npassword = \"x\";");
	assert_int_equal(conf_diff(&a, &b, &d), 0);
	expect(conf_json_changes(&d, false),
		"[{\"path\":\"listen.workers\",\"from\":\"0\",\"to\":\"2\"}]");
	expect(conf_json_changes(&d, true),
		"[{\"path\":\"password\",\"from\":\"\\\"\\\"\",\"to\":\"(secret)\"},"
		"{\"path\":\"records.ttl\",\"from\":\"\\\"30m\\\"\",\"to\":\"\\\"1m\\\"\"}]");
	conf_diff_fini(&d);
	expect(conf_json_changes(&d, true), "[]");
	conf_fini(&a);
	conf_fini(&b);
}

static void faults_have_parts(void **state)
{
	struct faults f = {0};

	(void)state;
	expect(conf_json_faults(&f), "[]");
	faults_add(&f, (struct place){"a.conf", 3}, "log.level", "\"\xff\" is wrong");
	faults_add(&f, (struct place){"b\xff.conf", 0}, NULL, "is \xc3\xa9");
	f.untold = 7;
	expect(conf_json_faults(&f),
		"[{\"file\":\"a.conf\",\"line\":3,\"setting\":\"log.level\",\"message\":\"\\\"?"
		"\\\" "
		"is wrong\"},"
		"{\"file\":\"b?.conf\",\"line\":null,\"setting\":null,\"message\":\"is \xc3\xa9\"},"
		"{\"file\":null,\"line\":null,\"setting\":null,\"message\":\"7 more faults are not "
		"shown\"}]");
	faults_fini(&f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_setting_is_there),
		TEST(a_default_has_no_place),
		TEST(a_credential_is_shown_as_one),
		TEST(every_type_has_a_word),
		TEST(changes_are_parted),
		TEST(faults_have_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
