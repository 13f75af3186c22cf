/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchdog: tells systemd that the daemon lives, only while all of it does.
 *
 *     every WatchdogSec / 10: has each thread's beat moved, or is it excused?
 *                             has each worker answered a probe through its real socket?
 *        yes ─▶ WATCHDOG=1, and a new round begins        no ─▶ look again soon, feed nothing
 *
 * What hangs is noticed by a feed that does not come, and the last one may have come just after it
 * began: so a round is a tenth of WatchdogSec, and the restart is that late at most.
 *
 * It runs in the main thread: one that is stuck feeds nothing either. A check that fails is looked
 * at again every WatchdogSec / 100, so that a busy machine is late and not dead: only what has not
 * moved for all of WatchdogSec gets the daemon restarted. When half of it has passed without a
 * feed, the log says which thread it is that hangs, once until it moves again.
 *
 * Without WatchdogSec= (or outside systemd) it does nothing, and probes nothing.
 */
#ifndef DHT_DAEMON_WATCHDOG_H
#define DHT_DAEMON_WATCHDOG_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/beat.h"
#include "daemon/probe.h"

#define WATCHDOG_ROUNDS 10

/* A thread to look after. Borrowed, as all that it points to. */
struct watched {
	const char *name; /* "worker-0", "warden" */
	const struct beat *beat;
	int worker; /* its number, for the probes; -1: none */
};

struct watchdog;

/* period_us: WATCHDOG_USEC, or 0 for a watchdog that does nothing. probes may be NULL: none are
 * sent. watched is copied. feed is what says WATCHDOG=1 (notify_passing() in the daemon). NULL with
 * errno. */
struct watchdog *watchdog_new(sd_event *event, uint64_t period_us, const struct watched *watched,
	size_t count, struct probes *probes, void (*feed)(void *owner), void *owner);
void watchdog_free(struct watchdog *w);

/* WATCHDOG_USEC for this process (sd_watchdog_enabled), 0 when there is none. */
uint64_t watchdog_period_us(void);

#endif
