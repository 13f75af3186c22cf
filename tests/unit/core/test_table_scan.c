/* SPDX-License-Identifier: BSD-2-Clause */
/* Scans: of everything, in any steps, and while everything around changes. */
#include "table_rig.h"

#include "../test_seed.h"
#include "core/provset.h"

#define NOW  (EPOCH + 1000)
#define SOON (NOW + 10000)
#define LATE (NOW + 100000000)

static const size_t lengths[] = {8, 20, 32, 40, 64};

/* Hashes of all kinds of shelves in partition 0. */
static void make_hashes(uint8_t (*hash)[64], uint32_t n)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < n; i++)
		rig_hash_in_0(&next, lengths[i % COUNT(lengths)], hash[i]);
}

static struct table_key key_of(uint8_t (*hash)[64], uint32_t i)
{
	return rig_key(hash[i], lengths[i % COUNT(lengths)]);
}

static void an_empty_partition_gives_nothing(void **state)
{
	struct table *t = rig_table(0, 0, 0);
	struct table_item out[1];
	uint64_t cursor = 0;

	(void)state;
	for (uint32_t i = 0; i < TABLE_PARTITIONS; i += TABLE_PARTITIONS - 1) {
		assert_int_equal(table_scan(t, i, &cursor, out, 1, NOW), 0);
		assert_int_equal(cursor, 0);
	}
	table_free(t);
}

static void items_are_what_was_put(void **state)
{
	struct table *t = rig_table(0, 0, 0);
	struct table_limits limits = {.grave_ms = 60000};
	struct table_item out[8];
	uint8_t hash[4][64];
	uint64_t cursor = 0;

	(void)state;
	table_set_limits(t, &limits);
	make_hashes(hash, 4);
	for (uint32_t i = 0; i < 4; i++) {
		/* An announcement, a withdrawal, one that has ended, one that ended in a grave. */
		static const uint64_t versions[] = {40, 41, 40, 42};
		struct table_key key = key_of(hash, i);
		struct record r = rig_record(i, i == 1, versions[i], i < 2 ? LATE : SOON);
		assert_true(table_merge(t, &key, &r, true, NOW) > 0);
	}
	assert_int_equal(table_scan(t, 0, &cursor, out, 8, SOON), 3);
	assert_int_equal(cursor, 0);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint64_t versions[] = {40, 41, 0, 41};
		uint32_t n = rig_ip_number(&out[i].record.ip);
		assert_true(n < 4 && n != 2);
		assert_int_equal(out[i].hash_len, lengths[n]);
		assert_memory_equal(out[i].hash, hash[n], lengths[n]);
		assert_int_equal(out[i].record.version, versions[n]);
		assert_int_equal(out[i].record.port, 8470);
		assert_int_equal(out[i].record.expiry_ms, n == 3 ? SOON + 60000 : LATE);
		assert_int_equal(ip_is_v4(&out[i].record.ip), n != 1);
	}
	table_check(t);
	table_free(t);
}

/* Each exactly once when nothing changes, whatever the steps. */
static void nobody_comes_twice_in_peace(void **state)
{
	enum { HASHES = 20, CROWD = 3000 };
	struct table *t = rig_table(0, 0, 0);
	static uint8_t hash[HASHES][64];
	static bool seen[HASHES][CROWD];

	(void)state;
	make_hashes(hash, HASHES);
	for (uint32_t i = 0; i < HASHES; i++) {
		struct table_key key = key_of(hash, i);
		for (uint32_t j = 0; j < (i % 7 == 3 ? CROWD : i % 4 + 1); j++) {
			struct record r = rig_record(i * CROWD + j, j % 3 == 1, 40 + j % 2, LATE);
			assert_true(table_merge(t, &key, &r, true, NOW) > 0);
		}
	}
	for (size_t max = 1; max <= 1000; max = max * 3 + 1) {
		struct table_item out[1000];
		uint64_t cursor = 0, given = 0, calls = 0;
		memset(seen, 0, sizeof(seen));
		do {
			size_t n = table_scan(t, 0, &cursor, out, max, NOW);
			assert_true(n <= max && n <= 300);
			for (size_t i = 0; i < n; i++) {
				uint32_t number = rig_ip_number(&out[i].record.ip);
				assert_false(seen[number / CROWD][number % CROWD]);
				seen[number / CROWD][number % CROWD] = true;
			}
			given += n;
			calls++;
		} while (cursor);
		assert_int_equal(given, table_usage(t).records + table_usage(t).tombstones);
		assert_true(max > 30 || calls <= given / max * 2 + 100);
	}
	table_free(t);
}

