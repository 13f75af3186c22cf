/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/mail.h"

#include "seal_rig.h"

#define ROOM 8

/* One side that writes letters to others, and the outbox that they go into. */
struct post_office {
	struct side a, b;
	struct stats stats;
	struct outgoing items[ROOM];
	uint8_t bytes[ROOM * SIDE_DATAGRAM];
	struct outbox out;
	struct mail mail;
};

static void open_office(struct post_office *o, const char *keys, size_t left)
{
	memset(o, 0, sizeof(*o));
	side_init(&o->a, 1, keys);
	side_init(&o->b, 2, keys);
	side_meet(&o->a, &o->b);
	o->out = (struct outbox){.items = o->items,
		.bytes = o->bytes,
		.capacity = ROOM,
		.datagram_max = SIDE_DATAGRAM};
	o->mail = mail_begin(
		o->a.seal, &o->a.stream, &o->stats, &o->a.now, &o->out, SIDE_DATAGRAM, left);
}

static void close_office(struct post_office *o)
{
	side_fini(&o->a);
	side_fini(&o->b);
}

static struct flow flow_to(uint8_t host, uint32_t socket)
{
	uint8_t v4[] = {10, 0, 0, host};

	return (struct flow){.remote = {ip_from_v4(v4), 8471}, .socket = socket};
}

static struct peer_msg noted(uint32_t seq)
{
	return (struct peer_msg){.type = PEER_NOTED, .noted = {.seq = seq}};
}

/* A message of that many bytes with its header; what is in it is no matter here. */
static struct peer_msg of_size(size_t len)
{
	static const uint8_t bytes[MSG_DATAGRAM_MAX];

	return (struct peer_msg){
		.type = PEER_GOSSIP, .gossip.entries = {bytes, len - MSG_HEADER_LEN}};
}

static struct msg keep_alive(void)
{
	return (struct msg){.type = MSG_KEEP_ALIVE, .keep_alive = {.answer = 1}};
}

static bool put(struct post_office *o, const struct flow *flow, struct peer_msg msg)
{
	return mail_put(&o->mail, flow, &msg);
}

/* Datagram i of the outbox, opened at the other side. */
static struct span inside(struct post_office *o, size_t i)
{
	const struct addr *from = &o->a.id;
	struct letter l;
	uint8_t key_id;

	assert_true(i < o->out.count);
	assert_int_equal(seal_open(o->b.seal, &o->b.now, from, outbox_bytes(&o->out, i),
				 o->items[i].len, &l, &key_id),
		SEAL_OPENED);
	assert_true(l.known);
	return l.messages;
}

static void assert_noted(struct span *rest, uint32_t seq)
{
	struct span message;
	struct peer_msg m;

	assert_true(peer_next(rest, &message));
	assert_int_equal(peer_decode(message, &m), MSG_GOOD);
	assert_int_equal(m.type, PEER_NOTED);
	assert_int_equal(m.noted.seq, seq);
}

static uint64_t dropped(const struct post_office *o)
{
	return stats_get(&o->stats, STATS_CLUSTER_MAIL_DROPPED);
}

/* What left is counted, in datagrams and bytes. */
static void assert_counted(const struct post_office *o)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < o->out.count; i++)
		bytes += o->items[i].len;
	assert_int_equal(stats_get(&o->stats, STATS_CLUSTER_SENT), o->out.count);
	assert_int_equal(stats_get(&o->stats, STATS_CLUSTER_SENT_BYTES), bytes);
}

static void nothing_makes_nothing(void **state)
{
	static struct post_office o;

	(void)state;
	open_office(&o, "k", ROOM);
	mail_flush(&o.mail);
	assert_int_equal(o.out.count, 0);
	assert_int_equal(mail_room(&o.mail), ROOM);
	close_office(&o);
}

