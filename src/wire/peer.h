/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer: the internal messages of the peer and keep-alive planes, bytes on one side and structs on
 * the other. dht-protocol(7) has them for people.
 *
 *     envelope (seal.h): … | TYPE LENGTH DATA | TYPE LENGTH DATA | …      one datagram
 *
 * Each message has the header of all others (msg.h) and stands in an envelope, alone or with more
 * for the same server. The base messages NEW, DECO, KEEP_ALIVE, YES and NEW_SERV may stand in an
 * envelope too; peer_next() gives them as they are and base_msg.c reads them.
 *
 * Rules: every message is idempotent; every question is answered statelessly, and the asker paces
 * itself and asks again; nothing that answers is ever answered; a forwarded request is not
 * forwarded again. A lifetime (LIFE) is what was left when the envelope's TIME was read, and is
 * rounded down.
 *
 * Decoding is total, copies numbers and views lists, allocates nothing; what a list's view holds
 * was checked, so the walkers below cannot fail. encode(decode(x)) = x. A number that stands for
 * one of a few things must be one of them; bits of FLAGS that nobody knows yet are left as they
 * are. HASHES and the statuses of an answer are never empty; other lists may be.
 */
#ifndef DHT_WIRE_PEER_H
#define DHT_WIRE_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/cursor.h"
#include "wire/hash.h"
#include "wire/msg.h"

#define PEER_COOKIE_LEN   24
#define PEER_ZONE_MAX     64 /* bytes */
#define PEER_VERSION_MAX  32 /* bytes of a software's version */
#define PEER_KEYS_MAX     8
#define PEER_REPLICAS_MAX 16
#define PEER_LIFE_UNIT_MS 100
#define PEER_PARTITIONS   16384
#define PEER_SPLIT_MAX    16
#define PEER_WINDOW_MAX   8 /* datagrams that one PULL is answered with */
#define PEER_PRINT_LEN    8

/* Bytes of messages without their lists, header and all. CONFIRM's are fewer than COMPARE's. */
#define PEER_STORE_HEAD   (MSG_HEADER_LEN + 43) /* and the hashes' number */
#define PEER_FETCH_HEAD   (MSG_HEADER_LEN + 16) /* the same */
#define PEER_FETCHED_HEAD (MSG_HEADER_LEN + 18)
#define PEER_COMPARE_HEAD (MSG_HEADER_LEN + 4)
#define PEER_PULL_HEAD    (MSG_HEADER_LEN + 18)
#define PEER_PULLED_HEAD  (MSG_HEADER_LEN + 25)

enum peer_type {
	PEER_SEALED = 48, /* envelopes: seal.h */
	PEER_PLAIN = 49,

	PEER_PROVE = 50, /* a start that is not known: prove it */
	PEER_PROOF = 51,
	PEER_BEAT = 52,    /* stands beside each KEEP_ALIVE */
	PEER_GOSSIP = 53,  /* what is known of members */
	PEER_ASK_FOR = 54, /* ask that server KEEP_ALIVE for me */
	PEER_HEARD = 55,   /* it has answered me */
	PEER_SYNC = 56,    /* a page of the members, please */
	PEER_ROSTER = 57,

	PEER_STORE = 64, /* one change of one provider, of one or more hashes */
	PEER_STORED = 65,
	PEER_FETCH = 66, /* who has these? */
	PEER_FETCHED = 67,
	PEER_SUBSCRIBE = 68, /* tell me when one of these changes */
	PEER_SUBSCRIBED = 69,
	PEER_NOTIFY = 70, /* it has changed */
	PEER_NOTED = 71,

	PEER_COMPARE = 80, /* digests of partitions */
	PEER_COMPARED = 81,
	PEER_PULL = 82, /* what of this partition have I not got? */
	PEER_PULLED = 83,
	PEER_CONFIRM = 84, /* I have all that you had */
	PEER_TYPE_END = 85,
};

struct peer_prove { /* PROVE */
	uint8_t cookie[PEER_COOKIE_LEN];
};

struct peer_proof { /* PROOF: cookie, then the address that the sender is known by */
	uint8_t cookie[PEER_COOKIE_LEN];
	struct addr id;
};

