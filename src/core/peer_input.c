/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <string.h>

#include "base/mutant.h"
#include "core/coordinate.h"
#include "core/envelope.h"
#include "core/interest.h"
#include "core/lane.h"

struct mail lane_mail(struct lane *l, const struct now *now, struct outbox *out, size_t left)
{
	size_t max = out->datagram_max < PARCEL_MAX ? out->datagram_max : PARCEL_MAX;

	return mail_begin(l->server->seal, &l->stream, &l->stats, now, out, max, left);
}

/* Nobody grants a lifetime near to this; a letter may say anything. */
#define LIFE_MAX_MS (UINT64_C(100) * 365 * 24 * 3600 * 1000)

uint64_t letter_expiry_ms(const struct letter *l, uint64_t life_ms)
{
	return (MUTANT(4) ? l->time_us : l->sent_us) / 1000 +
	       (life_ms < LIFE_MAX_MS ? life_ms : LIFE_MAX_MS);
}

struct record letter_record(const struct letter *l, const struct peer_record *told)
{
	return (struct record){
		.ip = told->ip,
		.port = told->port,
		.version = told->version,
		.expiry_ms = letter_expiry_ms(l, (uint64_t)told->life * PEER_LIFE_UNIT_MS),
	};
}

static peer_handle_fn *const handlers[PEER_TYPE_END] = {
	[PEER_STORE] = peer_handle_store,
	[PEER_FETCH] = peer_handle_fetch,
	[PEER_SUBSCRIBE] = peer_handle_subscribe,
	[PEER_NOTED] = peer_handle_noted,
	[PEER_PULL] = peer_handle_pull,
};

/* What the members or repair are to see. */
static bool is_for_cluster(uint8_t type)
{
	return (type >= MSG_NEW && type <= MSG_NEW_SERV) ||
	       (type >= PEER_BEAT && type <= PEER_ROSTER) ||
	       (type >= PEER_COMPARE && type <= PEER_CONFIRM && type != PEER_PULL);
}

/* One message; true when it is the cluster's. */
static bool take_message(struct peer_request *rq, struct span message)
{
	uint8_t type = message.p[0];

	if (is_for_cluster(type))
		return true;
	if (type == PEER_PROVE || type == PEER_PROOF)
		return false;
	if (type < PEER_TYPE_END && handlers[type]) {
		if (peer_decode(message, &rq->msg) == MSG_GOOD)
			handlers[type](rq);
		else
			stats_inc(&rq->lane->stats, STATS_PEER_MALFORMED);
		return false;
	}
	if (!coordinator_take(rq->lane->coordinator, rq->now, rq->letter, message) &&
		!interest_take(rq->lane->interest, rq->letter, rq->flow, message, rq->mail))
		stats_inc(&rq->lane->stats, STATS_PEER_MALFORMED);
	return false;
}

static bool take_letter(struct peer_request *rq)
{
	struct span rest = rq->letter->messages, message;
	bool for_cluster = false;

	while (peer_next(&rest, &message))
		for_cluster |= take_message(rq, message);
	if (rest.len != 0)
		stats_inc(&rq->lane->stats, STATS_PEER_MALFORMED);
	return for_cluster;
}

static void parcel_fill(struct parcel *p, const struct flow *flow, struct span bytes)
{
	assert(bytes.len <= sizeof(p->bytes));
	p->flow = *flow;
	p->len = bytes.len;
	memcpy(p->bytes, bytes.p, bytes.len);
}

/* The original's messages, as they are. */
static bool take_bare(struct lane *l, const struct flow *flow, struct span bytes, struct parcel *p)
{
	struct msg m;
	bool has_txid;

	if (msg_decode(bytes.p, bytes.len, PLANE_PEER, &m, &has_txid) != MSG_GOOD) {
		stats_inc(&l->stats, STATS_PEER_MALFORMED);
		return false;
	}
	parcel_fill(p, flow, bytes);
	p->bare = true;
	return true;
}

static bool is_bare(const struct seal *seal, const uint8_t *bytes, size_t len)
{
	return seal_is_clear(seal) && len > 0 && bytes[0] >= MSG_NEW && bytes[0] <= MSG_NEW_SERV;
}

bool lane_peer_input(struct lane *l, const struct now *now, const struct flow *flow, uint8_t *bytes,
	size_t len, struct outbox *out, struct parcel *parcel)
{
	struct server *s = l->server;
	const struct view *view = atomic_load_explicit(&s->view, memory_order_seq_cst);
	struct letter letter;

	assert(out->capacity - out->count >= LANE_OUT_MAX);
	if (!view || len > PARCEL_MAX || !ip_is_unicast(&flow->remote.ip) || !flow->remote.port) {
		stats_inc(&l->stats, view ? STATS_PEER_LENGTH : STATS_PEER_NO_CLUSTER);
		return false;
	}
	if (is_bare(s->seal, bytes, len))
		return take_bare(l, flow, (struct span){bytes, len}, parcel);

	struct mail mail = lane_mail(l, now, out, LANE_OUT_MAX);
	struct peer_request rq = {
		.lane = l,
		.server = s,
		.policy = atomic_load_explicit(&s->policy, memory_order_seq_cst),
		.view = view,
		.now = now,
		.now_ms = now_mono_ms(now),
		.letter = &letter,
		.flow = flow,
		.mail = &mail,
	};
	bool for_cluster = envelope_open(s->seal, now, flow, bytes, len, &mail, &letter) &&
	                   take_letter(&rq);
	mail_flush(&mail);
	if (!for_cluster)
		return false;
	parcel_fill(parcel, flow, letter.messages);
	parcel->bare = false;
	parcel->letter = letter;
	return true;
}
