/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/daemon_state.h"

#include <errno.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exitcode.h"
#include "daemon/admin.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/policy.h"

/* One for each CPU that this process may use. */
static size_t cpu_count(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (size_t)CPU_COUNT(&set);
	/* More CPUs than a cpu_set_t holds. */
	return WORKERS_MAX;
}

void daemon_show_stats(void *daemon)
{
	struct daemon *d = daemon;
	json_t *object = d->operations.stats(d);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (text)
		log_asked("stats %s", text);
	else
		log_error("stats: out of memory");
	free(text);
	json_decref(object);
}

static void reload(void *owner)
{
	json_decref(daemon_reload(owner, false, "SIGHUP"));
}

static int start_listeners(struct daemon *d)
{
	struct faults f = {0};

	given_collect(&d->given);
	int err = listeners_open(&d->listeners, &d->conf, d->worker_count, &d->given, &f);

	if (err == DHT_ESYSTEM)
		log_error("cannot open %zu sockets: %s",
			d->worker_count * d->listeners.count * (d->listeners.separate ? 2 : 1),
			strerror(errno));
	faults_each(&f, log_fault);
	faults_fini(&f);
	if (err)
		return err == DHT_ESYSTEM ? EXIT_FAILED : EXIT_BAD_CONFIG;
	return EXIT_DONE;
}

static void stop_listeners(struct daemon *d)
{
	listeners_close(&d->listeners);
}

/* Whether this was written somewhere, and so must work as it says. */
static bool is_asked_for(const struct conf *conf, const char *path)
{
	return conf->from[setting_index(setting_find(path))].file != NULL;
}

/* A control socket that nobody asked for is not worth a refusal to start: somebody runs dhtd by
 * hand, or a second one. */
static int start_control_socket(struct daemon *d)
{
	const char *path = d->conf.c.control.socket, *group = d->conf.c.control.admin_group;
	bool asked = is_asked_for(&d->conf, "control.socket") || d->cmdline->control;
	bool group_asked = is_asked_for(&d->conf, "control.admin_group");
	char reason[CONTROL_SOCKET_REASON];
	int fd = given_take_stream(&d->given, "control");

	given_drop_rest(&d->given);
	if (fd >= 0) {
		control_socket_adopt(&d->control_socket, fd, group);
		return EXIT_DONE;
	}
	if (path[0] == '\0' || control_socket_open(&d->control_socket, path, group, group_asked,
				       !asked, reason) == 0)
		return EXIT_DONE;
	if (asked || group_asked) {
		log_error("control.socket: %s", reason);
		return EXIT_BAD_CONFIG;
	}
	log_event(LOG_EVENT_CONTROL_MISSING, NULL,
		"dhtctl cannot be used: %s (--control or control.socket sets another place)",
		reason);
	return EXIT_DONE;
}

static void stop_control_socket(struct daemon *d)
{
	control_socket_close(&d->control_socket);
}

/* Every server of the cluster takes the others' cookies. */
static void share_cookies(const struct conf *conf, struct server_seed *seed)
{
	static const uint8_t part[] = "cookies";
	const struct seal_keys *keys = &conf->cluster_keys;

	if (keys->count)
		crypto_generichash(seed->cookies, sizeof(seed->cookies), part, sizeof(part),
			keys->key[0].key, sizeof(keys->key[0].key));
}

static int start_server(struct daemon *d)
{
	struct now now = clock_now();
	struct server_seed seed;

	d->start_us = now.mono_us;
	d->policy = malloc(sizeof(*d->policy));
	if (d->policy) {
		*d->policy = policy_of(&d->conf);
		randombytes_buf(&seed, sizeof(seed));
		share_cookies(&d->conf, &seed);
		d->server = server_new(d->policy, &seed, (uint32_t)d->worker_count, &now);
		sodium_memzero(&seed, sizeof(seed));
	}
	if (d->server)
		return EXIT_DONE;
	log_error("cannot make the table: %s", err_text(DHT_ENOMEM));
	return EXIT_FAILED;
}

static void stop_server(struct daemon *d)
{
	server_free(d->server);
	daemon_reap(d, true);
	free(d->policy);
}

static int start_loop(struct daemon *d)
{
	struct loop_calls calls = {
		.show_stats = daemon_show_stats, .reload = reload, .tick = daemon_tick, .owner = d};

	d->exit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->exit_fd >= 0)
		d->loop = loop_new(&calls, d->exit_fd);
	if (d->loop)
		return EXIT_DONE;
	log_error("cannot make the event loop: %s", strerror(errno));
	return EXIT_FAILED;
}

static void stop_loop(struct daemon *d)
{
	loop_free(d->loop);
	if (d->exit_fd >= 0)
		close(d->exit_fd);
}

static int start_warden(struct daemon *d)
{
	d->warden = warden_start(d->conf.password, d->exit_fd);
	if (d->warden)
		return EXIT_DONE;
	log_error("cannot start the password's thread: %s", strerror(errno));
	return EXIT_FAILED;
}

static void stop_warden(struct daemon *d)
{
	warden_stop(d->warden);
}

/* What the watchdog's probes need before the workers are there. */
static int start_board(struct daemon *d)
{
	if (watchdog_period_us() == 0)
		return EXIT_DONE;
	d->board = probe_board_new(&d->listeners.addrs[0].ip);
	if (d->board)
		return EXIT_DONE;
	log_error("cannot prepare the watchdog: %s", err_text(DHT_ENOMEM));
	return EXIT_FAILED;
}

