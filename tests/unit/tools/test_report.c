/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <dirent.h>
#include <sys/eventfd.h>

#include "base/exitcode.h"
#include "scratch.h"
#include "tools/dhtctl/child.h"
#include "tools/dhtctl/report.h"

static char *const says[] = {(char *)"echo", (char *)"said", NULL};
static char *const sleeps[] = {(char *)"sleep", (char *)"30", NULL};
static char *const nobody[] = {(char *)"dht-no-such-program", NULL};

/* What is in the temporary folder, besides . and .. */
static size_t left_behind(void)
{
	DIR *dir = opendir(getenv("TMPDIR"));
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static size_t count_files(const char *archive)
{
	char *const argv[] = {(char *)"tar", (char *)"-tzf", (char *)archive, NULL};
	FILE *listing = tmpfile();
	char line[256];
	size_t n = 0;

	assert_non_null(listing);
	assert_int_equal(child_run(argv, fileno(listing), STDERR_FILENO, -1, 10000), 0);
	rewind(listing);
	while (fgets(line, sizeof(line), listing))
		n++;
	fclose(listing);
	return n;
}

static void files_are_packed(void **state)
{
	const char *path = scratch_path("report.tar.gz");
	json_t *value = json_pack("{s:i}", "a", 1);
	struct report r;
	struct fault f = {0};
	struct stat st;
	bool added;

	(void)state;
	assert_int_equal(report_open(&r, path, -1, &f), 0);
	assert_int_equal(stat(r.folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(report_add_json(&r, "a.json", value, &f), 0);
	assert_int_equal(report_add_text(&r, "b.txt", "text", &f), 0);
	assert_int_equal(report_add_output(&r, "c.txt", says, &added, &f), 0);
	assert_true(added);
	assert_int_equal(report_add_output(&r, "d.txt", nobody, &added, &f), 0);
	assert_false(added);
	assert_int_equal(report_pack(&r, &f), 0);
	report_close(&r, true);
	assert_int_equal(left_behind(), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(count_files(path), 4);
	json_decref(value);
}

static void nothing_is_overwritten(void **state)
{
	const char *path = scratch_write("there", "content", 0600);
	struct report r;
	struct fault f = {0};
	struct stat st;

	(void)state;
	assert_int_equal(report_open(&r, path, -1, &f), EXIT_FAILED);
	assert_string_equal(f.code, "exists");
	report_close(&r, false);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(left_behind(), 0);
}

static void what_is_not_whole_is_removed(void **state)
{
	const char *path = scratch_path("half.tar.gz");
	struct report r;
	struct fault f = {0};
	bool added;

	(void)state;
	assert_int_equal(report_open(&r, path, eventfd(1, 0), &f), 0);
	assert_int_equal(report_add_output(&r, "a.txt", sleeps, &added, &f), EXIT_FAILED);
	assert_string_equal(f.code, "interrupted");
	close(r.interrupt_fd);
	report_close(&r, false);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(left_behind(), 0);
}

static void no_folder_is_a_fault(void **state)
{
	struct report r;
	struct fault f = {0};
	char path[PATH_MAX + 2];

	(void)state;
	assert_int_equal(report_open(&r, scratch_path("no/such/folder"), -1, &f), EXIT_FAILED);
	report_close(&r, false);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	f = (struct fault){0};
	assert_int_equal(report_open(&r, path, -1, &f), EXIT_FAILED);
	report_close(&r, false);
}

static int make_folders(void **state)
{
	if (scratch_make(state) != 0 || mkdir(scratch_path("tmp"), 0700) != 0)
		return -1;
	return setenv("TMPDIR", scratch_path("tmp"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_packed),
		cmocka_unit_test(nothing_is_overwritten),
		cmocka_unit_test(what_is_not_whole_is_removed),
		cmocka_unit_test(no_folder_is_a_fault),
	};

	return cmocka_run_group_tests(tests, make_folders, scratch_remove);
}
