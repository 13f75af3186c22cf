/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/envelope.h"

#include "base/mutant.h"

static enum stats_id counter_of(enum seal_reason reason)
{
	static const enum stats_id counters[] = {
		[SEAL_NOT_ENVELOPE] = STATS_PEER_NOT_ENVELOPE,
		[SEAL_BAD_LENGTH] = STATS_PEER_LENGTH,
		[SEAL_IN_CLEAR] = STATS_PEER_IN_CLEAR,
		[SEAL_UNKNOWN_KEY] = STATS_PEER_UNKNOWN_KEY,
		[SEAL_FORGED] = STATS_PEER_FORGED,
		[SEAL_REPLAYED] = STATS_PEER_REPLAYED,
		[SEAL_WRONG_ADDRESS] = STATS_PEER_WRONG_ADDRESS,
		[SEAL_OWN] = STATS_PEER_OWN,
		[SEAL_FULL] = STATS_PEER_FULL,
	};

	return counters[reason];
}

/* One letter's part in proving starts. */
struct handshake {
	struct seal *seal;
	const struct now *now;
	const struct flow *flow;
	struct mail *mail;
	struct letter *letter;
	bool proof_seen;
};

static void ask_for_proof(struct handshake *h)
{
	struct peer_msg m = {.type = PEER_PROVE};

	seal_prove(h->seal, h->now, h->letter, &m.prove);
	if (mail_put(h->mail, h->flow, &m))
		stats_inc(h->mail->stats, STATS_CLUSTER_CHALLENGES);
}

static void give_proof(struct handshake *h, const struct peer_prove *prove)
{
	struct peer_msg m = {.type = PEER_PROOF, .proof = seal_proof_of(h->seal, prove)};

	mail_put(h->mail, h->flow, &m);
}

static void take_proof(struct handshake *h, const struct peer_proof *proof)
{
	h->proof_seen = true;
	if (!seal_proven(h->seal, h->now, h->letter, proof))
		stats_inc(h->mail->stats, STATS_PEER_BAD_PROOF);
}

static void walk(struct handshake *h)
{
	struct span rest = h->letter->messages, message;
	struct peer_msg m;

	while (peer_next(&rest, &message)) {
		uint8_t type = message.p[0];
		if (type != PEER_PROVE && type != PEER_PROOF)
			continue;
		if (peer_decode(message, &m) != MSG_GOOD)
			continue;
		if (type == PEER_PROOF)
			take_proof(h, &m.proof);
		else
			give_proof(h, &m.prove);
	}
}

bool envelope_open(struct seal *s, const struct now *now, const struct flow *flow, uint8_t *bytes,
	size_t len, struct mail *mail, struct letter *out)
{
	struct handshake h = {.seal = s, .now = now, .flow = flow, .mail = mail, .letter = out};
	uint8_t key_id;
	enum seal_reason reason = seal_open(s, now, &flow->remote, bytes, len, out, &key_id);

	if (reason != SEAL_OPENED) {
		stats_inc(mail->stats, counter_of(reason));
		return false;
	}
	walk(&h);
	if (!out->known) {
		stats_inc(mail->stats, STATS_PEER_UNPROVEN);
		if (!h.proof_seen)
			ask_for_proof(&h);
		return false;
	}
	if (MUTANT(24) && h.proof_seen)
		ask_for_proof(&h);
	stats_inc(mail->stats, STATS_CLUSTER_ENVELOPES);
	return true;
}
