/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/daemon_state.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/key_file.h"
#include "daemon/keyring.h"
#include "daemon/log.h"

_Static_assert(OPERATE_KEY_LEN == SEAL_KEY_LEN, "a key is a key");

void daemon_seal_changed(struct daemon *d)
{
	seal_set_keys(d->seal, &d->conf.cluster_keys);
	members_keys_changed(cluster_members(cluster_thread_lock(d->cluster)));
	cluster_thread_unlock(d->cluster);
}

json_t *daemon_keys(void *daemon)
{
	struct daemon *d = daemon;

	return json_pack("{s:o}", "keys", keyring_json(&d->conf.cluster_keys, daemon_census(d)));
}

/* Writes the file, if there is one. Gives whether the keys are there after a restart, otherwise why
 * not. */
static bool keep(const struct daemon *d, char reason[static KEY_FILE_REASON])
{
	const char *file = d->conf.c.cluster.key_file;

	if (file[0])
		return key_file_write(file, &d->conf.cluster_keys, reason) == 0;
	snprintf(reason, KEY_FILE_REASON, "the keys are a credential of systemd (%s)",
		CONF_KEY_CREDENTIAL);
	return false;
}

static void say_changed(uint8_t id, const char *what, const char *asked_by)
{
	char text[3];

	snprintf(text, sizeof(text), "%02x", id);
	log_event(LOG_EVENT_KEYS_CHANGED, (struct log_field[]){{"DHT_KEY", text}, {0}},
		"cluster key %s %s, asked by %s", text, what, asked_by);
}

static json_t *changed(struct daemon *d, uint8_t id)
{
	char reason[KEY_FILE_REASON] = "", text[3];
	bool kept = keep(d, reason);

	if (!kept)
		log_warning("the change of the cluster's keys is lost with the next start or "
			    "reload: %s",
			reason);
	snprintf(text, sizeof(text), "%02x", id);
	return json_pack("{s:o, s:s, s:b, s:s?}", "keys",
		keyring_json(&d->conf.cluster_keys, daemon_census(d)), "id", text, "persistent",
		kept, "problem", kept ? NULL : reason);
}

json_t *daemon_add_key(void *daemon, const uint8_t key[static SEAL_KEY_LEN], const char *asked_by,
	struct refusal *why)
{
	struct daemon *d = daemon;
	uint8_t id = seal_key_id(key);

	if (!daemon_has_cluster(d, why) || keyring_add(&d->conf.cluster_keys, key, why) != 0)
		return NULL;
	daemon_seal_changed(d);
	say_changed(id, "added", asked_by);
	return changed(d, id);
}

json_t *daemon_use_key(void *daemon, uint8_t id, const char *asked_by, struct refusal *why)
{
	struct daemon *d = daemon;

	if (!daemon_has_cluster(d, why) ||
		keyring_use(&d->conf.cluster_keys, id, daemon_census(d), why) != 0)
		return NULL;
	daemon_seal_changed(d);
	say_changed(id, "seals from now on", asked_by);
	return changed(d, id);
}

json_t *daemon_remove_key(void *daemon, uint8_t id, const char *asked_by, struct refusal *why)
{
	struct daemon *d = daemon;

	if (!daemon_has_cluster(d, why) ||
		keyring_remove(&d->conf.cluster_keys, id, daemon_census(d), why) != 0)
		return NULL;
	daemon_seal_changed(d);
	say_changed(id, "removed", asked_by);
	return changed(d, id);
}
