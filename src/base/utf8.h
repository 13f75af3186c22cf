/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8: whether bytes are text.
 *
 * Strict: no overlong form, no surrogate, nothing above U+10FFFF (The Unicode Standard, table 3-7).
 * Control characters and NUL are valid UTF-8; who prints text from strangers still has to escape.
 */
#ifndef DHT_BASE_UTF8_H
#define DHT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True for no bytes at all; bytes may then be NULL. */
bool utf8_valid(const uint8_t *bytes, size_t len);

#endif
