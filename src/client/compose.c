/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch as one datagram of an extended message. */
#include <assert.h>
#include <sodium.h>

#include "base/cursor.h"
#include "client/state.h"
#include "wire/build.h"
#include "wire/list.h"
#include "wire/option.h"

#define WATCH_DURATION_S 60

/* A server sends no more than it got to whom it does not know yet: padding buys room for an answer
 * of the usual size, so that it need not be asked for with a cookie. */
#define PAD_TO          64
#define PAD_STRANGER_TO 256 /* what LOOKUP, PING and SERVERS weigh then */

#define NONCE_LEN 4

#define LOOKUP_HEAD_LEN   (MSG_HEADER_LEN + MSG_TXID_LEN + 2 + 4 + 1)
#define ANNOUNCE_HEAD_LEN (MSG_HEADER_LEN + MSG_TXID_LEN + 4 + 2 + 16 + 1)
#define WITHDRAW_HEAD_LEN (MSG_HEADER_LEN + MSG_TXID_LEN + 2 + 16 + 1)
#define WATCH_HEAD_LEN    (MSG_HEADER_LEN + MSG_TXID_LEN + 4 + 1)
#define OPTION_HEAD_LEN   2

typedef void write_head_fn(struct writer *w, const struct request *first);

static void write_lookup(struct writer *w, const struct request *first)
{
	write_u16(w, 0);
	write_u32(w, first->cursor);
}

static void write_announce(struct writer *w, const struct request *first)
{
	write_u32(w, first->ttl_s);
	write_u16(w, first->port);
	write_copy(w, first->ip.b, sizeof(first->ip.b));
}

static void write_withdraw(struct writer *w, const struct request *first)
{
	write_u16(w, first->port);
	write_copy(w, first->ip.b, sizeof(first->ip.b));
}

static void write_watch(struct writer *w, const struct request *first)
{
	write_u32(w, first->kind == REQUEST_WATCH ? WATCH_DURATION_S : 0);
}

/* head: what comes before HASHES; NULL: there are none. */
static const struct form {
	enum msg_type type;
	uint8_t head_len;
	uint16_t pad_stranger_to;
	write_head_fn *head;
} forms[REQUEST_KINDS] = {
	[REQUEST_GET] = {MSG_LOOKUP, LOOKUP_HEAD_LEN, PAD_STRANGER_TO, write_lookup},
	[REQUEST_PUT] = {MSG_ANNOUNCE, ANNOUNCE_HEAD_LEN, PAD_TO, write_announce},
	[REQUEST_DROP] = {MSG_WITHDRAW, WITHDRAW_HEAD_LEN, PAD_TO, write_withdraw},
	[REQUEST_PING] = {MSG_PING, 0, PAD_STRANGER_TO, NULL},
	[REQUEST_SERVERS] = {MSG_SERVERS, 0, PAD_STRANGER_TO, NULL},
	[REQUEST_LEARN] = {MSG_SERVERS, 0, PAD_STRANGER_TO, NULL},
	[REQUEST_WATCH] = {MSG_WATCH, WATCH_HEAD_LEN, PAD_TO, write_watch},
	[REQUEST_UNWATCH] = {MSG_WATCH, WATCH_HEAD_LEN, PAD_TO, write_watch},
};

static size_t auth_len(const struct requester *r)
{
	if (r->key_name_len == 0)
		return 0;
	return OPTION_HEAD_LEN + 1 + r->key_name_len + 8 + OPTION_MAC_LEN;
}

size_t compose_room(const struct requester *r, enum request_kind kind)
{
	size_t options = OPTION_HEAD_LEN + MSG_COOKIE_LEN;

	if (r->key_name_len)
		options += OPTION_HEAD_LEN + NONCE_LEN + auth_len(r);
	return r->max_datagram - forms[kind].head_len - options;
}

/* A request that is tried twice within a second would carry the same time and so the same MAC,
 * which a server refuses: padding that counts the tries tells them apart. */
static void write_nonce(struct writer *w, const struct batch *b)
{
	write_u8(w, OPTION_PADDING);
	write_u8(w, NONCE_LEN);
	write_u16(w, (uint16_t)b->tries);
	write_u8(w, b->challenges);
	write_u8(w, b->auth_failures);
}

/* The options, AUTH last; gives where its MAC goes, or NULL. */
static uint8_t *write_options(
	struct writer *w, const struct requester *r, const struct batch *b, size_t pad_to)
{
	const struct server *server = &r->servers[b->server];

	if (server->has_cookie)
		write_cookie_option(w, server->cookie);
	if (r->key_name_len)
		write_nonce(w, b);
	size_t auth = auth_len(r);
	if (pad_to > auth)
		write_padding_to(w, pad_to - auth);
	if (auth == 0)
		return NULL;
	struct span name = {.p = (const uint8_t *)r->key_name, .len = r->key_name_len};
	return write_auth_option(w, name, r->now.wall_s);
}

static void sign(const struct requester *r, const uint8_t *bytes, size_t len, uint8_t *mac)
{
	uint8_t made[OPTION_MAC_LEN];

	crypto_generichash(made, sizeof(made), bytes, len, r->key, sizeof(r->key));
	memcpy(mac, made, sizeof(made));
}

size_t compose_batch(const struct requester *r, const struct batch *b, uint8_t *bytes)
{
	const struct form *form = &forms[b->kind];
	struct writer w = build_start(bytes, r->max_datagram, form->type, b->txid);
	bool stranger = !r->servers[b->server].has_cookie;

	if (form->head) {
		form->head(&w, b->requests[0]);
		write_u8(&w, (uint8_t)b->count);
		for (size_t i = 0; i < b->count; i++)
			write_hash_item(&w, request_hash(b->requests[i]));
	}
	uint8_t *mac = write_options(&w, r, b, stranger ? form->pad_stranger_to : PAD_TO);
	int len = build_finish(&w);
	assert(len > 0);
	if (mac)
		sign(r, bytes, (size_t)len, mac);
	return (size_t)len;
}

size_t compose_seen(const struct requester *r, const struct seen *s, uint8_t *bytes)
{
	struct writer w = build_start(bytes, r->max_datagram, MSG_SEEN, s->txid);

	write_u32(&w, s->seq);
	return (size_t)build_finish(&w);
}
