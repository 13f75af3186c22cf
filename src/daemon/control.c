/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is ready waits in a queue, and one source, the runner, takes it from there step by step:
 *
 *     io of a client ─▶ ready ─▶ ready ─▶ runner ─▶ control_client_step() ─▶ io, or ready again
 *
 * So turns are fair whatever order epoll has, nobody is freed while something of his is running,
 * and the clients' share of the time is kept by turning one source off and on. The io sources are
 * one-shot: what is in the queue does not wake the loop again.
 */
#include "config.h"

#include "daemon/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/control_client.h"
#include "daemon/control_service.h"
#include "daemon/log.h"

#define ACCEPTS_AT_ONCE 4
#define STEPS_AT_ONCE   16
#define IDLE_MS         1000 /* who has been idle so long may have to make place */
#define SWEEP_MS        500
#define MS_US           1000

struct connection {
	struct control *control; /* NULL: the place is free */
	struct control_client client;
	sd_event_source *io;
	enum client_next waits; /* for what */
	uint64_t turn;          /* the lowest is the next; 0: it is not ready, it waits */
};

struct control {
	sd_event *event;
	const struct control_socket *socket;
	struct control_service service;
	struct control_counts counts;
	struct log_gate accept_gate;

	sd_event_source *listen;
	sd_event_source *runner; /* on while there is something to do */
	sd_event_source *window; /* ends a pause */
	sd_event_source *sweep;  /* on while there are clients, or accepting rests */

	struct connection places[CONTROL_CLIENTS_MAX];
	size_t client_count;
	size_t ready_count;
	uint64_t turns;
	bool accepting; /* somebody may want to connect */
	bool resting;   /* no connection could be taken: until the next sweep */

	bool paused; /* the window's share is used up */
	uint64_t window_us, used_us;
};

/* ---- Time ---- */

static uint64_t now_us(void)
{
	return clock_now().mono_us;
}

static void enable(sd_event_source *s, int how)
{
	int err = sd_event_source_set_enabled(s, how);

	/* It changes memory that is there, and epoll for what epoll has had already. */
	if (err < 0)
		log_error("control: cannot turn an event source on or off: %s", strerror(-err));
}

