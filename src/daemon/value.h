/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value: one setting's value between its text and struct config.
 *
 * A value is what libconfig read; it is checked against its row (settings.h) and stored, or a fault
 * says what is wrong with it, element by element in a list. A value that is at fault leaves the
 * field as it was. Defaults go the same way in, so that there is one reader only.
 */
#ifndef DHT_DAEMON_VALUE_H
#define DHT_DAEMON_VALUE_H

#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>

#include "daemon/faults.h"
#include "daemon/settings.h"

/* Says where a value, or an element of it, was written; views. */
struct placer {
	struct place (*of)(const struct placer *p, const config_setting_t *v);
};

/* Checks v and stores it in c, freeing what was there. 0, or DHT_EINVAL or DHT_ENOMEM with a fault
 * added. */
int value_store(const struct setting *s, const config_setting_t *v, const struct placer *where,
	struct config *c, struct faults *f);

/* Stores the row's default. 0 or DHT_ENOMEM; a default that does not fit its row is a bug. */
int value_store_default(const struct setting *s, struct config *c);

/* Writes the value as it would stand in the file. */
void value_print(const struct setting *s, const struct config *c, FILE *out);

/* The same as text, given to the caller; "(secret)" for a secret that is set. NULL: no memory. */
char *value_text(const struct setting *s, const struct config *c);

/* The value of a number, duration, size or choice. */
uint64_t value_number(const struct setting *s, const struct config *c);

/* Whether both are the same value. */
bool value_equal(const struct setting *s, const struct config *a, const struct config *b);

/* Exchanges the values of a and b. */
void value_swap(const struct setting *s, struct config *a, struct config *b);

/* Frees the value, wiping it when it is secret. */
void value_fini(const struct setting *s, struct config *c);

#endif
