/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * health: whether the server does all that it should, and if not, why, in words.
 *
 * It is shown the counters now and then and remembers when those grew that should not. What
 * happened within HEALTH_WINDOW_S makes the server degraded: it works, but somebody should look. It
 * reads no clock and no counter itself.
 */
#ifndef DHT_DAEMON_HEALTH_H
#define DHT_DAEMON_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_WINDOW_S   60
#define HEALTH_REASON_MAX 320
#define HEALTH_FAULT_MAX  250 /* a reason around it has room */

enum health_trouble {
	/* A counter grows. */
	HEALTH_REFUSED,   /* records refused at a limit */
	HEALTH_OVERFLOWS, /* datagrams lost in front of the daemon */
	HEALTH_UNSENT,    /* datagrams for other servers that the system did not take */
	HEALTH_COUNTED,

	/* Somebody says so, in words. */
	HEALTH_CONFIG = HEALTH_COUNTED, /* the configuration on disk has faults */
	HEALTH_ALONE,                   /* there are seeds, and no other member */
	HEALTH_QUORUM,                  /* too few members are alive */
	HEALTH_WRONG_KEY,               /* a member or a seed has another key */
	HEALTH_REPLICAS,                /* a member has another cluster.replicas or quorum */
	HEALTH_LINK,                    /* a member is heard one way only, or by others only */
	HEALTH_CLOCK,                   /* a member's clock is far off */
	HEALTH_TROUBLES,
};

/* What the daemon knows; counters from its start. */
struct health_facts {
	uint64_t now_us;
	uint64_t refused;
	uint64_t overflows;
	uint64_t unsent;
	/* From HEALTH_CONFIG (the first fault of a rejected reload) on: valid UTF-8 that fits;
	 * NULL or "": none. Borrowed. */
	const char *told[HEALTH_TROUBLES];
};

struct health {
	struct {
		uint64_t count;       /* as last seen */
		uint64_t start_count; /* before it began to grow */
		uint64_t grew_us;     /* when it last did */
		bool active;          /* that is within the window */
	} grows[HEALTH_COUNTED];
	char told[HEALTH_TROUBLES][HEALTH_FAULT_MAX]; /* "": none */
};

/* All zero at the start. */
void health_observe(struct health *h, const struct health_facts *facts);

/* Writes why the server is degraded into reasons; gives how many there are, 0 when it is healthy.
 */
size_t health_reasons(const struct health *h, char reasons[HEALTH_TROUBLES][HEALTH_REASON_MAX]);

#endif
