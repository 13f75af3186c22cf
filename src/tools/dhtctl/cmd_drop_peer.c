/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl drop-peer: forgets a server that is dead. */
#include "base/exitcode.h"
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

static int show(struct admin *a, const json_t *reply)
{
	if (console_json(&a->console)) {
		struct writer *w = console_writer(&a->console, 0);
		writer_json(w, NULL, reply);
		return console_written(&a->console, w, EXIT_DONE);
	}
	if (json_is_true(json_object_get(reply, "forgotten")))
		console_note(&a->console, "all servers forget it");
	else
		console_note(&a->console,
			"it is not dead: it has to answer for itself, and stays if it does");
	return EXIT_DONE;
}

static int drop_peer_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	json_t *address, *reply;
	int status;

	(void)args;
	if (argc != 1)
		return fault_set(&a->console.fault, EXIT_USAGE, "usage", "dhtctl drop-peer ADDRESS",
			"drop-peer takes one address, not %d", argc);
	address = text_json(argv[0]);
	reply = admin_ask(a, CONTROL "DropPeer", json_pack("{s:o}", "address", address));
	if (!reply)
		return admin_address_fault(a, argv[0]);
	status = show(a, reply);
	json_decref(reply);
	return status;
}

const struct subcommand cmd_drop_peer = {
	.name = "drop-peer",
	.operands = "ADDRESS",
	.summary = "forget a server that is dead",
	.brief = "forget a dead server",
	.notes = "ADDRESS is as dhtctl peers has it. One that is not dead has to answer for\n"
		 "itself, and stays if it does: stop it first, or drain it.\n"
		 "Exit status: 0 done, 5 it is no member.",
	.run = drop_peer_run,
};
