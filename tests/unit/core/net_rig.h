/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_rig: several servers in one process, with a network between them that a test can cut.
 *
 * Node n is 10.9.0.n:8471. All partitions have the same row, which the test chooses; who is a
 * member and how it is are the test's to say as well, so nothing but the requests of clients moves.
 * Each node has a monotonic clock of its own. What comes out for clients is kept in the order in
 * which it came.
 */
#ifndef DHT_TESTS_UNIT_CORE_NET_RIG_H
#define DHT_TESTS_UNIT_CORE_NET_RIG_H

#include "base/rng.h"
#include "core/coordinate.h"
#include "core/lane.h"

#include "../unit.h"

#define NET_NODES   6
#define NET_PACKETS 4096
#define NET_ANSWERS 4096

#define NET_CLIENT "10.0.0.1:1000" /* trusted */
#define NET_HASH   "deadbeef"

struct net_packet {
	uint64_t due_us; /* UINT64_MAX: none */
	uint8_t from, to;
	enum flow_socket socket; /* that it comes in on */
	size_t len;
	uint8_t bytes[MSG_DATAGRAM_DEFAULT];
};

struct net_answer {
	uint64_t at_us;
	unsigned node;
	struct flow flow;
	size_t len;
	uint8_t bytes[MSG_DATAGRAM_DEFAULT];
};

struct node {
	struct policy policy;
	struct server *server;
	struct lane *lane;
	struct seal *seal;
	struct view *view;
	uint64_t mono_us; /* ahead of the net's time */
	int64_t wall_ms;  /* the same */
	bool paused;      /* nothing reaches it, and it does nothing */
	bool still;       /* it does nothing, and what comes for it waits */
};

struct net {
	struct node nodes[NET_NODES];
	unsigned count;
	struct prefix allow[2], trusted[1];
	uint64_t now_us;
	struct rng rng;
	uint64_t epoch;

	/* What the views say, from net_publish() on. */
	uint16_t row[RING_ROW_MAX];
	uint8_t replicas, quorum;
	bool confirm;
	uint8_t state[NET_NODES]; /* enum peer_state */
	bool fresh[NET_NODES];    /* has met nobody yet, and takes itself for the only owner */

	bool cut[NET_NODES][NET_NODES]; /* from, to */
	uint64_t delay_us[NET_NODES][NET_NODES];
	uint32_t lose_permille, repeat_permille;
	uint64_t carried; /* datagrams between nodes */

	struct net_packet packets[NET_PACKETS];
	struct net_answer answers[NET_ANSWERS];
	size_t answer_count;

	struct outgoing items[LANE_OUT_MAX];
	uint8_t bytes[LANE_OUT_MAX * MSG_DATAGRAM_DEFAULT];
	struct outbox out;
};

/* Nodes 0 to replicas - 1 own everything and are complete. Who knows whom is settled already. */
struct net *net_new(unsigned nodes, uint8_t replicas, uint8_t quorum);

/* Checks that no op, leg or hash is left anywhere, some seconds later. */
void net_free(struct net *net);

/* For cmocka: a net of five, with three owners and a quorum of two. */
int net_setup(void **state);
int net_teardown(void **state);

/* The owners, in the order of the row; the others stand behind them. */
void net_own(struct net *net, const uint8_t *owners, size_t n);
void net_publish(struct net *net);

/* What a node has of all partitions. */
void net_parts(struct net *net, unsigned node, enum part_state state);

/* A client's datagram, in hexadecimal text, to a node. */
void net_send(struct net *net, unsigned node, const char *from, const char *hex);

/* Time passes. */
void net_run(struct net *net, uint64_t ms);

/* Until there are n answers in all; fails after 10 s. */
void net_run_until(struct net *net, size_t n);

/* The last answer, which must be the only one since the last call, and its bytes in hex. */
void net_expect(struct net *net, const char *hex);

/* Sends, waits for the answer, compares. */
void net_ask(struct net *net, unsigned node, const char *hex, const char *answer);

struct msg net_answer(const struct net *net, size_t i);
uint64_t net_stat(const struct net *net, unsigned node, enum stats_id id);
struct now net_now(const struct net *net, unsigned node);

/* Puts provider 192.0.2.n into a node's table, nowhere else. */
void net_put(struct net *net, unsigned node, const char *hash, unsigned n, uint64_t version,
	uint64_t life_ms);

/* Whether a node's table has it, and how long it still lives. */
bool net_has(struct net *net, unsigned node, const char *hash, unsigned n);
uint64_t net_life_ms(struct net *net, unsigned node, const char *hash, unsigned n);

#endif
