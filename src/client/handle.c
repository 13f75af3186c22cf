/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle and its non-blocking face. */
#include "client/handle.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "wire/msg.h"

#define TIMEOUT_DEFAULT_MS 500
#define TIMEOUT_MAX_MS     60000
#define TRIES_DEFAULT      6
#define TRIES_MAX          1000
#define WINDOW_DEFAULT     64
#define ROUNDS_MAX         8 /* of callbacks that start requests, in one dht_process() */

static uint64_t clock_us(clockid_t clock)
{
	struct timespec ts = {0};

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t handle_now_us(void)
{
	return clock_us(CLOCK_BOOTTIME);
}

static struct requester_time time_now(void)
{
	return (struct requester_time){
		.mono_us = handle_now_us(),
		.wall_s = clock_us(CLOCK_REALTIME) / 1000000,
	};
}

bool handle_hashes_ok(const struct dht_hash *hashes, size_t n)
{
	if (!hashes)
		return n == 0;
	for (size_t i = 0; i < n; i++)
		if (hashes[i].len < 1 || hashes[i].len > DHT_HASH_MAX)
			return false;
	return true;
}

/* ---- Opening and closing ---- */

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static int check_options(const struct dht_options *o)
{
	size_t name_len = o->key_name ? strlen(o->key_name) : 0;
	bool name_ok = name_len <= REQUESTER_KEY_NAME_MAX && !o->key_name == (name_len == 0);

	if (!name_ok || !o->key != !o->key_name)
		return DHT_ERR_ARGUMENT;
	if (o->timeout_ms > TIMEOUT_MAX_MS || o->tries > TRIES_MAX)
		return DHT_ERR_ARGUMENT;
	if (o->window > REQUESTER_WINDOW_MAX)
		return DHT_ERR_ARGUMENT;
	if (o->max_datagram != 0 &&
		(o->max_datagram < REQUESTER_DATAGRAM_MIN || o->max_datagram > MSG_DATAGRAM_MAX))
		return DHT_ERR_ARGUMENT;
	return 0;
}

static int make_requester(struct dht *d, const struct requester_config *config)
{
	uint8_t secret[REQUESTER_SECRET_LEN];

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return DHT_ERR_SYSTEM;
	d->requester = requester_new(config, secret);
	sodium_memzero(secret, sizeof(secret));
	return d->requester ? 0 : DHT_ERR_MEMORY;
}

static int open_handle(struct dht *d, const struct dht_options *o)
{
	struct requester_server servers[REQUESTER_SERVERS_MAX] = {0};
	struct requester_config config = {
		.servers = servers,
		.timeout_ms = or_default(o->timeout_ms, TIMEOUT_DEFAULT_MS),
		.tries = or_default(o->tries, TRIES_DEFAULT),
		.window = or_default(o->window, WINDOW_DEFAULT),
		.base_only = o->base_only,
		.max_datagram = or_default(o->max_datagram, MSG_DATAGRAM_DEFAULT),
		.key_name = o->key_name,
		.key = o->key,
	};
	int n = resolve_servers(
		o->servers ? o->servers : "127.0.0.1", d->servers, REQUESTER_SERVERS_MAX);

	if (n < 0)
		return n;
	d->server_count = config.server_count = (size_t)n;
	for (size_t i = 0; i < d->server_count; i++) {
		servers[i].addr = d->servers[i].addr;
		if (o->base_only)
			servers[i].local = resolve_local(&d->servers[i]);
	}
	int err = sockets_init(&d->sockets, d->servers, d->server_count, config.max_datagram);
	if (err)
		return err;
	err = make_requester(d, &config);
	if (err)
		sockets_fini(&d->sockets);
	return err;
}

int dht_open(struct dht **out, const struct dht_options *options)
{
	static const struct dht_options defaults;

	if (!out)
		return DHT_ERR_ARGUMENT;
	*out = NULL;
	if (!options)
		options = &defaults;
	int err = check_options(options);
	if (err)
		return err;
	struct dht *d = calloc(1, sizeof(*d));
	if (!d)
		return DHT_ERR_MEMORY;
	d->base_only = options->base_only;
	link_init(&d->started);
	err = open_handle(d, options);
	if (err) {
		int saved = errno;
		free(d);
		errno = saved;
		return err;
	}
	*out = d;
	return 0;
}

void dht_close(struct dht *d)
{
	if (!d)
		return;
	d->closing = true;
	while (!link_alone(&d->started)) {
		struct dht_request *q = container_of(d->started.next, struct dht_request, link);
		struct outcome cancelled = {
			.kind = OUTCOME_END,
			.error = DHT_ERR_CANCELLED,
			.status = DHT_NO_ANSWER,
			.answer.error = DHT_ERR_CANCELLED,
			.hash = request_hash_of(q->request),
		};
		q->outcome(q, &cancelled);
	}
	requester_free(d->requester);
	sockets_fini(&d->sockets);
	free(d);
}

/* ---- The event loop's side ---- */

int dht_fd(const struct dht *d)
{
	return d->sockets.epoll_fd;
}

int dht_timeout_ms(const struct dht *d)
{
	uint64_t deadline_us = requester_deadline(d->requester), now_us = handle_now_us();

	if (requester_has_news(d->requester))
		return 0;
	if (!d->sockets.blocked && requester_has_output(d->requester))
		return 0;
	if (deadline_us == UINT64_MAX)
		return -1;
	if (deadline_us <= now_us)
		return 0;
	/* Rounded up, or the last millisecond would be spent in a loop. */
	uint64_t ms = (deadline_us - now_us + 999) / 1000;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* Tells what there is to be told. The callback may cancel the watch that it is about, which takes
 * its hash with it: it gets a copy. */
static void deliver(struct dht *d)
{
	struct outcome o;

	while (requester_take(d->requester, &o)) {
		struct dht_hash hash = *o.hash;
		struct dht_request *q = o.user;
		o.hash = &hash;
		q->outcome(q, &o);
	}
}

/* Servers that were learned become ones that can be sent to. */
static void take_learned(struct dht *d)
{
	if (requester_changes(d->requester) == d->changes)
		return;
	d->changes = requester_changes(d->requester);
	/* Those that were resolved stay as they are: a link-local one's interface is not known
	 * here. */
	for (size_t i = 0; i < requester_server_count(d->requester); i++) {
		const struct addr *addr = requester_server(d->requester, i);
		if (i >= d->server_count || !addr_equal(&d->servers[i].addr, addr))
			d->servers[i] = resolve_addr(addr);
	}
	d->server_count = d->sockets.server_count = requester_server_count(d->requester);
}

int dht_process(struct dht *d)
{
	struct requester_time now = time_now();
	int err = sockets_receive(&d->sockets, d->requester, &now);

	if (err)
		return err;
	take_learned(d);
	requester_tick(d->requester, &now);
	for (int i = 0; i < ROUNDS_MAX; i++) {
		err = sockets_send(&d->sockets, d->requester, &now);
		if (err)
			return err;
		if (!requester_has_news(d->requester))
			break;
		deliver(d);
	}
	return 0;
}

int handle_wait(struct dht *d, uint64_t wait_us)
{
	struct pollfd p = {.fd = dht_fd(d), .events = POLLIN};
	int timeout_ms = dht_timeout_ms(d);
	uint64_t wait_ms = wait_us / 1000 + (wait_us % 1000 != 0);

	if (timeout_ms < 0 || (uint64_t)timeout_ms > wait_ms)
		timeout_ms = wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
	if (poll(&p, 1, timeout_ms) < 0 && errno != EINTR)
		return DHT_ERR_SYSTEM;
	return dht_process(d);
}

/* ---- Starting and ending requests ---- */

int handle_start(struct dht *d, struct dht_request *q, struct request_spec *spec)
{
	spec->user = q;
	q->request = requester_start(d->requester, spec);
	return q->request ? 0 : DHT_ERR_MEMORY;
}

static void end_get(struct dht_request *q, const struct outcome *o)
{
	link_remove(&q->link);
	q->done(q->arg, o->hash, o->error, 0, o->error ? NULL : &o->answer);
	free(o->answer.providers);
	free(q);
}

static void end_put(struct dht_request *q, const struct outcome *o)
{
	link_remove(&q->link);
	q->done(q->arg, o->hash, o->error, o->status, NULL);
	free(q);
}

static void tell_watch(struct dht_request *q, const struct outcome *o)
{
	if (o->kind == OUTCOME_EVENT) {
		q->event(q->arg, o->hash, o->event, 0, &o->provider);
		return;
	}
	link_remove(&q->link);
	q->event(q->arg, o->hash, DHT_WATCH_ENDED, o->error, NULL);
	free(q);
}

/* like: the request's callbacks; copied. */
static struct dht_request *start(
	struct dht *d, const struct dht_request *like, struct request_spec *spec)
{
	if (!spec->hash || !handle_hashes_ok(spec->hash, 1) || (!like->done && !like->event)) {
		errno = EINVAL;
		return NULL;
	}
	if (d->closing) {
		errno = ECANCELED;
		return NULL;
	}
	struct dht_request *q = malloc(sizeof(*q));
	if (!q)
		return NULL;
	*q = *like;
	spec->server = -1;
	if (handle_start(d, q, spec)) {
		free(q);
		errno = ENOMEM;
		return NULL;
	}
	link_init(&q->link);
	link_append(&d->started, &q->link);
	return q;
}

struct dht_request *dht_start_get(
	struct dht *d, const struct dht_hash *hash, dht_done *done, void *arg)
{
	struct dht_request like = {.outcome = end_get, .done = done, .arg = arg};
	struct request_spec spec = {.kind = REQUEST_GET, .hash = hash};

	return start(d, &like, &spec);
}

struct dht_request *dht_start_put(struct dht *d, const struct dht_hash *hash,
	const struct dht_put_options *options, dht_done *done, void *arg)
{
	struct dht_request like = {.outcome = end_put, .done = done, .arg = arg};
	struct request_spec spec = {.kind = REQUEST_PUT, .hash = hash, .put = options};

	return start(d, &like, &spec);
}

/* Base messages can neither withdraw nor watch. */
static bool needs_extended(const struct dht *d)
{
	if (d->base_only)
		errno = EINVAL;
	return d->base_only;
}

struct dht_request *dht_start_drop(struct dht *d, const struct dht_hash *hash,
	const struct dht_put_options *options, dht_done *done, void *arg)
{
	struct dht_request like = {.outcome = end_put, .done = done, .arg = arg};
	struct request_spec spec = {.kind = REQUEST_DROP, .hash = hash, .put = options};

	return needs_extended(d) ? NULL : start(d, &like, &spec);
}

struct dht_request *dht_start_watch(
	struct dht *d, const struct dht_hash *hash, dht_event *event, void *arg)
{
	struct dht_request like = {.outcome = tell_watch, .event = event, .arg = arg};
	struct request_spec spec = {.kind = REQUEST_WATCH, .hash = hash};

	return needs_extended(d) ? NULL : start(d, &like, &spec);
}

void dht_cancel(struct dht *d, struct dht_request *r)
{
	if (!r)
		return;
	requester_cancel(d->requester, r->request);
	link_remove(&r->link);
	free(r);
}

void dht_set_learning(struct dht *d, bool learning)
{
	requester_set_learning(d->requester, learning);
}

void dht_set_progress(struct dht *d, dht_progress *progress, void *arg)
{
	d->progress = progress;
	d->progress_arg = arg;
}

void dht_last_trip(const struct dht *d, struct dht_trip *out)
{
	struct requester_trip trip = requester_last_trip(d->requester);

	*out = (struct dht_trip){.round_trip_us = trip.round_trip_us, .tries = trip.tries};
	if (trip.server < d->server_count)
		addr_format(&d->servers[trip.server].addr, out->server);
}
