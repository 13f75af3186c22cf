/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msg: the messages of PROTOCOL.md, bytes on one side and structs on the other.
 *
 *     TYPE u8 | LENGTH u16 | DATA (LENGTH bytes)         one message is one datagram
 *
 * Decoding is total: any bytes give a message or a reason. It copies numbers and addresses and
 * *views* whatever is long (hashes, lists, options, texts), so it allocates nothing, and a decoded
 * message is valid as long as the datagram's bytes are. What a list's view holds was checked when
 * it was decoded; the iterators in list.h walk it without failing. encode(decode(x)) = x for
 * whatever decodes.
 *
 * A table over the types (msg_type_of) says each one's name, plane and role; decoding and encoding
 * a message are one function each, found through it.
 */
#ifndef DHT_WIRE_MSG_H
#define DHT_WIRE_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

#define MSG_HEADER_LEN       3
#define MSG_TXID_LEN         8
#define MSG_DATAGRAM_MAX     65507 /* what IPv4 can carry at all */
#define MSG_DATAGRAM_DEFAULT 1232  /* what every IPv6 path carries */
#define MSG_COOKIE_LEN       16
#define MSG_PROVIDER_LEN     22
#define MSG_SECTION_LEN      11 /* a PROVIDERS section without its providers */
#define MSG_SERVER_LEN       18 /* a server in SERVER_LIST */
#define MSG_PROTOCOL_VERSION 2

enum msg_type {
	MSG_GET = 0,
	MSG_PUT = 1,
	MSG_WANT = 2,
	MSG_HAVE = 3,
	MSG_EXIT = 4,
	MSG_NEW = 5,
	MSG_DECO = 6,
	MSG_KEEP_ALIVE = 7,
	MSG_YES = 8,
	MSG_NEW_SERV = 9,
	MSG_LOOKUP = 16,
	MSG_PROVIDERS = 17,
	MSG_ANNOUNCE = 18,
	MSG_WITHDRAW = 19,
	MSG_DONE = 20,
	MSG_ERROR = 21,
	MSG_WATCH = 22,
	MSG_EVENT = 23,
	MSG_SEEN = 24,
	MSG_CHALLENGE = 25,
	MSG_PING = 26,
	MSG_PONG = 27,
	MSG_SERVERS = 28,
	MSG_SERVER_LIST = 29,
	MSG_TYPE_COUNT = 30, /* the first number that no message has */
};

/* STATUS in DONE. */
enum msg_status {
	STATUS_STORED = 0,
	STATUS_BELOW_QUORUM = 1,
	STATUS_REFUSED = 2,
	STATUS_FULL = 3,
	STATUS_NOT_IN_TIME = 4,
};

/* CODE in ERROR. */
enum msg_error_code {
	ERROR_MALFORMED = 1,
	ERROR_UNKNOWN_OPTION = 2,
	ERROR_REFUSED = 3,
	ERROR_AUTH_NEEDED = 4,
	ERROR_AUTH_FAILED = 5,
	ERROR_RATE_LIMITED = 6,
	ERROR_SHUTTING_DOWN = 7,
};

/* KIND in EVENT. */
enum msg_event_kind {
	EVENT_APPEARED = 1,
	EVENT_WITHDRAWN = 2,
	EVENT_EXPIRED = 3,
};

/* PROVIDER: 22 bytes. */
struct provider {
	struct ip ip;
	uint16_t port;  /* 0: none given */
	uint32_t ttl_s; /* left */
};

/* HASHES: count × (HLEN u8, HASH), as in the datagram behind its COUNT. */
struct hash_list {
	uint8_t count;
	struct span items;
};

struct msg_hash { /* GET, WANT */
	struct span hash;
};

struct msg_put {
	struct ip ip;
	struct span hash;
};

struct msg_have {
	struct span ips; /* a multiple of 16 bytes */
};

struct msg_exit {
	struct span password;
};

struct msg_server { /* NEW, NEW_SERV */
	struct ip ip;
	bool has_port;
	uint16_t port;
};

