/* SPDX-License-Identifier: BSD-2-Clause */
/* dht exit: asks a server to stop. */
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/secret.h"
#include "tools/dht/commands.h"
#include "tools/dht/connect.h"
#include "tools/dht/session.h"

#define PASSWORD_MAX 1024
#define WAIT_MS      10000 /* a server stops within 5 s */
#define WAIT_MAX_MS  600000

struct exit_args {
	const char *password_file;
	uint32_t wait_ms;
};

static const struct opt options[] = {
	{"password-file", 0, OPT_TEXT, "F", "the password is its first line (else a prompt)",
		offsetof(struct exit_args, password_file), 0, 0, NULL},
	{"wait", 0, OPT_MS, "T", "how long the server may take to stop (10s)",
		offsetof(struct exit_args, wait_ms), 1, WAIT_MAX_MS, NULL},
	{0},
};

static const struct column columns[] = {
	{.key = "server", .title = "server"},
	{.key = "stopped", .title = "stopped"},
};

static int stop(struct session *s, const char *password, uint32_t wait_ms)
{
	char server[CONNECT_SERVER_TEXT];
	struct dht_trip trip = {0};
	struct writer *w;
	int err = dht_exit(s->dht, password, wait_ms);

	if (err == DHT_ERR_REFUSED) {
		connect_fault(s, err);
		connect_server(s, server);
		snprintf(s->console.fault.message, sizeof(s->console.fault.message),
			"%s still answers", server);
		fault_hint(&s->console.fault,
			"the password is wrong, or the server has none (its log says which: "
			"exitWrong, exitUnset)");
		return s->console.fault.status;
	}
	if (err)
		return connect_fault(s, err);
	dht_last_trip(s->dht, &trip);
	w = console_writer(&s->console, 0);
	writer_sheet(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_string(w, "server", trip.server);
	writer_bool(w, "stopped", true);
	writer_close(w);
	return console_written(&s->console, w, EXIT_DONE);
}

static int exit_run(void *context, void *args, int argc, char **argv)
{
	const struct exit_args *given = args;
	struct session *s = context;
	char password[PASSWORD_MAX];
	int status;

	s->first_only = true;
	if (console_no_operands(&s->console, argc, argv) != 0)
		return s->console.fault.status;
	if (given->password_file)
		status = secret_file(
			given->password_file, password, sizeof(password), &s->console.fault);
	else
		status = secret_ask("Password: ", password, sizeof(password), &s->console.fault);
	if (status == 0)
		status = connect_open(s);
	if (status == 0)
		status = stop(s, password, given->wait_ms ? given->wait_ms : WAIT_MS);
	explicit_bzero(password, sizeof(password));
	return status;
}

const struct subcommand cmd_exit = {
	.name = "exit",
	.operands = "",
	.summary = "ask the server to stop; needs its password",
	.notes = "Exit status: 0 it stopped, 4 it still answers, 3 nobody was there.",
	.options = {options},
	.args_size = sizeof(struct exit_args),
	.run = exit_run,
};