static void messages_of_one_flow_go_together(void **state)
{
	struct flow flow = flow_to(2, FLOW_PEER);
	static struct post_office o;

	(void)state;
	for (int clear = 0; clear < 2; clear++) {
		open_office(&o, clear ? "" : "k", ROOM);
		flow.scope = 7;
		for (uint32_t seq = 1; seq <= 5; seq++) {
			assert_true(put(&o, &flow, noted(seq)));
			assert_int_equal(mail_room(&o.mail), ROOM - 1);
		}
		mail_flush(&o.mail);
		mail_flush(&o.mail);
		assert_int_equal(o.out.count, 1);
		assert_int_equal(mail_room(&o.mail), ROOM - 1);
		assert_memory_equal(&o.items[0].flow, &flow, sizeof(flow));
		struct span rest = inside(&o, 0);
		for (uint32_t seq = 1; seq <= 5; seq++)
			assert_noted(&rest, seq);
		assert_int_equal(rest.len, 0);
		close_office(&o);
	}
}

static void each_flow_has_its_own(void **state)
{
	struct flow flows[] = {flow_to(2, FLOW_PEER), flow_to(3, FLOW_PEER), flow_to(2, FLOW_PEER),
		flow_to(2, FLOW_ASK), flow_to(2, FLOW_PEER)};
	static struct post_office o;

	(void)state;
	flows[4].remote.port = 9471;
	open_office(&o, "k", ROOM);
	for (uint32_t i = 0; i < COUNT(flows); i++)
		assert_true(put(&o, &flows[i], noted(i)));
	mail_flush(&o.mail);
	assert_int_equal(o.out.count, COUNT(flows));
	assert_counted(&o);
	assert_int_equal(dropped(&o), 0);
	for (uint32_t i = 0; i < COUNT(flows); i++) {
		struct span rest = inside(&o, i);
		assert_memory_equal(&o.items[i].flow, &flows[i], sizeof(flows[i]));
		assert_noted(&rest, i);
		assert_int_equal(rest.len, 0);
	}
	close_office(&o);
}

static void what_does_not_fit_goes_into_the_next(void **state)
{
	struct flow flow = flow_to(2, FLOW_PEER);
	static struct post_office o;

	(void)state;
	open_office(&o, "k", ROOM);
	assert_int_equal(mail_fits(&o.mail, &flow), mail_inside(&o.mail));
	assert_true(put(&o, &flow, noted(1)));
	size_t fits = mail_fits(&o.mail, &flow);
	assert_int_equal(fits, SIDE_DATAGRAM - SEAL_OVERHEAD - 7);
	assert_true(put(&o, &flow, of_size(fits)));
	assert_int_equal(mail_fits(&o.mail, &flow), 0);
	assert_int_equal(mail_room(&o.mail), ROOM - 1);
	assert_true(put(&o, &flow, noted(2)));
	assert_int_equal(mail_room(&o.mail), ROOM - 2);
	assert_true(put(&o, &flow, of_size(fits + 1)));
	assert_int_equal(mail_room(&o.mail), ROOM - 3);
	/* For another flow there would be a new one. */
	struct flow other = flow_to(3, FLOW_PEER);
	assert_int_equal(mail_fits(&o.mail, &other), mail_inside(&o.mail));
	mail_flush(&o.mail);
	assert_int_equal(o.out.count, 3);
	assert_int_equal(o.items[0].len, SIDE_DATAGRAM);
	for (uint32_t i = 0; i < 2; i++) {
		struct span rest = inside(&o, i);
		assert_noted(&rest, i + 1);
		assert_int_equal(rest.len, i == 0 ? fits : 0);
	}
	assert_int_equal(inside(&o, 2).len, fits + 1);
	close_office(&o);
}

