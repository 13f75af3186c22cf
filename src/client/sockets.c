/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/sockets.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "wire/msg.h"

#define RECEIVE_MAX  32    /* datagrams in one system call */
#define RECEIVE_SIZE 65536 /* any datagram fits; pages that are not touched cost nothing */
#define ROUNDS_MAX   16    /* system calls for one socket before the others have their turn */
#define ERRORS_MAX   256   /* of a queue, likewise */
#define EVENTS_MAX   (REQUESTER_SLOTS + 1)
#define BUFFER_IN    (4 << 20)
#define BUFFER_OUT   (1 << 20)
#define TAG_V6       REQUESTER_SLOTS /* epoll's name of sockets.v6; a slot's is its number */

static void sock_close(struct sock *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
}

static struct sock *sock_of_tag(struct sockets *s, uint32_t tag)
{
	return tag == TAG_V6 ? &s->v6 : &s->slots[tag];
}

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* Large datagrams may travel in fragments rather than not at all; buffers are as large as the
 * system allows. Only IP_RECVERR must work. */
static int set_options(int fd, bool v6)
{
	(void)set_option(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_IN);
	(void)set_option(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_OUT);
	if (v6) {
		(void)set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
		(void)set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		return set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	}
	(void)set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	return set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
}

static int sock_open(struct sockets *s, uint32_t tag, bool v6)
{
	struct sock *sock = sock_of_tag(s, tag);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};

	sock->v6 = v6;
	sock->fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock->fd < 0)
		return DHT_ERR_SYSTEM;
	if (set_options(sock->fd, v6) || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, sock->fd, &event)) {
		int saved = errno;
		sock_close(sock);
		errno = saved;
		return DHT_ERR_SYSTEM;
	}
	return 0;
}

/* The socket for a datagram, opened if need be; NULL with errno. */
static struct sock *sock_for(struct sockets *s, const struct requester_datagram *d, uint32_t *tag)
{
	bool v6 = s->servers[d->server].to.ss_family == AF_INET6;
	*tag = d->path.slot == 0 && v6 ? TAG_V6 : d->path.slot;
	struct sock *sock = sock_of_tag(s, *tag);

	if (sock->fd >= 0 && sock->generation == d->path.generation)
		return sock;
	sock_close(sock);
	sock->generation = d->path.generation;
	return sock_open(s, *tag, v6) == 0 ? sock : NULL;
}

int sockets_init(
	struct sockets *s, const struct resolved *servers, size_t server_count, size_t max_datagram)
{
	*s = (struct sockets){
		.servers = servers,
		.server_count = server_count,
		.max_datagram = max_datagram,
		.v6.fd = -1,
	};
	for (size_t i = 0; i < REQUESTER_SLOTS; i++)
		s->slots[i].fd = -1;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->out = malloc(SOCKETS_SEND_MAX * max_datagram);
	s->in = malloc((size_t)RECEIVE_MAX * RECEIVE_SIZE);
	if (s->epoll_fd >= 0 && s->out && s->in)
		return 0;
	int err = s->epoll_fd < 0 ? DHT_ERR_SYSTEM : DHT_ERR_MEMORY;
	int saved = errno;
	sockets_fini(s);
	errno = saved;
	return err;
}

void sockets_fini(struct sockets *s)
{
	sock_close(&s->v6);
	for (size_t i = 0; i < REQUESTER_SLOTS; i++)
		sock_close(&s->slots[i]);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	s->epoll_fd = -1;
	free(s->out);
	free(s->in);
	s->out = s->in = NULL;
}

/* ---- What could not be delivered ---- */

/* What says that it did not get there; others (a datagram too large) say nothing of the server. */
static bool means_unreachable(const struct sock_extended_err *e)
{
	if (e->ee_origin != SO_EE_ORIGIN_ICMP && e->ee_origin != SO_EE_ORIGIN_ICMP6)
		return false;
	return e->ee_errno == ECONNREFUSED || e->ee_errno == EHOSTUNREACH ||
	       e->ee_errno == ENETUNREACH || e->ee_errno == EACCES;
}

