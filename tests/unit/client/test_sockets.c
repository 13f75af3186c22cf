/* SPDX-License-Identifier: BSD-2-Clause */
/* (The linker puts __wrap_sendmmsg() before the real one: a loopback's buffer is never full.) */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client/sockets.h"

#include "../unit.h"
#include "responder.h"

int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags);

/* How often sending is to fail before it works again, and how. */
static int failures, failure;

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
	if (failures > 0) {
		failures--;
		errno = failure;
		return -1;
	}
	/* Few at a time, so that a rest stays behind. */
	return __real_sendmmsg(fd, messages, n > 2 ? 2 : n, flags);
}

/* A requester on real sockets, without a handle. */
struct rig {
	struct resolved servers[4];
	struct requester_server addrs[4];
	struct requester *r;
	struct sockets s;
	struct requester_time now;
	int error;
};

static void start(struct rig *rig, const char *servers, bool base_only)
{
	static const uint8_t secret[REQUESTER_SECRET_LEN] = "sixteen letters";
	int n = resolve_servers(servers, rig->servers, 4);
	struct requester_config config = {
		.servers = rig->addrs,
		.server_count = (size_t)n,
		.timeout_ms = 2000,
		.tries = 6,
		.window = 64,
		.base_only = base_only,
		.max_datagram = 1232,
	};

	assert_true(n > 0);
	for (int i = 0; i < n; i++)
		rig->addrs[i].addr = rig->servers[i].addr;
	rig->r = requester_new(&config, secret);
	rig->now = (struct requester_time){.mono_us = 1};
	rig->error = 0;
	assert_int_equal(sockets_init(&rig->s, rig->servers, (size_t)n, config.max_datagram), 0);
}

static void stop(struct rig *rig)
{
	sockets_fini(&rig->s);
	requester_free(rig->r);
}

static void get(struct rig *rig, uint32_t i)
{
	struct dht_hash h = {.len = 4};
	struct request_spec spec = {.kind = REQUEST_GET, .hash = &h, .server = -1};

	memcpy(h.bytes, &i, 4);
	assert_non_null(requester_start(rig->r, &spec));
}

/* Goes on until n requests have ended; the requester's own clock stands still, so that nothing is
 * tried again. Gives how many ended without an error. */
static size_t run(struct rig *rig, size_t n)
{
	size_t good = 0;
	struct outcome o;

	for (size_t ended = 0; ended < n;) {
		struct pollfd p = {.fd = rig->s.epoll_fd, .events = POLLIN};
		assert_int_equal(sockets_send(&rig->s, rig->r, &rig->now), 0);
		while (requester_take(rig->r, &o)) {
			ended++;
			good += o.error == 0;
			rig->error = o.error ? o.error : rig->error;
			free(o.answer.providers);
		}
		if (ended < n && !requester_has_output(rig->r))
			assert_int_equal(poll(&p, 1, 5000), 1);
		assert_int_equal(sockets_receive(&rig->s, rig->r, &rig->now), 0);
	}
	return good;
}

static void there_and_back(void **state)
{
	struct responder responder;
	struct rig rig;

	(void)state;
	responder_start(&responder, 0);
	start(&rig, responder.address, false);
	for (uint32_t i = 0; i < 5000; i++)
		get(&rig, i);
	assert_int_equal(run(&rig, 5000), 5000);
	assert_true(responder.biggest <= 1232);
	stop(&rig);
	responder_stop(&responder);
}

static void answers_from_another_port(void **state)
{
	struct responder responder;
	struct rig rig;

	(void)state;
	responder_start(&responder, 0);
	responder.reply_apart = true;
	for (int base = 0; base < 2; base++) {
		start(&rig, responder.address, base);
		get(&rig, 2);
		assert_int_equal(run(&rig, 1), 1);
		stop(&rig);
	}
	responder_stop(&responder);
}

static void each_hash_has_a_port_of_its_own(void **state)
{
	struct responder responder;
	struct rig rig;

	(void)state;
	responder_start(&responder, 0);
	start(&rig, responder.address, true);
	for (uint32_t i = 0; i < 1000; i++)
		get(&rig, i);
	assert_int_equal(run(&rig, 1000), 1000);
	assert_int_equal(responder.received[0], 1000);
	/* Two neighbours may have drawn the same one by chance, but not often. */
	assert_in_range(responder.ports, 990, 1000);
	stop(&rig);
	responder_stop(&responder);
}

static void nobody_listens_here_but_there(void **state)
{
	struct responder responder;
	struct rig rig;
	char nobody[32], list[80];

	(void)state;
	responder_start(&responder, 0);
	responder_nobody(nobody, 1);
	snprintf(list, sizeof(list), "%s,%s", nobody, responder.address);
	for (int base = 0; base < 2; base++) {
		start(&rig, list, base);
		for (uint32_t i = 0; i < 100; i++)
			get(&rig, i);
		assert_int_equal(run(&rig, 100), 100);
		stop(&rig);
	}
	responder_stop(&responder);
}

static void nobody_listens_anywhere(void **state)
{
	struct rig rig;
	char one[32], other[32], list[80];
	struct outcome o;
	size_t ended = 0;

	(void)state;
	responder_nobody(one, 0);
	responder_nobody(other, 1);
	snprintf(list, sizeof(list), "%s,%s", one, other);
	start(&rig, list, false);
	for (uint32_t i = 0; i < 5000; i++)
		get(&rig, i);
	for (int round = 0; ended < 5000; round++) {
		assert_true(round < 1000);
		assert_int_equal(sockets_send(&rig.s, rig.r, &rig.now), 0);
		struct pollfd p = {.fd = rig.s.epoll_fd, .events = POLLIN};
		if (poll(&p, 1, 10) == 0) {
			/* Both have said so: only the pause before the second round is left. */
			rig.now.mono_us += 100000;
			requester_tick(rig.r, &rig.now);
		}
		assert_int_equal(sockets_receive(&rig.s, rig.r, &rig.now), 0);
		while (requester_take(rig.r, &o)) {
			assert_int_equal(o.error, DHT_ERR_UNREACHABLE);
			ended++;
		}
	}
	/* No time-out has passed, just that pause. */
	assert_true(rig.now.mono_us < 2500000);
	stop(&rig);
}

