/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "daemon/cluster_keys.h"

#include "own_folder.h"

#define LINE8(x)   x x x x x x x x
#define KEY_OF(x)  LINE8(x x x x)
#define LINE_OF(x) KEY_OF(x) "\n"
#define FOUR       LINE_OF("61") LINE_OF("62") LINE_OF("63") LINE_OF("64")
#define EIGHT      FOUR LINE_OF("65") LINE_OF("66") LINE_OF("67") LINE_OF("68")

static struct seal_keys keys;

/* A file with this content has so many keys. */
static void expect_keys(const char *content, size_t count)
{
	const char *path = folder_write(&folder, "key", content, 0640);
	struct faults f = {0};

	assert_int_equal(
		cluster_keys_read(path, (struct place){.file = "dht.conf"}, "x", &keys, &f), 0);
	assert_int_equal(f.count, 0);
	assert_int_equal(keys.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(keys.key[i].id, seal_key_id(keys.key[i].key));
}

/* A fault with these words, and no key. */
static void expect_fault(const char *content, mode_t mode, const char *text)
{
	const char *path = folder_write(&folder, "key", content, mode);
	struct faults f = {0};

	assert_true(
		cluster_keys_read(path, (struct place){.file = "dht.conf"}, "x", &keys, &f) < 0);
	assert_int_equal(keys.count, 0);
	assert_int_equal(f.count, 1);
	if (!strstr(faults_at(&f, 0)->text, text))
		fail_msg("'%s' in '%s'", text, faults_at(&f, 0)->text);
	faults_fini(&f);
}

static void keys_stand_in_lines(void **state)
{
	(void)state;
	expect_keys(KEY_OF("61"), 1);
	assert_int_equal(keys.key[0].key[31], 0x61);
	expect_keys("# the key of May\n" KEY_OF("61") "\r\n\n\t" KEY_OF("62") " # June\n", 2);
	assert_int_equal(keys.key[1].key[0], 0x62);
	expect_keys(EIGHT, 8);
}

static void faults_name_the_line(void **state)
{
	(void)state;
	expect_fault("", 0600, "there is no key in it");
	expect_fault("# nothing\n", 0600, "there is no key in it");
	expect_fault("\nsecret\n", 0600, "key:2: x: a key is 64 hexadecimal digits");
	expect_fault(KEY_OF("61") " " KEY_OF("62"), 0600, "key:1: x: more than a key in a line");
	expect_fault(KEY_OF("61") "\n" KEY_OF("61"), 0600, "key:2: x: the key is there twice");
	expect_fault(EIGHT KEY_OF("69"), 0600, "key:9: x: too many keys");
	expect_fault(KEY_OF("61"), 0644, "others must not be able to read");
}

static void no_secret_is_in_a_fault(void **state)
{
	const char *path = folder_write(&folder, "key", "geheim\n", 0600);
	struct faults f = {0};

	(void)state;
	cluster_keys_read(path, (struct place){.file = "dht.conf"}, "x", &keys, &f);
	assert_null(strstr(faults_at(&f, 0)->text, "geheim"));
	faults_fini(&f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_stand_in_lines),
		TEST(faults_name_the_line),
		TEST(no_secret_is_in_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
