/* SPDX-License-Identifier: BSD-2-Clause */
#include "seal_rig.h"

#include <stdlib.h>

struct seal_keys side_keys(const char *letters)
{
	struct seal_keys keys = {.count = strlen(letters)};

	for (size_t i = 0; i < keys.count; i++) {
		memset(keys.key[i].key, letters[i], SEAL_KEY_LEN);
		keys.key[i].id = seal_key_id(keys.key[i].key);
	}
	return keys;
}

static void start(struct side *x)
{
	struct seal_seed seed = {.start = {0xaa, x->number, x->restarts}, .secret = {1}};

	seed.start[15] = x->number;
	seed.secret[1] = x->number;
	seed.secret[2] = x->restarts;
	x->stream = (struct seal_stream){.index = 1};
	x->seal = seal_new(&x->id, &x->keys, &seed);
	assert_non_null(x->seal);
}

void side_init(struct side *x, uint8_t number, const char *keys)
{
	uint8_t v4[] = {10, 0, 0, number};

	*x = (struct side){
		.now.mono_us = 1000 * SECOND_US * number,
		.id = {ip_from_v4(v4), 8471},
		.keys = side_keys(keys),
		.number = number,
	};
	start(x);
}

void side_fini(struct side *x)
{
	seal_free(x->seal);
}

void side_restart(struct side *x)
{
	seal_free(x->seal);
	x->restarts++;
	start(x);
}

struct posted side_send_len(struct side *x, size_t len)
{
	struct posted p = {.from = x->id};
	struct writer w = seal_begin(x->seal, p.bytes, sizeof(p.bytes));

	write_u8(&w, PEER_GOSSIP);
	write_u16(&w, (uint16_t)(len - MSG_HEADER_LEN));
	for (size_t i = MSG_HEADER_LEN; i < len; i++)
		write_u8(&w, (uint8_t)i);
	assert_false(w.failed);
	p.len = seal_finish(x->seal, &x->stream, &x->now, &w);
	return p;
}

struct posted side_send(struct side *x)
{
	return side_send_len(x, 20);
}

enum seal_reason side_open(struct side *x, const struct posted *p, struct letter *l)
{
	uint8_t *bytes = malloc(p->len ? p->len : 1),
		key_id; /* its end is where a sanitizer sees it */

	assert_non_null(bytes);
	memcpy(bytes, p->bytes, p->len);
	enum seal_reason reason = seal_open(x->seal, &x->now, &p->from, bytes, p->len, l, &key_id);
	if (reason == SEAL_OPENED)
		l->messages = (struct span){p->bytes, l->messages.len};
	free(bytes);
	return reason;
}

bool side_takes(struct side *x, const struct posted *p)
{
	struct letter l;

	return side_open(x, p, &l) == SEAL_OPENED && l.known;
}

struct peer_proof side_challenge(struct side *to, struct side *x)
{
	struct posted p = side_send(x);
	struct peer_prove prove;
	struct letter l;

	assert_int_equal(side_open(to, &p, &l), SEAL_OPENED);
	seal_prove(to->seal, &to->now, &l, &prove);
	return seal_proof_of(x->seal, &prove);
}

bool side_prove(struct side *x, struct side *y)
{
	struct peer_proof proof = side_challenge(y, x);
	struct posted p = side_send(x);
	struct letter l;

	assert_int_equal(side_open(y, &p, &l), SEAL_OPENED);
	return seal_proven(y->seal, &y->now, &l, &proof);
}

void side_meet(struct side *x, struct side *y)
{
	assert_true(side_prove(x, y));
	assert_true(side_prove(y, x));
}

void sides_wait(struct side *x, struct side *y, uint64_t us)
{
	x->now.mono_us += us;
	y->now.mono_us += us;
}
