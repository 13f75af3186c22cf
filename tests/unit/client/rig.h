/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: a requester whose network is the test.
 *
 * What it sends is collected and decoded; what it gets is written by the test. The clock stands
 * still until rig_wait(). Server i is 192.0.2.(1 + i):8470.
 */
#ifndef DHT_TESTS_UNIT_CLIENT_RIG_H
#define DHT_TESTS_UNIT_CLIENT_RIG_H

#include "client/requester.h"
#include "wire/msg.h"

#include "../unit.h"

#define RIG_SENT_MAX   512
#define RIG_DATAGRAM   1232
#define RIG_START_US   UINT64_C(1000000000)
#define RIG_WALL_S     UINT64_C(1700000000)
#define RIG_TIMEOUT_MS 100

struct rig_sent {
	struct requester_datagram out;
	struct msg m; /* views bytes */
	uint8_t bytes[RIG_DATAGRAM];
};

struct rig {
	struct requester_config config;
	struct requester_server servers[8];
	struct requester *r;
	struct requester_time now;
	struct rig_sent *sent; /* since the last rig_send() */
	size_t count;
};

/* Fills in a configuration that rig_start() then uses; the test may change it in between. */
void rig_init(struct rig *rig, size_t servers);
void rig_start(struct rig *rig);
void rig_stop(struct rig *rig);

/* Collects what the requester has to send now; gives the number of datagrams. */
size_t rig_send(struct rig *rig);

/* Time passes; what is due is done and collected, as it becomes due. Gives the number of datagrams
 * in all; the last RIG_SENT_MAX of them are kept. */
size_t rig_wait(struct rig *rig, uint32_t ms);

/* Waits until something is sent, for at most a minute; gives the number of datagrams. */
size_t rig_wait_sent(struct rig *rig);

/* A copy of sent datagram i that later ones do not overwrite. */
void rig_keep(const struct rig *rig, size_t i, struct rig_sent *copy);

/* Server's answer m to a datagram, with its TXID. */
void rig_answer(struct rig *rig, const struct rig_sent *to, const struct msg *m);

/* The same from anywhere, in any slot, with any TXID. */
void rig_input(
	struct rig *rig, struct requester_path path, const struct addr *from, const struct msg *m);

/* PROVIDERS with a section for each of count hashes, holding the port `port` at 10.0.0.1 and next;
 * DONE with count times this status; ERROR; HAVE with n addresses 10.0.0.1 and up. */
void rig_providers(struct rig *rig, const struct rig_sent *to, uint16_t port, uint32_t next);
void rig_done(struct rig *rig, const struct rig_sent *to, uint8_t status);
void rig_error(struct rig *rig, const struct rig_sent *to, uint16_t code);
void rig_challenge(struct rig *rig, const struct rig_sent *to, uint8_t fill);
void rig_have(struct rig *rig, const struct rig_sent *to, size_t n);
void rig_event(
	struct rig *rig, const struct rig_sent *to, uint32_t seq, uint8_t kind, uint16_t port);
void rig_server_list(
	struct rig *rig, const struct rig_sent *to, const struct addr *servers, size_t n);
void rig_unreachable(struct rig *rig, const struct rig_sent *to);

/* How many hashes a sent request has. */
size_t rig_hashes(const struct rig_sent *sent);

/* The hash of some text. */
struct dht_hash rig_hash(const char *text);

/* Starts a request for rig_hash(text), with text as its user pointer. */
struct request *rig_request(struct rig *rig, enum request_kind kind, const char *text);

/* n of them, for hashes of 32 bytes; the user pointer is NULL. */
void rig_requests(struct rig *rig, enum request_kind kind, size_t n);

/* The next outcome must be the end of the request for text, with this error. Gives its answer's
 * provider count; frees them. */
size_t rig_end(struct rig *rig, const char *text, int error);

/* All n outcomes that there are, are ends with this error. */
void rig_ends(struct rig *rig, size_t n, int error);

/* The next outcome must be this event, for this port of 10.0.0.1. */
void rig_told(struct rig *rig, enum dht_event_kind kind, uint16_t port);

/* There is nothing to be taken. */
void rig_quiet(struct rig *rig);

#endif
