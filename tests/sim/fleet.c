/* SPDX-License-Identifier: BSD-2-Clause */
#include "fleet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "basic.h"
#include "chance.h"
#include "oracle.h"
#include "place.h"
#include "post.h"
#include "shell.h"

#define RNG_FLEET 200 /* sim_rng() */
#define RNG_CLOCK 201
#define RNG_NODE  202

#define SEEDS_MAX 6
#define OFFSET_MS 300000
#define DRIFT_PPM 500
#define STEP_MS   3600000
#define EPOCH_US  (100 * 24 * 3600 * SIM_SECOND)
#define WATCH_US  (100 * SIM_MS) /* between two looks at whether a server is drained */
#define WANT_S    120

static const struct prefix *allow_all(void)
{
	static const struct prefix all = {
		.ip = {{[10] = 0xff, [11] = 0xff}},
		.len = 96,
	};

	return &all;
}

static const struct prefix *trusted(void)
{
	static const struct prefix ten = {
		.ip = {{[10] = 0xff, [11] = 0xff, [12] = 10}},
		.len = 104,
	};

	return &ten;
}

struct fleet *fleet_new(struct sim *s)
{
	struct fleet *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->nodes = calloc(s->plan.most, sizeof(*f->nodes));
	f->basic = basic_new(s);
	if (!f->nodes || !f->basic) {
		basic_free(f->basic);
		free(f->nodes);
		free(f);
		return NULL;
	}
	return f;
}

/* The queue of events is not used any more. */
void fleet_free(struct sim *s)
{
	struct fleet *f = s->fleet;

	if (!f)
		return;
	for (uint32_t i = 0; i < f->count; i++) {
		if (node_is_up(&f->nodes[i]))
			fleet_kill(s, &f->nodes[i], SERVER_GONE);
		disk_fini(&f->nodes[i].kept);
		disk_fini(&f->nodes[i].stale);
	}
	basic_free(f->basic);
	post_free_all(f);
	free(f->nodes);
	free(f);
}

/* As if each class of faults were there, so that the others' draws stay as they are. */
static void make_clock(struct sim *s, struct node *n)
{
	const struct plan *plan = &s->plan;
	struct rng rng;

	sim_rng(s, &rng, RNG_CLOCK, n->index);
	uint64_t epoch = SIM_SECOND + rng_u64(&rng) % EPOCH_US;
	int64_t offset = (int64_t)rng_below(&rng, 2 * OFFSET_MS) - OFFSET_MS;
	int32_t drift = (int32_t)rng_below(&rng, 2 * DRIFT_PPM) - DRIFT_PPM;
	int64_t step = (int64_t)rng_below(&rng, 2 * STEP_MS) - STEP_MS;
	uint64_t step_at = rng_u64(&rng) % plan->chaos_us[0];

	n->clock = (struct clock){
		.epoch_us = epoch,
		.drift_ppm = plan_has(plan, FAULT_DRIFT) ? drift : 0,
		.offset_ms = plan_has(plan, FAULT_OFFSET) ? offset : 0,
		.step_ms = plan_has(plan, FAULT_STEP) ? step : 0,
		.step_at_us = step_at,
	};
}

static void make_conf(struct sim *s, struct node *n)
{
	static const char *const zones[] = {"a", "b", "c"};
	const struct plan *plan = &s->plan;
	uint32_t most_s = plan->ttl_max_s > FLEET_TTL_S ? plan->ttl_max_s : FLEET_TTL_S;

	n->policy = (struct policy){
		.ttl_s = FLEET_TTL_S < plan->ttl_max_s ? FLEET_TTL_S : plan->ttl_max_s,
		.max_ttl_s = most_s,
		.want_ttl_s = WANT_S,
		.allow = allow_all(),
		.allow_count = 1,
		.trusted = trusted(),
		.trusted_count = 1,
		.third_party_put = true,
		.base_put = true,
		.max_datagram = MSG_DATAGRAM_DEFAULT,
		.name = "sim",
		.self = place_addr(PLACE_SERVER, n->index, true, PORT_CLIENT),
		.limits =
			{
				.max_records = plan->max_records,
				.max_providers_per_hash = 65535,
				.grave_ms = UINT64_C(1000) * most_s,
			},
	};
	n->conf = (struct cluster_conf){
		.member =
			{
				.self = place_addr(PLACE_SERVER, n->index, true, PORT_PEER),
				.client_port = PORT_CLIENT,
				.keepalive_port = PORT_KEEP_ALIVE,
				.weight = plan->weights ? (uint8_t)(1 + n->index % 4) : 1,
				.zone = plan->zones ? zones[n->index % 3] : "",
				.version = "sim",
				.interval_us = plan->interval_us,
				.suspect_after_us = plan->suspect_us,
				.drop_after_us = plan->drop_us,
				.replicas = (uint8_t)plan->replicas,
				.write_quorum = (uint8_t)plan->quorum,
				.confirm_misses = plan->confirm_misses,
			},
		.repair = {.interval_us = plan->repair_us},
		.datagram_max = MSG_DATAGRAM_DEFAULT,
	};
}

