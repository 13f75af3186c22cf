/* SPDX-License-Identifier: BSD-2-Clause */
/* policy: what the core needs to know of the configuration. */
#ifndef DHT_DAEMON_POLICY_H
#define DHT_DAEMON_POLICY_H

#include "core/server.h"
#include "daemon/conf.h"

/* Borrows conf's arrays and strings. */
struct policy policy_of(const struct conf *conf);

#endif
