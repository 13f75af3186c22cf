/* SPDX-License-Identifier: BSD-2-Clause */
/* The bodies of the messages that carry clients' requests, types 64 to 71. */
#include <assert.h>

#include "wire/hash.h"
#include "wire/peer_codec.h"

void decode_store(struct reader *r, struct peer_msg *m)
{
	struct peer_store *store = &m->store;

	store->id = read_u64(r);
	store->version = read_u64(r);
	store->life_ms = read_u64(r);
	store->ip = read_ip(r);
	store->port = read_u16(r);
	store->hashes = read_hash_list(r);
	reader_require(r, store->version != 0);
}

void encode_store(struct writer *w, const struct peer_msg *m)
{
	const struct peer_store *store = &m->store;

	assert(store->version != 0 && store->hashes.count != 0);
	write_u64(w, store->id);
	write_u64(w, store->version);
	write_u64(w, store->life_ms);
	write_ip(w, &store->ip);
	write_u16(w, store->port);
	write_hash_list(w, &store->hashes);
}

/* What answers HASHES, whose COUNT has one byte. */
static bool statuses_count_ok(struct span statuses)
{
	return statuses.len >= 1 && statuses.len <= UINT8_MAX;
}

/* The statuses up to the end, none above max. */
static struct span read_statuses(struct reader *r, uint8_t max)
{
	struct span statuses = read_rest(r);

	reader_require(r, statuses_count_ok(statuses));
	for (size_t i = 0; i < statuses.len; i++)
		reader_require(r, statuses.p[i] <= max);
	return statuses;
}

static void write_statuses(struct writer *w, struct span statuses)
{
	assert(statuses_count_ok(statuses));
	write_span(w, statuses);
}

void decode_stored(struct reader *r, struct peer_msg *m)
{
	m->stored.id = read_u64(r);
	m->stored.newer = read_u64(r);
	m->stored.statuses = read_statuses(r, PEER_STORE_REFUSED);
}

void encode_stored(struct writer *w, const struct peer_msg *m)
{
	write_u64(w, m->stored.id);
	write_u64(w, m->stored.newer);
	write_statuses(w, m->stored.statuses);
}

/* A page of one hash says nothing about the next page of another. */
static bool fetch_ok(const struct peer_fetch *fetch)
{
	return fetch->mode <= PEER_FETCH_SAMPLE && fetch->hashes.count != 0 &&
	       (fetch->cursor == 0 || fetch->hashes.count == 1);
}

void decode_fetch(struct reader *r, struct peer_msg *m)
{
	struct peer_fetch *fetch = &m->fetch;

	fetch->id = read_u64(r);
	fetch->mode = read_u8(r);
	fetch->max = read_u16(r);
	fetch->cursor = read_u32(r);
	fetch->hashes = read_hash_list(r);
	reader_require(r, fetch_ok(fetch));
}

void encode_fetch(struct writer *w, const struct peer_msg *m)
{
	const struct peer_fetch *fetch = &m->fetch;

	assert(fetch_ok(fetch));
	write_u64(w, fetch->id);
	write_u8(w, fetch->mode);
	write_u16(w, fetch->max);
	write_u32(w, fetch->cursor);
	write_hash_list(w, &fetch->hashes);
}

void decode_fetched(struct reader *r, struct peer_msg *m)
{
	struct peer_fetched *fetched = &m->fetched;

	fetched->id = read_u64(r);
	fetched->index = read_u8(r);
	fetched->flags = read_u8(r);
	fetched->total = read_u32(r);
	fetched->next = read_u32(r);
	fetched->records = read_records(r);
}

void encode_fetched(struct writer *w, const struct peer_msg *m)
{
	const struct peer_fetched *fetched = &m->fetched;

	write_u64(w, fetched->id);
	write_u8(w, fetched->index);
	write_u8(w, fetched->flags);
	write_u32(w, fetched->total);
	write_u32(w, fetched->next);
	write_span(w, fetched->records);
}

void decode_subscribe(struct reader *r, struct peer_msg *m)
{
	m->subscribe.id = read_u64(r);
	m->subscribe.seconds = read_u16(r);
	m->subscribe.hashes = read_hash_list(r);
}

void encode_subscribe(struct writer *w, const struct peer_msg *m)
{
	assert(m->subscribe.hashes.count != 0);
	write_u64(w, m->subscribe.id);
	write_u16(w, m->subscribe.seconds);
	write_hash_list(w, &m->subscribe.hashes);
}

void decode_subscribed(struct reader *r, struct peer_msg *m)
{
	m->subscribed.id = read_u64(r);
	m->subscribed.statuses = read_statuses(r, PEER_SUBSCRIBED_FULL);
}

void encode_subscribed(struct writer *w, const struct peer_msg *m)
{
	write_u64(w, m->subscribed.id);
	write_statuses(w, m->subscribed.statuses);
}

static bool notify_kind_ok(uint8_t kind)
{
	return kind >= EVENT_APPEARED && kind <= EVENT_EXPIRED;
}

void decode_notify(struct reader *r, struct peer_msg *m)
{
	struct peer_notify *notify = &m->notify;

	notify->seq = read_u32(r);
	notify->kind = read_u8(r);
	notify->hash = read_hash_item(r);
	notify->record = read_whole_record(r);
	reader_require(r, notify_kind_ok(notify->kind));
}

void encode_notify(struct writer *w, const struct peer_msg *m)
{
	const struct peer_notify *notify = &m->notify;

	assert(notify_kind_ok(notify->kind));
	write_u32(w, notify->seq);
	write_u8(w, notify->kind);
	write_hash_item(w, notify->hash);
	write_whole_record(w, &notify->record);
}

void decode_noted(struct reader *r, struct peer_msg *m)
{
	m->noted.seq = read_u32(r);
}

void encode_noted(struct writer *w, const struct peer_msg *m)
{
	write_u32(w, m->noted.seq);
}
