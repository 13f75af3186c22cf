/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/notify.h"

#define TICK_US    (LOOP_TICK_S * UINT64_C(1000000))
#define TICK_SLACK (UINT64_C(1000000) / 4)

struct loop {
	sd_event *event;
	struct loop_calls calls;
};

void loop_stop(struct loop *l, const char *reason)
{
	log_event(LOG_EVENT_STOPPING, NULL, "stopping for %s", reason);
	sd_event_exit(l->event, 0);
}

static int on_stop(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	(void)s;
	loop_stop(arg, si->ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
	return 0;
}

static int on_stats(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct loop *l = arg;

	(void)s;
	(void)si;
	l->calls.show_stats(l->calls.owner);
	return 0;
}

static int on_reload(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct loop *l = arg;

	(void)s;
	(void)si;
	l->calls.reload(l->calls.owner);
	return 0;
}

static int on_exit_fd(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	uint64_t times;

	(void)s;
	(void)events;
	ssize_t n = read(fd, &times, sizeof(times));
	(void)n;
	loop_stop(arg, "EXIT");
	return 0;
}

static int on_tick(sd_event_source *s, uint64_t usec, void *arg)
{
	struct loop *l = arg;
	const char *text = l->calls.tick(l->calls.owner);

	if (text)
		notify_passing("STATUS=%s", text);
	int err = sd_event_source_set_time(s, usec + TICK_US);
	return err < 0 ? err : sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static const struct {
	int signal;
	sd_event_signal_handler_t call;
} signals[] = {
	{SIGTERM, on_stop},
	{SIGINT, on_stop},
	{SIGUSR1, on_stats},
	{SIGHUP, on_reload},
};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static int add_signals(struct loop *l)
{
	sigset_t set;
	int err = 0;

	sigemptyset(&set);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i].signal);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -errno;
	for (size_t i = 0; i < SIGNALS && err >= 0; i++)
		err = sd_event_add_signal(l->event, NULL, signals[i].signal, signals[i].call, l);
	return err;
}

static int add_sources(struct loop *l, int exit_fd)
{
	int err = add_signals(l);

	if (err >= 0)
		err = sd_event_add_io(l->event, NULL, exit_fd, EPOLLIN, on_exit_fd, l);
	if (err >= 0)
		err = sd_event_add_time_relative(
			l->event, NULL, CLOCK_MONOTONIC, 0, TICK_SLACK, on_tick, l);
	return err;
}

struct loop *loop_new(const struct loop_calls *calls, int exit_fd)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->calls = *calls;
	int err = sd_event_new(&l->event);
	if (err >= 0)
		err = add_sources(l, exit_fd);
	if (err >= 0)
		return l;
	loop_free(l);
	errno = -err;
	return NULL;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	sd_event_unref(l->event);
	free(l);
}

sd_event *loop_event(const struct loop *l)
{
	return l->event;
}

int loop_run(struct loop *l)
{
	return sd_event_loop(l->event);
}
