/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "daemon/readable.h"

#include "own_folder.h"

/* Somebody of another name and group than the files here have. */
static struct account stranger(void)
{
	return (struct account){"_x", "_g", getuid() + 1, {getgid() + 1}, 1};
}

static void the_systems_words_are_told(void **state)
{
	char text[READABLE_TEXT_MAX];

	(void)state;
	readable_error(text, "/none", ENOENT);
	assert_string_equal(text, "No such file or directory");
}

static void who_may_not_open_is_told_how(void **state)
{
	char text[READABLE_TEXT_MAX], want[4 * READABLE_TEXT_MAX];
	const struct passwd *p = getpwuid(geteuid());
	const struct group *g = getgrgid(getegid());
	const char *file = folder_write(&folder, "a.conf", "", 0600);

	(void)state;
	if (!p || !g)
		skip();
	readable_error(text, file, EACCES);
	snprintf(want, sizeof(want),
		"Permission denied: the server runs as %s: chown root:%s %s && chmod 640 %s",
		p->pw_name, g->gr_name, file, file);
	assert_string_equal(text, want);
	readable_error(text, folder.path, EACCES);
	snprintf(want, sizeof(want),
		"Permission denied: the server runs as %s: chown root:%s %s && chmod 750 %s",
		p->pw_name, g->gr_name, folder.path, folder.path);
	assert_string_equal(text, want);
}

static void modes_and_owners_are_looked_at(void **state)
{
	const char *file = folder_write(&folder, "a.conf", "", 0600);
	struct account own = stranger(), group = stranger(), other = stranger(), root = {.uid = 0};
	char text[READABLE_TEXT_MAX], want[4 * READABLE_TEXT_MAX];

	(void)state;
	own.uid = getuid();
	group.groups[0] = getgid();
	assert_int_equal(chmod(folder.path, 0755), 0);
	assert_true(readable_by(&own, file, text));
	assert_true(readable_by(&root, file, text));
	assert_false(readable_by(&group, file, text));
	assert_false(readable_by(&other, file, text));
	snprintf(want, sizeof(want),
		"the server's user _x cannot read it: chown root:_g %s && chmod 640 %s", file,
		file);
	assert_string_equal(text, want);
	assert_int_equal(chmod(file, 0640), 0);
	assert_true(readable_by(&group, file, text));
	assert_false(readable_by(&other, file, text));
	assert_int_equal(chmod(file, 0604), 0);
	assert_false(readable_by(&group, file, text));
	assert_true(readable_by(&other, file, text));
	assert_true(readable_by(&other, folder_path(&folder, "none"), text));
}

static void folders_on_the_way_are_looked_at(void **state)
{
	const char *file = folder_write(&folder, "a.conf", "", 0644);
	char text[READABLE_TEXT_MAX], want[4 * READABLE_TEXT_MAX];
	struct account other = stranger();

	(void)state;
	assert_int_equal(chmod(folder.path, 0700), 0);
	snprintf(want, sizeof(want),
		"the server's user _x cannot read it: chown root:_g %s && chmod 750 %s",
		folder.path, folder.path);
	assert_false(readable_by(&other, file, text));
	assert_string_equal(text, want);
	assert_false(readable_by(&other, folder.path, text));
	assert_string_equal(text, want);
	assert_int_equal(chmod(folder.path, 0755), 0);
	assert_true(readable_by(&other, folder.path, text));
}

/* A command that is cut would do something else. */
static void a_long_name_gets_no_command(void **state)
{
	char text[READABLE_TEXT_MAX], name[300];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	readable_error(text, name, EACCES);
	assert_non_null(strstr(text, ": the server runs as "));
	assert_null(strstr(text, "chown"));
}

static void users_are_found(void **state)
{
	const struct passwd *p = getpwuid(getuid());
	struct account r;

	(void)state;
	assert_false(account_find(&r, "no such user"));
	if (!p)
		skip();
	char name[64];
	snprintf(name, sizeof(name), "%s", p->pw_name);
	assert_true(account_find(&r, name));
	assert_string_equal(r.user, name);
	assert_int_equal(r.uid, getuid());
	assert_true(r.group_count > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_systems_words_are_told),
		TEST(who_may_not_open_is_told_how),
		TEST(modes_and_owners_are_looked_at),
		TEST(folders_on_the_way_are_looked_at),
		TEST(a_long_name_gets_no_command),
		TEST(users_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
