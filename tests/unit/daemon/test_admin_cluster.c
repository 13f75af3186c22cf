/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/admin.h"
#include "daemon/operate.h"

#include "../unit.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* ---- A daemon that notes what it is asked ---- */

static struct seen {
	char what[200];
	uint8_t key[OPERATE_KEY_LEN];
	enum refusal_kind refuses;
	bool poor;     /* it has no memory */
	bool answered; /* what was explained */
	int explains, ends;
} seen;

static void note(const char *what, const char *more, const char *asked_by)
{
	snprintf(seen.what, sizeof(seen.what), "%s %s %s", what, more, asked_by);
}

static json_t *result(struct refusal *why)
{
	if (seen.refuses != REFUSAL_NONE) {
		why->kind = seen.refuses;
		snprintf(why->reason, sizeof(why->reason), "no");
		snprintf(why->hint, sizeof(why->hint), "%s",
			seen.refuses == REFUSAL_REFUSED ? "later" : "");
		return NULL;
	}
	return seen.poor ? NULL : json_pack("{s:s}", "came", "of it");
}

static json_t *partitions(void *daemon, uint32_t first, uint32_t count)
{
	struct refusal none = {.kind = REFUSAL_NONE};

	(void)daemon;
	snprintf(seen.what, sizeof(seen.what), "partitions %u %u", first, count);
	return result(&none);
}

static int explain(void *daemon, struct span hash, uint64_t *question, struct refusal *why)
{
	json_t *none = result(why);

	(void)daemon;
	assert_int_equal(hash.len, 2);
	json_decref(none);
	if (!none)
		return -1;
	seen.explains++;
	*question = 77;
	return 0;
}

static json_t *explained(void *daemon, uint64_t question)
{
	(void)daemon;
	assert_int_equal(question, 77);
	return seen.answered ? json_pack("{s:i}", "partition", 5) : NULL;
}

static void explain_end(void *daemon, uint64_t question)
{
	(void)daemon;
	assert_int_equal(question, 77);
	seen.ends++;
}

static json_t *keys(void *daemon)
{
	struct refusal none = {.kind = REFUSAL_NONE};

	(void)daemon;
	note("keys", "", "");
	return result(&none);
}

static json_t *add_key(void *daemon, const uint8_t key[static OPERATE_KEY_LEN],
	const char *asked_by, struct refusal *why)
{
	(void)daemon;
	memcpy(seen.key, key, sizeof(seen.key));
	note("add", "", asked_by);
	return result(why);
}

static json_t *change_key(const char *what, uint8_t id, const char *asked_by, struct refusal *why)
{
	char text[3];

	snprintf(text, sizeof(text), "%02x", id);
	note(what, text, asked_by);
	return result(why);
}

static json_t *use_key(void *daemon, uint8_t id, const char *asked_by, struct refusal *why)
{
	(void)daemon;
	return change_key("use", id, asked_by, why);
}

static json_t *remove_key(void *daemon, uint8_t id, const char *asked_by, struct refusal *why)
{
	(void)daemon;
	return change_key("remove", id, asked_by, why);
}

static json_t *drain(void *daemon, bool leaving, const char *asked_by, struct refusal *why)
{
	(void)daemon;
	note("drain", leaving ? "yes" : "no", asked_by);
	return result(why);
}

static json_t *add_peer(
	void *daemon, const char *address, const char *asked_by, struct refusal *why)
{
	(void)daemon;
	note("add peer", address, asked_by);
	return result(why);
}

static json_t *drop_peer(
	void *daemon, const char *address, const char *asked_by, struct refusal *why)
{
	(void)daemon;
	note("drop peer", address, asked_by);
	return result(why);
}

/* ---- Asking ---- */

static const struct operations operations = {
	.partitions = partitions,
	.explain = explain,
	.explained = explained,
	.explain_end = explain_end,
	.keys = keys,
	.add_key = add_key,
	.use_key = use_key,
	.remove_key = remove_key,
	.drain = drain,
	.add_peer = add_peer,
	.drop_peer = drop_peer,
};

static int start(void **state)
{
	(void)state;
	seen = (struct seen){.poor = false};
	return 0;
}

static struct control_answer ask(const char *name, const char *parameters)
{
	struct control_peer peer = {.uid = 1000, .gid = 100, .pid = 77, .may_change = true};
	json_t *object = json_loads(parameters, 0, NULL);
	struct control_call call = {.parameters = object, .peer = &peer};
	size_t i = 0;

	assert_non_null(object);
	while (strcmp(admin_interface.methods[i].name, name) != 0)
		i++;
	struct control_answer answer = admin_interface.methods[i].run(
		(void *)(uintptr_t)&operations, &call);
	json_decref(object);
	return answer;
}

/* It is answered, and the daemon was asked this. */
static void expect(const char *name, const char *parameters, const char *want)
{
	struct control_answer a = ask(name, parameters);

	assert_null(a.error);
	assert_string_equal(json_string_value(json_object_get(a.parameters, "came")), "of it");
	assert_string_equal(seen.what, want);
	json_decref(a.parameters);
}

static void expect_error(
	const char *name, const char *parameters, const char *error, const char *want)
{
	struct control_answer a = ask(name, parameters);
	char *text = json_dumps(a.parameters, JSON_COMPACT);

	assert_non_null(a.error);
	assert_string_equal(a.error, error);
	assert_string_equal(text, want);
	free(text);
	json_decref(a.parameters);
}

