/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "base/err.h"
#include "daemon/listeners.h"
#include "daemon/log.h"

#include "own_folder.h"

/* Far from the defaults: a daemon may be running here. The first test to take it has it. */
#define HEAD "ports: { client = 18470;"

static void load(struct conf *conf, const char *text)
{
	struct faults f = {0};

	folder_write(&folder, "dht.conf", text, 0600);
	if (conf_load(conf, folder_path(&folder, "dht.conf"), NULL, &f) != 0)
		fail_msg("%s", f.v[0].text);
}

static void open_good(struct listeners *l, const struct conf *conf, size_t workers)
{
	struct faults f = {0};

	if (listeners_open(l, conf, workers, NULL, &f) != 0)
		fail_msg("%s", f.v[0].text);
}

static void each_worker_has_each_address(void **state)
{
	struct listeners l;
	struct conf conf;

	(void)state;
	load(&conf,
		"listen: { address = \"127.0.0.31\"; client_addresses = ( \"127.0.0.32\", \"::1\" "
		"); " HEAD " }; };");
	open_good(&l, &conf, 3);
	assert_int_equal(l.count, 3);
	assert_false(l.separate);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(l.in[i].fd, l.out[i].fd);
		assert_true(l.in[i].fd >= 0);
		assert_int_equal(l.in[i].v4, i % 3 != 2);
		assert_false(l.in[i].any);
	}
	listeners_close(&l);
	conf_fini(&conf);
}

static void answers_have_sockets_of_their_own(void **state)
{
	struct listeners l;
	struct conf conf;

	(void)state;
	load(&conf, "listen: { address = \"127.0.0.31\"; " HEAD " client_reply = 18471; }; };");
	open_good(&l, &conf, 2);
	assert_true(l.separate);
	for (size_t i = 0; i < 2; i++) {
		assert_true(l.in[i].fd >= 0 && l.out[i].fd >= 0);
		assert_int_not_equal(l.in[i].fd, l.out[i].fd);
	}
	listeners_close(&l);
	conf_fini(&conf);
}

static void addresses_may_lie_in_a_wildcard(void **state)
{
	struct listeners l;
	struct conf conf;

	(void)state;
	load(&conf, "listen: { address = \"127.0.0.31\"; client_addresses = ( \"127.0.0.32\", "
		    "\"0.0.0.0\", \"::1\", \"::\" ); " HEAD " client_reply = 18471; }; };");
	open_good(&l, &conf, 2);
	assert_int_equal(l.count, 5);
	assert_true(l.in[2].any);
	assert_true(l.in[4].any);
	listeners_close(&l);
	conf_fini(&conf);
}

static void each_address_that_is_taken_is_told(void **state)
{
	struct listeners first, second;
	struct conf conf, other;
	struct faults f = {0};
	char got[1024];

	(void)state;
	load(&conf, "listen: { address = \"127.0.0.31\"; client_addresses = ( \"::1\" ); " HEAD
		    " }; };");
	open_good(&first, &conf, 2);
	load(&other, "listen: {\n address = \"127.0.0.31\";\n client_addresses = ( \"::1\", "
		     "\"192.0.2.1\" );\n " HEAD " }; };");
	assert_int_equal(listeners_open(&second, &other, 2, NULL, &f), DHT_EINVAL);
	folder_faults(&folder, &f, got, sizeof(got));
	assert_string_equal(got,
		"@/dht.conf:2: listen.address: cannot bind 127.0.0.31:18470: Address already in "
		"use (ss -ulpn shows by whom)\n"
		"@/dht.conf:3: listen.client_addresses: cannot bind [::1]:18470: Address already "
		"in use (ss -ulpn shows by whom)\n"
		"@/dht.conf:3: listen.client_addresses: cannot bind 192.0.2.1:18470: Cannot assign "
		"requested address (ip address shows this machine's)\n");
	faults_fini(&f);
	listeners_close(&second);
	listeners_close(&first);
	conf_fini(&other);
	conf_fini(&conf);
}

