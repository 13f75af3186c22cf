/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/probe.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/msg.h"

#define HASH_LEN 32
#define HASHES   64 /* drawn at a time */

/*
 * Ports that are tried for a worker whose own is not known. All workers are found with about
 * workers × ln(workers) tries, so there is place for eight times their number; and a try can wait
 * for its answer for as long as it takes to replace all of them, which is TRIES_STEPS calls.
 */
#define TRIES_MIN   64
#define TRIES_MAX   1024
#define TRIES_STEPS 16

/*
 * A flood fills the workers' queues, and then most of what is sent is lost; nobody outside is to
 * get the daemon restarted by that. So each time that an answer is missing twice as many are sent.
 */
#define COPIES_MAX 64

/* The mirror's datagram has been missing in so many calls: none arrives. A busy machine may be late
 * with one. */
#define MIRROR_MISSES_MAX 8

/* What is taken from one socket in one call: more than one call's copies. */
#define ANSWERS_MAX 256

/* A socket of ours at an ephemeral port. */
struct port {
	int fd; /* -1: none */
	uint16_t number;
};

struct target {
	struct port port; /* known to come to this worker */
	bool answered;    /* in this round */
};

struct probes {
	struct probe_board *board;
	struct addr to;
	size_t workers;
	struct target *targets; /* workers of them */
	struct port *tries;     /* a ring of try_count; next is the oldest */
	size_t try_count, next;
	size_t sent;            /* in the last call */
	struct port mirror;     /* sends to itself, and is no probe */
	unsigned mirror_missed; /* calls since its datagram came */
	size_t copies;          /* the next call's, of each */
	uint8_t hashes[HASHES][HASH_LEN];
	size_t hashes_used;
};

struct probe_board *probe_board_new(const struct ip *self)
{
	struct probe_board *b = calloc(1, sizeof(*b));

	if (b)
		b->self = *self;
	return b;
}

void probe_board_free(struct probe_board *b)
{
	free(b);
}

/* Says in the board whether a port is ours. */
static void claim(struct probe_board *b, uint16_t port, bool ours)
{
	uint64_t bit = UINT64_C(1) << (port % 64);

	atomic_store_explicit(&b->came_to[port], 0, memory_order_relaxed);
	if (ours)
		atomic_fetch_or_explicit(&b->ports[port / 64], bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&b->ports[port / 64], ~bit, memory_order_relaxed);
}

/* The port is not ours any more before somebody else can get it. */
static void port_close(struct probes *p, struct port *port)
{
	if (port->fd < 0)
		return;
	claim(p->board, port->number, false);
	close(port->fd);
	port->fd = -1;
}

/* 0 or -1 with errno. */
static int port_bind(const struct probes *p, struct port *port)
{
	struct addr at = {.ip = p->to.ip, .port = 0};
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&at, ip_is_v4(&at.ip), &ss);

	if (bind(port->fd, (const struct sockaddr *)&ss, len) != 0 ||
		getsockname(port->fd, (struct sockaddr *)&ss, &len) != 0 ||
		addr_from_sockaddr(&ss, &at) != 0)
		return -1;
	port->number = at.port;
	return 0;
}

/* 0 or -1. */
static int port_make(const struct probes *p, struct port *port)
{
	int family = ip_is_v4(&p->to.ip) ? AF_INET : AF_INET6;

	port->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (port->fd < 0)
		return -1;
	if (port_bind(p, port) == 0)
		return 0;
	close(port->fd);
	port->fd = -1;
	return -1;
}

/* At the address that the workers listen on: so what comes from here is known as ours. */
static void port_open(struct probes *p, struct port *port)
{
	if (port_make(p, port) == 0)
		claim(p->board, port->number, true);
}

/* Looks whether the mirror's datagram has come, and sends it again. Without a mirror nothing is
 * known: then whatever is missing is a worker's. */
