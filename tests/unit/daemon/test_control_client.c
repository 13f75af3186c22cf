/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rng.h"
#include "daemon/control_client.h"

#include "../test_seed.h"
#include "../unit.h"

#define NUL "\0"

/* The methods: Echo gives its parameters, Big a megabyte, Stream and Later what `items` says. */
struct owner {
	int echoes, freed;
	int items;
	bool ends; /* with the last of them */
};

static struct owner owner;

static struct control_answer echo(void *arg, const struct control_call *call)
{
	struct owner *o = arg;

	o->echoes++;
	return (struct control_answer){.parameters = json_deep_copy(call->parameters)};
}

static struct control_answer big(void *arg, const struct control_call *call)
{
	size_t size = (size_t)json_integer_value(json_object_get(call->parameters, "size"));
	char *text = malloc(size);

	(void)arg;
	assert_non_null(text);
	memset(text, 'x', size);
	json_t *parameters = json_object();
	json_object_set_new(parameters, "text", json_stringn(text, size));
	free(text);
	return (struct control_answer){.parameters = parameters};
}

static json_t *next_item(void *state, bool *last)
{
	struct owner *o = state;

	*last = o->ends && o->items == 1;
	return o->items > 0 ? json_pack("{s:i}", "left", --o->items) : NULL;
}

static void free_stream(void *state)
{
	struct owner *o = state;

	o->freed++;
}

static struct control_answer stream(void *arg, const struct control_call *call)
{
	(void)call;
	return (struct control_answer){
		.stream = {.next = next_item, .done = free_stream, .state = arg}};
}

static struct control_answer no_memory(void *arg, const struct control_call *call)
{
	(void)arg;
	(void)call;
	return (struct control_answer){.no_memory = true};
}

static const struct control_method methods[] = {
	{"Echo", CONTROL_READ, false, echo},
	{"Big", CONTROL_READ, false, big},
	{"Stream", CONTROL_READ, true, stream},
	{"Later", CONTROL_READ, false, stream},
	{"Poor", CONTROL_READ, false, no_memory},
};

static const struct control_interface interface = {
	.name = "t.t", .description = "", .methods = methods, .method_count = COUNT(methods)};

static struct control_service service;
static struct control_client client;
static int peer_fd;

static int start(void **state)
{
	struct control_peer peer = {.uid = 1};
	int fds[2];

	(void)state;
	owner = (struct owner){0};
	service = (struct control_service){.interface = &interface, .owner = &owner};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
		return -1;
	peer_fd = fds[1];
	control_client_init(&client, fds[0], &peer, 1000);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	control_client_fini(&client);
	if (peer_fd >= 0)
		close(peer_fd);
	return 0;
}

static void put_bytes(const void *bytes, size_t len)
{
	assert_int_equal(send(peer_fd, bytes, len, MSG_NOSIGNAL), len);
}

/* A string literal with all its NULs but the last. */
#define PUT(literal) put_bytes(literal, sizeof(literal) - 1)

/* Steps until it has to wait. */
static enum client_next run(uint64_t now_ms)
{
	enum client_next next = CLIENT_AGAIN;

	for (int i = 0; i < 100000 && next == CLIENT_AGAIN; i++)
		next = control_client_step(&client, &service, now_ms);
	return next;
}

static void expect_bytes(const char *want, size_t len)
{
	char got[4096];
	ssize_t n = recv(peer_fd, got, sizeof(got), MSG_DONTWAIT);

	if (n < 0)
		n = 0;
	assert_int_equal(n, len);
	assert_memory_equal(got, want, len);
}

#define EXPECT(literal) expect_bytes(literal, sizeof(literal) - 1)

static void a_call_is_answered(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Echo\",\"parameters\":{\"x\":1}}" NUL);
	assert_int_equal(run(1000), CLIENT_READS);
	EXPECT("{\"parameters\":{\"x\":1}}" NUL);
	assert_true(control_client_idle(&client));
	assert_null(client.in);
	assert_null(client.out);
}

