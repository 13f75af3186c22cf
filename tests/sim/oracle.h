/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle: what was asked for, what was promised, and so what may and what must be there.
 *
 * For each key (hash, provider) it keeps *acts*: one for each request that changes it, however many
 * copies of the request came to however many servers, each of which may take effect with a version
 * of its own. All is known at the servers' doors (witness.h), so an act is known before it can
 * show.
 *
 *     act:   first copy ─── last copy ─── done: acknowledged, or no copy can take a new version
 *            └ lives until this + ttl at least, and the last copy + ttl at most
 *
 * *a surely before b*: a was done before b's first copy came, b was acknowledged, and either no
 * clock of any server was as late when a was done as that of b's server when b came (so a's version
 * is lower), or a was acknowledged and their quorums overlap, as both were stored with the same
 * owners who had it still (so b met a, and went above it; servers that were cut off from each other
 * have quorums of their own, and what went to other owners is not met). Acts that are surely before
 * an acknowledged one are forgotten. From those that are left follows:
 *
 *     some are acknowledged, and all announce  → it must be there until the first of them may end
 *                                                (some seconds later, by who had just started)
 *     some are acknowledged, and all withdraw  → it must not be there (once repaired)
 *     all have ended                           → it must not be there; at once when no act ever
 *                                                made that was still to live
 *     otherwise                                → it may be there
 *
 * What must or must not be is excused when quorum or more servers have lost their disks since.
 */
#ifndef DHT_TESTS_SIM_ORACLE_H
#define DHT_TESTS_SIM_ORACLE_H

#include "base/addr.h"
#include "wire/hash.h"

#include "sim.h"

/* Nothing is served for longer than this after its end, and to that precision ends are known. */
#define ORACLE_SLACK_US (5 * SIM_SECOND)

/* Behind the providers of the plan there is one for each client: its own address. */
#define ORACLE_PROVIDERS (PLAN_PROVIDERS_MAX + PLAN_CLIENTS_MAX)
#define ORACLE_NONE      UINT32_MAX

/* Behind the hashes of the plan there is one for each probe of the auditor's, from 1 on. */
#define ORACLE_HASHES (PLAN_HASHES_MAX + PLAN_ROUNDS_MAX + 1)

struct oracle;
struct node;
struct ask;

enum oracle_say {
	ORACLE_MAY,
	ORACLE_MUST,
	ORACLE_MUST_NOT,
	ORACLE_EXCUSED, /* it must or must not, but disks were lost */
};

struct oracle *oracle_new(struct sim *s);
void oracle_free(struct oracle *o);

const struct hash *oracle_hash(const struct sim *s, uint32_t hash);

/* The provider's address and port. */
struct addr oracle_provider(const struct sim *s, uint32_t provider);

/* Which provider this is; ORACLE_NONE: none that ever was. port NULL: whatever its port. */
uint32_t oracle_find(const struct sim *s, const struct ip *ip, const uint16_t *port);

/* A copy of a request that changes something comes to a server. */
void oracle_asked(struct sim *s, struct node *n, const struct ask *r);

/* A server says what became of hash i of a request. */
void oracle_acked(struct sim *s, struct node *n, const struct ask *r, uint32_t i, uint8_t status);

/* What a server had is lost, but for what it had at since_us (0: all is). */
void oracle_disk_lost(struct sim *s, uint32_t server, uint64_t since_us);

/* All servers were found to have all that they must: losses before now are made good. */
void oracle_repaired(struct sim *s);

/* Checks one provider that a server tells of. life_us: with so much to live; SIM_NEVER: not said.
 */
void oracle_told(struct sim *s, struct node *n, uint32_t hash, uint32_t provider, uint64_t life_us);

/* What is known of a key for all the time from one to another, of which the last is now or past.
 * repaired: what was withdrawn must be gone. */
enum oracle_say oracle_say(struct sim *s, uint32_t hash, uint32_t provider, uint64_t from_us,
	uint64_t to_us, bool repaired);

/* How many copies of requests came that announce it, and that withdraw it. */
uint32_t oracle_announced(const struct sim *s, uint32_t hash, uint32_t provider);
uint32_t oracle_withdrawn(const struct sim *s, uint32_t hash, uint32_t provider);

/* What is known of a key, for people. */
void oracle_explain(struct sim *s, uint32_t hash, uint32_t provider);

#endif
