/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <errno.h>

#include "scratch.h"
#include "tools/dht/files.h"

/* Of "abc", FIPS 180-2. */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static int make_tree(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	mkdir(scratch_path("d"), 0700);
	mkdir(scratch_path("d/sub"), 0700);
	scratch_write("d/b", "abc", 0600);
	scratch_write("d/a", "", 0600);
	scratch_write("d/sub/c", "abc", 0600);
	scratch_write("outside", "abc", 0600);
	if (symlink(scratch_path("outside"), scratch_path("d/link")) != 0 ||
		symlink("..", scratch_path("d/loop")) != 0)
		return -1;
	return mkfifo(scratch_path("d/fifo"), 0600);
}

static void assert_abc(const struct file *item, const char *name)
{
	char text[2 * DHT_HASH_MAX + 1];

	assert_int_equal(item->error, 0);
	assert_string_equal(item->path, scratch_path(name));
	dht_hash_format(&item->hash, text);
	assert_string_equal(text, ABC);
}

static void regular_files_are_walked_in_order(void **state)
{
	struct files files = {0};
	struct fault f = {0};

	(void)state;
	assert_int_equal(files_walk(&files, scratch_path("d"), &f), 0);
	files_hash(&files, NULL, NULL);
	assert_int_equal(files.count, 3);
	assert_string_equal(files.items[0].path, scratch_path("d/a"));
	assert_abc(&files.items[1], "d/b");
	assert_abc(&files.items[2], "d/sub/c");
	files_free(&files);
}

static void a_named_file_may_be_a_link(void **state)
{
	struct files files = {0};
	struct fault f = {0};

	(void)state;
	assert_int_equal(files_add(&files, scratch_path("d/link"), &f), 0);
	files_hash(&files, NULL, NULL);
	assert_abc(&files.items[0], "d/link");
	files_free(&files);
}

static void what_cannot_be_read_keeps_its_error(void **state)
{
	struct files files = {0};
	struct fault f = {0};

	(void)state;
	assert_int_equal(files_add(&files, scratch_path("missing"), &f), 0);
	assert_int_equal(files_add(&files, scratch_path("d"), &f), 0);
	assert_int_equal(files_walk(&files, scratch_path("nowhere"), &f), 0);
	assert_int_equal(files_add(&files, scratch_path("d/b"), &f), 0);
	assert_int_equal(files_walk(&files, scratch_path("d/b"), &f), 0);
	assert_int_equal(files_walk(&files, scratch_path("d/fifo"), &f), 0);
	files_hash(&files, NULL, NULL);
	assert_int_equal(files.items[0].error, ENOENT);
	assert_int_equal(files.items[1].error, EISDIR);
	assert_int_equal(files.items[2].error, ENOENT);
	assert_abc(&files.items[3], "d/b");
	assert_int_equal(files.items[4].error, ENOTDIR);
	assert_int_equal(files.items[5].error, ENOTDIR);
	assert_int_equal(files.count, 6);
	files_free(&files);
}

/* A regular file that has become a pipe or a link since it was seen. */
static void a_walk_does_not_hang_or_stray(void **state)
{
	struct files files = {0};
	struct fault f = {0};

	(void)state;
	assert_int_equal(files_add(&files, scratch_path("d/link"), &f), 0);
	assert_int_equal(files_add(&files, scratch_path("d/fifo"), &f), 0);
	files.items[0].walked = files.items[1].walked = true;
	files_hash(&files, NULL, NULL);
	assert_int_equal(files.items[0].error, ELOOP);
	assert_int_equal(files.items[1].error, ENOENT);
	files_free(&files);
}

static void note_progress(void *arg, size_t done, size_t total)
{
	size_t *last = arg;

	assert_true(done <= total && total == 1000);
	*last = done;
}

static void many_files_are_all_hashed(void **state)
{
	const char *path = scratch_path("d/b");
	struct files files = {0};
	struct fault f = {0};
	size_t last = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(files_add(&files, path, &f), 0);
	files_hash(&files, note_progress, &last);
	assert_int_equal(last, 1000);
	for (int i = 0; i < 1000; i++)
		assert_abc(&files.items[i], "d/b");
	files_free(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regular_files_are_walked_in_order),
		cmocka_unit_test(a_named_file_may_be_a_link),
		cmocka_unit_test(what_cannot_be_read_keeps_its_error),
		cmocka_unit_test(a_walk_does_not_hang_or_stray),
		cmocka_unit_test(many_files_are_all_hashed),
	};

	return cmocka_run_group_tests(tests, make_tree, scratch_remove);
}
