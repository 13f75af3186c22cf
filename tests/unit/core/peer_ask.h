/* SPDX-License-Identifier: BSD-2-Clause */
/* peer_ask: one question of another server, and what the lane that gets it answers. */
#ifndef DHT_TESTS_UNIT_CORE_PEER_ASK_H
#define DHT_TESTS_UNIT_CORE_PEER_ASK_H

#include "net_rig.h"

#define PEER_ANSWERS 512

/* Asks a node as its neighbour would, now; gives the number of messages that answer it. */
size_t peer_ask(struct net *net, unsigned node, const struct peer_msg *m);

/* Answer i of the last peer_ask(). */
const struct peer_msg *peer_answer(size_t i);

/* Datagrams that they came in. */
size_t peer_datagrams(void);

#endif
