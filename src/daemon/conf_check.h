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

/* The user whom the service runs as. */
#define CONF_SERVICE_USER "_dht"

/* Whether this user could read every file that conf came from and those that its settings name: it
 * is root who checks a configuration, but not who runs it. 0, or DHT_EINVAL with faults added.
 * Without a user of that name nothing is wrong. */
int conf_check_reader(const struct conf *conf, const char *user, struct faults *f);

#endif