static void what_fits_nowhere_is_dropped(void **state)
{
	struct flow flow = flow_to(2, FLOW_PEER);
	static struct post_office o;

	(void)state;
	open_office(&o, "k", ROOM);
	assert_false(put(&o, &flow, of_size(mail_inside(&o.mail) + 1)));
	assert_int_equal(dropped(&o), 1);
	assert_int_equal(mail_room(&o.mail), ROOM);
	assert_true(put(&o, &flow, noted(1)));
	assert_false(put(&o, &flow, of_size(mail_inside(&o.mail) + 1)));
	assert_false(put(&o, &flow, of_size(MSG_DATAGRAM_MAX)));
	assert_int_equal(dropped(&o), 3);
	assert_true(put(&o, &flow, of_size(mail_inside(&o.mail))));
	mail_flush(&o.mail);
	assert_int_equal(o.out.count, 2);
	struct span rest = inside(&o, 0);
	assert_noted(&rest, 1);
	assert_int_equal(rest.len, 0);
	assert_int_equal(inside(&o, 1).len, mail_inside(&o.mail));
	close_office(&o);
}

static void no_more_than_it_was_told(void **state)
{
	struct flow flow = flow_to(2, FLOW_PEER), other = flow_to(3, FLOW_PEER);
	static struct post_office o;
	struct msg alive = keep_alive();

	(void)state;
	for (size_t left = 0; left <= 2; left++) {
		open_office(&o, "", left);
		for (size_t i = 0; i < left; i++) {
			assert_int_equal(mail_room(&o.mail), left - i);
			assert_true(put(&o, i % 2 ? &other : &flow, noted(1)));
		}
		struct flow *last = left % 2 ? &flow : &other, *next = left % 2 ? &other : &flow;
		assert_int_equal(mail_room(&o.mail), 0);
		assert_int_equal(mail_fits(&o.mail, next), 0);
		/* The last one is open still. */
		assert_int_equal(put(&o, last, noted(2)), left > 0);
		assert_int_equal(mail_fits(&o.mail, last) > 0, left > 0);
		assert_false(put(&o, next, noted(3)));
		assert_false(put(&o, last, noted(4)));
		assert_false(mail_put_base(&o.mail, last, &alive, false));
		assert_false(mail_put_base(&o.mail, last, &alive, true));
		assert_int_equal(dropped(&o), left > 0 ? 4 : 5);
		assert_int_equal(mail_fits(&o.mail, last), 0);
		mail_flush(&o.mail);
		assert_int_equal(o.out.count, left);
		if (left > 0) {
			struct span rest = inside(&o, left - 1);
			assert_noted(&rest, 1);
			assert_noted(&rest, 2);
			assert_int_equal(rest.len, 0);
		}
		close_office(&o);
	}
}

/* Somebody else's datagrams between and beside those of the mail. */
static void others_push_too(void **state)
{
	struct flow flow = flow_to(2, FLOW_PEER), client = flow_to(9, 0);
	static struct post_office o;

	(void)state;
	open_office(&o, "k", 100);
	assert_int_equal(mail_room(&o.mail), ROOM);
	assert_true(put(&o, &flow, noted(1)));
	for (uint8_t i = 0; i < ROOM - 1; i++) {
		assert_int_equal(mail_room(&o.mail), ROOM - 1u - i);
		memset(outbox_room(&o.out), i, SIDE_DATAGRAM);
		outbox_push(&o.out, &client, SIDE_DATAGRAM);
		assert_true(put(&o, &flow, noted(2u + i)));
	}
	assert_int_equal(mail_room(&o.mail), 0);
	assert_false(put(&o, &client, noted(0)));
	assert_int_equal(dropped(&o), 1);
	mail_flush(&o.mail);
	assert_int_equal(o.out.count, ROOM);
	struct span rest = inside(&o, 0);
	for (uint32_t seq = 1; seq <= ROOM; seq++)
		assert_noted(&rest, seq);
	for (uint8_t i = 0; i < ROOM - 1; i++) {
		assert_int_equal(o.items[i + 1].len, SIDE_DATAGRAM);
		assert_int_equal(outbox_bytes(&o.out, i + 1u)[0], i);
		assert_int_equal(outbox_bytes(&o.out, i + 1u)[SIDE_DATAGRAM - 1], i);
	}
	close_office(&o);
}

