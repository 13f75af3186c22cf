/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl reload: has the configuration read again, and says what came of it. */
#include <string.h>

#include "base/exitcode.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

struct reload_args {
	bool dry_run, quiet;
};

static const struct opt options[] = {
	{"dry-run", 0, OPT_FLAG, NULL, "only say what would come of it",
		offsetof(struct reload_args, dry_run), 0, 0, NULL},
	{"quiet", 'q', OPT_FLAG, NULL, "print nothing: the exit status tells",
		offsetof(struct reload_args, quiet), 0, 0, NULL},
	{0},
};

static void show_changes(const struct console *c, const char *what, const json_t *changes)
{
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *one = json_array_get(changes, i);

		console_line(c, "%s: %s: %s -> %s", what, reply_text(one, "path"),
			reply_text(one, "from"), reply_text(one, "to"));
	}
}

/* "FILE:LINE: setting: message", without what is not known. */
static void show_fault(const struct console *c, const json_t *fault)
{
	const char *file = reply_text(fault, "file"), *setting = reply_text(fault, "setting");
	uint64_t line = reply_number(fault, "line");
	char number[32] = "";

	if (*file && line > 0)
		snprintf(number, sizeof(number), ":%lu", (unsigned long)line);
	console_note(c, "%s%s%s%s%s%s", file, number, *file ? ": " : "", setting,
		*setting ? ": " : "", reply_text(fault, "message"));
}

static int reject(struct admin *a, const json_t *faults)
{
	for (size_t i = 0; i < json_array_size(faults); i++)
		show_fault(&a->console, json_array_get(faults, i));
	return fault_set(&a->console.fault, EXIT_BAD_CONFIG, "rejected",
		"mend it and reload again; dhtd --check looks without a server",
		"the configuration is rejected, nothing has changed");
}

static void show_warnings(const struct console *c, const json_t *warnings)
{
	for (size_t i = 0; i < json_array_size(warnings); i++) {
		const char *text = json_string_value(json_array_get(warnings, i));

		if (text)
			console_note(c, "warning: %s", text);
	}
}

static int show_for_people(struct admin *a, const json_t *reply, bool dry_run)
{
	const char *outcome = reply_text(reply, "outcome");

	if (strcmp(outcome, "rejected") == 0)
		return reject(a, json_object_get(reply, "rejected"));
	show_changes(&a->console, dry_run ? "would apply" : "applied",
		json_object_get(reply, "applied"));
	show_changes(&a->console, dry_run ? "would need a restart" : "needs a restart",
		json_object_get(reply, "needsRestart"));
	if (strcmp(outcome, "unchanged") == 0)
		console_line(&a->console, "nothing to change");
	show_warnings(&a->console, json_object_get(reply, "warnings"));
	return EXIT_DONE;
}

static int outcome_status(const json_t *reply)
{
	return strcmp(reply_text(reply, "outcome"), "rejected") == 0 ? EXIT_BAD_CONFIG : EXIT_DONE;
}

static int show(struct admin *a, const json_t *reply, bool dry_run)
{
	struct writer *w;

	if (!console_json(&a->console))
		return show_for_people(a, reply, dry_run);
	w = console_writer(&a->console, 0);
	writer_json(w, NULL, reply);
	return console_written(&a->console, w, outcome_status(reply));
}

/* A mistake in the command line is nothing that the daemon's log could tell. */
static int hush(struct admin *a, int status)
{
	if (a->console.fault.status != EXIT_USAGE)
		a->console.fault = (struct fault){0};
	return status;
}

static int reload(struct admin *a, const struct reload_args *given)
{
	json_t *parameters, *reply;
	int status;

	/* Without parameters it would be no dry run. */
	parameters = json_pack("{s:b}", "dryRun", given->dry_run);
	if (!parameters)
		return fault_set(&a->console.fault, EXIT_FAILED, "memory", NULL, "no memory");
	reply = admin_ask(a, CONTROL "Reload", parameters);
	if (!reply)
		return a->console.fault.status;
	status = given->quiet ? outcome_status(reply) : show(a, reply, given->dry_run);
	json_decref(reply);
	return status;
}

static int reload_run(void *context, void *args, int argc, char **argv)
{
	const struct reload_args *given = args;
	struct admin *a = context;
	int status;

	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	status = reload(a, given);
	return given->quiet ? hush(a, status) : status;
}

const struct subcommand cmd_reload = {
	.name = "reload",
	.operands = "",
	.summary = "read the configuration again",
	.brief = "read settings again",
	.notes =
		"A file with a fault changes nothing at all. New keys of the cluster are taken\n"
		"also when members have not got them yet, with a warning that names these.\n"
		"Exit status: 0 applied, or nothing to change, also when some settings wait for a\n"
		"restart (they are named); 78 rejected; 4 not permitted.",
	.options = {options},
	.args_size = sizeof(struct reload_args),
	.run = reload_run,
};
