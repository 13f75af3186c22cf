/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repair_rig: several servers in one process, which repair what they have between them.
 *
 * Each has a real table, a lane that answers PULLs, and a repair. Views come from a real ring and
 * are given to each server when the test says so, so that they may differ for a while. Datagrams
 * take a millisecond or so, and are lost, repeated or held up as the rig is told to. Starts prove
 * nothing, and all clocks are one; but a letter counts as a little older than it is.
 *
 * What holds for every call is checked for every call: how much comes out, and that nobody gets
 * more than REPAIR_BYTES_S of answers.
 */
#ifndef DHT_TESTS_UNIT_CORE_REPAIR_RIG_H
#define DHT_TESTS_UNIT_CORE_REPAIR_RIG_H

#include "core/lane.h"
#include "core/repair.h"

#include "../test_seed.h"
#include "../unit.h"

#define NODES       12
#define INTERVAL_MS 2000
#define DATAGRAM    1232
#define HOUR_MS     UINT64_C(3600000)
#define NEVER       UINT64_MAX

struct node {
	struct addr id;
	struct policy policy;
	struct server *server;
	struct seal *seal;
	struct lane *lane;
	struct repair *repair;
	struct view *view;
	uint64_t start;
	uint64_t view_due_us;     /* when it hears of the last change; NEVER: it has */
	uint64_t paused_until_us; /* it does nothing before */
	uint32_t side;            /* servers of two sides do not hear each other */
	bool up;
	bool member; /* not gone for good; of these, who is not up is dead */
	bool leaving;
	bool settled;
	int64_t budget; /* bytes of PULLED that it may still have asked for; see spend() */
	uint64_t budget_us;
};

struct datagram {
	struct datagram *next;
	uint64_t due_us;
	struct node *from, *to;
	uint64_t start; /* of the one who sent it */
	size_t len;
	uint8_t bytes[DATAGRAM];
};

/* Datagrams under way that all take the same time. */
struct road {
	struct datagram *first, **last;
};

struct rig {
	struct node node[NODES];
	uint8_t replicas, write_quorum;
	struct repair_conf conf;
	struct table_limits limits; /* of nodes that are started from now on */
	struct now now;
	struct rng rng;
	uint32_t lost, repeated, held_up; /* of 1000 datagrams */
	uint64_t travel_us;
	uint32_t unstored; /* of 1000 copies that a quorum does not need */
	uint64_t sent, sent_bytes;
	uint64_t sent_of[PEER_TYPE_END]; /* bytes of messages */
	uint64_t swept_us;
	uint64_t starts;
	struct road roads[2]; /* and who is held up */
	struct outgoing items[REPAIR_OUT];
	uint8_t bytes[REPAIR_OUT * DATAGRAM];
	struct outbox out;
};

struct rig *rig_new(uint8_t replicas, uint8_t write_quorum, uint64_t seed);
/* Checks all that can be checked. */
void rig_free(struct rig *r);

/* Node i starts with nothing. Others hear of it, as of all else here, by rig_tell(). */
void rig_start(struct rig *r, uint32_t i);
/* The first node of a cluster: it is settled. */
void rig_found(struct rig *r, uint32_t i);
/* It is gone at once, as a member that is dead or that has left for good. */
void rig_stop(struct rig *r, uint32_t i, bool left);

/* Everybody hears of what has changed, each within this time. 0: now. */
void rig_tell(struct rig *r, uint64_t within_ms);

/* Starts n nodes, the first of which is settled, and waits until all are complete. */
void rig_cluster(struct rig *r, uint32_t n);

/* Node n gets one message from whoever l says; what it sends is in r->out and goes nowhere. */
void rig_take(struct rig *r, uint32_t n, const struct letter *l, const struct peer_msg *m);

void rig_run(struct rig *r, uint64_t ms);
/* Runs until it is so, at most that long; whether it is. */
bool rig_until(struct rig *r, bool (*so)(struct rig *r), uint64_t ms);

bool all_complete(struct rig *r); /* all were told, and nothing is partial */
bool all_quiet(struct rig *r);    /* nor kept */
bool all_alike(struct rig *r);    /* nor do owners differ */

/* Record i: a hash of its own and one provider, or with hash another one. */
struct record rig_record(uint32_t i, uint64_t version, uint64_t expiry_ms);
void rig_hash(uint32_t i, uint8_t hash[static 20]);
uint64_t rig_version(struct rig *r);

/* Merges record i at node n. */
int rig_put(struct rig *r, uint32_t n, uint32_t hash, uint32_t provider, uint64_t version,
	uint64_t life_ms);
/* As a coordinator does: at all owners that a node knows of, or at least the write quorum. False
 * when there are none. */
bool rig_store(struct rig *r, uint32_t by, uint32_t hash, uint32_t provider, uint64_t version,
	uint64_t life_ms);

/* Whether node n has it alive. */
bool rig_has(struct rig *r, uint32_t n, uint32_t hash, uint32_t provider);
/* How many of the records first to first + n - 1 nobody has, or some owner has not. */
uint32_t rig_lost(struct rig *r, uint32_t first, uint32_t n);
uint32_t rig_missing(struct rig *r, uint32_t first, uint32_t n);
/* At how many owners record i is. */
uint32_t rig_copies(struct rig *r, uint32_t i);
/* Whether node n owns the hash, as it knows. */
bool rig_owns(struct rig *r, uint32_t n, uint32_t hash);
/* Live records and tombstones of node n. */
uint64_t rig_count(struct rig *r, uint32_t n);

struct repair_progress rig_progress(struct rig *r, uint32_t n);

#endif
