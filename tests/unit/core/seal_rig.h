/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal_rig: servers that send each other envelopes, in a test's hands.
 *
 * A side is one server: what it is known by, its clock and its seal. What it sends is a copy, so
 * that a test can deliver it as often and as late as it likes.
 */
#ifndef DHT_TESTS_UNIT_CORE_SEAL_RIG_H
#define DHT_TESTS_UNIT_CORE_SEAL_RIG_H

#include "core/seal.h"

#include "../unit.h"

#define SIDE_DATAGRAM 1232
#define SECOND_US     UINT64_C(1000000)

struct side {
	struct seal *seal;
	struct seal_stream stream;
	struct now now;
	struct addr id; /* and the socket that it sends from */
	struct seal_keys keys;
	uint8_t number, restarts;
};

/* A datagram on its way. */
struct posted {
	struct addr from;
	size_t len;
	uint8_t bytes[SIDE_DATAGRAM];
};

/* Keys made of these letters: "ab" is two of them, "" none. */
struct seal_keys side_keys(const char *letters);

/* 10.0.0.NUMBER:8471, at a time of its own. */
void side_init(struct side *x, uint8_t number, const char *keys);
void side_fini(struct side *x);

/* With a new start, an empty seal and counters from 1. */
void side_restart(struct side *x);

/* An envelope with one message, len bytes with its header. */
struct posted side_send_len(struct side *x, size_t len);
struct posted side_send(struct side *x);

/* Opens a copy. */
enum seal_reason side_open(struct side *x, const struct posted *p, struct letter *l);

/* Whether a copy counts: opened, and its start is known. */
bool side_takes(struct side *x, const struct posted *p);

/* x's answer to a challenge of to's, for x's start and socket. */
struct peer_proof side_challenge(struct side *to, struct side *x);

/* x proves itself to y, or not. */
bool side_prove(struct side *x, struct side *y);

/* x and y prove themselves to each other. */
void side_meet(struct side *x, struct side *y);

/* The time goes on for both. */
void sides_wait(struct side *x, struct side *y, uint64_t us);

#endif
