/* SPDX-License-Identifier: BSD-2-Clause */
/* Each internal message, from its bytes to its struct and back, and the items of its list. */
#include <stdlib.h>

#include "wire/list.h"

#include "peer_examples.h"

static uint8_t raw[512];

static const struct addr id4 = {{{[10] = 0xff, 0xff, 192, 0, 2, 7}}, 8471};
static const struct addr id6 = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 9}}, 8471};
static const uint64_t request = 0x0102030405060708, version = 0x018f1a2b3c4d0002,
		      digest = 0xd1d2d3d4d5d6d7d8;
static const uint8_t deadbeef[] = {0xde, 0xad, 0xbe, 0xef}, ff[] = {0xff};

#define DEADBEEF ((struct span){deadbeef, sizeof(deadbeef)})
#define FF       ((struct span){ff, sizeof(ff)})

static const char *hex_of(const char *name)
{
	for (size_t i = 0; i < COUNT(peer_examples); i++)
		if (strcmp(peer_examples[i].name, name) == 0)
			return peer_examples[i].hex;
	fail_msg("no example %s", name);
	return NULL;
}

/* The example, decoded; the message views raw. */
static struct peer_msg decode(const char *name)
{
	size_t len = from_hex(hex_of(name), raw, sizeof(raw));
	struct peer_msg m;

	assert_int_equal(peer_decode((struct span){raw, len}, &m), MSG_GOOD);
	assert_int_equal(m.type, raw[0]);
	return m;
}

/* The message gives exactly the example's bytes behind what is there, and needs room for them. */
static void assert_encodes(struct peer_msg m, const char *name)
{
	uint8_t want[512], got[516] = {1, 2, 3};
	size_t len = from_hex(hex_of(name), want, sizeof(want));
	struct writer w = writer_of(got, sizeof(got));

	m.type = want[0];
	write_room(&w, 3);
	peer_encode(&w, &m);
	assert_int_equal(writer_done(&w), 3 + len);
	assert_memory_equal(got, "\1\2\3", 3);
	assert_memory_equal(got + 3, want, len);
	for (size_t size = 0; size < len; size++) {
		uint8_t *room = malloc(size ? size : 1);
		assert_non_null(room);
		w = writer_of(room, size);
		peer_encode(&w, &m);
		assert_true(w.failed);
		free(room);
	}
}

/* What the writer has got, as a list. */
static struct span written(const struct writer *w)
{
	assert_true(writer_done(w) > 0);
	return (struct span){w->start, writer_used(w)};
}

static void assert_addr(struct addr got, struct addr want)
{
	assert_true(addr_equal(&got, &want));
}

static void assert_span(struct span got, struct span want)
{
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.p, want.p, want.len);
}

static void prove_and_proof(void **state)
{
	struct peer_msg m = decode("prove"), built = {0};

	(void)state;
	for (uint8_t i = 0; i < PEER_COOKIE_LEN; i++) {
		assert_int_equal(m.prove.cookie[i], 0xc0 + i);
		built.prove.cookie[i] = (uint8_t)(0xc0 + i);
	}
	assert_encodes(built, "prove");

	m = decode("proof");
	assert_memory_equal(m.proof.cookie, built.prove.cookie, PEER_COOKIE_LEN);
	assert_addr(m.proof.id, id4);
	built.proof.id = id4;
	assert_encodes(built, "proof");
}

static void beat(void **state)
{
	struct peer_msg m = decode("beat-asks");

	(void)state;
	assert_int_equal(m.beat.seq, 42);
	assert_int_equal(m.beat.echo_us, 0);
	assert_int_equal(m.beat.wall_ms, 0x018f1a2b3c4d);
	assert_int_equal(m.beat.view, 0x1122334455667788);
	assert_int_equal(m.beat.incarnation, 1700000000);
	assert_int_equal(m.beat.unheard_ms, 1000);
	assert_int_equal(m.beat.flags, 0);
	assert_encodes((struct peer_msg){.beat = {42, 0, 0x018f1a2b3c4d, 0x1122334455667788,
						 1700000000, 1000, 0}},
		"beat-asks");
	m = decode("beat-answers");
	assert_int_equal(m.beat.echo_us, 100000000);
	assert_int_equal(m.beat.unheard_ms, UINT32_MAX);
	assert_int_equal(m.beat.flags, PEER_BEAT_RESTARTING);
	assert_encodes((struct peer_msg){.beat = {42, 100000000, 0x018f1a2b3c4d, 0x1122334455667788,
						 1700000000, UINT32_MAX, PEER_BEAT_RESTARTING}},
		"beat-answers");
}