/* SEQ u32 | ECHO_US u64 | WALL_MS u64 | VIEW u64 | INCARNATION u32 | UNHEARD_MS u32 | FLAGS u8 */
struct peer_beat {
	uint32_t seq;         /* an answer repeats the question's */
	uint64_t echo_us;     /* an answer repeats the TIME of the question; a question has 0 */
	uint64_t wall_ms;     /* the sender's wall clock, to be shown only */
	uint64_t view;        /* digest of the members as the sender knows them */
	uint32_t incarnation; /* the sender's */
	uint32_t unheard_ms;  /* since the sender last heard from the receiver; UINT32_MAX: never */
	uint8_t flags;        /* PEER_BEAT_… */
};
#define PEER_BEAT_RESTARTING 1 /* it will be back in a moment: suspect nobody */

enum peer_state {
	PEER_ALIVE = 1,
	PEER_SUSPECT = 2,
	PEER_LEAVING = 3, /* alive, keeps what it has until others do, owns nothing */
	PEER_DEAD = 4,
	PEER_LEFT = 5, /* said so itself */
};

#define PEER_MEMBER_SETTLED 1 /* knows what its cluster knew when it joined (member.h) */
#define PEER_MEMBER_LEAVING 2 /* owns nothing any more, and keeps what it has until others do */
#define PEER_MEMBER_LONE    4 /* settled, and has met no other member since its start */

/* What a member says of itself. */
struct peer_profile {
	uint8_t weight; /* 0: owns nothing */
	uint8_t flags;  /* PEER_MEMBER_… */
	/* What it computes owners and acknowledges with: the same everywhere, or else servers
	 * disagree on who owns what. 1 <= quorum <= replicas <= PEER_REPLICAS_MAX. */
	uint8_t replicas, quorum;
	uint16_t client_port, keepalive_port;
	uint8_t zone_len, version_len;
	uint8_t key_count;
	uint8_t key_ids[PEER_KEYS_MAX]; /* seal_key_id() of its keys: the first seals, all open */
	char zone[PEER_ZONE_MAX];
	char version[PEER_VERSION_MAX];
};

/*
 * ENTRY: IP 16 | PORT u16 | STATE u8 | INCARNATION u32 | START u64 | HAS_PROFILE u8 (0, 1), and
 * then WEIGHT u8 | FLAGS u8 | REPLICAS u8 | QUORUM u8 | CLIENT u16 | KEEPALIVE u16 | ZLEN u8 |
 * ZONE | VLEN u8 | VERSION | KCOUNT u8 | KCOUNT × KEYID u8
 */
struct peer_entry {
	struct addr id;
	uint8_t state; /* enum peer_state */
	uint32_t incarnation;
	uint64_t start; /* first 8 bytes of the start's number (seal.h); 0: none known */
	bool has_profile;
	struct peer_profile profile; /* all zero without one */
};
/* Bytes of an entry, and of what a profile adds beside its texts and keys. */
#define PEER_ENTRY_MIN   32
#define PEER_PROFILE_MIN 11
#define PEER_ENTRY_MAX                                                                             \
	(PEER_ENTRY_MIN + PEER_PROFILE_MIN + PEER_ZONE_MAX + PEER_VERSION_MAX + PEER_KEYS_MAX)

struct peer_gossip { /* GOSSIP: entries to the end */
	struct span entries;
};

struct peer_ask_for { /* ASK_FOR: SEQ u32, IP, PORT u16 */
	uint32_t seq;
	struct addr id;
};

struct peer_heard { /* HEARD: SEQ u32, IP, PORT u16, START u64, INCARNATION u32 */
	uint32_t seq;
	struct addr id;
	uint64_t start;
	uint32_t incarnation;
};

struct peer_sync { /* SYNC: IP, PORT u16: members behind this one in the order of their bytes */
	struct addr after;
};

struct peer_roster { /* ROSTER: LAST u8 (0, 1: there are no more), entries to the end */
	uint8_t last;
	struct span entries;
};

/* STORE: ID u64 | VERSION u64 | LIFE_MS u64 | IP | PORT u16 | HASHES */
struct peer_store {
	uint64_t id;      /* the asker's, repeated in the answer */
	uint64_t version; /* says too whether it is a withdrawal; not 0 */
	uint64_t life_ms;
	struct ip ip;
	uint16_t port;
	struct hash_list hashes;
};

