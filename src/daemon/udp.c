/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/udp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* More than net.core.rmem_max takes a privilege. Less than asked for works as well. */
static void enlarge_buffers(int fd)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER_BYTES) != 0)
		set(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, UDP_BUFFER_BYTES) != 0)
		set(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES);
}

/* Options that the address family decides about. 0 or -1 with errno. That it takes IPv6 only can be
 * said only before it is bound. */
static int set_family_options(const struct udp_socket *s, bool is_bound)
{
	if (s->v4) {
		set(s->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
		return s->any ? set(s->fd, IPPROTO_IP, IP_PKTINFO, 1) : 0;
	}
	set(s->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	if (!is_bound && set(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
		return -1;
	return s->any ? set(s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : 0;
}

static int bind_socket(const struct udp_socket *s, const struct addr *local, enum udp_claim claim)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(local, s->v4, &ss);

	if (claim == UDP_JOIN && set(s->fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	if (bind(s->fd, (const struct sockaddr *)&ss, len) != 0)
		return -1;
	return claim == UDP_FIRST ? set(s->fd, SOL_SOCKET, SO_REUSEPORT, 1) : 0;
}

static struct udp_socket socket_of(int fd, const struct addr *local)
{
	return (struct udp_socket){
		.fd = fd,
		.v4 = ip_is_v4(&local->ip),
		.any = ip_is_unspecified(&local->ip),
	};
}

static int give_up(struct udp_socket *s)
{
	int saved = errno;

	udp_close(s);
	errno = saved;
	return DHT_ESYSTEM;
}

int udp_open(struct udp_socket *s, const struct addr *local, enum udp_claim claim)
{
	int family = ip_is_v4(&local->ip) ? AF_INET : AF_INET6;

	*s = socket_of(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), local);
	if (s->fd < 0)
		return DHT_ESYSTEM;
	enlarge_buffers(s->fd);
	if (set_family_options(s, false) == 0 && bind_socket(s, local, claim) == 0)
		return 0;
	return give_up(s);
}

int udp_adopt(struct udp_socket *s, int fd, const struct addr *local)
{
	*s = socket_of(fd, local);
	enlarge_buffers(s->fd);
	if (set_family_options(s, true) == 0 && set(s->fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0)
		return 0;
	return give_up(s);
}

int udp_make_deaf(struct udp_socket *s)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &nothing};

	return setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0
	               ? 0
	               : DHT_ESYSTEM;
}

void udp_close(struct udp_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

int udp_inbox_init(struct udp_inbox *in, size_t datagram_max)
{
	*in = (struct udp_inbox){.datagram_max = datagram_max};
	in->bytes = malloc(UDP_BATCH * datagram_max);
	if (!in->bytes)
		return DHT_ENOMEM;
	for (size_t i = 0; i < UDP_BATCH; i++) {
		in->vectors[i].iov_base = in->bytes + i * datagram_max;
		in->vectors[i].iov_len = datagram_max;
		in->headers[i].msg_hdr.msg_iov = &in->vectors[i];
		in->headers[i].msg_hdr.msg_iovlen = 1;
		in->headers[i].msg_hdr.msg_name = &in->remotes[i];
	}
	return 0;
}

void udp_inbox_fini(struct udp_inbox *in)
{
	free(in->bytes);
	in->bytes = NULL;
}

uint32_t udp_overflows(struct udp_socket *s)
{
	uint32_t meminfo[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(meminfo);

	if (s->fd < 0 || getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, meminfo, &len) != 0)
		return 0;
	uint32_t more = meminfo[SK_MEMINFO_DROPS] - s->overflow;
	s->overflow = meminfo[SK_MEMINFO_DROPS];
	return more;
}

/* What the kernel says beside a datagram: where it was sent to. */
static void read_control(struct msghdr *h, struct flow *flow)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			/* Not ipi_addr, which may be a broadcast: the local address that it is
			 * for. */
			flow->local = ip_from_v4((const uint8_t *)&info.ipi_spec_dst);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(flow->local.b, &info.ipi6_addr, sizeof(flow->local.b));
		}
	}
}

static bool read_flow(const struct udp_socket *s, uint32_t listener, struct udp_inbox *in, size_t i,
	struct flow *flow)
{
	const struct sockaddr_storage *remote = &in->remotes[i];

	*flow = (struct flow){.socket = listener};
	if (addr_from_sockaddr(remote, &flow->remote) != 0)
		return false;
	if (remote->ss_family == AF_INET6)
		flow->scope = ((const struct sockaddr_in6 *)remote)->sin6_scope_id;
	if (s->any)
		read_control(&in->headers[i].msg_hdr, flow);
	return true;
}

/* What the last receive has changed in the headers. Only a wildcard's datagrams come with control
 * messages: to have none costs nothing. */
static void reset(const struct udp_socket *s, struct udp_inbox *in)
{
	for (size_t i = 0; i < UDP_BATCH; i++) {
		struct msghdr *h = &in->headers[i].msg_hdr;
		h->msg_namelen = sizeof(in->remotes[i]);
		h->msg_control = s->any ? &in->controls[i] : NULL;
		h->msg_controllen = s->any ? sizeof(in->controls[i]) : 0;
	}
}

size_t udp_receive(struct udp_socket *s, uint32_t listener, struct udp_inbox *in)
{
	int n;

	in->count = 0;
	reset(s, in);
	do
		n = recvmmsg(s->fd, in->headers, UDP_BATCH, MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	for (int i = 0; i < n; i++) {
		struct udp_got *g = &in->got[in->count];
		if (!read_flow(s, listener, in, (size_t)i, &g->flow))
			continue;
		if (in->headers[i].msg_hdr.msg_flags & MSG_TRUNC) {
			in->truncated++;
			continue;
		}
		g->bytes = in->vectors[i].iov_base;
		g->len = in->headers[i].msg_len;
		in->count++;
	}
	return n > 0 ? (size_t)n : 0;
}

/* Has the kernel send from the address that was asked. */
static void write_control(const struct udp_socket *s, const struct flow *flow,
	union udp_control *control, struct msghdr *h)
{
	struct in_pktinfo v4 = {0};
	struct in6_pktinfo v6 = {.ipi6_ifindex = flow->scope};
	size_t len = s->v4 ? sizeof(v4) : sizeof(v6);

	h->msg_control = NULL;
	h->msg_controllen = 0;
	/* A multicast address cannot be a source; the kernel chooses then. */
	if (!s->any || !ip_is_unicast(&flow->local))
		return;
	memcpy(&v4.ipi_spec_dst, flow->local.b + 12, sizeof(v4.ipi_spec_dst));
	memcpy(&v6.ipi6_addr, flow->local.b, sizeof(v6.ipi6_addr));
	memset(control, 0, sizeof(*control));
	h->msg_control = control;
	h->msg_controllen = CMSG_SPACE(len);
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	c->cmsg_level = s->v4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = s->v4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), s->v4 ? (const void *)&v4 : (const void *)&v6, len);
}

static void prepare(struct udp_sender *tx, size_t slot, const struct udp_socket *s,
	const struct outbox *out, size_t item)
{
	const struct flow *flow = &out->items[item].flow;
	struct sockaddr_storage *remote = &tx->remotes[slot];
	struct msghdr *h = &tx->headers[slot].msg_hdr;

	tx->vectors[slot] = (struct iovec){outbox_bytes(out, item), out->items[item].len};
	h->msg_name = remote;
	h->msg_namelen = addr_to_sockaddr(&flow->remote, s->v4, remote);
	h->msg_iov = &tx->vectors[slot];
	h->msg_iovlen = 1;
	h->msg_flags = 0;
	if (!s->v4)
		((struct sockaddr_in6 *)remote)->sin6_scope_id = flow->scope;
	write_control(s, flow, &tx->controls[slot], h);
}

/* sendmmsg, waiting once for room. At least 1, or -1 when the first datagram cannot be sent. */
static int send_some(int fd, struct mmsghdr *headers, size_t n)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int sent = sendmmsg(fd, headers, (unsigned)n, MSG_DONTWAIT);

	if (sent > 0 || (errno != EAGAIN && errno != EINTR))
		return sent;
	poll(&p, 1, UDP_SEND_WAIT_MS);
	return sendmmsg(fd, headers, (unsigned)n, MSG_DONTWAIT);
}

/* Sends slots 0 to n - 1; gives how many were refused. A full queue is waited for only once: what
 * cannot be sent then is refused, so that a dead interface costs a bounded time. */
static size_t send_slots(struct udp_sender *tx, int fd, size_t n)
{
	size_t done = 0, refused = 0;

	while (done < n) {
		int sent = send_some(fd, tx->headers + done, n - done);
		if (sent > 0) {
			done += (size_t)sent;
			continue;
		}
		if (errno == EAGAIN)
			return refused + n - done;
		refused++;
		done++;
	}
	return refused;
}

size_t udp_send(struct udp_sender *tx, const struct udp_way *way, struct outbox *out)
{
	const struct udp_socket *socket = NULL;
	size_t refused = 0, slots = 0;

	for (size_t i = 0; i < out->count; i++) {
		const struct udp_socket *next = way->of(way->owner, out->items[i].flow.socket);
		if (slots == UDP_BATCH || (slots > 0 && next != socket)) {
			refused += send_slots(tx, socket->fd, slots);
			slots = 0;
		}
		socket = next;
		prepare(tx, slots++, socket, out, i);
	}
	if (slots > 0)
		refused += send_slots(tx, socket->fd, slots);
	out->count = 0;
	return refused;
}
