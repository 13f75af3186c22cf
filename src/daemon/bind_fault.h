/* SPDX-License-Identifier: BSD-2-Clause */
/* bind_fault: what is said when a socket cannot be had at an address. */
#ifndef DHT_DAEMON_BIND_FAULT_H
#define DHT_DAEMON_BIND_FAULT_H

#include "daemon/conf.h"
#include "daemon/faults.h"

/* Called with the errno of the attempt. DHT_ESYSTEM, errno as it was, when the system ran out of
 * something, whatever address it was; otherwise DHT_EINVAL with a fault at the setting, which says
 * where to look next. */
int bind_fault(
	const struct conf *conf, const struct addr *a, const char *setting, struct faults *f);

#endif
