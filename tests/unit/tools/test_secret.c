/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <fcntl.h>

#include "base/exitcode.h"
#include "scratch.h"
#include "tools/common/secret.h"

static void assert_secret(const char *content, const char *expected)
{
	struct fault f = {0};
	char secret[16];

	assert_int_equal(
		secret_file(scratch_write("secret", content, 0600), secret, sizeof(secret), &f), 0);
	assert_string_equal(secret, expected);
}

static void assert_refused(const char *path, int status, const char *code)
{
	struct fault f = {0};
	char secret[16];

	assert_int_equal(secret_file(path, secret, sizeof(secret), &f), status);
	assert_string_equal(f.code, code);
	assert_non_null(strstr(f.message, path));
}

static void the_first_line_is_the_secret(void **state)
{
	(void)state;
	assert_secret("pass word", "pass word");
	assert_secret("password\n", "password");
	assert_secret("password\r\nmore\n", "password");
	assert_secret("123456789012345\n", "123456789012345");
}

static void a_file_for_others_is_refused(void **state)
{
	static const mode_t bad[] = {0604, 0602, 0620, 0666}, good[] = {0600, 0400, 0640};
	struct fault f = {0};
	char secret[16];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(
			scratch_write("secret", "x", bad[i]), EXIT_NOT_PERMITTED, "exposedSecret");
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(secret_file(scratch_write("secret", "x", good[i]), secret,
					 sizeof(secret), &f),
			0);
}

/* Nobody should change the mode of a device. */
static void only_a_file_is_to_be_closed_to_others(void **state)
{
	struct fault f = {0};
	char secret[16];

	(void)state;
	secret_file(scratch_write("secret", "x", 0604), secret, sizeof(secret), &f);
	assert_non_null(strstr(f.hint, "chmod"));
	f = (struct fault){0};
	assert_int_equal(secret_file("/dev/null", secret, sizeof(secret), &f), EXIT_NOT_PERMITTED);
	assert_string_equal(f.hint, "give a file that only you can read");
}

static void what_is_no_secret_is_refused(void **state)
{
	(void)state;
	assert_refused(scratch_write("secret", "", 0600), EXIT_FAILED, "emptySecret");
	assert_refused(scratch_write("secret", "\nx\n", 0600), EXIT_FAILED, "emptySecret");
	assert_refused(scratch_write("secret", "1234567890123456", 0600), EXIT_FAILED, "system");
	assert_refused(scratch_path("missing"), EXIT_FAILED, "system");
	assert_int_equal(mkdir(scratch_path("folder"), 0700), 0);
	assert_refused(scratch_path("folder"), EXIT_FAILED, "system");
}

static void assert_entry(const char *content, const char *expected)
{
	struct fault f = {0};
	char secret[16];

	assert_int_equal(
		secret_entry(scratch_write("secret", content, 0600), secret, sizeof(secret), &f),
		0);
	assert_string_equal(secret, expected);
}

static void the_first_line_behind_comments(void **state)
{
	struct fault f = {0};
	char secret[16];

	(void)state;
	assert_entry("geheim", "geheim");
	assert_entry("# key\n\n \t\r\n  # more\ngeheim\nx\n", "geheim");
	assert_int_equal(secret_entry(scratch_write("secret", "# key\n # x", 0600), secret,
				 sizeof(secret), &f),
		EXIT_FAILED);
	assert_string_equal(f.code, "emptySecret");
	assert_non_null(strstr(f.message, "is empty, or has nothing but comments"));
	f = (struct fault){0};
	assert_int_equal(
		secret_entry(scratch_write("secret", "x", 0644), secret, sizeof(secret), &f),
		EXIT_NOT_PERMITTED);
}

/* secret_input() of a file with this content. */
static int read_input(const char *content, char secret[static 16], struct fault *f)
{
	int fd = open(scratch_write("input", content, 0644), O_RDONLY);
	int saved = dup(STDIN_FILENO), status;

	dup2(fd, STDIN_FILENO);
	status = secret_input(secret, 16, f);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fd);
	return status;
}

static void standard_input_has_no_mode(void **state)
{
	struct fault f = {0};
	char secret[16];

	(void)state;
	assert_int_equal(read_input("pass word\nmore\n", secret, &f), 0);
	assert_string_equal(secret, "pass word");
	assert_int_equal(read_input("", secret, &f), EXIT_FAILED);
	assert_string_equal(f.code, "emptySecret");
	f = (struct fault){0};
	assert_int_equal(read_input("1234567890123456", secret, &f), EXIT_FAILED);
	assert_string_equal(f.code, "system");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_is_the_secret),
		cmocka_unit_test(a_file_for_others_is_refused),
		cmocka_unit_test(only_a_file_is_to_be_closed_to_others),
		cmocka_unit_test(what_is_no_secret_is_refused),
		cmocka_unit_test(the_first_line_behind_comments),
		cmocka_unit_test(standard_input_has_no_mode),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