static bool error_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct sock_extended_err e;
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
		if ((v4 || v6) && c->cmsg_len >= CMSG_LEN(sizeof(e))) {
			memcpy(&e, CMSG_DATA(c), sizeof(e));
			return means_unreachable(&e);
		}
	}
	return false;
}

static void tell_unreachable(struct sockets *s, struct requester *r,
	const struct requester_time *now, struct requester_path path,
	const struct sockaddr_storage *to)
{
	struct addr addr;

	if (addr_from_sockaddr(to, &addr))
		return;
	for (size_t i = 0; i < s->server_count; i++)
		if (addr_equal(&s->servers[i].addr, &addr))
			requester_unreachable(r, now, path, i);
}

/* Reads a socket's error queue; whether there was anything in it. */
static bool read_errors(struct sockets *s, struct sock *sock, struct requester_path path,
	struct requester *r, const struct requester_time *now)
{
	for (int i = 0; i < ERRORS_MAX; i++) {
		union {
			struct cmsghdr align;
			uint8_t bytes[256];
		} control;
		struct sockaddr_storage to = {0};
		uint8_t byte;
		struct iovec iov = {.iov_base = &byte, .iov_len = 1};
		struct msghdr m = {
			.msg_name = &to,
			.msg_namelen = sizeof(to),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		if (recvmsg(sock->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return i > 0;
		if (error_of(&m))
			tell_unreachable(s, r, now, path, &to);
	}
	return true;
}

static struct requester_path path_of(const struct sock *sock, uint32_t tag)
{
	return (struct requester_path){
		.slot = (uint16_t)(tag == TAG_V6 ? 0 : tag),
		.generation = sock->generation,
	};
}

/* ---- Out ---- */

static int wait_for_room(struct sockets *s, const struct sock *sock, uint32_t tag)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = tag};

	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, sock->fd, &event))
		return DHT_ERR_SYSTEM;
	s->blocked = true;
	return 0;
}

/* How many of the waiting datagrams, from the first on, leave through the same socket. */
static size_t run_length(const struct sockets *s)
{
	const struct requester_datagram *d = &s->waiting[s->first];
	sa_family_t family = s->servers[d->server].to.ss_family;
	size_t n = 1;

	while (s->first + n < s->end && d[n].path.slot == d->path.slot &&
		d[n].path.generation == d->path.generation &&
		s->servers[d[n].server].to.ss_family == family)
		n++;
	return n;
}

