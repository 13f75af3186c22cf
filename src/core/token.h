/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token: cookies that prove that a client receives at the address it sends from.
 *
 *     COOKIE (16) = TIME u32 (UNIX seconds) ‖ the first 12 bytes of SipHash-128(secret, IP ‖ TIME)
 *
 * Stateless: nothing is stored for a cookie that was given out. The secret of an epoch of 10
 * minutes is BLAKE2b(master key, epoch), so every server with the same master key accepts
 * another's, and a cookie is refused when its epoch is neither this one nor the last, or when its
 * TIME is over a minute in the future (the shape of RFC 9018's server cookies).
 *
 * A struct token caches two epochs' secrets: one for each worker, not shared.
 */
#ifndef DHT_CORE_TOKEN_H
#define DHT_CORE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "wire/msg.h"

#define TOKEN_KEY_LEN 32
#define TOKEN_EPOCH_S 600

struct token {
	uint8_t master[TOKEN_KEY_LEN];
	uint64_t epoch[2]; /* of secret[i]; UINT64_MAX: none yet */
	uint8_t secret[2][16];
};

void token_init(struct token *t, const uint8_t master[static TOKEN_KEY_LEN]);

void token_make(struct token *t, const struct ip *ip, uint64_t wall_s,
	uint8_t cookie[static MSG_COOKIE_LEN]);

/* In constant time for a given TIME. */
bool token_check(struct token *t, const struct ip *ip, uint64_t wall_s,
	const uint8_t cookie[static MSG_COOKIE_LEN]);

#endif
