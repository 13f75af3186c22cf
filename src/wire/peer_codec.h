/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_codec: what the files behind peer.h share; nobody else includes it.
 *
 * A body's decoder reads DATA into its member of struct peer_msg and leaves the reader failed when
 * something is missing or out of its range; that nothing follows is checked for all of them in
 * peer_decode(). Its encoder is only given what decodes: that is asserted for whatever stands in
 * the struct itself.
 */
#ifndef DHT_WIRE_PEER_CODEC_H
#define DHT_WIRE_PEER_CODEC_H

#include "wire/codec.h"
#include "wire/peer.h"

typedef void peer_decode_fn(struct reader *r, struct peer_msg *m);
typedef void peer_encode_fn(struct writer *w, const struct peer_msg *m);

/* peer_member.c: types 50 to 57. */
peer_decode_fn decode_prove, decode_proof, decode_beat, decode_gossip, decode_ask_for, decode_heard,
	decode_sync, decode_roster;
peer_encode_fn encode_prove, encode_proof, encode_beat, encode_gossip, encode_ask_for, encode_heard,
	encode_sync, encode_roster;

/* peer_request.c: types 64 to 71. */
peer_decode_fn decode_store, decode_stored, decode_fetch, decode_fetched, decode_subscribe,
	decode_subscribed, decode_notify, decode_noted;
peer_encode_fn encode_store, encode_stored, encode_fetch, encode_fetched, encode_subscribe,
	encode_subscribed, encode_notify, encode_noted;

/* peer_repair.c: types 80 to 84. */
peer_decode_fn decode_compare, decode_compared, decode_pull, decode_pulled, decode_confirm;
peer_encode_fn encode_compare, encode_compared, encode_pull, encode_pulled, encode_confirm;

static inline struct addr read_addr(struct reader *r)
{
	struct addr a;

	a.ip = read_ip(r);
	a.port = read_u16(r);
	return a;
}

static inline void write_addr(struct writer *w, const struct addr *a)
{
	write_ip(w, &a->ip);
	write_u16(w, a->port);
}

/* A record that has a version, so that it is more than an address. */
struct peer_record read_whole_record(struct reader *r);
void write_whole_record(struct writer *w, const struct peer_record *record);

/* Everything that is left, as a list whose items are all good. */
struct span read_entries(struct reader *r);
struct span read_records(struct reader *r);
struct span read_items(struct reader *r);

/* The same for items of item_len bytes that start with PARTITION. */
struct span read_part_items(struct reader *r, size_t item_len);

#endif