static void move(struct sim *s, struct node *n, enum server_state state)
{
	n->state = state;
	n->state_us = s->now_us;
}

struct node *fleet_add(struct sim *s)
{
	struct fleet *f = s->fleet;

	if (f->count == s->plan.most)
		return NULL;
	struct node *n = &f->nodes[f->count];
	n->index = f->count++;
	n->lanes = s->plan.lanes;
	sim_rng(s, &n->rng, RNG_NODE, n->index);
	make_clock(s, n);
	make_conf(s, n);
	move(s, n, SERVER_DOWN);
	return n;
}

static void fill(struct rng *rng, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)rng_u64(rng);
}

/*
 * A key is changed in steps, each of which all servers have made before the next: 0 the old one; 1
 * the new one as well; 2 the new one first; 3 the new one alone, which is 0 of the next change.
 */
struct seal_keys fleet_keys(const struct sim *s, uint32_t step)
{
	uint32_t old = step / 3, part = step % 3;
	struct seal_keys keys = {.count = part ? 2 : 1};

	if (s->plan.clear)
		return (struct seal_keys){0};
	for (uint32_t i = 0; i < keys.count; i++) {
		struct rng rng;
		sim_rng(s, &rng, RNG_FLEET, part == 2 ? old + 1 - i : old + i);
		fill(&rng, keys.key[i].key, SEAL_KEY_LEN);
		keys.key[i].id = seal_key_id(keys.key[i].key);
	}
	return keys;
}

void fleet_set_keys(struct sim *s, struct node *n, uint32_t step)
{
	struct seal_keys keys = fleet_keys(s, step);

	n->key_step = step;
	if (node_is_up(n))
		seal_set_keys(n->seal, &keys);
}

static size_t seeds_of(const struct sim *s, const struct node *n, struct addr *seeds)
{
	size_t count = 0;

	/* Later it knows better, as whoever runs it does. */
	if (s->plan.first_alone && n->index == 0 && n->life == 1)
		return 0;
	for (uint32_t i = 0; i < s->fleet->count && count < SEEDS_MAX; i++) {
		const struct node *other = &s->fleet->nodes[i];
		if (other != n && other->state != SERVER_GONE)
			seeds[count++] = other->conf.member.self;
	}
	return count;
}

static void make_server(struct sim *s, struct node *n)
{
	struct now now = node_now(s, n);
	struct seal_keys keys = fleet_keys(s, n->key_step);
	struct server_seed seed = {.random = rng_u64(&n->rng)};
	struct seal_seed seal_seed;
	struct addr seeds[SEEDS_MAX];
	size_t count = seeds_of(s, n, seeds);

	fill(&n->rng, seed.secret, sizeof(seed.secret));
	fill(&n->rng, seal_seed.start, sizeof(seal_seed.start));
	fill(&n->rng, seal_seed.secret, sizeof(seal_seed.secret));
	n->server = server_new(&n->policy, &seed, n->lanes, &now);
	n->seal = seal_new(&n->conf.member.self, &keys, &seal_seed);
	assert(n->server && n->seal);
	if (n->disk)
		disk_load(n->disk, n->server, &n->clock, s->now_us);
	n->cluster = cluster_new(n->server, n->seal, &n->conf, rng_u64(&n->rng), count != 0, &now);
	assert(n->cluster);
	members_set_seeds(cluster_members(n->cluster), seeds, count);
}

void fleet_start(struct sim *s, struct node *n)
{
	assert(!node_is_up(n));
	/* The machine may have started anew as well. */
	if (rng_below(&n->rng, 2) == 0)
		n->clock.epoch_us = SIM_SECOND + rng_u64(&n->rng) % EPOCH_US;
	sim_cancel(s, &n->step);
	n->life++;
	n->start_us = s->now_us;
	shell_start(n);
	n->key_step = s->fleet->key_step;
	make_server(s, n);
	move(s, n, SERVER_UP);
	sim_count(s, TALLY_STARTS);
	sim_say(s, "server %u: starts with %zu records", n->index, n->disk ? n->disk->count : 0);
	shell_wake(s, n);
}

static void come(struct sim *s, struct event *e)
{
	fleet_start(s, (struct node *)(void *)((char *)e - offsetof(struct node, step)));
}

