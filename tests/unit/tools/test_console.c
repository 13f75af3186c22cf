/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "tools/common/console.h"

struct heard {
	struct console console;
	char *out, *err;
	size_t out_size, err_size;
};

static void listen_to(struct heard *h, enum output output)
{
	*h = (struct heard){0};
	console_init(&h->console, "prog");
	h->console.out = open_memstream(&h->out, &h->out_size);
	h->console.err = open_memstream(&h->err, &h->err_size);
	h->console.output = output;
}

static void assert_heard(struct heard *h, const char *out, const char *err)
{
	fclose(h->console.out);
	fclose(h->console.err);
	assert_string_equal(h->out, out);
	assert_string_equal(h->err, err);
	free(h->out);
	free(h->err);
}

static void the_streams_are_the_standard_ones(void **state)
{
	struct console c;

	(void)state;
	console_init(&c, "prog");
	assert_ptr_equal(c.out, stdout);
	assert_ptr_equal(c.err, stderr);
	assert_false(console_json(&c));
	assert_int_equal(console_end(&c, 7), 7);
}

static void notes_are_for_people(void **state)
{
	struct heard h;

	(void)state;
	listen_to(&h, OUTPUT_TABLE);
	console_note(&h.console, "%d \033[31m", 1);
	console_line(&h.console, "a\nb");
	assert_int_equal(console_end(&h.console, 0), 0);
	assert_heard(&h, "a?b\n", "prog: 1 ?[31m\n");
	listen_to(&h, OUTPUT_JSON);
	console_note(&h.console, "x");
	assert_int_equal(console_end(&h.console, 0), 0);
	assert_heard(&h, "", "");
}

static void the_fault_comes_last(void **state)
{
	struct heard h;

	(void)state;
	listen_to(&h, OUTPUT_TABLE);
	fault_set(&h.console.fault, 3, "code", "hint", "message");
	console_note(&h.console, "note");
	assert_int_equal(console_end(&h.console, 3), 3);
	assert_heard(&h, "", "prog: note\nprog: message: hint\n");
	listen_to(&h, OUTPUT_JSON);
	fault_set(&h.console.fault, 3, "code", "", "message");
	assert_int_equal(console_end(&h.console, 3), 3);
	assert_heard(&h,
		"{\n  \"error\": {\n    \"code\": \"code\",\n    \"message\": \"message\",\n"
		"    \"hint\": \"\"\n  }\n}\n",
		"");
}

static void operands_too_many_are_a_fault(void **state)
{
	char *operands[] = {(char *)"x"};
	struct console c;

	(void)state;
	console_init(&c, "prog");
	assert_int_equal(console_no_operands(&c, 0, NULL), 0);
	assert_int_equal(console_no_operands(&c, 1, operands), EXIT_USAGE);
}

static void a_writer_writes_on_the_output(void **state)
{
	struct heard h;
	struct writer *w;

	(void)state;
	listen_to(&h, OUTPUT_JSON);
	w = console_writer(&h.console, WRITER_STREAM);
	writer_open(w, NULL);
	writer_close(w);
	assert_int_equal(console_written(&h.console, w, 5), 5);
	assert_heard(&h, "{}\n", "");
}

/* A full disk is told, a closed pipe is not. */
static void output_that_fails_is_a_fault(void **state)
{
	struct heard h;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	listen_to(&h, OUTPUT_TABLE);
	fclose(h.console.out);
	h.console.out = full;
	console_line(&h.console, "x");
	assert_int_equal(console_flush(&h.console), EXIT_FAILED);
	assert_string_equal(h.console.fault.code, "output");
	h.console.fault = (struct fault){0};
	assert_int_equal(console_written(&h.console, NULL, 0), EXIT_FAILED);
	assert_string_equal(h.console.fault.code, "output");
	fclose(full);
	fclose(h.console.err);
	free(h.out);
	free(h.err);
}

static void a_closed_pipe_needs_no_words(void **state)
{
	struct console c;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	console_init(&c, "prog");
	c.out = fdopen(ends[1], "w");
	console_line(&c, "x");
	assert_int_equal(console_flush(&c), EXIT_FAILED);
	assert_int_equal(c.fault.status, 0);
	fclose(c.out);
}

static int ignore_pipes(void **state)
{
	(void)state;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_streams_are_the_standard_ones),
		cmocka_unit_test(notes_are_for_people),
		cmocka_unit_test(the_fault_comes_last),
		cmocka_unit_test(operands_too_many_are_a_fault),
		cmocka_unit_test(a_writer_writes_on_the_output),
		cmocka_unit_test(output_that_fails_is_a_fault),
		cmocka_unit_test(a_closed_pipe_needs_no_words),
	};

	return cmocka_run_group_tests(tests, ignore_pipes, NULL);
}
