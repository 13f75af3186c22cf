/* SPDX-License-Identifier: BSD-2-Clause */
#include "repair_rig.h"

#include <stdlib.h>
#include <string.h>

#define HELD_US    400000
#define SWEEP_US   250000
#define PLAIN_HEAD (MSG_HEADER_LEN + SEAL_NONCE_LEN)

struct rig *rig_new(uint8_t replicas, uint8_t write_quorum, uint64_t seed)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->replicas = replicas;
	r->write_quorum = write_quorum;
	r->travel_us = 1000;
	r->conf.interval_us = INTERVAL_MS * 1000;
	r->now = (struct now){.mono_us = 5000000, .wall_ms = UINT64_C(1750000000000)};
	rng_init(&r->rng, seed);
	r->out = (struct outbox){
		.items = r->items,
		.bytes = r->bytes,
		.capacity = REPAIR_OUT,
		.datagram_max = DATAGRAM,
	};
	for (size_t i = 0; i < COUNT(r->roads); i++)
		r->roads[i].last = &r->roads[i].first;
	for (uint8_t i = 0; i < NODES; i++) {
		uint8_t ip[4] = {10, 0, 0, (uint8_t)(i + 1)};
		r->node[i].id = (struct addr){.ip = ip_from_v4(ip), .port = 8471};
	}
	return r;
}

static void free_node(struct node *n)
{
	if (!n->server)
		return;
	repair_check(n->repair);
	table_check(server_table(n->server));
	repair_free(n->repair);
	server_free(n->server);
	seal_free(n->seal);
	view_free(n->view);
	n->repair = NULL;
	n->server = NULL;
	n->view = NULL;
	n->up = false;
}

void rig_free(struct rig *r)
{
	for (uint32_t i = 0; i < NODES; i++)
		free_node(&r->node[i]);
	for (size_t i = 0; i < COUNT(r->roads); i++) {
		while (r->roads[i].first) {
			struct datagram *d = r->roads[i].first;
			r->roads[i].first = d->next;
			free(d);
		}
	}
	free(r);
}

void rig_start(struct rig *r, uint32_t i)
{
	static const struct seal_keys clear = {0};
	struct node *n = &r->node[i];
	uint64_t random = rng_u64(&r->rng);
	struct server_seed seed = {.random = random};
	struct seal_seed start = {.start = {(uint8_t)++r->starts}};

	assert_false(n->up);
	free_node(n);
	n->policy = (struct policy){
		.ttl_s = 1800,
		.max_ttl_s = 86400,
		.want_ttl_s = 600,
		.max_datagram = DATAGRAM,
		.name = "rig",
		.limits = r->limits,
	};
	n->server = server_new(&n->policy, &seed, 1, &r->now);
	n->seal = seal_new(&n->id, &clear, &start);
	assert_non_null(n->server);
	assert_non_null(n->seal);
	n->lane = server_cluster_lane(n->server);
	n->repair = repair_new(&r->conf, server_parts(n->server), n->lane, random + 1);
	assert_non_null(n->repair);
	n->start = r->starts;
	n->up = n->member = true;
	n->leaving = n->settled = false;
	n->view_due_us = NEVER;
	n->paused_until_us = 0;
	n->side = 0;
}

void rig_found(struct rig *r, uint32_t i)
{
	rig_start(r, i);
	r->node[i].settled = true;
}

void rig_stop(struct rig *r, uint32_t i, bool left)
{
	r->node[i].up = false;
	r->node[i].member = !left;
}

static bool hears(const struct node *a, const struct node *b)
{
	return a->up && b->up && a->side == b->side;
}

/* What n knows of a member: everybody on its side, by the ring. */
static struct view *make_view(const struct rig *r, uint32_t self)
{
	struct ring *ring = ring_new(r->replicas);
	struct view *v = view_new(NODES, (uint8_t)ring_row_len(ring));

