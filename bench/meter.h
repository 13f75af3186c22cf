/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter: what servers send one another in a simulation, by what it is about, and how far a request
 * travels.
 *
 * It sees each datagram as it is sent, with the cluster's key. An envelope is counted whole, with
 * METER_HEADERS for UDP and IP, under what its first message is about.
 *
 * One request at a time can be followed: who asks whom because of it. A lane asks from a socket of
 * its own, and asks nobody while no client asks it, so a question from such a socket is the
 * request's: one hop more than the server that asks was away from the client.
 */
#ifndef DHT_BENCH_METER_H
#define DHT_BENCH_METER_H

#include "../tests/sim/net.h"
#include "core/seal.h"
#include "wire/msg.h"

#define METER_HEADERS 28 /* bytes of IPv4 and UDP */

enum meter_class {
	METER_MEMBERS, /* who is there */
	METER_DIGESTS, /* COMPARE, COMPARED, CONFIRM: does each owner have what it should */
	METER_RECORDS, /* everything that carries records, or asks for some */
	METER_CLASSES,
};

struct meter {
	struct sim *s;
	struct seal_key key;
	bool counts;
	uint64_t bytes[METER_CLASSES];
	uint64_t seconds;                /* that were counted */
	uint32_t peak;                   /* of METER_MEMBERS, of one server in one second */
	uint32_t second[PLAN_FLEET_MAX]; /* of each server since the last meter_second() */

	/* The request that is followed. */
	uint8_t depth[PLAN_FLEET_MAX]; /* hops from the client to who has it; UINT8_MAX: has not */
	uint32_t hops;                 /* the most */

	/* Answers to meter_client(). */
	uint64_t done, errors, stored; /* DONE; ERROR; hashes that DONE says are stored */
	uint64_t found, missed;        /* hashes that PROVIDERS has somebody for, or nobody */
};

/* Shows it all that s sends from now on. */
void meter_start(struct meter *m, struct sim *s);

/* Begins to count anew, or ends it. */
void meter_count(struct meter *m, bool counts);

/* A simulated second is over. */
void meter_second(struct meter *m);

/* Where requests come from that are none of the crowd's: trusted, and nobody the simulator knows.
 */
struct addr meter_client(void);

/* A request goes to this server. */
void meter_follow(struct meter *m, uint32_t server);

#endif
