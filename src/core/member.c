/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/member.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/keyed.h"
#include "core/member_impl.h"

_Static_assert(SEAL_KEYS_MAX == PEER_KEYS_MAX, "a profile has room for all keys");
_Static_assert(RING_REPLICAS == PEER_REPLICAS_MAX, "a profile says what a ring can have");

#define WEIGHT_MAX      100
#define DEATHS_COUNT_US (600 * SECOND_US) /* of these last deaths are several */
#define HOLD_FIRST_US   (10 * SECOND_US)
#define HOLD_DOUBLINGS  4

/* At most to[0 … max); gives the length. */
static uint8_t copy_text(char *to, const char *text, size_t max)
{
	size_t len = strnlen(text, max);

	memcpy(to, text, len);
	return (uint8_t)len;
}

static struct peer_profile own_profile(const struct members *m)
{
	bool held = m->now.mono_us < m->held_until_us;
	struct peer_profile p = {
		.weight = held ? 0 : m->conf.weight,
		.flags = (uint8_t)((m->settled ? PEER_MEMBER_SETTLED : 0) |
				   (m->leaving ? PEER_MEMBER_LEAVING : 0) |
				   (m->lone ? PEER_MEMBER_LONE : 0)),
		.replicas = m->conf.replicas,
		.quorum = m->conf.write_quorum,
		.client_port = m->conf.client_port,
		.keepalive_port = m->conf.keepalive_port,
	};

	p.zone_len = copy_text(p.zone, m->conf.zone, sizeof(p.zone));
	p.version_len = copy_text(p.version, m->conf.version, sizeof(p.version));
	p.key_count = seal_key_ids(m->seal, p.key_ids);
	return p;
}

/* What is behind the lengths is zero. */
static bool same_profile(const struct peer_profile *a, const struct peer_profile *b)
{
	return a->weight == b->weight && a->flags == b->flags && a->replicas == b->replicas &&
	       a->quorum == b->quorum && a->client_port == b->client_port &&
	       a->keepalive_port == b->keepalive_port && a->key_count == b->key_count &&
	       memcmp(a->key_ids, b->key_ids, sizeof(a->key_ids)) == 0 &&
	       a->zone_len == b->zone_len && memcmp(a->zone, b->zone, sizeof(a->zone)) == 0 &&
	       a->version_len == b->version_len &&
	       memcmp(a->version, b->version, sizeof(a->version)) == 0;
}

/* Seconds of the wall clock: above what an earlier start of this server has come to. */
static uint32_t first_incarnation(const struct now *now)
{
	uint32_t s = (uint32_t)(now->wall_ms / 1000);

	return s ? s : 1;
}

static void init_self(struct members *m)
{
	struct member *self = members_self(m);

	self->id = m->conf.self;
	self->state = PEER_ALIVE;
	self->start = seal_start(m->seal);
	self->incarnation = self->profile_incarnation = first_incarnation(&m->now);
	self->has_profile = true;
	self->profile = own_profile(m);
	link_init(&self->news);
	m->count = m->slots = 1; /* sorted[0] is slot 0 */
	member_changed(m, self);
}

struct members *members_new(const struct member_conf *conf, struct seal *seal, struct stats *stats,
	uint64_t random, bool settled, const struct now *now)
{
	struct members *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->ring = ring_new(conf->replicas);
	if (!m->ring) {
		free(m);
		return NULL;
	}
	m->conf = *conf;
	m->seal = seal;
	m->stats = stats;
	m->now = *now;
	m->settled = m->lone = settled;
	m->started_us = m->agreed_us = m->round_us = now->mono_us;
	m->join_us = UINT64_MAX;
	rng_init(&m->rng, random);
	heap_init(&m->timers, m->timer_slots, RING_SLOTS);
	for (size_t i = 0; i < MEMBER_NEWS_MAX; i++)
		link_init(&m->news[i]);
	init_self(m);
	return m;
}

void members_free(struct members *m)
{
	if (!m)
		return;
	ring_free(m->ring);
	free(m);
}

