/* SPDX-License-Identifier: BSD-2-Clause */
/* What the writer's back ends for people have in common: the walk becomes rows of text. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/text.h"
#include "tools/common/writer_ops.h"

#define PATH_TEXT_MAX 256

bool flat_shows(const struct writer *w, const struct column *c)
{
	return c->only == OUTPUT_AUTO || c->only == (w->plain ? OUTPUT_PLAIN : OUTPUT_TABLE);
}

const struct column *flat_column(const struct writer *w, const char *key)
{
	for (size_t i = 0; i < w->column_count; i++)
		if (strcmp(w->columns[i].key, key) == 0 && flat_shows(w, &w->columns[i]))
			return &w->columns[i];
	return NULL;
}

/* A new text, cleaned of what would move a terminal's cursor; NULL without memory. */
static char *value_text(const struct writer *w, const struct value *v)
{
	char number[24];
	char *text;

	switch (v->kind) {
	case VALUE_STRING:
	case VALUE_TEXT: text = strdup(v->u.string); break;
	case VALUE_BOOL: text = strdup(v->u.boolean ? "yes" : "no"); break;
	case VALUE_INTEGER:
	default:
		snprintf(number, sizeof(number), "%" PRId64, v->u.integer);
		text = strdup(number);
		break;
	}
	if (text)
		text_clean(text, w->flags & WRITER_TERMINAL);
	return text;
}

static void path_append(char *path, const char *key)
{
	size_t n = strlen(path);

	if (key)
		snprintf(path + n, PATH_TEXT_MAX - n, "%s%s", n > 0 ? "." : "", key);
}

/* A sheet's line. */
static void line(struct writer *w, const char *key, const struct value *v)
{
	char path[PATH_TEXT_MAX] = "";
	const struct column *c;
	char *cells[2];

	for (size_t i = 0; i < w->depth; i++)
		path_append(path, w->frames[i].key);
	path_append(path, key);
	c = flat_column(w, path);
	if (w->columns && !c)
		return;
	cells[0] = c && c->title && !w->plain ? (char *)c->title : path;
	cells[1] = value_text(w, v);
	if (cells[1])
		w->ops->row(w, cells, 2);
	else
		w->error = ENOMEM;
	free(cells[1]);
}

/* A field of rows, kept until the object around it ends. */
static void keep(struct writer *w, const char *key, const struct value *v)
{
	struct cell *c = &w->cells[w->cell_count];

	if (!key || !flat_column(w, key))
		return;
	if (w->cell_count == CELLS_MAX) {
		w->error = EMSGSIZE;
		return;
	}
	w->cell_count++;
	c->key = strdup(key);
	c->text = value_text(w, v);
	if (!c->key || !c->text)
		w->error = ENOMEM;
}

void flat_field(struct writer *w, const char *key, const struct value *v)
{
	if (v->kind == VALUE_NULL)
		return; /* as if it were not there */
	if (w->layout == LAYOUT_SHEET)
		line(w, key, v);
	else
		keep(w, key, v);
}

void flat_open(struct writer *w, const char *key)
{
	(void)w;
	(void)key;
}

/* The innermost field of this name. */
static char *cell_text(const struct writer *w, const char *key)
{
	for (size_t i = w->cell_count; i > 0; i--)
		if (strcmp(w->cells[i - 1].key, key) == 0)
			return w->cells[i - 1].text;
	return NULL;
}

static void emit(struct writer *w)
{
	char *cells[WRITER_COLUMNS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < w->column_count; i++) {
		if (!flat_shows(w, &w->columns[i]))
			continue;
		cells[n] = cell_text(w, w->columns[i].key);
		if (!cells[n])
			cells[n] = (char *)"-";
		n++;
	}
	w->ops->row(w, cells, n);
}

void flat_close(struct writer *w)
{
	const struct frame *f = &w->frames[w->depth - 1];
	bool in_list = w->depth > 1 && w->frames[w->depth - 2].list;
	bool alone = w->depth == 1 && w->flags & WRITER_STREAM;

	if (w->layout == LAYOUT_ROWS && f->leaf && (in_list || alone))
		emit(w);
	if (w->depth > 1 && !in_list && !f->list)
		return; /* an object in an object: its fields are the outer one's */
	while (w->cell_count > f->cell_mark) {
		struct cell *c = &w->cells[--w->cell_count];

		free(c->key);
		free(c->text);
	}
}
