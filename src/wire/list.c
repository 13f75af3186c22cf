/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/list.h"

#include <assert.h>

#include "wire/codec.h"
#include "wire/hash.h"

struct span read_hash_item(struct reader *r)
{
	struct span hash = read_span(r, read_u8(r));

	reader_require(r, hash_len_ok(hash.len));
	return hash;
}

bool hash_list_next(struct span *rest, struct span *hash)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	*hash = read_hash_item(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

struct hash_list read_hash_list(struct reader *r)
{
	struct hash_list list = {.count = read_u8(r)};

	list.items.p = r->p;
	reader_require(r, list.count != 0);
	for (unsigned i = 0; i < list.count && !r->failed; i++)
		read_hash_item(r);
	if (r->failed)
		return (struct hash_list){0};
	list.items.len = (size_t)(r->p - list.items.p);
	return list;
}

bool hash_list_ok(const struct hash_list *list)
{
	struct span rest = list->items, hash;
	size_t count = 0;

	while (rest.len != 0) {
		if (!hash_list_next(&rest, &hash))
			return false;
		count++;
	}
	return count != 0 && count == list->count;
}

void write_hash_list(struct writer *w, const struct hash_list *list)
{
	write_u8(w, list->count);
	write_span(w, list->items);
}

void write_hash_item(struct writer *w, struct span hash)
{
	assert(hash_len_ok(hash.len));
	write_u8(w, (uint8_t)hash.len);
	write_span(w, hash);
}

struct provider read_provider(struct reader *r)
{
	struct provider p;

	p.ip = read_ip(r);
	p.port = read_u16(r);
	p.ttl_s = read_u32(r);
	return p;
}

void write_provider(struct writer *w, const struct provider *p)
{
	write_ip(w, &p->ip);
	write_u16(w, p->port);
	write_u32(w, p->ttl_s);
}

bool section_next(struct span *rest, struct section *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	out->index = read_u8(&r);
	out->total = read_u32(&r);
	out->next = read_u32(&r);
	out->providers = read_span(&r, (size_t)read_u16(&r) * MSG_PROVIDER_LEN);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

bool sections_ok(struct span sections)
{
	struct section section;

	if (sections.len == 0)
		return false;
	while (sections.len != 0)
		if (!section_next(&sections, &section))
			return false;
	return true;
}

bool provider_next(struct span *rest, struct provider *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	*out = read_provider(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

bool ip_next(struct span *rest, struct ip *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	*out = read_ip(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}

bool server_next(struct span *rest, struct addr *out)
{
	if (rest->len == 0)
		return false;
	struct reader r = reader_of(rest->p, rest->len);
	out->ip = read_ip(&r);
	out->port = read_u16(&r);
	*rest = read_rest(&r);
	return reader_status(&r) == 0;
}
