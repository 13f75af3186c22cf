/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/keyring.h"

#include "../unit.h"

static struct census census;
static struct seal_keys keys;
static struct refusal why;

static void letter_key(char letter, uint8_t key[static SEAL_KEY_LEN])
{
	memset(key, letter, SEAL_KEY_LEN);
}

static uint8_t id_of(char letter)
{
	uint8_t key[SEAL_KEY_LEN];

	letter_key(letter, key);
	return seal_key_id(key);
}

/* This server has the keys of these letters. */
static void hold(const char *letters)
{
	keys = (struct seal_keys){.count = strlen(letters)};
	for (size_t i = 0; i < keys.count; i++) {
		letter_key(letters[i], keys.key[i].key);
		keys.key[i].id = id_of(letters[i]);
	}
}

static struct member_info *add_member(const char *letters)
{
	struct member_info *m = &census.all[census.count++];

	*m = (struct member_info){
		.id = {ip_from_v4((uint8_t[]){192, 0, 2, (uint8_t)census.count}), 8471},
		.state = PEER_ALIVE,
		.profile.key_count = (uint8_t)strlen(letters),
	};
	for (size_t i = 0; letters[i]; i++)
		m->profile.key_ids[i] = id_of(letters[i]);
	return m;
}

static int start(void **state)
{
	(void)state;
	why = (struct refusal){.kind = REFUSAL_NONE};
	hold("ab");
	return census_init(&census);
}

static int stop(void **state)
{
	(void)state;
	census_fini(&census);
	return 0;
}

static void expect_keys(const char *letters)
{
	uint8_t key[SEAL_KEY_LEN];

	assert_int_equal(keys.count, strlen(letters));
	for (size_t i = 0; letters[i]; i++) {
		letter_key(letters[i], key);
		assert_memory_equal(keys.key[i].key, key, sizeof(key));
		assert_int_equal(keys.key[i].id, id_of(letters[i]));
	}
}

/* What was just done was refused like this, and has changed nothing. */
static void expect_refusal(int result, enum refusal_kind kind, const char *reason)
{
	assert_int_equal(result, -1);
	assert_int_equal(why.kind, kind);
	if (!strstr(why.reason, reason))
		fail_msg("'%s' in '%s'", reason, why.reason);
	why = (struct refusal){.kind = REFUSAL_NONE};
}

static int add(char letter)
{
	uint8_t key[SEAL_KEY_LEN];

	letter_key(letter, key);
	return keyring_add(&keys, key, &why);
}

static void a_key_is_added_behind_the_others(void **state)
{
	(void)state;
	assert_int_equal(add('c'), 0);
	expect_keys("abc");
	expect_refusal(add('b'), REFUSAL_REFUSED, "has the key");
	hold("abcdefgh");
	expect_refusal(add('x'), REFUSAL_REFUSED, "8 keys already");
	expect_keys("abcdefgh");
	hold("");
	expect_refusal(add('x'), REFUSAL_REFUSED, "in clear");
	expect_keys("");
}

static void two_keys_with_one_id_are_not_held(void **state)
{
	uint8_t key[SEAL_KEY_LEN] = {0};

	(void)state;
	while (seal_key_id(key) != keys.key[1].id)
		for (size_t i = 0; i < sizeof(key) && ++key[i] == 0; i++)
			;
	expect_refusal(keyring_add(&keys, key, &why), REFUSAL_REFUSED, "another key has the id");
	expect_keys("ab");
}

static void a_key_seals_when_all_have_it(void **state)
{
	struct member_info *m = (add_member("ba"), add_member("a"));

	(void)state;
	expect_refusal(keyring_use(&keys, id_of('b'), &census, &why), REFUSAL_REFUSED,
		"192.0.2.2:8471 does not have it");
	expect_keys("ab");
	/* Who is dead is not asked. */
	m->state = PEER_DEAD;
	assert_int_equal(keyring_use(&keys, id_of('b'), &census, &why), 0);
	expect_keys("ba");
	assert_int_equal(keyring_use(&keys, id_of('b'), &census, &why), 0);
	expect_keys("ba");
	hold("abcd");
	add_member("abcd");
	census.all[0] = census.all[2];
	assert_int_equal(keyring_use(&keys, id_of('c'), &census, &why), 0);
	expect_keys("cabd");
	expect_refusal(keyring_use(&keys, id_of('x'), &census, &why), REFUSAL_NOT_FOUND,
		"this server has no key");
	m->state = PEER_SUSPECT;
	expect_refusal(keyring_use(&keys, id_of('d'), &census, &why), REFUSAL_REFUSED, "192.0.2.2");
}

