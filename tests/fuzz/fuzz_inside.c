/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a whole server in a cluster, and what two members who have proven themselves say to
 * it.
 *
 *     step = OP u8:  0x00-0x7f  a message into the envelope of member OP % 2: TYPE u8, LEN u8, DATA
 *                               OP & 2: with the number of the last question that it answers, or
 *                               the partition that was spoken of last
 *                               OP & 4: more messages follow, otherwise the envelope is sent
 *                               OP >> 3 & 3: to which of the server's sockets
 *                               OP >> 5: what TIME it is given
 *                    0x80-0x9f  time: a power of two of milliseconds, and what is due by then
 *                    0xa0-0xbf  a datagram of LEN u8 bytes from a client
 *                    0xc0-0xdf  the administrator
 *                    0xe0-0xef  member OP % 2 starts anew
 *                    0xf0-0xff  a datagram of LEN u8 bytes from member OP % 2
 *
 * Whatever they say: what comes out are messages that decode, no more than may; what is due comes
 * to an end; and all that the server keeps is in order. The members say nothing by themselves, but
 * prove who they are whenever they are asked to.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/cluster.h"
#include "core/coordinate.h"
#include "core/interest.h"
#include "core/lane.h"
#include "wire/list.h"

#include "fuzz.h"

#define MEMBERS   2
#define PEER_PORT 8471
#define ALIVE_OFF 1 /* the keep-alive port is so far behind */
#define ASK_PORT  40000
#define SECOND    UINT64_C(1000000)
#define START_US  (1000 * SECOND)
#define TICKS_MAX 10000 /* for what is due at one time */
#define LIFE      64    /* inputs */

/* Of the server; the lane's socket for asking and that of the cluster's thread are two. */
enum socket { TO_PEER, TO_LANE_ASK, TO_KEEP_ALIVE, TO_CLUSTER_ASK };

struct member {
	struct addr id;
	struct seal *seal;
	struct seal_stream stream;
	uint32_t starts;
	uint8_t bytes[PARCEL_MAX];
	struct writer w; /* the envelope that is open; start NULL: none is */

	/* What the server has asked it last. */
	uint8_t cookie[PEER_COOKIE_LEN];
	bool asked_for_proof;
	enum socket asking; /* where the proof is to go */
	uint64_t store, fetch, subscribe, beat_time_us;
	uint32_t pull, compare, notify, ask_for, beat;
	uint16_t pull_partition;

	/* What the server spoke of last. */
	uint16_t partition;
	uint64_t digest;
};

struct fuzz {
	struct prefix any;
	struct policy policy;
	struct cluster_conf conf;
	struct now now;
	struct server *server;
	struct seal *seal;
	struct cluster *cluster;
	struct lane *lane;
	struct member members[MEMBERS];
	uint64_t question; /* of the administrator */
	struct outgoing items[CLUSTER_OUT_MAX];
	uint8_t bytes[CLUSTER_OUT_MAX * PARCEL_MAX];
	struct outbox out;
};

static struct addr addr_of(uint8_t host, uint16_t port)
{
	uint8_t v4[] = {10, 9, 0, host};

	return (struct addr){.ip = ip_from_v4(v4), .port = port};
}

/* ---- What the server says ---- */

static uint16_t partition_of(struct hash_list list)
{
	struct span hash;

	if (!hash_list_next(&list.items, &hash))
		return 0;
	return (uint16_t)table_key_of(hash).partition;
}

static void note_compare(struct member *x, const struct peer_compare *m)
{
	struct span rest = m->items;
	struct peer_compare_item item;

	x->compare = m->round;
	while (peer_compare_next(&rest, &item)) {
		x->partition = item.partition;
		x->digest = item.digest;
	}
}

static void note_question(struct member *x, const struct peer_msg *m, uint64_t time_us)
{
	switch (m->type) {
	case PEER_PROVE:
		memcpy(x->cookie, m->prove.cookie, sizeof(x->cookie));
		x->asked_for_proof = true;
		break;
	case PEER_BEAT:
		x->beat = m->beat.seq;
		x->beat_time_us = time_us;
		break;
	case PEER_ASK_FOR: x->ask_for = m->ask_for.seq; break;
	case PEER_STORE:
		x->store = m->store.id;
		x->partition = partition_of(m->store.hashes);
		break;
	case PEER_FETCH: x->fetch = m->fetch.id; break;
	case PEER_SUBSCRIBE: x->subscribe = m->subscribe.id; break;
	case PEER_NOTIFY: x->notify = m->notify.seq; break;
	case PEER_COMPARE: note_compare(x, &m->compare); break;
	case PEER_PULL:
		x->pull = m->pull.id;
		x->pull_partition = m->pull.partition;
		break;
	default: break;
	}
}