static void a_reply_port_that_is_taken_is_told(void **state)
{
	struct listeners first, second;
	struct conf conf, other;
	struct faults f = {0};
	char got[1024];

	(void)state;
	load(&conf, "listen: { address = \"127.0.0.31\"; " HEAD " }; };");
	open_good(&first, &conf, 1);
	load(&other,
		"listen: { address = \"127.0.0.31\"; ports: { client = 18471;\n client_reply = "
		"18470; }; };");
	assert_int_equal(listeners_open(&second, &other, 1, NULL, &f), DHT_EINVAL);
	folder_faults(&folder, &f, got, sizeof(got));
	assert_string_equal(got,
		"@/dht.conf:2: listen.ports.client_reply: cannot bind "
		"127.0.0.31:18470: Address already in use (ss -ulpn shows by whom)\n");
	faults_fini(&f);
	listeners_close(&second);
	listeners_close(&first);
	conf_fini(&other);
	conf_fini(&conf);
}

/* As systemd would have opened it; with ReusePort= others of the same user can be there too. */
static int open_given(struct given *g, const char *address, bool reuse)
{
	struct sockaddr_storage ss;
	struct addr at;
	int one = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(addr_parse(address, 0, &at), 0);
	if (reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	socklen_t len = addr_to_sockaddr(&at, true, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	g->sockets[g->count].fd = fd;
	strcpy(g->sockets[g->count++].name, "client");
	return fd;
}

static void open_with(
	struct listeners *l, const struct conf *conf, size_t workers, struct given *given)
{
	struct faults f = {0};

	assert_int_equal(listeners_open(l, conf, workers, given, &f), 0);
}

static void a_given_socket_is_taken_and_joined(void **state)
{
	static struct given given;
	struct listeners l;
	struct conf conf;

	(void)state;
	load(&conf,
		"listen: { address = \"127.0.0.31\"; client_addresses = ( \"127.0.0.32\" ); " HEAD
		" }; };");
	int other = open_given(&given, "127.0.0.31:18471", false);
	int fd = open_given(&given, "127.0.0.32:18470", false);
	open_with(&l, &conf, 2, &given);
	assert_int_equal(l.in[1].fd, fd);
	assert_int_equal(l.out[1].fd, fd);
	assert_true(l.in[0].fd >= 0 && l.in[2].fd >= 0 && l.in[3].fd >= 0);
	assert_int_equal(given.sockets[0].fd, other);
	assert_int_equal(given.sockets[1].fd, -1);
	listeners_close(&l);
	close(other);
	conf_fini(&conf);
}

static void several_given_sockets_are_one_workers_each(void **state)
{
	static struct given given;
	struct listeners l;
	struct conf conf;
	int fds[3];

	(void)state;
	load(&conf, "listen: { address = \"127.0.0.31\"; " HEAD " }; };");
	for (size_t i = 0; i < 3; i++)
		fds[i] = open_given(&given, "127.0.0.31:18470", true);
	open_with(&l, &conf, 2, &given);
	assert_int_equal(l.in[0].fd, fds[0]);
	assert_int_equal(l.in[1].fd, fds[1]);
	assert_int_equal(given.sockets[2].fd, fds[2]);
	listeners_close(&l);
	close(fds[2]);
	conf_fini(&conf);
}

/* Its owner is who opened it: systemd. Only root can be somebody else here. */
static void a_given_socket_of_another_user_is_one_workers(void **state)
{
	static struct given given;
	uint64_t since = log_newest(), lost;
	struct listeners l;
	struct log_line line;
	struct conf conf;

	(void)state;
	if (geteuid() != 0)
		skip();
	load(&conf, "listen: { address = \"127.0.0.31\"; " HEAD " }; };");
	assert_int_equal(seteuid(65534), 0);
	int fd = open_given(&given, "127.0.0.31:18470", false);
	assert_int_equal(seteuid(0), 0);
	open_with(&l, &conf, 3, &given);
	assert_int_equal(l.in[0].fd, fd);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(l.in[i].fd, -1);
		assert_int_equal(l.out[i].fd, fd);
	}
	assert_true(log_read(&since, LOG_LEVEL_INFO, &line, &lost));
	assert_non_null(strstr(line.message, "127.0.0.31:18470"));
	assert_non_null(strstr(line.message, "2 of 3 workers"));
	assert_false(log_read(&since, LOG_LEVEL_INFO, &line, &lost));
	listeners_close(&l);
	conf_fini(&conf);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_worker_has_each_address),
		TEST(answers_have_sockets_of_their_own),
		TEST(addresses_may_lie_in_a_wildcard),
		TEST(each_address_that_is_taken_is_told),
		TEST(a_reply_port_that_is_taken_is_told),
		TEST(a_given_socket_is_taken_and_joined),
		TEST(several_given_sockets_are_one_workers_each),
		TEST(a_given_socket_of_another_user_is_one_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
