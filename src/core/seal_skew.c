/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/seal_skew.h"

#include "core/seal.h"

/* Of the two clocks' readings, and of the division below. */
#define ROUNDING_US 2

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* How much two clocks may have come apart while one of them went on by apart_us: each is wrong by
 * e = SEAL_DRIFT_PPM / 2, and (1 + e) / (1 - e) - 1 is less than 2e / (1 - 2e). */
static uint64_t drift_us(uint64_t apart_us)
{
	return apart_us / (1000000 / SEAL_DRIFT_PPM - 1) + ROUNDING_US;
}

static uint64_t ours(const struct skew_sample *s, uint64_t time_us)
{
	uint64_t ahead = minus(time_us, s->time_us), behind = minus(s->time_us, time_us);

	return minus(minus(plus(s->asked_us, ahead), behind), drift_us(ahead + behind));
}

void skew_init(struct skew *k, uint64_t now_us, const struct skew_sample *s)
{
	*k = (struct skew){.best = {*s, *s}, .period_us = now_us};
}

void skew_learn(struct skew *k, uint64_t now_us, const struct skew_sample *s)
{
	if (s->asked_us > now_us || now_us - s->asked_us > SKEW_OLD_US)
		return;
	if (minus(now_us, k->period_us) >= SKEW_PERIOD_US) {
		k->best[1] = k->best[0];
		k->best[0] = *s;
		k->period_us = now_us;
	} else if (ours(&k->best[0], s->time_us) < s->asked_us) {
		k->best[0] = *s;
	}
}

uint64_t skew_ours(struct skew *k, uint64_t now_us, uint64_t time_us)
{
	uint64_t latest = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = ours(&k->best[i], time_us);
		if (at > now_us) {
			k->best[i] = (struct skew_sample){now_us, time_us};
			at = now_us;
		}
		latest = at > latest ? at : latest;
	}
	return latest;
}
