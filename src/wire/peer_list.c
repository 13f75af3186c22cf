/* SPDX-License-Identifier: BSD-2-Clause */
/* The items of the lists in internal messages, and walking them. */
#include <assert.h>

#include "wire/hash.h"
#include "wire/peer_codec.h"

#define KIND_V4      4
#define KIND_V6      6
#define KIND_ADDRESS 128 /* or-ed: nothing behind the address */

/* A text behind its length, of at most max bytes. */
static uint8_t read_text(struct reader *r, char *to, uint8_t max)
{
	uint8_t len = read_u8(r);

	reader_require(r, len <= max);
	if (!r->failed)
		read_copy(r, (uint8_t *)to, len);
	return len;
}

static void write_text(struct writer *w, const char *text, uint8_t len)
{
	write_u8(w, len);
	write_copy(w, (const uint8_t *)text, len);
}

static bool profile_ok(const struct peer_profile *p)
{
	return p->replicas >= 1 && p->replicas <= PEER_REPLICAS_MAX && p->quorum >= 1 &&
	       p->quorum <= p->replicas;
}

static void read_profile(struct reader *r, struct peer_profile *p)
{
	p->weight = read_u8(r);
	p->flags = read_u8(r);
	p->replicas = read_u8(r);
	p->quorum = read_u8(r);
	reader_require(r, profile_ok(p));
	p->client_port = read_u16(r);
	p->keepalive_port = read_u16(r);
	p->zone_len = read_text(r, p->zone, PEER_ZONE_MAX);
	p->version_len = read_text(r, p->version, PEER_VERSION_MAX);
	p->key_count = read_u8(r);
	reader_require(r, p->key_count <= PEER_KEYS_MAX);
	if (!r->failed)
		read_copy(r, p->key_ids, p->key_count);
}

static bool entry_ok(const struct peer_entry *e)
{
	return e->state >= PEER_ALIVE && e->state <= PEER_LEFT;
}

static void read_entry(struct reader *r, struct peer_entry *e)
{
	e->id = read_addr(r);
	e->state = read_u8(r);
	e->incarnation = read_u32(r);
	e->start = read_u64(r);
	uint8_t has_profile = read_u8(r);
	reader_require(r, entry_ok(e) && has_profile <= 1);
	e->has_profile = has_profile == 1;
	e->profile = (struct peer_profile){0};
	if (e->has_profile)
		read_profile(r, &e->profile);
}

void peer_write_entry(struct writer *w, const struct peer_entry *e)
{
	const struct peer_profile *p = &e->profile;

	assert(entry_ok(e));
	write_addr(w, &e->id);
	write_u8(w, e->state);
	write_u32(w, e->incarnation);
	write_u64(w, e->start);
	write_u8(w, e->has_profile);
	if (!e->has_profile)
		return;
	assert(p->zone_len <= PEER_ZONE_MAX && p->version_len <= PEER_VERSION_MAX);
	assert(p->key_count <= PEER_KEYS_MAX && profile_ok(p));
	write_u8(w, p->weight);
	write_u8(w, p->flags);
	write_u8(w, p->replicas);
	write_u8(w, p->quorum);
	write_u16(w, p->client_port);
	write_u16(w, p->keepalive_port);
	write_text(w, p->zone, p->zone_len);
	write_text(w, p->version, p->version_len);
	write_u8(w, p->key_count);
	write_copy(w, p->key_ids, p->key_count);
}

/* An address of a kind; each address has one kind only. */
static struct ip read_ip_of(struct reader *r, uint8_t kind)
{
	if (kind == KIND_V4) {
		uint8_t v4[4];
		read_copy(r, v4, sizeof(v4));
		return ip_from_v4(v4);
	}
	struct ip ip = read_ip(r);
	reader_require(r, kind == KIND_V6 && !ip_is_v4(&ip));
	return ip;
}

static struct peer_record read_record(struct reader *r)
{
	uint8_t kind = read_u8(r);
	struct peer_record record = {.ip = read_ip_of(r, kind & (uint8_t)~KIND_ADDRESS)};

	if (kind & KIND_ADDRESS)
		return record;
	record.port = read_u16(r);
	record.version = read_u64(r);
	record.life = read_u32(r);
	reader_require(r, record.version != 0);
	return record;
}