static void look_in_mirror(struct probes *p)
{
	struct addr to = {.ip = p->to.ip};
	struct sockaddr_storage ss;
	char byte = 0;

	if (p->mirror.fd < 0 && port_make(p, &p->mirror) != 0)
		return;
	to.port = p->mirror.number;
	p->mirror_missed++;
	for (int i = 0; i < ANSWERS_MAX && recv(p->mirror.fd, &byte, 1, MSG_DONTWAIT) >= 0; i++)
		p->mirror_missed = 0;
	socklen_t len = addr_to_sockaddr(&to, ip_is_v4(&to.ip), &ss);
	ssize_t n = sendto(p->mirror.fd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&ss, len);
	(void)n; /* then it will be missed */
}

static bool is_carried(const struct probes *p)
{
	return p->mirror_missed < MIRROR_MISSES_MAX;
}

static struct span next_hash(struct probes *p)
{
	if (p->hashes_used == HASHES) {
		randombytes_buf(p->hashes, sizeof(p->hashes));
		p->hashes_used = 0;
	}
	return (struct span){.p = p->hashes[p->hashes_used++], .len = HASH_LEN};
}

static void ask_once(struct probes *p, const struct port *port)
{
	uint8_t bytes[MSG_HEADER_LEN + HASH_LEN];
	struct msg m = {.type = MSG_GET, .get.hash = next_hash(p)};
	struct sockaddr_storage ss;
	socklen_t ss_len = addr_to_sockaddr(&p->to, ip_is_v4(&p->to.ip), &ss);
	int len = msg_encode(&m, bytes, sizeof(bytes));

	if (port->fd >= 0 && sendto(port->fd, bytes, (size_t)len, MSG_DONTWAIT,
				     (struct sockaddr *)&ss, ss_len) == len)
		p->sent++;
}

static void ask(struct probes *p, const struct port *port, size_t copies)
{
	for (size_t i = 0; i < copies; i++)
		ask_once(p, port);
}

/* Whether this is a worker's answer: it comes from our address, from listen.ports.client_reply
 * where that is set. */
static bool is_answer(const struct probes *p, const struct sockaddr_storage *from,
	const uint8_t *bytes, size_t len)
{
	struct addr at;
	struct msg m;
	bool has_txid;

	return addr_from_sockaddr(from, &at) == 0 && ip_equal(&at.ip, &p->to.ip) &&
	       msg_decode(bytes, len, PLANE_CLIENT, &m, &has_txid) == MSG_GOOD &&
	       m.type == MSG_HAVE;
}

/* Takes all that has come to a port. True when an answer is among it. */
static bool take(const struct probes *p, const struct port *port)
{
	uint8_t bytes[MSG_HEADER_LEN + HASH_LEN];
	bool answered = false;

	for (int i = 0; port->fd >= 0 && i < ANSWERS_MAX; i++) {
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(port->fd, bytes, sizeof(bytes), MSG_DONTWAIT,
			(struct sockaddr *)&from, &from_len);
		if (n < 0)
			break;
		answered |= is_answer(p, &from, bytes, (size_t)n);
	}
	return answered;
}

/* Which worker has noted that this port came to it, NULL for none. */
static struct target *noted_by(const struct probes *p, const struct port *port)
{
	uint16_t noted = atomic_load_explicit(
		&p->board->came_to[port->number], memory_order_relaxed);

	return noted > 0 && noted <= p->workers ? &p->targets[noted - 1] : NULL;
}

static void take_known(struct probes *p)
{
	for (size_t i = 0; i < p->workers; i++) {
		struct target *t = take(p, &p->targets[i].port) ? noted_by(p, &p->targets[i].port)
		                                                : NULL;
		if (t)
			t->answered = true;
	}
}

/* A port that has found a worker which has not answered by its own becomes that one's. */
static void take_tries(struct probes *p)
{
	for (size_t i = 0; i < p->try_count; i++) {
		struct target *t = take(p, &p->tries[i]) ? noted_by(p, &p->tries[i]) : NULL;
		if (!t)
			continue;
		if (t->answered) {
			port_close(p, &p->tries[i]);
			continue;
		}
		port_close(p, &t->port);
		t->port = p->tries[i];
		t->answered = true;
		p->tries[i].fd = -1;
	}
}

