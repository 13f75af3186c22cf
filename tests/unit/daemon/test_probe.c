/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"

static struct lab lab;

static void open_with_board(const char *address, size_t count)
{
	assert_true(sodium_init() >= 0);
	lab_open(&lab, address, count);
	lab_add_board(&lab);
}

static struct probes *new_probes(void)
{
	struct probes *p = probes_new(lab.board, &lab.at, lab.count);

	assert_non_null(p);
	return p;
}

/* Whether all workers but this one (-1: all) come to answer. */
static bool all_answer(struct probes *p, int but)
{
	bool all = false;

	for (int i = 0; i < 1000 && !all; i++) {
		poll(NULL, 0, 5);
		probes_go_on(p);
		all = true;
		for (size_t w = 0; w < lab.count; w++)
			all &= (int)w == but || probes_state(p, w) == PROBE_ANSWERED;
	}
	return all;
}

static size_t ports_of_ours(void)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT(lab.board->ports); i++)
		n += (size_t)__builtin_popcountll(lab.board->ports[i]);
	return n;
}

static void each_worker_answers(const char *address, size_t count)
{
	open_with_board(address, count);
	lab_start_all(&lab);
	struct probes *p = new_probes();
	for (int round = 0; round < 20; round++) {
		probes_begin(p);
		for (size_t w = 0; w < count; w++)
			assert_int_equal(probes_state(p, w), PROBE_WAITING);
		assert_true(all_answer(p, -1));
		/* One port for each is kept, the others are closed. */
		assert_int_equal(ports_of_ours(), count);
	}
	assert_in_range(lab_counter(&lab, STATS_PROBES), 20 * count, 100000);
	assert_int_equal(lab_counter(&lab, STATS_REQUEST_GET), 0);
	assert_int_equal(lab_counter(&lab, STATS_MISSES), 0);
	probes_free(p);
	assert_int_equal(ports_of_ours(), 0);
	lab_close(&lab);
}

static void one_worker_answers(void **state)
{
	(void)state;
	each_worker_answers("127.0.0.1", 1);
}

static void two_workers_answer(void **state)
{
	(void)state;
	each_worker_answers("127.0.0.1", 2);
}

static void eight_workers_answer(void **state)
{
	(void)state;
	each_worker_answers("127.0.0.1", 8);
}

static void workers_answer_by_ipv6(void **state)
{
	(void)state;
	each_worker_answers("::1", 2);
}

/* listen.ports.client_reply: answers leave from another socket. */
static void answers_may_come_from_another_port(void **state)
{
	struct addr at;

	(void)state;
	open_with_board("127.0.0.1", 2);
	assert_int_equal(addr_parse("127.0.0.1", 0, &at), 0);
	struct udp_socket reply;
	assert_int_equal(udp_open(&reply, &at, UDP_FIRST), 0);
	lab.out[0] = lab.out[1] = reply;
	lab_start_all(&lab);
	struct probes *p = new_probes();
	probes_begin(p);
	assert_true(all_answer(p, -1));
	probes_free(p);
	lab_close(&lab);
	udp_close(&reply);
}

/* A socket in the group that nobody reads is a worker that hangs. */
static void one_that_hangs_is_found(size_t count)
{
	open_with_board("127.0.0.1", count);
	for (size_t i = 1; i < count; i++)
		lab_start(&lab, i);
	struct probes *p = new_probes();
	probes_begin(p);
	assert_true(all_answer(p, 0));
	for (int i = 0; i < 100; i++) {
		probes_go_on(p);
		assert_int_equal(probes_state(p, 0), PROBE_WAITING);
	}
	lab_start(&lab, 0);
	assert_true(all_answer(p, -1));
	probes_begin(p);
	assert_true(all_answer(p, -1));
	probes_free(p);
	lab_close(&lab);
}

static void one_of_two_that_hangs_is_found(void **state)
{
	(void)state;
	one_that_hangs_is_found(2);
}

static void one_of_eight_that_hangs_is_found(void **state)
{
	(void)state;
	one_that_hangs_is_found(8);
}

