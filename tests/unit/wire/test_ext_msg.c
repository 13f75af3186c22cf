/* SPDX-License-Identifier: BSD-2-Clause */
#include "bodies.h"

/* 01 04 deadbeef and 02 04 deadbeef 01 ff behind their COUNT. */
static const uint8_t items[] = {4, 0xde, 0xad, 0xbe, 0xef, 1, 0xff};
static const uint8_t cookie_option[] = {1, 16, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8,
	0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf};

#define ONE_HASH      ((struct hash_list){1, {items, 5}})
#define TWO_HASHES    ((struct hash_list){2, {items, 7}})
#define COOKIE_OPTION ((struct span){cookie_option, sizeof(cookie_option)})

/* Nobody can encode HASHES or OPTIONS that the other side would not take; hashes and options are
 * m's own. */
static void assert_lists_checked(struct msg *m, struct hash_list *hashes, struct span *options)
{
	static const uint8_t empty_hash[] = {1, 7, 0}, long_hash[1 + 65] = {65};
	static const struct hash_list bad[] = {
		{0},
		{.count = 0, .items = {items, 5}},
		{.count = 1},
		{.count = 2, .items = {items, 5}},
		{.count = 1, .items = {items, 7}},
		{.count = 1, .items = {items, 4}},
		{.count = 2, .items = {empty_hash, 3}},
		{.count = 1, .items = {long_hash, sizeof(long_hash)}},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		*hashes = bad[i];
		assert_refused(*m);
	}
	*hashes = ONE_HASH;
	*options = (struct span){cookie_option, sizeof(cookie_option) - 1};
	assert_refused(*m);
	*options = (struct span){cookie_option, 1};
	assert_refused(*m);
}

static void lookup(void **state)
{
	static const char two[] = "10 0016 0102030405060708 0032 00000000 02 04 deadbeef 01 ff",
			  next[] = "10 0026 0102030405060708 0000 11223344 01 04 deadbeef "
				   "01 10 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf";
	struct msg m = decode(two, PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.lookup.max, 50);
	assert_int_equal(m.lookup.cursor, 0);
	assert_int_equal(m.lookup.hashes.count, 2);
	assert_span(m.lookup.hashes.items, items, 7);
	assert_int_equal(m.lookup.options.len, 0);
	m = decode(next, PLANE_CLIENT);
	assert_int_equal(m.lookup.max, 0);
	assert_int_equal(m.lookup.cursor, 0x11223344);
	assert_int_equal(m.lookup.hashes.count, 1);
	assert_span(m.lookup.options, cookie_option, sizeof(cookie_option));

	m = (struct msg){.type = MSG_LOOKUP, .lookup = {.max = 50, .hashes = TWO_HASHES}};
	assert_encodes(m, two);
	m.lookup.cursor = 1;
	assert_refused(m);
	m.lookup = (struct msg_lookup){0, 0x11223344, ONE_HASH, COOKIE_OPTION};
	assert_encodes(m, next);
	assert_lists_checked(&m, &m.lookup.hashes, &m.lookup.options);
}

static void providers(void **state)
{
	static const char hex[] = "11 0029 0102030405060708 07 00000009 00000005 0001 "
				  "00000000000000000000ffffc0000207 1ae1 00000708";
	struct msg m = decode(hex, PLANE_CLIENT);
	uint8_t section[33];

	(void)state;
	memcpy(section, raw + 11, sizeof(section));
	assert_span(m.providers.sections, section, sizeof(section));
	m = (struct msg){.type = MSG_PROVIDERS};
	assert_refused(m);
	m.providers.sections = (struct span){section, sizeof(section)};
	assert_encodes(m, hex);
	m.providers.sections.len--;
	assert_refused(m);
	m.providers.sections.len = MSG_SECTION_LEN;
	assert_refused(m);
	section[10] = 0;
	assert_encodes(m, "11 0013 0102030405060708 07 00000009 00000005 0000");
}

