/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "rig.h"

#define PEER_PORT 8471
#define ASK_PORT  40000
#define DELAY_US  500
#define NOW_US    (UINT64_C(5000) * 1000000)
#define WALL_MS   UINT64_C(1750000000000)

static struct addr id_of(unsigned node)
{
	uint8_t v4[] = {10, 9, 0, (uint8_t)node};

	return (struct addr){.ip = ip_from_v4(v4), .port = PEER_PORT};
}

static struct ip provider(unsigned n)
{
	uint8_t v4[] = {192, 0, 2, (uint8_t)n};

	return ip_from_v4(v4);
}

struct now net_now(const struct net *net, unsigned node)
{
	const struct node *x = &net->nodes[node];

	return (struct now){
		.mono_us = net->now_us + x->mono_us,
		.wall_ms = WALL_MS + net->now_us / 1000 + (uint64_t)x->wall_ms,
	};
}

static struct view *make_view(const struct net *net, unsigned self)
{
	uint8_t row_len = (uint8_t)(net->replicas + RING_NEXT);
	struct view *v = view_new((uint16_t)net->count, row_len);

	assert_non_null(v);
	v->epoch = net->epoch;
	v->self = (uint16_t)self;
	v->replicas = net->replicas;
	v->write_quorum = net->quorum;
	v->confirm_misses = net->confirm;
	v->settled = !net->fresh[self];
	for (unsigned i = 0; i < net->count; i++) {
		if (net->fresh[self] && i != self)
			continue;
		bool dead = net->state[i] == PEER_DEAD;
		v->members[i] = (struct view_member){
			.id = id_of(i),
			.state = net->state[i],
			.self = i == self,
			.speaks = true,
		};
		v->alive = (uint16_t)(v->alive + !dead);
		v->known++;
	}
	for (size_t p = 0; p < TABLE_PARTITIONS; p++) {
		uint16_t *row = v->rows + p * row_len;
		memset(row, 0xff, row_len * sizeof(row[0])); /* RING_NONE */
		row[0] = (uint16_t)self;
		if (!net->fresh[self])
			memcpy(row, net->row, row_len * sizeof(row[0]));
	}
	return v;
}

void net_publish(struct net *net)
{
	net->epoch++;
	for (unsigned i = 0; i < net->count; i++) {
		struct view *old = net->nodes[i].view;
		net->nodes[i].view = make_view(net, i);
		if (old)
			server_set_view(net->nodes[i].server, net->nodes[i].view);
		view_free(old);
	}
}

void net_own(struct net *net, const uint8_t *owners, size_t n)
{
	bool taken[NET_NODES] = {false};
	size_t at = net->replicas;

	assert_true(n <= net->replicas);
	memset(net->row, 0xff, sizeof(net->row)); /* RING_NONE */
	for (size_t i = 0; i < n; i++) {
		net->row[i] = owners[i];
		taken[owners[i]] = true;
	}
	for (uint16_t i = 0; i < net->count && at < net->replicas + (size_t)RING_NEXT; i++)
		if (!taken[i])
			net->row[at++] = i;
}

void net_parts(struct net *net, unsigned node, enum part_state state)
{
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		parts_set(server_parts(net->nodes[node].server), p, state);
}

static void node_new(struct net *net, unsigned i)
{
	static const struct seal_keys clear;
	struct server_seed seed = {.secret = {1, (uint8_t)i}, .cookies = {4}, .random = i};
	struct seal_seed start = {.start = {9, (uint8_t)i}, .secret = {2, (uint8_t)i}};
	struct addr id = id_of(i);
	struct node *x = &net->nodes[i];

	x->mono_us = UINT64_C(1000000000) * i;
	x->policy = (struct policy){
		.ttl_s = 1800,
		.max_ttl_s = 86400,
		.want_ttl_s = 600,
		.allow = net->allow,
		.allow_count = 2,
		.trusted = net->trusted,
		.trusted_count = 1,
		.third_party_put = true,
		.base_put = true,
		.max_datagram = MSG_DATAGRAM_DEFAULT,
		.name = "node",
		.self = {.ip = id.ip, .port = 8470},
		.limits = {.grave_ms = 86400000},
	};
	struct now now = net_now(net, i);
	x->server = server_new(&x->policy, &seed, 1, &now);
	x->seal = seal_new(&id, &clear, &start);
	assert_non_null(x->server);
	assert_non_null(x->seal);
	x->lane = server_lane(x->server, 0);
	assert_int_equal(server_join(x->server, x->seal, x->view, i), 0);
}

