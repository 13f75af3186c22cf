/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/given.h"
#include "daemon/log.h"

#include "../unit.h"

static int inet_at(int type, const char *text, struct addr *at)
{
	struct sockaddr_storage ss;
	struct addr a;

	assert_int_equal(addr_parse(text, 0, &a), 0);
	bool v4 = ip_is_v4(&a.ip);
	int fd = socket(v4 ? AF_INET : AF_INET6, type, 0);
	socklen_t len = addr_to_sockaddr(&a, v4, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	len = sizeof(ss);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr(&ss, at), 0);
	return fd;
}

static void add(struct given *g, const char *name, int fd)
{
	struct given_socket *s = &g->sockets[g->count++];

	s->fd = fd;
	strcpy(s->name, name);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void sockets_are_found_by_name_and_address(void **state)
{
	static struct given g;
	struct addr one, two, six, stream_at, nowhere = {.port = 9};
	int a = inet_at(SOCK_DGRAM, "127.0.0.1", &one), b = inet_at(SOCK_DGRAM, "127.0.0.2", &two);
	int c = inet_at(SOCK_DGRAM, "::1", &six);
	int s = inet_at(SOCK_STREAM, "127.0.0.1", &stream_at);
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	add(&g, "control", a); /* of another kind than its name says */
	add(&g, "client", a);
	add(&g, "client", b);
	add(&g, "client", c);
	add(&g, "client", s);
	add(&g, "control", s); /* does not listen */
	add(&g, "control", pair[0]);
	assert_int_equal(given_take_stream(&g, "control"), -1);
	assert_int_equal(given_take_datagram(&g, "client", &nowhere), -1);
	assert_int_equal(given_take_datagram(&g, "other", &one), -1);
	assert_int_equal(given_take_datagram(&g, "client", &two), b);
	assert_int_equal(given_take_datagram(&g, "client", &two), -1);
	assert_int_equal(given_take_datagram(&g, "client", &six), c);
	assert_int_equal(given_take_datagram(&g, "client", &one), a);
	assert_int_equal(given_take_datagram(&g, "client", &stream_at), -1);
	assert_int_equal(listen(s, 1), 0);
	assert_int_equal(given_take_stream(&g, "client"), s);
	assert_int_equal(given_take_stream(&g, "control"), s);
	assert_int_equal(given_take_stream(&g, "control"), -1);
	close(a);
	close(b);
	close(c);
	close(s);
	close(pair[0]);
	close(pair[1]);
}

static void several_at_one_address_are_taken_in_turn(void **state)
{
	static struct given g;
	struct addr at;
	int a = inet_at(SOCK_DGRAM, "127.0.0.1", &at), b = dup(a);

	(void)state;
	add(&g, "client", a);
	add(&g, "client", b);
	assert_int_equal(given_take_datagram(&g, "client", &at), a);
	assert_int_equal(given_take_datagram(&g, "client", &at), b);
	assert_int_equal(given_take_datagram(&g, "client", &at), -1);
	close(a);
	close(b);
}

static void the_rest_is_closed_and_told(void **state)
{
	static struct given g;
	uint64_t since = log_newest(), lost;
	struct log_line l;
	struct addr at;
	int a = inet_at(SOCK_DGRAM, "127.0.0.1", &at);
	int b = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	add(&g, "client", a);
	add(&g, "other", b);
	given_drop_rest(&g);
	assert_false(is_open(a));
	assert_false(is_open(b));
	for (int i = 0; i < 2; i++) {
		assert_true(log_read(&since, LOG_LEVEL_WARNING, &l, &lost));
		assert_non_null(strstr(l.message, i == 0 ? "\"client\" (127.0.0.1:" : "\"other\""));
	}
	assert_false(log_read(&since, LOG_LEVEL_DEBUG, &l, &lost));
	given_drop_rest(&g);
	assert_false(log_read(&since, LOG_LEVEL_DEBUG, &l, &lost));
}

/* In a process of its own, with descriptors 3 and 4 as systemd would give them. */
static int collect(int first, int second)
{
	static struct given g;
	char pid[24];

	if (dup2(first, 103) < 0 || dup2(second, 104) < 0 || dup2(103, 3) < 0 || dup2(104, 4) < 0)
		return 1;
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "control:client", 1);
	given_collect(&g);
	if (g.count != 2 || strcmp(g.sockets[0].name, "control") != 0 ||
		strcmp(g.sockets[1].name, "client") != 0 || getenv("LISTEN_FDS"))
		return 2;
	for (int fd = 3; fd < 5; fd++)
		if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC) || !(fcntl(fd, F_GETFL) & O_NONBLOCK))
			return 3;
	given_collect(&g);
	return g.count == 0 ? 0 : 4;
}

static void the_environment_is_taken_over(void **state)
{
	struct addr at;
	int a = inet_at(SOCK_STREAM, "127.0.0.1", &at), b = inet_at(SOCK_DGRAM, "127.0.0.1", &at);
	int status;

	(void)state;
	pid_t child = fork();
	if (child == 0)
		_exit(collect(a, b));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(a);
	close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_are_found_by_name_and_address),
		cmocka_unit_test(several_at_one_address_are_taken_in_turn),
		cmocka_unit_test(the_rest_is_closed_and_told),
		cmocka_unit_test(the_environment_is_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
