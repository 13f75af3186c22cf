/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* The lines of interest are the callers', not this file's. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define GATE_MS 1000

const char *const log_level_names[] = {"error", "warning", "notice", "info", "debug", NULL};

static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};

static bool to_journal;
static _Atomic(int) max_level = LOG_LEVEL_INFO;

/* JOURNAL_STREAM is "device:inode" of the stream that systemd gave us. Somebody may have pointed
 * standard error elsewhere since. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(void)
{
	to_journal = stderr_is_journal();
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

/* One write: there is nothing to be done about one that fails. */
static void write_stderr(const char *prefix, const char *message)
{
	char line[LOG_LINE_MAX];
	int n = snprintf(line, sizeof(line), "%s%s\n", prefix, message);
	size_t len = (size_t)n;

	if (len >= sizeof(line)) {
		len = sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	ssize_t written = write(STDERR_FILENO, line, len);
	(void)written;
}

static void emit(enum log_level level, const char *prefix, const char *message)
{
	if (to_journal && sd_journal_send("MESSAGE=%s", message, "PRIORITY=%i", priorities[level],
				  "SYSLOG_IDENTIFIER=dhtd", NULL) == 0)
		return;
	write_stderr(prefix, message);
}

__attribute__((format(printf, 2, 0))) static void say(
	enum log_level level, const char *format, va_list args)
{
	char message[LOG_LINE_MAX];

	vsnprintf(message, sizeof(message), format, args);
	emit(level, "dhtd: ", message);
}

static bool is_shown(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&max_level, memory_order_relaxed);
}

#define DEFINE_LEVEL(name, level)                                                                  \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		if (!is_shown(level))                                                              \
			return;                                                                    \
		va_start(args, format);                                                            \
		say(level, format, args);                                                          \
		va_end(args);                                                                      \
	}

DEFINE_LEVEL(log_error, LOG_LEVEL_ERROR)
DEFINE_LEVEL(log_warning, LOG_LEVEL_WARNING)
DEFINE_LEVEL(log_notice, LOG_LEVEL_NOTICE)
DEFINE_LEVEL(log_info, LOG_LEVEL_INFO)
DEFINE_LEVEL(log_debug, LOG_LEVEL_DEBUG)

void log_asked(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(LOG_LEVEL_NOTICE, format, args);
	va_end(args);
}

void log_fault(const char *line)
{
	emit(LOG_LEVEL_ERROR, "", line);
}

bool log_gate_pass(struct log_gate *g, uint64_t mono_ms, uint32_t *held)
{
	uint64_t open = atomic_load_explicit(&g->open_ms, memory_order_relaxed);

	if (mono_ms < open ||
		!atomic_compare_exchange_strong_explicit(&g->open_ms, &open, mono_ms + GATE_MS,
			memory_order_relaxed, memory_order_relaxed)) {
		atomic_fetch_add_explicit(&g->held, 1, memory_order_relaxed);
		return false;
	}
	*held = atomic_exchange_explicit(&g->held, 0, memory_order_relaxed);
	return true;
}
