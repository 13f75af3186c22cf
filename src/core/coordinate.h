/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coordinate: a lane's requests that need other servers.
 *
 *     handler ─▶ op ─┬─ leg: owner A, hashes 0 3 7 ─▶ STORE or FETCH ─▶ answer ─┐
 *                    ├─ leg: owner B, hashes 0 3 7                              ▼
 *                    └─ leg: owner C, hashes 1 2                   op ─ all that it needs ─▶ client
 *
 * lane_tick() sends what waits (legs of many ops for one server share datagrams), again what was
 * not answered, to the next candidate what is slow, answers clients, and ends what is over. The
 * legs that are left when a write was answered go on for a while.
 *
 * PUT, ANNOUNCE, WITHDRAW: the coordinator makes the version, stores at once where it is an owner
 * itself, and sends STORE to the other owners. A hash is acknowledged (status 0) when write_quorum
 * owners have it, or all known members when those are fewer; with fewer than that alive, status 1
 * as soon as all that are alive have it; status 3 when so many are full that it cannot be had, and
 * 4 when its time is over. An owner that has a newer version says so: the coordinator observes it,
 * and as long as its op has not been answered (a PUT: is young) stores again with a version above
 * it, OP_COPIES times at most; otherwise the op has lost to a later one, and is as good as stored.
 * Withdrawals bury what is not there, for the longest lifetime there can be. The legs that are left
 * after the answer are tried for OP_LINGER_MS: then repair does it.
 *
 * GET, LOOKUP: a complete owner that has providers answers from its table at once. Otherwise FETCH
 * goes to one owner (the quickest of late), to the next when the first is later than it usually is
 * (late.h: after LATE_PATIENCE_MAX_US at the latest), and so on through the row. One complete owner
 * that has some is enough. 'Nobody' needs R - W + 1 complete owners (this server may be one), or
 * the whole row asked; answers of owners that are not complete are put together. What an owner
 * learns so it merges into its table. When the time is over, what is known is answered. With
 * confirm_misses off a complete owner's 'nobody' is enough. When the whole row was asked and nobody
 * in it had all, the partition has just come to others: those who had nothing are asked again, and
 * whom a new view names, as long as there is time and there are few reads (READS_WAITING) of
 * few hashes.
 *
 * A server that is not settled may not know yet who there is: status 1, and 'nobody' for want of
 * somebody to ask, come from it only when the time is over.
 *
 * WANT, WATCH: this server subscribes at the owners for its own watchers and renews it; owners tell
 * it by NOTIFY what their tables see, and the same change told by several is told to the client
 * once.
 *
 * A repeated request (same client, same txid) whose op is still there is its op; nothing that came
 * from another server is ever sent on to a third: peer_fetch.c answers from the table and nothing
 * else.
 *
 * Limits of a lane, each counted when met: OPS_MAX ops, their hashes, LEGS_MAX legs and the records
 * found (op.h). When one is full, what only lingers gives its place up; when nothing lingers, a
 * LOOKUP, ANNOUNCE or WITHDRAW is refused with ERROR 6, a PUT is dropped, a GET is answered when
 * this server itself knows somebody and otherwise dropped, and a read that is under way makes do
 * with whom it has asked. A leg is sent OP_TRIES times, and a call makes LANE_OUT_MAX datagrams;
 * the rest goes with the next tick.
 *
 * For the files of the lane only.
 */
#ifndef DHT_CORE_COORDINATE_H
#define DHT_CORE_COORDINATE_H

#include "core/lane.h"

#define OPS_MAX       4096
#define READS_WAITING (OPS_MAX / 8) /* with more, no read waits for new owners */
#define LEGS_MAX      16384
#define OP_TRIES      5
#define OP_READ_MS    1500 /* a read is answered within this, whatever is known then */
#define OP_WRITE_MS   3000 /* a write is answered within this */
#define OP_LINGER_MS  5000

struct coordinator;

/* NULL when there is no memory. */
struct coordinator *coordinator_new(struct lane *l, uint64_t random);
void coordinator_free(struct coordinator *c);

/* The view under which a request is to be coordinated; NULL: this server answers it alone, for
 * nobody else has anything, or it is the watchdog's. */
static inline const struct view *request_view(const struct request *rq)
{
	const struct view *v = atomic_load_explicit(&rq->server->view, memory_order_seq_cst);

	return v && !v->alone && !rq->flow->own ? v : NULL;
}

/* Whether our table has all that there is of a partition. */
static inline bool coordinator_has_all(
	const struct lane *l, const struct view *v, uint32_t partition)
{
	return parts_get(&l->server->parts, partition) == PART_COMPLETE &&
	       view_owns(v, partition, v->self);
}

/* Whether this is so, and nobody else need be asked before it says that nobody has a hash. */
bool coordinator_knows_misses(const struct lane *l, const struct view *v, uint32_t partition);

/* Take a request on, whose answer comes later. False when there is no room. */
bool coordinator_get(struct request *rq, const struct view *v, size_t room);
bool coordinator_lookup(struct request *rq, const struct view *v, size_t max, uint64_t print);

/* Looks for somebody who has what flow.remote wants, which is registered (watch.h) already. */
void coordinator_want(struct lane *l, const struct view *v, struct span hash,
	const struct flow *flow, size_t room, const struct now *now);

/* PUT, ANNOUNCE or WITHDRAW, of one provider. */
struct change {
	struct ip ip;
	uint16_t port;
	uint32_t ttl_s; /* to be granted; 0 for WITHDRAW */
	uint64_t version, expiry_ms;
	struct hash_list hashes;
};

/* The same for a change; print (request_print()) means nothing for a PUT, which has no answer. */
bool coordinator_write(
	struct request *rq, const struct view *v, const struct change *change, uint64_t print);

/* Whether this very request is being worked on, or was and is not forgotten: then it is answered by
 * that op. */
bool coordinator_again(struct request *rq, uint64_t print);

/* Answers of other servers (STORED, FETCHED), in a letter that is known. False for any other
 * message. */
bool coordinator_take(
	struct coordinator *c, const struct now *now, const struct letter *l, struct span message);

/* Sends, repeats, answers, gives up. Takes what it pushes by itself off mail->left. */
void coordinator_tick(
	struct coordinator *c, const struct now *now, struct mail *mail, struct outbox *out);
uint64_t coordinator_deadline(const struct coordinator *c);

/* Whether a client still waits for what an op comes to. */
bool coordinator_is_waited_for(const struct coordinator *c);

/* The time of all changes is over now: who waits is told what has become of them. Reads go on, for
 * who is not answered asks another server, and that is better than a 'nobody' too early. */
void coordinator_finish(struct coordinator *c, const struct now *now);

/* Ops that there are, lingering ones too. */
size_t coordinator_ops(const struct coordinator *c);

/* Every internal invariant, for tests; asserts. */
void coordinator_check(const struct coordinator *c);

#endif
