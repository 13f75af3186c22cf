/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/dht.h"

#define HOST_MAX 256 /* RFC 1035: a name has 253 characters */
#define PORT_MAX 8

struct target {
	char host[HOST_MAX];
	char port[PORT_MAX];
};

static bool copy_part(const char *from, size_t len, char *to, size_t size)
{
	if (len == 0 || len >= size)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* 1 to 65535, digits only: getaddrinfo() would take more. */
static bool port_ok(const char *port)
{
	unsigned value = 0;

	for (; *port; port++) {
		if (*port < '0' || *port > '9')
			return false;
		value = value * 10 + (unsigned)(*port - '0');
		if (value > UINT16_MAX)
			return false;
	}
	return value > 0;
}

/* HOST, HOST:PORT, [V6], [V6]:PORT or a bare V6, in text[0..len). */
static bool split_target(const char *text, size_t len, struct target *t)
{
	const char *end = text + len, *host = text, *host_end = end, *port = NULL;

	if (len > 0 && *text == '[') {
		host = text + 1;
		host_end = memchr(text, ']', len);
		if (!host_end || (host_end + 1 != end && host_end[1] != ':'))
			return false;
		if (host_end + 1 != end)
			port = host_end + 2;
	} else {
		const char *colon = memchr(text, ':', len);
		if (colon && !memchr(colon + 1, ':', (size_t)(end - colon) - 1)) {
			host_end = colon;
			port = colon + 1;
		}
	}
	snprintf(t->port, sizeof(t->port), "%d", DHT_PORT);
	if (port && !copy_part(port, (size_t)(end - port), t->port, sizeof(t->port)))
		return false;
	return copy_part(host, (size_t)(host_end - host), t->host, sizeof(t->host)) &&
	       port_ok(t->port);
}

static bool is_known(const struct resolved *all, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&all[i].addr, addr))
			return true;
	return false;
}

/* Adds what a name stands for behind count addresses; gives their new number. */
static size_t add_target(const struct target *t, struct resolved *out, size_t count, size_t max)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;

	if (getaddrinfo(t->host, t->port, &hints, &found) != 0)
		return count;
	for (struct addrinfo *a = found; a && count < max; a = a->ai_next) {
		struct resolved one = {.to_len = a->ai_addrlen};
		if (a->ai_addrlen > sizeof(one.to))
			continue;
		memcpy(&one.to, a->ai_addr, a->ai_addrlen);
		if (addr_from_sockaddr(&one.to, &one.addr) || is_known(out, count, &one.addr))
			continue;
		/* A mapped address goes out over IPv4. */
		if (ip_is_v4(&one.addr.ip))
			one.to_len = addr_to_sockaddr(&one.addr, true, &one.to);
		out[count++] = one;
	}
	freeaddrinfo(found);
	return count;
}

int resolve_servers(const char *list, struct resolved *out, size_t max)
{
	size_t count = 0;

	for (;;) {
		struct target target;
		list += strspn(list, " \t");
		size_t len = strcspn(list, ",");
		size_t used = strcspn(list, ", \t");
		if (strspn(list + used, " \t") != len - used || !split_target(list, used, &target))
			return DHT_ERR_ARGUMENT;
		count = add_target(&target, out, count, max);
		if (list[len] == '\0')
			return count ? (int)count : DHT_ERR_RESOLVE;
		list += len + 1;
	}
}

struct resolved resolve_addr(const struct addr *addr)
{
	struct resolved one = {.addr = *addr};

	one.to_len = addr_to_sockaddr(addr, true, &one.to);
	return one;
}

struct ip resolve_local(const struct resolved *server)
{
	struct addr local = {0};
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	int fd = socket(server->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return local.ip;
	/* Connecting a datagram socket sends nothing: it looks up the route. */
	if (connect(fd, (const struct sockaddr *)&server->to, server->to_len) == 0 &&
		getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		(void)addr_from_sockaddr(&ss, &local);
	close(fd);
	return local.ip;
}
