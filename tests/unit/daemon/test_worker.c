/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/clock.h"
#include "daemon/worker.h"

#include "folder.h"

#include "daemon/policy.h"

/* A server of two workers on loopback, and one client. */
struct lab {
	struct conf conf;
	struct policy policy;
	struct server *server;
	struct warden *warden;
	struct udp_socket sockets[2];
	struct worker *workers[2];
	int client;
};

static void open_sockets(struct lab *lab)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;

	assert_int_equal(addr_parse("127.0.0.1", 0, &a), 0);
	assert_int_equal(udp_open(&lab->sockets[0], &a, UDP_FIRST), 0);
	assert_int_equal(getsockname(lab->sockets[0].fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr(&ss, &a), 0);
	assert_int_equal(udp_open(&lab->sockets[1], &a, UDP_JOIN), 0);
	lab->client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(lab->client, (struct sockaddr *)&ss, len), 0);
}

static void start_workers(struct lab *lab)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct worker_parts parts = {
			.lane = server_lane(lab->server, i),
			.warden = lab->warden,
			.in = &lab->sockets[i],
			.out = &lab->sockets[i],
			.listeners = 1,
			.datagram_max = lab->policy.max_datagram,
		};
		lab->workers[i] = worker_start(&parts);
		assert_non_null(lab->workers[i]);
	}
}

static int open_lab(void **state)
{
	static struct lab lab;
	static const struct server_seed seed = {.random = 1};
	struct now now = clock_now();
	struct faults f = {0};

	assert_int_equal(conf_load(&lab.conf, "/dev/null", NULL, &f), 0);
	lab.policy = policy_of(&lab.conf);
	lab.server = server_new(&lab.policy, &seed, 2, &now);
	assert_non_null(lab.server);
	lab.warden = warden_start(NULL, -1);
	open_sockets(&lab);
	start_workers(&lab);
	*state = &lab;
	return 0;
}

static void stop_workers(struct lab *lab)
{
	for (int i = 0; i < 2; i++)
		if (lab->workers[i])
			worker_ask_stop(lab->workers[i]);
	for (int i = 0; i < 2; i++) {
		worker_join(lab->workers[i]);
		lab->workers[i] = NULL;
	}
}

static int close_lab(void **state)
{
	struct lab *lab = *state;

	stop_workers(lab);
	warden_stop(lab->warden);
	server_free(lab->server);
	udp_close(&lab->sockets[0]);
	udp_close(&lab->sockets[1]);
	close(lab->client);
	conf_fini(&lab->conf);
	return 0;
}

static const uint8_t get[] = {0, 0, 4, 0xde, 0xad, 0xbe, 0xef};
static const uint8_t put[] = {
	1, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7, 0xde, 0xad, 0xbe, 0xef};
static const uint8_t want[] = {2, 0, 4, 0xde, 0xad, 0xbe, 0xef};
static const uint8_t have[] = {3, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
static const uint8_t nobody[] = {3, 0, 0};

static void tell(const struct lab *lab, const void *bytes, size_t len)
{
	assert_int_equal(send(lab->client, bytes, len, 0), len);
}

static bool is_answered(const struct lab *lab, int timeout_ms)
{
	struct pollfd p = {.fd = lab->client, .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

static void expect(const struct lab *lab, const void *answer, size_t len)
{
	uint8_t got[2000];

	assert_true(is_answered(lab, 5000));
	assert_int_equal(recv(lab->client, got, sizeof(got), 0), len);
	assert_memory_equal(got, answer, len);
}

static uint64_t counter(const struct lab *lab, enum stats_id id)
{
	uint64_t n[STATS_COUNT];

	server_stats(lab->server, n);
	return n[id];
}

static void questions_are_answered(void **state)
{
	struct lab *lab = *state;

	tell(lab, get, sizeof(get));
	expect(lab, nobody, sizeof(nobody));
	tell(lab, put, sizeof(put));
	tell(lab, get, sizeof(get));
	expect(lab, have, sizeof(have));
}

/* The worker that takes the PUT need not be the one that took the WANT. */
static void a_want_is_answered_when_it_comes_true(void **state)
{
	struct lab *lab = *state;

	tell(lab, want, sizeof(want));
	assert_false(is_answered(lab, 100));
	for (int i = 0; i < 20 && !is_answered(lab, 0); i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		getpeername(lab->client, (struct sockaddr *)&ss, &len);
		sendto(other, put, sizeof(put), 0, (struct sockaddr *)&ss, len);
		close(other);
	}
	expect(lab, have, sizeof(have));
	assert_false(is_answered(lab, 100));
}

static void what_the_socket_says_is_counted(void **state)
{
	struct lab *lab = *state;
	static const uint8_t exit_try[] = {4, 0, 1, 'x'};
	uint8_t big[1233] = {0};

	tell(lab, big, sizeof(big));
	tell(lab, exit_try, sizeof(exit_try));
	tell(lab, get, sizeof(get));
	expect(lab, nobody, sizeof(nobody));
	assert_int_equal(counter(lab, STATS_DROP_TRUNCATED), 1);
	assert_int_equal(counter(lab, STATS_REQUEST_EXIT), 0);
	assert_int_equal(counter(lab, STATS_DROP_EXIT_REFUSED), 1);
}

/* Also in the share of a worker that nobody has asked anything. */
static void records_are_swept_in_every_share(void **state)
{
	struct lab *lab = *state;
	/* ANNOUNCE: txid, two seconds, no port, 192.0.2.7, one hash of eight bytes. */
	uint8_t short_lived[3 + 40] = {18, 0, 40, [14] = 2, [27] = 0xff, 0xff, 192, 0, 2, 7, 1, 8};
	uint8_t got[100];

	for (uint8_t i = 0; i < 100; i++) {
		short_lived[3] = i;
		short_lived[sizeof(short_lived) - 1] = i;
		tell(lab, short_lived, sizeof(short_lived));
		assert_true(is_answered(lab, 5000));
		assert_true(recv(lab->client, got, sizeof(got), 0) > 0);
	}
	assert_int_equal(server_table_usage(lab->server).records, 100);
	for (int i = 0; i < 50 && server_table_usage(lab->server).records > 0; i++)
		poll(NULL, 0, 100);
	assert_int_equal(server_table_usage(lab->server).records, 0);
}

static void what_is_queued_when_it_stops_is_answered(void **state)
{
	struct lab *lab = *state;
	int answers = 0;

	/* Not more than the client's own buffer holds. */
	for (int i = 0; i < 150; i++)
		tell(lab, get, sizeof(get));
	stop_workers(lab);
	for (; is_answered(lab, 0); answers++)
		expect(lab, nobody, sizeof(nobody));
	assert_int_equal(answers, 150);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions_are_answered),
		TEST(a_want_is_answered_when_it_comes_true),
		TEST(what_the_socket_says_is_counted),
		TEST(records_are_swept_in_every_share),
		TEST(what_is_queued_when_it_stops_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