static void calls_are_answered_in_their_order(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Echo\",\"parameters\":{\"x\":1}}" NUL "{\"method\":\"t.t.No\"}" NUL
	    "{\"method\":\"t.t.Echo\"}" NUL "{\"method\":\"t.t.Echo\",\"par");
	assert_int_equal(run(1000), CLIENT_READS);
	EXPECT("{\"parameters\":{\"x\":1}}" NUL "{\"error\":\"org.varlink.service.MethodNotFound\","
	       "\"parameters\":{\"method\":\"t.t.No\"}}" NUL "{\"parameters\":{}}" NUL);
	assert_false(control_client_idle(&client));
	PUT("ameters\":{\"y\":2}}" NUL);
	assert_int_equal(run(1000), CLIENT_READS);
	EXPECT("{\"parameters\":{\"y\":2}}" NUL);
}

static void oneway_gets_no_answer(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Echo\",\"oneway\":true}" NUL
	    "{\"method\":\"t.t.Nothing\",\"oneway\":true}" NUL
	    "{\"method\":\"t.t.Stream\",\"oneway\":true}" NUL);
	assert_int_equal(run(1000), CLIENT_READS);
	EXPECT("");
	assert_int_equal(owner.echoes, 1);
	assert_int_equal(service.calls, 3);
}

static void what_is_no_call_ends_it(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Echo\"}" NUL "hello" NUL);
	assert_int_equal(run(1000), CLIENT_CUT);
	EXPECT("{\"parameters\":{}}" NUL);
}

static void an_empty_message_ends_it(void **state)
{
	(void)state;
	PUT(NUL);
	assert_int_equal(run(1000), CLIENT_CUT);
}

static void no_memory_ends_it(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Poor\"}" NUL);
	assert_int_equal(run(1000), CLIENT_CUT);
	EXPECT("");
}

/* Sends a call of exactly this length with its NUL, reading meanwhile. */
static enum client_next send_long(size_t size)
{
	static const char head[] =
		"{\"method\":\"t.t.Echo\",\"oneway\":true,\"parameters\":{\"x\":\"";
	static const char tail[] = "\"}}";
	enum client_next next = CLIENT_READS;
	char *text = malloc(size);

	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + size - sizeof(tail), tail, sizeof(tail));
	for (size_t at = 0; at < size && next == CLIENT_READS;) {
		size_t part = size - at < 5000 ? size - at : 5000;
		put_bytes(text + at, part);
		at += part;
		next = run(1000);
	}
	free(text);
	return next;
}

static void a_message_has_a_limit(void **state)
{
	(void)state;
	assert_int_equal(send_long(CONTROL_MESSAGE_MAX), CLIENT_READS);
	assert_int_equal(owner.echoes, 1);
	assert_int_equal(send_long(CONTROL_MESSAGE_MAX + 1), CLIENT_CUT);
	assert_int_equal(owner.echoes, 1);
}

static size_t read_all(void)
{
	char got[65536];
	size_t total = 0;

	for (;;) {
		ssize_t n = recv(peer_fd, got, sizeof(got), MSG_DONTWAIT);
		if (n <= 0)
			return total;
		total += (size_t)n;
	}
}

static void who_does_not_read_is_not_read_from(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Big\",\"parameters\":{\"size\":1000000}}" NUL);
	assert_int_equal(run(2000), CLIENT_WRITES);
	PUT("{\"method\":\"t.t.Echo\"}" NUL);
	assert_int_equal(run(3000), CLIENT_WRITES);
	assert_int_equal(owner.echoes, 0);
	/* No progress since the first. */
	assert_int_equal(control_client_deadline_ms(&client), 2000 + CONTROL_STALL_MS);
	size_t total = 0;
	while (run(4000) == CLIENT_WRITES)
		total += read_all();
	total += read_all();
	assert_int_equal(total, 1000000 + sizeof("{\"parameters\":{\"text\":\"\"}}") +
					sizeof("{\"parameters\":{}}"));
	assert_int_equal(owner.echoes, 1);
}

