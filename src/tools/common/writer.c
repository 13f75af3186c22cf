/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/common/writer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/writer_ops.h"

const char *const output_names[] = {"table", "plain", "json", NULL};

/* A stream's rows can't wait for the others' widths, so that it has no table. */
static const struct writer_ops *choose(enum output output, unsigned flags)
{
	if (output == OUTPUT_JSON)
		return &writer_json_ops;
	if (output == OUTPUT_TABLE && !(flags & WRITER_STREAM))
		return &writer_table_ops;
	return &writer_plain_ops;
}

struct writer *writer_new(enum output output, FILE *file, unsigned flags)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->ops = choose(output, flags);
	w->file = file;
	w->flags = flags;
	w->plain = w->ops != &writer_table_ops;
	return w;
}

int writer_finish(struct writer *w)
{
	int error = w ? w->error : ENOMEM;

	if (!w) {
		errno = error;
		return -1;
	}
	assert(w->depth == 0 || error != 0);
	while (w->depth > 0)
		free(w->frames[--w->depth].key);
	for (size_t i = 0; i < w->cell_count; i++) {
		free(w->cells[i].key);
		free(w->cells[i].text);
	}
	for (size_t i = 0; i < w->kept_count; i++)
		free(w->kept[i]);
	free(w->kept);
	json_decref(w->root);
	free(w);
	errno = error;
	return error ? -1 : 0;
}

bool writer_failed(const struct writer *w)
{
	return !w || w->error != 0;
}

static void set_layout(
	struct writer *w, enum layout layout, const struct column *columns, size_t count)
{
	if (!w)
		return;
	assert(count <= WRITER_COLUMNS_MAX && w->depth == 0);
	w->layout = layout;
	w->columns = columns;
	w->column_count = count;
}

void writer_rows(struct writer *w, const struct column *columns, size_t count)
{
	set_layout(w, LAYOUT_ROWS, columns, count);
}

void writer_sheet(struct writer *w, const struct column *columns, size_t count)
{
	set_layout(w, LAYOUT_SHEET, columns, count);
}

static void open_frame(struct writer *w, const char *key, bool list)
{
	struct frame *f;

	if (!w || w->error)
		return;
	assert(w->depth < WRITER_DEPTH_MAX);
	if (list)
		for (size_t i = 0; i < w->depth; i++)
			w->frames[i].leaf = false;
	f = &w->frames[w->depth++];
	*f = (struct frame){.list = list, .leaf = !list, .cell_mark = w->cell_count};
	f->key = key ? strdup(key) : NULL;
	if (key && !f->key)
		w->error = ENOMEM;
	w->ops->open(w, key);
}

void writer_open(struct writer *w, const char *key)
{
	open_frame(w, key, false);
}

void writer_list(struct writer *w, const char *key)
{
	open_frame(w, key, true);
}

void writer_close(struct writer *w)
{
	if (!w || w->error)
		return;
	assert(w->depth > 0);
	w->ops->close(w);
	free(w->frames[--w->depth].key);
	if (w->depth > 0 || w->error)
		return;
	w->ops->end(w);
	if (!w->error && fflush(w->file) != 0)
		w->error = errno;
	if (!w->error && ferror(w->file))
		w->error = EIO;
}

static void field(struct writer *w, const char *key, const struct value *v)
{
	if (!w || w->error)
		return;
	assert(w->depth > 0);
	w->ops->field(w, key, v);
}

void writer_string(struct writer *w, const char *key, const char *value)
{
	field(w, key, &(struct value){.kind = VALUE_STRING, .u.string = value});
}

void writer_integer(struct writer *w, const char *key, uint64_t value)
{
	/* As JSON's reader here has them; nothing that is counted gets that far. */
	field(w, key, &(struct value){.kind = VALUE_INTEGER, .u.integer = (int64_t)value});
}

void writer_bool(struct writer *w, const char *key, bool value)
{
	field(w, key, &(struct value){.kind = VALUE_BOOL, .u.boolean = value});
}

void writer_text(struct writer *w, const char *key, const char *value)
{
	field(w, key, &(struct value){.kind = VALUE_TEXT, .u.string = value});
}

static void members(struct writer *w, const json_t *value)
{
	void *at = json_object_iter((json_t *)value);

	for (; at; at = json_object_iter_next((json_t *)value, at))
		writer_json(w, json_object_iter_key(at), json_object_iter_value(at));
}

void writer_json(struct writer *w, const char *key, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		writer_open(w, key);
		members(w, value);
		writer_close(w);
		break;
	case JSON_ARRAY:
		writer_list(w, key);
		for (size_t i = 0; i < json_array_size(value); i++)
			writer_json(w, NULL, json_array_get(value, i));
		writer_close(w);
		break;
	case JSON_STRING: writer_string(w, key, json_string_value(value)); break;
	case JSON_INTEGER: writer_integer(w, key, (uint64_t)json_integer_value(value)); break;
	case JSON_REAL: writer_integer(w, key, (uint64_t)json_real_value(value)); break;
	case JSON_TRUE:
	case JSON_FALSE: writer_bool(w, key, json_is_true(value)); break;
	case JSON_NULL: field(w, key, &(struct value){.kind = VALUE_NULL}); break;
	}
}
