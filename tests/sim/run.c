/* SPDX-License-Identifier: BSD-2-Clause */
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 64

/* Time of the processor: others run beside. */
static uint64_t spent_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void print(void *to, const char *line)
{
	fprintf(to, "%s\n", line);
}

void run_here(const struct plan_options *options, bool trace, struct outcome *out)
{
	uint64_t start = spent_us();
	struct sim *s = sim_new(options);

	*out = (struct outcome){.options = *options};
	if (!s) {
		out->failure.failed = true;
		snprintf(out->failure.check, sizeof(out->failure.check), "memory");
		return;
	}
	if (trace) {
		char plan[400];
		plan_format(&s->plan, plan, sizeof(plan));
		printf("%s\n", plan);
		s->say = print;
		s->say_to = stdout;
	}
	sim_run(s);
	out->trace = s->trace;
	out->sim_us = s->now_us;
	out->failure = s->failure;
	memcpy(out->tally, s->tally, sizeof(out->tally));
	sim_free(s);
	out->spent_us = spent_us() - start;
}

/* A run in a process of its own. */
struct job {
	pid_t pid;
	int fd;
	struct plan_options options;
};

static void in_child(const struct plan_options *options, int fd)
{
	struct outcome out;
	const char *at = (const char *)&out;
	size_t left = sizeof(out);

	run_here(options, false, &out);
	while (left > 0) {
		ssize_t n = write(fd, at, left);
		if (n <= 0)
			_exit(1);
		at += n;
		left -= (size_t)n;
	}
	_exit(0);
}

static bool job_start(struct job *j, const struct plan_options *options)
{
	int fds[2];

	if (pipe(fds) < 0)
		return false;
	fflush(stdout);
	j->options = *options;
	j->fd = fds[0];
	j->pid = fork();
	if (j->pid == 0) {
		close(fds[0]);
		in_child(options, fds[1]);
	}
	close(fds[1]);
	return j->pid > 0;
}

/* Waits for it. What ended without an outcome has died. */
static void job_end(struct job *j, struct outcome *out)
{
	size_t got = 0;
	int status = 0;

	*out = (struct outcome){.options = j->options};
	while (got < sizeof(*out)) {
		ssize_t n = read(j->fd, (char *)out + got, sizeof(*out) - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(j->fd);
	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	j->pid = 0;
	if (got == sizeof(*out))
		return;
	*out = (struct outcome){.options = j->options, .failure.failed = true};
	snprintf(out->failure.check, sizeof(out->failure.check), "died");
	snprintf(out->failure.text, sizeof(out->failure.text), "%s",
		WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "no outcome");
}

void run_apart(const struct plan_options *options, struct outcome *out)
{
	struct job j;

	*out = (struct outcome){.options = *options, .failure.failed = true};
	if (job_start(&j, options))
		job_end(&j, out);
}

/* The first job that has something to say. */
static struct job *first_ready(struct job *jobs, unsigned n)
{
	struct pollfd fds[JOBS_MAX];

	for (unsigned i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = jobs[i].pid > 0 ? jobs[i].fd : -1, .events = POLLIN};
	if (poll(fds, n, -1) <= 0)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		if (fds[i].revents)
			return &jobs[i];
	return NULL;
}

static struct job *idle(struct job *jobs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (jobs[i].pid <= 0)
			return &jobs[i];
	return NULL;
}

void run_many(const struct plan_options *options, uint64_t first, uint64_t last, unsigned jobs,
	bool (*done)(void *to, const struct outcome *out), void *to)
{
	struct job all[JOBS_MAX] = {{0}};
	unsigned n = jobs < JOBS_MAX ? jobs : JOBS_MAX;
	uint64_t left = last - first + 1, running = 0;
	struct plan_options one = *options;
	struct outcome out;

	one.seed = first;
	while (left > 0 || running > 0) {
		struct job *j = left > 0 ? idle(all, n) : NULL;
		if (j && job_start(j, &one)) {
			one.seed++;
			left--;
			running++;
			continue;
		}
		j = first_ready(all, n);
		if (!j)
			continue;
		job_end(j, &out);
		running--;
		if (!done(to, &out))
			left = 0;
	}
}

/* Keeps the change when it fails in the same way. */
static bool still_fails(struct outcome *failing, const struct plan_options *options)
{
	struct outcome out;

	run_apart(options, &out);
	if (!out.failure.failed || strcmp(out.failure.check, failing->failure.check) != 0)
		return false;
	*failing = out;
	return true;
}

static void end_early(struct outcome *failing)
{
	if (failing->failure.at_us)
		failing->options.until_us = failing->failure.at_us;
}

void run_shrink(struct outcome *failing)
{
	struct plan plan;

	end_early(failing);
	for (uint32_t f = 0; f < FAULT_COUNT; f++) {
		struct plan_options less = failing->options;
		plan_draw(&plan, &less);
		less.until_us = 0;
		less.without |= UINT32_C(1) << f;
		if (plan_has(&plan, (enum plan_fault)f) && still_fails(failing, &less))
			end_early(failing);
	}
	plan_draw(&plan, &failing->options);
	for (uint32_t servers = 1; servers < plan.servers; servers++) {
		struct plan_options less = failing->options;
		less.servers = servers;
		less.until_us = 0;
		if (still_fails(failing, &less)) {
			end_early(failing);
			return;
		}
	}
}
