/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl undrain: the server owns its share again. */
#include "base/exitcode.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

static int undrain_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	struct writer *w;
	json_t *reply;
	int status = EXIT_DONE;

	(void)args;
	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	reply = admin_ask(a, CONTROL "Undrain", NULL);
	if (!reply)
		return a->console.fault.status;
	if (console_json(&a->console)) {
		w = console_writer(&a->console, 0);
		writer_json(w, NULL, reply);
		status = console_written(&a->console, w, EXIT_DONE);
	} else {
		console_note(&a->console, "%s",
			json_is_false(json_object_get(reply, "changed"))
				? "it is not being drained: there is nothing to take back"
				: "it gets its share again: dhtctl status shows how far");
	}
	json_decref(reply);
	return status;
}

const struct subcommand cmd_undrain = {
	.name = "undrain",
	.operands = "",
	.summary = "let the server own its share again, after a drain",
	.brief = "own a share again",
	.run = undrain_run,
};
