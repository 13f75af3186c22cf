/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model: servers that are simple enough to be right, and a network that is not.
 *
 * All servers share one list of records. Answers come in the smallest pieces that the protocol
 * allows (pages of MODEL_PAGE providers), so that every path is walked. The network loses, repeats,
 * delays, garbles and misdirects what passes through it, at the rates that the test sets; all of
 * it follows from the seed.
 */
#ifndef DHT_TESTS_UNIT_CLIENT_MODEL_H
#define DHT_TESTS_UNIT_CLIENT_MODEL_H

#include "base/rng.h"
#include "client/requester.h"
#include "wire/hash.h"
#include "wire/msg.h"

#include "../unit.h"

#define MODEL_RECORDS  4096
#define MODEL_FLYING   8192
#define MODEL_SERVERS  3
#define MODEL_PAGE     3
#define MODEL_DATAGRAM 1232

struct model_record {
	struct hash hash;
	struct ip ip;
	uint16_t port;
};

/* On its way to a server, or back. */
struct model_packet {
	uint64_t due_us;
	bool to_client;
	size_t server;
	struct requester_path path;
	size_t len;
	uint8_t bytes[MODEL_DATAGRAM];
};

struct model {
	struct rng rng;
	struct requester_time now;
	struct requester_server servers[MODEL_SERVERS];
	struct requester *r;
	struct model_record records[MODEL_RECORDS];
	size_t record_count;
	struct model_packet *flying;
	size_t flying_count;
	uint64_t transcript; /* of all that the client sent */
	/* Rates in 1/1000. */
	uint32_t lose, repeat, garble, misdirect, refuse, unreachable;
	bool challenge; /* who has no cookie */
	size_t own;     /* servers that the requester is given; it learns the others */
	unsigned dead;  /* servers that neither get nor send anything, a bit for each */
};

void model_init(struct model *m, uint64_t seed);

/* A requester of the first `own` servers, with the model's clock. */
void model_connect(struct model *m, bool base_only);
void model_fini(struct model *m);

/* Lets the world go on until nothing more will happen or until_us; false in the latter case. */
bool model_run(struct model *m, uint64_t until_us);

size_t model_count(const struct model *m, struct span hash);
bool model_has(const struct model *m, struct span hash, const struct dht_provider *p);

#endif
