/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/admin_methods.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/hex.h"
#include "daemon/placement.h"

/* ---- What only asks ---- */

/* An integer that may be left out; false when it is out of its range. */
static bool get_number(const struct control_call *call, const char *name, uint32_t max, uint32_t *n)
{
	const json_t *value = json_object_get(call->parameters, name);
	json_int_t given = json_integer_value(value);

	if (!json_is_integer(value))
		return true;
	if (given < 0 || given > max)
		return false;
	*n = (uint32_t)given;
	return true;
}

struct control_answer admin_list_partitions(void *owner, const struct control_call *call)
{
	static const struct param params[] = {
		{"first", PARAM_INT, true},
		{"count", PARAM_INT, true},
	};
	const struct operations *o = owner;
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));
	uint32_t first = 0, count = PLACEMENT_ROWS;

	if (wrong)
		return control_invalid(wrong);
	if (!get_number(call, "first", TABLE_PARTITIONS - 1, &first))
		return control_invalid("first");
	if (!get_number(call, "count", PLACEMENT_ROWS, &count))
		return control_invalid("count");
	return admin_reply(o->partitions(o->daemon, first, count));
}

struct control_answer admin_list_keys(void *owner, const struct control_call *call)
{
	return admin_ask(owner, call, ((const struct operations *)owner)->keys);
}

/* ---- Refusals ---- */

static struct control_answer refused(const struct refusal *why, const char *parameter)
{
	const char *error = why->kind == REFUSAL_NOT_FOUND ? "org.dht.Control.NotFound"
	                                                   : "org.dht.Control.Refused";

	if (why->kind == REFUSAL_INVALID)
		return control_invalid(parameter);
	json_t *parameters = json_pack(
		"{s:s, s:s?}", "reason", why->reason, "hint", why->hint[0] ? why->hint : NULL);
	if (!parameters)
		return admin_no_memory();
	return (struct control_answer){.error = error, .parameters = parameters};
}

/* Takes reply. */
static struct control_answer answer(json_t *reply, const struct refusal *why, const char *parameter)
{
	return why->kind == REFUSAL_NONE ? admin_reply(reply) : refused(why, parameter);
}

/* ---- Explain ---- */

struct asked {
	const struct operations *operations;
	uint64_t question;
	char hash[2 * HASH_MAX + 1];
};

static json_t *next_explained(void *state, bool *last)
{
	const struct asked *a = state;

	*last = true;
	json_t *found = a->operations->explained(a->operations->daemon, a->question);
	json_t *item = found ? json_pack("{s:s}", "hash", a->hash) : NULL;
	int err = json_object_update(item, found);
	json_decref(found);
	if (err == 0)
		return item;
	json_decref(item);
	return NULL;
}

static void end_explain(void *state)
{
	struct asked *a = state;

	a->operations->explain_end(a->operations->daemon, a->question);
	free(a);
}

struct control_answer admin_explain(void *owner, const struct control_call *call)
{
	static const struct param params[] = {{"hash", PARAM_STRING, false}};
	const struct operations *o = owner;
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));
	struct refusal why = {.kind = REFUSAL_NONE};
	uint8_t bytes[HASH_MAX];

	if (wrong)
		return control_invalid(wrong);
	size_t len = admin_hash(call, bytes);
	if (len == 0)
		return control_invalid("hash");
	struct asked *a = malloc(sizeof(*a));
	if (!a)
		return admin_no_memory();
	a->operations = o;
	hex_encode(bytes, len, a->hash);
	if (o->explain(o->daemon, (struct span){bytes, len}, &a->question, &why) != 0) {
		free(a);
		return refused(&why, "hash");
	}
	return (struct control_answer){
		.stream = {.next = next_explained, .done = end_explain, .state = a}};
}

/* ---- Keys ---- */

struct control_answer admin_add_key(void *owner, const struct control_call *call)
{
	static const struct param params[] = {{"key", PARAM_STRING, false}};
	const struct operations *o = owner;
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));
	char asked_by[CONTROL_PEER_TEXT];
	struct refusal why = {.kind = REFUSAL_NONE};
	uint8_t key[OPERATE_KEY_LEN];

	if (wrong)
		return control_invalid(wrong);
	const json_t *text = json_object_get(call->parameters, "key");
	if (hex_decode(json_string_value(text), json_string_length(text), key, sizeof(key)) !=
		(int)sizeof(key))
		return control_invalid("key");
	control_peer_format(call->peer, asked_by);
	json_t *reply = o->add_key(o->daemon, key, asked_by, &why);
	sodium_memzero(key, sizeof(key));
	return answer(reply, &why, "key");
}

static struct control_answer change_key(const struct operations *o, const struct control_call *call,
	json_t *(*change)(void *daemon, uint8_t id, const char *asked_by, struct refusal *why))
{
	static const struct param params[] = {{"id", PARAM_STRING, false}};
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));
	char asked_by[CONTROL_PEER_TEXT];
	struct refusal why = {.kind = REFUSAL_NONE};
	uint8_t id;

	if (wrong)
		return control_invalid(wrong);
	const json_t *text = json_object_get(call->parameters, "id");
	if (hex_decode(json_string_value(text), json_string_length(text), &id, 1) != 1)
		return control_invalid("id");
	control_peer_format(call->peer, asked_by);
	json_t *reply = change(o->daemon, id, asked_by, &why);
	return answer(reply, &why, "id");
}

struct control_answer admin_use_key(void *owner, const struct control_call *call)
{
	const struct operations *o = owner;

	return change_key(o, call, o->use_key);
}

struct control_answer admin_remove_key(void *owner, const struct control_call *call)
{
	const struct operations *o = owner;

	return change_key(o, call, o->remove_key);
}

/* ---- Members ---- */

static struct control_answer set_leaving(
	const struct operations *o, const struct control_call *call, bool leaving)
{
	const char *wrong = param_wrong(call->parameters, NULL, 0);
	struct refusal why = {.kind = REFUSAL_NONE};
	char asked_by[CONTROL_PEER_TEXT];

	if (wrong)
		return control_invalid(wrong);
	control_peer_format(call->peer, asked_by);
	json_t *reply = o->drain(o->daemon, leaving, asked_by, &why);
	return answer(reply, &why, "");
}

struct control_answer admin_drain(void *owner, const struct control_call *call)
{
	return set_leaving(owner, call, true);
}

struct control_answer admin_undrain(void *owner, const struct control_call *call)
{
	return set_leaving(owner, call, false);
}

static struct control_answer change_peer(const struct operations *o,
	const struct control_call *call,
	json_t *(*change)(
		void *daemon, const char *address, const char *asked_by, struct refusal *why))
{
	static const struct param params[] = {{"address", PARAM_STRING, false}};
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));
	struct refusal why = {.kind = REFUSAL_NONE};
	char asked_by[CONTROL_PEER_TEXT];

	if (wrong)
		return control_invalid(wrong);
	control_peer_format(call->peer, asked_by);
	const char *address = json_string_value(json_object_get(call->parameters, "address"));
	json_t *reply = change(o->daemon, address, asked_by, &why);
	return answer(reply, &why, "address");
}

struct control_answer admin_add_peer(void *owner, const struct control_call *call)
{
	const struct operations *o = owner;

	return change_peer(o, call, o->add_peer);
}

struct control_answer admin_drop_peer(void *owner, const struct control_call *call)
{
	const struct operations *o = owner;

	return change_peer(o, call, o->drop_peer);
}
