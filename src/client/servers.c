/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which server is asked: the one that answered last (requester.preferred); when that fails, the
 * next one in order.
 *
 *     the caller's list, in a circle ──▶ those that were learned ──▶ all failing: whoever is next
 *
 * Who did not answer in all tries here, or said that it will not, is avoided: for 10 s, and twice
 * as long each time that it happens again, up to 2 min, so that the requests that follow do not
 * wait for it as well. Any answer ends that.
 *
 * Learning: a server that answers is asked for the others of its cluster, now and then. Those are
 * put behind the caller's list. When there is no room left, a newcomer takes the place of one that
 * was learned, has failed, is not on the server's list any more and is asked nothing just now.
 */
#include "client/state.h"
#include "wire/list.h"

#define AVOID_FIRST_US (10 * US_PER_S)
#define AVOID_MAX_US   (120 * US_PER_S)
#define AVOID_DOUBLED  4 /* times that it takes from one to the other */

#define LEARN_EVERY_US     (300 * US_PER_S)
#define LEARN_ELSEWHERE_US (10 * US_PER_S) /* from another server than the last time */

bool servers_avoided(const struct requester *r, uint32_t i)
{
	return r->servers[i].avoid_until_us > r->now.mono_us;
}

/* Of servers [first, end) the next one behind `from`, in a circle, that is not avoided; `from` when
 * there is none. */
static uint32_t next_of(const struct requester *r, uint32_t from, uint32_t first, uint32_t end)
{
	uint32_t n = end - first;
	uint32_t start = from >= first && from < end ? from - first + 1 : 0;

	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = first + (start + k) % n;
		if (i != from && !servers_avoided(r, i))
			return i;
	}
	return from;
}

uint32_t servers_better(const struct requester *r, uint32_t from)
{
	uint32_t i = next_of(r, from, 0, r->own_count);

	return i != from ? i : next_of(r, from, r->own_count, r->server_count);
}

uint32_t servers_next(const struct requester *r, uint32_t from)
{
	uint32_t i = servers_better(r, from);

	return i != from ? i : from + 1 < r->server_count ? from + 1 : 0;
}

uint32_t servers_first(const struct requester *r)
{
	if (!servers_avoided(r, r->preferred))
		return r->preferred;
	return servers_better(r, r->preferred);
}

void servers_avoid(struct requester *r, uint32_t i)
{
	struct server *s = &r->servers[i];
	uint64_t us = AVOID_FIRST_US << s->failures;

	if (!servers_avoided(r, i)) {
		s->avoid_until_us = r->now.mono_us + (us < AVOID_MAX_US ? us : AVOID_MAX_US);
		if (s->failures < AVOID_DOUBLED)
			s->failures++;
		if (servers_better(r, i) != i)
			batches_leave(r, i);
	}
	if (r->preferred == i)
		r->preferred = servers_next(r, i);
}

void servers_heard(struct requester *r, uint32_t i)
{
	r->heard_us = r->now.mono_us;
	r->servers[i].failures = 0;
	r->servers[i].avoid_until_us = 0;
}

/* ---- Learning ---- */

void servers_ask(struct requester *r, uint32_t server)
{
	uint64_t every_us = server == r->learned_from ? LEARN_EVERY_US : LEARN_ELSEWHERE_US;
	struct request_spec spec = {.kind = REQUEST_LEARN, .server = (int)server};

	if (!r->learning || (r->learned_us != 0 && r->now.mono_us - r->learned_us < every_us))
		return;
	r->learned_us = r->now.mono_us;
	r->learned_from = server;
	/* Without memory it is asked the next time. */
	(void)requester_start(r, &spec);
}

/* What other machines than the teller can mean the same by. */
static bool is_learnable(const struct addr *a, const struct ip *teller)
{
	bool link_local = a->ip.b[0] == 0xfe && (a->ip.b[1] & 0xc0) == 0x80;

	return a->port != 0 && ip_is_unicast(&a->ip) && !link_local &&
	       (!ip_is_loopback(&a->ip) || ip_is_loopback(teller));
}

/* Its index, or server_count. */
static uint32_t find(const struct requester *r, const struct addr *a)
{
	uint32_t i = 0;

	while (i < r->server_count && !addr_equal(&r->servers[i].addr, a))
		i++;
	return i;
}

static bool ring_uses(const struct link *ring, uint32_t server)
{
	for (const struct link *l = ring->next; l != ring; l = l->next) {
		const struct batch *b = batch_of(l);
		if (b->server == server || (b->granted && b->granted_by == server))
			return true;
	}
	return false;
}

static bool is_used(const struct requester *r, uint32_t server)
{
	const struct request *q = queue_first(r, REQUEST_GET);

	/* Next pages are at the head. */
	for (; q && q->cursor != 0; q = queue_next(r, REQUEST_GET, &q->link))
		if (q->page_server == server)
			return true;
	return r->preferred == server || ring_uses(&r->due, server) ||
	       ring_uses(&r->others, server);
}

/* Nobody waits for what it says any more. */
static void forget(struct link *ring, uint32_t server)
{
	for (const struct link *l = ring->next; l != ring; l = l->next)
		batch_of(l)->asked &= ~(UINT64_C(1) << server);
}

/* A place for a newcomer; REQUESTER_SERVERS_MAX when there is none. named: a bit for each server
 * that must stay. */
static uint32_t make_room(struct requester *r, uint64_t named)
{
	uint32_t i = r->own_count;

	if (r->server_count < REQUESTER_SERVERS_MAX)
		return r->server_count++;
	while (i < REQUESTER_SERVERS_MAX &&
		(named >> i & 1 || r->servers[i].failures == 0 || is_used(r, i)))
		i++;
	if (i < REQUESTER_SERVERS_MAX) {
		forget(&r->due, i);
		forget(&r->others, i);
	}
	return i;
}

void servers_learn(struct requester *r, uint32_t teller, struct span list)
{
	struct ip from = r->servers[teller].addr.ip;
	uint64_t named = 0;
	struct span rest = list;
	struct addr a;
	uint32_t i;

	while (server_next(&rest, &a))
		if ((i = find(r, &a)) < r->server_count)
			named |= UINT64_C(1) << i;
	while (server_next(&list, &a)) {
		if (!is_learnable(&a, &from) || find(r, &a) < r->server_count)
			continue;
		i = make_room(r, named);
		if (i == REQUESTER_SERVERS_MAX)
			return;
		r->servers[i] = (struct server){.addr = a};
		named |= UINT64_C(1) << i;
		r->changes++;
	}
}
