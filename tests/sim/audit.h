/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit: what must be so some time after healing, and what must be so at any time.
 *
 *     heal ── AUDIT_AGREE ──▶ members agree ── repair ──▶ each server is asked for each hash ──▶
 *     WANT and WATCH at each server, ANNOUNCE and WITHDRAW at some ──▶ chaos_audited()
 *
 * Repair has two of its intervals, and anew when a server that was held down because it had been
 * dead several times owns something again (within AUDIT_HELD_US).
 *
 * The auditor asks as a client does, through the sockets. AUDIT_AGREE is ten keep-alive intervals,
 * as the design promises, and drop_after for who stays away, and fifteen seconds for gossip;
 * as many more for what servers said of themselves meanwhile.
 *
 * Each second: nobody sends too much of himself, no limit is passed. Now and then: each module's
 * own check of itself.
 */
#ifndef DHT_TESTS_SIM_AUDIT_H
#define DHT_TESTS_SIM_AUDIT_H

#include "sim.h"

#define AUDIT_INTERVALS 10
#define AUDIT_GOSSIP_US (15 * SIM_SECOND)
#define AUDIT_HELD_US   (1200 * SIM_SECOND)

struct audit *audit_new(struct sim *s);
void audit_free(struct audit *a);

/* Begins to look at what must always be so. */
void audit_watch(struct sim *s);

/* All has just been healed. */
void audit_healed(struct sim *s);

/* The clients are gone: measures for how much there is to send; then the run is over. */
void audit_quiet(struct sim *s);

#endif
