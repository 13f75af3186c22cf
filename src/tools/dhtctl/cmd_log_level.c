/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl log-level: shows how much the server logs, or changes it. */
#include "base/exitcode.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

static const struct column columns[] = {
	{.key = "level", .title = "level"},
	{.key = "before", .title = "before"},
};

static int show(struct admin *a, const char *level, const char *before)
{
	struct writer *w = console_writer(&a->console, 0);

	writer_sheet(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_string(w, "level", level);
	if (before)
		writer_string(w, "before", before);
	writer_close(w);
	return console_written(&a->console, w, EXIT_DONE);
}

static int get(struct admin *a)
{
	json_t *status = admin_ask(a, CONTROL "GetStatus", NULL);
	int code;

	if (!status)
		return a->console.fault.status;
	code = show(a, reply_text(status, "logLevel"), NULL);
	json_decref(status);
	return code;
}

static int set(struct admin *a, const char *level)
{
	json_t *reply = admin_ask(a, CONTROL "SetLogLevel", json_pack("{s:s}", "level", level));
	int code;

	if (!reply)
		return admin_level_fault(a, "LEVEL", level);
	code = show(a, reply_text(reply, "level"), reply_text(reply, "before"));
	json_decref(reply);
	return code;
}

static int log_level_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;

	(void)args;
	if (argc > 1)
		return console_no_operands(&a->console, argc - 1, argv + 1);
	return argc == 1 ? set(a, argv[0]) : get(a);
}

const struct subcommand cmd_log_level = {
	.name = "log-level",
	.operands = "[LEVEL]",
	.summary = "show how much it logs, or change it",
	.brief = "how much is logged",
	.notes = "LEVEL is error, warning, notice, info or debug. It holds until the next start,\n"
		 "or a reload that changes log.level.",
	.run = log_level_run,
};
