/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parcels: what workers found on the peer plane for the cluster's thread, on its way there.
 *
 *     worker i ──▶ ring i (PARCELS_RING, one writer, one reader) ──▶ the cluster's thread
 *                   └─ eventfd: there is something
 *
 * Nobody waits: a parcel that finds its ring full is lost and counted, as a datagram would be, and
 * its sender tries again. What goes this way is little: joining, gossip, digests; never a request
 * or its answer.
 */
#ifndef DHT_DAEMON_PARCELS_H
#define DHT_DAEMON_PARCELS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/server.h"

#define PARCELS_RING 256 /* a power of two */

struct parcels;

/* NULL with errno. */
struct parcels *parcels_new(size_t workers);
void parcels_free(struct parcels *p);

/* Where worker i's next parcel is to be written; NULL: its ring is full. Only worker i calls it,
 * and parcels_send() when it has. */
struct parcel *parcels_room(struct parcels *p, size_t worker);
void parcels_send(struct parcels *p, size_t worker);

/* Readable when there is something. */
int parcels_fd(const struct parcels *p);

/* The next parcel of any worker, valid until parcels_done(); NULL: there is none. The reader calls
 * parcels_clear() first, so that what comes meanwhile makes the fd readable again. */
void parcels_clear(struct parcels *p);
const struct parcel *parcels_next(struct parcels *p);
void parcels_done(struct parcels *p);

#endif