/* Runs the runner when there is something for it. */
static void schedule(struct control *c)
{
	bool work = c->accepting || c->ready_count > 0;

	enable(c->runner, work && !c->paused ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_window(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;

	(void)s;
	(void)usec;
	c->paused = false;
	c->used_us = 0;
	c->window_us = now_us();
	schedule(c);
	return 0;
}

/* Begins a window when the last one is over. */
static void open_window(struct control *c)
{
	uint64_t now = now_us();

	if (now - c->window_us < CONTROL_WINDOW_MS * MS_US)
		return;
	c->window_us = now;
	c->used_us = 0;
}

/* Everything waits until the window ends; who worked through all of it waits another one. */
static void pause_until_next(struct control *c)
{
	uint64_t now = now_us();
	uint64_t end = c->window_us + CONTROL_WINDOW_MS * MS_US;

	if (end <= now)
		end = now + CONTROL_WINDOW_MS * MS_US;
	if (sd_event_source_set_time(c->window, end) < 0 ||
		sd_event_source_set_enabled(c->window, SD_EVENT_ONESHOT) < 0)
		return;
	c->paused = true;
}

/* ---- Connections ---- */

static bool is_ready(const struct connection *n)
{
	return n->turn != 0;
}

static void enqueue(struct connection *n)
{
	if (is_ready(n))
		return;
	n->turn = ++n->control->turns;
	n->control->ready_count++;
}

static void dequeue(struct connection *n)
{
	if (!is_ready(n))
		return;
	n->turn = 0;
	n->control->ready_count--;
}

/* The one that has been ready for longest; NULL: none is. */
static struct connection *next_ready(struct control *c)
{
	struct connection *found = NULL;

	for (size_t i = 0; c->ready_count && i < CONTROL_CLIENTS_MAX; i++) {
		struct connection *n = &c->places[i];
		if (is_ready(n) && (!found || n->turn < found->turn))
			found = n;
	}
	return found;
}

static int on_io(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	struct connection *n = arg;

	(void)s;
	(void)fd;
	if (events & (EPOLLHUP | EPOLLERR))
		n->client.hung_up = true;
	enqueue(n);
	schedule(n->control);
	return 0;
}

static bool is_taken(const struct connection *n)
{
	return n->control != NULL;
}

static void disconnect(struct connection *n)
{
	n->control->client_count--;
	dequeue(n);
	/* Before the file is closed: it is in epoll until then. */
	sd_event_source_disable_unref(n->io);
	control_client_fini(&n->client);
	*n = (struct connection){.control = NULL};
}

static void cut_off(struct connection *n)
{
	n->control->counts.cut_off++;
	disconnect(n);
}

/* Takes fd, also when it fails. There is a free place. */
static struct connection *take_place(
	struct control *c, int fd, const struct control_peer *peer, uint64_t now_ms)
{
	struct connection *n = c->places;

	while (is_taken(n))
		n++;
	n->control = c;
	control_client_init(&n->client, fd, peer, now_ms);
	c->client_count++;
	if (sd_event_add_io(c->event, &n->io, fd, EPOLLIN, on_io, n) >= 0 &&
		sd_event_source_set_priority(n->io, SD_EVENT_PRIORITY_IDLE) >= 0 &&
		sd_event_source_set_enabled(n->io, SD_EVENT_OFF) >= 0)
		return n;
	disconnect(n);
	return NULL;
}

/* Of those that may() names, the one without progress for longest, since before_ms at least. */
static struct connection *longest_quiet(struct control *c, bool (*may)(const struct connection *n),
	uint64_t before_ms, const struct connection *but)
{
	struct connection *found = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct connection *n = &c->places[i];
		if (!is_taken(n) || n == but || n->client.active_ms > before_ms || !may(n))
			continue;
		if (!found || n->client.active_ms < found->client.active_ms)
			found = n;
	}
	return found;
}

static bool is_idle(const struct connection *n)
{
	return !is_ready(n) && control_client_idle(&n->client);
}

static bool is_stream(const struct connection *n)
{
	return n->client.stream.next != NULL;
}

static void limit_streams(struct control *c, const struct connection *newest)
{
	size_t count = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		count += is_stream(&c->places[i]);
	if (count <= CONTROL_STREAMS_MAX)
		return;
	struct connection *quiet = longest_quiet(c, is_stream, UINT64_MAX, newest);
	if (quiet)
		cut_off(quiet);
}

/* ---- Steps ---- */

/* A hang-up is told in any case. */
static const uint32_t events_of[] = {
	[CLIENT_READS] = EPOLLIN,
	[CLIENT_WRITES] = EPOLLOUT,
	[CLIENT_WAKES] = 0,
};

static void wait_for(struct connection *n, enum client_next what)
{
	n->waits = what;
	if (sd_event_source_set_io_events(n->io, events_of[what]) < 0 ||
		sd_event_source_set_enabled(n->io, SD_EVENT_ONESHOT) < 0)
		cut_off(n);
}

static void step(struct connection *n, uint64_t now_ms)
{
	struct control *c = n->control;
	bool was_stream = is_stream(n);
	enum client_next next = control_client_step(&n->client, &c->service, now_ms);

	if (!was_stream && is_stream(n))
		limit_streams(c, n);
	switch (next) {
	case CLIENT_AGAIN: enqueue(n); break;
	case CLIENT_READS:
	case CLIENT_WRITES:
	case CLIENT_WAKES: wait_for(n, next); break;
	case CLIENT_GONE: disconnect(n); break;
	case CLIENT_CUT: cut_off(n); break;
	}
}

/* ---- Connecting ---- */

static void admit(struct control *c, int fd, uint64_t now_ms)
{
	struct control_peer peer;
	struct connection *n = NULL;

	if (c->client_count >= CONTROL_CLIENTS_MAX) {
		struct connection *idle = longest_quiet(c, is_idle, now_ms - IDLE_MS, NULL);
		if (idle)
			cut_off(idle);
	}
	if (c->client_count < CONTROL_CLIENTS_MAX && control_peer_of(c->socket, fd, &peer) == 0)
		n = take_place(c, fd, &peer, now_ms);
	else
		close(fd);
	if (n) {
		c->counts.accepted++;
		/* Most have sent their call already. */
		enqueue(n);
	} else {
		c->counts.refused++;
	}
}

/* Out of files, mostly: the listening socket would wake us again and again for nothing. */
static void rest(struct control *c, int why, uint64_t now_ms)
{
	uint32_t held;

	c->accepting = false;
	c->resting = true;
	if (log_gate_pass(&c->accept_gate, now_ms, &held))
		log_warning("control: no connection can be taken for now: %s (for files: raise "
			    "LimitNOFILE=)",
			strerror(why));
}

static bool is_passing(int why)
{
	return why == EINTR || why == ECONNABORTED || why == EPERM || why == EPROTO;
}

static void accept_some(struct control *c, uint64_t now_ms)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(c->socket->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			admit(c, fd, now_ms);
		} else if (errno == EAGAIN) {
			c->accepting = false;
			int err = sd_event_source_set_enabled(c->listen, SD_EVENT_ONESHOT);
			if (err < 0)
				rest(c, -err, now_ms);
			return;
		} else if (!is_passing(errno)) {
			rest(c, errno, now_ms);
			return;
		}
	}
}

