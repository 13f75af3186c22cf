/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal_skew: another server's monotonic clock, read by ours from below.
 *
 *     ours    ──── asked ───────────── now ────▶      a sample: theirs said `time` when ours said
 *                      ╲              ╱               `asked` or more, because what they sent then
 *     theirs  ────────── … ── time ──╱─────────▶      was sent after they had `asked` from us
 *
 * So any time of theirs is asked + (time' - time) of ours or later, but for drift: both clocks may
 * be wrong by half of SEAL_DRIFT_PPM, whichever way, and the distance from the sample is corrected
 * by that. The greatest of what several samples say holds. Kept are the best sample of this minute
 * and of the last one in which there was any: when no samples come the last goes on, ever less
 * exact and never too late.
 *
 * A clock that was stopped (a machine paused by its host) can make a sample wrong. It shows when an
 * envelope would come from the future, and is corrected then; new samples do the rest.
 *
 * Not safe for several threads: a session's lock guards it.
 */
#ifndef DHT_CORE_SEAL_SKEW_H
#define DHT_CORE_SEAL_SKEW_H

#include <stdint.h>

#define SKEW_PERIOD_US UINT64_C(60000000)
#define SKEW_OLD_US    (2 * SKEW_PERIOD_US) /* a sample whose asked is older says too little */

struct skew_sample {
	uint64_t asked_us; /* by our clock */
	uint64_t time_us;  /* by theirs */
};

struct skew {
	struct skew_sample best[2]; /* of this period, of the one before */
	uint64_t period_us;         /* when this one began */
};

void skew_init(struct skew *k, uint64_t now_us, const struct skew_sample *s);

/* Takes a sample into account. One from the future or long ago is nothing. */
void skew_learn(struct skew *k, uint64_t now_us, const struct skew_sample *s);

/* Their time_us, of something that is here now, by our clock: never later than it was. */
uint64_t skew_ours(struct skew *k, uint64_t now_us, uint64_t time_us);

#endif
