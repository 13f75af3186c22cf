/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: a server with its workers on loopback, with or without a board for probes.
 */
#ifndef DHT_TESTS_DAEMON_LAB_H
#define DHT_TESTS_DAEMON_LAB_H

#include "daemon/clock.h"
#include "daemon/conf.h"
#include "daemon/policy.h"
#include "daemon/probe.h"
#include "daemon/worker.h"

#include "../unit.h"

#define LAB_WORKERS_MAX 8

struct lab {
	struct conf conf;
	struct policy policy;
	struct server *server;
	struct warden *warden;
	struct probe_board *board;
	struct addr at; /* where all listen */
	size_t count;
	struct udp_socket sockets[LAB_WORKERS_MAX], out[LAB_WORKERS_MAX];
	struct worker *workers[LAB_WORKERS_MAX];
};

static inline struct addr lab_bound_to(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr(&ss, &a), 0);
	return a;
}

static inline void lab_open_sockets(struct lab *lab, const char *address)
{
	assert_int_equal(addr_parse(address, 0, &lab->at), 0);
	for (size_t i = 0; i < lab->count; i++) {
		enum udp_claim claim = i == 0 ? UDP_FIRST : UDP_JOIN;
		assert_int_equal(udp_open(&lab->sockets[i], &lab->at, claim), 0);
		lab->at = lab_bound_to(lab->sockets[i].fd);
		lab->out[i] = lab->sockets[i];
	}
}

/* Sockets and a server of count workers, none of which runs yet. */
static inline void lab_open(struct lab *lab, const char *address, size_t count)
{
	static const struct server_seed seed = {.random = 1};
	struct now now = clock_now();
	struct faults f = {0};

	*lab = (struct lab){.count = count};
	assert_int_equal(conf_load(&lab->conf, "/dev/null", NULL, &f), 0);
	lab->policy = policy_of(&lab->conf);
	lab->server = server_new(&lab->policy, &seed, (uint32_t)count, &now);
	assert_non_null(lab->server);
	lab->warden = warden_start(NULL, -1);
	assert_non_null(lab->warden);
	lab_open_sockets(lab, address);
}

static inline void lab_add_board(struct lab *lab)
{
	lab->board = probe_board_new(&lab->at.ip);
	assert_non_null(lab->board);
}

static inline void lab_start(struct lab *lab, size_t i)
{
	struct worker_parts parts = {
		.index = (uint32_t)i,
		.lane = server_lane(lab->server, (uint32_t)i),
		.warden = lab->warden,
		.board = lab->board,
		.in = &lab->sockets[i],
		.out = &lab->out[i],
		.listeners = 1,
		.datagram_max = lab->policy.max_datagram,
	};

	lab->workers[i] = worker_start(&parts);
	assert_non_null(lab->workers[i]);
}

static inline void lab_start_all(struct lab *lab)
{
	for (size_t i = 0; i < lab->count; i++)
		lab_start(lab, i);
}

static inline void lab_stop(struct lab *lab)
{
	for (size_t i = 0; i < lab->count; i++)
		if (lab->workers[i])
			worker_ask_stop(lab->workers[i]);
	for (size_t i = 0; i < lab->count; i++) {
		worker_join(lab->workers[i]);
		lab->workers[i] = NULL;
	}
}

static inline void lab_close(struct lab *lab)
{
	lab_stop(lab);
	warden_stop(lab->warden);
	server_free(lab->server);
	probe_board_free(lab->board);
	for (size_t i = 0; i < lab->count; i++)
		udp_close(&lab->sockets[i]);
	conf_fini(&lab->conf);
}

static inline uint64_t lab_counter(const struct lab *lab, enum stats_id id)
{
	uint64_t n[STATS_COUNT];

	server_stats(lab->server, n);
	return n[id];
}

#endif
