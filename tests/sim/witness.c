/* SPDX-License-Identifier: BSD-2-Clause */
#include "witness.h"

#include <string.h>

#include "crowd.h"
#include "oracle.h"
#include "place.h"
#include "spy.h"
#include "wire/list.h"

/* What an unproven source is sent at most: protocol, proof of address. */
#define HAVE_LEAST  19u
#define HAVE_FACTOR 3u

#define ECHO_US (40 * SIM_SECOND) /* after healing */
#define AT_ONCE 2u                /* requests that change one key in the same moment */

static bool changes(const struct ask *r)
{
	return r->kind == ASK_PUT || r->kind == ASK_ANNOUNCE || r->kind == ASK_WITHDRAW;
}

void witness_asked(struct sim *s, struct node *n, const struct packet *p)
{
	struct ask *r = crowd_find(s, p->request);

	if (!r)
		return;
	r->asked_bytes += p->len;
	if (p->bytes[0] == MSG_SEEN)
		return;
	if (r->asked_count++ == 0) {
		r->asked_server = n->index;
		r->asked_life = n->life;
	}
	r->asked_several |= r->asked_server != n->index || r->asked_life != n->life;
	r->asked_proven |= r->has_cookie && p->len > r->plain_len;
	if (!changes(r))
		return;
	oracle_asked(s, n, r);
	for (uint32_t i = 0; i < r->hash_count; i++)
		spy_change(s, n, r, i, -1);
}

static void check_amount(
	struct sim *s, struct node *n, struct ask *r, const struct msg *m, size_t len)
{
	uint32_t most = r->asked_bytes, have = HAVE_FACTOR * r->asked_bytes;

	if (m->type == MSG_HAVE)
		most = have > HAVE_LEAST * r->asked_count ? have : HAVE_LEAST * r->asked_count;
	r->told_bytes += (uint32_t)len;
	if (s->plan.proven || r->client == CROWD_AUDITOR || r->asked_proven)
		return;
	if (r->told_bytes > most)
		sim_fail(s, "amplification", "server %u has sent %u bytes to request %u of %u",
			n->index, r->told_bytes, r->number, r->asked_bytes);
}

static void told_have(struct sim *s, struct node *n, struct ask *r, const struct msg *m)
{
	struct span rest = m->have.ips;
	struct ip ip;

	if (r->kind != ASK_GET && r->kind != ASK_WANT)
		sim_fail(s, "status", "a HAVE for request %u", r->number);
	if (++r->told_haves > r->asked_count)
		sim_fail(s, "echo", "server %u sends HAVE %u to request %u, which came %u times",
			n->index, r->told_haves, r->number, r->asked_count);
	while (ip_next(&rest, &ip)) {
		uint32_t provider = oracle_find(s, &ip, NULL);
		if (provider == ORACLE_NONE)
			sim_fail(s, "invention", "server %u tells of a strange address", n->index);
		else
			oracle_told(s, n, r->hashes[0], provider, SIM_NEVER);
	}
}

static void told_section(
	struct sim *s, struct node *n, struct ask *r, const uint8_t *txid, struct section *section)
{
	uint32_t i = ask_hash_of(r, txid, section->index);
	struct provider p;

	if (i == ASK_HASHES) {
		sim_fail(s, "status", "server %u tells of section %u of request %u", n->index,
			section->index, r->number);
		return;
	}
	while (provider_next(&section->providers, &p)) {
		uint32_t provider = oracle_find(s, &p.ip, &p.port);
		if (provider == ORACLE_NONE)
			sim_fail(s, "invention", "server %u tells of a strange provider", n->index);
		else
			oracle_told(s, n, r->hashes[i], provider, p.ttl_s * SIM_SECOND);
	}
}

static void told_providers(struct sim *s, struct node *n, struct ask *r, const struct msg *m)
{
	struct span rest = m->providers.sections;
	struct section section;

	sim_count(s, TALLY_ANSWERED);
	while (section_next(&rest, &section))
		told_section(s, n, r, m->txid, &section);
}

static void told_done(struct sim *s, struct node *n, struct ask *r, const struct msg *m)
{
	const struct span *statuses = &m->done.statuses;

	if (statuses->len != r->hash_count || !(changes(r) || r->kind == ASK_WATCH)) {
		sim_fail(s, "status", "server %u has done %zu things for request %u", n->index,
			statuses->len, r->number);
		return;
	}
	for (uint32_t i = 0; i < statuses->len; i++) {
		uint8_t status = statuses->p[i];
		if (status == STATUS_REFUSED || status > STATUS_NOT_IN_TIME ||
			(status == STATUS_FULL && !plan_has(&s->plan, FAULT_FULL)))
			sim_fail(s, "status", "server %u gives status %u to request %u", n->index,
				status, r->number);
		if (r->kind == ASK_WATCH)
			continue;
		oracle_acked(s, n, r, i, status);
		spy_change(s, n, r, i, status);
	}
	if (r->kind == ASK_ANNOUNCE && m->done.ttl_s != r->ttl_s)
		sim_fail(s, "status", "server %u grants %u s of %u", n->index, m->done.ttl_s,
			r->ttl_s);
}

