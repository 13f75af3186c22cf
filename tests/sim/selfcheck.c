/* SPDX-License-Identifier: BSD-2-Clause */
#include "selfcheck.h"

#include "core/coordinate.h"
#include "core/lane.h"

#include "oracle.h"

#define WAY_US (4 * SIM_SECOND)

void selfcheck(struct sim *s, struct node *n)
{
	struct table_usage table = server_table_usage(n->server);
	struct watch_usage watch = server_watch_usage(n->server);

	table_check(server_table(n->server));
	watch_check(n->server->watch);
	members_check(cluster_members(n->cluster));
	repair_check(cluster_repair(n->cluster));
	for (uint32_t i = 0; i < n->lanes; i++)
		coordinator_check(server_lane(n->server, i)->coordinator);
	if (s->plan.max_records && table.records + table.tombstones > s->plan.max_records)
		sim_fail(s, "limit", "server %u has %u records", n->index,
			(unsigned)(table.records + table.tombstones));
	if (watch.watchers > WATCH_MAX)
		sim_fail(s, "limit", "server %u has %u watchers", n->index,
			(unsigned)watch.watchers);
}

static bool has(const struct sim *s, const struct node *n, const struct table_key *key,
	const struct addr *provider)
{
	uint64_t now_ms = clock_mono_us(&n->clock, s->now_us) / 1000;
	struct record r;

	return n->state == SERVER_UP &&
	       table_find(server_table(n->server), key, &provider->ip, provider->port, now_ms, &r);
}

static void check_copies(struct sim *s, uint32_t hash, uint32_t provider, uint32_t least)
{
	struct table_key key = table_key_of(hash_span(oracle_hash(s, hash)));
	struct addr addr = oracle_provider(s, provider);
	/* What was acknowledged by a quorum just now is on its way to the others. */
	uint64_t since_us = s->now_us - (s->now_us < WAY_US ? s->now_us : WAY_US);
	uint32_t copies = 0;

	if (oracle_say(s, hash, provider, since_us, s->now_us, true) != ORACLE_MUST)
		return;
	for (uint32_t i = 0; i < s->fleet->count; i++)
		copies += has(s, &s->fleet->nodes[i], &key, &addr);
	if (copies < least) {
		sim_fail(s, "copies", "hash %u provider %u is on %u servers of %u", hash, provider,
			copies, least);
		oracle_explain(s, hash, provider);
	}
}

void selfcheck_copies(struct sim *s)
{
	uint32_t up = fleet_up(s->fleet);
	uint32_t least = up < s->plan.replicas ? up : s->plan.replicas;

	for (uint32_t hash = 0; hash < s->plan.hashes; hash++)
		for (uint32_t p = 0; p < ORACLE_PROVIDERS; p++)
			if (oracle_announced(s, hash, p))
				check_copies(s, hash, p, least);
}

bool selfcheck_holds(const struct sim *s, uint32_t server, uint32_t hash, uint32_t provider)
{
	const struct node *n = &s->fleet->nodes[server];
	struct table_key key = table_key_of(hash_span(oracle_hash(s, hash)));
	struct addr addr = oracle_provider(s, provider);
	uint64_t now_ms = clock_mono_us(&n->clock, s->now_us) / 1000;

	return node_is_up(n) &&
	       table_version(server_table(n->server), &key, &addr.ip, addr.port, now_ms) != 0;
}

uint32_t selfcheck_holders(const struct sim *s, uint32_t hash, uint32_t provider, uint64_t since_us)
{
	uint32_t holders = 0;

	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct node *n = &s->fleet->nodes[i];
		holders += !node_is_up(n) || n->start_us >= since_us ||
		           selfcheck_holds(s, i, hash, provider);
	}
	return holders;
}
