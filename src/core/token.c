/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/token.h"

#include <string.h>

#include <sodium.h>

#include "base/bytes.h"
#include "base/keyed.h"

#define TIME_LEN     4
#define TAG_LEN      (MSG_COOKIE_LEN - TIME_LEN)
#define MAX_AHEAD_S  60
#define MAX_BEHIND_S (2 * TOKEN_EPOCH_S)

void token_init(struct token *t, const uint8_t master[static TOKEN_KEY_LEN])
{
	memset(t, 0, sizeof(*t));
	memcpy(t->master, master, TOKEN_KEY_LEN);
	t->epoch[0] = t->epoch[1] = UINT64_MAX;
}

/* Neighbouring epochs have different places, so that the two in use stay cached. */
static const uint8_t *secret_of(struct token *t, uint64_t epoch)
{
	size_t i = epoch & 1;

	if (t->epoch[i] != epoch) {
		uint8_t number[8];
		store_be64(number, epoch);
		crypto_generichash(t->secret[i], sizeof(t->secret[i]), number, sizeof(number),
			t->master, sizeof(t->master));
		t->epoch[i] = epoch;
	}
	return t->secret[i];
}

static void tag_of(struct token *t, const struct ip *ip, uint64_t time_s, uint8_t tag[static 16])
{
	uint8_t data[sizeof(ip->b) + TIME_LEN];

	memcpy(data, ip->b, sizeof(ip->b));
	store_be32(data + sizeof(ip->b), (uint32_t)time_s);
	keyed_tag(secret_of(t, time_s / TOKEN_EPOCH_S), data, sizeof(data), tag);
}

void token_make(struct token *t, const struct ip *ip, uint64_t wall_s,
	uint8_t cookie[static MSG_COOKIE_LEN])
{
	uint8_t tag[16];

	tag_of(t, ip, wall_s, tag);
	store_be32(cookie, (uint32_t)wall_s);
	memcpy(cookie + TIME_LEN, tag, TAG_LEN);
}

bool token_check(struct token *t, const struct ip *ip, uint64_t wall_s,
	const uint8_t cookie[static MSG_COOKIE_LEN])
{
	/* TIME is the low half of the time that is nearest to now. */
	int64_t ahead_s = (int32_t)(load_be32(cookie) - (uint32_t)wall_s);
	uint64_t time_s = wall_s + (uint64_t)ahead_s;
	uint8_t tag[16];

	if (ahead_s > MAX_AHEAD_S || ahead_s < -MAX_BEHIND_S)
		return false;
	if (ahead_s < 0 && time_s > wall_s) /* before 1970 */
		return false;
	if (time_s / TOKEN_EPOCH_S + 1 < wall_s / TOKEN_EPOCH_S)
		return false;
	tag_of(t, ip, time_s, tag);
	return sodium_memcmp(tag, cookie + TIME_LEN, TAG_LEN) == 0;
}