static void a_key_goes_when_nobody_seals_with_it(void **state)
{
	struct member_info *m = (add_member("ba"), add_member("ab"));

	(void)state;
	hold("ba");
	expect_refusal(keyring_remove(&keys, id_of('a'), &census, &why), REFUSAL_REFUSED,
		"192.0.2.2:8471 seals with it");
	m->profile.key_ids[0] = id_of('b');
	assert_int_equal(keyring_remove(&keys, id_of('a'), &census, &why), 0);
	expect_keys("b");
	expect_refusal(keyring_remove(&keys, id_of('b'), &census, &why), REFUSAL_REFUSED,
		"is the only one");
	expect_refusal(
		keyring_remove(&keys, id_of('a'), &census, &why), REFUSAL_NOT_FOUND, "has no key");
	expect_keys("b");
}

/* Without its first key a server seals with the next. */
static void the_one_that_would_seal_must_be_held_by_all(void **state)
{
	(void)state;
	add_member("b");
	add_member("cb");
	hold("acb");
	expect_refusal(keyring_remove(&keys, id_of('a'), &census, &why), REFUSAL_REFUSED,
		"192.0.2.1:8471 does not have it, and it would seal next");
	hold("abc");
	assert_int_equal(keyring_remove(&keys, id_of('a'), &census, &why), 0);
	expect_keys("bc");
}

static void others_are_counted(void **state)
{
	(void)state;
	add_member("a");
	add_member("");
	for (int i = 0; i < 3; i++)
		add_member("a");
	expect_refusal(keyring_use(&keys, id_of('b'), &census, &why), REFUSAL_REFUSED,
		"192.0.2.1:8471 does not have it (and 4 more)");
	expect_refusal(
		keyring_remove(&keys, id_of('a'), &census, &why), REFUSAL_REFUSED, "(and 3 more)");
}

static void expect_warnings(const char *first, const char *second)
{
	char texts[KEYRING_WARNINGS][KEYRING_WARNING_MAX];

	assert_int_equal(keyring_warn(&keys, &census, texts), (first != NULL) + (second != NULL));
	if (first && !strstr(texts[0], first))
		fail_msg("'%s' in '%s'", first, texts[0]);
	if (second && !strstr(texts[first != NULL], second))
		fail_msg("'%s' in '%s'", second, texts[first != NULL]);
}

/* A file may hold any. */
static void keys_that_cut_off_are_warned_of(void **state)
{
	char want[200];

	(void)state;
	expect_warnings(NULL, NULL);
	struct member_info *m = (add_member("ba"), add_member("a"));
	expect_warnings(NULL, NULL);
	hold("ba");
	snprintf(want, sizeof(want),
		"the key %02x seals, and is not held yet by 192.0.2.2:8471: ", id_of('b'));
	expect_warnings(want, NULL);
	/* It has both keys, seals with the one that is gone here, and does not hear of it. */
	hold("a");
	expect_warnings(NULL, "the key that seals at 192.0.2.1:8471: ");
	hold("b");
	expect_warnings("192.0.2.2:8471: ", NULL);
	m->state = PEER_DEAD;
	expect_warnings(NULL, NULL);
	/* Who has none speaks base messages only. */
	m->state = PEER_ALIVE;
	m->profile.key_count = 0;
	expect_warnings(NULL, NULL);
	hold("");
	expect_warnings(NULL, NULL);
}

static void only_some_are_named(void **state)
{
	(void)state;
	hold("x");
	for (int i = 0; i < 3; i++)
		add_member("a");
	expect_warnings("192.0.2.1:8471, 192.0.2.2:8471, 192.0.2.3:8471: ", NULL);
	add_member("a");
	expect_warnings("192.0.2.2:8471, 192.0.2.3:8471 (and 1 more): ", NULL);
	for (int i = 0; i < 4; i++)
		memset(census.all[i].id.ip.b, 0xfe, sizeof(census.all[i].id.ip.b));
	expect_warnings("everywhere first", NULL);
}

static void all_keys_are_listed(void **state)
{
	char want[512];

	(void)state;
	add_member("bac");
	add_member("a");
	add_member("x")->state = PEER_DEAD;
	json_t *list = keyring_json(&keys, &census);
	char *text = json_dumps(list, JSON_COMPACT);
	snprintf(want, sizeof(want),
		"[{\"id\":\"%02x\",\"here\":true,\"seals\":true,\"held\":3,\"sealing\":2,"
		"\"members\":3},{\"id\":\"%02x\",\"here\":true,\"seals\":false,\"held\":2,"
		"\"sealing\":1,\"members\":3},{\"id\":\"%02x\",\"here\":false,\"seals\":false,"
		"\"held\":1,\"sealing\":0,\"members\":3}]",
		id_of('a'), id_of('b'), id_of('c'));
	assert_string_equal(text, want);
	free(text);
	json_decref(list);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_is_added_behind_the_others),
		TEST(two_keys_with_one_id_are_not_held),
		TEST(a_key_seals_when_all_have_it),
		TEST(a_key_goes_when_nobody_seals_with_it),
		TEST(the_one_that_would_seal_must_be_held_by_all),
		TEST(others_are_counted),
		TEST(keys_that_cut_off_are_warned_of),
		TEST(only_some_are_named),
		TEST(all_keys_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