void fleet_start_at(struct sim *s, struct node *n, uint64_t at_us)
{
	n->step.fire = come;
	sim_at(s, &n->step, at_us);
}

void fleet_kill(struct sim *s, struct node *n, enum server_state after)
{
	assert(node_is_up(n));
	sim_cancel(s, &n->step);
	shell_stop(s, n);
	cluster_free(n->cluster);
	server_free(n->server);
	seal_free(n->seal);
	n->cluster = NULL;
	n->server = NULL;
	n->seal = NULL;
	move(s, n, after);
}

/* Whether fewer servers than a quorum are left: one more copy of each record is gone. */
static bool few_are_left(const struct sim *s)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < s->fleet->count; i++)
		left += s->fleet->nodes[i].state != SERVER_GONE;
	return left < s->plan.quorum;
}

static void leave_on(struct sim *s, struct event *e)
{
	struct node *n = (struct node *)(void *)((char *)e - offsetof(struct node, step));
	bool drained = cluster_drained(n->cluster);

	if (n->threads[0].stalled || (!drained && s->now_us - n->state_us < s->plan.leave_us)) {
		sim_at(s, &n->step, s->now_us + WATCH_US);
		return;
	}
	sim_say(s, "server %u: goes, %s", n->index, drained ? "drained" : "not drained");
	disk_save(&n->stale, server_table(n->server), &n->clock, s->now_us);
	n->stale_us = s->now_us;
	shell_part(s, n);
	fleet_kill(s, n, SERVER_GONE);
	if (!drained || few_are_left(s))
		oracle_disk_lost(s, n->index, 0);
}

void fleet_leave(struct sim *s, struct node *n)
{
	assert(n->state == SERVER_UP);
	move(s, n, SERVER_LEAVING);
	sim_count(s, TALLY_LEAVES);
	sim_say(s, "server %u: leaves", n->index);
	if (rng_below(&n->rng, 2) == 0)
		server_shut_down(n->server);
	cluster_set_leaving(n->cluster, true);
	shell_wake(s, n);
	n->step.fire = leave_on;
	sim_at(s, &n->step, s->now_us + WATCH_US);
}

void fleet_stall(struct sim *s, struct node *n, uint32_t thread, uint64_t until_us)
{
	if (until_us > n->paused_us)
		n->paused_us = until_us;
	for (uint32_t i = 0; i <= n->lanes; i++) {
		struct thread *t = &n->threads[i];
		if (thread != FLEET_THREADS && thread != i)
			continue;
		if (!t->stalled)
			t->stalled_us = s->now_us;
		t->stalled = true;
		sim_cancel(s, &t->wake);
		sim_at(s, &t->resume, until_us);
	}
}

void fleet_resume(struct sim *s, struct node *n)
{
	for (uint32_t i = 0; i <= n->lanes; i++)
		if (n->threads[i].stalled)
			shell_resume(s, &n->threads[i]);
}

void fleet_receive(struct sim *s, struct packet *p)
{
	struct place to = place_of(&p->to.ip);

	if (to.kind == PLACE_BASIC)
		basic_receive(s, p);
	else if (to.index < s->fleet->count && node_is_up(&s->fleet->nodes[to.index]))
		shell_receive(s, &s->fleet->nodes[to.index], p);
	else
		net_release(s, p);
}

uint64_t fleet_restamped(const struct fleet *f)
{
	uint64_t sum = 0, n[STATS_COUNT];

	for (uint32_t i = 0; i < f->count; i++) {
		if (!node_is_up(&f->nodes[i]))
			continue;
		server_stats(f->nodes[i].server, n);
		sum += n[STATS_CLUSTER_RESTAMPED];
	}
	return sum;
}

uint32_t fleet_up(const struct fleet *f)
{
	uint32_t up = 0;

	for (uint32_t i = 0; i < f->count; i++)
		up += f->nodes[i].state == SERVER_UP;
	return up;
}

struct node *fleet_any(struct fleet *f, struct rng *rng)
{
	uint32_t up = fleet_up(f);
	uint32_t which = rng_below(rng, up ? up : 1);

	for (uint32_t i = 0; i < f->count; i++)
		if (f->nodes[i].state == SERVER_UP && which-- == 0)
			return &f->nodes[i];
	return NULL;
}

uint64_t fleet_wall_ms(const struct sim *s)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < s->fleet->count; i++) {
		const struct node *n = &s->fleet->nodes[i];
		if (!node_is_up(n))
			continue;
		uint64_t wall = node_now(s, n).wall_ms;
		most = wall > most ? wall : most;
	}
	return most;
}
