/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/interest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/hmap.h"
#include "base/link.h"
#include "wire/list.h"

#define CHAINS 16384
#define OWNERS RING_REPLICAS

_Static_assert(OWNERS <= LANE_OUT_MAX, "all owners of a hash are asked in one call");

/* What is sent in one tick, at most. */
#define TICK_MAX 64

/* A hash that somebody here watches. */
struct entry {
	struct hmap_node by_hash;
	struct heap_node due; /* milliseconds */
	struct hash hash;
	uint32_t tries;   /* since the last renewal */
	uint16_t unheard; /* owners of its row, by their places, that have not answered since */
	struct entry *next_free;
};

struct interest {
	struct lane *lane;
	struct rng rng;
	uint64_t epoch; /* of the view that the entries were subscribed under */
	struct hmap map;
	struct heap heap;
	struct entry *free;
	size_t used; /* entries that were ever taken */
	struct hmap_node *chains[CHAINS];
	struct heap_node *slots[INTEREST_MAX];
	struct entry entries[INTEREST_MAX];
};

struct interest *interest_new(struct lane *l, uint64_t random)
{
	/* 10 MB, of which the system gives only what is touched. */
	struct interest *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->lane = l;
	rng_init(&i->rng, random);
	hmap_init(&i->map, i->chains, CHAINS);
	heap_init(&i->heap, i->slots, INTEREST_MAX);
	return i;
}

void interest_free(struct interest *i)
{
	free(i);
}

static struct entry *entry_find(struct interest *i, const struct table_key *key)
{
	struct hmap_node *n = hmap_first(&i->map, key->h);

	for (; n; n = hmap_next(n)) {
		struct entry *e = container_of(n, struct entry, by_hash);
		if (e->hash.len == key->hash.len &&
			memcmp(e->hash.b, key->hash.p, key->hash.len) == 0)
			return e;
	}
	return NULL;
}

static struct entry *entry_take(struct interest *i)
{
	struct entry *e = i->free;

	if (e)
		i->free = e->next_free;
	else if (i->used < INTEREST_MAX)
		e = &i->entries[i->used++];
	return e;
}

static void entry_give(struct interest *i, struct entry *e)
{
	hmap_remove(&i->map, &e->by_hash);
	heap_remove(&i->heap, &e->due);
	e->next_free = i->free;
	i->free = e;
}

/* To all its owners anew, at this time. */
static void renew_at(struct interest *i, struct entry *e, uint64_t at_ms)
{
	e->tries = 0;
	e->unheard = UINT16_MAX;
	heap_set(&i->heap, &e->due, at_ms);
}

void interest_add(struct interest *i, const struct table_key *key, uint64_t now_ms)
{
	if (entry_find(i, key))
		return;
	struct entry *e = entry_take(i);
	if (!e) {
		stats_inc(&i->lane->stats, STATS_INTEREST_FULL);
		return;
	}
	e->hash = hash_of(key->hash);
	hmap_add(&i->map, &e->by_hash, key->h);
	renew_at(i, e, now_ms);
}

void lane_watches(struct lane *l, const struct table_key *key, uint64_t now_ms)
{
	if (l->interest)
		interest_add(l->interest, key, now_ms);
}

/* ---- Asking ---- */

/* Which entry, which owner of its row, and under which view: what the answer repeats. */
static uint64_t ask_id(const struct interest *i, const struct entry *e, uint32_t owner)
{
	return (i->epoch & 0xffffff) << 40 | (uint64_t)owner << 32 | (uint64_t)(e - i->entries);
}

static void ask(struct interest *i, const struct entry *e, uint32_t owner,
	const struct view_member *m, struct mail *mail)
{
	uint8_t list[1 + HASH_MAX];
	struct writer w = writer_of(list, sizeof(list));
	struct flow flow = {.remote = m->id, .socket = FLOW_ASK};
	struct peer_msg msg = {.type = PEER_SUBSCRIBE};

	write_hash_item(&w, hash_span(&e->hash));
	msg.subscribe = (struct peer_subscribe){
		.id = ask_id(i, e, owner),
		.seconds = INTEREST_LIFE_S,
		.hashes = {.count = 1, .items = {.p = list, .len = writer_used(&w)}},
	};
	if (mail_put(mail, &flow, &msg))
		stats_inc(&i->lane->stats, STATS_SUBSCRIBES_SENT);
}

