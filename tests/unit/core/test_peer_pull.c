/* SPDX-License-Identifier: BSD-2-Clause */
/* How a lane answers PULL. */
#include "repair_rig.h"

#include <stdlib.h>
#include <string.h>

#define MANY    6000
#define HUGE    20000 /* more than one answer looks at */
#define ANSWERS 64

/* An answer to a PULL, as messages. The views are good until the next call. */
struct answer {
	size_t n;
	struct peer_pulled page[ANSWERS];
};

static struct answer ask(struct rig *r, const struct peer_pull *q, size_t datagram_max)
{
	struct node *n = &r->node[0];
	struct flow flow = {.remote = r->node[1].id, .socket = FLOW_PEER};
	struct answer a = {0};

	r->out.count = 0;
	struct mail mail = mail_begin(n->seal, &n->lane->stream, &n->lane->stats, &r->now, &r->out,
		datagram_max, LANE_OUT_MAX);
	struct peer_request rq = {
		.lane = server_lane(n->server, 0),
		.server = n->server,
		.policy = &n->policy,
		.view = n->view,
		.now = &r->now,
		.now_ms = now_mono_ms(&r->now),
		.flow = &flow,
		.mail = &mail,
		.msg = {.type = PEER_PULL, .pull = *q},
	};
	peer_handle_pull(&rq);
	mail_flush(&mail);
	for (size_t i = 0; i < r->out.count; i++) {
		struct span rest = {outbox_bytes(&r->out, i) + 35, r->out.items[i].len - 35}, one;
		assert_true(r->out.items[i].len <= datagram_max);
		while (peer_next(&rest, &one)) {
			struct peer_msg m;
			assert_int_equal(peer_decode(one, &m), MSG_GOOD);
			assert_int_equal(m.type, PEER_PULLED);
			a.page[a.n++] = m.pulled;
		}
	}
	for (size_t i = 0; i < a.n; i++) {
		assert_int_equal(a.page[i].id, q->id);
		assert_int_equal(a.page[i].partition, q->partition);
		assert_int_equal(a.page[i].index, i);
		assert_int_equal(a.page[i].of, a.n);
		assert_int_equal(a.page[i].digest, a.page[0].digest);
	}
	assert_true(a.n >= 1 && a.n <= q->window);
	return a;
}

static struct rig *one_server(void)
{
	struct rig *r = rig_new(1, 1, 1);

	rig_cluster(r, 1);
	return r;
}

static struct table_key key_of(uint32_t i, uint8_t hash[static 20])
{
	rig_hash(i, hash);
	return table_key_of((struct span){hash, 20});
}

static void nothing(void **state)
{
	struct rig *r = one_server();
	struct peer_pull q = {.id = 7, .partition = 5, .window = 2};
	struct answer a = ask(r, &q, DATAGRAM);

	(void)state;
	assert_int_equal(a.n, 1);
	assert_int_equal(a.page[0].items.len, 0);
	assert_int_equal(a.page[0].cursor, 0);
	assert_int_equal(a.page[0].digest, 0);
	assert_int_equal(a.page[0].flags, PEER_PULLED_COMPLETE);
	parts_set(server_parts(r->node[0].server), 5, PART_PARTIAL);
	assert_int_equal(ask(r, &q, DATAGRAM).page[0].flags, 0);
	parts_set(server_parts(r->node[0].server), 5, PART_COMPLETE);
	rig_free(r);
	r = rig_new(1, 1, 1);
	rig_cluster(r, 2);
	for (q.partition = 0; rig_progress(r, 0).kept == 0; q.partition++)
		if (!view_owns(r->node[0].view, q.partition, 0))
			break;
	assert_int_equal(ask(r, &q, DATAGRAM).page[0].flags, PEER_PULLED_NOT_MINE);
	rig_free(r);
}

/* Goes through all that q selects; counts in seen[] how often each provider came. */
static uint32_t ask_all(struct rig *r, struct peer_pull *q, size_t max, uint8_t *seen, uint32_t n)
{
	uint32_t pulls = 0;

	q->cursor = 0;
	do {
		struct answer a = ask(r, q, max);
		for (size_t i = 0; i < a.n; i++) {
			struct span rest = a.page[i].items;
			struct peer_item item;
			while (peer_item_next(&rest, &item)) {
				uint32_t k = load_be32(item.record.ip.b + 12) & 0xffffff;
				assert_true(k < n);
				seen[k]++;
			}
		}
		q->cursor = a.page[a.n - 1].cursor;
		pulls++;
		assert_true(pulls < 100000);
	} while (q->cursor != 0);
	return pulls;
}

static struct rig *with_many(struct peer_pull *q, uint32_t n)
{
	struct rig *r = one_server();
	uint8_t hash[20];

	for (uint32_t k = 0; k < n; k++)
		assert_true(rig_put(r, 0, 1, k, rig_version(r), HOUR_MS) >= 0);
	*q = (struct peer_pull){.partition = (uint16_t)key_of(1, hash).partition, .window = 2};
	return r;
}

