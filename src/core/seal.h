/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal: the envelopes of the peer and keep-alive planes, and who may use one.
 *
 *     SEALED   48 | LENGTH | KEYID u8 | NONCE 24 | AEAD( TIME u64 ‖ messages ) and its tag, 16
 *     PLAIN    49 | LENGTH |            NONCE 24 |       TIME u64 ‖ messages
 *
 *     NONCE = START, 16 random bytes of this start of the server
 *             ‖ STREAM u16 ‖ COUNT u48, which counts the envelopes of one of its threads from 1
 *     TIME  = the sender's own monotonic clock in microseconds
 *
 * XChaCha20-Poly1305 with TYPE, LENGTH and KEYID as additional data. Without a key, where the
 * configuration allows that, the same things stand in clear, so that starts, replays and times work
 * alike; base messages then go bare (mail.h).
 *
 * A *session* is a start that has proven itself: it answered a challenge (PROVE) from the address
 * it sends from, in time, and named the address that it is known by, which has its IP. Until then
 * an envelope of that start says nothing but PROVE and PROOF. A proof ends the session of an older
 * start of the same server.
 *
 *     A ── anything ──▶ B     A's start is new to B
 *     A ◀── PROVE ───── B     cookie = time of B's ‖ BLAKE2b(B's secret, time ‖ A's socket, start)
 *     A ── PROOF ─────▶ B     and PROVE, when B's start is new to A
 *     A ◀── PROOF ───── B
 *
 * Replays: for each stream of a session a window (RFC 6479) of SEAL_WINDOW envelopes; and what was
 * sent before the session's proof does not count, so that a receiver that starts anew, with empty
 * windows, takes nothing that was recorded before.
 *
 * For the same reason a challenge that was given out before a session ended does not make another
 * one, and the envelope with the proof is the first that the session has seen.
 *
 * Time: from envelopes that were sent after one of ours came in, each side has a lower bound of the
 * difference of the two monotonic clocks (seal_skew.h). Through it TIME becomes a time of ours that
 * is never later than when the envelope was really sent: what is left of a lifetime is counted from
 * there, so that neither waiting in a queue nor passing on makes a record's life longer. Bounds are
 * corrected by SEAL_DRIFT_PPM, and better ones take their place after a minute or two.
 *
 * What always holds: nothing changes, nothing is allocated and nothing is said before the tag is
 * verified, but that a few are noted whose tag cannot be (stranger.h), which decides nothing; an
 * envelope is accepted once; a counter is used once. Sessions are SEAL_SESSIONS at most (when full,
 * the one that was not heard from for the longest goes), windows SEAL_WINDOWS, made when a stream
 * of a session is first heard and freed with it (when full, a stream that has none is not heard:
 * SEAL_FULL). Safe to call from several threads, but for new and free, with locks held for
 * nanoseconds and never while a tag is computed; a struct seal_stream is one thread's.
 */
#ifndef DHT_CORE_SEAL_H
#define DHT_CORE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "core/now.h"
#include "wire/peer.h"

#define SEAL_START_LEN 16
#define SEAL_KEY_LEN   32
#define SEAL_KEYS_MAX  8
#define SEAL_NONCE_LEN 24
#define SEAL_TAG_LEN   16
#define SEAL_WINDOW    2048 /* envelopes; RFC 6479 */
#define SEAL_SESSIONS  2048
#define SEAL_STREAMS   257   /* one for each worker and one for the cluster's thread */
#define SEAL_WINDOWS   65536 /* of all sessions, 20 MB when full: 1024 servers of 64 threads */
#define SEAL_PROOF_MS  10000 /* a challenge is answered within this */
#define SEAL_DRIFT_PPM 1000  /* of two clocks, each of which is wrong by half of this */

/* What an envelope needs beside its messages, at most. */
#define SEAL_OVERHEAD (MSG_HEADER_LEN + 1 + SEAL_NONCE_LEN + 8 + SEAL_TAG_LEN)

struct seal;
struct strangers;

struct seal_key {
	uint8_t id; /* seal_key_id(); not secret, and two keys may have the same */
	uint8_t key[SEAL_KEY_LEN];
};

struct seal_keys {
	size_t count;                       /* 0: in clear */
	struct seal_key key[SEAL_KEYS_MAX]; /* the first seals, all open */
};

struct seal_seed {
	uint8_t start[SEAL_START_LEN];
	uint8_t secret[32]; /* of challenges */
};

