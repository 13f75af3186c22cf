/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster: one server's part in the cluster, without its sockets: what the cluster's thread runs.
 *
 *     keep-alive plane, own socket ──▶ cluster_input() ──┐
 *     peer plane ──▶ lane_peer_input() ─ parcel ─▶ cluster_take() ──▶ members, repair ──▶ outbox
 *                         │ STORE, FETCH, PULL, SUBSCRIBE: answered there     │
 *                         ▼                                                   ▼
 *                       table ◀──────────────────────────────────── cluster_tick()
 *                                    server_set_view() ◀── a view, when the members change
 *
 * The lanes' share of the peer plane needs nothing of this thread: a server whose cluster thread is
 * slow still answers, and the other way round. What the lanes find in an envelope for the members
 * or for repair they give to the shell as a parcel, which it brings here, in any order, or loses.
 *
 * The cluster has a lane of its own (server_cluster_lane()) for merging what it pulls.
 */
#ifndef DHT_CORE_CLUSTER_H
#define DHT_CORE_CLUSTER_H

#include <stdbool.h>

#include "core/explain.h"
#include "core/member.h"
#include "core/repair.h"
#include "core/server.h"

#define CLUSTER_OUT_MAX (MEMBER_OUT + REPAIR_OUT + EXPLAIN_OUT)

struct cluster;

struct cluster_conf {
	struct member_conf member;
	struct repair_conf repair;
	size_t datagram_max;
};

struct cluster_status {
	uint16_t members; /* alive, with this server */
	uint16_t known;   /* dead ones too */
	bool settled, leaving;
	struct repair_progress repair;
};

/* Gives the server its place in a cluster: from now on the lanes coordinate. Borrows server and
 * seal. has_seeds: it is not settled yet. NULL when there is no memory. */
struct cluster *cluster_new(struct server *s, struct seal *seal, const struct cluster_conf *conf,
	uint64_t random, bool has_seeds, const struct now *now);

/* The lanes must not run any more. */
void cluster_free(struct cluster *c);

void cluster_configure(struct cluster *c, const struct cluster_conf *conf);

/* A datagram from the keep-alive plane, or from this thread's own socket on the peer plane. bytes
 * are decrypted in place. Room for CLUSTER_OUT_MAX. */
void cluster_input(struct cluster *c, const struct now *now, enum msg_plane plane,
	const struct flow *flow, uint8_t *bytes, size_t len, struct outbox *out);

/* What a lane has passed on. Room for CLUSTER_OUT_MAX. */
void cluster_take(
	struct cluster *c, const struct now *now, const struct parcel *p, struct outbox *out);

/* Does what is due. Room for CLUSTER_OUT_MAX. */
void cluster_tick(struct cluster *c, const struct now *now, struct outbox *out);
uint64_t cluster_deadline(struct cluster *c);

/* A view that no lane is given any more: to be freed with view_free() when every lane has been
 * through a call since. NULL: there is none. Up to 8 wait, and then no new view is made: call it
 * until it gives NULL, after each batch. */
struct view *cluster_retired_view(struct cluster *c);

/* The view that the lanes have; valid until the next call of cluster_input(), _take() or _tick().
 */
const struct view *cluster_view(const struct cluster *c);

/* Moves when there is something new to look at: another view, or a question's answer. */
uint64_t cluster_news(const struct cluster *c);

struct members *cluster_members(struct cluster *c);
struct repair *cluster_repair(struct cluster *c);
struct explain *cluster_explain(struct cluster *c);
struct cluster_status cluster_status(struct cluster *c);

/* Own nothing any more, and hand over what there is; or back. */
void cluster_set_leaving(struct cluster *c, bool leaving);

/* Nothing is left that others do not have. */
bool cluster_drained(struct cluster *c);

/* DECO, to all; call again while it gives true. */
bool cluster_part(struct cluster *c, const struct now *now, struct outbox *out);

#endif