	assert_non_null(v);
	v->self = (uint16_t)self;
	v->replicas = r->replicas;
	v->write_quorum = r->write_quorum;
	for (uint16_t i = 0; i < NODES; i++) {
		const struct node *n = &r->node[i];
		bool alive = hears(&r->node[self], n);
		if (!n->member)
			continue;
		v->members[i].id = n->id;
		v->members[i].speaks = true;
		v->members[i].self = i == self;
		v->members[i].state = !alive ? PEER_DEAD : n->leaving ? PEER_LEAVING : PEER_ALIVE;
		v->alive += alive;
		v->known++;
		if (alive)
			ring_set(ring, i,
				&(struct ring_member){
					.id = n->id, .weight = 1, .leaving = n->leaving});
	}
	v->alone = v->alive == 1;
	ring_settle(ring);
	memcpy(v->rows, ring_rows(ring), (size_t)TABLE_PARTITIONS * v->row_len * sizeof(*v->rows));
	ring_free(ring);
	return v;
}

static void give_view(struct rig *r, uint32_t i)
{
	struct node *n = &r->node[i];
	struct view *v = make_view(r, i);

	server_set_view(n->server, v);
	repair_set_view(n->repair, v, n->settled, &r->now);
	view_free(n->view);
	n->view = v;
	n->view_due_us = NEVER;
}

void rig_tell(struct rig *r, uint64_t within_ms)
{
	for (uint32_t i = 0; i < NODES; i++) {
		if (!r->node[i].up)
			continue;
		uint64_t after_us = rng_below(&r->rng, (uint32_t)within_ms * 1000 + 1);
		r->node[i].view_due_us = r->now.mono_us + after_us;
		if (within_ms == 0 || !r->node[i].view)
			give_view(r, i);
	}
}

static void put_on_road(
	struct rig *r, struct node *from, struct node *to, const uint8_t *bytes, size_t len)
{
	bool held = rng_below(&r->rng, 1000) < r->held_up;
	struct road *road = &r->roads[held];
	struct datagram *d = malloc(sizeof(*d));

	assert_non_null(d);
	*d = (struct datagram){
		.due_us = r->now.mono_us + (held ? HELD_US : r->travel_us),
		.from = from,
		.to = to,
		.start = from->start,
		.len = len,
	};
	memcpy(d->bytes, bytes, len);
	*road->last = d;
	road->last = &d->next;
}

static void count_messages(struct rig *r, struct span messages)
{
	struct span message;

	while (peer_next(&messages, &message))
		r->sent_of[message.p[0]] += message.len;
	assert_int_equal(messages.len, 0);
}

/* What a call has put into the outbox. */
static void send_all(struct rig *r, struct node *from)
{
	for (size_t i = 0; i < r->out.count; i++) {
		const uint8_t *bytes = outbox_bytes(&r->out, i);
		size_t len = r->out.items[i].len;
		struct node *to = NULL;

		for (uint32_t k = 0; k < NODES; k++)
			if (addr_equal(&r->node[k].id, &r->out.items[i].flow.remote))
				to = &r->node[k];
		assert_non_null(to);
		assert_ptr_not_equal(to, from);
		assert_true(len > PLAIN_HEAD + 8 && len <= DATAGRAM);
		count_messages(r, (struct span){bytes + PLAIN_HEAD + 8, len - PLAIN_HEAD - 8});
		r->sent++;
		r->sent_bytes += len;
		if (rng_below(&r->rng, 1000) < r->lost)
			continue;
		put_on_road(r, from, to, bytes, len);
		if (rng_below(&r->rng, 1000) < r->repeated)
			put_on_road(r, from, to, bytes, len);
	}
}

static struct mail begin_mail(struct rig *r, struct node *n, size_t left)
{
	r->out.count = 0;
	return mail_begin(
		n->seal, &n->lane->stream, &n->lane->stats, &r->now, &r->out, DATAGRAM, left);
}

static void answer_pull(struct rig *r, struct node *n, const struct letter *l,
	const struct flow *flow, struct span message, struct mail *mail)
{
	struct peer_request rq = {
		.lane = server_lane(n->server, 0),
		.server = n->server,
		.policy = &n->policy,
		.view = n->view,
		.now = &r->now,
		.now_ms = now_mono_ms(&r->now),
		.letter = l,
		.flow = flow,
		.mail = mail,
	};

	assert_int_equal(peer_decode(message, &rq.msg), MSG_GOOD);
	peer_handle_pull(&rq);
}

