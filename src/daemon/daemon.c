/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exitcode.h"
#include "core/server.h"
#include "daemon/clock.h"
#include "daemon/conf.h"
#include "daemon/listeners.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/cmdline.h"
#include "daemon/policy.h"
#include "daemon/statsjson.h"
#include "daemon/warden.h"
#include "daemon/worker.h"

#define WORKERS_MAX SERVER_LANES_MAX

struct daemon {
	const struct conf *conf;
	struct policy policy;
	size_t worker_count;
	struct listeners listeners;
	struct server *server;
	int exit_fd;
	struct loop *loop;
	struct warden *warden;
	struct worker *workers[WORKERS_MAX];
	bool served; /* it got as far as being ready */

	char status[128];
	uint64_t status_requests; /* when the status was last written */
	uint64_t status_us;
};

/* One for each CPU that this process may use. */
static size_t cpu_count(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (size_t)CPU_COUNT(&set);
	/* More CPUs than a cpu_set_t holds. */
	return WORKERS_MAX;
}

static void add_counters(const struct daemon *d, uint64_t n[static STATS_COUNT])
{
	server_stats(d->server, n);
	for (int i = 0; i < STATS_COUNT; i++)
		n[i] += stats_get(warden_stats(d->warden), (enum stats_id)i);
}

static void show_stats(void *owner)
{
	const struct daemon *d = owner;
	struct table_usage table = server_table_usage(d->server);
	struct watch_usage watch = server_watch_usage(d->server);
	uint64_t n[STATS_COUNT];

	add_counters(d, n);
	json_t *object = statsjson_new(n, &table, &watch);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	if (text)
		log_asked("stats %s", text);
	else
		log_error("stats: out of memory");
	free(text);
	json_decref(object);
}

static const char *status(void *owner)
{
	struct daemon *d = owner;
	struct table_usage usage = server_table_usage(d->server);
	uint64_t now_us = clock_now().mono_us, requests = 0, rate = 0;
	uint64_t n[STATS_COUNT];

	add_counters(d, n);
	for (int i = 0; i < STATS_COUNT; i++)
		if (stats_info((enum stats_id)i)->group == STATS_GROUP_REQUESTS)
			requests += n[i];
	if (d->status_us && now_us > d->status_us)
		rate = (requests - d->status_requests) * 1000000 / (now_us - d->status_us);
	d->status_requests = requests;
	d->status_us = now_us;
	snprintf(d->status, sizeof(d->status),
		"%" PRIu64 " records of %" PRIu64 " hashes, %" PRIu64 " requests/s", usage.records,
		usage.hashes, rate);
	return d->status;
}

