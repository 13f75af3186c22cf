/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_ring: the newest lines, for readers that come later; log_read(), log_newest() and
 * log_set_wake() of log.h are its other end.
 *
 * The lock is held for a copy, and for telling the eventfd: so who has taken that back
 * (log_set_wake(-1)) can close it.
 */
#ifndef DHT_DAEMON_LOG_RING_H
#define DHT_DAEMON_LOG_RING_H

#include "daemon/log.h"

/* fields: "NAME=value\n" of each, or "". event: -1: none. */
void log_ring_put(enum log_level level, int event, const char *message, const char *fields);

#endif