/* The first place in sorted that is not before id. */
static uint16_t lower_bound(const struct members *m, const struct addr *id)
{
	uint16_t low = 0, high = m->count;

	while (low < high) {
		uint16_t mid = (uint16_t)((low + high) / 2);
		if (addr_cmp(&m->all[m->sorted[mid]].id, id) < 0)
			low = (uint16_t)(mid + 1);
		else
			high = mid;
	}
	return low;
}

uint16_t members_at_ip(const struct members *m, const struct ip *ip)
{
	struct addr first = {.ip = *ip, .port = 0};

	return lower_bound(m, &first);
}

struct member *member_find(const struct members *m, const struct addr *id)
{
	uint16_t at = lower_bound(m, id);
	const struct member *x = at < m->count ? &m->all[m->sorted[at]] : NULL;

	return x && addr_equal(&x->id, id) ? (struct member *)(uintptr_t)x : NULL;
}

/* Who has left goes before who is dead, then who is it for the longest. */
static bool goes_before(const struct member *a, const struct member *b)
{
	if (a->state != b->state)
		return a->state == PEER_LEFT;
	return a->since_us < b->since_us;
}

static void make_room(struct members *m)
{
	struct member *oldest = NULL;

	for (uint16_t i = 0; i < m->count; i++) {
		struct member *x = &m->all[m->sorted[i]];
		if (x->state != PEER_DEAD && x->state != PEER_LEFT)
			continue;
		if (!oldest || goes_before(x, oldest))
			oldest = x;
	}
	if (!oldest)
		return;
	stats_inc(m->stats, STATS_MEMBERS_FORGOTTEN);
	member_forget(m, oldest);
}

static uint16_t free_slot(const struct members *m)
{
	uint16_t slot = 1;

	while (slot < m->slots && m->all[slot].id.port != 0)
		slot++;
	return slot;
}

struct member *member_add(struct members *m, const struct addr *id)
{
	if (m->count == RING_SLOTS)
		make_room(m);
	if (m->count == RING_SLOTS) {
		stats_inc(m->stats, STATS_MEMBERS_REFUSED);
		return NULL;
	}
	uint16_t at = lower_bound(m, id), slot = free_slot(m);
	struct member *x = &m->all[slot];

	memmove(&m->sorted[at + 1], &m->sorted[at], (m->count - at) * sizeof(m->sorted[0]));
	m->sorted[at] = slot;
	m->count++;
	if (slot == m->slots)
		m->slots++;
	*x = (struct member){
		.id = *id, .slot = slot, .state = PEER_ALIVE, .since_us = m->now.mono_us};
	link_init(&x->news);
	members_drop_hint(m, id);
	return x;
}

void member_forget(struct members *m, struct member *x)
{
	uint16_t at = lower_bound(m, &x->id);

	assert(x->slot != 0 && m->sorted[at] == x->slot);
	x->state = PEER_LEFT;
	member_changed(m, x);
	heap_remove(&m->timers, &x->timer);
	link_remove(&x->news);
	m->count--;
	memmove(&m->sorted[at], &m->sorted[at + 1], (m->count - at) * sizeof(m->sorted[0]));
	*x = (struct member){.slot = x->slot};
	m->view_changed = true;
}

/* What all that know the same of a member have alike; 0: it does not count. */
static uint64_t mix_of(const struct member *x)
{
	static const uint8_t key[KEYED_KEY_LEN];
	uint8_t bytes[sizeof(x->id.ip.b) + 2 + 1 + 4 + 8];
	bool dead = x->state == PEER_DEAD;

	if (x->state == PEER_LEFT || x->start == 0 || x->incarnation == 0)
		return 0;
	memcpy(bytes, x->id.ip.b, 16);
	store_be16(bytes + 16, x->id.port);
	bytes[18] = dead ? 2 : member_has_current_profile(x);
	store_be32(bytes + 19, x->incarnation);
	store_be64(bytes + 23, x->start);
	return keyed_hash64(key, bytes, sizeof(bytes));
}

