/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp: sockets, and datagrams in batches.
 *
 *     kernel ──recvmmsg──▶ struct udp_inbox ──▶ lane_input() ──▶ struct outbox ──sendmmsg──▶ kernel
 *
 * Several workers have a socket each at the same address and port (SO_REUSEPORT); the kernel deals
 * a client's datagrams to one of them. So that nobody else joins them by accident, not even a
 * second dhtd of the same user, the first socket of an address is bound *without* SO_REUSEPORT,
 * which fails when anything is bound there, and gets it afterwards, so that the others can follow.
 * There is no moment in which two daemons could both be first.
 *
 * An IPv6 socket takes IPv6 only. A socket bound to a wildcard asks the kernel for each datagram's
 * destination and answers from that address; the others have no need to, and save the time.
 *
 * Datagrams may be fragmented by the kernel (IP_PMTUDISC_OMIT): an answer is never refused for its
 * size, and no forged ICMP can make the fragments smaller. At the default size none is ever made.
 *
 * Memory is taken once, in _init. Nothing here blocks for more than UDP_SEND_WAIT_MS.
 */
#ifndef DHT_DAEMON_UDP_H
#define DHT_DAEMON_UDP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "core/flow.h"
#include "core/outbox.h"

#define UDP_BATCH        64
#define UDP_BUFFER_BYTES (4 << 20)
#define UDP_SEND_WAIT_MS 10

struct udp_socket {
	int fd;            /* -1: there is none here */
	bool v4;           /* AF_INET, otherwise AF_INET6 */
	bool any;          /* bound to a wildcard */
	uint32_t overflow; /* what udp_overflows() has given so far */
};

enum udp_claim {
	UDP_FIRST, /* nobody may be there */
	UDP_JOIN,  /* after a UDP_FIRST of this process at the address or its wildcard */
};

/* DHT_ESYSTEM with errno; s then needs no closing. */
int udp_open(struct udp_socket *s, const struct addr *local, enum udp_claim claim);

/* Makes a socket of fd, which is bound to local already and non-blocking, with the options of
 * udp_open(), so that others can follow with UDP_JOIN (if they are the same user's). Takes fd,
 * which is closed on failure. DHT_ESYSTEM with errno. */
int udp_adopt(struct udp_socket *s, int fd, const struct addr *local);

/* Nothing that is sent to this socket is ever queued: it is for sending only. */
int udp_make_deaf(struct udp_socket *s);

/* Nothing, for one that is not there. */
void udp_close(struct udp_socket *s);

/* Room for what the kernel says beside a datagram. */
union udp_control {
	char in[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct cmsghdr align;
};

/* Datagrams that came in, valid until the next udp_receive(). */
struct udp_inbox {
	struct udp_got {
		struct flow flow;
		uint8_t *bytes; /* may be changed by whoever handles it */
		size_t len;
	} got[UDP_BATCH];
	size_t count;
	uint64_t truncated; /* longer than datagram_max: left out, and counted from the start */

	size_t datagram_max;
	uint8_t *bytes; /* UDP_BATCH × datagram_max */
	struct mmsghdr headers[UDP_BATCH];
	struct iovec vectors[UDP_BATCH];
	struct sockaddr_storage remotes[UDP_BATCH];
	union udp_control controls[UDP_BATCH];
};

int udp_inbox_init(struct udp_inbox *in, size_t datagram_max);
void udp_inbox_fini(struct udp_inbox *in);

/* Takes what is queued, up to UDP_BATCH datagrams, into in->got; their flows say that they came
 * through listener. Gives how many were taken off the queue, those that were left out as well; 0
 * when there was none. Never waits. */
size_t udp_receive(struct udp_socket *s, uint32_t listener, struct udp_inbox *in);

/* How many datagrams the kernel has dropped since the last call, for want of room in the socket's
 * queue; 0 for a socket that is not there. Asked now and then: to have it said with each datagram
 * costs each datagram. */
uint32_t udp_overflows(struct udp_socket *s);

/* Scratch for sending. */
struct udp_sender {
	struct mmsghdr headers[UDP_BATCH];
	struct iovec vectors[UDP_BATCH];
	struct sockaddr_storage remotes[UDP_BATCH];
	union udp_control controls[UDP_BATCH];
};

/* Which socket a flow's answers leave from, by flow.socket. Never NULL. */
typedef const struct udp_socket *udp_socket_of(const void *owner, uint32_t flow_socket);

struct udp_way {
	udp_socket_of *of;
	const void *owner;
};

/* Sends all that is in out, each from the socket of its flow, and empties it. Gives how many
 * datagrams the system refused; those are lost, the others are not held up by them. */
size_t udp_send(struct udp_sender *tx, const struct udp_way *way, struct outbox *out);

#endif