static void expect_invalid(const char *name, const char *parameters, const char *which)
{
	char want[100];

	snprintf(want, sizeof(want), "{\"parameter\":\"%s\"}", which);
	expect_error(name, parameters, "org.varlink.service.InvalidParameter", want);
}

#define WHO " user 1000 (process 77)"

static void a_page_has_a_range(void **state)
{
	(void)state;
	expect("ListPartitions", "{}", "partitions 0 512");
	expect("ListPartitions", "{\"first\":null,\"count\":0}", "partitions 0 0");
	expect("ListPartitions", "{\"first\":16383,\"count\":512}", "partitions 16383 512");
	expect_invalid("ListPartitions", "{\"first\":16384}", "first");
	expect_invalid("ListPartitions", "{\"first\":-1}", "first");
	expect_invalid("ListPartitions", "{\"count\":513}", "count");
	expect_invalid("ListPartitions", "{\"count\":-1}", "count");
	expect_invalid("ListPartitions", "{\"count\":\"1\"}", "count");
}

static void keys_are_hexadecimal(void **state)
{
	(void)state;
	expect("ListKeys", "{}", "keys  ");
	expect("AddKey", "{\"key\":\"" KEY "\"}", "add " WHO);
	for (uint8_t i = 0; i < OPERATE_KEY_LEN; i++)
		assert_int_equal(seen.key[i], i);
	expect_invalid("AddKey", "{\"key\":\"" KEY "00\"}", "key");
	expect_invalid("AddKey", "{\"key\":\"00\"}", "key");
	expect_invalid("AddKey", "{\"key\":\"\"}", "key");
	expect_invalid("AddKey", "{}", "key");
	expect("UseKey", "{\"id\":\"3F\"}", "use 3f" WHO);
	expect("RemoveKey", "{\"id\":\"00\"}", "remove 00" WHO);
	expect_invalid("UseKey", "{\"id\":\"\"}", "id");
	expect_invalid("UseKey", "{\"id\":\"3\"}", "id");
	expect_invalid("RemoveKey", "{\"id\":\"3f3f\"}", "id");
	expect_invalid("RemoveKey", "{\"id\":3}", "id");
}

static void members_are_changed(void **state)
{
	(void)state;
	expect("Drain", "{}", "drain yes" WHO);
	expect("Undrain", "{}", "drain no" WHO);
	expect("AddPeer", "{\"address\":\"192.0.2.7\"}", "add peer 192.0.2.7" WHO);
	expect("DropPeer", "{\"address\":\"[::1]:9\"}", "drop peer [::1]:9" WHO);
	expect_invalid("AddPeer", "{}", "address");
	expect_invalid("DropPeer", "{\"address\":7}", "address");
}

static void a_refusal_says_why(void **state)
{
	static const char refused[] = "org.dht.Control.Refused";
	static const char later[] = "{\"reason\":\"no\",\"hint\":\"later\"}";

	(void)state;
	seen.refuses = REFUSAL_REFUSED;
	expect_error("AddKey", "{\"key\":\"" KEY "\"}", refused, later);
	expect_error("UseKey", "{\"id\":\"3f\"}", refused, later);
	expect_error("Drain", "{}", refused, later);
	expect_error("AddPeer", "{\"address\":\"x\"}", refused, later);
	expect_error("Explain", "{\"hash\":\"abcd\"}", refused, later);
	seen.refuses = REFUSAL_NOT_FOUND;
	expect_error("DropPeer", "{\"address\":\"x\"}", "org.dht.Control.NotFound",
		"{\"reason\":\"no\",\"hint\":null}");
	seen.refuses = REFUSAL_INVALID;
	expect_invalid("DropPeer", "{\"address\":\"x\"}", "address");
}

static void no_memory_is_told(void **state)
{
	(void)state;
	seen.poor = true;
	assert_true(ask("ListPartitions", "{}").no_memory);
	assert_true(ask("ListKeys", "{}").no_memory);
	assert_true(ask("Drain", "{}").no_memory);
	assert_true(ask("RemoveKey", "{\"id\":\"3f\"}").no_memory);
}

static void what_is_explained_comes_later(void **state)
{
	struct control_answer a = ask("Explain", "{\"hash\":\"ABcd\"}");
	bool last = false;

	(void)state;
	assert_null(a.error);
	assert_non_null(a.stream.next);
	assert_null(a.stream.next(a.stream.state, &last));
	seen.answered = true;
	json_t *item = a.stream.next(a.stream.state, &last);
	assert_true(last);
	char *text = json_dumps(item, JSON_COMPACT);
	assert_string_equal(text, "{\"hash\":\"abcd\",\"partition\":5}");
	free(text);
	json_decref(item);
	assert_int_equal(seen.ends, 0);
	a.stream.done(a.stream.state);
	assert_int_equal(seen.ends, 1);
	expect_invalid("Explain", "{\"hash\":\"x\"}", "hash");
	expect_invalid("Explain", "{}", "hash");
	assert_int_equal(seen.explains, 1);
}

#define TEST(f) cmocka_unit_test_setup(f, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_page_has_a_range),
		TEST(keys_are_hexadecimal),
		TEST(members_are_changed),
		TEST(a_refusal_says_why),
		TEST(no_memory_is_told),
		TEST(what_is_explained_comes_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
