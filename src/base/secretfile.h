/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secretfile: what servers and clients expect alike of a file with a secret in it.
 *
 * A secret file's group may read it: root:_dht 0640 is how a service is given a file that it must
 * not change. Reading it is the caller's.
 */
#ifndef DHT_BASE_SECRETFILE_H
#define DHT_BASE_SECRETFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NAMED_KEY_LEN      32
#define NAMED_KEY_NAME_MAX 64

struct named_key {
	uint8_t name_len; /* 0: none */
	char name[NAMED_KEY_NAME_MAX + 1];
	uint8_t key[NAMED_KEY_LEN];
};

/* Whether a file of this mode keeps a secret: others can neither read nor change it, its group
 * cannot change it. */
bool secretfile_mode_ok(mode_t mode);

/* One line: NAME and 64 hexadecimal digits; what follows '#' does not count. NULL, with no name in
 * *out for a line without anything, or what is wrong with the line. */
const char *secretfile_key(const char *line, struct named_key *out);

#endif
