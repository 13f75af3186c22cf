/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth: option 130, which says by whom a request was made.
 *
 * The MAC is BLAKE2b-128 under a named 32-byte key over the whole datagram with the MAC's own 16
 * bytes zero. A time off by more than 60 s, or a MAC that was seen before, is refused: a recorded
 * request cannot be sent again.
 */
#ifndef DHT_CORE_AUTH_H
#define DHT_CORE_AUTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "core/now.h"
#include "core/recent.h"
#include "wire/option.h"

#define AUTH_KEY_LEN  32
#define AUTH_NAME_MAX 64
#define AUTH_SEEN_MS  125000 /* a time is good for AUTH_SKEW_S before and after */
#define AUTH_SKEW_S   60

struct auth_key {
	uint8_t name_len;
	char name[AUTH_NAME_MAX];
	uint8_t key[AUTH_KEY_LEN];
};

/* mac: 16 bytes inside datagram; they count as zero, whatever they are. */
void auth_mac(const uint8_t key[static AUTH_KEY_LEN], struct span datagram, const uint8_t *mac,
	uint8_t out[static OPTION_MAC_LEN]);

/* 0, or DHT_EAUTH for an unknown key, a wrong MAC or a time too far off, or DHT_ESTALE when all is
 * right but for the MAC having been seen before. seen remembers MACs: a set that holds nothing
 * else. */
int auth_check(const struct auth_key *keys, size_t n, struct span datagram, const struct options *o,
	struct recent *seen, const struct now *now);

#endif
