/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal: is a person looking, how wide is the window, and how far are we.
 *
 * A progress bar shows itself only on a terminal and only when the work takes long enough to be
 * looked at; it redraws its one line a few times a second and wipes it at the end.
 */
#ifndef DHT_TOOLS_TERMINAL_H
#define DHT_TOOLS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

bool terminal_is(int fd);

/* A terminal that takes colours, and nobody set NO_COLOR (no-color.org). */
bool terminal_colour(int fd);

/* In columns; 80 when nobody knows. */
int terminal_width(int fd);

struct progress {
	FILE *file; /* NULL: nobody is looking */
	const char *label;
	uint64_t start_ms;
	uint64_t drawn_ms;
	bool visible;
};

/* Borrows label. Shown on standard error. */
void progress_start(struct progress *p, const char *label);

/* Takes a struct progress, as void so that it fits libdht's callback. */
void progress_step(void *progress, size_t done, size_t total);
void progress_end(struct progress *p);

/* One bar of at most width columns, with a NUL: "hashing  [####....]  12/24". */
void progress_format(
	const char *label, size_t done, size_t total, int width, char *out, size_t size);

#endif