/* One thread's counter. */
struct seal_stream {
	uint16_t index; /* 0: the cluster's thread, i + 1: lane i */
	uint64_t count;
};

/* Where an opened envelope comes from. */
struct letter {
	struct addr from; /* the socket that it came from */
	bool known;       /* the start has proven itself: id is valid, and all messages count */
	bool sealed;
	struct addr id; /* the sender's IP and peer port */
	uint64_t start; /* the first 8 bytes of its start, big-endian */
	uint8_t start16[SEAL_START_LEN];
	uint16_t stream; /* and count: the rest of its NONCE */
	uint64_t count;
	uint64_t time_us;     /* its TIME, by its own clock */
	uint64_t sent_us;     /* TIME by our clock: not later than it was; only when known */
	struct span messages; /* peer_next() walks them */
};

enum seal_reason {
	SEAL_OPENED = 0,
	SEAL_NOT_ENVELOPE,  /* not of type 48 or 49 */
	SEAL_BAD_LENGTH,    /* LENGTH is not the size of the rest, or too short to be one */
	SEAL_IN_CLEAR,      /* PLAIN while there are keys, or SEALED while there are none */
	SEAL_UNKNOWN_KEY,   /* no key has this id: *key_id says which */
	SEAL_FORGED,        /* the tag is wrong */
	SEAL_REPLAYED,      /* seen before, or too old to know, or sent before the proof */
	SEAL_WRONG_ADDRESS, /* a proven start, from another IP than its own */
	SEAL_OWN,           /* our own start: it came back */
	SEAL_FULL,          /* no memory for a window, or SEAL_WINDOWS or SEAL_STREAMS */
};

/* self: what this server is known by. NULL when there is no memory. */
struct seal *seal_new(
	const struct addr *self, const struct seal_keys *keys, const struct seal_seed *seed);
void seal_free(struct seal *s);

/* From now on. The number of keys may not change between 0 and more. */
void seal_set_keys(struct seal *s, const struct seal_keys *keys);

bool seal_is_clear(const struct seal *s);

/* The ids of the keys in their order; gives their number. */
uint8_t seal_key_ids(struct seal *s, uint8_t ids[static SEAL_KEYS_MAX]);

/* First 8 bytes of this start. */
uint64_t seal_start(const struct seal *s);

/* Opens an envelope. bytes are decrypted in place: out->messages views them. key_id is set for
 * SEAL_UNKNOWN_KEY and SEAL_FORGED. out is set when SEAL_OPENED. */
enum seal_reason seal_open(struct seal *s, const struct now *now, const struct addr *from,
	uint8_t *bytes, size_t len, struct letter *out, uint8_t *key_id);

/* Begins an envelope in to[0 … size): w then takes messages, and stops where the tag has to go. */
struct writer seal_begin(const struct seal *s, uint8_t *to, size_t size);

/* Closes it; gives the datagram's size. The writer must not have failed and have something in. */
size_t seal_finish(
	struct seal *s, struct seal_stream *stream, const struct now *now, const struct writer *w);

/* A challenge for the letter's start, to be sent to letter->from. */
void seal_prove(
	struct seal *s, const struct now *now, const struct letter *l, struct peer_prove *out);

/* What answers a challenge: always the same for the same cookie. */
struct peer_proof seal_proof_of(const struct seal *s, const struct peer_prove *p);

/* A proof in a letter. True: the start is proven, *l is known from here on (id, sent_us, known are
 * set). False: the cookie is not ours, too old, for another socket or start, or the address is not
 * the sender's, or our own, or there is no memory; nothing has changed. In a letter that is known
 * already: true, and nothing changes. */
bool seal_proven(
	struct seal *s, const struct now *now, struct letter *l, const struct peer_proof *p);

/* An answer to an envelope of ours came in l: ours had TIME asked_us. Makes the clocks' bound
 * better where it can. An asked_us in the future or minutes ago is ignored, and so is a letter that
 * is not known. */
void seal_clock_sample(
	struct seal *s, const struct now *now, const struct letter *l, uint64_t asked_us);

/* Whether there is a session with the server known by id; its start in *start. */
bool seal_session(struct seal *s, const struct addr *id, uint64_t *start);

/* Ends the session with id, if any: it has to prove itself anew. */
void seal_forget(struct seal *s, const struct addr *id);

/* Who sends what cannot be opened, for people to look at. */
struct strangers *seal_strangers(struct seal *s);

/* The key's id: the first byte of BLAKE2b(key). */
uint8_t seal_key_id(const uint8_t key[static SEAL_KEY_LEN]);

#endif
