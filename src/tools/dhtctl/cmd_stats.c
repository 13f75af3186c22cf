/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl stats: every counter, once or again and again. */
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/clock.h"
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"
#include "tools/dhtctl/rates.h"

#define INTERVAL_MIN_MS 10
#define INTERVAL_MAX_MS (24 * 3600 * 1000)
#define INTERVAL_MS     1000
#define HEAD_EVERY      20
#define SILENCE_MAX_MS  20000 /* dhtd cuts off who says nothing for longer than 30 s */

struct stats_args {
	bool watch;
	uint32_t interval_ms, count;
};

static const struct opt options[] = {
	{"watch", 'w', OPT_FLAG, NULL, "go on, a line of rates at a time",
		offsetof(struct stats_args, watch), 0, 0, NULL},
	{"interval", 'i', OPT_MS, "T", "of --watch (1s)", offsetof(struct stats_args, interval_ms),
		INTERVAL_MIN_MS, INTERVAL_MAX_MS, NULL},
	{"count", 'n', OPT_NUMBER, "N", "of --watch: so many lines (until interrupted)",
		offsetof(struct stats_args, count), 1, UINT32_MAX, NULL},
	{0},
};

/* ---- Once ---- */

static const struct column columns[] = {
	{.key = "group"},
	{.key = "name"},
	{.key = "count", .right = true},
};

static void show_counter(struct writer *w, const char *group, const char *name, const char *count)
{
	writer_open(w, NULL);
	writer_text(w, "group", group);
	writer_text(w, "name", name);
	writer_text(w, "count", count);
	writer_close(w);
}

static void show_number(struct writer *w, const char *group, const char *name, const json_t *parent)
{
	char text[TEXT_DURATION_MAX];

	if (strcmp(name, "memoryBytes") == 0)
		text_bytes(reply_number(parent, name), text);
	else
		snprintf(
			text, sizeof(text), "%llu", (unsigned long long)reply_number(parent, name));
	show_counter(w, group, name, text);
}

/* A group's name stands at its first counter only. */
static void show_group(struct writer *w, const char *group, const json_t *counters)
{
	json_t *value;
	const char *name;

	json_object_foreach((json_t *)counters, name, value)
	{
		if (json_is_object(value))
			continue;
		show_number(w, group, name, counters);
		group = "";
	}
}

/* For people: the groups, and then what is no group. */
static void show_sheet(struct writer *w, json_t *stats)
{
	json_t *value;
	const char *name;

	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_list(w, "counters");
	json_object_foreach(stats, name, value) if (json_is_object(value))
		show_group(w, name, value);
	show_group(w, "now", stats);
	writer_close(w);
	writer_close(w);
}

static int show(struct admin *a, unsigned flags, json_t *stats)
{
	struct writer *w = console_writer(&a->console, flags);

	if (console_json(&a->console))
		writer_json(w, NULL, stats);
	else
		show_sheet(w, stats);
	return console_written(&a->console, w, EXIT_DONE);
}

static int once(struct admin *a)
{
	json_t *stats = admin_ask(a, CONTROL "GetStats", NULL);
	int status;

	if (!stats)
		return a->console.fault.status;
	status = show(a, 0, stats);
	json_decref(stats);
	return status;
}

/* ---- Again and again ---- */

struct watch {
	struct admin *admin;
	json_t *before;
	uint64_t before_ms;
	uint32_t lines;
};

/* Rates are of the time since the last answer: the first one shows none. */
static int show_rates(struct watch *w, const json_t *stats, uint64_t now_ms)
{
	struct console *c = &w->admin->console;
	char line[RATES_LINE_MAX];

	if (!w->before)
		return 0;
	if (w->lines % HEAD_EVERY == 0)
		console_line(c, "%s", rates_head);
	rates_line(w->before, stats, now_ms - w->before_ms, line);
	console_line(c, "%s", line);
	w->lines++;
	return console_flush(c);
}

static int show_tick(struct watch *w, json_t *stats, uint64_t now_ms)
{
	if (!console_json(&w->admin->console))
		return show_rates(w, stats, now_ms);
	w->lines++;
	return show(w->admin, WRITER_STREAM, stats);
}

/* One answer and what it shows. */
static int tick(struct watch *w)
{
	json_t *stats = admin_ask(w->admin, CONTROL "GetStats", NULL);
	uint64_t now = clock_ms();
	int status;

	if (!stats)
		return w->admin->console.fault.status;
	status = show_tick(w, stats, now);
	json_decref(w->before);
	w->before = stats;
	w->before_ms = now;
	return status;
}

static int watch_loop(struct watch *w, uint32_t interval_ms, uint32_t count)
{
	uint64_t next_ms = clock_ms();
	int status;

	while ((status = tick(w)) == 0) {
		if (count > 0 && w->lines >= count)
			break;
		if (interval_ms > SILENCE_MAX_MS)
			varlink_close(&w->admin->varlink);
		next_ms += interval_ms;
		if (next_ms < w->before_ms)
			next_ms = w->before_ms; /* it was not kept up with: no hurry */
		if (admin_pause(w->admin, next_ms))
			break;
	}
	return admin_interrupted(w->admin) ? EXIT_DONE : status;
}

static int watch(struct admin *a, uint32_t interval_ms, uint32_t count)
{
	struct watch w = {.admin = a};
	int status;

	admin_catch_interrupt(a);
	status = watch_loop(&w, interval_ms, count);
	json_decref(w.before);
	return status;
}

static int stats_run(void *context, void *args, int argc, char **argv)
{
	const struct stats_args *given = args;
	struct admin *a = context;

	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	if (given->watch)
		return watch(
			a, given->interval_ms ? given->interval_ms : INTERVAL_MS, given->count);
	if (given->interval_ms || given->count)
		return fault_set(&a->console.fault, EXIT_USAGE, "usage", "add --watch",
			"--interval and --count are for --watch");
	return once(a);
}

const struct subcommand cmd_stats = {
	.name = "stats",
	.operands = "",
	.summary = "every counter since the start, or rates with --watch",
	.brief = "counters, or rates",
	.notes = "Reading resets no counter. With -o json, --watch prints all counters, a\n"
		 "document on a line each time; it ends with status 0 when interrupted.",
	.options = {options},
	.args_size = sizeof(struct stats_args),
	.run = stats_run,
};
