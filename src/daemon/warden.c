/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/warden.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/secret.h"

/* A password at its full size, so that comparing two says nothing about their lengths. */
struct password {
	size_t len;
	char text[SECRET_PASSWORD_MAX + 1];
};

struct warden {
	struct stats stats; /* the thread's own */
	struct password right;
	bool is_set, is_hash;
	int right_fd;

	pthread_t thread;
	pthread_mutex_t lock; /* guards all below; held for a copy only */
	pthread_cond_t changed;
	bool stopping;
	bool full; /* the mailbox: given and from */
	struct password given;
	struct addr from;
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

static bool is_right(const struct warden *w, const struct password *given)
{
	if (given->len > SECRET_PASSWORD_MAX)
		return false;
	if (w->is_hash)
		return crypto_pwhash_str_verify(w->right.text, given->text, given->len) == 0;
	int differs = sodium_memcmp(w->right.text, given->text, sizeof(given->text));
	return (differs | (w->right.len != given->len)) == 0;
}

static void tell(struct warden *w, bool right, const struct addr *from)
{
	static const uint64_t one = 1;
	char text[ADDR_TEXT_MAX];

	addr_format(from, text);
	if (right) {
		stats_inc(&w->stats, STATS_REQUEST_EXIT);
		log_notice("EXIT from %s", text);
		ssize_t written = write(w->right_fd, &one, sizeof(one));
		(void)written; /* it fails only when it was said 2^64 times */
		return;
	}
	stats_inc(&w->stats, STATS_DROP_EXIT_WRONG);
	log_warning("EXIT with a wrong password from %s", text);
}

static void *run(void *arg)
{
	struct warden *w = arg;
	struct password given;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->stopping && !w->full)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->stopping)
			break;
		given = w->given;
		struct addr from = w->from;
		sodium_memzero(&w->given, sizeof(w->given));
		w->full = false;
		pthread_mutex_unlock(&w->lock);

		tell(w, is_right(w, &given), &from);
		sodium_memzero(&given, sizeof(given));
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct warden *warden_start(const char *password, int right)
{
	struct warden *w = aligned_alloc(_Alignof(struct warden), sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->right_fd = right;
	if (!password)
		return w;
	password_set(&w->right, password, strlen(password));
	w->is_set = true;
	w->is_hash = secret_is_hash(password);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	int err = pthread_create(&w->thread, NULL, run, w);
	if (err == 0)
		return w;
	sodium_memzero(w, sizeof(*w));
	free(w);
	errno = err;
	return NULL;
}

void warden_stop(struct warden *w)
{
	if (!w)
		return;
	if (w->is_set) {
		pthread_mutex_lock(&w->lock);
		w->stopping = true;
		pthread_cond_signal(&w->changed);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
		pthread_cond_destroy(&w->changed);
		pthread_mutex_destroy(&w->lock);
	}
	sodium_memzero(w, sizeof(*w));
	free(w);
}

bool warden_try(struct warden *w, struct span password, const struct addr *from, uint64_t mono_ms)
{
	/* Whoever holds the lock is putting a password in, or taking one out. */
	if (!w->is_set || pthread_mutex_trylock(&w->lock) != 0)
		return false;
	bool taken = !w->full && mono_ms >= w->open_ms;
	if (taken) {
		password_set(&w->given, password.p, password.len);
		w->from = *from;
		w->full = true;
		w->open_ms = mono_ms + WARDEN_INTERVAL_MS;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return taken;
}

const struct stats *warden_stats(const struct warden *w)
{
	return &w->stats;
}
