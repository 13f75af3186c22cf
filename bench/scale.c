/* SPDX-License-Identifier: BSD-2-Clause */
#include "scale.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/view.h"

#define LOSS         50000 /* in millionths */
#define REST_US      (3600 * SIM_SECOND)
#define NEWS_US      (60 * SIM_SECOND) /* until all has been told that there is to tell, … */
#define EACH_NEWS_US SIM_SECOND        /* … and for each server when all are new */
#define DAY_SIZE     64  /* up to which datagrams are lost for a day, unless told otherwise; … */
#define HOUR_SIZE    500 /* … for an hour; and otherwise for LEAST_S */
#define LEAST_S      600
#define DETECT_US    (120 * SIM_SECOND)
#define LOOK_US      (50 * SIM_MS)
#define REQUEST_US   (2 * SIM_SECOND)
#define STRAY_US     (5 * SIM_MS) /* what follows an answer */
#define ANNOUNCE_US  (5 * SIM_MS) /* from one announcement to the next */

struct bench {
	const struct scale_conf *conf;
	struct world world;
	struct scale *out;
	double started; /* in time of the processor */
	double *detected_s;
	size_t detected;
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* For who waits; not a part of what is measured. */
static void say(const struct bench *b, const char *what)
{
	fprintf(stderr, "%5u servers %8.1f s  %s, at %.1f s\n", b->out->servers,
		seconds() - b->started, what, (double)b->world.s->now_us / 1e6);
}

static double since_s(const struct bench *b, uint64_t us)
{
	return (double)(b->world.s->now_us - us) / 1e6;
}

static void rest(struct bench *b)
{
	if (!world_rest(&b->world, REST_US)) {
		fprintf(stderr, "%u servers are never at rest\n", b->out->servers);
		exit(1);
	}
}

static struct node *any(struct bench *b)
{
	return fleet_any(b->world.s->fleet, &b->world.rng);
}

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void measure_memory(struct bench *b)
{
	const struct node *n = world_node(&b->world, 0);
	struct now now = node_now(b->world.s, n);
	size_t before = in_use();
	struct members *m = members_new(&n->conf.member, n->seal,
		lane_stats(server_cluster_lane(n->server)), 1, true, &now);
	struct view *v = members_view(cluster_members(n->cluster));

	b->out->memory = in_use() - before;
	view_free(v);
	members_free(m);
}

static void measure_forming(struct bench *b)
{
	world_start(&b->world);
	rest(b);
	b->out->form_s = since_s(b, 0);
	measure_memory(b);
}

/* Bytes of a server. */
static double each_second(const struct bench *b, enum meter_class class)
{
	const struct meter *m = &b->world.meter;

	return (double)m->bytes[class] / ((double)m->seconds * b->out->servers);
}

static void measure_calm(struct bench *b)
{
	meter_count(&b->world.meter, true);
	world_wait(&b->world, NEWS_US);
	b->out->news_bytes = each_second(b, METER_MEMBERS);
	world_wait(&b->world, b->out->servers * EACH_NEWS_US);
	meter_count(&b->world.meter, true);
	world_wait(&b->world, b->conf->calm_s * SIM_SECOND);
	b->out->member_bytes = each_second(b, METER_MEMBERS);
	b->out->calm_peak = b->world.meter.peak;
	meter_count(&b->world.meter, false);
}

static uint32_t loss_s_of(uint32_t servers)
{
	if (servers <= DAY_SIZE)
		return 24 * 3600;
	return servers <= HOUR_SIZE ? 3600 : LEAST_S;
}

static void measure_loss(struct bench *b)
{
	struct sim *s = b->world.s;
	uint64_t deaths = world_sum(&b->world, STATS_DEATHS);
	uint64_t suspicions = world_sum(&b->world, STATS_SUSPICIONS);

	s->healed = false;
	s->plan.faults = 1u << FAULT_LOSS;
	net_lose(s, LOSS);
	b->out->loss_s = b->conf->loss_s ? b->conf->loss_s : loss_s_of(b->out->servers);
	world_wait(&b->world, b->out->loss_s * SIM_SECOND);
	s->healed = true;
	b->out->false_deaths = world_sum(&b->world, STATS_DEATHS) - deaths;
	b->out->suspicions = world_sum(&b->world, STATS_SUSPICIONS) - suspicions;
	rest(b);
	world_wait(&b->world, NEWS_US);
}

/* Crashes. */

/* Where each server has the one that dies in its view. */
static void find_slots(const struct bench *b, const struct node *victim, uint16_t *slots)
{
	for (uint32_t i = 0; i < b->world.s->fleet->count; i++) {
		const struct node *n = world_node(&b->world, i);
		if (n != victim && node_is_up(n))
			slots[i] = view_find(cluster_view(n->cluster), &victim->conf.member.self);
	}
}

/* Who holds it dead now and did not yet; gives how many. */
static uint32_t look(struct bench *b, uint16_t *slots, double after_s)
{
	uint32_t new = 0;

	for (uint32_t i = 0; i < b->world.s->fleet->count; i++) {
		if (slots[i] == RING_NONE)
			continue;
		const struct view *v = cluster_view(world_node(&b->world, i)->cluster);
		if (v->members[slots[i]].state != PEER_DEAD)
			continue;
		slots[i] = RING_NONE;
		b->detected_s[b->detected++] = after_s;
		new ++;
	}
	return new;
}

static void crash(struct bench *b)
{
	uint16_t slots[PLAN_FLEET_MAX];
	struct node *victim = any(b);
	uint32_t others = fleet_up(b->world.s->fleet) - 1, found = 0;
	uint64_t crash_us = b->world.s->now_us;
	double half_s = 0;

	memset(slots, UINT8_MAX, sizeof(slots)); /* RING_NONE */
	find_slots(b, victim, slots);
	victim->disk = NULL;
	fleet_kill(b->world.s, victim, SERVER_DOWN);
	while (found < others && b->world.s->now_us - crash_us < DETECT_US) {
		world_wait(&b->world, LOOK_US);
		uint32_t before = found;
		found += look(b, slots, since_s(b, crash_us));
		if (before < (others + 1) / 2 && found >= (others + 1) / 2)
			half_s = since_s(b, crash_us);
	}
	if (found < others) {
		fprintf(stderr, "%u of %u servers never notice a crash\n", others - found, others);
		exit(1);
	}
	b->out->half_s += half_s / b->conf->crashes;
	rest(b);
	fleet_start(b->world.s, victim);
	rest(b);
	world_wait(&b->world, NEWS_US + rng_below(&b->world.rng, (uint32_t)SIM_SECOND));
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure_crashes(struct bench *b)
{
	struct scale *out = b->out;
	double sum = 0;

	b->detected_s = calloc((size_t)b->conf->crashes * out->servers, sizeof(double));
	if (!b->detected_s)
		abort();
	meter_count(&b->world.meter, true);
	for (uint32_t i = 0; i < b->conf->crashes; i++)
		crash(b);
	out->crashes = b->conf->crashes;
	out->change_peak = b->world.meter.peak;
	meter_count(&b->world.meter, false);
	qsort(b->detected_s, b->detected, sizeof(double), by_size);
	for (size_t i = 0; i < b->detected; i++)
		sum += b->detected_s[i];
	out->mean_s = sum / (double)b->detected;
	out->p99_s = b->detected_s[(b->detected * 99 + 99) / 100 - 1];
	out->all_s = b->detected_s[b->detected - 1];
	free(b->detected_s);
}

/* Requests. */

static uint64_t answers(const struct meter *m)
{
	return m->done + m->errors + m->found + m->missed;
}

/* Follows one request to its end, and what comes of it a little longer. */
static void follow(struct bench *b, bool announces, uint64_t n)
{
	struct meter *m = &b->world.meter;
	uint32_t server = any(b)->index;
	uint64_t before = answers(m), start_us = b->world.s->now_us;

	meter_follow(m, server);
	if (announces)
		world_announce(&b->world, server, n);
	else
		world_lookup(&b->world, server, n);
	while (answers(m) == before && b->world.s->now_us - start_us < REQUEST_US)
		world_wait(&b->world, SIM_MS);
	world_wait(&b->world, STRAY_US);
	b->out->lost += answers(m) == before;
	b->out->requests++;
	b->out->hops_most = m->hops > b->out->hops_most ? m->hops : b->out->hops_most;
	b->out->hops_mean += m->hops;
}

static void put_records(struct bench *b)
{
	struct meter *m = &b->world.meter;
	uint64_t count = b->conf->records / WORLD_HASHES;

	for (uint64_t i = 0; i < count; i++) {
		world_announce(&b->world, any(b)->index, i * WORLD_HASHES);
		world_wait(&b->world, ANNOUNCE_US);
	}
	world_wait(&b->world, REQUEST_US);
	b->out->records = m->stored;
	b->out->refused = count * WORLD_HASHES - m->stored;
}

/* Every fourth look-up is for what nobody has. */
static void measure_hops(struct bench *b)
{
	struct meter *m = &b->world.meter;
	uint64_t records = b->conf->records, found = m->found, missed = m->missed;

	for (uint32_t i = 0; i < b->conf->requests; i++) {
		bool nobody = i % 4 == 3;
		follow(b, false, nobody ? UINT64_MAX - i : rng_u64(&b->world.rng) % records);
		b->out->wrong += (uint32_t)(nobody ? m->found - found : m->missed - missed);
		found = m->found;
		missed = m->missed;
	}
	for (uint32_t i = 0; i < b->conf->requests; i++)
		follow(b, true, i * WORLD_HASHES);
	b->out->hops_mean /= b->out->requests;
}

static void measure_digests(struct bench *b)
{
	meter_count(&b->world.meter, true);
	world_wait(&b->world, b->conf->calm_s * SIM_SECOND);
	b->out->digest_bytes = each_second(b, METER_DIGESTS);
	meter_count(&b->world.meter, false);
}

/* Who has what. */

static void count_owned(const struct world_owners *o, uint32_t *owned)
{
	memset(owned, 0, PLAN_FLEET_MAX * sizeof(*owned));
	for (size_t i = 0; i < (size_t)TABLE_PARTITIONS * o->replicas; i++)
		if (o->rows[i] != RING_NONE)
			owned[o->rows[i]]++;
}

static double total_records(const struct bench *b)
{
	double sum = 0;

	for (uint32_t i = 0; i < b->world.s->fleet->count; i++)
		if (node_is_up(world_node(&b->world, i)))
			sum += (double)server_table_usage(world_node(&b->world, i)->server).records;
	return sum;
}

static void measure_load(struct bench *b)
{
	uint32_t owned[PLAN_FLEET_MAX], servers = b->out->servers;
	struct world_owners o = world_owners(&b->world);
	double all = 0, most = 0, most_records = 0;

	count_owned(&o, owned);
	for (uint32_t i = 0; i < servers; i++) {
		double records =
			(double)server_table_usage(world_node(&b->world, i)->server).records;
		all += owned[i];
		most = owned[i] > most ? owned[i] : most;
		most_records = records > most_records ? records : most_records;
	}
	b->out->load = most / (all / servers);
	b->out->record_load = most_records / (total_records(b) / servers);
	b->out->alike = world_same_owners(&b->world, &o);
	world_owners_free(&o);
}

/* What has moved from one state of rest to the next. */
struct change {
	struct world_owners before;
	uint64_t pulled, start_us;
	uint32_t servers; /* the more of them: before or after */
};

static struct change change_begin(struct bench *b)
{
	return (struct change){
		.before = world_owners(&b->world),
		.pulled = world_pulled(&b->world),
		.start_us = b->world.s->now_us,
		.servers = fleet_up(b->world.s->fleet),
	};
}

static void join(struct bench *b)
{
	struct change c = change_begin(b);
	struct node *n = fleet_add(b->world.s);
	uint32_t owned[PLAN_FLEET_MAX], changes = b->conf->changes;

	fleet_start(b->world.s, n);
	rest(b);
	double took_s = since_s(b, c.start_us);
	struct world_owners after = world_owners(&b->world);
	count_owned(&after, owned);
	double moved = (double)world_moved(&c.before, &after);
	double has = (double)server_table_usage(n->server).records;
	uint32_t owners = c.servers + 1 < 3 ? c.servers + 1 : 3;
	b->out->join_moved += moved / owned[n->index] / changes;
	b->out->join_share += moved / ((double)TABLE_PARTITIONS * owners / (c.servers + 1)) /
	                      changes;
	b->out->join_pulled += (double)(world_pulled(&b->world) - c.pulled) / has / changes;
	b->out->join_s = took_s > b->out->join_s ? took_s : b->out->join_s;
	world_owners_free(&c.before);
	world_owners_free(&after);
}

static void leave(struct bench *b)
{
	struct change c = change_begin(b);
	struct node *n = any(b);
	uint32_t owned[PLAN_FLEET_MAX], changes = b->conf->changes;
	double had = (double)server_table_usage(n->server).records;
	uint64_t pulled = cluster_status(n->cluster).repair.pulled_records;

	fleet_leave(b->world.s, n);
	rest(b);
	double took_s = since_s(b, c.start_us);
	struct world_owners after = world_owners(&b->world);
	count_owned(&c.before, owned);
	double moved = (double)world_moved(&c.before, &after);
	b->out->leave_moved += moved / owned[n->index] / changes;
	/* What the one that left had pulled is not in the sum any more. */
	b->out->leave_pulled += (double)(world_pulled(&b->world) - (c.pulled - pulled)) / had /
	                        changes;
	b->out->leave_s = took_s > b->out->leave_s ? took_s : b->out->leave_s;
	world_owners_free(&c.before);
	world_owners_free(&after);
}

static void measure_changes(struct bench *b)
{
	for (uint32_t i = 0; i < b->conf->changes; i++) {
		join(b);
		world_wait(&b->world, NEWS_US);
		leave(b);
		world_wait(&b->world, NEWS_US);
	}
}

void scale_measure(const struct scale_conf *conf, uint32_t servers, struct scale *out)
{
	static const struct {
		void (*measure)(struct bench *b);
		const char *text;
	} steps[] = {
		{measure_forming, "formed"},
		{measure_calm, "calm"},
		{measure_loss, "loss"},
		{measure_crashes, "crashes"},
		{put_records, "records"},
		{measure_hops, "hops"},
		{measure_digests, "digests"},
		{measure_load, "load"},
		{measure_changes, "joins and leaves"},
	};
	struct bench *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	*out = (struct scale){.servers = servers};
	b->conf = conf;
	b->out = out;
	b->started = seconds();
	world_init(&b->world, conf->seed, servers);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		steps[i].measure(b);
		say(b, steps[i].text);
	}
	world_fini(&b->world);
	free(b);
}
