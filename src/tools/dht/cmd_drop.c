/* SPDX-License-Identifier: BSD-2-Clause */
/* dht drop: withdraws what put announced. */
#include "base/exitcode.h"
#include "tools/dht/announce.h"
#include "tools/dht/commands.h"

static void drop(struct announce *a, struct session *s)
{
	struct progress progress;

	session_progress(s, &progress, "sending");
	if (a->input.count > 0)
		a->error = dht_drop(
			s->dht, a->input.hashes, a->input.count, &a->options, a->statuses);
	progress_end(&progress);
}

static int drop_run(void *context, void *args, int argc, char **argv)
{
	struct session *s = context;
	struct announce a;
	int status;

	if (s->flags.base)
		return fault_set(&s->console.fault, EXIT_USAGE, "usage", "leave out --base",
			"no base message withdraws a hash");
	status = announce_init(&a, s, args, argc, argv);
	if (status == 0) {
		drop(&a, s);
		status = announce_show(&a, s, "withdrawn", false);
		if (s->console.fault.status == 0)
			session_trip(s);
	}
	announce_fini(&a);
	return status;
}

const struct subcommand cmd_drop = {
	.name = "drop",
	.operands = "HASH...",
	.summary = "withdraw it",
	.notes = "Address and port must be those it was announced with.\n"
		 "Exit status: 0 all done, 4 refused, 6 no answer or too few servers, 7 in part.",
	.options = {input_options, announce_options},
	.args_size = sizeof(struct announce_args),
	.run = drop_run,
};
