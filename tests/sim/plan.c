/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define MS     UINT64_C(1000)

#define PERCENT 10000 /* in millionths */

static const char *const names[FAULT_COUNT] = {
#define X(id, name, help) [FAULT_##id] = name,
	PLAN_FAULTS(X)
#undef X
};

static const char *const helps[FAULT_COUNT] = {
#define X(id, name, help) [FAULT_##id] = help,
	PLAN_FAULTS(X)
#undef X
};

/* Groups of numbers, each with a generator. */
enum group {
	GROUP_FAULT, /* one for each class: GROUP_FAULT + its number */
	GROUP_SIZES = 1000,
	GROUP_KIND,
	GROUP_LOAD,
	GROUP_TIMES,
	GROUP_WIRE,
};

static struct rng group_rng(const struct plan *p, uint32_t group)
{
	struct rng rng;

	rng_init(&rng, p->seed * UINT64_C(0x9e3779b97f4a7c15) + group);
	return rng;
}

static bool one_in(struct rng *rng, uint32_t n)
{
	return rng_below(rng, n) == 0;
}

static uint32_t between(struct rng *rng, uint32_t least, uint32_t most)
{
	return least + rng_below(rng, most - least + 1);
}

static uint64_t between_us(struct rng *rng, uint64_t least, uint64_t most)
{
	return least + rng_u64(rng) % (most - least + 1);
}

/* How often faults of a kind come and how long they last, at the rarest and longest. */
static const struct {
	uint64_t every_us, for_us;
} habits[FAULT_COUNT] = {
	[FAULT_CLOG] = {30 * SECOND, 5 * SECOND},
	[FAULT_CUT] = {60 * SECOND, 60 * SECOND},
	[FAULT_CRASH] = {120 * SECOND, 60 * SECOND},
	[FAULT_WIPE] = {180 * SECOND, 60 * SECOND},
	[FAULT_STALE] = {180 * SECOND, 60 * SECOND},
	[FAULT_PAUSE] = {60 * SECOND, 120 * SECOND},
	[FAULT_STALL] = {60 * SECOND, 60 * SECOND},
	[FAULT_LEAVE] = {120 * SECOND, 60 * SECOND},
	[FAULT_JOIN] = {120 * SECOND, 0},
	[FAULT_GARBAGE] = {SECOND, 0},
	[FAULT_ROTATE] = {120 * SECOND, 0},
};

static void draw_kind(struct plan *p)
{
	struct rng rng = group_rng(p, GROUP_KIND);

	p->calm = one_in(&rng, 6);
	p->clear = one_in(&rng, 6);
	p->spare_disks = one_in(&rng, 2);
	p->first_alone = one_in(&rng, 3);
	p->proven = !one_in(&rng, 4);
	p->zones = one_in(&rng, 5);
	p->weights = one_in(&rng, 5);
	p->confirm_misses = !one_in(&rng, 8);
	p->shared = one_in(&rng, 3);
	p->lanes = one_in(&rng, 4) ? 2 : 1;
	p->basic = one_in(&rng, 2) ? 1 : 0;
	if (!p->clear)
		p->basic = 0;
}

static void draw_sizes(struct plan *p)
{
	struct rng rng = group_rng(p, GROUP_SIZES);

	p->servers = one_in(&rng, 4) ? between(&rng, 1, 9) : between(&rng, 3, 5);
	if (one_in(&rng, 64))
		p->servers = 64;
	p->replicas = one_in(&rng, 4) ? between(&rng, 1, 3) : 3;
	p->quorum = one_in(&rng, 4) ? between(&rng, 1, p->replicas) : p->replicas / 2 + 1;
}

static void draw_load(struct plan *p)
{
	struct rng rng = group_rng(p, GROUP_LOAD);

	p->clients = between(&rng, 1, PLAN_CLIENTS_MAX);
	p->hashes = between(&rng, 20, PLAN_HASHES_MAX);
	p->providers = one_in(&rng, 4) ? PLAN_PROVIDERS_MAX : between(&rng, 1, 20);
	p->ttl_max_s = between(&rng, 5, 600);
	p->rate = between(&rng, 20, 240);
}

static void draw_times(struct plan *p)
{
	struct rng rng = group_rng(p, GROUP_TIMES);

	p->rounds = one_in(&rng, 2) ? 1 : between(&rng, 1, PLAN_ROUNDS_MAX);
	for (uint32_t i = 0; i < PLAN_ROUNDS_MAX; i++)
		p->chaos_us[i] = between_us(
			&rng, 30 * SECOND, one_in(&rng, 4) ? 8 * MINUTE : 3 * MINUTE);
	p->interval_us = SECOND;
	p->suspect_us = 5 * SECOND;
	p->drop_us = 10 * SECOND;
	p->leave_us = 4 * SECOND;
	p->repair_us = one_in(&rng, 2) ? 30 * SECOND : between_us(&rng, 5 * SECOND, 30 * SECOND);
}

