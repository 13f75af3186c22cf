/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain: where a hash is kept, by asking all who may have it.
 *
 *     explain_start() ─▶ FETCH (a page) to each server of the partition's row, again each
 *                        EXPLAIN_AGAIN_US until all have answered or EXPLAIN_US are over
 *     explain_look()  ◀─ FETCHED: what each has said
 *
 * It is for people: nothing of it is merged, and nothing depends on it. This server looks into its
 * own table. The newest version and the longest time left are those of a server's first page of
 * providers; how many there are is told of all.
 *
 * EXPLAIN_MAX questions at a time, EXPLAIN_OUT datagrams in a tick; what waits longer goes with the
 * next. The cluster's thread's, with the cluster (cluster.h). Deterministic.
 */
#ifndef DHT_CORE_EXPLAIN_H
#define DHT_CORE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mail.h"
#include "core/parts.h"
#include "core/view.h"

#define EXPLAIN_MAX      8
#define EXPLAIN_OUT      16
#define EXPLAIN_US       UINT64_C(1000000)
#define EXPLAIN_AGAIN_US UINT64_C(200000)
#define EXPLAIN_PAGE     16 /* providers that a server is asked for */

/* The row, and this server too when it keeps what it does not own. */
#define EXPLAIN_REPLICAS (RING_ROW_MAX + 1)

struct explain;

/* What one server says. */
struct explain_replica {
	struct addr id;
	uint8_t state; /* enum peer_state, when it was asked */
	bool self, owner;
	bool answered; /* what follows is known */
	bool complete; /* it owns the partition and has all of it */
	uint32_t providers;
	uint64_t version; /* the newest; 0: it has none */
	uint64_t left_ms; /* the longest lifetime, when it answered */
};

struct explanation {
	uint32_t partition;
	size_t count;
	struct explain_replica replicas[EXPLAIN_REPLICAS]; /* owners first */
};

/* Borrows both. NULL when there is no memory. */
struct explain *explain_new(struct table *table, const struct parts *parts, uint64_t random);
void explain_free(struct explain *e);

/* hash: 1 to HASH_MAX bytes, copied. Gives a question's number in *question, to be given to
 * explain_end(); or DHT_EFULL. */
int explain_start(struct explain *e, const struct view *view, struct span hash,
	const struct now *now, uint64_t *question);

/* False while answers are waited for. A question that is not there gives nothing, and true. */
bool explain_look(const struct explain *e, uint64_t question, struct explanation *out);

void explain_end(struct explain *e, uint64_t question);

/* A FETCHED in a letter that is known; false for any other message. */
bool explain_take(
	struct explain *e, const struct now *now, const struct letter *l, struct span message);

void explain_tick(struct explain *e, struct mail *mail);
uint64_t explain_deadline(const struct explain *e);

/* Questions that were answered, all in all. */
uint64_t explain_done(const struct explain *e);

#endif