static bool is_candidate(const struct members *m, const struct member *x)
{
	bool up = x->state == PEER_ALIVE || x->state == PEER_SUSPECT;

	if (MUTANT(7) && m->conf.self.ip.b[15] % 2)
		up |= x->state == PEER_DEAD;
	return up && x->start && x->has_profile;
}

static void set_candidate(struct members *m, const struct member *x)
{
	const struct peer_profile *p = &x->profile;
	struct ring_member r = {.id = x->id};

	if (is_candidate(m, x) && p->weight > 0) {
		r.weight = p->weight < WEIGHT_MAX ? p->weight : WEIGHT_MAX;
		r.zone = ring_zone(p->zone, p->zone_len);
		r.leaving = p->flags & PEER_MEMBER_LEAVING;
	}
	m->ring_changed |= ring_set(m->ring, x->slot, &r);
}

static void recount(uint16_t *count, bool *was, bool is)
{
	*count = (uint16_t)(*count - *was + is);
	*was = is;
}

void member_changed(struct members *m, struct member *x)
{
	bool up = member_is_up(x);

	if (up && !x->up && m->base_up > 0)
		m->newcomers = m->urgent = x->newcomer = true;
	recount(&m->up, &x->up, up);
	recount(&m->base_up, &x->base_up, up && x->start == 0);
	recount(&m->settled_up, &x->settled_up,
		x->slot != 0 && x->state == PEER_ALIVE && x->has_profile && x->start &&
			(x->profile.flags & PEER_MEMBER_SETTLED));
	m->digest -= x->mix;
	x->mix = mix_of(x);
	m->digest += x->mix;
	set_candidate(m, x);
	m->view_changed |= x->look != member_look(m, x);
	x->look = member_look(m, x);
	member_arm(m, x);
	if (m->lone && x->slot != 0 && up && x->start && x->has_profile)
		members_meet(m, x);
}

void member_set_state(struct members *m, struct member *x, enum peer_state state)
{
	x->state = (uint8_t)state;
	x->since_us = m->now.mono_us;
	member_changed(m, x);
}

