/* SPDX-License-Identifier: BSD-2-Clause */
#include "member_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/envelope.h"
#include "wire/msg.h"

#define PEER_PORT       8471
#define KEEP_ALIVE_PORT 8472
#define OUT_MAX         (2 * MEMBER_OUT)
#define START_US        (1000 * SECOND)
#define WALL_MS         UINT64_C(1750000000000)
#define CHECK_EVERY     50

struct addr net_addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, 0, &a), 0);
	return a;
}

static struct addr addr_of(size_t i, uint16_t port)
{
	uint8_t ip[4] = {10, 0, 0, (uint8_t)(i + 1)};

	return (struct addr){.ip = ip_from_v4(ip), .port = port};
}

struct net *net_new(size_t n, bool keyed, uint64_t seed)
{
	struct net *net = calloc(1, sizeof(*net));

	assert_non_null(net);
	assert_true(n <= NET_MAX);
	rng_init(&net->rng, seed);
	net->now_us = START_US;
	net->count = n;
	net->keyed = keyed;
	net->delay_us = 2000;
	for (size_t i = 0; i < n; i++) {
		struct node *node = &net->nodes[i];
		node->id = addr_of(i, PEER_PORT);
		node->mono_us = rng_below(&net->rng, 1000) * SECOND;
		node->conf = (struct member_conf){
			.self = node->id,
			.client_port = 8470,
			.keepalive_port = KEEP_ALIVE_PORT,
			.weight = 10,
			.zone = i % 2 ? "east" : "",
			.version = "1.0",
			.interval_us = SECOND,
			.suspect_after_us = 5 * SECOND,
			.drop_after_us = 10 * SECOND,
			.replicas = 3,
			.write_quorum = 2,
			.confirm_misses = true,
		};
	}
	return net;
}

static struct now now_of(const struct net *net, const struct node *node)
{
	return (struct now){
		.mono_us = net->now_us + node->mono_us,
		.wall_ms = WALL_MS + (net->now_us - START_US) / 1000 + (uint64_t)node->wall_ms,
	};
}