/* One system call for n datagrams; gives how many it took, or -1 with errno. */
static int send_run(struct sockets *s, const struct sock *sock, size_t n)
{
	struct mmsghdr messages[SOCKETS_SEND_MAX] = {0};
	struct iovec iov[SOCKETS_SEND_MAX];

	for (size_t i = 0; i < n; i++) {
		const struct requester_datagram *d = &s->waiting[s->first + i];
		const struct resolved *server = &s->servers[d->server];
		iov[i].iov_base = s->out + (s->first + i) * s->max_datagram;
		iov[i].iov_len = d->len;
		messages[i].msg_hdr.msg_name = (void *)&server->to;
		messages[i].msg_hdr.msg_namelen = server->to_len;
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(sock->fd, messages, (unsigned)n, MSG_DONTWAIT);
}

/* Tries to send the first run of what waits; gives what send_run() does. An error that is not this
 * datagram's, but an earlier one's that the socket has kept, is read away and it is tried again. */
static int try_run(
	struct sockets *s, struct sock *sock, struct requester *r, const struct requester_time *now)
{
	struct requester_path path = s->waiting[s->first].path;

	for (int i = 0;; i++) {
		int sent = send_run(s, sock, run_length(s));
		if (sent > 0 || errno == EAGAIN || errno == ENOBUFS || i == ERRORS_MAX)
			return sent;
		int error = errno;
		/* With an empty queue the error may still have been a pending one: once more. */
		if (error != EINTR && !read_errors(s, sock, path, r, now) && i > 0) {
			errno = error;
			return -1;
		}
	}
}

/* What this process lacks, as against a way to the server. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* Sends the first run of what waits, or loses its first datagram. DHT_ERR_SYSTEM with errno. */
static int send_first(struct sockets *s, struct requester *r, const struct requester_time *now)
{
	const struct requester_datagram *d = &s->waiting[s->first];
	uint32_t tag;
	struct sock *sock = sock_for(s, d, &tag);
	int sent = sock ? try_run(s, sock, r, now) : -1;

	if (sent > 0) {
		s->first += (size_t)sent;
		return 0;
	}
	if (is_shortage(errno))
		return DHT_ERR_SYSTEM;
	if (sock && errno == EAGAIN)
		return wait_for_room(s, sock, tag);
	/* ENOBUFS: the network's queue is full, which is a loss like any other. */
	if (errno != ENOBUFS)
		requester_unreachable(r, now, d->path, d->server);
	s->first++;
	return 0;
}

int sockets_send(struct sockets *s, struct requester *r, const struct requester_time *now)
{
	for (;;) {
		while (s->first < s->end && !s->blocked) {
			int err = send_first(s, r, now);
			if (err)
				return err;
		}
		if (s->blocked)
			return 0;
		s->first = s->end = 0;
		while (s->end < SOCKETS_SEND_MAX &&
			requester_output(
				r, now, s->out + s->end * s->max_datagram, &s->waiting[s->end]))
			s->end++;
		if (s->end == 0)
			return 0;
	}
}

/* ---- In ---- */

static int receive_some(struct sockets *s, const struct sock *sock, struct mmsghdr *messages,
	struct sockaddr_storage *from)
{
	struct iovec iov[RECEIVE_MAX];

	for (size_t i = 0; i < RECEIVE_MAX; i++) {
		iov[i].iov_base = s->in + i * RECEIVE_SIZE;
		iov[i].iov_len = RECEIVE_SIZE;
		messages[i] = (struct mmsghdr){
			.msg_hdr.msg_name = &from[i],
			.msg_hdr.msg_namelen = sizeof(from[i]),
			.msg_hdr.msg_iov = &iov[i],
			.msg_hdr.msg_iovlen = 1,
		};
	}
	return recvmmsg(sock->fd, messages, RECEIVE_MAX, MSG_DONTWAIT, NULL);
}

static void receive_all(struct sockets *s, struct sock *sock, struct requester_path path,
	struct requester *r, const struct requester_time *now)
{
	struct mmsghdr messages[RECEIVE_MAX];
	struct sockaddr_storage from[RECEIVE_MAX];

	for (int round = 0; round < ROUNDS_MAX; round++) {
		int n = receive_some(s, sock, messages, from);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			(void)read_errors(s, sock, path, r, now);
		for (int i = 0; i < n; i++) {
			struct addr addr;
			if (addr_from_sockaddr(&from[i], &addr) == 0)
				requester_input(r, now, path, &addr,
					s->in + (size_t)i * RECEIVE_SIZE, messages[i].msg_len);
		}
		if (n < RECEIVE_MAX)
			return;
	}
}

static void on_room(struct sockets *s, const struct sock *sock, uint32_t tag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};

	s->blocked = false;
	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, sock->fd, &event);
}

int sockets_receive(struct sockets *s, struct requester *r, const struct requester_time *now)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, 0);

	if (n < 0)
		return errno == EINTR ? 0 : DHT_ERR_SYSTEM;
	for (int i = 0; i < n; i++) {
		uint32_t tag = events[i].data.u32;
		struct sock *sock = sock_of_tag(s, tag);
		struct requester_path path = path_of(sock, tag);
		if (events[i].events & EPOLLERR)
			(void)read_errors(s, sock, path, r, now);
		/* Also after an error that left nothing in the queue: receiving clears it. */
		if (events[i].events & (EPOLLIN | EPOLLERR))
			receive_all(s, sock, path, r, now);
		if (events[i].events & EPOLLOUT)
			on_room(s, sock, tag);
	}
	return 0;
}
