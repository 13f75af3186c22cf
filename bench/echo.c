/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: the least that a UDP server can do with recvmmsg and sendmmsg, as a yardstick.
 *
 * One SO_REUSEPORT socket, batches of 64, epoll when there is nothing to read: the same system
 * calls as one worker of dhtd, and nothing between them. What dhtd costs above it is its own.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH    64
#define DATAGRAM 1500

static struct mmsghdr in[BATCH];
static struct iovec iov[BATCH];
static struct sockaddr_storage from[BATCH];
static char bytes[BATCH][DATAGRAM];

static int open_socket(const char *ip, int port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int one = 1, buffer = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || inet_pton(AF_INET, ip, &sin.sin_addr) != 1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	return bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 ? fd : -1;
}

/* Gives the number of datagrams that came in. */
static int echo_batch(int fd)
{
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){.iov_base = bytes[i], .iov_len = DATAGRAM};
		in[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i],
			.msg_iovlen = 1};
	}
	int n = recvmmsg(fd, in, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		iov[i].iov_len = in[i].msg_len;
	for (int sent = 0; sent < n;) {
		int k = sendmmsg(fd, in + sent, (unsigned)(n - sent), 0);
		sent += k > 0 ? k : 1;
	}
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: echo IPV4 PORT\n");
		return 2;
	}
	int fd = open_socket(argv[1], atoi(argv[2])), ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN};
	if (fd < 0 || ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) != 0) {
		perror("echo");
		return 1;
	}
	fprintf(stderr, "echo: ready\n");
	for (;;) {
		epoll_wait(ep, &ev, 1, -1);
		while (echo_batch(fd) == BATCH)
			;
	}
}