static int start_listeners(struct daemon *d)
{
	struct faults f = {0};
	int err = listeners_open(&d->listeners, d->conf, d->worker_count, &f);

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

static int start_server(struct daemon *d)
{
	struct now now = clock_now();
	struct server_seed seed;

	d->policy = policy_of(d->conf);
	randombytes_buf(&seed, sizeof(seed));
	d->server = server_new(&d->policy, &seed, (uint32_t)d->worker_count, &now);
	sodium_memzero(&seed, sizeof(seed));
	if (d->server)
		return EXIT_DONE;
	log_error("cannot make the table: %s", err_text(DHT_ENOMEM));
	return EXIT_FAILED;
}

static void stop_server(struct daemon *d)
{
	server_free(d->server);
}

static int start_loop(struct daemon *d)
{
	struct loop_calls calls = {.show_stats = show_stats, .status = status, .owner = d};

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
	d->warden = warden_start(d->conf->password, d->exit_fd);
	if (d->warden)
		return EXIT_DONE;
	log_error("cannot start the password's thread: %s", strerror(errno));
	return EXIT_FAILED;
}

static void stop_warden(struct daemon *d)
{
	warden_stop(d->warden);
}

static int start_workers(struct daemon *d)
{
	for (size_t i = 0; i < d->worker_count; i++) {
		struct worker_parts parts = {
			.lane = server_lane(d->server, (uint32_t)i),
			.warden = d->warden,
			.in = d->listeners.in + i * d->listeners.count,
			.out = d->listeners.out + i * d->listeners.count,
			.listeners = d->listeners.count,
			.datagram_max = (size_t)d->conf->c.listen.max_datagram,
		};
		d->workers[i] = worker_start(&parts);
		if (d->workers[i])
			continue;
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
		show_stats(d);
}

/* A part whose start failed is stopped as well, and must take it. */
static const struct part {
	int (*start)(struct daemon *d);
	void (*stop)(struct daemon *d);
} parts[] = {
	{start_listeners, stop_listeners},
	{start_server, stop_server},
	{start_loop, stop_loop},
	{start_warden, stop_warden},
	{start_workers, stop_workers},
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static void say_ready(const struct daemon *d)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&d->listeners.addrs[0], text);
	log_notice("ready on %s (%zu worker%s)", text, d->worker_count,
		d->worker_count == 1 ? "" : "s");
	for (size_t i = 1; i < d->listeners.count; i++) {
		addr_format(&d->listeners.addrs[i], text);
		log_info("also on %s", text);
	}
	sd_notify(false, "READY=1");
}

static int serve(struct daemon *d)
{
	d->served = true;
	say_ready(d);
	int err = loop_run(d->loop);
	sd_notify(false, "STOPPING=1");
	if (err >= 0)
		return EXIT_DONE;
	log_error("the event loop failed: %s", strerror(-err));
	return EXIT_FAILED;
}

static int run(const struct conf *conf)
{
	struct daemon d = {.conf = conf, .exit_fd = -1};
	size_t started = 0;
	int status_code = EXIT_DONE;

	d.worker_count = conf->c.listen.workers ? (size_t)conf->c.listen.workers : cpu_count();
	if (d.worker_count > WORKERS_MAX)
		d.worker_count = WORKERS_MAX;
	while (started < PARTS && status_code == EXIT_DONE)
		status_code = parts[started++].start(&d);
	if (status_code == EXIT_DONE)
		status_code = serve(&d);
	while (started > 0)
		parts[--started].stop(&d);
	return status_code;
}

/* A worker has a socket or two for each address: the soft limit, which is there for select(2), is
 * soon reached. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Where one of the standard files is closed, the next thing that is opened would take its number,
 * and log lines would be written to a socket or an eventfd. */
static void hold_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int act(const struct cmdline *o, const struct conf *conf)
{
	if (o->action == CMDLINE_CHECK)
		return EXIT_DONE;
	if (o->action == CMDLINE_RUN)
		return run(conf);
	if (conf_print(conf, stdout) == 0 && fflush(stdout) == 0)
		return EXIT_DONE;
	log_error("cannot print the configuration: %s", strerror(errno));
	return EXIT_FAILED;
}

static int load_and_act(const struct cmdline *o)
{
	struct faults f = {0};
	struct conf conf;
	int result = EXIT_BAD_CONFIG;

	if (conf_load(&conf, o->file, getenv("CREDENTIALS_DIRECTORY"), &f) == 0) {
		log_set_level(o->log_level >= 0 ? (enum log_level)o->log_level
						: (enum log_level)conf.c.log.level);
		result = act(o, &conf);
	}
	faults_each(&f, log_fault);
	faults_fini(&f);
	conf_fini(&conf);
	return result;
}

static int say(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_DONE;
}

int daemon_main(int argc, char **argv)
{
	char error[CMDLINE_ERROR_MAX];
	struct cmdline o;

	/* Fixed, or glibc moves it up to 32 MiB as big blocks are freed: then memory that a table
	 * has given back would stay with the process. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	hold_standard_files();
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	log_open();
	if (cmdline_parse(&o, argc, argv, error) != 0) {
		fprintf(stderr, "dhtd: %s (dhtd --help says more)\n", error);
		return EXIT_USAGE;
	}
	if (o.action == CMDLINE_HELP)
		return say(cmdline_help);
	if (o.action == CMDLINE_VERSION)
		return say("dhtd " PACKAGE_VERSION "\n");
	if (sodium_init() < 0) {
		log_error("cannot get random numbers from the system");
		return EXIT_FAILED;
	}
	return load_and_act(&o);
}