static void any_cursor_is_harmless(void **state)
{
	struct table *t = rig_table(0, 0, 0);
	static uint8_t hash[10][64];
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	make_hashes(hash, COUNT(hash));
	for (uint32_t i = 0; i < 1000; i++) {
		struct table_key key = key_of(hash, i % 5 ? 3 : i % 10);
		struct record r = rig_record(i, i % 3 == 0, 40, LATE);
		table_merge(t, &key, &r, true, NOW);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		struct table_item out[7];
		uint64_t cursor = rng_u64(&rng);
		if (i % 4) /* a place that there is */
			cursor = 1ull << 63 | (cursor & 3) << 61 | (cursor >> 2 & 7) << 45 |
			         cursor >> 19;
		assert_true(table_scan(t, 0, &cursor, out, 7, NOW) <= 7);
	}
	table_check(t);
	table_free(t);
}

/* Among a crowd that has been withdrawn and swept away, or expired, a call stops now and then. */
static void a_call_looks_at_a_bounded_number_of_places(void **state)
{
	struct table *t = rig_table(0, 0, 0);
	static struct table_item out[5000];
	static uint8_t hash[1][64];
	uint64_t cursor = 0, calls = 0;

	(void)state;
	make_hashes(hash, 1);
	for (uint32_t i = 0; i < 5000; i++) {
		struct table_key key = key_of(hash, 0);
		struct record r = rig_record(i, i & 1, 40, i == 17 ? LATE : SOON);
		table_merge(t, &key, &r, true, NOW);
	}
	do {
		assert_true(table_scan(t, 0, &cursor, out, COUNT(out), NOW) <= 300);
		calls++;
	} while (cursor);
	assert_in_range(calls, 5000 / 300, 5000 / 100);
	size_t given = 0;
	for (calls = 0; calls == 0 || cursor; calls++)
		given += table_scan(t, 0, &cursor, out, COUNT(out), SOON);
	assert_int_equal(given, 1);
	assert_in_range(calls, 5000 / 300, 5000 / 100);
	table_free(t);
}

/* Two of one hash whose own hashes begin alike: only who asks for one at a time misses one. */
static void the_like_come_together(void **state)
{
	static const uint32_t alike[] = {2583499, 8179267, 1565673, 3187232};
	struct table *t = rig_table(0, 0, 0);
	static uint8_t hash[1][64];
	struct table_item out[5];

	(void)state;
	make_hashes(hash, 1);
	struct table_key key = key_of(hash, 0);
	for (uint32_t i = 0; i < 4; i++) {
		struct record r = rig_record(alike[i], false, 40, LATE);
		struct ip ip = rig_ip(alike[i ^ 1], false);
		assert_int_equal(provider_hash(&r.ip, 8470), provider_hash(&ip, 8470));
		assert_int_equal(table_merge(t, &key, &r, true, NOW), TABLE_APPEARED);
	}
	for (size_t max = 1; max <= 5; max++) {
		uint64_t cursor = 0;
		size_t given = 0;
		do {
			given += table_scan(t, 0, &cursor, out, max, NOW);
		} while (cursor);
		assert_int_equal(given, max == 1 ? 2 : 4);
	}
	table_free(t);
}

#define HASHES    60
#define PROVIDERS 500
#define CROWDED   3 /* hashes from 0 that many have */
#define SCANS     600

struct storm {
	struct table *table;
	struct rng rng;
	uint64_t now_ms, version;
	uint8_t hash[HASHES][64];
	bool stays[HASHES][PROVIDERS];
	bool seen[HASHES][PROVIDERS];
};

static int put(struct storm *s, uint32_t hash, uint32_t provider, uint64_t expiry_ms)
{
	struct table_key key = key_of(s->hash, hash);
	uint64_t version = s->version += 4;
	bool withdrawal = rng_below(&s->rng, 6) == 0;
	struct record r = rig_record(provider, provider & 1, version | withdrawal, expiry_ms);

	if (rng_below(&s->rng, 10) == 0)
		r.version |= 2;
	return table_merge(s->table, &key, &r, true, s->now_ms);
}

static uint32_t pick_provider(struct storm *s, uint32_t hash)
{
	return rng_below(&s->rng, hash < CROWDED ? PROVIDERS : 1 + hash % 5);
}

