/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listeners: the sockets of all workers, as the configuration wants them.
 *
 *                     worker 0        worker 1
 *     listener 0    in[0] out[0]    in[2] out[2]     listen.address
 *     listener 1    in[1] out[1]    in[3] out[3]     the first of listen.client_addresses
 *
 * `in` is where requests come in. `out` is where their answers leave: the same socket, or with
 * listen.ports.client_reply a second one at the same address, which hears nothing.
 *
 * Sockets that systemd has opened (given.h) are taken first, one for each worker; a worker for
 * which there is none opens its own beside them. The system refuses that where the given ones are
 * another user's: such a worker has no `in` there (fd -1), and what it has to say to those who
 * watch leaves through the first worker's socket.
 */
#ifndef DHT_DAEMON_LISTENERS_H
#define DHT_DAEMON_LISTENERS_H

#include <stddef.h>

#include "daemon/conf.h"
#include "daemon/faults.h"
#include "daemon/given.h"
#include "daemon/udp.h"

struct listeners {
	struct addr *addrs; /* count of them */
	size_t count;
	size_t workers;
	bool separate;          /* whether out has sockets of its own, or in's */
	struct udp_socket *in;  /* in[worker * count + listener] */
	struct udp_socket *out; /* likewise */
};

/* Opens all of them; given may be NULL. 0; DHT_EINVAL with a fault for each address that cannot be
 * bound; or DHT_ESYSTEM with errno when the system ran out of memory or of files. l is to be freed
 * in any case. */
int listeners_open(struct listeners *l, const struct conf *conf, size_t workers,
	struct given *given, struct faults *f);
void listeners_close(struct listeners *l);

#endif
