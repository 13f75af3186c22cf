/* SPDX-License-Identifier: BSD-2-Clause */
/* dht ping: is a server there. */
#include "base/exitcode.h"
#include "tools/common/text.h"
#include "tools/dht/commands.h"
#include "tools/dht/connect.h"
#include "tools/dht/session.h"

static const struct column columns[] = {
	{.key = "server", .title = "server"},
	{.key = "name", .title = "name"},
	{.key = "roundTrip", .title = "round trip", .only = OUTPUT_TABLE},
	{.key = "roundTripMicroseconds", .only = OUTPUT_PLAIN},
	{.key = "tries", .title = "tries"},
	{.key = "members", .title = "members"},
	{.key = "uptime", .title = "uptime", .only = OUTPUT_TABLE},
	{.key = "uptimeSeconds", .only = OUTPUT_PLAIN},
	{.key = "protocolVersion", .title = "protocol version"},
};

/* A base answer tells nothing but that somebody is there. */
static void write_info(struct writer *w, const struct dht_server_info *info)
{
	char text[TEXT_DURATION_MAX];

	writer_string(w, "name", info->name);
	writer_integer(w, "members", info->members);
	text_duration(info->uptime_s, text);
	writer_text(w, "uptime", text);
	writer_integer(w, "uptimeSeconds", info->uptime_s);
	writer_integer(w, "protocolVersion", info->protocol_version);
}

static int show(struct session *s, const struct dht_server_info *info)
{
	struct writer *w = console_writer(&s->console, 0);
	char text[TEXT_DURATION_MAX];
	struct dht_trip trip;

	dht_last_trip(s->dht, &trip);
	writer_sheet(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_string(w, "server", trip.server);
	text_micros(trip.round_trip_us, text);
	writer_text(w, "roundTrip", text);
	writer_integer(w, "roundTripMicroseconds", trip.round_trip_us);
	writer_integer(w, "tries", trip.tries);
	if (!s->flags.base)
		write_info(w, info);
	writer_close(w);
	return console_written(&s->console, w, EXIT_DONE);
}

static int ping_run(void *context, void *args, int argc, char **argv)
{
	struct dht_server_info info = {0};
	struct session *s = context;
	int err;

	(void)args;
	if (console_no_operands(&s->console, argc, argv) != 0 || connect_open(s) != 0)
		return s->console.fault.status;
	err = dht_ping(s->dht, &info);
	return err ? connect_fault(s, err) : show(s, &info);
}

const struct subcommand cmd_ping = {
	.name = "ping",
	.operands = "",
	.summary = "is a server there",
	.notes = "Exit status: 0 it answers, 3 nobody listens there, 6 no answer in time.",
	.run = ping_run,
};