static int on_listen(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	struct control *c = arg;

	(void)s;
	(void)fd;
	(void)events;
	c->accepting = true;
	schedule(c);
	return 0;
}

/* ---- The runner ---- */

static void start_sweep(struct control *c)
{
	sd_event_source_set_time_relative(c->sweep, SWEEP_MS * MS_US);
	enable(c->sweep, SD_EVENT_ONESHOT);
}

static bool is_sweeping(const struct control *c)
{
	int how = SD_EVENT_OFF;

	return sd_event_source_get_enabled(c->sweep, &how) >= 0 && how != SD_EVENT_OFF;
}

/* Each step is measured, so that a window's share is exceeded by one step at most. */
static bool share_used(struct control *c, uint64_t *since)
{
	uint64_t worked = clock_worked_us();

	c->used_us += worked - *since;
	*since = worked;
	return c->used_us >= CONTROL_SHARE_MS * MS_US;
}

static bool work(struct control *c)
{
	uint64_t since = clock_worked_us();
	uint64_t now_ms = now_us() / MS_US;

	if (c->accepting)
		accept_some(c, now_ms);
	for (int i = 0; i < STEPS_AT_ONCE && !share_used(c, &since); i++) {
		struct connection *n = next_ready(c);
		if (!n)
			return true;
		dequeue(n);
		step(n, now_ms);
	}
	return !share_used(c, &since);
}

static int on_run(sd_event_source *s, void *arg)
{
	struct control *c = arg;

	(void)s;
	open_window(c);
	if (!work(c))
		pause_until_next(c);
	schedule(c);
	if ((c->client_count || c->resting) && !is_sweeping(c))
		start_sweep(c);
	return 0;
}

/* ---- Waiting too long ---- */

static void cut_off_late(struct control *c)
{
	uint64_t now_ms = now_us() / MS_US;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct connection *n = &c->places[i];
		/* Who waits for his turn does not wait by his own fault. */
		if (is_taken(n) && !is_ready(n) && control_client_deadline_ms(&n->client) <= now_ms)
			cut_off(n);
	}
}

static int on_sweep(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;
	uint64_t now = usec;

	(void)s;
	sd_event_now(c->event, CLOCK_MONOTONIC, &now);
	/* When the loop itself was held up, what clients have sent meanwhile comes first. */
	if (now - usec < SWEEP_MS * MS_US)
		cut_off_late(c);
	if (c->resting) {
		c->resting = false;
		c->accepting = true;
		schedule(c);
	}
	if (c->client_count)
		start_sweep(c);
	return 0;
}

/* ---- The whole ---- */

static int add_sources(struct control *c)
{
	sd_event_source *const *all[] = {&c->listen, &c->runner, &c->window, &c->sweep};
	int err = sd_event_add_io(c->event, &c->listen, c->socket->fd, EPOLLIN, on_listen, c);

	if (err >= 0)
		err = sd_event_add_defer(c->event, &c->runner, on_run, c);
	if (err >= 0)
		err = sd_event_add_time_relative(
			c->event, &c->window, CLOCK_BOOTTIME, 0, MS_US, on_window, c);
	if (err >= 0)
		err = sd_event_add_time_relative(
			c->event, &c->sweep, CLOCK_MONOTONIC, 0, SWEEP_MS * MS_US / 2, on_sweep, c);
	for (size_t i = 0; err >= 0 && i < sizeof(all) / sizeof(all[0]); i++) {
		err = sd_event_source_set_priority(*all[i], SD_EVENT_PRIORITY_IDLE);
		if (err >= 0)
			err = sd_event_source_set_enabled(*all[i], SD_EVENT_OFF);
	}
	return err < 0 ? err : sd_event_source_set_enabled(c->listen, SD_EVENT_ONESHOT);
}

struct control *control_new(sd_event *event, const struct control_socket *socket,
	const struct control_interface *interface, void *owner)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->event = sd_event_ref(event);
	c->socket = socket;
	c->service = (struct control_service){.interface = interface, .owner = owner};
	int err = add_sources(c);
	if (err >= 0)
		return c;
	control_free(c);
	errno = -err;
	return NULL;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (is_taken(&c->places[i]))
			disconnect(&c->places[i]);
	sd_event_source_disable_unref(c->listen);
	sd_event_source_disable_unref(c->runner);
	sd_event_source_disable_unref(c->window);
	sd_event_source_disable_unref(c->sweep);
	sd_event_unref(c->event);
	free(c);
}

void control_wake(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct connection *n = &c->places[i];
		if (is_taken(n) && n->waits == CLIENT_WAKES)
			enqueue(n);
	}
	schedule(c);
}

struct control_counts control_counts(const struct control *c)
{
	struct control_counts counts = c->counts;

	counts.calls = c->service.calls;
	counts.denied = c->service.denied;
	return counts;
}
