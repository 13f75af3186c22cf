/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl add-peer: asks another server to join. */
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

static int show(struct admin *a, const json_t *reply)
{
	const char *member = reply_text(reply, "member");

	if (console_json(&a->console)) {
		struct writer *w = console_writer(&a->console, 0);
		writer_json(w, NULL, reply);
		return console_written(&a->console, w, EXIT_DONE);
	}
	if (strcmp(member, "dead") == 0)
		console_note(
			&a->console, "it is a member already, and dead: it is tried again now");
	else if (*member)
		console_note(&a->console, "it is a member already (%s)", member);
	else
		console_note(&a->console, "it is asked to join: dhtctl peers shows it when it has");
	return EXIT_DONE;
}

static int add_peer_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	json_t *address, *reply;
	int status;

	(void)args;
	if (argc != 1)
		return fault_set(&a->console.fault, EXIT_USAGE, "usage", "dhtctl add-peer ADDRESS",
			"add-peer takes one address, not %d", argc);
	address = text_json(argv[0]);
	reply = admin_ask(a, CONTROL "AddPeer", json_pack("{s:o}", "address", address));
	if (!reply)
		return admin_address_fault(a, argv[0]);
	status = show(a, reply);
	json_decref(reply);
	return status;
}

const struct subcommand cmd_add_peer = {
	.name = "add-peer",
	.operands = "ADDRESS",
	.summary = "ask another server to join",
	.brief = "ask a server to join",
	.notes = "ADDRESS is an IP address, with a port where the peer plane has another one than\n"
		 "this server's. It is asked for a while; dhtctl peers shows it when it has\n"
		 "joined. Servers that are always to be asked stand in cluster.seeds.",
	.run = add_peer_run,
};
