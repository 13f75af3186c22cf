/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret: files that only the daemon and its operator may read. One whose mode is not fit for that
 * (base/secretfile.h) is refused.
 */
#ifndef DHT_DAEMON_SECRET_H
#define DHT_DAEMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/auth.h"
#include "daemon/faults.h"

#define SECRET_FILE_MAX     (1u << 20)
#define SECRET_KEYS_MAX     4096
#define SECRET_PASSWORD_MAX 512

/* Whether a password is written as an Argon2 hash. */
bool secret_is_hash(const char *password);

/* Reads a regular file of at most SECRET_FILE_MAX bytes without a NUL as a string, given to the
 * caller, who wipes it with secret_free(). On an error *text is NULL and a fault was added; it
 * speaks of setting at the place `at`. */
int secret_read(
	const char *file, struct place at, const char *setting, char **text, struct faults *f);

/* Wipes and frees; NULL is nothing. */
void secret_free(char *text);

/* Clients' keys: lines of NAME and 64 hexadecimal digits; empty lines, and what follows '#', do not
 * count. Gives an array, freed with secret_keys_free(). */
int secret_read_keys(const char *file, struct place at, const char *setting, struct auth_key **keys,
	size_t *count, struct faults *f);
void secret_keys_free(struct auth_key *keys, size_t count);

#endif
