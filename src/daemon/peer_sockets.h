/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_sockets: the sockets of the peer and keep-alive planes.
 *
 *                       worker 0   worker 1   cluster's thread
 *     peer port         in[0]      in[1]      (sends from in[0])   listen.ports.peer
 *       answers from    out[0]     out[1]                          or .peer_reply
 *     any port          ask[0]     ask[1]     ask[workers]         each thread's own, so that an
 *                                                                  answer comes back to who asked
 *     keep-alive port                         keep_alive           listen.ports.keepalive
 *
 * All at listen.address. The system deals what comes to the peer port to the workers.
 */
#ifndef DHT_DAEMON_PEER_SOCKETS_H
#define DHT_DAEMON_PEER_SOCKETS_H

#include "daemon/conf.h"
#include "daemon/faults.h"
#include "daemon/udp.h"

struct peer_sockets {
	size_t workers;              /* 0: they are not open */
	bool separate;               /* out has sockets of its own */
	struct udp_socket *in, *out; /* workers of them */
	struct udp_socket *ask;      /* workers + 1 */
	struct udp_socket keep_alive;
};

/* 0; DHT_EINVAL with a fault for what cannot be bound; or DHT_ESYSTEM with errno when the system
 * ran out of memory or of files. s is to be closed in any case. */
int peer_sockets_open(
	struct peer_sockets *s, const struct conf *conf, size_t workers, struct faults *f);
void peer_sockets_close(struct peer_sockets *s);

#endif
