/* SPDX-License-Identifier: BSD-2-Clause */
#include "bodies.h"

static void get_and_want(void **state)
{
	static const char *const hex[] = {"00 0004 deadbeef", "02 0004 deadbeef"};
	static const uint8_t types[] = {MSG_GET, MSG_WANT};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct msg m = decode(hex[i], PLANE_CLIENT);
		assert_int_equal(m.type, types[i]);
		assert_span(m.get.hash, deadbeef, sizeof(deadbeef));
		assert_span(m.want.hash, deadbeef, sizeof(deadbeef));
		assert_encodes((struct msg){.type = types[i], .get.hash = HASH}, hex[i]);
		assert_refused((struct msg){.type = types[i], .get.hash = EMPTY});
		assert_refused((struct msg){.type = types[i], .get.hash = {.p = raw, .len = 65}});
	}
}

static void put(void **state)
{
	static const char hex[] = "01 0014 00000000000000000000ffffc0000207 deadbeef";
	struct msg m = decode(hex, PLANE_CLIENT);

	(void)state;
	assert_ip(&m.put.ip, &ip4);
	assert_span(m.put.hash, deadbeef, sizeof(deadbeef));
	assert_encodes((struct msg){.type = MSG_PUT, .put = {ip4, HASH}}, hex);
	assert_refused((struct msg){.type = MSG_PUT, .put = {ip4, EMPTY}});
	assert_refused((struct msg){.type = MSG_PUT, .put = {ip4, {.p = raw, .len = 65}}});
}

static void have(void **state)
{
	static const char one[] = "03 0010 00000000000000000000ffffc0000207";
	struct msg m = decode(one, PLANE_CLIENT);

	(void)state;
	assert_span(m.have.ips, &ip4, 16);
	assert_encodes((struct msg){.type = MSG_HAVE, .have.ips = {ip4.b, 16}}, one);
	m = decode("03 0000", PLANE_CLIENT);
	assert_int_equal(m.have.ips.len, 0);
	assert_encodes((struct msg){.type = MSG_HAVE}, "03 0000");
	assert_refused((struct msg){.type = MSG_HAVE, .have.ips = {ip4.b, 15}});
}

static void exit_with_and_without_password(void **state)
{
	struct msg m = decode("04 0006 736563726574", PLANE_CLIENT);

	(void)state;
	assert_span(m.exit.password, "secret", 6);
	m = decode("04 0000", PLANE_CLIENT);
	assert_int_equal(m.exit.password.len, 0);
	struct span password = {(const uint8_t *)"secret", 6};
	assert_encodes(
		(struct msg){.type = MSG_EXIT, .exit.password = password}, "04 0006 736563726574");
	assert_encodes((struct msg){.type = MSG_EXIT}, "04 0000");
}

static void new_and_new_serv(void **state)
{
	static const struct {
		uint8_t type;
		const char *plain, *with_port;
	} cases[] = {
		{MSG_NEW, "05 0010 20010db8000000000000000000000009",
			"05 0012 20010db8000000000000000000000009 2117"},
		{MSG_NEW_SERV, "09 0010 20010db8000000000000000000000009",
			"09 0012 20010db8000000000000000000000009 2117"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct msg m = decode(cases[i].plain, PLANE_PEER);
		assert_ip(&m.new_server.ip, &ip6);
		assert_false(m.new_server.has_port);
		assert_int_equal(m.new_server.port, 0);
		m = decode(cases[i].with_port, PLANE_PEER);
		assert_ip(&m.new_serv.ip, &ip6);
		assert_true(m.new_serv.has_port);
		assert_int_equal(m.new_serv.port, 8471);
		m = (struct msg){.type = cases[i].type, .new_server = {.ip = ip6, .port = 8471}};
		assert_encodes(m, cases[i].plain);
		m.new_server.has_port = true;
		assert_encodes(m, cases[i].with_port);
	}
}

static void deco_and_yes(void **state)
{
	(void)state;
	assert_int_equal(decode("06 0000", PLANE_PEER).type, MSG_DECO);
	assert_int_equal(decode("08 0000", PLANE_PEER).type, MSG_YES);
	assert_encodes((struct msg){.type = MSG_DECO}, "06 0000");
	assert_encodes((struct msg){.type = MSG_YES}, "08 0000");
}

static void keep_alive(void **state)
{
	(void)state;
	assert_int_equal(decode("07 0001 00", PLANE_KEEP_ALIVE).keep_alive.answer, 0);
	assert_int_equal(decode("07 0001 01", PLANE_KEEP_ALIVE).keep_alive.answer, 1);
	assert_encodes((struct msg){.type = MSG_KEEP_ALIVE}, "07 0001 00");
	assert_encodes((struct msg){.type = MSG_KEEP_ALIVE, .keep_alive.answer = 1}, "07 0001 01");
	assert_refused((struct msg){.type = MSG_KEEP_ALIVE, .keep_alive.answer = 2});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_and_want),
		cmocka_unit_test(put),
		cmocka_unit_test(have),
		cmocka_unit_test(exit_with_and_without_password),
		cmocka_unit_test(new_and_new_serv),
		cmocka_unit_test(deco_and_yes),
		cmocka_unit_test(keep_alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
