/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/control.h"
#include "daemon/log.h"

#include "own_folder.h"

#define NUL "\0"

#define ECHO   "{\"method\":\"t.t.Echo\"}" NUL
#define BURN   "{\"method\":\"t.t.Burn\"}" NUL
#define STREAM "{\"method\":\"t.t.Stream\",\"more\":true}" NUL
#define EMPTY  "{\"parameters\":{}}" NUL

#define MANY 80

static struct owner {
	int echoes, burns, streams;
	int items;   /* that streams have to give */
	int hang_up; /* the client's end, to be closed while it is served; -1: none */
} owner;

static sd_event *event;
static struct control_socket listener;
static struct control *control;
static int clients[MANY];

static uint64_t clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- Methods ---- */

static struct control_answer echo(void *arg, const struct control_call *call)
{
	struct owner *o = arg;

	(void)call;
	o->echoes++;
	if (o->hang_up >= 0)
		close(o->hang_up);
	o->hang_up = -1;
	return (struct control_answer){.parameters = NULL};
}

/* Works for 5 ms. */
static struct control_answer burn(void *arg, const struct control_call *call)
{
	struct owner *o = arg;
	uint64_t since = clock_ms(CLOCK_THREAD_CPUTIME_ID);

	(void)call;
	o->burns++;
	while (clock_ms(CLOCK_THREAD_CPUTIME_ID) < since + 5)
		;
	return (struct control_answer){.parameters = NULL};
}

static struct control_answer big(void *arg, const struct control_call *call)
{
	static char text[500000];

	(void)arg;
	(void)call;
	memset(text, 'x', sizeof(text));
	return (struct control_answer){
		.parameters = json_pack("{s:s#}", "text", text, (int)sizeof(text))};
}

static json_t *next_item(void *state, bool *last)
{
	struct owner *o = state;

	*last = false;
	return o->items > 0 ? json_pack("{s:i}", "left", --o->items) : NULL;
}

static void end_stream(void *state)
{
	struct owner *o = state;

	o->streams--;
}

static struct control_answer stream(void *arg, const struct control_call *call)
{
	struct owner *o = arg;

	(void)call;
	o->streams++;
	return (struct control_answer){
		.stream = {.next = next_item, .done = end_stream, .state = o}};
}

static const struct control_method methods[] = {
	{"Later", CONTROL_READ, false, stream},
	{"Echo", CONTROL_READ, false, echo},
	{"Burn", CONTROL_READ, false, burn},
	{"Big", CONTROL_READ, false, big},
	{"Stream", CONTROL_READ, true, stream},
};

static const struct control_interface interface = {
	.name = "t.t", .description = "", .methods = methods, .method_count = COUNT(methods)};

/* ---- Around each test ---- */

static int start(void **state)
{
	char reason[CONTROL_SOCKET_REASON];

	make_folder(state);
	log_set_level(LOG_LEVEL_ERROR);
	owner = (struct owner){.hang_up = -1};
	for (int i = 0; i < MANY; i++)
		clients[i] = -1;
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(control_socket_open(&listener, folder_path(&folder, "control"), NULL,
				 false, false, reason),
		0);
	control = control_new(event, &listener, &interface, &owner);
	return control ? 0 : -1;
}

static int stop(void **state)
{
	control_free(control);
	assert_int_equal(owner.streams, 0);
	control_socket_close(&listener);
	sd_event_unref(event);
	for (int i = 0; i < MANY; i++)
		if (clients[i] >= 0)
			close(clients[i]);
	return remove_folder(state);
}

/* ---- Clients ---- */

