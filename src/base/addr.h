/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr: IP addresses, ports and prefixes, as values.
 *
 * There is one kind of address: 16 bytes, IPv4 in its mapped form ::ffff:a.b.c.d. So 192.0.2.7
 * and ::ffff:192.0.2.7 are the same address everywhere, whatever socket it came in on. People
 * see IPv4 in its usual form. Nothing here asks the system or resolves a name.
 */
#ifndef DHT_BASE_ADDR_H
#define DHT_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct ip {
	uint8_t b[16];
};

struct addr {
	struct ip ip;
	uint16_t port; /* host order */
};

/* The addresses whose first len bits are ip's; len counts in the 128 of the mapped form. */
struct prefix {
	struct ip ip;
	uint8_t len;
};

#define IP_TEXT_MAX     46 /* with the NUL: "ffff:…:255.255.255.255" */
#define ADDR_TEXT_MAX   54 /* with the NUL: "[" IP "]:65535" */
#define PREFIX_TEXT_MAX 50

bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_is_v4(const struct ip *ip);

/* :: or 0.0.0.0. */
bool ip_is_unspecified(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip);

/* An address that one host can be reached at: not unspecified, multicast or broadcast, and not
 * in 0.0.0.0/8. Link-local and private addresses are unicast. */
bool ip_is_unicast(const struct ip *ip);

/* The address from four bytes in network order. */
struct ip ip_from_v4(const uint8_t v4[static 4]);

/* "192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7". DHT_EMALFORMED for anything else. */
int ip_parse(const char *text, struct ip *out);
void ip_format(const struct ip *ip, char text[static IP_TEXT_MAX]);

bool addr_equal(const struct addr *a, const struct addr *b);

/* Negative, 0 or positive: the order of the IP's bytes, then of the port. */
int addr_cmp(const struct addr *a, const struct addr *b);

/* "192.0.2.7", "192.0.2.7:8470", "2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:8470"; without
 * a port the address gets default_port. DHT_EMALFORMED, or DHT_ERANGE for a port above 65535 or 0
 * (0 is taken when default_port is 0). */
int addr_parse(const char *text, uint16_t default_port, struct addr *out);

/* "192.0.2.7:8470" or "[2001:db8::7]:8470". */
void addr_format(const struct addr *a, char text[static ADDR_TEXT_MAX]);

/* "10.0.0.0/8", "::1", "fc00::/7". Bits behind the prefix must be zero (DHT_EINVAL), so that a
 * slip is found where it was written. "::/0" is every IPv6 address and no IPv4 one. */
int prefix_parse(const char *text, struct prefix *out);
void prefix_format(const struct prefix *p, char text[static PREFIX_TEXT_MAX]);
bool prefix_contains(const struct prefix *p, const struct ip *ip);

/* As sockaddr_in for an IPv4 address when v4_socket, otherwise as sockaddr_in6; gives its size. */
socklen_t addr_to_sockaddr(const struct addr *a, bool v4_socket, struct sockaddr_storage *ss);

/* DHT_EINVAL for another family than IPv4 and IPv6. */
int addr_from_sockaddr(const struct sockaddr_storage *ss, struct addr *out);

#endif
