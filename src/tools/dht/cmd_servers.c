/* SPDX-License-Identifier: BSD-2-Clause */
/* dht servers: the servers that the asked one knows. */
#include <stdlib.h>

#include "base/exitcode.h"
#include "tools/dht/commands.h"
#include "tools/dht/connect.h"
#include "tools/dht/session.h"

static const struct column columns[] = {{.key = "provider", .title = "SERVER"}};

static int show(struct session *s, const struct dht_provider *servers, size_t n)
{
	struct writer *w = console_writer(&s->console, 0);
	char text[DHT_ADDRESS_TEXT];

	writer_rows(w, columns, 1);
	writer_open(w, NULL);
	writer_list(w, "servers");
	for (size_t i = 0; i < n; i++) {
		struct dht_provider bare = servers[i];

		bare.port = 0;
		writer_open(w, NULL);
		dht_provider_format(&servers[i], text);
		writer_text(w, "provider", text);
		dht_provider_format(&bare, text);
		writer_string(w, "ip", text);
		writer_integer(w, "port", servers[i].port);
		writer_close(w);
	}
	writer_close(w);
	writer_close(w);
	return console_written(&s->console, w, EXIT_DONE);
}

static int servers_run(void *context, void *args, int argc, char **argv)
{
	struct dht_provider *servers = NULL;
	struct session *s = context;
	size_t n = 0;
	int status, err;

	(void)args;
	if (s->flags.base)
		return fault_set(&s->console.fault, EXIT_USAGE, "usage", "leave out --base",
			"no base message asks for servers");
	if (console_no_operands(&s->console, argc, argv) != 0 || connect_open(s) != 0)
		return s->console.fault.status;
	err = dht_servers(s->dht, &servers, &n);
	if (err)
		return connect_fault(s, err);
	status = show(s, servers, n);
	session_trip(s);
	free(servers);
	return status;
}

const struct subcommand cmd_servers = {
	.name = "servers",
	.operands = "",
	.summary = "who else is there",
	.notes = "Prints ADDRESS:PORT of each server's client plane.",
	.run = servers_run,
};
