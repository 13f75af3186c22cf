/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer's back end for people: rows are kept until the end, then aligned. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/text.h"
#include "tools/common/writer_ops.h"

#define GAP        "  "
#define KEPT_START 256

static bool make_room(struct writer *w, size_t more)
{
	size_t size = w->kept_size > 0 ? w->kept_size * 2 : KEPT_START;
	char **kept;

	if (w->kept_count + more <= w->kept_size)
		return true;
	kept = reallocarray(w->kept, size, sizeof(*kept));
	if (!kept)
		return false;
	w->kept = kept;
	w->kept_size = size;
	return true;
}

static void table_row(struct writer *w, char *const *cells, size_t count)
{
	if (!make_room(w, count)) {
		w->error = ENOMEM;
		return;
	}
	w->kept_width = count;
	for (size_t i = 0; i < count; i++) {
		char *copy = strdup(cells[i]);

		if (!copy) {
			w->error = ENOMEM;
			return;
		}
		w->kept[w->kept_count++] = copy;
	}
}

/* The columns that are shown, as struct column; a sheet has one for titles and one for values. */
static void shown_columns(const struct writer *w, struct column out[static WRITER_COLUMNS_MAX])
{
	size_t n = 0;

	memset(out, 0, WRITER_COLUMNS_MAX * sizeof(*out));
	if (w->layout == LAYOUT_SHEET)
		return;
	for (size_t i = 0; i < w->column_count; i++)
		if (flat_shows(w, &w->columns[i]))
			out[n++] = w->columns[i];
}

static void measure(const struct writer *w, const struct column *columns, size_t *widths)
{
	assert(w->kept_width > 0);
	for (size_t c = 0; c < w->kept_width; c++)
		widths[c] = columns[c].title ? text_width(columns[c].title) : 0;
	for (size_t i = 0; i < w->kept_count; i++) {
		size_t width = text_width(w->kept[i]), c = i % w->kept_width;

		if (width > widths[c])
			widths[c] = width;
	}
}

static const char *tone_escape(const struct writer *w, const struct column *c, const char *text)
{
	static const char *const escapes[] = {[TONE_NONE] = "",
		[TONE_GOOD] = "\033[32m",
		[TONE_WARN] = "\033[33m",
		[TONE_BAD] = "\033[31m"};

	if (!(w->flags & WRITER_COLOUR) || !c->tone)
		return "";
	return escapes[c->tone(text)];
}

/* Padding is outside of the colour, and the last cell has none. */
static void print_cell(struct writer *w, const struct column *c, const char *text, size_t width,
	bool last, const char *escape)
{
	int padding = (int)(width - text_width(text));

	fprintf(w->file, "%*s%s%s%s", c->right ? padding : 0, "", escape, text,
		*escape ? "\033[0m" : "");
	if (!last)
		fprintf(w->file, "%*s" GAP, c->right ? 0 : padding, "");
}

static void print_head(struct writer *w, const struct column *columns, const size_t *widths)
{
	const char *escape = w->flags & WRITER_COLOUR ? "\033[1m" : "";
	bool any = false;

	for (size_t c = 0; c < w->kept_width; c++)
		any |= columns[c].title != NULL;
	if (!any)
		return;
	for (size_t c = 0; c < w->kept_width; c++)
		print_cell(w, &columns[c], columns[c].title ? columns[c].title : "", widths[c],
			c + 1 == w->kept_width, escape);
	fputc('\n', w->file);
}

/* A sheet's line has the tone of the column that its title belongs to. */
static const struct column *cell_column(
	const struct writer *w, const struct column *columns, size_t i)
{
	if (w->layout == LAYOUT_ROWS || i % 2 == 0)
		return &columns[i % w->kept_width];
	for (size_t c = 0; c < w->column_count; c++)
		if (w->columns[c].title && strcmp(w->columns[c].title, w->kept[i - 1]) == 0)
			return &w->columns[c];
	return &columns[1];
}

static void table_end(struct writer *w)
{
	struct column columns[WRITER_COLUMNS_MAX];
	size_t widths[WRITER_COLUMNS_MAX];

	if (w->kept_count == 0)
		return;
	shown_columns(w, columns);
	measure(w, columns, widths);
	print_head(w, columns, widths);
	for (size_t i = 0; i < w->kept_count; i++) {
		const struct column *c = cell_column(w, columns, i);
		bool last = i % w->kept_width == w->kept_width - 1;

		print_cell(w, c, w->kept[i], widths[i % w->kept_width], last,
			tone_escape(w, c, w->kept[i]));
		if (last && fputc('\n', w->file) == EOF && !w->error)
			w->error = errno;
	}
	while (w->kept_count > 0)
		free(w->kept[--w->kept_count]);
}

const struct writer_ops writer_table_ops = {
	.open = flat_open,
	.close = flat_close,
	.field = flat_field,
	.row = table_row,
	.end = table_end,
};