static void post(struct net *net, unsigned from, unsigned to, enum flow_socket socket,
	const uint8_t *bytes, size_t len)
{
	struct net_packet *p = net->packets;

	while (p < net->packets + NET_PACKETS && p->due_us != UINT64_MAX)
		p++;
	assert_true(p < net->packets + NET_PACKETS);
	*p = (struct net_packet){
		.due_us = net->now_us + DELAY_US + net->delay_us[from][to],
		.from = (uint8_t)from,
		.to = (uint8_t)to,
		.socket = socket,
		.len = len,
	};
	memcpy(p->bytes, bytes, len);
}

static bool chance(struct net *net, uint32_t permille)
{
	return permille && rng_below(&net->rng, 1000) < permille;
}

/* What a node sends to another: from its ask socket to the peer port, or back. */
static void carry(
	struct net *net, unsigned from, const struct flow *flow, const uint8_t *bytes, size_t len)
{
	unsigned to = flow->remote.ip.b[15];
	bool question = flow->socket == FLOW_ASK;

	assert_true(to < net->count && to != from);
	assert_true(question || flow->socket == FLOW_PEER);
	assert_int_equal(flow->remote.port, question ? PEER_PORT : ASK_PORT);
	net->carried++;
	if (net->cut[from][to] || chance(net, net->lose_permille))
		return;
	post(net, from, to, question ? FLOW_PEER : FLOW_ASK, bytes, len);
	if (chance(net, net->repeat_permille))
		post(net, from, to, question ? FLOW_PEER : FLOW_ASK, bytes, len);
}

static void collect(struct net *net, unsigned node)
{
	assert_true(net->out.count <= LANE_OUT_MAX);
	for (size_t i = 0; i < net->out.count; i++) {
		const struct outgoing *item = &net->out.items[i];
		const uint8_t *bytes = outbox_bytes(&net->out, i);
		if (item->flow.socket >= FLOW_PEER) {
			carry(net, node, &item->flow, bytes, item->len);
			continue;
		}
		assert_true(net->answer_count < NET_ANSWERS);
		struct net_answer *a = &net->answers[net->answer_count++];
		*a = (struct net_answer){
			.at_us = net->now_us, .node = node, .flow = item->flow, .len = item->len};
		memcpy(a->bytes, bytes, item->len);
	}
	net->out.count = 0;
}

void net_send(struct net *net, unsigned node, const char *from, const char *hex)
{
	uint8_t bytes[MSG_DATAGRAM_DEFAULT];
	size_t len = rig_unhex(hex, bytes, sizeof(bytes));
	struct flow flow = rig_flow(from);
	struct now now = net_now(net, node);
	struct span password;

	lane_input(net->nodes[node].lane, &now, &flow, bytes, len, &net->out, &password);
	collect(net, node);
}

static void deliver(struct net *net, struct net_packet *p)
{
	struct flow flow = {.remote = id_of(p->from), .socket = p->socket};
	struct now now = net_now(net, p->to);
	struct parcel parcel;

	p->due_us = UINT64_MAX;
	if (net->nodes[p->to].paused)
		return;
	if (p->socket == FLOW_PEER)
		flow.remote.port = ASK_PORT;
	lane_peer_input(net->nodes[p->to].lane, &now, &flow, p->bytes, p->len, &net->out, &parcel);
	collect(net, p->to);
}

static bool is_due(const struct net *net, const struct net_packet *p)
{
	return p->due_us <= net->now_us && !net->nodes[p->to].still;
}

