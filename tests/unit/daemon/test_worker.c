/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"

static int client;

static void open_client(const struct addr *to)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(to, true, &ss);

	client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&ss, len), 0);
}

static int open_lab(void **state)
{
	static struct lab lab;

	lab_open(&lab, "127.0.0.1", 2);
	lab_start_all(&lab);
	open_client(&lab.at);
	*state = &lab;
	return 0;
}

static int close_lab(void **state)
{
	lab_close(*state);
	return close(client);
}

static const uint8_t get[] = {0, 0, 4, 0xde, 0xad, 0xbe, 0xef};
static const uint8_t put[] = {
	1, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7, 0xde, 0xad, 0xbe, 0xef};
static const uint8_t want[] = {2, 0, 4, 0xde, 0xad, 0xbe, 0xef};
static const uint8_t have[] = {3, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
static const uint8_t nobody[] = {3, 0, 0};

static void tell(const void *bytes, size_t len)
{
	assert_int_equal(send(client, bytes, len, 0), len);
}

static bool is_answered(int timeout_ms)
{
	struct pollfd p = {.fd = client, .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

static void expect(const void *answer, size_t len)
{
	uint8_t got[2000];

	assert_true(is_answered(5000));
	assert_int_equal(recv(client, got, sizeof(got), 0), len);
	assert_memory_equal(got, answer, len);
}

static void questions_are_answered(void **state)
{
	(void)state;

	tell(get, sizeof(get));
	expect(nobody, sizeof(nobody));
	tell(put, sizeof(put));
	tell(get, sizeof(get));
	expect(have, sizeof(have));
}

/* The worker that takes the PUT need not be the one that took the WANT. */
static void a_want_is_answered_when_it_comes_true(void **state)
{
	(void)state;

	tell(want, sizeof(want));
	assert_false(is_answered(100));
	for (int i = 0; i < 20 && !is_answered(0); i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		getpeername(client, (struct sockaddr *)&ss, &len);
		sendto(other, put, sizeof(put), 0, (struct sockaddr *)&ss, len);
		close(other);
	}
	expect(have, sizeof(have));
	assert_false(is_answered(100));
}

static void what_the_socket_says_is_counted(void **state)
{
	struct lab *lab = *state;
	static const uint8_t exit_try[] = {4, 0, 1, 'x'};
	uint8_t big[1233] = {0};

	tell(big, sizeof(big));
	tell(exit_try, sizeof(exit_try));
	tell(get, sizeof(get));
	expect(nobody, sizeof(nobody));
	assert_int_equal(lab_counter(lab, STATS_DROP_TRUNCATED), 1);
	assert_int_equal(lab_counter(lab, STATS_REQUEST_EXIT), 0);
	assert_int_equal(lab_counter(lab, STATS_DROP_EXIT_REFUSED), 1);
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
		tell(short_lived, sizeof(short_lived));
		assert_true(is_answered(5000));
		assert_true(recv(client, got, sizeof(got), 0) > 0);
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
		tell(get, sizeof(get));
	lab_stop(lab);
	for (; is_answered(0); answers++)
		expect(nobody, sizeof(nobody));
	assert_int_equal(answers, 150);
}

static void it_gives_signs_of_life(void **state)
{
	const struct lab *lab = *state;

	for (size_t i = 0; i < lab->count; i++) {
		uint64_t before = beat_count(worker_beat(lab->workers[i]));
		for (int ms = 0; ms < 5000 && beat_count(worker_beat(lab->workers[i])) < before + 2;
			ms++)
			poll(NULL, 0, 1);
		assert_true(beat_count(worker_beat(lab->workers[i])) >= before + 2);
	}
}

/* What /proc says about a thread of this process: the line that begins with key. */
static bool read_status(const char *tid, const char *key, char line[static 256])
{
	char path[300];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/self/task/%s/status", tid);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, 256, f))
		found = strncmp(line, key, strlen(key)) == 0;
	fclose(f);
	return found;
}

static unsigned long long blocked_by(const char *name)
{
	char line[256], title[64];
	unsigned long long mask = 0;
	DIR *tasks = opendir("/proc/self/task");

	assert_non_null(tasks);
	snprintf(title, sizeof(title), "Name:\t%s\n", name);
	for (const struct dirent *e = readdir(tasks); e; e = readdir(tasks))
		if (read_status(e->d_name, "Name:", line) && strcmp(line, title) == 0 &&
			read_status(e->d_name, "SigBlk:", line))
			mask = strtoull(line + strlen("SigBlk:"), NULL, 16);
	closedir(tasks);
	return mask;
}

/* systemd's SIGABRT must find a thread that takes it, and everything else the main thread. */
static void it_leaves_signals_but_not_faults(void **state)
{
	unsigned long long mask = 0;

	(void)state;
	for (int ms = 0; ms < 5000 && mask == 0; ms++) {
		mask = blocked_by("worker-1");
		poll(NULL, 0, 1);
	}
	assert_true(mask >> (SIGTERM - 1) & 1);
	assert_true(mask >> (SIGHUP - 1) & 1);
	assert_false(mask >> (SIGABRT - 1) & 1);
	assert_false(mask >> (SIGSEGV - 1) & 1);
}

/* Its in has no socket; what it has to say to those who watch leaves through another's. */
static void one_without_a_socket_runs(void **state)
{
	struct lab *lab = *state;

	lab_stop(lab);
	udp_close(&lab->sockets[1]);
	lab->out[1] = lab->sockets[0];
	lab_add_board(lab);
	lab_start_all(lab);
	assert_true(lab->board->never[1]);
	assert_false(lab->board->never[0]);
	for (int i = 0; i < 10; i++) {
		tell(want, sizeof(want));
		tell(put, sizeof(put));
		expect(have, sizeof(have));
	}
	assert_int_equal(lab_counter(lab, STATS_SEND_ERRORS), 0);
	it_gives_signs_of_life(state);
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
		TEST(it_gives_signs_of_life),
		TEST(it_leaves_signals_but_not_faults),
		TEST(one_without_a_socket_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