static const struct peer_entry plain = {
	.id = {{{[10] = 0xff, 0xff, 192, 0, 2, 7}}, 8471},
	.state = PEER_ALIVE,
	.incarnation = 1700000000,
	.start = 0xa1a2a3a4a5a6a7a8,
};

static const struct peer_entry profiled = {
	.id = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 9}}, 8471},
	.state = PEER_SUSPECT,
	.incarnation = 1,
	.has_profile = true,
	.profile = {.weight = 10,
		.flags = PEER_MEMBER_SETTLED,
		.replicas = 3,
		.quorum = 2,
		.client_port = 8470,
		.keepalive_port = 8472,
		.zone_len = 3,
		.version_len = 5,
		.key_count = 2,
		.key_ids = {0x3f, 0xa1},
		.zone = "e1b",
		.version = "1.0.0"},
};

static void assert_entry(const struct peer_entry *got, const struct peer_entry *want)
{
	assert_addr(got->id, want->id);
	assert_int_equal(got->state, want->state);
	assert_int_equal(got->incarnation, want->incarnation);
	assert_int_equal(got->start, want->start);
	assert_int_equal(got->has_profile, want->has_profile);
	assert_int_equal(got->profile.weight, want->profile.weight);
	assert_int_equal(got->profile.flags, want->profile.flags);
	assert_int_equal(got->profile.replicas, want->profile.replicas);
	assert_int_equal(got->profile.quorum, want->profile.quorum);
	assert_int_equal(got->profile.client_port, want->profile.client_port);
	assert_int_equal(got->profile.keepalive_port, want->profile.keepalive_port);
	assert_int_equal(got->profile.zone_len, want->profile.zone_len);
	assert_int_equal(got->profile.version_len, want->profile.version_len);
	assert_int_equal(got->profile.key_count, want->profile.key_count);
	/* With the zeros behind them. */
	assert_memory_equal(got->profile.key_ids, want->profile.key_ids, PEER_KEYS_MAX);
	assert_memory_equal(got->profile.zone, want->profile.zone, PEER_ZONE_MAX);
	assert_memory_equal(got->profile.version, want->profile.version, PEER_VERSION_MAX);
}

static void gossip_and_roster(void **state)
{
	struct peer_msg m = decode("gossip");
	struct span rest = m.gossip.entries;
	struct peer_entry e;
	uint8_t room[128];
	struct writer w = writer_of(room, sizeof(room));

	(void)state;
	assert_ptr_equal(rest.p, raw + 3);
	memset(&e, 0xee, sizeof(e));
	assert_true(peer_entry_next(&rest, &e));
	assert_entry(&e, &plain);
	memset(&e, 0xee, sizeof(e));
	assert_true(peer_entry_next(&rest, &e));
	assert_entry(&e, &profiled);
	assert_false(peer_entry_next(&rest, &e));
	assert_entry(&e, &profiled);

	peer_write_entry(&w, &plain);
	peer_write_entry(&w, &profiled);
	assert_encodes((struct peer_msg){.gossip.entries = written(&w)}, "gossip");
	assert_int_equal(decode("gossip-nothing").gossip.entries.len, 0);

	m = decode("roster");
	assert_int_equal(m.roster.last, 0);
	rest = m.roster.entries;
	assert_true(peer_entry_next(&rest, &e));
	assert_entry(&e, &plain);
	assert_int_equal(rest.len, 0);
	w = writer_of(room, sizeof(room));
	peer_write_entry(&w, &plain);
	assert_encodes((struct peer_msg){.roster = {0, written(&w)}}, "roster");
	assert_int_equal(decode("roster-end").roster.last, 1);
	assert_encodes((struct peer_msg){.roster.last = 1}, "roster-end");
}

