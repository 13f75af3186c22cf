/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/stranger.h"

#include <stdlib.h>

/* Its own place, or a free one, or that of the one who was quiet for the longest. */
static struct stranger *place_for(
	struct strangers *s, const struct ip *ip, enum stranger_fault fault, uint8_t key_id)
{
	struct stranger *oldest = s->all;

	for (size_t i = 0; i < STRANGERS; i++) {
		struct stranger *x = &s->all[i];
		if (x->count && x->fault == fault && x->key_id == key_id && ip_equal(&x->ip, ip))
			return x;
		/* A free place was never heard. */
		if (x->last_ms < oldest->last_ms || (!x->count && oldest->count))
			oldest = x;
	}
	*oldest = (struct stranger){.ip = *ip, .fault = (uint8_t)fault, .key_id = key_id};
	return oldest;
}

void stranger_note(struct strangers *s, const struct addr *from, enum stranger_fault fault,
	uint8_t key_id, uint64_t now_ms)
{
	spin_lock(&s->lock);
	struct stranger *x = place_for(s, &from->ip, fault, key_id);
	if (x->count++ == 0)
		x->first_ms = now_ms;
	x->port = from->port;
	x->last_ms = now_ms;
	spin_unlock(&s->lock);
}

static int by_last(const void *a, const void *b)
{
	const struct stranger *x = a, *y = b;

	return (x->last_ms < y->last_ms) - (x->last_ms > y->last_ms);
}

size_t stranger_list(struct strangers *s, struct stranger out[static STRANGERS])
{
	size_t n = 0;

	spin_lock(&s->lock);
	for (size_t i = 0; i < STRANGERS; i++)
		if (s->all[i].count)
			out[n++] = s->all[i];
	spin_unlock(&s->lock);
	qsort(out, n, sizeof(*out), by_last);
	return n;
}
