/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dht.h: asking a dht server who has a hash, and telling it what you have.
 *
 *     struct dht *d;
 *     struct dht_hash h;
 *     struct dht_answer *a;
 *
 *     if (dht_hash_parse("sha256:9f86d0…", &h) || dht_open(&d, NULL)) // 127.0.0.1:8470
 *             return;
 *     if (dht_get(d, &h, 1, &a) == 0)
 *             for (size_t i = 0; i < a[0].provider_count; i++)
 *                     use(&a[0].providers[i]);
 *     dht_answers_free(a, 1);
 *     dht_close(d);
 *
 * Two faces over one machine. The blocking calls do their work and return; they never wait longer
 * than their time-outs and tries allow. The non-blocking one is for an event loop: wait until
 * dht_fd() is readable or dht_timeout_ms() has passed, call dht_process(), and the requests that
 * were started with dht_start_…() call back as they end.
 *
 * Many hashes go in few datagrams with a window of them in flight; each datagram is tried again
 * with growing pauses and then with the next server; a server that answered last is asked first.
 * Where nobody listens, and where a server is about to stop, the next one is asked at once. One
 * that did not answer is left out for 10 s, and for twice as long each next time, up to 2 min,
 * unless all fail: then all are tried. An answer counts also when it comes after the next server
 * was asked. Repeating is safe: a server carries out a transaction once. When a request has had all
 * its tries and no server was heard at all meanwhile, those that wait behind it end with the same
 * error instead of each waiting for its own.
 *
 * A handle belongs to one thread at a time. Different handles have nothing in common. The library
 * writes nothing to standard output or error, reads no environment and no file (a host's name, as
 * against an address, is looked up by the system, which may), and installs no signal handler.
 * Structs grow only at their end; options are zeroed before use ({0}), and zero means the default.
 *
 * The protocol is in PROTOCOL.md.
 */
#ifndef DHT_H
#define DHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DHT_HASH_MAX     64
#define DHT_PORT         8470
#define DHT_ADDRESS_TEXT 54 /* room for any address as text, with its port and the NUL */

/* What calls return: 0 (or a count) when they worked, one of these when not. */
enum dht_error {
	DHT_ERR_ARGUMENT = -1, /* a parameter is wrong */
	DHT_ERR_MEMORY = -2,
	DHT_ERR_SYSTEM = -3,      /* a system call failed; errno says why */
	DHT_ERR_RESOLVE = -4,     /* no server's name has an address */
	DHT_ERR_UNREACHABLE = -5, /* nobody listens there, or there is no way to it */
	DHT_ERR_TIMEOUT = -6,     /* no answer from any server in all tries */
	DHT_ERR_REFUSED = -7,     /* the server's policy says no */
	DHT_ERR_AUTH_NEEDED = -8, /* the server wants a key */
	DHT_ERR_AUTH_FAILED = -9, /* the server does not accept this key */
	DHT_ERR_RATE_LIMITED = -10,
	DHT_ERR_SHUTTING_DOWN = -11,
	DHT_ERR_PROTOCOL = -12, /* the server cannot read this request, or we its answer */
	DHT_ERR_PARTIAL = -13,  /* some hashes were done and some not; the statuses say which */
	DHT_ERR_CANCELLED = -14,
	DHT_ERR_FULL = -15, /* the server has no room for it */
};

/* A short lower-case text without a full stop. Never NULL. */
const char *dht_strerror(int error);

/* The library's version, "0.1.0". */
const char *dht_version(void);

struct dht;

struct dht_hash {
	uint8_t len; /* 1 to DHT_HASH_MAX */
	uint8_t bytes[DHT_HASH_MAX];
};

