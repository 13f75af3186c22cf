/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl shutdown: stops the server, and waits until it has gone. */
#include <errno.h>
#include <signal.h>

#include "base/exitcode.h"
#include "tools/common/clock.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define WAIT_MS 10000 /* a server stops within 5 s */
#define LOOK_MS 20

static const struct column columns[] = {{.key = "stopped", .title = "stopped"}};

/* Where systemd listens for it, connecting would start another: the process is looked for first. */
static bool has_gone(struct admin *a, pid_t process)
{
	struct fault f = {0};

	if (process > 0 && kill(process, 0) < 0 && errno == ESRCH)
		return true;
	if (varlink_open(&a->varlink, &f) != 0)
		return f.status == EXIT_UNREACHABLE;
	varlink_close(&a->varlink);
	return false;
}

static int still_there(struct admin *a)
{
	return fault_set(&a->console.fault, EXIT_NO_ANSWER, "stillThere", "systemctl status dht",
		"dhtd at %s is still there after 10s", a->varlink.path);
}

/* The connection closes when the daemon ends, a moment before nothing of it is left. */
static int wait_gone(struct admin *a, pid_t process)
{
	uint64_t end = clock_ms() + WAIT_MS;

	if (!varlink_wait_closed(&a->varlink))
		return still_there(a);
	varlink_close(&a->varlink);
	while (!has_gone(a, process)) {
		if (clock_left_ms(end) == 0)
			return still_there(a);
		admin_pause(a, clock_ms() + LOOK_MS);
	}
	return 0;
}

static int show(struct admin *a)
{
	struct writer *w = console_writer(&a->console, 0);

	writer_sheet(w, columns, 1);
	writer_open(w, NULL);
	writer_bool(w, "stopped", true);
	writer_close(w);
	return console_written(&a->console, w, EXIT_DONE);
}

static int shutdown_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	json_t *status, *reply;
	pid_t process;

	(void)args;
	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	status = admin_ask(a, CONTROL "GetStatus", NULL);
	if (!status)
		return a->console.fault.status;
	process = (pid_t)reply_number(status, "processId");
	json_decref(status);
	reply = admin_ask(a, CONTROL "Shutdown", NULL);
	if (!reply)
		return a->console.fault.status;
	json_decref(reply);
	return wait_gone(a, process) == 0 ? show(a) : a->console.fault.status;
}

const struct subcommand cmd_shutdown = {
	.name = "shutdown",
	.operands = "",
	.summary = "stop the server, and wait until it has gone",
	.brief = "stop the server",
	.notes = "The unit then stays stopped until 'systemctl start dht'.\n"
		 "Exit status: 0 it has gone, 6 it is still there after 10 s, 4 not permitted.",
	.run = shutdown_run,
};
