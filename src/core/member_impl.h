/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * member_impl: what the files behind member.h share; nobody else includes it.
 *
 *     member.c         its life, who is in it, what this server says of itself
 *     member_take.c    from a message to the function that takes it
 *     member_beat.c    KEEP_ALIVE and BEAT, ASK_FOR and HEARD: asking and answering
 *     member_probe.c   whom to ask when, suspicion and death, a tick that comes late
 *     member_gossip.c  words about members: which one holds, and how it spreads
 *     member_join.c    seeds and hints, NEW, YES, NEW_SERV, DECO, being settled
 *     member_sync.c    SYNC and ROSTER
 *     member_view.c    what others are shown: views, lists, digests
 *
 * Messages change what is known and are answered; everything that this server does by itself it
 * does in its ticks. A member's state changes by member_changed() only, which keeps what is counted
 * of all members: who is up, the digest, the ring's candidates, the timer. Members that are up
 * (alive or suspect) and were asked without an answer have a timer, and those that left, until
 * they are forgotten.
 */
#ifndef DHT_CORE_MEMBER_IMPL_H
#define DHT_CORE_MEMBER_IMPL_H

#include "base/heap.h"
#include "base/link.h"
#include "base/mutant.h"
#include "base/rng.h"
#include "core/member.h"
#include "core/ring.h"
#include "wire/msg.h"

#define SECOND_US UINT64_C(1000000)

#define MEMBER_HEALTH_MAX 8  /* of ours; 0 is the best */
#define MEMBER_ASKS       8  /* in an interval, beside the steady round */
#define MEMBER_HELPS_MAX  64 /* questions for others that are under way */
#define MEMBER_NEWS_MAX   40 /* more than a word is ever told */
#define MEMBER_ASK_ROOM   3  /* datagrams that a question makes at most */
#define MEMBER_DEATHS     8

struct member {
	struct addr id; /* port 0: the slot is free */
	uint16_t slot;
	uint8_t state; /* enum peer_state, never PEER_LEAVING */
	bool has_profile;
	uint32_t incarnation;         /* 0: it has not said one */
	uint32_t profile_incarnation; /* with which it said its profile */
	uint64_t start;               /* 0: it speaks base messages only, for all we know */
	struct peer_profile profile;
	uint64_t since_us; /* in this state */

	/* What is counted of it (member_changed). */
	bool up, base_up, settled_up;
	uint64_t mix, look;

	/* Asking. Times are ours; 0: never, or none. */
	struct heap_node timer;
	bool waiting;     /* its last question is not answered */
	bool ask_now;     /* out of turn, at ask_us */
	bool newcomer;    /* those who speak base messages only have to be told */
	bool behind;      /* it does not know what is said about it */
	uint8_t openings; /* envelopes to one who may not know what they are */
	uint16_t loss_permille;
	uint32_t seq; /* of the last question */
	uint32_t rtt_us;
	uint32_t unheard_ms; /* as its last BEAT said */
	int64_t clock_offset_ms;
	uint64_t ask_us;
	uint64_t asked_us;
	uint64_t unanswered_us; /* first question since it was heard, also through others */
	uint64_t silent_us;     /* first question since it answered us */
	uint64_t help_us;       /* when others are to be asked */
	uint64_t helped_us;     /* when they were */
	uint64_t heard_us, through_us;
	uint64_t excused_us; /* until then it may be silent */
	uint64_t opening_us;

	/* Telling. */
	struct link news; /* among members whose word is to be told; alone: it is not */
	uint8_t told;     /* times */
	uint8_t own_told; /* times that it was told our own word */
	uint32_t own_incarnation;
	uint64_t own_told_us;
	uint64_t differs_us; /* since when its digest is another one; 0: it is not */
};

