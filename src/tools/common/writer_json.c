/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer's back end for programs: a Jansson tree, dumped when it is whole. */
#include <errno.h>

#include "tools/common/text.h"
#include "tools/common/writer_ops.h"

/* Takes value. */
static void put(struct writer *w, json_t *parent, const char *key, json_t *value)
{
	int err;

	if (json_is_array(parent))
		err = json_array_append_new(parent, value);
	else
		err = json_object_set_new(parent, key, value);
	if (err)
		w->error = ENOMEM;
}

static void json_open(struct writer *w, const char *key)
{
	size_t level = w->depth - 1;
	json_t *node = w->frames[level].list ? json_array() : json_object();

	w->nodes[level] = node;
	if (level > 0)
		put(w, w->nodes[level - 1], key, node);
	else
		w->root = node;
	if (!node)
		w->error = ENOMEM;
}

static void json_close(struct writer *w)
{
	w->nodes[w->depth - 1] = NULL;
}

static void json_field(struct writer *w, const char *key, const struct value *v)
{
	json_t *value = NULL;

	switch (v->kind) {
	case VALUE_TEXT: return;
	case VALUE_STRING: value = text_json(v->u.string); break;
	case VALUE_INTEGER: value = json_integer(v->u.integer); break;
	case VALUE_BOOL: value = json_boolean(v->u.boolean); break;
	case VALUE_NULL: value = json_null(); break;
	}
	put(w, w->nodes[w->depth - 1], key, value);
}

static void json_end(struct writer *w)
{
	size_t shape = w->flags & WRITER_STREAM ? JSON_COMPACT : JSON_INDENT(2);

	/* JSON leaves U+007F to U+009F as they are; some terminals obey them. */
	if (w->flags & WRITER_TERMINAL)
		shape |= JSON_ENSURE_ASCII;
	errno = 0;
	if (json_dumpf(w->root, w->file, shape) != 0 || fputc('\n', w->file) == EOF)
		w->error = errno ? errno : EIO;
	json_decref(w->root);
	w->root = NULL;
}

const struct writer_ops writer_json_ops = {
	.open = json_open,
	.close = json_close,
	.field = json_field,
	.end = json_end,
};
