/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/seeds.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/thread.h"

/* Shared by the thread and whoever made it; the last one frees it. */
struct seeds {
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool begun, abandoned;
	bool thread_runs; /* the maker's to read and write */
	seeds_found *found;
	void *owner;
	struct addr self;
	size_t count;
	struct addr addrs[SEEDS_ADDRS_MAX]; /* found in this round */
	size_t addr_count;
	size_t left_out, said; /* in this round, and as the log was told */
	struct server_name names[];
};

static void add(struct seeds *s, const struct addr *a)
{
	if (s->addr_count < SEEDS_ADDRS_MAX)
		s->addrs[s->addr_count++] = *a;
	else
		s->left_out++;
}

/* False for a name. */
static bool add_address(struct seeds *s, const struct server_name *name)
{
	struct addr a = {.port = name->port ? name->port : s->self.port};

	if (ip_parse(name->host, &a.ip) != 0)
		return false;
	add(s, &a);
	return true;
}

static void look_up(struct seeds *s, const struct server_name *name)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list;

	hints.ai_family = ip_is_v4(&s->self.ip) ? AF_INET : AF_INET6;
	int err = getaddrinfo(name->host, NULL, &hints, &list);

	if (err != 0) {
		log_info("cluster.seeds: %s: %s (tried again every %d s)", name->host,
			gai_strerror(err), SEEDS_AGAIN_S);
		return;
	}
	for (const struct addrinfo *i = list; i; i = i->ai_next) {
		struct sockaddr_storage ss = {0};
		struct addr a;
		if (i->ai_addrlen > sizeof(ss))
			continue;
		memcpy(&ss, i->ai_addr, i->ai_addrlen);
		if (addr_from_sockaddr(&ss, &a) != 0)
			continue;
		a.port = name->port ? name->port : s->self.port;
		add(s, &a);
	}
	freeaddrinfo(list);
}

/* Each number once: names are looked up again and again. */
static void say_left_out(struct seeds *s)
{
	if (s->left_out && s->left_out != s->said)
		log_warning("cluster.seeds: %zu addresses, of which the first %d are asked",
			s->addr_count + s->left_out, SEEDS_ADDRS_MAX);
	s->said = s->left_out;
}

/* One round; the lock is not held while names are looked up. True when there was a name. */
static bool round_of(struct seeds *s, bool names)
{
	bool any = false;

	s->addr_count = s->left_out = 0;
	for (size_t i = 0; i < s->count; i++) {
		if (add_address(s, &s->names[i]))
			continue;
		any = true;
		if (names)
			look_up(s, &s->names[i]);
	}
	if (names || !any)
		say_left_out(s);
	return any;
}

static void seeds_destroy(struct seeds *s)
{
	pthread_cond_destroy(&s->woken);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* These two with the lock, which is free while they wait. */
static void await_begin(struct seeds *s)
{
	while (!s->begun && !s->abandoned)
		pthread_cond_wait(&s->woken, &s->lock);
}

static void rest(struct seeds *s)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SEEDS_AGAIN_S;
	while (!s->abandoned && pthread_cond_timedwait(&s->woken, &s->lock, &until) == 0)
		;
}

static void *run(void *arg)
{
	struct seeds *s = arg;

	thread_name("seeds");
	pthread_mutex_lock(&s->lock);
	await_begin(s);
	while (!s->abandoned) {
		pthread_mutex_unlock(&s->lock);
		round_of(s, true);
		pthread_mutex_lock(&s->lock);
		if (s->abandoned)
			break;
		s->found(s->owner, s->addrs, s->addr_count);
		rest(s);
	}
	pthread_mutex_unlock(&s->lock);
	seeds_destroy(s);
	return NULL;
}

static struct seeds *allocate(const struct server_list *names)
{
	struct seeds *s = calloc(1, sizeof(*s) + names->count * sizeof(s->names[0]));
	pthread_condattr_t attr;

	if (!s)
		return NULL;
	s->count = names->count;
	if (names->count)
		memcpy(s->names, names->v, names->count * sizeof(s->names[0]));
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->woken, &attr);
	pthread_condattr_destroy(&attr);
	return s;
}

struct seeds *seeds_new(
	const struct server_list *names, const struct addr *self, seeds_found *found, void *owner)
{
	struct seeds *s = allocate(names);
	pthread_t thread;

	if (!s)
		return NULL;
	s->self = *self;
	s->found = found;
	s->owner = owner;
	if (!round_of(s, false))
		return s;
	if (thread_start(&thread, run, s) != 0) {
		int why = errno;
		seeds_destroy(s);
		errno = why;
		return NULL;
	}
	s->thread_runs = true;
	pthread_detach(thread);
	return s;
}

void seeds_seek(struct seeds *s)
{
	pthread_mutex_lock(&s->lock);
	s->found(s->owner, s->addrs, s->addr_count);
	s->begun = true;
	pthread_cond_signal(&s->woken);
	pthread_mutex_unlock(&s->lock);
}

void seeds_free(struct seeds *s)
{
	if (!s)
		return;
	if (!s->thread_runs) {
		seeds_destroy(s);
		return;
	}
	pthread_mutex_lock(&s->lock);
	s->abandoned = true;
	pthread_cond_signal(&s->woken);
	pthread_mutex_unlock(&s->lock);
}
