/* SPDX-License-Identifier: BSD-2-Clause */
#include <sodium.h>
#include <string.h>

#include "wire/list.h"
#include "wire/option.h"

#include "rig.h"

static const uint8_t key[REQUESTER_KEY_LEN] = "thirty-two bytes of a client's k";

static struct options options_of(struct span raw)
{
	struct options o;

	assert_int_equal(options_parse(raw, &o), 0);
	return o;
}

static void a_lookup(void **state)
{
	struct rig rig;
	struct span hash, rest;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "one");
	rig_request(&rig, REQUEST_GET, "three");
	assert_int_equal(rig_send(&rig), 1);
	const struct msg *m = &rig.sent[0].m;
	assert_int_equal(m->type, MSG_LOOKUP);
	assert_int_equal(m->lookup.max, 0);
	assert_int_equal(m->lookup.cursor, 0);
	assert_int_equal(m->lookup.hashes.count, 2);
	rest = m->lookup.hashes.items;
	assert_true(hash_list_next(&rest, &hash));
	assert_int_equal(hash.len, 3);
	assert_memory_equal(hash.p, "one", 3);
	assert_true(hash_list_next(&rest, &hash));
	assert_memory_equal(hash.p, "three", 5);
	assert_null(options_of(m->lookup.options).cookie);
	assert_int_equal(rig.sent[0].out.path.slot, 0);
	rig_stop(&rig);
}

static void an_announce_and_a_withdraw(void **state)
{
	const struct dht_hash h = rig_hash("x");
	const uint8_t ip[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 9};
	const struct dht_put_options put = {.ip = ip, .port = 8000, .ttl_s = 90};
	struct request_spec spec = {.kind = REQUEST_PUT, .hash = &h, .put = &put, .server = -1};
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	requester_start(rig.r, &spec);
	assert_int_equal(rig_send(&rig), 1);
	const struct msg *m = &rig.sent[0].m;
	assert_int_equal(m->type, MSG_ANNOUNCE);
	assert_int_equal(m->announce.ttl_s, 90);
	assert_int_equal(m->announce.port, 8000);
	assert_memory_equal(m->announce.ip.b, ip, 16);
	spec.kind = REQUEST_DROP;
	spec.put = NULL;
	requester_start(rig.r, &spec);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(m->type, MSG_WITHDRAW);
	assert_int_equal(m->withdraw.port, 0);
	assert_true(ip_is_unspecified(&m->withdraw.ip));
	rig_stop(&rig);
}

static void short_requests_are_padded_and_strangers_more(void **state)
{
	static const enum request_kind kinds[] = {REQUEST_GET, REQUEST_PUT, REQUEST_DROP,
		REQUEST_PING, REQUEST_SERVERS, REQUEST_WATCH};
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig_start(&rig);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		bool long_answer = kinds[i] == REQUEST_GET || kinds[i] == REQUEST_PING ||
		                   kinds[i] == REQUEST_SERVERS;
		rig_request(&rig, kinds[i], "x");
		assert_int_equal(rig_send(&rig), 1);
		size_t least = long_answer ? 256 : 64;
		assert_true(rig.sent[0].out.len >= least && rig.sent[0].out.len <= least + 1);
	}
	rig_challenge(&rig, &rig.sent[0], 0x5a);
	assert_int_equal(rig_send(&rig), 1);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		rig_request(&rig, kinds[i], "y");
		assert_int_equal(rig_send(&rig), 1);
		assert_true(rig.sent[0].out.len >= 64 && rig.sent[0].out.len <= 65);
	}
	rig_stop(&rig);
}

static void a_cookie_goes_to_its_server_only(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, 2);
	rig_start(&rig);
	rig_request(&rig, REQUEST_GET, "x");
	rig_send(&rig);
	rig_challenge(&rig, &rig.sent[0], 0x5a);
	assert_int_equal(rig_send(&rig), 1);
	const uint8_t *cookie = options_of(rig.sent[0].m.lookup.options).cookie;
	assert_non_null(cookie);
	for (size_t i = 0; i < MSG_COOKIE_LEN; i++)
		assert_int_equal(cookie[i], 0x5a);
	rig_unreachable(&rig, &rig.sent[0]);
	assert_int_equal(rig_send(&rig), 1);
	assert_int_equal(rig.sent[0].out.server, 1);
	assert_null(options_of(rig.sent[0].m.lookup.options).cookie);
	rig_stop(&rig);
}

