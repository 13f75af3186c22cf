/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * witness: what goes between servers and clients, seen at the server's door.
 *
 * A client's request is what it is when it comes in, at the time when it comes in, however late and
 * however often; an answer is what it is when it leaves. So no delay of the network blurs what the
 * oracle knows and checks.
 */
#ifndef DHT_TESTS_SIM_WITNESS_H
#define DHT_TESTS_SIM_WITNESS_H

#include "fleet.h"
#include "net.h"

/* A datagram is about to be given to a lane. */
void witness_asked(struct sim *s, struct node *n, const struct packet *p);

/* A server sends a datagram from its client port. */
void witness_told(
	struct sim *s, struct node *n, const struct addr *to, const uint8_t *bytes, size_t len);

#endif
