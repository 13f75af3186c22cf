/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/worker.h"

#include <errno.h>
#include <inttypes.h>
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

/* Full batches from one socket before the others, and the tick, have their turn: about 5 ms. */
#define BATCHES_MAX 16

/* More than it takes to answer all that a lane can have. */
#define FINISH_TICKS 1024

/* A batch's answers, and what the last of them may make. */
#define OUTBOX_CAPACITY (UDP_BATCH + LANE_OUT_MAX)

#define EVENTS_MAX 16
#define STOP_EVENT UINT32_MAX

/* A deadline that was far away can be brought near by another worker: a record that it takes may
 * be for this one to sweep. Looking again after a while costs less than telling each other. */
#define TIMEOUT_MAX_MS 200
_Static_assert(TIMEOUT_MAX_MS <= BEAT_IDLE_MAX_MS, "an idle worker looks stuck");

#define OVERFLOWS_EVERY_US 500000

struct worker {
	struct beat beat;
	struct worker_parts parts;
	struct stats *stats; /* the lane's, which this thread writes */
	pthread_t thread;
	int epoll_fd, stop_fd;
	_Atomic(bool) stopping;
	struct udp_inbox inbox;
	struct udp_sender sender;
	struct outbox outbox;
	uint64_t overflows_due_us;
};

/* What all workers say together about datagrams that could not be sent. */
static struct log_gate send_gate;

static const struct udp_socket *socket_of(const void *owner, uint32_t flow_socket)
{
	const struct worker *w = owner;

	if (flow_socket == FLOW_PEER)
		return w->parts.peer_out;
	return flow_socket == FLOW_ASK ? w->parts.ask : &w->parts.out[flow_socket];
}

static void flush(struct worker *w, const struct now *now)
{
	struct udp_way way = {.of = socket_of, .owner = w};
	uint32_t held = 0;

	if (w->outbox.count == 0)
		return;
	size_t refused = udp_send(&w->sender, &way, &w->outbox);
	if (refused == 0)
		return;
	int why = errno;
	stats_add(w->stats, STATS_SEND_ERRORS, refused);
	if (log_gate_pass(&send_gate, now_mono_ms(now), &held))
		log_event(LOG_EVENT_SEND_FAILED, NULL, "%zu datagrams could not be sent: %s",
			refused + held, strerror(why));
}

static void flush_if_full(struct worker *w, const struct now *now)
{
	if (w->outbox.capacity - w->outbox.count < LANE_OUT_MAX)
		flush(w, now);
}

static void answer(struct worker *w, const struct udp_got *g, const struct now *now)
{
	struct span password;

	if (lane_input(w->parts.lane, now, &g->flow, g->bytes, g->len, &w->outbox, &password) !=
		LANE_EXIT)
		return;
	if (!warden_try(w->parts.warden, password, &g->flow.remote, now_mono_ms(now)))
		stats_inc(w->stats, STATS_DROP_EXIT_REFUSED);
}

/* From another server. */
static void take(struct worker *w, struct udp_got *g, const struct now *now)
{
	struct parcel lost, *room = parcels_room(w->parts.parcels, w->parts.index);

	if (!lane_peer_input(w->parts.lane, now, &g->flow, g->bytes, g->len, &w->outbox,
		    room ? room : &lost))
		return;
	if (room)
		parcels_send(w->parts.parcels, w->parts.index);
	else
		stats_inc(w->stats, STATS_PEER_LOST);
}

static void handle(struct worker *w, struct udp_got *g, const struct now *now)
{
	struct probe_board *board = w->parts.board;

	flush_if_full(w, now);
	if (g->flow.socket >= FLOW_PEER) {
		take(w, g, now);
		return;
	}
	if (g->len > w->parts.datagram_max) {
		stats_inc(w->stats, STATS_DROP_TRUNCATED);
		return;
	}
	g->flow.own = board && probe_is_own(board, &g->flow.remote);
	answer(w, g, now);
	if (!g->flow.own)
		return;
	probe_note(board, &g->flow.remote, w->parts.index);
}

/* Moves what the inbox counted into the lane's counters. */
static void count(struct worker *w)
{
	if (w->inbox.truncated)
		stats_add(w->stats, STATS_DROP_TRUNCATED, w->inbox.truncated);
	w->inbox.truncated = 0;
}

