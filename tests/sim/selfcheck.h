/* SPDX-License-Identifier: BSD-2-Clause */
/* selfcheck: looking into servers: each module's own check, limits, and who has which record. */
#ifndef DHT_TESTS_SIM_SELFCHECK_H
#define DHT_TESTS_SIM_SELFCHECK_H

#include "fleet.h"

/* The modules of one server, and its limits. */
void selfcheck(struct sim *s, struct node *n);

/* Each record that must be there is on as many servers as are to own it. */
void selfcheck_copies(struct sim *s);

/* Whether a server that is up has something of a key, be it a tombstone. */
bool selfcheck_holds(const struct sim *s, uint32_t server, uint32_t hash, uint32_t provider);

/* How many servers may have something of a key for a change that was first asked for at since_us:
 * those that do, and those that are down or were since. */
uint32_t selfcheck_holders(
	const struct sim *s, uint32_t hash, uint32_t provider, uint64_t since_us);

#endif
