/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/seal.h"

#include <assert.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/clusterkey.h"
#include "base/keyed.h"
#include "base/mutant.h"
#include "base/spin.h"
#include "core/seal_session.h"
#include "core/stranger.h"

#define TIME_LEN      8
#define COOKIE_TAG    16
#define COUNT_BITS    48
#define COUNT_MAX     ((UINT64_C(1) << COUNT_BITS) - 1)
#define PLAIN_INSIDE  (MSG_HEADER_LEN + SEAL_NONCE_LEN) /* where TIME begins */
#define SEALED_INSIDE (PLAIN_INSIDE + 1)

_Static_assert(SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a key of the cipher");
_Static_assert(SEAL_KEY_LEN == CLUSTERKEY_LEN, "as it is read");
_Static_assert(SEAL_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "its nonce");
_Static_assert(SEAL_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "its tag");
_Static_assert(PEER_COOKIE_LEN == TIME_LEN + COOKIE_TAG, "a cookie is a time and a tag");

struct seal {
	struct addr self;
	uint8_t start[SEAL_START_LEN];
	uint8_t secret[32];
	bool clear;
	struct spin lock; /* of keys */
	struct seal_keys keys;
	struct sessions *sessions;
	struct strangers strangers;
};

struct seal *seal_new(
	const struct addr *self, const struct seal_keys *keys, const struct seal_seed *seed)
{
	static const uint8_t purpose[] = "sessions";
	uint8_t secret[KEYED_KEY_LEN];
	struct seal *s = calloc(1, sizeof(*s));

	assert(keys->count <= SEAL_KEYS_MAX);
	if (!s)
		return NULL;
	crypto_generichash(secret, sizeof(secret), purpose, sizeof(purpose), seed->secret,
		sizeof(seed->secret));
	s->sessions = sessions_new(secret);
	if (!s->sessions) {
		free(s);
		return NULL;
	}
	s->self = *self;
	memcpy(s->start, seed->start, sizeof(s->start));
	memcpy(s->secret, seed->secret, sizeof(s->secret));
	s->clear = keys->count == 0;
	s->keys = *keys;
	return s;
}

void seal_free(struct seal *s)
{
	if (!s)
		return;
	sessions_free(s->sessions);
	sodium_memzero(s, sizeof(*s));
	free(s);
}

void seal_set_keys(struct seal *s, const struct seal_keys *keys)
{
	assert(keys->count <= SEAL_KEYS_MAX && (keys->count == 0) == s->clear);
	spin_lock(&s->lock);
	s->keys = *keys;
	spin_unlock(&s->lock);
}

bool seal_is_clear(const struct seal *s)
{
	return s->clear;
}

uint8_t seal_key_ids(struct seal *s, uint8_t ids[static SEAL_KEYS_MAX])
{
	spin_lock(&s->lock);
	uint8_t n = (uint8_t)s->keys.count;
	for (uint8_t i = 0; i < n; i++)
		ids[i] = s->keys.key[i].id;
	spin_unlock(&s->lock);
	return n;
}

uint64_t seal_start(const struct seal *s)
{
	return load_be64(s->start);
}

uint8_t seal_key_id(const uint8_t key[static SEAL_KEY_LEN])
{
	return clusterkey_id(key);
}

static struct seal_key first_key(struct seal *s)
{
	spin_lock(&s->lock);
	struct seal_key key = s->keys.key[0];
	spin_unlock(&s->lock);
	return key;
}

/* Copies the keys that have this id. */
static size_t keys_of(struct seal *s, uint8_t id, struct seal_key out[static SEAL_KEYS_MAX])
{
	size_t n = 0;

	spin_lock(&s->lock);
	for (size_t i = 0; i < s->keys.count; i++)
		if (s->keys.key[i].id == id)
			out[n++] = s->keys.key[i];
	spin_unlock(&s->lock);
	return n;
}

/* Opens bytes in place, or only looks at the tag. A wrong tag spoils what it would have opened. */
static bool unlock(uint8_t *bytes, size_t len, const struct seal_key *key, bool only_look)
{
	uint8_t *inside = bytes + SEALED_INSIDE, *tag = bytes + len - SEAL_TAG_LEN;

	return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(only_look ? NULL : inside, NULL,
		       inside, (size_t)(tag - inside), tag, bytes, MSG_HEADER_LEN + 1,
		       bytes + MSG_HEADER_LEN + 1, key->key) == 0;
}

static enum seal_reason decrypt(struct seal *s, uint8_t *bytes, size_t len)
{
	struct seal_key keys[SEAL_KEYS_MAX];
	size_t n = keys_of(s, bytes[MSG_HEADER_LEN], keys), i = 0;

	if (n == 0)
		return SEAL_UNKNOWN_KEY;
	while (i + 1 < n && !unlock(bytes, len, &keys[i], true))
		i++;
	return unlock(bytes, len, &keys[i], false) ? SEAL_OPENED : SEAL_FORGED;
}

/* The original's messages between servers, which go without an envelope where there are no keys. */
static bool is_bare(const uint8_t *bytes, size_t len)
{
	return len >= MSG_HEADER_LEN && bytes[0] >= MSG_NEW && bytes[0] <= MSG_NEW_SERV;
}

/* What can be seen without a key. */
static enum seal_reason look(const struct seal *s, const uint8_t *bytes, size_t len)
{
	size_t least = TIME_LEN + MSG_HEADER_LEN;

	if (len == 0 || (bytes[0] != PEER_SEALED && bytes[0] != PEER_PLAIN))
		return !s->clear && is_bare(bytes, len) ? SEAL_IN_CLEAR : SEAL_NOT_ENVELOPE;
	least += bytes[0] == PEER_SEALED ? SEALED_INSIDE + SEAL_TAG_LEN : PLAIN_INSIDE;
	if (len < least || len - MSG_HEADER_LEN != load_be16(bytes + 1))
		return SEAL_BAD_LENGTH;
	return s->clear == (bytes[0] == PEER_PLAIN) ? SEAL_OPENED : SEAL_IN_CLEAR;
}

/* The letter of an envelope whose inside is plain by now. */
static void read_letter(const struct seal *s, const struct addr *from, const uint8_t *bytes,
	size_t len, struct letter *out)
{
	size_t inside = s->clear ? PLAIN_INSIDE : SEALED_INSIDE;
	size_t end = len - (s->clear ? 0 : SEAL_TAG_LEN);
	const uint8_t *nonce = bytes + inside - SEAL_NONCE_LEN;
	uint64_t stream_count = load_be64(nonce + SEAL_START_LEN);

	*out = (struct letter){
		.from = *from,
		.sealed = !s->clear,
		.start = load_be64(nonce),
		.stream = (uint16_t)(stream_count >> COUNT_BITS),
		.count = stream_count & COUNT_MAX,
		.time_us = load_be64(bytes + inside),
		.messages = {bytes + inside + TIME_LEN, end - inside - TIME_LEN},
	};
	memcpy(out->start16, nonce, sizeof(out->start16));
}

static enum seal_reason open_envelope(struct seal *s, const struct now *now,
	const struct addr *from, uint8_t *bytes, size_t len, struct letter *out, uint8_t *key_id)
{
	enum seal_reason reason = look(s, bytes, len);
	struct letter l;

	if (reason != SEAL_OPENED)
		return reason;
	if (memcmp(bytes + (s->clear ? PLAIN_INSIDE : SEALED_INSIDE) - SEAL_NONCE_LEN, s->start,
		    sizeof(s->start)) == 0)
		return SEAL_OWN;
	if (!s->clear) {
		*key_id = bytes[MSG_HEADER_LEN];
		reason = decrypt(s, bytes, len);
		if (reason != SEAL_OPENED)
			return reason;
	}
	read_letter(s, from, bytes, len, &l);
	reason = sessions_admit(s->sessions, now, &l);
	if (reason == SEAL_OPENED)
		*out = l;
	return reason;
}

/* Whose key is another one: somebody to be named. */
static void note_stranger(struct seal *s, const struct now *now, const struct addr *from,
	enum seal_reason reason, const uint8_t *bytes)
{
	enum stranger_fault fault;
	uint8_t key_id = 0;

	switch (reason) {
	case SEAL_UNKNOWN_KEY: fault = STRANGER_UNKNOWN_KEY; break;
	case SEAL_FORGED: fault = STRANGER_FORGED; break;
	case SEAL_IN_CLEAR: fault = s->clear ? STRANGER_SEALED : STRANGER_IN_CLEAR; break;
	default: return;
	}
	if (fault != STRANGER_IN_CLEAR)
		key_id = bytes[MSG_HEADER_LEN];
	stranger_note(&s->strangers, from, fault, key_id, now_mono_ms(now));
}

enum seal_reason seal_open(struct seal *s, const struct now *now, const struct addr *from,
	uint8_t *bytes, size_t len, struct letter *out, uint8_t *key_id)
{
	enum seal_reason reason = open_envelope(s, now, from, bytes, len, out, key_id);

	if (reason != SEAL_OPENED)
		note_stranger(s, now, from, reason, bytes);
	return reason;
}

struct strangers *seal_strangers(struct seal *s)
{
	return &s->strangers;
}

struct writer seal_begin(const struct seal *s, uint8_t *to, size_t size)
{
	size_t tail = s->clear ? 0 : SEAL_TAG_LEN;
	struct writer w = writer_of(to, size > tail ? size - tail : 0);

	write_u8(&w, s->clear ? PEER_PLAIN : PEER_SEALED);
	write_room(&w, (s->clear ? PLAIN_INSIDE : SEALED_INSIDE) - 1 + TIME_LEN);
	return w;
}

size_t seal_finish(
	struct seal *s, struct seal_stream *stream, const struct now *now, const struct writer *w)
{
	uint8_t *bytes = w->start;
	size_t inside = s->clear ? PLAIN_INSIDE : SEALED_INSIDE, used = writer_used(w);
	size_t len = used + (s->clear ? 0 : SEAL_TAG_LEN);

	assert(!w->failed && used > inside + TIME_LEN && len - MSG_HEADER_LEN <= UINT16_MAX);
	assert(stream->index < SEAL_STREAMS && stream->count < COUNT_MAX);
	stream->count++;
	store_be16(bytes + 1, (uint16_t)(len - MSG_HEADER_LEN));
	memcpy(bytes + inside - SEAL_NONCE_LEN, s->start, SEAL_START_LEN);
	store_be64(bytes + inside - 8, (uint64_t)stream->index << COUNT_BITS | stream->count);
	store_be64(bytes + inside, now->mono_us);
	if (!s->clear) {
		struct seal_key key = first_key(s);
		bytes[MSG_HEADER_LEN] = key.id;
		crypto_aead_xchacha20poly1305_ietf_encrypt_detached(bytes + inside, bytes + used,
			NULL, bytes + inside, used - inside, bytes, MSG_HEADER_LEN + 1, NULL,
			bytes + MSG_HEADER_LEN + 1, key.key);
	}
	return len;
}

/* The tag of a challenge that was given out at time_us. */
static void cookie_tag(const struct seal *s, uint64_t time_us, const struct letter *l,
	uint8_t tag[static COOKIE_TAG])
{
	uint8_t data[TIME_LEN + sizeof(l->from.ip.b) + 2 + SEAL_START_LEN];
	struct writer w = writer_of(data, sizeof(data));

	write_u64(&w, time_us);
	write_copy(&w, l->from.ip.b, sizeof(l->from.ip.b));
	write_u16(&w, l->from.port);
	write_copy(&w, l->start16, sizeof(l->start16));
	crypto_generichash(tag, COOKIE_TAG, data, sizeof(data), s->secret, sizeof(s->secret));
}

void seal_prove(
	struct seal *s, const struct now *now, const struct letter *l, struct peer_prove *out)
{
	sessions_challenged(s->sessions, now->mono_us);
	store_be64(out->cookie, now->mono_us);
	cookie_tag(s, now->mono_us, l, out->cookie + TIME_LEN);
}

struct peer_proof seal_proof_of(const struct seal *s, const struct peer_prove *p)
{
	struct peer_proof proof = {.id = s->self};

	memcpy(proof.cookie, p->cookie, sizeof(proof.cookie));
	return proof;
}

/* Whether the letter's start was given this cookie at its socket, and not long ago. */
static bool cookie_good(
	const struct seal *s, const struct now *now, const struct letter *l, const uint8_t *cookie)
{
	uint64_t time_us = load_be64(cookie);
	uint8_t tag[COOKIE_TAG];

	if (MUTANT(17))
		return true;
	if (time_us > now->mono_us || now->mono_us - time_us > SEAL_PROOF_MS * UINT64_C(1000))
		return false;
	cookie_tag(s, time_us, l, tag);
	return sodium_memcmp(tag, cookie + TIME_LEN, COOKIE_TAG) == 0;
}

bool seal_proven(
	struct seal *s, const struct now *now, struct letter *l, const struct peer_proof *p)
{
	if (l->known)
		return true;
	if (!ip_equal(&p->id.ip, &l->from.ip) || p->id.port == 0 || addr_equal(&p->id, &s->self))
		return false;
	return cookie_good(s, now, l, p->cookie) &&
	       sessions_add(s->sessions, now, l, &p->id, load_be64(p->cookie));
}

void seal_clock_sample(
	struct seal *s, const struct now *now, const struct letter *l, uint64_t asked_us)
{
	if (l->known)
		sessions_sample(s->sessions, now, l, asked_us);
}

bool seal_session(struct seal *s, const struct addr *id, uint64_t *start)
{
	return sessions_find(s->sessions, id, start);
}

void seal_forget(struct seal *s, const struct addr *id)
{
	sessions_forget(s->sessions, id);
}
