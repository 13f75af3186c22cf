/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/keyring.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- Who has what ---- */

static bool counts(const struct member_info *m)
{
	return m->state == PEER_ALIVE || m->state == PEER_SUSPECT || m->state == PEER_LEAVING;
}

static bool member_has(const struct member_info *m, uint8_t id)
{
	return memchr(m->profile.key_ids, id, m->profile.key_count) != NULL;
}

static bool member_seals(const struct member_info *m, uint8_t id)
{
	return m->profile.key_count > 0 && m->profile.key_ids[0] == id;
}

/* Its place among the keys, or SEAL_KEYS_MAX. */
static size_t place_of(const struct seal_keys *keys, uint8_t id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->key[i].id == id)
			return i;
	return SEAL_KEYS_MAX;
}

/* A member that is alive and has not the key, or (seals) that seals with it; NULL: there is none.
 * *more: how many there are beside it. */
static const struct member_info *find_member(
	const struct census *c, uint8_t id, bool seals, size_t *more)
{
	const struct member_info *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct member_info *m = &c->all[i];
		if (!counts(m) || (seals ? !member_seals(m, id) : member_has(m, id)))
			continue;
		if (n++ == 0)
			found = m;
	}
	*more = n ? n - 1 : 0;
	return found;
}

/* ---- Changes ---- */

static int refuse(struct refusal *why, const char *hint)
{
	why->kind = REFUSAL_REFUSED;
	snprintf(why->hint, sizeof(why->hint), "%s", hint);
	return -1;
}

static int not_found(struct refusal *why, uint8_t id)
{
	why->kind = REFUSAL_NOT_FOUND;
	snprintf(why->reason, sizeof(why->reason), "this server has no key %02x", id);
	snprintf(why->hint, sizeof(why->hint), "dhtctl keys lists them");
	return -1;
}

/* "the key 3f: 192.0.2.7:8471 does not have it (and 2 more)" */
static void name_member(
	struct refusal *why, uint8_t id, const struct member_info *m, size_t more, const char *what)
{
	char at[ADDR_TEXT_MAX], others[40] = "";

	addr_format(&m->id, at);
	if (more)
		snprintf(others, sizeof(others), " (and %zu more)", more);
	snprintf(why->reason, sizeof(why->reason), "the key %02x: %s %s%s", id, at, what, others);
}

int keyring_add(struct seal_keys *keys, const uint8_t key[static SEAL_KEY_LEN], struct refusal *why)
{
	uint8_t id = seal_key_id(key);
	size_t at = place_of(keys, id);

	if (keys->count == 0) {
		snprintf(why->reason, sizeof(why->reason), "the cluster talks in clear");
		return refuse(why, "set cluster.key_file on all servers and restart them");
	}
	if (at < keys->count && sodium_memcmp(keys->key[at].key, key, SEAL_KEY_LEN) == 0) {
		snprintf(why->reason, sizeof(why->reason), "this server has the key %02x already",
			id);
		return refuse(why, "dhtctl keys lists them");
	}
	if (at < keys->count) {
		snprintf(why->reason, sizeof(why->reason), "another key has the id %02x already",
			id);
		return refuse(why, "make another one: dhtctl keygen");
	}
	if (keys->count == SEAL_KEYS_MAX) {
		snprintf(why->reason, sizeof(why->reason), "there are %d keys already",
			SEAL_KEYS_MAX);
		return refuse(why, "remove one that nobody uses: dhtctl keys");
	}
	keys->key[keys->count].id = id;
	memcpy(keys->key[keys->count++].key, key, SEAL_KEY_LEN);
	return 0;
}

int keyring_use(struct seal_keys *keys, uint8_t id, const struct census *c, struct refusal *why)
{
	size_t at = place_of(keys, id), more;

	if (at >= keys->count)
		return not_found(why, id);
	const struct member_info *m = find_member(c, id, false, &more);
	if (m) {
		name_member(why, id, m, more, "does not have it");
		return refuse(why, "add it there first (dhtctl keys add), or wait a second until "
				   "it has said so");
	}
	struct seal_key first = keys->key[at];
	memmove(&keys->key[1], &keys->key[0], at * sizeof(first));
	keys->key[0] = first;
	sodium_memzero(&first, sizeof(first));
	return 0;
}

