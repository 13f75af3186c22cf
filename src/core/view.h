/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view: the cluster as the membership last published it, for whoever coordinates.
 *
 * Immutable: a change makes another one. A lane reads the server's pointer to it once for each call
 * and lets go before the next; the shell frees an old one when every lane has been through a call
 * since (RCU). Members stand at their slot, which is theirs until they are forgotten, so whoever
 * remembers a slot must compare the id.
 */
#ifndef DHT_CORE_VIEW_H
#define DHT_CORE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ring.h"
#include "wire/peer.h"

struct view_member {
	struct addr id; /* port 0: the slot is empty */
	uint8_t state;  /* enum peer_state */
	bool self;
	bool speaks; /* has a start: it takes internal messages */
	uint16_t client_port, keepalive_port;
	uint32_t rtt_us; /* 0: not known */
};

struct view {
	uint64_t epoch; /* counts this server's views */
	uint16_t self;  /* slot */
	uint16_t slots; /* members[0 … slots) */
	uint16_t alive; /* members that are alive, suspect or leaving, with this server */
	uint16_t known; /* members that have not left, dead ones too, with this server; in both,
	                 * those who speak base messages only do not count, for they own nothing */
	uint8_t replicas, write_quorum;
	uint8_t row_len;
	bool confirm_misses;
	bool settled; /* otherwise there may be others, of whom this server has not heard yet */
	bool alone;   /* this server owns all partitions and nobody else has any */
	struct view_member *members;
	uint16_t *rows; /* TABLE_PARTITIONS × row_len */
};

/* The row of a partition: replicas owners (RING_NONE behind the last), then the next best. */
static inline const uint16_t *view_row(const struct view *v, uint32_t partition)
{
	return v->rows + (size_t)partition * v->row_len;
}

/* Whether slot is among the owners of the partition. */
bool view_owns(const struct view *v, uint32_t partition, uint16_t slot);

/* Owners of the partition: 0 to replicas. */
uint32_t view_owner_count(const struct view *v, uint32_t partition);

/* The slot of a member, RING_NONE when it is not there. Linear. */
uint16_t view_find(const struct view *v, const struct addr *id);

/* A view with room for slots (1 to RING_SLOTS) and rows; the rest of it is zero. NULL when there is
 * no memory. */
struct view *view_new(uint16_t slots, uint8_t row_len);
void view_free(struct view *v);

#endif