static void an_answer_has_a_limit(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Big\",\"parameters\":{\"size\":1048576}}" NUL);
	assert_int_equal(run(1000), CLIENT_CUT);
	EXPECT("");
}

static void a_stream_is_pulled_for_good(void **state)
{
	(void)state;
	owner.items = 2;
	PUT("{\"method\":\"t.t.Stream\",\"more\":true}" NUL "{\"method\":\"t.t.Echo\"}" NUL);
	assert_int_equal(run(1000), CLIENT_WAKES);
	EXPECT("{\"parameters\":{\"left\":1},\"continues\":true}" NUL
	       "{\"parameters\":{\"left\":0},\"continues\":true}" NUL);
	owner.items = 1;
	assert_int_equal(run(2000), CLIENT_WAKES);
	EXPECT("{\"parameters\":{\"left\":0},\"continues\":true}" NUL);
	assert_int_equal(owner.echoes, 0);
	assert_false(control_client_idle(&client));
	client.hung_up = true;
	assert_int_equal(run(3000), CLIENT_GONE);
}

static void a_stream_may_end(void **state)
{
	(void)state;
	owner.items = 2;
	owner.ends = true;
	PUT("{\"method\":\"t.t.Stream\",\"more\":true}" NUL "{\"method\":\"t.t.Echo\"}" NUL);
	assert_int_equal(run(1000), CLIENT_READS);
	EXPECT("{\"parameters\":{\"left\":1},\"continues\":true}" NUL
	       "{\"parameters\":{\"left\":0}}" NUL "{\"parameters\":{}}" NUL);
	assert_int_equal(owner.freed, 1);
	assert_true(control_client_idle(&client));
}

/* Also where the method would have more to give. */
static void an_answer_may_come_later(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Later\"}" NUL "{\"method\":\"t.t.Echo\"}" NUL);
	assert_int_equal(run(1000), CLIENT_WAKES);
	EXPECT("");
	assert_false(control_client_idle(&client));
	assert_int_equal(control_client_deadline_ms(&client), 1000 + CONTROL_LATE_MS);
	owner.items = 7;
	assert_int_equal(run(1500), CLIENT_READS);
	EXPECT("{\"parameters\":{\"left\":6}}" NUL "{\"parameters\":{}}" NUL);
	assert_int_equal(owner.freed, 1);
	assert_int_equal(owner.items, 6);
	assert_int_equal(control_client_deadline_ms(&client), 1500 + CONTROL_SILENCE_MS);
	/* The same method may be called as a stream. */
	PUT("{\"method\":\"t.t.Later\",\"more\":true}" NUL);
	owner.items = 1;
	assert_int_equal(run(2000), CLIENT_WAKES);
	EXPECT("{\"parameters\":{\"left\":0},\"continues\":true}" NUL);
	assert_true(control_client_deadline_ms(&client) == UINT64_MAX);
}

static void a_stream_waits_for_its_reader(void **state)
{
	(void)state;
	owner.items = 1000000;
	PUT("{\"method\":\"t.t.Stream\",\"more\":true}" NUL);
	assert_int_equal(run(1000), CLIENT_WRITES);
	int left = owner.items;
	assert_true(left > 900000);
	assert_int_equal(run(1000), CLIENT_WRITES);
	assert_int_equal(owner.items, left);
	read_all();
	assert_int_equal(run(1000), CLIENT_WRITES);
	assert_true(owner.items < left);
}

static void who_only_stops_sending_is_answered(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Echo\"}" NUL "{\"method\":\"t.t.Echo\"}" NUL "{\"meth");
	assert_int_equal(shutdown(peer_fd, SHUT_WR), 0);
	assert_int_equal(run(1000), CLIENT_GONE);
	EXPECT("{\"parameters\":{}}" NUL "{\"parameters\":{}}" NUL);
}

