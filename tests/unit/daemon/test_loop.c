/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/loop.h"

#include "../unit.h"

/* What the loop asked for; its calls send the next signal, so that the order is certain. */
struct owner {
	int stats, ticks, reloads;
	int next_signal;
	bool stop_on_tick;
};

static void show_stats(void *arg)
{
	struct owner *o = arg;

	o->stats++;
	if (o->next_signal)
		kill(getpid(), o->next_signal);
	o->next_signal = SIGTERM;
}

static void reload(void *arg)
{
	struct owner *o = arg;

	o->reloads++;
	kill(getpid(), o->reloads == 2 ? SIGTERM : SIGHUP);
}

static const char *tick(void *arg)
{
	struct owner *o = arg;

	o->ticks++;
	if (o->stop_on_tick)
		kill(getpid(), SIGTERM);
	return "fine";
}

static int run(struct owner *o, int exit_fd, int first_signal)
{
	struct loop_calls calls = {
		.show_stats = show_stats, .reload = reload, .tick = tick, .owner = o};
	struct loop *l = loop_new(&calls, exit_fd);

	assert_non_null(l);
	if (first_signal)
		kill(getpid(), first_signal);
	int err = loop_run(l);
	loop_free(l);
	return err;
}

static int open_fd(void **state)
{
	static int fd;

	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*state = &fd;
	log_set_level(LOG_LEVEL_ERROR);
	unsetenv("NOTIFY_SOCKET");
	return fd < 0;
}

static int close_fd(void **state)
{
	return close(*(int *)*state);
}

static void signals_end_it(void **state)
{
	struct owner o = {0};

	assert_int_equal(run(&o, *(int *)*state, SIGTERM), 0);
	assert_int_equal(run(&o, *(int *)*state, SIGINT), 0);
	assert_int_equal(o.stats, 0);
}

static void counters_are_shown_as_often_as_asked(void **state)
{
	struct owner o = {.next_signal = SIGUSR1};

	assert_int_equal(run(&o, *(int *)*state, SIGUSR1), 0);
	assert_int_equal(o.stats, 2);
	assert_int_equal(o.reloads, 0);
}

static void each_hangup_is_a_reload(void **state)
{
	struct owner o = {0};

	assert_int_equal(run(&o, *(int *)*state, SIGHUP), 0);
	assert_int_equal(o.reloads, 2);
}

static int stop_soon(sd_event_source *s, void *arg)
{
	(void)s;
	loop_stop(arg, "a test");
	return 0;
}

static void others_add_to_it_and_end_it(void **state)
{
	struct owner o = {0};
	struct loop_calls calls = {
		.show_stats = show_stats, .reload = reload, .tick = tick, .owner = &o};
	struct loop *l = loop_new(&calls, *(int *)*state);

	assert_non_null(l);
	assert_true(sd_event_add_defer(loop_event(l), NULL, stop_soon, l) >= 0);
	assert_int_equal(loop_run(l), 0);
	loop_free(l);
}

static void a_right_password_ends_it(void **state)
{
	int fd = *(int *)*state;
	struct owner o = {0};

	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_int_equal(run(&o, fd, 0), 0);
}

static void systemd_hears_of_the_state(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct owner o = {.stop_on_tick = true};
	char got[100];

	/* An abstract name, found by the kernel. */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at.sun_family)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	at.sun_path[0] = '@';
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	assert_int_equal(run(&o, *(int *)*state, 0), 0);
	unsetenv("NOTIFY_SOCKET");
	assert_true(o.ticks > 0);
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	got[n] = '\0';
	assert_string_equal(got, "STATUS=fine");
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_fd, close_fd)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(signals_end_it),
		TEST(counters_are_shown_as_often_as_asked),
		TEST(each_hangup_is_a_reload),
		TEST(others_add_to_it_and_end_it),
		TEST(a_right_password_ends_it),
		TEST(systemd_hears_of_the_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