static const uint8_t alive_bytes[] = {7, 0, 1, 1};

static void base_messages_in_an_envelope(void **state)
{
	struct flow flow = flow_to(2, FLOW_KEEP_ALIVE);
	static struct post_office o;
	struct msg alive = keep_alive();

	(void)state;
	for (int clear = 0; clear < 2; clear++) {
		open_office(&o, clear ? "" : "k", ROOM);
		assert_true(mail_put_base(&o.mail, &flow, &alive, clear));
		assert_true(put(&o, &flow, noted(1)));
		size_t fits = mail_fits(&o.mail, &flow);
		assert_true(put(&o, &flow, of_size(fits - 3)));
		assert_true(mail_put_base(&o.mail, &flow, &alive, true)); /* does not fit */
		mail_flush(&o.mail);
		assert_int_equal(o.out.count, 2);
		struct span rest = inside(&o, 0), message;
		assert_true(peer_next(&rest, &message));
		assert_int_equal(message.len, sizeof(alive_bytes));
		assert_memory_equal(message.p, alive_bytes, sizeof(alive_bytes));
		assert_noted(&rest, 1);
		assert_int_equal(rest.len, fits - 3);
		rest = inside(&o, 1);
		assert_int_equal(rest.len, sizeof(alive_bytes));
		assert_int_equal(dropped(&o), 0);
		close_office(&o);
	}
}

static void bare_base_messages(void **state)
{
	struct flow flow = flow_to(2, FLOW_PEER);
	static struct post_office o;
	struct msg alive = keep_alive();

	(void)state;
	open_office(&o, "", ROOM);
	assert_true(mail_put_base(&o.mail, &flow, &alive, false));
	assert_true(put(&o, &flow, noted(1)));
	assert_true(mail_put_base(&o.mail, &flow, &alive, false));
	assert_true(mail_put_base(&o.mail, &flow, &alive, false));
	assert_true(put(&o, &flow, noted(2)));
	mail_flush(&o.mail);
	assert_int_equal(o.out.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_memory_equal(&o.items[i].flow, &flow, sizeof(flow));
		if (i == 1 || i == 4) {
			struct span rest = inside(&o, i);
			assert_noted(&rest, i == 1 ? 1 : 2);
			continue;
		}
		assert_int_equal(o.items[i].len, sizeof(alive_bytes));
		assert_memory_equal(outbox_bytes(&o.out, i), alive_bytes, sizeof(alive_bytes));
	}
	assert_int_equal(mail_room(&o.mail), ROOM - 5);
	assert_counted(&o);
	close_office(&o);
}

/* A message that cannot be one is dropped, wherever it would have gone. */
static void base_messages_that_are_none(void **state)
{
	struct flow flow = flow_to(2, FLOW_PEER);
	struct msg get = {.type = MSG_GET};
	static struct post_office o;

	(void)state;
	open_office(&o, "", ROOM);
	assert_false(mail_put_base(&o.mail, &flow, &get, false));
	assert_false(mail_put_base(&o.mail, &flow, &get, true));
	mail_flush(&o.mail);
	assert_int_equal(o.out.count, 0);
	assert_int_equal(dropped(&o), 2);
	close_office(&o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_makes_nothing),
		cmocka_unit_test(messages_of_one_flow_go_together),
		cmocka_unit_test(each_flow_has_its_own),
		cmocka_unit_test(what_does_not_fit_goes_into_the_next),
		cmocka_unit_test(what_fits_nowhere_is_dropped),
		cmocka_unit_test(no_more_than_it_was_told),
		cmocka_unit_test(others_push_too),
		cmocka_unit_test(base_messages_in_an_envelope),
		cmocka_unit_test(bare_base_messages),
		cmocka_unit_test(base_messages_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
