/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mutant.h"
#include "core/coordinate.h"
#include "core/lane.h"
#include "wire/list.h"

/* Whether what is there is another, newer version than what came; *newer is then at least it. */
static bool stood_in_the_way(struct peer_request *rq, const struct table_key *key, uint64_t *newer)
{
	const struct peer_store *m = &rq->msg.store;
	uint64_t there = version_order(
		table_version(rq->server->table, key, &m->ip, m->port, rq->now_ms));

	if (there <= version_order(m->version))
		return false;
	if (there > *newer)
		*newer = there;
	return true;
}

/* The bounds that we have of the sender's clock make it end here a little earlier than it meant; a
 * short life may be over when it comes. Then nothing was kept that the sender could count. */
static bool is_over(const struct peer_request *rq, const struct record *r)
{
	return !version_is_withdrawal(r->version) && r->expiry_ms <= rq->now_ms;
}

static enum peer_store_status store_one(
	struct peer_request *rq, struct span hash, const struct record *r, uint64_t *newer)
{
	struct table_key key = table_key_of(hash);
	int change = lane_store_foreign(rq->lane, &key, r, rq->now);

	if (change == DHT_EINVAL || is_over(rq, r))
		return PEER_STORE_REFUSED;
	if (change < 0 && !MUTANT(23))
		return PEER_STORE_FULL;
	if (!view_owns(rq->view, key.partition, rq->view->self))
		return PEER_STORE_NOT_OWNER;
	if (change == TABLE_UNCHANGED && stood_in_the_way(rq, &key, newer))
		return PEER_STORE_NEWER;
	return PEER_STORE_KEPT;
}

/* A second copy of the same question changes nothing and is answered alike. */
void peer_handle_store(struct peer_request *rq)
{
	const struct peer_store *m = &rq->msg.store;
	struct span rest = m->hashes.items, hash;
	uint8_t statuses[UINT8_MAX];
	uint64_t newer = 0;
	size_t n = 0;
	struct record r = {
		.ip = m->ip,
		.port = m->port,
		.version = m->version,
		.expiry_ms = letter_expiry_ms(rq->letter, m->life_ms),
	};

	while (hash_list_next(&rest, &hash))
		statuses[n++] = (uint8_t)store_one(rq, hash, &r, &newer);
	stats_inc(&rq->lane->stats, STATS_CLUSTER_STORES_TAKEN);
	struct peer_msg answer = {
		.type = PEER_STORED,
		.stored = {.id = m->id, .newer = newer, .statuses = {.p = statuses, .len = n}},
	};
	mail_put(rq->mail, rq->flow, &answer);
}
