/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl lookup: who has a hash, as this server knows. */
#include "base/exitcode.h"
#include "client/dht.h"
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define HASH_TEXT_MAX (2 * DHT_HASH_MAX + 1)
#define PAGES_MAX     65536 /* more than any hash has providers */

static const struct column columns[] = {
	{.key = "provider", .title = "PROVIDER"},
	{.key = "ttl", .title = "TIME LEFT", .right = true},
	{.key = "version", .title = "VERSION"},
};

static void show_provider(struct writer *w, const json_t *provider)
{
	char ttl[TEXT_DURATION_MAX], at[REPLY_PLACE_MAX];

	writer_open(w, NULL);
	reply_place(provider, "ip", at);
	writer_text(w, "provider", at);
	text_duration(reply_number(provider, "ttlSeconds"), ttl);
	writer_text(w, "ttl", ttl);
	reply_show(w, provider);
	writer_close(w);
}

static int show(struct admin *a, const char *hash, uint64_t total, const json_t *providers)
{
	size_t n = json_array_size(providers);
	struct writer *w = console_writer(&a->console, 0);
	int status;

	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_string(w, "hash", hash);
	writer_integer(w, "total", total);
	writer_list(w, "providers");
	for (size_t i = 0; i < n; i++)
		show_provider(w, json_array_get(providers, i));
	writer_close(w);
	writer_close(w);
	status = console_written(&a->console, w, n > 0 ? EXIT_DONE : EXIT_NOT_FOUND);
	if (n == 0)
		console_note(&a->console, "nobody has %s", hash);
	return status;
}

/* One page into the list, and the cursor of the next. 0, or the fault's status. */
static int add_page(
	struct admin *a, const char *hash, uint64_t *cursor, uint64_t *total, json_t *providers)
{
	json_t *parameters = json_pack("{s:s}", "hash", hash), *reply;
	int status = 0;

	if (*cursor > 0)
		json_object_set_new(parameters, "cursor", json_integer((json_int_t)*cursor));
	reply = admin_ask(a, CONTROL "Lookup", parameters);
	if (!reply)
		return a->console.fault.status;
	if (*cursor == 0)
		*total = reply_number(reply, "total");
	*cursor = reply_number(reply, "next");
	if (json_array_extend(providers, json_object_get(reply, "providers")) != 0)
		status = fault_set(&a->console.fault, EXIT_FAILED, "protocol", NULL,
			"dhtd answers Lookup without providers");
	json_decref(reply);
	return status;
}

static int collect(struct admin *a, const char *hash, uint64_t *total, json_t *providers)
{
	uint64_t cursor = 0;

	for (size_t page = 0; page < PAGES_MAX; page++) {
		if (add_page(a, hash, &cursor, total, providers) != 0)
			return a->console.fault.status;
		if (cursor == 0)
			return 0;
	}
	return fault_set(&a->console.fault, EXIT_FAILED, "protocol", NULL,
		"dhtd answers Lookup with pages without end");
}

static int lookup_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	struct dht_hash hash;
	char text[HASH_TEXT_MAX];
	json_t *providers;
	uint64_t total = 0;
	int status;

	(void)args;
	if (argc != 1)
		return fault_set(&a->console.fault, EXIT_USAGE, "usage", "dhtctl lookup HASH",
			"lookup takes one hash, not %d", argc);
	if (dht_hash_parse(argv[0], &hash) != 0)
		return fault_set(&a->console.fault, EXIT_USAGE, "notAHash",
			"hexadecimal of 1 to 64 bytes, sha256:..., or a magnet link",
			"'%.200s' is not a hash", argv[0]);
	dht_hash_format(&hash, text);
	providers = json_array();
	status = collect(a, text, &total, providers);
	if (status == 0)
		status = show(a, text, total, providers);
	json_decref(providers);
	return status;
}

const struct subcommand cmd_lookup = {
	.name = "lookup",
	.operands = "HASH",
	.summary = "who has a hash, as this server knows",
	.brief = "who has a hash",
	.notes = "HASH is hexadecimal, sha256:..., or a magnet link.\n"
		 "Exit status: 0 somebody has it, 5 nobody.",
	.run = lookup_run,
};