/* Half of the time weak, so that what needs much to go well is seen too. */
static uint32_t strength(struct rng *rng, uint32_t most)
{
	return 1 + rng_below(rng, one_in(rng, 2) ? most : most / 8);
}

static void draw_wire(struct plan *p)
{
	struct rng rng = group_rng(p, GROUP_WIRE);

	p->loss = strength(&rng, 30 * PERCENT);
	p->repeat = strength(&rng, 50 * PERCENT);
	p->flip = strength(&rng, PERCENT);
	p->truncate = strength(&rng, PERCENT);
	p->replay = strength(&rng, PERCENT);
	p->delay_us = strength(&rng, (uint32_t)(500 * MS));
	p->clients_loss = strength(&rng, 30 * PERCENT);
	p->clients_repeat = strength(&rng, 50 * PERCENT);
	p->clients_delay_us = strength(&rng, (uint32_t)(500 * MS));
	p->queue_loss = strength(&rng, 20 * PERCENT);
	p->queue_us = strength(&rng, (uint32_t)(50 * MS));
	p->max_records = between(&rng, 20, 2000);
}

static void draw_faults(struct plan *p)
{
	for (uint32_t f = 0; f < FAULT_COUNT; f++) {
		struct rng rng = group_rng(p, GROUP_FAULT + f);
		if (f == FAULT_FULL ? one_in(&rng, 10) : one_in(&rng, 2))
			p->faults |= UINT32_C(1) << f;
		if (habits[f].every_us)
			p->every_us[f] = between_us(
				&rng, habits[f].every_us / 6, habits[f].every_us);
		if (habits[f].for_us)
			p->for_us[f] = between_us(&rng, habits[f].for_us / 16, habits[f].for_us);
	}
}

/* Classes that mean nothing, or too much, together with what else was drawn. */
static void reconcile(struct plan *p)
{
	const uint32_t calm = 1u << FAULT_LEAVE | 1u << FAULT_JOIN | 1u << FAULT_DRIFT;
	const uint32_t sealed = 1u << FAULT_HARM | 1u << FAULT_REPLAY | 1u << FAULT_GARBAGE |
	                        1u << FAULT_ROTATE;
	const uint32_t small = 1u << FAULT_JOIN | 1u << FAULT_LEAVE;

	if (p->calm)
		p->faults &= calm;
	/* Nothing protects base messages in clear. */
	if (p->clear)
		p->faults &= ~sealed;
	if (p->servers > 16) {
		p->faults &= ~small;
		p->rounds = 1;
		p->chaos_us[0] = MINUTE;
	}
	if (p->calm && p->servers < 2)
		p->servers = 3;
}

void plan_draw(struct plan *p, const struct plan_options *options)
{
	*p = (struct plan){.seed = options->seed};
	draw_kind(p);
	draw_sizes(p);
	draw_load(p);
	draw_times(p);
	draw_wire(p);
	draw_faults(p);
	reconcile(p);
	p->most = PLAN_SERVERS_MAX;
	p->faults &= ~options->without;
	if (options->servers)
		p->servers = options->servers;
	if (!plan_has(p, FAULT_FULL))
		p->max_records = 0;
	p->until_us = options->until_us ? options->until_us : UINT64_MAX;
}

const char *plan_fault_name(enum plan_fault f)
{
	return names[f];
}

const char *plan_fault_help(enum plan_fault f)
{
	return helps[f];
}

static bool find_fault(const char *name, size_t len, uint32_t *faults)
{
	for (uint32_t f = 0; f < FAULT_COUNT; f++) {
		if (strlen(names[f]) == len && memcmp(names[f], name, len) == 0) {
			*faults |= UINT32_C(1) << f;
			return true;
		}
	}
	return false;
}

bool plan_faults_parse(const char *text, uint32_t *faults)
{
	*faults = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		if (!find_fault(text, len, faults))
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

void plan_format(const struct plan *p, char *to, size_t size)
{
	int n = snprintf(to, size,
		"%u servers, %u of %u replicas, %u lanes, %u clients, %u hashes, %u "
		"rounds%s%s%s%s%s:",
		p->servers, p->quorum, p->replicas, p->lanes, p->clients, p->hashes, p->rounds,
		p->calm ? ", calm" : "", p->clear ? ", clear" : "", p->basic ? ", basic" : "",
		p->zones ? ", zones" : "", p->weights ? ", weights" : "");

	for (uint32_t f = 0; f < FAULT_COUNT; f++)
		if (plan_has(p, (enum plan_fault)f) && n > 0 && (size_t)n < size)
			n += snprintf(to + n, size - (size_t)n, " %s", names[f]);
}
