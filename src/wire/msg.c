/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/msg.h"

#include "base/err.h"
#include "wire/build.h"
#include "wire/codec.h"

#define ANY_PLANE (PLANE_CLIENT | PLANE_PEER | PLANE_KEEP_ALIVE)

/* {name, planes, to_server, has_txid}, decode, encode */
static const struct codec codecs[MSG_TYPE_COUNT] = {
	[MSG_GET] = {{"GET", PLANE_CLIENT, true, false}, decode_hash, encode_hash},
	[MSG_PUT] = {{"PUT", PLANE_CLIENT, true, false}, decode_put, encode_put},
	[MSG_WANT] = {{"WANT", PLANE_CLIENT, true, false}, decode_hash, encode_hash},
	[MSG_HAVE] = {{"HAVE", PLANE_CLIENT, false, false}, decode_have, encode_have},
	[MSG_EXIT] = {{"EXIT", PLANE_CLIENT, true, false}, decode_exit, encode_exit},
	[MSG_NEW] = {{"NEW", PLANE_PEER, true, false}, decode_server, encode_server},
	[MSG_DECO] = {{"DECO", PLANE_PEER, true, false}, decode_empty, encode_empty},
	[MSG_KEEP_ALIVE] = {{"KEEP_ALIVE", PLANE_KEEP_ALIVE, true, false}, decode_keep_alive,
		encode_keep_alive},
	[MSG_YES] = {{"YES", PLANE_PEER, true, false}, decode_empty, encode_empty},
	[MSG_NEW_SERV] = {{"NEW_SERV", PLANE_PEER, true, false}, decode_server, encode_server},
	[MSG_LOOKUP] = {{"LOOKUP", PLANE_CLIENT, true, true}, decode_lookup, encode_lookup},
	[MSG_PROVIDERS] = {{"PROVIDERS", PLANE_CLIENT, false, true}, decode_providers,
		encode_providers},
	[MSG_ANNOUNCE] = {{"ANNOUNCE", PLANE_CLIENT, true, true}, decode_announce, encode_announce},
	[MSG_WITHDRAW] = {{"WITHDRAW", PLANE_CLIENT, true, true}, decode_withdraw, encode_withdraw},
	[MSG_DONE] = {{"DONE", PLANE_CLIENT, false, true}, decode_done, encode_done},
	[MSG_ERROR] = {{"ERROR", PLANE_CLIENT, false, true}, decode_error, encode_error},
	[MSG_WATCH] = {{"WATCH", PLANE_CLIENT, true, true}, decode_watch, encode_watch},
	[MSG_EVENT] = {{"EVENT", PLANE_CLIENT, false, true}, decode_event, encode_event},
	[MSG_SEEN] = {{"SEEN", PLANE_CLIENT, true, true}, decode_seen, encode_seen},
	[MSG_CHALLENGE] = {{"CHALLENGE", PLANE_CLIENT, false, true}, decode_challenge,
		encode_challenge},
	[MSG_PING] = {{"PING", PLANE_CLIENT, true, true}, decode_options, encode_options},
	[MSG_PONG] = {{"PONG", PLANE_CLIENT, false, true}, decode_pong, encode_pong},
	[MSG_SERVERS] = {{"SERVERS", PLANE_CLIENT, true, true}, decode_options, encode_options},
	[MSG_SERVER_LIST] = {{"SERVER_LIST", PLANE_CLIENT, false, true}, decode_server_list,
		encode_server_list},
};

/* The type's row when it may come in on one of planes. A number in a gap of the table is on
 * none, so that one test does for both. */
static inline const struct codec *codec_on(uint8_t type, unsigned planes)
{
	if (type >= MSG_TYPE_COUNT || !(codecs[type].info.planes & planes))
		return NULL;
	return &codecs[type];
}

const struct msg_type_info *msg_type_of(uint8_t type)
{
	const struct codec *codec = codec_on(type, ANY_PLANE);

	return codec ? &codec->info : NULL;
}

enum msg_reason msg_decode(
	const uint8_t *bytes, size_t len, enum msg_plane plane, struct msg *out, bool *has_txid_out)
{
	*has_txid_out = false;
	if (len < MSG_HEADER_LEN)
		return MSG_SHORT;
	if (load_be16(bytes + 1) != len - MSG_HEADER_LEN)
		return MSG_LENGTH;
	const struct codec *codec = codec_on(bytes[0], plane);
	if (!codec)
		return MSG_UNKNOWN_TYPE;

	struct reader r = reader_of(bytes + MSG_HEADER_LEN, len - MSG_HEADER_LEN);
	out->type = bytes[0];
	if (codec->info.has_txid) {
		read_copy(&r, out->txid, sizeof(out->txid));
		*has_txid_out = !r.failed;
	}
	codec->decode(&r, out);
	return reader_done(&r) ? MSG_MALFORMED : MSG_GOOD;
}

int msg_encode(const struct msg *m, uint8_t *to, size_t size)
{
	const struct codec *codec = codec_on(m->type, ANY_PLANE);

	if (!codec)
		return DHT_EINVAL;
	struct writer w = build_start(to, size, m->type, codec->info.has_txid ? m->txid : NULL);
	int err = codec->encode(&w, m);
	return err ? err : build_finish(&w);
}