static bool is_base(uint8_t type)
{
	return type >= MSG_NEW && type <= MSG_NEW_SERV;
}

static void check_base(struct span message)
{
	enum msg_plane plane = message.p[0] == MSG_KEEP_ALIVE ? PLANE_KEEP_ALIVE : PLANE_PEER;
	bool has_txid;
	struct msg m;
	enum msg_reason reason = msg_decode(message.p, message.len, plane, &m, &has_txid);

	assert(reason == MSG_GOOD);
	(void)reason;
}

/* An envelope in clear: its header, NONCE and TIME, and then the messages. */
static void check_envelope(struct member *x, enum socket from, struct span bytes)
{
	size_t head = MSG_HEADER_LEN + SEAL_NONCE_LEN;
	struct span rest = {bytes.p + head + 8, bytes.len - head - 8}, message;
	struct peer_msg m;

	assert(bytes.len > head + 8 && bytes.p[0] == PEER_PLAIN);
	while (peer_next(&rest, &message)) {
		if (is_base(message.p[0])) {
			check_base(message);
			continue;
		}
		enum msg_reason reason = peer_decode(message, &m);
		assert(reason == MSG_GOOD);
		if (reason == MSG_GOOD && x)
			note_question(x, &m, load_be64(bytes.p + head));
		if (m.type == PEER_PROVE && x)
			x->asking = from;
	}
	assert(rest.len == 0);
}

static struct member *member_at(struct fuzz *f, const struct ip *ip)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (ip_equal(&f->members[i].id.ip, ip))
			return &f->members[i];
	return NULL;
}

static enum socket socket_of(const struct flow *flow)
{
	switch (flow->socket) {
	case FLOW_PEER: return TO_PEER;
	case FLOW_KEEP_ALIVE: return TO_KEEP_ALIVE;
	default: return TO_CLUSTER_ASK;
	}
}

static void check_out(struct fuzz *f)
{
	for (size_t i = 0; i < f->out.count; i++) {
		struct span bytes = {outbox_bytes(&f->out, i), f->items[i].len};
		const struct flow *flow = &f->items[i].flow;
		bool has_txid;
		struct msg m;

		assert(bytes.len > 0 && flow->remote.port != 0);
		if (flow->socket < FLOW_PEER)
			assert(msg_decode(bytes.p, bytes.len, PLANE_CLIENT, &m, &has_txid) ==
				MSG_GOOD);
		else if (is_base(bytes.p[0]))
			check_base(bytes);
		else
			check_envelope(member_at(f, &flow->remote.ip), socket_of(flow), bytes);
	}
	f->out.count = 0;
}

/* ---- What it hears ---- */

static struct flow flow_to(const struct member *x, enum socket to)
{
	static const uint32_t sockets[] = {FLOW_PEER, FLOW_ASK, FLOW_KEEP_ALIVE, FLOW_ASK};
	struct flow flow = {.remote = x->id, .socket = sockets[to]};

	if (to == TO_PEER)
		flow.remote.port = ASK_PORT;
	if (to == TO_KEEP_ALIVE)
		flow.remote.port = PEER_PORT + ALIVE_OFF;
	return flow;
}

/* In an allocation of exactly its size, for the sanitizers. */
static void deliver(struct fuzz *f, const struct member *x, enum socket to, struct span datagram)
{
	struct flow flow = flow_to(x, to);
	uint8_t *bytes = malloc(datagram.len ? datagram.len : 1);
	enum msg_plane plane = to == TO_KEEP_ALIVE ? PLANE_KEEP_ALIVE : PLANE_PEER;
	struct parcel parcel;

	assert(bytes);
	memcpy(bytes, datagram.p, datagram.len);
	if (to == TO_KEEP_ALIVE || to == TO_CLUSTER_ASK) {
		cluster_input(f->cluster, &f->now, plane, &flow, bytes, datagram.len, &f->out);
	} else if (lane_peer_input(
			   f->lane, &f->now, &flow, bytes, datagram.len, &f->out, &parcel)) {
		assert(f->out.count <= LANE_OUT_MAX);
		check_out(f);
		cluster_take(f->cluster, &f->now, &parcel, &f->out);
	}
	free(bytes);
	check_out(f);
}