struct dht_provider {
	uint8_t ip[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
	uint16_t port;  /* 0: none given */
	uint32_t ttl_s; /* seconds left; 0 where only base messages were spoken */
};

/* Hexadecimal of 1 to 64 bytes; "sha256:", "sha1:" or "md5:" and hexadecimal of that length; a
 * magnet link, or its urn:btih: (40 hexadecimal or 32 base32 digits) or urn:btmh:1220… (a SHA-256)
 * alone; of a link with several, the first. DHT_ERR_ARGUMENT for anything else. */
int dht_hash_parse(const char *text, struct dht_hash *out);

/* Hexadecimal with a NUL: room for 2 * DHT_HASH_MAX + 1. */
void dht_hash_format(const struct dht_hash *h, char *text);

/* SHA-256 of what is left to read from fd. DHT_ERR_SYSTEM with errno, DHT_ERR_MEMORY. */
int dht_hash_fd(int fd, struct dht_hash *out);

/* "192.0.2.7:8000", "[2001:db8::7]:8000", without a port when it is 0. Room: DHT_ADDRESS_TEXT. */
void dht_provider_format(const struct dht_provider *p, char *text);

/* "192.0.2.7" or "2001:db8::7" into 16 bytes. DHT_ERR_ARGUMENT. */
int dht_ip_parse(const char *text, uint8_t ip[16]);

struct dht_options {
	/* "HOST[:PORT][,HOST[:PORT]…]", tried in this order; NULL: "127.0.0.1". Borrowed during
	 * dht_open(). Names are resolved there, blocking; the first 64 addresses count. */
	const char *servers;
	/* Of the first try, up to 60000; each next waits 1.5 times as long, 60 s at most; 0: 500.
	 */
	uint32_t timeout_ms;
	uint32_t tries;  /* for each request over all servers, up to 1000; 0: 6 */
	uint32_t window; /* datagrams in flight, up to 1024; 0: 64 */
	/* Speak messages 0 to 4 only: no acknowledgements, no ports, no lifetimes, and a socket for
	 * each hash in flight, up to 64. */
	bool base_only;
	uint32_t max_datagram; /* the longest request, 512 to 65507 bytes; 0: 1232 */
	const char *key_name;  /* 1 to 64 bytes; signs requests; NULL: no AUTH. Copied. */
	const uint8_t *key;    /* 32 bytes. Copied. */
};

/* Gives a handle in *out, which dht_close() takes. options may be NULL. DHT_ERR_ARGUMENT for
 * options out of their range, DHT_ERR_RESOLVE, DHT_ERR_MEMORY, DHT_ERR_SYSTEM with errno. Nothing
 * is sent. */
int dht_open(struct dht **out, const struct dht_options *options);

/* Requests under way end with DHT_ERR_CANCELLED; their callbacks can start no others. NULL is
 * fine. */
void dht_close(struct dht *d);

/* Whether the handle asks a server that has answered for the others of its cluster, and again when
 * that is 5 min ago, and goes on with those when its own list fails; up to 64 servers in all. It
 * asks beside other requests, in dht_process() and during blocking calls. Off unless it is set,
 * for a cluster may know its servers by addresses that this machine cannot reach, or not by right;
 * without effect with base_only. */
void dht_set_learning(struct dht *d, bool learning);

/* How the last finished datagram went, for a person to read. */
struct dht_trip {
	char server[DHT_ADDRESS_TEXT]; /* empty: nothing was finished yet */
	uint32_t round_trip_us;        /* 0: no answer */
	uint32_t tries;
};
void dht_last_trip(const struct dht *d, struct dht_trip *out);

/* One hash's providers: all of them, fetched page by page, each once, sorted by address and port.
 * With base_only as many as one datagram holds: a random choice when there are more. */
struct dht_answer {
	int error;      /* 0, or why this hash has no answer */
	uint32_t total; /* how many the server said there are; they come and go */
	size_t provider_count;
	struct dht_provider *providers; /* NULL when there are none */
};

/* Called during a long blocking call with how many of how many hashes are done; it may not make
 * calls of the handle itself. NULL: nobody is told. */
typedef void dht_progress(void *arg, size_t done, size_t total);
void dht_set_progress(struct dht *d, dht_progress *progress, void *arg);

/* ---- The blocking face ----
 *
 * Requests of the non-blocking face go on during these calls, and call back. Callbacks must not
 * make blocking calls. Each call may also give DHT_ERR_ARGUMENT (a hash without a length, NULL
 * where something must be), DHT_ERR_MEMORY, and DHT_ERR_SYSTEM with errno. n may be 0, but for
 * dht_want(). */

/* Who has each of n hashes? Gives n answers in *out, also when all or some of them failed; they are
 * the caller's, for dht_answers_free(). NULL in *out when the call itself could not be made. 0 when
 * each hash has an answer (which may be 'nobody'), DHT_ERR_PARTIAL when some have, otherwise the
 * first one's error. */
int dht_get(struct dht *d, const struct dht_hash *hashes, size_t n, struct dht_answer **out);
void dht_answers_free(struct dht_answer *answers, size_t n);

struct dht_put_options {
	/* 16 bytes; NULL: the address that the server sees (base_only: that we send from). */
	const uint8_t *ip;
	uint16_t port;  /* 0: none */
	uint32_t ttl_s; /* 0: the server's default */
};

/* What became of one hash of a put or drop. */
enum dht_status {
	DHT_STORED = 0,       /* or removed */
	DHT_BELOW_QUORUM = 1, /* stored, on fewer servers than the quorum */
	DHT_REFUSED = 2,      /* by policy */
	DHT_FULL = 3,
	DHT_NOT_IN_TIME = 4, /* not stored by enough servers in time, also when tried again */
	DHT_NO_ANSWER = 255, /* or one that says it for all hashes: the call's error */
};

/* Announces n hashes. What servers did not store in time is tried again twice, under the same
 * transaction: the best that one of them says counts. statuses: n of them, or NULL. *granted_ttl_s,
 * unless NULL, is the shortest lifetime that was granted; 0 when none was. 0 when each is
 * DHT_STORED, DHT_ERR_PARTIAL when some are, or are below quorum; otherwise the first one's error:
 * DHT_ERR_REFUSED, DHT_ERR_FULL, DHT_ERR_TIMEOUT (no answer, or not in time) and so on.
 *
 * With base_only nothing is acknowledged, and neither port nor lifetime can be told: DHT_STORED
 * means that it was sent, and that the server answered a question that was sent behind it. */
int dht_put(struct dht *d, const struct dht_hash *hashes, size_t n,
	const struct dht_put_options *options, uint8_t *statuses, uint32_t *granted_ttl_s);

/* Withdraws n hashes of options' ip and port. With base_only: DHT_ERR_ARGUMENT, there is no such
 * message. */
int dht_drop(struct dht *d, const struct dht_hash *hashes, size_t n,
	const struct dht_put_options *options, uint8_t *statuses);

/* Waits until somebody has one of n hashes, for at most wait_ms (UINT32_MAX: for ever). Gives which
 * hash and one of its providers; either may be NULL. DHT_ERR_TIMEOUT when nobody came in time. When
 * no server answers to begin with: the error that says so, as soon as that is clear. Servers that
 * go away later are waited for.
 *
 * With base_only 30 hashes are waited for at a time: of more, each has its turn of two seconds. */
int dht_want(struct dht *d, const struct dht_hash *hashes, size_t n, uint32_t wait_ms,
	size_t *which, struct dht_provider *provider);

struct dht_server_info {
	uint8_t protocol_version;
	uint16_t members;
	uint32_t uptime_s;
	char name[256];
};

/* Is a server there? info may be NULL. base_only: asks for a hash that nobody has; info is zeros
 * then. */
int dht_ping(struct dht *d, struct dht_server_info *info);

/* The servers that the asked one knows, itself first, the others sorted by address (port: for
 * clients; ttl_s is 0); *out is the caller's, for free(). With base_only: DHT_ERR_ARGUMENT. */
int dht_servers(struct dht *d, struct dht_provider **out, size_t *n);

/* EXIT: asks the first server of the list to stop, and waits until it does not answer any more.
 * DHT_ERR_REFUSED when it still answers after wait_ms (wrong password, or none set); the error of a
 * ping when it does not answer to begin with. Passwords have up to 1024 bytes. */
int dht_exit(struct dht *d, const char *password, uint32_t wait_ms);

/* ---- The non-blocking face ----
 *
 * Nothing is sent before dht_process(): requests that are started together travel together. */

/* Readable when dht_process() has something to do. One descriptor for the handle's whole life; only
 * to be waited for. */
int dht_fd(const struct dht *d);

/* After how many milliseconds dht_process() wants to be called anyway; -1: never. To be asked again
 * after each call of the handle. */
int dht_timeout_ms(const struct dht *d);

/* Reads, sends, sends again, gives up, calls back; a bounded amount of it. 0, or DHT_ERR_SYSTEM
 * with errno (no descriptors left, say): nothing is lost then, and it may be called again.
 * Callbacks may start requests and cancel them, but not close the handle. */
int dht_process(struct dht *d);

struct dht_request;

/* The end of a request, called once, never from inside dht_start_…(); the request is gone then. For
 * a get: error 0 and the answer, which the callback borrows; NULL when error is not 0. For a put or
 * drop: error, and status as dht_put() gives it (error 0: stored, or below quorum); those that went
 * in one datagram end together. */
typedef void dht_done(void *arg, const struct dht_hash *hash, int error, uint8_t status,
	const struct dht_answer *answer);

/* NULL with errno: ENOMEM, EINVAL when a parameter is wrong or base_only has no such message, or
 * ECANCELED while the handle is being closed. The request is the handle's; hash and options are
 * copied. */
struct dht_request *dht_start_get(
	struct dht *d, const struct dht_hash *hash, dht_done *done, void *arg);
struct dht_request *dht_start_put(struct dht *d, const struct dht_hash *hash,
	const struct dht_put_options *options, dht_done *done, void *arg);
struct dht_request *dht_start_drop(struct dht *d, const struct dht_hash *hash,
	const struct dht_put_options *options, dht_done *done, void *arg);

enum dht_event_kind {
	DHT_APPEARED = 1,
	DHT_WITHDRAWN = 2,
	DHT_EXPIRED = 3,
	DHT_WATCH_ENDED = 4, /* error says why; the request is gone */
};

/* provider is borrowed; NULL for DHT_WATCH_ENDED. error is 0 for all others. */
typedef void dht_event(void *arg, const struct dht_hash *hash, enum dht_event_kind kind, int error,
	const struct dht_provider *provider);

/* Tells every change of a hash's providers, those that are there at the start as DHT_APPEARED,
 * until it is cancelled. Each half minute it renews itself at the server and compares notes: what
 * was missed is told then (who has gone meanwhile as DHT_EXPIRED). Where there are others it looks
 * every 10 s whether its server is there; when it is gone the watch goes on with the next one, or
 * waits for one, and tells nothing twice. It ends by itself when no server answers to begin with,
 * or one refuses it. Changes that undo each other within one dht_process() are not told. */
struct dht_request *dht_start_watch(
	struct dht *d, const struct dht_hash *hash, dht_event *event, void *arg);

/* Ends a request without calling back. A put or drop may have been carried out already. NULL is
 * fine. */
void dht_cancel(struct dht *d, struct dht_request *r);

#ifdef __cplusplus
}
#endif

#endif
