/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/cluster_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <urcu/urcu-qsbr.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/thread.h"

#define OUTBOX_CAPACITY (UDP_BATCH + CLUSTER_OUT_MAX)
#define EVENTS_MAX      8

/* Before it looks at the time again. */
#define PARCELS_MAX 256
#define BATCHES_MAX 4
#define TICKS_MAX   16

#define TIMEOUT_MAX_MS 100
_Static_assert(TIMEOUT_MAX_MS <= BEAT_IDLE_MAX_MS, "an idle thread looks stuck");

/* What epoll says is ready. */
enum source {
	SOURCE_KEEP_ALIVE,
	SOURCE_ASK,
	SOURCE_PARCELS,
	SOURCE_WAKE,
};

struct cluster_thread {
	struct beat beat;
	struct cluster_parts parts;
	struct cluster *cluster;
	pthread_mutex_t lock;
	pthread_t thread;
	bool runs;
	int epoll_fd, wake_fd;
	uint64_t news; /* that have been told of */
	_Atomic(bool) stopping;
	struct udp_inbox inbox;
	struct udp_sender sender;
	struct outbox outbox;
};

static struct log_gate send_gate;

/* ---- Views ---- */

#define RETIRED_MAX 16

struct retired_views {
	struct view *v[RETIRED_MAX];
	size_t count;
};

/* With the lock. */
static void collect_views(struct cluster_thread *t, struct retired_views *r)
{
	struct view *v;

	r->count = 0;
	while (r->count < RETIRED_MAX && (v = cluster_retired_view(t->cluster)) != NULL)
		r->v[r->count++] = v;
}

/* Waits, without the lock, until each worker has been through a quiet moment since the views were
 * replaced: that is as long as the longest batch takes. Reading a worker's beat, which it counted
 * up there, orders what it read of a view before the view's end. */
static void free_views(const struct cluster_thread *t, const struct retired_views *r)
{
	if (r->count == 0)
		return;
	urcu_qsbr_synchronize_rcu();
	for (size_t i = 0; i < t->parts.workers; i++)
		if (t->parts.beats[i])
			(void)beat_count(t->parts.beats[i]);
	for (size_t i = 0; i < r->count; i++)
		view_free(r->v[i]);
}

/* ---- Datagrams ---- */

static const struct udp_socket *socket_of(const void *owner, uint32_t flow_socket)
{
	const struct peer_sockets *s = ((const struct cluster_thread *)owner)->parts.sockets;

	switch (flow_socket) {
	case FLOW_KEEP_ALIVE: return &s->keep_alive;
	case FLOW_ASK: return &s->ask[s->workers];
	default: return &s->out[0];
	}
}

static void flush(struct cluster_thread *t, const struct now *now)
{
	struct udp_way way = {.of = socket_of, .owner = t};
	uint32_t held = 0;

	if (t->outbox.count == 0)
		return;
	size_t refused = udp_send(&t->sender, &way, &t->outbox);
	if (refused == 0)
		return;
	int why = errno;
	stats_add(lane_stats(server_cluster_lane(t->parts.server)), STATS_SEND_ERRORS, refused);
	if (log_gate_pass(&send_gate, now_mono_ms(now), &held))
		log_event(LOG_EVENT_SEND_FAILED, NULL,
			"%zu datagrams for other servers could not be sent: %s", refused + held,
			strerror(why));
}

static void flush_if_full(struct cluster_thread *t, const struct now *now)
{
	if (t->outbox.capacity - t->outbox.count < CLUSTER_OUT_MAX)
		flush(t, now);
}

/* Moves what the inbox counted into the counters. */
static void count(struct cluster_thread *t)
{
	struct stats *stats = lane_stats(server_cluster_lane(t->parts.server));

	stats_add(stats, STATS_DROP_TRUNCATED, t->inbox.truncated);
	t->inbox.truncated = 0;
}

static void serve_socket(struct cluster_thread *t, struct udp_socket *s, uint32_t flow_socket)
{
	enum msg_plane plane = flow_socket == FLOW_KEEP_ALIVE ? PLANE_KEEP_ALIVE : PLANE_PEER;

	for (int batch = 0; batch < BATCHES_MAX; batch++) {
		size_t taken = udp_receive(s, flow_socket, &t->inbox);
		struct now now = clock_now();
		for (size_t i = 0; i < t->inbox.count; i++) {
			struct udp_got *g = &t->inbox.got[i];
			flush_if_full(t, &now);
			cluster_input(
				t->cluster, &now, plane, &g->flow, g->bytes, g->len, &t->outbox);
		}
		flush(t, &now);
		count(t);
		if (taken < UDP_BATCH)
			return;
	}
}

static void serve_parcels(struct cluster_thread *t)
{
	struct now now = clock_now();
	const struct parcel *p;

	parcels_clear(t->parts.parcels);
	for (int n = 0; (p = parcels_next(t->parts.parcels)) != NULL; n++) {
		/* The rest is for the next time around. */
		if (n == PARCELS_MAX) {
			eventfd_write(t->wake_fd, 1);
			break;
		}
		flush_if_full(t, &now);
		cluster_take(t->cluster, &now, p, &t->outbox);
		parcels_done(t->parts.parcels);
	}
	flush(t, &now);
}

static void serve_wake(struct cluster_thread *t)
{
	eventfd_t n;

	eventfd_read(t->wake_fd, &n);
	serve_parcels(t);
}

static void serve(struct cluster_thread *t, uint32_t source)
{
	struct peer_sockets *s = t->parts.sockets;

	switch (source) {
	case SOURCE_KEEP_ALIVE: serve_socket(t, &s->keep_alive, FLOW_KEEP_ALIVE); break;
	case SOURCE_ASK: serve_socket(t, &s->ask[s->workers], FLOW_ASK); break;
	case SOURCE_PARCELS: serve_parcels(t); break;
	default: serve_wake(t); break;
	}
}

