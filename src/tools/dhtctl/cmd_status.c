/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl status: how the server is. */
#include <inttypes.h>
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
	{.key = "cluster", .title = "members"},
	{.key = "share", .title = "partitions"},
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

/* "3 of 4 alive, catching up" */
static void show_cluster(struct writer *w, const json_t *status)
{
	bool catching_up = json_is_false(json_object_get(status, "settled"));
	uint64_t known = reply_number(status, "known");
	const char *end = "";
	char text[120], of[48] = "";

	if (json_is_true(json_object_get(status, "drained")))
		end = ", drained";
	else if (json_is_true(json_object_get(status, "leaving")))
		end = ", draining";
	if (known > 0)
		snprintf(of, sizeof(of), " of %" PRIu64 " alive", known);
	snprintf(text, sizeof(text), "%" PRIu64 "%s%s%s", reply_number(status, "members"), of,
		catching_up ? ", catching up" : "", end);
	writer_text(w, "cluster", text);
}

/* "8123 owned, 12 to get, 40 kept for others" */
static void show_share(struct writer *w, const json_t *status)
{
	const json_t *partitions = json_object_get(status, "partitions");
	uint64_t partial = reply_number(partitions, "partial");
	uint64_t kept = reply_number(partitions, "kept");
	char text[120], more[2][40] = {"", ""};

	if (partial)
		snprintf(more[0], sizeof(more[0]), ", %" PRIu64 " to get", partial);
	/* Of a drained one, what is kept is empty. */
	if (kept && !json_is_true(json_object_get(status, "drained")))
		snprintf(more[1], sizeof(more[1]), ", %" PRIu64 " kept for others", kept);
	snprintf(text, sizeof(text), "%" PRIu64 " owned%s%s", reply_number(partitions, "owned"),
		more[0], more[1]);
	writer_text(w, "share", text);
}

/* What people read in place of numbers. */
static void show_for_people(struct writer *w, const json_t *status, const char *key)
{
	char text[TEXT_DURATION_MAX], at[REPLY_PLACE_MAX];

	if (strcmp(key, "address") == 0) {
		reply_place(status, "address", at);
		writer_text(w, "at", at);
	} else if (strcmp(key, "members") == 0) {
		show_cluster(w, status);
	} else if (strcmp(key, "partitions") == 0) {
		show_share(w, status);
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
	.brief = "how the server is",
	.notes = "Exit status: 0 healthy, 8 degraded (the reasons are shown), 3 not running,\n"
		 "4 not permitted, 6 no answer.",
	.run = status_run,
};
