/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operate: what can be asked of a running daemon, and what can be changed in it.
 *
 * One table of functions between whoever asks (the control socket, signals) and the daemon that
 * knows: so the askers are tested without a daemon. All are called in the main thread. What is
 * asked for as JSON has the shape of org.dht.Control.varlink and is new; NULL means no memory.
 */
#ifndef DHT_DAEMON_OPERATE_H
#define DHT_DAEMON_OPERATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct operations {
	void *daemon;
	json_t *(*status)(void *daemon);
	json_t *(*stats)(void *daemon);
	json_t *(*peers)(void *daemon);
	json_t *(*config)(void *daemon);

	/* hash: 1 to HASH_MAX bytes; cursor: 0, or a `next` that was given. */
	json_t *(*lookup)(void *daemon, struct span hash, uint32_t cursor);

	/* asked_by: who, for the log. */
	json_t *(*reload)(void *daemon, bool dry_run, const char *asked_by);
	void (*shut_down)(void *daemon, const char *asked_by);
};

#endif