static void the_longest_entry(void **state)
{
	uint8_t room[PEER_ENTRY_MAX];
	struct peer_entry e = profiled, again;
	struct writer w = writer_of(room, sizeof(room));

	(void)state;
	e.profile.zone_len = PEER_ZONE_MAX;
	e.profile.version_len = PEER_VERSION_MAX;
	memset(e.profile.zone, 'z', PEER_ZONE_MAX);
	memset(e.profile.version, 'v', PEER_VERSION_MAX);
	e.profile.key_count = PEER_KEYS_MAX;
	memset(e.profile.key_ids, 'k', PEER_KEYS_MAX);
	peer_write_entry(&w, &e);
	assert_int_equal(writer_done(&w), PEER_ENTRY_MAX);
	struct span rest = written(&w);
	assert_true(peer_entry_next(&rest, &again));
	assert_entry(&again, &e);
}

static void asking_through_others(void **state)
{
	struct peer_msg m = decode("ask-for");

	(void)state;
	assert_int_equal(m.ask_for.seq, 42);
	assert_addr(m.ask_for.id, id4);
	assert_encodes((struct peer_msg){.ask_for = {42, id4}}, "ask-for");
	m = decode("heard");
	assert_int_equal(m.heard.seq, 42);
	assert_addr(m.heard.id, id6);
	assert_int_equal(m.heard.start, 0xa1a2a3a4a5a6a7a8);
	assert_int_equal(m.heard.incarnation, 1700000000);
	assert_encodes(
		(struct peer_msg){.heard = {42, id6, 0xa1a2a3a4a5a6a7a8, 1700000000}}, "heard");
	assert_addr(decode("sync").sync.after, id4);
	assert_encodes((struct peer_msg){.sync.after = id4}, "sync");
}

/* HASHES of deadbeef and, when there are two, ff. */
static void assert_hashes(struct hash_list list, uint8_t count)
{
	struct span rest = list.items, hash;

	assert_int_equal(list.count, count);
	assert_true(hash_list_next(&rest, &hash));
	assert_span(hash, DEADBEEF);
	if (count == 2) {
		assert_true(hash_list_next(&rest, &hash));
		assert_span(hash, FF);
	}
	assert_int_equal(rest.len, 0);
}

static struct hash_list hashes(uint8_t count)
{
	static const uint8_t items[] = {4, 0xde, 0xad, 0xbe, 0xef, 1, 0xff};

	return (struct hash_list){count, {items, count == 2 ? 7 : 5}};
}

static void store_and_stored(void **state)
{
	struct peer_msg m = decode("store");
	static const uint8_t statuses[] = {PEER_STORE_KEPT, PEER_STORE_NEWER};

	(void)state;
	assert_int_equal(m.store.id, request);
	assert_int_equal(m.store.version, version);
	assert_int_equal(m.store.life_ms, 1800000);
	assert_true(ip_equal(&m.store.ip, &id4.ip));
	assert_int_equal(m.store.port, 6881);
	assert_hashes(m.store.hashes, 1);
	assert_encodes(
		(struct peer_msg){.store = {request, version, 1800000, id4.ip, 6881, hashes(1)}},
		"store");
	m = decode("store-withdrawal");
	assert_int_equal(m.store.version, version | 1);
	assert_int_equal(m.store.life_ms, 86400000);
	assert_true(ip_equal(&m.store.ip, &id6.ip));
	assert_hashes(m.store.hashes, 2);
	assert_encodes(
		(struct peer_msg){.store = {request, version | 1, 86400000, id6.ip, 0, hashes(2)}},
		"store-withdrawal");

	m = decode("stored");
	assert_int_equal(m.stored.id, request);
	assert_int_equal(m.stored.newer, 0x018f1a2b3c4e0000);
	assert_span(m.stored.statuses, (struct span){statuses, 2});
	assert_encodes((struct peer_msg){.stored = {request, 0x018f1a2b3c4e0000, {statuses, 2}}},
		"stored");
}

