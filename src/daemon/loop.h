/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop: what the main thread does while the workers answer: signals, systemd, the end.
 *
 * SIGTERM, SIGINT or a right EXIT ends it. SIGUSR1 asks for the counters. SIGHUP is only said to
 * be of no use yet. Under systemd the state goes to STATUS= every few seconds.
 */
#ifndef DHT_DAEMON_LOOP_H
#define DHT_DAEMON_LOOP_H

/* What the loop asks of its owner. */
struct loop_calls {
	void (*show_stats)(void *owner);
	/* One line about the present state; rewritten each time. NULL: nothing to say. */
	const char *(*status)(void *owner);
	void *owner;
};

struct loop;

/* Blocks the signals that it takes, for this thread and all that it starts later: so it comes
 * before the threads. exit_fd: an eventfd that ends the loop. calls is copied. NULL with errno. */
struct loop *loop_new(const struct loop_calls *calls, int exit_fd);
void loop_free(struct loop *l);

/* Runs until the end was asked for. 0, or an errno value, negative. */
int loop_run(struct loop *l);

#endif
