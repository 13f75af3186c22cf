/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_text: what makes a text fit to be one line of a log.
 *
 * Whoever reads a line (a terminal, the journal, a JSON parser) gets valid UTF-8 without control
 * characters, whatever was in the file names and system texts that it was made of.
 */
#ifndef DHT_DAEMON_LOG_TEXT_H
#define DHT_DAEMON_LOG_TEXT_H

#include <stddef.h>

/* Control characters become spaces; in what is not UTF-8 each byte that is not ASCII becomes '?'.
 */
void log_text_clean(char *text);

/* Copies from into to, cut to size - 1 bytes at most and never within a character. size: at least
 * 1. Gives the copy's length. */
size_t log_text_copy(char *to, size_t size, const char *from);

#endif