/* Some refreshes and many who come for a moment. */
static void come(struct storm *s, uint32_t n)
{
	while (n--) {
		uint32_t hash = rng_below(&s->rng, rng_below(&s->rng, 2) ? CROWDED : HASHES);
		uint32_t provider = pick_provider(s, hash);
		bool stays = s->stays[hash][provider];
		assert_true(put(s, hash, provider,
				    stays ? LATE : s->now_ms + rng_below(&s->rng, 3000)) >= 0);
	}
}

static void go(struct storm *s)
{
	s->now_ms += rng_below(&s->rng, rng_below(&s->rng, 6) ? 400 : 6000);
	rig_sweep(s->table, s->now_ms);
}

/* What a scan has given is in the table, now. */
static void check_item(struct storm *s, const struct table_item *item)
{
	const struct record *r = &item->record;
	uint32_t provider = rig_ip_number(&r->ip), hash = 0;
	struct table_key key = rig_key(item->hash, item->hash_len);
	struct record found;

	while (hash < HASHES && memcmp(s->hash[hash], item->hash, 64) != 0)
		hash++;
	assert_true(hash < HASHES && provider < PROVIDERS);
	assert_int_equal(item->hash_len, lengths[hash % COUNT(lengths)]);
	assert_true(r->expiry_ms > s->now_ms / 100 * 100 - 100);
	if (version_is_withdrawal(r->version)) {
		assert_false(table_find(s->table, &key, &r->ip, r->port, s->now_ms, &found));
	} else {
		assert_true(table_find(s->table, &key, &r->ip, r->port, s->now_ms, &found));
		assert_int_equal(found.version, r->version);
		assert_int_equal(found.expiry_ms, r->expiry_ms);
	}
	s->seen[hash][provider] = true;
}

static void scan_in_the_storm(struct storm *s)
{
	static const size_t steps[] = {1, 2, 5, TABLE_SCAN_MIN, 60, 300};
	struct table_item out[300];
	size_t max = steps[rng_below(&s->rng, COUNT(steps))];
	uint64_t cursor = 0;
	uint32_t calls = 0;

	memset(s->seen, 0, sizeof(s->seen));
	do {
		size_t n = table_scan(s->table, 0, &cursor, out, max, s->now_ms);
		assert_true(n <= max);
		for (size_t i = 0; i < n; i++) {
			memset(out[i].hash + out[i].hash_len, 0, 64u - out[i].hash_len);
			check_item(s, &out[i]);
		}
		if (rng_below(&s->rng, 2))
			come(s, rng_below(&s->rng, rng_below(&s->rng, 8) ? 10 : 500));
		if (rng_below(&s->rng, 3) == 0)
			go(s);
		assert_true(++calls < 100000);
	} while (cursor);
	for (uint32_t i = 0; i < HASHES; i++)
		for (uint32_t j = 0; j < PROVIDERS; j++)
			assert_true(s->seen[i][j] || !s->stays[i][j]);
}

static void who_stays_is_seen_whatever_else_happens(void **state)
{
	static struct storm s;
	struct table_limits limits = {.grave_ms = 2000};

	(void)state;
	rng_init(&s.rng, test_seed());
	s.table = rig_table(0, 0, 0);
	table_set_limits(s.table, &limits);
	s.now_ms = NOW;
	make_hashes(s.hash, HASHES);
	for (uint32_t i = 0; i < SCANS; i++) {
		if (i % 25 == 0) {
			/* Others stay from now on: those who do no more end with the time. */
			memset(s.stays, 0, sizeof(s.stays));
			table_free(s.table);
			s.table = rig_table(0, 0, 0);
			table_set_limits(s.table, &limits);
			for (uint32_t j = 0; j < HASHES * 2; j++) {
				uint32_t hash = rng_below(&s.rng, j % 3 ? HASHES : CROWDED);
				uint32_t provider = pick_provider(&s, hash);
				s.stays[hash][provider] = true;
				assert_true(put(&s, hash, provider, LATE) >= 0);
			}
		}
		scan_in_the_storm(&s);
	}
	table_check(s.table);
	table_free(s.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_partition_gives_nothing),
		cmocka_unit_test(items_are_what_was_put),
		cmocka_unit_test(nobody_comes_twice_in_peace),
		cmocka_unit_test(any_cursor_is_harmless),
		cmocka_unit_test(a_call_looks_at_a_bounded_number_of_places),
		cmocka_unit_test(the_like_come_together),
		cmocka_unit_test(who_stays_is_seen_whatever_else_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
