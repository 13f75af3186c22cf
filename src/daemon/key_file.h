/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key_file: writing cluster.key_file anew after the keys have changed, so that they are the same
 * after a restart.
 *
 * The file is replaced as a whole or not at all, with the owner and mode that it had. A key's line
 * takes the comments right above it along; those of a key that goes, go too.
 */
#ifndef DHT_DAEMON_KEY_FILE_H
#define DHT_DAEMON_KEY_FILE_H

#include <stddef.h>

#include "core/seal.h"

#define KEY_FILE_REASON 300

/* The text of a file with these keys, in their order, made of the one that is there (NULL: none). A
 * key that was not in it gets a comment with its id and day ("2026-11-22"). New, to be freed with
 * secret_free(); NULL without memory. */
char *key_file_text(const char *old, const struct seal_keys *keys, const char *day);

/* Rewrites the file. 0, or -1 with the reason in words. */
int key_file_write(
	const char *path, const struct seal_keys *keys, char reason[static KEY_FILE_REASON]);

#endif
