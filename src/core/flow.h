/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow: the way a datagram came, which is the way its answer goes.
 *
 * The core reads remote and own only; the rest is the shell's and comes back to it as it was, so
 * that an answer, even one much later, leaves from the address that was asked.
 */
#ifndef DHT_CORE_FLOW_H
#define DHT_CORE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* Values of flow.socket that are no listener of the client plane. Each thread has them for itself.
 */
enum flow_socket {
	/* The peer port: questions of others come in, and their answers leave. */
	FLOW_PEER = 0x10000,
	/* The thread's own socket: its questions leave, and answers come in. */
	FLOW_ASK,
	/* The keep-alive port; the cluster's thread only. */
	FLOW_KEEP_ALIVE,
};

struct flow {
	struct addr remote;
	struct ip local; /* the address that it was sent to, where the socket is bound to any */
	uint32_t scope;  /* interface of a link-local remote, otherwise 0 */
	uint32_t socket; /* which of the shell's listeners, or enum flow_socket */
	bool own;        /* the shell itself asks, to see whether it is answered: neither
	                  * clients.allow nor clients.rate holds for it, and a GET is counted
	                  * as a probe and as nothing else */
};

#endif