static void fetch(void **state)
{
	struct peer_msg m = decode("fetch");

	(void)state;
	assert_int_equal(m.fetch.id, request);
	assert_int_equal(m.fetch.mode, PEER_FETCH_PAGE);
	assert_int_equal(m.fetch.max, 50);
	assert_int_equal(m.fetch.cursor, 0x11223344);
	assert_hashes(m.fetch.hashes, 1);
	assert_encodes(
		(struct peer_msg){.fetch = {request, PEER_FETCH_PAGE, 50, 0x11223344, hashes(1)}},
		"fetch");
	m = decode("fetch-sample");
	assert_int_equal(m.fetch.mode, PEER_FETCH_SAMPLE);
	assert_hashes(m.fetch.hashes, 2);
	assert_encodes((struct peer_msg){.fetch = {request, PEER_FETCH_SAMPLE, 0, 0, hashes(2)}},
		"fetch-sample");
}

static void assert_record(
	const struct peer_record *got, const struct addr *a, uint64_t of_version, uint32_t life)
{
	assert_true(ip_equal(&got->ip, &a->ip));
	assert_int_equal(got->port, a->port);
	assert_int_equal(got->version, of_version);
	assert_int_equal(got->life, life);
}

/* The providers of RECORD4, RECORD6; without port, of ONLY4, ONLY6. */
static const struct addr provider4 = {{{[10] = 0xff, 0xff, 192, 0, 2, 7}}, 6881};
static const struct addr only4 = {{{[10] = 0xff, 0xff, 192, 0, 2, 7}}, 0};
static const struct addr only6 = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 9}}, 0};

static struct peer_record record_of(const struct addr *a, uint64_t of_version, uint32_t life)
{
	return (struct peer_record){a->ip, a->port, of_version, life};
}

static void fetched(void **state)
{
	struct peer_msg m = decode("fetched");
	struct span rest = m.fetched.records;
	struct peer_record got, four = record_of(&provider4, version, 18000),
				six = record_of(&only6, version, UINT32_MAX);
	uint8_t room[2 * PEER_RECORD_MAX];
	struct writer w = writer_of(room, sizeof(room));

	(void)state;
	assert_int_equal(m.fetched.id, request);
	assert_int_equal(m.fetched.index, 0);
	assert_int_equal(m.fetched.flags, PEER_FETCHED_COMPLETE);
	assert_int_equal(m.fetched.total, 9);
	assert_int_equal(m.fetched.next, 5);
	assert_true(peer_record_next(&rest, &got));
	assert_record(&got, &provider4, version, 18000);
	assert_true(peer_record_next(&rest, &got));
	assert_record(&got, &only6, version, UINT32_MAX);
	assert_false(peer_record_next(&rest, &got));
	assert_record(&got, &only6, version, UINT32_MAX);

	peer_write_record(&w, &four);
	assert_int_equal(writer_used(&w), 19);
	peer_write_record(&w, &six);
	assert_int_equal(writer_used(&w), 19 + PEER_RECORD_MAX);
	assert_encodes((struct peer_msg){.fetched = {request, 0, PEER_FETCHED_COMPLETE, 9, 5,
						 written(&w)}},
		"fetched");
	assert_int_equal(decode("fetched-nobody").fetched.records.len, 0);
}

static void a_sample(void **state)
{
	struct peer_msg m = decode("fetched-sample");
	struct span rest = m.fetched.records;
	struct peer_record got, four = record_of(&only4, 0, 0), six = record_of(&only6, 0, 0);
	uint8_t room[2 * PEER_RECORD_MAX];
	struct writer w = writer_of(room, sizeof(room));

	(void)state;
	memset(&got, 0xee, sizeof(got));
	assert_true(peer_record_next(&rest, &got));
	assert_record(&got, &only4, 0, 0);
	memset(&got, 0xee, sizeof(got));
	assert_true(peer_record_next(&rest, &got));
	assert_record(&got, &only6, 0, 0);
	assert_int_equal(rest.len, 0);

	peer_write_record(&w, &four);
	peer_write_record(&w, &six);
	assert_encodes(
		(struct peer_msg){.fetched = {request, 1, 0, 2, 0, written(&w)}}, "fetched-sample");
}

