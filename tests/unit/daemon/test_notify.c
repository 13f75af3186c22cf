/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify.h"

#include "own_folder.h"

/* More than any queue of datagrams holds. */
#define MANY 100000

/* What systemd would read. */
static int systemd_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

static void expect(int fd, const char *want)
{
	char got[NOTIFY_MAX + 1] = "";
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	assert_int_equal(n, strlen(want));
	assert_string_equal(got, want);
}

static void expect_nothing(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), -1);
}

/* Fills the queue; gives what it held. */
static size_t fill(int fd)
{
	char text[32];
	size_t n = 0;

	for (size_t i = 0; i < MANY; i++)
		notify_passing("STATUS=%zu", i);
	while (recv(fd, text, sizeof(text), 0) > 0)
		n++;
	for (size_t i = 0; i < MANY; i++)
		notify_passing("STATUS=again %zu", i);
	return n;
}

static void drain(int fd, size_t count)
{
	char text[64];

	for (size_t i = 0; i < count; i++)
		assert_true(recv(fd, text, sizeof(text), 0) > 0);
}

static void what_is_said_arrives(void **state)
{
	int fd = systemd_at(folder_path(&folder, "notify"));

	(void)state;
	notify_state("READY=%d", 1);
	notify_passing("STATUS=%s", "fine");
	expect(fd, "READY=1");
	expect(fd, "STATUS=fine");
	expect_nothing(fd);
	close(fd);
}

static void who_does_not_read_is_not_waited_for(void **state)
{
	int fd = systemd_at(folder_path(&folder, "notify"));

	(void)state;
	alarm(10);
	size_t room = fill(fd);
	assert_in_range(room, 1, MANY - 1);
	notify_state("RELOADING=1");
	notify_state("READY=1");
	notify_passing("WATCHDOG=1");
	alarm(0);
	drain(fd, room);
	expect_nothing(fd);
	/* What must not be lost comes with whatever is said next. */
	notify_passing("STATUS=late");
	expect(fd, "RELOADING=1");
	expect(fd, "READY=1");
	expect(fd, "STATUS=late");
	expect_nothing(fd);
	close(fd);
}

static void the_newest_states_are_kept(void **state)
{
	int fd = systemd_at(folder_path(&folder, "notify"));
	char want[32];

	(void)state;
	size_t room = fill(fd);
	for (int i = 0; i < 3 * NOTIFY_KEPT; i++)
		notify_state("X_STATE=%d", i);
	drain(fd, room);
	notify_passing("STATUS=late");
	for (int i = 2 * NOTIFY_KEPT; i < 3 * NOTIFY_KEPT; i++) {
		snprintf(want, sizeof(want), "X_STATE=%d", i);
		expect(fd, want);
	}
	expect(fd, "STATUS=late");
	close(fd);
}

static void nobody_is_told_nothing(void **state)
{
	static const char *const names[] = {"", "@", "/", "nonsense", "vsock:2:1"};
	const char *path = folder_path(&folder, "notify");

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		notify_state("READY=1");
	}
	setenv("NOTIFY_SOCKET", path, 1);
	notify_state("READY=1");
	unsetenv("NOTIFY_SOCKET");
	notify_state("READY=1");
	/* Nothing of that is kept. */
	int fd = systemd_at(path);
	notify_passing("STATUS=here");
	expect(fd, "STATUS=here");
	close(fd);
}

static void an_abstract_name(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char name[40];

	(void)state;
	int n = snprintf(name, sizeof(name), "@dht-test-%d", (int)getpid());
	memcpy(at.sun_path + 1, name + 1, (size_t)n - 1);
	socklen_t len = (socklen_t)(sizeof(at.sun_family) + (size_t)n);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	notify_state("READY=1");
	expect(fd, "READY=1");
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_said_arrives),
		TEST(who_does_not_read_is_not_waited_for),
		TEST(the_newest_states_are_kept),
		TEST(nobody_is_told_nothing),
		TEST(an_abstract_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
