/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console: what a program says, and where.
 *
 * Results go to standard output through a writer; notes for a person (who was asked, what is
 * missing) go to standard error, never between the results, and not at all when a program reads
 * JSON. What went wrong stays in fault until console_end() prints it, as the last thing.
 *
 * Tests put files of their own in place of the two streams.
 */
#ifndef DHT_TOOLS_CONSOLE_H
#define DHT_TOOLS_CONSOLE_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/common/fault.h"
#include "tools/common/writer.h"

struct console {
	const char *program; /* its name, in front of notes and faults */
	FILE *out, *err;
	enum output output;
	struct fault fault;
};

/* Standard output and error, and OUTPUT_AUTO. Borrows program. */
void console_init(struct console *c, const char *program);

/* Flushes the output and prints the fault; gives the program's exit status, which is status unless
 * the output failed. */
int console_end(struct console *c, int status);

bool console_json(const struct console *c);

/* A writer on the output; flags as writer_new() has them, but a terminal's are added here. */
struct writer *console_writer(const struct console *c, unsigned flags);

/* Ends the writer: status, or EXIT_FAILED with a fault when the output did not take it. Whoever
 * closed a pipe has had enough and gets no message. */
int console_written(struct console *c, struct writer *w, int status);

/* One line of the output for people, without what could move a terminal's cursor. */
void console_line(const struct console *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Writes what was printed. 0, or EXIT_FAILED, with a fault as console_written() has it. */
int console_flush(struct console *c);

/* One line on standard error, "PROGRAM: …", unless a program reads JSON. */
void console_note(const struct console *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A usage fault when there are operands. 0, or the fault's status. */
int console_no_operands(struct console *c, int argc, char **argv);

#endif
