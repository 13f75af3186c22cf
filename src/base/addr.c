/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->b, v4_mapped, sizeof(v4_mapped)) == 0;
}

bool ip_is_unspecified(const struct ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip_is_v4(ip) ? ip->b + 12 : ip->b, zero, ip_is_v4(ip) ? 4 : 16) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	return ip_is_v4(ip) ? ip->b[12] == 127 : memcmp(ip->b, one, sizeof(one)) == 0;
}

bool ip_is_unicast(const struct ip *ip)
{
	if (ip_is_v4(ip))
		return ip->b[12] != 0 && (ip->b[12] < 224 || ip->b[12] >= 240) &&
		       load_be32(ip->b + 12) != UINT32_MAX;
	return ip->b[0] != 0xff && !ip_is_unspecified(ip);
}

struct ip ip_from_v4(const uint8_t v4[static 4])
{
	struct ip ip;

	memcpy(ip.b, v4_mapped, sizeof(v4_mapped));
	memcpy(ip.b + 12, v4, 4);
	return ip;
}

int ip_parse(const char *text, struct ip *out)
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		*out = ip_from_v4(v4);
		return 0;
	}
	return inet_pton(AF_INET6, text, out->b) == 1 ? 0 : DHT_EMALFORMED;
}

void ip_format(const struct ip *ip, char text[static IP_TEXT_MAX])
{
	const char *done = ip_is_v4(ip) ? inet_ntop(AF_INET, ip->b + 12, text, IP_TEXT_MAX)
	                                : inet_ntop(AF_INET6, ip->b, text, IP_TEXT_MAX);

	if (!done)
		text[0] = '\0';
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	int order = memcmp(a->ip.b, b->ip.b, sizeof(a->ip.b));

	return order ? order : (int)a->port - (int)b->port;
}

/* Digits only, no sign, no space: strtoul takes too much. */
static int port_parse(const char *text, bool zero_allowed, uint16_t *out)
{
	uint32_t v = 0;

	if (*text == '\0')
		return DHT_EMALFORMED;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return DHT_EMALFORMED;
		v = v * 10 + (uint32_t)(*text - '0');
		if (v > UINT16_MAX)
			return DHT_ERANGE;
	}
	if (v == 0 && !zero_allowed)
		return DHT_ERANGE;
	*out = (uint16_t)v;
	return 0;
}

/* Copies text[0..len) as a C string; false when it cannot be an address. */
static bool copy_host(const char *text, size_t len, char host[static IP_TEXT_MAX])
{
	if (len == 0 || len >= IP_TEXT_MAX)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return true;
}

int addr_parse(const char *text, uint16_t default_port, struct addr *out)
{
	char host[IP_TEXT_MAX];
	const char *port = NULL;
	size_t len = strlen(text);

	if (text[0] == '[') {
		const char *close = strchr(text, ']');
		if (!close || (close[1] != '\0' && close[1] != ':'))
			return DHT_EMALFORMED;
		port = close[1] == ':' ? close + 2 : NULL;
		len = (size_t)(close - text) - 1;
		text++;
	} else {
		const char *colon = strchr(text, ':');
		if (colon && !strchr(colon + 1, ':')) {
			port = colon + 1;
			len = (size_t)(colon - text);
		}
	}
	if (!copy_host(text, len, host))
		return DHT_EMALFORMED;
	struct addr a = {.port = default_port};
	int err = ip_parse(host, &a.ip);
	if (err == 0 && port)
		err = port_parse(port, default_port == 0, &a.port);
	if (err == 0)
		*out = a;
	return err;
}

void addr_format(const struct addr *a, char text[static ADDR_TEXT_MAX])
{
	char ip[IP_TEXT_MAX];

	ip_format(&a->ip, ip);
	snprintf(text, ADDR_TEXT_MAX, ip_is_v4(&a->ip) ? "%s:%u" : "[%s]:%u", ip, a->port);
}

/* Whether every bit from the len'th on is zero. */
static bool tail_is_zero(const struct ip *ip, unsigned len)
{
	for (unsigned i = len; i < 128; i++)
		if (ip->b[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

int prefix_parse(const char *text, struct prefix *out)
{
	char host[IP_TEXT_MAX];
	const char *slash = strchr(text, '/');
	uint16_t bits = 0;
	struct prefix p;

	if (!copy_host(text, slash ? (size_t)(slash - text) : strlen(text), host))
		return DHT_EMALFORMED;
	int err = ip_parse(host, &p.ip);
	if (err == 0 && slash)
		err = port_parse(slash + 1, true, &bits);
	if (err)
		return err;
	/* "::ffff:1.2.3.4/120" counts in 128 bits, "1.2.3.0/24" in 32. */
	bool dotted = !strchr(host, ':');
	unsigned width = dotted ? 32 : 128;
	unsigned len = slash ? bits : width;
	if (len > width)
		return DHT_ERANGE;
	p.len = (uint8_t)(dotted ? len + 96 : len);
	if (!tail_is_zero(&p.ip, p.len))
		return DHT_EINVAL;
	*out = p;
	return 0;
}

void prefix_format(const struct prefix *p, char text[static PREFIX_TEXT_MAX])
{
	char ip[IP_TEXT_MAX];
	bool v4 = ip_is_v4(&p->ip) && p->len >= 96;

	ip_format(&p->ip, ip);
	snprintf(text, PREFIX_TEXT_MAX, "%s/%u", ip, (unsigned)(v4 ? p->len - 96 : p->len));
}

bool prefix_contains(const struct prefix *p, const struct ip *ip)
{
	unsigned whole = p->len / 8, rest = p->len % 8;

	/* "::/0" covers the mapped addresses by its bits, but nobody who writes it means IPv4. */
	if (p->len < 96 && ip_is_v4(ip))
		return false;
	if (memcmp(p->ip.b, ip->b, whole) != 0)
		return false;
	return rest == 0 || ((p->ip.b[whole] ^ ip->b[whole]) >> (8 - rest)) == 0;
}

socklen_t addr_to_sockaddr(const struct addr *a, bool v4_socket, struct sockaddr_storage *ss)
{
	if (v4_socket && ip_is_v4(&a->ip)) {
		struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(a->port)};
		memcpy(&sin.sin_addr, a->ip.b + 12, 4);
		memcpy(ss, &sin, sizeof(sin));
		return sizeof(sin);
	}
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
	memcpy(&sin6.sin6_addr, a->ip.b, 16);
	memcpy(ss, &sin6, sizeof(sin6));
	return sizeof(sin6);
}

int addr_from_sockaddr(const struct sockaddr_storage *ss, struct addr *out)
{
	if (ss->ss_family == AF_INET) {
		struct sockaddr_in sin;
		memcpy(&sin, ss, sizeof(sin));
		out->ip = ip_from_v4((const uint8_t *)&sin.sin_addr);
		out->port = ntohs(sin.sin_port);
		return 0;
	}
	if (ss->ss_family == AF_INET6) {
		struct sockaddr_in6 sin6;
		memcpy(&sin6, ss, sizeof(sin6));
		memcpy(out->ip.b, &sin6.sin6_addr, 16);
		out->port = ntohs(sin6.sin6_port);
		return 0;
	}
	return DHT_EINVAL;
}
