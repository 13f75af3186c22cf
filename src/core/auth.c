/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/auth.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/err.h"

_Static_assert(AUTH_KEY_LEN >= crypto_generichash_KEYBYTES_MIN &&
		       AUTH_KEY_LEN <= crypto_generichash_KEYBYTES_MAX,
	"BLAKE2b's key");
_Static_assert(OPTION_MAC_LEN == crypto_generichash_BYTES_MIN, "BLAKE2b-128");

void auth_mac(const uint8_t key[static AUTH_KEY_LEN], struct span datagram, const uint8_t *mac,
	uint8_t out[static OPTION_MAC_LEN])
{
	static const uint8_t zeros[OPTION_MAC_LEN];
	crypto_generichash_state state;
	size_t before = (size_t)(mac - datagram.p);

	assert(mac >= datagram.p && before + OPTION_MAC_LEN <= datagram.len);
	crypto_generichash_init(&state, key, AUTH_KEY_LEN, OPTION_MAC_LEN);
	crypto_generichash_update(&state, datagram.p, before);
	crypto_generichash_update(&state, zeros, sizeof(zeros));
	crypto_generichash_update(
		&state, mac + OPTION_MAC_LEN, datagram.len - before - OPTION_MAC_LEN);
	crypto_generichash_final(&state, out, OPTION_MAC_LEN);
}

static const struct auth_key *find_key(const struct auth_key *keys, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].name_len == name.len && name.len != 0 &&
			memcmp(keys[i].name, name.p, name.len) == 0)
			return &keys[i];
	return NULL;
}

static bool time_is_near(uint64_t time_s, uint64_t wall_ms)
{
	uint64_t now_s = wall_ms / 1000;

	return (time_s > now_s ? time_s - now_s : now_s - time_s) <= AUTH_SKEW_S;
}

int auth_check(const struct auth_key *keys, size_t n, struct span datagram, const struct options *o,
	struct recent *seen, const struct now *now)
{
	const struct auth_key *key = find_key(keys, n, o->auth_key_name);
	uint8_t mac[OPTION_MAC_LEN];

	assert(o->has_auth && o->mac);
	if (!key || !time_is_near(o->auth_time_s, now->wall_ms))
		return DHT_EAUTH;
	auth_mac(key->key, datagram, o->mac, mac);
	if (sodium_memcmp(mac, o->mac, sizeof(mac)) != 0)
		return DHT_EAUTH;

	uint64_t print = recent_print(seen, mac, sizeof(mac));
	return recent_add(seen, print, now_mono_ms(now)) ? 0 : DHT_ESTALE;
}
