/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/udp.h"

#include "../unit.h"

#define MAX 600

static struct udp_inbox inbox;
static struct udp_sender sender;

static const struct udp_socket *nth(const void *sockets, uint32_t flow_socket)
{
	return (const struct udp_socket *)sockets + flow_socket;
}

static size_t send_by(const struct udp_socket *sockets, struct outbox *out)
{
	struct udp_way way = {.of = nth, .owner = sockets};

	return udp_send(&sender, &way, out);
}

static int make_inbox(void **state)
{
	(void)state;
	return udp_inbox_init(&inbox, MAX);
}

static int free_inbox(void **state)
{
	(void)state;
	udp_inbox_fini(&inbox);
	return 0;
}

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, 0, &a), 0);
	return a;
}

/* Where a socket ended up that was bound to port 0. */
static struct addr bound_to(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr(&ss, &a), 0);
	return a;
}

static struct udp_socket open_at(const char *text)
{
	struct udp_socket s;
	struct addr a = addr_of(text);

	assert_int_equal(udp_open(&s, &a, UDP_FIRST), 0);
	return s;
}

/* A plain socket of a client. */
static int client_at(const char *text)
{
	struct addr a = addr_of(text);
	struct sockaddr_storage ss;
	bool v4 = ip_is_v4(&a.ip);
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	socklen_t len = addr_to_sockaddr(&a, v4, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

static void send_to(int fd, const struct addr *to, const void *bytes, size_t len)
{
	struct sockaddr_storage ss;
	socklen_t ss_len = addr_to_sockaddr(to, ip_is_v4(&to->ip), &ss);

	assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&ss, ss_len), len);
}

static bool has_datagram(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

/* Who sent the next datagram, whose bytes must be these. */
static struct addr receive_from(int fd, const char *want)
{
	char bytes[MAX];
	struct sockaddr_storage ss;
	socklen_t ss_len = sizeof(ss);
	struct addr from;

	assert_true(has_datagram(fd, 2000));
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&ss, &ss_len);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(bytes, want, strlen(want));
	assert_int_equal(addr_from_sockaddr(&ss, &from), 0);
	return from;
}

/* Answers what is queued at s with the same bytes, from `from`. */
static size_t echo(struct udp_socket *s, struct udp_socket *from)
{
	struct outgoing items[UDP_BATCH];
	uint8_t bytes[UDP_BATCH * MAX];
	struct outbox out = {
		.items = items, .bytes = bytes, .capacity = UDP_BATCH, .datagram_max = MAX};

	assert_true(has_datagram(s->fd, 2000));
	udp_receive(s, 0, &inbox);
	for (size_t i = 0; i < inbox.count; i++) {
		memcpy(outbox_room(&out), inbox.got[i].bytes, inbox.got[i].len);
		outbox_push(&out, &inbox.got[i].flow, inbox.got[i].len);
	}
	return send_by(from, &out);
}

/* An answer comes from where the question went. */
static void check_socket(struct udp_socket s, const char *ask, const char *client)
{
	struct addr at = addr_of(ask);
	int fd = client_at(client);

	at.port = bound_to(s.fd).port;
	send_to(fd, &at, "hello", 5);
	assert_int_equal(echo(&s, &s), 0);
	assert_int_equal(inbox.count, 1);
	struct addr seen = bound_to(fd);
	assert_true(addr_equal(&inbox.got[0].flow.remote, &seen));
	assert_int_equal(inbox.got[0].flow.scope, 0);
	struct addr from = receive_from(fd, "hello");
	assert_true(addr_equal(&from, &at));
	close(fd);
	udp_close(&s);
}

static void check_address(const char *bind_to, const char *ask, const char *client)
{
	check_socket(open_at(bind_to), ask, client);
}

/* One that somebody else has opened. */
static struct udp_socket adopt_at(const char *text)
{
	struct addr a = addr_of(text);
	int fd = client_at(text);
	struct udp_socket s;

	assert_int_equal(udp_adopt(&s, fd, &a), 0);
	assert_int_equal(s.fd, fd);
	return s;
}