/* Answers come at the pace that was asked for, but for what was on its way. */
static void spend(const struct rig *r, struct node *n, size_t len)
{
	const int64_t burst = REPAIR_BYTES_S / 16;
	uint64_t past_us = r->now.mono_us - n->budget_us;

	n->budget += (int64_t)((past_us < 1000000 ? past_us : 1000000) * REPAIR_BYTES_S / 1000000);
	if (n->budget > burst)
		n->budget = burst;
	n->budget_us = r->now.mono_us;
	n->budget -= (int64_t)len;
	assert_true(n->budget > -burst / 4 || r->repeated);
}

/* A lane answers PULLs; the rest, or rather all again, goes to the cluster's thread. */
static void deliver(struct rig *r, const struct datagram *d)
{
	struct node *n = d->to;
	struct flow flow = {.remote = d->from->id, .socket = FLOW_PEER};
	struct span all = {d->bytes + PLAIN_HEAD + 8, d->len - PLAIN_HEAD - 8}, rest, message;
	uint64_t time_us = load_be64(d->bytes + PLAIN_HEAD);
	struct letter l = {
		.from = d->from->id,
		.id = d->from->id,
		.known = true,
		.start = d->start,
		.time_us = time_us,
		.sent_us = time_us - 500,
		.messages = all,
	};
	struct mail mail = begin_mail(r, n, LANE_OUT_MAX);

	for (rest = all; peer_next(&rest, &message);)
		if (message.p[0] == PEER_PULL)
			answer_pull(r, n, &l, &flow, message, &mail);
	mail_flush(&mail);
	send_all(r, n);
	mail = begin_mail(r, n, REPAIR_OUT);
	for (rest = all; peer_next(&rest, &message);) {
		if (message.p[0] == PEER_PULLED)
			spend(r, n, message.len);
		assert_true(repair_take(n->repair, &mail, &flow, &l, message));
	}
	mail_flush(&mail);
	send_all(r, n);
}

void rig_take(struct rig *r, uint32_t n, const struct letter *l, const struct peer_msg *m)
{
	uint8_t bytes[DATAGRAM];
	struct flow flow = {.remote = l->id, .socket = FLOW_PEER};
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct mail mail = begin_mail(r, &r->node[n], REPAIR_OUT);

	peer_encode(&w, m);
	assert_true(writer_done(&w) > 0);
	assert_true(repair_take(
		r->node[n].repair, &mail, &flow, l, (struct span){bytes, writer_used(&w)}));
	mail_flush(&mail);
}

static void deliver_due(struct rig *r)
{
	for (size_t i = 0; i < COUNT(r->roads); i++) {
		struct road *road = &r->roads[i];
		while (road->first && road->first->due_us <= r->now.mono_us) {
			struct datagram *d = road->first;
			road->first = d->next;
			if (!road->first)
				road->last = &road->first;
			if (d->to->up && d->to->view && d->from->side == d->to->side &&
				d->to->paused_until_us <= r->now.mono_us)
				deliver(r, d);
			free(d);
		}
	}
}

static bool any_settled(const struct rig *r, const struct node *n)
{
	for (uint32_t i = 0; i < NODES; i++)
		if (&r->node[i] != n && hears(&r->node[i], n) && r->node[i].settled)
			return true;
	return false;
}

static void tick(struct rig *r, struct node *n)
{
	struct mail mail = begin_mail(r, n, REPAIR_OUT);

	repair_tick(n->repair, &mail);
	mail_flush(&mail);
	send_all(r, n);
	if (!n->settled && any_settled(r, n) && repair_caught_up(n->repair))
		n->settled = true;
}

static uint64_t node_due_us(const struct node *n)
{
	uint64_t due_us = repair_deadline(n->repair);

	if (n->view_due_us < due_us)
		due_us = n->view_due_us;
	return due_us > n->paused_until_us ? due_us : n->paused_until_us;
}