/* Has the processor fetch what the whole batch will touch in the table while it can still wait. */
static void prefetch(struct worker *w)
{
	struct span datagrams[UDP_BATCH];

	if (w->inbox.count < 2 || w->inbox.got[0].flow.socket >= FLOW_PEER)
		return;
	for (size_t i = 0; i < w->inbox.count; i++)
		datagrams[i] = (struct span){
			.p = w->inbox.got[i].bytes, .len = w->inbox.got[i].len};
	lane_prefetch(w->parts.lane, datagrams, w->inbox.count);
}

static struct udp_socket *in_of(const struct worker *w, uint32_t listener)
{
	if (listener == FLOW_PEER)
		return w->parts.peer;
	return listener == FLOW_ASK ? w->parts.ask : &w->parts.in[listener];
}

static void tick_if_due(struct worker *w, const struct now *now)
{
	if (lane_deadline(w->parts.lane) > now->mono_us)
		return;
	flush_if_full(w, now);
	lane_tick(w->parts.lane, now, &w->outbox);
}

/* One batch from one socket; gives how many datagrams it took off the queue. */
static size_t serve_batch(struct worker *w, uint32_t listener)
{
	size_t taken = udp_receive(in_of(w, listener), listener, &w->inbox);

	if (taken == 0)
		return 0;
	struct now now = clock_now();
	count(w);
	prefetch(w);
	for (size_t i = 0; i < w->inbox.count; i++)
		handle(w, &w->inbox.got[i], &now);
	/* What these requests need of other servers goes out with their answers. */
	tick_if_due(w, &now);
	flush(w, &now);
	return taken;
}

/* True when nothing was left. */
static bool serve(struct worker *w, uint32_t listener)
{
	for (int i = 0; i < BATCHES_MAX; i++)
		if (serve_batch(w, listener) < UDP_BATCH)
			return true;
	return false;
}

/* Once in OVERFLOWS_EVERY_US, and when it stops. */
static void count_overflows(struct worker *w, uint64_t mono_us)
{
	w->overflows_due_us = mono_us + OVERFLOWS_EVERY_US;
	for (uint32_t i = 0; i < w->parts.listeners; i++)
		stats_add(w->stats, STATS_RECEIVE_OVERFLOWS, udp_overflows(&w->parts.in[i]));
	if (!w->parts.peer)
		return;
	stats_add(w->stats, STATS_RECEIVE_OVERFLOWS, udp_overflows(w->parts.peer));
	stats_add(w->stats, STATS_RECEIVE_OVERFLOWS, udp_overflows(w->parts.ask));
}

static void tick(struct worker *w, const struct now *now)
{
	if (now->mono_us >= w->overflows_due_us)
		count_overflows(w, now->mono_us);
	tick_if_due(w, now);
	flush(w, now);
}

/* Milliseconds until the lane's deadline, rounded up so that it has come by then. */
static int timeout_ms(const struct worker *w, const struct now *now)
{
	uint64_t deadline = lane_deadline(w->parts.lane);

	if (deadline <= now->mono_us)
		return 0;
	uint64_t ms = (deadline - now->mono_us) / 1000 + 1;
	return ms < TIMEOUT_MAX_MS ? (int)ms : TIMEOUT_MAX_MS;
}

/* Whoever waits has nothing of the cluster's view in hand; its beat says so to those who read it.
 */
static int wait(struct worker *w, struct epoll_event *events, int timeout)
{
	beat_tick(&w->beat);
	urcu_qsbr_thread_offline();
	int n = epoll_wait(w->epoll_fd, events, EVENTS_MAX, timeout);
	urcu_qsbr_thread_online();
	return n;
}

/* True when nothing was left. */
static bool serve_all(struct worker *w)
{
	bool empty = true;

	for (uint32_t i = 0; i < w->parts.listeners; i++)
		empty &= w->parts.in[i].fd < 0 || serve(w, i);
	if (w->parts.peer)
		empty &= serve(w, FLOW_PEER) && serve(w, FLOW_ASK);
	return empty;
}

