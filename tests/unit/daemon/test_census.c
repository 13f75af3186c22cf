/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "daemon/census.h"

#include "../unit.h"

#define NOW_MS UINT64_C(1000000)

static struct census census;
static char told[HEALTH_TROUBLES][HEALTH_FAULT_MAX];

static struct ip ip_of(uint8_t number)
{
	return ip_from_v4((uint8_t[]){192, 0, 2, number});
}

static int start(void **state)
{
	(void)state;
	int err = census_init(&census);
	census.now_ms = NOW_MS;
	census.self = (struct addr){ip_of(1), 8471};
	census.replicas = 3;
	census.write_quorum = 2;
	return err;
}

static int stop(void **state)
{
	(void)state;
	census_fini(&census);
	return 0;
}

static struct member_info *add_member(uint8_t number)
{
	struct member_info *m = &census.all[census.count++];

	*m = (struct member_info){
		.id = {ip_of(number), 8471},
		.state = PEER_ALIVE,
		.speaks = true,
		.rtt_us = 1000,
	};
	census.status.members++;
	census.status.known++;
	return m;
}

static void add_stranger(uint8_t number, enum stranger_fault fault, int64_t ago_ms)
{
	census.strangers[census.stranger_count++] = (struct stranger){
		.ip = ip_of(number),
		.fault = (uint8_t)fault,
		.key_id = 0x3f,
		.count = 5,
		.last_ms = NOW_MS - (uint64_t)ago_ms,
	};
}

/* All that is told is this, NULL: nothing. */
static void expect(enum health_trouble which, const char *text)
{
	census_troubles(&census, told);
	for (int i = HEALTH_ALONE; i < HEALTH_TROUBLES; i++) {
		if (text && i == (int)which)
			assert_non_null(strstr(told[i], text));
		else
			assert_string_equal(told[i], "");
	}
}

static void alone_is_a_trouble_where_there_are_seeds(void **state)
{
	(void)state;
	expect(HEALTH_ALONE, NULL);
	/* Names that nobody knows an address of. */
	census.wants_seeds = true;
	expect(HEALTH_ALONE, "none of cluster.seeds answers");
	/* All servers may have the same list: this one stands in it, alone. */
	census.seeds[0] = census.self;
	census.seed_count = 1;
	expect(HEALTH_ALONE, NULL);
	census.seeds[1] = (struct addr){ip_of(2), 8471};
	census.seed_count = 2;
	expect(HEALTH_ALONE, "none of cluster.seeds answers");
	add_member(2);
	expect(HEALTH_ALONE, NULL);
}

static void too_few_are_a_trouble(void **state)
{
	(void)state;
	/* A cluster that is smaller than its quorum is what it is. */
	expect(HEALTH_QUORUM, NULL);
	struct member_info *m = add_member(2);
	expect(HEALTH_QUORUM, NULL);
	m->state = PEER_DEAD;
	census.status.members--;
	expect(HEALTH_QUORUM, "1 of 2 members are alive, fewer than cluster.write_quorum (2)");
	census.write_quorum = 1;
	expect(HEALTH_QUORUM, NULL);
}

static void wrong_keys_have_a_name(void **state)
{
	(void)state;
	add_member(2);
	census.seeds[0] = (struct addr){ip_of(3), 8471};
	census.seed_count = 1;
	add_stranger(9, STRANGER_UNKNOWN_KEY, 0);
	expect(HEALTH_WRONG_KEY, NULL);
	add_stranger(2, STRANGER_UNKNOWN_KEY, 61000);
	expect(HEALTH_WRONG_KEY, NULL);
	add_stranger(3, STRANGER_UNKNOWN_KEY, 1000);
	expect(HEALTH_WRONG_KEY,
		"192.0.2.3 seals with the key 3f, which this server does not have");
	assert_null(strstr(told[HEALTH_WRONG_KEY], "more"));
	add_stranger(2, STRANGER_FORGED, 1000);
	expect(HEALTH_WRONG_KEY, "192.0.2.3 seals with the key 3f");
	assert_non_null(strstr(told[HEALTH_WRONG_KEY], " (and 1 more)"));
	census.stranger_count = 0;
	/* A worker saw it after the census's time was taken. */
	add_stranger(2, STRANGER_FORGED, -1);
	expect(HEALTH_WRONG_KEY, "192.0.2.2 seals with another key than this server's 3f");
	census.stranger_count = 0;
	add_stranger(2, STRANGER_IN_CLEAR, 0);
	expect(HEALTH_WRONG_KEY, "192.0.2.2 talks in clear");
	census.stranger_count = 0;
	add_stranger(2, STRANGER_SEALED, 0);
	expect(HEALTH_WRONG_KEY, "192.0.2.2 seals with the key 3f, and this server has none");
}

