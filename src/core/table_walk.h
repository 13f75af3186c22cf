/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_walk: over all that is in one partition, in pieces, while others change it.
 *
 * A piece holds the lock for WALK_PLACES elements and a bucket at most. Between two pieces anything
 * may come, go and move; still what is there all the time is met at least once:
 *
 *     entries of a shelf:  0 1 2 3 4 5 6 7     from the last down. When 1 goes, the last takes its
 *                          . . . . ◀ x x x     place: 7, which is met again. Entries only ever move
 *                                              down, so none gets past the walk without being met.
 *     providers of a set:  IPv4, then IPv6, in the order of the provider hash, which stays the same
 *                          however buckets split and unite.
 *
 * When a piece has stopped in the middle of a set, another entry may stand there at the next: one
 * that was met before, or a new one. If the set itself has moved down, it is met again as a whole.
 *
 * In a set, providers are told apart by the first WALK_RANK_BITS of their hash. Those who share
 * them are in one bucket, so no more than BUCKET_MAX, and are given in one piece; when there is not
 * even room for them in a piece that has given nobody yet, some are passed over.
 */
#ifndef DHT_CORE_TABLE_WALK_H
#define DHT_CORE_TABLE_WALK_H

#include "core/table_impl.h"

#define WALK_PLACES    256
#define WALK_RANK_BITS 44
#define WALK_ALL       UINT16_MAX /* more than any shelf has */

/* Where a walk has come to. The first: {.left = WALK_ALL}. */
struct walk_at {
	uint32_t type; /* of shelf; SHELF_TYPES: the end */
	uint32_t left; /* entries still to come; the last of them is where it is */
	enum family family;
	uint64_t rank; /* the first that is still to come, of this family in this entry's set */
};

struct table_walk {
	struct table *table;
	uint32_t partition;
	uint32_t now;   /* tick: who is visited is as he is then; 0: as he is stored */
	uint32_t until; /* tick: who ends later may be passed over; EXPIRY_NONE: nobody is */
	struct walk_at at;
	size_t room; /* how many visit() can take in this piece */
	/* Is told of each who is there, tombstones too, with the lock held. */
	void (*visit)(struct table_walk *w, const struct element *p);

	const uint8_t *entry;       /* who is visited stands here; good for this piece */
	uint32_t changes;           /* the partition's, in this piece */
	struct table_digest stored; /* as changes */
	uint32_t places;            /* that this piece has looked at */
	uint32_t places_max;
	bool given; /* it has visited somebody */
};

/* The next piece. False when it came to the end. */
bool table_walk_piece(struct table_walk *w);

/* All at once, for who has the lock. */
void table_walk_whole(struct table_walk *w);

#endif
