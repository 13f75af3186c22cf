/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_name: where another server is said to be: a host's name or address, perhaps a port.
 *
 *     "192.0.2.7"   "192.0.2.7:8471"   "2001:db8::7"   "[2001:db8::7]:8471" "dht.example.org:8471"
 *
 * Only its form is looked at, strictly; nothing is resolved here.
 */
#ifndef DHT_DAEMON_SERVER_NAME_H
#define DHT_DAEMON_SERVER_NAME_H

#include <stdint.h>

#define SERVER_HOST_MAX 256 /* with the NUL; even, so that there is no gap in the struct */
#define SERVER_NAME_MAX (SERVER_HOST_MAX + 8)

struct server_name {
	char host[SERVER_HOST_MAX]; /* an address in its usual form; all zero behind its end */
	uint16_t port;              /* 0: the usual one */
};

/* DHT_EMALFORMED for what is neither a name (RFC 1123) nor an address, or has a bad port;
 * DHT_EINVAL for an address that no single host can have. */
int server_name_parse(const char *text, struct server_name *out);
void server_name_format(const struct server_name *s, char text[static SERVER_NAME_MAX]);

#endif