static uint64_t next_due_us(const struct rig *r)
{
	uint64_t due_us = r->swept_us + SWEEP_US;

	for (size_t i = 0; i < COUNT(r->roads); i++)
		if (r->roads[i].first && r->roads[i].first->due_us < due_us)
			due_us = r->roads[i].first->due_us;
	for (uint32_t i = 0; i < NODES; i++)
		if (r->node[i].up && node_due_us(&r->node[i]) < due_us)
			due_us = node_due_us(&r->node[i]);
	return due_us > r->now.mono_us ? due_us : r->now.mono_us;
}

static void sweep(struct rig *r)
{
	uint64_t now_ms = now_mono_ms(&r->now);

	for (uint32_t i = 0; i < NODES; i++)
		while (r->node[i].up &&
			table_deadline(server_table(r->node[i].server), 0, 1) <= now_ms)
			table_sweep(server_table(r->node[i].server), 0, 1, NULL, 0, now_ms);
	r->swept_us = r->now.mono_us;
}

static void step(struct rig *r)
{
	if (r->now.mono_us >= r->swept_us + SWEEP_US)
		sweep(r);
	deliver_due(r);
	for (uint32_t i = 0; i < NODES; i++) {
		struct node *n = &r->node[i];
		if (!n->up || n->paused_until_us > r->now.mono_us)
			continue;
		if (n->view_due_us <= r->now.mono_us)
			give_view(r, i);
		if (repair_deadline(n->repair) <= r->now.mono_us)
			tick(r, n);
	}
}

bool rig_until(struct rig *r, bool (*so)(struct rig *r), uint64_t ms)
{
	uint64_t end_us = r->now.mono_us + ms * 1000, look_us = r->now.mono_us;
	uint32_t same = 0;

	while (true) {
		uint64_t due_us = next_due_us(r);
		/* Whoever is due has to get something done. */
		same = due_us == r->now.mono_us ? same + 1 : 0;
		assert_true(same < 1000);
		if (due_us > end_us)
			break;
		r->now.wall_ms += due_us / 1000 - r->now.mono_us / 1000;
		r->now.mono_us = due_us;
		step(r);
		if (so && r->now.mono_us >= look_us) {
			if (so(r))
				return true;
			look_us = r->now.mono_us + 10000;
		}
	}
	r->now.wall_ms += end_us / 1000 - r->now.mono_us / 1000;
	r->now.mono_us = end_us;
	return so && so(r);
}

void rig_run(struct rig *r, uint64_t ms)
{
	rig_until(r, NULL, ms);
}

struct repair_progress rig_progress(struct rig *r, uint32_t n)
{
	return repair_progress(r->node[n].repair);
}

bool all_complete(struct rig *r)
{
	for (uint32_t i = 0; i < NODES; i++) {
		const struct node *n = &r->node[i];
		if (n->up && (n->view_due_us != NEVER || !repair_caught_up(n->repair)))
			return false;
	}
	return true;
}

bool all_quiet(struct rig *r)
{
	for (uint32_t i = 0; i < NODES; i++)
		if (r->node[i].up && rig_progress(r, i).kept != 0)
			return false;
	return all_complete(r);
}

/* The digest of what node i has of it, with a mark when it owns it. */
static bool partition_alike(struct rig *r, uint32_t p)
{
	uint64_t now_ms = now_mono_ms(&r->now), digest = 0;
	bool known = false;

	for (uint32_t i = 0; i < NODES; i++) {
		struct node *n = &r->node[i];
		if (!n->up || !view_owns(n->view, p, (uint16_t)i))
			continue;
		uint64_t mine = table_digest_of(table_digest(server_table(n->server), p, now_ms));
		if (known && mine != digest)
			return false;
		digest = mine;
		known = true;
	}
	return true;
}

bool all_alike(struct rig *r)
{
	if (!all_quiet(r))
		return false;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		if (!partition_alike(r, p))
			return false;
	return true;
}

void rig_cluster(struct rig *r, uint32_t n)
{
	rig_found(r, 0);
	for (uint32_t i = 1; i < n; i++)
		rig_start(r, i);
	rig_tell(r, 0);
	assert_true(rig_until(r, all_quiet, 20 * INTERVAL_MS));
}

