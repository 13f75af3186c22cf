/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl, the administration program: a table of commands over the daemon's control socket. */
#include "config.h"

#include <stddef.h>

#include "base/exitcode.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

static const struct opt options[] = {
	{"socket", 's', OPT_TEXT, "SOCKET", "the daemon's control socket (" ADMIN_SOCKET ")",
		offsetof(struct flags, socket), 0, 0, NULL},
	{"output", 'o', OPT_CHOICE, "FORMAT", "table or json", offsetof(struct flags, output), 0, 0,
		admin_outputs},
	{"help", 'h', OPT_FLAG, NULL, "this, or a command's own help", offsetof(struct flags, help),
		0, 0, NULL},
	{"version", 'V', OPT_FLAG, NULL, "the program's", offsetof(struct flags, version), 0, 0,
		NULL},
	{0},
};

static const struct subcommand *const commands[] = {&cmd_status, &cmd_peers, &cmd_partitions,
	&cmd_stats, &cmd_lookup, &cmd_explain, &cmd_config, &cmd_reload, &cmd_shutdown, &cmd_wait,
	&cmd_drain, &cmd_undrain, &cmd_add_peer, &cmd_drop_peer, &cmd_keys, &cmd_log_level,
	&cmd_monitor, &cmd_keygen, &cmd_hash_password, &cmd_report, NULL};

static const struct program program = {
	.name = "dhtctl",
	.summary = "Shows how the dht server on this machine is, and changes it.",
	.options = options,
	.commands = commands,
	.footer = "See dhtctl(8).",
};

static int run(struct admin *a, const struct invocation *v)
{
	if (a->console.fault.status != 0)
		return a->console.fault.status;
	if (a->flags.version) {
		printf("dhtctl %s\n", PACKAGE_VERSION);
		return EXIT_DONE;
	}
	if (a->flags.help) {
		subcommand_help(&program, v->command, stdout);
		return EXIT_DONE;
	}
	if (!v->command)
		return fault_set(&a->console.fault, EXIT_USAGE, "usage",
			"dhtctl --help lists the commands", "no command is given");
	return v->command->run(a, v->args, v->argc, v->argv);
}

int main(int argc, char **argv)
{
	struct invocation invocation;
	struct admin admin = {0};
	int status;

	console_init(&admin.console, program.name);
	subcommand_parse(&program, &admin.flags, argc, argv, &invocation, &admin.console.fault);
	admin_init(&admin);
	status = admin_end(&admin, run(&admin, &invocation));
	invocation_free(&invocation);
	return status;
}
