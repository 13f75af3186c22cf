/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * given: sockets that systemd has opened for us (sd_listen_fds_with_names).
 *
 *     FileDescriptorName=control   the control socket: a listening stream socket
 *     FileDescriptorName=client    UDP sockets of listen.address and listen.client_addresses; each
 *                                  is matched by the address that it is bound to
 *
 * Whoever needs a socket takes it from here, or opens one itself. What has another name, another
 * kind or an address that the configuration does not know is closed, and said in the log: a socket
 * that nobody reads would swallow datagrams for ever.
 */
#ifndef DHT_DAEMON_GIVEN_H
#define DHT_DAEMON_GIVEN_H

#include <stddef.h>

#include "base/addr.h"

#define GIVEN_MAX 1024

struct given {
	struct given_socket {
		int fd; /* -1: taken */
		char name[64];
	} sockets[GIVEN_MAX];
	size_t count;
};

/* Takes over what LISTEN_FDS says is ours, close-on-exec and non-blocking, and clears the
 * environment. */
void given_collect(struct given *g);

/* The next listening stream socket of this name, now the caller's; -1 when there is none. */
int given_take_stream(struct given *g, const char *name);

/* The next UDP socket of this name bound to this address, now the caller's; -1: none. */
int given_take_datagram(struct given *g, const char *name, const struct addr *local);

/* Closes what nobody took, with a warning for each. */
void given_drop_rest(struct given *g);

#endif
