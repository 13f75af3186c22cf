/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place: who has which address.
 *
 *     10.1.n.n     server n: the usual three ports, and those of each thread's own socket
 *     10.2.0.n     peer n that knows base messages only
 *     10.3.0.n     client n that servers trust; 198.51.100.n: that has to prove its address
 *     192.0.2.n    provider n, who sends nothing himself
 *     203.0.113.n  strangers
 */
#ifndef DHT_TESTS_SIM_PLACE_H
#define DHT_TESTS_SIM_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define PORT_CLIENT     8470
#define PORT_PEER       8471
#define PORT_KEEP_ALIVE 8472
#define PORT_ASK        20000 /* and the thread's number */

enum place_kind {
	PLACE_NOWHERE,
	PLACE_SERVER,
	PLACE_BASIC,
	PLACE_CLIENT,
	PLACE_PROVIDER,
	PLACE_STRANGER,
};

struct place {
	enum place_kind kind;
	uint32_t index; /* 0 to 255; of servers, to 65535 */
};

struct place place_of(const struct ip *ip);

/* proven: the client is one that servers trust. */
struct ip place_ip(enum place_kind kind, uint32_t index, bool proven);
struct addr place_addr(enum place_kind kind, uint32_t index, bool proven, uint16_t port);

#endif