static void announce(void **state)
{
	static const char hex[] = "12 0036 0102030405060708 00000708 1ae1 "
				  "00000000000000000000ffffc0000207 01 04 deadbeef "
				  "01 10 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf";
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.announce.ttl_s, 1800);
	assert_int_equal(m.announce.port, 6881);
	assert_ip(&m.announce.ip, &ip4);
	assert_int_equal(m.announce.hashes.count, 1);
	assert_span(m.announce.hashes.items, items, 5);
	assert_span(m.announce.options, cookie_option, sizeof(cookie_option));
	m = (struct msg){
		.type = MSG_ANNOUNCE, .announce = {1800, 6881, ip4, ONE_HASH, COOKIE_OPTION}};
	assert_encodes(m, hex);
	assert_lists_checked(&m, &m.announce.hashes, &m.announce.options);
}

static void withdraw(void **state)
{
	static const char hex[] = "13 0032 0102030405060708 1ae1 "
				  "00000000000000000000ffffc0000207 01 04 deadbeef "
				  "01 10 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf";
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.withdraw.port, 6881);
	assert_ip(&m.withdraw.ip, &ip4);
	assert_int_equal(m.withdraw.hashes.count, 1);
	assert_span(m.withdraw.hashes.items, items, 5);
	assert_span(m.withdraw.options, cookie_option, sizeof(cookie_option));
	m = (struct msg){.type = MSG_WITHDRAW, .withdraw = {6881, ip4, ONE_HASH, COOKIE_OPTION}};
	assert_encodes(m, hex);
	assert_lists_checked(&m, &m.withdraw.hashes, &m.withdraw.options);
}

static void done(void **state)
{
	static const char hex[] = "14 0010 0102030405060708 00000708 03 00 02 ff";
	static const uint8_t statuses[256] = {STATUS_STORED, STATUS_REFUSED, 0xff};
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.done.ttl_s, 1800);
	assert_span(m.done.statuses, statuses, 3);
	m = (struct msg){.type = MSG_DONE, .done = {1800, {statuses, 3}}};
	assert_encodes(m, hex);
	m.done.statuses.len = 0;
	assert_refused(m);
	m.done.statuses.len = 256;
	assert_refused(m);
}

static void error(void **state)
{
	static const char hex[] = "15 000f 0102030405060708 0004 63 6c c3a9 3f";
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.error.code, ERROR_AUTH_NEEDED);
	assert_span(m.error.text, "cl\xc3\xa9?", 5);
	m = (struct msg){.type = MSG_ERROR, .error = {4, {(const uint8_t *)"cl\xc3\xa9?", 5}}};
	assert_encodes(m, hex);
	m.error.text.len = 3;
	assert_refused(m);
	m.error = (struct msg_error){0xffff, EMPTY};
	assert_encodes(m, "15 000a 0102030405060708 ffff");
}

static void watch(void **state)
{
	static const char hex[] = "16 0024 0102030405060708 00000e10 01 04 deadbeef "
				  "01 10 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf";
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.watch.duration_s, 3600);
	assert_int_equal(m.watch.hashes.count, 1);
	assert_span(m.watch.hashes.items, items, 5);
	assert_span(m.watch.options, cookie_option, sizeof(cookie_option));
	m = (struct msg){.type = MSG_WATCH, .watch = {3600, ONE_HASH, COOKIE_OPTION}};
	assert_encodes(m, hex);
	assert_lists_checked(&m, &m.watch.hashes, &m.watch.options);
}

static void event(void **state)
{
	static const char hex[] = "17 0028 0102030405060708 0000002a 03 04 deadbeef "
				  "00000000000000000000ffffc0000207 1ae1 00000708";
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.event.seq, 42);
	assert_int_equal(m.event.kind, EVENT_EXPIRED);
	assert_span(m.event.hash, deadbeef, sizeof(deadbeef));
	assert_ip(&m.event.provider.ip, &ip4);
	assert_int_equal(m.event.provider.port, 6881);
	assert_int_equal(m.event.provider.ttl_s, 1800);
	m = (struct msg){.type = MSG_EVENT, .event = {42, EVENT_EXPIRED, HASH, {ip4, 6881, 1800}}};
	assert_encodes(m, hex);
	m.event.kind = 0;
	assert_refused(m);
	m.event.kind = 4;
	assert_refused(m);
	m.event.kind = EVENT_APPEARED;
	m.event.hash.len = 0;
	assert_refused(m);
	m.event.hash = (struct span){raw, 65};
	assert_refused(m);
}