static uint64_t time_of(const struct fuzz *f, unsigned which)
{
	switch (which) {
	case 1: return f->now.mono_us + (UINT64_C(1) << 40);
	case 2: return f->now.mono_us - 20 * SECOND;
	case 3: return UINT64_MAX;
	default: return f->now.mono_us;
	}
}

static void send_envelope(struct fuzz *f, struct member *x, enum socket to, unsigned which_time)
{
	struct now at = {.mono_us = time_of(f, which_time), .wall_ms = f->now.wall_ms};

	if (!x->w.start)
		return;
	size_t len = seal_finish(x->seal, &x->stream, &at, &x->w);
	x->w.start = NULL;
	deliver(f, x, to, (struct span){x->bytes, len});
}

/* Appends one message, as far as there is room. */
static void append(struct member *x, uint8_t type, struct span data)
{
	if (!x->w.start)
		x->w = seal_begin(x->seal, x->bytes, sizeof(x->bytes));
	if (writer_left(&x->w) < MSG_HEADER_LEN + data.len)
		return;
	write_u8(&x->w, type);
	write_u16(&x->w, (uint16_t)data.len);
	write_copy(&x->w, data.p, data.len);
}

static void append_message(struct member *x, const struct peer_msg *m)
{
	if (!x->w.start)
		x->w = seal_begin(x->seal, x->bytes, sizeof(x->bytes));
	peer_encode(&x->w, m);
	assert(!x->w.failed);
}

static void prove(struct fuzz *f, struct member *x)
{
	struct peer_msg proof = {.type = PEER_PROOF, .proof = {.id = x->id}};

	x->asked_for_proof = false;
	x->w.start = NULL;
	memcpy(proof.proof.cookie, x->cookie, sizeof(x->cookie));
	append_message(x, &proof);
	send_envelope(f, x, x->asking, 0);
}

/* What the server may look for in front of what is said of it: the numbers of a question, or the
 * partition that it spoke of. */
static void patch(const struct member *x, uint8_t type, uint8_t *data, size_t len)
{
	uint8_t number[20];
	struct writer w = writer_of(number, sizeof(number));

	switch (type) {
	case PEER_STORED: write_u64(&w, x->store); break;
	case PEER_FETCHED: write_u64(&w, x->fetch); break;
	case PEER_SUBSCRIBED: write_u64(&w, x->subscribe); break;
	case PEER_NOTED: write_u32(&w, x->notify); break;
	case PEER_COMPARED:
		write_u32(&w, x->compare);
		write_u16(&w, x->partition);
		break;
	case PEER_COMPARE:
	case PEER_PULL:
		write_u32(&w, 1);
		write_u16(&w, x->partition);
		break;
	case PEER_CONFIRM:
		write_u16(&w, x->partition);
		write_u64(&w, x->digest);
		break;
	case PEER_HEARD: write_u32(&w, x->ask_for); break;
	case PEER_PULLED:
		write_u32(&w, x->pull);
		write_u16(&w, x->pull_partition);
		break;
	case PEER_BEAT:
		write_u32(&w, x->beat);
		write_u64(&w, x->beat_time_us);
		break;
	default: break;
	}
	if (writer_used(&w) <= len)
		memcpy(data, number, writer_used(&w));
}

/* ---- Its life ---- */

/* Gives the views that nobody has any more back. */
static void free_views(struct fuzz *f)
{
	struct view *v;

	while ((v = cluster_retired_view(f->cluster)) != NULL)
		view_free(v);
}

static void run_due(struct fuzz *f)
{
	int ticks = 0;

	while (lane_deadline(f->lane) <= f->now.mono_us) {
		lane_tick(f->lane, &f->now, &f->out);
		assert(f->out.count <= LANE_OUT_MAX && ticks++ < TICKS_MAX);
		check_out(f);
	}
	while (cluster_deadline(f->cluster) <= f->now.mono_us) {
		cluster_tick(f->cluster, &f->now, &f->out);
		assert(ticks++ < TICKS_MAX);
		check_out(f);
		lane_tick(f->lane, &f->now, &f->out);
		check_out(f);
		free_views(f);
	}
	for (size_t i = 0; i < MEMBERS; i++)
		if (f->members[i].asked_for_proof)
			prove(f, &f->members[i]);
}

static void pass(struct fuzz *f, uint64_t ms)
{
	f->now.mono_us += ms * 1000;
	f->now.wall_ms += ms;
	run_due(f);
}

