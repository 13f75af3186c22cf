/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/err.h"
#include "daemon/secret.h"

#include "folder.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct folder folder;
static const struct place here = {"dht.conf", 7};

static int make_folder(void **state)
{
	(void)state;
	folder_make(&folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	folder_remove(&folder);
	return 0;
}

static void contents_are_read(void **state)
{
	struct faults f = {0};
	char *text;

	(void)state;
	assert_int_equal(
		secret_read(folder_write(&folder, "s", "a\nb", 0600), here, "x", &text, &f), 0);
	assert_string_equal(text, "a\nb");
	secret_free(text);
	assert_int_equal(
		secret_read(folder_write(&folder, "s", "", 0400), here, "x", &text, &f), 0);
	assert_string_equal(text, "");
	secret_free(text);
	secret_free(NULL);
	assert_int_equal(f.count, 0);
}

/* The one fault's line, with the folder's path written as "@". */
static void expect_fault(struct faults *f, const char *want)
{
	char got[1024];

	folder_faults(&folder, f, got, sizeof(got));
	assert_string_equal(got, want);
	faults_fini(f);
}

static void what_is_no_secret_is_refused(void **state)
{
	struct faults f = {0};
	char *text;

	(void)state;
	assert_true(secret_read(folder_write(&folder, "s", "a", 0644), here, "x", &text, &f) < 0);
	assert_null(text);
	expect_fault(&f, "dht.conf:7: x: @/s has mode 0644: others must not be able to read or "
			 "change it: chmod o-rw,g-w @/s\n");
	assert_true(secret_read(folder_path(&folder, "none"), here, "x", &text, &f) < 0);
	expect_fault(&f, "dht.conf:7: x: cannot open @/none: No such file or directory\n");
	assert_true(secret_read(folder.path, here, "x", &text, &f) < 0);
	expect_fault(&f, "dht.conf:7: x: @ is not a regular file\n");
	assert_int_equal(mkfifo(folder_path(&folder, "fifo"), 0600), 0);
	assert_true(secret_read(folder_path(&folder, "fifo"), here, "x", &text, &f) < 0);
	expect_fault(&f, "dht.conf:7: x: @/fifo is not a regular file\n");
	const char *file = folder_write_bytes(&folder, "s", "a\0b", 3, 0600);
	assert_true(secret_read(file, here, "x", &text, &f) < 0);
	assert_non_null(strstr(f.v[0].text, "cannot read"));
	faults_fini(&f);
}

static void keys_are_read(void **state)
{
	struct faults f = {0};
	struct auth_key *keys;
	size_t count;

	(void)state;
	const char *file = folder_write(&folder, "keys",
		"# keys\n\nalice " HEX "\n  bob\t\t" HEX "  # his\r\n\xc3\xa9 " HEX, 0640);
	assert_int_equal(secret_read_keys(file, here, "x", &keys, &count, &f), 0);
	assert_int_equal(count, 3);
	assert_int_equal(keys[0].name_len, 5);
	assert_memory_equal(keys[0].name, "alice", 5);
	assert_memory_equal(keys[1].name, "bob", 3);
	for (uint8_t i = 0; i < AUTH_KEY_LEN; i++)
		assert_int_equal(keys[2].key[i], i);
	secret_keys_free(keys, count);
}

static void each_bad_key_is_told(void **state)
{
	struct faults f = {0};
	struct auth_key *keys;
	size_t count;
	char text[1024], long_name[AUTH_NAME_MAX + 2];

	(void)state;
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	snprintf(text, sizeof(text),
		"alice " HEX "\n"
		"alice " HEX "\n"
		"bob\n"
		"bob 00\n"
		"bob " HEX "00\n"
		"bob " HEX " more\n"
		"%s " HEX "\n"
		"\xff " HEX "\n"
		"bob x" HEX "\n",
		long_name);
	const char *file = folder_write(&folder, "keys", text, 0600);
	assert_int_equal(secret_read_keys(file, here, "x", &keys, &count, &f), DHT_EMALFORMED);
	assert_int_equal(count, 1);
	secret_keys_free(keys, count);
	expect_fault(&f, "@/keys:2: x: the name is there twice\n"
			 "@/keys:3: x: must be a name and 64 hexadecimal digits\n"
			 "@/keys:4: x: the key must be 64 hexadecimal digits\n"
			 "@/keys:5: x: the key must be 64 hexadecimal digits\n"
			 "@/keys:6: x: has more than a name and a key\n"
			 "@/keys:7: x: the name is longer than 64 bytes\n"
			 "@/keys:8: x: the name is not UTF-8\n"
			 "@/keys:9: x: the key must be 64 hexadecimal digits\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(contents_are_read),
		TEST(what_is_no_secret_is_refused),
		TEST(keys_are_read),
		TEST(each_bad_key_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
