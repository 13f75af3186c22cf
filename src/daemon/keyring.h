/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyring: changing a cluster's keys without cutting anybody off.
 *
 *     add, on all servers ─▶ use, on all servers ─▶ remove the old one, on all servers
 *
 * Each step is refused where it would leave a member that is alive unheard: a key seals only when
 * all have it, and goes only when nobody seals with it. What the members hold they say themselves
 * (struct peer_profile), so a step is allowed when the one before has been heard of everywhere.
 *
 * A key is named by its id. Two keys with one id are never held side by side.
 */
#ifndef DHT_DAEMON_KEYRING_H
#define DHT_DAEMON_KEYRING_H

#include <jansson.h>
#include <stdint.h>

#include "core/seal.h"
#include "daemon/census.h"
#include "daemon/operate.h"

/* These change keys, or leave them and say why not in *why; 0 or -1. */
int keyring_add(
	struct seal_keys *keys, const uint8_t key[static SEAL_KEY_LEN], struct refusal *why);
int keyring_use(struct seal_keys *keys, uint8_t id, const struct census *c, struct refusal *why);
int keyring_remove(struct seal_keys *keys, uint8_t id, const struct census *c, struct refusal *why);

#define KEYRING_WARNINGS    2
#define KEYRING_WARNING_MAX 400

/* A file changes keys without a question. Writes whom of the members that are alive these keys cut
 * off, in words: those who cannot hear what this server would seal, and those who seal with what it
 * would not have. Gives how many texts there are. */
size_t keyring_warn(const struct seal_keys *keys, const struct census *c,
	char out[static KEYRING_WARNINGS][KEYRING_WARNING_MAX]);

/* An array of all keys that this server or a member has: those of this server first. New, NULL
 * without memory. */
json_t *keyring_json(const struct seal_keys *keys, const struct census *c);

#endif
