/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's words: errors, its version, addresses. */
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "client/dht.h"
#include "config.h"

_Static_assert(DHT_ADDRESS_TEXT == ADDR_TEXT_MAX, "the public name of the same room");

const char *dht_strerror(int error)
{
	switch (error) {
	case 0: return "no error";
	case DHT_ERR_ARGUMENT: return "invalid argument";
	case DHT_ERR_MEMORY: return "out of memory";
	case DHT_ERR_SYSTEM: return "system call failed";
	case DHT_ERR_RESOLVE: return "no server's name has an address";
	case DHT_ERR_UNREACHABLE: return "no server can be reached";
	case DHT_ERR_TIMEOUT: return "no answer in time";
	case DHT_ERR_REFUSED: return "refused by the server";
	case DHT_ERR_AUTH_NEEDED: return "the server wants a key";
	case DHT_ERR_AUTH_FAILED: return "the server does not accept this key";
	case DHT_ERR_RATE_LIMITED: return "too many requests for the server's limit";
	case DHT_ERR_SHUTTING_DOWN: return "the server is shutting down";
	case DHT_ERR_PROTOCOL: return "the server speaks another protocol";
	case DHT_ERR_PARTIAL: return "done in part";
	case DHT_ERR_CANCELLED: return "cancelled";
	case DHT_ERR_FULL: return "the server is full";
	default: return error > 0 ? "no error" : "unknown error";
	}
}

const char *dht_version(void)
{
	return PACKAGE_VERSION;
}

void dht_provider_format(const struct dht_provider *p, char *text)
{
	struct addr a = {.port = p->port};

	memcpy(a.ip.b, p->ip, sizeof(a.ip.b));
	if (p->port)
		addr_format(&a, text);
	else
		ip_format(&a.ip, text);
}

int dht_ip_parse(const char *text, uint8_t ip[16])
{
	struct ip parsed;

	if (!text || ip_parse(text, &parsed))
		return DHT_ERR_ARGUMENT;
	memcpy(ip, parsed.b, sizeof(parsed.b));
	return 0;
}
