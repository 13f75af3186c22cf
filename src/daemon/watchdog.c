/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "daemon/clock.h"
#include "daemon/log.h"

#define AGAIN_MIN_US 20000
#define AGAIN_MAX_US 500000

struct thread {
	struct watched watched;
	uint64_t count; /* its beats when the round began */
	bool is_told;   /* the log says that it hangs */
};

struct watchdog {
	sd_event_source *timer; /* NULL: it does nothing */
	uint64_t period_us;
	uint64_t fed_us; /* when it was, or when it began */
	struct probes *probes;
	void (*feed)(void *owner);
	void *owner;
	size_t count;
	struct thread threads[];
};

/* Why a thread does not count as alive in this round; NULL: it does. */
static const char *trouble_of(const struct watchdog *w, const struct thread *t, uint64_t now_us)
{
	const struct watched *watched = &t->watched;

	if (beat_excused_until(watched->beat) > now_us)
		return NULL;
	if (beat_count(watched->beat) == t->count)
		return "has not moved";
	if (watched->worker >= 0 && w->probes &&
		probes_state(w->probes, (size_t)watched->worker) == PROBE_WAITING)
		return "has not answered a request";
	return NULL;
}

static void tell_stuck(
	const struct watchdog *w, struct thread *t, const char *trouble, uint64_t now_us)
{
	const struct log_field fields[] = {{"DHT_THREAD", t->watched.name}, {0}};
	uint64_t silent_us = now_us - w->fed_us;

	t->is_told = true;
	log_event(LOG_EVENT_THREAD_STUCK, fields,
		"%s %s for %" PRIu64 ".%" PRIu64 " s: after WatchdogSec=, %" PRIu64 ".%" PRIu64
		" s, systemd ends the daemon",
		t->watched.name, trouble, silent_us / 1000000, silent_us / 100000 % 10,
		w->period_us / 1000000, w->period_us / 100000 % 10);
}

static void tell_back(struct thread *t)
{
	const struct log_field fields[] = {{"DHT_THREAD", t->watched.name}, {0}};

	t->is_told = false;
	log_event(LOG_EVENT_THREAD_BACK, fields, "%s moves again", t->watched.name);
}

/* Whether all threads are alive. What has been silent for half of the period is told. */
static bool look_at_all(struct watchdog *w, uint64_t now_us)
{
	bool is_late = now_us - w->fed_us >= w->period_us / 2;
	bool all = true;

	for (size_t i = 0; i < w->count; i++) {
		struct thread *t = &w->threads[i];
		const char *trouble = trouble_of(w, t, now_us);
		all &= !trouble;
		if (trouble && is_late && !t->is_told)
			tell_stuck(w, t, trouble, now_us);
		else if (!trouble && t->is_told)
			tell_back(t);
	}
	return all;
}

static void begin_round(struct watchdog *w)
{
	for (size_t i = 0; i < w->count; i++)
		w->threads[i].count = beat_count(w->threads[i].watched.beat);
	if (w->probes)
		probes_begin(w->probes);
}

static uint64_t again_us(const struct watchdog *w)
{
	uint64_t us = w->period_us / 100;

	if (us < AGAIN_MIN_US)
		return AGAIN_MIN_US;
	return us < AGAIN_MAX_US ? us : AGAIN_MAX_US;
}

static int check(sd_event_source *timer, uint64_t due_us, void *owner)
{
	uint64_t now_us = clock_monotonic_us(), next_us;
	struct watchdog *w = owner;

	(void)due_us;
	if (w->probes)
		probes_go_on(w->probes);
	if (look_at_all(w, now_us)) {
		w->feed(w->owner);
		w->fed_us = now_us;
		begin_round(w);
		next_us = w->period_us / WATCHDOG_ROUNDS;
	} else {
		next_us = again_us(w);
	}
	int err = sd_event_source_set_time(timer, now_us + next_us);
	return err < 0 ? err : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* 0, or an errno value, negative. It goes before whatever else the main thread has to do. */
static int start(struct watchdog *w, sd_event *event)
{
	uint64_t first_us = clock_monotonic_us() + again_us(w);
	int err = sd_event_add_time(
		event, &w->timer, CLOCK_MONOTONIC, first_us, AGAIN_MIN_US / 4, check, w);

	if (err >= 0)
		err = sd_event_source_set_priority(w->timer, SD_EVENT_PRIORITY_IMPORTANT);
	return err;
}

struct watchdog *watchdog_new(sd_event *event, uint64_t period_us, const struct watched *watched,
	size_t count, struct probes *probes, void (*feed)(void *owner), void *owner)
{
	struct watchdog *w = calloc(1, sizeof(*w) + count * sizeof(w->threads[0]));

	if (!w || period_us == 0)
		return w;
	w->period_us = period_us;
	w->fed_us = clock_monotonic_us();
	w->probes = probes;
	w->feed = feed;
	w->owner = owner;
	w->count = count;
	for (size_t i = 0; i < count; i++)
		w->threads[i].watched = watched[i];
	begin_round(w);
	int err = start(w, event);
	if (err >= 0)
		return w;
	watchdog_free(w);
	errno = -err;
	return NULL;
}

void watchdog_free(struct watchdog *w)
{
	if (!w)
		return;
	sd_event_source_disable_unref(w->timer);
	free(w);
}

uint64_t watchdog_period_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}
