/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: a server in a test's hands.
 *
 * Datagrams go in and come out as hexadecimal text, so that what is tested is bytes, not our own
 * encoder. Whatever is sent, the rig checks what must hold for every datagram: it is counted
 * exactly once, at most LANE_OUT_MAX come out, all of them go back where it came from and are
 * answers, and a source without proof of its address gets no more than it may.
 */
#ifndef DHT_TESTS_UNIT_CORE_RIG_H
#define DHT_TESTS_UNIT_CORE_RIG_H

#include "core/server.h"

#include "../unit.h"

#define RIG_DATAGRAM 1232

/* Sources. TRUSTED is in clients.trusted, STRANGER and OTHER are not. */
#define TRUSTED  "10.0.0.1:1000"
#define STRANGER "192.0.2.1:1000"
#define OTHER    "192.0.2.2:2000"

/* 00 … 0f as the transaction id of most extended messages. */
#define TXID "0011223344556677"

/* 192.0.2.7 as an IP in a message, and ::. */
#define IP_7    "00000000000000000000ffffc0000207"
#define IP_8    "00000000000000000000ffffc0000208"
#define IP_NONE "00000000000000000000000000000000"

struct rig {
	struct prefix allow[2], trusted[1];
	struct policy policy;
	struct server *server;
	struct lane *lane;
	struct now now;
	struct outgoing items[LANE_OUT_MAX];
	uint8_t bytes[LANE_OUT_MAX * MSG_DATAGRAM_MAX];
	struct outbox out;
	enum lane_verdict verdict;
	struct span password;
};

/* A server with one lane and a policy that allows everything. */
struct rig *rig_new(void);

/* The same with the policy as it is in the rig now. */
void rig_restart(struct rig *r, uint32_t lanes);
void rig_free(struct rig *r);

/* For cmocka: *state is the rig. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* From hexadecimal text, spaces ignored; gives the number of bytes. */
size_t rig_unhex(const char *text, uint8_t *bytes, size_t size);

/* text: an address with its port. */
struct flow rig_flow(const char *text);
struct ip rig_ip(const char *text);

/* One datagram in; gives the number of datagrams that came out. */
size_t rig_input(struct rig *r, const struct flow *flow, const uint8_t *bytes, size_t len);
size_t rig_send(struct rig *r, const char *from, const char *hex);

/* The same, and what has to come out: one datagram, or none for NULL. */
void rig_expect(struct rig *r, const char *from, const char *hex, const char *answer);

/* Checks that item i of the outbox is this, to that address. */
void rig_check_item(const struct rig *r, size_t i, const char *to, const char *hex);

/* Decodes item i of the outbox. */
struct msg rig_answer(const struct rig *r, size_t i);

/* Time passes; then a tick, which gives the number of datagrams that came out. */
size_t rig_tick(struct rig *r, uint64_t after_ms);

uint64_t rig_stat(const struct rig *r, enum stats_id id);

/* Every datagram that came in, by what became of it. */
uint64_t rig_counted(const struct rig *r);

/* PUTs 10.1.x.y with port 0, for the numbers first to first + n - 1, under a hash. */
void rig_put_many(struct rig *r, const char *hash, unsigned first, unsigned n);

#endif
