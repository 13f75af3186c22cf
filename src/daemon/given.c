/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/given.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/log.h"

/* sd_listen_fds_with_names() makes them close-on-exec. */
static bool make_ready(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void given_collect(struct given *g)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	g->count = 0;
	if (n < 0)
		log_warning("systemd's sockets cannot be used: %s", strerror(-n));
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		if (g->count < GIVEN_MAX && make_ready(fd)) {
			struct given_socket *s = &g->sockets[g->count++];
			s->fd = fd;
			snprintf(s->name, sizeof(s->name), "%s", names[i]);
		} else {
			log_warning("file descriptor %d of systemd cannot be used: closed", fd);
			close(fd);
		}
		free(names[i]);
	}
	free(names);
}

static int take(struct given_socket *s)
{
	int fd = s->fd;

	s->fd = -1;
	return fd;
}

static bool has_name(const struct given_socket *s, const char *name)
{
	return s->fd >= 0 && strcmp(s->name, name) == 0;
}

int given_take_stream(struct given *g, const char *name)
{
	for (size_t i = 0; i < g->count; i++)
		if (has_name(&g->sockets[i], name) &&
			sd_is_socket(g->sockets[i].fd, AF_UNSPEC, SOCK_STREAM, 1) > 0)
			return take(&g->sockets[i]);
	return -1;
}

/* Where an internet socket is bound. False for another kind of descriptor. */
static bool bound_to(int fd, struct addr *out)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);

	return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	       addr_from_sockaddr(&ss, out) == 0;
}

static bool is_datagram_at(int fd, const struct addr *local)
{
	int family = ip_is_v4(&local->ip) ? AF_INET : AF_INET6;
	struct addr at;

	return sd_is_socket(fd, family, SOCK_DGRAM, -1) > 0 && bound_to(fd, &at) &&
	       addr_equal(&at, local);
}

int given_take_datagram(struct given *g, const char *name, const struct addr *local)
{
	for (size_t i = 0; i < g->count; i++)
		if (has_name(&g->sockets[i], name) && is_datagram_at(g->sockets[i].fd, local))
			return take(&g->sockets[i]);
	return -1;
}

static void drop(struct given_socket *s)
{
	char text[ADDR_TEXT_MAX] = "not an internet socket";
	struct addr at;

	if (bound_to(s->fd, &at))
		addr_format(&at, text);
	log_warning("systemd's socket \"%s\" (%s) is not needed: closed (FileDescriptorName= is "
		    "\"control\", or \"client\" with an address and port of dht.conf)",
		s->name, text);
	close(take(s));
}

void given_drop_rest(struct given *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->sockets[i].fd >= 0)
			drop(&g->sockets[i]);
}
