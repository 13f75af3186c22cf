/* SPDX-License-Identifier: BSD-2-Clause */
/* The bodies of the extended messages, types 16 to 29, behind their TXID. */
#include "base/utf8.h"
#include "wire/codec.h"
#include "wire/hash.h"
#include "wire/option.h"

#define SERVER_LEN 18 /* in SERVER_LIST: IP, PORT */

/* A page of one hash says nothing about the next page of another. */
static bool lookup_ok(const struct msg_lookup *lookup)
{
	return lookup->cursor == 0 || lookup->hashes.count == 1;
}

void decode_lookup(struct reader *r, struct msg *m)
{
	struct msg_lookup *lookup = &m->lookup;

	lookup->max = read_u16(r);
	lookup->cursor = read_u32(r);
	lookup->hashes = read_hash_list(r);
	lookup->options = read_options(r);
	reader_require(r, lookup_ok(lookup));
}

int encode_lookup(struct writer *w, const struct msg *m)
{
	const struct msg_lookup *lookup = &m->lookup;

	if (!lookup_ok(lookup) || !hash_list_ok(&lookup->hashes) || !options_ok(lookup->options))
		return DHT_EINVAL;
	write_u16(w, lookup->max);
	write_u32(w, lookup->cursor);
	write_hash_list(w, &lookup->hashes);
	write_span(w, lookup->options);
	return 0;
}

void decode_providers(struct reader *r, struct msg *m)
{
	m->providers.sections = read_rest(r);
	reader_require(r, sections_ok(m->providers.sections));
}

int encode_providers(struct writer *w, const struct msg *m)
{
	if (!sections_ok(m->providers.sections))
		return DHT_EINVAL;
	write_span(w, m->providers.sections);
	return 0;
}

void decode_announce(struct reader *r, struct msg *m)
{
	struct msg_announce *announce = &m->announce;

	announce->ttl_s = read_u32(r);
	announce->port = read_u16(r);
	announce->ip = read_ip(r);
	announce->hashes = read_hash_list(r);
	announce->options = read_options(r);
}

int encode_announce(struct writer *w, const struct msg *m)
{
	const struct msg_announce *announce = &m->announce;

	if (!hash_list_ok(&announce->hashes) || !options_ok(announce->options))
		return DHT_EINVAL;
	write_u32(w, announce->ttl_s);
	write_u16(w, announce->port);
	write_ip(w, &announce->ip);
	write_hash_list(w, &announce->hashes);
	write_span(w, announce->options);
	return 0;
}

void decode_withdraw(struct reader *r, struct msg *m)
{
	struct msg_withdraw *withdraw = &m->withdraw;

	withdraw->port = read_u16(r);
	withdraw->ip = read_ip(r);
	withdraw->hashes = read_hash_list(r);
	withdraw->options = read_options(r);
}

int encode_withdraw(struct writer *w, const struct msg *m)
{
	const struct msg_withdraw *withdraw = &m->withdraw;

	if (!hash_list_ok(&withdraw->hashes) || !options_ok(withdraw->options))
		return DHT_EINVAL;
	write_u16(w, withdraw->port);
	write_ip(w, &withdraw->ip);
	write_hash_list(w, &withdraw->hashes);
	write_span(w, withdraw->options);
	return 0;
}

void decode_done(struct reader *r, struct msg *m)
{
	m->done.ttl_s = read_u32(r);
	m->done.statuses = read_span(r, read_u8(r));
	reader_require(r, m->done.statuses.len != 0);
}

int encode_done(struct writer *w, const struct msg *m)
{
	size_t count = m->done.statuses.len;

	if (count == 0 || count > UINT8_MAX)
		return DHT_EINVAL;
	write_u32(w, m->done.ttl_s);
	write_u8(w, (uint8_t)count);
	write_span(w, m->done.statuses);
	return 0;
}

