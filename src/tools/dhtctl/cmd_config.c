/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl config: the settings that the server runs with, and where each was written. */
#include <limits.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/suggest.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define PATHS_MAX  256
#define GROUPS_MAX 64

struct config_args {
	bool changed;
};

static const struct opt options[] = {
	{"changed", 0, OPT_FLAG, NULL, "only those that are not at their default",
		offsetof(struct config_args, changed), 0, 0, NULL},
	{0},
};

/* The value last: it may be long. */
static const struct column columns[] = {
	{.key = "path", .title = "SETTING"},
	{.key = "changes", .title = "CHANGES BY"},
	{.key = "where", .title = "FROM"},
	{.key = "value", .title = "VALUE"},
};

/* Whether a setting is the one that was named, or one of the group that was. */
static bool is_named(const char *path, const char *name)
{
	size_t n = strlen(name);

	return strncmp(path, name, n) == 0 && (path[n] == '\0' || path[n] == '.');
}

/* What nobody wrote is at its default, however the two are spelt. */
static bool is_changed(const json_t *setting)
{
	return *reply_text(setting, "file") &&
	       strcmp(reply_text(setting, "value"), reply_text(setting, "default")) != 0;
}

static bool is_wanted(const json_t *setting, const struct config_args *given, int argc, char **argv)
{
	if (given->changed && !is_changed(setting))
		return false;
	for (int i = 0; i < argc; i++)
		if (is_named(reply_text(setting, "path"), argv[i]))
			return true;
	return argc == 0;
}

/* The groups of settings, "listen" and "listen.ports". */
struct groups {
	char names[GROUPS_MAX][SUGGEST_WORD_MAX];
	size_t count;
};

static void add_group(struct groups *g, const char *path, size_t len)
{
	if (g->count == GROUPS_MAX || len >= SUGGEST_WORD_MAX)
		return;
	for (size_t i = 0; i < g->count; i++)
		if (strlen(g->names[i]) == len && strncmp(g->names[i], path, len) == 0)
			return;
	memcpy(g->names[g->count], path, len);
	g->names[g->count][len] = '\0';
	g->count++;
}

static void add_groups(struct groups *g, const char *path)
{
	for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.'))
		add_group(g, path, (size_t)(dot - path));
}

static int unknown_setting(struct admin *a, const json_t *settings, const char *name)
{
	const char *names[PATHS_MAX + GROUPS_MAX], *near;
	struct fault *f = &a->console.fault;
	struct groups groups = {.count = 0};
	size_t n = json_array_size(settings);

	if (n > PATHS_MAX)
		n = PATHS_MAX;
	for (size_t i = 0; i < n; i++) {
		names[i] = reply_text(json_array_get(settings, i), "path");
		add_groups(&groups, names[i]);
	}
	for (size_t i = 0; i < groups.count; i++)
		names[n + i] = groups.names[i];
	near = suggest_nearest(name, names, n + groups.count);
	fault_set(f, EXIT_USAGE, "unknownSetting", "dhtctl config lists them",
		"'%.200s' is not a setting", name);
	if (near)
		fault_hint(f, "did you mean %s?", near);
	return f->status;
}

static int check_names(struct admin *a, const json_t *settings, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t n = json_array_size(settings), at = 0;

		while (at < n &&
			!is_named(reply_text(json_array_get(settings, at), "path"), argv[i]))
			at++;
		if (at == n)
			return unknown_setting(a, settings, argv[i]);
	}
	return 0;
}

static const char *changes_by(const json_t *setting)
{
	if (json_is_false(json_object_get(setting, "used")))
		return "not used";
	return json_is_true(json_object_get(setting, "live")) ? "reload" : "restart";
}

static void show_setting(struct writer *w, const json_t *setting)
{
	const char *file = reply_text(setting, "file");
	char where[PATH_MAX + 32] = "default";

	if (*file)
		snprintf(where, sizeof(where), "%s:%lu", file,
			(unsigned long)reply_number(setting, "line"));
	writer_open(w, NULL);
	reply_show(w, setting);
	writer_text(w, "changes", changes_by(setting));
	writer_text(w, "where", where);
	writer_close(w);
}

static int show(struct admin *a, const json_t *reply, const struct config_args *given, int argc,
	char **argv)
{
	const json_t *settings = json_object_get(reply, "settings");
	const json_t *file = json_object_get(reply, "file");
	struct writer *w = console_writer(&a->console, 0);
	size_t shown = 0;
	int status;

	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_json(w, "file", file ? file : json_null());
	writer_list(w, "settings");
	for (size_t i = 0; i < json_array_size(settings); i++) {
		if (!is_wanted(json_array_get(settings, i), given, argc, argv))
			continue;
		show_setting(w, json_array_get(settings, i));
		shown++;
	}
	writer_close(w);
	writer_close(w);
	status = console_written(&a->console, w, EXIT_DONE);
	if (given->changed && shown == 0)
		console_note(&a->console, "everything is at its default");
	return status;
}

static int config_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	json_t *reply = admin_ask(a, CONTROL "GetConfig", NULL);
	int status;

	if (!reply)
		return a->console.fault.status;
	status = check_names(a, json_object_get(reply, "settings"), argc, argv);
	if (status == 0)
		status = show(a, reply, args, argc, argv);
	json_decref(reply);
	return status;
}

const struct subcommand cmd_config = {
	.name = "config",
	.operands = "[SETTING...]",
	.summary = "the settings it runs with, and where each was written",
	.brief = "the settings in use",
	.notes =
		"SETTING is a setting, records.ttl, or a group of them, records.\n"
		"CHANGES BY says whether a reload is enough to change it, or a restart is needed;\n"
		"what says 'not used' is taken, but is of no use in this version.",
	.options = {options},
	.args_size = sizeof(struct config_args),
	.run = config_run,
};
