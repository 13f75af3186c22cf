/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plain: the base messages, which have no transaction id and no acknowledgement.
 *
 * A HAVE does not say which hash it is about. So every question that a HAVE answers has a slot of
 * its own, a port that nothing else was ever asked from: what arrives there is its answer, also
 * when it comes late or twice.
 *
 *     GET     one hash, one slot, GETS_MAX at a time; tried again on the same slot
 *     PUT     nothing answers it: PUTS_EACH of them go out together with a GET for the last hash
 *             behind them. Its HAVE says that the server has read them all and that its buffer is
 *             empty again; without one all of them are sent again. BURSTS_MAX such at a time
 *     WANT    first a lookup, because the HAVE is sent once and may be lost; then WANT, three times
 *             in a row for the same reason; then waiting. After WANT_TURN_S (WANT_CHECK_TURN_S
 * where there are other servers) it begins anew, which finds what was lost and leaves a server that
 * is gone. When more than WANTS_MAX wait, they take turns of WANT_SHORT_TURN_S, and it is polling
 *     EXIT    from slot 0, where nothing answers
 *
 * A HAVE without an address answers GET; to a WANT it says nothing new.
 */
#ifndef DHT_CLIENT_PLAIN_H
#define DHT_CLIENT_PLAIN_H

#include "client/state.h"

/* Whether there is a slot for a batch of this kind. */
bool plain_may_start(const struct requester *r, enum request_kind kind);

/* How many of the queue's first requests go in one batch. */
size_t plain_pack(const struct requester *r, enum request_kind kind);

/* The slot that a batch holds from its start to its end. */
void plain_take_slot(struct requester *r, struct batch *b);
void plain_give_slot(struct requester *r, struct batch *b);

/* The next datagram of this round; gives its size, or 0 when it cannot be built for this server.
 * *more: others follow it. */
size_t plain_compose(const struct requester *r, const struct batch *b, uint8_t *bytes, bool *more);

/* The deadline of a want has come, or its server cannot be reached. */
void plain_want_due(struct requester *r, struct batch *b);
void plain_want_refused(struct requester *r, struct batch *b);

/* The lookup for a want has ended. */
void plain_want_looked_up(struct requester *r, struct request *want, struct request *lookup);

/* A HAVE came in on a slot. */
void plain_have(struct requester *r, struct requester_path path, const struct addr *from,
	const struct msg_have *have);

#endif
