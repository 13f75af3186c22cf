/* SPDX-License-Identifier: BSD-2-Clause */
/* garbage: what strangers, and who pretends to be a server, send to any port: nothing that parses
 * as a change, so that all of it must be without effect. */
#ifndef DHT_TESTS_SIM_GARBAGE_H
#define DHT_TESTS_SIM_GARBAGE_H

#include "sim.h"

/* Some datagrams to some servers. */
void garbage_send(struct sim *s, struct rng *rng);

#endif