/* Checks AUTH as a server does: the MAC over the whole datagram with its own bytes zero. */
static void check_auth(const struct rig_sent *sent, struct span raw, uint64_t time_s)
{
	struct options o = options_of(raw);
	uint8_t bytes[RIG_DATAGRAM], mac[OPTION_MAC_LEN];

	assert_true(o.has_auth);
	assert_int_equal(o.auth_key_name.len, 3);
	assert_memory_equal(o.auth_key_name.p, "web", 3);
	assert_int_equal(o.auth_time_s, time_s);
	/* The last option: nothing is behind its MAC. */
	assert_ptr_equal(o.mac + OPTION_MAC_LEN, sent->bytes + sent->out.len);
	memcpy(bytes, sent->bytes, sent->out.len);
	memset(bytes + (o.mac - sent->bytes), 0, OPTION_MAC_LEN);
	crypto_generichash(mac, sizeof(mac), bytes, sent->out.len, key, sizeof(key));
	assert_memory_equal(mac, o.mac, sizeof(mac));
}

static void each_try_is_signed_anew(void **state)
{
	uint8_t macs[6][OPTION_MAC_LEN];
	struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig.config.key_name = "web";
	rig.config.key = key;
	rig_start(&rig);
	rig_request(&rig, REQUEST_PUT, "x");
	assert_int_equal(rig_send(&rig), 1);
	for (size_t i = 0; i < 6; i++) {
		const struct rig_sent *sent = &rig.sent[0];
		check_auth(sent, sent->m.announce.options, rig.now.wall_s);
		memcpy(macs[i], sent->bytes + sent->out.len - OPTION_MAC_LEN, OPTION_MAC_LEN);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(macs[i], macs[j], OPTION_MAC_LEN);
		/* All within one second, but for the time that a challenge takes. */
		if (i == 1) {
			rig_challenge(&rig, sent, 1);
			assert_int_equal(rig_send(&rig), 1);
		} else if (i == 2) {
			rig_error(&rig, sent, ERROR_AUTH_FAILED);
			assert_int_equal(rig_send(&rig), 1);
		} else if (i < 5) {
			assert_int_equal(rig_wait_sent(&rig), 1);
		}
	}
	rig_stop(&rig);
}

static void a_datagram_is_filled_and_never_too_long(void **state)
{
	static const enum request_kind kinds[] = {
		REQUEST_GET, REQUEST_PUT, REQUEST_DROP, REQUEST_WATCH};
	static const char name[] =
		"a name of sixty-four bytes, which is the longest one that it may";
	struct rig rig;

	(void)state;
	_Static_assert(sizeof(name) == REQUESTER_KEY_NAME_MAX + 1, "the longest name");
	for (size_t i = 0; i < COUNT(kinds) * 2; i++) {
		bool longest = i >= COUNT(kinds);
		rig_init(&rig, 1);
		rig.config.key_name = longest ? name : NULL;
		rig.config.key = key;
		rig.config.max_datagram = longest ? REQUESTER_DATAGRAM_MIN : RIG_DATAGRAM;
		rig_start(&rig);
		rig_requests(&rig, kinds[i % COUNT(kinds)], 1);
		rig_send(&rig);
		rig_challenge(&rig, &rig.sent[0], 7);
		rig_requests(&rig, kinds[i % COUNT(kinds)], 70);
		assert_int_equal(rig_send(&rig), longest ? 8 : 3);
		size_t each = rig_hashes(&rig.sent[1]);
		assert_true(longest ? each == 11 : each == 35 || each == 36);
		for (size_t j = 0; j < rig.count; j++)
			assert_true(rig.sent[j].out.len <= rig.config.max_datagram);
		rig_stop(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lookup),
		cmocka_unit_test(an_announce_and_a_withdraw),
		cmocka_unit_test(short_requests_are_padded_and_strangers_more),
		cmocka_unit_test(a_cookie_goes_to_its_server_only),
		cmocka_unit_test(each_try_is_signed_anew),
		cmocka_unit_test(a_datagram_is_filled_and_never_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
