/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl keys: the cluster's keys, and changing them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clusterkey.h"
#include "base/exitcode.h"
#include "base/hex.h"
#include "tools/common/secret.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define LINE_SIZE 256

struct keys_args {
	const char *key_file;
};

static const struct opt options[] = {
	{"key-file", 'f', OPT_TEXT, "F", "add: its first key (standard input's)",
		offsetof(struct keys_args, key_file), 0, 0, NULL},
	{0},
};

static const struct column columns[] = {
	{.key = "id", .title = "KEY"},
	{.key = "use", .title = "THIS SERVER"},
	{.key = "holding", .title = "HELD BY", .right = true},
	{.key = "using", .title = "SEALS ON", .right = true},
};

static void show_count(struct writer *w, const json_t *key, const char *what, const char *column)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64, reply_number(key, what),
		reply_number(key, "members"));
	writer_text(w, column, text);
}

static const char *use_of(const json_t *key)
{
	if (json_is_true(json_object_get(key, "seals")))
		return "seals";
	return json_is_true(json_object_get(key, "here")) ? "opens" : "not here";
}

static void show_key(struct writer *w, const json_t *key)
{
	writer_open(w, NULL);
	writer_text(w, "id", reply_text(key, "id"));
	writer_text(w, "use", use_of(key));
	show_count(w, key, "held", "holding");
	show_count(w, key, "sealing", "using");
	writer_close(w);
}

/* Who reads only the table must not overlook it. */
static void warn(struct admin *a, const json_t *reply)
{
	if (!json_is_false(json_object_get(reply, "persistent")))
		return;
	console_note(&a->console,
		"warning: this is lost with the next start or reload: %s: change the keys of "
		"cluster.key_file yourself, the first seals",
		reply_text(reply, "problem"));
}

static int show(struct admin *a, const json_t *reply)
{
	const json_t *keys = json_object_get(reply, "keys");
	struct writer *w = console_writer(&a->console, 0);
	int status;

	if (console_json(&a->console)) {
		writer_json(w, NULL, reply);
		return console_written(&a->console, w, EXIT_DONE);
	}
	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_list(w, "keys");
	for (size_t i = 0; i < json_array_size(keys); i++)
		show_key(w, json_array_get(keys, i));
	writer_close(w);
	writer_close(w);
	status = console_written(&a->console, w, EXIT_DONE);
	if (json_array_size(keys) == 0)
		console_note(&a->console, "no keys: the servers talk in clear");
	warn(a, reply);
	return status;
}

/* Takes parameters. */
static int ask(struct admin *a, const char *method, json_t *parameters)
{
	json_t *reply = admin_ask(a, method, parameters);
	int status;

	if (!reply)
		return a->console.fault.status;
	status = show(a, reply);
	json_decref(reply);
	return status;
}

/* ---- What can be done ---- */

static int list(struct admin *a, const struct keys_args *given, const char *id)
{
	(void)given;
	(void)id;
	return ask(a, CONTROL "ListKeys", NULL);
}

static int add(struct admin *a, const struct keys_args *given, const char *id)
{
	char line[LINE_SIZE] = "", hex[2 * CLUSTERKEY_LEN + 1];
	uint8_t key[CLUSTERKEY_LEN];
	struct fault *f = &a->console.fault;
	const char *wrong = NULL;
	bool found = false;

	(void)id;
	if (secret_entry(given->key_file, line, sizeof(line), f) == 0)
		wrong = clusterkey_line(line, key, &found);
	explicit_bzero(line, sizeof(line));
	if (f->status != 0)
		return f->status;
	if (wrong || !found)
		return fault_set(f, EXIT_FAILED, "notAKey", NULL, "%s: %s",
			given->key_file ? given->key_file : "standard input",
			wrong ? wrong : "no key");
	hex_encode(key, sizeof(key), hex);
	int status = ask(a, CONTROL "AddKey", json_pack("{s:s}", "key", hex));
	explicit_bzero(key, sizeof(key));
	explicit_bzero(hex, sizeof(hex));
	return status;
}

static int change(struct admin *a, const char *method, const char *id)
{
	uint8_t byte;

	if (strlen(id) != 2 || hex_decode(id, 2, &byte, 1) != 1)
		return fault_set(&a->console.fault, EXIT_USAGE, "usage", "dhtctl keys lists them",
			"'%.60s' is not a key's id", id);
	return ask(a, method, json_pack("{s:s}", "id", id));
}

static int use(struct admin *a, const struct keys_args *given, const char *id)
{
	(void)given;
	return change(a, CONTROL "UseKey", id);
}

static int remove_key(struct admin *a, const struct keys_args *given, const char *id)
{
	(void)given;
	return change(a, CONTROL "RemoveKey", id);
}

static const struct action {
	const char *name;
	bool needs_id;
	int (*run)(struct admin *a, const struct keys_args *given, const char *id);
} actions[] = {
	{"list", false, list},
	{"add", false, add},
	{"use", true, use},
	{"remove", true, remove_key},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static int keys_run(void *context, void *args, int argc, char **argv)
{
	const struct keys_args *given = args;
	struct admin *a = context;
	struct fault *f = &a->console.fault;
	const struct action *action = find_action(argc > 0 ? argv[0] : "list");
	int wanted;

	if (!action)
		return fault_set(f, EXIT_USAGE, "usage", "list, add, use ID or remove ID",
			"'%.20s' is nothing that keys can do", argv[0]);
	wanted = action->needs_id ? 2 : 1;
	if (action->run == add && argc > wanted)
		return fault_set(f, EXIT_USAGE, "usage",
			"it comes from --key-file or standard input",
			"a key is never an argument: others see those");
	if (argc > wanted)
		return console_no_operands(&a->console, argc - wanted, argv + wanted);
	if (argc < wanted && action->needs_id)
		return fault_set(f, EXIT_USAGE, "usage", "dhtctl keys lists them",
			"keys %s takes the id of a key", action->name);
	if (given->key_file && action->run != add)
		return fault_set(
			f, EXIT_USAGE, "usage", "dhtctl keys add", "--key-file is for add only");
	return action->run(a, given, argc > 1 ? argv[1] : NULL);
}

const struct subcommand cmd_keys = {
	.name = "keys",
	.operands = "[list | add | use ID | remove ID]",
	.summary = "the cluster's keys: on how many members each is held; or change them",
	.brief = "the cluster's keys",
	.notes = "Changes are this server's only. A new key: add it on all servers, then use it\n"
		 "on all, then remove the old one on all; a step too early is refused.\n"
		 "A key is never an argument: others see those.",
	.options = {options},
	.args_size = sizeof(struct keys_args),
	.run = keys_run,
};
