/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: any bytes as one datagram, on every plane. What decodes has to encode to the same
 * bytes, and everything that it views has to be walked without leaving the datagram.
 */
#include <assert.h>
#include <string.h>

#include "wire/hash.h"
#include "wire/list.h"
#include "wire/msg.h"
#include "wire/option.h"

#include "fuzz.h"

/* Reads every byte, so that a sanitizer sees a view that is too long. */
static void touch(struct span s)
{
	volatile uint8_t sink = 0;

	for (size_t i = 0; i < s.len; i++)
		sink = (uint8_t)(sink ^ s.p[i]);
}

static void walk_hashes(const struct hash_list *list)
{
	struct span rest = list->items, hash;
	size_t n = 0;

	for (; hash_list_next(&rest, &hash); n++) {
		assert(hash_len_ok(hash.len));
		touch(hash);
	}
	assert(n == list->count && n != 0 && rest.len == 0);
}

static void walk_options(struct span raw)
{
	struct options o;

	touch(raw);
	if (options_parse(raw, &o) != 0)
		return;
	if (o.cookie)
		touch((struct span){o.cookie, MSG_COOKIE_LEN});
	if (o.has_auth) {
		touch(o.auth_key_name);
		touch((struct span){o.mac, OPTION_MAC_LEN});
	}
}

static void walk_providers(const struct msg *m)
{
	struct span rest = m->providers.sections;
	struct section section;
	struct provider provider;
	size_t sections = 0;

	for (; section_next(&rest, &section); sections++) {
		size_t n = section.providers.len / MSG_PROVIDER_LEN;
		assert(section.providers.len % MSG_PROVIDER_LEN == 0);
		while (provider_next(&section.providers, &provider))
			n--;
		assert(n == 0 && section.providers.len == 0);
	}
	assert(sections != 0 && rest.len == 0);
}

static void walk_have(const struct msg *m)
{
	struct span rest = m->have.ips;
	size_t n = rest.len / 16;
	struct ip ip;

	while (ip_next(&rest, &ip))
		n--;
	assert(n == 0 && rest.len == 0);
}

static void walk_servers(const struct msg *m)
{
	struct span rest = m->server_list.servers;
	size_t n = rest.len / 18;
	struct addr server;

	while (server_next(&rest, &server))
		n--;
	assert(n == 0 && rest.len == 0);
}

static void walk(const struct msg *m)
{
	switch ((enum msg_type)m->type) {
	case MSG_GET:
	case MSG_WANT: touch(m->get.hash); break;
	case MSG_PUT: touch(m->put.hash); break;
	case MSG_HAVE: walk_have(m); break;
	case MSG_EXIT: touch(m->exit.password); break;
	case MSG_LOOKUP:
		walk_hashes(&m->lookup.hashes);
		walk_options(m->lookup.options);
		break;
	case MSG_PROVIDERS: walk_providers(m); break;
	case MSG_ANNOUNCE:
		walk_hashes(&m->announce.hashes);
		walk_options(m->announce.options);
		break;
	case MSG_WITHDRAW:
		walk_hashes(&m->withdraw.hashes);
		walk_options(m->withdraw.options);
		break;
	case MSG_DONE: touch(m->done.statuses); break;
	case MSG_ERROR: touch(m->error.text); break;
	case MSG_WATCH:
		walk_hashes(&m->watch.hashes);
		walk_options(m->watch.options);
		break;
	case MSG_EVENT: touch(m->event.hash); break;
	case MSG_PING:
	case MSG_SERVERS: walk_options(m->ping.options); break;
	case MSG_PONG: touch(m->pong.name); break;
	case MSG_SERVER_LIST: walk_servers(m); break;
	default: break;
	}
}

static void decode_on(enum msg_plane plane, const uint8_t *data, size_t size)
{
	static uint8_t again[MSG_HEADER_LEN + UINT16_MAX];
	bool has_txid;
	struct msg m;
	enum msg_reason reason = msg_decode(data, size, plane, &m, &has_txid);

	if (has_txid)
		assert(memcmp(m.txid, data + MSG_HEADER_LEN, MSG_TXID_LEN) == 0);
	if (reason != MSG_GOOD)
		return;
	const struct msg_type_info *info = msg_type_of(m.type);
	assert(info && (info->planes & plane) && info->has_txid == has_txid);
	walk(&m);
	assert(msg_encode(&m, again, sizeof(again)) == (int)size);
	assert(memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode_on(PLANE_CLIENT, data, size);
	decode_on(PLANE_PEER, data, size);
	decode_on(PLANE_KEEP_ALIVE, data, size);
	return 0;
}
