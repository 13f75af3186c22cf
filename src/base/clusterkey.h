/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clusterkey: a cluster's key as text, as dhtctl makes it and dhtd reads it: 64 hexadecimal digits
 * in a line, among comments.
 *
 * A key is named by its id, which is no secret; two keys may have the same.
 */
#ifndef DHT_BASE_CLUSTERKEY_H
#define DHT_BASE_CLUSTERKEY_H

#include <stdbool.h>
#include <stdint.h>

#define CLUSTERKEY_LEN 32

/* The first byte of BLAKE2b(key). */
uint8_t clusterkey_id(const uint8_t key[static CLUSTERKEY_LEN]);

/* One line; what follows '#' does not count. NULL, with whether there is a key in *found, or what
 * is wrong with the line. */
const char *clusterkey_line(const char *line, uint8_t key[static CLUSTERKEY_LEN], bool *found);

#endif
