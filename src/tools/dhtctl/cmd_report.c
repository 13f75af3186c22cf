/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl report: an archive for a bug report. */
#include "config.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "client/dht.h"
#include "tools/common/terminal.h"
#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"
#include "tools/dhtctl/report.h"

#define NAMES_MAX 512

struct report_args {
	const char *file;
};

static const struct opt options[] = {
	{"file", 'f', OPT_TEXT, "FILE", "a new file (dht-report-DATE.tar.gz), or -",
		offsetof(struct report_args, file), 0, 0, NULL},
	{0},
};

/* What the daemon is asked for. */
static const struct {
	const char *name, *method;
} answers[] = {
	{"status.json", CONTROL "GetStatus"},
	{"stats.json", CONTROL "GetStats"},
	{"peers.json", CONTROL "ListPeers"},
	{"keys.json", CONTROL "ListKeys"},
	{"config.json", CONTROL "GetConfig"},
	{"log.json", CONTROL "GetLog"},
};

/* What of the unit is shown: its state and limits. An administrator may have put a secret into its
 * environment. */
static const char shown[] =
	"--property=LoadState,ActiveState,SubState,Result,StatusText,NRestarts,ExecMainStatus,"
	"ExecMainCode,ActiveEnterTimestamp,WatchdogUSec,MemoryCurrent,CPUUsageNSec,TasksCurrent,"
	"LimitNOFILE,FragmentPath,DropInPaths";

/* What systemd is asked for, where it runs. */
static const struct {
	const char *name;
	const char *const argv[6];
} programs[] = {
	{"systemctl-show.txt", {"systemctl", "--no-pager", "show", shown, "dht.service", NULL}},
	{"systemctl-status.txt",
		{"systemctl", "--no-pager", "--full", "status", "dht.service", NULL}},
};

struct making {
	struct admin *admin;
	struct report report;
	json_t *contents; /* names */
	json_t *missing;  /* {"name", "reason"} */
	char unreachable[600];
	bool denied;
};

static void add_missing(struct making *m, const char *name, const char *reason)
{
	json_array_append_new(
		m->missing, json_pack("{s:s, s:o}", "name", name, "reason", text_json(reason)));
}

/* One answer of the daemon. What it does not tell is missing, which is no fault; once it cannot be
 * reached it is not asked for more. */
static int add_answer(struct making *m, const char *name, const char *method)
{
	struct varlink *v = &m->admin->varlink;
	struct fault *f = &m->admin->console.fault, why = {0};
	json_t *reply;

	if (m->unreachable[0]) {
		add_missing(m, name, m->unreachable);
		return 0;
	}
	reply = varlink_call(v, method, NULL, &why);
	if (reply) {
		json_array_append_new(m->contents, json_string(name));
		report_add_json(&m->report, name, reply, f);
		json_decref(reply);
		return f->status;
	}
	if (strcmp(why.code, "interrupted") == 0) {
		*f = why;
		return f->status;
	}
	add_missing(m, name, why.message);
	m->denied |= why.status == EXIT_NOT_PERMITTED;
	if (v->fd < 0)
		snprintf(m->unreachable, sizeof(m->unreachable), "%s", why.message);
	return 0;
}

static int add_text(struct making *m, const char *name, const char *text)
{
	json_array_append_new(m->contents, json_string(name));
	return report_add_text(&m->report, name, text, &m->admin->console.fault);
}

static int add_versions(struct making *m)
{
	struct utsname u = {0};
	char text[sizeof(u) + 64];

	snprintf(text, sizeof(text), "dhtctl %s\nlibdht %s\n", PACKAGE_VERSION, dht_version());
	if (add_text(m, "version.txt", text) != 0)
		return m->admin->console.fault.status;
	uname(&u);
	snprintf(text, sizeof(text), "%s %s %s %s\n", u.sysname, u.release, u.version, u.machine);
	return add_text(m, "uname.txt", text);
}

