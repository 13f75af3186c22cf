/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop: what the main thread does while the workers answer: signals, systemd, the end.
 *
 * SIGTERM, SIGINT or a right EXIT ends it. SIGHUP reads the configuration again, SIGUSR1 asks for
 * the counters. Every few seconds its owner has a look at the state, which goes to STATUS= under
 * systemd. Others of the main thread (the control socket, the watchdog) add what they wait for.
 */
#ifndef DHT_DAEMON_LOOP_H
#define DHT_DAEMON_LOOP_H

#include <systemd/sd-event.h>

#define LOOP_TICK_S 5

/* What the loop asks of its owner. */
struct loop_calls {
	void (*show_stats)(void *owner);
	void (*reload)(void *owner);
	/* Every LOOP_TICK_S. One line about the present state, rewritten each time; NULL: nothing
	 * to say. */
	const char *(*tick)(void *owner);
	void *owner;
};

struct loop;

/* Blocks the signals that it takes, for this thread and all that it starts later: so it comes
 * before the threads. exit_fd: an eventfd that ends the loop. calls is copied. NULL with errno. */
struct loop *loop_new(const struct loop_calls *calls, int exit_fd);
void loop_free(struct loop *l);

/* For others to add to; lives as long as the loop. */
sd_event *loop_event(const struct loop *l);

/* Ends it as SIGTERM does, once what is ready now has been handled; reason is logged. */
void loop_stop(struct loop *l, const char *reason);

/* Runs until the end was asked for. 0, or an errno value, negative. */
int loop_run(struct loop *l);

#endif