static void other_replicas_have_a_name(void **state)
{
	struct member_info *m = (add_member(2), add_member(3));

	(void)state;
	m->profile = (struct peer_profile){.replicas = 3, .quorum = 2};
	expect(HEALTH_REPLICAS, NULL);
	m->profile = (struct peer_profile){.replicas = 2, .quorum = 1};
	expect(HEALTH_REPLICAS, "member 192.0.2.3:8471 has cluster.replicas 2, this server 3");
	m->profile = (struct peer_profile){.replicas = 3, .quorum = 1};
	expect(HEALTH_REPLICAS, "member 192.0.2.3:8471 has cluster.write_quorum 1, this server 2");
	assert_null(strstr(told[HEALTH_REPLICAS], "more"));
	census.all[0].profile = (struct peer_profile){.replicas = 16, .quorum = 9};
	expect(HEALTH_REPLICAS, "member 192.0.2.2:8471 has cluster.replicas 16, this server 3");
	assert_non_null(strstr(told[HEALTH_REPLICAS], " (and 1 more)"));
	/* Who is gone owns nothing. */
	census.all[0].state = m->state = PEER_DEAD;
	expect(HEALTH_REPLICAS, NULL);
	m->state = PEER_LEAVING;
	expect(HEALTH_REPLICAS, "192.0.2.3:8471");
}

static void half_links_have_a_name(void **state)
{
	struct member_info *m = (add_member(2), add_member(3));

	(void)state;
	m->link = MEMBER_LINK_HALF_IN;
	expect(HEALTH_LINK, "192.0.2.3:8471 is heard, but does not hear this server");
	census.all[0].link = MEMBER_LINK_THROUGH;
	expect(HEALTH_LINK, "192.0.2.2:8471 is heard by other servers only");
	assert_non_null(strstr(told[HEALTH_LINK], "(and 1 more)"));
	census.all[0].link = m->link = MEMBER_LINK_NONE;
	expect(HEALTH_LINK, NULL);
	m->link = MEMBER_LINK_THROUGH;
	m->state = PEER_DEAD;
	expect(HEALTH_LINK, NULL);
}

static void clocks_that_are_off_have_a_name(void **state)
{
	struct member_info *m = add_member(2);

	(void)state;
	m->clock_offset_ms = 30000;
	expect(HEALTH_CLOCK, NULL);
	m->clock_offset_ms = 30001;
	expect(HEALTH_CLOCK, "the clock of 192.0.2.2:8471 is 30 s ahead of this server's");
	m->clock_offset_ms = -7200000;
	expect(HEALTH_CLOCK, "is 7200 s behind this server's");
	m->rtt_us = 0;
	expect(HEALTH_CLOCK, NULL);
}

static void the_longest_texts_fit(void **state)
{
	(void)state;
	for (uint8_t i = 2; i < 20; i++) {
		struct member_info *m = add_member(i);
		memset(m->id.ip.b, 0xfe, sizeof(m->id.ip.b));
		m->id.port = 65535;
		m->link = MEMBER_LINK_HALF_IN;
		m->clock_offset_ms = INT64_MIN;
		m->profile = (struct peer_profile){.replicas = 16, .quorum = 16};
	}
	for (int i = 0; i < STRANGERS; i++) {
		add_stranger(0, STRANGER_SEALED, 0);
		census.strangers[i].ip = census.all[0].id.ip;
	}
	census_troubles(&census, told);
	for (int i = HEALTH_WRONG_KEY; i < HEALTH_TROUBLES; i++)
		assert_string_equal(strchr(told[i], '\0') - strlen(" more)"), " more)");
}

