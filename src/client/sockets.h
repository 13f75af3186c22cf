/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets: the requester's datagrams, in and out of the system.
 *
 * The sockets are not connected: a server may answer from another port than it was asked at, and a
 * connected socket would not hear it. To learn that nobody listens all the same, each has
 * IP_RECVERR set, and its error queue is read. Slot 0 has a socket for each address family, the
 * others one for the family that they were last used with, opened when something is to be sent.
 *
 * What does not go out because a buffer is full stays here, and goes first when there is room;
 * until then nothing more is asked of the requester.
 */
#ifndef DHT_CLIENT_SOCKETS_H
#define DHT_CLIENT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "client/requester.h"
#include "client/resolve.h"

#define SOCKETS_SEND_MAX 32 /* datagrams in one system call, or waiting for room */

struct sock {
	int fd; /* -1: closed */
	bool v6;
	uint32_t generation;
};

struct sockets {
	int epoll_fd;
	const struct resolved *servers;
	size_t server_count;
	size_t max_datagram;
	struct sock v6; /* slot 0's second one */
	struct sock slots[REQUESTER_SLOTS];

	uint8_t *out; /* SOCKETS_SEND_MAX × max_datagram */
	struct requester_datagram waiting[SOCKETS_SEND_MAX];
	size_t first, end; /* of waiting */
	bool blocked;      /* until epoll says that there is room */
	uint8_t *in;
};

/* servers are borrowed. DHT_ERR_MEMORY, or DHT_ERR_SYSTEM with errno. */
int sockets_init(struct sockets *s, const struct resolved *servers, size_t server_count,
	size_t max_datagram);
void sockets_fini(struct sockets *s);

/* Takes what the requester has to send, and sends it. DHT_ERR_SYSTEM with errno: out of descriptors
 * or memory; what was to be sent is kept. */
int sockets_send(struct sockets *s, struct requester *r, const struct requester_time *now);

/* Gives the requester what has arrived, a bounded amount of it. DHT_ERR_SYSTEM with errno. */
int sockets_receive(struct sockets *s, struct requester *r, const struct requester_time *now);

#endif
