/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal_session: the starts that have proven themselves; a part of seal.
 *
 *     shard[16] ─▶ by_start ─┐                      one of the shards' locks for each envelope
 *                            ├─ session ─▶ window, window, …   one for each of its streams
 *     book ──────▶ by_id ────┘                      the book's lock for what comes and goes
 *
 * A session belongs to the shard of its start, whose lock guards what an envelope changes. Whatever
 * makes or ends a session has the book's lock, then the shard's. Windows are allocated and freed
 * without a lock. When all sessions are in use, the one that was not heard from for the longest is
 * looked for with the book's lock only, which no envelope needs.
 *
 * Void challenges: a session that ended must not be made again with a proof that was under way
 * then, for its floor would be below what it had accepted. So for each server, in one of 4096 slots
 * by its address, there is a time from which on a challenge must have been given out. Two servers
 * in one slot have to be challenged once more at worst.
 */
#ifndef DHT_CORE_SEAL_SESSION_H
#define DHT_CORE_SEAL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/seal.h"

struct sessions;

/* secret: 16 random bytes. NULL when there is no memory. */
struct sessions *sessions_new(const uint8_t secret[static 16]);
void sessions_free(struct sessions *ss);

/* A verified letter, with all but known, id and sent_us set, which are set here: known is false
 * when its start has no session. SEAL_OPENED, SEAL_WRONG_ADDRESS, SEAL_REPLAYED, SEAL_FULL. */
enum seal_reason sessions_admit(struct sessions *ss, const struct now *now, struct letter *l);

/* A challenge is given out. */
void sessions_challenged(struct sessions *ss, uint64_t now_us);

/* Makes a session for the start of a letter that proved to be id's, with a challenge that was given
 * out at asked_us; ends that of an older start. Sets the letter's known, id and sent_us; false when
 * the challenge is void, or there is no memory. */
bool sessions_add(struct sessions *ss, const struct now *now, struct letter *l,
	const struct addr *id, uint64_t asked_us);

void sessions_sample(
	struct sessions *ss, const struct now *now, const struct letter *l, uint64_t asked_us);

bool sessions_find(struct sessions *ss, const struct addr *id, uint64_t *start);
void sessions_forget(struct sessions *ss, const struct addr *id);

#endif