static int connect_client(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", listener.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void put_bytes(int fd, const char *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

#define PUT(fd, literal) put_bytes(fd, literal, sizeof(literal) - 1)

/* Runs the loop for so long. */
static void spin(uint64_t ms)
{
	uint64_t end = clock_ms(CLOCK_MONOTONIC) + ms;

	while (clock_ms(CLOCK_MONOTONIC) < end)
		assert_true(sd_event_run(event, 5000) >= 0);
}

/* What has come within a second: its length; 0: it was closed; -1: nothing. */
static ssize_t get(int fd, char *got, size_t size)
{
	uint64_t end = clock_ms(CLOCK_MONOTONIC) + 1000;
	ssize_t n;

	do {
		assert_true(sd_event_run(event, 5000) >= 0);
		n = recv(fd, got, size, MSG_DONTWAIT);
	} while (n < 0 && errno == EAGAIN && clock_ms(CLOCK_MONOTONIC) < end);
	/* Closed with something that nobody has read. */
	return n < 0 && errno == ECONNRESET ? 0 : n;
}

static void expect_bytes(int fd, const char *want, size_t len)
{
	char got[1000];
	size_t total = 0;

	while (total < len) {
		ssize_t n = get(fd, got + total, sizeof(got) - total);
		assert_true(n > 0);
		total += (size_t)n;
	}
	assert_int_equal(total, len);
	assert_memory_equal(got, want, len);
}

#define EXPECT(fd, literal) expect_bytes(fd, literal, sizeof(literal) - 1)

static bool is_closed(int fd)
{
	char got[1000];
	ssize_t n;

	do
		n = recv(fd, got, sizeof(got), MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

static void connect_some(int count)
{
	for (int i = 0; i < count; i++) {
		clients[i] = connect_client();
		spin(1);
	}
	spin(50);
}

/* ---- Tests ---- */

static void calls_are_answered(void **state)
{
	(void)state;
	connect_some(2);
	PUT(clients[0], ECHO ECHO);
	EXPECT(clients[0], EMPTY EMPTY);
	PUT(clients[1], "{\"method\":\"x.x.X\"}" NUL);
	EXPECT(clients[1], "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":"
			   "{\"interface\":\"x.x\"}}" NUL);
	assert_int_equal(control_counts(control).calls, 3);
	assert_int_equal(control_counts(control).accepted, 2);
	assert_int_equal(control_counts(control).cut_off, 0);
}

static void rubbish_closes_its_connection_only(void **state)
{
	static char rubbish[2 * CONTROL_MESSAGE_MAX];
	char got[10];

	(void)state;
	connect_some(3);
	memset(rubbish, 'x', sizeof(rubbish));
	put_bytes(clients[0], rubbish, sizeof(rubbish));
	PUT(clients[1], "x" NUL);
	assert_int_equal(get(clients[0], got, sizeof(got)), 0);
	assert_int_equal(get(clients[1], got, sizeof(got)), 0);
	assert_int_equal(control_counts(control).cut_off, 2);
	PUT(clients[2], ECHO);
	EXPECT(clients[2], EMPTY);
}

static void the_idle_make_place(void **state)
{
	char got[10];

	(void)state;
	connect_some(CONTROL_CLIENTS_MAX);
	int refused = connect_client();
	assert_int_equal(get(refused, got, sizeof(got)), 0);
	assert_int_equal(control_counts(control).refused, 1);
	close(refused);
	/* A second later the first has said something, and the second is idle for longest. */
	spin(1100);
	PUT(clients[0], ECHO);
	EXPECT(clients[0], EMPTY);
	int taken = connect_client();
	PUT(taken, ECHO);
	EXPECT(taken, EMPTY);
	assert_true(is_closed(clients[1]));
	assert_false(is_closed(clients[0]));
	assert_false(is_closed(clients[2]));
	assert_int_equal(control_counts(control).cut_off, 1);
	close(taken);
}

static void streams_are_woken(void **state)
{
	(void)state;
	connect_some(2);
	PUT(clients[0], STREAM);
	PUT(clients[1], STREAM);
	spin(50);
	owner.items = 2;
	spin(50);
	assert_int_equal(owner.items, 2);
	control_wake(control);
	EXPECT(clients[0], "{\"parameters\":{\"left\":1},\"continues\":true}" NUL);
	EXPECT(clients[1], "{\"parameters\":{\"left\":0},\"continues\":true}" NUL);
	assert_int_equal(owner.streams, 2);
	close(clients[0]);
	clients[0] = -1;
	spin(50);
	assert_int_equal(owner.streams, 1);
	/* Who only stops sending still listens. */
	shutdown(clients[1], SHUT_WR);
	spin(50);
	owner.items = 1;
	control_wake(control);
	EXPECT(clients[1], "{\"parameters\":{\"left\":0},\"continues\":true}" NUL);
}

#define LATER "{\"method\":\"t.t.Later\"}" NUL

static void an_answer_may_come_later(void **state)
{
	(void)state;
	connect_some(2);
	PUT(clients[0], LATER ECHO);
	PUT(clients[1], ECHO);
	EXPECT(clients[1], EMPTY);
	spin(50);
	assert_int_equal(owner.streams, 1);
	assert_int_equal(owner.echoes, 1);
	owner.items = 5;
	control_wake(control);
	EXPECT(clients[0], "{\"parameters\":{\"left\":4}}" NUL EMPTY);
	assert_int_equal(owner.streams, 0);
	assert_int_equal(owner.items, 4);
	/* Who does not wait for it is gone at once. */
	owner.items = 0;
	PUT(clients[0], LATER);
	spin(50);
	close(clients[0]);
	clients[0] = -1;
	spin(50);
	assert_int_equal(owner.streams, 0);
}

static void an_answer_that_never_comes_is_not_waited_for(void **state)
{
	(void)state;
	connect_some(2);
	PUT(clients[0], LATER);
	PUT(clients[1], STREAM);
	spin(CONTROL_LATE_MS - 1000);
	assert_int_equal(owner.streams, 2);
	spin(2500);
	assert_int_equal(owner.streams, 1);
	assert_int_equal(control_counts(control).cut_off, 1);
	assert_true(is_closed(clients[0]));
	assert_false(is_closed(clients[1]));
}

static void streams_never_take_all_places(void **state)
{
	(void)state;
	for (int i = 0; i < CONTROL_STREAMS_MAX; i++) {
		clients[i] = connect_client();
		PUT(clients[i], STREAM);
		spin(2);
	}
	spin(50);
	assert_int_equal(owner.streams, CONTROL_STREAMS_MAX);
	int newest = connect_client();
	PUT(newest, STREAM);
	spin(50);
	assert_int_equal(owner.streams, CONTROL_STREAMS_MAX);
	assert_true(is_closed(clients[0]));
	assert_false(is_closed(clients[1]));
	assert_false(is_closed(newest));
	close(newest);
}

static void who_makes_no_progress_is_cut_off(void **state)
{
	enum { SILENT, HALF, UNREAD, STREAMS };

	(void)state;
	connect_some(4);
	PUT(clients[HALF], "{\"method\":");
	for (int i = 0; i < 10; i++)
		PUT(clients[UNREAD], "{\"method\":\"t.t.Big\"}" NUL);
	PUT(clients[STREAMS], STREAM);
	spin(CONTROL_STALL_MS / 2);
	PUT(clients[HALF], "\"");
	assert_int_equal(control_counts(control).cut_off, 0);
	assert_int_equal(control_counts(control).calls, 2);
	spin(CONTROL_STALL_MS / 2 + 1500);
	assert_int_equal(control_counts(control).cut_off, 2);
	assert_true(is_closed(clients[HALF]));
	assert_true(is_closed(clients[UNREAD]));
	assert_false(is_closed(clients[SILENT]));
	assert_false(is_closed(clients[STREAMS]));
}

/* With 5 ms for each call, two or three fit into a window: eight clients' calls take their time,
 * and everybody's are answered. */
static void their_work_has_a_share(void **state)
{
	uint64_t since = clock_ms(CLOCK_MONOTONIC);

	(void)state;
	for (int i = 0; i < 8; i++) {
		clients[i] = connect_client();
		PUT(clients[i], BURN BURN);
	}
	while (owner.burns < 16 && clock_ms(CLOCK_MONOTONIC) < since + 10000)
		spin(10);
	uint64_t took = clock_ms(CLOCK_MONOTONIC) - since;
	assert_int_equal(owner.burns, 16);
	assert_in_range(took, 16 / 3 * CONTROL_WINDOW_MS - CONTROL_WINDOW_MS, 5000);
	for (int i = 0; i < 8; i++) {
		PUT(clients[i], ECHO);
		EXPECT(clients[i], EMPTY EMPTY EMPTY);
	}
}

static void turns_are_fair(void **state)
{
	(void)state;
	/* One who has no end of work, and one who asks once. */
	clients[0] = connect_client();
	clients[1] = connect_client();
	for (int i = 0; i < 200; i++)
		PUT(clients[0], BURN);
	spin(20);
	PUT(clients[1], ECHO);
	EXPECT(clients[1], EMPTY);
	assert_true(owner.burns < 20);
}

/* How many more files may be opened. */
static struct rlimit limit_files(int more)
{
	struct rlimit before, limit;
	int next = dup(0);

	close(next);
	getrlimit(RLIMIT_NOFILE, &before);
	limit = before;
	limit.rlim_cur = (rlim_t)next + (rlim_t)more;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void without_files_it_rests(void **state)
{
	(void)state;
	clients[0] = connect_client();
	struct rlimit before = limit_files(0);
	uint64_t since = clock_ms(CLOCK_THREAD_CPUTIME_ID);
	PUT(clients[0], ECHO);
	int runs = 0;
	for (uint64_t end = clock_ms(CLOCK_MONOTONIC) + 600; clock_ms(CLOCK_MONOTONIC) < end;)
		runs += sd_event_run(event, 10000) > 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(runs < 20);
	assert_true(clock_ms(CLOCK_THREAD_CPUTIME_ID) < since + 300);
	assert_int_equal(owner.echoes, 0);
	spin(600);
	EXPECT(clients[0], EMPTY);
}

static void who_goes_while_served_hurts_nobody(void **state)
{
	(void)state;
	connect_some(2);
	owner.hang_up = clients[0];
	PUT(clients[0], ECHO ECHO ECHO);
	clients[0] = -1;
	spin(50);
	PUT(clients[1], ECHO);
	EXPECT(clients[1], EMPTY);
	/* The answer to a client that had gone already was the last thing done for it. */
	assert_int_equal(owner.echoes, 2);
}

static void a_thousand_come_and_go(void **state)
{
	(void)state;
	connect_some(1);
	for (int i = 0; i < 1000; i++) {
		int fd = connect_client();
		if (i % 3 == 0)
			PUT(fd, ECHO);
		if (i % 3 == 1)
			PUT(fd, "{\"me");
		close(fd);
		if (i % 20 == 0)
			spin(20);
		else
			sd_event_run(event, 0);
	}
	spin(500);
	PUT(clients[0], ECHO);
	EXPECT(clients[0], EMPTY);
	struct control_counts n = control_counts(control);
	assert_int_equal(n.accepted + n.refused, 1001);
}

static void the_last_answer_is_sent(void **state)
{
	char got[1000];

	(void)state;
	connect_some(1);
	PUT(clients[0], ECHO "{\"method\":\"t.t.Big\"}" NUL);
	spin(50);
	/* The socket is full; room comes at the very end. */
	size_t total = 0;
	for (int i = 0; i < 100; i++)
		total += (size_t)recv(clients[0], got, sizeof(got), MSG_DONTWAIT);
	control_free(control);
	control = NULL;
	for (ssize_t n = 1; n > 0; total += n > 0 ? (size_t)n : 0)
		n = recv(clients[0], got, sizeof(got), MSG_DONTWAIT);
	assert_true(total > 100000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_are_answered),
		TEST(rubbish_closes_its_connection_only),
		TEST(the_idle_make_place),
		TEST(streams_are_woken),
		TEST(an_answer_may_come_later),
		TEST(an_answer_that_never_comes_is_not_waited_for),
		TEST(streams_never_take_all_places),
		TEST(who_makes_no_progress_is_cut_off),
		TEST(their_work_has_a_share),
		TEST(turns_are_fair),
		TEST(without_files_it_rests),
		TEST(who_goes_while_served_hurts_nobody),
		TEST(a_thousand_come_and_go),
		TEST(the_last_answer_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
