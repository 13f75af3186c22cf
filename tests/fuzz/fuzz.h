/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz: what a fuzz target defines, for libFuzzer and for replay.c. */
#ifndef DHT_TESTS_FUZZ_H
#define DHT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Borrows data; gives 0, and aborts on what must not be. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
