/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer_ops: what a back end of the writer is made of; for the writer's own files only.
 *
 * writer.c checks the nesting and calls the back end. The two back ends for people share
 * writer_flat.c, which turns the walk into rows and hands each to row().
 */
#ifndef DHT_TOOLS_WRITER_OPS_H
#define DHT_TOOLS_WRITER_OPS_H

#include "tools/common/writer.h"

#define CELLS_MAX 64 /* fields that are open at a time */

enum value_kind {
	VALUE_STRING,
	VALUE_INTEGER,
	VALUE_BOOL,
	VALUE_TEXT,
	VALUE_NULL,
};

struct value {
	enum value_kind kind;
	union {
		const char *string;
		int64_t integer;
		bool boolean;
	} u;
};

struct writer_ops {
	void (*open)(struct writer *w, const char *key);
	void (*close)(struct writer *w);
	void (*field)(struct writer *w, const char *key, const struct value *v);

	/* Takes nothing of cells; count of them, or title and value of a sheet's line. */
	void (*row)(struct writer *w, char *const *cells, size_t count);

	/* The outermost object was closed. */
	void (*end)(struct writer *w);
};

extern const struct writer_ops writer_table_ops;
extern const struct writer_ops writer_plain_ops;
extern const struct writer_ops writer_json_ops;

enum layout {
	LAYOUT_ROWS,
	LAYOUT_SHEET,
};

/* One open object or list. */
struct frame {
	bool list;
	bool leaf;        /* no list was opened in it */
	size_t cell_mark; /* the cells before it */
	char *key;        /* NULL: none */
};

struct cell {
	char *key;
	char *text;
};

struct writer {
	const struct writer_ops *ops;
	FILE *file;
	unsigned flags;
	int error; /* an errno */
	bool plain;

	enum layout layout;
	const struct column *columns;
	size_t column_count;

	struct frame frames[WRITER_DEPTH_MAX];
	size_t depth;

	struct cell cells[CELLS_MAX]; /* flat */
	size_t cell_count;

	char **kept; /* table: the rows until the end, row by row */
	size_t kept_count, kept_size, kept_width;

	json_t *nodes[WRITER_DEPTH_MAX]; /* json */
	json_t *root;
};

/* The back ends' shared half. */
void flat_open(struct writer *w, const char *key);
void flat_close(struct writer *w);
void flat_field(struct writer *w, const char *key, const struct value *v);

/* The column of this key that this back end shows, or NULL. */
const struct column *flat_column(const struct writer *w, const char *key);
bool flat_shows(const struct writer *w, const struct column *c);

#endif