/* A server that NEW is sent to. */
struct contact {
	struct addr to;     /* port 0: free */
	struct addr member; /* who answered; port 0: nobody yet */
	bool seed;
	bool waiting; /* for YES */
	bool met;     /* there was a session when NEW was sent */
	uint8_t tries, tries_max;
	uint64_t asked_us, again_us;
	uint64_t silent_us; /* a seed: since when nobody there is a member */
	uint64_t next_us;   /* when to look at it */
};

/* Somebody wants to know whether we hear another one. */
struct help {
	struct flow back;
	struct addr id;
	uint32_t seq;
	uint64_t until_us;
	uint64_t asked_us; /* for this somebody */
};

/* Pages of another server's members. */
struct sync {
	bool active;
	uint8_t tries;
	struct addr with, after;
	uint64_t begun_us, asked_us;
};

struct members {
	struct member_conf conf;
	struct seal *seal;
	struct stats *stats;
	struct rng rng;
	struct now now; /* of the last call that said it */

	struct member all[RING_SLOTS];    /* 0: this server */
	uint16_t sorted[RING_SLOTS];      /* slots of all members by id */
	uint16_t count, slots;            /* members; slots that were ever in use */
	uint16_t up, base_up, settled_up; /* of the others */
	uint64_t digest;
	struct ring *ring;
	bool ring_changed, view_changed;
	uint64_t epoch;

	bool settled, leaving, parted, restarting;
	bool lone;   /* settled, and has met nobody since the start */
	bool lonely; /* most of the others have been silent for so long that they hold us dead */
	uint16_t part_at; /* in sorted */
	uint64_t started_us;
	uint64_t deaths_us[MEMBER_DEATHS]; /* of ours, as others saw it; a ring */
	uint32_t death_count;
	uint64_t held_until_us;

	struct heap timers;
	struct heap_node *timer_slots[RING_SLOTS];
	uint64_t round_us, quiet_until_us;
	uint8_t health, asks_left, helps_left, hails;
	uint16_t order[RING_SLOTS]; /* slots of who is up, shuffled; some may be gone */
	uint16_t order_count, order_at;
	struct help helps[MEMBER_HELPS_MAX];
	uint16_t help_count;
	uint64_t question_start, question_us; /* the letter that asks: its start and TIME */

	struct link news[MEMBER_NEWS_MAX]; /* by the number of times they were told */
	bool newcomers;
	bool urgent; /* there is more to do than fitted */

	struct contact contacts[2 * MEMBER_HINTS]; /* seeds, then hints */
	uint16_t contact_at;
	uint64_t join_us;     /* when the first contact is due */
	uint64_t new_from_us; /* a second in which new_count NEWs were sent */
	uint8_t new_count;

	struct sync sync;
	bool synced;        /* once at least */
	uint64_t agreed_us; /* when anybody had our digest */
};

/* Where a message came from. */
struct source {
	struct mail *mail;
	const struct flow *flow;
	const struct letter *letter; /* NULL: bare */
	struct member *member;       /* NULL: it is none */
};

typedef void member_take_fn(
	struct members *m, const struct source *from, const struct peer_msg *msg);
typedef void member_take_base_fn(
	struct members *m, const struct source *from, const struct msg *msg);

member_take_fn member_take_beat, member_take_gossip, member_take_ask_for, member_take_heard,
	member_take_sync, member_take_roster;
member_take_base_fn member_take_new, member_take_deco, member_take_keep_alive, member_take_yes,
	member_take_new_serv;

static inline struct member *members_self(struct members *m)
{
	return &m->all[0];
}

/* Alive or suspect, and not this server. */
static inline bool member_is_up(const struct member *x)
{
	return x->slot != 0 && (x->state == PEER_ALIVE || x->state == PEER_SUSPECT);
}

static inline bool member_has_current_profile(const struct member *x)
{
	return x->has_profile && x->profile_incarnation == x->incarnation;
}

/* member.c */

/* NULL when it is no member. */
struct member *member_find(const struct members *m, const struct addr *id);
/* The first of those with this IP, as a place in sorted; m->count or another IP's when there is
 * none. */
