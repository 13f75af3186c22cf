/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * build: writing a datagram in place, piece by piece, where its parts are not all known at once.
 *
 *     struct writer w = build_start(buf, size, MSG_PROVIDERS, txid);
 *     … write_… (&w, …)
 *     int len = build_finish(&w);
 */
#ifndef DHT_WIRE_BUILD_H
#define DHT_WIRE_BUILD_H

#include <stdint.h>

#include "base/cursor.h"
#include "wire/msg.h"

/* The header (LENGTH still open) and, unless txid is NULL, the transaction id. */
struct writer build_start(uint8_t *to, size_t size, enum msg_type type, const uint8_t *txid);

/* Fills in LENGTH; gives the datagram's size or DHT_ESPACE. May be called again after more was
 * written. */
int build_finish(struct writer *w);

#endif
