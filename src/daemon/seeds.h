/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seeds: from names of servers to addresses, on a thread of its own, for a name look-up can take as
 * long as it likes.
 *
 * Addresses are found at once. Names are looked up at the start, and again every SEEDS_AGAIN_S, for
 * their addresses may change; whoever made it is told each time that there is something. A look-up
 * that hangs when it is freed is left behind, and ends with the process. Of a name's addresses
 * those count that this server can send to: of the family of its own. Of more addresses than
 * SEEDS_ADDRS_MAX the last are left out, and the log says how many.
 */
#ifndef DHT_DAEMON_SEEDS_H
#define DHT_DAEMON_SEEDS_H

#include <stddef.h>

#include "base/addr.h"
#include "daemon/settings.h"

#define SEEDS_AGAIN_S   60
#define SEEDS_ADDRS_MAX 64

/* Called in any thread, with all addresses that are known now. */
typedef void seeds_found(void *owner, const struct addr *addrs, size_t n);

struct seeds;

/* self: this server; its port is that of names without one. All is copied. Nothing is found before
 * seeds_seek(). NULL with errno. */
struct seeds *seeds_new(
	const struct server_list *names, const struct addr *self, seeds_found *found, void *owner);

/* Once: from now on. Calls found before it returns. */
void seeds_seek(struct seeds *s);

/* found is not called any more when it returns. NULL is nothing. */
void seeds_free(struct seeds *s);

#endif