static void subscribe_and_notify(void **state)
{
	static const uint8_t statuses[] = {PEER_SUBSCRIBED_HAS, PEER_SUBSCRIBED_FULL};
	struct peer_msg m = decode("subscribe");

	(void)state;
	assert_int_equal(m.subscribe.id, request);
	assert_int_equal(m.subscribe.seconds, 3600);
	assert_hashes(m.subscribe.hashes, 2);
	assert_encodes((struct peer_msg){.subscribe = {request, 3600, hashes(2)}}, "subscribe");
	m = decode("subscribed");
	assert_int_equal(m.subscribed.id, request);
	assert_span(m.subscribed.statuses, (struct span){statuses, 2});
	assert_encodes((struct peer_msg){.subscribed = {request, {statuses, 2}}}, "subscribed");

	m = decode("notify");
	assert_int_equal(m.notify.seq, 42);
	assert_int_equal(m.notify.kind, EVENT_WITHDRAWN);
	assert_span(m.notify.hash, DEADBEEF);
	assert_record(&m.notify.record, &provider4, version, 18000);
	assert_encodes((struct peer_msg){.notify = {42, EVENT_WITHDRAWN, DEADBEEF,
						 record_of(&provider4, version, 18000)}},
		"notify");
	assert_int_equal(decode("noted").noted.seq, 42);
	assert_encodes((struct peer_msg){.noted.seq = 42}, "noted");
}

static void compare_and_compared(void **state)
{
	static const struct peer_compare_item asked[] = {
		{0, PEER_PART_COMPLETE | PEER_PART_OWNER, 0xd1d2d3d4d5d6d7d8}, {16383, 0, 0}};
	static const struct peer_compared_item said[] = {
		{0, PEER_PART_COMPLETE | PEER_PART_OWNER | PEER_PART_DIFFERS}, {16383, 0}};
	struct peer_compare_item item;
	struct peer_compared_item answer;
	uint8_t room[32];
	struct writer w = writer_of(room, sizeof(room));
	struct peer_msg m = decode("compare");
	struct span rest = m.compare.items;

	(void)state;
	assert_int_equal(m.compare.round, 7);
	for (size_t i = 0; i < COUNT(asked); i++) {
		assert_true(peer_compare_next(&rest, &item));
		assert_int_equal(item.partition, asked[i].partition);
		assert_int_equal(item.flags, asked[i].flags);
		assert_int_equal(item.digest, asked[i].digest);
		peer_write_compare(&w, &asked[i]);
		assert_int_equal(writer_used(&w), (i + 1) * PEER_COMPARE_LEN);
	}
	assert_false(peer_compare_next(&rest, &item));
	assert_encodes((struct peer_msg){.compare = {7, written(&w)}}, "compare");

	m = decode("compared");
	rest = m.compared.items;
	w = writer_of(room, sizeof(room));
	assert_int_equal(m.compared.round, 7);
	for (size_t i = 0; i < COUNT(said); i++) {
		assert_true(peer_compared_next(&rest, &answer));
		assert_int_equal(answer.partition, said[i].partition);
		assert_int_equal(answer.flags, said[i].flags);
		peer_write_compared(&w, &said[i]);
		assert_int_equal(writer_used(&w), (i + 1) * PEER_COMPARED_LEN);
	}
	assert_false(peer_compared_next(&rest, &answer));
	assert_encodes((struct peer_msg){.compared = {7, written(&w)}}, "compared");
}

static void pull(void **state)
{
	uint8_t prints[16];
	struct peer_msg m = decode("pull");

	(void)state;
	memset(prints, 0x11, 8);
	memset(prints + 8, 0x22, 8);
	assert_int_equal(m.pull.id, 42);
	assert_int_equal(m.pull.partition, 16383);
	assert_int_equal(m.pull.split, 16);
	assert_int_equal(m.pull.sub, 0xffff);
	assert_int_equal(m.pull.window, 8);
	assert_int_equal(m.pull.cursor, 0);
	assert_span(m.pull.prints, (struct span){prints, sizeof(prints)});
	assert_encodes(
		(struct peer_msg){.pull = {42, 16383, 16, 0xffff, 8, 0, {prints, 16}}}, "pull");
	m = decode("pull-further");
	assert_int_equal(m.pull.cursor, 0x1122334455667788);
	assert_int_equal(m.pull.prints.len, 0);
	assert_encodes((struct peer_msg){.pull = {42, 1, 0, 0, 1, 0x1122334455667788, {0}}},
		"pull-further");
}

