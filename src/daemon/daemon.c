/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exitcode.h"
#include "base/mutant.h"
#include "daemon/conf_check.h"
#include "daemon/daemon_state.h"
#include "daemon/log.h"
#include "daemon/notify.h"

static void say_ready(const struct daemon *d)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&d->listeners.addrs[0], text);
	if (d->conf.main_file)
		log_info("configured by %s", d->conf.main_file);
	log_event(LOG_EVENT_READY,
		(struct log_field[]){{"DHT_ADDRESS", text}, {"DHT_FILE", d->conf.main_file}, {0}},
		"ready on %s (%zu worker%s)", text, d->worker_count,
		d->worker_count == 1 ? "" : "s");
	for (size_t i = 1; i < d->listeners.count; i++) {
		addr_format(&d->listeners.addrs[i], text);
		log_info("also on %s", text);
	}
	notify_state("READY=1");
}

static int serve(struct daemon *d)
{
	d->served = true;
	say_ready(d);
	int err = loop_run(d->loop);
	notify_state("STOPPING=1");
	daemon_leave(d);
	if (err >= 0)
		return EXIT_DONE;
	log_error("the event loop failed: %s", strerror(-err));
	return EXIT_FAILED;
}

/* Takes conf, which is then d's to free. */
static int run(const struct cmdline *o, const struct conf *conf)
{
	struct daemon *d = calloc(1, sizeof(*d));

	if (!d) {
		log_error("%s", err_text(DHT_ENOMEM));
		return EXIT_FAILED;
	}
	*d = (struct daemon){
		.cmdline = o,
		.conf = *conf,
		.exit_fd = -1,
		.log_fd = -1,
		.news_fd = -1,
		.control_socket = {.fd = -1, .lock_fd = -1},
		.was_healthy = true,
	};
	int result = daemon_start(d);
	if (result == EXIT_DONE)
		result = serve(d);
	daemon_stop(d);
	conf_fini(&d->conf);
	free(d);
	return result;
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

/* What the command line says holds over the files, each time they are read. */
static int lay_over(struct conf *conf, const struct cmdline *o, struct faults *f)
{
	if (o->log_level >= 0)
		conf->c.log.level = (uint64_t)o->log_level;
	if (!o->control)
		return 0;
	char *path = strdup(o->control);
	if (!path) {
		faults_add(f, (struct place){0}, NULL, "%s", err_text(DHT_ENOMEM));
		return DHT_EINVAL;
	}
	free(conf->c.control.socket);
	conf->c.control.socket = path;
	return 0;
}

int daemon_load(const struct cmdline *o, const char *file, struct conf *conf, struct faults *f)
{
	if (conf_load(conf, file, getenv("CREDENTIALS_DIRECTORY"), f) != 0)
		return DHT_EINVAL;
	return lay_over(conf, o, f);
}

static void log_unused(const char *path, const char *line, void *arg)
{
	(void)arg;
	log_event(LOG_EVENT_CONFIG_UNUSED, (struct log_field[]){{"DHT_SETTING", path}, {0}}, "%s",
		line);
}

void daemon_say_unused(const struct conf *conf)
{
	if (conf_each_unused(conf, log_unused, NULL) != 0)
		log_error("%s", err_text(DHT_ENOMEM));
}

static int print(const struct conf *conf)
{
	if (conf_print(conf, stdout) == 0 && fflush(stdout) == 0)
		return EXIT_DONE;
	log_error("cannot print the configuration: %s", strerror(errno));
	return EXIT_FAILED;
}

/* Does what was asked for with a configuration that is right. */
static int act(const struct cmdline *o, struct conf *conf)
{
	int result = EXIT_DONE;

	log_set_level((enum log_level)conf->c.log.level);
	if (o->action != CMDLINE_PRINT_CONFIG)
		daemon_say_unused(conf);
	if (o->action == CMDLINE_RUN)
		return run(o, conf);
	if (o->action == CMDLINE_PRINT_CONFIG)
		result = print(conf);
	conf_fini(conf);
	return result;
}

/* Root can read what the server of dht.service cannot. Who runs it on another file is not known. */
static int check_reader(const struct cmdline *o, const struct conf *conf, struct faults *f)
{
	if (o->action != CMDLINE_CHECK || o->file || geteuid() != 0)
		return 0;
	return conf_check_reader(conf, CONF_SERVICE_USER, f);
}

static int load_and_act(const struct cmdline *o)
{
	struct faults f = {0};
	struct conf conf;

	if (daemon_load(o, o->file, &conf, &f) == 0 && check_reader(o, &conf, &f) == 0) {
		faults_fini(&f);
		return act(o, &conf);
	}
	faults_each(&f, log_fault);
	faults_fini(&f);
	conf_fini(&conf);
	return EXIT_BAD_CONFIG;
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
		return say("dhtd " PACKAGE_VERSION MUTANT_VERSION "\n");
	if (sodium_init() < 0) {
		log_error("cannot get random numbers from the system");
		return EXIT_FAILED;
	}
	return load_and_act(&o);
}