static void start_member(struct member *x)
{
	static const struct seal_keys clear;
	uint8_t host = x->id.ip.b[15];
	struct seal_seed seed = {.start = {host, (uint8_t)x->starts, (uint8_t)(x->starts >> 8)}};

	x->starts++;
	seal_free(x->seal);
	x->seal = seal_new(&x->id, &clear, &seed);
	x->stream = (struct seal_stream){0};
	x->w.start = NULL;
	assert(x->seal);
}

/* As a member does: is there, and says what it is. */
static void join(struct fuzz *f, struct member *x)
{
	static const uint8_t question[] = {0};
	uint8_t bytes[PEER_ENTRY_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct peer_msg beat = {
		.type = PEER_BEAT, .beat = {.incarnation = 1, .unheard_ms = UINT32_MAX}};
	struct peer_msg gossip = {.type = PEER_GOSSIP};
	struct peer_entry e = {
		.id = x->id,
		.state = PEER_ALIVE,
		.incarnation = 1,
		.start = seal_start(x->seal),
		.has_profile = true,
		.profile = {.weight = 10,
			.flags = PEER_MEMBER_SETTLED,
			.replicas = 2,
			.quorum = 2,
			.client_port = PEER_PORT - 1,
			.keepalive_port = PEER_PORT + ALIVE_OFF},
	};

	peer_write_entry(&w, &e);
	gossip.gossip.entries = (struct span){bytes, writer_used(&w)};
	for (int i = 0; i < 2; i++) {
		append(x, MSG_KEEP_ALIVE, (struct span){question, sizeof(question)});
		append_message(x, &beat);
		append_message(x, &gossip);
		send_envelope(f, x, TO_KEEP_ALIVE, 0);
		run_due(f);
	}
}

static void set_conf(struct fuzz *f)
{
	f->policy = (struct policy){
		.ttl_s = 60,
		.max_ttl_s = 120,
		.want_ttl_s = 30,
		.allow = &f->any,
		.allow_count = 1,
		.trusted = &f->any,
		.trusted_count = 1,
		.third_party_put = true,
		.base_put = true,
		.max_datagram = PARCEL_MAX,
		.name = "fuzz",
		.self = addr_of(9, PEER_PORT - 1),
		.limits = {.max_providers_per_hash = 100, .grave_ms = 60000, .max_records = 5000},
	};
	f->conf = (struct cluster_conf){
		.member = {.self = addr_of(9, PEER_PORT),
			.client_port = PEER_PORT - 1,
			.keepalive_port = PEER_PORT + ALIVE_OFF,
			.weight = 10,
			.zone = "",
			.version = "1",
			.interval_us = SECOND,
			.suspect_after_us = 5 * SECOND,
			.drop_after_us = 10 * SECOND,
			.replicas = 2,
			.write_quorum = 2,
			.confirm_misses = true},
		.repair = {.interval_us = 10 * SECOND},
		.datagram_max = PARCEL_MAX,
	};
}

static struct fuzz *start(void)
{
	static const struct seal_keys clear;
	static const struct server_seed seed = {.secret = {1}, .cookies = {2}, .random = 3};
	static const struct seal_seed seal_seed = {.start = {9}, .secret = {4}};
	struct fuzz *f = calloc(1, sizeof(*f));

	assert(f);
	int err = prefix_parse("0.0.0.0/0", &f->any);
	assert(err == 0);
	(void)err;
	set_conf(f);
	f->now = (struct now){.mono_us = START_US, .wall_ms = UINT64_C(1750000000000)};
	f->out = (struct outbox){.items = f->items,
		.bytes = f->bytes,
		.capacity = CLUSTER_OUT_MAX,
		.datagram_max = PARCEL_MAX};
	f->server = server_new(&f->policy, &seed, 1, &f->now);
	f->seal = seal_new(&f->conf.member.self, &clear, &seal_seed);
	assert(f->server && f->seal);
	f->lane = server_lane(f->server, 0);
	f->cluster = cluster_new(f->server, f->seal, &f->conf, 5, false, &f->now);
	assert(f->cluster);
	for (uint8_t i = 0; i < MEMBERS; i++) {
		f->members[i].id = addr_of((uint8_t)(i + 1), PEER_PORT);
		start_member(&f->members[i]);
		join(f, &f->members[i]);
	}
	pass(f, 100);
	assert(cluster_status(f->cluster).members == MEMBERS + 1);
	return f;
}

static void end(struct fuzz *f)
{
	cluster_free(f->cluster);
	server_free(f->server);
	seal_free(f->seal);
	for (size_t i = 0; i < MEMBERS; i++)
		seal_free(f->members[i].seal);
	free(f);
}

/* ---- Steps ---- */

/* What is behind OP, TYPE or LEN, as much as there is. */
static struct span data_of(const uint8_t *data, size_t size, size_t head)
{
	size_t len = data[head - 1];

	return (struct span){data + head, len < size - head ? len : size - head};
}

static size_t say(struct fuzz *f, const uint8_t *data, size_t size)
{
	uint8_t op = data[0], copy[UINT8_MAX];
	struct member *x = &f->members[op % MEMBERS];
	struct span body = data_of(data, size, 3);

	memcpy(copy, body.p, body.len);
	if (op & 2)
		patch(x, data[1], copy, body.len);
	append(x, data[1], (struct span){copy, body.len});
	if (!(op & 4))
		send_envelope(f, x, (enum socket)(op >> 3 & 3), op >> 5);
	return 3 + body.len;
}

static size_t ask(struct fuzz *f, const uint8_t *data, size_t size)
{
	struct flow flow = {.remote = addr_of(200, 1000)};
	struct span body = data_of(data, size, 2), password = {0};
	uint8_t *bytes = malloc(body.len ? body.len : 1);

	assert(bytes);
	memcpy(bytes, body.p, body.len);
	lane_input(f->lane, &f->now, &flow, bytes, body.len, &f->out, &password);
	assert(f->out.count <= LANE_OUT_MAX);
	free(bytes);
	check_out(f);
	return 2 + body.len;
}

static size_t send_bare(struct fuzz *f, const uint8_t *data, size_t size)
{
	const struct member *x = &f->members[data[0] % MEMBERS];
	struct span body = data_of(data, size, 2);

	deliver(f, x, (enum socket)(data[0] >> 1 & 3), body);
	return 2 + body.len;
}

static void explain(struct fuzz *f, uint8_t op)
{
	uint8_t hash[] = {0xde, 0xad, 0xbe, op};
	struct explanation found;

	if (f->question && explain_look(cluster_explain(f->cluster), f->question, &found))
		assert(found.count <= EXPLAIN_REPLICAS);
	explain_end(cluster_explain(f->cluster), f->question);
	f->question = 0;
	(void)explain_start(cluster_explain(f->cluster), cluster_view(f->cluster),
		(struct span){hash, sizeof(hash)}, &f->now, &f->question);
}

static void administer(struct fuzz *f, uint8_t op)
{
	struct members *m = cluster_members(f->cluster);
	const struct addr *id = &f->members[op % MEMBERS].id;

	switch (op >> 1 & 7) {
	case 0: cluster_set_leaving(f->cluster, op & 1); break;
	case 1: (void)members_drop(m, id); break;
	case 2: (void)members_add(m, id); break;
	case 3: seal_forget(f->seal, id); break;
	case 4: members_set_seeds(m, id, 1); break;
	case 5:
		f->conf.member.replicas = op & 1 ? 3 : 2;
		cluster_configure(f->cluster, &f->conf);
		break;
	default: explain(f, op); break;
	}
	(void)cluster_drained(f->cluster);
}

/* One step; gives how many bytes it took. */
static size_t step(struct fuzz *f, const uint8_t *data, size_t size)
{
	uint8_t op = data[0];

	if (op < 0x80)
		return size >= 3 ? say(f, data, size) : size;
	if (op < 0xa0)
		pass(f, UINT64_C(1) << op % 16);
	else if (op < 0xc0 && size >= 2)
		return ask(f, data, size);
	else if (op >= 0xc0 && op < 0xe0)
		administer(f, op);
	else if (op >= 0xe0 && op < 0xf0)
		start_member(&f->members[op % MEMBERS]);
	else if (op >= 0xf0 && size >= 2)
		return send_bare(f, data, size);
	return 1;
}

static void check(struct fuzz *f)
{
	struct member_info list[RING_SLOTS];

	(void)members_list(cluster_members(f->cluster), &f->now, list, RING_SLOTS);
	members_check(cluster_members(f->cluster));
	repair_check(cluster_repair(f->cluster));
	coordinator_check(f->lane->coordinator);
	interest_check(f->lane->interest);
	table_check(server_table(f->server));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz *f;
	static unsigned inputs;

	if (!f)
		f = start();
	for (size_t at = 0; at < size;) {
		at += step(f, data + at, size - at);
		run_due(f);
	}
	if (inputs++ % LIFE != 0)
		return 0;
	check(f);
	end(f);
	f = NULL;
	return 0;
}
