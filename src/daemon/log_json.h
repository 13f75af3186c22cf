/* SPDX-License-Identifier: BSD-2-Clause */
/* log_json: a line of the log's ring in the control protocol's shape (LogEntry). */
#ifndef DHT_DAEMON_LOG_JSON_H
#define DHT_DAEMON_LOG_JSON_H

#include <jansson.h>

#include "daemon/log.h"

/* New; NULL without memory. What is no UTF-8 in the line is shown as question marks: bytes that a
 * cut left over at its end are left out. */
json_t *log_json(const struct log_line *line);

#endif
