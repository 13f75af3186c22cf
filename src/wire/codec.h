/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codec: what the files of src/wire share; nobody else includes it.
 *
 * A body's decoder reads DATA (behind TXID, when there is one) into its member of struct msg. It
 * leaves the reader failed when something is missing or out of its range; that nothing follows is
 * checked for all of them in msg_decode(). Its encoder refuses, with DHT_EINVAL, exactly what the
 * decoder would, and leaves the writer failed when there is no room.
 */
#ifndef DHT_WIRE_CODEC_H
#define DHT_WIRE_CODEC_H

#include "base/cursor.h"
#include "wire/list.h"
#include "wire/msg.h"

typedef void decode_fn(struct reader *r, struct msg *m);
typedef int encode_fn(struct writer *w, const struct msg *m);

struct codec {
	struct msg_type_info info;
	decode_fn *decode;
	encode_fn *encode;
};

/* base_msg.c: types 0 to 9. */
decode_fn decode_hash, decode_put, decode_have, decode_exit, decode_server, decode_empty,
	decode_keep_alive;
encode_fn encode_hash, encode_put, encode_have, encode_exit, encode_server, encode_empty,
	encode_keep_alive;

/* ext_msg.c: types 16 to 29. */
decode_fn decode_lookup, decode_providers, decode_announce, decode_withdraw, decode_done,
	decode_error, decode_watch, decode_event, decode_seen, decode_challenge, decode_options,
	decode_pong, decode_server_list;
encode_fn encode_lookup, encode_providers, encode_announce, encode_withdraw, encode_done,
	encode_error, encode_watch, encode_event, encode_seen, encode_challenge, encode_options,
	encode_pong, encode_server_list;

/* Makes the reader fail unless ok. */
static inline void reader_require(struct reader *r, bool ok)
{
	if (!ok)
		r->failed = true;
}

static inline struct ip read_ip(struct reader *r)
{
	struct ip ip;

	read_copy(r, ip.b, sizeof(ip.b));
	return ip;
}

static inline void write_ip(struct writer *w, const struct ip *ip)
{
	write_copy(w, ip->b, sizeof(ip->b));
}

/* What the readers of list.h and option.h accept, for a view that a caller made. */
bool hash_list_ok(const struct hash_list *list);
bool sections_ok(struct span sections);
bool options_ok(struct span options);

#endif
