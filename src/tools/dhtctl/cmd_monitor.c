/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl monitor: the server's log as it comes, also what its level leaves out of the journal. */
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

struct monitor_args {
	const char *level;
	uint32_t count;
};

static const struct opt options[] = {
	{"level", 'l', OPT_TEXT, "L", "error, warning, notice, info (usual) or debug",
		offsetof(struct monitor_args, level), 0, 0, NULL},
	{"count", 'n', OPT_NUMBER, "N", "so many lines (until interrupted)",
		offsetof(struct monitor_args, count), 1, UINT32_MAX, NULL},
	{0},
};

static const struct column columns[] = {{.key = "time"}, {.key = "level"}, {.key = "message"}};

/* One line; each is a document of its own. */
static void show_entry(struct admin *a, struct writer *w, const json_t *item)
{
	const json_t *entry = json_object_get(item, "entry");
	const json_t *event = json_object_get(entry, "event");
	uint64_t lost = reply_number(item, "lost");

	if (lost > 0)
		console_note(&a->console, "%lu lines are left out here", (unsigned long)lost);
	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_integer(w, "sequence", reply_number(entry, "sequence"));
	writer_string(w, "time", reply_text(entry, "time"));
	writer_string(w, "level", reply_text(entry, "level"));
	writer_string(w, "message", reply_text(entry, "message"));
	writer_json(w, "event", event ? event : json_null());
	writer_open(w, "fields");
	reply_show(w, json_object_get(entry, "fields"));
	writer_close(w);
	writer_integer(w, "lost", lost);
	writer_close(w);
}

/* A daemon that takes the call but is stuck would look like one that logs nothing. */
static int check_answers(struct admin *a)
{
	json_t *status = admin_ask(a, CONTROL "GetStatus", NULL);

	if (!status)
		return a->console.fault.status;
	json_decref(status);
	return 0;
}

static int follow(struct admin *a, const struct monitor_args *given)
{
	struct writer *w = console_writer(&a->console, WRITER_STREAM);
	json_t *level = given->level ? text_json(given->level) : NULL;
	json_t *parameters = level ? json_pack("{s:o}", "level", level) : NULL, *item;
	struct fault *f = &a->console.fault;
	uint32_t shown = 0;

	if (varlink_start(&a->varlink, CONTROL "Monitor", parameters, f) == 0) {
		while (!writer_failed(w) && (item = varlink_next(&a->varlink, f))) {
			show_entry(a, w, item);
			json_decref(item);
			if (++shown == given->count)
				break;
		}
	}
	admin_interrupted(a);
	return console_written(&a->console, w, f->status);
}

static int monitor_run(void *context, void *args, int argc, char **argv)
{
	const struct monitor_args *given = args;
	struct admin *a = context;
	struct fault *f = &a->console.fault;
	int status;

	if (console_no_operands(&a->console, argc, argv) != 0 || check_answers(a) != 0)
		return f->status;
	admin_catch_interrupt(a);
	status = follow(a, given);
	return f->status != 0 && given->level ? admin_level_fault(a, "--level", given->level)
	                                      : status;
}

const struct subcommand cmd_monitor = {
	.name = "monitor",
	.operands = "",
	.summary = "the log as it comes",
	.brief = "the log as it comes",
	.notes = "Shows lines of --level and above, also those that the server's own level\n"
		 "leaves out of the journal. It ends with status 0 when interrupted.",
	.options = {options},
	.args_size = sizeof(struct monitor_args),
	.run = monitor_run,
};