/* Whether any owner still has to be asked. */
static bool ask_owners(struct interest *i, struct entry *e, const struct view *v,
	const struct table_key *key, struct mail *mail)
{
	const uint16_t *row = view_row(v, key->partition);
	bool any = false;

	for (uint32_t o = 0; o < v->replicas && o < OWNERS && row[o] != RING_NONE; o++) {
		const struct view_member *m = &v->members[row[o]];
		if (!(e->unheard & 1u << o) || m->self || !m->speaks || m->state == PEER_DEAD)
			continue;
		ask(i, e, o, m, mail);
		any = true;
	}
	return any;
}

/* One entry that is due. */
static void attend(struct interest *i, struct entry *e, const struct view *v, uint64_t now_ms,
	struct mail *mail)
{
	struct table_key key = table_key_of(hash_span(&e->hash));

	if (!watch_by_client(i->lane->server->watch, &key)) {
		entry_give(i, e);
		return;
	}
	/* What this server owns, it sees itself; that may change. */
	bool asks = e->tries < INTEREST_TRIES && !v->alone &&
	            !view_owns(v, key.partition, v->self) && ask_owners(i, e, v, &key, mail);
	e->tries++;
	if (asks)
		heap_set(&i->heap, &e->due, now_ms + INTEREST_RETRY_MS);
	else
		renew_at(i, e, now_ms + INTEREST_RENEW_MS);
}

/* The rows may be others now: all entries are subscribed anew within a second, and who was due
 * before, as somebody new is, is not put off. */
static void follow_view(struct interest *i, const struct view *v, uint64_t now_ms)
{
	if (v->epoch == i->epoch)
		return;
	i->epoch = v->epoch;
	for (size_t n = 0; n < i->used; n++) {
		struct entry *e = &i->entries[n];
		uint64_t at_ms = now_ms + rng_below(&i->rng, 1000);
		if (e->due.at != 0)
			renew_at(i, e, e->due.key < at_ms ? e->due.key : at_ms);
	}
}

static const struct view *view_of(const struct interest *i)
{
	return atomic_load_explicit(&i->lane->server->view, memory_order_seq_cst);
}

void interest_tick(struct interest *i, const struct now *now, struct mail *mail)
{
	const struct view *v = view_of(i);
	uint64_t now_ms = now_mono_ms(now);

	if (!v || i->heap.count == 0)
		return;
	follow_view(i, v, now_ms);
	for (int n = 0; n < TICK_MAX && mail_room(mail) >= v->replicas; n++) {
		struct heap_node *first = heap_first(&i->heap);
		if (!first || first->key > now_ms)
			return;
		attend(i, container_of(first, struct entry, due), v, now_ms, mail);
	}
}

uint64_t interest_deadline(const struct interest *i)
{
	const struct heap_node *first = heap_first(&i->heap);

	if (!first)
		return UINT64_MAX;
	return first->key > UINT64_MAX / 1000 ? UINT64_MAX : first->key * 1000;
}

/* ---- Answers ---- */

/* The entry that this answers, and the place of the owner that it must come from; NULL: none. */
static struct entry *entry_asked_about(struct interest *i, uint64_t id, uint32_t *owner)
{
	size_t index = (size_t)(id & UINT32_MAX);

	*owner = (uint32_t)(id >> 32) & 0xff;
	if (id >> 40 != (i->epoch & 0xffffff) || index >= i->used || *owner >= OWNERS)
		return NULL;
	return i->entries[index].due.at != 0 ? &i->entries[index] : NULL;
}

static bool is_owner(const struct interest *i, const struct table_key *key, uint32_t place,
	const struct addr *id)
{
	const struct view *v = view_of(i);

	if (!v || v->epoch != i->epoch || place >= v->replicas)
		return false;
	uint16_t slot = view_row(v, key->partition)[place];
	return slot != RING_NONE && addr_equal(&v->members[slot].id, id);
}

static void take_subscribed(
	struct interest *i, const struct letter *l, const struct peer_subscribed *m)
{
	uint32_t owner;
	struct entry *e = entry_asked_about(i, m->id, &owner);

