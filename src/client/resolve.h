/* SPDX-License-Identifier: BSD-2-Clause */
/* resolve: a list of servers as text, turned into addresses. May block in name look-ups. */
#ifndef DHT_CLIENT_RESOLVE_H
#define DHT_CLIENT_RESOLVE_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/addr.h"

/* A server's address; the sockaddr has a link-local one's interface too. */
struct resolved {
	struct addr addr;
	struct sockaddr_storage to;
	socklen_t to_len;
};

/* "HOST[:PORT][,HOST[:PORT]…]" into at most max addresses, none twice, in order; gives their
 * number. DHT_ERR_ARGUMENT when the text is none of that, DHT_ERR_RESOLVE when not one of the
 * names has an address. */
int resolve_servers(const char *list, struct resolved *out, size_t max);

/* A server whose address is known already. */
struct resolved resolve_addr(const struct addr *addr);

/* Our address on the way to a server; :: when there is no way. */
struct ip resolve_local(const struct resolved *server);

#endif
