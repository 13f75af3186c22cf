/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl peers: the other servers of the cluster. */
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

static enum tone state_tone(const char *text)
{
	if (strcmp(text, "alive") == 0)
		return TONE_GOOD;
	return strcmp(text, "dead") == 0 ? TONE_BAD : TONE_WARN;
}

static const struct column columns[] = {
	{.key = "address", .title = "ADDRESS"},
	{.key = "port", .title = "PORT", .right = true},
	{.key = "state", .title = "STATE", .tone = state_tone},
	{.key = "roundTrip", .title = "ROUND TRIP", .right = true},
};

static void show_peer(struct writer *w, const json_t *peer)
{
	uint64_t round_trip = reply_number(peer, "roundTripMicroseconds");
	char text[TEXT_DURATION_MAX] = "-";

	if (round_trip > 0)
		text_micros(round_trip, text);
	writer_open(w, NULL);
	reply_show(w, peer);
	writer_text(w, "roundTrip", text);
	writer_close(w);
}

static int show(struct admin *a, const json_t *peers)
{
	struct writer *w = console_writer(&a->console, 0);
	int status;

	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_list(w, "peers");
	for (size_t i = 0; i < json_array_size(peers); i++)
		show_peer(w, json_array_get(peers, i));
	writer_close(w);
	writer_close(w);
	status = console_written(&a->console, w, EXIT_DONE);
	if (json_array_size(peers) == 0)
		console_note(&a->console, "no other servers");
	return status;
}

static int peers_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	json_t *reply;
	int status;

	(void)args;
	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	reply = admin_ask(a, CONTROL "ListPeers", NULL);
	if (!reply)
		return a->console.fault.status;
	status = show(a, json_object_get(reply, "peers"));
	json_decref(reply);
	return status;
}

const struct subcommand cmd_peers = {
	.name = "peers",
	.operands = "",
	.summary = "the other servers of the cluster",
	.notes = "The server that is asked is not among them.",
	.run = peers_run,
};