enum peer_store_status {
	PEER_STORE_KEPT = 0,
	PEER_STORE_NEWER = 1,     /* a newer version stands in its way */
	PEER_STORE_FULL = 2,      /* at a limit */
	PEER_STORE_NOT_OWNER = 3, /* kept, but the receiver does not own it: do not count it */
	PEER_STORE_REFUSED = 4,   /* the version is too far in the future, or the record is over */
};

struct peer_stored { /* STORED: ID u64, NEWER u64 (0: none stood in the way), N × STATUS u8 */
	uint64_t id;
	uint64_t newer;
	struct span statuses; /* 1 to 255, peer_store_status, as the question's hashes */
};

enum peer_fetch_mode {
	PEER_FETCH_PAGE = 0,   /* records, in pages */
	PEER_FETCH_SAMPLE = 1, /* a fair sample of addresses */
};

struct peer_fetch { /* FETCH: ID u64 | MODE u8 | MAX u16 | CURSOR u32 | HASHES */
	uint64_t id;
	uint8_t mode;
	uint16_t max;    /* for each hash */
	uint32_t cursor; /* 0 unless there is one hash */
	struct hash_list hashes;
};

#define PEER_FETCHED_COMPLETE 1 /* the sender owns the partition and has all of it */

/* A provider: KIND u8 (4, 6: IPv4, IPv6; + 128: its address and no more) | IP 4 or 16 bytes |
 * PORT u16 | VERSION u64 (not 0) | LIFE u32 (of PEER_LIFE_UNIT_MS). An IPv4 address is of KIND 4
 * always. Only FETCHED has addresses and no more. */
struct peer_record {
	struct ip ip;
	uint16_t port;
	uint64_t version; /* 0: an address and no more; port and life are 0 and not written */
	uint32_t life;
};
/* Bytes of a record, and of an address and no more. */
#define PEER_RECORD_MIN  19
#define PEER_RECORD_MAX  31
#define PEER_ADDRESS_MIN 5
#define PEER_ADDRESS_MAX 17

struct peer_fetched { /* FETCHED: ID u64 | INDEX u8 | FLAGS u8 | TOTAL u32 | NEXT u32 | records */
	uint64_t id;
	uint8_t index; /* which of the question's hashes */
	uint8_t flags;
	uint32_t total;
	uint32_t next;
	struct span records;
};

struct peer_subscribe { /* SUBSCRIBE: ID u64, SECONDS u16, HASHES */
	uint64_t id;
	uint16_t seconds;
	struct hash_list hashes;
};

enum peer_subscribed_status {
	PEER_SUBSCRIBED_NOW = 0,
	PEER_SUBSCRIBED_HAS = 1,  /* subscribed, and there are providers already */
	PEER_SUBSCRIBED_FULL = 2, /* not subscribed */
};

struct peer_subscribed { /* SUBSCRIBED: ID u64, N × STATUS u8 */
	uint64_t id;
	struct span statuses; /* 1 to 255, peer_subscribed_status */
};

/* NOTIFY: SEQ u32 | KIND u8 (as in EVENT) | HLEN u8 | HASH | a record as above */
struct peer_notify {
	uint32_t seq;
	uint8_t kind;
	struct span hash;
	struct peer_record record;
};

struct peer_noted { /* NOTED: SEQ u32 */
	uint32_t seq;
};

#define PEER_PART_COMPLETE 1 /* the sender has all that there is of it */
#define PEER_PART_OWNER    2 /* the sender owns it, as far as it knows */
#define PEER_PART_DIFFERS  4 /* COMPARED: the sender's digest is another one */

struct peer_compare_item { /* PARTITION u16 | FLAGS u8 | DIGEST u64 */
	uint16_t partition;
	uint8_t flags;
	uint64_t digest;
};
#define PEER_COMPARE_LEN 11

struct peer_compare { /* COMPARE: ROUND u32, N × item */
	uint32_t round;
	struct span items;
};

struct peer_compared_item { /* PARTITION u16 | FLAGS u8 */
	uint16_t partition;
	uint8_t flags;
};
#define PEER_COMPARED_LEN 3

struct peer_compared { /* COMPARED: ROUND u32, N × item */
	uint32_t round;
	struct span items;
};

