/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/admin_methods.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "daemon/control_idl.h"
#include "daemon/log.h"
#include "daemon/log_json.h"
#include "wire/hash.h"

/* GetLog's entries together: the oldest are left out. Room is left for the reply around them. */
#define LOG_BYTES_MAX (CONTROL_OUT_MAX - 4096)

/* ---- What only asks ---- */

struct control_answer admin_no_memory(void)
{
	return (struct control_answer){.no_memory = true};
}

struct control_answer admin_reply(json_t *parameters)
{
	return parameters ? (struct control_answer){.parameters = parameters} : admin_no_memory();
}

struct control_answer admin_ask(
	void *owner, const struct control_call *call, json_t *(*question)(void *daemon))
{
	const struct operations *o = owner;
	const char *wrong = param_wrong(call->parameters, NULL, 0);

	return wrong ? control_invalid(wrong) : admin_reply(question(o->daemon));
}

static struct control_answer get_status(void *owner, const struct control_call *call)
{
	return admin_ask(owner, call, ((const struct operations *)owner)->status);
}

static struct control_answer get_stats(void *owner, const struct control_call *call)
{
	return admin_ask(owner, call, ((const struct operations *)owner)->stats);
}

static struct control_answer list_peers(void *owner, const struct control_call *call)
{
	return admin_ask(owner, call, ((const struct operations *)owner)->peers);
}

static struct control_answer get_config(void *owner, const struct control_call *call)
{
	return admin_ask(owner, call, ((const struct operations *)owner)->config);
}

size_t admin_hash(const struct control_call *call, uint8_t bytes[static HASH_MAX])
{
	const json_t *hash = json_object_get(call->parameters, "hash");
	int len = hex_decode(json_string_value(hash), json_string_length(hash), bytes, HASH_MAX);

	return len > 0 ? (size_t)len : 0;
}

static struct control_answer lookup(void *owner, const struct control_call *call)
{
	static const struct param params[] = {
		{"hash", PARAM_STRING, false},
		{"cursor", PARAM_INT, true},
	};
	const struct operations *o = owner;
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));
	uint8_t bytes[HASH_MAX];

	if (wrong)
		return control_invalid(wrong);
	/* 0 where there is none. */
	json_int_t cursor = json_integer_value(json_object_get(call->parameters, "cursor"));
	size_t len = admin_hash(call, bytes);
	if (len == 0)
		return control_invalid("hash");
	if (cursor < 0 || cursor > UINT32_MAX)
		return control_invalid("cursor");
	return admin_reply(o->lookup(o->daemon, (struct span){bytes, len}, (uint32_t)cursor));
}

/* ---- What changes ---- */

static struct control_answer reload(void *owner, const struct control_call *call)
{
	static const struct param params[] = {{"dryRun", PARAM_BOOL, true}};
	const struct operations *o = owner;
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));

	if (wrong)
		return control_invalid(wrong);
	char asked_by[CONTROL_PEER_TEXT];
	control_peer_format(call->peer, asked_by);
	return admin_reply(o->reload(
		o->daemon, json_is_true(json_object_get(call->parameters, "dryRun")), asked_by));
}

static struct control_answer shut_down(void *owner, const struct control_call *call)
{
	const struct operations *o = owner;
	const char *wrong = param_wrong(call->parameters, NULL, 0);
	char asked_by[CONTROL_PEER_TEXT];

	if (wrong)
		return control_invalid(wrong);
	control_peer_format(call->peer, asked_by);
	o->shut_down(o->daemon, asked_by);
	return (struct control_answer){.parameters = NULL};
}

static void say_level(enum log_level level, enum log_level before, const struct control_peer *peer)
{
	const char *name = log_level_names[level];
	char uid[24], who[CONTROL_PEER_TEXT];

	control_peer_format(peer, who);
	snprintf(uid, sizeof(uid), "%" PRIu64, (uint64_t)peer->uid);
	struct log_field fields[] = {{"DHT_LEVEL", name}, {"DHT_UID", uid}, {NULL, NULL}};
	log_event(LOG_EVENT_LOG_LEVEL, fields, "log level %s (was %s), asked by %s", name,
		log_level_names[before], who);
}

static struct control_answer set_log_level(void *owner, const struct control_call *call)
{
	static const struct param params[] = {{"level", PARAM_STRING, false}};
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));

	(void)owner;
	if (wrong)
		return control_invalid(wrong);
	const char *name = json_string_value(json_object_get(call->parameters, "level"));
	int level = log_level_parse(name);
	enum log_level before = log_get_level();
	if (level < 0)
		return control_invalid("level");
	/* Said at whichever of the two shows more. */
	if ((enum log_level)level > before)
		log_set_level((enum log_level)level);
	say_level((enum log_level)level, before, call->peer);
	log_set_level((enum log_level)level);
	return admin_reply(
		json_pack("{s:s, s:s}", "level", name, "before", log_level_names[before]));
}

