/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/dht/load.h"

#define DURATION_MS 200

static const struct dht_hash hashes[] = {{.len = 1, .bytes = {1}}, {.len = 1, .bytes = {2}}};

static const struct load_plan plan = {
	.hashes = hashes,
	.hash_count = COUNT(hashes),
	.get_percent = 100,
	.depth = 4,
	.duration_ms = DURATION_MS,
};

/* A socket of the loopback interface, and its address as text. */
static int bound_socket(char *text, size_t size)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	snprintf(text, size, "127.0.0.1:%u", ntohs(sin.sin_port));
	return fd;
}

static struct load *load_against(const char *server, bool base_only)
{
	const struct dht_options options = {
		.servers = server, .timeout_ms = 50, .tries = 1, .base_only = base_only};
	struct load *load = calloc(1, sizeof(*load));

	load->plan = &plan;
	rng_init(&load->rng, 7);
	assert_int_equal(dht_open(&load->dht, &options), 0);
	load_run(load);
	assert_null(load->dht);
	return load;
}

/* Nobody answers: each request is an error, and the run ends nevertheless. */
static void silence_is_an_error(void **state)
{
	char server[DHT_ADDRESS_TEXT];
	int fd = bound_socket(server, sizeof(server));
	struct load *load = load_against(server, false);

	(void)state;
	assert_int_equal(load->latency_ns[LOAD_GET].total, 0);
	assert_true(load->errors >= plan.depth);
	assert_int_equal(load->first_error, DHT_ERR_TIMEOUT);
	assert_true(load->run_ns >= DURATION_MS * UINT64_C(1000000));
	assert_true(load->run_ns < UINT64_C(5000000000));
	close(fd);
	free(load);
}

/* Answers every datagram with an empty HAVE until one of zero bytes comes. */
static void *answer(void *arg)
{
	static const uint8_t have[] = {3, 0, 0};
	const int *fd = arg;
	struct sockaddr_storage from;
	uint8_t buf[2048];

	for (;;) {
		socklen_t len = sizeof(from);

		if (recvfrom(*fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) <= 0)
			return NULL;
		sendto(*fd, have, sizeof(have), 0, (struct sockaddr *)&from, len);
	}
}

static void answers_are_counted(void **state)
{
	char server[DHT_ADDRESS_TEXT];
	int fd = bound_socket(server, sizeof(server));
	struct sockaddr_storage self;
	socklen_t len = sizeof(self);
	struct load *load;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, answer, &fd), 0);
	load = load_against(server, true);
	assert_true(load->latency_ns[LOAD_GET].total > 0);
	assert_int_equal(load->latency_ns[LOAD_PUT].total, 0);
	assert_true(histogram_percentile(&load->latency_ns[LOAD_GET], 5000) > 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&self, &len), 0);
	assert_int_equal(sendto(fd, "", 0, 0, (struct sockaddr *)&self, len), 0);
	pthread_join(thread, NULL);
	close(fd);
	free(load);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_an_error),
		cmocka_unit_test(answers_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
