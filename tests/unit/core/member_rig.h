/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * member_rig: some servers' memberships and a network between them, in a test's hands.
 *
 *     net_run() ─▶ the next datagram or tick that is due, in the order of time, until then
 *
 * Server i is 10.0.0.(i + 1), with the ports of a usual one: 8471 for peers, 8472 for keep-alives,
 * and NET_ASK_PORT for what it asks itself. Whatever is sent to any other address is *caught*, so
 * that a test can be a server made of bytes. Each call into a server is checked: at most MEMBER_OUT
 * datagrams come out, and its invariants hold.
 */
#ifndef DHT_TESTS_UNIT_CORE_MEMBER_RIG_H
#define DHT_TESTS_UNIT_CORE_MEMBER_RIG_H

#include "base/rng.h"
#include "core/member.h"

#include "../unit.h"

#define NET_MAX      24
#define NET_DATAGRAM 1232
#define NET_ASK_PORT 9000
#define NET_CAUGHT   512
#define NET_BACKLOG  256 /* datagrams that a paused server's sockets hold */
#define SECOND       UINT64_C(1000000)
#define MINUTE       (60 * SECOND)
#define HOUR         (60 * MINUTE)

struct sent {
	uint64_t at_us; /* when it arrives */
	uint64_t order;
	struct addr from, to;
	size_t len;
	uint8_t bytes[NET_DATAGRAM];
};

struct node {
	bool on, paused;
	struct addr id;
	struct member_conf conf;
	struct seal *seal;
	struct seal_stream stream;
	struct stats stats;
	struct members *m;
	uint64_t mono_us; /* ahead of the network's time */
	int64_t wall_ms;  /* ahead of the network's clock */
	uint8_t starts;
	struct addr seeds[4];
	size_t seed_count;
	struct sent *backlog[NET_BACKLOG];
	size_t backlog_count;
	uint64_t out_count, out_bytes;
};

struct net {
	uint64_t now_us;
	struct rng rng;
	bool keyed;
	bool slow;                  /* servers do not catch up with those that are settled */
	uint64_t letter_age_us;     /* of what net_letter() gives */
	unsigned loss;              /* percent of the datagrams that get lost */
	unsigned doubled;           /* percent that arrive twice */
	uint64_t delay_us;          /* at most */
	bool cut[NET_MAX][NET_MAX]; /* from, to */
	size_t count;
	struct node nodes[NET_MAX];
	struct sent **queue; /* a heap */
	size_t queued, room;
	uint64_t order;
	struct sent caught[NET_CAUGHT];
	size_t caught_count;
	uint64_t checks;
};

/* n servers, none of which has been started. */
struct net *net_new(size_t n, bool keyed, uint64_t seed);
void net_free(struct net *net);

struct addr net_addr(const char *text);

/* Starts server i with another one's address as its only seed; itself: there is none. */
void net_start(struct net *net, size_t i, size_t seed);
/* All, each with server 0 as the seed, and with every other's when it is that one itself. */
void net_start_all(struct net *net);
/* Without a word. */
void net_kill(struct net *net, size_t i);
void net_restart(struct net *net, size_t i);
/* With a DECO to all. */
void net_stop(struct net *net, size_t i);
void net_pause(struct net *net, size_t i);
void net_resume(struct net *net, size_t i);

void net_run(struct net *net, uint64_t us);
/* Until it holds, at most so long; gives how long it took. Fails when it does not. */
uint64_t net_until(struct net *net, bool (*holds)(struct net *net), uint64_t us);

/* Both ways. */
void net_cut(struct net *net, size_t a, size_t b, bool cut);
/* Between the first a servers and the others. */
void net_split(struct net *net, size_t a, bool cut);

/* Every server that is on has every other one as alive, with the same digest, and no one else as
 * alive. */
bool net_agrees(struct net *net);

/* How server i sees server k: an enum peer_state, 0 when it does not know it. */
uint8_t net_state(struct net *net, size_t i, size_t k);
struct member_info net_info(struct net *net, size_t i, size_t k);
struct member_info net_info_of(struct net *net, size_t i, const struct addr *id);
size_t net_known(struct net *net, size_t i);

/* All servers' counters added up. */
uint64_t net_total(struct net *net, enum stats_id id);

/* Bytes from outside, at once. */
void net_inject(struct net *net, const char *from, const char *to, const char *hex);
/* The first caught datagram that was sent to this address, which is then forgotten, as hexadecimal
 * text; NULL: there is none. */
const char *net_caught(struct net *net, const char *to);
/* The last message of this type in an envelope (in clear) that was caught on its way to this
 * address; views what was caught. */
bool net_said(struct net *net, const char *to, uint8_t type, struct peer_msg *out);
/* The same, for a word about this id in a GOSSIP. */
bool net_told(struct net *net, const char *to, const struct addr *id, struct peer_entry *out);
void net_forget_caught(struct net *net);

/* Messages as if in a letter of the server known by id, given right to members_take(); what comes
 * out is sent. */
void net_letter(struct net *net, size_t i, const struct addr *id, uint64_t start,
	const struct peer_msg *msgs, size_t n);
void net_letter_base(
	struct net *net, size_t i, const struct addr *id, uint64_t start, const struct msg *msg);

#endif
