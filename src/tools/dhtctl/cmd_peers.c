/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl peers: the other servers of the cluster, who has a wrong key, which seeds are silent. */
#include <inttypes.h>
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

static enum tone link_tone(const char *text)
{
	return strcmp(text, "good") == 0 ? TONE_NONE : TONE_WARN;
}

static const struct column columns[] = {
	{.key = "at", .title = "ADDRESS"},
	{.key = "state", .title = "STATE", .tone = state_tone},
	{.key = "link", .title = "LINK", .tone = link_tone},
	{.key = "roundTrip", .title = "ROUND TRIP", .right = true},
	{.key = "loss", .title = "LOSS", .right = true},
	{.key = "heard", .title = "LAST HEARD", .right = true},
	{.key = "clock", .title = "CLOCK", .right = true},
	{.key = "zone", .title = "ZONE"},
	{.key = "version", .title = "VERSION"},
};

/* "31 ms", "1.2 s"; what is longer than a minute as text_duration() has it. */
static void format_ms(uint64_t ms, char out[static TEXT_DURATION_MAX])
{
	if (ms < 1000)
		snprintf(out, TEXT_DURATION_MAX, "%" PRIu64 " ms", ms);
	else if (ms < 60000)
		snprintf(out, TEXT_DURATION_MAX, "%" PRIu64 ".%" PRIu64 " s", ms / 1000,
			ms % 1000 / 100);
	else
		text_duration(ms / 1000, out);
}

/* "+1.2 s": the peer's is ahead. */
static void show_clock(struct writer *w, const json_t *peer)
{
	const json_t *offset = json_object_get(peer, "clockOffsetMilliseconds");
	json_int_t ms = json_integer_value(offset);
	char span[TEXT_DURATION_MAX], text[TEXT_DURATION_MAX + 1];

	if (!json_is_integer(offset))
		return;
	format_ms(ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms, span);
	snprintf(text, sizeof(text), "%c%s", ms < 0 ? '-' : '+', span);
	writer_text(w, "clock", text);
}

static void show_times(struct writer *w, const json_t *peer)
{
	uint64_t round_trip = reply_number(peer, "roundTripMicroseconds");
	char text[TEXT_DURATION_MAX];

	if (round_trip > 0) {
		text_micros(round_trip, text);
		writer_text(w, "roundTrip", text);
	}
	if (json_is_integer(json_object_get(peer, "lastHeardMilliseconds"))) {
		format_ms(reply_number(peer, "lastHeardMilliseconds"), text);
		writer_text(w, "heard", text);
	}
	show_clock(w, peer);
}

static void show_loss(struct writer *w, const json_t *peer)
{
	uint64_t permille = reply_number(peer, "lossPermille");
	char text[48];

	snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 " %%", permille / 10, permille % 10);
	writer_text(w, "loss", text);
}

static void show_if_any(struct writer *w, const json_t *peer, const char *key)
{
	const char *text = reply_text(peer, key);

	if (*text)
		writer_text(w, key, text);
}

/* A list in it would make it no row: people do not see the keys here. */
static void show_peer(struct writer *w, const json_t *peer)
{
	char at[REPLY_PLACE_MAX];

	writer_open(w, NULL);
	reply_place(peer, "address", at);
	writer_text(w, "at", at);
	show_if_any(w, peer, "state");
	show_if_any(w, peer, "link");
	show_times(w, peer);
	show_loss(w, peer);
	show_if_any(w, peer, "zone");
	show_if_any(w, peer, "version");
	writer_close(w);
}

static void note_wrong_key(const struct console *c, const json_t *wrong)
{
	const char *fault = reply_text(wrong, "fault"), *id = reply_text(wrong, "keyId");
	uint64_t count = reply_number(wrong, "count");
	char what[128], ago[TEXT_DURATION_MAX];

	if (strcmp(fault, "inClear") == 0)
		snprintf(what, sizeof(what), "talks in clear, and this server has a key");
	else if (strcmp(fault, "sealed") == 0)
		snprintf(what, sizeof(what), "seals with the key %.8s, and this server has none",
			id);
	else if (strcmp(fault, "otherKey") == 0)
		snprintf(what, sizeof(what), "seals with another key than this server's %.8s", id);
	else
		snprintf(what, sizeof(what),
			"seals with the key %.8s, which this server does not have", id);
	format_ms(reply_number(wrong, "lastMilliseconds"), ago);
	console_note(c, "wrong key: %s %s (%" PRIu64 " datagram%s, the last %s ago)",
		reply_text(wrong, "address"), what, count, count == 1 ? "" : "s", ago);
}

/* Others may answer, and then it is missed by nobody until they are gone. */
static void note_silent_seed(const struct console *c, const json_t *seed)
{
	char at[REPLY_PLACE_MAX], span[TEXT_DURATION_MAX];

	reply_place(seed, "address", at);
	text_duration(reply_number(seed, "silentSeconds"), span);
	console_note(
		c, "seed %s has not answered for %s (does it run, with the same key?)", at, span);
}

static int show_rows(struct admin *a, const json_t *peers)
{
	struct writer *w = console_writer(&a->console, 0);

	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_list(w, "peers");
	for (size_t i = 0; i < json_array_size(peers); i++)
		show_peer(w, json_array_get(peers, i));
	writer_close(w);
	writer_close(w);
	return console_written(&a->console, w, EXIT_DONE);
}

static int show(struct admin *a, const json_t *reply)
{
	const json_t *peers = json_object_get(reply, "peers");
	const json_t *wrong = json_object_get(reply, "wrongKeys");
	const json_t *silent = json_object_get(reply, "silentSeeds");
	int status;

	if (console_json(&a->console)) {
		struct writer *w = console_writer(&a->console, 0);
		writer_json(w, NULL, reply);
		return console_written(&a->console, w, EXIT_DONE);
	}
	status = show_rows(a, peers);
	if (json_array_size(peers) == 0)
		console_note(&a->console, "no other servers");
	for (size_t i = 0; i < json_array_size(wrong); i++)
		note_wrong_key(&a->console, json_array_get(wrong, i));
	for (size_t i = 0; i < json_array_size(silent); i++)
		note_silent_seed(&a->console, json_array_get(silent, i));
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
	status = show(a, reply);
	json_decref(reply);
	return status;
}

const struct subcommand cmd_peers = {
	.name = "peers",
	.operands = "",
	.summary = "the other servers of the cluster",
	.brief = "the other servers",
	.notes = "The server that is asked is not among them. CLOCK is what the other's wall\n"
		 "clock is ahead (+) or behind (-). Whoever seals with a key that this server\n"
		 "has not is named below, with the key's id, and so is a seed that has not\n"
		 "answered for five minutes.",
	.run = peers_run,
};