/* Which of its hashes an event is about; ASK_HASHES: none. */
static uint32_t hash_of_event(const struct sim *s, const struct ask *r, struct span hash)
{
	for (uint32_t i = 0; i < r->hash_count; i++) {
		const struct hash *own = oracle_hash(s, r->hashes[i]);
		if (own->len == hash.len && memcmp(own->b, hash.p, hash.len) == 0)
			return i;
	}
	return ASK_HASHES;
}

/* Where nothing is wrong, each announcement is told at most once, and ends at most once, and so it
 * is with withdrawals. With faults a change may be heard of so late that it is forgotten that it
 * was told. A change that was given a newer version may be heard of with both, from two owners. */
static void check_echo(
	struct sim *s, struct node *n, struct ask *r, uint32_t i, uint32_t provider, uint8_t kind)
{
	struct told_key *k = &r->told->keys[i][provider];
	uint32_t announced = oracle_announced(s, r->hashes[i], provider);
	uint32_t withdrawn = oracle_withdrawn(s, r->hashes[i], provider);

	if (!s->plan.calm && !(s->healed && s->now_us - s->heal_us > ECHO_US))
		return;
	/* What an owner had no room for it may take much later. */
	if (plan_has(&s->plan, FAULT_FULL))
		return;
	/* The last requests of each kind may be what the first event is about. */
	if (k->since_us != s->heal_us + 1)
		*k = (struct told_key){.since_us = s->heal_us + 1,
			.announced = announced < AT_ONCE ? 0 : announced - AT_ONCE,
			.withdrawn = withdrawn < AT_ONCE ? 0 : withdrawn - AT_ONCE};
	uint32_t most = announced - k->announced;
	/* What took the place of a longer life leaves a tombstone at its end. */
	if (kind == EVENT_WITHDRAWN)
		most += withdrawn - k->withdrawn;
	if (++k->times[kind] > most && fleet_restamped(s->fleet) == s->heal_restamped)
		sim_fail(s, "echo",
			"server %u tells request %u for time %u of kind %u, of %u requests, "
			"about hash %u provider %u",
			n->index, r->number, k->times[kind], kind, most, r->hashes[i], provider);
}

/* Events are sent again until they are seen: only a higher number is a new one. Two servers that
 * were asked tell the same change twice, and rightly. */
static void told_event(struct sim *s, struct node *n, struct ask *r, const struct msg *m)
{
	const struct msg_event *e = &m->event;
	uint32_t provider = oracle_find(s, &e->provider.ip, &e->provider.port);
	uint32_t i = hash_of_event(s, r, e->hash);

	if (!r->told || i == ASK_HASHES || provider == ORACLE_NONE ||
		oracle_announced(s, r->hashes[i], provider) == 0) {
		sim_fail(s, "invention", "server %u tells a strange event", n->index);
		return;
	}
	if (r->asked_several || e->seq <= r->told->seq)
		return;
	sim_count(s, TALLY_TOLD);
	r->told->seq = e->seq;
	check_echo(s, n, r, i, provider, e->kind);
}

void witness_told(
	struct sim *s, struct node *n, const struct addr *to, const uint8_t *bytes, size_t len)
{
	struct ask *r = crowd_find(s, crowd_number(s, to));
	bool has_txid;
	struct msg m;

	if (msg_decode(bytes, len, PLANE_CLIENT, &m, &has_txid) != MSG_GOOD) {
		sim_fail(s, "status", "server %u sends what is no message", n->index);
		return;
	}
	if (!r) {
		/* Who sends garbage may call himself what he likes, but no client. */
		if (place_of(&to->ip).kind == PLACE_CLIENT)
			sim_fail(s, "status", "server %u sends to nobody", n->index);
		return;
	}
	check_amount(s, n, r, &m, len);
	switch (m.type) {
	case MSG_HAVE: told_have(s, n, r, &m); break;
	case MSG_PROVIDERS: told_providers(s, n, r, &m); break;
	case MSG_DONE: told_done(s, n, r, &m); break;
	case MSG_EVENT: told_event(s, n, r, &m); break;
	default: break;
	}
}
