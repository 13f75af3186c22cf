/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
	log_set_level(LOG_LEVEL_INFO);
	real_stderr = dup(STDERR_FILENO);
	if (pipe2(pipe_fds, O_NONBLOCK) != 0 || dup2(pipe_fds[1], STDERR_FILENO) < 0)
		return -1;
	log_open();
	return 0;
}

static int release_stderr(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	log_open();
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
	for (int i = 0; log_level_names[i]; i++)
		assert_int_equal(log_level_parse(log_level_names[i]), i);
	assert_int_equal(log_level_parse(""), -1);
	assert_int_equal(log_level_parse("Error"), -1);
	log_set_level(LOG_LEVEL_DEBUG);
	assert_int_equal(log_get_level(), LOG_LEVEL_DEBUG);
}

static void a_message_is_one_line(void **state)
{
	(void)state;
	log_error("one\ntwo\x1b[2J");
	expect("dhtd: one two [2J\n");
}

static void expect_kept(
	uint64_t *at, enum log_level level, int event, const char *message, const char *fields)
{
	struct log_line l;
	uint64_t lost;

	assert_true(log_read(at, LOG_LEVEL_DEBUG, &l, &lost));
	assert_int_equal(l.level, level);
	assert_int_equal(l.event, event);
	assert_string_equal(l.message, message);
	assert_string_equal(l.fields, fields);
}

static void all_lines_are_kept(void **state)
{
	uint64_t at = log_newest(), lost;
	struct log_line l;

	(void)state;
	log_debug("hidden");
	log_asked("asked");
	log_fault("a.conf:1: x: wrong");
	expect("dhtd: asked\na.conf:1: x: wrong\n");
	expect_kept(&at, LOG_LEVEL_DEBUG, -1, "hidden", "");
	expect_kept(&at, LOG_LEVEL_NOTICE, -1, "asked", "");
	expect_kept(&at, LOG_LEVEL_ERROR, LOG_EVENT_CONFIG_FAULT, "a.conf:1: x: wrong", "");
	assert_false(log_read(&at, LOG_LEVEL_DEBUG, &l, &lost));
}

static void events_have_a_level_and_fields(void **state)
{
	const struct log_field fields[] = {
		{"DHT_ADDRESS", "127.0.0.1:1"}, {"DHT_NONE", NULL}, {"DHT_B", "x\ny"}, {0}};
	uint64_t at = log_newest();

	(void)state;
	log_set_level(LOG_LEVEL_NOTICE);
	log_event(LOG_EVENT_EXIT_ASKED, fields, "EXIT from %d", 1);
	log_event(LOG_EVENT_EXIT_UNSET, NULL, "hidden");
	expect("dhtd: EXIT from 1\n");
	expect_kept(&at, LOG_LEVEL_NOTICE, LOG_EVENT_EXIT_ASKED, "EXIT from 1",
		"DHT_ADDRESS=127.0.0.1:1\nDHT_B=x y\n");
	expect_kept(&at, LOG_LEVEL_INFO, LOG_EVENT_EXIT_UNSET, "hidden", "");
}

static void a_field_that_is_too_long_is_left_out(void **state)
{
	char value[LOG_RING_FIELD_MAX];
	const struct log_field fields[] = {{"DHT_A", value}, {"DHT_B", "2"}, {0}};
	uint64_t at = log_newest();

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	log_event(LOG_EVENT_READY, fields, "ready");
	expect("dhtd: ready\n");
	expect_kept(&at, LOG_LEVEL_NOTICE, LOG_EVENT_READY, "ready", "DHT_B=2\n");
}

static void what_is_kept_is_text(void **state)
{
	const struct log_field fields[] = {{"DHT_A", "caf\xc3\xa9"}, {"DHT_B", "\xff"}, {0}};
	char longest[LOG_RING_LINE_MAX + 1], cut[LOG_RING_LINE_MAX - 1];
	uint64_t at = log_newest();

	(void)state;
	log_event(LOG_EVENT_READY, fields, "bad \xff");
	expect("dhtd: bad ?\n");
	expect_kept(
		&at, LOG_LEVEL_NOTICE, LOG_EVENT_READY, "bad ?", "DHT_A=caf\xc3\xa9\nDHT_B=?\n");

	/* Its last character would end one byte behind the room that there is. */
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + LOG_RING_LINE_MAX - 2, "\xc3\xa9", 3);
	memcpy(cut, longest, sizeof(cut));
	cut[sizeof(cut) - 1] = '\0';
	log_debug("%s", longest);
	expect_kept(&at, LOG_LEVEL_DEBUG, -1, cut, "");
}

static void every_event_has_a_name(void **state)
{
	static const char *const ids[] = {
#define X(id, name, message_id, level) message_id,
		LOG_EVENTS(X)
#undef X
	};

	(void)state;
	assert_string_equal(log_event_name(LOG_EVENT_READY), "ready");
	for (int i = 0; i < LOG_EVENT_COUNT; i++) {
		assert_int_equal(strlen(ids[i]), 32);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(ids[i], ids[j]);
			assert_string_not_equal(log_event_name((enum log_event)i),
				log_event_name((enum log_event)j));
		}
	}
}

/* Reads all that is in the pipe. */
static size_t drain(char *got, size_t size)
{
	ssize_t n = read(pipe_fds[0], got, size - 1);

	got[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* A reader that stands still costs lines, never time, and the next line says how many. */
static void a_full_pipe_loses_lines_and_tells(void **state)
{
	static char got[1 << 21];
	int told = 0, lost = 0, said = 0;

	(void)state;
	assert_int_equal(fcntl(pipe_fds[1], F_SETFL, 0), 0);
	for (; said < 3000; said++)
		log_error("%0200d", said);
	drain(got, sizeof(got));
	for (const char *c = got; *c; c++)
		told += *c == '\n';
	assert_in_range(told, 1, 2999);
	log_error("again");
	drain(got, sizeof(got));
	/* A line may have been taken in part. */
	const char *line = got[0] == '\n' ? got + 1 : got;
	assert_int_equal(sscanf(line, "dhtd: %d log lines lost: not taken in time\n", &lost), 1);
	assert_int_equal(told + lost, said);
	assert_string_equal(strchr(line, '\n'), "\ndhtd: again\n");
	log_error("and again");
	expect("dhtd: and again\n");
}

/* JOURNAL_STREAM names standard error, but here no journal may listen. */
static void without_a_journal_lines_go_to_its_stream(void **state)
{
	char text[64];
	struct stat st;

	(void)state;
	if (access("/run/systemd/journal/socket", F_OK) == 0)
		skip();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	log_open();
	log_error("one");
	expect("dhtd: one\n");
	unsetenv("JOURNAL_STREAM");
	log_open();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, catch_stderr, release_stderr)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_have_the_programs_name),
		TEST(levels_are_kept),
		TEST(a_long_line_is_cut_and_ends),
		TEST(another_stream_is_not_the_journal),
		TEST(without_a_journal_lines_go_to_its_stream),
		TEST(a_message_is_one_line),
		TEST(all_lines_are_kept),
		TEST(events_have_a_level_and_fields),
		TEST(a_field_that_is_too_long_is_left_out),
		TEST(what_is_kept_is_text),
		TEST(a_full_pipe_loses_lines_and_tells),
		cmocka_unit_test(every_event_has_a_name),
		cmocka_unit_test(a_gate_opens_once_a_second),
		cmocka_unit_test(every_level_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
