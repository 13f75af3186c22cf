/* SPDX-License-Identifier: BSD-2-Clause */
/* dht put: announces hashes, and with --keep goes on doing so before they expire. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "base/units.h"
#include "tools/common/clock.h"
#include "tools/dht/announce.h"
#include "tools/dht/commands.h"
#include "tools/dht/connect.h"

#define TTL_MAX_S     (365 * 86400)
#define UNKNOWN_TTL_S 1800 /* a server's usual default, when base messages tell none */
#define RETRY_MS      5000

static const struct opt options[] = {
	{"ttl", 0, OPT_SECONDS, "T", "how long it is remembered (the server's default)",
		offsetof(struct announce_args, ttl_s), 1, TTL_MAX_S, NULL},
	{"keep", 0, OPT_FLAG, NULL, "stay, and renew before it expires",
		offsetof(struct announce_args, keep), 0, 0, NULL},
	{0},
};

static void put(struct announce *a, struct session *s, const char *label)
{
	struct progress progress;

	memset(a->statuses, DHT_NO_ANSWER, a->input.count);
	session_progress(s, &progress, label);
	if (a->input.count > 0)
		a->error = dht_put(s->dht, a->input.hashes, a->input.count, &a->options,
			a->statuses, &a->granted_ttl_s);
	progress_end(&progress);
}

static void leave(int number)
{
	(void)number;
	_exit(EXIT_DONE);
}

/* Nothing is under way that an interrupt could spoil: what was announced stays until it expires. */
static void leave_on_signals(void)
{
	struct sigaction action = {.sa_handler = leave};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* What libdht does by itself, which is to ask for other servers; for at most ms. */
static void finish(struct dht *d, uint64_t ms)
{
	struct pollfd fd = {.fd = dht_fd(d), .events = POLLIN};
	uint64_t end = clock_ms() + ms;
	int wait;

	while ((wait = dht_timeout_ms(d)) >= 0 && clock_ms() < end) {
		int left = clock_left_ms(end);
		if (poll(&fd, 1, wait < left ? wait : left) < 0 || dht_process(d) != 0)
			return;
	}
}

/* Counts the time that the machine is suspended: lifetimes go on elsewhere. */
static void pause_ms(struct dht *d, uint64_t ms)
{
	struct timespec until;
	uint64_t ns;

	clock_gettime(CLOCK_BOOTTIME, &until);
	ns = (uint64_t)until.tv_nsec + ms % 1000 * 1000000;
	until.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
	until.tv_nsec = (long)(ns % 1000000000);
	finish(d, ms);
	clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL);
}

static uint64_t half_life_ms(const struct announce *a)
{
	uint64_t ttl_s = a->granted_ttl_s > 0 ? a->granted_ttl_s : UNKNOWN_TTL_S;

	return ttl_s * 1000 / 2;
}

/* Some were not answered. What was refused is not worth a hurry. */
static bool unanswered(const struct announce *a)
{
	if (a->error == 0)
		return false;
	for (size_t i = 0; i < a->input.count; i++)
		if (a->statuses[i] == DHT_NO_ANSWER || a->statuses[i] == DHT_NOT_IN_TIME)
			return true;
	return false;
}

/* Until a signal. A renewal that failed is tried again soon: there is half a lifetime left. */
static _Noreturn void keep(struct announce *a, struct session *s)
{
	bool failing = unanswered(a), failed;

	for (;; failing = failed) {
		uint64_t pause = half_life_ms(a);

		pause_ms(s->dht, failing && pause > RETRY_MS ? RETRY_MS : pause);
		put(a, s, "renewing");
		failed = unanswered(a);
		if (failed && !failing)
			console_note(&s->console, "not renewed: %s: trying again",
				dht_strerror(a->error));
		if (!failed && failing)
			console_note(&s->console, "renewed again");
	}
}

/* What nobody stored and nobody will is left alone. */
static bool worth_keeping(const struct announce *a, const struct session *s, int status)
{
	return s->console.fault.status == 0 && a->input.count > 0 && status != EXIT_NOT_PERMITTED &&
	       status != EXIT_FAILED;
}

static int check_base(const struct announce_args *args, struct session *s)
{
	const char *what = args->port ? "port" : args->ttl_s ? "lifetime" : NULL;

	if (!s->flags.base || !what)
		return 0;
	return fault_set(&s->console.fault, EXIT_USAGE, "usage", "leave out --base",
		"no base message carries a %s", what);
}

/* JSON's readers have ttlSeconds. */
static void tell_if_cut(const struct announce *a, const struct session *s)
{
	uint32_t asked = a->options.ttl_s, granted = a->granted_ttl_s;
	char text[UNITS_TEXT_MAX];

	if (granted == 0 || granted >= asked)
		return;
	duration_format((uint64_t)granted * 1000, text);
	console_note(&s->console, "the server keeps it for %s only (records.max_ttl)", text);
}

static int put_run(void *context, void *args, int argc, char **argv)
{
	const struct announce_args *given = args;
	struct session *s = context;
	struct announce a;
	int status;

	if (check_base(given, s) != 0)
		return s->console.fault.status;
	status = announce_init(&a, s, given, argc, argv);
	if (status == 0 && given->keep)
		connect_learn(s);
	if (status == 0) {
		put(&a, s, "sending");
		status = announce_show(&a, s, s->flags.base ? "sent" : "stored", true);
		tell_if_cut(&a, s);
		if (s->console.fault.status == 0)
			session_trip(s);
	}
	if (given->keep && worth_keeping(&a, s, status)) {
		leave_on_signals();
		keep(&a, s);
	}
	announce_fini(&a);
	return status;
}

const struct subcommand cmd_put = {
	.name = "put",
	.operands = "HASH...",
	.summary = "announce that this machine (or --ip) has it",
	.notes = "Exit status: 0 all stored, 4 refused, 6 no answer or too few servers, 7 part.",
	.options = {input_options, announce_options, options},
	.args_size = sizeof(struct announce_args),
	.run = put_run,
};
