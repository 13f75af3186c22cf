/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: what the daemon tells its operator.
 *
 * Lines go to the journal, with their priority, when systemd connected standard error to it
 * (JOURNAL_STREAM names that very stream), otherwise to standard error as "dhtd: message", each in
 * one write so that threads do not mix. Any thread may log.
 *
 * What a stranger's datagram can cause is said through a log_gate, at most once a second for each
 * gate: nobody outside can fill a disk.
 */
#ifndef DHT_DAEMON_LOG_H
#define DHT_DAEMON_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

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

__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_notice(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_debug(const char *format, ...);

/* What somebody asked to see: said at any level. */
__attribute__((format(printf, 1, 2))) void log_asked(const char *format, ...);

/* A line that begins with the place it speaks of ("FILE:LINE: …"), as an error, without "dhtd: ".
 */
void log_fault(const char *line);

/* All zero at the start. */
struct log_gate {
	_Atomic(uint64_t) open_ms;
	_Atomic(uint32_t) held;
};

/* True when a line may be said now; *held is then how many were held back since the last. */
bool log_gate_pass(struct log_gate *g, uint64_t mono_ms, uint32_t *held);

#endif
