/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail: messages to other servers on their way into datagrams.
 *
 *     mail_put(m, to, message)   ─▶ envelope to `to`, as long as the messages are for the same flow
 *                                   and fit ─▶ sealed ─▶ outbox
 *
 * A struct mail is one thread's, for one call into the core: begun, filled, flushed. Several
 * messages in a row for one flow (the same remote and socket) go in one datagram. Without keys base
 * messages go bare, each a datagram of its own, as the original has them, unless the caller wants
 * one beside others.
 *
 * It never needs more room than it is told there is, or than the outbox has: when no datagram is
 * left, mail_room() says so and mail_put() drops and counts, and so it does with a message that no
 * envelope can hold. An envelope has its place in the outbox from its first message on, so that
 * others may push datagrams of theirs meanwhile. Nothing is kept between two calls.
 */
#ifndef DHT_CORE_MAIL_H
#define DHT_CORE_MAIL_H

#include <stdbool.h>

#include "core/flow.h"
#include "core/outbox.h"
#include "core/seal.h"
#include "core/stats.h"

struct mail {
	struct seal *seal;
	struct seal_stream *stream;
	struct stats *stats;
	const struct now *now;
	struct outbox *out;
	size_t datagram_max;
	size_t left;     /* datagrams that may still be begun */
	size_t item;     /* of the outbox: the envelope that is open */
	struct writer w; /* in it; w.start NULL: none is */
};

/* left: datagrams that it may make. datagram_max: at most the outbox's. */
struct mail mail_begin(struct seal *seal, struct seal_stream *stream, struct stats *stats,
	const struct now *now, struct outbox *out, size_t datagram_max, size_t left);

/* Datagrams that may still be begun. */
static inline size_t mail_room(const struct mail *m)
{
	size_t room = m->out->capacity - m->out->count;

	return m->left < room ? m->left : room;
}

/* Appends an internal message. False when there was no room for it: it is dropped and counted. */
bool mail_put(struct mail *m, const struct flow *flow, const struct peer_msg *msg);

/* Appends a base message: in the envelope, or bare in a datagram of its own when there are no keys;
 * in_envelope: in the envelope in any case. */
bool mail_put_base(
	struct mail *m, const struct flow *flow, const struct msg *msg, bool in_envelope);

/* Bytes of messages that still fit the envelope that is open for this flow, or else a new one: for
 * lists that are to fill a datagram. 0: none can be begun. */
size_t mail_fits(const struct mail *m, const struct flow *flow);

/* The largest inside of an envelope. */
static inline size_t mail_inside(const struct mail *m)
{
	return m->datagram_max - SEAL_OVERHEAD;
}

/* Closes the envelope that is open, if any. Must be the last call. */
void mail_flush(struct mail *m);

#endif