struct peer_record read_whole_record(struct reader *r)
{
	struct peer_record record = read_record(r);

	reader_require(r, record.version != 0);
	return record;
}

void peer_write_record(struct writer *w, const struct peer_record *record)
{
	bool whole = record->version != 0;
	bool v4 = ip_is_v4(&record->ip);

	write_u8(w, (uint8_t)((v4 ? KIND_V4 : KIND_V6) | (whole ? 0 : KIND_ADDRESS)));
	write_copy(w, v4 ? record->ip.b + 12 : record->ip.b, v4 ? 4 : sizeof(record->ip.b));
	if (!whole)
		return;
	write_u16(w, record->port);
	write_u64(w, record->version);
	write_u32(w, record->life);
}

void write_whole_record(struct writer *w, const struct peer_record *record)
{
	assert(record->version != 0);
	peer_write_record(w, record);
}

static struct peer_item read_item(struct reader *r)
{
	struct peer_item item;

	item.hash = read_hash_item(r);
	item.record = read_whole_record(r);
	return item;
}

void peer_write_item(struct writer *w, const struct peer_item *item)
{
	write_hash_item(w, item->hash);
	write_whole_record(w, &item->record);
}

static uint16_t read_partition(struct reader *r)
{
	uint16_t partition = read_u16(r);

	reader_require(r, partition < PEER_PARTITIONS);
	return partition;
}

static void write_partition(struct writer *w, uint16_t partition)
{
	assert(partition < PEER_PARTITIONS);
	write_u16(w, partition);
}

static struct peer_compare_item read_compare(struct reader *r)
{
	struct peer_compare_item item;

	item.partition = read_partition(r);
	item.flags = read_u8(r);
	item.digest = read_u64(r);
	return item;
}

void peer_write_compare(struct writer *w, const struct peer_compare_item *item)
{
	write_partition(w, item->partition);
	write_u8(w, item->flags);
	write_u64(w, item->digest);
}

static struct peer_compared_item read_compared(struct reader *r)
{
	struct peer_compared_item item;

	item.partition = read_partition(r);
	item.flags = read_u8(r);
	return item;
}

void peer_write_compared(struct writer *w, const struct peer_compared_item *item)
{
	write_partition(w, item->partition);
	write_u8(w, item->flags);
}

static struct peer_confirm_item read_confirm(struct reader *r)
{
	struct peer_confirm_item item;

	item.partition = read_partition(r);
	item.digest = read_u64(r);
	return item;
}

void peer_write_confirm(struct writer *w, const struct peer_confirm_item *item)
{
	write_partition(w, item->partition);
	write_u64(w, item->digest);
}

bool peer_entry_next(struct span *rest, struct peer_entry *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	read_entry(&r, out);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

bool peer_record_next(struct span *rest, struct peer_record *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	*out = read_record(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

bool peer_item_next(struct span *rest, struct peer_item *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	*out = read_item(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

bool peer_compare_next(struct span *rest, struct peer_compare_item *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	*out = read_compare(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

bool peer_compared_next(struct span *rest, struct peer_compared_item *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	*out = read_compared(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

bool peer_confirm_next(struct span *rest, struct peer_confirm_item *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	*out = read_confirm(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

/* What lies between a position and where the reader has come to. */
static struct span read_since(const struct reader *r, const uint8_t *from)
{
	return (struct span){.p = from, .len = r->failed ? 0 : (size_t)(r->p - from)};
}

struct span read_entries(struct reader *r)
{
	const uint8_t *from = r->p;
	struct peer_entry entry;

	while (reader_left(r) != 0)
		read_entry(r, &entry);
	return read_since(r, from);
}

struct span read_records(struct reader *r)
{
	const uint8_t *from = r->p;

	while (reader_left(r) != 0)
		read_record(r);
	return read_since(r, from);
}

struct span read_items(struct reader *r)
{
	const uint8_t *from = r->p;

	while (reader_left(r) != 0)
		read_item(r);
	return read_since(r, from);
}

struct span read_part_items(struct reader *r, size_t item_len)
{
	const uint8_t *from = r->p;

	while (reader_left(r) != 0) {
		read_partition(r);
		read_view(r, item_len - sizeof(uint16_t));
	}
	return read_since(r, from);
}
