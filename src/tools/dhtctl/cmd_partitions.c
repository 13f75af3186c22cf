/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl partitions: which server owns what, and what this one has. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/exitcode.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define PAGES_MAX  1024 /* more than there are */
#define OWNERS_MAX 1024 /* bytes of a line's */

struct partitions_args {
	bool list;
};

static const struct opt options[] = {
	{"list", 'l', OPT_FLAG, NULL, "all partitions, a line each",
		offsetof(struct partitions_args, list), 0, 0, NULL},
	{0},
};

static const struct column share_columns[] = {
	{.key = "at", .title = "SERVER"},
	{.key = "partitions", .title = "OWNS", .right = true},
	{.key = "share", .title = "SHARE", .right = true},
	{.key = "has", .title = "HAS"},
};

static enum tone state_tone(const char *text)
{
	return strcmp(text, "partial") == 0 ? TONE_WARN : TONE_NONE;
}

static const struct column row_columns[] = {
	{.key = "partition", .title = "PARTITION", .right = true},
	{.key = "state", .title = "HERE", .tone = state_tone},
	{.key = "owned", .title = "OWNERS"},
};

/* What this server has, behind its own line. */
static void show_own(struct writer *w, const json_t *own)
{
	char text[160];

	snprintf(text, sizeof(text),
		"%" PRIu64 " complete, %" PRIu64 " partial, %" PRIu64 " kept for others",
		reply_number(own, "complete"), reply_number(own, "partial"),
		reply_number(own, "kept"));
	writer_text(w, "has", text);
}

static void show_share(struct writer *w, const json_t *server, const json_t *reply)
{
	uint64_t total = reply_number(reply, "total"), owned = reply_number(server, "partitions");
	uint64_t permille = total ? owned * 1000 / total : 0;
	char at[REPLY_PLACE_MAX], share[48];

	writer_open(w, NULL);
	reply_place(server, "address", at);
	writer_text(w, "at", at);
	snprintf(share, sizeof(share), "%" PRIu64 ".%" PRIu64 " %%", permille / 10, permille % 10);
	writer_text(w, "share", share);
	if (json_is_true(json_object_get(server, "self")))
		show_own(w, json_object_get(reply, "own"));
	writer_integer(w, "partitions", owned);
	writer_close(w);
}

static void show_shares(struct writer *w, const json_t *reply)
{
	const json_t *servers = json_object_get(reply, "servers");

	writer_rows(w, share_columns, sizeof(share_columns) / sizeof(share_columns[0]));
	writer_open(w, NULL);
	writer_list(w, "servers");
	for (size_t i = 0; i < json_array_size(servers); i++)
		show_share(w, json_array_get(servers, i), reply);
	writer_close(w);
	writer_close(w);
}

static void show_row(struct writer *w, const json_t *row)
{
	const json_t *owners = json_object_get(row, "owners");
	char text[OWNERS_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < json_array_size(owners) && len < sizeof(text); i++) {
		const char *at = json_string_value(json_array_get(owners, i));
		int n = snprintf(
			text + len, sizeof(text) - len, "%s%s", len ? " " : "", at ? at : "");
		len += n > 0 ? (size_t)n : 0;
	}
	writer_open(w, NULL);
	writer_integer(w, "partition", reply_number(row, "partition"));
	writer_text(w, "state", reply_text(row, "state"));
	if (text[0])
		writer_text(w, "owned", text);
	writer_close(w);
}

static void show_rows(struct writer *w, const json_t *rows)
{
	writer_rows(w, row_columns, sizeof(row_columns) / sizeof(row_columns[0]));
	writer_open(w, NULL);
	writer_list(w, "partitions");
	for (size_t i = 0; i < json_array_size(rows); i++)
		show_row(w, json_array_get(rows, i));
	writer_close(w);
	writer_close(w);
}

/* Without `next`, which is of the pages. */
static void show_all(struct writer *w, const json_t *reply, const json_t *rows)
{
	static const char *const kept[] = {"total", "replicas", "own", "servers"};

	writer_open(w, NULL);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const json_t *value = json_object_get(reply, kept[i]);
		if (value)
			writer_json(w, kept[i], value);
	}
	writer_json(w, "partitions", rows);
	writer_close(w);
}

static int show(struct admin *a, const json_t *reply, const json_t *rows, bool list)
{
	struct writer *w = console_writer(&a->console, 0);

	if (console_json(&a->console))
		show_all(w, reply, rows);
	else if (list)
		show_rows(w, rows);
	else
		show_shares(w, reply);
	return console_written(&a->console, w, EXIT_DONE);
}

static json_t *get_page(struct admin *a, uint64_t first, bool list)
{
	json_t *parameters = list ? json_pack("{s:I}", "first", (json_int_t)first)
	                          : json_pack("{s:i}", "count", 0);

	return admin_ask(a, CONTROL "ListPartitions", parameters);
}

/* All pages' rows into rows; gives the last reply, or NULL with the fault set. */
static json_t *collect(struct admin *a, bool list, json_t *rows)
{
	uint64_t next = 0;

	for (size_t page = 0; page < PAGES_MAX; page++) {
		json_t *reply = get_page(a, next, list);
		if (!reply)
			return NULL;
		json_array_extend(rows, json_object_get(reply, "partitions"));
		next = reply_number(reply, "next");
		if (!list || next == 0)
			return reply;
		json_decref(reply);
	}
	fault_set(&a->console.fault, EXIT_FAILED, "protocol", NULL,
		"dhtd answers ListPartitions with pages without end");
	return NULL;
}

static int partitions_run(void *context, void *args, int argc, char **argv)
{
	const struct partitions_args *given = args;
	struct admin *a = context;
	json_t *rows, *reply;
	int status;

	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	rows = json_array();
	reply = collect(a, given->list, rows);
	status = reply ? show(a, reply, rows, given->list) : a->console.fault.status;
	json_decref(reply);
	json_decref(rows);
	return status;
}

const struct subcommand cmd_partitions = {
	.name = "partitions",
	.operands = "",
	.summary = "which server owns how many of the cluster's partitions",
	.brief = "which server owns what",
	.notes = "HAS is what the server that is asked has of its own: complete, or partial while\n"
		 "it still gets it from others; and what it keeps until others have it.",
	.options = {options},
	.args_size = sizeof(struct partitions_args),
	.run = partitions_run,
};