static void who_closes_is_gone(void **state)
{
	(void)state;
	PUT("{\"method\":\"t.t.Echo\",\"oneway\":true}" NUL "{\"method\":\"t.t.Echo\"}" NUL);
	close(peer_fd);
	peer_fd = -1;
	assert_int_equal(run(1000), CLIENT_GONE);
	assert_int_equal(owner.echoes, 2);
}

static void its_time_runs_out(void **state)
{
	(void)state;
	assert_int_equal(control_client_deadline_ms(&client), 1000 + CONTROL_SILENCE_MS);
	PUT("{");
	assert_int_equal(run(7000), CLIENT_READS);
	assert_int_equal(control_client_deadline_ms(&client), 7000 + CONTROL_STALL_MS);
	/* Drop by drop does not help. */
	PUT("\"");
	assert_int_equal(run(8000), CLIENT_READS);
	assert_int_equal(control_client_deadline_ms(&client), 7000 + CONTROL_STALL_MS);
	PUT("method\":\"t.t.Echo\"}" NUL);
	assert_int_equal(run(9000), CLIENT_READS);
	assert_int_equal(control_client_deadline_ms(&client), 9000 + CONTROL_SILENCE_MS);
	PUT("{\"method\":\"t.t.Stream\",\"more\":true}" NUL "{");
	assert_int_equal(run(9500), CLIENT_WAKES);
	assert_true(control_client_deadline_ms(&client) == UINT64_MAX);
}

static void what_is_left_is_sent_at_the_end(void **state)
{
	PUT("{\"method\":\"t.t.Big\",\"parameters\":{\"size\":300000}}" NUL);
	assert_int_equal(run(1000), CLIENT_WRITES);
	size_t total = read_all();
	control_client_fini(&client);
	total += read_all();
	assert_int_equal(total, 300000 + sizeof("{\"parameters\":{\"text\":\"\"}}"));
	close(peer_fd);
	assert_int_equal(start(state), 0);
}

static void the_stream_is_freed_once(void **state)
{
	PUT("{\"method\":\"t.t.Stream\",\"more\":true}" NUL);
	assert_int_equal(run(1000), CLIENT_WAKES);
	assert_int_equal(owner.freed, 0);
	control_client_fini(&client);
	assert_int_equal(owner.freed, 1);
	close(peer_fd);
	assert_int_equal(start(state), 0);
}

/* Many calls, cut into pieces anywhere. */
static void pieces_of_any_size_are_put_together(void **state)
{
	static char text[200 * 64];
	struct rng r;
	size_t len = 0, at = 0, answered = 0;

	(void)state;
	rng_init(&r, test_seed());
	for (int i = 0; i < 200; i++)
		len += 1 + (size_t)snprintf(text + len, sizeof(text) - len,
				   "{\"method\":\"t.t.Echo\",\"parameters\":{\"x\":%d}}", i);
	while (at < len) {
		size_t part = 1 + rng_below(&r, rng_below(&r, 4) ? 30 : 3000);
		if (part > len - at)
			part = len - at;
		put_bytes(text + at, part);
		at += part;
		assert_int_equal(run(1000), CLIENT_READS);
		answered += read_all();
	}
	assert_int_equal(owner.echoes, 200);
	assert_int_equal(answered, 10 * 23 + 90 * 24 + 100 * 25);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_answered),
		TEST(calls_are_answered_in_their_order),
		TEST(oneway_gets_no_answer),
		TEST(what_is_no_call_ends_it),
		TEST(an_empty_message_ends_it),
		TEST(no_memory_ends_it),
		TEST(a_message_has_a_limit),
		TEST(who_does_not_read_is_not_read_from),
		TEST(an_answer_has_a_limit),
		TEST(a_stream_is_pulled_for_good),
		TEST(a_stream_may_end),
		TEST(an_answer_may_come_later),
		TEST(a_stream_waits_for_its_reader),
		TEST(who_only_stops_sending_is_answered),
		TEST(who_closes_is_gone),
		TEST(its_time_runs_out),
		TEST(what_is_left_is_sent_at_the_end),
		TEST(the_stream_is_freed_once),
		TEST(pieces_of_any_size_are_put_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
