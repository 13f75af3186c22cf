/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_json: configurations, their changes and their faults in the control protocol's shape
 * (org.dht.Control.varlink). All give new values, or NULL without memory. */
#ifndef DHT_DAEMON_CONF_JSON_H
#define DHT_DAEMON_CONF_JSON_H

#include <jansson.h>

#include "daemon/conf.h"
#include "daemon/conf_diff.h"
#include "daemon/faults.h"

/* The name of the main file; null when there is none. */
json_t *conf_json_file(const struct conf *conf);

/* GetConfig's answer. */
json_t *conf_json(const struct conf *conf);

/* An array of Change, of those that are live or of those that are not. */
json_t *conf_json_changes(const struct conf_diff *d, bool live);

/* An array of Fault; a last one says how many are not shown. */
json_t *conf_json_faults(const struct faults *f);

#endif