/* Everything that is due now. False when there was nothing. */
static bool step(struct net *net)
{
	bool any = false;

	for (struct net_packet *p = net->packets; p < net->packets + NET_PACKETS; p++)
		if (is_due(net, p)) {
			deliver(net, p);
			any = true;
		}
	for (unsigned i = 0; i < net->count; i++) {
		struct now now = net_now(net, i);
		struct lane *l = net->nodes[i].lane;
		if (net->nodes[i].paused || net->nodes[i].still || lane_deadline(l) > now.mono_us)
			continue;
		lane_tick(l, &now, &net->out);
		collect(net, i);
		coordinator_check(l->coordinator);
		any = true;
	}
	return any;
}

static uint64_t next_us(const struct net *net)
{
	uint64_t next = UINT64_MAX;

	for (const struct net_packet *p = net->packets; p < net->packets + NET_PACKETS; p++)
		if (p->due_us < next && !net->nodes[p->to].still)
			next = p->due_us;
	for (unsigned i = 0; i < net->count; i++) {
		uint64_t due = lane_deadline(net->nodes[i].lane);
		if (net->nodes[i].paused || net->nodes[i].still || due == UINT64_MAX)
			continue;
		due = due > net->nodes[i].mono_us ? due - net->nodes[i].mono_us : 0;
		next = due < next ? due : next;
	}
	return next;
}

static void run_to(struct net *net, uint64_t end_us, size_t answers)
{
	while (net->answer_count < answers) {
		for (int i = 0; step(net); i++)
			assert_true(i < 10000);
		uint64_t next = next_us(net);
		if (net->answer_count >= answers)
			return;
		if (next > end_us) {
			net->now_us = end_us;
			return;
		}
		if (next > net->now_us)
			net->now_us = next;
	}
}

void net_run(struct net *net, uint64_t ms)
{
	run_to(net, net->now_us + ms * 1000, SIZE_MAX);
}

void net_run_until(struct net *net, size_t n)
{
	run_to(net, net->now_us + 10000000, n);
	assert_true(net->answer_count >= n);
}

/* A node's datagram to another that means nothing stands in the outbox. */
static void say_hello(struct net *net, unsigned from, unsigned to)
{
	static const uint8_t nothing[] = {0};
	struct peer_msg hello = {
		.type = PEER_STORED, .stored = {.statuses = {.p = nothing, .len = 1}}};
	struct now now = net_now(net, from);
	struct flow flow = {.remote = id_of(to), .socket = FLOW_ASK};
	struct mail mail = lane_mail(net->nodes[from].lane, &now, &net->out, 1);

	assert_true(mail_put(&mail, &flow, &hello));
	mail_flush(&mail);
}

/* What KEEP_ALIVEs do otherwise: both know how their clocks stand to each other. */
static void compare_clocks(struct net *net, unsigned from, unsigned to)
{
	struct seal *s = net->nodes[to].seal;
	struct now now = net_now(net, to);
	struct addr id = id_of(from);
	struct letter letter;
	uint8_t key_id;

	say_hello(net, from, to);
	assert_int_equal(seal_open(s, &now, &id, net->bytes, net->items[0].len, &letter, &key_id),
		SEAL_OPENED);
	assert_true(letter.known);
	seal_clock_sample(s, &now, &letter, now.mono_us);
	net->out.count = 0;
}

/* Every node says something to every other, which has it prove itself. */
static void meet(struct net *net)
{
	for (unsigned i = 0; i < net->count * net->count; i++) {
		unsigned from = i / net->count, to = i % net->count;
		if (from == to)
			continue;
		say_hello(net, from, to);
		collect(net, from);
		net_run(net, 20);
	}
	for (unsigned i = 0; i < net->count * net->count; i++)
		if (i / net->count != i % net->count)
			compare_clocks(net, i / net->count, i % net->count);
}

struct net *net_new(unsigned nodes, uint8_t replicas, uint8_t quorum)
{
	static const uint8_t owners[] = {0, 1, 2, 3, 4, 5};
	struct net *net = calloc(1, sizeof(*net));