static void seen(void **state)
{
	struct msg m = decode("18 000c 0102030405060708 fedcba98", PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.seen.seq, 0xfedcba98);
	assert_encodes((struct msg){.type = MSG_SEEN, .seen.seq = 0xfedcba98},
		"18 000c 0102030405060708 fedcba98");
}

static void challenge(void **state)
{
	static const char hex[] = "19 0018 0102030405060708 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf";
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_memory_equal(m.challenge.cookie, cookie_option + 2, MSG_COOKIE_LEN);
	m = (struct msg){.type = MSG_CHALLENGE};
	memcpy(m.challenge.cookie, cookie_option + 2, MSG_COOKIE_LEN);
	assert_encodes(m, hex);
}

static void ping_and_servers(void **state)
{
	static const struct {
		uint8_t type;
		const char *plain, *with_cookie;
	} cases[] = {
		{MSG_PING, "1a 0008 0102030405060708",
			"1a 001a 0102030405060708 01 10 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"},
		{MSG_SERVERS, "1c 0008 0102030405060708",
			"1c 001a 0102030405060708 01 10 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(decode(cases[i].plain, PLANE_CLIENT).ping.options.len, 0);
		struct msg m = decode(cases[i].with_cookie, PLANE_CLIENT);
		assert_span(m.servers.options, cookie_option, sizeof(cookie_option));
		m = (struct msg){.type = cases[i].type};
		assert_encodes(m, cases[i].plain);
		m.ping.options = COOKIE_OPTION;
		assert_encodes(m, cases[i].with_cookie);
		m.ping.options.len--;
		assert_refused(m);
	}
}

static void pong(void **state)
{
	static const char hex[] = "1b 0012 0102030405060708 02 0003 00000e10 703161";
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_int_equal(m.pong.version, MSG_PROTOCOL_VERSION);
	assert_int_equal(m.pong.members, 3);
	assert_int_equal(m.pong.uptime_s, 3600);
	assert_span(m.pong.name, "p1a", 3);
	m = (struct msg){.type = MSG_PONG, .pong = {2, 3, 3600, {(const uint8_t *)"p1a", 3}}};
	assert_encodes(m, hex);
	m.pong.name = (struct span){(const uint8_t *)"p\xff", 2};
	assert_refused(m);
	m.pong.name = EMPTY;
	assert_encodes(m, "1b 000f 0102030405060708 02 0003 00000e10");
}

static void server_list(void **state)
{
	static const char hex[] = "1d 001c 0102030405060708 0001 "
				  "20010db8000000000000000000000009 2116",
			  empty[] = "1d 000a 0102030405060708 0000";
	struct msg m = decode(hex, PLANE_CLIENT);
	uint8_t server[18];

	(void)state;
	memcpy(server, ip6.b, sizeof(ip6.b));
	server[16] = 0x21, server[17] = 0x16;
	assert_span(m.server_list.servers, server, sizeof(server));
	m = (struct msg){.type = MSG_SERVER_LIST, .server_list.servers = {server, sizeof(server)}};
	assert_encodes(m, hex);
	m.server_list.servers.len--;
	assert_refused(m);
	assert_int_equal(decode(empty, PLANE_CLIENT).server_list.servers.len, 0);
	m.server_list.servers = EMPTY;
	assert_encodes(m, empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookup),
		cmocka_unit_test(providers),
		cmocka_unit_test(announce),
		cmocka_unit_test(withdraw),
		cmocka_unit_test(done),
		cmocka_unit_test(error),
		cmocka_unit_test(watch),
		cmocka_unit_test(event),
		cmocka_unit_test(seen),
		cmocka_unit_test(challenge),
		cmocka_unit_test(ping_and_servers),
		cmocka_unit_test(pong),
		cmocka_unit_test(server_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
