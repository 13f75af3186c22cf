/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "daemon/cluster_keys.h"
#include "daemon/key_file.h"
#include "daemon/secret.h"

#include "own_folder.h"

/* Keys of one letter: "ab" is two of them. */
static struct seal_keys keys_of(const char *letters)
{
	struct seal_keys keys = {.count = strlen(letters)};

	for (size_t i = 0; i < keys.count; i++) {
		memset(keys.key[i].key, letters[i], SEAL_KEY_LEN);
		keys.key[i].id = seal_key_id(keys.key[i].key);
	}
	return keys;
}

#define HEX4(x)  x x x x
#define HEX32(x) HEX4(x) HEX4(x) HEX4(x) HEX4(x) HEX4(x) HEX4(x) HEX4(x) HEX4(x)
#define A        HEX32("61")
#define B        HEX32("62")
#define C        HEX32("63")

static void expect(const char *old, const char *letters, const char *want)
{
	struct seal_keys keys = keys_of(letters);
	char *text = key_file_text(old, &keys, "2026-11-22");

	assert_string_equal(text, want);
	secret_free(text);
}

static void comments_go_with_their_keys(void **state)
{
	static const char old[] = "# ours\n\n# of May\n" A " # here\n# of June\n\n" B "\n# the end";

	(void)state;
	expect(old, "ab", "# ours\n\n# of May\n" A " # here\n# of June\n\n" B "\n");
	expect(old, "ba", "# of June\n\n" B "\n# ours\n\n# of May\n" A " # here\n");
	expect(old, "b", "# of June\n\n" B "\n");
	expect(A "\n" B, "b", B "\n");
	expect(A "\n" B, "ba", B "\n" A "\n");
}

static void new_keys_get_a_comment(void **state)
{
	char want[300], comment[60];
	struct seal_keys c = keys_of("c");

	(void)state;
	snprintf(comment, sizeof(comment), "# dht cluster key %02x, added 2026-11-22\n",
		c.key[0].id);
	snprintf(want, sizeof(want), A "\n%s" C "\n", comment);
	expect(A "\n", "ac", want);
	snprintf(want, sizeof(want), "%s" C "\n", comment);
	expect("", "c", want);
	expect(NULL, "c", want);
	/* A key that only stands in a comment is not there. */
	expect("# " C "\n", "c", want);
}

static void expect_file(const char *path, const char *letters)
{
	struct seal_keys want = keys_of(letters), got;
	struct faults f = {0};

	assert_int_equal(cluster_keys_read(path, (struct place){.file = path}, "x", &got, &f), 0);
	assert_int_equal(got.count, want.count);
	for (size_t i = 0; i < want.count; i++)
		assert_memory_equal(got.key[i].key, want.key[i].key, SEAL_KEY_LEN);
	faults_fini(&f);
}

static void the_file_is_replaced(void **state)
{
	char path[600], link[600], fresh[610], reason[KEY_FILE_REASON];
	struct seal_keys keys = keys_of("ca");
	struct stat before, after;

	(void)state;
	snprintf(path, sizeof(path), "%s",
		folder_write(&folder, "key", "# x\n" A "\n" B "\n", 0640));
	snprintf(link, sizeof(link), "%s", folder_path(&folder, "link"));
	snprintf(fresh, sizeof(fresh), "%s", folder_write(&folder, "key.new", "left behind", 0600));
	assert_int_equal(symlink("key", link), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(key_file_write(link, &keys, reason), 0);
	expect_file(path, "ca");
	assert_int_equal(lstat(link, &after), 0);
	assert_true(S_ISLNK(after.st_mode));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_mode & 07777, 0640);
	assert_int_not_equal(after.st_ino, before.st_ino);
	assert_int_equal(access(fresh, F_OK), -1);
}

static void what_cannot_be_written_stays(void **state)
{
	char path[600], reason[KEY_FILE_REASON];
	struct seal_keys keys = keys_of("ca");

	(void)state;
	assert_int_equal(key_file_write("/nowhere/key", &keys, reason), -1);
	assert_string_equal(reason, "cannot find /nowhere/key: No such file or directory");
	snprintf(path, sizeof(path), "%s", folder_write(&folder, "key", A "\n", 0644));
	assert_int_equal(key_file_write(path, &keys, reason), -1);
	assert_non_null(strstr(reason, "others must not be able to read"));
	assert_int_equal(chmod(path, 0600), 0);
	/* A folder of the name that it would write first. */
	assert_int_equal(mkdir(folder_path(&folder, "key.new"), 0700), 0);
	assert_int_equal(key_file_write(path, &keys, reason), -1);
	assert_non_null(strstr(reason, "cannot write"));
	assert_int_equal(rmdir(folder_path(&folder, "key.new")), 0);
	expect_file(path, "a");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_go_with_their_keys),
		cmocka_unit_test(new_keys_get_a_comment),
		TEST(the_file_is_replaced),
		TEST(what_cannot_be_written_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
