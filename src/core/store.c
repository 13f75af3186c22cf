/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/err.h"
#include "base/mutant.h"
#include "core/lane.h"

/* A server whose clock is further ahead is wrong, and what it stamps would win for ever. */
#define VERSION_AHEAD_MS (UINT64_C(24) * 3600 * 1000)

/* What makes a change another one than the last. */
static uint64_t change_print(const struct recent *set, const struct table_key *key,
	enum msg_event_kind kind, const struct record *r)
{
	uint8_t data[1 + 16 + 2 + 8 + HASH_MAX];

	/* A record that was shortened ends here by itself, and there by the tombstone it leaves. */
	data[0] = kind == EVENT_APPEARED;
	memcpy(data + 1, r->ip.b, 16);
	store_be16(data + 17, r->port);
	store_be64(data + 19, version_tombstone(r->version));
	memcpy(data + 27, key->hash.p, key->hash.len);
	return recent_print(set, data, 27 + key->hash.len);
}

/*
 * The watchers are asked for after the merge. Whoever starts to watch registers first and looks
 * at the table then; both of them go through the partition's lock, so one of the two sees the
 * other.
 */
void lane_tell(struct lane *l, const struct table_key *key, enum msg_event_kind kind,
	const struct record *r, enum watch_origin origin, uint64_t now_ms)
{
	struct server *s = l->server;

	if (!watch_any(s->watch, key->partition))
		return;
	/* In a cluster the same change is seen at several servers, and heard of from all. A want
	 * that the first one fired may have asked owners who had not seen it yet. */
	if (s->seal && !MUTANT(31) &&
		!recent_add(s->told, change_print(s->told, key, kind, r), now_ms)) {
		if (kind == EVENT_APPEARED)
			watch_fire(s->watch, key);
		return;
	}
	watch_post(s->watch, key, kind, r, origin);
}

static int store(struct lane *l, const struct table_key *key, const struct record *r, bool news,
	uint64_t now_ms)
{
	bool bury = version_is_withdrawal(r->version);
	int change = table_merge(l->server->table, key, r, bury, now_ms);

	if (change < 0)
		stats_inc(&l->stats, STATS_RECORDS_REFUSED);
	if (change == TABLE_REFRESHED)
		stats_inc(&l->stats, STATS_RECORDS_REFRESHED);
	if (change == TABLE_APPEARED) {
		stats_inc(&l->stats, STATS_RECORDS_NEW);
		if (news)
			lane_tell(l, key, EVENT_APPEARED, r, WATCH_OWN_TABLE, now_ms);
		else
			watch_fire(l->server->watch, key);
	}
	if (change == TABLE_WITHDRAWN) {
		stats_inc(&l->stats, STATS_RECORDS_WITHDRAWN);
		lane_tell(l, key, EVENT_WITHDRAWN, r, WATCH_OWN_TABLE, now_ms);
	}
	return change;
}

int lane_store(struct lane *l, const struct table_key *key, const struct record *r, uint64_t now_ms)
{
	return store(l, key, r, true, now_ms);
}

bool lane_version_ahead(uint64_t version, const struct now *now)
{
	return version_wall_ms(version) > now->wall_ms + VERSION_AHEAD_MS;
}

bool lane_may_believe(const struct record *r, const struct now *now)
{
	return !lane_version_ahead(r->version, now) && ip_is_unicast(&r->ip);
}

static int store_foreign(struct lane *l, const struct table_key *key, const struct record *r,
	bool news, const struct now *now)
{
	if (!lane_may_believe(r, now))
		return DHT_EINVAL;
	version_observe(&l->server->clock, r->version);
	return store(l, key, r, news, now_mono_ms(now));
}

int lane_store_foreign(
	struct lane *l, const struct table_key *key, const struct record *r, const struct now *now)
{
	return store_foreign(l, key, r, true, now);
}

int lane_store_copy(
	struct lane *l, const struct table_key *key, const struct record *r, const struct now *now)
{
	bool news = parts_get(&l->server->parts, key->partition) != PART_PARTIAL;

	return store_foreign(l, key, r, news, now);
}

/* The table rounds an end up to its tick, which others would do again: so one is taken off. */
bool lane_tell_record(const struct record *r, uint64_t now_ms, struct peer_record *out)
{
	uint64_t left_ms = r->expiry_ms > now_ms ? r->expiry_ms - now_ms : 0;

	if (MUTANT(22))
		left_ms += 10000 - left_ms % 10000;
	uint64_t life = left_ms / PEER_LIFE_UNIT_MS;
	*out = (struct peer_record){.ip = r->ip, .port = r->port, .version = r->version};
	if (life <= 1)
		return false;
	out->life = life - 1 < UINT32_MAX ? (uint32_t)(life - 1) : UINT32_MAX;
	return true;
}

int lane_withdraw(struct lane *l, const struct table_key *key, const struct ip *ip, uint16_t port,
	uint64_t stamp, uint64_t now_ms)
{
	struct record r;

	if (!table_find(l->server->table, key, ip, port, now_ms, &r))
		return TABLE_UNCHANGED;
	/* Nobody else has a copy that could come back later than this record's own end. */
	r.version = version_withdrawal(stamp);
	return lane_store(l, key, &r, now_ms);
}
