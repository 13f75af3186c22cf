/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "daemon/log.h"
#include "daemon/peer_sockets.h"

#include "own_folder.h"

/* Far from the defaults: a daemon may be running here. */
#define PORTS   "client = 18480; peer = 18481; keepalive = 18482;"
#define WORKERS 3

static void load(struct conf *conf, const char *text)
{
	struct faults f = {0};

	folder_write(&folder, "dht.conf", text, 0600);
	if (conf_load(conf, folder_path(&folder, "dht.conf"), NULL, &f) != 0)
		fail_msg("%s", f.v[0].text);
}

static void open_good(struct peer_sockets *s, const struct conf *conf)
{
	struct faults f = {0};

	if (peer_sockets_open(s, conf, WORKERS, &f) != 0)
		fail_msg("%s", f.v[0].text);
}

static uint16_t port_of(const struct udp_socket *s)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	struct addr a;

	assert_true(s->fd >= 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr(&ss, &a), 0);
	return a.port;
}

static void each_thread_has_its_own(void **state)
{
	struct peer_sockets s;
	struct conf conf;

	(void)state;
	load(&conf, "listen: { address = \"127.0.0.41\"; ports: { " PORTS " }; };");
	open_good(&s, &conf);
	assert_int_equal(s.workers, WORKERS);
	assert_false(s.separate);
	assert_int_equal(port_of(&s.keep_alive), 18482);
	for (size_t i = 0; i < WORKERS; i++) {
		assert_int_equal(port_of(&s.in[i]), 18481);
		assert_int_equal(s.in[i].fd, s.out[i].fd);
	}
	/* An answer comes back to who asked: no two have one port. */
	for (size_t i = 0; i <= WORKERS; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(port_of(&s.ask[i]), port_of(&s.ask[j]));
	peer_sockets_close(&s);
	assert_int_equal(s.workers, 0);
	assert_int_equal(s.keep_alive.fd, -1);
	/* And all are free again. */
	open_good(&s, &conf);
	peer_sockets_close(&s);
	peer_sockets_close(&s);
	conf_fini(&conf);
}

/* What is sent to where answers come from goes nowhere. */
static void answers_may_have_a_port_of_their_own(void **state)
{
	struct sockaddr_storage to;
	struct peer_sockets s;
	struct addr reply;
	struct conf conf;
	char byte = 1;

	(void)state;
	load(&conf,
		"listen: { address = \"127.0.0.41\"; ports: { " PORTS " peer_reply = 18483; }; };");
	open_good(&s, &conf);
	assert_true(s.separate);
	assert_int_equal(addr_parse("127.0.0.41:18483", 0, &reply), 0);
	socklen_t len = addr_to_sockaddr(&reply, true, &to);
	for (size_t i = 0; i < WORKERS; i++) {
		assert_int_equal(port_of(&s.out[i]), 18483);
		assert_int_not_equal(s.in[i].fd, s.out[i].fd);
		sendto(s.ask[i].fd, &byte, 1, 0, (const struct sockaddr *)&to, len);
	}
	for (size_t i = 0; i < WORKERS; i++)
		assert_int_equal(recv(s.out[i].fd, &byte, 1, MSG_DONTWAIT), -1);
	peer_sockets_close(&s);
	conf_fini(&conf);
}

static void check_fault(const struct conf *conf, const char *want)
{
	struct peer_sockets s;
	struct faults f = {0};
	char got[1024];

	assert_int_equal(peer_sockets_open(&s, conf, WORKERS, &f), DHT_EINVAL);
	folder_faults(&folder, &f, got, sizeof(got));
	assert_string_equal(got, want);
	faults_fini(&f);
	peer_sockets_close(&s);
}

/* Each at a time: the first that is taken is told, and nothing stays open. */
static void what_is_taken_is_told(void **state)
{
	static const char other[] =
		"listen: { address = \"127.0.0.41\"; ports: { client = 18480;\n peer = %u;\n "
		"keepalive = %u; }; };";
	struct peer_sockets first;
	struct conf conf, next;
	char text[256];

	(void)state;
	load(&conf, "listen: { address = \"127.0.0.41\"; ports: { " PORTS " }; };");
	open_good(&first, &conf);
	snprintf(text, sizeof(text), other, 18481u, 18484u);
	load(&next, text);
	check_fault(&next, "@/dht.conf:2: listen.ports.peer: cannot bind 127.0.0.41:18481: Address "
			   "already in use (ss -ulpn shows by whom)\n");
	conf_fini(&next);
	snprintf(text, sizeof(text), other, 18485u, 18482u);
	load(&next, text);
	check_fault(&next, "@/dht.conf:3: listen.ports.keepalive: cannot bind 127.0.0.41:18482: "
			   "Address already in use (ss -ulpn shows by whom)\n");
	peer_sockets_close(&first);
	open_good(&first, &next);
	peer_sockets_close(&first);
	conf_fini(&next);
	conf_fini(&conf);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_thread_has_its_own),
		TEST(answers_may_have_a_port_of_their_own),
		TEST(what_is_taken_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
