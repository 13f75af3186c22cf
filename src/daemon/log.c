/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/log_out.h"
#include "daemon/log_ring.h"
#include "daemon/log_text.h"

#define GATE_MS 1000

#define NO_EVENT (-1)

const char *const log_level_names[] = {"error", "warning", "notice", "info", "debug", NULL};

static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};

static const struct {
	const char *name;
	const char *message_id;
	enum log_level level;
} events[] = {
#define X(id, name, message_id, level) [LOG_EVENT_##id] = {name, message_id, LOG_LEVEL_##level},
	LOG_EVENTS(X)
#undef X
};

/* A line with all that is said with it. */
struct line {
	enum log_level level;
	int event;
	const char *prefix; /* for standard error */
	const char *message;
	const char *fields; /* "NAME=value\n" of each */
};

static _Atomic(int) max_level = LOG_LEVEL_INFO;

static struct {
	pthread_mutex_t lock; /* guards all below; nothing waits under it */
	int journal_fd;       /* -1: lines go to standard error */
	int stderr_fd;        /* it, or a way to it that does not wait */
	uint64_t lost;        /* lines that were not taken since the last that was */
	bool is_cut;          /* the last one on standard error has no end */
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .journal_fd = -1, .stderr_fd = STDERR_FILENO};

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
	pthread_mutex_lock(&out.lock);
	if (out.journal_fd >= 0)
		close(out.journal_fd);
	out.journal_fd = stderr_is_journal() ? log_out_open() : -1;
	if (out.stderr_fd != STDERR_FILENO)
		close(out.stderr_fd);
	out.stderr_fd = log_out_own(STDERR_FILENO);
	pthread_mutex_unlock(&out.lock);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&max_level, memory_order_relaxed);
}

int log_level_parse(const char *name)
{
	for (int i = 0; log_level_names[i]; i++)
		if (strcmp(name, log_level_names[i]) == 0)
			return i;
	return -1;
}

static struct iovec piece(const char *text)
{
	return (struct iovec){(void *)(uintptr_t)text, strlen(text)};
}

static bool put_journal(const struct line *l)
{
	char about[160] = "";

	snprintf(about, sizeof(about), "\nPRIORITY=%d\nSYSLOG_IDENTIFIER=dhtd\n",
		priorities[l->level]);
	if (l->event != NO_EVENT) {
		size_t used = strlen(about);
		snprintf(about + used, sizeof(about) - used, "MESSAGE_ID=%s\nDHT_EVENT=%s\n",
			events[l->event].message_id, events[l->event].name);
	}
	struct iovec pieces[] = {
		piece("MESSAGE="), piece(l->message), piece(about), piece(l->fields)};
	return log_out_journal(out.journal_fd, LOG_OUT_JOURNAL, pieces, 4);
}

/* The line after one that was cut begins with that one's end. */
static bool put_stderr(const struct line *l)
{
	char text[1 + LOG_LINE_MAX] = "\n";
	char *start = out.is_cut ? text : text + 1;
	int n = snprintf(text + 1, LOG_LINE_MAX - 1, "%s%s", l->prefix, l->message);
	size_t len = (size_t)n < LOG_LINE_MAX - 1 ? (size_t)n : LOG_LINE_MAX - 2;

	text[1 + len] = '\n';
	char *end = text + 1 + len + 1;
	size_t taken = log_out_write(out.stderr_fd, start, (size_t)(end - start));
	if (taken > 0)
		out.is_cut = start + taken < end;
	return start + taken == end;
}

/* Where the journal takes nothing there is still standard error, which is its stream. */
static bool put(const struct line *l)
{
	return (out.journal_fd >= 0 && put_journal(l)) || put_stderr(l);
}

static bool tell_lost(void)
{
	char message[100];
	struct line l = {LOG_LEVEL_WARNING, NO_EVENT, "dhtd: ", message, ""};

	snprintf(message, sizeof(message), "%" PRIu64 " log line%s lost: not taken in time",
		out.lost, out.lost == 1 ? "" : "s");
	return put(&l);
}

static void send_out(const struct line *l)
{
	pthread_mutex_lock(&out.lock);
	if (out.lost > 0 && tell_lost())
		out.lost = 0;
	if (out.lost > 0 || !put(l))
		out.lost++;
	pthread_mutex_unlock(&out.lock);
}

static bool is_shown(enum log_level level)
{
	return level <= log_get_level();
}

/* All lines are kept; shown tells whether this one goes out as well. */
static void emit(const struct line *l, bool shown)
{
	log_ring_put(l->level, l->event, l->message, l->fields);
	if (shown)
		send_out(l);
}

__attribute__((format(printf, 2, 0))) static void write_message(
	char message[static LOG_LINE_MAX], const char *format, va_list args)
{
	char whole[LOG_LINE_MAX + 1];

	vsnprintf(whole, sizeof(whole), format, args);
	log_text_copy(message, LOG_LINE_MAX, whole);
	log_text_clean(message);
}

__attribute__((format(printf, 3, 0))) static void say(
	enum log_level level, bool shown, const char *format, va_list args)
{
	char message[LOG_LINE_MAX];
	struct line l = {level, NO_EVENT, "dhtd: ", message, ""};

	write_message(message, format, args);
	emit(&l, shown);
}

#define DEFINE_LEVEL(name, level)                                                                  \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		say(level, is_shown(level), format, args);                                         \
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
	say(LOG_LEVEL_NOTICE, true, format, args);
	va_end(args);
}

void log_fault(const char *line)
{
	char message[LOG_LINE_MAX];
	struct line l = {LOG_LEVEL_ERROR, LOG_EVENT_CONFIG_FAULT, "", message, ""};

	log_text_copy(message, sizeof(message), line);
	log_text_clean(message);
	emit(&l, true);
}

/* A field that does not fit is left out, those after it are not. */
static void write_fields(char text[static LOG_RING_FIELD_MAX], const struct log_field *fields)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; fields && i < LOG_FIELDS_MAX && fields[i].name; i++) {
		char value[LOG_RING_FIELD_MAX];
		if (!fields[i].value)
			continue;
		log_text_copy(value, sizeof(value), fields[i].value);
		log_text_clean(value);
		size_t room = LOG_RING_FIELD_MAX - used;
		int n = snprintf(text + used, room, "%s=%s\n", fields[i].name, value);
		if (n > 0 && (size_t)n < room)
			used += (size_t)n;
		text[used] = '\0';
	}
}

void log_event(enum log_event event, const struct log_field *fields, const char *format, ...)
{
	char message[LOG_LINE_MAX], text[LOG_RING_FIELD_MAX];
	struct line l = {events[event].level, (int)event, "dhtd: ", message, text};
	va_list args;

	va_start(args, format);
	write_message(message, format, args);
	va_end(args);
	write_fields(text, fields);
	emit(&l, is_shown(l.level));
}

const char *log_event_name(enum log_event event)
{
	return events[event].name;
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
