/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stranger: who sends envelopes that this server cannot open, so that a wrong key has a name.
 *
 * It is for people to look at and decides nothing: whoever can send a datagram can be in it, under
 * any address. So it has STRANGERS places and no more; a newcomer takes the place of the one that
 * was quiet for the longest. A place is told by IP, key and fault: a server sends from several
 * ports.
 *
 * Safe to call from several threads, all zero at the start.
 */
#ifndef DHT_CORE_STRANGER_H
#define DHT_CORE_STRANGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/spin.h"

#define STRANGERS 16

enum stranger_fault {
	STRANGER_UNKNOWN_KEY, /* sealed with a key that is not ours, by its id */
	STRANGER_FORGED,      /* the id is ours, the key is not; or somebody plays */
	STRANGER_IN_CLEAR,    /* in clear, and we have keys */
	STRANGER_SEALED,      /* sealed, and we have none */
};

struct stranger {
	struct ip ip;
	uint16_t port;  /* that it sent from last */
	uint8_t fault;  /* enum stranger_fault */
	uint8_t key_id; /* 0 for STRANGER_IN_CLEAR */
	uint64_t count; /* datagrams; 0: the place is free */
	uint64_t first_ms, last_ms;
};

struct strangers {
	struct spin lock;
	struct stranger all[STRANGERS];
};

void stranger_note(struct strangers *s, const struct addr *from, enum stranger_fault fault,
	uint8_t key_id, uint64_t now_ms);

/* Copies all, the one heard last first; gives their number. */
size_t stranger_list(struct strangers *s, struct stranger out[static STRANGERS]);

#endif
