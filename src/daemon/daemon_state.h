/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon_state: what the files behind daemon.h share; nobody else includes it.
 *
 *     daemon.c          the program's main course
 *     daemon_parts.c    the parts and their order
 *     daemon_cluster.c  its membership in a cluster
 *     daemon_members.c  what it knows of the other members, and tells of them
 *     daemon_keys.c     changing the cluster's keys
 *     daemon_operate.c  what can be asked of it (operate.h)
 *     daemon_reload.c   how a new configuration takes the place of the running one
 */
#ifndef DHT_DAEMON_DAEMON_STATE_H
#define DHT_DAEMON_DAEMON_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/server.h"
#include "daemon/census.h"
#include "daemon/cluster_thread.h"
#include "daemon/cmdline.h"
#include "daemon/conf.h"
#include "daemon/control.h"
#include "daemon/given.h"
#include "daemon/health.h"
#include "daemon/listeners.h"
#include "daemon/loop.h"
#include "daemon/member_news.h"
#include "daemon/operate.h"
#include "daemon/parcels.h"
#include "daemon/peer_sockets.h"
#include "daemon/probe.h"
#include "daemon/seeds.h"
#include "daemon/warden.h"
#include "daemon/watchdog.h"
#include "daemon/worker.h"

#define WORKERS_MAX SERVER_LANES_MAX

/* Reloads whose old values may still be in use by a worker, at most: an idle one comes round five
 * times a second. */
#define RETIRED_MAX 128

/* What a reload took out of use, and how far each worker was then: it is freed when all have come
 * round since. */
struct retired {
	struct conf conf;
	struct policy *policy;
	uint64_t beats[WORKERS_MAX];
};

struct daemon {
	const struct cmdline *cmdline;
	struct conf conf;
	struct policy *policy;
	struct retired *retired[RETIRED_MAX]; /* NULL: free */

	size_t started; /* parts */
	size_t worker_count;
	struct given given;
	struct listeners listeners;
	struct control_socket control_socket;
	struct server *server;
	struct census census; /* as last taken */
	struct member_news member_news;
	int news_fd; /* the cluster has news */
	struct peer_sockets peer_sockets;
	struct parcels *parcels; /* this and what follows NULL: in no cluster */
	struct seal *seal;
	struct cluster_thread *cluster;
	struct seeds *seeds;
	struct addr seed_addrs[CENSUS_SEEDS]; /* this and the next under the cluster's lock */
	size_t seed_count;
	const struct beat *worker_beats[WORKERS_MAX];
	int exit_fd;
	struct loop *loop;
	struct warden *warden;
	struct probe_board *board; /* NULL: no watchdog */
	struct worker *workers[WORKERS_MAX];
	struct operations operations;
	struct control *control;              /* NULL: no control socket */
	struct control_counts control_counts; /* when control has been freed */
	int log_fd;
	struct probes *probes;
	struct watchdog *watchdog;
	bool served; /* it got as far as being ready */

	uint64_t start_us;
	struct health health;
	bool was_healthy;
	uint64_t rate; /* requests a second, between the last two ticks */
	uint64_t rate_requests, rate_us;
	char rejected[HEALTH_FAULT_MAX]; /* the first fault of the last reload; "": it was taken */
	json_t *restart_needed;          /* an array of paths */
	char status[512];                /* for systemd */
};

/* Reads the configuration of this file (NULL: the default one, if it is there) as the command line
 * wants it, into conf, which is to be freed in any case. 0 or DHT_EINVAL with faults. */
int daemon_load(const struct cmdline *o, const char *file, struct conf *conf, struct faults *f);

/* Starts all parts, with d->conf. Gives an enum exit_code; d is to be stopped in any case. */
int daemon_start(struct daemon *d);
void daemon_stop(struct daemon *d);

/* Sockets and membership, before the workers start; the thread, when they have. Give an enum
 * exit_code. */
int daemon_start_cluster(struct daemon *d);
void daemon_stop_cluster(struct daemon *d);
int daemon_start_member(struct daemon *d);
void daemon_stop_member(struct daemon *d);

/* Hands over what this server has, for a bounded time; the workers still answer. */
void daemon_leave(struct daemon *d);

/* The list of members, and what is new in it: made before the cluster; watched when the loop is
 * there. 0, or -1 with errno. */
int daemon_start_census(struct daemon *d);
void daemon_stop_census(struct daemon *d);
int daemon_watch_members(struct daemon *d);

/* The cluster as it is now; valid until the next call. */
const struct census *daemon_census(struct daemon *d);

/* False with a refusal where there is none. */
bool daemon_has_cluster(const struct daemon *d, struct refusal *why);

/* The seal gets the configuration's keys, and the members are told of them. */
void daemon_seal_changed(struct daemon *d);

/* What can be asked of the cluster, and changed in it (operate.h). */
json_t *daemon_partitions(void *daemon, uint32_t first, uint32_t count);
int daemon_explain(void *daemon, struct span hash, uint64_t *question, struct refusal *why);
json_t *daemon_explained(void *daemon, uint64_t question);
void daemon_explain_end(void *daemon, uint64_t question);
json_t *daemon_keys(void *daemon);
json_t *daemon_add_key(void *daemon, const uint8_t key[static SEAL_KEY_LEN], const char *asked_by,
	struct refusal *why);
json_t *daemon_use_key(void *daemon, uint8_t id, const char *asked_by, struct refusal *why);
json_t *daemon_remove_key(void *daemon, uint8_t id, const char *asked_by, struct refusal *why);
json_t *daemon_drain(void *daemon, bool leaving, const char *asked_by, struct refusal *why);
json_t *daemon_add_peer(
	void *daemon, const char *address, const char *asked_by, struct refusal *why);
json_t *daemon_drop_peer(
	void *daemon, const char *address, const char *asked_by, struct refusal *why);

/* What a reload has changed of it. */
void daemon_configure_cluster(struct daemon *d);

/* Logs what is set and of no use yet. */
void daemon_say_unused(const struct conf *conf);

/* Logs the counters. */
void daemon_show_stats(void *daemon);

/* All counters, the warden's too. */
void daemon_counters(const struct daemon *d, uint64_t n[static STATS_COUNT]);

/* Looks at the state: rate, health, what can be freed. Gives the line for systemd. */
const char *daemon_tick(void *daemon);

/* Fills in what can be asked. */
void daemon_operations(struct daemon *d);

/* Reads the configuration again; the answer is that of Reload. NULL when there is no memory for
 * the answer: what came of it is in the log only. */
json_t *daemon_reload(void *daemon, bool dry_run, const char *asked_by);

/* Frees what no worker uses any more; with all, whatever they do. */
void daemon_reap(struct daemon *d, bool all);

#endif