static bool is_link_local(const struct ip *ip)
{
	return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

/* A link-local address says nothing without an interface, and an id has none. */
bool members_id_ok(const struct members *m, const struct addr *id)
{
	return id->port != 0 && ip_is_unicast(&id->ip) && !is_link_local(&id->ip) &&
	       !addr_equal(id, &m->conf.self);
}

bool members_hint_ok(const struct members *m, const struct addr *id, const struct ip *teller)
{
	return members_id_ok(m, id) && (!ip_is_loopback(&id->ip) || ip_is_loopback(teller));
}

void members_raise(struct members *m, uint32_t incarnation)
{
	struct member *self = members_self(m);

	self->incarnation = self->profile_incarnation = incarnation;
	self->profile = own_profile(m);
	member_changed(m, self);
	member_news(m, self);
}

void members_say(struct members *m)
{
	struct member *self = members_self(m);
	struct peer_profile p = own_profile(m);

	if (!same_profile(&p, &self->profile))
		members_raise(m, self->incarnation + 1);
}

/* One death may be anything; each that follows soon costs twice as long as the one before. */
void members_count_death(struct members *m)
{
	uint32_t lately = 0, doublings;
	uint64_t last_us = m->deaths_us[(m->death_count + MEMBER_DEATHS - 1) % MEMBER_DEATHS];

	/* All hear this server again one after the other: that is one. */
	if (m->death_count && m->now.mono_us - last_us < m->conf.drop_after_us)
		return;
	m->deaths_us[m->death_count++ % MEMBER_DEATHS] = m->now.mono_us;
	for (size_t i = 0; i < MEMBER_DEATHS && i < m->death_count; i++)
		lately += m->now.mono_us - m->deaths_us[i] < DEATHS_COUNT_US;
	if (lately < 2)
		return;
	doublings = lately - 2 < HOLD_DOUBLINGS ? lately - 2 : HOLD_DOUBLINGS;
	m->held_until_us = m->now.mono_us + (HOLD_FIRST_US << doublings);
}

/* Fewer others than there are to be replicas would be no owners for some of what is acknowledged,
 * and when all are held down nobody would own anything. Who has ended it is not held down again
 * before its next death, or all would take turns. */
void members_end_hold(struct members *m)
{
	uint32_t others = 0;

	if (m->now.mono_us >= m->held_until_us)
		return;
	for (uint16_t i = 0; i < m->count; i++) {
		const struct member *x = &m->all[m->sorted[i]];
		others += x->slot != 0 && is_candidate(m, x) && x->profile.weight > 0 &&
		          !(x->profile.flags & PEER_MEMBER_LEAVING);
	}
	if (others < m->conf.replicas)
		m->held_until_us = 0;
}

void members_not_lonely(struct members *m)
{
	if (m->lonely)
		members_count_death(m);
	m->lonely = false;
}

size_t members_pick(
	struct members *m, const struct member *but, bool speaking, struct member **out, size_t n)
{
	uint16_t slots[RING_SLOTS];
	uint32_t count = 0;
	size_t picked = 0;

	for (uint16_t i = 0; i < m->count; i++) {
		const struct member *x = &m->all[m->sorted[i]];
		if (member_is_up(x) && x->state == PEER_ALIVE && x != but &&
			(x->start || !speaking))
			slots[count++] = x->slot;
	}
	while (picked < n && count > 0) {
		uint32_t i = rng_below(&m->rng, count);
		out[picked++] = &m->all[slots[i]];
		slots[i] = slots[--count];
	}
	return picked;
}

/* The new number of replicas needs another ring; without memory for it, the old one stays. */
static void set_replicas(struct members *m, uint8_t replicas)
{
	struct ring *old = m->ring, *ring = ring_new(replicas);

	if (!ring)
		return;
	m->conf.replicas = replicas;
	m->ring = ring;
	for (uint16_t i = 0; i < m->count; i++)
		set_candidate(m, &m->all[m->sorted[i]]);
	ring_free(old);
	m->ring_changed = m->view_changed = true;
}

void members_configure(struct members *m, const struct member_conf *conf)
{
	uint8_t replicas = m->conf.replicas;
	struct member_conf old = m->conf;

	m->conf = *conf;
	m->conf.self = old.self;
	m->conf.client_port = old.client_port;
	m->conf.keepalive_port = old.keepalive_port;
	m->conf.replicas = replicas;
	if (conf->replicas != replicas)
		set_replicas(m, conf->replicas);
	/* The old ring may have stayed: more than it has would never be met. */
	if (m->conf.write_quorum > m->conf.replicas)
		m->conf.write_quorum = m->conf.replicas;
	m->view_changed = true;
	members_say(m);
}

void members_keys_changed(struct members *m)
{
	members_say(m);
}

void members_tick(struct members *m, struct mail *mail)
{
	m->now = *mail->now;
	if (m->parted || m->now.mono_us < members_deadline(m))
		return;
	m->urgent = false;
	members_check_late(m);
	members_probe(m, mail);
	members_join(m, mail);
}

uint64_t members_deadline(const struct members *m)
{
	uint64_t due = members_probe_due(m);

	if (m->parted)
		return UINT64_MAX;
	if (m->urgent)
		return m->now.mono_us;
	return m->join_us < due ? m->join_us : due;
}

void members_settle(struct members *m)
{
	m->settled = true;
	members_say(m);
}

bool members_settled(const struct members *m)
{
	return m->settled;
}

bool members_has_settled(const struct members *m)
{
	return m->settled_up > 0;
}

void members_set_leaving(struct members *m, bool leaving)
{
	m->leaving = leaving;
	members_say(m);
	m->hails = MEMBER_ASKS;
	m->urgent = true;
}

int members_drop(struct members *m, const struct addr *id)
{
	struct member *x = member_find(m, id);

	if (addr_equal(id, &m->conf.self))
		return DHT_EINVAL;
	if (!x || x->state == PEER_LEFT)
		return DHT_ENOENT;
	if (member_is_up(x)) {
		member_suspect(m, x);
		member_ask_soon(m, x);
	} else if (x->start == 0) {
		member_forget(m, x);
	} else {
		member_set_state(m, x, PEER_LEFT);
		member_news(m, x);
	}
	return 0;
}