int keyring_remove(struct seal_keys *keys, uint8_t id, const struct census *c, struct refusal *why)
{
	size_t at = place_of(keys, id), more;
	const struct member_info *m;

	if (at >= keys->count)
		return not_found(why, id);
	if (keys->count == 1) {
		snprintf(why->reason, sizeof(why->reason), "the key %02x is the only one", id);
		return refuse(why, "add another one first: dhtctl keys add");
	}
	m = find_member(c, id, true, &more);
	if (m) {
		name_member(why, id, m, more, "seals with it");
		return refuse(why, "let it use another one first (dhtctl keys use), or wait a "
				   "second until it has "
				   "said so");
	}
	m = at == 0 ? find_member(c, keys->key[1].id, false, &more) : NULL;
	if (m) {
		name_member(
			why, keys->key[1].id, m, more, "does not have it, and it would seal next");
		return refuse(why, "add it there first (dhtctl keys add), or wait a second until "
				   "it has said so");
	}
	keys->count--;
	memmove(&keys->key[at], &keys->key[at + 1], (keys->count - at) * sizeof(keys->key[0]));
	sodium_memzero(&keys->key[keys->count], sizeof(keys->key[0]));
	return 0;
}

/* ---- What a file changes ---- */

#define NAMED_MAX 3
#define NAMES_MAX (NAMED_MAX * ADDR_TEXT_MAX + 40)

static bool cannot_hear(const struct seal_keys *keys, const struct member_info *m)
{
	return m->profile.key_count > 0 && !member_has(m, keys->key[0].id);
}

/* Once for each: who lacks the first key has to be given it in any case. */
static bool is_not_heard(const struct seal_keys *keys, const struct member_info *m)
{
	return m->profile.key_count > 0 && !cannot_hear(keys, m) &&
	       place_of(keys, m->profile.key_ids[0]) >= keys->count;
}

/* "192.0.2.7:8471, 192.0.2.8:8471 (and 2 more)", of members that are alive; "": none. */
static void name_members(const struct seal_keys *keys, const struct census *c,
	bool (*is_one)(const struct seal_keys *keys, const struct member_info *m),
	char out[static NAMES_MAX])
{
	size_t n = 0, len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < c->count; i++) {
		char at[ADDR_TEXT_MAX];
		if (!counts(&c->all[i]) || !is_one(keys, &c->all[i]) || n++ >= NAMED_MAX)
			continue;
		addr_format(&c->all[i].id, at);
		len += (size_t)snprintf(out + len, NAMES_MAX - len, "%s%s", n > 1 ? ", " : "", at);
	}
	if (n > NAMED_MAX)
		snprintf(out + len, NAMES_MAX - len, " (and %zu more)", n - NAMED_MAX);
}

size_t keyring_warn(const struct seal_keys *keys, const struct census *c,
	char out[static KEYRING_WARNINGS][KEYRING_WARNING_MAX])
{
	char names[NAMES_MAX];
	size_t n = 0;

	if (keys->count == 0)
		return 0;
	name_members(keys, c, cannot_hear, names);
	if (names[0])
		snprintf(out[n++], KEYRING_WARNING_MAX,
			"the key %02x seals, and is not held yet by %s: add it as the second key "
			"everywhere first",
			keys->key[0].id, names);
	name_members(keys, c, is_not_heard, names);
	if (names[0])
		snprintf(out[n++], KEYRING_WARNING_MAX,
			"this server no longer has the key that seals at %s: let the new key seal "
			"everywhere first",
			names);
	return n;
}

/* ---- JSON ---- */

/* Of the members that are alive, with this server. */
static json_t *key_json(const struct seal_keys *keys, const struct census *c, uint8_t id)
{
	size_t at = place_of(keys, id);
	bool here = at < keys->count;
	int held = here, sealing = here && at == 0, members = 1;
	char text[3];

	snprintf(text, sizeof(text), "%02x", id);
	for (size_t i = 0; i < c->count; i++) {
		if (!counts(&c->all[i]))
			continue;
		members++;
		held += member_has(&c->all[i], id);
		sealing += member_seals(&c->all[i], id);
	}
	return json_pack("{s:s, s:b, s:b, s:i, s:i, s:i}", "id", text, "here", here, "seals",
		here && at == 0, "held", held, "sealing", sealing, "members", members);
}

json_t *keyring_json(const struct seal_keys *keys, const struct census *c)
{
	json_t *list = json_array();
	bool known[UINT8_MAX + 1] = {false};
	int err = list ? 0 : -1;

	for (size_t i = 0; i < keys->count; i++) {
		known[keys->key[i].id] = true;
		err |= json_array_append_new(list, key_json(keys, c, keys->key[i].id));
	}
	for (size_t i = 0; i < c->count; i++) {
		const struct member_info *m = &c->all[i];
		for (size_t k = 0; counts(m) && k < m->profile.key_count; k++) {
			uint8_t id = m->profile.key_ids[k];
			if (!known[id])
				err |= json_array_append_new(list, key_json(keys, c, id));
			known[id] = true;
		}
	}
	if (err == 0)
		return list;
	json_decref(list);
	return NULL;
}
