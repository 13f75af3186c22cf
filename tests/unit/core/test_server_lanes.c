/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several lanes in the core at the same time, each on a thread of its own: above all for the
 * thread sanitizer. What is checked is what no interleaving may change: every want gets its one
 * HAVE, every datagram is counted once, and the tables' own invariants.
 */
#include <pthread.h>
#include <string.h>

#include "base/rng.h"

#include "../test_seed.h"
#include "rig.h"

#define LANES   4
#define REQUEST 1000
#define HASHES  8

struct worker {
	pthread_t thread;
	struct rig *rig;
	struct lane *lane;
	struct rng rng;
	uint32_t index;
	struct now now;
	struct outgoing items[LANE_OUT_MAX];
	uint8_t bytes[LANE_OUT_MAX * RIG_DATAGRAM];
	uint64_t datagrams;
	uint32_t haves[LANES * REQUEST]; /* by the port and worker of the want */
};

static struct outbox outbox_of(struct worker *w)
{
	return (struct outbox){
		.items = w->items,
		.bytes = w->bytes,
		.capacity = LANE_OUT_MAX,
		.datagram_max = RIG_DATAGRAM,
	};
}

/* Wants come from 192.0.2.(100 + worker), and tell their number in the port. */
static void note_haves(struct worker *w, const struct outbox *out)
{
	for (size_t i = 0; i < out->count; i++) {
		const struct addr *to = &out->items[i].flow.remote;
		if (outbox_bytes(out, i)[0] == MSG_HAVE && to->ip.b[15] >= 100)
			w->haves[(to->ip.b[15] - 100u) * REQUEST + to->port - 1]++;
	}
}

static void send_one(struct worker *w, const struct flow *flow, const uint8_t *bytes, size_t len)
{
	struct outbox out = outbox_of(w);
	struct span password;

	lane_input(w->lane, &w->now, flow, bytes, len, &out, &password);
	w->datagrams++;
	note_haves(w, &out);
}

static void send_hex(struct worker *w, const char *from, const char *hex, uint8_t hash)
{
	uint8_t bytes[128];
	struct flow flow = rig_flow(from);
	size_t len = rig_unhex(hex, bytes, sizeof(bytes));

	flow.remote.port = (uint16_t)(1 + rng_below(&w->rng, 60000));
	bytes[len - 1] = hash;
	if (bytes[0] >= MSG_LOOKUP)
		store_be32(bytes + 3, (uint32_t)rng_u64(&w->rng));
	send_one(w, &flow, bytes, len);
}

static void send_want(struct worker *w, uint16_t number, uint8_t hash)
{
	const uint8_t want[] = {MSG_WANT, 0, 1, hash};
	struct flow flow = rig_flow("192.0.2.100:1");

	flow.remote.ip.b[15] = (uint8_t)(100 + w->index);
	flow.remote.port = (uint16_t)(number + 1);
	send_one(w, &flow, want, sizeof(want));
}

static void do_tick(struct worker *w)
{
	struct outbox out = outbox_of(w);

	w->now.mono_us += 50000;
	w->now.wall_ms += 50;
	lane_tick(w->lane, &w->now, &out);
	note_haves(w, &out);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (uint16_t i = 0; i < REQUEST; i++) {
		uint8_t hash = (uint8_t)rng_below(&w->rng, HASHES);
		send_want(w, i, hash);
		send_hex(w, TRUSTED, "01 0011" IP_7 "00", hash);
		send_hex(w, TRUSTED, "13 001d" TXID "0000" IP_7 "01 0100", hash);
		send_hex(w, TRUSTED, "12 0021" TXID "0000000a 0000" IP_NONE "01 0100", hash);
		send_hex(w, TRUSTED, "10 0011" TXID "0000 00000000 01 0100", hash);
		send_hex(w, TRUSTED, "16 000f" TXID "0000000a 01 0100", hash);
		send_hex(w, STRANGER, "00 0001 00", hash);
		if (lane_deadline(w->lane) <= w->now.mono_us)
			do_tick(w);
		if (i % 16 == 0)
			do_tick(w);
	}
	return NULL;
}

/* Whoever waits still is told by a last PUT of each hash. */
static void tell_the_rest(struct rig *r, struct worker *w)
{
	w->now = r->now;
	w->now.mono_us += 1000 * UINT64_C(1000000);
	for (uint8_t hash = 0; hash < HASHES; hash++)
		send_hex(w, TRUSTED, "01 0011" IP_7 "00", hash);
	for (int i = 0; i < LANES * REQUEST; i++) {
		struct outbox out = outbox_of(w);
		lane_tick(w->lane, &w->now, &out);
		note_haves(w, &out);
	}
}

static void lanes_together(void **state)
{
	static struct worker workers[LANES];
	struct rig *r = *state;
	uint64_t seed = test_seed(), datagrams = 0;

	r->policy.want_ttl_s = 100000;
	rig_restart(r, LANES);
	memset(workers, 0, sizeof(workers));
	for (uint32_t i = 0; i < LANES; i++) {
		struct worker *w = &workers[i];
		*w = (struct worker){.rig = r, .index = i, .now = r->now};
		w->lane = server_lane(r->server, i);
		rng_init(&w->rng, seed + i);
		assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
	}
	for (uint32_t i = 0; i < LANES; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	tell_the_rest(r, &workers[0]);
	for (uint32_t i = 0; i < LANES; i++)
		datagrams += workers[i].datagrams;
	assert_int_equal(rig_counted(r), datagrams);
	for (uint32_t want = 0; want < LANES * REQUEST; want++) {
		uint32_t haves = 0;
		for (uint32_t i = 0; i < LANES; i++)
			haves += workers[i].haves[want];
		assert_int_equal(haves, 1);
	}
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG_TEST(lanes_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
