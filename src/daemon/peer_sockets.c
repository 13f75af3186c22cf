/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/peer_sockets.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "daemon/bind_fault.h"

static int allocate(struct peer_sockets *s, size_t workers)
{
	s->in = calloc(workers, sizeof(*s->in));
	s->out = calloc(workers, sizeof(*s->out));
	s->ask = calloc(workers + 1, sizeof(*s->ask));
	if (!s->in || !s->out || !s->ask) {
		errno = ENOMEM;
		return DHT_ESYSTEM;
	}
	for (size_t i = 0; i < workers; i++)
		s->in[i].fd = s->out[i].fd = -1;
	for (size_t i = 0; i <= workers; i++)
		s->ask[i].fd = -1;
	s->workers = workers;
	return 0;
}

/* One socket for each worker at one port. */
static int open_all(struct udp_socket *sockets, size_t n, const struct addr *at, bool deaf)
{
	enum udp_claim claim = UDP_FIRST;

	for (size_t i = 0; i < n; i++) {
		int err = udp_open(&sockets[i], at, claim);
		if (err == 0 && deaf)
			err = udp_make_deaf(&sockets[i]);
		if (err)
			return err;
		claim = UDP_JOIN;
	}
	return 0;
}

/* Each at a port of its own, which the system chooses. */
static int open_asking(struct peer_sockets *s, const struct ip *ip)
{
	struct addr any = {.ip = *ip};

	for (size_t i = 0; i <= s->workers; i++) {
		int err = udp_open(&s->ask[i], &any, UDP_FIRST);
		if (err)
			return err;
	}
	return 0;
}

static int open_answering(struct peer_sockets *s, const struct conf *conf)
{
	struct addr at = {
		.ip = conf->c.listen.address, .port = (uint16_t)conf->c.listen.peer_reply_port};

	s->separate = at.port != 0;
	if (s->separate)
		return open_all(s->out, s->workers, &at, true);
	for (size_t i = 0; i < s->workers; i++)
		s->out[i] = s->in[i];
	return 0;
}

int peer_sockets_open(
	struct peer_sockets *s, const struct conf *conf, size_t workers, struct faults *f)
{
	struct addr at = {.ip = conf->c.listen.address, .port = (uint16_t)conf->c.listen.peer_port};

	*s = (struct peer_sockets){.keep_alive = {.fd = -1}};
	if (allocate(s, workers) != 0)
		return DHT_ESYSTEM;
	if (open_all(s->in, workers, &at, false) != 0)
		return bind_fault(conf, &at, "listen.ports.peer", f);
	at.port = (uint16_t)conf->c.listen.peer_reply_port;
	if (open_answering(s, conf) != 0)
		return bind_fault(conf, &at, "listen.ports.peer_reply", f);
	at.port = 0;
	if (open_asking(s, &at.ip) != 0)
		return bind_fault(conf, &at, "listen.address", f);
	at.port = (uint16_t)conf->c.listen.keepalive_port;
	if (udp_open(&s->keep_alive, &at, UDP_FIRST) != 0)
		return bind_fault(conf, &at, "listen.ports.keepalive", f);
	return 0;
}

void peer_sockets_close(struct peer_sockets *s)
{
	for (size_t i = 0; i < s->workers; i++) {
		if (s->separate)
			udp_close(&s->out[i]);
		udp_close(&s->in[i]);
		udp_close(&s->ask[i]);
	}
	if (s->workers != 0) {
		udp_close(&s->ask[s->workers]);
		udp_close(&s->keep_alive);
	}
	free(s->in);
	free(s->out);
	free(s->ask);
	*s = (struct peer_sockets){.keep_alive = {.fd = -1}};
}