/* Tells who still waits for a change what has become of it. */
static void finish(struct worker *w)
{
	struct now now = clock_now();

	lane_finish(w->parts.lane, &now);
	for (int i = 0; i < FINISH_TICKS && lane_deadline(w->parts.lane) <= now.mono_us; i++)
		tick(w, &now);
}

/* Answers what was queued when the stop came, and what waits for other servers, so that nobody who
 * was quick enough goes without. */
static void drain(struct worker *w)
{
	struct now now = clock_now();
	uint64_t end_us = now.mono_us + WORKER_DRAIN_MS * 1000;
	struct epoll_event events[EVENTS_MAX];
	eventfd_t stop;

	eventfd_read(w->stop_fd, &stop); /* or there would be no waiting any more */
	while (now.mono_us < end_us) {
		bool empty = serve_all(w);
		now = clock_now();
		tick(w, &now);
		if (empty && !lane_is_waited_for(w->parts.lane))
			break;
		if (empty)
			wait(w, events, timeout_ms(w, &now));
		now = clock_now();
	}
	finish(w);
	count_overflows(w, end_us);
}

static void *run(void *arg)
{
	struct epoll_event events[EVENTS_MAX];
	struct worker *w = arg;

	thread_name("worker-%" PRIu32, w->parts.index);
	urcu_qsbr_register_thread();
	while (!atomic_load_explicit(&w->stopping, memory_order_relaxed)) {
		beat_tick(&w->beat);
		struct now now = clock_now();
		tick(w, &now);
		int n = wait(w, events, timeout_ms(w, &now));
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 != STOP_EVENT)
				serve(w, events[i].data.u32);
	}
	drain(w);
	urcu_qsbr_unregister_thread();
	return NULL;
}

static int watch_fd(const struct worker *w, int fd, uint32_t what)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = what};

	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

static int open_events(struct worker *w)
{
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->stop_fd < 0 || watch_fd(w, w->stop_fd, STOP_EVENT) != 0)
		return -1;
	for (uint32_t i = 0; i < w->parts.listeners; i++)
		if (w->parts.in[i].fd >= 0 && watch_fd(w, w->parts.in[i].fd, i) != 0)
			return -1;
	if (!w->parts.peer)
		return 0;
	return watch_fd(w, w->parts.peer->fd, FLOW_PEER) | watch_fd(w, w->parts.ask->fd, FLOW_ASK);
}

static int allocate(struct worker *w)
{
	size_t max = w->parts.datagram_max;

	w->outbox = (struct outbox){.capacity = OUTBOX_CAPACITY, .datagram_max = max};
	w->outbox.items = calloc(OUTBOX_CAPACITY, sizeof(*w->outbox.items));
	w->outbox.bytes = malloc(OUTBOX_CAPACITY * max);
	/* Other servers do not know what this one takes from clients. */
	int err = udp_inbox_init(&w->inbox, max > PARCEL_MAX ? max : PARCEL_MAX);
	if (w->outbox.items && w->outbox.bytes && err == 0)
		return 0;
	errno = ENOMEM;
	return -1;
}

static void release(struct worker *w)
{
	int why = errno;

	udp_inbox_fini(&w->inbox);
	free(w->outbox.items);
	free(w->outbox.bytes);
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	free(w);
	errno = why;
}

struct worker *worker_start(const struct worker_parts *parts)
{
	struct worker *w = aligned_alloc(_Alignof(struct worker), sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->parts = *parts;
	w->stats = lane_stats(parts->lane);
	w->epoll_fd = w->stop_fd = -1;
	/* Probes go to the first address. */
	if (parts->board && parts->in[0].fd < 0)
		probe_never(parts->board, parts->index);
	if (allocate(w) == 0 && open_events(w) == 0 && thread_start(&w->thread, run, w) == 0)
		return w;
	release(w);
	return NULL;
}

void worker_ask_stop(struct worker *w)
{
	static const uint64_t one = 1;

	atomic_store_explicit(&w->stopping, true, memory_order_relaxed);
	ssize_t written = write(w->stop_fd, &one, sizeof(one));
	(void)written; /* the first write cannot fail, and one is enough */
}

void worker_join(struct worker *w)
{
	if (!w)
		return;
	pthread_join(w->thread, NULL);
	release(w);
}

const struct beat *worker_beat(const struct worker *w)
{
	return &w->beat;
}
