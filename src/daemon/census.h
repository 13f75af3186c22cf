/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * census: the cluster as this server sees it at one moment, for people.
 *
 * It is a copy, taken while the cluster's thread is held for as long as copying takes; what is made
 * of it (JSON, health, log lines) holds nobody up. The main thread's. Reads no clock itself.
 */
#ifndef DHT_DAEMON_CENSUS_H
#define DHT_DAEMON_CENSUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cluster.h"
#include "core/stranger.h"
#include "daemon/health.h"

#define CENSUS_CLOCK_MS UINT64_C(30000) /* two clocks that differ by more are a trouble */
#define CENSUS_SEEDS    MEMBER_HINTS

struct census {
	uint64_t now_ms;
	struct addr self;
	struct cluster_status status;
	bool drained;
	uint8_t replicas, write_quorum;
	bool wants_seeds;        /* some are configured */
	struct member_info *all; /* room for RING_SLOTS */
	size_t count;
	struct stranger strangers[STRANGERS];
	size_t stranger_count;
	struct addr seeds[CENSUS_SEEDS]; /* those whose addresses are known */
	size_t seed_count;
	struct member_seed silent[MEMBER_HINTS]; /* seeds that have not answered for long */
	size_t silent_count;
};

/* Nobody but this server, which owns all; fields may be set. 0 or DHT_ENOMEM. */
int census_init(struct census *c);
void census_fini(struct census *c);

/* With the cluster held. now: the time that members and strangers are told by. */
void census_take(
	struct census *c, struct cluster *cluster, struct seal *seal, const struct now *now);

/* Whether somebody may send from there: a member or a seed. */
bool census_expects(const struct census *c, const struct ip *ip);

/* Why the cluster is not as it should be: texts of HEALTH_ALONE and above, "" for none. */
void census_troubles(const struct census *c, char told[HEALTH_TROUBLES][HEALTH_FAULT_MAX]);

/* Of an enum peer_state: "alive". */
const char *census_state_name(uint8_t state);

/* What ListPeers answers, and `partitions` of GetStatus; new, NULL without memory. */
json_t *census_peers(const struct census *c);
json_t *census_partitions(const struct census *c);

#endif
