/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/census.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define RECENT_MS (HEALTH_WINDOW_S * UINT64_C(1000))

int census_init(struct census *c)
{
	*c = (struct census){
		.status = {.members = 1,
			.known = 1,
			.settled = true,
			.repair = {.owned = TABLE_PARTITIONS}},
		.all = calloc(RING_SLOTS, sizeof(*c->all)),
	};
	return c->all ? 0 : DHT_ENOMEM;
}

void census_fini(struct census *c)
{
	free(c->all);
}

void census_take(
	struct census *c, struct cluster *cluster, struct seal *seal, const struct now *now)
{
	size_t count = members_list(cluster_members(cluster), now, c->all, RING_SLOTS);

	c->now_ms = now_mono_ms(now);
	c->count = count < RING_SLOTS ? count : RING_SLOTS;
	c->status = cluster_status(cluster);
	c->drained = cluster_drained(cluster);
	c->replicas = cluster_view(cluster)->replicas;
	c->write_quorum = cluster_view(cluster)->write_quorum;
	c->silent_count = members_silent_seeds(cluster_members(cluster), now, c->silent);
	c->stranger_count = stranger_list(seal_strangers(seal), c->strangers);
}

bool census_expects(const struct census *c, const struct ip *ip)
{
	for (size_t i = 0; i < c->seed_count; i++)
		if (ip_equal(&c->seeds[i].ip, ip))
			return true;
	for (size_t i = 0; i < c->count; i++)
		if (ip_equal(&c->all[i].id.ip, ip))
			return true;
	return false;
}

/* ---- Troubles ---- */

static bool is_up(const struct member_info *m)
{
	return m->state == PEER_ALIVE || m->state == PEER_SUSPECT || m->state == PEER_LEAVING;
}

/* Seeds there are, and all that are known are this server itself. */
static bool seeds_are_others(const struct census *c)
{
	if (!c->wants_seeds || c->seed_count == 0)
		return c->wants_seeds;
	for (size_t i = 0; i < c->seed_count; i++)
		if (!addr_equal(&c->seeds[i], &c->self))
			return true;
	return false;
}

static void tell_alone(const struct census *c, char *told)
{
	if (c->count == 0 && seeds_are_others(c))
		snprintf(told, HEALTH_FAULT_MAX,
			"alone: none of cluster.seeds answers (do they run, with the same key? "
			"dhtctl peers, here and there, names who has another one)");
}

static void tell_quorum(const struct census *c, char *told)
{
	const struct cluster_status *s = &c->status;

	if (s->members < s->known && s->members < c->write_quorum)
		snprintf(told, HEALTH_FAULT_MAX,
			"%u of %u members are alive, fewer than cluster.write_quorum (%u)",
			s->members, s->known, c->write_quorum);
}

/* "… (and 3 more)" */
static void tell_more(char *told, size_t more)
{
	size_t len = strlen(told);

	if (more > 0)
		snprintf(told + len, HEALTH_FAULT_MAX - len, " (and %zu more)", more);
}

static void tell_key(const struct stranger *s, char *told)
{
	char ip[IP_TEXT_MAX];

	ip_format(&s->ip, ip);
	switch ((enum stranger_fault)s->fault) {
	case STRANGER_UNKNOWN_KEY:
		snprintf(told, HEALTH_FAULT_MAX,
			"%s seals with the key %02x, which this server does not have (dhtctl keys)",
			ip, s->key_id);
		break;
	case STRANGER_FORGED:
		snprintf(told, HEALTH_FAULT_MAX,
			"%s seals with another key than this server's %02x (dhtctl keys)", ip,
			s->key_id);
		break;
	case STRANGER_IN_CLEAR:
		snprintf(told, HEALTH_FAULT_MAX,
			"%s talks in clear, and this server has a key (cluster.key_file there)",
			ip);
		break;
	case STRANGER_SEALED:
		snprintf(told, HEALTH_FAULT_MAX,
			"%s seals with the key %02x, and this server has none (cluster.key_file)",
			ip, s->key_id);
		break;
	}
}

/* Workers may have seen it since the census was begun. */
static uint64_t ago_ms(const struct census *c, const struct stranger *s)
{
	return s->last_ms < c->now_ms ? c->now_ms - s->last_ms : 0;
}

