/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_hint: what was meant by a value that cannot be taken.
 *
 * Each function writes what goes behind the message, with its ": " or "" when nothing comes to
 * mind: of what people write for addresses, durations and sizes, the frequent ones.
 */
#ifndef DHT_DAEMON_VALUE_HINT_H
#define DHT_DAEMON_VALUE_HINT_H

#include <stdbool.h>

#define VALUE_HINT_MAX 240

/* For what should be one address or, when or_prefix, a prefix, but is none. */
void value_hint_address(const char *text, bool or_prefix, char hint[static VALUE_HINT_MAX]);

/* For a prefix with bits set behind it. */
void value_hint_prefix(const char *text, char hint[static VALUE_HINT_MAX]);

/* For a duration or size that cannot be read. */
void value_hint_scaled(const char *text, bool is_time, char hint[static VALUE_HINT_MAX]);

#endif
