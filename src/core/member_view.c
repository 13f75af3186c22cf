/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <string.h>

#include "core/member_impl.h"

#define SILENT_INTERVALS 3 /* without an answer: the link is not what it should be */

/* A member that leaves is alive on the wire, with a flag. */
static uint8_t shown_state(const struct member *x)
{
	bool leaving = x->has_profile && (x->profile.flags & PEER_MEMBER_LEAVING);

	return x->state == PEER_ALIVE && leaving ? PEER_LEAVING : x->state;
}

uint64_t member_look(const struct members *m, const struct member *x)
{
	uint64_t client_port = x->has_profile ? x->profile.client_port : 0;
	bool settled = x->slot == 0 && m->settled, speaks = x->start != 0;

	return shown_state(x) | (uint64_t)settled << 8 | (uint64_t)speaks << 9 | client_port << 16 |
	       (uint64_t)member_flow(m, x).remote.port << 32;
}

static void show(const struct members *m, struct view *v, const struct member *x)
{
	struct view_member *to = &v->members[x->slot];

	*to = (struct view_member){
		.id = x->id,
		.state = shown_state(x),
		.self = x->slot == 0,
		.speaks = x->start != 0,
		.keepalive_port = member_flow(m, x).remote.port,
		.rtt_us = x->rtt_us,
	};
	if (x->has_profile)
		to->client_port = x->profile.client_port;
	v->alive = (uint16_t)(v->alive + (x->state != PEER_DEAD && x->state != PEER_LEFT));
	v->known = (uint16_t)(v->known + (x->start != 0 && x->state != PEER_LEFT));
}

uint64_t members_epoch(struct members *m)
{
	if (m->ring_changed && ring_settle(m->ring) > 0)
		m->view_changed = true;
	m->ring_changed = false;
	if (m->view_changed)
		m->epoch++;
	m->view_changed = false;
	return m->epoch;
}

bool members_stirred(const struct members *m)
{
	return m->ring_changed || m->view_changed;
}

/* Nobody but this server can have anything. */
static bool is_alone(const struct members *m, const struct view *v)
{
	return v->known == 1 && v->settled && m->all[0].profile.weight > 0 && !m->leaving;
}

struct view *members_view(struct members *m)
{
	struct view *v = view_new(m->slots, (uint8_t)ring_row_len(m->ring));

	if (!v)
		return NULL;
	v->epoch = members_epoch(m);
	v->self = 0;
	v->replicas = m->conf.replicas;
	if (MUTANT(6) && v->replicas > 1)
		v->replicas--;
	v->write_quorum = m->conf.write_quorum;
	v->confirm_misses = m->conf.confirm_misses;
	for (uint16_t i = 0; i < m->count; i++)
		show(m, v, &m->all[m->sorted[i]]);
	v->settled = m->settled;
	v->alone = is_alone(m, v);
	memcpy(v->rows, ring_rows(m->ring),
		(size_t)TABLE_PARTITIONS * v->row_len * sizeof(v->rows[0]));
	return v;
}

static enum member_link link_of(
	const struct members *m, const struct member *x, const struct now *now)
{
	uint64_t silent_us = x->silent_us ? now->mono_us - x->silent_us : 0;
	uint64_t enough_us = SILENT_INTERVALS * m->conf.interval_us;

	if (x->heard_us && silent_us < enough_us)
		return MEMBER_LINK_GOOD;
	if (x->heard_us && now->mono_us - x->heard_us < enough_us &&
		x->unheard_ms >= enough_us / 1000)
		return MEMBER_LINK_HALF_IN;
	if (x->through_us && now->mono_us - x->through_us < enough_us)
		return MEMBER_LINK_THROUGH;
	return MEMBER_LINK_NONE;
}

static struct member_info info_of(
	const struct members *m, const struct member *x, const struct now *now)
{
	uint64_t start;

	return (struct member_info){
		.id = x->id,
		.state = shown_state(x),
		.speaks = x->start != 0,
		.proven = seal_session(m->seal, &x->id, &start),
		.link = link_of(m, x, now),
		.rtt_us = x->rtt_us,
		.loss_permille = x->loss_permille,
		.heard_ms = x->heard_us ? (now->mono_us - x->heard_us) / 1000 : UINT64_MAX,
		.clock_offset_ms = x->clock_offset_ms,
		.incarnation = x->incarnation,
		.start = x->start,
		.profile = x->profile,
	};
}

size_t members_list(
	const struct members *m, const struct now *now, struct member_info *out, size_t max)
{
	size_t n = 0;

	for (uint16_t i = 0; i < m->count; i++) {
		const struct member *x = &m->all[m->sorted[i]];
		if (x->slot == 0 || x->state == PEER_LEFT)
			continue;
		if (n < max)
			out[n] = info_of(m, x, now);
		n++;
	}
	return n;
}

uint64_t members_digest(const struct members *m)
{
	return m->digest;
}

static void check_member(const struct members *m, uint16_t slot)
{
	const struct member *x = &m->all[slot];

	assert(x->slot == slot && x->id.port != 0);
	assert(x->state == PEER_ALIVE || x->state == PEER_SUSPECT || x->state == PEER_DEAD ||
		x->state == PEER_LEFT);
	assert(x->up == member_is_up(x));
	assert(x->base_up == (x->up && x->start == 0));
	assert(!x->settled_up || (x->up && x->has_profile));
	assert(link_alone(&x->news) || x->told < MEMBER_NEWS_MAX);
	assert(slot == 0 ? x->timer.at == 0 : true);
	assert(x->state != PEER_DEAD || x->timer.at == 0);
	assert(!x->up || (x->unanswered_us == 0 && !x->ask_now) == (x->timer.at == 0));
	assert(x->state != PEER_LEFT || x->timer.at != 0);
}

static void check_news(const struct members *m)
{
	for (uint8_t i = 0; i < MEMBER_NEWS_MAX; i++) {
		for (struct link *l = m->news[i].next; l != &m->news[i]; l = l->next) {
			const struct member *x = container_of(l, struct member, news);
			assert(x->told == i && x->id.port != 0 && x->slot != 0);
		}
	}
}

void members_check(const struct members *m)
{
	uint64_t digest = 0;
	uint32_t up = 0, base_up = 0, settled_up = 0, used = 0;

	assert(m->count >= 1 && m->count <= m->slots && m->slots <= RING_SLOTS);
	for (uint16_t i = 0; i < m->count; i++) {
		const struct member *x = &m->all[m->sorted[i]];
		assert(i == 0 || addr_cmp(&m->all[m->sorted[i - 1]].id, &x->id) < 0);
		check_member(m, m->sorted[i]);
		digest += x->mix;
		up += x->up;
		base_up += x->base_up;
		settled_up += x->settled_up;
	}
	for (uint32_t i = 0; i < RING_SLOTS; i++)
		used += m->all[i].id.port != 0;
	assert(used == m->count && digest == m->digest);
	assert(up == m->up && base_up == m->base_up && settled_up == m->settled_up);
	assert(m->all[0].state == PEER_ALIVE && addr_equal(&m->all[0].id, &m->conf.self));
	assert(m->help_count <= MEMBER_HELPS_MAX && m->health <= MEMBER_HEALTH_MAX);
	heap_check(&m->timers);
	check_news(m);
}