/* Of late only, and of whom we know: anybody can send from anywhere once. */
static void tell_wrong_keys(const struct census *c, char *told)
{
	size_t n = 0;

	for (size_t i = 0; i < c->stranger_count; i++) {
		const struct stranger *s = &c->strangers[i];
		if (ago_ms(c, s) > RECENT_MS || !census_expects(c, &s->ip))
			continue;
		if (n++ == 0)
			tell_key(s, told);
	}
	tell_more(told, n ? n - 1 : 0);
}

/* What it has not said cannot be another one. */
static bool differs(const struct census *c, const struct peer_profile *p)
{
	return p->replicas && (p->replicas != c->replicas || p->quorum != c->write_quorum);
}

/* The number of replicas first: it is what owners are computed with. */
static void tell_replicas(const struct census *c, char *told)
{
	char at[ADDR_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct member_info *m = &c->all[i];
		if (!is_up(m) || !differs(c, &m->profile) || n++ > 0)
			continue;
		bool other_ring = m->profile.replicas != c->replicas;
		addr_format(&m->id, at);
		snprintf(told, HEALTH_FAULT_MAX, "member %s has cluster.%s %u, this server %u", at,
			other_ring ? "replicas" : "write_quorum",
			other_ring ? m->profile.replicas : m->profile.quorum,
			other_ring ? c->replicas : c->write_quorum);
	}
	tell_more(told, n ? n - 1 : 0);
}

static bool is_half(const struct member_info *m)
{
	return m->link == MEMBER_LINK_HALF_IN || m->link == MEMBER_LINK_THROUGH;
}

static void tell_links(const struct census *c, char *told)
{
	char at[ADDR_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct member_info *m = &c->all[i];
		if (!is_up(m) || !is_half(m) || n++ > 0)
			continue;
		addr_format(&m->id, at);
		snprintf(told, HEALTH_FAULT_MAX, "half-open link: %s %s (a firewall between?)", at,
			m->link == MEMBER_LINK_HALF_IN ? "is heard, but does not hear this server"
						       : "is heard by other servers only");
	}
	tell_more(told, n ? n - 1 : 0);
}

/* Also of the number that has no opposite: a member may say any. */
static uint64_t size_of(int64_t ms)
{
	return ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
}

static bool is_off(const struct member_info *m)
{
	return is_up(m) && m->rtt_us && size_of(m->clock_offset_ms) > CENSUS_CLOCK_MS;
}

static void tell_clocks(const struct census *c, char *told)
{
	char at[ADDR_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct member_info *m = &c->all[i];
		if (!is_off(m) || n++ > 0)
			continue;
		addr_format(&m->id, at);
		snprintf(told, HEALTH_FAULT_MAX,
			"the clock of %s is %" PRIu64 " s %s this server's", at,
			size_of(m->clock_offset_ms) / 1000,
			m->clock_offset_ms > 0 ? "ahead of" : "behind");
	}
	tell_more(told, n ? n - 1 : 0);
}

void census_troubles(const struct census *c, char told[HEALTH_TROUBLES][HEALTH_FAULT_MAX])
{
	for (int i = HEALTH_ALONE; i < HEALTH_TROUBLES; i++)
		told[i][0] = '\0';
	tell_alone(c, told[HEALTH_ALONE]);
	tell_quorum(c, told[HEALTH_QUORUM]);
	tell_wrong_keys(c, told[HEALTH_WRONG_KEY]);
	tell_replicas(c, told[HEALTH_REPLICAS]);
	tell_links(c, told[HEALTH_LINK]);
	tell_clocks(c, told[HEALTH_CLOCK]);
}

/* ---- JSON ---- */

static const char *const state_names[] = {
	[PEER_ALIVE] = "alive",
	[PEER_SUSPECT] = "suspect",
	[PEER_LEAVING] = "leaving",
	[PEER_DEAD] = "dead",
	[PEER_LEFT] = "dead",
};

const char *census_state_name(uint8_t state)
{
	return state_names[state];
}

static const char *const link_names[] = {
	[MEMBER_LINK_GOOD] = "good",
	[MEMBER_LINK_HALF_IN] = "heardOnly",
	[MEMBER_LINK_THROUGH] = "throughOthers",
	[MEMBER_LINK_NONE] = "none",
};

static const char *const fault_names[] = {
	[STRANGER_UNKNOWN_KEY] = "unknownKey",
	[STRANGER_FORGED] = "otherKey",
	[STRANGER_IN_CLEAR] = "inClear",
	[STRANGER_SEALED] = "sealed",
};

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *key_id(uint8_t id)
{
	return json_sprintf("%02x", id);
}