uint16_t members_at_ip(const struct members *m, const struct ip *ip);
/* A member that is alive and of which nothing more is known; NULL when there is no place. The
 * caller says what it knows, and member_changed(). */
struct member *member_add(struct members *m, const struct addr *id);
void member_forget(struct members *m, struct member *x);
/* To be called after each change of a state, incarnation, start or profile. */
void member_changed(struct members *m, struct member *x);
void member_set_state(struct members *m, struct member *x, enum peer_state state);
/* Whether a server can be known by this address; not our own. */
bool members_id_ok(const struct members *m, const struct addr *id);
/* The same for one that this teller speaks of. */
bool members_hint_ok(const struct members *m, const struct addr *id, const struct ip *teller);
/* Says what is to be said of this server, if it is new, with a new incarnation. */
void members_say(struct members *m);
void members_raise(struct members *m, uint32_t incarnation);
/* Others held us dead, and it was not their fault. */
void members_count_death(struct members *m);
/* Ends being held down when there are too few others to own what this server would. */
void members_end_hold(struct members *m);
/* Others hear this server again, if they did not. */
void members_not_lonely(struct members *m);
/* Up to n of those that are alive, but one (may be NULL), at random. */
size_t members_pick(
	struct members *m, const struct member *but, bool speaking, struct member **out, size_t n);

/* member_beat.c */

/* To the keep-alive port of a member. */
struct flow member_flow(const struct members *m, const struct member *x);
/* Asks it; on our own behalf: its silence will count. False when there was no room: again with the
 * next tick. */
bool member_ask(struct members *m, struct mail *mail, struct member *x, bool own);
void member_ask_others(struct members *m, struct mail *mail, struct member *x);
void member_heard(struct members *m, struct member *x);

/* member_probe.c */

void member_arm(struct members *m, struct member *x);
void member_ask_soon(struct members *m, struct member *x);
void member_suspect(struct members *m, struct member *x);
/* The next of the round and of all timers: when a tick is late, it is by this. */
uint64_t members_probe_due(const struct members *m);
void members_check_late(struct members *m);
void members_probe(struct members *m, struct mail *mail);

/* member_gossip.c */

/* A word about anybody. teller: the id of who said it. roster: as a page of all that it knows.
 * Gives whether it was about this server and had to be answered. */
bool members_hear(
	struct members *m, const struct peer_entry *e, const struct addr *teller, bool roster);
/* What x itself says by a BEAT. */
void member_hear_itself(struct members *m, struct member *x, uint64_t start, uint32_t incarnation);
void member_news(struct members *m, struct member *x);
struct peer_entry member_entry(const struct member *x, bool with_profile);
size_t member_entry_size(const struct peer_entry *e);
/* Adds a GOSSIP for x to what goes there, when there is anything to say. */
void members_tell(struct members *m, struct mail *mail, const struct flow *flow, struct member *x);

/* member_join.c */

/* NEW_SERV about x. */
void member_tell_of(struct mail *mail, const struct member *x, const struct member *to);

/* Somebody else speaks of a server there: NEW is sent to it when it is no member. */
void members_hint(struct members *m, const struct addr *id, const struct ip *teller);
/* Forgets who is a member now. */
void members_drop_hint(struct members *m, const struct addr *id);
void members_join(struct members *m, struct mail *mail);
/* May find that there is nobody to catch up with. */
void members_try_settle(struct members *m);

/* A server that was lone learns of x, who is up. */
void members_meet(struct members *m, const struct member *x);

/* member_view.c */

/* All that a view shows of a member, in one number. */
uint64_t member_look(const struct members *m, const struct member *x);

/* member_sync.c */

/* Starts to ask x for all that it knows, unless that was done just now. */
void members_sync(struct members *m, struct mail *mail, const struct member *x);
/* Repeats what was not answered. */
void members_sync_again(struct members *m, struct mail *mail);
/* x said what its digest is. */
void member_compare(struct members *m, struct mail *mail, struct member *x, uint64_t view);

#endif
