/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl status: how the server is. */
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

static enum tone health_tone(const char *text)
{
	return strcmp(text, "healthy") == 0 ? TONE_GOOD : TONE_WARN;
}

static const struct column columns[] = {
	{.key = "health", .title = "health", .tone = health_tone},
	{.key = "reasons", .title = "reason"},
	{.key = "name", .title = "name"},
	{.key = "at", .title = "address"},
	{.key = "members", .title = "members"},
	{.key = "records", .title = "records"},
	{.key = "hashes", .title = "hashes"},
	{.key = "memory", .title = "memory"},
	{.key = "requestsPerSecond", .title = "requests/s"},
	{.key = "uptime", .title = "uptime"},
	{.key = "workers", .title = "workers"},
	{.key = "processId", .title = "process"},
	{.key = "version", .title = "version"},
	{.key = "logLevel", .title = "log level"},
	{.key = "configFile", .title = "configuration"},
	{.key = "restartNeeded", .title = "needs a restart"},
};

/* What people read in place of numbers. */
static void show_for_people(struct writer *w, const json_t *status, const char *key)
{
	char text[TEXT_DURATION_MAX], at[REPLY_PLACE_MAX];

	if (strcmp(key, "address") == 0) {
		reply_place(status, "address", at);
		writer_text(w, "at", at);
	} else if (strcmp(key, "memoryBytes") == 0) {
		text_bytes(reply_number(status, key), text);
		writer_text(w, "memory", text);
	} else if (strcmp(key, "uptimeSeconds") == 0) {
		text_duration(reply_number(status, key), text);
		writer_text(w, "uptime", text);
	}
}

static int show(struct admin *a, json_t *status)
{
	bool healthy = strcmp(reply_text(status, "health"), "healthy") == 0;
	struct writer *w = console_writer(&a->console, 0);
	const char *key;
	json_t *value;

	writer_sheet(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	json_object_foreach(status, key, value)
	{
		show_for_people(w, status, key);
		writer_json(w, key, value);
	}
	writer_close(w);
	return console_written(&a->console, w, healthy ? EXIT_DONE : EXIT_UNHEALTHY);
}

static int status_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	json_t *status;
	int code;

	(void)args;
	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	status = admin_ask(a, CONTROL "GetStatus", NULL);
	if (!status)
		return a->console.fault.status;
	code = show(a, status);
	json_decref(status);
	return code;
}

const struct subcommand cmd_status = {
	.name = "status",
	.operands = "",
	.summary = "how the server is",
	.notes = "Exit status: 0 healthy, 8 degraded (the reasons are shown), 3 not running,\n"
		 "4 not permitted, 6 no answer.",
	.run = status_run,
};