static bool is_missing(const struct probes *p, size_t worker)
{
	return !p->targets[worker].answered &&
	       !atomic_load_explicit(&p->board->never[worker], memory_order_relaxed);
}

static size_t count_missing(const struct probes *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->workers; i++)
		n += is_missing(p, i);
	return n;
}

static void ask_missing(struct probes *p)
{
	for (size_t i = 0; i < p->workers; i++)
		if (is_missing(p, i))
			ask(p, &p->targets[i].port, p->copies);
}

/* The oldest tries make place. There are several of them, so fewer copies of each. */
static void try_more(struct probes *p, size_t n)
{
	size_t copies = p->copies < 4 ? 1 : p->copies / 4;

	for (size_t i = 0; i < n; i++) {
		struct port *port = &p->tries[p->next];
		p->next = (p->next + 1) % p->try_count;
		port_close(p, port);
		port_open(p, port);
		ask(p, port, copies);
	}
}

static void end_tries(struct probes *p)
{
	for (size_t i = 0; i < p->try_count; i++)
		port_close(p, &p->tries[i]);
	p->next = 0;
}

struct probes *probes_new(struct probe_board *board, const struct addr *to, size_t workers)
{
	struct probes *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->board = board;
	p->to = *to;
	p->try_count = 8 * workers < TRIES_MIN ? TRIES_MIN : 8 * workers;
	if (p->try_count > TRIES_MAX)
		p->try_count = TRIES_MAX;
	p->hashes_used = HASHES;
	p->copies = 1;
	p->mirror.fd = -1;
	p->targets = calloc(workers, sizeof(*p->targets));
	p->tries = calloc(p->try_count, sizeof(*p->tries));
	if (!p->targets || !p->tries) {
		probes_free(p);
		errno = ENOMEM;
		return NULL;
	}
	p->workers = workers;
	for (size_t i = 0; i < workers; i++)
		p->targets[i].port.fd = -1;
	for (size_t i = 0; i < p->try_count; i++)
		p->tries[i].fd = -1;
	return p;
}

void probes_free(struct probes *p)
{
	if (!p)
		return;
	if (p->targets && p->tries) {
		end_tries(p);
		for (size_t i = 0; i < p->workers; i++)
			port_close(p, &p->targets[i].port);
	}
	if (p->mirror.fd >= 0)
		close(p->mirror.fd);
	free(p->targets);
	free(p->tries);
	free(p);
}

static size_t count_unknown(const struct probes *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->workers; i++)
		n += is_missing(p, i) && p->targets[i].port.fd < 0;
	return n;
}

void probes_begin(struct probes *p)
{
	look_in_mirror(p);
	end_tries(p);
	for (size_t i = 0; i < p->workers; i++) {
		take(p, &p->targets[i].port);
		p->targets[i].answered = false;
	}
	p->sent = 0;
	p->copies = 1;
	ask_missing(p);
	size_t wanted = 8 * count_unknown(p);
	try_more(p, wanted < p->try_count ? wanted : p->try_count);
}

void probes_go_on(struct probes *p)
{
	take_known(p);
	take_tries(p);
	look_in_mirror(p);
	if (count_missing(p) == 0) {
		end_tries(p);
		return;
	}
	p->sent = 0;
	ask_missing(p);
	try_more(p, p->try_count / TRIES_STEPS);
	if (p->copies < COPIES_MAX)
		p->copies *= 2;
}

enum probe_state probes_state(const struct probes *p, size_t worker)
{
	if (p->targets[worker].answered)
		return PROBE_ANSWERED;
	return is_missing(p, worker) && p->sent > 0 && is_carried(p) ? PROBE_WAITING : PROBE_CANNOT;
}
