/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/stranger.h"

#include "seal_rig.h"

static struct addr from(uint8_t number, uint16_t port)
{
	uint8_t v4[] = {192, 0, 2, number};

	return (struct addr){ip_from_v4(v4), port};
}

static void note(struct strangers *s, uint8_t number, uint16_t port, uint8_t key_id, uint64_t now)
{
	struct addr a = from(number, port);

	stranger_note(s, &a, STRANGER_UNKNOWN_KEY, key_id, now);
}

static void one_is_told_by_ip_key_and_fault(void **state)
{
	struct stranger list[STRANGERS];
	struct strangers s = {0};
	struct addr a = from(1, 8471);

	(void)state;
	assert_int_equal(stranger_list(&s, list), 0);
	note(&s, 1, 8471, 0x3f, 100);
	note(&s, 1, 8472, 0x3f, 200);
	note(&s, 1, 8471, 0x40, 250);
	note(&s, 2, 8471, 0x3f, 300);
	stranger_note(&s, &a, STRANGER_FORGED, 0x3f, 400);
	assert_int_equal(stranger_list(&s, list), 4);
	assert_int_equal(list[0].fault, STRANGER_FORGED);
	assert_int_equal(list[1].last_ms, 300);
	assert_int_equal(list[2].key_id, 0x40);
	assert_true(ip_equal(&list[3].ip, &a.ip));
	assert_int_equal(list[3].port, 8472);
	assert_int_equal(list[3].count, 2);
	assert_int_equal(list[3].first_ms, 100);
	assert_int_equal(list[3].last_ms, 200);
	assert_int_equal(list[3].key_id, 0x3f);
}

static void the_quietest_makes_place(void **state)
{
	struct stranger list[STRANGERS];
	struct strangers s = {0};

	(void)state;
	for (uint8_t i = 0; i < STRANGERS; i++)
		note(&s, i, 8471, 1, 100 + i);
	note(&s, 0, 8471, 1, 200);
	note(&s, 99, 8471, 1, 201);
	assert_int_equal(stranger_list(&s, list), STRANGERS);
	assert_int_equal(list[0].ip.b[15], 99);
	assert_int_equal(list[0].count, 1);
	assert_int_equal(list[1].ip.b[15], 0);
	assert_int_equal(list[1].count, 2);
	for (size_t i = 2; i < STRANGERS; i++)
		assert_int_not_equal(list[i].ip.b[15], 1);
}

/* The first one may come at time 0, and is there all the same. */
static void free_places_go_first(void **state)
{
	struct stranger list[STRANGERS];
	struct strangers s = {0};

	(void)state;
	for (uint8_t i = 0; i < STRANGERS; i++)
		note(&s, i, 8471, 1, 0);
	assert_int_equal(stranger_list(&s, list), STRANGERS);
}

static void expect_one(struct side *x, enum stranger_fault fault, uint8_t key_id)
{
	struct stranger list[STRANGERS];

	assert_int_equal(stranger_list(seal_strangers(x->seal), list), 1);
	assert_int_equal(list[0].fault, fault);
	assert_int_equal(list[0].key_id, key_id);
	assert_int_equal(list[0].last_ms, now_mono_ms(&x->now));
}

static void what_a_seal_cannot_open_is_noted(void **state)
{
	struct side ours, theirs, clear;
	struct letter l;

	(void)state;
	side_init(&ours, 1, "k");
	side_init(&theirs, 2, "l");
	side_init(&clear, 3, "");
	struct posted p = side_send(&theirs);
	assert_int_equal(side_open(&ours, &p, &l), SEAL_UNKNOWN_KEY);
	expect_one(&ours, STRANGER_UNKNOWN_KEY, theirs.keys.key[0].id);
	assert_int_equal(side_open(&clear, &p, &l), SEAL_IN_CLEAR);
	expect_one(&clear, STRANGER_SEALED, theirs.keys.key[0].id);
	side_restart(&ours);
	p = side_send(&clear);
	assert_int_equal(side_open(&ours, &p, &l), SEAL_IN_CLEAR);
	expect_one(&ours, STRANGER_IN_CLEAR, 0);
	side_restart(&theirs);
	p = side_send(&ours);
	p.bytes[3] = theirs.keys.key[0].id;
	assert_int_equal(side_open(&theirs, &p, &l), SEAL_FORGED);
	expect_one(&theirs, STRANGER_FORGED, theirs.keys.key[0].id);
	side_fini(&ours);
	side_fini(&theirs);
	side_fini(&clear);
}

static void bare_messages_are_noted_and_rubbish_is_not(void **state)
{
	static const uint8_t bytes[] = {MSG_NEW, 0, 0};
	struct posted p = {.len = sizeof(bytes)};
	struct stranger list[STRANGERS];
	struct side ours;
	struct letter l;

	(void)state;
	side_init(&ours, 1, "k");
	p.from = from(7, 8471);
	p.bytes[0] = 200;
	assert_int_equal(side_open(&ours, &p, &l), SEAL_NOT_ENVELOPE);
	p.bytes[0] = PEER_SEALED;
	assert_int_equal(side_open(&ours, &p, &l), SEAL_BAD_LENGTH);
	assert_int_equal(stranger_list(seal_strangers(ours.seal), list), 0);
	memcpy(p.bytes, bytes, sizeof(bytes));
	assert_int_equal(side_open(&ours, &p, &l), SEAL_IN_CLEAR);
	expect_one(&ours, STRANGER_IN_CLEAR, 0);
	side_fini(&ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_told_by_ip_key_and_fault),
		cmocka_unit_test(the_quietest_makes_place),
		cmocka_unit_test(free_places_go_first),
		cmocka_unit_test(what_a_seal_cannot_open_is_noted),
		cmocka_unit_test(bare_messages_are_noted_and_rubbish_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
