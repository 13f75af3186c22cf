/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: one walk over the data, three ways to show it.
 *
 *     writer_rows(w, columns, 2);                JSON:  {"results": [
 *     writer_open(w, NULL);                               {"hash": "abcd",
 *     writer_list(w, "results");                           "providers": [{"port": 80}]}]}
 *     writer_open(w, NULL);
 *     writer_string(w, "hash", "abcd");          table: HASH  PORT
 *     writer_list(w, "providers");                      abcd    80
 *     writer_open(w, NULL);
 *     writer_integer(w, "port", 80);             plain: abcd 80
 *     writer_close(w); …
 *
 * A command describes its answer once, as the JSON that programs get. People get columns of it.
 * With rows, each object in a list that holds no list itself is a row; its cells are its own
 * fields, those of objects in it, and those that were given before it in what is around it. With a
 * sheet, each field is a line of its own, named by its path ("drops.malformed"). What is no column
 * is not shown to people; what writer_text() gives is shown to them only.
 *
 * When the outermost object is closed, the document is written. A stream may hold many of them, one
 * a line in JSON, and each is written at once.
 *
 * Errors (no memory, a full disk) stay in the writer until writer_finish() tells them.
 */
#ifndef DHT_TOOLS_WRITER_H
#define DHT_TOOLS_WRITER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WRITER_DEPTH_MAX   8
#define WRITER_COLUMNS_MAX 24

/* Their names, counted from 1, are in output_names. */
enum output {
	OUTPUT_AUTO = 0,
	OUTPUT_TABLE,
	OUTPUT_PLAIN,
	OUTPUT_JSON,
};

/* "table", "plain", "json", NULL. */
extern const char *const output_names[];

enum writer_flags {
	WRITER_TERMINAL = 1, /* a person's terminal: no control characters */
	WRITER_COLOUR = 2,
	WRITER_STREAM = 4,
};

/* How a cell is meant; a colour where there are colours. */
enum tone {
	TONE_NONE,
	TONE_GOOD,
	TONE_WARN,
	TONE_BAD,
};

struct column {
	const char *key;
	const char *title;                   /* NULL in all columns: a table without a head */
	bool right;                          /* aligned */
	enum output only;                    /* OUTPUT_TABLE or OUTPUT_PLAIN: not in the other */
	enum tone (*tone)(const char *text); /* NULL: none */
};

struct writer;

/* Borrows file. NULL without memory. OUTPUT_AUTO is plain. */
struct writer *writer_new(enum output output, FILE *file, unsigned flags);

/* 0, or -1 with errno when anything of it did not get written. Frees w. NULL is -1 with ENOMEM. */
int writer_finish(struct writer *w);

/* Something did already not get written. */
bool writer_failed(const struct writer *w);

/* How people see what comes next; columns are borrowed. A sheet without columns shows all. */
void writer_rows(struct writer *w, const struct column *columns, size_t count);
void writer_sheet(struct writer *w, const struct column *columns, size_t count);

/* Key is NULL for the outermost object and for what is in a list. All of these take a NULL
 * writer and do nothing. */
void writer_open(struct writer *w, const char *key);
void writer_list(struct writer *w, const char *key);
void writer_close(struct writer *w);
void writer_string(struct writer *w, const char *key, const char *value);
void writer_integer(struct writer *w, const char *key, uint64_t value);
void writer_bool(struct writer *w, const char *key, bool value);
void writer_text(struct writer *w, const char *key, const char *value);

/* A whole value, borrowed; its numbers are whole. People do not see a null. */
void writer_json(struct writer *w, const char *key, const json_t *value);

#endif
