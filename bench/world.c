/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/sim/place.h"
#include "core/ring.h"
#include "wire/build.h"
#include "wire/list.h"

#define RNG_WORLD 900           /* sim_rng() */
#define START_US  (10 * SIM_MS) /* from one start to the next */
#define STEP_US   (100 * SIM_MS)
#define TTL_S     (24 * 3600)

static struct plan plan_of(uint64_t seed, uint32_t servers)
{
	return (struct plan){
		.seed = seed,
		.calm = true,
		.proven = true,
		.confirm_misses = true,
		.servers = servers,
		.most = PLAN_FLEET_MAX,
		.lanes = 1,
		.replicas = 3,
		.quorum = 2,
		.providers = 1,
		.hashes = 1,
		.ttl_max_s = TTL_S,
		.chaos_us = {SIM_SECOND},
		.interval_us = SIM_SECOND,
		.suspect_us = 5 * SIM_SECOND,
		.drop_us = 10 * SIM_SECOND,
		.repair_us = 30 * SIM_SECOND,
		.leave_us = 3600 * SIM_SECOND,
	};
}

/* What the audit does in other runs, and the meter's clock. */
static void each_second(struct sim *s, struct event *e)
{
	struct world *w = (struct world *)(void *)((char *)e - offsetof(struct world, second));

	for (uint32_t i = 0; i < s->fleet->count; i++)
		for (uint32_t t = 0; t < FLEET_THREADS; t++)
			world_node(w, i)->threads[t].ticks = 0;
	meter_second(&w->meter);
	sim_at(s, e, s->now_us + SIM_SECOND);
}

void world_init(struct world *w, uint64_t seed, uint32_t servers)
{
	struct plan plan = plan_of(seed, servers);

	memset(w, 0, sizeof(*w));
	w->s = sim_with(&plan);
	if (!w->s)
		abort();
	w->s->healed = true;
	sim_rng(w->s, &w->rng, RNG_WORLD, 0);
	meter_start(&w->meter, w->s);
	w->second.fire = each_second;
	sim_at(w->s, &w->second, SIM_SECOND);
}

void world_fini(struct world *w)
{
	sim_free(w->s);
}

void world_start(struct world *w)
{
	for (uint32_t i = 0; i < w->s->plan.servers; i++)
		fleet_start_at(w->s, fleet_add(w->s), i * START_US);
	world_wait(w, w->s->plan.servers * START_US);
}

void world_wait(struct world *w, uint64_t us)
{
	sim_until(w->s, w->s->now_us + us);
	if (w->s->failure.failed) {
		fprintf(stderr, "%s: %s\n", w->s->failure.check, w->s->failure.text);
		exit(1);
	}
}

static bool is_at_rest(const struct world *w)
{
	const struct fleet *f = w->s->fleet;
	uint32_t up = fleet_up(f);

	for (uint32_t i = 0; i < f->count; i++) {
		const struct node *n = &f->nodes[i];
		if (n->state == SERVER_LEAVING)
			return false;
		if (n->state != SERVER_UP)
			continue;
		struct cluster_status status = cluster_status(n->cluster);
		if (status.members != up || !status.settled || status.repair.partial ||
			status.repair.kept)
			return false;
	}
	return true;
}

bool world_rest(struct world *w, uint64_t most_us)
{
	for (uint64_t us = 0; us < most_us; us += STEP_US) {
		if (is_at_rest(w))
			return true;
		world_wait(w, STEP_US);
	}
	return false;
}

/* Slots of a view as numbers of servers. */
static void number_slots(const struct view *v, uint16_t *numbers)
{
	for (uint16_t i = 0; i < v->slots; i++)
		numbers[i] = (uint16_t)place_of(&v->members[i].id.ip).index;
}

static void fill_in(struct world_owners *o, const struct view *v)
{
	uint16_t numbers[RING_SLOTS];

	number_slots(v, numbers);
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		const uint16_t *row = view_row(v, p);
		for (uint32_t i = 0; i < o->replicas; i++)
			o->rows[(size_t)p * o->replicas + i] = row[i] == RING_NONE
			                                               ? RING_NONE
			                                               : numbers[row[i]];
	}
}