/* The queue is a binary heap by the time, then by the order of sending. */
static bool is_before(const struct sent *a, const struct sent *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void enqueue(struct net *net, struct sent *s)
{
	size_t at = net->queued++;

	if (net->queued > net->room) {
		net->room = net->room ? 2 * net->room : 64;
		net->queue = realloc(net->queue, net->room * sizeof(*net->queue));
		assert_non_null(net->queue);
	}
	for (; at > 0 && is_before(s, net->queue[(at - 1) / 2]); at = (at - 1) / 2)
		net->queue[at] = net->queue[(at - 1) / 2];
	net->queue[at] = s;
}

static struct sent *dequeue(struct net *net)
{
	struct sent *first = net->queue[0], *last = net->queue[--net->queued];
	size_t at = 0;

	for (size_t child = 1; child < net->queued; child = 2 * at + 1) {
		if (child + 1 < net->queued && is_before(net->queue[child + 1], net->queue[child]))
			child++;
		if (is_before(last, net->queue[child]))
			break;
		net->queue[at] = net->queue[child];
		at = child;
	}
	net->queue[at] = last;
	return first;
}

static void catch_it(struct net *net, const struct sent *s)
{
	if (net->caught_count < NET_CAUGHT)
		net->caught[net->caught_count++] = *s;
}

/* NET_MAX: nobody. */
static size_t node_at(const struct net *net, const struct ip *ip)
{
	for (size_t i = 0; i < net->count; i++)
		if (ip_equal(&net->nodes[i].id.ip, ip))
			return i;
	return NET_MAX;
}

static void post(struct net *net, const struct addr *from, const struct addr *to,
	const uint8_t *bytes, size_t len, uint64_t delay_us)
{
	struct sent *s = malloc(sizeof(*s));

	assert_non_null(s);
	*s = (struct sent){.at_us = net->now_us + delay_us,
		.order = net->order++,
		.from = *from,
		.to = *to,
		.len = len};
	memcpy(s->bytes, bytes, len);
	enqueue(net, s);
}

static uint16_t port_of(uint32_t socket)
{
	return socket == FLOW_PEER  ? PEER_PORT
	       : socket == FLOW_ASK ? NET_ASK_PORT
	                            : KEEP_ALIVE_PORT;
}

static void send_all(struct net *net, size_t i, const struct outbox *out)
{
	for (size_t k = 0; k < out->count; k++) {
		const struct outgoing *o = &out->items[k];
		struct addr from = addr_of(i, port_of(o->flow.socket));
		size_t to = node_at(net, &o->flow.remote.ip);
		unsigned copies = 1 + (rng_below(&net->rng, 100) < net->doubled);

		net->nodes[i].out_count++;
		net->nodes[i].out_bytes += o->len;
		if (to < NET_MAX && net->cut[i][to])
			continue;
		for (unsigned copy = 0; copy < copies; copy++)
			if (rng_below(&net->rng, 100) >= net->loss)
				post(net, &from, &o->flow.remote, outbox_bytes(out, k), o->len,
					rng_below(&net->rng, (uint32_t)net->delay_us + 1));
	}
}

/* What one call into a server needs. */
struct call {
	struct now now;
	struct outgoing items[OUT_MAX];
	uint8_t bytes[OUT_MAX * NET_DATAGRAM];
	struct outbox out;
	struct mail mail;
};

static struct call *call_begin(struct net *net, size_t i)
{
	static struct call call;
	struct node *node = &net->nodes[i];

	call.now = now_of(net, node);
	call.out = (struct outbox){.items = call.items,
		.bytes = call.bytes,
		.capacity = OUT_MAX,
		.datagram_max = NET_DATAGRAM};
	call.mail = mail_begin(node->seal, &node->stream, &node->stats, &call.now, &call.out,
		NET_DATAGRAM, MEMBER_OUT);
	return &call;
}

static void call_end(struct net *net, size_t i, struct call *call)
{
	struct members *m = net->nodes[i].m;

	/* As cluster.c does, with nothing to catch up with. */
	if (!net->slow && !members_settled(m) && members_has_settled(m))
		members_settle(m);
	mail_flush(&call->mail);
	assert_true(call->out.count <= MEMBER_OUT);
	if (net->checks++ % CHECK_EVERY == 0)
		members_check(m);
	send_all(net, i, &call->out);
}

static enum flow_socket socket_of(uint16_t port)
{
	return port == PEER_PORT ? FLOW_PEER : port == NET_ASK_PORT ? FLOW_ASK : FLOW_KEEP_ALIVE;
}

/* As cluster.c does. */
static void input(struct net *net, size_t i, struct sent *s)
{
	struct node *node = &net->nodes[i];
	struct flow flow = {.remote = s->from, .socket = socket_of(s->to.port)};
	enum msg_plane plane = flow.socket == FLOW_KEEP_ALIVE ? PLANE_KEEP_ALIVE : PLANE_PEER;
	struct call *call = call_begin(net, i);
	struct letter letter;
	struct span message;
	struct msg m;
	bool has_txid;

	if (!net->keyed && s->bytes[0] >= MSG_NEW && s->bytes[0] <= MSG_NEW_SERV) {
		if (msg_decode(s->bytes, s->len, plane, &m, &has_txid) == MSG_GOOD)
			members_take_bare(node->m, &call->mail, &flow, &m);
	} else if (envelope_open(
			   node->seal, &call->now, &flow, s->bytes, s->len, &call->mail, &letter)) {
		struct span rest = letter.messages;
		while (peer_next(&rest, &message))
			members_take(node->m, &call->mail, &flow, &letter, message);
	}
	call_end(net, i, call);
}

static void tick(struct net *net, size_t i)
{
	struct call *call = call_begin(net, i);

	members_tick(net->nodes[i].m, &call->mail);
	call_end(net, i, call);
}

static void deliver(struct net *net, struct sent *s)
{
	size_t to = node_at(net, &s->to.ip);
	struct node *node = &net->nodes[to];

	if (to == NET_MAX) {
		catch_it(net, s);
	} else if (node->paused && node->backlog_count < NET_BACKLOG) {
		node->backlog[node->backlog_count++] = s;
		return;
	} else if (node->on && !node->paused) {
		input(net, to, s);
	}
	free(s);
}

static void forget_backlog(struct node *node)
{
	while (node->backlog_count > 0)
		free(node->backlog[--node->backlog_count]);
}

static void seal_for(struct net *net, struct node *node)
{
	struct seal_keys keys = {.count = net->keyed};
	struct seal_seed seed;

	memset(keys.key[0].key, 7, SEAL_KEY_LEN);
	keys.key[0].id = seal_key_id(keys.key[0].key);
	for (size_t i = 0; i < sizeof(seed.start); i++)
		seed.start[i] = (uint8_t)rng_u64(&net->rng);
	for (size_t i = 0; i < sizeof(seed.secret); i++)
		seed.secret[i] = (uint8_t)rng_u64(&net->rng);
	node->seal = seal_new(&node->id, &keys, &seed);
	assert_non_null(node->seal);
	node->stream = (struct seal_stream){0};
}

static void begin(struct net *net, size_t i)
{
	struct node *node = &net->nodes[i];
	struct now now = now_of(net, node);

	assert_false(node->on);
	seal_for(net, node);
	node->m = members_new(&node->conf, node->seal, &node->stats, rng_u64(&net->rng),
		node->seed_count == 0, &now);
	assert_non_null(node->m);
	members_set_seeds(node->m, node->seeds, node->seed_count);
	node->on = true;
	node->starts++;
}

void net_start(struct net *net, size_t i, size_t seed)
{
	struct node *node = &net->nodes[i];

	node->seed_count = 0;
	if (seed != i)
		node->seeds[node->seed_count++] = net->nodes[seed].id;
	begin(net, i);
}

void net_start_all(struct net *net)
{
	for (size_t i = 0; i < net->count; i++) {
		struct node *node = &net->nodes[i];
		node->seed_count = 0;
		for (size_t k = 0; k < 4 && k < net->count; k++)
			node->seeds[node->seed_count++] = net->nodes[k].id;
		begin(net, i);
	}
}

void net_kill(struct net *net, size_t i)
{
	struct node *node = &net->nodes[i];

	members_free(node->m);
	seal_free(node->seal);
	forget_backlog(node);
	node->on = node->paused = false;
	node->m = NULL;
	node->seal = NULL;
}

void net_restart(struct net *net, size_t i)
{
	if (net->nodes[i].on)
		net_kill(net, i);
	begin(net, i);
}

void net_stop(struct net *net, size_t i)
{
	bool more = true;

	while (more) {
		struct call *call = call_begin(net, i);
		more = members_part(net->nodes[i].m, &call->mail);
		call_end(net, i, call);
	}
	net_kill(net, i);
}

void net_pause(struct net *net, size_t i)
{
	net->nodes[i].paused = true;
}

void net_resume(struct net *net, size_t i)
{
	struct node *node = &net->nodes[i];

	node->paused = false;
	for (size_t k = 0; k < node->backlog_count; k++)
		input(net, i, node->backlog[k]);
	forget_backlog(node);
}

/* When server i wants to be called, in the network's time. */
static uint64_t deadline(const struct net *net, size_t i)
{
	const struct node *node = &net->nodes[i];
	uint64_t due = node->on && !node->paused ? members_deadline(node->m) : UINT64_MAX;

	if (due == UINT64_MAX)
		return due;
	due = due > node->mono_us ? due - node->mono_us : 0;
	return due > net->now_us ? due : net->now_us;
}

static bool step(struct net *net, uint64_t until_us)
{
	uint64_t first = UINT64_MAX;
	size_t who = 0;

	for (size_t i = 0; i < net->count; i++) {
		uint64_t due = deadline(net, i);
		if (due < first) {
			first = due;
			who = i;
		}
	}
	if (net->queued && net->queue[0]->at_us <= first && net->queue[0]->at_us <= until_us) {
		net->now_us = net->queue[0]->at_us;
		deliver(net, dequeue(net));
		return true;
	}
	if (first > until_us)
		return false;
	net->now_us = first;
	tick(net, who);
	return true;
}

void net_run(struct net *net, uint64_t us)
{
	uint64_t until_us = net->now_us + us;

	while (step(net, until_us))
		;
	net->now_us = until_us;
	for (size_t i = 0; i < net->count; i++)
		if (net->nodes[i].on)
			members_check(net->nodes[i].m);
}

uint64_t net_until(struct net *net, bool (*holds)(struct net *net), uint64_t us)
{
	uint64_t begin_us = net->now_us;

	while (!holds(net)) {
		assert_true(net->now_us - begin_us < us);
		net_run(net, SECOND / 10);
	}
	return net->now_us - begin_us;
}

void net_cut(struct net *net, size_t a, size_t b, bool cut)
{
	net->cut[a][b] = net->cut[b][a] = cut;
}

void net_split(struct net *net, size_t a, bool cut)
{
	for (size_t i = 0; i < a; i++)
		for (size_t k = a; k < net->count; k++)
			net_cut(net, i, k, cut);
}

struct member_info net_info_of(struct net *net, size_t i, const struct addr *id)
{
	static struct member_info list[RING_SLOTS];
	struct now now = now_of(net, &net->nodes[i]);
	size_t n = members_list(net->nodes[i].m, &now, list, COUNT(list));

	assert_true(n <= COUNT(list));
	for (size_t k = 0; k < n; k++)
		if (addr_equal(&list[k].id, id))
			return list[k];
	return (struct member_info){.state = 0};
}

struct member_info net_info(struct net *net, size_t i, size_t k)
{
	return net_info_of(net, i, &net->nodes[k].id);
}

uint8_t net_state(struct net *net, size_t i, size_t k)
{
	return net_info(net, i, k).state;
}

size_t net_known(struct net *net, size_t i)
{
	struct now now = now_of(net, &net->nodes[i]);

	return members_list(net->nodes[i].m, &now, NULL, 0);
}

bool net_agrees(struct net *net)
{
	const struct node *first = NULL;

	for (size_t i = 0; i < net->count; i++) {
		if (!net->nodes[i].on)
			continue;
		if (!first)
			first = &net->nodes[i];
		if (members_digest(net->nodes[i].m) != members_digest(first->m))
			return false;
		for (size_t k = 0; k < net->count; k++) {
			uint8_t state = net_state(net, i, k);
			bool alive = state == PEER_ALIVE || state == PEER_LEAVING;
			if (i != k && alive != net->nodes[k].on)
				return false;
		}
	}
	return true;
}

uint64_t net_total(struct net *net, enum stats_id id)
{
	uint64_t total = 0;

	for (size_t i = 0; i < net->count; i++)
		total += stats_get(&net->nodes[i].stats, id);
	return total;
}

void net_inject(struct net *net, const char *from, const char *to, const char *hex)
{
	struct addr a = net_addr(from), b = net_addr(to);
	uint8_t bytes[NET_DATAGRAM];
	size_t len = 0;
	unsigned byte;

	for (const char *p = hex; *p; p += 2) {
		while (*p == ' ')
			p++;
		assert_int_equal(sscanf(p, "%2x", &byte), 1);
		bytes[len++] = (uint8_t)byte;
	}
	post(net, &a, &b, bytes, len, 0);
}

const char *net_caught(struct net *net, const char *to)
{
	static char hex[2 * NET_DATAGRAM + 1];
	struct addr a = net_addr(to);

	for (size_t i = 0; i < net->caught_count; i++) {
		const struct sent *s = &net->caught[i];
		if (!addr_equal(&s->to, &a))
			continue;
		for (size_t k = 0; k < s->len; k++)
			snprintf(hex + 2 * k, 3, "%02x", s->bytes[k]);
		net->caught_count--;
		memmove(&net->caught[i], &net->caught[i + 1],
			(net->caught_count - i) * sizeof(net->caught[0]));
		return hex;
	}
	return NULL;
}

#define PLAIN_HEAD (MSG_HEADER_LEN + SEAL_NONCE_LEN + 8)

static bool said_in(const struct sent *s, uint8_t type, struct peer_msg *out)
{
	struct span rest = {s->bytes + PLAIN_HEAD, s->len - PLAIN_HEAD}, message;
	bool found = false;

	if (s->bytes[0] != PEER_PLAIN)
		return false;
	while (peer_next(&rest, &message)) {
		if (message.p[0] != type)
			continue;
		assert_int_equal(peer_decode(message, out), MSG_GOOD);
		found = true;
	}
	return found;
}

bool net_said(struct net *net, const char *to, uint8_t type, struct peer_msg *out)
{
	struct addr a = net_addr(to);

	for (size_t i = net->caught_count; i > 0; i--)
		if (addr_equal(&net->caught[i - 1].to, &a) &&
			said_in(&net->caught[i - 1], type, out))
			return true;
	return false;
}

bool net_told(struct net *net, const char *to, const struct addr *id, struct peer_entry *out)
{
	struct addr a = net_addr(to);
	struct peer_msg msg;
	struct peer_entry e;
	bool found = false;

	for (size_t i = 0; i < net->caught_count; i++) {
		if (!addr_equal(&net->caught[i].to, &a) ||
			!said_in(&net->caught[i], PEER_GOSSIP, &msg))
			continue;
		struct span rest = msg.gossip.entries;
		while (peer_entry_next(&rest, &e)) {
			if (!addr_equal(&e.id, id))
				continue;
			*out = e;
			found = true;
		}
	}
	return found;
}

void net_forget_caught(struct net *net)
{
	net->caught_count = 0;
}

static void letter_bytes(struct net *net, size_t i, const struct addr *id, uint64_t start,
	const uint8_t *bytes, size_t len)
{
	struct node *node = &net->nodes[i];
	struct call *call = call_begin(net, i);
	struct letter letter = {
		.from = {.ip = id->ip, .port = KEEP_ALIVE_PORT},
		.known = true,
		.sealed = net->keyed,
		.id = *id,
		.start = start,
		.time_us = net->now_us,
		.sent_us = call->now.mono_us - net->letter_age_us,
		.messages = {bytes, len},
	};
	struct flow flow = {.remote = letter.from, .socket = FLOW_KEEP_ALIVE};
	struct span rest = letter.messages, message;

	while (peer_next(&rest, &message))
		assert_true(members_take(node->m, &call->mail, &flow, &letter, message));
	assert_int_equal(rest.len, 0);
	call_end(net, i, call);
}

void net_letter(struct net *net, size_t i, const struct addr *id, uint64_t start,
	const struct peer_msg *msgs, size_t n)
{
	uint8_t bytes[NET_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));

	for (size_t k = 0; k < n; k++)
		peer_encode(&w, &msgs[k]);
	assert_false(w.failed);
	letter_bytes(net, i, id, start, bytes, writer_used(&w));
}

void net_letter_base(
	struct net *net, size_t i, const struct addr *id, uint64_t start, const struct msg *msg)
{
	uint8_t bytes[64];
	int len = msg_encode(msg, bytes, sizeof(bytes));

	assert_true(len > 0);
	letter_bytes(net, i, id, start, bytes, (size_t)len);
}

void net_free(struct net *net)
{
	for (size_t i = 0; i < net->count; i++)
		if (net->nodes[i].on)
			net_kill(net, i);
	while (net->queued > 0)
		free(net->queue[--net->queued]);
	free(net->queue);
	free(net);
}
