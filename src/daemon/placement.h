/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * placement: who owns which partition, and what this server has of them, for people.
 *
 * A copy of some rows and a count of all, taken while the cluster is held; the JSON is made of it
 * afterwards.
 */
#ifndef DHT_DAEMON_PLACEMENT_H
#define DHT_DAEMON_PLACEMENT_H

#include <jansson.h>
#include <stdint.h>

#include "core/parts.h"
#include "core/view.h"

#define PLACEMENT_ROWS 512

struct placement {
	uint32_t first, count; /* rows that are here; at most PLACEMENT_ROWS */
	uint8_t replicas;
	uint16_t slots, self;
	struct addr ids[RING_SLOTS]; /* port 0: nobody */
	uint32_t owned[RING_SLOTS];
	uint32_t states[PART_COMPLETE + 1]; /* partitions, by what this server has of them, … */
	uint32_t kept;                      /* … but for those that it has and does not own */
	uint16_t rows[PLACEMENT_ROWS][RING_REPLICAS];
	uint8_t row_states[PLACEMENT_ROWS]; /* this server's, enum part_state */
};

/* With the cluster held. first: below TABLE_PARTITIONS; count is cut to PLACEMENT_ROWS and to what
 * there is. */
void placement_take(struct placement *p, const struct view *v, const struct parts *parts,
	uint32_t first, uint32_t count);

/* Without a cluster: this server owns all and has it. */
void placement_alone(struct placement *p, const struct addr *self, uint32_t first, uint32_t count);

/* What ListPartitions answers; new, NULL without memory. */
json_t *placement_json(const struct placement *p);

#endif
