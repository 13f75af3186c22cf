/* SPDX-License-Identifier: BSD-2-Clause */
/* dht want: waits until somebody has a hash; --follow tells every change. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "tools/common/text.h"
#include "tools/dht/commands.h"
#include "tools/dht/connect.h"
#include "tools/dht/input.h"
#include "tools/dht/session.h"

#define WAIT_MAX_MS (UINT32_MAX - 1) /* libdht's UINT32_MAX is 'for ever' */

struct want_args {
	struct input_args input;
	uint32_t wait_ms;
	bool follow;
};

static const struct opt options[] = {
	{"wait", 0, OPT_MS, "T", "at most so long (for ever)", offsetof(struct want_args, wait_ms),
		1, WAIT_MAX_MS, NULL},
	{"follow", 0, OPT_FLAG, NULL, "tell every change, until interrupted",
		offsetof(struct want_args, follow), 0, 0, NULL},
	{0},
};

/* ---- The first one ---- */

static const struct column columns[] = {
	{.key = "hash", .title = "HASH"},
	{.key = "provider", .title = "PROVIDER"},
	{.key = "ttl", .title = "TIME LEFT", .right = true, .only = OUTPUT_TABLE},
};

static int show(struct session *s, const struct dht_hash *hash, const struct dht_provider *provider,
	bool with_hash)
{
	struct writer *w = console_writer(&s->console, 0);
	size_t skip = with_hash ? 0 : 1;

	writer_rows(w, columns + skip, sizeof(columns) / sizeof(columns[0]) - skip);
	writer_open(w, NULL);
	writer_list(w, "results");
	writer_open(w, NULL);
	show_hash(w, hash);
	writer_list(w, "providers");
	show_provider(w, NULL, provider);
	for (int i = 0; i < 4; i++)
		writer_close(w);
	return console_written(&s->console, w, EXIT_DONE);
}

/* Or none since: then nobody knows who has it. */
static bool nothing_answered(const struct session *s)
{
	struct dht_trip trip;

	dht_last_trip(s->dht, &trip);
	return trip.round_trip_us == 0;
}

static int wait_first(struct session *s, const struct input *in, uint32_t wait_ms)
{
	struct dht_provider provider = {0};
	char span[TEXT_DURATION_MAX];
	size_t which = 0;
	int err = dht_want(
		s->dht, in->hashes, in->count, wait_ms ? wait_ms : UINT32_MAX, &which, &provider);

	if (err == DHT_ERR_TIMEOUT && wait_ms && nothing_answered(s))
		return connect_silence(s, wait_ms);
	text_micros((uint64_t)wait_ms * 1000, span);
	if (err == DHT_ERR_TIMEOUT && wait_ms)
		return fault_set(&s->console.fault, EXIT_NO_ANSWER, "nobodyInTime", NULL,
			"nobody had %s within %s", in->count == 1 ? "it" : "any of them", span);
	if (err)
		return connect_fault(s, err);
	return show(s, &in->hashes[which], &provider, in->count > 1);
}

/* ---- All of them ---- */

static const struct column event_columns[] = {
	{.key = "event"}, {.key = "hash"}, {.key = "provider"}};

struct follow {
	struct session *session;
	struct writer *writer;
	size_t watched; /* hashes that are still watched */
	int error;
	bool output_failed;
};

static const char *event_name(enum dht_event_kind kind)
{
	switch (kind) {
	case DHT_APPEARED: return "appeared";
	case DHT_WITHDRAWN: return "withdrawn";
	case DHT_EXPIRED: return "expired";
	case DHT_WATCH_ENDED: break;
	}
	return "ended";
}

/* Each event is a document of its own. */
static void on_event(void *arg, const struct dht_hash *hash, enum dht_event_kind kind, int error,
	const struct dht_provider *provider)
{
	struct follow *f = arg;
	struct writer *w = f->writer;

	if (kind == DHT_WATCH_ENDED) {
		f->error = error;
		if (--f->watched > 0 && error != DHT_ERR_CANCELLED)
			console_note(
				&f->session->console, "a watch has ended: %s", dht_strerror(error));
		return;
	}
	writer_rows(w, event_columns, sizeof(event_columns) / sizeof(event_columns[0]));
	writer_open(w, NULL);
	writer_string(w, "event", event_name(kind));
	show_hash(w, hash);
	show_provider(w, "provider", provider);
	writer_close(w);
	f->output_failed = writer_failed(w);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Signals as something to poll: they end a --follow well. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The shorter of libdht's time-out and what is left until end (0: no end). */
static int pause_ms(const struct dht *d, int64_t end)
{
	int pause = dht_timeout_ms(d);
	int64_t left = end ? end - now_ms() : INT32_MAX;

	if (left < 0)
		left = 0;
	if (left > INT_MAX)
		left = INT_MAX;
	return pause < 0 || left < pause ? (end ? (int)left : pause) : pause;
}

static int follow_loop(struct follow *f, int signals, uint32_t wait_ms)
{
	struct dht *d = f->session->dht;
	struct pollfd fds[2] = {
		{.fd = dht_fd(d), .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	int64_t end = wait_ms ? now_ms() + wait_ms : 0;

	while (f->watched > 0 && !f->output_failed) {
		if (poll(fds, 2, pause_ms(d, end)) < 0 && errno != EINTR)
			return connect_fault(f->session, DHT_ERR_SYSTEM);
		if (fds[1].revents || (end && now_ms() >= end))
			return EXIT_DONE;
		if (dht_process(d) != 0)
			return connect_fault(f->session, DHT_ERR_SYSTEM);
	}
	return f->output_failed ? EXIT_DONE : connect_fault(f->session, f->error);
}

static int follow_all(struct session *s, const struct input *in, uint32_t wait_ms)
{
	struct follow f = {.session = s, .writer = console_writer(&s->console, WRITER_STREAM)};
	int signals = open_signals(), status;

	for (size_t i = 0; i < in->count && f.writer && signals >= 0; i++)
		f.watched += dht_start_watch(s->dht, &in->hashes[i], on_event, &f) != NULL;
	if (f.watched == in->count && in->count > 0)
		status = follow_loop(&f, signals, wait_ms);
	else
		status = connect_fault(s, DHT_ERR_SYSTEM);
	dht_close(s->dht); /* before what its callbacks write to */
	s->dht = NULL;
	if (signals >= 0)
		close(signals);
	return console_written(&s->console, f.writer, status);
}

static int want_run(void *context, void *args, int argc, char **argv)
{
	const struct want_args *given = args;
	struct session *s = context;
	struct input in;
	int status = input_collect(&in, &given->input, argc, argv, stdin, &s->console.fault);

	if (status == 0 && in.count == 0)
		status = fault_set(
			&s->console.fault, EXIT_USAGE, "usage", NULL, "there is no hash to want");
	if (status == 0)
		status = connect_open(s);
	if (status == 0)
		connect_learn(s);
	if (status == 0)
		status = given->follow ? follow_all(s, &in, given->wait_ms)
		                       : wait_first(s, &in, given->wait_ms);
	status = input_status(&in, status);
	input_free(&in);
	return status;
}

const struct subcommand cmd_want = {
	.name = "want",
	.operands = "HASH...",
	.summary = "wait until somebody has it, and print who",
	.notes = "--follow prints appeared, withdrawn or expired, HASH and provider, a line each.\n"
		 "Exit status: 0 somebody has it, 6 nobody within --wait.",
	.options = {input_options, options},
	.args_size = sizeof(struct want_args),
	.run = want_run,
};
