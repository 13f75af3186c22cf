/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/cmdline.h"
#include "daemon/log.h"

#include "../unit.h"

#define WORDS_MAX 6

static int parse(const char *const words[WORDS_MAX], struct cmdline *c, char *error)
{
	char *argv[WORDS_MAX + 2] = {strdup("dhtd")};
	char copies[WORDS_MAX][80];
	static char control[80];
	int argc = 1;

	for (; argc <= WORDS_MAX && words[argc - 1]; argc++) {
		snprintf(copies[argc - 1], sizeof(copies[0]), "%s", words[argc - 1]);
		argv[argc] = copies[argc - 1];
	}
	error[0] = '\0';
	int err = cmdline_parse(c, argc, argv, error);
	/* Views into copies end with this function. */
	c->file = c->file ? "set" : NULL;
	snprintf(control, sizeof(control), "%s", c->control ? c->control : "");
	c->control = c->control ? control : NULL;
	free(argv[0]);
	return err;
}

static void good_ones_are_taken(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		struct cmdline want;
	} cases[] = {
		{{NULL}, {CMDLINE_RUN, NULL, NULL, -1}},
		{{"-c", "x.conf"}, {CMDLINE_RUN, "set", NULL, -1}},
		{{"--config=x.conf"}, {CMDLINE_RUN, "set", NULL, -1}},
		{{"--check"}, {CMDLINE_CHECK, NULL, NULL, -1}},
		{{"--check", "-c", "x.conf"}, {CMDLINE_CHECK, "set", NULL, -1}},
		{{"-cx.conf", "--print-config"}, {CMDLINE_PRINT_CONFIG, "set", NULL, -1}},
		{{"--log-level", "debug"}, {CMDLINE_RUN, NULL, NULL, LOG_LEVEL_DEBUG}},
		{{"--log-level=error"}, {CMDLINE_RUN, NULL, NULL, LOG_LEVEL_ERROR}},
		{{"--control", "/a/b"}, {CMDLINE_RUN, NULL, "/a/b", -1}},
		{{"--control="}, {CMDLINE_RUN, NULL, "", -1}},
		{{"--version"}, {CMDLINE_VERSION, NULL, NULL, -1}},
		{{"--help"}, {CMDLINE_HELP, NULL, NULL, -1}},
		{{"-h", "--nonsense"}, {CMDLINE_HELP, NULL, NULL, -1}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char error[CMDLINE_ERROR_MAX];
		struct cmdline c;
		assert_int_equal(parse(cases[i].words, &c, error), 0);
		assert_string_equal(error, "");
		assert_int_equal(c.action, cases[i].want.action);
		assert_int_equal(c.log_level, cases[i].want.log_level);
		assert_int_equal(!c.file, !cases[i].want.file);
		assert_int_equal(!c.control, !cases[i].want.control);
		if (c.control)
			assert_string_equal(c.control, cases[i].want.control);
	}
}

static void bad_ones_are_refused_in_one_line(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		const char *error;
	} cases[] = {
		{{"--nonsense"}, "unknown option --nonsense"},
		{{"-x"}, "unknown option -x"},
		{{"--check", "--nonsense"}, "unknown option --nonsense"},
		{{"extra"}, "unexpected argument extra"},
		{{"--check", "extra", "more"}, "unexpected argument extra"},
		{{"-c"}, "-c needs an argument"},
		{{"--config"}, "--config needs an argument"},
		{{"--control"}, "--control needs an argument"},
		{{"--check", "--log-level"}, "--log-level needs an argument"},
		{{"--check=yes"}, "--check=yes takes no argument"},
		{{"--log-level", "loud"},
			"--log-level: loud is not one of error, warning, notice, info, debug"},
		{{"--log-level="},
			"--log-level:  is not one of error, warning, notice, info, debug"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char error[CMDLINE_ERROR_MAX];
		struct cmdline c;
		assert_int_equal(parse(cases[i].words, &c, error), DHT_EINVAL);
		assert_string_equal(error, cases[i].error);
	}
}

static void long_words_are_cut(void **state)
{
	char word[1000] = "--";
	char *argv[] = {word, word, NULL};
	char error[CMDLINE_ERROR_MAX];
	struct cmdline c;

	(void)state;
	memset(word + 2, 'x', sizeof(word) - 3);
	assert_int_equal(cmdline_parse(&c, 2, argv, error), DHT_EINVAL);
	assert_true(strlen(error) < CMDLINE_ERROR_MAX);
}

static void the_help_fits_a_screen(void **state)
{
	size_t lines = 0, column = 0;

	(void)state;
	for (const char *p = cmdline_help; *p; p++) {
		column = *p == '\n' ? 0 : column + 1;
		lines += *p == '\n';
		assert_true(column < 80);
	}
	assert_true(lines <= 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones_are_taken),
		cmocka_unit_test(bad_ones_are_refused_in_one_line),
		cmocka_unit_test(long_words_are_cut),
		cmocka_unit_test(the_help_fits_a_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