static void each_comes_once(void **state)
{
	static const uint8_t windows[] = {1, 2, 8};
	static const size_t sizes[] = {548, DATAGRAM};
	struct peer_pull q;
	struct rig *r = with_many(&q, MANY);
	uint8_t *seen = calloc(MANY, 1);

	(void)state;
	assert_non_null(seen);
	for (size_t i = 0; i < COUNT(windows) * COUNT(sizes); i++) {
		size_t size = sizes[i % COUNT(sizes)];
		q.window = windows[i / COUNT(sizes)];
		memset(seen, 0, MANY);
		uint32_t pulls = ask_all(r, &q, size, seen, MANY);
		for (uint32_t k = 0; k < MANY; k++)
			assert_int_equal(seen[k], 1);
		/* Datagrams are filled, but for a record. */
		assert_true(pulls <= MANY / (q.window * ((size - 63 - 28) / 40 - 1)) + 2);
	}
	free(seen);
	rig_free(r);
}

static void subs_part_them(void **state)
{
	struct peer_pull q;
	struct rig *r = with_many(&q, HUGE);
	uint8_t *seen = calloc(HUGE, 1);

	(void)state;
	assert_non_null(seen);
	q.split = 5;
	for (q.sub = 0; q.sub < 32; q.sub++)
		ask_all(r, &q, DATAGRAM, seen, HUGE);
	for (uint32_t k = 0; k < HUGE; k++)
		assert_int_equal(seen[k], 1);
	/* One that hardly anybody is in: the answer comes before all were looked at. */
	q.split = 16;
	q.sub = 12345;
	memset(seen, 0, HUGE);
	assert_int_equal(ask_all(r, &q, DATAGRAM, seen, HUGE), 2);
	free(seen);
	rig_free(r);
}

static void what_is_listed_does_not_come(void **state)
{
	struct rig *r = one_server();
	uint8_t hash[20], prints[8 * 30], seen[60] = {0};
	struct table_key key = key_of(1, hash);
	struct peer_pull q = {.partition = (uint16_t)key.partition, .window = 1};

	(void)state;
	for (uint32_t k = 0; k < 60; k++) {
		struct record x = rig_record(k, rig_version(r), 0);
		rig_put(r, 0, 1, k, x.version, HOUR_MS);
		if (k % 2)
			store_be64(
				prints + 8 * (k / 2), table_print(&key, &x.ip, x.port, x.version));
	}
	q.prints = (struct span){prints, sizeof(prints)};
	ask_all(r, &q, DATAGRAM, seen, 60);
	for (uint32_t k = 0; k < 60; k++)
		assert_int_equal(seen[k], k % 2 == 0);
	rig_free(r);
}

/* Of all sizes, so that some turn out larger than those before. */
static void all_sizes(void **state)
{
	struct rig *r = one_server();
	uint64_t seed = test_seed();
	uint8_t seen[600] = {0}, hash[64] = {0};
	struct peer_pull q = {.window = 3};
	uint32_t n = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, seed);
	for (uint32_t tries = 0; n < 600; tries++) {
		size_t len = 4 + rng_below(&rng, 61);
		store_be32(hash, tries);
		struct table_key key = table_key_of((struct span){hash, len});
		struct record x = rig_record(n, rig_version(r), now_mono_ms(&r->now) + HOUR_MS);
		if (key.partition % 4096 != 0)
			continue;
		if (rng_below(&rng, 2))
			x.ip.b[0] = 0x20; /* IPv6 */
		assert_int_equal(lane_store(r->node[0].lane, &key, &x, now_mono_ms(&r->now)),
			TABLE_APPEARED);
		n++;
	}
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p += 4096) {
		q.partition = (uint16_t)p;
		ask_all(r, &q, p ? DATAGRAM : 548, seen, 600);
	}
	for (uint32_t k = 0; k < 600; k++)
		assert_int_equal(seen[k], 1);
	rig_free(r);
}

static void lifetimes_are_rounded_down(void **state)
{
	struct rig *r = one_server();
	uint8_t hash[20];
	struct peer_pull q = {.partition = (uint16_t)key_of(1, hash).partition, .window = 1};

	(void)state;
	for (uint32_t k = 0; k < 20; k++)
		rig_put(r, 0, 1, k, rig_version(r), 1000 + k * 37);
	rig_put(r, 0, 1, 20, rig_version(r), 90);
	struct span rest = ask(r, &q, DATAGRAM).page[0].items;
	struct peer_item item;
	uint32_t n = 0;
	for (; peer_item_next(&rest, &item); n++) {
		uint32_t life_ms = 1000 + (load_be32(item.record.ip.b + 12) & 0xffffff) * 37;
		assert_in_range(item.record.life * 100, life_ms - 200, life_ms);
	}
	assert_int_equal(n, 20);
	rig_free(r);
}

static void any_cursor_is_harmless(void **state)
{
	struct peer_pull q;
	struct rig *r = with_many(&q, MANY);
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < 1000; i++) {
		q.cursor = rng_u64(&rng);
		ask(r, &q, DATAGRAM);
	}
	rig_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(each_comes_once),
		cmocka_unit_test(subs_part_them),
		cmocka_unit_test(what_is_listed_does_not_come),
		cmocka_unit_test(all_sizes),
		cmocka_unit_test(lifetimes_are_rounded_down),
		cmocka_unit_test(any_cursor_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
