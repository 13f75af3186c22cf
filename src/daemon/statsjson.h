/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statsjson: the counters in the shape in which programs get them.
 *
 *     {"requests": {…}, "answers": {…}, "drops": {…}, "events": {…}, "control": {…},
 *      "records": 0, "tombstones": 0, "hashes": 0, "watchers": 0, "memoryBytes": 0}
 *
 * Every counter is there, zeros too, in the order of stats.h; then those of the control socket. The
 * shape does not change; there may be more.
 */
#ifndef DHT_DAEMON_STATSJSON_H
#define DHT_DAEMON_STATSJSON_H

#include <jansson.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/table.h"
#include "core/watch.h"
#include "daemon/control.h"

/* Gives a new object, or NULL when there is no memory. */
json_t *statsjson_new(const uint64_t n[static STATS_COUNT], const struct table_usage *table,
	const struct watch_usage *watch, const struct control_counts *control);

#endif
