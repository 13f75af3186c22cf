/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/log_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* RFC 3339. */
static json_t *time_json(uint64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	char date[32], text[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return json_string("");
	snprintf(text, sizeof(text), "%s.%06" PRIu64 "Z", date, wall_us % 1000000);
	return json_string(text);
}

/* "DHT_NAME=value\n", again and again. */
static json_t *fields_json(const char *fields)
{
	json_t *object = json_object();
	int err = object ? 0 : -1;

	for (const char *p = fields, *end; err == 0 && (end = strchr(p, '\n')); p = end + 1) {
		const char *equals = memchr(p, '=', (size_t)(end - p));
		if (!equals || strncmp(p, "DHT_", 4) != 0)
			continue;
		err = json_object_setn_new(object, p, (size_t)(equals - p),
			json_stringn(equals + 1, (size_t)(end - equals - 1)));
	}
	if (err == 0)
		return object;
	json_decref(object);
	return NULL;
}

json_t *log_json(const struct log_line *line)
{
	json_t *entry = json_object();
	int err = json_object_set_new(entry, "sequence", json_integer((json_int_t)line->sequence));

	err |= json_object_set_new(entry, "time", time_json(line->wall_us));
	err |= json_object_set_new(entry, "level", json_string(log_level_names[line->level]));
	err |= json_object_set_new(entry, "message", json_string(line->message));
	if (line->event >= 0)
		err |= json_object_set_new(
			entry, "event", json_string(log_event_name((enum log_event)line->event)));
	err |= json_object_set_new(entry, "fields", fields_json(line->fields));
	if (err == 0)
		return entry;
	json_decref(entry);
	return NULL;
}
