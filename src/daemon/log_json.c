/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/log_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

/* Of a character that was cut off, at most so much is there. */
#define CUT_MAX 3

#define TEXT_MAX LOG_RING_LINE_MAX
_Static_assert(LOG_RING_FIELD_MAX <= TEXT_MAX, "a field is cut");

static json_t *text_json(const char *bytes, size_t len)
{
	char clean[TEXT_MAX];

	for (size_t cut = 0; cut <= CUT_MAX && cut <= len; cut++)
		if (utf8_valid((const uint8_t *)bytes, len - cut))
			return json_stringn(bytes, len - cut);
	if (len > sizeof(clean))
		len = sizeof(clean);
	for (size_t i = 0; i < len; i++)
		clean[i] = (unsigned char)bytes[i] < 0x80 ? bytes[i] : '?';
	return json_stringn(clean, len);
}

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

/* "DHT_NAME=value\n", again and again; a last one that was cut has no newline. */
static json_t *fields_json(const char *fields)
{
	json_t *object = json_object();
	int err = object ? 0 : -1;

	for (const char *p = fields, *end; err == 0 && *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, '\n');
		const char *equals = memchr(p, '=', (size_t)(end - p));
		if (!equals || strncmp(p, "DHT_", 4) != 0)
			continue;
		err = json_object_setn_new(object, p, (size_t)(equals - p),
			text_json(equals + 1, (size_t)(end - equals - 1)));
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
	err |= json_object_set_new(
		entry, "message", text_json(line->message, strlen(line->message)));
	if (line->event >= 0)
		err |= json_object_set_new(
			entry, "event", json_string(log_event_name((enum log_event)line->event)));
	err |= json_object_set_new(entry, "fields", fields_json(line->fields));
	if (err == 0)
		return entry;
	json_decref(entry);
	return NULL;
}
