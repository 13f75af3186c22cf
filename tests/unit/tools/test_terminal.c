/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/terminal.h"

static void a_bar_shows_the_share(void **state)
{
	char line[256];

	(void)state;
	progress_format("hashing", 5, 10, 32, line, sizeof(line));
	assert_string_equal(line, "hashing  [#######.......]  5/10");
	progress_format("hashing", 0, 10, 32, line, sizeof(line));
	assert_string_equal(line, "hashing  [..............]  0/10");
	progress_format("hashing", 10, 10, 32, line, sizeof(line));
	assert_string_equal(line, "hashing  [#############]  10/10");
}

static void a_bar_fits_its_width(void **state)
{
	char line[256];

	(void)state;
	for (int width = 1; width < 200; width++) {
		progress_format("sending", 57000, 57001, width, line, sizeof(line));
		assert_true(strlen(line) < (size_t)width || !strchr(line, '['));
	}
	progress_format("sending", 0, 0, 80, line, sizeof(line));
	assert_string_equal(line, "sending  0/0");
}

/* One that would be shown for the first time when all is done is not. */
static void a_bar_does_not_begin_full(void **state)
{
	char *text = NULL;
	size_t len = 0;
	struct progress p = {.label = "asking"};

	(void)state;
	p.file = open_memstream(&text, &len);
	assert_non_null(p.file);
	progress_step(&p, 1, 1);
	fflush(p.file);
	assert_int_equal(len, 0);
	progress_step(&p, 1, 2);
	fflush(p.file);
	assert_non_null(strstr(text, "1/2"));
	p.drawn_ms = 0;
	progress_step(&p, 2, 2);
	fflush(p.file);
	assert_non_null(strstr(text, "2/2"));
	fclose(p.file);
	free(text);
}

static void a_file_is_no_terminal(void **state)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	setenv("TERM", "xterm", 1);
	assert_false(terminal_is(fd));
	assert_false(terminal_colour(fd));
	assert_int_equal(terminal_width(fd), 80);
	close(fd);
}

static void no_color_is_honoured(void **state)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	(void)state;
	if (fd < 0)
		skip();
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(terminal_is(fd));
	assert_true(terminal_colour(fd));
	setenv("NO_COLOR", "", 1);
	assert_true(terminal_colour(fd));
	setenv("NO_COLOR", "1", 1);
	assert_false(terminal_colour(fd));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(terminal_colour(fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bar_shows_the_share),
		cmocka_unit_test(a_bar_fits_its_width),
		cmocka_unit_test(a_bar_does_not_begin_full),
		cmocka_unit_test(a_file_is_no_terminal),
		cmocka_unit_test(no_color_is_honoured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
