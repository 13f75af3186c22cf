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

#define OPERATE_KEY_LEN 32

#define REFUSAL_REASON 320
#define REFUSAL_HINT   120

/* Why something was not done, in words for whoever asked. */
struct refusal {
	enum refusal_kind {
		REFUSAL_NONE,
		REFUSAL_REFUSED,   /* not now: the hint says what to do first */
		REFUSAL_NOT_FOUND, /* what it was about is not there */
		REFUSAL_INVALID,   /* the parameter is wrong */
	} kind;
	char reason[REFUSAL_REASON];
	char hint[REFUSAL_HINT]; /* "": none */
};

/* Those with a refusal give NULL when they set it. */
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

	/* first: below 16384; count is cut to a page. */
	json_t *(*partitions)(void *daemon, uint32_t first, uint32_t count);

	/* A question that takes a while: 0 with its number, to be given to explain_end(), or -1
	 * with why not. explained gives NULL while answers are waited for, or without memory. */
	int (*explain)(void *daemon, struct span hash, uint64_t *question, struct refusal *why);
	json_t *(*explained)(void *daemon, uint64_t question);
	void (*explain_end)(void *daemon, uint64_t question);

	json_t *(*keys)(void *daemon);
	json_t *(*add_key)(void *daemon, const uint8_t key[static OPERATE_KEY_LEN],
		const char *asked_by, struct refusal *why);
	json_t *(*use_key)(void *daemon, uint8_t id, const char *asked_by, struct refusal *why);
	json_t *(*remove_key)(void *daemon, uint8_t id, const char *asked_by, struct refusal *why);

	/* Hand over what this server has and own nothing; or back. */
	json_t *(*drain)(void *daemon, bool leaving, const char *asked_by, struct refusal *why);

	/* address: as it was given. */
	json_t *(*add_peer)(
		void *daemon, const char *address, const char *asked_by, struct refusal *why);
	json_t *(*drop_peer)(
		void *daemon, const char *address, const char *asked_by, struct refusal *why);
};

#endif
