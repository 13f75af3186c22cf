/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

#include "../unit.h"

static int pipe_fds[2];
static int real_stderr;

/* Standard error goes into a pipe while a test runs. */
static int catch_stderr(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_open();
	log_set_level(LOG_LEVEL_INFO);
	real_stderr = dup(STDERR_FILENO);
	return pipe2(pipe_fds, O_NONBLOCK) != 0 || dup2(pipe_fds[1], STDERR_FILENO) < 0;
}

static int release_stderr(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return 0;
}

static void expect(const char *want)
{
	char got[2 * LOG_LINE_MAX];
	ssize_t n = read(pipe_fds[0], got, sizeof(got) - 1);

	got[n > 0 ? n : 0] = '\0';
	assert_string_equal(got, want);
}

static void lines_have_the_programs_name(void **state)
{
	(void)state;
	log_error("%s %d", "one", 1);
	log_warning("two");
	log_notice("three");
	log_info("four");
	expect("dhtd: one 1\ndhtd: two\ndhtd: three\ndhtd: four\n");
	log_fault("a.conf:1: x: wrong");
	expect("a.conf:1: x: wrong\n");
}

static void levels_are_kept(void **state)
{
	(void)state;
	log_debug("hidden");
	expect("");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("shown");
	expect("dhtd: shown\n");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("hidden");
	log_asked("asked");
	log_error("shown");
	expect("dhtd: asked\ndhtd: shown\n");
}

static void a_long_line_is_cut_and_ends(void **state)
{
	char message[2 * LOG_LINE_MAX], want[LOG_LINE_MAX];

	(void)state;
	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	log_error("%s", message);
	memset(want, 'x', sizeof(want));
	for (int i = 0; i < 6; i++)
		want[i] = "dhtd: "[i];
	want[sizeof(want) - 2] = '\n';
	want[sizeof(want) - 1] = '\0';
	expect(want);
}

static void another_stream_is_not_the_journal(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_open();
	log_error("one");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	log_open();
	log_error("two");
	expect("dhtd: one\ndhtd: two\n");
	unsetenv("JOURNAL_STREAM");
}

static void a_gate_opens_once_a_second(void **state)
{
	struct log_gate g = {0};
	uint32_t held = 99;

	(void)state;
	assert_true(log_gate_pass(&g, 5000, &held));
	assert_int_equal(held, 0);
	for (uint64_t ms = 5000; ms < 6000; ms += 100)
		assert_false(log_gate_pass(&g, ms, &held));
	assert_true(log_gate_pass(&g, 6000, &held));
	assert_int_equal(held, 10);
	assert_true(log_gate_pass(&g, 9000, &held));
	assert_int_equal(held, 0);
}

static void every_level_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(log_level_names[LOG_LEVEL_ERROR], "error");
	assert_string_equal(log_level_names[LOG_LEVEL_WARNING], "warning");
	assert_string_equal(log_level_names[LOG_LEVEL_NOTICE], "notice");
	assert_string_equal(log_level_names[LOG_LEVEL_INFO], "info");
	assert_string_equal(log_level_names[LOG_LEVEL_DEBUG], "debug");
	assert_null(log_level_names[LOG_LEVEL_DEBUG + 1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, catch_stderr, release_stderr)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_have_the_programs_name),
		TEST(levels_are_kept),
		TEST(a_long_line_is_cut_and_ends),
		TEST(another_stream_is_not_the_journal),
		cmocka_unit_test(a_gate_opens_once_a_second),
		cmocka_unit_test(every_level_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
