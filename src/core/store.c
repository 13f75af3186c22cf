/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/lane.h"

/*
 * The watchers are asked for after the merge. Whoever starts to watch registers first and looks
 * at the table then; both of them go through the partition's lock, so one of the two sees the
 * other.
 */
static void tell(struct lane *l, const struct table_key *key, enum msg_event_kind kind,
	const struct record *r)
{
	struct watch *watch = l->server->watch;

	if (watch_any(watch, key->partition))
		watch_post(watch, key, kind, r);
}

int lane_store(struct lane *l, const struct table_key *key, const struct record *r, uint64_t now_ms)
{
	int change = table_merge(l->server->table, key, r, false, now_ms);

	if (change < 0)
		stats_inc(&l->stats, STATS_RECORDS_REFUSED);
	if (change == TABLE_REFRESHED)
		stats_inc(&l->stats, STATS_RECORDS_REFRESHED);
	if (change == TABLE_APPEARED) {
		stats_inc(&l->stats, STATS_RECORDS_NEW);
		tell(l, key, EVENT_APPEARED, r);
	}
	return change;
}

int lane_withdraw(struct lane *l, const struct table_key *key, const struct ip *ip, uint16_t port,
	uint64_t stamp, uint64_t now_ms)
{
	struct table *table = l->server->table;
	struct record r;

	if (!table_find(table, key, ip, port, now_ms, &r))
		return TABLE_UNCHANGED;
	/* Nobody else has a copy that could come back later than this record's own end. */
	r.version = version_withdrawal(stamp);
	int change = table_merge(table, key, &r, false, now_ms);
	if (change == TABLE_WITHDRAWN) {
		stats_inc(&l->stats, STATS_RECORDS_WITHDRAWN);
		tell(l, key, EVENT_WITHDRAWN, &r);
	}
	return change;
}