static const json_t *only(const json_t *object, const char *list)
{
	const json_t *array = json_object_get(object, list);

	assert_int_equal(json_array_size(array), 1);
	return json_array_get(array, 0);
}

static void assert_json(const json_t *value, const char *want)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_string_equal(text, want);
	free(text);
}

static void peers_as_json(void **state)
{
	struct member_info *m = add_member(2);
	json_t *object;

	(void)state;
	m->state = PEER_LEAVING;
	m->heard_ms = 12;
	m->clock_offset_ms = -34;
	m->loss_permille = 5;
	m->incarnation = 7;
	m->profile = (struct peer_profile){
		.weight = 2,
		.flags = PEER_MEMBER_SETTLED,
		.replicas = 3,
		.quorum = 2,
		.client_port = 8470,
		.zone_len = 3,
		.zone = "e\xff\n",
		.version_len = 3,
		.version = "1.0",
		.key_count = 2,
		.key_ids = {0x3f, 0x0a},
	};
	object = census_peers(&census);
	assert_json(only(object, "peers"),
		"{\"address\":\"192.0.2.2\",\"port\":8471,\"clientPort\":8470,"
		"\"state\":\"leaving\",\"link\":\"good\",\"roundTripMicroseconds\":1000,"
		"\"lossPermille\":5,\"lastHeardMilliseconds\":12,"
		"\"clockOffsetMilliseconds\":-34,\"zone\":\"e\?\?\",\"weight\":2,"
		"\"version\":\"1.0\",\"incarnation\":7,\"settled\":true,"
		"\"keyIds\":[\"3f\",\"0a\"],\"replicas\":3,\"writeQuorum\":2}");
	json_decref(object);
	m->rtt_us = 0;
	m->heard_ms = UINT64_MAX;
	object = census_peers(&census);
	assert_json(json_object_get(only(object, "peers"), "lastHeardMilliseconds"), "null");
	assert_json(json_object_get(only(object, "peers"), "clockOffsetMilliseconds"), "null");
	json_decref(object);
}

static void wrong_keys_as_json(void **state)
{
	(void)state;
	add_stranger(9, STRANGER_UNKNOWN_KEY, 400);
	json_t *object = census_peers(&census);
	assert_json(only(object, "wrongKeys"),
		"{\"address\":\"192.0.2.9\",\"fault\":\"unknownKey\",\"keyId\":\"3f\","
		"\"lastMilliseconds\":400,\"count\":5,\"expected\":false}");
	json_decref(object);
	add_member(9);
	census.stranger_count = 0;
	add_stranger(9, STRANGER_IN_CLEAR, -1);
	object = census_peers(&census);
	assert_json(only(object, "wrongKeys"),
		"{\"address\":\"192.0.2.9\",\"fault\":\"inClear\",\"keyId\":null,"
		"\"lastMilliseconds\":0,\"count\":5,\"expected\":true}");
	json_decref(object);
}

static void silent_seeds_as_json(void **state)
{
	(void)state;
	json_t *object = census_peers(&census);
	assert_json(object, "{\"peers\":[]}");
	json_decref(object);
	census.silent[census.silent_count++] = (struct member_seed){{ip_of(9), 8471}, 300999};
	object = census_peers(&census);
	assert_json(object, "{\"peers\":[],\"silentSeeds\":[{\"address\":\"192.0.2.9\","
			    "\"port\":8471,\"silentSeconds\":300}]}");
	json_decref(object);
}

static void who_is_alone_owns_all(void **state)
{
	(void)state;
	assert_int_equal(census.status.members, 1);
	assert_int_equal(census.status.known, 1);
	assert_true(census.status.settled);
	json_t *object = census_partitions(&census);
	assert_json(object, "{\"owned\":16384,\"partial\":0,\"kept\":0}");
	json_decref(object);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(alone_is_a_trouble_where_there_are_seeds),
		TEST(too_few_are_a_trouble),
		TEST(wrong_keys_have_a_name),
		TEST(other_replicas_have_a_name),
		TEST(half_links_have_a_name),
		TEST(clocks_that_are_off_have_a_name),
		TEST(the_longest_texts_fit),
		TEST(peers_as_json),
		TEST(wrong_keys_as_json),
		TEST(silent_seeds_as_json),
		TEST(who_is_alone_owns_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
