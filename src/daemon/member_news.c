/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/member_news.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/ring.h"

int member_news_init(struct member_news *n)
{
	*n = (struct member_news){.seen = calloc(RING_SLOTS, sizeof(*n->seen))};
	return n->seen ? 0 : DHT_ENOMEM;
}

void member_news_fini(struct member_news *n)
{
	free(n->seen);
}

/* Who is told of and to whom. */
struct telling {
	member_news_fn *tell;
	void *owner;
};

static void tell(const struct telling *t, enum member_event event, const struct addr *id)
{
	t->tell(t->owner, event, id);
}

static bool is_there(uint8_t state)
{
	return state == PEER_ALIVE || state == PEER_SUSPECT || state == PEER_LEAVING;
}

static void tell_new(const struct telling *t, const struct member_info *now)
{
	if (is_there(now->state))
		tell(t, MEMBER_EVENT_JOINED, &now->id);
}

static void tell_gone(const struct telling *t, const struct member_seen *was)
{
	if (is_there(was->state))
		tell(t, MEMBER_EVENT_LEFT, &was->id);
}

static void tell_change(
	const struct telling *t, const struct member_seen *was, const struct member_info *now)
{
	bool calm = now->state == PEER_ALIVE || now->state == PEER_LEAVING;
	bool returned = calm && (was->state == PEER_SUSPECT || !is_there(was->state));

	if (calm && was->start && now->start && was->start != now->start)
		tell(t, MEMBER_EVENT_RESTARTED, &now->id);
	else if (returned)
		tell(t, MEMBER_EVENT_RETURNED, &now->id);
	if (now->state == was->state)
		return;
	if (now->state == PEER_ALIVE && was->state == PEER_LEAVING && was->start == now->start)
		tell(t, MEMBER_EVENT_STAYS, &now->id);
	else if (now->state == PEER_SUSPECT)
		tell(t, MEMBER_EVENT_SUSPECTED, &now->id);
	else if (now->state == PEER_LEAVING && was->state == PEER_ALIVE)
		tell(t, MEMBER_EVENT_LEAVING, &now->id);
	else if (now->state == PEER_DEAD)
		tell(t, MEMBER_EVENT_DEAD, &now->id);
}

/* Negative: was comes first in the order of ids, or is the only one left. */
static int compare(const struct member_news *n, size_t i, const struct member_info *all,
	size_t count, size_t k)
{
	if (i == n->count)
		return 1;
	return k == count ? -1 : addr_cmp(&n->seen[i].id, &all[k].id);
}

void member_news_look(struct member_news *n, const struct member_info *all, size_t count,
	member_news_fn *tell_it, void *owner)
{
	struct telling t = {.tell = tell_it, .owner = owner};
	size_t i = 0, k = 0;

	while (i < n->count || k < count) {
		int order = compare(n, i, all, count, k);
		if (order == 0)
			tell_change(&t, &n->seen[i++], &all[k++]);
		else if (order < 0)
			tell_gone(&t, &n->seen[i++]);
		else
			tell_new(&t, &all[k++]);
	}
	for (k = 0; k < count; k++)
		n->seen[k] = (struct member_seen){all[k].id, all[k].state, all[k].start};
	n->count = count;
}
