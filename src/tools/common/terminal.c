/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/common/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/common/clock.h"

#define SHOW_AFTER_MS  300
#define DRAW_EVERY_MS  100
#define DEFAULT_WIDTH  80
#define WIDEST_BAR     40
#define NARROWEST_BAR  8
#define LINE_BYTES_MAX 256

bool terminal_is(int fd)
{
	return isatty(fd) == 1;
}

bool terminal_colour(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	return terminal_is(fd) && term && *term && strcmp(term, "dumb") != 0;
}

int terminal_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return DEFAULT_WIDTH;
}

void progress_start(struct progress *p, const char *label)
{
	*p = (struct progress){
		.file = terminal_is(STDERR_FILENO) ? stderr : NULL,
		.label = label,
		.start_ms = clock_ms(),
	};
}

void progress_format(
	const char *label, size_t done, size_t total, int width, char *out, size_t size)
{
	char counts[64], bar[WIDEST_BAR + 1];
	int cells, room;

	snprintf(counts, sizeof(counts), "%zu/%zu", done, total);
	room = width - (int)strlen(label) - (int)strlen(counts) - 7;
	cells = room > WIDEST_BAR ? WIDEST_BAR : room;
	if (cells < NARROWEST_BAR || total == 0) {
		snprintf(out, size, "%s  %s", label, counts);
		return;
	}
	for (int i = 0; i < cells; i++)
		bar[i] = (uint64_t)i * total < (uint64_t)done * (uint64_t)cells ? '#' : '.';
	bar[cells] = '\0';
	snprintf(out, size, "%s  [%s]  %s", label, bar, counts);
}

void progress_step(void *progress, size_t done, size_t total)
{
	struct progress *p = progress;
	char line[LINE_BYTES_MAX];
	uint64_t now;

	/* A bar that begins full says nothing but that a single answer was slow. */
	if (!p->file || (!p->visible && done == total))
		return;
	now = clock_ms();
	if (now - p->start_ms < SHOW_AFTER_MS || now - p->drawn_ms < DRAW_EVERY_MS)
		return;
	p->drawn_ms = now;
	p->visible = true;
	progress_format(p->label, done, total, terminal_width(STDERR_FILENO), line, sizeof(line));
	fprintf(p->file, "\r%s\033[K", line);
	fflush(p->file);
}

void progress_end(struct progress *p)
{
	if (p->file && p->visible)
		fputs("\r\033[K", p->file);
	p->visible = false;
}
