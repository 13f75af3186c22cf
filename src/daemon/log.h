/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: what the daemon tells its operator.
 *
 * Lines go to the journal, with their priority, when systemd connected standard error to it
 * (JOURNAL_STREAM names that very stream), otherwise to standard error as "dhtd: message", each in
 * one write so that threads do not mix. Any thread may log.
 *
 * In the journal each line has its priority, SYSLOG_IDENTIFIER=dhtd and, when it tells of an event
 * (log_events.h), MESSAGE_ID, DHT_EVENT and the event's own DHT_* fields.
 *
 * The newest LOG_RING lines are kept, also those that the level leaves out of the journal, for who
 * asks by the control socket: a reader has a cursor and pulls, so it costs nothing when it is slow;
 * what was overwritten before it came is counted.
 *
 * What a stranger's datagram can cause is said through a log_gate, at most once a second for each
 * gate: nobody outside can fill a disk. No line waits for a full pipe: where standard error takes
 * nothing a line is left out, and the next one that is taken says how many were.
 */
#ifndef DHT_DAEMON_LOG_H
#define DHT_DAEMON_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/log_events.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Longer lines are cut. The longest is the counters' as JSON. */
#define LOG_LINE_MAX 8192

/* The levels' names, NULL at the end; index: enum log_level. */
extern const char *const log_level_names[];

/* Finds out where lines go. Until then it is standard error, at level info. */
void log_open(void);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* The level's name among log_level_names, or -1. */
int log_level_parse(const char *name);

__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_notice(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_debug(const char *format, ...);

/* What somebody asked to see: said at any level. */
__attribute__((format(printf, 1, 2))) void log_asked(const char *format, ...);

/* A line that begins with the place it speaks of ("FILE:LINE: …"), as a CONFIG_FAULT, without
 * "dhtd: ". */
void log_fault(const char *line);

/* A field of the journal: a name such as "DHT_ADDRESS" (A-Z, 0-9, _) and its value. */
struct log_field {
	const char *name;
	const char *value; /* NULL: left out */
};

#define LOG_FIELDS_MAX 8

/* An event with its fields; fields ends with one that has no name, or is NULL. It is said at its
 * event's level. */
__attribute__((format(printf, 3, 4))) void log_event(
	enum log_event event, const struct log_field *fields, const char *format, ...);

#define LOG_RING           256
#define LOG_RING_LINE_MAX  512 /* longer ones are cut in the ring */
#define LOG_RING_FIELD_MAX 512 /* "NAME=value\n" of all fields; what does not fit is left out */

/* One line of the ring. Its texts are valid UTF-8 without control characters (log_text.h). */
struct log_line {
	uint64_t sequence; /* from 1, one more for each line */
	uint64_t wall_us;  /* CLOCK_REALTIME */
	enum log_level level;
	int event; /* enum log_event; -1: none */
	char message[LOG_RING_LINE_MAX];
	char fields[LOG_RING_FIELD_MAX];
};

/* The oldest line that is newer than *sequence and not less urgent than level. Moves *sequence to
 * it, or past all when there is none; *lost is how many lines between were overwritten. */
bool log_read(uint64_t *sequence, enum log_level level, struct log_line *out, uint64_t *lost);

/* The newest line's number; 0: none yet. */
uint64_t log_newest(void);

/* fd (an eventfd, -1: none) is written to after each line, so that readers look again. */
void log_set_wake(int fd);

/* "ready", … for programs. */
const char *log_event_name(enum log_event event);

/* All zero at the start. */
struct log_gate {
	_Atomic(uint64_t) open_ms;
	_Atomic(uint32_t) held;
};

/* True when a line may be said now; *held is then how many were held back since the last. */
bool log_gate_pass(struct log_gate *g, uint64_t mono_ms, uint32_t *held);

#endif
