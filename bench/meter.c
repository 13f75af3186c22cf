/* SPDX-License-Identifier: BSD-2-Clause */
#include "meter.h"

#include <sodium.h>
#include <string.h>

#include "../tests/sim/fleet.h"
#include "../tests/sim/place.h"
#include "wire/list.h"

#define TIME_LEN 8
#define HEAD_LEN                                                                                   \
	(MSG_HEADER_LEN + 1) /* of an envelope: what is authenticated beside the inside            \
	                      */

static enum meter_class class_of_type(uint8_t type)
{
	switch (type) {
	case PEER_COMPARE:
	case PEER_COMPARED:
	case PEER_CONFIRM: return METER_DIGESTS;
	default: return type >= PEER_STORE ? METER_RECORDS : METER_MEMBERS;
	}
}

/* What does not open is counted as the membership's: too much rather than too little. */
static enum meter_class class_of(const struct meter *m, const struct packet *p)
{
	uint8_t inside[NET_PACKET_MAX];
	unsigned long long len = 0;
	const uint8_t *nonce = p->bytes + HEAD_LEN, *sealed = nonce + SEAL_NONCE_LEN;
	size_t before = HEAD_LEN + SEAL_NONCE_LEN;

	if (p->len < before + SEAL_TAG_LEN ||
		crypto_aead_xchacha20poly1305_ietf_decrypt(inside, &len, NULL, sealed,
			p->len - before, p->bytes, HEAD_LEN, nonce, m->key.key) < 0 ||
		len <= TIME_LEN)
		return METER_MEMBERS;
	return class_of_type(inside[TIME_LEN]);
}

static void count(struct meter *m, const struct packet *p, uint32_t from)
{
	enum meter_class class = class_of(m, p);
	uint32_t size = p->len + METER_HEADERS;

	m->bytes[class] += size;
	if (class == METER_MEMBERS)
		m->second[from] += size;
}

/* A question from the socket of a lane. */
static void follow(struct meter *m, const struct packet *p, uint32_t from, uint32_t to)
{
	bool lane = p->from.port > PORT_ASK && p->from.port <= PORT_ASK + FLEET_LANES_MAX;

	if (!lane || p->to.port != PORT_PEER || m->depth[from] == UINT8_MAX)
		return;
	uint8_t depth = (uint8_t)(m->depth[from] + 1);
	if (depth < m->depth[to])
		m->depth[to] = depth;
	m->hops = depth > m->hops ? depth : m->hops;
}

static void told_providers(struct meter *m, const struct msg *answer)
{
	struct span rest = answer->providers.sections;
	struct section section;

	while (section_next(&rest, &section)) {
		m->found += section.total > 0;
		m->missed += section.total == 0;
	}
}

static void told(struct meter *m, const struct packet *p)
{
	struct msg answer;
	bool has_txid;

	if (msg_decode(p->bytes, p->len, PLANE_CLIENT, &answer, &has_txid) != MSG_GOOD)
		return;
	if (answer.type == MSG_PROVIDERS)
		told_providers(m, &answer);
	m->done += answer.type == MSG_DONE;
	m->errors += answer.type == MSG_ERROR;
	for (size_t i = 0; answer.type == MSG_DONE && i < answer.done.statuses.len; i++)
		m->stored += answer.done.statuses.p[i] == STATUS_STORED;
}

static void tap(void *to, const struct packet *p)
{
	struct meter *m = to;
	struct addr client = meter_client();
	struct place from = place_of(&p->from.ip), there = place_of(&p->to.ip);

	if (from.kind != PLACE_SERVER)
		return;
	if (addr_equal(&p->to, &client))
		told(m, p);
	if (there.kind != PLACE_SERVER)
		return;
	follow(m, p, from.index, there.index);
	if (m->counts)
		count(m, p, from.index);
}

struct addr meter_client(void)
{
	const uint8_t v4[4] = {10, 9, 0, 1};

	return (struct addr){.ip = ip_from_v4(v4), .port = 1};
}

void meter_start(struct meter *m, struct sim *s)
{
	memset(m, 0, sizeof(*m));
	memset(m->depth, UINT8_MAX, sizeof(m->depth));
	m->s = s;
	m->key = fleet_keys(s, 0).key[0];
	s->tap = tap;
	s->tap_to = m;
}

void meter_count(struct meter *m, bool counts)
{
	m->counts = counts;
	if (!counts)
		return;
	memset(m->bytes, 0, sizeof(m->bytes));
	memset(m->second, 0, sizeof(m->second));
	m->seconds = 0;
	m->peak = 0;
}

void meter_second(struct meter *m)
{
	if (!m->counts)
		return;
	m->seconds++;
	for (uint32_t i = 0; i < m->s->fleet->count; i++) {
		m->peak = m->second[i] > m->peak ? m->second[i] : m->peak;
		m->second[i] = 0;
	}
}

void meter_follow(struct meter *m, uint32_t server)
{
	memset(m->depth, UINT8_MAX, sizeof(m->depth));
	m->depth[server] = 0;
	m->hops = 0;
}
