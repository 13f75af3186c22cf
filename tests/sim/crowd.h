/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crowd: the clients, and the auditor, who is one more.
 *
 *     new ─▶ sent ─▶ (CHALLENGE ─▶ sent with the cookie) ─▶ answered ─▶ finished
 *              └──▶ no answer: the same to the same server, then to others, then given up
 *
 * Each request has a port of its own as long as the run lasts, so that whatever leaves a server for
 * a client says which request it is for, even an answer that has no transaction id and comes very
 * late. The number of a request is its client and its port.
 *
 * A LOOKUP asks for up to ASK_HASHES at once and then pages through each that has more. The
 * page stands in its transaction id: an answer says which page it is for.
 */
#ifndef DHT_TESTS_SIM_CROWD_H
#define DHT_TESTS_SIM_CROWD_H

#include "wire/msg.h"

#include "net.h"
#include "oracle.h"
#include "sim.h"

#define ASK_HASHES 4
#define ASK_TRIES  6
#define PAGE_ALL   0xff /* the first question, for all hashes */

#define CROWD_AUDITOR PLAN_CLIENTS_MAX /* the client behind the others */
#define CROWD_COUNT   (PLAN_CLIENTS_MAX + 1)

enum ask_kind {
	ASK_GET,
	ASK_PUT,
	ASK_WANT,
	ASK_LOOKUP,
	ASK_ANNOUNCE,
	ASK_WITHDRAW,
	ASK_WATCH,
	ASK_PING,
	ASK_SERVERS,
	ASK_KINDS,
};

/* What a subscription was told of one key while nothing was wrong. */
struct told_key {
	uint64_t since_us;             /* the heal_us that this counts from */
	uint32_t announced, withdrawn; /* requests before the first */
	uint32_t times[EVENT_EXPIRED + 1];
};

struct told {
	uint32_t seq;
	struct told_key keys[ASK_HASHES][ORACLE_PROVIDERS];
};

typedef uint64_t provider_set[(ORACLE_PROVIDERS + 63) / 64];

struct ask {
	struct event event; /* the next try, or the end */
	uint32_t number;
	uint8_t client, kind, hash_count, tries;
	bool stays; /* asks one server only */
	bool answered, finished;
	uint16_t hashes[ASK_HASHES];
	uint32_t provider;
	uint32_t ttl_s; /* asked for: of what is announced, or of a WATCH */
	uint16_t page_max;
	uint64_t start_us;
	uint32_t server; /* whom it asks now */
	uint32_t live;   /* that server's life when it did */
	uint8_t txid[MSG_TXID_LEN];
	bool has_cookie;
	uint8_t cookie[MSG_COOKIE_LEN];
	uint16_t plain_len; /* of the datagram without the cookie */

	/* LOOKUP */
	uint8_t page; /* the hash that it pages through, or PAGE_ALL */
	uint8_t seen; /* hashes of the first question that were answered, 1 << i */
	uint32_t next[ASK_HASHES];

	/* What was found, or what became of each hash. */
	provider_set found[ASK_HASHES];
	uint32_t haves; /* with somebody in */
	uint8_t statuses[ASK_HASHES];
	struct told *told; /* WATCH */

	/* At the servers' doors. */
	uint32_t asked_count, asked_bytes, told_bytes, told_haves;
	uint32_t asked_server, asked_life; /* the first that it came to */
	bool asked_proven, asked_several;

	/* NULL, or called when it is answered or given up. */
	void (*done)(struct sim *s, struct ask *r);
};

struct crowd *crowd_new(struct sim *s);
void crowd_free(struct crowd *c);

/* Clients begin, or ask for nothing more. */
void crowd_start(struct sim *s);
void crowd_stop(struct sim *s);

/* A datagram for a client. Takes p. */
void crowd_receive(struct sim *s, struct packet *p);

/* The request of a number; NULL when there is none. */
struct ask *crowd_find(const struct sim *s, uint32_t number);

/* The number of the request that a datagram to this address is for. */
uint32_t crowd_number(const struct sim *s, const struct addr *to);

/* A new request of a client's, to be filled in; NULL when he has no port left. */
struct ask *crowd_new_ask(struct sim *s, uint32_t client, enum ask_kind kind);

/* Sends it to a server for the first time. */
void crowd_send(struct sim *s, struct ask *r, uint32_t server);

/* Does not want to be told any more. */
void crowd_end(struct sim *s, struct ask *r);

static inline bool provider_is_in(const provider_set set, uint32_t provider)
{
	return set[provider / 64] >> provider % 64 & 1;
}

static inline void provider_put_in(provider_set set, uint32_t provider)
{
	set[provider / 64] |= UINT64_C(1) << provider % 64;
}

/* ask.c: the datagram of a request as it is to be sent now; gives its size. */
size_t ask_write(const struct sim *s, struct ask *r, uint8_t *to, size_t size);

/* An answer has come. */
void ask_heard(struct sim *s, struct ask *r, const struct addr *from, const struct msg *m);

/* Which hash of the request section index of an answer with this transaction id is about;
 * ASK_HASHES: none. */
uint32_t ask_hash_of(const struct ask *r, const uint8_t *txid, uint32_t index);

#endif
