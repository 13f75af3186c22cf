/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * member_news: what has happened to the members between two looks at them, for the log.
 *
 * What came and went between two looks is not told. The main thread's.
 */
#ifndef DHT_DAEMON_MEMBER_NEWS_H
#define DHT_DAEMON_MEMBER_NEWS_H

#include <stddef.h>
#include <stdint.h>

#include "core/member.h"

enum member_event {
	MEMBER_EVENT_JOINED,
	MEMBER_EVENT_SUSPECTED,
	MEMBER_EVENT_DEAD,
	MEMBER_EVENT_RETURNED,  /* suspect or dead, and is heard again */
	MEMBER_EVENT_RESTARTED, /* it is another start */
	MEMBER_EVENT_LEAVING,   /* hands over what it has */
	MEMBER_EVENT_STAYS,     /* it was leaving, and owns its share again */
	MEMBER_EVENT_LEFT,
};

/* As it was last seen. */
struct member_seen {
	struct addr id;
	uint8_t state;
	uint64_t start;
};

struct member_news {
	struct member_seen *seen; /* in the order of their ids; room for RING_SLOTS */
	size_t count;
};

typedef void member_news_fn(void *owner, enum member_event event, const struct addr *id);

/* 0 or DHT_ENOMEM. */
int member_news_init(struct member_news *n);
void member_news_fini(struct member_news *n);

/* all: members_list()'s, in its order; at most RING_SLOTS. Calls tell_it for each thing that
 * happened, at most two for a member. */
void member_news_look(struct member_news *n, const struct member_info *all, size_t count,
	member_news_fn *tell_it, void *owner);

#endif