static void tick(struct cluster_thread *t)
{
	for (int i = 0; i < TICKS_MAX; i++) {
		struct now now = clock_now();
		if (cluster_deadline(t->cluster) > now.mono_us)
			return;
		cluster_tick(t->cluster, &now, &t->outbox);
		flush(t, &now);
	}
}

/* ---- The thread ---- */

static void tell_news(struct cluster_thread *t)
{
	uint64_t news = cluster_news(t->cluster);

	if (news == t->news)
		return;
	t->news = news;
	eventfd_write(t->parts.news_fd, 1);
}

static int timeout_ms(struct cluster_thread *t)
{
	uint64_t deadline = cluster_deadline(t->cluster), now_us = clock_now().mono_us;

	if (deadline <= now_us)
		return 0;
	uint64_t ms = (deadline - now_us) / 1000 + 1;
	return ms < TIMEOUT_MAX_MS ? (int)ms : TIMEOUT_MAX_MS;
}

static void once(struct cluster_thread *t, int timeout)
{
	struct epoll_event events[EVENTS_MAX];
	struct retired_views old;

	urcu_qsbr_thread_offline();
	int n = epoll_wait(t->epoll_fd, events, EVENTS_MAX, timeout);
	urcu_qsbr_thread_online();
	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < n; i++)
		serve(t, events[i].data.u32);
	tick(t);
	collect_views(t, &old);
	tell_news(t);
	pthread_mutex_unlock(&t->lock);
	free_views(t, &old);
}

static void *run(void *arg)
{
	struct cluster_thread *t = arg;

	thread_name("cluster");
	urcu_qsbr_register_thread();
	while (!atomic_load_explicit(&t->stopping, memory_order_relaxed)) {
		beat_tick(&t->beat);
		pthread_mutex_lock(&t->lock);
		int timeout = timeout_ms(t);
		pthread_mutex_unlock(&t->lock);
		once(t, timeout);
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static int watch_fd(const struct cluster_thread *t, int fd, uint32_t source)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = source};

	return epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

static int open_events(struct cluster_thread *t)
{
	const struct peer_sockets *s = t->parts.sockets;

	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->epoll_fd < 0 || t->wake_fd < 0)
		return -1;
	return watch_fd(t, s->keep_alive.fd, SOURCE_KEEP_ALIVE) |
	       watch_fd(t, s->ask[s->workers].fd, SOURCE_ASK) |
	       watch_fd(t, parcels_fd(t->parts.parcels), SOURCE_PARCELS) |
	       watch_fd(t, t->wake_fd, SOURCE_WAKE);
}

static int allocate(struct cluster_thread *t)
{
	t->outbox = (struct outbox){.capacity = OUTBOX_CAPACITY, .datagram_max = PARCEL_MAX};
	t->outbox.items = calloc(OUTBOX_CAPACITY, sizeof(*t->outbox.items));
	t->outbox.bytes = malloc(OUTBOX_CAPACITY * PARCEL_MAX);
	int err = udp_inbox_init(&t->inbox, PARCEL_MAX);
	if (t->outbox.items && t->outbox.bytes && err == 0)
		return 0;
	errno = ENOMEM;
	return -1;
}

struct cluster_thread *cluster_thread_new(const struct cluster_parts *parts)
{
	struct cluster_thread *t = aligned_alloc(_Alignof(struct cluster_thread), sizeof(*t));
	struct now now = clock_now();

	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->parts = *parts;
	t->epoll_fd = t->wake_fd = -1;
	pthread_mutex_init(&t->lock, NULL);
	t->cluster = cluster_new(
		parts->server, parts->seal, &parts->conf, parts->random, parts->has_seeds, &now);
	if (!t->cluster)
		errno = ENOMEM;
	if (t->cluster && allocate(t) == 0 && open_events(t) == 0)
		return t;
	cluster_thread_free(t);
	return NULL;
}

int cluster_thread_start(struct cluster_thread *t)
{
	t->runs = thread_start(&t->thread, run, t) == 0;
	return t->runs ? 0 : -1;
}

void cluster_thread_stop(struct cluster_thread *t)
{
	if (!t || !t->runs)
		return;
	atomic_store_explicit(&t->stopping, true, memory_order_relaxed);
	eventfd_write(t->wake_fd, 1);
	pthread_join(t->thread, NULL);
	t->runs = false;
}

void cluster_thread_free(struct cluster_thread *t)
{
	int why = errno;

	if (!t)
		return;
	cluster_thread_stop(t);
	cluster_free(t->cluster);
	udp_inbox_fini(&t->inbox);
	free(t->outbox.items);
	free(t->outbox.bytes);
	if (t->wake_fd >= 0)
		close(t->wake_fd);
	if (t->epoll_fd >= 0)
		close(t->epoll_fd);
	pthread_mutex_destroy(&t->lock);
	free(t);
	errno = why;
}

const struct beat *cluster_thread_beat(const struct cluster_thread *t)
{
	return &t->beat;
}

struct cluster *cluster_thread_lock(struct cluster_thread *t)
{
	pthread_mutex_lock(&t->lock);
	return t->cluster;
}

void cluster_thread_unlock(struct cluster_thread *t)
{
	pthread_mutex_unlock(&t->lock);
	eventfd_write(t->wake_fd, 1);
}

void cluster_thread_part(struct cluster_thread *t)
{
	struct now now = clock_now();
	bool more;

	do {
		more = cluster_part(t->cluster, &now, &t->outbox);
		flush(t, &now);
	} while (more);
}
