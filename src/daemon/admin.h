/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admin: the methods of org.dht.Control (org.dht.Control.varlink), over operate.h.
 *
 * It reads and checks the parameters, and gives what operate.h answers its JSON shape. It knows no
 * socket; control.c calls it.
 */
#ifndef DHT_DAEMON_ADMIN_H
#define DHT_DAEMON_ADMIN_H

#include "daemon/control.h"

/* The owner that control_new() gets with it is a struct operations (operate.h). */
extern const struct control_interface admin_interface;

#endif