struct msg_keep_alive {
	uint8_t answer; /* 0 asks, 1 answers */
};

struct msg_lookup {
	uint16_t max; /* providers for each hash; 0: the server's choice */
	uint32_t cursor;
	struct hash_list hashes;
	struct span options;
};

struct msg_providers {
	struct span sections; /* at least one; see section_next() */
};

struct msg_announce {
	uint32_t ttl_s; /* 0: the server's default */
	uint16_t port;
	struct ip ip; /* ::, all zero: the address that this came from */
	struct hash_list hashes;
	struct span options;
};

struct msg_withdraw {
	uint16_t port;
	struct ip ip;
	struct hash_list hashes;
	struct span options;
};

struct msg_done {
	uint32_t ttl_s;
	struct span statuses; /* 1 to 255 */
};

struct msg_error {
	uint16_t code;
	struct span text; /* UTF-8, checked */
};

struct msg_watch {
	uint32_t duration_s; /* 0: stop */
	struct hash_list hashes;
	struct span options;
};

struct msg_event {
	uint32_t seq;
	uint8_t kind;
	struct span hash;
	struct provider provider;
};

struct msg_seen {
	uint32_t seq;
};

struct msg_challenge {
	uint8_t cookie[MSG_COOKIE_LEN];
};

struct msg_options { /* PING, SERVERS */
	struct span options;
};

struct msg_pong {
	uint8_t version;
	uint16_t members;
	uint32_t uptime_s;
	struct span name; /* UTF-8, checked */
};

struct msg_server_list {
	struct span servers; /* a multiple of 18 bytes: IP, client PORT u16 */
};

struct msg {
	uint8_t type;               /* enum msg_type */
	uint8_t txid[MSG_TXID_LEN]; /* extended messages only */
	union {
		struct msg_hash get, want;
		struct msg_put put;
		struct msg_have have;
		struct msg_exit exit;
		struct msg_server new_server, new_serv;
		struct msg_keep_alive keep_alive;
		struct msg_lookup lookup;
		struct msg_providers providers;
		struct msg_announce announce;
		struct msg_withdraw withdraw;
		struct msg_done done;
		struct msg_error error;
		struct msg_watch watch;
		struct msg_event event;
		struct msg_seen seen;
		struct msg_challenge challenge;
		struct msg_options ping, servers;
		struct msg_pong pong;
		struct msg_server_list server_list;
	};
};

enum msg_plane {
	PLANE_CLIENT = 1,
	PLANE_PEER = 2,
	PLANE_KEEP_ALIVE = 4,
};

struct msg_type_info {
	const char *name; /* "GET" */
	uint8_t planes;   /* enum msg_plane, or-ed */
	bool to_server;   /* a server acts on it; otherwise it answers something */
	bool has_txid;    /* an extended message: DATA starts with TXID */
};

/* NULL for a number that no message has. */
const struct msg_type_info *msg_type_of(uint8_t type);

/* Why bytes are no message. The order is the order of the checks, cheapest first. */
enum msg_reason {
	MSG_GOOD = 0,
	MSG_SHORT,        /* fewer bytes than a header */
	MSG_LENGTH,       /* LENGTH is not the size of the rest */
	MSG_UNKNOWN_TYPE, /* no such type, or not on this plane */
	MSG_MALFORMED,    /* DATA does not parse as its type */
};

/* Decodes one datagram that came in on plane. *out views the bytes. On MSG_MALFORMED of a type
 * with a transaction id, out->type is set and out->txid too when has_txid_out says so: an ERROR
 * may answer it. */
enum msg_reason msg_decode(const uint8_t *bytes, size_t len, enum msg_plane plane, struct msg *out,
	bool *has_txid_out);

/* Writes m as one datagram; gives its size, or DHT_ESPACE when it does not fit size (or LENGTH),
 * or DHT_EINVAL for a message that could not be decoded again (a hash of 0 bytes, …). */
int msg_encode(const struct msg *m, uint8_t *to, size_t size);

#endif