	assert_non_null(net);
	assert_true(nodes <= NET_NODES && replicas <= nodes);
	assert_int_equal(prefix_parse("0.0.0.0/0", &net->allow[0]), 0);
	assert_int_equal(prefix_parse("::/0", &net->allow[1]), 0);
	assert_int_equal(prefix_parse("10.0.0.0/8", &net->trusted[0]), 0);
	rng_init(&net->rng, 1);
	net->count = nodes;
	net->replicas = replicas;
	net->quorum = quorum;
	net->confirm = true;
	net->now_us = NOW_US;
	memset(net->state, PEER_ALIVE, sizeof(net->state));
	for (size_t i = 0; i < NET_PACKETS; i++)
		net->packets[i].due_us = UINT64_MAX;
	net->out = (struct outbox){
		.items = net->items,
		.bytes = net->bytes,
		.capacity = LANE_OUT_MAX,
		.datagram_max = MSG_DATAGRAM_DEFAULT,
	};
	net_own(net, owners, replicas);
	net_publish(net);
	for (unsigned i = 0; i < nodes; i++) {
		node_new(net, i);
		net_parts(net, i, i < replicas ? PART_COMPLETE : PART_NONE);
	}
	meet(net);
	net->carried = 0;
	return net;
}

void net_free(struct net *net)
{
	net_run(net, 20000);
	for (unsigned i = 0; i < net->count; i++) {
		struct node *x = &net->nodes[i];
		coordinator_check(x->lane->coordinator);
		if (!x->paused)
			assert_int_equal(coordinator_ops(x->lane->coordinator), 0);
		table_check(server_table(x->server));
		server_free(x->server);
		seal_free(x->seal);
		view_free(x->view);
	}
	free(net);
}

int net_setup(void **state)
{
	*state = net_new(5, 3, 2);
	return 0;
}

int net_teardown(void **state)
{
	net_free(*state);
	return 0;
}

struct msg net_answer(const struct net *net, size_t i)
{
	struct msg m;
	bool has_txid;

	assert_true(i < net->answer_count);
	assert_int_equal(
		msg_decode(net->answers[i].bytes, net->answers[i].len, PLANE_CLIENT, &m, &has_txid),
		MSG_GOOD);
	return m;
}

void net_expect(struct net *net, const char *hex)
{
	char got[2 * MSG_DATAGRAM_DEFAULT + 1], want[2 * MSG_DATAGRAM_DEFAULT + 1];
	uint8_t bytes[MSG_DATAGRAM_DEFAULT];

	assert_int_equal(net->answer_count, 1);
	hex_encode(net->answers[0].bytes, net->answers[0].len, got);
	hex_encode(bytes, rig_unhex(hex, bytes, sizeof(bytes)), want);
	assert_string_equal(got, want);
	net->answer_count = 0;
}

void net_ask(struct net *net, unsigned node, const char *hex, const char *answer)
{
	net_send(net, node, NET_CLIENT, hex);
	net_run_until(net, 1);
	net_expect(net, answer);
}

uint64_t net_stat(const struct net *net, unsigned node, enum stats_id id)
{
	return stats_get(&net->nodes[node].lane->stats, id);
}

static struct table_key key_of(const char *hash, uint8_t bytes[static HASH_MAX])
{
	size_t len = rig_unhex(hash, bytes, HASH_MAX);

	return table_key_of((struct span){.p = bytes, .len = len});
}

void net_put(struct net *net, unsigned node, const char *hash, unsigned n, uint64_t version,
	uint64_t life_ms)
{
	uint8_t bytes[HASH_MAX];
	struct table_key key = key_of(hash, bytes);
	struct now now = net_now(net, node);
	struct record r = {
		.ip = provider(n),
		.version = version,
		.expiry_ms = now_mono_ms(&now) + life_ms,
	};

	assert_true(table_merge(server_table(net->nodes[node].server), &key, &r,
			    version_is_withdrawal(version), now_mono_ms(&now)) >= 0);
}

uint64_t net_life_ms(struct net *net, unsigned node, const char *hash, unsigned n)
{
	uint8_t bytes[HASH_MAX];
	struct table_key key = key_of(hash, bytes);
	struct now now = net_now(net, node);
	struct ip ip = provider(n);
	struct record r;

	if (!table_find(server_table(net->nodes[node].server), &key, &ip, 0, now_mono_ms(&now), &r))
		return 0;
	return r.expiry_ms - now_mono_ms(&now);
}

bool net_has(struct net *net, unsigned node, const char *hash, unsigned n)
{
	return net_life_ms(net, node, hash, n) != 0;
}
