/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interest: a lane's watchers of hashes that other servers own.
 *
 *     WANT, WATCH ─▶ watch.h (local) ─▶ interest_add() ── SUBSCRIBE ──▶ owners: watch.h, where
 *                                                                        this server watches
 *     HAVE, EVENT ◀─ watch.h ◀─────────────────────────── NOTIFY ◀────── a change of their tables
 *                                                         NOTED ───────▶ it need not be told again
 *
 * As long as somebody here watches a hash, its owners are subscribed to and that is renewed every
 * INTEREST_RENEW_MS; when the cluster changes, at the new owners too. A change that several owners
 * tell of, or that this server's own table sees as well, is told to the watchers once
 * (lane_tell()). An owner that says that there are providers already makes wants fire, so that a
 * want whose NOTIFY was lost is late and not forgotten.
 *
 * INTEREST_MAX hashes a lane; more are watched here, and only what comes to this server's own table
 * is seen (counted). One lane's; no allocation after interest_new().
 */
#ifndef DHT_CORE_INTEREST_H
#define DHT_CORE_INTEREST_H

#include "core/lane.h"

#define INTEREST_MAX      65536
#define INTEREST_RENEW_MS 20000
#define INTEREST_LIFE_S   60
#define INTEREST_RETRY_MS 500
#define INTEREST_TRIES    4

struct interest;

/* NULL when there is no memory. */
struct interest *interest_new(struct lane *l, uint64_t random);
void interest_free(struct interest *i);

/* Somebody here watches this hash, from now on. */
void interest_add(struct interest *i, const struct table_key *key, uint64_t now_ms);

/* SUBSCRIBED and NOTIFY in a letter that is known; false for any other. */
bool interest_take(struct interest *i, const struct letter *l, const struct flow *flow,
	struct span message, struct mail *mail);

void interest_tick(struct interest *i, const struct now *now, struct mail *mail);
uint64_t interest_deadline(const struct interest *i);

/* Tells another server of a change: an event whose watcher is one. */
void interest_notify(
	struct lane *l, const struct watch_due *due, uint64_t now_ms, struct mail *mail);

void interest_check(const struct interest *i);

#endif
