/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fleet: the servers, each a struct server with its seal and cluster, and what dhtd's shell is to
 * them: threads, sockets, queues and clocks.
 *
 *     thread 0        the cluster's: keep-alive port, its own socket, what the lanes pass on
 *     thread 1 + i    lane i: a share of the client and peer ports by the sender, its own socket
 *
 * A thread is called for each datagram and when it wants to be. One that is stalled is not called
 * at all; its datagrams wait in a buffer of FLEET_BUFFER bytes, and what does not fit is lost. A
 * server that pauses has all its threads stalled. What the lanes pass on takes a moment to come to
 * thread 0, and is lost when FLEET_POSTS wait.
 *
 * A server dies at once, between two calls. What its disk has then is for the plan to say: all,
 * nothing, or what it had some time ago.
 */
#ifndef DHT_TESTS_SIM_FLEET_H
#define DHT_TESTS_SIM_FLEET_H

#include "core/cluster.h"

#include "clock.h"
#include "disk.h"
#include "net.h"
#include "sim.h"

#define FLEET_LANES_MAX 2
#define FLEET_THREADS   (1 + FLEET_LANES_MAX)
#define FLEET_BUFFER    (4u << 20)
#define FLEET_POSTS     256
#define FLEET_TTL_S     60 /* that every server grants */

enum server_state {
	SERVER_UNUSED,
	SERVER_UP,
	SERVER_LEAVING, /* up, and about to go */
	SERVER_DOWN,    /* dead, and may come back */
	SERVER_GONE,    /* has left, or is dead for good */
};

struct node;

struct thread {
	struct event wake, resume;
	struct node *node;
	uint32_t index;
	bool stalled;
	uint64_t stalled_us;          /* since when */
	uint64_t blames_us;           /* until then it may suspect nobody */
	struct packet *first, **last; /* that wait */
	size_t waiting;               /* bytes */
	uint64_t calls;
	uint32_t ticks; /* this second */
};

/* A view that waits for the lanes to let go of it. */
struct retired {
	struct retired *next;
	struct view *view;
	uint64_t calls[FLEET_LANES_MAX];
};

struct node {
	uint32_t index;
	enum server_state state;
	uint32_t life; /* counts starts */
	struct clock clock;
	struct rng rng;
	uint32_t lanes;
	struct policy policy;
	struct cluster_conf conf;
	struct server *server;
	struct seal *seal;
	struct cluster *cluster;
	struct thread threads[FLEET_THREADS];
	struct retired *retired;
	struct post *posted; /* that wait */
	uint32_t posts;
	uint32_t key_step;           /* how far it is with the change of the key */
	uint64_t start_us, state_us; /* the last start; since when it is in its state */
	uint64_t paused_us;          /* until when it, or a thread of it, last stood still */
	uint64_t own_datagrams;      /* sent by thread 0 this second */
	uint64_t sent;               /* to other servers, by all threads, since its start */
	struct event step;           /* of coming back, or going */
	struct disk kept, stale;     /* when it died; some time ago */
	uint64_t stale_us;
	const struct disk *disk; /* with which it comes back; NULL: none */
};

struct fleet {
	struct node *nodes; /* room for plan.most */
	uint32_t count;     /* nodes that were ever used */
	struct outgoing items[CLUSTER_OUT_MAX];
	uint8_t bytes[CLUSTER_OUT_MAX * MSG_DATAGRAM_DEFAULT];
	struct outbox out;
	struct parcel parcel;
	struct post *posts; /* that are not in use */
	struct basic *basic;
	uint32_t key_step; /* which all that start are given */
};

struct fleet *fleet_new(struct sim *s);
void fleet_free(struct sim *s);

/* A server that was never there, or NULL when there were plan.most. */
struct node *fleet_add(struct sim *s);

/* Starts a server, with what is on n->disk. */
void fleet_start(struct sim *s, struct node *n);

/* Lets it start later. */
void fleet_start_at(struct sim *s, struct node *n, uint64_t at_us);

/* Ends it without a word. */
void fleet_kill(struct sim *s, struct node *n, enum server_state after);

/* Makes it leave: it goes when all is handed over, or after plan.leave_us. */
void fleet_leave(struct sim *s, struct node *n);

/* Stalls one thread, or all with FLEET_THREADS, until a time. */
void fleet_stall(struct sim *s, struct node *n, uint32_t thread, uint64_t until_us);
void fleet_resume(struct sim *s, struct node *n);

/* The keys of a step of their change. */
struct seal_keys fleet_keys(const struct sim *s, uint32_t step);

/* Gives it these. */
void fleet_set_keys(struct sim *s, struct node *n, uint32_t step);

/* A datagram for a server, or for a peer that knows base messages only. Takes p. */
void fleet_receive(struct sim *s, struct packet *p);

static inline bool node_is_up(const struct node *n)
{
	return n->state == SERVER_UP || n->state == SERVER_LEAVING;
}

static inline struct now node_now(const struct sim *s, const struct node *n)
{
	return clock_now(&n->clock, s->now_us);
}

/* How many changes the servers that are up have given a newer version. */
uint64_t fleet_restamped(const struct fleet *f);

/* Servers that are up and not about to go. */
uint32_t fleet_up(const struct fleet *f);

/* One of them by chance, NULL when there is none. */
struct node *fleet_any(struct fleet *f, struct rng *rng);

/* The highest wall clock of all servers that are up. */
uint64_t fleet_wall_ms(const struct sim *s);

#endif
