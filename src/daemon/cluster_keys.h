/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_keys: the file with the cluster's keys, as `dhtctl keygen` writes it.
 *
 *     # a comment
 *     64 hexadecimal digits           the first key seals, all open
 *     64 hexadecimal digits
 *
 * A key's id is the first byte of its BLAKE2b: two keys with the same cannot be told apart, and are
 * a fault.
 */
#ifndef DHT_DAEMON_CLUSTER_KEYS_H
#define DHT_DAEMON_CLUSTER_KEYS_H

#include "core/seal.h"
#include "daemon/faults.h"

/* 0 with 1 to SEAL_KEYS_MAX keys, wiped by whoever has them; or negative with faults, which speak
 * of setting at the place `at`. */
int cluster_keys_read(const char *file, struct place at, const char *setting,
	struct seal_keys *keys, struct faults *f);

#endif
