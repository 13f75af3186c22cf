/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk: what a server has stored, as it was at a time.
 *
 * Ends are kept in simulated time: a lifetime goes on while its server is down.
 */
#ifndef DHT_TESTS_SIM_DISK_H
#define DHT_TESTS_SIM_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "core/table.h"
#include "wire/hash.h"

#include "clock.h"

struct saved {
	struct hash hash;
	struct record record; /* its expiry in simulated ms */
};

struct server;

struct disk {
	struct saved *records;
	size_t count, capacity;
};

/* Replaces what d has by all that is in the table, tombstones too. */
void disk_save(struct disk *d, struct table *t, const struct clock *c, uint64_t sim_us);

/* Puts what has not ended, and what is left of what has, into an empty table. */
void disk_load(const struct disk *d, struct server *server, const struct clock *c, uint64_t sim_us);

void disk_fini(struct disk *d);

#endif
