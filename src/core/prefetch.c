/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/lane.h"

#define BATCH 32

/* Where a request's first hash is: behind its length in HASHES, or all the rest. */
static const struct place {
	uint8_t at; /* 0: it has none */
	bool counted;
} places[MSG_TYPE_COUNT] = {
	[MSG_GET] = {MSG_HEADER_LEN, false},
	[MSG_PUT] = {MSG_HEADER_LEN + 16, false},
	[MSG_WANT] = {MSG_HEADER_LEN, false},
	[MSG_LOOKUP] = {MSG_HEADER_LEN + MSG_TXID_LEN + 2 + 4 + 1, true},
	[MSG_ANNOUNCE] = {MSG_HEADER_LEN + MSG_TXID_LEN + 4 + 2 + 16 + 1, true},
	[MSG_WITHDRAW] = {MSG_HEADER_LEN + MSG_TXID_LEN + 2 + 16 + 1, true},
};

/* Whether there is something that looks like it; nothing depends on whether it is. */
static bool first_hash(struct span d, struct span *hash)
{
	if (d.len == 0 || d.p[0] >= MSG_TYPE_COUNT || places[d.p[0]].at == 0)
		return false;
	const struct place *place = &places[d.p[0]];
	if (d.len <= place->at)
		return false;
	*hash = (struct span){.p = d.p + place->at, .len = d.len - place->at};
	if (place->counted) {
		size_t len = *hash->p++;
		if (len >= hash->len)
			return false;
		hash->len = len;
	}
	return hash_len_ok(hash->len);
}

void lane_prefetch(struct lane *l, const struct span *datagrams, size_t n)
{
	struct table_key keys[BATCH];
	size_t found = 0;
	struct span hash;

	for (size_t i = 0; i < n; i++) {
		if (!first_hash(datagrams[i], &hash))
			continue;
		keys[found++] = table_key_of(hash);
		if (found == BATCH) {
			table_prefetch(l->server->table, keys, found);
			found = 0;
		}
	}
	if (found > 1) /* one alone gains nothing */
		table_prefetch(l->server->table, keys, found);
}