static struct world_owners owners_of(const struct node *n)
{
	const struct view *v = cluster_view(n->cluster);
	struct world_owners o = {.replicas = v->replicas};

	o.rows = malloc(sizeof(*o.rows) * TABLE_PARTITIONS * o.replicas);
	if (!o.rows)
		abort();
	fill_in(&o, v);
	return o;
}

struct world_owners world_owners(const struct world *w)
{
	uint32_t i = 0;

	while (world_node(w, i)->state != SERVER_UP)
		i++;
	return owners_of(world_node(w, i));
}

void world_owners_free(struct world_owners *o)
{
	free(o->rows);
}

bool world_same_owners(const struct world *w, const struct world_owners *o)
{
	size_t size = sizeof(*o->rows) * TABLE_PARTITIONS * o->replicas;
	bool same = true;

	for (uint32_t i = 0; i < w->s->fleet->count && same; i++) {
		if (!node_is_up(world_node(w, i)))
			continue;
		struct world_owners other = owners_of(world_node(w, i));
		same = memcmp(other.rows, o->rows, size) == 0;
		world_owners_free(&other);
	}
	return same;
}

static bool has(const uint16_t *row, uint32_t n, uint16_t server)
{
	for (uint32_t i = 0; i < n; i++)
		if (row[i] == server)
			return true;
	return false;
}

uint64_t world_moved(const struct world_owners *before, const struct world_owners *after)
{
	uint32_t n = after->replicas;
	uint64_t moved = 0;

	for (size_t i = 0; i < (size_t)TABLE_PARTITIONS * n; i++)
		moved += after->rows[i] != RING_NONE &&
		         !has(before->rows + i / n * n, n, after->rows[i]);
	return moved;
}

uint64_t world_sum(const struct world *w, enum stats_id id)
{
	uint64_t sum = 0, n[STATS_COUNT];

	for (uint32_t i = 0; i < w->s->fleet->count; i++) {
		if (!node_is_up(world_node(w, i)))
			continue;
		server_stats(world_node(w, i)->server, n);
		sum += n[id];
	}
	return sum;
}

uint64_t world_pulled(const struct world *w)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < w->s->fleet->count; i++)
		if (node_is_up(world_node(w, i)))
			sum += cluster_status(world_node(w, i)->cluster).repair.pulled_records;
	return sum;
}

/* The n-th hash. */
static void write_nth(struct writer *w, uint64_t n)
{
	uint8_t hash[WORLD_HASH_LEN];
	struct rng rng;

	rng_init(&rng, n);
	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)rng_u64(&rng);
	write_hash_item(w, (struct span){hash, sizeof(hash)});
}

static struct writer begin(struct world *w, uint8_t *to, size_t size, enum msg_type type)
{
	uint8_t txid[MSG_TXID_LEN];

	store_be64(txid, ++w->next_txid);
	return build_start(to, size, type, txid);
}

static void ask(struct world *w, uint32_t server, struct writer *to)
{
	struct addr client = meter_client();
	struct addr at = place_addr(PLACE_SERVER, server, true, PORT_CLIENT);
	int len = build_finish(to);

	if (len < 0)
		abort();
	net_send(w->s, &client, &at, to->start, (size_t)len, 0);
}

void world_announce(struct world *w, uint32_t server, uint64_t n)
{
	struct addr provider = place_addr(PLACE_PROVIDER, 1, true, 7000);
	uint8_t bytes[NET_PACKET_MAX];
	struct writer to = begin(w, bytes, sizeof(bytes), MSG_ANNOUNCE);

	write_u32(&to, TTL_S);
	write_u16(&to, provider.port);
	write_copy(&to, provider.ip.b, sizeof(provider.ip.b));
	write_u8(&to, WORLD_HASHES);
	for (uint64_t i = 0; i < WORLD_HASHES; i++)
		write_nth(&to, n + i);
	ask(w, server, &to);
}

void world_lookup(struct world *w, uint32_t server, uint64_t n)
{
	uint8_t bytes[NET_PACKET_MAX];
	struct writer to = begin(w, bytes, sizeof(bytes), MSG_LOOKUP);

	write_u16(&to, 0);
	write_u32(&to, 0);
	write_u8(&to, 1);
	write_nth(&to, n);
	ask(w, server, &to);
}
