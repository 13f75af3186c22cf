/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret: passwords and keys, which come from a file or a terminal, never from an argument or the
 * environment, where other users could read them.
 *
 * A file that others can read or write is refused; its group may read it.
 */
#ifndef DHT_TOOLS_SECRET_H
#define DHT_TOOLS_SECRET_H

#include <stddef.h>

#include "tools/common/fault.h"

/* The file's first line, without its end. 0, or the fault's status. */
int secret_file(const char *path, char *out, size_t size, struct fault *f);

/* The same of standard input. */
int secret_input(char *out, size_t size, struct fault *f);

/* The first line that is neither empty nor a comment ('#'), of a file, or of standard input when
 * path is NULL. */
int secret_entry(const char *path, char *out, size_t size, struct fault *f);

/* Asks on the controlling terminal, without echo. 0, or the fault's status. An interrupt puts the
 * terminal back before it ends the program. */
int secret_ask(const char *prompt, char *out, size_t size, struct fault *f);

#endif
