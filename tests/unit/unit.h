/* SPDX-License-Identifier: BSD-2-Clause */
/* unit: cmocka behind the headers that it wants included first. */
#ifndef DHT_TESTS_UNIT_H
#define DHT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
