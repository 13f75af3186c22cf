/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check: what only shows when all settings are known.
 *
 * Settings that do not go together, and the files that settings name: these are read here, so that
 * a missing or open secret is found by --check and at the start, not when it is needed.
 */
#ifndef DHT_DAEMON_CONF_CHECK_H
#define DHT_DAEMON_CONF_CHECK_H

#include "daemon/conf.h"

/* Fills in conf's password and keys; adds a fault for everything that is wrong. A setting that is
 * at fault already is not held against another. */
void conf_check(struct conf *conf, const char *credentials, struct faults *f);

#endif