void decode_error(struct reader *r, struct msg *m)
{
	m->error.code = read_u16(r);
	m->error.text = read_rest(r);
	reader_require(r, utf8_valid(m->error.text.p, m->error.text.len));
}

int encode_error(struct writer *w, const struct msg *m)
{
	if (!utf8_valid(m->error.text.p, m->error.text.len))
		return DHT_EINVAL;
	write_u16(w, m->error.code);
	write_span(w, m->error.text);
	return 0;
}

void decode_watch(struct reader *r, struct msg *m)
{
	m->watch.duration_s = read_u32(r);
	m->watch.hashes = read_hash_list(r);
	m->watch.options = read_options(r);
}

int encode_watch(struct writer *w, const struct msg *m)
{
	if (!hash_list_ok(&m->watch.hashes) || !options_ok(m->watch.options))
		return DHT_EINVAL;
	write_u32(w, m->watch.duration_s);
	write_hash_list(w, &m->watch.hashes);
	write_span(w, m->watch.options);
	return 0;
}

static bool event_ok(const struct msg_event *event)
{
	return event->kind >= EVENT_APPEARED && event->kind <= EVENT_EXPIRED &&
	       hash_len_ok(event->hash.len);
}

void decode_event(struct reader *r, struct msg *m)
{
	struct msg_event *event = &m->event;

	event->seq = read_u32(r);
	event->kind = read_u8(r);
	event->hash = read_span(r, read_u8(r));
	event->provider = read_provider(r);
	reader_require(r, event_ok(event));
}

int encode_event(struct writer *w, const struct msg *m)
{
	const struct msg_event *event = &m->event;

	if (!event_ok(event))
		return DHT_EINVAL;
	write_u32(w, event->seq);
	write_u8(w, event->kind);
	write_hash_item(w, event->hash);
	write_provider(w, &event->provider);
	return 0;
}

void decode_seen(struct reader *r, struct msg *m)
{
	m->seen.seq = read_u32(r);
}

int encode_seen(struct writer *w, const struct msg *m)
{
	write_u32(w, m->seen.seq);
	return 0;
}

void decode_challenge(struct reader *r, struct msg *m)
{
	read_copy(r, m->challenge.cookie, sizeof(m->challenge.cookie));
}

int encode_challenge(struct writer *w, const struct msg *m)
{
	write_copy(w, m->challenge.cookie, sizeof(m->challenge.cookie));
	return 0;
}

/* PING and SERVERS. */
void decode_options(struct reader *r, struct msg *m)
{
	m->ping.options = read_options(r);
}

int encode_options(struct writer *w, const struct msg *m)
{
	if (!options_ok(m->ping.options))
		return DHT_EINVAL;
	write_span(w, m->ping.options);
	return 0;
}

void decode_pong(struct reader *r, struct msg *m)
{
	struct msg_pong *pong = &m->pong;

	pong->version = read_u8(r);
	pong->members = read_u16(r);
	pong->uptime_s = read_u32(r);
	pong->name = read_rest(r);
	reader_require(r, utf8_valid(pong->name.p, pong->name.len));
}

int encode_pong(struct writer *w, const struct msg *m)
{
	const struct msg_pong *pong = &m->pong;

	if (!utf8_valid(pong->name.p, pong->name.len))
		return DHT_EINVAL;
	write_u8(w, pong->version);
	write_u16(w, pong->members);
	write_u32(w, pong->uptime_s);
	write_span(w, pong->name);
	return 0;
}

void decode_server_list(struct reader *r, struct msg *m)
{
	m->server_list.servers = read_span(r, (size_t)read_u16(r) * SERVER_LEN);
}

int encode_server_list(struct writer *w, const struct msg *m)
{
	struct span servers = m->server_list.servers;

	if (servers.len % SERVER_LEN != 0)
		return DHT_EINVAL;
	/* A number that N does not hold never fits LENGTH either: build_finish() refuses it. */
	write_u16(w, (uint16_t)(servers.len / SERVER_LEN));
	write_span(w, servers);
	return 0;
}