static void pulled(void **state)
{
	struct peer_item got, four = {DEADBEEF, record_of(&provider4, version, 18000)},
			      six = {FF, record_of(&only6, version, UINT32_MAX)};
	uint8_t room[64];
	struct writer w = writer_of(room, sizeof(room));
	struct peer_msg m = decode("pulled");
	struct span rest = m.pulled.items;

	(void)state;
	assert_int_equal(m.pulled.id, 42);
	assert_int_equal(m.pulled.partition, 16383);
	assert_int_equal(m.pulled.flags, PEER_PULLED_COMPLETE);
	assert_int_equal(m.pulled.index, 7);
	assert_int_equal(m.pulled.of, 8);
	assert_int_equal(m.pulled.digest, digest);
	assert_int_equal(m.pulled.cursor, 0x1122334455667788);
	assert_true(peer_item_next(&rest, &got));
	assert_span(got.hash, DEADBEEF);
	assert_record(&got.record, &provider4, version, 18000);
	assert_true(peer_item_next(&rest, &got));
	assert_span(got.hash, FF);
	assert_record(&got.record, &only6, version, UINT32_MAX);
	assert_false(peer_item_next(&rest, &got));

	peer_write_item(&w, &four);
	peer_write_item(&w, &six);
	assert_encodes((struct peer_msg){.pulled = {42, 16383, PEER_PULLED_COMPLETE, 7, 8, digest,
						 0x1122334455667788, written(&w)}},
		"pulled");
	m = decode("pulled-nothing");
	assert_int_equal(m.pulled.flags, PEER_PULLED_NOT_MINE);
	assert_int_equal(m.pulled.items.len, 0);
	assert_encodes(
		(struct peer_msg){.pulled = {42, 1, PEER_PULLED_NOT_MINE, 0, 1, digest, 0, {0}}},
		"pulled-nothing");
}

static void confirm(void **state)
{
	static const struct peer_confirm_item items[] = {{0, 0xd1d2d3d4d5d6d7d8}, {16383, 0}};
	struct span rest = decode("confirm").confirm.items;
	struct peer_confirm_item got;
	uint8_t room[32];
	struct writer w = writer_of(room, sizeof(room));

	(void)state;
	for (size_t i = 0; i < COUNT(items); i++) {
		assert_true(peer_confirm_next(&rest, &got));
		assert_int_equal(got.partition, items[i].partition);
		assert_int_equal(got.digest, items[i].digest);
		peer_write_confirm(&w, &items[i]);
		assert_int_equal(writer_used(&w), (i + 1) * PEER_CONFIRM_LEN);
	}
	assert_false(peer_confirm_next(&rest, &got));
	assert_encodes((struct peer_msg){.confirm.items = written(&w)}, "confirm");
}

/* No view of a decoded message is like this; a walker still neither leaves it nor hangs. */
static void walkers_stop_in_broken_views(void **state)
{
	struct peer_compared_item compared;
	struct peer_compare_item compare;
	struct peer_confirm_item done;
	struct peer_record record;
	struct peer_entry entry;
	struct peer_item item;

	(void)state;
	for (size_t len = 0; len < 3; len++) {
		uint8_t *bytes = calloc(1, len ? len : 1);
		const struct span view = {len ? bytes : NULL, len};
		struct span rest = view;
		assert_non_null(bytes);
		assert_false(peer_entry_next(&rest, &entry));
		rest = view;
		assert_false(peer_record_next(&rest, &record));
		rest = view;
		assert_false(peer_item_next(&rest, &item));
		rest = view;
		assert_false(peer_compare_next(&rest, &compare));
		rest = view;
		assert_false(peer_compared_next(&rest, &compared));
		rest = view;
		assert_false(peer_confirm_next(&rest, &done));
		assert_int_equal(rest.len, 0);
		free(bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(prove_and_proof),
		cmocka_unit_test(beat),
		cmocka_unit_test(gossip_and_roster),
		cmocka_unit_test(the_longest_entry),
		cmocka_unit_test(asking_through_others),
		cmocka_unit_test(store_and_stored),
		cmocka_unit_test(fetch),
		cmocka_unit_test(fetched),
		cmocka_unit_test(a_sample),
		cmocka_unit_test(subscribe_and_notify),
		cmocka_unit_test(compare_and_compared),
		cmocka_unit_test(pull),
		cmocka_unit_test(pulled),
		cmocka_unit_test(confirm),
		cmocka_unit_test(walkers_stop_in_broken_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