/* ---- The log ---- */

static size_t size_of(const json_t *entry)
{
	return json_dumpb(entry, NULL, 0, JSON_COMPACT) + 1;
}

/* All entries that the ring has now into list; 0 or -1. */
static int collect(json_t *list)
{
	uint64_t sequence = 0, lost, newest = log_newest();
	size_t bytes = 0;
	struct log_line line;

	while (sequence < newest && log_read(&sequence, LOG_LEVEL_DEBUG, &line, &lost)) {
		json_t *entry = log_json(&line);
		if (json_array_append(list, entry) != 0) {
			json_decref(entry);
			return -1;
		}
		bytes += size_of(entry);
		json_decref(entry);
		while (bytes > LOG_BYTES_MAX) {
			bytes -= size_of(json_array_get(list, 0));
			json_array_remove(list, 0);
		}
	}
	return 0;
}

static struct control_answer get_log(void *owner, const struct control_call *call)
{
	const char *wrong = param_wrong(call->parameters, NULL, 0);

	(void)owner;
	if (wrong)
		return control_invalid(wrong);
	json_t *list = json_array();
	json_t *parameters = json_object();
	int err = collect(list);
	err |= json_object_set_new(parameters, "entries", list);
	if (err == 0)
		return admin_reply(parameters);
	json_decref(parameters);
	return admin_no_memory();
}

struct monitor {
	uint64_t sequence;
	enum log_level level;
	uint64_t lost; /* that nobody has been told of yet */
};

static json_t *next_entry(void *state, bool *last)
{
	struct monitor *m = state;
	struct log_line line;
	uint64_t lost = 0;
	bool found = log_read(&m->sequence, m->level, &line, &lost);

	*last = false;
	m->lost += lost;
	if (!found)
		return NULL;
	json_t *item = json_object();
	int err = json_object_set_new(item, "entry", log_json(&line));
	err |= json_object_set_new(item, "lost", json_integer((json_int_t)m->lost));
	if (err == 0) {
		m->lost = 0;
		return item;
	}
	json_decref(item);
	m->lost++;
	return NULL;
}

static struct control_answer monitor(void *owner, const struct control_call *call)
{
	static const struct param params[] = {{"level", PARAM_STRING, true}};
	const char *wrong = param_wrong(call->parameters, params, ADMIN_COUNT(params));
	const char *name = json_string_value(json_object_get(call->parameters, "level"));

	(void)owner;
	if (wrong)
		return control_invalid(wrong);
	int level = name ? log_level_parse(name) : LOG_LEVEL_INFO;
	if (level < 0)
		return control_invalid("level");
	struct monitor *m = malloc(sizeof(*m));
	if (!m)
		return admin_no_memory();
	*m = (struct monitor){.sequence = log_newest(), .level = (enum log_level)level};
	return (struct control_answer){.stream = {.next = next_entry, .done = free, .state = m}};
}

/* ---- The table ---- */

static const struct control_method methods[] = {
	{"GetStatus", CONTROL_READ, false, get_status},
	{"GetStats", CONTROL_READ, false, get_stats},
	{"ListPeers", CONTROL_READ, false, list_peers},
	{"ListPartitions", CONTROL_READ, false, admin_list_partitions},
	{"Lookup", CONTROL_READ, false, lookup},
	{"Explain", CONTROL_READ, false, admin_explain},
	{"GetConfig", CONTROL_READ, false, get_config},
	{"Reload", CONTROL_CHANGE, false, reload},
	{"Shutdown", CONTROL_CHANGE, false, shut_down},
	{"ListKeys", CONTROL_READ, false, admin_list_keys},
	{"AddKey", CONTROL_CHANGE, false, admin_add_key},
	{"UseKey", CONTROL_CHANGE, false, admin_use_key},
	{"RemoveKey", CONTROL_CHANGE, false, admin_remove_key},
	{"Drain", CONTROL_CHANGE, false, admin_drain},
	{"Undrain", CONTROL_CHANGE, false, admin_undrain},
	{"AddPeer", CONTROL_CHANGE, false, admin_add_peer},
	{"DropPeer", CONTROL_CHANGE, false, admin_drop_peer},
	{"SetLogLevel", CONTROL_CHANGE, false, set_log_level},
	{"GetLog", CONTROL_READ, false, get_log},
	{"Monitor", CONTROL_READ, true, monitor},
};

const struct control_interface admin_interface = {
	.name = "org.dht.Control",
	.description = control_idl,
	.methods = methods,
	.method_count = ADMIN_COUNT(methods),
};
