/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * basic: a peer that knows nothing but the base messages, in clusters without a key.
 *
 * It sends NEW to a server until YES comes, and to each that NEW_SERV names; answers NEW and
 * KEEP_ALIVE; and believes DECO. It never stops: who loses sight of it must find it again.
 */
#ifndef DHT_TESTS_SIM_BASIC_H
#define DHT_TESTS_SIM_BASIC_H

#include "net.h"
#include "sim.h"

struct basic;

struct basic *basic_new(struct sim *s);
void basic_free(struct basic *b);
void basic_start(struct sim *s);

/* Takes p. */
void basic_receive(struct sim *s, struct packet *p);

#endif
