/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/common/console.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/terminal.h"
#include "tools/common/text.h"

#define LINE_MAX_BYTES 4096

void console_init(struct console *c, const char *program)
{
	*c = (struct console){.program = program, .out = stdout, .err = stderr};
}

bool console_json(const struct console *c)
{
	return c->output == OUTPUT_JSON;
}

/* After an output error, with errno. */
static int output_fault(struct console *c)
{
	if (errno == EPIPE)
		return EXIT_FAILED;
	return fault_set(
		&c->fault, EXIT_FAILED, "output", NULL, "standard output: %s", strerror(errno));
}

int console_end(struct console *c, int status)
{
	if (fflush(c->out) != 0)
		status = output_fault(c);
	if (c->fault.status != 0)
		fault_print(&c->fault, c->program, console_json(c), c->out, c->err);
	return status;
}

struct writer *console_writer(const struct console *c, unsigned flags)
{
	int fd = fileno(c->out);

	if (terminal_is(fd))
		flags |= WRITER_TERMINAL;
	if (terminal_colour(fd))
		flags |= WRITER_COLOUR;
	return writer_new(c->output, c->out, flags);
}

int console_written(struct console *c, struct writer *w, int status)
{
	return writer_finish(w) == 0 ? status : output_fault(c);
}

int console_flush(struct console *c)
{
	return fflush(c->out) == 0 ? 0 : output_fault(c);
}

__attribute__((format(printf, 3, 0))) static void print(
	FILE *file, const char *program, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES];

	vsnprintf(text, sizeof(text), format, args);
	text_clean(text, true);
	fprintf(file, "%s%s%s\n", program, *program ? ": " : "", text);
}

void console_line(const struct console *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(c->out, "", format, args);
	va_end(args);
}

void console_note(const struct console *c, const char *format, ...)
{
	va_list args;

	if (console_json(c))
		return;
	va_start(args, format);
	print(c->err, c->program, format, args);
	va_end(args);
}

int console_no_operands(struct console *c, int argc, char **argv)
{
	if (argc == 0)
		return 0;
	return fault_set(&c->fault, EXIT_USAGE, "usage", "this command takes options only",
		"'%.200s' is one too many", argv[0]);
}