static void an_adopted_socket_is_as_good(void **state)
{
	(void)state;
	check_socket(adopt_at("127.0.0.1:0"), "127.0.0.1:0", "127.0.0.1:0");
	check_socket(adopt_at("0.0.0.0:0"), "127.0.0.77:0", "127.0.0.1:0");
	check_socket(adopt_at("[::1]:0"), "[::1]:0", "[::1]:0");
	check_socket(adopt_at("[::]:0"), "[::1]:0", "[::1]:0");
	/* Whoever opened it has not said that it takes IPv6 only. */
	check_socket(adopt_at("[::]:0"), "127.0.0.77:0", "127.0.0.1:0");

	struct udp_socket s = adopt_at("127.0.0.1:0"), other;
	struct addr at = bound_to(s.fd);
	assert_int_equal(udp_open(&other, &at, UDP_JOIN), 0);
	udp_close(&other);
	udp_close(&s);
	udp_close(&s);
	assert_int_equal(udp_overflows(&s), 0);
	assert_int_equal(udp_adopt(&s, -1, &at), DHT_ESYSTEM);
	assert_int_equal(errno, EBADF);
}

static void answers_leave_from_the_address_that_was_asked(void **state)
{
	(void)state;
	check_address("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0");
	check_address("127.0.0.1:0", "127.0.0.1:0", "127.0.0.9:0");
	check_address("0.0.0.0:0", "127.0.0.1:0", "127.0.0.1:0");
	check_address("0.0.0.0:0", "127.0.0.77:0", "127.0.0.1:0");
	check_address("[::1]:0", "[::1]:0", "[::1]:0");
	check_address("[::]:0", "[::1]:0", "[::1]:0");
}

static void answers_can_leave_from_another_port(void **state)
{
	struct udp_socket s = open_at("0.0.0.0:0"), reply = open_at("0.0.0.0:0");
	struct addr at = addr_of("127.0.0.5:0");
	int fd = client_at("127.0.0.1:0");

	(void)state;
	assert_int_equal(udp_make_deaf(&reply), 0);
	at.port = bound_to(s.fd).port;
	send_to(fd, &at, "hello", 5);
	assert_int_equal(echo(&s, &reply), 0);
	struct addr from = receive_from(fd, "hello");
	assert_true(ip_equal(&from.ip, &at.ip));
	assert_int_equal(from.port, bound_to(reply.fd).port);

	/* What is sent there is never seen. */
	send_to(fd, &from, "hello", 5);
	assert_false(has_datagram(reply.fd, 50));
	close(fd);
	udp_close(&s);
	udp_close(&reply);
}

static void ipv6_sockets_leave_ipv4_alone(void **state)
{
	struct udp_socket six = open_at("[::]:0"), four;
	struct addr at = addr_of("0.0.0.0:0");

	(void)state;
	at.port = bound_to(six.fd).port;
	assert_int_equal(udp_open(&four, &at, UDP_FIRST), 0);
	udp_close(&four);
	udp_close(&six);
	assert_int_equal(six.fd, -1);
}

static void nobody_else_gets_the_port(void **state)
{
	struct udp_socket first = open_at("127.0.0.1:0"), second;
	struct addr at = bound_to(first.fd), any = addr_of("0.0.0.0:0");

	(void)state;
	any.port = at.port;
	assert_int_equal(udp_open(&second, &at, UDP_FIRST), DHT_ESYSTEM);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(udp_open(&second, &any, UDP_FIRST), DHT_ESYSTEM);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(udp_open(&second, &at, UDP_JOIN), 0);
	udp_close(&first);
	assert_int_equal(udp_open(&first, &at, UDP_FIRST), DHT_ESYSTEM);
	udp_close(&second);
	assert_int_equal(udp_open(&first, &at, UDP_FIRST), 0);
	udp_close(&first);
}

/* The kernel deals clients to all sockets, the one that was first too. */
static void joined_sockets_share_the_load(void **state)
{
	struct udp_socket sockets[3] = {open_at("127.0.0.1:0")};
	struct addr at = bound_to(sockets[0].fd);
	size_t total = 0;

	(void)state;
	for (size_t i = 1; i < COUNT(sockets); i++)
		assert_int_equal(udp_open(&sockets[i], &at, UDP_JOIN), 0);
	for (int i = 0; i < 64; i++) {
		int fd = client_at("127.0.0.1:0");
		send_to(fd, &at, "x", 1);
		close(fd);
	}
	for (size_t i = 0; i < COUNT(sockets); i++) {
		size_t n = udp_receive(&sockets[i], 0, &inbox);
		assert_in_range(n, 1, 63);
		total += n;
		udp_close(&sockets[i]);
	}
	assert_int_equal(total, 64);
}

