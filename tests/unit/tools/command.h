/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command: runs of dhtctl's commands against a service that says what a test wrote down.
 */
#ifndef DHT_TESTS_COMMAND_H
#define DHT_TESTS_COMMAND_H

#include "../unit.h"

#include "base/exitcode.h"
#include "service.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define JSON_OUTPUT  2
#define OPERANDS_MAX 4

/* One run of a command: its options from a line of words, and what came of it. */
struct run {
	int status;
	char *out, *err;
	struct service service;
};

static const struct subcommand *const commands[] = {&cmd_add_peer, &cmd_config, &cmd_drain,
	&cmd_drop_peer, &cmd_explain, &cmd_keys, &cmd_log_level, &cmd_lookup, &cmd_monitor,
	&cmd_partitions, &cmd_peers, &cmd_reload, &cmd_shutdown, &cmd_stats, &cmd_status,
	&cmd_undrain, &cmd_wait, NULL};

static inline void run_line(struct run *r, const char *line, bool json)
{
	static const struct opt none[] = {{0}};
	const struct program program = {
		.name = "dhtctl", .summary = "", .options = none, .commands = commands};
	struct admin a = {.flags = {.socket = service_path(), .output = json ? JSON_OUTPUT : 0}};
	char words[256], *argv[OPERANDS_MAX + 3] = {(char *)"dhtctl"}, *save = NULL;
	struct invocation v;
	size_t out_size, err_size;
	int argc = 1;

	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	console_init(&a.console, "dhtctl");
	a.console.out = open_memstream(&r->out, &out_size);
	a.console.err = open_memstream(&r->err, &err_size);
	r->status = subcommand_parse(&program, &a.flags, argc, argv, &v, &a.console.fault);
	admin_init(&a);
	if (r->status == 0)
		r->status = v.command->run(&a, v.args, v.argc, v.argv);
	admin_end(&a, r->status);
	fclose(a.console.out);
	fclose(a.console.err);
	invocation_free(&v);
}

static inline void assert_run(const char *line, bool json, const struct step *steps, size_t count,
	int status, const char *out, const char *err)
{
	struct run r = {0};

	service_start(&r.service, steps, count);
	run_line(&r, line, json);
	service_end(&r.service);
	assert_string_equal(r.out, out);
	assert_string_equal(r.err, err);
	assert_int_equal(r.status, status);
	free(r.out);
	free(r.err);
}

static inline void assert_table(
	const char *line, const struct step *step, int status, const char *out, const char *err)
{
	assert_run(line, false, step, 1, status, out, err);
}

static inline void assert_json(
	const char *line, const struct step *step, int status, const char *out)
{
	assert_run(line, true, step, 1, status, out, "");
}

#endif
