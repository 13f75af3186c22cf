/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <string.h>

#include "fleet.h"
#include "place.h"
#include "wire/build.h"
#include "wire/list.h"
#include "wire/option.h"

#include "crowd.h"

/* So long that a CHALLENGE is not longer, and that most answers need none. */
#define PADDED 96

static const uint8_t types[ASK_KINDS] = {
	[ASK_GET] = MSG_GET,
	[ASK_PUT] = MSG_PUT,
	[ASK_WANT] = MSG_WANT,
	[ASK_LOOKUP] = MSG_LOOKUP,
	[ASK_ANNOUNCE] = MSG_ANNOUNCE,
	[ASK_WITHDRAW] = MSG_WITHDRAW,
	[ASK_WATCH] = MSG_WATCH,
	[ASK_PING] = MSG_PING,
	[ASK_SERVERS] = MSG_SERVERS,
};

static bool is_base(const struct ask *r)
{
	return r->kind <= ASK_WANT;
}

static void write_ip(struct writer *w, const struct ip *ip)
{
	write_copy(w, ip->b, sizeof(ip->b));
}

/* Its provider as the message has it: a client's own address is not said. */
static void write_provider_of(const struct sim *s, const struct ask *r, struct writer *w)
{
	struct addr a = oracle_provider(s, r->provider);
	struct ip none = {0};

	write_u16(w, a.port);
	write_ip(w, r->provider >= PLAN_PROVIDERS_MAX ? &none : &a.ip);
}

static void write_hashes(const struct sim *s, const struct ask *r, struct writer *w)
{
	bool one = r->kind == ASK_LOOKUP && r->page != PAGE_ALL;
	uint32_t first = one ? r->page : 0, count = one ? 1 : r->hash_count;

	write_u8(w, (uint8_t)count);
	for (uint32_t i = first; i < first + count; i++)
		write_hash_item(w, hash_span(oracle_hash(s, r->hashes[i])));
}

static void write_body(const struct sim *s, const struct ask *r, struct writer *w)
{
	switch (r->kind) {
	case ASK_LOOKUP:
		write_u16(w, r->page_max);
		write_u32(w, r->page == PAGE_ALL ? 0 : r->next[r->page]);
		write_hashes(s, r, w);
		break;
	case ASK_ANNOUNCE:
		write_u32(w, r->ttl_s);
		write_provider_of(s, r, w);
		write_hashes(s, r, w);
		break;
	case ASK_WITHDRAW:
		write_provider_of(s, r, w);
		write_hashes(s, r, w);
		break;
	case ASK_WATCH:
		write_u32(w, r->ttl_s);
		write_hashes(s, r, w);
		break;
	default: break;
	}
}

size_t ask_write(const struct sim *s, struct ask *r, uint8_t *to, size_t size)
{
	const struct hash *hash = oracle_hash(s, r->hashes[0]);
	struct writer w = build_start(
		to, size, (enum msg_type)types[r->kind], is_base(r) ? NULL : r->txid);

	if (r->kind == ASK_PUT) {
		struct addr a = oracle_provider(s, r->provider);
		write_ip(&w, &a.ip);
	}
	if (is_base(r))
		write_span(&w, hash_span(hash));
	else
		write_body(s, r, &w);
	if (!is_base(r) && !s->plan.proven)
		write_padding_to(&w, PADDED);
	r->plain_len = (uint16_t)writer_used(&w);
	if (r->has_cookie)
		write_cookie_option(&w, r->cookie);
	int len = build_finish(&w);
	assert(len > 0);
	return (size_t)len;
}

uint32_t ask_hash_of(const struct ask *r, const uint8_t *txid, uint32_t index)
{
	uint8_t page = txid[6];

	if (memcmp(txid, r->txid, 6) != 0)
		return ASK_HASHES;
	if (page == PAGE_ALL)
		return index < r->hash_count ? index : ASK_HASHES;
	return index == 0 && page < r->hash_count ? page : ASK_HASHES;
}

static void take_section(
	const struct sim *s, struct ask *r, const uint8_t *txid, struct section *section)
{
	uint32_t i = ask_hash_of(r, txid, section->index);
	struct provider p;

	if (i == ASK_HASHES)
		return;
	while (provider_next(&section->providers, &p)) {
		uint32_t provider = oracle_find(s, &p.ip, &p.port);
		if (provider != ORACLE_NONE)
			provider_put_in(r->found[i], provider);
	}
	r->next[i] = section->next;
	if (r->page == PAGE_ALL)
		r->seen |= (uint8_t)(1u << i);
}

/* Goes on with the next page, or is answered. */
static void turn_page(struct ask *r)
{
	for (uint8_t i = 0; i < r->hash_count; i++) {
		if (r->next[i] == 0)
			continue;
		r->page = i;
		r->txid[6] = i;
		r->txid[7]++;
		r->tries = 1;
		return;
	}
	r->answered = true;
}

static void take_providers(const struct sim *s, struct ask *r, const struct msg *m)
{
	struct span rest = m->providers.sections;
	struct section section;

	if (r->kind != ASK_LOOKUP || memcmp(m->txid, r->txid, MSG_TXID_LEN) != 0)
		return;
	while (section_next(&rest, &section))
		take_section(s, r, m->txid, &section);
	if (r->page != PAGE_ALL || r->seen == (1u << r->hash_count) - 1)
		turn_page(r);
}

static void take_have(const struct sim *s, struct ask *r, const struct msg *m)
{
	struct span rest = m->have.ips;
	struct ip ip;

	if (r->kind == ASK_WANT && rest.len == 0)
		return;
	r->haves += rest.len != 0;
	while (ip_next(&rest, &ip)) {
		uint32_t provider = oracle_find(s, &ip, NULL);
		if (provider != ORACLE_NONE)
			provider_put_in(r->found[0], provider);
	}
	r->answered = true;
}

static void take_done(struct ask *r, const struct msg *m)
{
	if (m->done.statuses.len != r->hash_count)
		return;
	memcpy(r->statuses, m->done.statuses.p, r->hash_count);
	r->answered = true;
}

/* What the auditor's subscriptions are told. */
static void take_event(const struct sim *s, struct ask *r, const struct msg *m)
{
	struct provider p = m->event.provider;
	uint32_t provider = oracle_find(s, &p.ip, &p.port);

	if (provider != ORACLE_NONE && m->event.kind == EVENT_APPEARED)
		provider_put_in(r->found[0], provider);
	else if (provider != ORACLE_NONE)
		provider_put_in(r->found[1], provider);
}

void ask_heard(struct sim *s, struct ask *r, const struct addr *from, const struct msg *m)
{
	(void)from;
	switch (m->type) {
	case MSG_HAVE: take_have(s, r, m); break;
	case MSG_PROVIDERS: take_providers(s, r, m); break;
	case MSG_DONE: take_done(r, m); break;
	case MSG_EVENT: take_event(s, r, m); break;
	case MSG_CHALLENGE:
		r->has_cookie = true;
		memcpy(r->cookie, m->challenge.cookie, MSG_COOKIE_LEN);
		break;
	case MSG_PONG:
	case MSG_SERVER_LIST: r->answered = true; break;
	default: break;
	}
}
