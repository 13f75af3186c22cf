/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/warden.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/secret.h"
#include "daemon/thread.h"

/* A password at its full size, so that comparing two says nothing about their lengths. */
struct password {
	size_t len;
	char text[SECRET_PASSWORD_MAX + 1];
};

/* What a password is compared with. */
struct right {
	struct password password;
	bool is_set, is_hash;
};

/* A password with where it came from. */
struct attempt {
	struct password password;
	struct addr from;
};

struct warden {
	struct beat beat;
	struct stats stats; /* the thread's own */
	int right_fd;
	struct log_gate unset_gate;

	pthread_t thread;
	pthread_mutex_t lock; /* guards all below; held for a copy only */
	pthread_cond_t changed;
	bool stopping;
	struct right right;
	bool full; /* the mailbox: given */
	struct attempt given;
	uint64_t open_ms; /* the next try is taken then */
};

static void password_set(struct password *p, const void *text, size_t len)
{
	sodium_memzero(p, sizeof(*p));
	p->len = len;
	/* One that is too long is wrong by its length. */
	if (len > 0 && len <= SECRET_PASSWORD_MAX)
		memcpy(p->text, text, len);
}

static void right_set(struct right *r, const char *password)
{
	r->is_set = password != NULL;
	r->is_hash = password && secret_is_hash(password);
	password_set(&r->password, password, password ? strlen(password) : 0);
}

static bool is_right(const struct right *r, const struct password *given)
{
	const struct password *right = &r->password;

	if (!r->is_set || given->len > SECRET_PASSWORD_MAX)
		return false;
	if (r->is_hash)
		return crypto_pwhash_str_verify(right->text, given->text, given->len) == 0;
	int differs = sodium_memcmp(right->text, given->text, sizeof(given->text));
	return (differs | (right->len != given->len)) == 0;
}

static void tell(struct warden *w, bool right, const struct addr *from)
{
	static const uint64_t one = 1;
	char text[ADDR_TEXT_MAX];
	const struct log_field fields[] = {{"DHT_REMOTE", text}, {0}};

	addr_format(from, text);
	if (right) {
		stats_inc(&w->stats, STATS_REQUEST_EXIT);
		log_event(LOG_EVENT_EXIT_ASKED, fields, "EXIT from %s", text);
		ssize_t written = write(w->right_fd, &one, sizeof(one));
		(void)written; /* it fails only when it was said 2^64 times */
		return;
	}
	stats_inc(&w->stats, STATS_DROP_EXIT_WRONG);
	log_event(LOG_EVENT_EXIT_WRONG, fields, "EXIT with a wrong password from %s", text);
}

/* A stranger can cause this: it goes through a gate. */
static void tell_unset(struct warden *w, const struct addr *from, uint64_t mono_ms)
{
	char text[ADDR_TEXT_MAX];
	const struct log_field fields[] = {{"DHT_REMOTE", text}, {0}};
	uint32_t held = 0;

	if (!log_gate_pass(&w->unset_gate, mono_ms, &held))
		return;
	addr_format(from, text);
	log_event(LOG_EVENT_EXIT_UNSET, fields,
		"EXIT from %s refused: no password is set (dht.conf: password_file)", text);
}

/* Waits until there is something to do, but never longer than a sign of life may take. With the
 * lock held. */
static void wait_a_while(struct warden *w)
{
	uint64_t until_us = clock_monotonic_us() + BEAT_IDLE_MAX_MS * 1000;
	struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000) * 1000};

	pthread_cond_timedwait(&w->changed, &w->lock, &until);
}

/* Looks at what is in the mailbox. With the lock held, which it lets go meanwhile. */
static void look(struct warden *w)
{
	struct right right = w->right;
	struct attempt given = w->given;

	sodium_memzero(&w->given, sizeof(w->given));
	w->full = false;
	pthread_mutex_unlock(&w->lock);
	beat_excuse(&w->beat, clock_monotonic_us() + WARDEN_LOOK_MAX_S * UINT64_C(1000000));
	tell(w, is_right(&right, &given.password), &given.from);
	sodium_memzero(&right, sizeof(right));
	sodium_memzero(&given, sizeof(given));
	pthread_mutex_lock(&w->lock);
}

static void *run(void *arg)
{
	struct warden *w = arg;

	thread_name("warden");
	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		beat_tick(&w->beat);
		if (w->full)
			look(w);
		else
			wait_a_while(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void init_lock(struct warden *w)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
}

static void release(struct warden *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	sodium_memzero(w, sizeof(*w));
	free(w);
}

struct warden *warden_start(const char *password, int right)
{
	struct warden *w = aligned_alloc(_Alignof(struct warden), sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->right_fd = right;
	right_set(&w->right, password);
	init_lock(w);
	if (thread_start(&w->thread, run, w) == 0)
		return w;
	int why = errno;
	release(w);
	errno = why;
	return NULL;
}

void warden_stop(struct warden *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	release(w);
}

void warden_set_password(struct warden *w, const char *password)
{
	pthread_mutex_lock(&w->lock);
	right_set(&w->right, password);
	pthread_mutex_unlock(&w->lock);
}

bool warden_try(struct warden *w, struct span password, const struct addr *from, uint64_t mono_ms)
{
	/* Whoever holds the lock is putting a password in, or taking one out. */
	if (pthread_mutex_trylock(&w->lock) != 0)
		return false;
	bool is_set = w->right.is_set;
	bool taken = is_set && !w->full && mono_ms >= w->open_ms;
	if (taken) {
		password_set(&w->given.password, password.p, password.len);
		w->given.from = *from;
		w->full = true;
		w->open_ms = mono_ms + WARDEN_INTERVAL_MS;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	if (!is_set)
		tell_unset(w, from, mono_ms);
	return taken;
}

const struct stats *warden_stats(const struct warden *w)
{
	return &w->stats;
}

const struct beat *warden_beat(const struct warden *w)
{
	return &w->beat;
}