static void stop_board(struct daemon *d)
{
	probe_board_free(d->board);
}

static int start_workers(struct daemon *d)
{
	for (size_t i = 0; i < d->worker_count; i++) {
		struct worker_parts parts = {
			.index = (uint32_t)i,
			.lane = server_lane(d->server, (uint32_t)i),
			.warden = d->warden,
			.board = d->board,
			.in = d->listeners.in + i * d->listeners.count,
			.out = d->listeners.out + i * d->listeners.count,
			.listeners = d->listeners.count,
			.peer = d->cluster ? &d->peer_sockets.in[i] : NULL,
			.peer_out = d->cluster ? &d->peer_sockets.out[i] : NULL,
			.ask = d->cluster ? &d->peer_sockets.ask[i] : NULL,
			.parcels = d->parcels,
			.datagram_max = (size_t)d->conf.c.listen.max_datagram,
		};
		d->workers[i] = worker_start(&parts);
		if (d->workers[i]) {
			d->worker_beats[i] = worker_beat(d->workers[i]);
			continue;
		}
		log_error("cannot start worker %zu: %s", i + 1, strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

/* All are asked before any is waited for: they drain at the same time. */
static void stop_workers(struct daemon *d)
{
	server_shut_down(d->server);
	for (size_t i = 0; i < d->worker_count; i++)
		if (d->workers[i])
			worker_ask_stop(d->workers[i]);
	for (size_t i = 0; i < d->worker_count; i++)
		worker_join(d->workers[i]);
	if (d->served)
		daemon_show_stats(d);
}

static int on_log(sd_event_source *s, int fd, uint32_t events, void *owner)
{
	const struct daemon *d = owner;
	uint64_t lines;

	(void)s;
	(void)events;
	ssize_t n = read(fd, &lines, sizeof(lines));
	(void)n;
	control_wake(d->control);
	return 0;
}

static int start_control(struct daemon *d)
{
	int err = 0;

	daemon_operations(d);
	d->restart_needed = json_array();
	if (d->control_socket.fd < 0)
		return EXIT_DONE;
	d->log_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->log_fd >= 0)
		d->control = control_new(
			loop_event(d->loop), &d->control_socket, &admin_interface, &d->operations);
	if (d->control)
		err = sd_event_add_io(loop_event(d->loop), NULL, d->log_fd, EPOLLIN, on_log, d);
	if (!d->control || err < 0) {
		log_error("cannot serve the control socket: %s", strerror(err < 0 ? -err : errno));
		return EXIT_FAILED;
	}
	log_set_wake(d->log_fd);
	return EXIT_DONE;
}

static void stop_control(struct daemon *d)
{
	log_set_wake(-1);
	/* The last counters are logged later. */
	if (d->control)
		d->control_counts = control_counts(d->control);
	control_free(d->control);
	d->control = NULL;
	if (d->log_fd >= 0)
		close(d->log_fd);
	json_decref(d->restart_needed);
}

static void feed(void *owner)
{
	(void)owner;
	notify_passing("WATCHDOG=1");
}

static int start_watchdog(struct daemon *d)
{
	static struct watched watched[WORKERS_MAX + 2];
	size_t count = d->worker_count;
	static char names[WORKERS_MAX][32];

	if (!d->board)
		return EXIT_DONE;
	for (size_t i = 0; i < d->worker_count; i++) {
		snprintf(names[i], sizeof(names[i]), "worker-%zu", i);
		watched[i] = (struct watched){names[i], worker_beat(d->workers[i]), (int)i};
	}
	watched[count++] = (struct watched){"warden", warden_beat(d->warden), -1};
	if (d->cluster)
		watched[count++] = (struct watched){"cluster", cluster_thread_beat(d->cluster), -1};
	d->probes = probes_new(d->board, &d->listeners.addrs[0], d->worker_count);
	if (d->probes)
		d->watchdog = watchdog_new(loop_event(d->loop), watchdog_period_us(), watched,
			count, d->probes, feed, d);
	if (d->watchdog)
		return EXIT_DONE;
	log_error("cannot start the watchdog: %s", strerror(errno));
	return EXIT_FAILED;
}

static void stop_watchdog(struct daemon *d)
{
	watchdog_free(d->watchdog);
	probes_free(d->probes);
}

/* A part whose start failed is stopped as well, and must take it. */
static const struct part {
	int (*start)(struct daemon *d);
	void (*stop)(struct daemon *d);
} parts[] = {
	{start_listeners, stop_listeners},
	{start_control_socket, stop_control_socket},
	{start_server, stop_server},
	{daemon_start_census, daemon_stop_census},
	{daemon_start_cluster, daemon_stop_cluster},
	{start_loop, stop_loop},
	{start_board, stop_board},
	{start_warden, stop_warden},
	{start_workers, stop_workers},
	{daemon_start_member, daemon_stop_member},
	{start_control, stop_control},
	{start_watchdog, stop_watchdog},
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

int daemon_start(struct daemon *d)
{
	size_t wanted = (size_t)d->conf.c.listen.workers;
	int result = EXIT_DONE;

	d->worker_count = wanted ? wanted : cpu_count();
	if (d->worker_count > WORKERS_MAX)
		d->worker_count = WORKERS_MAX;
	while (d->started < PARTS && result == EXIT_DONE)
		result = parts[d->started++].start(d);
	return result;
}

void daemon_stop(struct daemon *d)
{
	while (d->started > 0)
		parts[--d->started].stop(d);
}
