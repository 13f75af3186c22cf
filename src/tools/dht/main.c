/* SPDX-License-Identifier: BSD-2-Clause */
/* dht, the network client: a table of commands over libdht. */
#include "config.h"

#include <stddef.h>

#include "base/exitcode.h"
#include "tools/dht/commands.h"
#include "tools/dht/session.h"

static const struct opt options[] = {
	{"server", 'S', OPT_TEXT, "S[,S]...", "HOST, HOST:PORT or [IPV6]:PORT, tried in order",
		offsetof(struct flags, settings.server), 0, 0, NULL},
	{"profile", 'p', OPT_TEXT, "PROFILE", "a profile of client.ini",
		offsetof(struct flags, profile), 0, 0, NULL},
	{"output", 'o', OPT_CHOICE, "FORMAT", "table, plain or json",
		offsetof(struct flags, settings.output), 0, 0, output_names},
	{"timeout", 0, OPT_MS, "T", "the first try's; later ones wait longer (500ms)",
		offsetof(struct flags, settings.timeout_ms), TIMEOUT_MIN_MS, TIMEOUT_MAX_MS, NULL},
	{"tries", 0, OPT_NUMBER, "N", "over all servers (6)",
		offsetof(struct flags, settings.tries), 1, TRIES_MAX, NULL},
	{"key", 0, OPT_TEXT, "FILE", "signs requests; \"NAME HEX64\"",
		offsetof(struct flags, settings.key_file), 0, 0, NULL},
	{"base", 0, OPT_FLAG, NULL, "speak only the base messages", offsetof(struct flags, base), 0,
		0, NULL},
	{"help", 'h', OPT_FLAG, NULL, "this, or a command's own help", offsetof(struct flags, help),
		0, 0, NULL},
	{"version", 'V', OPT_FLAG, NULL, "the program's and the library's",
		offsetof(struct flags, version), 0, 0, NULL},
	{0},
};

static const struct subcommand *const commands[] = {&cmd_get, &cmd_put, &cmd_drop, &cmd_want,
	&cmd_hash, &cmd_ping, &cmd_servers, &cmd_exit, &cmd_bench, NULL};

static const struct program program = {
	.name = "dht",
	.summary = "Asks dht servers who has a hash, and tells them what you have.",
	.options = options,
	.commands = commands,
	.footer = "HASH is hexadecimal, sha256:..., or a magnet link. See dht(1).",
};

static int run(struct session *s, const struct invocation *v)
{
	if (s->console.fault.status != 0)
		return s->console.fault.status;
	if (s->flags.version) {
		printf("dht %s (libdht %s)\n", PACKAGE_VERSION, dht_version());
		return EXIT_DONE;
	}
	if (s->flags.help) {
		subcommand_help(&program, v->command, stdout);
		return EXIT_DONE;
	}
	if (!v->command)
		return fault_set(&s->console.fault, EXIT_USAGE, "usage",
			"dht --help lists the commands", "no command is given");
	if (session_prepare(s) != 0)
		return s->console.fault.status;
	return v->command->run(s, v->args, v->argc, v->argv);
}

int main(int argc, char **argv)
{
	struct session session = {0};
	struct invocation invocation;
	int status;

	console_init(&session.console, "dht");
	subcommand_parse(&program, &session.flags, argc, argv, &invocation, &session.console.fault);
	session.console.output = (enum output)session.flags.settings.output;
	status = session_end(&session, run(&session, &invocation));
	invocation_free(&invocation);
	return status;
}
