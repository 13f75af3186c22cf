/* SPDX-License-Identifier: BSD-2-Clause */
/* render: what a writer makes of a walk, as a string; the answer of two gets as an example. */
#ifndef DHT_TESTS_RENDER_H
#define DHT_TESTS_RENDER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/writer.h"

typedef void render_walk(struct writer *w);

/* New; the test frees it. */
static inline char *render(enum output output, unsigned flags, render_walk *walk)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	struct writer *w = writer_new(output, file, flags);

	walk(w);
	assert_int_equal(writer_finish(w), 0);
	fclose(file);
	return text;
}

static inline void assert_rendered(
	enum output output, unsigned flags, render_walk *walk, const char *expected)
{
	char *text = render(output, flags, walk);

	assert_string_equal(text, expected);
	free(text);
}

static inline enum tone port_tone(const char *text)
{
	return text[0] == '0' ? TONE_BAD : TONE_GOOD;
}

static const struct column render_columns[] = {
	{.key = "hash", .title = "HASH"},
	{.key = "ip", .title = "ADDRESS"},
	{.key = "port", .title = "PORT", .right = true, .tone = port_tone},
	{.key = "ttl", .title = "LEFT", .only = OUTPUT_TABLE},
	{.key = "ttlSeconds", .only = OUTPUT_PLAIN},
};

static inline void render_provider(struct writer *w, const char *ip, uint64_t port, uint64_t ttl)
{
	writer_open(w, NULL);
	writer_string(w, "ip", ip);
	writer_integer(w, "port", port);
	writer_integer(w, "ttlSeconds", ttl);
	writer_text(w, "ttl", "soon");
	writer_close(w);
}

/* Two hashes: one with two providers, one with none. */
static inline void render_get(struct writer *w)
{
	writer_rows(w, render_columns, sizeof(render_columns) / sizeof(render_columns[0]));
	writer_open(w, NULL);
	writer_list(w, "results");
	writer_open(w, NULL);
	writer_string(w, "hash", "deadbeef");
	writer_list(w, "providers");
	render_provider(w, "192.0.2.7", 8000, 1800);
	render_provider(w, "2001:db8::7", 0, 5);
	writer_close(w);
	writer_close(w);
	writer_open(w, NULL);
	writer_string(w, "hash", "00");
	writer_list(w, "providers");
	writer_close(w);
	writer_close(w);
	writer_close(w);
	writer_close(w);
}

static const struct column render_sheet_columns[] = {
	{.key = "health", .title = "health", .tone = port_tone},
	{.key = "drops.malformed", .title = "malformed datagrams"},
	{.key = "reasons", .title = "reason"},
};

static inline void render_status(struct writer *w)
{
	writer_sheet(w, render_sheet_columns, 3);
	writer_open(w, NULL);
	writer_string(w, "health", "degraded");
	writer_list(w, "reasons");
	writer_string(w, NULL, "disk");
	writer_string(w, NULL, "clock");
	writer_close(w);
	writer_integer(w, "members", 3);
	writer_bool(w, "drained", false);
	writer_open(w, "drops");
	writer_integer(w, "malformed", 12);
	writer_close(w);
	writer_close(w);
}

#endif
