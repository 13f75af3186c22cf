/* SPDX-License-Identifier: BSD-2-Clause */
/* log_json: a line of the log's ring in the control protocol's shape (LogEntry). */
#ifndef DHT_DAEMON_LOG_JSON_H
#define DHT_DAEMON_LOG_JSON_H

#include <jansson.h>

#include "daemon/log.h"

/* Of a line as log_read() gives it. New; NULL without memory. */
json_t *log_json(const struct log_line *line);

#endif
