/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/peer.h"

#include <assert.h>

#include "wire/peer_codec.h"

struct peer_codec {
	const char *name; /* NULL: no such message */
	peer_decode_fn *decode;
	peer_encode_fn *encode;
};

static const struct peer_codec codecs[PEER_TYPE_END] = {
	[PEER_PROVE] = {"PROVE", decode_prove, encode_prove},
	[PEER_PROOF] = {"PROOF", decode_proof, encode_proof},
	[PEER_BEAT] = {"BEAT", decode_beat, encode_beat},
	[PEER_GOSSIP] = {"GOSSIP", decode_gossip, encode_gossip},
	[PEER_ASK_FOR] = {"ASK_FOR", decode_ask_for, encode_ask_for},
	[PEER_HEARD] = {"HEARD", decode_heard, encode_heard},
	[PEER_SYNC] = {"SYNC", decode_sync, encode_sync},
	[PEER_ROSTER] = {"ROSTER", decode_roster, encode_roster},
	[PEER_STORE] = {"STORE", decode_store, encode_store},
	[PEER_STORED] = {"STORED", decode_stored, encode_stored},
	[PEER_FETCH] = {"FETCH", decode_fetch, encode_fetch},
	[PEER_FETCHED] = {"FETCHED", decode_fetched, encode_fetched},
	[PEER_SUBSCRIBE] = {"SUBSCRIBE", decode_subscribe, encode_subscribe},
	[PEER_SUBSCRIBED] = {"SUBSCRIBED", decode_subscribed, encode_subscribed},
	[PEER_NOTIFY] = {"NOTIFY", decode_notify, encode_notify},
	[PEER_NOTED] = {"NOTED", decode_noted, encode_noted},
	[PEER_COMPARE] = {"COMPARE", decode_compare, encode_compare},
	[PEER_COMPARED] = {"COMPARED", decode_compared, encode_compared},
	[PEER_PULL] = {"PULL", decode_pull, encode_pull},
	[PEER_PULLED] = {"PULLED", decode_pulled, encode_pulled},
	[PEER_CONFIRM] = {"CONFIRM", decode_confirm, encode_confirm},
};

static const struct peer_codec *codec_of(uint8_t type)
{
	return type < PEER_TYPE_END && codecs[type].name ? &codecs[type] : NULL;
}

const char *peer_type_name(uint8_t type)
{
	const struct peer_codec *codec = codec_of(type);

	return codec ? codec->name : NULL;
}

bool peer_next(struct span *rest, struct span *message)
{
	if (rest->len < MSG_HEADER_LEN)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	struct span whole = read_span(&r, MSG_HEADER_LEN + (size_t)load_be16(rest->p + 1));
	if (r.failed)
		return false;
	*message = whole;
	*rest = read_rest(&r);
	return true;
}

enum msg_reason peer_decode(struct span message, struct peer_msg *out)
{
	if (message.len < MSG_HEADER_LEN)
		return MSG_SHORT;
	if (load_be16(message.p + 1) != message.len - MSG_HEADER_LEN)
		return MSG_LENGTH;
	const struct peer_codec *codec = codec_of(message.p[0]);
	if (!codec)
		return MSG_UNKNOWN_TYPE;

	struct reader r = reader_of(message.p + MSG_HEADER_LEN, message.len - MSG_HEADER_LEN);
	out->type = message.p[0];
	codec->decode(&r, out);
	return reader_done(&r) ? MSG_MALFORMED : MSG_GOOD;
}

void peer_encode(struct writer *w, const struct peer_msg *m)
{
	const struct peer_codec *codec = codec_of(m->type);

	assert(codec);
	write_u8(w, m->type);
	uint8_t *length = write_room(w, 2);
	codec->encode(w, m);
	if (w->failed)
		return;
	size_t len = (size_t)(w->p - length) - 2;
	if (len > UINT16_MAX)
		w->failed = true;
	else
		store_be16(length, (uint16_t)len);
}
