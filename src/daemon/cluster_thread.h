/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_thread: the thread that is a member of the cluster, so that no load on the others looks
 * like death, and nothing that it does delays a client.
 *
 *     keep-alive socket ─┐
 *     its own socket ────┼─▶ core/cluster.h ─▶ outbox ─▶ sockets
 *     workers' parcels ──┘         │
 *                                  └─▶ a new view ─▶ workers; the old one is freed by RCU (liburcu)
 *
 * Whoever else wants to know or to change something of the cluster (the main thread) takes its
 * lock, which the thread holds while it handles a batch and never while it waits. Workers never
 * take it.
 */
#ifndef DHT_DAEMON_CLUSTER_THREAD_H
#define DHT_DAEMON_CLUSTER_THREAD_H

#include <stdbool.h>

#include "core/cluster.h"
#include "daemon/beat.h"
#include "daemon/parcels.h"
#include "daemon/peer_sockets.h"

struct cluster_thread;

/* All borrowed until it is stopped. */
struct cluster_parts {
	struct server *server;
	struct seal *seal;
	struct cluster_conf conf; /* what it points to lives as long */
	uint64_t random;
	bool has_seeds;
	struct peer_sockets *sockets;
	struct parcels *parcels;
	/* The workers' signs of life, when they are there: count of them. */
	const struct beat *const *beats;
	size_t workers;
	int news_fd; /* an eventfd, written to when cluster_news() has moved */
};

/* Makes the cluster and joins the server to it; the thread does not run yet: workers are started in
 * between. NULL with errno. */
struct cluster_thread *cluster_thread_new(const struct cluster_parts *parts);

/* 0, or -1 with errno. */
int cluster_thread_start(struct cluster_thread *t);

/* Ends the thread, while the workers still run; the cluster stays until it is freed. */
void cluster_thread_stop(struct cluster_thread *t);

/* When the workers run no more. NULL is nothing. */
void cluster_thread_free(struct cluster_thread *t);

const struct beat *cluster_thread_beat(const struct cluster_thread *t);

/* For a moment: what is between the two is the caller's alone. A change is followed at once. */
struct cluster *cluster_thread_lock(struct cluster_thread *t);
void cluster_thread_unlock(struct cluster_thread *t);

/* Says DECO to all members and waits for nothing; the thread must have been stopped. */
void cluster_thread_part(struct cluster_thread *t);

#endif
