/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl wait: until the server is there, and knows as many members as it should. */
#include "base/exitcode.h"
#include "base/units.h"
#include "tools/common/clock.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define PAUSE_MIN_MS   50
#define PAUSE_MAX_MS   1000
#define TIMEOUT_MS     30000
#define TIMEOUT_MAX_MS (24 * 3600 * 1000)
#define MEMBERS_MAX    65536

struct wait_args {
	uint32_t members, timeout_ms;
};

static const struct opt options[] = {
	{"members", 'm', OPT_NUMBER, "N", "servers of the cluster, this one too (1)",
		offsetof(struct wait_args, members), 1, MEMBERS_MAX, NULL},
	{"timeout", 't', OPT_MS, "T", "give up after so long (30s)",
		offsetof(struct wait_args, timeout_ms), 1, TIMEOUT_MAX_MS, NULL},
	{0},
};

static const struct wait_args defaults = {.members = 1, .timeout_ms = TIMEOUT_MS};

static const struct column columns[] = {{.key = "members", .title = "members"}};

/* Asks once. 0 when it is there with as many, or the status of why is set. */
static int look(struct admin *a, uint32_t members, uint64_t *found, struct fault *why)
{
	json_t *status = varlink_call(&a->varlink, CONTROL "GetStatus", NULL, why);

	if (!status)
		return why->status;
	*found = reply_number(status, "members");
	json_decref(status);
	if (*found >= members)
		return 0;
	return fault_set(why, EXIT_NO_ANSWER, "tooFew", "dhtctl status and peers say more",
		"%lu of %u members are there", (unsigned long)*found, members);
}

/* What waiting may mend. */
static bool may_pass(const struct fault *why)
{
	return why->status == EXIT_UNREACHABLE || why->status == EXIT_NO_ANSWER;
}

static int give_up(struct admin *a, uint32_t timeout_ms, const struct fault *why)
{
	struct fault *f = &a->console.fault;
	char span[UNITS_TEXT_MAX];

	duration_format(timeout_ms, span);
	if (!may_pass(why))
		*f = *why;
	else
		fault_set(f, EXIT_NO_ANSWER, "notInTime", why->hint, "after %s: %s", span,
			why->message);
	return f->status;
}

static int show(struct admin *a, uint64_t members)
{
	struct writer *w = console_writer(&a->console, 0);

	writer_sheet(w, columns, 1);
	writer_open(w, NULL);
	writer_integer(w, "members", members);
	writer_close(w);
	return console_written(&a->console, w, EXIT_DONE);
}

static int wait_run(void *context, void *args, int argc, char **argv)
{
	const struct wait_args *given = args;
	struct admin *a = context;
	uint64_t end = clock_ms() + given->timeout_ms, pause = PAUSE_MIN_MS, members = 0;

	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	for (;;) {
		int left = clock_left_ms(end);
		struct fault why = {0};

		if (left < VARLINK_WAIT_MS) /* the last look has a chance of an answer, too */
			a->varlink.wait_ms = left > PAUSE_MIN_MS ? (uint32_t)left : PAUSE_MIN_MS;
		if (look(a, given->members, &members, &why) == 0)
			return show(a, members);
		if (!may_pass(&why) || clock_left_ms(end) == 0)
			return give_up(a, given->timeout_ms, &why);
		admin_pause(a, clock_ms() + pause < end ? clock_ms() + pause : end);
		pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
	}
}

const struct subcommand cmd_wait = {
	.name = "wait",
	.operands = "",
	.summary = "wait until the server is there, with its cluster",
	.brief = "until it is there",
	.notes = "Exit status: 0 it is there, 6 not in time (the last reason is shown),\n"
		 "4 not permitted.",
	.options = {options},
	.args_size = sizeof(struct wait_args),
	.defaults = &defaults,
	.run = wait_run,
};
