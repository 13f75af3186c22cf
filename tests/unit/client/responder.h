/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * responder: a server on a loopback address, in a thread, that puts its answers together byte by
 * byte and knows nothing of the project's own codec.
 *
 * It has a provider for every hash whose first byte is even: 10.0.0.1, port 8000. Announcing and
 * withdrawing gives the status that is the hash's second byte. A watch is told at once that
 * 10.0.0.2:9 has appeared; a WANT gets one HAVE; neither when the hash's second byte is 9. EXIT
 * with "sesame" closes the socket.
 */
#ifndef DHT_TESTS_UNIT_CLIENT_RESPONDER_H
#define DHT_TESTS_UNIT_CLIENT_RESPONDER_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct responder {
	char address[32]; /* "127.8.0.1:40000", for struct dht_options */
	int fd, reply_fd, stop_fd;
	pthread_t thread;
	/* And lists it beside itself; NULL: lists 10.0.0.1 and .2 */
	_Atomic(const struct responder *) knows;
	struct sockaddr_in at;
	_Atomic(bool) silent;           /* reads and says nothing */
	_Atomic(bool) reply_apart;      /* answers from another port */
	_Atomic(bool) deaf;             /* to the next EXIT */
	_Atomic(unsigned) received[32]; /* by type */
	_Atomic(unsigned) ports;        /* different ones that GETs came from, in a row */
	_Atomic(unsigned) biggest;      /* datagram that came in */
	in_port_t last_port;
};

/* On 127.8.0.(1 + i), at any free port. */
void responder_start(struct responder *r, unsigned i);
void responder_stop(struct responder *r);

/* Waits until it has read so many messages of a type; fails after a while, or when there are more.
 */
void responder_expect(struct responder *r, uint8_t type, unsigned count);

/* "127.8.0.(1 + i):PORT" where nobody listens. */
void responder_nobody(char address[static 32], unsigned i);

#endif