static json_t *key_ids(const struct peer_profile *p)
{
	json_t *list = json_array();
	int err = list ? 0 : -1;

	for (uint8_t i = 0; i < p->key_count; i++)
		err |= json_array_append_new(list, key_id(p->key_ids[i]));
	if (err == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* What a member says of itself may be no UTF-8: it is shown by its bytes then. */
static json_t *text(const char *bytes, size_t len)
{
	json_t *value = json_stringn(bytes, len);
	char shown[PEER_ZONE_MAX];

	if (value)
		return value;
	for (size_t i = 0; i < len; i++)
		shown[i] = bytes[i] > ' ' && bytes[i] < 0x7f ? bytes[i] : '?';
	return json_stringn(shown, len);
}

static json_t *peer_json(const struct member_info *m)
{
	const struct peer_profile *p = &m->profile;
	char ip[IP_TEXT_MAX];

	ip_format(&m->id.ip, ip);
	return json_pack(
		"{s:s, s:i, s:i, s:s, s:s, s:o, s:i, s:o, s:o, s:o, s:i, s:o, s:o, s:b, s:o, s:i, "
		"s:i}",
		"address", ip, "port", (int)m->id.port, "clientPort", (int)p->client_port, "state",
		census_state_name(m->state), "link", link_names[m->link], "roundTripMicroseconds",
		number(m->rtt_us), "lossPermille", (int)m->loss_permille, "lastHeardMilliseconds",
		m->heard_ms == UINT64_MAX ? json_null() : number(m->heard_ms),
		"clockOffsetMilliseconds",
		m->rtt_us ? json_integer(m->clock_offset_ms) : json_null(), "zone",
		text(p->zone, p->zone_len), "weight", (int)p->weight, "version",
		text(p->version, p->version_len), "incarnation", number(m->incarnation), "settled",
		(p->flags & PEER_MEMBER_SETTLED) != 0, "keyIds", key_ids(p), "replicas",
		(int)p->replicas, "writeQuorum", (int)p->quorum);
}

static json_t *stranger_json(const struct census *c, const struct stranger *s)
{
	char ip[IP_TEXT_MAX];
	bool clear = s->fault == STRANGER_IN_CLEAR;

	ip_format(&s->ip, ip);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "address", ip, "fault",
		fault_names[s->fault], "keyId", clear ? json_null() : key_id(s->key_id),
		"lastMilliseconds", number(ago_ms(c, s)), "count", number(s->count), "expected",
		census_expects(c, &s->ip));
}

static json_t *seed_json(const struct member_seed *s)
{
	char ip[IP_TEXT_MAX];

	ip_format(&s->id.ip, ip);
	return json_pack("{s:s, s:i, s:o}", "address", ip, "port", (int)s->id.port, "silentSeconds",
		number(s->silent_ms / 1000));
}

/* A list in the object, unless it is empty; takes it. 0 or -1. */
static int set_unless_empty(json_t *object, const char *key, json_t *list)
{
	if (list && json_array_size(list) > 0)
		return json_object_set_new(object, key, list);
	json_decref(list);
	return list ? 0 : -1;
}

json_t *census_peers(const struct census *c)
{
	json_t *peers = json_array(), *wrong = json_array(), *silent = json_array();
	json_t *object = json_object();
	int err = 0;

	for (size_t i = 0; i < c->count; i++)
		err |= json_array_append_new(peers, peer_json(&c->all[i]));
	for (size_t i = 0; i < c->stranger_count; i++)
		err |= json_array_append_new(wrong, stranger_json(c, &c->strangers[i]));
	for (size_t i = 0; i < c->silent_count; i++)
		err |= json_array_append_new(silent, seed_json(&c->silent[i]));
	err |= json_object_set_new(object, "peers", peers);
	err |= set_unless_empty(object, "wrongKeys", wrong);
	err |= set_unless_empty(object, "silentSeeds", silent);
	if (err == 0)
		return object;
	json_decref(object);
	return NULL;
}

json_t *census_partitions(const struct census *c)
{
	const struct repair_progress *r = &c->status.repair;

	return json_pack("{s:i, s:i, s:i}", "owned", (int)r->owned, "partial", (int)r->partial,
		"kept", (int)r->kept);
}