/* A socket joins the group, another leaves it: the ports that were known go elsewhere. */
static void a_changed_group_is_learned_again(void **state)
{
	(void)state;
	open_with_board("127.0.0.1", 4);
	lab_start_all(&lab);
	struct probes *p = new_probes();
	probes_begin(p);
	assert_true(all_answer(p, -1));
	for (int round = 0; round < 5; round++) {
		lab_stop(&lab);
		for (size_t i = 0; i < lab.count; i++) {
			udp_close(&lab.sockets[i]);
			assert_int_equal(udp_open(&lab.sockets[i], &lab.at, UDP_JOIN), 0);
			lab.out[i] = lab.sockets[i];
		}
		lab_start_all(&lab);
		probes_begin(p);
		assert_true(all_answer(p, -1));
	}
	probes_free(p);
	lab_close(&lab);
}

/* Neither clients.allow nor clients.rate can make a working daemon look dead. */
static void no_policy_stops_them(void **state)
{
	(void)state;
	open_with_board("127.0.0.1", 2);
	lab.policy.allow_count = 0;
	lab.policy.rate = 1;
	lab_start_all(&lab);
	struct probes *p = new_probes();
	for (int round = 0; round < 5; round++) {
		probes_begin(p);
		assert_true(all_answer(p, -1));
	}
	assert_int_equal(lab_counter(&lab, STATS_DROP_DENIED), 0);
	/* The same from a port that is not ours. */
	struct addr at = {.ip = lab.at.ip};
	struct udp_socket other;
	static const uint8_t get[] = {0, 0, 1, 0xaa};
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&lab.at, true, &ss);
	assert_int_equal(udp_open(&other, &at, UDP_FIRST), 0);
	assert_int_equal(
		sendto(other.fd, get, sizeof(get), 0, (struct sockaddr *)&ss, len), sizeof(get));
	for (int i = 0; i < 1000 && lab_counter(&lab, STATS_DROP_DENIED) == 0; i++)
		poll(NULL, 0, 5);
	assert_int_equal(lab_counter(&lab, STATS_DROP_DENIED), 1);
	udp_close(&other);
	probes_free(p);
	lab_close(&lab);
}

static void a_worker_without_a_socket_is_not_waited_for(void **state)
{
	(void)state;
	open_with_board("127.0.0.1", 3);
	udp_close(&lab.sockets[1]);
	lab_start_all(&lab);
	struct probes *p = new_probes();
	probes_begin(p);
	assert_int_equal(probes_state(p, 1), PROBE_CANNOT);
	assert_true(all_answer(p, 1));
	assert_int_equal(probes_state(p, 1), PROBE_CANNOT);
	assert_int_equal(ports_of_ours(), 2);
	probes_free(p);
	lab_close(&lab);
}

/* 192.0.2.1 (TEST-NET-1) is no address of ours: nothing can be sent from it. */
static void what_cannot_be_sent_says_nothing(void **state)
{
	struct addr at;

	(void)state;
	assert_int_equal(addr_parse("192.0.2.1:8470", 0, &at), 0);
	struct probe_board *board = probe_board_new(&at.ip);
	struct probes *p = probes_new(board, &at, 2);
	assert_non_null(p);
	probes_begin(p);
	assert_int_equal(probes_state(p, 0), PROBE_CANNOT);
	probes_go_on(p);
	assert_int_equal(probes_state(p, 1), PROBE_CANNOT);
	probes_free(p);
	probe_board_free(board);
}

/* A network of our own, whose loopback interface is down: what is sent is taken, and never comes.
 */
static int enter_dead_network(void)
{
	struct ifreq lo = {.ifr_name = "lo"};

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return -1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	lo.ifr_flags = IFF_UP;
	int err = ioctl(fd, SIOCSIFFLAGS, &lo);
	lo.ifr_flags = 0;
	if (err == 0)
		err = ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
	return err;
}