void rig_hash(uint32_t i, uint8_t hash[static 20])
{
	struct rng rng;

	rng_init(&rng, i);
	for (size_t j = 0; j < 20; j++)
		hash[j] = (uint8_t)rng_u64(&rng);
}

struct record rig_record(uint32_t i, uint64_t version, uint64_t expiry_ms)
{
	uint8_t ip[4] = {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

	return (struct record){
		.ip = ip_from_v4(ip), .port = 8470, .version = version, .expiry_ms = expiry_ms};
}

uint64_t rig_version(struct rig *r)
{
	static struct version_clock clock;

	return version_next(&clock, r->now.wall_ms);
}

int rig_put(struct rig *r, uint32_t n, uint32_t hash, uint32_t provider, uint64_t version,
	uint64_t life_ms)
{
	uint8_t bytes[20];
	struct record record = rig_record(provider, version, now_mono_ms(&r->now) + life_ms);

	rig_hash(hash, bytes);
	struct table_key key = table_key_of((struct span){bytes, sizeof(bytes)});
	return lane_store_foreign(r->node[n].lane, &key, &record, &r->now);
}

bool rig_store(struct rig *r, uint32_t by, uint32_t hash, uint32_t provider, uint64_t version,
	uint64_t life_ms)
{
	uint8_t bytes[20];
	uint16_t owners[RING_REPLICAS];
	uint32_t n = 0;

	rig_hash(hash, bytes);
	struct table_key key = table_key_of((struct span){bytes, sizeof(bytes)});
	const uint16_t *row = view_row(r->node[by].view, key.partition);
	for (uint32_t i = 0; i < r->replicas; i++)
		if (row[i] != RING_NONE && hears(&r->node[by], &r->node[row[i]]))
			owners[n++] = row[i];
	uint32_t needed = r->write_quorum < n ? r->write_quorum : n;
	uint32_t first = n ? rng_below(&r->rng, n) : 0;
	for (uint32_t i = 0; i < n; i++)
		if (i < needed || rng_below(&r->rng, 1000) >= r->unstored)
			rig_put(r, owners[(first + i) % n], hash, provider, version, life_ms);
	return n > 0;
}

bool rig_has(struct rig *r, uint32_t n, uint32_t hash, uint32_t provider)
{
	uint8_t bytes[20];
	struct record found, record = rig_record(provider, 0, 0);

	rig_hash(hash, bytes);
	struct table_key key = table_key_of((struct span){bytes, sizeof(bytes)});
	return table_find(server_table(r->node[n].server), &key, &record.ip, record.port,
		now_mono_ms(&r->now), &found);
}

bool rig_owns(struct rig *r, uint32_t n, uint32_t hash)
{
	uint8_t bytes[20];

	rig_hash(hash, bytes);
	struct table_key key = table_key_of((struct span){bytes, sizeof(bytes)});
	return view_owns(r->node[n].view, key.partition, (uint16_t)n);
}

uint32_t rig_lost(struct rig *r, uint32_t first, uint32_t n)
{
	uint32_t lost = 0;

	for (uint32_t k = first; k < first + n; k++) {
		bool found = false;
		for (uint32_t i = 0; i < NODES && !found; i++)
			found = r->node[i].up && rig_has(r, i, k, k);
		lost += !found;
	}
	return lost;
}

uint32_t rig_missing(struct rig *r, uint32_t first, uint32_t n)
{
	uint32_t missing = 0;

	for (uint32_t k = first; k < first + n; k++) {
		bool all = true;
		for (uint32_t i = 0; i < NODES; i++)
			if (r->node[i].up && rig_owns(r, i, k))
				all &= rig_has(r, i, k, k);
		missing += !all;
	}
	return missing;
}

uint32_t rig_copies(struct rig *r, uint32_t i)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < NODES; k++)
		n += r->node[k].up && rig_owns(r, k, i) && rig_has(r, k, i, i);
	return n;
}

uint64_t rig_count(struct rig *r, uint32_t n)
{
	struct table_usage u = table_usage(server_table(r->node[n].server));

	return u.records + u.tombstones;
}