/*
 * PULL: ID u32 | PARTITION u16 | SPLIT u8 | SUB u16 | WINDOW u8 | CURSOR u64 | N × PRINT u64
 * Records of the partition whose print (table.h) ends with the SPLIT low bits SUB, without those
 * whose prints are listed.
 */
struct peer_pull {
	uint32_t id;
	uint16_t partition;
	uint8_t split;   /* 0 to PEER_SPLIT_MAX */
	uint16_t sub;    /* below 1 << split */
	uint8_t window;  /* datagrams that may answer, 1 to PEER_WINDOW_MAX */
	uint64_t cursor; /* where an answer said that it goes on; 0: the start */
	struct span prints;
};

#define PEER_PULLED_COMPLETE 1 /* the sender has all that there is of this partition */
#define PEER_PULLED_NOT_MINE 2 /* the sender is no owner and was none */

/* PULLED: ID u32 | PARTITION u16 | FLAGS u8 | INDEX u8 | OF u8 | DIGEST u64 | CURSOR u64 (0: the
 * end) | items: HLEN u8 | HASH | a record. INDEX counts the datagrams of one answer from 0, OF is
 * their number, 1 to PEER_WINDOW_MAX. CURSOR is where it goes on behind this one. */
struct peer_pulled {
	uint32_t id;
	uint16_t partition;
	uint8_t flags;
	uint8_t index, of;
	uint64_t digest; /* of the sender's whole partition, now */
	uint64_t cursor;
	struct span items;
};

struct peer_item {
	struct span hash;
	struct peer_record record;
};

struct peer_confirm_item { /* PARTITION u16 | DIGEST u64 */
	uint16_t partition;
	uint64_t digest;
};
#define PEER_CONFIRM_LEN 10

struct peer_confirm { /* CONFIRM: N × item */
	struct span items;
};

struct peer_msg {
	uint8_t type; /* enum peer_type */
	union {
		struct peer_prove prove;
		struct peer_proof proof;
		struct peer_beat beat;
		struct peer_gossip gossip;
		struct peer_ask_for ask_for;
		struct peer_heard heard;
		struct peer_sync sync;
		struct peer_roster roster;
		struct peer_store store;
		struct peer_stored stored;
		struct peer_fetch fetch;
		struct peer_fetched fetched;
		struct peer_subscribe subscribe;
		struct peer_subscribed subscribed;
		struct peer_notify notify;
		struct peer_noted noted;
		struct peer_compare compare;
		struct peer_compared compared;
		struct peer_pull pull;
		struct peer_pulled pulled;
		struct peer_confirm confirm;
	};
};

/* "STORE", or NULL for a number that no internal message has. */
const char *peer_type_name(uint8_t type);

/* The next message of an envelope's inside, header and all, in *message; *rest starts as the whole
 * inside. False at the end, and when what is left is no message (*rest is then not empty). */
bool peer_next(struct span *rest, struct span *message);

/* Decodes one message of peer_next(): PEER_PROVE and above. *out views the bytes. */
enum msg_reason peer_decode(struct span message, struct peer_msg *out);

/* Appends m to w. Leaves w failed when there is no room, or more than LENGTH can say. m must be a
 * message that decodes; a list is written as its view has it, which nobody checks again. */
void peer_encode(struct writer *w, const struct peer_msg *m);

/* Walkers: *rest starts as the message's list. False at the end; *out is then as it was. */
bool peer_entry_next(struct span *rest, struct peer_entry *out);
bool peer_record_next(struct span *rest, struct peer_record *out);
bool peer_item_next(struct span *rest, struct peer_item *out);
bool peer_compare_next(struct span *rest, struct peer_compare_item *out);
bool peer_compared_next(struct span *rest, struct peer_compared_item *out);
bool peer_confirm_next(struct span *rest, struct peer_confirm_item *out);

/* Writers of single items, which must be such as decode; sticky as all of cursor.h. */
void peer_write_entry(struct writer *w, const struct peer_entry *e);
void peer_write_record(struct writer *w, const struct peer_record *r);
void peer_write_item(struct writer *w, const struct peer_item *item);
void peer_write_compare(struct writer *w, const struct peer_compare_item *item);
void peer_write_compared(struct writer *w, const struct peer_compared_item *item);
void peer_write_confirm(struct writer *w, const struct peer_confirm_item *item);

#endif
