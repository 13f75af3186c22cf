/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/bind_fault.h"
#include "daemon/log.h"

static const char *setting_of(size_t listener)
{
	return listener == 0 ? "listen.address" : "listen.client_addresses";
}

/* Whether another listener is the wildcard of this one's family, and has its port already. */
static bool is_covered(const struct listeners *l, size_t listener)
{
	const struct ip *ip = &l->addrs[listener].ip;

	for (size_t i = 0; i < l->count; i++)
		if (i != listener && ip_is_unspecified(&l->addrs[i].ip) &&
			ip_is_v4(&l->addrs[i].ip) == ip_is_v4(ip))
			return true;
	return false;
}

static enum udp_claim first_claim(const struct listeners *l, size_t listener)
{
	return is_covered(l, listener) ? UDP_JOIN : UDP_FIRST;
}

static void say_few(const struct listeners *l, const struct addr *at, size_t with)
{
	char text[ADDR_TEXT_MAX];

	addr_format(at, text);
	log_info("%s: systemd gave %zu socket%s, which only its own user can add to: %zu of %zu "
		 "workers have none there (its socket unit can have one ListenDatagram= for each, "
		 "with ReusePort=yes)",
		text, with, with == 1 ? "" : "s", l->workers - with, l->workers);
}

/* Where the requests of one listener come in, for all workers: into l->in. */
static int open_in(struct listeners *l, size_t listener, struct given *given)
{
	enum udp_claim claim = first_claim(l, listener);
	const struct addr *at = &l->addrs[listener];
	bool are_given = false;

	for (size_t w = 0; w < l->workers; w++) {
		struct udp_socket *s = &l->in[w * l->count + listener];
		int fd = given ? given_take_datagram(given, "client", at) : -1;
		are_given |= fd >= 0;
		int err = fd >= 0 ? udp_adopt(s, fd, at) : udp_open(s, at, claim);
		if (err && fd < 0 && are_given && errno == EADDRINUSE) {
			say_few(l, at, w);
			return 0;
		}
		if (err)
			return err;
		claim = UDP_JOIN;
	}
	return 0;
}

/* Where the answers of one listener leave, for all workers: sockets of their own, into l->out. */
static int open_out(struct listeners *l, size_t listener, const struct addr *at)
{
	enum udp_claim claim = first_claim(l, listener);

	for (size_t w = 0; w < l->workers; w++) {
		struct udp_socket *s = &l->out[w * l->count + listener];
		int err = udp_open(s, at, claim);
		if (err == 0)
			err = udp_make_deaf(s);
		if (err)
			return err;
		claim = UDP_JOIN;
	}
	return 0;
}

/* … or the sockets where the requests come in. */
static void share_in(struct listeners *l, size_t listener)
{
	for (size_t w = 0; w < l->workers; w++) {
		size_t i = w * l->count + listener;
		l->out[i] = l->in[i].fd >= 0 ? l->in[i] : l->in[listener];
	}
}

/* One listener with its reply sockets; a fault says what cannot be bound. */
static int open_listener(struct listeners *l, size_t listener, const struct conf *conf,
	struct given *given, struct faults *f)
{
	struct addr at = l->addrs[listener];

	if (open_in(l, listener, given) != 0)
		return bind_fault(conf, &at, setting_of(listener), f);
	if (!l->separate) {
		share_in(l, listener);
		return 0;
	}
	at.port = (uint16_t)conf->c.listen.client_reply_port;
	if (open_out(l, listener, &at) != 0)
		return bind_fault(conf, &at, "listen.ports.client_reply", f);
	return 0;
}

static int allocate(struct listeners *l)
{
	size_t n = l->workers * l->count;

	l->addrs = calloc(l->count, sizeof(*l->addrs));
	l->in = calloc(n, sizeof(*l->in));
	l->out = calloc(n, sizeof(*l->out));
	if (!l->addrs || !l->in || !l->out)
		return DHT_ENOMEM;
	for (size_t i = 0; i < n; i++)
		l->in[i].fd = l->out[i].fd = -1;
	return 0;
}

int listeners_open(struct listeners *l, const struct conf *conf, size_t workers,
	struct given *given, struct faults *f)
{
	const struct ip_list *more = &conf->c.listen.client_addresses;
	uint16_t port = (uint16_t)conf->c.listen.client_port;
	int result = 0;

	*l = (struct listeners){
		.count = 1 + more->count,
		.workers = workers,
		.separate = conf->c.listen.client_reply_port != 0,
	};
	if (allocate(l) != 0) {
		errno = ENOMEM;
		return DHT_ESYSTEM;
	}
	l->addrs[0] = (struct addr){conf->c.listen.address, port};
	for (size_t i = 0; i < more->count; i++)
		l->addrs[1 + i] = (struct addr){more->v[i], port};
	/* Wildcards first: an address inside of one joins it. */
	for (int wildcards = 1; wildcards >= 0; wildcards--)
		for (size_t i = 0; i < l->count; i++) {
			if (ip_is_unspecified(&l->addrs[i].ip) != (wildcards == 1))
				continue;
			int err = open_listener(l, i, conf, given, f);
			if (err == DHT_ESYSTEM)
				return err;
			result = err ? err : result;
		}
	return result;
}

static void close_all(struct udp_socket *sockets, size_t n)
{
	for (size_t i = 0; sockets && i < n; i++)
		udp_close(&sockets[i]);
}

void listeners_close(struct listeners *l)
{
	size_t n = l->workers * l->count;

	if (l->separate)
		close_all(l->out, n);
	close_all(l->in, n);
	free(l->out);
	free(l->in);
	free(l->addrs);
	*l = (struct listeners){0};
}