static void no_way_is_as_good_as_nobody(void **state)
{
	struct responder responder;
	struct rig rig;
	char list[80];

	(void)state;
	responder_start(&responder, 0);
	/* A datagram to port 0 cannot be sent at all. */
	snprintf(list, sizeof(list), "127.8.0.2:1,%s", responder.address);
	start(&rig, list, false);
	struct sockaddr_in to;
	memcpy(&to, &rig.servers[0].to, sizeof(to));
	to.sin_port = 0;
	memcpy(&rig.servers[0].to, &to, sizeof(to));
	for (uint32_t i = 0; i < 100; i++)
		get(&rig, i);
	assert_int_equal(run(&rig, 100), 100);
	stop(&rig);
	responder_stop(&responder);
}

static void without_descriptors_nothing_is_lost(void **state)
{
	struct responder responder;
	struct rlimit limit, none;
	struct rig rig;

	(void)state;
	responder_start(&responder, 0);
	start(&rig, responder.address, false);
	get(&rig, 2);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(sockets_send(&rig.s, rig.r, &rig.now), DHT_ERR_SYSTEM);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(run(&rig, 1), 1);
	stop(&rig);
	responder_stop(&responder);
}

static void a_full_buffer_is_waited_for(void **state)
{
	struct responder responder;
	struct rig rig;

	(void)state;
	responder_start(&responder, 0);
	start(&rig, responder.address, false);
	for (uint32_t i = 0; i < 2000; i++)
		get(&rig, i);
	failure = EAGAIN;
	failures = 1;
	assert_int_equal(sockets_send(&rig.s, rig.r, &rig.now), 0);
	assert_true(rig.s.blocked);
	/* Nothing more is asked of the requester meanwhile. */
	size_t waiting = rig.s.end;
	assert_int_equal(sockets_send(&rig.s, rig.r, &rig.now), 0);
	assert_int_equal(rig.s.end, waiting);
	assert_int_equal(responder.received[16], 0);
	failures = 1;
	assert_int_equal(run(&rig, 2000), 2000);
	assert_false(rig.s.blocked);
	stop(&rig);
	responder_stop(&responder);
}

static void what_sending_may_say(void **state)
{
	struct responder responders[2];
	struct rig rig;
	char list[80];

	(void)state;
	responder_start(&responders[0], 0);
	responder_start(&responders[1], 1);
	snprintf(list, sizeof(list), "%s,%s", responders[0].address, responders[1].address);
	start(&rig, list, false);
	/* Interrupted, or an error of something earlier: again. */
	failure = EINTR;
	failures = 2;
	get(&rig, 2);
	assert_int_equal(run(&rig, 1), 1);
	failure = ECONNREFUSED;
	failures = 1;
	get(&rig, 2);
	assert_int_equal(run(&rig, 1), 1);
	assert_int_equal(responders[1].received[16], 0);
	/* Twice: it is this datagram's, so to the next server. */
	failure = ENETUNREACH;
	failures = 2;
	get(&rig, 2);
	assert_int_equal(run(&rig, 1), 1);
	assert_int_equal(responders[1].received[16], 1);
	/* Lost on the way out: tried again after its time-out, as if it had been lost elsewhere. */
	failure = ENOBUFS;
	failures = 1;
	get(&rig, 2);
	assert_int_equal(sockets_send(&rig.s, rig.r, &rig.now), 0);
	assert_false(requester_has_output(rig.r));
	rig.now.mono_us = requester_deadline(rig.r);
	requester_tick(rig.r, &rig.now);
	assert_int_equal(run(&rig, 1), 1);
	stop(&rig);
	responder_stop(&responders[0]);
	responder_stop(&responders[1]);
}

static void over_ipv6(void **state)
{
	struct rig rig;
	char list[40];
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t bytes[2048], answer[] = {3, 0, 0};

	(void)state;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		if (fd >= 0)
			close(fd);
		skip();
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(list, sizeof(list), "[::1]:%u", ntohs(at.sin6_port));
	start(&rig, list, true);
	get(&rig, 1);
	assert_int_equal(sockets_send(&rig.s, rig.r, &rig.now), 0);
	assert_true(recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&at, &len) > 0);
	assert_int_equal(
		sendto(fd, answer, sizeof(answer), 0, (struct sockaddr *)&at, len), sizeof(answer));
	assert_int_equal(run(&rig, 1), 1);
	close(fd);
	/* Nobody is there any more. */
	get(&rig, 1);
	assert_int_equal(sockets_send(&rig.s, rig.r, &rig.now), 0);
	struct pollfd p = {.fd = rig.s.epoll_fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 5000), 1);
	stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(answers_from_another_port),
		cmocka_unit_test(each_hash_has_a_port_of_its_own),
		cmocka_unit_test(nobody_listens_here_but_there),
		cmocka_unit_test(nobody_listens_anywhere),
		cmocka_unit_test(no_way_is_as_good_as_nobody),
		cmocka_unit_test(without_descriptors_nothing_is_lost),
		cmocka_unit_test(a_full_buffer_is_waited_for),
		cmocka_unit_test(what_sending_may_say),
		cmocka_unit_test(over_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
