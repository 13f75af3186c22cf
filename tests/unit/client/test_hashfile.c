/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/dht.h"

#include "../unit.h"

static void hash_of(FILE *f, const char *want)
{
	struct dht_hash h;
	char text[2 * DHT_HASH_MAX + 1];

	assert_int_equal(dht_hash_fd(fileno(f), &h), 0);
	dht_hash_format(&h, text);
	assert_string_equal(text, want);
}

static FILE *file(void)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	return f;
}

/* The test vectors of FIPS 180-2, appendix B. */
static void nothing_abc_and_a_million(void **state)
{
	FILE *f = file();

	(void)state;
	hash_of(f, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(write(fileno(f), "abc", 3), 3);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	hash_of(f, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	rewind(f);
	for (int i = 0; i < 1000000; i++)
		putc('a', f);
	rewind(f);
	lseek(fileno(f), 0, SEEK_SET);
	hash_of(f, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	fclose(f);
}

static void what_was_read_before_does_not_count(void **state)
{
	FILE *f = file();

	(void)state;
	assert_int_equal(write(fileno(f), "xyzabc", 6), 6);
	assert_int_equal(lseek(fileno(f), 3, SEEK_SET), 3);
	hash_of(f, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	fclose(f);
}

static void a_pipe_in_pieces(void **state)
{
	struct dht_hash h;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "a", 1), 1);
	assert_int_equal(write(fds[1], "bc", 2), 2);
	close(fds[1]);
	assert_int_equal(dht_hash_fd(fds[0], &h), 0);
	assert_int_equal(h.len, 32);
	assert_int_equal(h.bytes[0], 0xba);
	assert_int_equal(h.bytes[31], 0xad);
	close(fds[0]);
}

static void what_cannot_be_read(void **state)
{
	struct dht_hash h = {.len = 77};

	(void)state;
	assert_int_equal(dht_hash_fd(-1, &h), DHT_ERR_SYSTEM);
	assert_int_equal(errno, EBADF);
	assert_int_equal(h.len, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_abc_and_a_million),
		cmocka_unit_test(what_was_read_before_does_not_count),
		cmocka_unit_test(a_pipe_in_pieces),
		cmocka_unit_test(what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
