/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer's back end for pipes: a row a line, cells with a space between, no head. */
#include <errno.h>

#include "tools/common/writer_ops.h"

static void plain_row(struct writer *w, char *const *cells, size_t count)
{
	const char *gap = w->layout == LAYOUT_SHEET ? "=" : " ";

	for (size_t i = 0; i < count; i++)
		fprintf(w->file, "%s%s", i > 0 ? gap : "", cells[i]);
	if (fputc('\n', w->file) == EOF && !w->error)
		w->error = errno;
}

static void plain_end(struct writer *w)
{
	(void)w;
}

const struct writer_ops writer_plain_ops = {
	.open = flat_open,
	.close = flat_close,
	.field = flat_field,
	.row = plain_row,
	.end = plain_end,
};