static void long_datagrams_are_left_out(void **state)
{
	struct udp_socket s = open_at("127.0.0.1:0");
	struct addr at = bound_to(s.fd);
	char bytes[MAX + 1] = {0};
	int fd = client_at("127.0.0.1:0");

	(void)state;
	send_to(fd, &at, bytes, MAX + 1);
	send_to(fd, &at, bytes, MAX);
	send_to(fd, &at, bytes, 0);
	assert_true(has_datagram(s.fd, 2000));
	assert_int_equal(udp_receive(&s, 7, &inbox), 3);
	assert_int_equal(inbox.count, 2);
	assert_int_equal(inbox.truncated, 1);
	assert_int_equal(inbox.got[0].len, MAX);
	assert_int_equal(inbox.got[1].len, 0);
	assert_int_equal(inbox.got[0].flow.socket, 7);
	assert_int_equal(udp_receive(&s, 0, &inbox), 0);
	assert_int_equal(inbox.count, 0);
	close(fd);
	udp_close(&s);
}

static void what_the_kernel_drops_is_counted(void **state)
{
	struct udp_socket s = open_at("127.0.0.1:0");
	struct addr at = bound_to(s.fd);
	int fd = client_at("127.0.0.1:0"), small = 1;
	uint64_t taken = 0;
	size_t n;

	(void)state;
	assert_int_equal(setsockopt(s.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 100; i++)
		send_to(fd, &at, "hello", 5);
	while ((n = udp_receive(&s, 0, &inbox)) > 0)
		taken += n;
	assert_true(taken < 100);
	assert_int_equal(taken + udp_overflows(&s), 100);
	assert_int_equal(udp_overflows(&s), 0);
	close(fd);
	udp_close(&s);
}

static void push(struct outbox *out, uint32_t socket, const char *to, uint16_t port)
{
	struct flow flow = {.remote = addr_of(to), .socket = socket};

	flow.remote.port = port;
	memcpy(outbox_room(out), "hello", 5);
	outbox_push(out, &flow, 5);
}

/* A datagram that cannot be sent takes nothing from those around it. */
static void a_refused_datagram_is_stepped_over(void **state)
{
	struct udp_socket s[2] = {open_at("127.0.0.1:0"), open_at("[::1]:0")};
	int four = client_at("127.0.0.1:0"), six = client_at("[::1]:0");
	uint16_t four_port = bound_to(four).port, six_port = bound_to(six).port;
	struct outgoing items[300];
	struct outbox out = {.items = items, .capacity = 300, .datagram_max = MAX};
	size_t sent = 0;

	(void)state;
	out.bytes = malloc(out.capacity * MAX);
	assert_non_null(out.bytes);
	push(&out, 0, "127.0.0.1", four_port);
	push(&out, 0, "255.255.255.255", 1); /* no SO_BROADCAST: not permitted */
	push(&out, 0, "127.0.0.1", four_port);
	push(&out, 1, "::1", six_port);
	push(&out, 1, "::1", 0); /* no port at all */
	push(&out, 0, "127.0.0.1", 0);
	push(&out, 1, "::1", six_port);
	while (out.count < 250)
		push(&out, 0, "127.0.0.1", four_port);
	assert_int_equal(send_by(s, &out), 3);
	assert_int_equal(out.count, 0);
	for (; has_datagram(four, 50); sent++)
		receive_from(four, "hello");
	for (; has_datagram(six, 50); sent++)
		receive_from(six, "hello");
	assert_int_equal(sent, 247);
	assert_int_equal(send_by(s, &out), 0);
	free(out.bytes);
	close(four);
	close(six);
	udp_close(&s[0]);
	udp_close(&s[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_inbox, free_inbox)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_leave_from_the_address_that_was_asked),
		TEST(an_adopted_socket_is_as_good),
		TEST(answers_can_leave_from_another_port),
		TEST(ipv6_sockets_leave_ipv4_alone),
		TEST(nobody_else_gets_the_port),
		TEST(joined_sockets_share_the_load),
		TEST(long_datagrams_are_left_out),
		TEST(what_the_kernel_drops_is_counted),
		TEST(a_refused_datagram_is_stepped_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