static int collect(struct making *m)
{
	struct fault *f = &m->admin->console.fault;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (add_answer(m, answers[i].name, answers[i].method) != 0)
			return f->status;
	if (add_versions(m) != 0)
		return f->status;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		bool added;

		if (report_add_output(&m->report, programs[i].name, (char *const *)programs[i].argv,
			    &added, f) != 0)
			return f->status;
		if (added)
			json_array_append_new(m->contents, json_string(programs[i].name));
	}
	return 0;
}

/* ---- What is said about it ---- */

static void add_name(char names[static NAMES_MAX], const char *name)
{
	size_t n = strlen(names);

	snprintf(names + n, NAMES_MAX - n, "%s%s", n > 0 ? ", " : "", name);
}

/* What is missing for the same reason is told in one line. */
static void tell_missing(const struct console *c, const json_t *missing)
{
	size_t count = json_array_size(missing), i = 0;

	while (i < count) {
		const char *reason = reply_text(json_array_get(missing, i), "reason");
		char names[NAMES_MAX] = "";

		for (const char *same = reason; i < count && strcmp(same, reason) == 0;) {
			add_name(names, reply_text(json_array_get(missing, i), "name"));
			same = reply_text(json_array_get(missing, ++i), "reason");
		}
		console_note(c, "missing: %s: %s", names, reason);
	}
}

/* On standard error when the archive itself is on standard output. */
static void tell(struct making *m)
{
	struct console c = m->admin->console;
	char names[NAMES_MAX] = "";

	if (strcmp(m->report.file, "-") == 0)
		c.out = c.err;
	for (size_t i = 0; i < json_array_size(m->contents); i++)
		add_name(names, json_string_value(json_array_get(m->contents, i)));
	console_line(&c, "%s: %s", m->report.file, names);
	console_line(
		&c, "No secrets are in it (dhtd hides passwords and keys), but addresses are.");
	tell_missing(&c, m->missing);
	if (m->denied)
		console_note(&c, "run it as root or as a member of group _dht for a whole report");
}

static int show(struct making *m)
{
	struct console *c = &m->admin->console;
	int status = json_array_size(m->missing) > 0 ? EXIT_PARTIAL : EXIT_DONE;
	struct writer *w;

	if (!console_json(c)) {
		tell(m);
		return status;
	}
	if (strcmp(m->report.file, "-") == 0)
		return status; /* standard output is taken */
	w = console_writer(c, 0);
	writer_open(w, NULL);
	writer_string(w, "file", m->report.file);
	writer_json(w, "contents", m->contents);
	writer_json(w, "missing", m->missing);
	writer_close(w);
	return console_written(c, w, status);
}

static int make(struct admin *a, const char *file)
{
	struct making m = {.admin = a, .contents = json_array(), .missing = json_array()};
	struct fault *f = &a->console.fault;
	int status;

	if (report_open(&m.report, file, a->varlink.interrupt_fd, f) == 0 && collect(&m) == 0)
		report_pack(&m.report, f);
	report_close(&m.report, f->status == 0);
	status = f->status == 0 ? show(&m) : f->status;
	json_decref(m.contents);
	json_decref(m.missing);
	return status;
}

static int report_run(void *context, void *args, int argc, char **argv)
{
	const struct report_args *given = args;
	struct admin *a = context;
	bool piped = given->file && strcmp(given->file, "-") == 0;

	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	if (piped && terminal_is(STDOUT_FILENO))
		return fault_set(&a->console.fault, EXIT_USAGE, "usage", "give --file a name",
			"an archive is nothing for a terminal");
	admin_catch_interrupt(a);
	return make(a, given->file);
}

const struct subcommand cmd_report = {
	.name = "report",
	.operands = "",
	.summary = "an archive for a bug report, without secrets",
	.brief = "for a bug report",
	.notes = "Holds the status, counters, peers, settings and newest log lines, versions, and\n"
		 "what systemctl says. Nothing is overwritten; FILE - is standard output.\n"
		 "Exit status: 0, or 7 when something is missing as the server does not answer.",
	.options = {options},
	.args_size = sizeof(struct report_args),
	.run = report_run,
};