static void watch_dead_network(void)
{
	if (enter_dead_network() != 0)
		_exit(77);
	open_with_board("127.0.0.1", 2);
	lab_start_all(&lab);
	struct probes *p = new_probes();
	probes_begin(p);
	/* Late is not lost. */
	probes_go_on(p);
	bool waited = probes_state(p, 0) == PROBE_WAITING;
	for (int i = 0; i < 10; i++)
		probes_go_on(p);
	bool told = probes_state(p, 0) == PROBE_CANNOT && probes_state(p, 1) == PROBE_CANNOT;
	probes_free(p);
	lab_close(&lab);
	_exit(waited && told ? 0 : 1);
}

static void what_is_not_carried_says_nothing(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		watch_dead_network();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A flood may eat most of what is sent: more is sent as long as an answer is missing, but not
 * without a bound. */
static void more_are_sent_when_none_is_answered(void **state)
{
	size_t most = 0, first = 0;
	uint8_t got[100];

	(void)state;
	open_with_board("127.0.0.1", 1);
	struct probes *p = new_probes();
	probes_begin(p);
	for (int i = 0; i < 50; i++) {
		size_t n = 0;
		while (recv(lab.sockets[0].fd, got, sizeof(got), 0) == 35)
			n++;
		first = i == 0 ? n : first;
		most = n > most ? n : most;
		assert_in_range(ports_of_ours(), 1, 64);
		probes_go_on(p);
	}
	assert_int_equal(first, 8);
	assert_in_range(most, 16, 200);
	probes_free(p);
	lab_close(&lab);
}

/* What a worker says late belongs to no round; and nothing but an answer is one. */
static void only_an_answer_of_this_round_counts(void **state)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	static const uint8_t have[] = {3, 0, 0}, get[] = {0, 0, 1, 0xaa};
	uint8_t got[100];

	(void)state;
	open_with_board("127.0.0.1", 1);
	struct probes *p = new_probes();
	int fd = lab.sockets[0].fd;
	probes_begin(p);
	assert_int_equal(recvfrom(fd, got, sizeof(got), 0, (struct sockaddr *)&ss, &len), 35);
	struct addr from;
	assert_int_equal(addr_from_sockaddr(&ss, &from), 0);
	assert_true(probe_is_own(lab.board, &from));
	probe_note(lab.board, &from, 0);
	sendto(fd, get, sizeof(get), 0, (struct sockaddr *)&ss, len);
	sendto(fd, have, 2, 0, (struct sockaddr *)&ss, len);
	probes_go_on(p);
	assert_int_equal(probes_state(p, 0), PROBE_WAITING);
	sendto(fd, have, sizeof(have), 0, (struct sockaddr *)&ss, len);
	probes_go_on(p);
	assert_int_equal(probes_state(p, 0), PROBE_ANSWERED);
	/* The port is kept, and the answer's repeat is late. */
	sendto(fd, have, sizeof(have), 0, (struct sockaddr *)&ss, len);
	probes_begin(p);
	probes_go_on(p);
	assert_int_equal(probes_state(p, 0), PROBE_WAITING);
	probes_free(p);
	assert_false(probe_is_own(lab.board, &from));
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_worker_answers),
		cmocka_unit_test(two_workers_answer),
		cmocka_unit_test(eight_workers_answer),
		cmocka_unit_test(workers_answer_by_ipv6),
		cmocka_unit_test(answers_may_come_from_another_port),
		cmocka_unit_test(one_of_two_that_hangs_is_found),
		cmocka_unit_test(one_of_eight_that_hangs_is_found),
		cmocka_unit_test(a_changed_group_is_learned_again),
		cmocka_unit_test(no_policy_stops_them),
		cmocka_unit_test(a_worker_without_a_socket_is_not_waited_for),
		cmocka_unit_test(what_cannot_be_sent_says_nothing),
		cmocka_unit_test(what_is_not_carried_says_nothing),
		cmocka_unit_test(more_are_sent_when_none_is_answered),
		cmocka_unit_test(only_an_answer_of_this_round_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
