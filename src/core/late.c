/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/late.h"

#include <assert.h>

#define SMOOTHING   8
#define PATIENCE    4
#define UNKNOWN_US  50000 /* what a member may take of whom nothing is known */
#define STEP_MIN_US 256   /* quicker than this is as quick as can be told */

#define RANK_SUSPECT (UINT32_C(1) << 31)
#define RANK_SLOW    (UINT32_C(1) << 30)
#define SALT_BITS    16 /* the lowest; the step stands above them */

/* What is known of a member, NULL when its slot was another's. */
static const struct late_peer *known(const struct late *l, uint16_t slot, const struct addr *id)
{
	assert(slot < RING_SLOTS);
	return addr_equal(&l->peers[slot].id, id) ? &l->peers[slot] : NULL;
}

/* Its place, made new when the slot was another's. */
static struct late_peer *place(struct late *l, uint16_t slot, const struct addr *id)
{
	assert(l->peers);
	if (!known(l, slot, id))
		l->peers[slot] = (struct late_peer){.id = *id};
	return &l->peers[slot];
}

void late_answered(struct late *l, uint16_t slot, const struct addr *id, uint64_t took_us)
{
	struct late_peer *p = place(l, slot, id);
	uint32_t took = took_us < LATE_SLOW_US ? (uint32_t)took_us : LATE_SLOW_US;

	p->slow_until_us = 0;
	if (p->usual_us == 0)
		p->usual_us = took;
	else
		p->usual_us = (p->usual_us * (SMOOTHING - 1) + took) / SMOOTHING;
	if (p->usual_us == 0)
		p->usual_us = 1;
}

void late_missed(struct late *l, uint16_t slot, const struct addr *id, uint64_t now_us)
{
	place(l, slot, id)->slow_until_us = now_us + LATE_SLOW_US;
}

uint64_t late_patience_us(const struct late *l, uint16_t slot, const struct addr *id)
{
	const struct late_peer *p = known(l, slot, id);

	if (!p || p->usual_us == 0)
		return LATE_PATIENCE_MAX_US;
	uint64_t us = UINT64_C(1) * PATIENCE * p->usual_us;
	if (us < LATE_PATIENCE_MIN_US)
		return LATE_PATIENCE_MIN_US;
	return us < LATE_PATIENCE_MAX_US ? us : LATE_PATIENCE_MAX_US;
}

/* The number of doublings from STEP_MIN_US to us. */
static uint32_t step_of(uint32_t us)
{
	uint32_t step = 0;

	for (; us > STEP_MIN_US; us /= 2)
		step++;
	return step;
}

uint32_t late_rank(
	const struct late *l, const struct view *v, uint16_t slot, uint32_t salt, uint64_t now_us)
{
	const struct view_member *m = &v->members[slot];
	const struct late_peer *p = known(l, slot, &m->id);
	uint32_t us = m->rtt_us ? m->rtt_us : UNKNOWN_US;

	if (p && p->usual_us)
		us = p->usual_us;
	uint32_t rank = step_of(us) << SALT_BITS;
	rank |= (slot * UINT32_C(0x9e3779b1) ^ salt) * UINT32_C(0x85ebca6b) >> (32 - SALT_BITS);
	if (p && p->slow_until_us > now_us)
		rank |= RANK_SLOW;
	if (m->state == PEER_SUSPECT)
		rank |= RANK_SUSPECT;
	return rank;
}
