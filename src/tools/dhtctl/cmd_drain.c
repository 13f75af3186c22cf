/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl drain: lets the server hand over all that it has, and waits until others have it. */
#include <inttypes.h>
#include <stdio.h>

#include "base/exitcode.h"
#include "base/units.h"
#include "tools/common/clock.h"
#include "tools/common/terminal.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define LOOK_MS        200
#define TIMEOUT_MS     (10 * 60 * 1000)
#define TIMEOUT_MAX_MS (24 * 3600 * 1000)

struct drain_args {
	uint32_t timeout_ms;
};

static const struct opt options[] = {
	{"timeout", 't', OPT_MS, "T", "how long to wait (10m); it goes on after that",
		offsetof(struct drain_args, timeout_ms), 1, TIMEOUT_MAX_MS, NULL},
	{0},
};

static const struct drain_args defaults = {.timeout_ms = TIMEOUT_MS};

static const struct column columns[] = {
	{.key = "drained", .title = "drained"},
};

/* What is still here. */
struct left {
	bool drained;
	uint64_t owned, kept;
};

static struct left left_of(const json_t *reply)
{
	const json_t *partitions = json_object_get(reply, "partitions");

	return (struct left){
		.drained = json_is_true(json_object_get(reply, "drained")),
		.owned = reply_number(partitions, "owned"),
		.kept = reply_number(partitions, "kept"),
	};
}

static int show(struct admin *a, const struct left *left)
{
	struct writer *w = console_writer(&a->console, 0);

	writer_sheet(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_bool(w, "drained", left->drained);
	writer_open(w, "partitions");
	writer_integer(w, "owned", left->owned);
	writer_integer(w, "kept", left->kept);
	writer_close(w);
	writer_close(w);
	return console_written(&a->console, w, EXIT_DONE);
}

static int give_up(struct admin *a, uint32_t timeout_ms, const struct left *left)
{
	char span[UNITS_TEXT_MAX];

	duration_format(timeout_ms, span);
	return fault_set(&a->console.fault, EXIT_NO_ANSWER, "notInTime",
		"it goes on: dhtctl status shows how far, dhtctl undrain takes it back",
		"after %s: %" PRIu64 " partitions are not with others yet", span,
		left->owned + left->kept);
}

static int ask(struct admin *a, const char *method, struct left *left)
{
	json_t *reply = admin_ask(a, method, NULL);

	if (!reply)
		return a->console.fault.status;
	*left = left_of(reply);
	json_decref(reply);
	return 0;
}

static int wait_drained(struct admin *a, uint64_t end_ms, struct left *left)
{
	uint64_t most = left->owned + left->kept;
	struct progress progress;

	progress_start(&progress, "handing over");
	while (!left->drained && clock_left_ms(end_ms) > 0) {
		uint64_t now = clock_ms(), rest = left->owned + left->kept;
		most = rest > most ? rest : most;
		progress_step(&progress, (size_t)(most - rest), (size_t)most);
		admin_pause(a, now + LOOK_MS < end_ms ? now + LOOK_MS : end_ms);
		if (ask(a, CONTROL "GetStatus", left) != 0)
			break;
	}
	progress_end(&progress);
	return a->console.fault.status;
}

static int drain_run(void *context, void *args, int argc, char **argv)
{
	const struct drain_args *given = args;
	struct admin *a = context;
	uint64_t end = clock_ms() + given->timeout_ms;
	struct left left = {.drained = false};

	if (console_no_operands(&a->console, argc, argv) != 0 ||
		ask(a, CONTROL "Drain", &left) != 0 || wait_drained(a, end, &left) != 0)
		return a->console.fault.status;
	return left.drained ? show(a, &left) : give_up(a, given->timeout_ms, &left);
}

const struct subcommand cmd_drain = {
	.name = "drain",
	.operands = "",
	.summary = "hand over all that the server has to others, and own nothing",
	.brief = "hand over everything",
	.notes = "It goes on to answer, and stays a member until it is stopped. 'dhtctl undrain'\n"
		 "or a restart takes it back.\n"
		 "Exit status: 0 others have everything, 6 not in time, 4 not permitted.",
	.options = {options},
	.args_size = sizeof(struct drain_args),
	.defaults = &defaults,
	.run = drain_run,
};
