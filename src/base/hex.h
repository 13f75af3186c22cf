/* SPDX-License-Identifier: BSD-2-Clause */
/* hex: bytes as hexadecimal text. Both cases are read, lower case is written. */
#ifndef DHT_BASE_HEX_H
#define DHT_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* text[0..text_len) into at most size bytes; gives their number, or DHT_EMALFORMED for an odd
 * length or another character, or DHT_ESPACE. */
int hex_decode(const char *text, size_t text_len, uint8_t *out, size_t size);

/* Writes 2 * len characters and a NUL. */
void hex_encode(const uint8_t *bytes, size_t len, char *text);

#endif
