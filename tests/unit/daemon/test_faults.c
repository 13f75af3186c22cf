/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "daemon/faults.h"

#include "../unit.h"

static char shown[FAULTS_MAX + 2][64];
static size_t shown_count;

static void show(const char *line)
{
	assert_true(shown_count < COUNT(shown));
	snprintf(shown[shown_count++], sizeof(shown[0]), "%.60s", line);
}

static void lines_say_what_is_known(void **state)
{
	struct faults f = {0};

	(void)state;
	faults_add(&f, (struct place){"a.conf", 3}, "log.level", "is %s", "wrong");
	faults_add(&f, (struct place){"a.conf", 3}, NULL, "syntax");
	faults_add(&f, (struct place){"a.conf", 0}, "log.level", "is wrong");
	faults_add(&f, (struct place){0}, "log.level", "is wrong");
	shown_count = 0;
	faults_each(&f, show);
	assert_int_equal(shown_count, 4);
	assert_string_equal(shown[0], "a.conf:3: log.level: is wrong");
	assert_string_equal(shown[1], "a.conf:3: syntax");
	assert_string_equal(shown[2], "a.conf: log.level: is wrong");
	assert_string_equal(shown[3], "dhtd: log.level: is wrong");
	faults_fini(&f);
	assert_int_equal(faults_count(&f), 0);
}

static void parts_can_be_had(void **state)
{
	struct faults f = {0};

	(void)state;
	faults_add(&f, (struct place){"a.conf", 3}, "log.level", "is %s", "wrong");
	faults_add(&f, (struct place){0}, NULL, "all");
	const struct one_fault *one = faults_at(&f, 0);
	assert_string_equal(one->text, "a.conf:3: log.level: is wrong");
	assert_string_equal(one->file, "a.conf");
	assert_int_equal(one->line, 3);
	assert_string_equal(one->setting, "log.level");
	assert_string_equal(one->message, "is wrong");
	one = faults_at(&f, 1);
	assert_string_equal(one->text, "dhtd: all");
	assert_null(one->file);
	assert_int_equal(one->line, 0);
	assert_null(one->setting);
	assert_string_equal(one->message, "all");
	faults_fini(&f);
}

/* "a" to "z", and then what has no file. */
static unsigned first_letter(const char *file, const void *user)
{
	assert_string_equal(user, "user");
	return file ? (unsigned char)file[0] : 999;
}

static void they_are_put_in_order(void **state)
{
	static const struct place at[] = {
		{"z", 1}, {"c", 1}, {"c", 9}, {0}, {"a", 7}, {"c", 1}, {"a", 0}, {"c", 10}};
	static const char *const want[] = {
		"z:1: 0", "a: 6", "a:7: 4", "c:1: 1", "c:1: 5", "c:9: 2", "c:10: 7", "dhtd: 3"};
	struct faults f = {0};

	(void)state;
	faults_sort(&f, 0, first_letter, "user");
	for (int i = 0; i < 8; i++)
		faults_add(&f, at[i], NULL, "%d", i);
	/* The first one stays where it is. */
	faults_sort(&f, 1, first_letter, "user");
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(f.v[i].text, want[i]);
	faults_fini(&f);
}

static void each_is_one_line(void **state)
{
	struct faults f = {0};

	(void)state;
	faults_add(&f, (struct place){"a\nb", 3}, "x", "\"1m\n\tx\177\" is wrong");
	assert_string_equal(f.v[0].text, "a b:3: x: \"1m  x \" is wrong");
	assert_string_equal(f.v[0].message, "\"1m  x \" is wrong");
	assert_string_equal(f.v[0].file, "a\nb");
	faults_fini(&f);
}

static void the_list_has_an_end(void **state)
{
	struct faults f = {0};

	(void)state;
	for (int i = 0; i < FAULTS_MAX + 3; i++)
		faults_add(&f, (struct place){"a.conf", 1}, "x", "%d", i);
	assert_int_equal(faults_count(&f), FAULTS_MAX + 3);
	shown_count = 0;
	faults_each(&f, show);
	assert_int_equal(shown_count, FAULTS_MAX + 1);
	assert_string_equal(shown[FAULTS_MAX], "3 more faults are not shown");
	faults_fini(&f);
}

static void long_lines_are_cut(void **state)
{
	struct faults f = {0};
	char name[2 * FAULT_TEXT_MAX];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	faults_add(&f, (struct place){name, 1}, name, "%s", name);
	faults_add(&f, (struct place){"a", 1}, name, "%s", name);
	faults_add(&f, (struct place){"a", 1}, "b", "%s", name);
	for (size_t i = 0; i < f.count; i++)
		assert_int_equal(strlen(f.v[i].text), FAULT_TEXT_MAX - 1);
	faults_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_say_what_is_known),
		cmocka_unit_test(parts_can_be_had),
		cmocka_unit_test(they_are_put_in_order),
		cmocka_unit_test(each_is_one_line),
		cmocka_unit_test(the_list_has_an_end),
		cmocka_unit_test(long_lines_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