	if (!e || m->statuses.p[0] == PEER_SUBSCRIBED_FULL)
		return;
	struct table_key key = table_key_of(hash_span(&e->hash));
	if (!is_owner(i, &key, owner, &l->id))
		return;
	e->unheard &= (uint16_t) ~(1u << owner);
	if (m->statuses.p[0] == PEER_SUBSCRIBED_HAS)
		watch_fire(i->lane->server->watch, &key);
}

static void take_notify(struct interest *i, const struct letter *l, const struct flow *flow,
	const struct peer_notify *m, struct mail *mail)
{
	struct peer_msg noted = {.type = PEER_NOTED, .noted = {.seq = m->seq}};
	struct table_key key = table_key_of(m->hash);
	struct record r = letter_record(l, &m->record);

	mail_put(mail, flow, &noted);
	stats_inc(&i->lane->stats, STATS_NOTIFIES_TAKEN);
	if (!lane_may_believe(&r, mail->now))
		return;
	lane_tell(i->lane, &key, m->kind, &r, WATCH_OTHER_SERVER, now_mono_ms(mail->now));
}

bool interest_take(struct interest *i, const struct letter *l, const struct flow *flow,
	struct span message, struct mail *mail)
{
	struct peer_msg m;
	uint8_t type = message.p[0];

	if (type != PEER_SUBSCRIBED && type != PEER_NOTIFY)
		return false;
	if (peer_decode(message, &m) != MSG_GOOD)
		return false;
	if (type == PEER_SUBSCRIBED)
		take_subscribed(i, l, &m.subscribed);
	else
		take_notify(i, l, flow, &m.notify, mail);
	return true;
}

/* ---- The owner's side ---- */

/* A server's subscriptions are one, whichever of its threads asked. */
static const uint8_t servers_txid[MSG_TXID_LEN];

static uint8_t subscribe_one(struct peer_request *rq, struct span hash, uint64_t until_ms)
{
	struct server *s = rq->server;
	struct table_key key = table_key_of(hash);
	struct flow flow = {.remote = rq->letter->id, .socket = FLOW_ASK};
	struct record one;
	uint32_t total;

	if (watch_subscribe(s->watch, &key, &flow, servers_txid, until_ms) != 0)
		return PEER_SUBSCRIBED_FULL;
	table_sample(s->table, &key, &rq->lane->rng, 1, &one, &total, rq->now_ms);
	return total ? PEER_SUBSCRIBED_HAS : PEER_SUBSCRIBED_NOW;
}

void peer_handle_subscribe(struct peer_request *rq)
{
	const struct peer_subscribe *m = &rq->msg.subscribe;
	uint64_t until_ms = rq->now_ms + UINT64_C(1000) * m->seconds;
	uint8_t statuses[UINT8_MAX];
	struct span rest = m->hashes.items, hash;
	size_t n = 0;

	while (hash_list_next(&rest, &hash))
		statuses[n++] = subscribe_one(rq, hash, until_ms);
	struct peer_msg answer = {
		.type = PEER_SUBSCRIBED, .subscribed = {.id = m->id, .statuses = {statuses, n}}};
	mail_put(rq->mail, rq->flow, &answer);
}

void peer_handle_noted(struct peer_request *rq)
{
	watch_seen(rq->server->watch, &rq->letter->id, servers_txid, rq->msg.noted.seq);
}

void interest_notify(
	struct lane *l, const struct watch_due *due, uint64_t now_ms, struct mail *mail)
{
	uint64_t left_ms = due->expiry_ms > now_ms ? due->expiry_ms - now_ms : 0;
	uint64_t life = left_ms / PEER_LIFE_UNIT_MS;
	struct peer_msg m = {.type = PEER_NOTIFY};

	m.notify = (struct peer_notify){
		.seq = due->seq,
		.kind = due->event,
		.hash = hash_span(&due->hash),
		.record = {.ip = due->ip,
			.port = due->port,
			.version = due->version,
			.life = life < UINT32_MAX ? (uint32_t)life : UINT32_MAX},
	};
	if (mail_put(mail, &due->flow, &m))
		stats_inc(&l->stats, STATS_NOTIFIES_SENT);
}

void interest_check(const struct interest *i)
{
	size_t chained = 0;

	heap_check(&i->heap);
	for (size_t n = 0; n < CHAINS; n++)
		for (const struct hmap_node *e = i->chains[n]; e; e = e->next)
			chained++;
	assert(chained == i->heap.count && chained <= i->used);
}
