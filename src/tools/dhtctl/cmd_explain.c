/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl explain: where a hash is kept, by asking all servers that may have it. */
#include <string.h>

#include "base/exitcode.h"
#include "client/dht.h"
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define HASH_TEXT_MAX (2 * DHT_HASH_MAX + 1)

static enum tone has_tone(const char *text)
{
	return strcmp(text, "no answer") == 0 ? TONE_BAD : TONE_NONE;
}

static const struct column columns[] = {
	{.key = "at", .title = "SERVER"},
	{.key = "role", .title = "ROLE"},
	{.key = "state", .title = "STATE"},
	{.key = "has", .title = "HAS", .tone = has_tone},
	{.key = "providers", .title = "PROVIDERS", .right = true},
	{.key = "version", .title = "VERSION"},
	{.key = "left", .title = "TIME LEFT", .right = true},
};

static bool is(const json_t *replica, const char *key)
{
	return json_is_true(json_object_get(replica, key));
}

static const char *role_of(const json_t *replica)
{
	if (is(replica, "owner"))
		return "owner";
	return is(replica, "self") ? "this server" : "next";
}

static const char *has_of(const json_t *replica)
{
	if (!is(replica, "answered"))
		return "no answer";
	if (is(replica, "complete"))
		return "all";
	if (is(replica, "owner"))
		return "not all yet";
	return reply_number(replica, "providers") > 0 ? "a copy" : "nothing";
}

static void show_replica(struct writer *w, const json_t *replica)
{
	uint64_t left = reply_number(replica, "ttlSeconds");
	const char *version = reply_text(replica, "version");
	char at[REPLY_PLACE_MAX], text[TEXT_DURATION_MAX];

	writer_open(w, NULL);
	reply_place(replica, "address", at);
	writer_text(w, "at", at);
	writer_text(w, "role", role_of(replica));
	writer_text(w, "state", reply_text(replica, "state"));
	writer_text(w, "has", has_of(replica));
	if (is(replica, "answered"))
		writer_integer(w, "providers", reply_number(replica, "providers"));
	if (*version)
		writer_text(w, "version", version);
	if (left > 0) {
		text_duration(left, text);
		writer_text(w, "left", text);
	}
	writer_close(w);
}

/* 5 when all have answered and none has it, 7 when not all have answered. */
static int outcome(const json_t *replicas)
{
	bool found = false, whole = true;

	for (size_t i = 0; i < json_array_size(replicas); i++) {
		const json_t *one = json_array_get(replicas, i);
		whole &= is(one, "answered");
		found |= reply_number(one, "providers") > 0;
	}
	if (!whole)
		return EXIT_PARTIAL;
	return found ? EXIT_DONE : EXIT_NOT_FOUND;
}

static int show(struct admin *a, const char *hash, const json_t *reply)
{
	const json_t *replicas = json_object_get(reply, "replicas");
	struct writer *w = console_writer(&a->console, 0);

	if (console_json(&a->console)) {
		writer_json(w, NULL, reply);
		return console_written(&a->console, w, outcome(replicas));
	}
	console_note(&a->console, "%s is in partition %lu", hash,
		(unsigned long)reply_number(reply, "partition"));
	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_list(w, "replicas");
	for (size_t i = 0; i < json_array_size(replicas); i++)
		show_replica(w, json_array_get(replicas, i));
	writer_close(w);
	writer_close(w);
	return console_written(&a->console, w, outcome(replicas));
}

static int explain_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	struct dht_hash hash;
	char text[HASH_TEXT_MAX];
	json_t *reply;
	int status;

	(void)args;
	if (argc != 1)
		return fault_set(&a->console.fault, EXIT_USAGE, "usage", "dhtctl explain HASH",
			"explain takes one hash, not %d", argc);
	if (dht_hash_parse(argv[0], &hash) != 0)
		return fault_set(&a->console.fault, EXIT_USAGE, "notAHash",
			"hexadecimal of 1 to 64 bytes, sha256:..., or a magnet link",
			"'%.200s' is not a hash", argv[0]);
	dht_hash_format(&hash, text);
	reply = admin_ask(a, CONTROL "Explain", json_pack("{s:s}", "hash", text));
	if (!reply)
		return a->console.fault.status;
	status = show(a, text, reply);
	json_decref(reply);
	return status;
}

const struct subcommand cmd_explain = {
	.name = "explain",
	.operands = "HASH",
	.summary = "who owns a hash, and which of them has what of it",
	.brief = "where a hash is kept",
	.notes = "HASH is hexadecimal, sha256:..., or a magnet link. The owners are asked, and\n"
		 "the next servers in line. VERSION and TIME LEFT are the highest.\n"
		 "Exit status: 0 somebody has it, 5 nobody, 7 not all have answered.",
	.run = explain_run,
};
